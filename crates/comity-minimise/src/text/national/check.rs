//! How a number checks itself, and its date: what `data/national-ids.toml` can say of them.

use super::SHAPE_MAX;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Date {
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
pub(super) enum Check {
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

/// Whether digits pass the check of payment cards.
pub(in crate::text) fn luhn(digits: &[u8]) -> bool {
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
pub(super) fn verhoeff(digits: &[u8]) -> bool {
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

impl Date {
    pub(super) fn holds(&self, plain: &[u8]) -> bool {
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
    pub(super) fn holds(&self, plain: &[u8]) -> bool {
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
