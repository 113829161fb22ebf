//! Obligations: what is owed, by whom, by when.
//!
//! Both ends of a period are kept: `operational` is plain arithmetic and drives alarms; `legal_latest` is the
//! last lawful instant under the counting rule. For a hold (not before) the legal end is the safe one.

use crate::{Article, JurisdictionCode, LawName, ObligationType, PackSlug, RuleId, Timestamp, Value};
use std::collections::BTreeMap;

/// Who owes it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    /// The party where the data is.
    Sender,
    /// The party that gets it or asks for it.
    Receiver,
    /// A named party.
    Party(JurisdictionCode),
}

/// When it is due.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Due {
    /// Plain arithmetic, UTC.
    pub operational: Timestamp,
    /// The last lawful instant under the counting rule, UTC.
    pub legal_latest: Timestamp,
    /// The counting rule as it is cited.
    pub time_rule: &'static str,
}

/// One thing that is owed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Obligation {
    /// What kind of duty.
    pub kind: ObligationType,
    /// Who owes it.
    pub owner: Owner,
    /// Its value, where the type has one.
    pub value: Option<Value>,
    /// When it is due, where it has a clock that has started.
    pub due: Option<Due>,
    /// Further keys of the vocabulary (`to`, `fields`, `when`, …), absent when not set.
    pub terms: BTreeMap<String, Value>,
    /// Which law, pack, article and rule owe it.
    pub source: (LawName, PackSlug, Article, RuleId),
}
