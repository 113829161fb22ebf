//! Work on many things at once: of a long list the second half beside the first.

/// From so many on, a thread costs less than it saves.
const BESIDE_MIN: usize = 256;

/// What `tell` says of each position, in order.
pub(crate) fn in_halves<T: Send>(length: usize, tell: impl Fn(usize) -> T + Sync) -> Vec<T> {
    if length < BESIDE_MIN {
        return (0..length).map(tell).collect();
    }
    let (half, tell) = (length / 2, &tell);
    std::thread::scope(|scope| {
        let second = scope.spawn(move || (half..length).map(tell).collect::<Vec<_>>());
        let mut all = Vec::with_capacity(length);
        all.extend((0..half).map(tell));
        match second.join() {
            Ok(second) => all.extend(second),
            Err(panicked) => std::panic::resume_unwind(panicked),
        }
        all
    })
}
