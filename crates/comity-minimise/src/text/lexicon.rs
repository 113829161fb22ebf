//! The words that the detector knows, as data: `data/cues.toml` says what stands beside a word, `data/names` are
//! names, `data/things.txt` and `data/words` are what is no name.
//!
//! Every word is looked up among the cues, which are few and stay in the cache; only words in capitals, and what may
//! be an account, are looked up in the long lists. The tables are built when the first text comes.

use super::fingerprint::{Marked, Table, fingerprint};
use super::items::is_unspaced;
use aho_corasick::{AhoCorasick, MatchKind};
use cues::CueLists;
use phrases::{Phrase, Phrases};
use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

mod cues;
mod phrases;
mod unspaced;

pub(super) use cues::*;
pub(super) use unspaced::Unspaced;

/// Which lists have a word: a set of the constants below.
type Lists = u8;

const GIVEN: Lists = 1;
const GIVEN_WEAK: Lists = 1 << 1;
const SURNAME: Lists = 1 << 2;
const SURNAME_WEAK: Lists = 1 << 3;
const ENGLISH: Lists = 1 << 4;

/// How well a list knows a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Known {
    No,
    /// It is an ordinary word, too.
    Weakly,
    Well,
}

/// What the lists say of a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Names {
    pub given: Known,
    pub surname: Known,
    /// It is an ordinary word.
    pub plain: bool,
}

impl Names {
    fn of(lists: Lists, cues: Cues) -> Self {
        let known = |well: Lists, weakly: Lists| match lists {
            lists if lists & well != 0 => Known::Well,
            lists if lists & weakly != 0 => Known::Weakly,
            _ => Known::No,
        };
        Self {
            given: known(GIVEN, GIVEN_WEAK),
            surname: known(SURNAME, SURNAME_WEAK),
            plain: lists & ENGLISH != 0 || cues & PLAIN != 0,
        }
    }
}

/// The shipped words.
pub(super) struct Lexicon {
    words: Table<Cues>,
    lists: Marked,
    /// By the fingerprint of the first word.
    phrases: HashMap<u64, Vec<Phrase>, Quick>,
    inflections: HashMap<&'static str, Vec<&'static str>, Quick>,
    /// How many bytes the endings have that end with a byte, a bit for each: most words have none.
    ending_lengths: [u32; 256],
    /// The entries of a script without spaces, found inside of its runs, with what each tells.
    unspaced: Option<AhoCorasick>,
    unspaced_cues: Vec<Cues>,
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
        let mut lexicon = Self {
            words: Table::with_capacity(8_000),
            lists: Marked::with_capacity(131_000),
            phrases: HashMap::default(),
            inflections: HashMap::default(),
            ending_lengths: [0; 256],
            unspaced: None,
            unspaced_cues: Vec::new(),
        };
        let mut unspaced: BTreeMap<String, Cues> = BTreeMap::new();
        for (cue, list) in lists.each() {
            for entry in list {
                lexicon.add(&entry, cue);
                if entry.contains(is_unspaced) {
                    *unspaced.entry(entry).or_default() |= cue;
                }
            }
        }
        for cue in super::national::Table::shipped().cues() {
            lexicon.add(cue, NATIONAL_ID);
            if cue.contains(is_unspaced) {
                *unspaced.entry(cue.to_owned()).or_default() |= NATIONAL_ID;
            }
        }
        // Building fails only beyond 2^31 patterns.
        let builder = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(unspaced.keys());
        lexicon.unspaced = builder.ok();
        lexicon.unspaced_cues = unspaced.into_values().collect();
        for command in super::accounts::COMMANDS {
            lexicon.tell(command, COMMAND);
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
        for (list, well, weakly) in [
            (include_str!("../../data/names/given.txt"), GIVEN, GIVEN_WEAK),
            (include_str!("../../data/names/surnames.txt"), SURNAME, SURNAME_WEAK),
            (include_str!("../../data/words/english.txt"), ENGLISH, ENGLISH),
        ] {
            // Searching for the end of each would take longer than the rest, for they are short.
            let mut start = 0;
            let ends = (0..list.len()).filter(|at| list.as_bytes()[*at] == b'\n').chain([list.len()]);
            for end in ends {
                let line = &list[start..end];
                start = (end + 1).min(list.len());
                if line.is_empty() {
                    continue;
                }
                let (word, list) = line.strip_suffix('?').map_or((line, well), |word| (word, weakly));
                lexicon.lists.add(fingerprint(word), list);
            }
        }
        for line in lines(include_str!("../../data/inflections.txt")) {
            if let Some((ending, base)) = line.split_once(' ') {
                let base = if base == "-" { "" } else { base };
                let last = ending.bytes().last().map_or(0, usize::from);
                lexicon.ending_lengths[last] |= 1 << ending.len().min(31);
                lexicon.inflections.entry(ending).or_default().push(base);
            }
        }
        lexicon
    }

    fn tell(&mut self, word: &str, cues: Cues) {
        self.words.add(fingerprint(word), cues);
    }

    fn add(&mut self, entry: &str, cues: Cues) {
        let mut parts = words_of(entry);
        let Some(first) = parts.next() else { return };
        let rest: Vec<u64> = parts.map(fingerprint).collect();
        if rest.is_empty() {
            self.tell(first, cues);
        } else {
            self.tell(first, BEGINS);
            self.phrases.entry(fingerprint(first)).or_default().push(Phrase { rest, cues });
        }
    }

    fn lists(&self, word: &str) -> Lists {
        self.lists.get(fingerprint(word))
    }

