//! Names in a script without spaces, by list.

use super::Quick;
use std::sync::LazyLock;

/// Names of a script without spaces, by list.
pub(in crate::text) struct Unspaced {
    surnames: std::collections::HashSet<&'static str, Quick>,
    given: std::collections::HashSet<&'static str, Quick>,
}

static UNSPACED: LazyLock<Unspaced> = LazyLock::new(|| Unspaced {
    surnames: include_str!("../../../data/names/kanji-surnames.txt").lines().collect(),
    given: include_str!("../../../data/names/kanji-given.txt").lines().collect(),
});

impl Unspaced {
    pub(in crate::text) fn shipped() -> &'static Self {
        &UNSPACED
    }

    pub(in crate::text) fn is_surname(&self, word: &str) -> bool {
        self.surnames.contains(word)
    }

    pub(in crate::text) fn is_given(&self, word: &str) -> bool {
        self.given.contains(word)
    }
}
