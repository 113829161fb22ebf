//! The words that the detector knows, as data: `data/cues.toml` says what stands beside a word, `data/names` are
//! names, `data/things.txt` and `data/words` are what is no name.
//!
//! Lists of names are searched where they lie, sorted in the binary: nothing is built at start for them.

use serde::Deserialize;
use std::collections::HashMap;
use std::sync::LazyLock;

/// What a word tells: a set of the constants below.
pub(super) type Cues = u32;

pub(super) const HONORIFIC: Cues = 1;
pub(super) const TITLE: Cues = 1 << 1;
pub(super) const ROLE: Cues = 1 << 2;
pub(super) const NAMES_NEXT: Cues = 1 << 3;
pub(super) const SAYS: Cues = 1 << 4;
pub(super) const ASKS: Cues = 1 << 5;
pub(super) const SALUTATION: Cues = 1 << 6;
pub(super) const CLOSING: Cues = 1 << 7;
pub(super) const ACCOUNT: Cues = 1 << 8;
pub(super) const PHONE: Cues = 1 << 9;
pub(super) const CARD: Cues = 1 << 10;
pub(super) const IBAN: Cues = 1 << 11;
pub(super) const THEIRS: Cues = 1 << 12;
pub(super) const HOSTILE: Cues = 1 << 13;
pub(super) const THING_AFTER: Cues = 1 << 14;
pub(super) const THING_BEFORE: Cues = 1 << 15;
pub(super) const SYSTEM_ACCOUNT: Cues = 1 << 16;
pub(super) const OFFICE_MAILBOX: Cues = 1 << 17;
pub(super) const PARTICLE: Cues = 1 << 18;
pub(super) const INFRASTRUCTURE: Cues = 1 << 19;
pub(super) const LURE: Cues = 1 << 20;
pub(super) const THING: Cues = 1 << 21;
pub(super) const PLAIN: Cues = 1 << 22;
pub(super) const NATIONAL_ID: Cues = 1 << 23;
pub(super) const DOTTED_END: Cues = 1 << 24;

/// How well a list knows a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Known {
    No,
    /// It is an ordinary word, too.
    Weakly,
    Well,
}

/// The words of several words: what follows the first, and what the whole tells.
struct Phrase {
    rest: Vec<Box<str>>,
    cues: Cues,
}

/// The shipped words.
pub(super) struct Lexicon {
    words: HashMap<Box<str>, Cues>,
    phrases: HashMap<Box<str>, Vec<Phrase>>,
    inflections: HashMap<&'static str, Vec<&'static str>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CueLists {
    honorific: Vec<String>,
    title: Vec<String>,
    role: Vec<String>,
    names_next: Vec<String>,
    says: Vec<String>,
    asks: Vec<String>,
    salutation: Vec<String>,
    closing: Vec<String>,
    account: Vec<String>,
    phone: Vec<String>,
    card: Vec<String>,
    iban: Vec<String>,
    theirs: Vec<String>,
    hostile: Vec<String>,
    thing_after: Vec<String>,
    thing_before: Vec<String>,
    system_account: Vec<String>,
    office_mailbox: Vec<String>,
    particle: Vec<String>,
    infrastructure: Vec<String>,
    lure: Vec<String>,
}

static SHIPPED: LazyLock<Lexicon> = LazyLock::new(Lexicon::build);

impl Lexicon {
    pub(super) fn shipped() -> &'static Self {
        &SHIPPED
    }

