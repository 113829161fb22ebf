//! Finds treated values again in the bundle's other strings, and puts in what stands for them.
//!
//! Otherwise a name that is tokenised where it has a property of its own would leave in a description. Finds
//! whole words only: `Anna` does not touch `annals`. Values that nobody wrote as a property are found by
//! [`people`], from the text alone.
//!
//! ```text
//! word at which a value begins ─> the lengths of the values that do ─> the value itself
//! ```
//! One look-up a word of the text, one more for each length where a value may begin: building it costs no more
//! than naming the values.

use crate::table::Scan;
use crate::text::Known;
use crate::token::Tokens;
use std::collections::{BTreeSet, HashMap};

/// What stands for a treated value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StandIn {
    /// This text.
    Text(String),
    /// Its token, which is made when the value is found: most that stay home are never found again.
    Token,
}

pub(crate) mod people;

/// The treated values of one bundle.
pub(crate) struct Scrubber {
    all: Finder,
    contacts: Finder,
    names: Finder,
    tokens_of: HashMap<String, StandIn>,
    /// Who is named by the values.
    pub known: Known,
}

/// By the word that a value begins with, in lower case: how long the values are, the longest first.
struct Finder {
    lengths: HashMap<String, Vec<usize>>,
    /// How long those words are, a bit each (the last for all that are longer): most words of a text are not looked
    /// up.
    word_lengths: u64,
}

impl Scrubber {
    /// Shorter values are words of their own too often.
    pub(crate) const LENGTH_MIN: usize = 4;

    /// A finder for these values; `None` when there are none.
    pub(crate) fn new(values: &HashMap<String, StandIn>) -> Option<Self> {
        if values.is_empty() {
            return None;
        }
        let mut tokens_of = HashMap::with_capacity(values.len());
        let mut sorted: Vec<_> = values.iter().collect();
        // Of values that differ in letter case alone, the first by order stands.
        sorted.sort_by_key(|(value, _)| *value);
        for (value, stand_in) in sorted {
            tokens_of.entry(value.to_ascii_lowercase()).or_insert_with(|| stand_in.clone());
        }
        let all = Finder::new(tokens_of.keys());
        let contacts = Finder::new(tokens_of.keys().filter(|value| value.contains('@')));
        let several = |value: &&String| value.contains('@') || value.contains(char::is_whitespace);
        let names = Finder::new(tokens_of.keys().filter(several));
        let known = Known::of(values.keys().map(String::as_str));
        Some(Self { all, contacts, names, tokens_of, known })
    }

    /// What stands for `value`, where it is one of those that are treated.
    pub(crate) fn stand_in(&self, value: &str, tokens: &Tokens<'_>) -> Option<String> {
        Some(match self.tokens_of.get(&value.to_ascii_lowercase())? {
            StandIn::Text(stand_in) => stand_in.clone(),
            StandIn::Token => tokens.of(value),
        })
    }

    /// `text` with every value replaced; `None` when there is nothing to replace.
    pub(crate) fn clean(&self, text: &str, scan: Scan, tokens: &Tokens<'_>) -> Option<String> {
        let finder = match scan {
            Scan::Nothing => return None,
            Scan::Contact => &self.contacts,
            Scan::Names => &self.names,
            Scan::All | Scan::People => &self.all,
        };
        if finder.lengths.is_empty() || text.len() < Self::LENGTH_MIN {
            return None;
        }
        let lower = text.to_ascii_lowercase();
        let mut out = String::new();
        let (mut at, mut copied) = (0, 0);
        // A value begins behind no letter or digit, whatever it begins with.
        let mut behind_letter = false;
        while at < lower.len() {
            let word = word_at(&lower[at..]);
            let lengths = finder.of(word).filter(|_| !behind_letter).unwrap_or_default();
            let found = lengths.iter().find_map(|length| {
                let value = lower.get(at..at + length)?;
                let ends = !lower[at + length..].chars().next().is_some_and(char::is_alphanumeric);
                let stand_in = self.tokens_of.get(value).filter(|_| ends)?;
                Some((at + length, stand_in))
            });
            at = match found {
                Some((end, stand_in)) => {
                    out.push_str(&text[copied..at]);
                    match stand_in {
                        StandIn::Text(stand_in) => out.push_str(stand_in),
                        StandIn::Token => out.push_str(&tokens.of(&text[at..end])),
                    }
                    copied = end;
                    end
                }
                None => at + word.len(),
            };
            behind_letter = lower[..at].chars().next_back().is_some_and(char::is_alphanumeric);
        }
        if copied == 0 {
            return None;
        }
        out.push_str(&text[copied..]);
        Some(out)
    }
}

