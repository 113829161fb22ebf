//! What is left once names are found: their parts where these stand alone, and what reads like a name unexplained.

use super::Finder;
use crate::text::Known as KnownNames;
use crate::text::lexicon::*;
use crate::text::tokens::{Form, is_combining, lower};

impl Finder<'_> {
    /// Finds the parts of found names again where they stand alone.
    pub(super) fn again(&mut self, known: &KnownNames) {
        let lexicon = Lexicon::shipped();
        let mut parts = KnownNames::default();
        for range in &self.found {
            for part in self.text[range.clone()]
                .split(|c: char| !(c.is_alphabetic() || c == '-' || c == '\'' || is_combining(c)))
            {
                let part = lower(part);
                if part.chars().count() > 2 {
                    parts.add(&part);
                }
            }
        }
        if parts.is_empty() && known.is_empty() {
            return;
        }
        let mut taken = vec![false; self.tokens.len()];
        for range in &self.found {
            let from = self.tokens.partition_point(|token| token.start < range.start);
            let to = self.tokens.partition_point(|token| token.start < range.end);
            taken[from..to].fill(true);
        }
        let mut at = 0;
        while at < self.tokens.len() {
            let named = |at: usize| {
                self.words[at].able
                    && !taken[at]
                    && !self.words[at].plain
                    && !matches!(self.tokens[at].form(), Some(Form::Initial))
                    // Capitals are abbreviations more often than they are names that were named before.
                    && (self.tokens[at].form() != Some(Form::Upper) || self.tokens[at].end - self.tokens[at].start > 4)
                    && {
                        let word = self.tokens.lower(&self.tokens[at]);
                        (parts.may_begin(word) || known.may_begin(word))
                            && lexicon.is_form_of(word, |base| parts.has(base) || known.has(base))
                    }
            };
            if !named(at) {
                at += 1;
                continue;
            }
            let start = at;
            while at + 1 < self.tokens.len()
                && named(at + 1)
                && self.close(self.tokens[at].end, self.tokens[at + 1].start)
            {
                at += 1;
            }
            let thing = self.after(at + 1, &[]) < 0.0 || self.before(start) < 0.0;
            if !thing {
                let range = self.tokens[start].start..self.tokens[at].end;
                self.likely.retain(|likely| likely.end <= range.start || likely.start >= range.end);
                self.found.push(range);
            }
            at += 1;
        }
        self.found.sort_by_key(|range| range.start);
    }

    /// Two or three unknown words in capitals that no list explains: the end of what reads like a name.
    pub(super) fn unexplained(&mut self, at: usize) -> Option<usize> {
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
        let cores: Vec<usize> = (at..end).collect();
        if !(2..=3).contains(&cores.len()) || self.after(end, &[]) < 0.0 || self.before(at) < 0.0 {
            return None;
        }
        let listed = cores
            .iter()
            .any(|core| self.words[*core].given != Known::No || self.words[*core].surname != Known::No);
        let next_able = self.words.get(end).is_some_and(|word| word.able)
            && self.close(self.tokens[end - 1].end, self.tokens[end].start);
        if next_able || self.starts_sentence(at) && !listed {
            return None;
        }
        self.likely.push(self.tokens[at].start..self.tokens[end - 1].end);
        Some(end)
    }
}
