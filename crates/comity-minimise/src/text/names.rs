//! Names of people: by what stands before and after them, by lists of names, by their form.
//!
//! Every run of words in capitals is weighed. Lists speak for a name, ordinary words and things against; honorifics,
//! titles, roles, greetings, signatures and addresses beside it decide the rest. A part of a name that was found once
//! is found again where it stands alone. Pairs that read like names and could not be explained are told apart: they
//! are not found, and a caller that must be sure withholds them.

use super::items::Item;
use super::lexicon::*;
use super::span::{Label, Span};
use super::tokens::{Form, Tokens, What};
use std::borrow::Cow;
use std::ops::Range;
pub(super) use word::Word;

mod beside;
mod listed;
mod rest;
mod turned;
mod unspaced;
mod word;

/// What a name must weigh.
const ENOUGH: f32 = 3.4;
/// What a single word must weigh.
const ENOUGH_ALONE: f32 = 4.4;
/// The most words that a name has.
const WORDS_MAX: usize = 5;

/// Pushes the names of `text`, some of whom are known; gives what reads like a name and is none. What is handed in
/// besides is room.
pub(super) fn find(
    text: &str,
    items: &[Item],
    tokens: &Tokens,
    (lexicon, known): (&Lexicon, &super::Known),
    (words, found): (&mut Vec<Word>, &mut Vec<Range<usize>>),
    spans: &mut Vec<Span>,
) -> Vec<Range<usize>> {
    words.clear();
    found.clear();
    words.resize(tokens.len(), Word::NONE);
    for at in tokens.places().capitals.iter().copied() {
        words[at] = Word::read(tokens, &tokens[at], lexicon);
    }
    let mut finder = Finder { text, items, tokens, lexicon, words, found, likely: Vec::new() };
    finder.walk();
    finder.listed();
    finder.again(known);
    let likely = finder.likely;
    unspaced::find(text, tokens, found);
    spans.extend(found.iter().map(|name| Span { start: name.start, end: name.end, label: Label::Person }));
    likely
}

/// The words in capitals from one on, and where a name ends that ends with each.
struct Run {
    cores: [usize; WORDS_MAX],
    ends: [usize; WORDS_MAX],
    length: usize,
}

struct Finder<'t> {
    text: &'t str,
    items: &'t [Item],
    tokens: &'t Tokens,
    lexicon: &'t Lexicon,
    words: &'t [Word],
    found: &'t mut Vec<Range<usize>>,
    likely: Vec<Range<usize>>,
}

