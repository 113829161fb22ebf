//! What a fact is: its type, who may say it, when it must be there.

use super::derivation::{Derivation, Slot};
use super::{NONE, Vocabulary};
use comity_terms::{Action, Asserter, FactKey, PackSlug, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The type of a fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FactType {
    /// True or false.
    Bool,
    /// A whole number.
    Long,
    /// Free text; no rule sees it.
    Text,
    /// Several free texts; no rule sees them.
    Texts,
    /// An instant; no rule sees it.
    Datetime,
    /// One word of the named list.
    Enum(String),
    /// Words of the named list.
    Set(String),
    /// The code of a party.
    Party,
    /// Codes of parties.
    Parties,
    /// Named values; no rule sees them.
    Record,
}

impl FactType {
    /// Whether rules can see it.
    #[must_use]
    pub fn reaches_rules(&self) -> bool {
        !matches!(self, Self::Text | Self::Texts | Self::Datetime | Self::Record)
    }
}

/// The order in which a declaration may raise what was detected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raise(pub Vec<Value>);

/// When a live question must state a fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// For these actions; empty: for every one.
    pub actions: BTreeSet<Action>,
    /// Where this pack is asked; absent: always.
    pub pack: Option<PackSlug>,
    /// Only beside this other fact; absent: whatever else is stated.
    pub beside: Option<Beside>,
    /// Not where this other fact is true.
    pub unless: Option<FactKey>,
}

/// Another fact that calls for one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beside {
    /// The other fact, stated: not null, not false, not empty.
    pub fact: FactKey,
    /// The one value of it that does; absent: any.
    pub is: Option<Value>,
}

impl Requirement {
    /// Whether it holds for `action`.
    #[must_use]
    pub fn covers(&self, action: &Action) -> bool {
        self.actions.is_empty() || self.actions.contains(action)
    }

    /// Whether it is called for by what is stated beside: `stated` gives the value of a fact.
    pub(crate) fn is_called_for<'v>(&self, stated: impl Fn(&FactKey) -> Option<&'v Value>) -> bool {
        let beside = self.beside.as_ref().is_none_or(|beside| {
            stated(&beside.fact).is_some_and(|value| match &beside.is {
                Some(is) => value == is,
                None => match value {
                    Value::Null | Value::Bool(false) => false,
                    Value::List(items) => !items.is_empty(),
                    _ => true,
                },
            })
        });
        let lifted = self.unless.as_ref().and_then(stated) == Some(&Value::Bool(true));
        beside && !lifted
    }

    /// The other facts that it turns on.
    pub(crate) fn turns_on(&self) -> impl Iterator<Item = &FactKey> {
        self.beside.iter().map(|beside| &beside.fact).chain(&self.unless)
    }
}

/// One fact of the vocabulary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactTerm {
    /// Its key.
    pub key: FactKey,
    /// Its place among all facts.
    pub(crate) slot: Slot,
    /// The places of every name of it, its own included.
    pub(crate) names: Vec<Slot>,
    /// What it says.
    pub summary: String,
    /// Its type.
    pub kind: FactType,
    /// Whether null may be given: asked, and there is none.
    pub nullable: bool,
    /// Who may say it; empty for a derived fact.
    pub asserted_by: BTreeSet<Asserter>,
    /// How a declaration may raise what was detected.
    pub raise: Option<Raise>,
    /// The fact of which this key is another name.
    pub alias_of: Option<FactKey>,
    /// Whether messages may tell it to a partner.
    pub told: bool,
    /// The actions that it matters to; absent: every one.
    pub actions: Option<BTreeSet<Action>>,
    /// What a number counts.
    pub unit: Option<String>,
    /// When a live question must state it.
    pub required: Vec<Requirement>,
    /// How it is worked out, where nobody states it.
    pub derived: Option<Derivation>,
}

/// A value that is not of its fact's type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("fact `{key}`: expected {expected}")]
pub struct FactTypeError {
    /// The fact.
    pub key: FactKey,
    /// What it may be.
    pub expected: String,
}

