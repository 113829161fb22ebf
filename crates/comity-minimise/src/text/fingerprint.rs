//! Tables of words that are compiled in, by the fingerprints of the words.
//!
//! A look-up compares one number and touches one line of memory, where a map of strings follows a pointer to compare
//! letters. The words of a table have fingerprints of their own (tested); that another word has one of them is as
//! likely as one in 2^56 for each word of the table, and it would be taken for that word, no more.

use std::hash::{BuildHasher as _, Hasher as _};
use std::ops::BitOrAssign;

/// The fingerprint of a word; never 0.
pub(super) fn fingerprint(word: &str) -> u64 {
    fingerprint_of(word.as_bytes())
}

/// That of the word that these bytes are.
pub(super) fn fingerprint_of(word: &[u8]) -> u64 {
    let mut hasher = foldhash::fast::FixedState::with_seed(0).build_hasher();
    hasher.write(word);
    hasher.finish().max(1)
}

/// What is said of each word: a set of bits, beside the fingerprint, so that a look-up touches one line of memory.
pub(super) struct Table<V> {
    /// 0 where nothing lies. A power of two, at most half full.
    entries: Vec<(u64, V)>,
    length: usize,
}

impl<V: Copy + Default + BitOrAssign> Table<V> {
    /// A table for about `words` words.
    pub(super) fn with_capacity(words: usize) -> Self {
        let slots = (words * 2).next_power_of_two().max(16);
        Self { entries: vec![(0, V::default()); slots], length: 0 }
    }

    /// Adds what `value` says of a word.
    pub(super) fn add(&mut self, fingerprint: u64, value: V) {
        if (self.length + 1) * 2 > self.entries.len() {
            self.grow();
        }
        let slot = self.slot(fingerprint);
        self.length += usize::from(self.entries[slot].0 == 0);
        self.entries[slot].0 = fingerprint;
        self.entries[slot].1 |= value;
    }

    /// What is said of a word; nothing where it is not in the table.
    pub(super) fn get(&self, fingerprint: u64) -> V {
        // A value where no word lies is nothing.
        self.entries[self.slot(fingerprint)].1
    }

    /// Where a fingerprint lies, or would.
    fn slot(&self, fingerprint: u64) -> usize {
        let mask = self.entries.len() - 1;
        #[expect(clippy::cast_possible_truncation, reason = "the low bits are taken")]
        let mut slot = fingerprint as usize & mask;
        while self.entries[slot].0 != fingerprint && self.entries[slot].0 != 0 {
            slot = (slot + 1) & mask;
        }
        slot
    }

    fn grow(&mut self) {
        let mut larger = Self::with_capacity(self.entries.len());
        for (fingerprint, value) in self.entries.iter().filter(|(fingerprint, _)| *fingerprint != 0) {
            larger.add(*fingerprint, *value);
        }
        *self = larger;
    }
}

/// What is said of each word, at most eight bits: they lie in the place of the low bits of the fingerprint, so that a
/// look-up in a long list touches one line of memory and not two.
pub(super) struct Marked {
    /// 0 where nothing lies. A power of two, at most half full.
    entries: Vec<u64>,
    length: usize,
}

impl Marked {
    const MARKS: u64 = 0xff;

    /// A table for about `words` words.
    pub(super) fn with_capacity(words: usize) -> Self {
        Self { entries: vec![0; (words * 2).next_power_of_two().max(16)], length: 0 }
    }

    /// Adds what `marks`, which are not none, say of a word.
    pub(super) fn add(&mut self, fingerprint: u64, marks: u8) {
        if (self.length + 1) * 2 > self.entries.len() {
            let mut larger = vec![0; self.entries.len() * 2];
            for entry in self.entries.iter().filter(|entry| **entry != 0) {
                let slot = Self::slot(&larger, *entry);
                larger[slot] = *entry;
            }
            self.entries = larger;
        }
        let slot = Self::slot(&self.entries, fingerprint);
        self.length += usize::from(self.entries[slot] == 0);
        self.entries[slot] = fingerprint & !Self::MARKS | self.entries[slot] & Self::MARKS | u64::from(marks);
    }

    /// What is said of a word; nothing where it is not in the table.
    pub(super) fn get(&self, fingerprint: u64) -> u8 {
        // The marks where no word lies are none.
        #[expect(clippy::cast_possible_truncation, reason = "the low bits are the marks")]
        let marks = self.entries[Self::slot(&self.entries, fingerprint)] as u8;
        marks
    }

    /// Where the entry of a fingerprint lies, or would.
    fn slot(entries: &[u64], fingerprint: u64) -> usize {
        let mask = entries.len() - 1;
        let mut slot = (fingerprint >> 8) as usize & mask;
        while entries[slot] & !Self::MARKS != fingerprint & !Self::MARKS && entries[slot] != 0 {
            slot = (slot + 1) & mask;
        }
        slot
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn the_shipped_words_have_fingerprints_of_their_own() {
        let files = [
            include_str!("../../data/names/given.txt"),
            include_str!("../../data/names/surnames.txt"),
            include_str!("../../data/words/english.txt"),
            include_str!("../../data/plain.txt"),
            include_str!("../../data/things.txt"),
            include_str!("../../data/tlds.txt"),
            include_str!("../../data/cues.toml"),
        ];
        let words: HashSet<&str> = files
            .iter()
            .flat_map(|file| file.split(|c: char| c.is_whitespace() || matches!(c, '?' | '"' | ',')))
            .collect();
        // Without the bits that [`Marked`] has another use for.
        let fingerprints: HashSet<u64> = words.iter().map(|word| fingerprint(word) >> 8).collect();
        assert!(words.len() > 100_000);
        assert_eq!(fingerprints.len(), words.len());
    }

    #[test]
    fn a_table_holds_what_was_added_and_nothing_else() {
        let mut table: Table<u8> = Table::with_capacity(1);
        let mut marked = Marked::with_capacity(1);
        for number in 0..5_000_u32 {
            let (fingerprint, said) = (fingerprint(&number.to_string()), if number % 2 == 0 { 1 } else { 2 });
            table.add(fingerprint, said);
            table.add(fingerprint, 4);
            marked.add(fingerprint, said);
            marked.add(fingerprint, 4);
        }
        for number in 0..10_000_u32 {
            let said = match number {
                5_000.. => 0,
                number if number % 2 == 0 => 5,
                _ => 6,
            };
            assert_eq!(table.get(fingerprint(&number.to_string())), said, "{number}");
            assert_eq!(marked.get(fingerprint(&number.to_string())), said, "{number}");
        }
    }
}
