//! Numbers that reach a person: telephones, payment cards, bank accounts, the numbers of states.
//!
//! Whatever checks itself is tried first; a telephone number has no check digits and is told by its form, by `+`, or
//! by the word before it.

use super::lexicon::{CARD, Cues, IBAN, NATIONAL_ID, PHONE};
use super::national::{Table, iban, luhn};
use super::span::{Label, Span};
use super::tokens::{Token, Tokens, What};

/// How many words before a number tell what it is.
const WORDS_BEFORE: usize = 4;
/// A number has at most 40 bytes, and an extension of six.
const DIGITS_MAX: usize = 48;

/// What the numbers of `text` are.
pub(super) fn find(text: &str, tokens: &Tokens, spans: &mut Vec<Span>) {
    let table = Table::shipped();
    let mut reached = 0;
    for at in tokens.places().numbers.iter().copied() {
        let token = &tokens[at];
        if token.start < reached {
            continue;
        }
        let letters = token.what != What::Number;
        let before = text[..token.start].chars().next_back();
        if before.is_some_and(|c| {
            matches!(c, '_' | '-' | '.' | '$' | '€' | '£' | '#' | '%') || c.is_ascii_alphanumeric()
        }) {
            continue;
        }
        let announced = || announced(tokens, at);
        let rest = &text[token.start..];
        let found = match letters {
            true => with_letters(table, rest, &text[token.range()], &announced),
            false => number(table, rest, &text[token.range()], &announced),
        };
        if let Some((from, to, label)) = found {
            let mut span = Span { start: token.start + from, end: token.start + to, label };
            let held = &text[span.start..span.end];
            if held.contains(')') && !held.contains('(') && text[..span.start].ends_with('(') {
                span.start -= 1;
            }
            reached = span.end;
            spans.push(span);
        }
    }
}

/// What the words before the token at `at` tell, in its line or at the end of the one before.
fn announced(tokens: &[Token], at: usize) -> Cues {
    let (mut cues, mut words, mut lines) = (0, 0, 0);
    for token in tokens[..at].iter().rev().take(WORDS_BEFORE * 3) {
        match token.what {
            What::Word(_) => {
                // A nearer word decides.
                if cues & (PHONE | CARD | IBAN | NATIONAL_ID) == 0 {
                    cues |= token.cues;
                }
                words += 1;
            }
            What::Unspaced => {
                words += 1;
                cues |= token.cues;
            }
            What::Line if words == 0 && lines == 0 => lines += 1,
            What::Mark(';' | '|') | What::Line | What::Number | What::Item(_) => break,
            What::Mark(_) => {}
        }
        if words == WORDS_BEFORE {
            break;
        }
    }
    cues
}

/// What begins with a letter or has one: a bank account, a number of a state.
fn with_letters(
    table: &Table,
    rest: &str,
    word: &str,
    announced: &dyn Fn() -> Cues,
) -> Option<(usize, usize, Label)> {
    if let Some((length, right)) = iban(rest)
        && (right || announced() & IBAN != 0)
    {
        return Some((0, length, Label::Iban));
    }
    let plausible = word.bytes().any(|b| b.is_ascii_digit()) || (word.len() <= 3 && word.is_ascii());
    if !plausible {
        return None;
    }
    let announced = announced() & NATIONAL_ID != 0;
    let found = table.find(rest, announced)?;
    (found.alone || announced).then_some((0, found.length, Label::NationalId))
}

fn number(
    table: &Table,
    rest: &str,
    whole: &str,
    announced: &dyn Fn() -> Cues,
) -> Option<(usize, usize, Label)> {
    if whole.len() < 5 {
        return None;
    }
    let mut buffer = [0; DIGITS_MAX];
    let digits = digits_of(whole, &mut buffer);
    if digits.len() < 5 {
        return None;
    }
    let announced = announced();
    if whole.starts_with('+') {
        return phone(whole, digits, announced).map(|length| (0, length, Label::Phone));
    }
    if is_card(whole, digits, announced) {
        return Some((0, whole.len(), Label::CreditCard));
    }
    let state = table.find(rest, announced & NATIONAL_ID != 0);
    if let Some(found) = state
        && (found.alone || announced & NATIONAL_ID != 0 && (found.right || announced & (PHONE | CARD) == 0))
    {
        return Some((0, found.length, Label::NationalId));
    }
    if let Some(length) = phone(whole, digits, announced) {
        return Some((0, length, Label::Phone));
    }
    // Something else may stand before: a date, a count.
    let bytes = whole.as_bytes();
    let starts = (1..bytes.len())
        .filter(|at| bytes[*at].is_ascii_digit() && matches!(bytes[at - 1], b' ' | b'(' | b'/'))
        .take(8);
    for from in starts {
        let part = &whole[from..];
        let mut buffer = [0; DIGITS_MAX];
        let digits = digits_of(part, &mut buffer);
        if digits.len() < 8 {
            break;
        }
        if is_card(part, digits, announced) {
            return Some((from, whole.len(), Label::CreditCard));
        }
        if let Some(found) = table.find(&rest[from..], false)
            && found.alone
        {
            return Some((from, from + found.length, Label::NationalId));
        }
    }
    None
}

