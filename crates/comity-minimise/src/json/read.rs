//! Reading JSON: the grammar and the tree in one pass, or the grammar alone.
//!
//! [`Reader::value`] builds a tree and stops at what a tree may not be; [`Reader::skip`] then passes over the
//! same text with the grammar alone, so that one bad object does not hide the next. Neither recurses without
//! bound: the tree has its depth, skipping has a list of its own. Source: RFC 8259.

use super::{DEPTH_MAX, Node, TreeError};
use std::borrow::Cow;

/// Reads one text from its start.
pub(crate) struct Reader<'a> {
    text: &'a str,
    at: usize,
    string_length_max: usize,
    // What the open containers hold so far: a container takes its own part off when it closes, in its exact
    // size. One growing list instead of one for each container.
    properties: Vec<(Cow<'a, str>, Node<'a>)>,
    items: Vec<Node<'a>>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(text: &'a str, string_length_max: usize) -> Self {
        Self { text, at: 0, string_length_max, properties: Vec::new(), items: Vec::new() }
    }

    /// Where it stands, in bytes.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// The text from `start` to where it stands.
    pub(crate) fn since(&self, start: usize) -> &'a str {
        &self.text[start..self.at]
    }

    /// Stands at `at` again, which [`at`](Self::at) gave.
    pub(crate) fn back_to(&mut self, at: usize) {
        self.at = at;
        self.properties.clear();
        self.items.clear();
    }

    /// Skips white space, then returns the next byte without taking it.
    pub(crate) fn next_token(&mut self) -> Result<u8, TreeError> {
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(self.at) {
            if !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                return Ok(*byte);
            }
            self.at += 1;
        }
        Err(TreeError::NotJson)
    }

    /// Takes the next token, which must be `expected`.
    pub(crate) fn take(&mut self, expected: u8) -> Result<(), TreeError> {
        if self.next_token()? != expected {
            return Err(TreeError::NotJson);
        }
        self.at += 1;
        Ok(())
    }

    /// Takes `close` when it comes next.
    pub(crate) fn closes(&mut self, close: u8) -> Result<bool, TreeError> {
        let closes = self.next_token()? == close;
        self.at += usize::from(closes);
        Ok(closes)
    }

    /// Takes `,` and returns true, or takes `close` and returns false.
    pub(crate) fn goes_on(&mut self, close: u8) -> Result<bool, TreeError> {
        let token = self.next_token()?;
        if token != b',' && token != close {
            return Err(TreeError::NotJson);
        }
        self.at += 1;
        Ok(token == b',')
    }

    /// Nothing but white space may come.
    pub(crate) fn end(&mut self) -> Result<(), TreeError> {
        match self.next_token() {
            Ok(_) => Err(TreeError::NotJson),
            Err(_) => Ok(()),
        }
    }

    /// The name of a property, its colon taken too.
    pub(crate) fn name(&mut self) -> Result<Cow<'a, str>, TreeError> {
        if self.next_token()? != b'"' {
            return Err(TreeError::NotJson);
        }
        let name = self.string()?;
        self.take(b':')?;
        Ok(name)
    }

    /// The next value as a tree.
    pub(crate) fn value(&mut self) -> Result<Node<'a>, TreeError> {
        self.value_at(0)
    }

    fn value_at(&mut self, depth: usize) -> Result<Node<'a>, TreeError> {
        if depth > DEPTH_MAX {
            return Err(TreeError::TooDeep);
        }
        match self.next_token()? {
            b'"' => self.string().map(Node::Text),
            b'{' => self.object(depth),
            b'[' => self.list(depth),
            _ => {
                let start = self.at;
                self.literal()?;
                Ok(Node::Literal(Cow::Borrowed(self.since(start))))
            }
        }
    }

    fn list(&mut self, depth: usize) -> Result<Node<'a>, TreeError> {
        self.at += 1;
        if self.closes(b']')? {
            return Ok(Node::List(Vec::new()));
        }
        let first = self.items.len();
        loop {
            let item = self.value_at(depth + 1)?;
            self.items.push(item);
            if !self.goes_on(b']')? {
                return Ok(Node::List(self.items.drain(first..).collect()));
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Node<'a>, TreeError> {
        self.at += 1;
        if self.closes(b'}')? {
            return Ok(Node::Object(Vec::new()));
        }
        let first = self.properties.len();
        loop {
            let name = self.name()?;
            let value = self.value_at(depth + 1)?;
            self.properties.push((name, value));
            if !self.goes_on(b'}')? {
                break;
            }
        }
        if named_twice(&self.properties[first..]) {
            return Err(TreeError::NamedTwice);
        }
        Ok(Node::Object(self.properties.drain(first..).collect()))
    }

    /// The string whose opening quote comes next.
    fn string(&mut self) -> Result<Cow<'a, str>, TreeError> {
        let start = self.at;
        let escaped = self.pass_string()?;
        let text = self.since(start);
        if text.len() - 1 > self.string_length_max {
            return Err(TreeError::StringTooLong(self.string_length_max));
        }
        if escaped {
            let plain: String = serde_json::from_str(text).map_err(|_| TreeError::NotUnicode)?;
            Ok(Cow::Owned(plain))
        } else {
            Ok(Cow::Borrowed(&text[1..text.len() - 1]))
        }
    }

    /// Passes over a string; whether it has escapes.
    fn pass_string(&mut self) -> Result<bool, TreeError> {
        let bytes = self.text.as_bytes();
        self.at += 1;
        let mut escaped = false;
        loop {
            self.at += plain_length(&bytes[self.at..]);
            match bytes.get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(escaped);
                }
                Some(b'\\') => {
                    escaped = true;
                    self.at += match bytes.get(self.at + 1) {
                        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 2,
                        Some(b'u') if is_hex(bytes.get(self.at + 2..self.at + 6)) => 6,
                        _ => return Err(TreeError::NotJson),
                    };
                }
                _ => return Err(TreeError::NotJson),
            }
        }
    }

    /// Passes over a number, `true`, `false` or `null`.
    fn literal(&mut self) -> Result<(), TreeError> {
        let rest = &self.text.as_bytes()[self.at..];
        for word in ["true", "false", "null"] {
            if rest.starts_with(word.as_bytes()) {
                self.at += word.len();
                return Ok(());
            }
        }
        self.at += usize::from(rest.first() == Some(&b'-'));
        let whole = self.at;
        match (self.digits(), self.text.as_bytes()[whole..].first()) {
            (0, _) => return Err(TreeError::NotJson),
            (2.., Some(b'0')) => return Err(TreeError::NotJson),
            _ => {}
        }
        let next = |reader: &Self| reader.text.as_bytes().get(reader.at).copied();
        if next(self) == Some(b'.') {
            self.at += 1;
            if self.digits() == 0 {
                return Err(TreeError::NotJson);
            }
        }
        if matches!(next(self), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(next(self), Some(b'+' | b'-')));
            if self.digits() == 0 {
                return Err(TreeError::NotJson);
            }
        }
        Ok(())
    }

    /// Passes over digits; how many.
    fn digits(&mut self) -> usize {
        let count = self.text.as_bytes()[self.at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += count;
        count
    }

    /// Passes over the next value, of any depth, with the grammar alone.
    pub(crate) fn skip(&mut self) -> Result<(), TreeError> {
        let mut open = Vec::new();
        loop {
            let token = self.next_token()?;
            match token {
                b'"' => {
                    self.pass_string()?;
                }
                b'{' | b'[' => {
                    self.at += 1;
                    // The one that closes it: two places further in ASCII.
                    let close = token + 2;
                    if !self.closes(close)? {
                        open.push(close);
                        self.skip_name(close)?;
                        continue;
                    }
                }
                _ => self.literal()?,
            }
            loop {
                let Some(close) = open.last().copied() else { return Ok(()) };
                if self.goes_on(close)? {
                    self.skip_name(close)?;
                    break;
                }
                open.pop();
            }
        }
    }

    fn skip_name(&mut self, close: u8) -> Result<(), TreeError> {
        if close == b'}' {
            if self.next_token()? != b'"' {
                return Err(TreeError::NotJson);
            }
            self.pass_string()?;
            self.take(b':')?;
        }
        Ok(())
    }
}

