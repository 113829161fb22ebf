//! All chance of a run, from one seed.

use comity_terms::Entropy;
use std::sync::{Arc, Mutex, PoisonError};

/// Numbers that look random and are the same for the same seed (SplitMix64). Copies draw from the same row.
#[derive(Debug, Clone)]
pub struct Chance(Arc<Mutex<u64>>);

impl Chance {
    /// The row of `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(seed)))
    }

    /// The next number.
    #[must_use]
    pub fn next(&self) -> u64 {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = *state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, which is not zero.
    #[must_use]
    pub fn below(&self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// Whether it happens, `percent` times of a hundred.
    #[must_use]
    pub fn happens(&self, percent: u8) -> bool {
        self.below(100) < u64::from(percent)
    }

    /// One of `these`, which are not none.
    #[must_use]
    pub fn one_of<T: Copy>(&self, these: &[T]) -> T {
        these[usize::try_from(self.below(these.len() as u64)).unwrap_or_default()]
    }
}

impl Entropy for Chance {
    fn fill(&mut self, out: &mut [u8]) {
        for chunk in out.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_be_bytes()[..chunk.len()]);
        }
    }
}
