//! Work on many things at once: of a long list the second half beside the first.

/// From so many on, a thread costs less than it saves.
const BESIDE_MIN: usize = 256;

/// How many are told at a time where each is taken as it comes: what is told of a long list never lies in memory whole.
const PIECE: usize = 4_096;

/// Hands `take` each position with what `tell` says of it, in order.
pub(crate) fn each_in_halves<T: Send>(
    length: usize,
    tell: impl Fn(usize) -> T + Sync,
    mut take: impl FnMut(usize, T),
) {
    for first in (0..length).step_by(PIECE) {
        let told = in_halves(PIECE.min(length - first), |at| tell(first + at));
        told.into_iter().enumerate().for_each(|(at, told)| take(first + at, told));
    }
}

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
