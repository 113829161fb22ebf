//! The text as tokens: words with what they tell, numbers, items, marks, ends of lines.
//!
//! Most text is ASCII, and most words are: a table tells what a byte of it is, and a copy of the text in lower case
//! is where every such word lies folded. Unicode is asked where a byte is none of ASCII, and the words that fold
//! otherwise are written behind that copy. Property-tested: both ways read ASCII alike.

use super::fingerprint::fingerprint_of;
use super::items::{Item, is_unspaced};
use super::letters::is_alphanumeric;
use super::lexicon::{BEGINS, Cues, Lexicon};
use std::ops::{Deref, Range};
use word::{DIGIT, LINE, LOWER, OTHER, SPACE, UPPER, class, fold, folds, quick_word, simple_word, word};

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
    Item(u32),
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
    /// One more than its place among the words that are written behind the text in lower case; 0 for any other.
    moved: u32,
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

/// The tokens of a text, in order; items are one token each. Which of them a later reader has to look at is noted as
/// they are read, so that each walks over its own and no other.
#[derive(Default)]
pub(super) struct Tokens {
    tokens: Vec<Token>,
    /// The text in lower case as far as ASCII goes, and behind it the words that fold otherwise.
    folded: String,
    /// Where these lie.
    moved: Vec<(usize, usize)>,
    places: Places,
}

/// Which tokens are of a kind: their places, in order.
#[derive(Default)]
pub(super) struct Places {
    /// Words that begin with a capital, or are all of them.
    pub capitals: Vec<usize>,
    /// Numbers, and the words that one may begin with.
    pub numbers: Vec<usize>,
    /// Runs of a script without spaces.
    pub unspaced: Vec<usize>,
    /// Words that a phrase begins with.
    begins: Vec<usize>,
    /// `<`
    pub opening: Vec<usize>,
    /// What all tokens tell together.
    pub cues: Cues,
}

impl Places {
    fn clear(&mut self) {
        let Self { capitals, numbers, unspaced, begins, opening, cues } = self;
        for places in [capitals, numbers, unspaced, begins, opening] {
            places.clear();
        }
        *cues = 0;
    }
}

impl Deref for Tokens {
    type Target = [Token];

    fn deref(&self) -> &[Token] {
        &self.tokens
    }
}

impl Tokens {
    pub(super) const NONE: Self = Self {
        tokens: Vec::new(),
        folded: String::new(),
        moved: Vec::new(),
        places: Places {
            capitals: Vec::new(),
            numbers: Vec::new(),
            unspaced: Vec::new(),
            begins: Vec::new(),
            opening: Vec::new(),
            cues: 0,
        },
    };

    /// Becomes the tokens of `text`, whose `items` are read.
    pub(super) fn read(&mut self, text: &str, items: &[Item], lexicon: &Lexicon) {
        self.tokens.clear();
        self.tokens.reserve(text.len() / 4);
        self.moved.clear();
        self.places.clear();
        self.folded = text.to_ascii_lowercase();
        let mut reader = Reader { text, lexicon, into: self };
        let mut at = 0;
        for (index, item) in (0..).zip(items) {
            if item.range.start < at {
                continue;
            }
            reader.run(at, item.range.start);
            reader.put(item.range.start, item.range.end, What::Item(index));
            at = item.range.end;
        }
        reader.run(at, text.len());
        self.phrases(lexicon);
    }

    /// Gives up the words: what is left says nothing of the text.
    pub(super) fn forget(&mut self) {
        self.folded = String::new();
    }

    /// How many tokens there is room for.
    pub(super) fn room(&self) -> usize {
        self.tokens.capacity()
    }

    /// Which tokens are of a kind.
    pub(super) fn places(&self) -> &Places {
        &self.places
    }

    /// The word of `token` in lower case; empty for what is no word.
    pub(super) fn lower(&self, token: &Token) -> &str {
        match (token.what, token.moved) {
            (What::Word(_), 0) => &self.folded[token.start..token.end],
            (What::Word(_), moved) => {
                let (start, end) = self.moved[moved as usize - 1];
                &self.folded[start..end]
            }
            _ => "",
        }
    }

    /// Writes on every token what the phrases tell that it belongs to.
    fn phrases(&mut self, lexicon: &Lexicon) {
        for place in 0..self.places.begins.len() {
            let at = self.places.begins[place];
            // The words that follow in this line, marks of abbreviation left out.
            let mut places = [at; PHRASE_MAX];
            let mut count = 0;
            let phrases = lexicon.phrases_of(self.tokens[at].fingerprint);
            for (place, token) in self.tokens.iter().enumerate().skip(at + 1).take(12) {
                match token.what {
                    What::Word(_) => {
                        if count == 0 && !phrases.goes_on(token.fingerprint) {
                            break;
                        }
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
            if count == 0 {
                continue;
            }
            let found = phrases.longest(|distance, wanted| {
                distance < count && self.tokens[places[distance]].fingerprint == wanted
            });
            if let Some((length, cues)) = found {
                self.places.cues |= cues;
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
    lexicon: &'t Lexicon,
    into: &'t mut Tokens,
}

impl Reader<'_> {
    /// Pushes a token that is no word; gives its end.
    fn put(&mut self, start: usize, end: usize, what: What) -> usize {
        let at = self.into.tokens.len();
        let mut cues = 0;
        match what {
            What::Number => self.into.places.numbers.push(at),
            What::Mark('<') => self.into.places.opening.push(at),
            What::Unspaced => {
                self.into.places.unspaced.push(at);
                cues = self.lexicon.cues_within(&self.text[start..end]);
                self.into.places.cues |= cues;
            }
            _ => {}
        }
        self.into.tokens.push(Token { start, end, what, cues, moved: 0, fingerprint: 0 });
        end
    }

    /// Pushes a word; gives its end. `copied` says that lowering the ASCII of it is all that folding it takes.
    fn put_word(&mut self, start: usize, end: usize, form: Form, copied: bool) -> usize {
        let into = &mut *self.into;
        let mut moved = 0;
        let (mut from, mut to) = (start, end);
        if !copied && folds(&self.text[start..end]) {
            from = into.folded.len();
            fold(&self.text[start..end], &mut into.folded);
            to = into.folded.len();
            into.moved.push((from, to));
            moved = u32::try_from(into.moved.len()).unwrap_or(0);
        }
        let fingerprint = fingerprint_of(&into.folded.as_bytes()[from..to]);
        let cues = self.lexicon.cues_of(fingerprint);
        let at = into.tokens.len();
        into.places.cues |= cues;
        if cues & BEGINS != 0 {
            into.places.begins.push(at);
        }
        if form != Form::Lower {
            if matches!(form, Form::Mixed | Form::Upper) {
                into.places.numbers.push(at);
            }
            if form != Form::Mixed {
                into.places.capitals.push(at);
            }
        }
        into.tokens.push(Token { start, end, what: What::Word(form), cues, moved, fingerprint });
        end
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
                LOWER | UPPER => match simple_word(bytes, at) {
                    Some((end, form)) => self.put_word(at, end, form, true),
                    None => self.word(text, at),
                },
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
        let (end, form, copied) = quick_word(text.as_bytes(), at).unwrap_or_else(|| {
            let (end, form) = word(text, at);
            (end, form, false)
        });
        let copied = copied || text.as_bytes()[at..end].is_ascii();
        self.put_word(at, end, form, copied)
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
