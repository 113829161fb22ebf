//! The text as tokens: words with what they tell, numbers, items, marks, ends of lines.

use super::items::{Item, is_unspaced};
use super::lexicon::{BEGINS, Cues, Lexicon};
use std::borrow::Cow;
use std::ops::Range;

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

/// The tokens of `text`, in order; items are one token each.
pub(super) fn tokens(text: &str, items: &[Item], lexicon: &Lexicon) -> Vec<Token> {
    let mut tokens = Vec::with_capacity(text.len() / 5);
    let mut items = items.iter().enumerate().peekable();
    let mut at = 0;
    while at < text.len() {
        while let Some((index, item)) = items.peek()
            && item.range.start <= at
        {
            if item.range.start == at {
                tokens.push(Token { start: at, end: item.range.end, what: What::Item(*index), cues: 0 });
                at = item.range.end;
            }
            items.next();
        }
        if at >= text.len() {
            break;
        }
        let stop = items.peek().map_or(text.len(), |(_, item)| item.range.start);
        if stop <= at {
            continue;
        }
        at = token(&text[..stop], at, &mut tokens);
    }
    cue(text, &mut tokens, lexicon);
    tokens
}

/// Pushes the token at `at`, if there is one, and gives the position after it.
fn token(text: &str, at: usize, tokens: &mut Vec<Token>) -> usize {
    let Some(c) = text[at..].chars().next() else { return text.len() };
    let mut put = |end: usize, what: What| {
        tokens.push(Token { start: at, end, what, cues: 0 });
        end
    };
    let after = at + c.len_utf8();
    if c == '\n' || c == '\u{2028}' || c == '\u{2029}' {
        return put(after, What::Line);
    }
    if c.is_whitespace() || c.is_control() {
        return after;
    }
    if (c.is_ascii_digit()
        || (c == '+' && text[after..].starts_with(|c: char| c.is_ascii_digit() || c == '(')))
        && let Some(end) = number(text, at)
    {
        return put(end, What::Number);
    }
    if is_unspaced(c) {
        if !c.is_alphanumeric() && c != '々' && c != 'ー' {
            return put(after, What::Mark(c));
        }
        let end =
            text[at..].find(|c: char| !(is_unspaced(c) && (c.is_alphanumeric() || c == '々' || c == 'ー')));
        return put(end.map_or(text.len(), |end| at + end), What::Unspaced);
    }
    if c.is_alphanumeric() || c == '_' {
        let (end, form) = word(text, at);
        return put(end, What::Word(form));
    }
    put(after, What::Mark(c))
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

fn word(text: &str, at: usize) -> (usize, Form) {
    let mut end = at;
    let (mut upper, mut lower, mut digits, mut parts, mut other) =
        (0_usize, 0_usize, 0_usize, 1_usize, false);
    let (mut title, mut part_start, mut part_upper) = (true, true, 0_usize);
    let mut characters = text[at..].char_indices().peekable();
    while let Some((offset, c)) = characters.next() {
        let next = characters.peek().map(|(_, next)| *next);
        if c.is_alphabetic() && !is_unspaced(c) {
            if c.is_lowercase() {
                lower += 1;
                title &= !part_start;
            } else {
                upper += 1;
                part_upper += 1;
            }
            part_start = false;
        } else if c.is_numeric() && !is_unspaced(c) || c == '_' {
            digits += 1;
            title = false;
            part_start = false;
        } else if is_combining(c) {
        } else if matches!(c, '-' | '\'' | '’' | '‑') {
            let Some(next) = next.filter(|next| next.is_alphabetic() && !is_unspaced(*next)) else { break };
            let apostrophe = matches!(c, '\'' | '’');
            // `Anna's`, `Yılmaz'ın`: what follows is an ending. `d'Anna`, `l'utilisateur`: what comes before is one.
            if apostrophe && (next.is_lowercase() && upper > 0 && offset > 0) {
                break;
            }
            if apostrophe && lower > 0 && upper == 0 && offset <= 2 {
                break;
            }
            parts += 1;
            title &= part_upper <= 2;
            part_start = true;
            part_upper = 0;
        } else {
            break;
        }
        other |= !c.is_alphabetic() && !matches!(c, '-' | '\'' | '’' | '‑') && !is_combining(c);
        end = at + offset + c.len_utf8();
    }
    // McDonald, MacArthur, DiCaprio, O'Brien: a second capital inside a part is allowed, more is not a name.
    let form = if digits > 0 || other {
        Form::Mixed
    } else if upper == 0 {
        Form::Lower
    } else if lower == 0 {
        if upper == 1 && parts == 1 { Form::Initial } else { Form::Upper }
    } else if title && upper <= parts + 1 {
        Form::Title
    } else {
        Form::Mixed
    };
    (end.max(at + text[at..].chars().next().map_or(1, char::len_utf8)), form)
}

pub(super) fn is_combining(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{200c}' | '\u{200d}' | '\u{ad}')
}

/// `word` in lower case. Nothing is allocated for a word that has no capital.
pub(super) fn lower(word: &str) -> Cow<'_, str> {
    if word.bytes().all(|b| b.is_ascii() && !b.is_ascii_uppercase()) {
        return Cow::Borrowed(word);
    }
    if word.is_ascii() {
        return Cow::Owned(word.to_ascii_lowercase());
    }
    if !word.chars().any(|c| c.is_uppercase() || is_combining(c) || c == '’') {
        return Cow::Borrowed(word);
    }
    let mut out = String::with_capacity(word.len());
    let mut characters = word.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            'İ' => out.push('i'),
            '’' => out.push('\''),
            '\u{ad}' | '\u{200c}' | '\u{200d}' => {}
            c => match characters.peek().and_then(|mark| composed(c, *mark)) {
                Some(one) => {
                    characters.next();
                    out.extend(one.to_lowercase());
                }
                None => out.extend(c.to_lowercase()),
            },
        }
    }
    Cow::Owned(out)
}