impl Finder<'_> {
    fn walk(&mut self) {
        let mut next = 0;
        for at in self.tokens.places().capitals.iter().copied() {
            if at < next || !self.words[at].able || self.is_ordinary(at) {
                continue;
            }
            let before = self.before(at);
            next = match self.best(at, before) {
                Some((start, end)) => {
                    self.found.push(self.tokens[start].start..self.tokens[end - 1].end);
                    end
                }
                None => self.unexplained(at, before).unwrap_or(at + 1),
            };
        }
    }

    /// Whether the word at `at` is an ordinary one that stands alone and before which no honorific stands, as at the
    /// beginning of most sentences: whatever else stands beside it, it weighs too little for a name.
    fn is_ordinary(&self, at: usize) -> bool {
        let word = self.words[at];
        word.plain
            && word.is_unlisted()
            && self.tokens.get(at + 1).is_none_or(|next| {
                !self.words[at + 1].able && next.cues & PARTICLE == 0 && !next.is_mark(',')
            })
            && self.tokens[at.saturating_sub(10)..at].iter().all(|token| token.cues & HONORIFIC == 0)
    }

    /// Where the best name begins and ends whose first word in capitals is at `at`.
    /// What the words before it say is `before`.
    fn best(&self, at: usize, mut before: f32) -> Option<(usize, usize)> {
        let form = self.tokens[at].form();
        let honorific =
            self.tokens[at].cues & HONORIFIC != 0 && form.is_some_and(|form| self.is_honorific(at, form));
        if (honorific || self.tokens[at].cues & SALUTATION != 0) && self.is_led(at) {
            return None;
        }
        // `mevrouw van den Heuvel`, `van der Meer, Joost`: the particles before belong to it where a cue stands before them.
        let mut start = at;
        while start > 0
            && at - start < 3
            && self.tokens[start - 1].cues & PARTICLE != 0
            && self.tokens[start - 1].form() == Some(Form::Lower)
            && self.close(self.tokens[start - 1].end, self.tokens[start].start)
        {
            start -= 1;
        }
        if start < at {
            let led = self.before(start);
            if led >= 2.3 {
                before = before.max(led);
            } else {
                start = at;
            }
        }
        if let Some(end) = self.turned(at, before) {
            return Some((start, end));
        }
        if before < 2.0 && self.only_stands_before(at) {
            return None;
        }
        let mut best = None;
        let mut most = 0.0;
        let run = self.run(at);
        // Nothing that stands behind it lifts such a word.
        if run.length == 1 && before < 0.9 && self.words[at].is_unlisted() {
            return None;
        }
        for (place, end) in run.ends[..run.length].iter().copied().enumerate() {
            let cores = &run.cores[..=place];
            let weight = self.weight(at, end, cores, before);
            let enough = if cores.len() == 1 { ENOUGH_ALONE } else { ENOUGH };
            #[expect(clippy::cast_precision_loss, reason = "a handful of words")]
            let longer = weight + 0.2 * cores.len() as f32;
            if weight >= enough && longer > most {
                most = longer;
                best = Some((start, end));
            }
        }
        best
    }

    /// `On Monday Rosalind Achterberg`: an ordinary word before a name of two words is none of it.
    fn only_stands_before(&self, at: usize) -> bool {
        let word = self.words[at];
        if !word.plain
            || word.given != Known::No
            || word.surname == Known::Well
            || self.words.get(at + 1).is_none_or(|next| next.given != Known::Well)
        {
            return false;
        }
        let run = self.run(at);
        run.length > 2 && run.cores[1] == at + 1
    }

    /// An honorific is not the name, where a name follows it: `Miss Tamm`, `Pan Nowak`.
    fn is_led(&self, at: usize) -> bool {
        let next = self.next_word(at);
        next.is_some_and(|next| self.words[next].able)
    }

    fn next_word(&self, at: usize) -> Option<usize> {
        let mut next = at + 1;
        if self.tokens.get(next).is_some_and(|token| token.is_mark('.')) {
            next += 1;
        }
        (next < self.tokens.len() && self.close(self.tokens[next - 1].end, self.tokens[next].start))
            .then_some(next)
    }

    /// Whether nothing but a space lies between.
    fn close(&self, end: usize, start: usize) -> bool {
        matches!(&self.text[end..start], "" | " " | "\u{a0}" | "  ")
    }

    /// The words that a name from `at` may have.
    fn run(&self, at: usize) -> Run {
        let mut run = Run { cores: [at; WORDS_MAX], ends: [at; WORDS_MAX], length: 0 };
        let mut look = at;
        let mut particles = 0;
        while look < self.tokens.len() && run.length < WORDS_MAX && particles < 4 {
            if look > at {
                let gap = &self.text[self.tokens[look - 1].end..self.tokens[look].start];
                let after_mark = self.tokens[look - 1].is_mark('.');
                if !(matches!(gap, " " | "\u{a0}" | "  ") || gap.is_empty() && after_mark) {
                    break;
                }
            }
            let token = &self.tokens[look];
            let initial = token.form() == Some(Form::Initial);
            if self.words[look].able {
                run.cores[run.length] = look;
                look += 1;
                if initial
                    && self.tokens.get(look).is_some_and(|next| next.is_mark('.'))
                    && self.text.as_bytes().get(self.tokens[look].start.wrapping_sub(1)).is_some()
                {
                    look += 1;
                }
                run.ends[run.length] = look;
                run.length += 1;
                // `Anna.Then` is no name.
                continue;
            }
            let particle = token.cues & PARTICLE != 0 && token.form() == Some(Form::Lower);
            if run.length > 0 && particle {
                particles += 1;
                look += 1;
                continue;
            }
            break;
        }
        run
    }

    /// What speaks for the words `cores` from `at` to `end` being a name.
    fn weight(&self, at: usize, end: usize, cores: &[usize], before: f32) -> f32 {
        let mut weight = 0.0;
        let (mut given, mut surname, mut initials, mut plain, mut unknown) = (0, 0, 0, 0, 0);
        let form = |core: &usize| self.tokens[*core].form();
        for (place, core) in cores.iter().enumerate() {
            let word = self.words[*core];
            let last = place + 1 == cores.len() && cores.len() > 1;
            if form(core) == Some(Form::Initial) {
                initials += 1;
                weight += 0.5;
                continue;
            }
            let by_place = if last { (word.surname, word.given) } else { (word.given, word.surname) };
            match by_place {
                (Known::Well, _) => weight += if last { 2.4 } else { 3.0 },
                (_, Known::Well) => weight += 2.0,
                (Known::Weakly, _) => weight += if word.plain { 0.8 } else { 1.2 },
                (_, Known::Weakly) => weight += if word.plain { 0.3 } else { 0.8 },
                // `Mr Brown`, `Reporter: Anna Summer`: the words before say that a name comes.
                _ if word.plain && before >= 4.0 => weight -= 0.4,
                _ if word.plain && before >= 2.0 && given > 0 => weight -= 0.8,
                _ if word.plain => weight -= 3.0,
                _ => weight += 0.5,
            }
            given += usize::from(word.given == Known::Well);
            surname += usize::from(word.surname != Known::No);
            plain += usize::from(word.plain);
            unknown += usize::from(word.unknown());
            if self.tokens[*core].cues & (THING_AFTER | THING_BEFORE) != 0 && by_place.0 != Known::Well {
                weight -= 2.5;
            } else if last && self.tokens[*core].cues & THING_AFTER != 0 {
                weight -= 1.5;
            }
        }
        let words = cores.len() - initials;
        if words == 0 {
            return 0.0;
        }
        // Only ordinary words, only initials and one word, only unknown words: the lists say nothing.
        if plain == words && given == 0 && before < 4.0 {
            weight -= 1.5;
        }
        if cores.len() > 1 && unknown == words && before < 2.0 {
            weight -= 0.6;
        }
        if initials > 0 && words == 1 {
            weight += match before {
                _ if surname > 0 && plain == 0 => 0.7,
                before if before > 2.5 => -0.3,
                _ => -0.6,
            };
        }
        // ANNA TAMM and Anna TAMM; not Anna tamm, not ANNA Tamm, not a word among abbreviations.
        let upper = cores.iter().filter(|core| form(core) == Some(Form::Upper)).count();
        let title = cores.iter().filter(|core| form(core) == Some(Form::Title)).count();
        if upper > 0
            && title > 0
            && ![cores.first(), cores.last()]
                .into_iter()
                .flatten()
                .any(|core| form(core) == Some(Form::Upper))
        {
            weight -= 3.0;
        }
        if upper > 0 {
            let short = cores.iter().any(|core| {
                self.tokens[*core].form() == Some(Form::Upper)
                    && self.tokens[*core].end - self.tokens[*core].start < 4
            });
            weight -= 0.4 * f32::from(u8::from(short)) + 0.4 * f32::from(u8::try_from(unknown).unwrap_or(3));
        }
        // A word in capitals alone is an abbreviation, unless the words before it are written so.
        if upper == 1 && cores.len() == 1 && before < 4.0 && !self.follows_capitals(at) {
            weight -= 1.5;
        }
        // `Liina's`
        if cores.len() == 1 && given == 1 && plain == 0 && self.is_possessed(end) {
            weight += 1.45;
        }
        // `Tere Liina!`
        let greeted = cores.len() == 1 && (3.0..4.0).contains(&before) && plain == 0;
        if greeted
            && self.tokens.get(end).is_none_or(|next| {
                matches!(next.what, What::Line | What::Mark(',' | '!' | ':' | '-' | '–' | '—'))
            })
        {
            weight += 1.0;
        }
        weight += before + self.after(end, cores);
        if cores.len() > 3 {
            weight -= 0.8;
        }
        if before < 1.0 && self.starts_sentence(at) && self.words[cores[0]].given == Known::No {
            weight -= 0.8;
        }
        weight
    }

    /// Whether an apostrophe and an `s` end the word before `end`.
    fn is_possessed(&self, end: usize) -> bool {
        let Some([mark, ending]) = self.tokens.get(end..end + 2) else { return false };
        let joined = mark.start == self.tokens[end - 1].end && ending.start == mark.end;
        joined && matches!(mark.what, What::Mark('\'' | '’')) && &self.text[ending.range()] == "s"
    }

    /// Whether the word before, in the same line, is in capitals.
    fn follows_capitals(&self, at: usize) -> bool {
        let before = self.tokens[..at].iter().rev().take_while(|token| token.what != What::Line);
        before.take(4).find_map(|token| token.form()) == Some(Form::Upper)
    }
}