/// How many bytes come before the first quote, backslash or control character: eight at a time.
pub(super) fn plain_length(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::MAX / 255;
    const HIGHS: u64 = ONES << 7;
    let is_zero = |word: u64| word.wrapping_sub(ONES) & !word & HIGHS;
    let (words, rest) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let control = word.wrapping_sub(ONES * 0x20) & !word & HIGHS;
        // A borrow can only mark bytes above one that is rightly marked: the lowest mark is right.
        let found = control | is_zero(word ^ (ONES * 0x22)) | is_zero(word ^ (ONES * 0x5C));
        if found != 0 {
            return index * 8 + (found.trailing_zeros() / 8) as usize;
        }
    }
    let special = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20));
    bytes.len() - rest.len() + special.unwrap_or(rest.len())
}

fn is_hex(digits: Option<&[u8]>) -> bool {
    digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
}

fn named_twice(properties: &[(Cow<'_, str>, Node<'_>)]) -> bool {
    // Comparing each with each is quicker than sorting for the usual dozen; dictionaries may be larger.
    if properties.len() <= 16 {
        let repeats =
            |(i, (name, _)): (usize, &(Cow<'_, str>, _))| properties[..i].iter().any(|(n, _)| n == name);
        return properties.iter().enumerate().any(repeats);
    }
    let mut names: Vec<&str> = properties.iter().map(|(name, _)| name.as_ref()).collect();
    names.sort_unstable();
    names.windows(2).any(|pair| pair[0] == pair[1])
}