impl FactTerm {
    /// Whether rules about `action` can see it.
    #[must_use]
    pub fn covers(&self, action: &Action) -> bool {
        self.actions.as_ref().is_none_or(|actions| actions.contains(action))
    }

    /// `value`, when it is of this fact's type.
    ///
    /// # Errors
    /// [`FactTypeError`], which never holds the value itself.
    pub fn check<'v>(&self, vocabulary: &Vocabulary, value: &'v Value) -> Result<&'v Value, FactTypeError> {
        let holds = match (&self.kind, value) {
            (_, Value::Null) => self.nullable,
            (FactType::Bool, Value::Bool(_))
            | (FactType::Long, Value::Long(_))
            | (FactType::Text, Value::Text(_))
            | (FactType::Datetime, Value::Instant(_))
            | (FactType::Record, Value::Record(_)) => true,
            (FactType::Enum(list), Value::Text(word)) => listed(vocabulary, list, word),
            (FactType::Party, Value::Text(code)) => vocabulary.names_state(code),
            (FactType::Texts, Value::List(items)) => items.iter().all(|item| item.as_text().is_some()),
            (FactType::Set(list), Value::List(items)) => {
                items.iter().all(|item| item.as_text().is_some_and(|word| listed(vocabulary, list, word)))
            }
            (FactType::Parties, Value::List(items)) => {
                items.iter().all(|item| item.as_text().is_some_and(|code| vocabulary.names_state(code)))
            }
            _ => false,
        };
        if holds { Ok(value) } else { Err(self.expected(vocabulary)) }
    }

    /// The value that a JSON value stands for.
    ///
    /// # Errors
    /// [`FactTypeError`] when it is not of this fact's type.
    pub fn from_json(
        &self,
        vocabulary: &Vocabulary,
        json: &serde_json::Value,
    ) -> Result<Value, FactTypeError> {
        use serde_json::Value as Json;
        let same = self.same_words(vocabulary, json);
        let value = match (&self.kind, same.as_ref().unwrap_or(json)) {
            (FactType::Datetime, Json::String(text)) => {
                Value::Instant(comity_terms::instant(text).ok_or_else(|| self.expected(vocabulary))?)
            }
            // A question that some ask as yes or no and some with a word: `imminent_harm`.
            (FactType::Enum(_), Json::Bool(truth)) => Value::Text(truth.to_string()),
            (_, json) => plain(json).ok_or_else(|| self.expected(vocabulary))?,
        };
        self.check(vocabulary, &value)?;
        Ok(value)
    }

    /// The value that a word on a command line stands for: JSON where the type wants it, else the word itself.
    ///
    /// # Errors
    /// [`FactTypeError`] when it is not of this fact's type.
    pub fn from_text(&self, vocabulary: &Vocabulary, text: &str) -> Result<Value, FactTypeError> {
        if text == "null" {
            return self.check(vocabulary, &Value::Null).cloned();
        }
        let json = match self.kind {
            FactType::Text | FactType::Datetime | FactType::Enum(_) | FactType::Party => text.into(),
            _ => serde_json::from_str(text).unwrap_or_else(|_| {
                // `a,b` is a list to those who type.
                text.split(',').map(|word| serde_json::Value::from(word.trim())).collect()
            }),
        };
        self.from_json(vocabulary, &json)
    }

    /// The JSON value with the list's own word for each other name of one; `None` where there is no other name in it.
    fn same_words(&self, vocabulary: &Vocabulary, json: &serde_json::Value) -> Option<serde_json::Value> {
        let names = &vocabulary.readings.get(self.list()?)?.synonyms;
        let own =
            |word: &serde_json::Value| Some(serde_json::Value::from(names.get(word.as_str()?)?.as_str()));
        each_word(json, &own)
    }

    /// The JSON value with every word that this fact's list does not have read as the list says such a word is read: the
    /// one that permits the least, or null, for "there is none". `None` where every word is known, or the list says
    /// nothing. For worked cases alone, whose authors know no list of ours.
    pub(crate) fn words_as_other(
        &self,
        vocabulary: &Vocabulary,
        json: &serde_json::Value,
    ) -> Option<serde_json::Value> {
        let list = self.list()?;
        let reading = vocabulary.readings.get(list)?;
        let unknown = match reading.unknown.as_deref()? {
            // As a member of a set it would be a word; alone it is the absence of one.
            NONE if !listed(vocabulary, list, NONE) && self.nullable => serde_json::Value::Null,
            word if listed(vocabulary, list, word) => word.into(),
            _ => return None,
        };
        let read = |json: &serde_json::Value| {
            let word = json.as_str()?;
            let known = listed(vocabulary, list, word) || reading.synonyms.contains_key(word);
            (!known).then(|| unknown.clone())
        };
        each_word(json, &read)
    }

    /// The list that its words are of.
    fn list(&self) -> Option<&str> {
        match &self.kind {
            FactType::Enum(list) | FactType::Set(list) => Some(list),
            _ => None,
        }
    }

    fn expected(&self, vocabulary: &Vocabulary) -> FactTypeError {
        let words = |list: &str| vocabulary.lists.get(list).map_or_else(String::new, |w| w.join(", "));
        let mut expected = match &self.kind {
            FactType::Bool => "true or false".to_owned(),
            FactType::Long => "a whole number".to_owned(),
            FactType::Text => "text".to_owned(),
            FactType::Texts => "a list of texts".to_owned(),
            FactType::Datetime => "an instant such as 2026-11-02T09:20:00Z".to_owned(),
            FactType::Enum(list) => format!("one of {}", words(list)),
            FactType::Set(list) => format!("a list of {}", words(list)),
            FactType::Party => {
                "a party listed in vocabulary/calendars, or a state's code of two letters".to_owned()
            }
            FactType::Parties => {
                "a list of parties listed in vocabulary/calendars, or of states' codes of two letters"
                    .to_owned()
            }
            FactType::Record => "an object".to_owned(),
        };
        if self.nullable {
            expected.push_str(", or null");
        }
        FactTypeError { key: self.key.clone(), expected }
    }
}

