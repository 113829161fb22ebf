//! Handling codes of police information exchange, as markings carry them: which words name them is data (`paths.toml`).
//!
//! ```text
//! definition.handling_code, extensions.*.handling_code   a code, or a list of them
//! definition.statement (with the marking's name)         codes in a text that names handling codes, or says whose they are
//! ```
//! What cannot be read is not left out: it counts as the last code, as two codes do of which neither includes the other.

use crate::json::Node;
use comity_terms::Handling;

/// A code, by its place on the scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Code(usize);

/// The codes that are known, and what names them.
#[derive(Debug, Clone)]
pub(crate) struct Codes {
    /// Loosest first; the first is a part of every other, and the last is no looser than any.
    words: Vec<String>,
    /// Words of a text, in lower case, after which a code must stand.
    named: Vec<String>,
    /// Words of a text, in lower case, by which a code that stands there is one.
    known_by: Vec<String>,
    elsewhere: Handling,
}

impl Codes {
    /// `None` where there are fewer than two codes.
    pub(crate) fn new(
        words: Vec<String>,
        (named, known_by): (Vec<String>, Vec<String>),
        elsewhere: Handling,
    ) -> Option<Self> {
        let lower = |words: Vec<String>| words.iter().map(|word| word.to_lowercase()).collect();
        (words.len() > 1).then(|| Self { words, named: lower(named), known_by: lower(known_by), elsewhere })
    }

    /// The code that is no looser than any.
    pub(crate) fn strictest(&self) -> Code {
        Code(self.words.len() - 1)
    }

    /// The word of a code.
    pub(crate) fn word(&self, code: Code) -> &str {
        &self.words[code.0]
    }

    /// What a code is to an agreement that reads the Traffic Light Protocol alone.
    pub(crate) fn elsewhere(&self) -> Handling {
        self.elsewhere
    }

    /// A code that is no looser than either.
    pub(crate) fn join(&self, one: Option<Code>, other: Option<Code>) -> Option<Code> {
        match (one, other) {
            (None, code) | (code, None) | (Some(Code(0)), code) | (code, Some(Code(0))) => code,
            (Some(one), Some(other)) if one == other => Some(one),
            _ => Some(self.strictest()),
        }
    }

    /// The code that a marking's definition asks for.
    pub(super) fn asked(&self, marking: &Node<'_>) -> Option<Code> {
        let definition = marking.get("definition");
        let own = definition.and_then(|definition| definition.get(PROPERTY));
        let extended = marking.get("extensions").into_iter().flat_map(|extensions| match extensions {
            Node::Object(all) => all.iter().filter_map(|(_, value)| value.get(PROPERTY)).collect(),
            _ => Vec::new(),
        });
        let by_property = own.into_iter().chain(extended).map(|value| self.of_value(value));
        let statement = definition.and_then(|definition| definition.get("statement"));
        let statement = statement.and_then(Node::as_text);
        let name = marking.get("name").and_then(Node::as_text).unwrap_or_default();
        let by_text = statement.and_then(|statement| self.of_text(name, statement));
        by_property.chain([by_text]).fold(None, |one, other| self.join(one, other))
    }

    /// A value of the property: what it is not, is not understood.
    fn of_value(&self, value: &Node<'_>) -> Option<Code> {
        let one = |value: &Node<'_>| {
            let word = value.as_text().map(str::trim);
            word.and_then(|word| self.known(word)).unwrap_or_else(|| self.strictest())
        };
        match value {
            Node::List(all) if all.is_empty() => Some(self.strictest()),
            Node::List(all) => all.iter().map(one).fold(None, |had, code| self.join(had, Some(code))),
            value => Some(one(value)),
        }
    }

    /// A statement, and the name of the marking that makes it.
    fn of_text(&self, name: &str, statement: &str) -> Option<Code> {
        if let Some(code) = self.known(statement.trim()) {
            return Some(code);
        }
        let text = format!("{name} {statement}").to_lowercase().replace(['-', '_'], " ");
        let words = || text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        let has = |named: &[String]| {
            named.iter().any(|phrase| {
                let phrase: Vec<&str> = phrase.split_whitespace().collect();
                words().collect::<Vec<_>>().windows(phrase.len()).any(|window| window == phrase)
            })
        };
        let read = words().filter(|word| self.looks_like_one(word));
        let read = read.map(|word| self.known(word).unwrap_or_else(|| self.strictest()));
        let read = read.fold(None, |had, code| self.join(had, Some(code)));
        if has(&self.named) {
            return Some(read.unwrap_or_else(|| self.strictest()));
        }
        read.filter(|_| has(&self.known_by))
    }

    fn known(&self, word: &str) -> Option<Code> {
        self.words.iter().position(|known| known.eq_ignore_ascii_case(word)).map(Code)
    }

    /// Whether a word has the form of the codes: a known one, or one with other digits.
    fn looks_like_one(&self, word: &str) -> bool {
        let stem = |text: &str| text.trim_end_matches(|c: char| c.is_ascii_digit()).to_lowercase();
        let numbered = word.ends_with(|c: char| c.is_ascii_digit());
        self.known(word).is_some() || (numbered && self.words.iter().any(|known| stem(known) == stem(word)))
    }
}

/// The property that holds a code, in a definition or in an extension.
const PROPERTY: &str = "handling_code";
