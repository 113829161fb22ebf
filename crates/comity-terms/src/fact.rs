//! Facts: what is known, and who says so.
//!
//! A fact counts only when its asserter may assert it; which may, the vocabulary says and `comity-agreement`
//! enforces. Absent means never asked; [`Value::Null`] means asked, and there is none.

use crate::{FactKey, Value};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// Who says that a fact is so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Asserter {
    /// The gateway itself: in force, training, approvals, counters. Nobody can give these.
    Gateway,
    /// Found in the data. A declaration may raise it, never lower it.
    Detected,
    /// A signed officer.
    Officer,
    /// An office outside the agency, such as a court: counts only with a recorded attestation.
    Office,
    /// The partner's gateway, in a signed message.
    Partner,
}

impl Asserter {
    /// Every asserter.
    pub const ALL: [Self; 5] = [Self::Gateway, Self::Detected, Self::Officer, Self::Office, Self::Partner];

    /// The word used in the vocabulary and on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Detected => "detected",
            Self::Officer => "officer",
            Self::Office => "office",
            Self::Partner => "partner",
        }
    }
}

impl fmt::Display for Asserter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that names no asserter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an asserter: expected gateway, detected, officer, office or partner")]
pub struct AsserterError;

impl FromStr for Asserter {
    type Err = AsserterError;

    fn from_str(text: &str) -> Result<Self, AsserterError> {
        Self::ALL.into_iter().find(|a| a.as_str() == text).ok_or(AsserterError)
    }
}

/// One fact: its value and who asserts it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fact {
    /// What is so.
    pub value: Value,
    /// Who says it.
    pub asserter: Asserter,
}

/// Facts by key, in the order of their keys.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Facts(BTreeMap<FactKey, Fact>);

impl Facts {
    /// No facts.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// States a fact; what was said under the key before is returned.
    pub fn state(&mut self, key: FactKey, value: impl Into<Value>, asserter: Asserter) -> Option<Fact> {
        self.0.insert(key, Fact { value: value.into(), asserter })
    }

    /// States a fact under a word of the program's own. A word that could be no key, which a mistake of ours would be, states
    /// nothing: a law that asks for it is then not answered.
    pub fn know(&mut self, word: &str, value: impl Into<Value>, asserter: Asserter) {
        if let Ok(key) = FactKey::new(word) {
            self.state(key, value, asserter);
        }
    }

    /// The fact under `key`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Fact> {
        self.0.get(key)
    }

    /// The value under `key`.
    #[must_use]
    pub fn value(&self, key: &str) -> Option<&Value> {
        self.get(key).map(|fact| &fact.value)
    }

    /// Takes the fact under `key` out.
    pub fn remove(&mut self, key: &str) -> Option<Fact> {
        self.0.remove(key)
    }

    /// All facts, by key.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&FactKey, &Fact)> {
        self.0.iter()
    }

    /// How many facts there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The canonical bytes: what a decision is memoised under and a header is signed over.
    #[must_use]
    pub fn canonical(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(64 * self.0.len());
        for (key, fact) in &self.0 {
            Value::Text(key.as_str().to_owned()).write_canonical(&mut out);
            out.push(fact.asserter as u8);
            fact.value.write_canonical(&mut out);
        }
        out
    }
}

impl FromIterator<(FactKey, Fact)> for Facts {
    fn from_iter<I: IntoIterator<Item = (FactKey, Fact)>>(facts: I) -> Self {
        Self(facts.into_iter().collect())
    }
}

impl IntoIterator for Facts {
    type Item = (FactKey, Fact);
    type IntoIter = std::collections::btree_map::IntoIter<FactKey, Fact>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}
