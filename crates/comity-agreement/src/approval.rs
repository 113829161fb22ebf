//! Approvals of escalated questions: what one binds, and when it counts.
//!
//! An approval binds the question, the rules it lifts, the packs it was given under, who gave it and until
//! when. Any change voids it. Leaves checking the approver's signature, and that each is used once, to the
//! shell, which records the use in the transaction of the act.

use crate::compile::Law;
use crate::question::{LawSet, Question};
use comity_terms::{Digest, Office, RuleId, Timestamp};
use std::collections::BTreeSet;

/// An office's approval, its signature already verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// The question, by [`Question::digest`].
    pub question: Digest,
    /// The rules that it lifts.
    pub rules: BTreeSet<RuleId>,
    /// The laws that were asked, by their digests.
    pub packs: BTreeSet<Digest>,
    /// The office that approves.
    pub office: Office,
    /// Who holds the office, by the officer's name or key.
    pub approver: String,
    /// The last instant at which it counts.
    pub expires: Timestamp,
}

/// Why an approval does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Void {
    /// The question changed, or is another.
    OtherQuestion,
    /// A law changed, or another is asked.
    OtherLaw,
    /// A rule fires for this office that the approval does not name.
    OtherRules,
    /// It ran out.
    Expired,
    /// Whoever asks cannot approve.
    OwnQuestion,
}

/// The offices whose approvals count for `question` at `now`, and what is wrong with the others.
///
/// `escalated` are the rules that fired without approvals, with the office that each can be lifted by: an
/// approval must name every rule of its office.
#[must_use]
pub fn admit(
    approvals: &[Approval],
    laws: &LawSet,
    question: &Question,
    escalated: &[(RuleId, Office)],
    requester: &str,
    now: Timestamp,
) -> (BTreeSet<Office>, Vec<Void>) {
    let digest = question.digest();
    let packs: BTreeSet<Digest> = laws_of(laws, question).map(Law::digest).collect();
    let mut offices = BTreeSet::new();
    let mut void = Vec::new();
    for approval in approvals {
        let fired = escalated.iter().filter(|(_, office)| *office == approval.office).map(|(rule, _)| rule);
        let wrong = if approval.question != digest {
            Some(Void::OtherQuestion)
        } else if approval.packs != packs {
            Some(Void::OtherLaw)
        } else if approval.approver == requester {
            Some(Void::OwnQuestion)
        } else if now > approval.expires {
            Some(Void::Expired)
        } else if !fired.into_iter().all(|rule| approval.rules.contains(rule)) {
            Some(Void::OtherRules)
        } else {
            None
        };
        match wrong {
            None => drop(offices.insert(approval.office.clone())),
            Some(wrong) => void.push(wrong),
        }
    }
    (offices, void)
}

/// The laws that an approval binds: the agreement, and those of both parties that are loaded.
pub fn laws_of<'l>(laws: &'l LawSet, question: &'l Question) -> impl Iterator<Item = &'l Law> {
    let national = [&question.sending, &question.receiving];
    std::iter::once(laws.agreement.as_ref())
        .chain(national.into_iter().filter_map(|code| laws.national.get(code)).map(AsRef::as_ref))
}
