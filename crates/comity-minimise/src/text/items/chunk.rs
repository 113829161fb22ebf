//! A run of characters that belong together, and which marks are in it.

use crate::text::letters::is_alphanumeric;

/// The longest chunk that is looked into; a longer one is an encoded blob.
pub(super) const CHUNK_MAX: usize = 1024;
/// A chunk that has reached this length ends at the next separator: rows of values without spaces.
const CHUNK_LONG: usize = 512;

/// A chunk of this length is looked into, whatever is in it.
pub(super) const LONG: usize = 32;

/// What the characters of a chunk are: a set of the constants below.
pub(super) type Bits = u16;

pub(super) const DOT: Bits = 1;
pub(super) const SLASH: Bits = 1 << 1;
pub(super) const BACKSLASH: Bits = 1 << 2;
pub(super) const AT: Bits = 1 << 3;
pub(super) const COLON: Bits = 1 << 4;
pub(super) const DIGIT: Bits = 1 << 5;
pub(super) const DASH: Bits = 1 << 6;
/// What is in an address that nobody is to follow by accident: a bracket, an `x`.
pub(super) const FANG: Bits = 1 << 7;
/// It belongs to a chunk.
pub(super) const IN: Bits = 1 << 8;
/// A part of a character that is none of ASCII: Unicode is asked.
pub(super) const OTHER: Bits = 1 << 9;
/// A quote, a bracket and the like: a chunk is cut there.
pub(super) const CUT: Bits = 1 << 10;
pub(super) const SPECIAL: Bits = DOT | SLASH | BACKSLASH | AT | COLON;

const BITS: [Bits; 256] = {
    let mut bits = [OTHER; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        bits[byte as usize] = match byte {
            b'"' | b'<' | b'>' | b'|' | b'`' => CUT,
            0..=0x20 | 0x7f => 0,
            b'.' => IN | DOT,
            b'/' => IN | SLASH,
            b'\\' => IN | BACKSLASH,
            b'@' => IN | AT,
            b':' => IN | COLON,
            b'0'..=b'9' => IN | DIGIT,
            b'-' => IN | DASH,
            b'(' | b'{' => IN | FANG | CUT,
            b'[' | b'x' | b'X' => IN | FANG,
            b',' | b';' | b')' | b'}' | b'=' | b'!' | b'*' | b'^' | b'\'' => IN | CUT,
            _ => IN,
        };
        byte += 1;
    }
    bits
};

pub(super) fn bits(b: u8) -> Bits {
    BITS[usize::from(b)]
}

/// Moves `at` behind the chunk that begins there; gives what is in it.
pub(super) fn chunk(text: &str, at: &mut usize) -> Bits {
    let (bytes, mut end) = (text.as_bytes(), *at);
    let long = end + CHUNK_LONG;
    let mut seen = 0;
    loop {
        // Most of a chunk is ASCII, and most are short: nothing else is asked of these bytes.
        for byte in &bytes[end..bytes.len().min(long + 1).max(end)] {
            let is = bits(*byte);
            if is & IN == 0 {
                break;
            }
            seen |= is;
            end += 1;
        }
        let Some(byte) = bytes.get(end) else { break };
        let is = bits(*byte);
        if is & IN != 0 {
            if end > long && b",;&=".contains(byte) {
                break;
            }
            seen |= is;
            end += 1;
            continue;
        }
        match text[end..].chars().next() {
            Some(c) if is == OTHER && is_chunk_letter(c) => end += c.len_utf8(),
            _ => break,
        }
    }
    *at = end;
    seen
}

pub(super) fn is_chunk_letter(c: char) -> bool {
    is_alphanumeric(c) && !is_unspaced(c)
}

/// Whether a chunk is a word with a mark behind it: the commonest of those with a mark, and nothing.
pub(super) fn is_marked_word(chunk: &[u8]) -> bool {
    let plain = |b: &u8| bits(*b) & !(IN | DASH | CUT | OTHER) == 0;
    chunk.split_last().is_some_and(|(last, word)| matches!(last, b'.' | b':') && word.iter().all(plain))
        && chunk.len() < LONG
}

/// Whether `c` belongs to a script that is written without spaces between words.
pub(in crate::text) fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{ff00}'..='\u{ffef}' | '\u{20000}'..='\u{3ffff}')
}
