//! Entries of several words.

use super::Cues;

/// The words of several words: what follows the first, and what the whole tells.
pub(super) struct Phrase {
    /// The fingerprints of the words.
    pub(super) rest: Vec<u64>,
    pub(super) cues: Cues,
}

/// Phrases that begin with one word.
#[derive(Clone, Copy)]
pub(in crate::text) struct Phrases<'l>(pub(super) &'l [Phrase]);

impl Phrases<'_> {
    /// Whether the word with this fingerprint may come second.
    pub(in crate::text) fn goes_on(self, second: u64) -> bool {
        self.0.iter().any(|phrase| phrase.rest.first() == Some(&second))
    }

    /// The longest: how many words follow the first, and what it tells. `next` says whether the word at a distance
    /// has the given fingerprint.
    pub(in crate::text) fn longest(self, next: impl Fn(usize, u64) -> bool) -> Option<(usize, Cues)> {
        let mut longest: Option<(usize, Cues)> = None;
        for phrase in self.0 {
            let met = phrase.rest.iter().enumerate().all(|(at, word)| next(at, *word));
            if met {
                longest = match longest {
                    Some((length, cues)) if length == phrase.rest.len() => Some((length, cues | phrase.cues)),
                    Some((length, cues)) if length > phrase.rest.len() => Some((length, cues)),
                    _ => Some((phrase.rest.len(), phrase.cues)),
                };
            }
        }
        longest
    }
}
