//! JSON as a tree that keeps what was written: numbers and literals as text, properties in their order.
//!
//! Reading and checking the grammar are one pass (`read`). Two things are refused that the grammar allows,
//! because two readers would disagree about them: a property that is named twice, and a string that is not
//! Unicode (a lone surrogate).
//!
//! Source: RFC 8259; the canonical form is RFC 8785 (JCS), asked for by STIX 2.1 section 2.9.

use std::borrow::Cow;
use std::fmt;

mod read;

pub(crate) use read::Reader;

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

/// Why a text was not read.
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
    /// A string is not Unicode: half of a surrogate pair.
    #[error("a string is not Unicode")]
    NotUnicode,
    /// The text is not JSON.
    #[error("not JSON")]
    NotJson,
}

impl<'a> Node<'a> {
    /// Reads a tree from `text`, which is one JSON value.
    ///
    /// # Errors
    /// [`TreeError`]; the caller rejects the object that the text is.
    pub fn read(text: &'a str, string_length_max: usize) -> Result<Self, TreeError> {
        let mut reader = Reader::new(text, string_length_max);
        let tree = reader.value()?;
        reader.end()?;
        Ok(tree)
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

    /// The string, when this is one, borrowed from the text that was read where it has no escapes.
    pub(crate) fn text(&self) -> Option<Cow<'a, str>> {
        match self {
            Self::Text(text) => Some(text.clone()),
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
    let mut rest = text.as_bytes();
    loop {
        let (plain, special) = rest.split_at(read::plain_length(rest));
        out.extend_from_slice(plain);
        let Some((byte, after)) = special.split_first() else { break };
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            0x08 => out.extend_from_slice(b"\\b"),
            0x09 => out.extend_from_slice(b"\\t"),
            0x0A => out.extend_from_slice(b"\\n"),
            0x0C => out.extend_from_slice(b"\\f"),
            0x0D => out.extend_from_slice(b"\\r"),
            byte => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
        }
        rest = after;
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

#[cfg(test)]
mod tests;
