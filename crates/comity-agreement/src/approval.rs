//! Approvals of escalated questions: what one binds, and when it counts.
//!
//! An approval binds the question, the rules it lifts, the packs it was given under, who gave it and until
//! when. Any change voids it. Roles stay apart (C22): nobody approves what they asked, directly or through a
//! delegate; nobody answers for two offices; where a pack asks for four eyes, two persons approve, and where it
//! says so one of another unit than the one who asked. Leaves checking the approver's signature, and recording
//! the use in the transaction of the act, to the shell: it gives the approvals that were used before.

use crate::compile::Law;
use crate::decide::Decision;
use crate::pack::RuleEffect;
use crate::question::{LawSet, Question};
use comity_terms::{Digest, JurisdictionCode, LawName, Office, RuleId, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// Somebody who asks or approves.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Person {
    /// Their name or key.
    pub name: String,
    /// The unit that they serve in, where it is known.
    pub unit: Option<String>,
}

/// An office lent to another, for a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delegation {
    /// Who holds the office.
    pub by: String,
    /// The last instant at which the delegate may act.
    pub until: Timestamp,
}

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
    /// The office that acts in its place, because its own time ran out.
    pub stands_in: Option<Office>,
    /// Who acts for the office.
    pub approver: Person,
    /// By whose delegation, where the approver does not hold the office.
    pub delegation: Option<Delegation>,
    /// The last instant at which it counts.
    pub expires: Timestamp,
}

impl Approval {
    /// What the use of an approval is recorded under: two that differ in anything differ in it.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let names = |items: &mut dyn Iterator<Item = String>| items.collect::<Vec<_>>().join("\n");
        let rules = names(&mut self.rules.iter().map(ToString::to_string));
        let packs = names(&mut self.packs.iter().map(Digest::hex));
        let lent = self.delegation.as_ref().map_or_else(String::new, |d| format!("{}\n{}", d.by, d.until));
        let unit = self.approver.unit.as_deref().unwrap_or_default();
        let acting = self.stands_in.as_ref().map(Office::as_str).unwrap_or_default();
        Digest::of_parts(
            "comity approval 2",
            &[
                &self.question.0,
                rules.as_bytes(),
                packs.as_bytes(),
                self.office.as_str().as_bytes(),
                acting.as_bytes(),
                self.approver.name.as_bytes(),
                unit.as_bytes(),
                lent.as_bytes(),
                self.expires.to_string().as_bytes(),
            ],
        )
    }
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
    /// It was used before.
    Used,
    /// Whoever asks cannot approve, nor lend out the approving.
    OwnQuestion,
    /// The approver's term as a delegate has ended.
    DelegationOver,
    /// The approver answers for another office already.
    OtherOffice,
    /// The pack asks for a second pair of eyes, and there is one.
    OneOfTwo,
    /// The pack asks for somebody of another unit than the one who asked.
    SameUnit,
}

/// What is known where approvals are judged.
#[derive(Debug, Clone, Copy)]
pub struct Circumstances<'c> {
    /// The rules that fired without approvals, with the office that can lift each.
    pub escalated: &'c [(RuleId, Office)],
    /// Who asks.
    pub requester: &'c Person,
    /// The approvals that were used, by [`Approval::digest`].
    pub used: &'c BTreeSet<Digest>,
    /// The instant of the use.
    pub now: Timestamp,
}

/// The offices whose approvals count for `question`, and what is wrong with the others.
///
/// An approval must name every rule of its office that fired.
#[must_use]
pub fn admit(
    approvals: &[Approval],
    laws: &LawSet,
    question: &Question,
    circumstances: Circumstances<'_>,
) -> (BTreeSet<Office>, Vec<Void>) {
    let parties = [&question.sending, &question.receiving];
    stand(approvals, laws, parties, question.digest(), circumstances)
}

