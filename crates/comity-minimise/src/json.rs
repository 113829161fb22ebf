//! JSON as a tree that keeps what was written: numbers and literals as text, properties in their order.
//!
//! serde_json checks the grammar first (as `RawValue`); the reader here walks text that is known to be JSON
//! and so has one job, the tree. Two things are refused that the grammar allows, because two readers would
//! disagree about them: a property that is named twice, and a string that is not Unicode (a lone surrogate).
//!
//! Source: RFC 8259; the canonical form is RFC 8785 (JCS), asked for by STIX 2.1 section 2.9.

use std::borrow::Cow;
use std::fmt;

/// The deepest nesting that is read. STIX's own deepest property lies at 6; 64 leaves room for dictionaries
/// and keeps recursion far from any stack's end (64 frames of well under 1 KiB each).
pub const DEPTH_MAX: usize = 64;

/// A JSON value that borrows what it can from the text it was read from.
#[derive(Clone, PartialEq)]
pub enum Node<'a> {
    /// A number, `true`, `false` or `null`, as written.
    Literal(Cow<'a, str>),
    /// A string, unescaped.
    Text(Cow<'a, str>),
    /// A list.
    List(Vec<Node<'a>>),
    /// An object, in the order written; no name occurs twice.
    Object(Vec<(Cow<'a, str>, Node<'a>)>),
}

impl fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Cleartext: tell the shape only.
        match self {
            Self::Literal(text) => write!(f, "literal of {} bytes", text.len()),
            Self::Text(text) => write!(f, "text of {} bytes", text.len()),
            Self::List(items) => write!(f, "list of {}", items.len()),
            Self::Object(properties) => write!(f, "object of {}", properties.len()),
        }
    }
}

/// Why a text that is JSON was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// Nested deeper than [`DEPTH_MAX`].
    #[error("nested deeper than {DEPTH_MAX}")]
    TooDeep,
    /// One object names a property twice.
    #[error("a property is named twice")]
    NamedTwice,
    /// A string is longer than the limit.
    #[error("a string is longer than {0} bytes")]
    StringTooLong(usize),
    /// The text is not JSON, or a string in it is not Unicode.
    #[error("not JSON, or a string that is not Unicode")]
    NotJson,
}

impl<'a> Node<'a> {
    /// Reads a tree from `text`, which serde_json has accepted.
    ///
    /// # Errors
    /// [`TreeError`]; the caller rejects the object that the text is.
    pub fn read(text: &'a str, string_length_max: usize) -> Result<Self, TreeError> {
        let mut reader = Reader { text, at: 0, string_length_max };
        reader.value(0)
    }

    /// The property of that name, when this is an object that has it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(properties) => {
                properties.iter().find(|(key, _)| key == name).map(|(_, value)| value)
            }
            _ => None,
        }
    }

    /// The string, when this is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The items of a list; any other value is its own only item.
    #[must_use]
    pub fn items(&self) -> &[Self] {
        match self {
            Self::List(items) => items,
            other => std::slice::from_ref(other),
        }
    }

    /// Appends the JSON text of this value, without white space.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Literal(text) => out.extend(text.as_bytes()),
            Self::Text(text) => write_string(text, out),
            Self::List(items) => {
                out.push(b'[');
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        out.push(b',');
                    }
                    item.write(out);
                }
                out.push(b']');
            }
            Self::Object(properties) => write_properties(properties.iter(), out, Self::write),
        }
    }

    /// Appends the canonical text of this value (RFC 8785): names sorted by UTF-16 code units, numbers as
    /// ECMAScript writes them.
    pub fn write_canonical(&self, out: &mut Vec<u8>) {
        match self {
            Self::Literal(text) => out.extend(canonical_literal(text).as_bytes()),
            Self::Text(text) => write_string(text, out),
            Self::List(items) => {
                out.push(b'[');
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        out.push(b',');
                    }
                    item.write_canonical(out);
                }
                out.push(b']');
            }
            Self::Object(properties) => {
                let mut sorted: Vec<_> = properties.iter().collect();
                sorted.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
                write_properties(sorted.into_iter(), out, Self::write_canonical);
            }
        }
    }
}

fn write_properties<'n, 'a: 'n>(
    properties: impl Iterator<Item = &'n (Cow<'a, str>, Node<'a>)>,
    out: &mut Vec<u8>,
    write: impl Fn(&Node<'a>, &mut Vec<u8>),
) {
    out.push(b'{');
    for (i, (name, value)) in properties.enumerate() {
        if i > 0 {
            out.push(b',');
        }
        write_string(name, out);
        out.push(b':');
        write(value, out);
    }
    out.push(b'}');
}

