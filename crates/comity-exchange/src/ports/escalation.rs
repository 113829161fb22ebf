//! What the store keeps of questions that wait for offices, and of what offices said.

use crate::wire::Text;
use comity_agreement::approval::{Approval, Delegation, Person};
use comity_terms::ids::SegmentId;
use comity_terms::{Activity, Digest, ExchangeId, Office, PackSlug, Party, Purpose, RuleId, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// An exchange that waits, or waited, for offices. A row is replaced by its exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EscalationRow {
    /// The exchange.
    pub exchange: ExchangeId,
    /// Whether it still waits.
    pub open: bool,
    /// What is asked of whom, and until when.
    pub detail: EscalationDetail,
}

/// What is asked of whom. It holds words of the closed vocabulary and the name of an officer; the order itself is sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EscalationDetail {
    /// The officer who ordered it.
    pub requester: String,
    /// The officer's unit, where it is known.
    pub unit: Option<String>,
    /// The partner.
    pub peer: Text<Party>,
    /// The agreement.
    pub agreement: Text<PackSlug>,
    /// The agreed category.
    pub activity: Text<Activity>,
    /// What the data is for.
    pub purpose: Text<Purpose>,
    /// Since when, UTC.
    pub began: Text<Timestamp>,
    /// The segment that holds the order with its bundle, sealed.
    pub order: Text<SegmentId>,
    /// The laws that were asked, by their digests.
    pub packs: BTreeSet<Text<Digest>>,
    /// The questions, one for each class of objects that was escalated.
    pub questions: Vec<Put>,
    /// For each office that must approve: who has the question until when, itself first.
    pub turns: BTreeMap<Text<Office>, Vec<Turn>>,
    /// For each of them, how many let their time pass, as far as that is recorded.
    #[serde(default)]
    pub late: BTreeMap<Text<Office>, usize>,
}

/// One question as it was put to offices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Put {
    /// The question, by its digest.
    pub question: Text<Digest>,
    /// The rules that each office can lift.
    pub rules: BTreeMap<Text<Office>, BTreeSet<Text<RuleId>>>,
    /// Why it was escalated.
    pub reasons: BTreeSet<String>,
}

/// One office's time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// The office.
    pub office: Text<Office>,
    /// The last instant that it has, UTC.
    pub until: Text<Timestamp>,
}

impl EscalationDetail {
    /// Who asks.
    #[must_use]
    pub fn person(&self) -> Person {
        Person { name: self.requester.clone(), unit: self.unit.clone() }
    }

    /// Whose turn it is at `now` for what `office` must approve; `None` when the time of all has run out.
    #[must_use]
    pub fn turn(&self, office: &Office, now: Timestamp) -> Option<&Turn> {
        let turns = self.turns.iter().find(|(known, _)| known.0 == *office)?.1;
        turns.iter().find(|turn| now <= turn.until.0)
    }
}

/// What an office said once. Never changed, but for its use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalRow {
    /// The exchange that it was said of.
    pub exchange: ExchangeId,
    /// What it binds.
    pub approval: Approval,
    /// The exchange that it was used for.
    pub used_by: Option<ExchangeId>,
}

/// An office lent by one officer to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DelegationRow {
    /// The officer whose office it is.
    pub holder: String,
    /// The officer who may act in it.
    pub delegate: String,
    /// Since when, UTC.
    pub from: Text<Timestamp>,
    /// The last instant, UTC.
    pub until: Text<Timestamp>,
}

/// An approval as stores write it.
#[derive(Serialize, Deserialize)]
struct Written {
    question: Text<Digest>,
    rules: BTreeSet<Text<RuleId>>,
    packs: BTreeSet<Text<Digest>>,
    office: Text<Office>,
    stands_in: Option<Text<Office>>,
    approver: String,
    unit: Option<String>,
    delegated_by: Option<String>,
    delegated_until: Option<Text<Timestamp>>,
    expires: Text<Timestamp>,
}

impl ApprovalRow {
    /// What it binds, as text for a column.
    #[must_use]
    pub fn written(&self) -> String {
        let Approval { question, rules, packs, office, stands_in, approver, delegation, expires } =
            &self.approval;
        let written = Written {
            question: Text(*question),
            rules: rules.iter().cloned().map(Text).collect(),
            packs: packs.iter().copied().map(Text).collect(),
            office: Text(office.clone()),
            stands_in: stands_in.clone().map(Text),
            approver: approver.name.clone(),
            unit: approver.unit.clone(),
            delegated_by: delegation.as_ref().map(|delegation| delegation.by.clone()),
            delegated_until: delegation.as_ref().map(|delegation| Text(delegation.until)),
            expires: Text(*expires),
        };
        // Unwrap safety: text and lists of it always serialise.
        serde_json::to_string(&written).expect("an approval is plain data")
    }

    /// What a column says that it binds; `None` when it does not read.
    #[must_use]
    pub fn read(exchange: ExchangeId, text: &str, used_by: Option<ExchangeId>) -> Option<Self> {
        let written: Written = serde_json::from_str(text).ok()?;
        let delegation = written.delegated_by.zip(written.delegated_until);
        let approval = Approval {
            question: written.question.0,
            rules: written.rules.into_iter().map(|rule| rule.0).collect(),
            packs: written.packs.into_iter().map(|pack| pack.0).collect(),
            office: written.office.0,
            stands_in: written.stands_in.map(|office| office.0),
            approver: Person { name: written.approver, unit: written.unit },
            delegation: delegation.map(|(by, until)| Delegation { by, until: until.0 }),
            expires: written.expires.0,
        };
        Some(Self { exchange, approval, used_by })
    }
}
