//! Work at once, where there is enough of it: the same in every room that has much to do for one bundle.
//!
//! Nothing here depends on which thread is faster: what comes out is what one thread would have made. The threads are
//! rayon's own for all of a process; a gateway says where they run (`processors.rs` there).

/// From so many things on, a thread costs less than it saves.
const THINGS_MIN: usize = 256;

/// From so many bytes of an exchange on: 64 KiB.
const BYTES_MIN: usize = 64 << 10;

/// How many are told at a time where each is taken as it comes: what is told of a long list never lies in memory whole.
const PIECE: usize = 4_096;

/// What both come to: the second beside the first where there are `bytes` enough, else after it.
pub fn both<A: Send, B: Send>(
    bytes: usize,
    here: impl FnOnce() -> A + Send,
    beside: impl FnOnce() -> B + Send,
) -> (A, B) {
    if bytes < BYTES_MIN { (here(), beside()) } else { rayon::join(here, beside) }
}

/// What `tell` says of each position, in order: of many the second half beside the first.
pub fn in_halves<T: Send>(length: usize, tell: impl Fn(usize) -> T + Sync) -> Vec<T> {
    halves((0, length), length > PIECE, &tell)
}

/// Hands `take` each position with what `tell` says of it, in order.
pub fn each_in_halves<T: Send>(
    length: usize,
    tell: impl Fn(usize) -> T + Sync,
    mut take: impl FnMut(usize, T),
) {
    for first in (0..length).step_by(PIECE) {
        let told = halves((first, PIECE.min(length - first)), length > PIECE, &tell);
        told.into_iter().enumerate().for_each(|(at, told)| take(first + at, told));
    }
}

/// Of `length` positions from `first` on. The halves of a `long` list get a thread that ends with them: what it held goes back,
/// and that it starts a millisecond late counts for nothing. A bundle of 50 MB is minimised in 5.8 times its size so, by rayon's threads
/// in 6.3.
fn halves<T: Send>(
    (first, length): (usize, usize),
    long: bool,
    tell: &(impl Fn(usize) -> T + Sync),
) -> Vec<T> {
    if length < THINGS_MIN {
        return (first..first + length).map(tell).collect();
    }
    let (half, end) = (first + length / 2, first + length);
    let here = || {
        let mut all = Vec::with_capacity(length);
        all.extend((first..half).map(tell));
        all
    };
    let beside = || (half..end).map(tell).collect::<Vec<_>>();
    let (mut all, second) = if long { on_a_thread(here, beside) } else { rayon::join(here, beside) };
    all.extend(second);
    all
}

fn on_a_thread<A, B: Send>(here: impl FnOnce() -> A, beside: impl FnOnce() -> B + Send) -> (A, B) {
    std::thread::scope(|scope| {
        let beside = scope.spawn(beside);
        let here = here();
        match beside.join() {
            Ok(beside) => (here, beside),
            Err(panicked) => std::panic::resume_unwind(panicked),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_out_is_what_one_thread_would_have_made() {
        for length in [0, 1, THINGS_MIN - 1, THINGS_MIN, PIECE, PIECE + 1, 2 * PIECE + THINGS_MIN + 1] {
            let alone: Vec<usize> = (0..length).map(|at| at * 3).collect();
            assert_eq!(in_halves(length, |at| at * 3), alone);
            let mut taken = Vec::new();
            each_in_halves(length, |at| at * 3, |at, told| taken.push((at, told)));
            assert_eq!(taken, alone.into_iter().enumerate().collect::<Vec<_>>());
        }
        for bytes in [0, BYTES_MIN] {
            assert_eq!(both(bytes, || 1, || "two"), (1, "two"));
        }
    }
}
