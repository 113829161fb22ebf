//! What the law is asked, and how.

use crate::compile::Law;
use crate::vocabulary::{FactTypeError, Vocabulary};
use comity_terms::{Action, Digest, FactKey, Facts, JurisdictionCode, Office, Timestamp, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A literal translation of an act: may this be done?
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The act.
    pub action: Action,
    /// Where the data is, or whose rules guard it.
    pub sending: JurisdictionCode,
    /// Who gets it or asks for it.
    pub receiving: JurisdictionCode,
    /// The time of the act.
    pub at: Timestamp,
    /// The time from which it is judged.
    pub knowledge_time: Timestamp,
    /// What is known, and who says so.
    pub facts: Facts,
    /// The offices that approved: only what [`crate::approval::admit`] gave.
    pub approvals: BTreeSet<Office>,
}

impl Question {
    /// The digest that an approval binds. The clock moving on changes no question (an approval has its own
    /// expiry), and approvals cannot bind themselves: neither is in it.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of_parts(
            "comity question 1",
            &[
                self.action.as_str().as_bytes(),
                self.sending.as_str().as_bytes(),
                self.receiving.as_str().as_bytes(),
                &self.facts.canonical(),
            ],
        )
    }
}

/// Whether absence of a fact is a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// A required fact that is absent refuses; facts count by who says them.
    Live,
    /// Absent is not relevant, and whoever asks says everything: for worked cases, never for an exchange.
    ClosedWorld,
}

impl Mode {
    /// The word used in output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::ClosedWorld => "closed-world",
        }
    }
}

/// How a question is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Setting {
    /// Whether absence refuses.
    pub mode: Mode,
    /// The agreement is taken to be in force for both parties.
    pub assume_in_force: bool,
    /// Both parties signed the same digest of the agreement.
    pub binding: bool,
    /// The laws of the parties are asked too. A live question always asks them.
    pub national: bool,
}

impl Setting {
    /// A live exchange under an agreement that binds, or does not.
    #[must_use]
    pub fn live(binding: bool) -> Self {
        Self { mode: Mode::Live, assume_in_force: false, binding, national: true }
    }
}

/// The laws that a question is put to.
#[derive(Debug, Clone)]
pub struct LawSet {
    /// The agreement asked.
    pub agreement: Arc<Law>,
    /// The laws of jurisdictions that are loaded.
    pub national: BTreeMap<JurisdictionCode, Arc<Law>>,
    /// The words that all of them use.
    pub vocabulary: Arc<Vocabulary>,
}

impl LawSet {
    /// The first instant after `after` at which one of these laws, or a pack that it includes, may come into
    /// force or end, as far as it is known. A decision does not hold beyond it.
    #[must_use]
    pub fn next_change(&self, after: Timestamp) -> Option<Timestamp> {
        let places = self.vocabulary.places().values().map(|place| &place.calendar);
        std::iter::once(&self.agreement)
            .chain(self.national.values())
            .flat_map(|law| std::iter::once(law.pack()).chain(law.includes()))
            .filter_map(|pack| pack.next_change(after, places.clone()))
            .min()
    }
}

/// A question that cannot be asked: a mistake of the one who asks, never an answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QuestionError {
    /// The action is not in the vocabulary.
    #[error("no action `{action}`{hint}")]
    UnknownAction {
        /// As given.
        action: Action,
        /// The nearest known word.
        hint: String,
    },
    /// A fact is not in the vocabulary.
    #[error("no fact `{key}`{hint}")]
    UnknownFact {
        /// As given.
        key: FactKey,
        /// The nearest known word.
        hint: String,
    },
    /// A fact that is worked out was stated.
    #[error("fact `{0}` is worked out from others and cannot be stated")]
    DerivedFact(FactKey),
    /// Two names of one fact say different things.
    #[error("facts `{0}` and `{1}` are the same and were given different values")]
    Contradiction(FactKey, FactKey),
    /// A value is not of its fact's type.
    #[error(transparent)]
    FactType(#[from] FactTypeError),
    /// A party has no calendar.
    #[error("`{0}` is no party: vocabulary/calendars has no file for it")]
    UnknownParty(JurisdictionCode),
    /// A date that a duty depends on cannot be worked out.
    #[error("obligation `{rule}`: {text}")]
    Deadline {
        /// The rule that owes it.
        rule: comity_terms::RuleId,
        /// Why.
        text: String,
    },
    /// A fact that hangs on the end of a period cannot be worked out.
    #[error("fact `{key}`: {text}")]
    Derivation {
        /// The fact.
        key: FactKey,
        /// Why.
        text: String,
    },
    /// Cedar could not be asked at all.
    #[error("the question could not be put to the rules: {0}")]
    Engine(String),
}

/// A value as JSON: how decisions print what obligations carry.
#[must_use]
pub fn value_json(value: &Value) -> serde_json::Value {
    use serde_json::Value as Json;
    match value {
        Value::Null => Json::Null,
        Value::Bool(truth) => (*truth).into(),
        Value::Long(number) => (*number).into(),
        Value::Text(text) => text.as_str().into(),
        Value::Instant(at) => at.to_string().into(),
        Value::List(items) => items.iter().map(value_json).collect(),
        Value::Record(fields) => {
            Json::Object(fields.iter().map(|(key, value)| (key.clone(), value_json(value))).collect())
        }
    }
}
