//! Names with the surname first.

use super::Finder;
use crate::text::lexicon::*;
use crate::text::tokens::{Form, What};

impl Finder<'_> {
    /// `Tamm, Anna`, `TAMM, Anna Maria`, `Tamm, A.`: the surname first.
    pub(super) fn turned(&self, at: usize, before: f32) -> Option<usize> {
        let tokens = self.tokens;
        let form = tokens[at].form()?;
        if form == Form::Initial
            || !tokens.get(at + 1)?.is_mark(',')
            || self.text.get(tokens[at + 1].end..tokens.get(at + 2)?.start)? != " "
        {
            return None;
        }
        let (last, first) = (self.words[at], self.words[at + 2]);
        if !first.able
            || at > 0 && self.words[at - 1].able && self.close(tokens[at - 1].end, tokens[at].start)
        {
            return None;
        }
        let initial = tokens[at + 2].form() == Some(Form::Initial)
            && tokens.get(at + 3).is_some_and(|t| t.is_mark('.'));
        let mut weight = match last.surname {
            Known::Well => 2.0,
            Known::Weakly => 0.9,
            Known::No if last.plain => -2.0,
            Known::No => 0.6,
        };
        weight += match first.given {
            _ if initial => 0.8,
            Known::Well => 2.4,
            Known::Weakly => 0.8,
            Known::No => -1.5,
        };
        let mut end = at + if initial { 4 } else { 3 };
        while end < tokens.len()
            && self.words[end].able
            && self.close(tokens[end - 1].end, tokens[end].start)
            && self.words[end].given == Known::Well
            && end < at + 5
        {
            end += 1;
        }
        // `Tamm, Anna and Mark` is a list of people; so is `Anna, Mark`.
        let follows = tokens.get(end).filter(|next| self.close(tokens[end - 1].end, next.start));
        let surname_next = follows.is_some_and(|next| next.form() == Some(Form::Title))
            && self.words[end].surname == Known::Well
            && end == at + 3;
        if surname_next {
            return None;
        }
        if last.given == Known::Well && last.surname != Known::Well && form != Form::Upper {
            weight -= 1.5;
        }
        if form == Form::Upper && tokens[at + 2].form() == Some(Form::Title) {
            weight += 0.8;
        }
        // Nothing else in its line, or what is in brackets: an entry of a list.
        if (at == 0 || tokens[at - 1].what == What::Line)
            && tokens.get(end).is_none_or(|next| matches!(next.what, What::Line | What::Mark('(' | ';')))
        {
            weight += 0.7;
        }
        (weight + before.min(2.5) * 0.6 + self.after(end, &[at]).min(2.0) >= 3.6).then_some(end)
    }
}
