//! Information exchange policies (IEP 2.0), as markings carry them: which fields and words there are is data (`paths.toml`).
//!
//! ```text
//! definition.iep         the policy: a record of words and dates
//! definition.statement   a word of the Permissible Actions Protocol, which limits what is done as a field of a policy would
//! ```
//! Of several policies each field counts as the strictest of them says it. What cannot be read is not left out: a word that is on
//! no scale counts as the last of it, a beginning that is no instant never comes, an end that is none has been.
//!
//! Deliberately absent: names, ids and references of policies, which limit nothing and could say anything.

use crate::json::Node;
use comity_terms::Timestamp;
use serde::Deserialize;
use std::collections::BTreeMap;

/// What a policy limits: the word of each field that it states.
pub(crate) type Policy = BTreeMap<String, String>;

/// The fields of policies.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Policies {
    /// The words of each field, loosest first.
    fields: BTreeMap<String, Vec<String>>,
    /// The field that says when a policy begins.
    from: String,
    /// The field that says when it ends.
    until: String,
    /// Words of another standard that limit as a field would.
    protocol: Protocol,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Protocol {
    /// What a statement begins with that is one of its words.
    prefix: String,
    /// The field that it limits.
    field: String,
    /// The word of the field, by what stands after the prefix.
    words: BTreeMap<String, String>,
}

impl Policies {
    /// What is wrong with the table, if anything is.
    pub(crate) fn fault(&self) -> Option<String> {
        if let Some((field, _)) = self.fields.iter().find(|(_, words)| words.len() < 2) {
            return Some(format!("`{field}`: expected two words or more"));
        }
        let Some(scale) = self.fields.get(&self.protocol.field) else {
            return Some(format!("`{}` is none of the fields", self.protocol.field));
        };
        let unknown = self.protocol.words.values().find(|word| !scale.contains(word));
        unknown.map(|word| format!("`{word}` is no word of `{}`", self.protocol.field))
    }

    /// The policy that a marking's definition states.
    pub(super) fn asked(&self, marking: &Node<'_>) -> Option<Policy> {
        let definition = marking.get("definition")?;
        let stated =
            definition.get("statement").and_then(Node::as_text).and_then(|text| self.by_protocol(text));
        self.join(definition.get("iep").map(|iep| self.of(iep)), stated)
    }

    fn of(&self, iep: &Node<'_>) -> Policy {
        let mut policy = Policy::new();
        for (field, scale) in &self.fields {
            if let Some(value) = stated(iep, field) {
                policy.insert(field.clone(), word(scale, value.as_text()).to_owned());
            }
        }
        for (field, otherwise) in [(&self.from, NEVER), (&self.until, LONG_AGO)] {
            if let Some(value) = stated(iep, field) {
                let read = value.as_text().filter(|text| instant(text).is_some());
                policy.insert(field.clone(), read.unwrap_or(otherwise).to_owned());
            }
        }
        policy
    }

    fn by_protocol(&self, statement: &str) -> Option<Policy> {
        let Protocol { prefix, field, words } = &self.protocol;
        let (head, rest) = statement.trim().split_at_checked(prefix.len())?;
        if !head.eq_ignore_ascii_case(prefix) {
            return None;
        }
        let known = words.iter().find(|(word, _)| word.eq_ignore_ascii_case(rest.trim()));
        let said = known.map(|(_, word)| word.as_str());
        Some(Policy::from([(field.clone(), word(&self.fields[field], said).to_owned())]))
    }

    /// A policy that is no looser than either.
    pub(super) fn join(&self, one: Option<Policy>, other: Option<Policy>) -> Option<Policy> {
        let (Some(mut one), Some(other)) = (one.clone(), other.clone()) else { return one.or(other) };
        for (field, said) in other {
            let stricter = one.get(&field).is_none_or(|had| self.is_stricter(&field, &said, had));
            if stricter {
                one.insert(field, said);
            }
        }
        Some(one)
    }

    fn is_stricter(&self, field: &str, said: &str, had: &str) -> bool {
        if field == self.from {
            return instant(said) > instant(had);
        }
        if field == self.until {
            return instant(said) < instant(had);
        }
        let place = |word: &str| self.fields.get(field)?.iter().position(|known| known == word);
        place(said) > place(had)
    }
}

/// The value of a field; none where it is `null`, which limits nothing.
fn stated<'n, 'b>(iep: &'n Node<'b>, field: &str) -> Option<&'n Node<'b>> {
    iep.get(field).filter(|value| !matches!(value, Node::Literal(text) if text == "null"))
}

/// The word of a scale that a text is; the last where it is none.
fn word<'s>(scale: &'s [String], text: Option<&str>) -> &'s str {
    let said = text.map(|text| text.trim().to_lowercase().replace([' ', '_'], "-"));
    let known = scale.iter().find(|word| said.as_ref() == Some(word));
    known.or(scale.last()).map_or("", String::as_str)
}

/// The instant that a text names, or the beginning of the day.
fn instant(text: &str) -> Option<Timestamp> {
    text.parse().ok().or_else(|| format!("{text}T00:00:00Z").parse().ok())
}

const NEVER: &str = "9999-12-30T00:00:00Z";
const LONG_AGO: &str = "0001-01-01T00:00:00Z";
