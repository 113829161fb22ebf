//! What is left once names are found: their parts where these stand alone, and what reads like a name unexplained.

use super::Finder;
use crate::text::fingerprint::fingerprint;
use crate::text::letters::is_alphabetic;
use crate::text::lexicon::*;
use crate::text::tokens::{Form, is_combining, lower};
use crate::text::{Begins, Known as KnownNames};
use std::ops::Range;

/// The parts of the names of one text, by their fingerprints.
#[derive(Default)]
struct Parts {
    /// In order, once [`done`](Self::done).
    fingerprints: Vec<u64>,
    begins: Begins,
}

impl Parts {
    /// Adds a part in lower case, unless it is an ordinary word or what a thing is called.
    fn add(&mut self, part: &str, lexicon: &Lexicon) {
        let fingerprint = fingerprint(part);
        if lexicon.may_name(fingerprint) {
            self.fingerprints.push(fingerprint);
            self.begins.add(part);
        }
    }

    fn done(&mut self) {
        self.fingerprints.sort_unstable();
    }

    fn is_empty(&self) -> bool {
        self.fingerprints.is_empty()
    }

    fn has(&self, part: &str) -> bool {
        self.fingerprints.binary_search(&fingerprint(part)).is_ok()
    }

    fn may_begin(&self, word: &str) -> bool {
        self.begins.may(word)
    }
}

impl Finder<'_> {
    /// Finds the parts of found names again where they stand alone.
    pub(super) fn again(&mut self, known: &KnownNames) {
        let parts = self.parts();
        if parts.is_empty() && known.is_empty() {
            return;
        }
        let whole = self.found.len();
        let mut taken = 0;
        let capitals = &self.tokens.places().capitals;
        let mut place = 0;
        while let Some(at) = capitals.get(place).copied() {
            place += 1;
            // What was found as a whole lies in order.
            while taken < whole && self.found[taken].end <= self.tokens[at].start {
                taken += 1;
            }
            if !self.is_again(at, taken..whole, &parts, known) {
                continue;
            }
            let (start, mut end) = (at, at + 1);
            while capitals.get(place) == Some(&end)
                && self.close(self.tokens[end - 1].end, self.tokens[end].start)
                && self.is_again(end, taken..whole, &parts, known)
            {
                end += 1;
                place += 1;
            }
            let thing = self.after(end, &[]) < 0.0 || self.before(start) < 0.0;
            if !thing {
                let range = self.tokens[start].start..self.tokens[end - 1].end;
                self.likely.retain(|likely| likely.end <= range.start || likely.start >= range.end);
                self.found.push(range);
            }
        }
        self.found.sort_by_key(|range| range.start);
    }

    /// The parts of found names.
    fn parts(&self) -> Parts {
        let lexicon = self.lexicon;
        let mut parts = Parts::default();
        let mut folded = String::new();
        for range in self.found.iter() {
            for part in self.text[range.clone()]
                .split(|c: char| !(is_alphabetic(c) || c == '-' || c == '\'' || is_combining(c)))
            {
                if part.len() < 3 {
                    continue;
                }
                if part.is_ascii() {
                    folded.clear();
                    folded.push_str(part);
                    folded.make_ascii_lowercase();
                    parts.add(&folded, lexicon);
                    continue;
                }
                let part = lower(part);
                if part.chars().count() > 2 {
                    parts.add(&part, lexicon);
                }
            }
        }
        parts.done();
        parts
    }

    /// Whether a part of a name stands at `at`, outside of the names `after` which are found.
    fn is_again(&self, at: usize, after: Range<usize>, parts: &Parts, known: &KnownNames) -> bool {
        let (word, token) = (self.words[at], &self.tokens[at]);
        if !word.able
            || word.plain
            || token.form() == Some(Form::Initial)
            // Capitals are abbreviations more often than they are names that were named before.
            || token.form() == Some(Form::Upper) && token.end - token.start <= 4
        {
            return false;
        }
        let folded = self.tokens.lower(token);
        let (begins_part, begins_known) = (parts.may_begin(folded), known.may_begin(folded));
        (begins_part || begins_known)
            && !self.found[after]
                .iter()
                .take_while(|name| name.start <= token.start)
                .any(|name| name.end > token.start)
            && Lexicon::shipped()
                .is_form_of(folded, |base| begins_part && parts.has(base) || begins_known && known.has(base))
    }

    /// Two or three unknown words in capitals that no list explains: the end of what reads like a name.
    /// What the words before it say is `before`.
    pub(super) fn unexplained(&mut self, at: usize, before: f32) -> Option<usize> {
        let able = |at: usize| {
            let word = self.words.get(at)?;
            let name = word.able
                && !word.plain
                && self.tokens[at].form() == Some(Form::Title)
                && self.tokens[at].cues & !(COMMAND | NAMESPACE) == 0;
            (name && self.tokens[at].end - self.tokens[at].start > 2).then_some(())
        };
        if at > 0 && self.words[at - 1].able && self.close(self.tokens[at - 1].end, self.tokens[at].start) {
            return None;
        }
        let mut end = at;
        while able(end).is_some()
            && (end == at || self.close(self.tokens[end - 1].end, self.tokens[end].start))
        {
            end += 1;
        }
        if !(2..=3).contains(&(end - at)) || before < 0.0 || self.after(end, &[]) < 0.0 {
            return None;
        }
        let listed =
            self.words[at..end].iter().any(|word| word.given != Known::No || word.surname != Known::No);
        let next_able = self.words.get(end).is_some_and(|word| word.able)
            && self.close(self.tokens[end - 1].end, self.tokens[end].start);
        if next_able || self.starts_sentence(at) && !listed {
            return None;
        }
        self.likely.push(self.tokens[at].start..self.tokens[end - 1].end);
        Some(end)
    }
}
