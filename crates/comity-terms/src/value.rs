//! The values that facts and obligations carry.

use crate::Timestamp;
use std::collections::BTreeMap;

/// A value. `Null` is an answer: asked, and there is none. A key that is not there was never asked.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// Asked, and there is none.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number; law knows no fractions of a day.
    Long(i64),
    /// A word of a closed list, or text.
    Text(String),
    /// An instant, UTC.
    Instant(Timestamp),
    /// Several values, in order.
    List(Vec<Value>),
    /// Named values.
    Record(BTreeMap<String, Value>),
}

impl Value {
    /// The text, when this is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Appends the canonical bytes of this value: a tag, a length where one is needed, the content.
    /// Equal values have equal bytes and no value's bytes begin another's.
    pub fn write_canonical(&self, out: &mut Vec<u8>) {
        match self {
            Self::Null => out.push(0),
            Self::Bool(b) => out.extend([1, u8::from(*b)]),
            Self::Long(n) => tagged(out, 2, &n.to_be_bytes()),
            Self::Text(text) => tagged(out, 3, text.as_bytes()),
            Self::Instant(at) => tagged(out, 4, &at.as_nanosecond().to_be_bytes()),
            Self::List(items) => {
                tagged(out, 5, &(items.len() as u64).to_be_bytes());
                items.iter().for_each(|item| item.write_canonical(out));
            }
            Self::Record(fields) => {
                tagged(out, 6, &(fields.len() as u64).to_be_bytes());
                for (key, value) in fields {
                    tagged(out, 3, key.as_bytes());
                    value.write_canonical(out);
                }
            }
        }
    }
}

fn tagged(out: &mut Vec<u8>, tag: u8, bytes: &[u8]) {
    out.push(tag);
    out.extend((bytes.len() as u64).to_be_bytes());
    out.extend(bytes);
}

impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Text may be a person's: `Debug` tells its length only.
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(b) => write!(f, "{b}"),
            Self::Long(n) => write!(f, "{n}"),
            Self::Text(text) => write!(f, "text of {} bytes", text.len()),
            Self::Instant(at) => write!(f, "{at}"),
            Self::List(items) => f.debug_list().entries(items).finish(),
            Self::Record(fields) => f.debug_map().entries(fields).finish(),
        }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}
impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Long(value)
    }
}
impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}
impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}
impl From<Timestamp> for Value {
    fn from(value: Timestamp) -> Self {
        Self::Instant(value)
    }
}
impl<V: Into<Value>> FromIterator<V> for Value {
    fn from_iter<I: IntoIterator<Item = V>>(items: I) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }
}
