//! Lists of people: who stands between them is one of them, whether a list of names knows them or not.

use super::Finder;
use crate::text::lexicon::*;
use crate::text::tokens::Form;
use std::ops::Range;

/// The most people of a list that are looked for on either side of one.
const LIST_MAX: usize = 12;

impl Finder<'_> {
    /// `Chidi Anagonye, Tahani Al-Jamil and Jason Mendoza`: finds the others where one was found. Of two people the
    /// other is taken only where a list of names knows a part of the name.
    pub(super) fn listed(&mut self) {
        let mut more: Vec<Range<usize>> = Vec::new();
        for found in self.found.iter() {
            let from = self.tokens.partition_point(|token| token.start < found.start);
            let to = self.tokens.partition_point(|token| token.start < found.end);
            let before =
                std::iter::successors(self.member_before(from), |member| self.member_before(member.start));
            let after = std::iter::successors(self.member_after(to), |member| self.member_after(member.end));
            for members in [before.take(LIST_MAX).collect::<Vec<_>>(), after.take(LIST_MAX).collect()] {
                let known = |word: usize| {
                    self.words[word].given != Known::No || self.words[word].surname != Known::No
                };
                if members.len() > 1 || members.first().is_some_and(|member| member.clone().any(known)) {
                    let bytes = |member: Range<usize>| {
                        self.tokens[member.start].start..self.tokens[member.end - 1].end
                    };
                    more.extend(members.into_iter().map(bytes));
                }
            }
        }
        more.retain(|member| {
            self.found.iter().all(|found| found.end <= member.start || found.start >= member.end)
        });
        more.sort_by_key(|member| (member.start, member.end));
        more.dedup_by(|next, last| next.start < last.end);
        if more.is_empty() {
            return;
        }
        self.likely.retain(|likely| {
            more.iter().all(|member| member.end <= likely.start || member.start >= likely.end)
        });
        self.found.extend(more);
        self.found.sort_by_key(|range| range.start);
    }

    /// The tokens of the name before a comma, a word that joins, or both, that end at `at`.
    fn member_before(&self, at: usize) -> Option<Range<usize>> {
        let mut end = at;
        if end > 0 && self.joins(end - 1) {
            end -= 1;
        }
        if end > 0 && self.tokens[end - 1].is_mark(',') {
            end -= 1;
        }
        if end == at {
            return None;
        }
        let mut start = end;
        while start > 0
            && self.may_be_part(start - 1)
            && (start == end || self.close(self.tokens[start - 1].end, self.tokens[start].start))
        {
            start -= 1;
        }
        (2..=3).contains(&(end - start)).then_some(start..end)
    }

    /// The tokens of the name behind a comma, a word that joins, or both, that begin at `at`.
    fn member_after(&self, at: usize) -> Option<Range<usize>> {
        let mut start = at;
        if self.tokens.get(start).is_some_and(|token| token.is_mark(',')) {
            start += 1;
        }
        if start < self.tokens.len() && self.joins(start) {
            start += 1;
        }
        if start == at {
            return None;
        }
        let mut end = start;
        while end < self.tokens.len()
            && self.may_be_part(end)
            && (start == end || self.close(self.tokens[end - 1].end, self.tokens[end].start))
        {
            end += 1;
        }
        ((2..=3).contains(&(end - start)) && self.after(end, &[]) >= 0.0).then_some(start..end)
    }

    fn joins(&self, at: usize) -> bool {
        let token = &self.tokens[at];
        token.cues & JOINS != 0 && token.form() == Some(Form::Lower) || token.is_mark('&')
    }

    fn may_be_part(&self, at: usize) -> bool {
        let (word, token) = (self.words[at], &self.tokens[at]);
        word.able
            && !word.plain
            && token.form() == Some(Form::Title)
            && token.end - token.start > 2
            && token.cues & (THING_AFTER | THING_BEFORE) == 0
    }
}