    fn build() -> Self {
        // Unwrap safety: the file is compiled in, and every test of the detector reads it.
        let lists: CueLists =
            toml::from_str(include_str!("../../data/cues.toml")).expect("the shipped cues are well formed");
        let mut lexicon =
            Self { words: HashMap::new(), phrases: HashMap::new(), inflections: HashMap::new() };
        for (cue, list) in [
            (HONORIFIC, lists.honorific),
            (TITLE, lists.title),
            (ROLE, lists.role),
            (NAMES_NEXT, lists.names_next),
            (SAYS, lists.says),
            (ASKS, lists.asks),
            (SALUTATION, lists.salutation),
            (CLOSING, lists.closing),
            (ACCOUNT, lists.account),
            (PHONE, lists.phone),
            (CARD, lists.card),
            (IBAN, lists.iban),
            (THEIRS, lists.theirs),
            (HOSTILE, lists.hostile),
            (THING_AFTER, lists.thing_after),
            (THING_BEFORE, lists.thing_before),
            (SYSTEM_ACCOUNT, lists.system_account),
            (OFFICE_MAILBOX, lists.office_mailbox),
            (PARTICLE, lists.particle),
            (INFRASTRUCTURE, lists.infrastructure),
            (LURE, lists.lure),
        ] {
            for entry in list {
                lexicon.add(&entry, cue);
            }
        }
        for cue in super::national::Table::shipped().cues() {
            lexicon.add(cue, NATIONAL_ID);
        }
        for entry in lines(include_str!("../../data/things.txt")) {
            lexicon.add(entry, THING);
        }
        for line in lines(include_str!("../../data/plain.txt")) {
            for word in line.split_whitespace() {
                lexicon.add(word, PLAIN);
            }
        }
        for line in lines(include_str!("../../data/tlds.txt")) {
            for word in line.split_whitespace() {
                lexicon.add(word, DOTTED_END);
            }
        }
        for line in lines(include_str!("../../data/inflections.txt")) {
            if let Some((ending, base)) = line.split_once(' ') {
                let base = if base == "-" { "" } else { base };
                lexicon.inflections.entry(ending).or_default().push(base);
            }
        }
        lexicon
    }

    fn add(&mut self, entry: &str, cues: Cues) {
        let mut parts = words_of(entry);
        let Some(first) = parts.next() else { return };
        let rest: Vec<Box<str>> = parts.map(Into::into).collect();
        if rest.is_empty() {
            *self.words.entry(first.into()).or_default() |= cues;
        } else {
            self.words.entry(first.into()).or_default();
            self.phrases.entry(first.into()).or_default().push(Phrase { rest, cues });
        }
    }

    /// What `word`, in lower case, tells.
    pub(super) fn cues(&self, word: &str) -> Cues {
        self.words.get(word).copied().unwrap_or(0)
    }

    /// What `word` tells, and whether a phrase may begin with it; `None` for a word without any cue.
    pub(super) fn find(&self, word: &str) -> Option<Cues> {
        self.words.get(word).copied()
    }

    /// Whether a phrase begins with `word`.
    pub(super) fn begins_phrase(&self, word: &str) -> bool {
        self.phrases.contains_key(word)
    }

