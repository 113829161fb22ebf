//! One word: where it ends, how it is written, what it is in lower case.

use super::Form;
use crate::text::items::is_unspaced;
use crate::text::letters::{is_alphabetic, is_lowercase, is_numeric, is_uppercase, to_lowercase};
use std::borrow::Cow;

/// What a byte is to a word: a set of the constants below.
pub(super) type Class = u8;

pub(super) const LOWER: Class = 1;
pub(super) const UPPER: Class = 1 << 1;
/// A digit or an underscore.
pub(super) const DIGIT: Class = 1 << 2;
/// It may stand inside of a word.
const JOINER: Class = 1 << 3;
/// A space or a control character.
pub(super) const SPACE: Class = 1 << 4;
pub(super) const LINE: Class = 1 << 5;
const MARK: Class = 1 << 6;
/// A part of a character that is none of ASCII.
pub(super) const OTHER: Class = 1 << 7;

const CLASSES: [Class; 256] = {
    let mut classes = [OTHER; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        classes[byte as usize] = match byte {
            b'a'..=b'z' => LOWER,
            b'A'..=b'Z' => UPPER,
            b'0'..=b'9' | b'_' => DIGIT,
            b'-' | b'\'' => JOINER,
            b'\n' => LINE,
            0..=b' ' | 127 => SPACE,
            _ => MARK,
        };
        byte += 1;
    }
    classes
};

pub(super) fn class(byte: u8) -> Class {
    CLASSES[usize::from(byte)]
}

/// The word at `at` where it is small letters, perhaps behind a capital, as most are: its end and its form.
pub(super) fn simple_word(bytes: &[u8], at: usize) -> Option<(usize, Form)> {
    let rest = bytes.get(at..)?;
    let capital = usize::from(rest.first().is_some_and(u8::is_ascii_uppercase));
    let small = rest[capital..].iter().position(|byte| class(*byte) != LOWER);
    let length = small.map_or(rest.len(), |small| capital + small);
    let ends =
        rest.get(length).is_none_or(|next| class(*next) & (LOWER | UPPER | DIGIT | JOINER | OTHER) == 0);
    (length > capital && ends).then(|| (at + length, if capital == 1 { Form::Title } else { Form::Lower }))
}

/// The word at `at` where it has no mark inside and its letters are those of [`simple`]; otherwise [`word`] reads it.
/// Its end, its form, and whether lowering the ASCII of it is all that folding it takes.
pub(super) fn quick_word(bytes: &[u8], at: usize) -> Option<(usize, Form, bool)> {
    let (mut seen, mut capitals, mut letters, mut end) = (0, 0_usize, 0_usize, at);
    let (mut first, mut copied) = (0, true);
    while let Some(byte) = bytes.get(end) {
        let mut is = class(*byte);
        let mut length = 1;
        if is == OTHER {
            is = simple(*byte, *bytes.get(end + 1)?)?;
            length = 2;
            copied &= is == LOWER;
        }
        if is & (LOWER | UPPER | DIGIT) == 0 {
            let next = bytes.get(end + 1);
            if is == JOINER && next.is_some_and(|next| class(*next) & (LOWER | UPPER | OTHER) != 0) {
                return None;
            }
            break;
        }
        if letters == 0 {
            first = is;
        }
        seen |= is;
        capitals += usize::from(is >> 1 & 1);
        letters += 1;
        end += length;
    }
    let form = match seen {
        LOWER => Form::Lower,
        UPPER if letters == 1 => Form::Initial,
        UPPER => Form::Upper,
        seen if seen & DIGIT == 0 && first == UPPER && capitals <= 2 => Form::Title,
        _ => Form::Mixed,
    };
    Some((end, form, copied))
}

/// What a letter of two bytes is to a word: a letter of the Latin, Greek or Cyrillic alphabets that is small or a
/// capital and nothing besides.
fn simple(first: u8, second: u8) -> Option<Class> {
    if !(0xc3..=0xd4).contains(&first) {
        return None;
    }
    let c = char::from_u32(u32::from(first & 0x1f) << 6 | u32::from(second & 0x3f))?;
    match (is_alphabetic(c), is_lowercase(c)) {
        (true, true) => Some(LOWER),
        (true, false) => Some(UPPER),
        _ => None,
    }
}

