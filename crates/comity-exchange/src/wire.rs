//! How terms are written in messages: names, instants and digests as text, values as plain JSON.
//!
//! Terms themselves know no encoding; each message says here how it is spelt.

use comity_agreement::LawSet;
use comity_agreement::question::value_json;
use comity_terms::{Asserter, Digest, Fact, FactKey, Facts, LawName, Safeguards, Value};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

/// A term written as its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text<T>(pub T);

impl<T: Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de, T: FromStr<Err: Display>> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map(Self).map_err(serde::de::Error::custom)
    }
}

/// Bytes written as standard base64.
#[derive(Clone, PartialEq, Eq)]
pub struct Base64(pub Vec<u8>);

impl std::fmt::Debug for Base64 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

impl Serialize for Base64 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use base64::Engine as _;
        serializer.serialize_str(&base64::engine::general_purpose::STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use base64::Engine as _;
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        base64::engine::general_purpose::STANDARD
            .decode(text.as_bytes())
            .map(Self)
            .map_err(|_| serde::de::Error::custom("not base64"))
    }
}

/// One fact with who asserted it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WireFact {
    key: Text<FactKey>,
    by: Text<Asserter>,
    value: Json,
}

impl WireFact {
    /// Which fact.
    #[must_use]
    pub fn key(&self) -> &FactKey {
        &self.key.0
    }

    /// What it says, where that is a word or a text.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.value.as_str()
    }

    /// Who says so.
    #[must_use]
    pub fn asserter(&self) -> Asserter {
        self.by.0
    }
}

/// Facts as a message carries them, in the order of their keys.
#[must_use]
pub fn facts_to_wire(facts: &Facts) -> Vec<WireFact> {
    facts
        .iter()
        .map(|(key, fact)| WireFact {
            key: Text(key.clone()),
            by: Text(fact.asserter),
            value: value_json(&fact.value),
        })
        .collect()
}

/// The facts that a message carries; `None` when a key stands twice or a number is no whole number.
#[must_use]
pub fn facts_from_wire(wire: &[WireFact]) -> Option<Facts> {
    let mut facts = Facts::new();
    for fact in wire {
        let Fact { value, asserter } = Fact { value: value_from_json(&fact.value)?, asserter: fact.by.0 };
        if facts.state(fact.key.0.clone(), value, asserter).is_some() {
            return None;
        }
    }
    Some(facts)
}

/// The digest of every law of a set, by its name: what both gateways must agree on.
#[must_use]
pub fn law_digests(laws: &LawSet) -> BTreeMap<Text<LawName>, Text<Digest>> {
    let national =
        laws.national.iter().map(|(code, law)| (LawName::Jurisdiction(code.clone()), law.digest()));
    std::iter::once((LawName::Agreement, laws.agreement.digest()))
        .chain(national)
        .map(|(name, digest)| (Text(name), Text(digest)))
        .collect()
}

/// A value from JSON. Text stays text: which fact is an instant, the vocabulary knows.
#[must_use]
pub fn value_from_json(json: &Json) -> Option<Value> {
    Some(match json {
        Json::Null => Value::Null,
        Json::Bool(b) => Value::Bool(*b),
        Json::Number(n) => Value::Long(n.as_i64()?),
        Json::String(text) => Value::Text(text.clone()),
        Json::Array(items) => Value::List(items.iter().map(value_from_json).collect::<Option<_>>()?),
        Json::Object(fields) => Value::Record(
            fields
                .iter()
                .map(|(key, value)| Some((key.clone(), value_from_json(value)?)))
                .collect::<Option<_>>()?,
        ),
    })
}

/// Safeguards as a message carries them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WireSafeguards {
    erase_by: Option<Text<comity_terms::Timestamp>>,
    keep_until: Option<Text<comity_terms::Timestamp>>,
    treatments: BTreeMap<Text<comity_terms::DataClass>, Text<comity_terms::Treatment>>,
    onward: Text<comity_terms::Onward>,
    handling: Text<comity_terms::Handling>,
    notify_by: Option<Text<comity_terms::Timestamp>>,
}

impl From<&Safeguards> for WireSafeguards {
    fn from(safeguards: &Safeguards) -> Self {
        Self {
            erase_by: safeguards.erase_by.map(Text),
            keep_until: safeguards.keep_until.map(Text),
            treatments: safeguards
                .treatments
                .iter()
                .map(|(class, treatment)| (Text(class.clone()), Text(*treatment)))
                .collect(),
            onward: Text(safeguards.onward),
            handling: Text(safeguards.handling),
            notify_by: safeguards.notify_by.map(Text),
        }
    }
}

impl From<WireSafeguards> for Safeguards {
    fn from(wire: WireSafeguards) -> Self {
        Self {
            erase_by: wire.erase_by.map(|t| t.0),
            keep_until: wire.keep_until.map(|t| t.0),
            treatments: wire
                .treatments
                .into_iter()
                .map(|(class, treatment)| (class.0, treatment.0))
                .collect(),
            onward: wire.onward.0,
            handling: wire.handling.0,
            notify_by: wire.notify_by.map(|t| t.0),
        }
    }
}
