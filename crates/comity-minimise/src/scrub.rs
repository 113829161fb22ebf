//! Finds treated values again in the bundle's other strings, and puts in what stands for them.
//!
//! Otherwise a name that is tokenised where it has a property of its own would leave in a description. Finds
//! whole words only: `Anna` does not touch `annals`. Values that nobody wrote as a property are not known here.

use crate::table::Scan;
use aho_corasick::{AhoCorasick, MatchKind};
use std::collections::HashMap;

/// The treated values of one bundle.
pub(crate) struct Scrubber {
    all: Finder,
    contacts: Finder,
}

struct Finder {
    values: Option<AhoCorasick>,
    replacements: Vec<String>,
}

impl Scrubber {
    /// Shorter values are words of their own too often.
    pub(crate) const LENGTH_MIN: usize = 4;

    /// A finder for these values; `None` when there are none.
    pub(crate) fn new(values: &HashMap<String, String>) -> Option<Self> {
        if values.is_empty() {
            return None;
        }
        let mut sorted: Vec<_> = values.iter().collect();
        sorted.sort();
        let contacts: Vec<_> = sorted.iter().copied().filter(|(value, _)| value.contains('@')).collect();
        Some(Self { all: Finder::new(&sorted), contacts: Finder::new(&contacts) })
    }

    /// `text` with every value replaced; `None` when there is nothing to replace.
    pub(crate) fn clean(&self, text: &str, scan: Scan) -> Option<String> {
        match scan {
            Scan::Nothing => None,
            Scan::Contact => self.contacts.clean(text),
            Scan::All => self.all.clean(text),
        }
    }
}

impl Finder {
    fn new(values: &[(&String, &String)]) -> Self {
        // Building fails only beyond 2^31 patterns: the limits of a bundle lie far below.
        let finder = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::LeftmostLongest)
            .build(values.iter().map(|(value, _)| value))
            .ok()
            .filter(|_| !values.is_empty());
        Self { values: finder, replacements: values.iter().map(|(_, r)| (*r).clone()).collect() }
    }

    fn clean(&self, text: &str) -> Option<String> {
        let mut out = String::new();
        let mut at = 0;
        let is_word = |letter: Option<char>| letter.is_some_and(char::is_alphanumeric);
        for found in self.values.as_ref()?.find_iter(text) {
            let (start, end) = (found.start(), found.end());
            if is_word(text[..start].chars().next_back()) || is_word(text[end..].chars().next()) {
                continue;
            }
            out.push_str(&text[at..start]);
            out.push_str(&self.replacements[found.pattern().as_usize()]);
            at = end;
        }
        if at == 0 {
            return None;
        }
        out.push_str(&text[at..]);
        Some(out)
    }
}