impl Finder {
    fn new<'v>(values: impl Iterator<Item = &'v String>) -> Self {
        let mut lengths: HashMap<String, BTreeSet<usize>> = HashMap::new();
        for value in values {
            lengths.entry(word_at(value).to_owned()).or_default().insert(value.len());
        }
        let word_lengths = lengths.keys().fold(0, |bits, word| bits | bit(word));
        let longest_first = |lengths: BTreeSet<usize>| lengths.into_iter().rev().collect::<Vec<usize>>();
        let lengths = lengths.into_iter().map(|(word, lengths)| (word, longest_first(lengths))).collect();
        Self { lengths, word_lengths }
    }

    /// How long the values are that begin with `word`, the longest first.
    fn of(&self, word: &str) -> Option<&[usize]> {
        if self.word_lengths & bit(word) == 0 {
            return None;
        }
        self.lengths.get(word).map(Vec::as_slice)
    }
}

fn bit(word: &str) -> u64 {
    1 << word.len().min(63)
}

/// The word that a text begins with: letters and digits, or the one character that is neither.
fn word_at(text: &str) -> &str {
    let ascii = text.bytes().take_while(u8::is_ascii_alphanumeric).count();
    if text.as_bytes().get(ascii).is_none_or(u8::is_ascii) {
        let one = usize::from(ascii == 0 && !text.is_empty());
        return &text[..ascii + one];
    }
    let mut letters = text.char_indices();
    match letters.find(|(_, letter)| !letter.is_alphanumeric()) {
        Some((0, letter)) => &text[..letter.len_utf8()],
        Some((end, _)) => &text[..end],
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::TokenKey;

    fn cleaned(values: &[&str], text: &str, scan: Scan) -> String {
        let key = TokenKey::derive(&[7; 32], "an-agreement", "FI", "2026").expect("a key");
        let values = values.iter().map(|value| ((*value).to_owned(), StandIn::Text("…".to_owned())));
        let scrubber = Scrubber::new(&values.collect()).expect("values");
        scrubber.clean(text, scan, &Tokens::new(&key)).unwrap_or_else(|| text.to_owned())
    }

    #[test]
    fn whole_words_are_found_in_any_letter_case() {
        for (values, text, expected) in [
            (&["Anna"][..], "anna, ANNA: annals, hanna, Annaé", "…, …: annals, hanna, Annaé"),
            (&["Anna", "Anna Kask"], "Anna Kask and Anna Tamm", "… and … Tamm"),
            (&["Anna Kask"], "Anna Kaska", "Anna Kaska"),
            (&["Jõgi"], "Mari Jõgi, Jõgi.", "Mari …, …."),
            (&["+372 55"], "call +372 55 or 1+372 55", "call … or 1+372 55"),
            (&["a@b.example"], "<a@b.example> xa@b.example", "<…> xa@b.example"),
            (&["münchen"], "in münchen", "in …"),
        ] {
            assert_eq!(cleaned(values, text, Scan::All), expected, "{text}");
        }
        assert_eq!(cleaned(&["Anna", "a@b.example"], "Anna a@b.example", Scan::Contact), "Anna …");
        assert_eq!(cleaned(&["Anna"], "Anna", Scan::Nothing), "Anna");
        assert_eq!(
            cleaned(&["anna", "Anna Tamm", "a@b.example"], "anna.exe Anna Tamm a@b.example", Scan::Names),
            "anna.exe … …"
        );
    }

    #[test]
    fn a_token_is_made_where_the_value_is_found() {
        let key = TokenKey::derive(&[7; 32], "an-agreement", "FI", "2026").expect("a key");
        let values = HashMap::from([("Anna Kask".to_owned(), StandIn::Token)]);
        let scrubber = Scrubber::new(&values).expect("values");
        let tokens = Tokens::new(&key);
        assert_eq!(
            scrubber.clean("by anna kask", Scan::All, &tokens),
            Some(format!("by {}", key.token("Anna Kask")))
        );
        assert_eq!(scrubber.clean("by nobody", Scan::All, &tokens), None);
    }
}
