//! Numbers by which states know people: `data/national-ids.toml` says what each looks like and how it checks
//! itself. Nothing here names a state.

use super::lexicon::lines;
use serde::Deserialize;
use std::sync::LazyLock;

/// What a shape may hold at one place: which ASCII characters, and whether the place may be empty.
struct Step {
    characters: u128,
    optional: bool,
}

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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Date {
    at: usize,
    /// `ymd`, `dmy`, or with a year of four figures `Ymd`.
    order: String,
    /// What may be added to the month, or to the day, as a mark of century, sex or residence.
    #[serde(default)]
    month_marks: Vec<u32>,
    #[serde(default)]
    day_marks: Vec<u32>,
}

/// A check of the letters and digits of a number, separators left out.
#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
enum Check {
    /// Sum of products modulo `modulus`; it, or what lacks to `modulus`, is the digit at `at`.
    Weighted {
        weights: Vec<i64>,
        #[serde(default)]
        from: usize,
        modulus: i64,
        #[serde(default)]
        plus: i64,
        #[serde(default)]
        complement: bool,
        /// Other weights where ten comes out.
        #[serde(default)]
        again: Vec<i64>,
        /// The digit where ten comes out; none: the number does not exist.
        ten: Option<i64>,
        /// Where the digit lies; absent: the sum itself must be nothing.
        at: Option<usize>,
        /// The letters instead of digits, by value.
        letters: Option<String>,
    },
    /// Every second digit doubled, from the last but one leftwards.
    Luhn {
        #[serde(default)]
        last: usize,
    },
    /// The number made of the places `from..to`, modulo `modulus`, tells a letter or the digits at `at`.
    Remainder {
        from: usize,
        to: usize,
        #[serde(default)]
        and: Vec<usize>,
        modulus: u64,
        #[serde(default)]
        complement: bool,
        letters: Option<String>,
        at: usize,
        #[serde(default)]
        prefixes: Vec<u64>,
    },
    /// The scheme of J. Verhoeff (Error Detecting Decimal Codes, 1969).
    Verhoeff,
    /// ISO 7064, MOD 11,10.
    Mod11_10,
    /// Values of letters and digits at odd and even places, added, tell a letter.
    Tables { odd: String, even: String, letters: String },
}

/// Every kind that is known.
pub(super) struct Table {
    kinds: Vec<Kind>,
    /// By how many digits a number begins with, those of [`RUN_MAX`] and more together: the kinds that may, in order.
    runs: Vec<Vec<usize>>,
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
    let of = |run: usize| (0..kinds.len()).filter(|kind| begins(&kinds[*kind].shape, run)).collect();
    let runs = (0..=RUN_MAX).map(of).collect();
    Table { kinds, runs, generic: file.cues }
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

/// The longest run of digits that a number's beginning is told by.
const RUN_MAX: usize = 24;

/// Whether what begins with so many digits, and goes on with something else, can have this shape.
fn begins(shape: &[Step], digits: usize) -> bool {
    const DIGITS: u128 = 0x3ff << b'0';
    let Some((step, rest)) = shape.split_first() else { return digits == 0 || digits == RUN_MAX };
    let takes = step.characters & if digits > 0 { DIGITS } else { !DIGITS };
    // What comes behind the digits is not looked at.
    let taken = takes != 0 && (digits == 0 || begins(rest, digits - 1));
    taken || step.optional && begins(rest, digits)
}

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

    /// The kinds that may begin with as many digits as `text` does.
    fn beginning(&self, text: &str) -> &[usize] {
        let run = text.bytes().take(RUN_MAX).take_while(u8::is_ascii_digit).count();
        self.runs.get(run).map_or(&[], Vec::as_slice)
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

/// Whether digits pass the check of payment cards.
pub(super) fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, b)| {
            let digit = u32::from(b - b'0');
            if place % 2 == 1 { digit * 2 / 10 + digit * 2 % 10 } else { digit }
        })
        .sum();
    digits.iter().all(u8::is_ascii_digit) && sum.is_multiple_of(10)
}

