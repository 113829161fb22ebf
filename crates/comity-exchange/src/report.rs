//! An exchange as it is printed, and as gateways tell each other what their laws said.
//!
//! The shape is the published contract's: field names and types stay as they are.

use crate::wire::Text;
use comity_agreement::Decision;
use comity_agreement::try_case::obligation_json;
use comity_terms::{
    Activity, Citation, DataClass, Digest, ExchangeId, LawName, Office, PackSlug, Party, Purpose, Safeguards,
    Timestamp,
};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::collections::BTreeSet;

/// What became of an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExchangeOutcome {
    /// Every class went; what minimising withheld does not change that.
    Delivered,
    /// A class was refused or escalated; the others went.
    PartlyDelivered,
    /// Nothing went, and nothing will.
    Refused,
    /// Nothing went before a human decides.
    Escalated,
    /// Decided and recorded; the partner has not answered yet.
    Queued,
}

impl ExchangeOutcome {
    /// What an exchange comes to whose receiver has what was let through: all classes, or not all.
    #[must_use]
    pub fn delivered(whole: bool) -> Self {
        if whole { Self::Delivered } else { Self::PartlyDelivered }
    }

    /// The word in the contract.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::PartlyDelivered => "partly_delivered",
            Self::Refused => "refused",
            Self::Escalated => "escalated",
            Self::Queued => "queued",
        }
    }
}

/// Which gateway decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Where the data is.
    Sender,
    /// Who gets it.
    Receiver,
}

/// An exchange, as printed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExchangeReport {
    /// The exchange.
    pub exchange_id: Text<ExchangeId>,
    /// What became of it.
    pub outcome: ExchangeOutcome,
    /// The first law, or the receiver, that refused.
    pub refused_by: Option<String>,
    /// The agreement.
    pub pack: Text<PackSlug>,
    /// Its digest.
    pub pack_digest: Text<Digest>,
    /// Where the data is.
    pub sender: Text<Party>,
    /// Who gets it.
    pub receiver: Text<Party>,
    /// The agreed category.
    pub activity: Text<Activity>,
    /// What it is for.
    pub purpose: Text<Purpose>,
    /// Whether the agreement was assumed to be in force for a trial.
    pub assumed_in_force: bool,
    /// What went and what stayed.
    pub objects: ObjectCounts,
    /// What every law said, class by class, on both sides.
    pub decisions: Vec<DecisionReport>,
    /// What was left out or changed, and why.
    pub withholdings: Vec<WithholdingReport>,
    /// Objects that could not be read, by place and reason.
    pub rejected: Vec<RejectedReport>,
    /// Why objects stayed that no law speaks of: reason codes; a law's reasons stand in its decision.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub reasons: BTreeSet<String>,
    /// What is on a warning list that the operator named, as it was given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<WarningReport>,
    /// The limits that hold on the other side.
    pub safeguards: SafeguardsReport,
    /// The proofs.
    pub receipts: Receipts,
    /// Why there is no answer yet, when the exchange is queued; for whom it waits, when it is escalated.
    pub waiting: Option<String>,
    /// The exchange that this one replaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supersedes: Option<Text<ExchangeId>>,
}

/// One value that a warning list has: others than the attacker use it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WarningReport {
    /// The object's id.
    pub object: String,
    /// Where in it, as a granular-marking selector.
    pub path: String,
    /// The name of the list.
    pub list: String,
}

/// `in = kept + changed + withheld`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectCounts {
    /// Objects in the bundle.
    #[serde(rename = "in")]
    pub input: u64,
    /// Went as they were.
    pub kept: u64,
    /// Went with something taken out or changed.
    pub changed: u64,
    /// Stayed.
    pub withheld: u64,
}

