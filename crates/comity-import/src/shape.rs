//! What a format says of its JSON, as data, and a reader that holds a document against it.
//!
//! What is wrong is a [`Trouble`], by its JSON pointer (RFC 6901): a missing or empty part, another type, a number out of
//! range, a repetition. What another version of the format may have, a property or a word that is not known, is taken
//! out and named as left; so what a reader gets holds known properties and known words only.

use crate::left::{Lefts, Reason};
use serde_json::{Map, Value};
use std::fmt;

/// How many troubles of a document are told one by one; the rest are counted.
const TOLD_MAX: usize = 20;

/// How much of a name that nobody knows is told.
const NAME_MAX: usize = 40;

/// Something that is not as its format says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// Where: a JSON pointer.
    pub pointer: String,
    /// What is wrong there.
    pub what: &'static str,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pointer = if self.pointer.is_empty() { "/" } else { &self.pointer };
        write!(f, "{pointer} {}", self.what)
    }
}

/// What was found while reading.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    troubles: Vec<Trouble>,
    more: usize,
    pub(crate) left: Lefts,
}

impl Findings {
    /// Nothing wrong yet, after what was left before.
    pub(crate) fn after(left: Lefts) -> Self {
        Self { left, ..Self::default() }
    }

    pub(crate) fn trouble(&mut self, pointer: &str, what: &'static str) {
        if self.troubles.len() < TOLD_MAX {
            self.troubles.push(Trouble { pointer: pointer.to_owned(), what });
        } else {
            self.more += 1;
        }
    }

    /// What is left, where nothing is wrong.
    pub(crate) fn end(self) -> Result<Lefts, crate::ImportError> {
        match self.troubles.is_empty() {
            true => Ok(self.left),
            false => Err(crate::ImportError::Wrong(self.troubles, self.more)),
        }
    }
}

/// What stands at one place.
pub(crate) enum Kind {
    /// A text about anything, written by people; not empty.
    Text,
    /// The same, and it may be empty.
    Any,
    /// A text of a closed form (a code, a day), and what to say of one that is not.
    Form(fn(&str) -> bool, &'static str),
    /// A word of a closed list; any other is left.
    Word(fn(&str) -> bool),
    /// A whole number within bounds, both included.
    Whole(i64, i64),
    Number,
    Flag,
    /// One or more of a kind.
    Many(&'static Many),
    /// An object with these parts.
    Parts(&'static Parts),
    /// An object of whatever is there, beside these parts.
    Open(&'static [Part]),
    /// What a version had there that nothing is made of.
    Former,
}

/// A list.
pub(crate) struct Many {
    pub(crate) of: Kind,
    /// Nothing stands in it twice.
    pub(crate) once: bool,
    /// May be empty.
    pub(crate) none: bool,
    /// One may stand there without its list.
    pub(crate) alone: bool,
}

/// An object.
pub(crate) struct Parts {
    pub(crate) parts: &'static [Part],
    /// One at least must be there.
    pub(crate) some: bool,
    /// Says one thing together.
    pub(crate) joined: bool,
}

/// A part of an object.
pub(crate) struct Part {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) needed: bool,
    /// What else it was called.
    pub(crate) also: &'static str,
}

/// A part that must be there.
pub(crate) const fn must(name: &'static str, kind: Kind) -> Part {
    Part { name, kind, needed: true, also: "" }
}

/// A part that may be there.
pub(crate) const fn may(name: &'static str, kind: Kind) -> Part {
    Part { name, kind, needed: false, also: "" }
}

impl Part {
    pub(crate) const fn also(self, also: &'static str) -> Self {
        Self { also, ..self }
    }
}

/// The value with what is known only; nothing where it is not of its kind or not known.
pub(crate) fn read(value: Value, kind: &Kind, at: &str, found: &mut Findings) -> Option<Value> {
    let trouble = match (kind, value) {
        (Kind::Former, _) => {
            found.left.add(at, Reason::NoPlace);
            return None;
        }
        (Kind::Word(known), Value::String(word)) => {
            if known(&word) {
                return Some(Value::String(word));
            }
            found.left.add(at, Reason::NoWord);
            return None;
        }
        (Kind::Text, Value::String(text)) if text.is_empty() => "is empty",
        (Kind::Form(holds, what), Value::String(text)) if !holds(&text) => what,
        (Kind::Text | Kind::Any | Kind::Form(..), text @ Value::String(_)) => return Some(text),
        (Kind::Whole(least, most), Value::Number(number)) => match number.as_i64() {
            Some(whole) if (*least..=*most).contains(&whole) => return Some(whole.into()),
            Some(_) => "is out of range",
            None => "is no whole number",
        },
        (Kind::Number, number @ Value::Number(_)) => return Some(number),
        (Kind::Flag, flag @ Value::Bool(_)) => return Some(flag),
        (Kind::Many(many), Value::Array(items)) => return list(items, many, at, found),
        (Kind::Many(many), alone @ Value::String(_)) if many.alone => {
            return list(vec![alone], many, at, found);
        }
        (Kind::Parts(parts), Value::Object(map)) => {
            if map.is_empty() && parts.some {
                found.trouble(at, "is empty");
                return None;
            }
            return Some(object(map, parts.parts, Reason::NoProperty, at, found));
        }
        (Kind::Open(parts), Value::Object(map)) => {
            return Some(object(map, parts, Reason::NoPlace, at, found));
        }
        (Kind::Text | Kind::Any | Kind::Form(..) | Kind::Word(_), _) => "is no text",
        (Kind::Whole(..) | Kind::Number, _) => "is no number",
        (Kind::Flag, _) => "is neither true nor false",
        (Kind::Many(_), _) => "is no list",
        (Kind::Parts(_) | Kind::Open(_), _) => "is no object",
    };
    found.trouble(at, trouble);
    None
}

fn list(items: Vec<Value>, many: &Many, at: &str, found: &mut Findings) -> Option<Value> {
    if items.is_empty() && !many.none {
        found.trouble(at, "is empty");
        return None;
    }
    if many.once {
        let mut texts: Vec<String> = items.iter().map(Value::to_string).collect();
        texts.sort_unstable();
        if texts.windows(2).any(|pair| pair[0] == pair[1]) {
            found.trouble(at, "says something twice");
            return None;
        }
    }
    let items = items.into_iter().enumerate();
    Some(items.filter_map(|(index, item)| read(item, &many.of, &format!("{at}/{index}"), found)).collect())
}

fn object(
    mut map: Map<String, Value>,
    parts: &[Part],
    unknown: Reason,
    at: &str,
    found: &mut Findings,
) -> Value {
    let mut known = Map::new();
    for part in parts {
        let there = map.remove(part.name).or_else(|| map.remove(part.also));
        match there {
            Some(value) => {
                let value = read(value, &part.kind, &format!("{at}/{}", part.name), found);
                known.extend(value.map(|value| (part.name.to_owned(), value)));
            }
            None if part.needed => found.trouble(&format!("{at}/{}", part.name), "is missing"),
            None => {}
        }
    }
    for name in map.keys() {
        found.left.add(&format!("{at}/{}", step(name)), unknown);
    }
    Value::Object(known)
}

/// A name as a step of a JSON pointer, cut where it is long.
fn step(name: &str) -> String {
    let name: String = name.chars().take(NAME_MAX).collect();
    name.replace('~', "~0").replace('/', "~1")
}
