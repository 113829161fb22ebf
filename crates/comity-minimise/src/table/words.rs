//! Look-up by the words of a table: types, properties. Quicker than the hash of the standard library, which keeps
//! peers from choosing keys that collide; here the keys are the table's own, and peers only ask for them.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// A map whose keys nobody but the table chooses.
pub(crate) type Words<K, V> = HashMap<K, V, BuildHasherDefault<WordHasher>>;

/// Eight bytes at a time: one multiplication for most names.
#[derive(Default)]
pub(crate) struct WordHasher(u64);

impl WordHasher {
    fn add(&mut self, word: u64) {
        // The odd number next to 2^64 divided by the golden ratio.
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
}

impl Hasher for WordHasher {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.add(u64::from_le_bytes(*word));
        }
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        self.add(u64::from_le_bytes(last));
    }

    fn write_u8(&mut self, _: u8) {
        // The end of a string, which only composite keys need to be told.
    }

    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }
}