/// The word at `at`: its end and its form.
pub(super) fn word(text: &str, at: usize) -> (usize, Form) {
    let mut end = at;
    let (mut upper, mut lower, mut digits, mut parts, mut other) =
        (0_usize, 0_usize, 0_usize, 1_usize, false);
    let (mut title, mut part_start, mut part_upper) = (true, true, 0_usize);
    let mut characters = text[at..].char_indices().peekable();
    while let Some((offset, c)) = characters.next() {
        let next = characters.peek().map(|(_, next)| *next);
        if is_alphabetic(c) && !is_unspaced(c) {
            if is_lowercase(c) {
                lower += 1;
                title &= !part_start;
            } else {
                upper += 1;
                part_upper += 1;
            }
            part_start = false;
        } else if is_numeric(c) && !is_unspaced(c) || c == '_' {
            digits += 1;
            title = false;
            part_start = false;
        } else if is_combining(c) {
        } else if matches!(c, '-' | '\'' | '’' | '‑') {
            let Some(next) = next.filter(|next| is_alphabetic(*next) && !is_unspaced(*next)) else { break };
            let apostrophe = matches!(c, '\'' | '’');
            // `Anna's`, `Yılmaz'ın`: what follows is an ending. `d'Anna`, `l'utilisateur`: what comes before is one.
            if apostrophe && (is_lowercase(next) && upper > 0 && offset > 0) {
                break;
            }
            if apostrophe && lower > 0 && upper == 0 && offset <= 2 {
                break;
            }
            parts += 1;
            title &= part_upper <= 2;
            part_start = true;
            part_upper = 0;
        } else {
            break;
        }
        other |= !is_alphabetic(c) && !matches!(c, '-' | '\'' | '’' | '‑') && !is_combining(c);
        end = at + offset + c.len_utf8();
    }
    // McDonald, MacArthur, DiCaprio, O'Brien: a second capital inside a part is allowed, more is not a name.
    let form = if digits > 0 || other {
        Form::Mixed
    } else if upper == 0 {
        Form::Lower
    } else if lower == 0 {
        if upper == 1 && parts == 1 { Form::Initial } else { Form::Upper }
    } else if title && upper <= parts + 1 {
        Form::Title
    } else {
        Form::Mixed
    };
    (end.max(at + text[at..].chars().next().map_or(1, char::len_utf8)), form)
}

pub(in crate::text) fn is_combining(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{200c}' | '\u{200d}' | '\u{ad}')
}

/// `word` in lower case. Nothing is allocated for a word that has no capital.
pub(in crate::text) fn lower(word: &str) -> Cow<'_, str> {
    if word.bytes().all(|b| b.is_ascii() && !b.is_ascii_uppercase()) {
        return Cow::Borrowed(word);
    }
    if word.is_ascii() {
        return Cow::Owned(word.to_ascii_lowercase());
    }
    if !folds(word) {
        return Cow::Borrowed(word);
    }
    let mut out = String::with_capacity(word.len() + 4);
    fold(word, &mut out);
    Cow::Owned(out)
}

/// Whether a word that is not all ASCII is another in lower case.
pub(super) fn folds(word: &str) -> bool {
    word.chars().any(|c| is_uppercase(c) || is_combining(c) || c == '’')
}

/// Pushes such a word in lower case.
pub(super) fn fold(word: &str, out: &mut String) {
    let mut characters = word.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            'İ' => out.push('i'),
            '’' => out.push('\''),
            '\u{ad}' | '\u{200c}' | '\u{200d}' => {}
            c => {
                let whole = characters.peek().and_then(|mark| composed(c, *mark));
                if whole.is_some() {
                    characters.next();
                }
                to_lowercase(whole.unwrap_or(c), out);
            }
        }
    }
}

/// A letter with a mark that stands apart, as one: the pairs that names have.
fn composed(letter: char, mark: char) -> Option<char> {
    if !is_combining(mark) {
        return None;
    }
    const PAIRS: [(char, &str, &str); 9] = [
        ('\u{300}', "aeiouAEIOU", "àèìòùÀÈÌÒÙ"),
        ('\u{301}', "aeiouyncszlAEIOUYNCSZL", "áéíóúýńćśźĺÁÉÍÓÚÝŃĆŚŹĹ"),
        ('\u{302}', "aeiouAEIOU", "âêîôûÂÊÎÔÛ"),
        ('\u{303}', "anoANO", "ãñõÃÑÕ"),
        ('\u{308}', "aeiouAEIOU", "äëïöüÄËÏÖÜ"),
        ('\u{30a}', "auAU", "åůÅŮ"),
        ('\u{30c}', "cszrneCSZRNE", "čšžřňěČŠŽŘŇĚ"),
        ('\u{327}', "csCS", "çşÇŞ"),
        ('\u{328}', "aeAE", "ąęĄĘ"),
    ];
    let (_, letters, whole) = PAIRS.iter().find(|(m, ..)| *m == mark)?;
    let place = letters.chars().position(|l| l == letter)?;
    whole.chars().nth(place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, fork: false, ..ProptestConfig::default() })]

        #[test]
        fn what_is_read_quickly_is_read_as_all_words_are(text in "[A-Za-z0-9_'’İıŞßÉéΣσЖж\u{301}\u{ad}×ª田.-]{1,10}") {
            let begins = text.chars().next().is_some_and(|c| c == '_' || c.is_alphanumeric() && !is_unspaced(c));
            if let Some((end, form, copied)) = quick_word(text.as_bytes(), 0).filter(|_| begins) {
                prop_assert_eq!((end, form), word(&text, 0));
                if copied {
                    prop_assert_eq!(text[..end].to_ascii_lowercase(), lower(&text[..end]));
                }
            }
        }
    }
}
