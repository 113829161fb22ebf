//! Randomness for many small secrets, drawn in larger pieces: the system is asked once for hundreds of them.

use comity_terms::Entropy;
use zeroize::{Zeroize as _, Zeroizing};

/// How much is drawn at once: 1 KiB.
const PIECE: usize = 1024;

/// Randomness from another source, drawn ahead. What is given is wiped here at once, what is left when this ends.
pub struct Pool<'e> {
    source: &'e mut dyn Entropy,
    drawn: Zeroizing<Vec<u8>>,
}

impl<'e> Pool<'e> {
    /// Draws nothing yet.
    pub fn new(source: &'e mut dyn Entropy) -> Self {
        Self { source, drawn: Zeroizing::new(Vec::new()) }
    }
}

impl Entropy for Pool<'_> {
    fn fill(&mut self, out: &mut [u8]) {
        if out.len() > PIECE {
            return self.source.fill(out);
        }
        if self.drawn.len() < out.len() {
            self.drawn.resize(PIECE, 0);
            self.source.fill(&mut self.drawn);
        }
        let left = self.drawn.len() - out.len();
        out.copy_from_slice(&self.drawn[left..]);
        self.drawn[left..].zeroize();
        self.drawn.truncate(left);
    }
}

impl std::fmt::Debug for Pool<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} random bytes", self.drawn.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_byte_is_given_twice_and_the_source_is_asked_seldom() {
        let (mut next, mut asked) = (0_u32, 0);
        let mut source = |out: &mut [u8]| {
            asked += 1;
            for piece in out.chunks_mut(4) {
                piece.copy_from_slice(&next.to_be_bytes()[..piece.len()]);
                next += 1;
            }
        };
        let mut pool = Pool::new(&mut source);
        let mut given: Vec<[u8; 4]> = (0..3 * PIECE / 4).map(|_| pool.bytes()).collect();
        let whole: [u8; PIECE + 4] = pool.bytes();
        given.extend(whole.chunks(4).map(|piece| [piece[0], piece[1], piece[2], piece[3]]));
        let count = given.len();
        given.sort_unstable();
        given.dedup();
        assert_eq!((given.len(), asked), (count, 4));
    }
}
