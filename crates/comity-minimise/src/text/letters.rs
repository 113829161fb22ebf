//! What Unicode says of a letter, quickly for the alphabets that texts are mostly written in.
//!
//! The library answers by searching tables; below U+0530 (Latin, Greek, Cyrillic) the answers lie in one of ours,
//! which is filled from the library's. Tested: both say the same of every character.

use std::borrow::Cow;
use std::sync::LazyLock;

const ALPHABETIC: u8 = 1;
const NUMERIC: u8 = 1 << 1;
const LOWER: u8 = 1 << 2;
const UPPER: u8 = 1 << 3;

const COUNT: usize = 0x530;

static LETTERS: LazyLock<[u8; COUNT]> = LazyLock::new(|| {
    let mut letters = [0; COUNT];
    for (c, letter) in ('\0'..).zip(&mut letters) {
        let of = |bit: u8, is: bool| if is { bit } else { 0 };
        *letter = of(ALPHABETIC, c.is_alphabetic())
            | of(NUMERIC, c.is_numeric())
            | of(LOWER, c.is_lowercase())
            | of(UPPER, c.is_uppercase());
    }
    letters
});

/// What each letter is in lower case, where that is one character.
static LOWERED: LazyLock<[Option<char>; COUNT]> = LazyLock::new(|| {
    let mut lowered = [None; COUNT];
    for (c, lower) in ('\0'..).zip(&mut lowered) {
        let mut characters = c.to_lowercase();
        *lower = characters.next().filter(|_| characters.next().is_none());
    }
    lowered
});

/// Pushes `c` in lower case.
pub(super) fn to_lowercase(c: char, out: &mut String) {
    match LOWERED.get(u32::from(c) as usize).copied().flatten() {
        Some(lower) => out.push(lower),
        None => out.extend(c.to_lowercase()),
    }
}

/// `text` in lower case, as the library does it; nothing is allocated where it has no capital of ASCII and nothing else.
pub(super) fn lower(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|b| b.is_ascii() && !b.is_ascii_uppercase()) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(if text.is_ascii() { text.to_ascii_lowercase() } else { text.to_lowercase() })
}

fn letter(c: char) -> Option<u8> {
    LETTERS.get(u32::from(c) as usize).copied()
}

/// Whether `c` is alphabetic.
pub(super) fn is_alphabetic(c: char) -> bool {
    letter(c).map_or_else(|| c.is_alphabetic(), |letter| letter & ALPHABETIC != 0)
}

/// Whether `c` is alphabetic or numeric.
pub(super) fn is_alphanumeric(c: char) -> bool {
    letter(c).map_or_else(|| c.is_alphanumeric(), |letter| letter & (ALPHABETIC | NUMERIC) != 0)
}

/// Whether `c` is numeric.
pub(super) fn is_numeric(c: char) -> bool {
    letter(c).map_or_else(|| c.is_numeric(), |letter| letter & NUMERIC != 0)
}

/// Whether `c` is a small letter.
pub(super) fn is_lowercase(c: char) -> bool {
    letter(c).map_or_else(|| c.is_lowercase(), |letter| letter & LOWER != 0)
}

/// Whether `c` is a capital.
pub(super) fn is_uppercase(c: char) -> bool {
    letter(c).map_or_else(|| c.is_uppercase(), |letter| letter & UPPER != 0)
}

#[cfg(test)]
mod tests {
    #[test]
    fn of_every_character_the_library_says_the_same() {
        for c in '\0'..=char::MAX {
            assert_eq!(super::is_alphabetic(c), c.is_alphabetic(), "{c:?}");
            assert_eq!(super::is_alphanumeric(c), c.is_alphanumeric(), "{c:?}");
            assert_eq!(super::is_numeric(c), c.is_numeric(), "{c:?}");
            assert_eq!(super::is_lowercase(c), c.is_lowercase(), "{c:?}");
            assert_eq!(super::is_uppercase(c), c.is_uppercase(), "{c:?}");
            let mut lower = String::new();
            super::to_lowercase(c, &mut lower);
            assert_eq!(lower, c.to_lowercase().to_string(), "{c:?}");
        }
    }
}
