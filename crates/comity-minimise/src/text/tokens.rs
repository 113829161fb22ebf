//! The text as tokens: words with what they tell, numbers, items, marks, ends of lines.
//!
//! Most text is ASCII, and most words are: a table tells what a byte of it is, and a copy of the text in lower case
//! is where every such word lies folded. Unicode is asked where a byte is none of ASCII, and the words that fold
//! otherwise are written behind that copy. Property-tested: both ways read ASCII alike.

use super::fingerprint::fingerprint;
use super::items::{Item, is_unspaced};
use super::letters::is_alphanumeric;
use super::lexicon::{BEGINS, Cues, Lexicon};
use std::borrow::Cow;
use std::ops::{Deref, Range};
use word::{DIGIT, LINE, LOWER, OTHER, SPACE, UPPER, class, quick_word, word};

mod word;

pub(super) use word::{is_combining, lower};

/// How a word is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// All letters small.
    Lower,
    /// The first letter of each part a capital, as names are: `Anne-Marie`, `O'Brien`, `McDonald`.
    Title,
    /// All letters capitals, two at least.
    Upper,
    /// One capital.
    Initial,
    /// Anything else, digits and underscores among it.
    Mixed,
}

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Word(Form),
    /// Digits, perhaps with `+` before and separators between.
    Number,
    /// The item with this index.
    Item(usize),
    /// A run of characters of a script without spaces.
    Unspaced,
    Mark(char),
    /// The end of a line.
    Line,
}

/// A part of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token {
    pub start: usize,
    pub end: usize,
    pub what: What,
    /// What it tells, phrases included.
    pub cues: Cues,
    /// Where it lies in lower case: a word only.
    folded: (usize, usize),
    /// That of its word in lower case: a word only.
    pub fingerprint: u64,
}

impl Token {
    pub(super) fn range(&self) -> Range<usize> {
        self.start..self.end
    }

    pub(super) fn form(&self) -> Option<Form> {
        match self.what {
            What::Word(form) => Some(form),
            _ => None,
        }
    }

    pub(super) fn is_mark(&self, mark: char) -> bool {
        self.what == What::Mark(mark)
    }
}

/// The tokens of a text, in order; items are one token each.
pub(super) struct Tokens {
    tokens: Vec<Token>,
    /// The text in lower case as far as ASCII goes, and behind it the words that fold otherwise.
    folded: String,
}

impl Deref for Tokens {
    type Target = [Token];

    fn deref(&self) -> &[Token] {
        &self.tokens
    }
}

impl Tokens {
    /// The tokens of `text`, whose `items` are read, in `room`.
    pub(super) fn read(text: &str, items: &[Item], lexicon: &Lexicon, mut room: Vec<Token>) -> Self {
        room.clear();
        room.reserve(text.len() / 4);
        let mut reader = Reader { text, tokens: room, folded: text.to_ascii_lowercase() };
        let mut at = 0;
        for (index, item) in items.iter().enumerate() {
            if item.range.start < at {
                continue;
            }
            reader.run(at, item.range.start);
            reader.put(item.range.start, item.range.end, What::Item(index));
            at = item.range.end;
        }
        reader.run(at, text.len());
        let mut tokens = Self { tokens: reader.tokens, folded: reader.folded };
        tokens.cue(text, lexicon);
        tokens
    }

    /// The room that they take.
    pub(super) fn into_room(self) -> Vec<Token> {
        self.tokens
    }

    /// The word of `token` in lower case; empty for what is no word.
    pub(super) fn lower(&self, token: &Token) -> &str {
        &self.folded[token.folded.0..token.folded.1]
    }

    /// Writes on every token what its word, and the phrases that it belongs to, tell.
    fn cue(&mut self, text: &str, lexicon: &Lexicon) {
        for at in 0..self.tokens.len() {
            match self.tokens[at].what {
                What::Word(_) => {}
                What::Unspaced => {
                    self.tokens[at].cues = lexicon.cues_within(&text[self.tokens[at].range()]);
                    continue;
                }
                _ => continue,
            }
            let fingerprint = fingerprint(self.lower(&self.tokens[at]));
            let cues = lexicon.cues_of(fingerprint);
            let token = &mut self.tokens[at];
            token.fingerprint = fingerprint;
            token.cues = cues;
        }
        for at in 0..self.tokens.len() {
            if self.tokens[at].cues & BEGINS == 0 {
                continue;
            }
            // The words that follow in this line, marks of abbreviation left out.
            let mut places = [at; PHRASE_MAX];
            let mut count = 0;
            for (place, token) in self.tokens.iter().enumerate().skip(at + 1).take(12) {
                match token.what {
                    What::Word(_) => {
                        places[count] = place;
                        count += 1;
                        if count == PHRASE_MAX {
                            break;
                        }
                    }
                    What::Mark('.' | '/' | '&') => {}
                    _ => break,
                }
            }
            let found = lexicon.phrase(self.tokens[at].fingerprint, |distance, wanted| {
                distance < count && self.tokens[places[distance]].fingerprint == wanted
            });
            if let Some((length, cues)) = found {
                self.tokens[at].cues |= cues;
                for place in &places[..length] {
                    self.tokens[*place].cues |= cues;
                }
            }
        }
    }
}