/// As [`admit`], for a question between `parties` of which its digest alone is known.
#[must_use]
pub fn stand(
    approvals: &[Approval],
    laws: &LawSet,
    parties: [&JurisdictionCode; 2],
    digest: Digest,
    circumstances: Circumstances<'_>,
) -> (BTreeSet<Office>, Vec<Void>) {
    let packs: BTreeSet<Digest> = laws_between(laws, parties).map(Law::digest).collect();
    let mut standing: BTreeMap<&Office, BTreeSet<&Person>> = BTreeMap::new();
    let mut void = Vec::new();
    for approval in approvals {
        let elsewhere = |(office, persons): (&&Office, &BTreeSet<&Person>)| {
            **office != approval.office && persons.iter().any(|person| person.name == approval.approver.name)
        };
        let wrong = if approval.question != digest {
            Some(Void::OtherQuestion)
        } else if approval.packs != packs {
            Some(Void::OtherLaw)
        } else if standing.iter().any(elsewhere) {
            Some(Void::OtherOffice)
        } else {
            alone(approval, circumstances)
        };
        match wrong {
            None => drop(standing.entry(&approval.office).or_default().insert(&approval.approver)),
            Some(wrong) => void.push(wrong),
        }
    }
    let mut offices = BTreeSet::new();
    let unit = &circumstances.requester.unit;
    for (office, persons) in standing {
        let names: BTreeSet<&str> = persons.iter().map(|person| person.name.as_str()).collect();
        // A unit that is not known is not known to be another.
        let other =
            persons.iter().any(|person| person.unit.is_some() && unit.is_some() && person.unit != *unit);
        if asks(laws, parties, |rights| rights.four_eyes.contains(office)) && names.len() < 2 {
            void.push(Void::OneOfTwo);
        } else if asks(laws, parties, |rights| rights.other_unit.contains(office)) && !other {
            void.push(Void::SameUnit);
        } else {
            offices.insert(office.clone());
        }
    }
    (offices, void)
}

/// What is wrong with an approval by itself, of the right question under the right law.
fn alone(approval: &Approval, circumstances: Circumstances<'_>) -> Option<Void> {
    let Circumstances { escalated, requester, used, now } = circumstances;
    let own = |name: &str| name == requester.name;
    let mut fired = escalated.iter().filter(|(_, office)| *office == approval.office).map(|(rule, _)| rule);
    let delegation = approval.delegation.as_ref();
    if own(&approval.approver.name) || delegation.is_some_and(|delegation| own(&delegation.by)) {
        Some(Void::OwnQuestion)
    } else if now > approval.expires {
        Some(Void::Expired)
    } else if delegation.is_some_and(|delegation| now > delegation.until) {
        Some(Void::DelegationOver)
    } else if used.contains(&approval.digest()) {
        Some(Void::Used)
    } else if !fired.all(|rule| approval.rules.contains(rule)) {
        Some(Void::OtherRules)
    } else {
        None
    }
}

/// Whether a pack of any law asked lays down such decision rights.
fn asks(
    laws: &LawSet,
    parties: [&JurisdictionCode; 2],
    right: impl Fn(&crate::pack::DecisionRights) -> bool,
) -> bool {
    laws_between(laws, parties).flat_map(Law::compiled).any(|compiled| right(&compiled.pack.decision_rights))
}

/// The laws that an approval binds: the agreement, and those of both parties that are loaded.
pub fn laws_of<'l>(laws: &'l LawSet, question: &'l Question) -> impl Iterator<Item = &'l Law> {
    laws_between(laws, [&question.sending, &question.receiving])
}

/// As [`laws_of`], between two parties.
pub fn laws_between<'l>(
    laws: &'l LawSet,
    parties: [&'l JurisdictionCode; 2],
) -> impl Iterator<Item = &'l Law> {
    std::iter::once(laws.agreement.as_ref())
        .chain(parties.into_iter().filter_map(|code| laws.national.get(code)).map(AsRef::as_ref))
}

/// A rule that fired and that an office can lift.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Liftable {
    /// The law that it is asked in.
    pub law: LawName,
    /// The rule.
    pub rule: RuleId,
    /// The office.
    pub office: Office,
}

/// The rules for which `decision` escalated `question`, each with the office that can lift it.
#[must_use]
pub fn liftable(laws: &LawSet, question: &Question, decision: &Decision) -> Vec<Liftable> {
    let packs = || laws_of(laws, question).flat_map(Law::compiled).map(|compiled| &compiled.pack);
    let fired = decision.grounds.iter().filter_map(|ground| {
        let (slug, article, rule) = ground.rule.as_ref()?;
        let pack = packs().find(|pack| pack.slug == *slug)?;
        let forbids = pack.rules().iter().find(|known| known.id == *rule);
        let office = match forbids {
            Some(forbid) if forbid.effect == RuleEffect::Forbid => forbid.escalate_to.clone()?,
            Some(_) => return None,
            // No rule of the pack's files: what the pack says of its own lapse.
            None => pack.lapse.as_ref().filter(|lapse| lapse.article == *article)?.escalate_to.clone(),
        };
        Some(Liftable { law: ground.law.clone(), rule: rule.clone(), office })
    });
    fired.collect()
}