/// A letter with a mark that stands apart, as one: the pairs that names have.
fn composed(letter: char, mark: char) -> Option<char> {
    const PAIRS: [(char, &str, &str); 9] = [
        ('\u{300}', "aeiouAEIOU", "àèìòùÀÈÌÒÙ"),
        ('\u{301}', "aeiouyncszlAEIOUYNCSZL", "áéíóúýńćśźĺÁÉÍÓÚÝŃĆŚŹĹ"),
        ('\u{302}', "aeiouAEIOU", "âêîôûÂÊÎÔÛ"),
        ('\u{303}', "anoANO", "ãñõÃÑÕ"),
        ('\u{308}', "aeiouAEIOU", "äëïöüÄËÏÖÜ"),
        ('\u{30a}', "auAU", "åůÅŮ"),
        ('\u{30c}', "cszrneCSZRNE", "čšžřňěČŠŽŘŇĚ"),
        ('\u{327}', "csCS", "çşÇŞ"),
        ('\u{328}', "aeAE", "ąęĄĘ"),
    ];
    let (_, letters, whole) = PAIRS.iter().find(|(m, ..)| *m == mark)?;
    let place = letters.chars().position(|l| l == letter)?;
    whole.chars().nth(place)
}

/// Writes on every token what its word, and the phrases that it belongs to, tell.
fn cue(text: &str, tokens: &mut [Token], lexicon: &Lexicon) {
    for at in 0..tokens.len() {
        if !matches!(tokens[at].what, What::Word(_)) {
            continue;
        }
        let first = lower(&text[tokens[at].range()]);
        let cues = lexicon.cues(&first);
        tokens[at].cues |= cues;
        if cues & BEGINS == 0 {
            continue;
        }
        // The words that follow in this line, marks of abbreviation left out.
        let mut places = [at; PHRASE_MAX];
        let mut words: [Option<Cow<'_, str>>; PHRASE_MAX] = Default::default();
        let mut count = 0;
        for (place, token) in tokens.iter().enumerate().skip(at + 1).take(12) {
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
        let found = lexicon.phrase(&first, |distance, wanted| {
            distance < count
                && words[distance]
                    .get_or_insert_with(|| lower(&text[tokens[places[distance]].range()]))
                    .as_ref()
                    == wanted
        });
        drop(words);
        if let Some((length, cues)) = found {
            tokens[at].cues |= cues;
            for place in &places[..length] {
                tokens[*place].cues |= cues;
            }
        }
    }
}

/// The most words that follow the first of a phrase.
const PHRASE_MAX: usize = 6;
