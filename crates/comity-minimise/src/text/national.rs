//! Numbers by which states know people: `data/national-ids.toml` says what each looks like and how it checks
//! itself. Nothing here names a state.

use super::lexicon::lines;
use check::{Check, Date};
use serde::Deserialize;
use shape::{BEGINNINGS, Beginning, Step, begins, fit, shape};
use std::sync::LazyLock;

mod check;
mod shape;

pub(super) use check::luhn;

/// One kind of number.
struct Kind {
    shape: Vec<Step>,
    text: KindText,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KindText {
    /// Which state's: for people who read the file.
    #[expect(dead_code, reason = "said for the reader of the file, and held to be said")]
    state: String,
    shape: String,
    /// Where a date lies among the letters and digits, and in which order.
    date: Option<Date>,
    #[serde(default)]
    check: Vec<Check>,
    /// Whether it tells by itself what it is; otherwise a word before it must.
    #[serde(default)]
    alone: bool,
    #[serde(default)]
    cues: Vec<String>,
    /// Beginnings that the number never has.
    #[serde(default)]
    never: Vec<String>,
}

/// Every kind that is known.
pub(super) struct Table {
    kinds: Vec<Kind>,
    /// By how a number begins: the kinds that may, in order.
    beginning: Vec<Vec<usize>>,
    generic: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    cues: Vec<String>,
    id: Vec<KindText>,
}

static SHIPPED: LazyLock<Table> = LazyLock::new(|| {
    // Unwrap safety: the file is compiled in, and every test of the detector reads it.
    let file: File = toml::from_str(include_str!("../../data/national-ids.toml"))
        .expect("the shipped table is well formed");
    let kinds: Vec<Kind> = file.id.into_iter().map(|text| Kind { shape: shape(&text.shape), text }).collect();
    let of = |place: usize| {
        let beginning = Beginning::at(place);
        (0..kinds.len()).filter(|kind| begins(&kinds[*kind].shape, beginning)).collect()
    };
    let beginning = (0..BEGINNINGS).map(of).collect();
    Table { kinds, beginning, generic: file.cues }
});

static IBAN_LENGTHS: LazyLock<std::collections::HashMap<&'static str, usize, foldhash::fast::FixedState>> =
    LazyLock::new(|| {
        lines(include_str!("../../data/iban-lengths.txt"))
            .filter_map(|line| line.split_once(' '))
            .filter_map(|(code, length)| Some((code, length.parse().ok()?)))
            .collect()
    });

/// The longest shape.
const SHAPE_MAX: usize = 40;

/// What is known of a number that has a shape of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Match {
    /// How many bytes it takes.
    pub length: usize,
    /// Its check digits, its date and its kind leave no doubt.
    pub alone: bool,
    /// It is right where a word before it says what it is.
    pub right: bool,
}

impl Table {
    pub(super) fn shipped() -> &'static Self {
        &SHIPPED
    }

    /// The words that announce such a number.
    pub(super) fn cues(&self) -> impl Iterator<Item = &str> {
        self.generic.iter().chain(self.kinds.iter().flat_map(|kind| &kind.text.cues)).map(String::as_str)
    }

    /// The kinds that may begin as `text` does.
    fn beginning(&self, text: &str) -> &[usize] {
        self.beginning.get(Beginning::of(text.as_bytes()).place()).map_or(&[], Vec::as_slice)
    }

    /// The best reading of what begins at the start of `text`; longer is better among equals, and first of all where
    /// a word before it `announced` such a number.
    pub(super) fn find(&self, text: &str, announced: bool) -> Option<Match> {
        Self::best(self.beginning(text).iter().map(|kind| &self.kinds[*kind]), text, announced)
    }

    fn best<'k>(kinds: impl Iterator<Item = &'k Kind>, text: &str, announced: bool) -> Option<Match> {
        let bytes = text.as_bytes();
        let mut best: Option<Match> = None;
        for kind in kinds {
            let Some(length) = fit(&kind.shape, bytes) else { continue };
            let boundary = text[length..].chars().next().is_none_or(|c| !c.is_alphanumeric() && c != '_');
            let goes_on = bytes[length..].first().is_some_and(|b| b"-.:/".contains(b))
                && bytes.get(length + 1).is_some_and(u8::is_ascii_alphanumeric);
            if !boundary || goes_on {
                continue;
            }
            // No shape is longer: tested.
            let mut buffer = [0; SHAPE_MAX];
            let mut count = 0;
            let characters = bytes[..length].iter().filter(|b| b.is_ascii_alphanumeric());
            for (place, b) in buffer.iter_mut().zip(characters) {
                *place = *b;
                count += 1;
            }
            let plain = &buffer[..count];
            let right = kind.text.date.as_ref().is_none_or(|date| date.holds(plain))
                && kind.text.check.iter().all(|check| check.holds(plain))
                && !kind.text.never.iter().any(|start| plain.starts_with(start.as_bytes()));
            let found = Match { length, alone: right && kind.text.alone, right };
            let rank = |m: &Match| match announced {
                true => (m.alone, true, m.length, m.right),
                false => (m.alone, m.right, m.length, true),
            };
            if best.is_none_or(|best| rank(&found) > rank(&best)) {
                best = Some(found);
            }
        }
        best
    }
}

/// Whether an IBAN begins at the start of `text`, in groups or not: its length in bytes, and whether it checks.
pub(super) fn iban(text: &str) -> Option<(usize, bool)> {
    let bytes = text.as_bytes();
    if !matches!(bytes.get(2)?, b'0'..=b'9' | b' ' | b'-') {
        return None;
    }
    let code = text.get(..2)?;
    let wanted = *IBAN_LENGTHS.get(code)?;
    let mut buffer = [0; SHAPE_MAX];
    let (mut at, mut count) = (0, 0);
    while count < wanted.min(SHAPE_MAX) {
        match bytes.get(at)? {
            b if b.is_ascii_digit() || b.is_ascii_uppercase() => {
                buffer[count] = *b;
                count += 1;
            }
            b' ' | b'-' if at >= 2 && bytes.get(at - 1).is_some_and(u8::is_ascii_alphanumeric) => {}
            _ => return None,
        }
        at += 1;
    }
    let digits = &buffer[..count];
    if text[at..].chars().next().is_some_and(char::is_alphanumeric)
        || !digits[2..4].iter().all(u8::is_ascii_digit)
    {
        return None;
    }
    let remainder = digits[4..].iter().chain(&digits[..4]).fold(0_u64, |sum, b| match b {
        b'0'..=b'9' => (sum * 10 + u64::from(b - b'0')) % 97,
        b => (sum * 100 + u64::from(b - b'A') + 10) % 97,
    });
    Some((at, remainder == 1))
}

#[cfg(test)]
mod tests;