struct Reader<'t> {
    text: &'t str,
    tokens: Vec<Token>,
    folded: String,
}

impl Reader<'_> {
    /// Pushes a token; gives its end.
    fn put(&mut self, start: usize, end: usize, what: What) -> usize {
        let folded = match what {
            What::Word(_) => self.fold(start, end),
            _ => (0, 0),
        };
        self.tokens.push(Token { start, end, what, cues: 0, folded, fingerprint: 0 });
        end
    }

    /// Where the word `start..end` lies in lower case.
    fn fold(&mut self, start: usize, end: usize) -> (usize, usize) {
        let word = &self.text[start..end];
        if word.is_ascii() {
            return (start, end);
        }
        match lower(word) {
            Cow::Borrowed(_) => (start, end),
            Cow::Owned(lower) => {
                let at = self.folded.len();
                self.folded.push_str(&lower);
                (at, self.folded.len())
            }
        }
    }

    /// Pushes the tokens of `start..end`, in which no item lies.
    fn run(&mut self, start: usize, end: usize) {
        let text = &self.text[..end];
        let bytes = text.as_bytes();
        let mut at = start;
        while at < end {
            let byte = bytes[at];
            at = match class(byte) {
                SPACE => at + 1,
                LOWER | UPPER => self.word(text, at),
                DIGIT => match number(text, at).filter(|_| byte != b'_') {
                    Some(end) => self.put(at, end, What::Number),
                    None => self.word(text, at),
                },
                LINE => self.put(at, at + 1, What::Line),
                OTHER => self.other(text, at),
                _ => match number_with_sign(text, at) {
                    Some(end) => self.put(at, end, What::Number),
                    None => self.put(at, at + 1, What::Mark(char::from(byte))),
                },
            };
        }
    }

    fn word(&mut self, text: &str, at: usize) -> usize {
        match quick_word(text.as_bytes(), at) {
            Some((end, form, true)) => {
                self.tokens.push(Token {
                    start: at,
                    end,
                    what: What::Word(form),
                    cues: 0,
                    folded: (at, end),
                    fingerprint: 0,
                });
                end
            }
            Some((end, form, false)) => self.put(at, end, What::Word(form)),
            None => {
                let (end, form) = word(text, at);
                self.put(at, end, What::Word(form))
            }
        }
    }

    /// What begins with a character that is none of ASCII.
    fn other(&mut self, text: &str, at: usize) -> usize {
        let Some(c) = text[at..].chars().next() else { return text.len() };
        let after = at + c.len_utf8();
        match c {
            '\u{2028}' | '\u{2029}' => self.put(at, after, What::Line),
            c if c.is_whitespace() || c.is_control() => after,
            c if is_unspaced_word(c) => {
                let end = text[at..].find(|c: char| !is_unspaced_word(c)).map_or(text.len(), |end| at + end);
                self.put(at, end, What::Unspaced)
            }
            c if is_alphanumeric(c) && !is_unspaced(c) => self.word(text, at),
            c => self.put(at, after, What::Mark(c)),
        }
    }
}

fn is_unspaced_word(c: char) -> bool {
    is_unspaced(c) && (is_alphanumeric(c) || c == '々' || c == 'ー')
}

/// A number that begins with `+`: a telephone's.
fn number_with_sign(text: &str, at: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let signed = bytes[at] == b'+' && bytes.get(at + 1).is_some_and(|b| b.is_ascii_digit() || *b == b'(');
    signed.then(|| number(text, at)).flatten()
}

/// A number with its separators, at most 40 bytes; `None` when it is part of a word.
fn number(text: &str, at: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut end = at + 1;
    let mut digits = usize::from(bytes[at].is_ascii_digit());
    let mut look = at + 1;
    while look < bytes.len() && look - at < 40 {
        match bytes[look] {
            b if b.is_ascii_digit() => {
                digits += 1;
                look += 1;
                end = look;
            }
            // Not more than three separators in a row: `089 / 5512`.
            b' ' | b'-' | b'.' | b'/' | b'(' | b')' if look - end < 3 => look += 1,
            0xc2 if bytes.get(look + 1) == Some(&0xa0) && look == end => look += 2,
            _ => break,
        }
    }
    // An extension belongs to a telephone number: `555-123-4567x89`.
    if digits > 6
        && let Some(rest) = text[end..].strip_prefix('x')
    {
        let extension = rest.bytes().take_while(u8::is_ascii_digit).count();
        if (1..=6).contains(&extension) && !rest[extension..].starts_with(|c: char| c.is_alphanumeric()) {
            return Some(end + 1 + extension);
        }
    }
    let joined =
        text[end..].chars().next().is_some_and(|c| (c.is_alphanumeric() && !is_unspaced(c)) || c == '_');
    if !joined {
        return (digits > 0).then_some(end);
    }
    // The last group belongs to a word: what stands before it may still be a number.
    let group = text[at..end].rfind(|c: char| !c.is_ascii_digit())?;
    let before = text[at..at + group].trim_end_matches(|c: char| !c.is_ascii_digit());
    (!before.is_empty() && before != "+").then_some(at + before.len())
}

/// The most words that follow the first of a phrase.
const PHRASE_MAX: usize = 6;
