//! A word as part of a name.

use crate::text::lexicon::*;
use crate::text::tokens::{Form, Token, Tokens};

/// A word as part of a name.
#[derive(Debug, Clone, Copy)]
pub(in crate::text) struct Word {
    pub(super) given: Known,
    pub(super) surname: Known,
    pub(super) plain: bool,
    /// It can be a part of a name at all.
    pub(super) able: bool,
}

impl Word {
    pub(super) const NONE: Self = Self { given: Known::No, surname: Known::No, plain: false, able: false };

    pub(super) fn read(tokens: &Tokens, token: &Token, lexicon: &Lexicon) -> Self {
        let Some(form) = token.form() else { return Self::NONE };
        let able = match form {
            Form::Title | Form::Initial => true,
            Form::Upper => token.end - token.start > 2,
            Form::Lower | Form::Mixed => false,
        };
        if !able || token.cues & THING != 0 {
            return Self { able: false, ..Self::NONE };
        }
        if form == Form::Initial {
            return Self { able: true, ..Self::NONE };
        }
        let Names { given, surname, plain } = lexicon.names_of(tokens.lower(token), token.fingerprint);
        // `Employee Anna`, `Analüütik Jaan`: what a person is, is not what they are called.
        let tells = ROLE | TITLE | NAMES_NEXT | SALUTATION | CLOSING | ACCOUNT | NATIONAL_ID | SAYS;
        if token.cues & tells != 0
            && given != Known::Well
            && (surname != Known::Well || token.cues & NATIONAL_ID != 0)
        {
            return Self::NONE;
        }
        Self { given, surname, plain, able }
    }

    /// No list of names has it.
    pub(super) fn is_unlisted(self) -> bool {
        self.given == Known::No && self.surname == Known::No
    }

    /// Neither a name nor a word of any list.
    pub(super) fn unknown(self) -> bool {
        self.able && self.is_unlisted() && !self.plain
    }
}