/// A name as it stands in an address: without marks.
pub(super) fn unmarked(word: &str) -> Cow<'_, str> {
    if word.is_ascii() {
        return Cow::Borrowed(word);
    }
    word.chars()
        .map(|c| match c {
            'á' | 'à' | 'â' | 'ä' | 'ã' | 'å' | 'ą' | 'ā' | 'ă' => 'a',
            'é' | 'è' | 'ê' | 'ë' | 'ę' | 'ė' | 'ě' | 'ē' => 'e',
            'í' | 'ì' | 'î' | 'ï' | 'ı' | 'ī' | 'į' => 'i',
            'ó' | 'ò' | 'ô' | 'ö' | 'õ' | 'ø' | 'ő' => 'o',
            'ú' | 'ù' | 'û' | 'ü' | 'ů' | 'ū' | 'ű' | 'ų' => 'u',
            'ý' => 'y',
            'ñ' | 'ń' | 'ň' | 'ņ' => 'n',
            'ç' | 'ć' | 'č' => 'c',
            'ş' | 'ś' | 'š' | 'ș' => 's',
            'ž' | 'ź' | 'ż' => 'z',
            'ł' | 'ľ' | 'ļ' => 'l',
            'ğ' | 'ģ' => 'g',
            'ř' => 'r',
            'ť' | 'ț' => 't',
            'ď' | 'đ' => 'd',
            'ķ' => 'k',
            c => c,
        })
        .collect()
}