/// Whether digits pass the check of J. Verhoeff: products in the dihedral group of order ten.
fn verhoeff(digits: &[u8]) -> bool {
    const PERMUTED: [u8; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
    let product = |a: u8, b: u8| match (a < 5, b < 5) {
        (true, true) => (a + b) % 5,
        (true, false) => (a + b - 5) % 5 + 5,
        (false, true) => (a + 5 - b) % 5 + 5,
        (false, false) => (a + 5 - b) % 5,
    };
    let sum = digits.iter().rev().enumerate().try_fold(0, |sum, (place, digit)| {
        let digit = digit.is_ascii_digit().then(|| digit - b'0')?;
        let moved = (0..place % 8).fold(digit, |digit, _| PERMUTED[usize::from(digit)]);
        Some(product(sum, moved))
    });
    sum == Some(0)
}

/// `9` a digit, `A` a capital letter, `X` either, `[…]` one of these, `?` after any: or nothing; others as they are.
fn shape(text: &str) -> Vec<Step> {
    let all = |range: std::ops::RangeInclusive<u8>| range.fold(0_u128, |set, b| set | 1 << b);
    let mut steps: Vec<Step> = Vec::new();
    let mut characters = text.bytes();
    while let Some(b) = characters.next() {
        let set = match b {
            b'9' => all(b'0'..=b'9'),
            b'A' => all(b'A'..=b'Z'),
            b'X' => all(b'A'..=b'Z') | all(b'0'..=b'9'),
            b'?' => {
                if let Some(last) = steps.last_mut() {
                    last.optional = true;
                }
                continue;
            }
            b'[' => one_of(&characters.by_ref().take_while(|b| *b != b']').collect::<Vec<_>>()),
            b => 1 << b,
        };
        steps.push(Step { characters: set, optional: false });
    }
    steps
}

/// The characters of a set; `-` between two is a range, first or last it is itself.
fn one_of(set: &[u8]) -> u128 {
    let mut characters = 0;
    for (at, b) in set.iter().enumerate() {
        characters |= 1_u128 << b;
        if *b == b'-'
            && let (Some(low), Some(high)) = (at.checked_sub(1).map(|at| set[at]), set.get(at + 1))
        {
            characters = (low..=*high).fold(characters & !(1 << b'-'), |all, b| all | 1 << b);
        }
    }
    characters
}

fn fit(shape: &[Step], text: &[u8]) -> Option<usize> {
    let mut at = 0;
    for step in shape {
        let met = text.get(at).is_some_and(|b| b.is_ascii() && step.characters >> b & 1 == 1);
        match (met, step.optional) {
            (true, _) => at += 1,
            (false, true) => {}
            (false, false) => return None,
        }
    }
    Some(at)
}

impl Date {
    fn holds(&self, plain: &[u8]) -> bool {
        let pair = |at: usize| {
            let digits = plain.get(at..at + 2)?;
            digits
                .iter()
                .all(u8::is_ascii_digit)
                .then(|| u32::from(digits[0] - b'0') * 10 + u32::from(digits[1] - b'0'))
        };
        let (month, day) = match self.order.as_str() {
            "dmy" => (pair(self.at + 2), pair(self.at)),
            "Ymd" => (pair(self.at + 4), pair(self.at + 6)),
            _ => (pair(self.at + 2), pair(self.at + 4)),
        };
        let (Some(month), Some(day)) = (month, day) else { return false };
        let holds = |marks: &[u32], most: u32, found: u32| {
            [0].iter().chain(marks).any(|mark| (mark + 1..=mark + most).contains(&found))
        };
        holds(&self.month_marks, 12, month) && holds(&self.day_marks, 31, day)
    }
}

fn value(b: u8) -> i64 {
    match b {
        b'0'..=b'9' => i64::from(b - b'0'),
        b => i64::from(b.to_ascii_uppercase()) - i64::from(b'A') + 10,
    }
}

impl Check {
    fn holds(&self, plain: &[u8]) -> bool {
        match self {
            Self::Weighted { weights, from, modulus, plus, complement, again, ten, at, letters } => {
                let sum = |weights: &[i64]| -> Option<i64> {
                    let digits = plain.get(*from..*from + weights.len())?;
                    let sum: i64 = digits.iter().zip(weights).map(|(b, weight)| value(*b) * weight).sum();
                    let sum = if *complement { plus - sum } else { plus + sum };
                    Some(sum.rem_euclid(*modulus))
                };
                let Some(mut result) = sum(weights) else { return false };
                let Some(at) = at else { return result == 0 };
                let Some(found) = plain.get(*at) else { return false };
                if let Some(letters) = letters {
                    return usize::try_from(result).ok().and_then(|r| letters.as_bytes().get(r))
                        == Some(found);
                }
                if result == 10 && !again.is_empty() {
                    result = sum(again).unwrap_or(10);
                }
                if result == 10 {
                    let Some(ten) = ten else { return false };
                    result = *ten;
                }
                result == value(*found)
            }
            Self::Luhn { last } => {
                let from = if *last == 0 { 0 } else { plain.len().saturating_sub(*last) };
                luhn(&plain[from..])
            }
            Self::Remainder { from, to, and, modulus, complement, letters, at, prefixes } => {
                let places = (*from..*to).chain(and.iter().copied());
                let mut buffer = [0; SHAPE_MAX];
                let mut count = 0;
                for (kept, place) in buffer.iter_mut().zip(places) {
                    let Some(b) = plain.get(place) else { return false };
                    *kept = *b;
                    count += 1;
                }
                let digits = &buffer[..count];
                let number = |start: u64| {
                    digits.iter().fold(start % modulus, |sum, b| match b {
                        b'0'..=b'9' => (sum * 10 + u64::from(b - b'0')) % modulus,
                        // X, Y, Z as 0, 1, 2 where such a letter leads.
                        b'X'..=b'Z' => (sum * 10 + u64::from(b - b'X')) % modulus,
                        // Departments written with a letter count as the number before it: A one less, B two less.
                        b'A' => (sum * 10 + 9 + modulus - 10 % modulus) % modulus,
                        _ => (sum * 10 + 8 + modulus - 10 % modulus) % modulus,
                    })
                };
                let found = &plain[(*at).min(plain.len())..];
                let starts = if prefixes.is_empty() { &[0][..] } else { prefixes };
                starts.iter().any(|start| {
                    let result = if *complement { modulus - number(*start) } else { number(*start) };
                    match letters {
                        Some(letters) => {
                            usize::try_from(result).ok().and_then(|r| letters.as_bytes().get(r))
                                == found.first()
                                && !found.is_empty()
                        }
                        None => {
                            std::str::from_utf8(found).ok().and_then(|f| f.parse::<u64>().ok())
                                == Some(result)
                        }
                    }
                })
            }
            Self::Verhoeff => verhoeff(plain),
            Self::Mod11_10 => {
                let Some((last, digits)) = plain.split_last() else { return false };
                if !plain.iter().all(u8::is_ascii_digit) {
                    return false;
                }
                let product = digits.iter().fold(10, |product, b| {
                    let sum = match (value(*b) + product) % 10 {
                        0 => 10,
                        sum => sum,
                    };
                    sum * 2 % 11
                });
                (11 - product) % 10 == value(*last)
            }
            Self::Tables { odd, even, letters } => {
                let Some((last, rest)) = plain.split_last() else { return false };
                let place = |b: u8| usize::try_from(value(b)).unwrap_or(0);
                let of = |table: &str, b: u8| {
                    table.split(' ').nth(place(b)).and_then(|v| v.parse::<usize>().ok()).unwrap_or(0)
                };
                let sum: usize = rest
                    .iter()
                    .enumerate()
                    .map(|(at, b)| if at % 2 == 0 { of(odd, *b) } else { of(even, *b) })
                    .sum();
                letters.as_bytes().get(sum % 26) == Some(last)
            }
        }
    }
}

#[cfg(test)]
mod tests;
