//! What can be read from its own form: addresses, paths, hashes, numbers of incidents; found in one walk over the
//! text, chunk by chunk. What identifies an attack or a thing is *masked* here, before anything else looks at it.
//!
//! A chunk is a run of visible ASCII and of letters that are not written without spaces. Items lie apart and in
//! order. Every search in a chunk is bounded, so that the walk is linear in the text.

use super::letters::lower;
use super::lexicon::{Cues, DOTTED_END, Lexicon, SYSTEM_ACCOUNT};
use super::span::Label;
use std::net::Ipv4Addr;
use std::ops::Range;

mod chunk;
mod forms;
mod mail;
mod path;

pub(super) use chunk::is_unspaced;
use chunk::{
    AT, BACKSLASH, Bits, CHUNK_MAX, COLON, CUT, DASH, DIGIT, DOT, FANG, LONG, OTHER, SLASH, SPECIAL, bits,
    chunk, is_chunk_letter, is_marked_word,
};
use forms::{ipv4, ipv6, is_blob, is_mac, is_numbered, is_uuid};

/// What an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A thing: it is no personal data and nothing else is looked for in it.
    Thing,
    /// A thing written so that nobody clicks it: it tells that the text beside it speaks of an attack.
    Defanged,
    /// The address of a machine; whose, is decided by what stands beside it.
    Address { private: bool },
    /// An e-mail address; whose, is decided by what stands beside it. The bytes before its `@`.
    Mail { local: usize },
    /// Found for certain.
    Found(Label),
}

/// A part of the text that was read by its form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item {
    pub range: Range<usize>,
    pub kind: Kind,
}

/// Puts the items of `text` into `items`.
pub(super) fn items(text: &str, lexicon: &Lexicon, items: &mut Vec<Item>) {
    items.clear();
    let mut reader = Reader { text, lexicon, items, path_end: None };
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bits(bytes[at]) {
            0 | CUT => {
                at += 1;
                continue;
            }
            OTHER => {
                let Some(c) = text[at..].chars().next() else { break };
                if !is_chunk_letter(c) {
                    at += c.len_utf8();
                    continue;
                }
            }
            _ => {}
        }
        let (start, seen) = (at, chunk(text, &mut at));
        let dashed = seen & (DIGIT | DASH) == (DIGIT | DASH);
        if seen & SPECIAL != 0 && !is_marked_word(&bytes[start..at]) || at - start >= LONG || dashed {
            reader.chunk(start, at, seen);
        }
        if seen & BACKSLASH == 0 {
            reader.path_end = None;
        }
    }
    reader.items.sort_by_key(|item| (item.range.start, item.range.end));
    let mut end = 0;
    reader.items.retain(|item| {
        let apart = item.range.start >= end && !item.range.is_empty();
        if apart {
            end = item.range.end;
        }
        apart
    });
}

struct Reader<'t> {
    text: &'t str,
    lexicon: &'t Lexicon,
    items: &'t mut Vec<Item>,
    /// Where the last Windows path ended: one with spaces goes on in the next chunk.
    path_end: Option<usize>,
}

