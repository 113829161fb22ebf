//! An exchange that waits for offices: what is kept of it, whose turn it is, and what lets it go on.
//!
//! ```text
//! escalated ── recorded with its order sealed ──> waits ─┬─ every office approved ─> decided again, another exchange
//!                                                        ├─ an office refuses ─────> refused
//!                                                        └─ the last time runs out > refused
//! ```
//! An approval is recorded before it counts, and its use is part of the transaction that records the new decision. A
//! timer that runs out gives the question to the next office and never approves. The order lies sealed in the vault no
//! longer than the last office has time; what ends earlier is erased then.
//!
//! Leaves who may act for an office, and when timers are looked at, to the shell.

mod order;

pub(crate) use order::waiting;
pub use order::{join_order, open_order};

use crate::ports::{ApprovalRow, EscalationRow};
use comity_agreement::LawSet;
use comity_agreement::approval::{Approval, Circumstances, Person, Void, stand};
use comity_terms::{Digest, Office, Party, RuleId, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// What an exchange that may be escalated has beside its question.
#[derive(Debug, Clone)]
pub struct Escalating {
    /// Who asks: never among those who approve.
    pub requester: Person,
    /// What is kept beside the bundle to carry the order out later, as the shell reads it.
    pub order: Vec<u8>,
    /// What offices said, where the exchange was escalated before.
    pub approved: Option<Approved>,
}

/// An escalated exchange that offices have answered.
#[derive(Debug, Clone)]
pub struct Approved {
    /// What waited.
    pub row: EscalationRow,
    /// What offices said of it.
    pub approvals: Vec<Approval>,
    /// The approvals that were used before.
    pub used: BTreeSet<Digest>,
}

/// Where an escalated exchange stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// For each office that must approve, whether it has.
    pub offices: BTreeMap<Office, bool>,
    /// Why approvals do not count.
    pub void: BTreeSet<Void>,
}

impl Standing {
    /// Whether every office has approved.
    #[must_use]
    pub fn complete(&self) -> bool {
        self.offices.values().all(|approved| *approved)
    }
}

/// Where `row` stands at `now` under `laws`, with what offices said. An office has approved when it did so for every
/// question that is put to it.
#[must_use]
pub fn standing(
    row: &EscalationRow,
    approvals: &[ApprovalRow],
    laws: &LawSet,
    own: &Party,
    now: Timestamp,
) -> Standing {
    let detail = &row.detail;
    let requester = detail.person();
    let used: BTreeSet<Digest> =
        approvals.iter().filter(|row| row.used_by.is_some()).map(|row| row.approval.digest()).collect();
    let given: Vec<Approval> = approvals.iter().map(|row| row.approval.clone()).collect();
    let mut offices: BTreeMap<Office, bool> =
        detail.turns.keys().map(|office| (office.0.clone(), true)).collect();
    let mut void = BTreeSet::new();
    for put in &detail.questions {
        let of_put: Vec<Approval> =
            given.iter().filter(|approval| approval.question == put.question.0).cloned().collect();
        let escalated: Vec<(RuleId, Office)> = put
            .rules
            .iter()
            .flat_map(|(office, rules)| rules.iter().map(|rule| (rule.0.clone(), office.0.clone())))
            .collect();
        let circumstances = Circumstances { escalated: &escalated, requester: &requester, used: &used, now };
        let parties = [own, &detail.peer.0];
        let (admitted, wrong) = stand(&of_put, laws, parties, put.question.0, circumstances);
        void.extend(wrong);
        for office in put.rules.keys().filter(|office| !admitted.contains(&office.0)) {
            offices.insert(office.0.clone(), false);
        }
    }
    Standing { offices, void }
}