/// The digits of a number, which a token bounds, in `buffer`.
fn digits_of<'b>(number: &str, buffer: &'b mut [u8; DIGITS_MAX]) -> &'b [u8] {
    let mut count = 0;
    for (place, digit) in buffer.iter_mut().zip(number.bytes().filter(u8::is_ascii_digit)) {
        *place = digit;
        count += 1;
    }
    &buffer[..count]
}

/// A payment card: its beginning, its length and its check digit.
fn is_card(whole: &str, digits: &[u8], announced: Cues) -> bool {
    let lead = |count: usize| digits[..count].iter().fold(0_u32, |n, b| n * 10 + u32::from(b - b'0'));
    if !(13..=19).contains(&digits.len()) || whole.contains(['+', '/', '(']) {
        return false;
    }
    let length = digits.len();
    let network = match lead(4) {
        4000..=4999 => length == 16 || length == 13 || length == 19,
        5100..=5599 | 2221..=2720 => length == 16,
        3400..=3499 | 3700..=3799 => length == 15,
        3000..=3059 | 3600..=3699 | 3800..=3999 => length == 14 || length == 16,
        3528..=3589 => length == 16,
        6011 | 6440..=6599 | 6200..=6299 => length >= 16,
        5000..=5099 | 5600..=5899 | 6000..=6999 => announced & CARD != 0,
        _ => false,
    };
    let groups = whole.split([' ', '-', '.']).count();
    let grouped = groups == 1
        || whole.split([' ', '-', '.']).take(groups - 1).all(|group| (4..=6).contains(&group.len()));
    let checks = luhn(digits);
    (network && checks && grouped)
        || (announced & CARD != 0 && announced & PHONE == 0 && grouped && length >= 15 && (network || checks))
}

/// How much of `whole` is a telephone number.
fn phone(whole: &str, digits: &[u8], announced: Cues) -> Option<usize> {
    let length = digits.len();
    let dated = is_dated(whole);
    let mut lengths = [0; DIGITS_MAX];
    let mut count = 0;
    let each = whole.split(|c: char| !c.is_ascii_digit()).filter(|group| !group.is_empty()).map(str::len);
    for (place, length) in lengths.iter_mut().zip(each) {
        *place = length;
        count += 1;
    }
    let groups = &lengths[..count];
    let extension = whole.rfind('x').map_or(0, |at| whole.len() - at - 1);
    let bare = length - extension;
    let held = if whole.starts_with('+') {
        (7..=15).contains(&bare)
    } else if dated {
        false
    } else if announced & PHONE != 0 {
        (5..=15).contains(&bare) && !(groups.len() == 1 && bare < 6)
    } else if digits.starts_with(b"00") {
        (10..=16).contains(&bare) && digits[2] != b'0'
    } else if extension > 0 {
        true
    } else if let Some([a, b, c]) = groups.get(groups.len().saturating_sub(3)..)
        && (*a, *b, *c) == (3, 3, 4)
        && (groups.len() == 3 || groups.len() == 4 && digits[0] == b'1')
        && (whole.contains(['-', '.', '(']))
    {
        true
    } else {
        digits[0] == b'0'
            && digits[1] != b'0'
            && (9..=11).contains(&bare)
            && (groups.len() > 1 || bare >= 10)
            && groups.len() <= 5
            && !whole.contains('.')
    };
    held.then(|| whole.len() - usize::from(whole.ends_with(')')) * usize::from(!whole.contains('(')))
}

/// Whether it begins with a date, or is a range of years.
fn is_dated(whole: &str) -> bool {
    let mut first = [""; 4];
    let mut count = 0;
    let each = whole.split(|c: char| !c.is_ascii_digit()).filter(|group| !group.is_empty());
    for (place, group) in first.iter_mut().zip(each) {
        *place = group;
        count += 1;
    }
    let groups = &first[..count];
    let number = |group: &str| group.parse::<u32>().unwrap_or(u32::MAX);
    let year = |group: &str| group.len() == 4 && (1900..2100).contains(&number(group));
    let small = |group: &str, most: u32| group.len() <= 2 && (1..=most).contains(&number(group));
    let separator = whole.chars().find(|c| !c.is_ascii_digit());
    match groups {
        [a, b, c, ..] if year(a) && small(b, 12) && small(c, 31) => true,
        [a, b, c, ..] if small(a, 31) && small(b, 31) && year(c) => true,
        [a, b] => year(a) && (year(b) || separator == Some('-')),
        [a] => {
            a.len() == 8 && a.starts_with("20")
                || a.len() == 10 && a.starts_with("1")
                || a.len() == 13
                || a.len() == 14 && a.starts_with("20")
        }
        _ => false,
    }
}
