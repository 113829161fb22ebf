//! The literals of a STIX pattern, each with the property that it is compared with.
//!
//! ```text
//! [email-message:to_refs[*].value = 'a@example.org' AND file:hashes.'SHA-256' IN ('…', '…')]
//!  type          path              operator literal
//! ```
//! Reads as much of the grammar as that takes; what it does not understand holds no literal of a known
//! property and is left alone. Source: STIX 2.1 section 9.

use std::borrow::Cow;
use std::ops::Range;

/// A string literal of a pattern. As many are kept as a bundle has patterns: each is as small as it can be.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Literal {
    /// Where it stands, without its quotes.
    pub span: Range<usize>,
    /// Its value, unescaped.
    pub value: Box<str>,
    /// `type:path`, list steps left out; [`INSIDE`] stands for a dot inside of a step.
    subject: Box<str>,
    /// How the literal is meant.
    pub operator: Operator,
}

impl Literal {
    /// The object type that the comparison speaks of.
    pub(crate) fn stix_type(&self) -> &str {
        self.subject.split_once(':').map_or(&*self.subject, |(stix_type, _)| stix_type)
    }

    /// The steps of the path, list steps left out.
    pub(crate) fn steps(&self) -> impl Iterator<Item = Cow<'_, str>> {
        let path = self.subject.split_once(':').map_or("", |(_, path)| path);
        path.split('.').filter(|step| !step.is_empty()).map(|step| match step.contains(INSIDE) {
            true => Cow::Owned(step.replace(INSIDE, ".")),
            false => Cow::Borrowed(step),
        })
    }
}

/// Stands for a dot inside a quoted step, which is not a step's end.
const INSIDE: char = '\u{1}';

/// How a literal is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    /// As one of the values that are looked for.
    Is,
    /// As a value that is excluded.
    IsNot,
    /// As a regular expression.
    Matches,
}

/// The string literals of `pattern`, in order.
pub(crate) fn literals(pattern: &str) -> Vec<Literal> {
    let bytes = pattern.as_bytes();
    let mut found = Vec::new();
    let mut subject: Option<Box<str>> = None;
    let mut operator = Operator::Is;
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'\'' => {
                let (value, end) = string(pattern, at);
                if let Some(subject) = &subject {
                    let (value, subject) = (value.into_boxed_str(), subject.clone());
                    found.push(Literal { span: at + 1..end, value, subject, operator });
                }
                at = end + 1;
            }
            b'!' => {
                operator = Operator::IsNot;
                at += 1;
            }
            b if b.is_ascii_alphanumeric() || b == b'_' => {
                let (word, end) = word(pattern, at);
                match word.as_str() {
                    path if path.contains(':') => {
                        subject = Some(word.into_boxed_str());
                        operator = Operator::Is;
                    }
                    "NOT" => operator = Operator::IsNot,
                    "MATCHES" if operator == Operator::Is => operator = Operator::Matches,
                    _ => {}
                }
                at = end;
            }
            _ => at += 1,
        }
    }
    // Kept for as long as the bundle is, and most patterns have one.
    found.shrink_to_fit();
    found
}

/// Whether every literal of `pattern` ends, and ends where one can: before a space, a bracket, a comma or the end.
///
/// A quote too many turns what stands between literals into literals, and these into what stands between them.
pub(crate) fn has_whole_literals(pattern: &str) -> bool {
    let bytes = pattern.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'\'' => {
                let (_, end) = string(pattern, at);
                let next = bytes.get(end + 1);
                let ends = next.is_none_or(|next| next.is_ascii_whitespace() || b"])},".contains(next));
                if end == bytes.len() || !ends {
                    return false;
                }
                at = end + 1;
            }
            b if b.is_ascii_alphanumeric() || b == b'_' => at = word(pattern, at).1,
            _ => at += 1,
        }
    }
    true
}

/// A pattern of STIX 2.0 as one of 2.1: properties get the names that `renamed` gives for a type and a property,
/// and the instants of `START` and `STOP` their `t`. Everything else stays as it was written.
pub(crate) fn upgraded(pattern: &str, renamed: &dyn Fn(&str, &str) -> Option<&'static str>) -> String {
    let bytes = pattern.as_bytes();
    let mut out = String::with_capacity(pattern.len() + 8);
    let (mut at, mut copied) = (0, 0);
    let mut wants_instant = false;
    while at < bytes.len() {
        match bytes[at] {
            b'\'' => {
                if std::mem::take(&mut wants_instant) {
                    out.push_str(&pattern[copied..at]);
                    out.push('t');
                    copied = at;
                }
                at = (string(pattern, at).1 + 1).min(bytes.len());
            }
            b if b.is_ascii_alphanumeric() || b == b'_' => {
                let (_, end) = word(pattern, at);
                let text = &pattern[at..end];
                wants_instant = matches!(text, "START" | "STOP");
                if let Some((stix_type, path)) = text.split_once(':') {
                    let name = &path[..path.find(['.', '[']).unwrap_or(path.len())];
                    if let Some(new) = renamed(stix_type, name) {
                        let start = at + stix_type.len() + 1;
                        out.push_str(&pattern[copied..start]);
                        out.push_str(new);
                        copied = start + name.len();
                    }
                }
                at = end;
            }
            _ => at += 1,
        }
    }
    out.push_str(&pattern[copied..]);
    out
}

/// `text` as the inside of a literal.
pub(crate) fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\'', "\\'")
}

/// The string whose opening quote is at `start`, unescaped, and the position of its closing quote.
fn string(pattern: &str, start: usize) -> (String, usize) {
    let mut value = String::new();
    let mut escaped = false;
    for (offset, letter) in pattern[start + 1..].char_indices() {
        match letter {
            _ if escaped => {
                value.push(letter);
                escaped = false;
            }
            '\\' => escaped = true,
            '\'' => return (value, start + 1 + offset),
            _ => value.push(letter),
        }
    }
    (value, pattern.len())
}

/// A word or an object path; quoted steps (`hashes.'SHA-256'`) belong to the path.
fn word(pattern: &str, start: usize) -> (String, usize) {
    let bytes = pattern.as_bytes();
    let mut word = String::new();
    let mut at = start;
    let mut in_path = false;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\'' if in_path && word.ends_with(['.', ':']) => {
                let (step, end) = string(pattern, at);
                word.extend(step.chars().map(|c| if c == '.' { INSIDE } else { c }));
                at = end + 1;
            }
            b':' => {
                in_path = true;
                word.push(':');
                at += 1;
            }
            b'[' if in_path => match pattern[at..].find(']') {
                Some(length) => at += length + 1,
                None => break,
            },
            b'.' | b'-' | b'_' => {
                word.push(char::from(byte));
                at += 1;
            }
            _ if byte.is_ascii_alphanumeric() => {
                word.push(char::from(byte));
                at += 1;
            }
            _ => break,
        }
    }
    (word, at.max(start + 1).min(pattern.len()))
}

#[cfg(test)]
mod tests;