    /// What `word`, in lower case, tells.
    pub(super) fn cues(&self, word: &str) -> Cues {
        self.cues_of(fingerprint(word))
    }

    /// What the word with this fingerprint tells.
    pub(super) fn cues_of(&self, fingerprint: u64) -> Cues {
        self.words.get(fingerprint)
    }

    /// What an entry of one word or several, in lower case, tells by itself.
    pub(super) fn cues_of_entry(&self, entry: &str) -> Cues {
        if !entry.contains(' ') {
            return self.cues(entry);
        }
        let words: Vec<u64> = words_of(entry).map(fingerprint).collect();
        let Some((first, rest)) = words.split_first() else { return 0 };
        let met = self.phrases_of(*first).longest(|distance, wanted| rest.get(distance) == Some(&wanted));
        met.filter(|(length, _)| *length == rest.len()).map_or(0, |(_, cues)| cues)
    }

    /// What a run of a script without spaces tells. An entry that speaks of what comes right after it must end the
    /// run.
    pub(super) fn cues_within(&self, run: &str) -> Cues {
        const NEXT: Cues = ACCOUNT | NAMES_NEXT | HONORIFIC | TITLE | SENDER;
        let found = self.unspaced.iter().flat_map(|entries| entries.find_iter(run));
        found.fold(0, |cues, entry| {
            let told = self.unspaced_cues.get(entry.pattern().as_usize()).copied().unwrap_or_default();
            cues | if entry.end() == run.len() { told } else { told & !NEXT }
        })
    }

    /// The phrases that begin with the word with this fingerprint.
    pub(super) fn phrases_of(&self, first: u64) -> Phrases<'_> {
        Phrases(self.phrases.get(&first).map_or(&[], Vec::as_slice))
    }

    /// How well `word`, in lower case, is known as a given name, inflected or not.
    pub(super) fn given(&self, word: &str) -> Known {
        self.names(word).given
    }

    /// What the lists say of `word`, in lower case. Who has no such keys writes names without marks; in many
    /// languages they are inflected.
    pub(super) fn names(&self, word: &str) -> Names {
        self.names_of(word, fingerprint(word))
    }

    /// [`Self::names`] of a word whose fingerprint is known.
    pub(super) fn names_of(&self, word: &str, fingerprint: u64) -> Names {
        let lists = self.lists.get(fingerprint);
        let found = Names::of(lists, self.cues_of(fingerprint));
        if found.plain || lists != 0 {
            return found;
        }
        if !word.is_ascii() {
            let bare = self.lists(&super::names::unmarked(word)) & !ENGLISH;
            if bare != 0 {
                return Names::of(bare, 0);
            }
        }
        if let Some(dash) = word.bytes().position(|b| b == b'-') {
            let (one, other) = (&word[..dash], &word[dash + 1..]);
            let (one, other) = (Names::of(self.lists(one), 0), Names::of(self.lists(other), 0));
            return Names {
                given: one.given.min(other.given),
                surname: one.surname.min(other.surname),
                plain: false,
            };
        }
        // An ending is taken off only where it leads to a name that is no word besides.
        let base = self.inflected(word, |base| self.lists(base) & (GIVEN | SURNAME) != 0);
        base.map_or(found, |base| Names::of(self.lists(&base) & (GIVEN | SURNAME), 0))
    }

    /// Whether `word` is a listed surname as it stands.
    pub(super) fn is_listed_surname(&self, word: &str) -> bool {
        self.lists(word) & (SURNAME | SURNAME_WEAK) != 0
    }

    /// Whether `word` is a surname first of all.
    pub(super) fn is_surname(&self, word: &str) -> bool {
        self.lists(word) & SURNAME != 0
    }

    /// Whether `word` is `known` as it stands or without an ending.
    pub(super) fn is_form_of(&self, word: &str, known: impl Fn(&str) -> bool) -> bool {
        known(word) || self.inflected(word, known).is_some()
    }

    /// The base of an inflected `word` that `known` knows.
    fn inflected(&self, word: &str, known: impl Fn(&str) -> bool) -> Option<String> {
        let lengths = self.ending_lengths[usize::from(*word.as_bytes().last()?)];
        if lengths == 0 {
            return None;
        }
        let mut base = String::new();
        // The longest ending has six characters.
        let longest = word.char_indices().rev().nth(5).map_or(0, |(at, _)| at);
        for at in (longest.max(3)..word.len()).filter(|at| word.is_char_boundary(*at)) {
            if lengths >> (word.len() - at).min(31) & 1 == 0 {
                continue;
            }
            for end in self.inflections.get(&word[at..]).into_iter().flatten() {
                base.clear();
                base.push_str(&word[..at]);
                base.push_str(end);
                if known(&base) {
                    return Some(base);
                }
            }
        }
        None
    }

    /// Whether the word with this fingerprint may be a part of a name: it is no ordinary word, and not what a thing is
    /// called.
    pub(super) fn may_name(&self, fingerprint: u64) -> bool {
        self.cues_of(fingerprint) & (PLAIN | PARTICLE | THING) == 0
            && self.lists.get(fingerprint) & ENGLISH == 0
    }

    /// Whether `word`, in lower case, is an ordinary word of a language whose words are known.
    pub(super) fn is_plain(&self, word: &str) -> bool {
        self.cues(word) & PLAIN != 0 || self.is_english(word)
    }

    /// Whether `word`, in lower case, is an English word.
    pub(super) fn is_english(&self, word: &str) -> bool {
        self.lists(word) & ENGLISH != 0
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

/// A quick hash without a secret: the keys are compiled in, so that nobody can choose keys that collide.
type Quick = foldhash::fast::FixedState;