impl Reader<'_> {
    fn put(&mut self, range: Range<usize>, kind: Kind) {
        self.items.push(Item { range, kind });
    }

    fn cues(&self, word: &str) -> Cues {
        if word.bytes().all(|b| b.is_ascii() && !b.is_ascii_uppercase()) {
            return self.lexicon.cues(word);
        }
        self.lexicon.cues(&lower(word))
    }

    fn is_system_account(&self, name: &str) -> bool {
        let lower = lower(name);
        self.lexicon.cues_of_entry(&lower) & SYSTEM_ACCOUNT != 0
            || ["svc", "service", "sa-", "msol_", "healthmailbox", "umfd-", "dwm-", "defaultapppool"]
                .iter()
                .any(|start| lower.starts_with(start))
    }

    fn chunk(&mut self, start: usize, end: usize, seen: Bits) {
        if end - start > CHUNK_MAX {
            return self.put(start..end, Kind::Thing);
        }
        let chunk = &self.text[start..end];
        if seen & SLASH != 0
            && let Some(found) = scheme(chunk)
        {
            let stop = url_end(chunk, found.end);
            self.chunk_again(start, start + found.start);
            let kind = if is_defanged(&chunk[found.start..stop]) { Kind::Defanged } else { Kind::Thing };
            self.put(start + found.start..start + stop, kind);
            return self.chunk_again(start + stop, end);
        }
        if seen & FANG != 0 && is_defanged(chunk) {
            let (from, to) = trimmed(chunk);
            return self.put(start + from..start + to, Kind::Defanged);
        }
        if seen & BACKSLASH != 0 {
            return self.backslashed(start, end);
        }
        if seen & CUT == 0 {
            return self.piece_with(start, end, seen);
        }
        let mut from = start;
        for at in start..=end {
            if at == end || bits(self.text.as_bytes()[at]) & CUT != 0 {
                if at > from {
                    self.piece(from, at);
                }
                from = at + 1;
            }
        }
    }

    fn chunk_again(&mut self, start: usize, end: usize) {
        if start < end {
            let seen = seen(&self.text[start..end]);
            self.chunk(start, end, seen);
        }
    }

    /// A part of a chunk between quotes, brackets and the like.
    fn piece(&mut self, start: usize, end: usize) {
        let seen = seen(&self.text[start..end]);
        self.piece_with(start, end, seen);
    }

    /// One in which this was `seen`.
    fn piece_with(&mut self, start: usize, end: usize, seen: Bits) {
        if seen & AT != 0 {
            return self.at_signs(start, end);
        }
        if seen & SLASH != 0 {
            return self.slashed(start, end);
        }
        let (from, to) = trimmed(&self.text[start..end]);
        let (start, end) = (start + from, start + to.max(from));
        let piece = &self.text[start..end];
        if piece.is_empty() {
            return;
        }
        if is_mac(piece) {
            return self.put(start..end, Kind::Found(Label::Mac));
        }
        if seen & COLON != 0 {
            if let Some(kind) = ipv6(piece) {
                return self.put(start..end, kind);
            }
            if piece.bytes().filter(|b| *b == b':').count() > 5
                && piece.bytes().all(|b| b.is_ascii_hexdigit() || b == b':')
            {
                return self.put(start..end, Kind::Thing);
            }
            let mut from = start;
            for at in start..=end {
                if at == end || self.text.as_bytes()[at] == b':' {
                    if at > from {
                        self.plain_piece(from, at);
                    }
                    from = at + 1;
                }
            }
            return;
        }
        self.plain_piece(start, end);
    }

    /// A part that holds dots, dashes, letters and digits only.
    fn plain_piece(&mut self, start: usize, end: usize) {
        let (from, to) = trimmed(&self.text[start..end]);
        let (start, end) = (start + from, start + to.max(from));
        let piece = &self.text[start..end];
        let length = piece.len();
        if length < 3 {
            return;
        }
        if seen(piece) & DOT != 0 {
            if is_mac(piece) {
                return self.put(start..end, Kind::Found(Label::Mac));
            }
            if piece.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
                if let Ok(address) = piece.parse::<Ipv4Addr>() {
                    let kind = ipv4(address);
                    return self.put(start..end, kind);
                }
                let parts = piece.split('.').count();
                if (3..=5).contains(&parts) && piece.split('.').all(|part| part.len() < 6) {
                    // A version, a date; a telephone number has longer parts.
                    if piece.bytes().filter(u8::is_ascii_digit).count() < 7 {
                        self.put(start..end, Kind::Thing);
                    }
                    return;
                }
            }
            if self.is_dotted_thing(piece) {
                return self.put(start..end, Kind::Thing);
            }
        }
        let hex = || piece.bytes().all(|b| b.is_ascii_hexdigit());
        if length >= 32 && hex() || length >= 40 && is_blob(piece) || is_uuid(piece) {
            return self.put(start..end, Kind::Thing);
        }
        if is_numbered(piece) {
            self.put(start..end, Kind::Thing);
        }
    }

    /// A domain or a file: dotted, and its end is one of those that exist.
    fn is_dotted_thing(&self, piece: &str) -> bool {
        let Some((before, last)) = piece.rsplit_once('.') else { return false };
        let ends = self.cues(last) & DOTTED_END != 0 || last.starts_with("xn--");
        let is_label =
            |part: &str| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || "-_~$+".contains(c));
        let shaped = before.split('.').all(is_label);
        // `done.It` is the end of one sentence and the beginning of another.
        let joined =
            last.chars().next().is_some_and(char::is_uppercase) && last.chars().any(char::is_lowercase);
        ends && shaped && !joined && before.chars().any(char::is_alphanumeric)
    }
}