    /// The longest phrase that begins with `first`: how many words follow, and what it tells. `next` gives the
    /// word at a distance.
    pub(super) fn phrase<'w>(
        &self,
        first: &str,
        next: impl Fn(usize) -> Option<&'w str>,
    ) -> Option<(usize, Cues)> {
        let phrases = self.phrases.get(first)?;
        let mut longest: Option<(usize, Cues)> = None;
        for phrase in phrases {
            let met = phrase.rest.iter().enumerate().all(|(at, word)| next(at + 1) == Some(word));
            if met {
                longest = match longest {
                    Some((length, cues)) if length == phrase.rest.len() => Some((length, cues | phrase.cues)),
                    Some((length, cues)) if length > phrase.rest.len() => Some((length, cues)),
                    _ => Some((phrase.rest.len(), phrase.cues)),
                };
            }
        }
        longest
    }

    /// How well `word`, in lower case, is known as a given name, inflected or not.
    pub(super) fn given(&self, word: &str) -> Known {
        self.name(word, GIVEN)
    }

    /// How well `word`, in lower case, is known as a surname, inflected or not.
    pub(super) fn surname(&self, word: &str) -> Known {
        self.name(word, SURNAMES)
    }

    /// Whether `word` is a listed surname as it stands.
    pub(super) fn is_listed_surname(word: &str) -> bool {
        SURNAMES.find(word) != Known::No
    }

    /// Whether `word` is `known` as it stands or without an ending.
    pub(super) fn is_form_of(&self, word: &str, known: impl Fn(&str) -> bool) -> bool {
        known(word) || self.inflected(word, known).is_some()
    }

    fn name(&self, word: &str, list: Sorted) -> Known {
        let found = list.find(word);
        if found != Known::No {
            return found;
        }
        // Capitals lose what tells a dotted i from one without.
        if word.contains(['i', 'ı']) {
            let dotless = list.find(&word.replace('i', "ı")).max(list.find(&word.replace('ı', "i")));
            if dotless != Known::No {
                return dotless;
            }
        }
        if let Some((one, other)) = word.split_once('-') {
            return list.find(one).min(list.find(other));
        }
        self.inflected(word, |base| list.find(base) == Known::Well).map_or(Known::No, |_| Known::Well)
    }

    /// The base of an inflected `word` that `known` knows.
    fn inflected(&self, word: &str, known: impl Fn(&str) -> bool) -> Option<String> {
        let ends = word.char_indices().rev().map(|(at, _)| at).take(6).collect::<Vec<_>>();
        for at in ends.into_iter().rev().filter(|at| *at >= 3) {
            for base in self.inflections.get(&word[at..]).into_iter().flatten() {
                let base = format!("{}{base}", &word[..at]);
                if known(&base) {
                    return Some(base);
                }
            }
        }
        None
    }

    /// Whether `word`, in lower case, is an ordinary word of a language whose words are known.
    pub(super) fn is_plain(&self, word: &str) -> bool {
        self.cues(word) & PLAIN != 0 || ENGLISH.find(word) != Known::No
    }

    /// Whether `word`, in lower case, is an English word.
    pub(super) fn is_english(&self, word: &str) -> bool {
        ENGLISH.find(word) != Known::No
    }
}

/// The words of an entry, as the text's own words are cut.
pub(super) fn words_of(entry: &str) -> impl Iterator<Item = &str> {
    entry
        .split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '\'' | '’' | '-' | '$' | '&' | '@')))
        .filter(|part| !part.is_empty())
}

/// The lines of a shipped file that are no comments.
pub(super) fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// A sorted list of words, one a line, searched in place; `?` after a word: it is known weakly.
#[derive(Clone, Copy)]
pub(super) struct Sorted(&'static str);

const GIVEN: Sorted = Sorted(include_str!("../../data/names/given.txt"));
const SURNAMES: Sorted = Sorted(include_str!("../../data/names/surnames.txt"));
const ENGLISH: Sorted = Sorted(include_str!("../../data/words/english.txt"));
pub(super) const KANJI_SURNAMES: Sorted = Sorted(include_str!("../../data/names/kanji-surnames.txt"));
pub(super) const KANJI_GIVEN: Sorted = Sorted(include_str!("../../data/names/kanji-given.txt"));

impl Sorted {
    pub(super) fn find(self, word: &str) -> Known {
        let bytes = self.0.as_bytes();
        let (mut low, mut high) = (0, bytes.len());
        while low < high {
            let middle = low + (high - low) / 2;
            let start = bytes[low..middle].iter().rposition(|b| *b == b'\n').map_or(low, |at| low + at + 1);
            let end = bytes[middle..high].iter().position(|b| *b == b'\n').map_or(high, |at| middle + at);
            let line = &bytes[start..end];
            let (entry, weak) = match line.split_last() {
                Some((b'?', entry)) => (entry, true),
                _ => (line, false),
            };
            match entry.cmp(word.as_bytes()) {
                std::cmp::Ordering::Equal => return if weak { Known::Weakly } else { Known::Well },
                std::cmp::Ordering::Less => low = end + 1,
                std::cmp::Ordering::Greater => high = start,
            }
        }
        Known::No
    }
}
