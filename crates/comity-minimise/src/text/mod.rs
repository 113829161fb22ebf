//! Free text: where people are named in it, and how they are reached; never what identifies an attack.
//!
//! ```text
//! text ─> items    read by their form: addresses, paths, hashes, numbers of catalogues; things are masked
//!      ─> tokens   words with what they tell (data/cues.toml), numbers, marks, lines
//!      ─> numbers  by check digits, or by the word before them
//!         side     whose an address is, by what stands beside it
//!         names    by lists, forms and what stands beside them
//!         accounts by the word before them, and by the names
//!      ─> spans    apart and in order
//! ```
//! Invariants (property-tested): spans lie within the text, on character boundaries, apart and in order; the work is
//! linear in the text. Deliberately absent: models. Every word that decides is in a file that a reviewer reads, and
//! a name that no list and no cue explains is not found: it is told apart as a *likely name*.

mod accounts;
mod fingerprint;
mod items;
mod letters;
mod lexicon;
mod names;
mod national;
mod numbers;
mod side;
mod span;
mod tokens;

pub use span::{Label, Span, in_code_points};

use items::{Item, Kind};
use lexicon::Lexicon;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;
use tokens::Tokens;

/// What was found in a text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Found {
    /// Apart and in order.
    pub spans: Vec<Span>,
    /// Words that read like a name and that nothing explains: apart, in order, and apart from the spans.
    pub likely_names: Vec<Range<usize>>,
}

/// Names that are known from elsewhere, and are found in a text where any part of one stands alone.
#[derive(Clone, Default)]
pub struct Known {
    parts: BTreeSet<String>,
    begins: Begins,
}

impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} parts of names", self.parts.len())
    }
}

impl Known {
    /// The names among `values`: two to four words that are written as names are.
    #[must_use]
    pub fn of<'v>(values: impl Iterator<Item = &'v str>) -> Self {
        let named = |value: &&str| {
            let mut words = value.split_whitespace();
            (2..=4).contains(&words.clone().count())
                && words.all(|word| {
                    word.starts_with(char::is_uppercase)
                        && word.chars().all(|c| c.is_alphabetic() || matches!(c, '-' | '\'' | '’' | '.'))
                })
        };
        let mut known = Self::default();
        for part in values.filter(named).flat_map(str::split_whitespace) {
            known.add(&part.to_lowercase());
        }
        known
    }

    /// Adds a part of a name in lower case, unless it is an ordinary word or what a thing is called.
    fn add(&mut self, part: &str) {
        if Lexicon::shipped().may_name(fingerprint::fingerprint(part)) {
            self.begins.add(part);
            self.parts.insert(part.to_owned());
        }
    }

    fn has(&self, part: &str) -> bool {
        self.parts.contains(part)
    }

    fn may_begin(&self, word: &str) -> bool {
        self.begins.may(word)
    }

    /// Whether no name is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }
}

/// With which two bytes the parts of names begin, a bit for each that may: most words are not looked up. Where no part
/// begins as a word does, the word is no form of one either, since an ending is taken off behind three bytes at least.
#[derive(Clone, Copy, Default)]
struct Begins([u64; 16]);

impl Begins {
    fn add(&mut self, part: &str) {
        let (word, bit) = Self::place(part);
        self.0[word] |= bit;
    }

    fn may(&self, word: &str) -> bool {
        let (word, bit) = Self::place(word);
        self.0[word] & bit != 0
    }

    /// The bit of the first two bytes of `word`, among 1,024.
    fn place(word: &str) -> (usize, u64) {
        let byte = |at: usize| word.as_bytes().get(at).copied().map_or(0, usize::from);
        let place = (byte(0) * 37 + byte(1)) % 1024;
        (place / 64, 1 << (place % 64))
    }
}

/// What `text` tells of people.
#[must_use]
pub fn detect(text: &str) -> Found {
    detect_knowing(text, &Known::default())
}

/// Where the parts of a text are put: places and classes, nothing of what it says. One text after another uses it, since
/// most texts are short and asking for room takes as long as reading some of it.
struct Room {
    items: Vec<Item>,
    tokens: Tokens,
    words: Vec<names::Word>,
    names: Vec<Range<usize>>,
    spans: Vec<Span>,
    ranked: Vec<(usize, Span)>,
}

impl Room {
    const NONE: Self = Self {
        items: Vec::new(),
        tokens: Tokens::NONE,
        words: Vec::new(),
        names: Vec::new(),
        spans: Vec::new(),
        ranked: Vec::new(),
    };
}

impl Default for Room {
    fn default() -> Self {
        Self::NONE
    }
}

/// Room for more tokens is given back.
const ROOM_MAX: usize = 16_384;

thread_local! {
    static ROOM: Cell<Room> = const { Cell::new(Room::NONE) };
}

/// What `text` tells of people, some of whom are `known`.
#[must_use]
pub fn detect_knowing(text: &str, known: &Known) -> Found {
    let lexicon = Lexicon::shipped();
    let mut room = ROOM.take();
    items::items(text, lexicon, &mut room.items);
    room.tokens.read(text, &room.items, lexicon);
    let Room { items, tokens, words, names, spans, ranked } = &mut room;
    spans.clear();
    spans.extend(items.iter().filter_map(|item| match item.kind {
        Kind::Found(label) => Some(Span { start: item.range.start, end: item.range.end, label }),
        _ => None,
    }));
    side::find(text, items, tokens, lexicon, spans);
    numbers::find(text, tokens, spans);
    let mut likely_names = names::find(text, items, tokens, (lexicon, known), (words, names), spans);
    accounts::find(text, items, tokens, lexicon, spans);
    tokens.forget();
    let spans = apart(spans, ranked);
    if room.tokens.room() <= ROOM_MAX {
        ROOM.set(room);
    }
    likely_names.retain(|range| {
        let next = spans.partition_point(|span| span.end <= range.start);
        spans.get(next).is_none_or(|span| span.start >= range.end)
    });
    Found { spans, likely_names }
}

/// The spans in order, none over another: what was found first stays.
fn apart(spans: &[Span], ranked: &mut Vec<(usize, Span)>) -> Vec<Span> {
    ranked.clear();
    ranked.extend(spans.iter().copied().enumerate());
    ranked.sort_unstable_by_key(|(rank, span)| (span.start, *rank));
    ranked.dedup_by(|next, last| {
        let over = last.1.end > next.1.start;
        if over && next.0 < last.0 {
            *last = *next;
        }
        over
    });
    ranked.iter().map(|(_, span)| *span).collect()
}

#[cfg(test)]
mod tests;