/// A word, or each of a list of words, as `read` reads it; `None` where it reads none otherwise.
fn each_word(
    json: &serde_json::Value,
    read: &dyn Fn(&serde_json::Value) -> Option<serde_json::Value>,
) -> Option<serde_json::Value> {
    let Some(items) = json.as_array() else { return read(json) };
    let otherwise = items.iter().any(|item| read(item).is_some());
    otherwise.then(|| items.iter().map(|item| read(item).unwrap_or_else(|| item.clone())).collect())
}

fn listed(vocabulary: &Vocabulary, list: &str, word: &str) -> bool {
    vocabulary.lists.get(list).is_some_and(|words| words.iter().any(|known| known == word))
}

/// The value that plain JSON stands for. `None` for a fraction, or for nesting past [`DEPTH_MAX`].
fn plain(json: &serde_json::Value) -> Option<Value> {
    fn go(json: &serde_json::Value, depth: usize) -> Option<Value> {
        use serde_json::Value as Json;
        let deeper = depth.checked_sub(1)?;
        Some(match json {
            Json::Null => Value::Null,
            Json::Bool(truth) => Value::Bool(*truth),
            Json::Number(number) => Value::Long(number.as_i64()?),
            Json::String(text) => Value::Text(text.clone()),
            Json::Array(items) => {
                Value::List(items.iter().map(|item| go(item, deeper)).collect::<Option<_>>()?)
            }
            Json::Object(fields) => Value::Record(
                fields
                    .iter()
                    .map(|(key, value)| Some((key.clone(), go(value, deeper)?)))
                    .collect::<Option<BTreeMap<_, _>>>()?,
            ),
        })
    }
    go(json, DEPTH_MAX)
}

/// How deep a fact may nest: a record of lists of records is the deepest in use, and twice that is allowed.
const DEPTH_MAX: usize = 6;
