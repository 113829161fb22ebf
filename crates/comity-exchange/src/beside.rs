//! Two pieces of work on one exchange at once, where there is enough of it.

/// From so many bytes of an exchange on, a thread costs less than it saves: 64 KiB.
const BESIDE_MIN: usize = 64 << 10;

/// What both come to: the second beside the first where the exchange has `bytes` enough, else after it.
pub(crate) fn both<A, B: Send>(
    bytes: usize,
    here: impl FnOnce() -> A,
    beside: impl FnOnce() -> B + Send,
) -> (A, B) {
    if bytes < BESIDE_MIN {
        return (here(), beside());
    }
    std::thread::scope(|scope| {
        let beside = scope.spawn(beside);
        let here = here();
        match beside.join() {
            Ok(beside) => (here, beside),
            Err(panicked) => std::panic::resume_unwind(panicked),
        }
    })
}