fn seen(part: &str) -> Bits {
    part.bytes().fold(0, |seen, b| seen | bits(b))
}

/// Where a URL's scheme lies in `chunk`: `https://`, `hxxp[:]//`; not that of a local file.
fn scheme(chunk: &str) -> Option<Range<usize>> {
    let slashes = chunk.as_bytes().windows(2).position(|pair| pair == b"//")?;
    let before = &chunk[..slashes];
    let colon = before.strip_suffix("[:]").or_else(|| before.strip_suffix(':'))?;
    let start = colon
        .bytes()
        .rposition(|b| !(b.is_ascii_alphanumeric() || b == b'+' || b == b'-'))
        .map_or(0, |at| at + 1);
    let name = &colon[start..];
    let valid = (2..=12).contains(&name.len()) && name.as_bytes()[0].is_ascii_alphabetic() && name != "file";
    valid.then_some(start..slashes + 2)
}

fn url_end(chunk: &str, from: usize) -> usize {
    let stop =
        chunk[from..].find(['"', '<', '>', '|', '`', '{', '}', '^']).map_or(chunk.len(), |at| from + at);
    let mut end = stop;
    for _ in 0..8 {
        let last = chunk[..end].chars().next_back().unwrap_or(' ');
        let open =
            |open, close| chunk[from..end].matches(close).count() <= chunk[from..end].matches(open).count();
        let closes = (last == ')' && !open('(', ')')) || (last == ']' && !open('[', ']'));
        if !(matches!(last, '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '*') || closes) {
            break;
        }
        end -= last.len_utf8();
    }
    end
}

/// Whether someone made sure that nobody follows it by accident: it has `[.`, `(dot)` or `hxxp` in it, and more.
fn is_defanged(chunk: &str) -> bool {
    let bytes = chunk.as_bytes();
    let begins = |at: usize, sign: &str| {
        bytes.get(at..at + sign.len()).is_some_and(|found| found.eq_ignore_ascii_case(sign.as_bytes()))
    };
    let signs = |first: u8| -> &[&str] {
        match first {
            b'[' => &["[.", "[dot]", "[:]", "[@]", "[at]"],
            b'(' => &["(.)", "(dot)", "(at)"],
            b'{' => &["{.}"],
            b'h' | b'H' => &["hxxp"],
            _ => &[],
        }
    };
    let sign = (0..bytes.len()).any(|at| signs(bytes[at]).iter().any(|sign| begins(at, sign)));
    sign && bytes.iter().filter(|b| b.is_ascii_alphanumeric()).count() > 3
}

/// The part of `piece` without the punctuation around it.
fn trimmed(piece: &str) -> (usize, usize) {
    let is_edge =
        |c: char| c.is_ascii_punctuation() && !matches!(c, '_' | '%' | '$' | '~' | '/' | '\\' | '+' | '-');
    let from = piece.len() - piece.trim_start_matches(|c| is_edge(c) && c != ':').len();
    let to = piece.trim_end_matches(|c| is_edge(c) || c == '-').len();
    // `::1` begins with its colons; `: value` does not.
    let from =
        if piece[from..].starts_with(':') && !piece[from..].starts_with("::") { from + 1 } else { from };
    (from.min(piece.len()), to.max(from.min(piece.len())))
}

#[cfg(test)]
mod tests {
    use super::is_defanged;
    use proptest::prelude::*;

    /// The definition, as it is said.
    fn is_defanged_by_definition(chunk: &str) -> bool {
        let lower = chunk.to_ascii_lowercase();
        ["[.]", "(.)", "{.}", "[dot]", "(dot)", "[.", "[:]", "[@]", "[at]", "(at)", "hxxp"]
            .iter()
            .any(|sign| lower.contains(sign))
            && lower.bytes().filter(u8::is_ascii_alphanumeric).count() > 3
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, fork: false, ..ProptestConfig::default() })]

        #[test]
        fn what_is_defanged_is_so_by_definition(chunk in "[hHxXpP\\[\\](){}.:@aAtTdDoOé]{0,9}") {
            prop_assert_eq!(is_defanged(&chunk), is_defanged_by_definition(&chunk));
        }
    }
}
