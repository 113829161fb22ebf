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
mod items;
mod lexicon;
mod names;
mod national;
mod numbers;
mod side;
mod span;
mod tokens;

pub use span::{Label, Span, in_code_points};

use items::Kind;
use std::collections::HashSet;
use std::fmt;
use std::ops::Range;

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
    parts: HashSet<String>,
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
        Self { parts: values.filter(named).flat_map(str::split_whitespace).map(str::to_lowercase).collect() }
    }

    /// Whether no name is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }
}

/// What `text` tells of people.
#[must_use]
pub fn detect(text: &str) -> Found {
    detect_knowing(text, &Known::default())
}

/// What `text` tells of people, some of whom are `known`.
#[must_use]
pub fn detect_knowing(text: &str, known: &Known) -> Found {
    let lexicon = lexicon::Lexicon::shipped();
    let items = items::items(text, lexicon);
    let tokens = tokens::tokens(text, &items, lexicon);
    let mut spans: Vec<Span> = items
        .iter()
        .filter_map(|item| match item.kind {
            Kind::Found(label) => Some(Span { start: item.range.start, end: item.range.end, label }),
            _ => None,
        })
        .collect();
    side::find(text, &items, &tokens, lexicon, &mut spans);
    numbers::find(text, &tokens, &mut spans);
    let mut likely_names = names::find(text, &items, &tokens, lexicon, known, &mut spans);
    accounts::find(text, &items, &tokens, lexicon, &mut spans);
    let spans = apart(spans);
    likely_names.retain(|range| {
        let next = spans.partition_point(|span| span.end <= range.start);
        spans.get(next).is_none_or(|span| span.start >= range.end)
    });
    Found { spans, likely_names }
}

/// The spans in order, none over another: what was found first stays.
fn apart(spans: Vec<Span>) -> Vec<Span> {
    let mut ranked: Vec<(usize, Span)> = spans.into_iter().enumerate().collect();
    ranked.sort_by_key(|(rank, span)| (span.start, *rank));
    let mut kept: Vec<(usize, Span)> = Vec::with_capacity(ranked.len());
    for (rank, span) in ranked {
        match kept.last() {
            Some((before, last)) if last.end > span.start => {
                if rank < *before {
                    kept.pop();
                    kept.push((rank, span));
                }
            }
            _ => kept.push((rank, span)),
        }
    }
    kept.into_iter().map(|(_, span)| span).collect()
}

#[cfg(test)]
mod tests;