/// Appends `text` as a JSON string with the escapes that RFC 8785 asks for and no others.
pub(crate) fn write_string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    for byte in text.bytes() {
        match byte {
            b'"' => out.extend(b"\\\""),
            b'\\' => out.extend(b"\\\\"),
            0x08 => out.extend(b"\\b"),
            0x09 => out.extend(b"\\t"),
            0x0A => out.extend(b"\\n"),
            0x0C => out.extend(b"\\f"),
            0x0D => out.extend(b"\\r"),
            0..0x20 => out.extend(format!("\\u{byte:04x}").as_bytes()),
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

/// A literal as ECMAScript writes it; what is not a finite number stays as written.
fn canonical_literal(text: &str) -> Cow<'_, str> {
    if matches!(text, "true" | "false" | "null") {
        return Cow::Borrowed(text);
    }
    let Some(number) = text.parse::<f64>().ok().filter(|n| n.is_finite()) else {
        return Cow::Borrowed(text);
    };
    if number == 0.0 {
        return Cow::Borrowed("0");
    }
    // Rust's `{:e}` gives the shortest digits that read back; ECMAScript's Number::toString places the point.
    let scientific = format!("{:e}", number.abs());
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let digits = mantissa.replace('.', "");
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let count = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    let point = exponent + 1;
    let zeros = |n: i32| "0".repeat(usize::try_from(n).unwrap_or(0));
    let body = if point >= count && point <= 21 {
        format!("{digits}{}", zeros(point - count))
    } else if 0 < point && point <= 21 {
        let (whole, fraction) = digits.split_at(usize::try_from(point).unwrap_or(0));
        format!("{whole}.{fraction}")
    } else if -6 < point && point <= 0 {
        format!("0.{}{digits}", zeros(-point))
    } else {
        let sign = if exponent < 0 { '-' } else { '+' };
        let (first, rest) = digits.split_at(1);
        let dot = if rest.is_empty() { "" } else { "." };
        format!("{first}{dot}{rest}e{sign}{}", exponent.abs())
    };
    Cow::Owned(if number < 0.0 { format!("-{body}") } else { body })
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    string_length_max: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Result<u8, TreeError> {
        self.text.as_bytes().get(self.at).copied().ok_or(TreeError::NotJson)
    }

    /// Skips white space, then returns the next byte without taking it.
    fn next_token(&mut self) -> Result<u8, TreeError> {
        while matches!(self.peek()?, b' ' | b'\t' | b'\n' | b'\r') {
            self.at += 1;
        }
        self.peek()
    }

    /// Takes the next token, which must be `expected`.
    fn take(&mut self, expected: u8) -> Result<(), TreeError> {
        if self.next_token()? != expected {
            return Err(TreeError::NotJson);
        }
        self.at += 1;
        Ok(())
    }

    /// Takes `,` and returns true, or takes `close` and returns false.
    fn goes_on(&mut self, close: u8) -> Result<bool, TreeError> {
        let token = self.next_token()?;
        self.at += 1;
        match token {
            b',' => Ok(true),
            token if token == close => Ok(false),
            _ => Err(TreeError::NotJson),
        }
    }

    fn value(&mut self, depth: usize) -> Result<Node<'a>, TreeError> {
        if depth > DEPTH_MAX {
            return Err(TreeError::TooDeep);
        }
        match self.next_token()? {
            b'"' => self.string().map(Node::Text),
            b'{' => self.object(depth),
            b'[' => self.list(depth),
            _ => self.literal(),
        }
    }

    fn literal(&mut self) -> Result<Node<'a>, TreeError> {
        let rest = &self.text[self.at..];
        let end = rest.find([',', ']', '}', ' ', '\t', '\n', '\r']).unwrap_or(rest.len());
        if end == 0 {
            return Err(TreeError::NotJson);
        }
        self.at += end;
        Ok(Node::Literal(Cow::Borrowed(&rest[..end])))
    }

    fn list(&mut self, depth: usize) -> Result<Node<'a>, TreeError> {
        self.take(b'[')?;
        let mut items = Vec::new();
        if self.next_token()? == b']' {
            self.at += 1;
            return Ok(Node::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            if !self.goes_on(b']')? {
                return Ok(Node::List(items));
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Node<'a>, TreeError> {
        self.take(b'{')?;
        let mut properties = Vec::new();
        if self.next_token()? == b'}' {
            self.at += 1;
            return Ok(Node::Object(properties));
        }
        loop {
            self.next_token()?;
            let name = self.string()?;
            self.take(b':')?;
            properties.push((name, self.value(depth + 1)?));
            if !self.goes_on(b'}')? {
                break;
            }
        }
        if named_twice(&properties) {
            return Err(TreeError::NamedTwice);
        }
        Ok(Node::Object(properties))
    }

    fn string(&mut self) -> Result<Cow<'a, str>, TreeError> {
        let start = self.at;
        let mut at = start + 1;
        let mut escaped = false;
        let bytes = self.text.as_bytes();
        loop {
            match bytes.get(at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    at += 2;
                }
                Some(_) => at += 1,
                None => return Err(TreeError::NotJson),
            }
        }
        self.at = at + 1;
        if at - start > self.string_length_max {
            return Err(TreeError::StringTooLong(self.string_length_max));
        }
        if escaped {
            let text: String =
                serde_json::from_str(&self.text[start..=at]).map_err(|_| TreeError::NotJson)?;
            Ok(Cow::Owned(text))
        } else {
            Ok(Cow::Borrowed(&self.text[start + 1..at]))
        }
    }
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

#[cfg(test)]
mod tests;