/// One decision: a class of objects with equal facts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DecisionReport {
    /// Which gateway decided.
    pub side: Side,
    /// How many objects it speaks of.
    pub objects: u64,
    /// `permit`, `deny` or `escalate`.
    pub outcome: String,
    /// Reason codes.
    pub reasons: Vec<String>,
    /// The offices that must approve.
    pub escalate_to: Vec<Text<Office>>,
    /// The laws that were asked.
    pub laws: Vec<Text<LawName>>,
    /// Every rule that had a part.
    pub citations: Vec<CitationReport>,
    /// What is owed.
    pub obligations: Vec<Json>,
    /// What was stripped before the question was asked again; absent for a first question.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stripped: Vec<String>,
}

/// One rule that had a part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CitationReport {
    /// The law.
    pub law: Text<LawName>,
    /// The pack that holds the rule.
    pub pack: Text<PackSlug>,
    /// The article.
    pub article: String,
    /// The rule.
    pub rule: String,
    /// `permit`, `forbid` or `obligation`.
    pub effect: String,
    /// The article in a sentence.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub summary: String,
}

/// One thing left out or changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WithholdingReport {
    /// The object's id as it came in.
    pub object: String,
    /// A STIX granular-marking selector; empty for a whole object.
    pub path: String,
    /// The class of the property.
    pub data_class: String,
    /// What was done.
    pub treatment: String,
    /// Why: law and article, or the path table.
    pub ground: String,
}

/// One object that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RejectedReport {
    /// Its number in the bundle, from 0.
    pub index: u64,
    /// Its id, where it has one that reads.
    pub object: Option<String>,
    /// Where in it and why.
    pub reason: String,
}

/// Safeguards, as printed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SafeguardsReport {
    /// The instant of erasure, UTC.
    pub erase_by: Option<Text<Timestamp>>,
    /// The end of a preservation duty, UTC.
    pub keep_until: Option<Text<Timestamp>>,
    /// How far it may be passed on.
    pub onward: String,
    /// The marking it travels under.
    pub handling: String,
    /// The instant by which someone is to be told, UTC.
    pub notify_by: Option<Text<Timestamp>>,
}

/// The receipts of both sides, as far as they are there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipts {
    /// For the sender's decision.
    pub sender: Option<ReceiptReport>,
    /// For what the receiver did.
    pub receiver: Option<ReceiptReport>,
}

/// Where a receipt stands and where it lies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptReport {
    /// The log's origin.
    pub origin: String,
    /// The entry's index.
    pub index: u64,
    /// The size of the tree that includes it.
    pub tree_size: u64,
    /// `integrated` or `witnessed`.
    pub grade: String,
    /// The file that holds it; absent on a side that keeps none here.
    pub file: Option<String>,
}

impl From<&Safeguards> for SafeguardsReport {
    fn from(safeguards: &Safeguards) -> Self {
        Self {
            erase_by: safeguards.erase_by.map(Text),
            keep_until: safeguards.keep_until.map(Text),
            onward: safeguards.onward.to_string(),
            handling: safeguards.handling.to_string(),
            notify_by: safeguards.notify_by.map(Text),
        }
    }
}

impl From<&Citation> for CitationReport {
    fn from(citation: &Citation) -> Self {
        Self {
            law: Text(citation.law.clone()),
            pack: Text(citation.pack.clone()),
            article: citation.article.to_string(),
            rule: citation.rule.to_string(),
            effect: citation.effect.to_string(),
            summary: citation.summary.to_string(),
        }
    }
}

/// A decision as it is printed, about `objects` objects.
#[must_use]
pub fn decision_report(
    decision: &Decision,
    side: Side,
    objects: u64,
    stripped: &BTreeSet<DataClass>,
) -> DecisionReport {
    DecisionReport {
        side,
        objects,
        outcome: decision.outcome.as_str().to_owned(),
        reasons: decision.reasons().into_iter().map(ToString::to_string).collect(),
        escalate_to: decision.escalate_to.iter().cloned().map(Text).collect(),
        laws: decision.laws.iter().cloned().map(Text).collect(),
        citations: decision.citations.iter().map(CitationReport::from).collect(),
        obligations: decision.obligations.iter().map(obligation_json).collect(),
        stripped: stripped.iter().map(ToString::to_string).collect(),
    }
}
