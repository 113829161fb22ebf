//! What stands beside a name: honorifics, titles, roles, greetings, labels, and what only looks like them.

use super::{Finder, unmarked};
use crate::text::items::Kind;
use crate::text::lexicon::*;
use crate::text::tokens::{Form, Token, What, lower};

impl Finder<'_> {
    /// What the words before `at` say.
    pub(super) fn before(&self, at: usize) -> f32 {
        let tokens = self.tokens;
        let mut weight: f32 = 0.0;
        let mut look = at;
        let mut words = 0;
        let mut marks = 0;
        let mut crossed = false;
        while look > 0 && words < 3 {
            look -= 1;
            let token = &tokens[look];
            match token.what {
                What::Word(form) => {
                    let cues = token.cues;
                    let near = words == 0;
                    if cues & THING_BEFORE != 0
                        && near
                        && marks == 0
                        && cues & (ROLE | TITLE | NAMES_NEXT | HONORIFIC | ASKS) == 0
                    {
                        return weight - 3.0;
                    }
                    // `Hôpital de Dax`
                    if near
                        && marks == 0
                        && form == Form::Lower
                        && cues & PARTICLE != 0
                        && self.is_of_thing(look)
                    {
                        return weight - 3.0;
                    }
                    if crossed {
                        // The line before: a greeting's end, a field of a form.
                        if cues & CLOSING != 0 {
                            return weight.max(3.6);
                        }
                        if cues & NAMES_NEXT != 0 && tokens.get(look + 1).is_some_and(|t| t.is_mark(':')) {
                            // A field whose value has a line of its own is one like any other.
                            return weight.max(if self.is_field(look) { 2.9 } else { 2.4 });
                        }
                        return weight;
                    }
                    if cues & HONORIFIC != 0
                        && near
                        && (marks == 0 || tokens[look + 1].is_mark('.'))
                        && self.is_honorific(look, form)
                    {
                        return weight.max(4.2);
                    }
                    let sure = marks > 0
                        && tokens[look + 1..at]
                            .iter()
                            .any(|t| matches!(t.what, What::Mark(':' | '=' | '：')));
                    let quoted = marks > 0;
                    if cues & SALUTATION != 0 && near {
                        // `Hi, Anna!`
                        let called = marks == 1 && tokens[look + 1].is_mark(',');
                        weight = weight.max(match marks == 0 || sure {
                            true => 3.2,
                            false if called => 2.4,
                            false => 0.0,
                        });
                    }
                    if cues & NAMES_NEXT != 0 && near {
                        // `to`, `from`; not the end of `calls me`.
                        let goes_before = look > 0 && tokens[look - 1].cues & NAMES_NEXT != 0;
                        let short = token.end - token.start < 4 && !goes_before;
                        weight = weight.max(if sure {
                            2.9
                        } else if short {
                            0.9
                        } else {
                            2.2
                        });
                    }
                    if cues & TITLE != 0 && near {
                        weight = weight.max(2.3);
                    }
                    if cues & ROLE != 0 && near {
                        weight = weight.max(if sure { 2.7 } else { 2.4 });
                    }
                    if cues & CLOSING != 0 && near && quoted {
                        weight = weight.max(3.2);
                    } else if cues & CLOSING != 0 && near && self.begins_line(look) {
                        weight = weight.max(2.2);
                    }
                    if cues & ASKS != 0 && near && marks == 0 {
                        weight = weight.max(1.5);
                    }
                    // `…, said Anna`
                    if cues & SAYS != 0 && near && marks == 0 && form == Form::Lower && self.is_quoted(look) {
                        weight = weight.max(2.5);
                    }
                    if cues & (TITLE | ROLE | NAMES_NEXT) != 0 && words == 1 && !sure {
                        weight = weight.max(1.0);
                    }
                    words += 1;
                    if form == Form::Lower && !is_cue(cues) && words > 1 {
                        break;
                    }
                }
                What::Line => {
                    if words > 0 {
                        break;
                    }
                    // A signature may stand after an empty line and a dash.
                    crossed = true;
                }
                What::Mark('.' | '!' | '?') if words > 0 => break,
                What::Mark(
                    ',' | ':' | '=' | '"' | '\'' | '(' | '<' | '.' | '-' | '–' | '—' | '“' | '„' | '«' | '：'
                    | '[' | '*' | '’' | '!',
                ) => marks += 1,
                What::Item(index) => {
                    if words == 0 && matches!(self.items[index as usize].kind, Kind::Mail { .. }) && marks > 0
                    {
                        weight = weight.max(1.0);
                    }
                    break;
                }
                _ => break,
            }
            if marks > 5 {
                break;
            }
        }
        weight
    }

    /// Whether what is said ends right before the word at `at`.
    fn is_quoted(&self, at: usize) -> bool {
        at > 0
            && matches!(
                self.tokens[at - 1].what,
                What::Mark('"' | '”' | '“' | '\'' | '’' | ',' | '!' | '?' | '»')
            )
    }

    /// Whether the line of the word at `at` is the label of a field and nothing else.
    fn is_field(&self, at: usize) -> bool {
        let line = self.tokens[..at].iter().rev().take_while(|token| token.what != What::Line);
        line.take(5).all(|token| token.cues & NAMES_NEXT != 0)
            && self.tokens.get(at + 2).is_some_and(|token| token.what == What::Line)
    }

    /// Whether the particle at `at` follows what is a place or an organisation.
    fn is_of_thing(&self, at: usize) -> bool {
        at > 0
            && self.tokens[at - 1].cues & THING_BEFORE != 0
            && self.close(self.tokens[at - 1].end, self.tokens[at].start)
    }

    /// Whether nothing but the words of a closing stands before the one at `at` in its line or its sentence.
    fn begins_line(&self, at: usize) -> bool {
        let ends = |what| matches!(what, What::Line | What::Mark('.' | '!' | '?'));
        let before = self.tokens[..at].iter().rev().take_while(|token| !ends(token.what));
        before.take(5).all(|token| token.cues & CLOSING != 0)
    }

    /// Short honorifics need their dot, or a capital: `p` and `d` are letters, `me` and `sig` are words.
    pub(super) fn is_honorific(&self, at: usize, form: Form) -> bool {
        let token = &self.tokens[at];
        let dotted = self.tokens.get(at + 1).is_some_and(|next| next.is_mark('.') && next.start == token.end);
        let length = self.text[token.range()].chars().count();
        if length == 1 && !self.one_letter(&self.text[token.range()]) && !self.leads_line(at) {
            return false;
        }
        match form {
            Form::Lower => dotted || length > 2,
            Form::Title | Form::Upper => dotted || length > 1,
            Form::Initial => dotted,
            Form::Mixed => false,
        }
    }

    /// `M. Étienne`, alone in its line: a letter before a given name that nothing follows is no initial.
    fn leads_line(&self, at: usize) -> bool {
        let line = |token: Option<&Token>| token.is_none_or(|token| token.what == What::Line);
        let name = self.words.get(at + 2);
        self.tokens[at].form() == Some(Form::Initial)
            && line(at.checked_sub(1).and_then(|before| self.tokens.get(before)))
            && line(self.tokens.get(at + 3))
            && name.is_some_and(|name| name.given == Known::Well)
    }

    /// Whether a single letter is an honorific in the language of this text, and not an initial.
    fn one_letter(&self, letter: &str) -> bool {
        let common: &[&str] = match letter {
            "M" => &[
                "le",
                "les",
                "des",
                "est",
                "une",
                "été",
                "du",
                "au",
                "aux",
                "dans",
                "sur",
                "par",
                "pour",
                "avec",
                "qui",
                "joignable",
                "signalé",
            ],
            "D" => &["el", "los", "que", "del"],
            "P" | "p" => &["się", "na", "w", "nie"],
            _ => return false,
        };
        let mut words = self.tokens.iter().filter(|token| token.form() == Some(Form::Lower)).take(200);
        words.any(|token| common.contains(&&self.text[token.range()]))
    }

    /// What the words after `end` say.
    pub(super) fn after(&self, end: usize, cores: &[usize]) -> f32 {
        let Some(next) = self.tokens.get(end) else { return 0.0 };
        let gap = &self.text[self.tokens[end - 1].end..next.start];
        match next.what {
            What::Word(form) if matches!(gap, " " | "\u{a0}") => {
                if next.cues & (THING_AFTER | THING) != 0
                    && (form != Form::Lower || next.cues & THING != 0 || next.end - next.start > 4)
                    && next.cues & SAYS == 0
                {
                    return -3.0;
                }
                if next.cues & SAYS != 0 && form == Form::Lower { 2.0 } else { 0.0 }
            }
            // `Anna Tamm <anna.tamm@…>`, `Anna Tamm (anna.tamm@…)`
            What::Mark('<' | '(' | '"' | '\'' | ',' | '[' | ':' | '-' | '–' | '/') | What::Item(_) => {
                let mail = self.tokens[end..].iter().take(4).find_map(|token| match token.what {
                    What::Item(index) => match self.items[index as usize].kind {
                        Kind::Mail { local } => Some(
                            &self.text[self.items[index as usize].range.start
                                ..self.items[index as usize].range.start + local],
                        ),
                        _ => None,
                    },
                    _ => None,
                });
                let Some(local) = mail else { return self.titled(end) };
                let local = lower(local);
                let named = cores.iter().any(|core| {
                    let word = unmarked(self.tokens.lower(&self.tokens[*core]));
                    word.len() > 2 && local.contains(&*word)
                });
                if named { 3.0 } else { 0.8 }
            }
            _ => 0.0,
        }
    }

    /// `Anna Tamm, analyst`: a title after a comma.
    pub(super) fn titled(&self, end: usize) -> f32 {
        let ahead = self.tokens[end + 1..]
            .iter()
            .take(4)
            .take_while(|token| matches!(token.what, What::Word(_) | What::Mark('-')));
        if ahead.filter(|token| token.cues & (TITLE | PHONE) != 0).count() > 0 { 1.6 } else { 0.0 }
    }

    pub(super) fn starts_sentence(&self, at: usize) -> bool {
        at == 0
            || matches!(
                self.tokens[at - 1].what,
                What::Line
                    | What::Mark('.' | '!' | '?' | ':' | '•' | '*' | '-' | '–' | '"' | '“' | '>' | '#' | '|')
            )
    }
}
