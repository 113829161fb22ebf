//! The receiver's stages up to its own decision. The bodies stay sealed here: opening needs [`Permitted`].
//!
//! ```text
//! bytes ─> Offered ─> Permitted ─> Opened ─> Checked ─> Kept ─> answer
//!                 │             │        └> Mismatched ─> Quarantined | dropped ─> answer
//!                 ├> Refused ───┴─ (never opened) ───────────> answer
//!                 └> OtherLaw  ──────────────────────────────> answer, not stored
//! ```

use crate::ExchangeError;
use crate::federation::asking::Asking;
use crate::federation::offer::Offer;
use crate::report::{DecisionReport, Side, decision_report};
use crate::wire::{Text, facts_from_wire, law_digests};
use comity_agreement::approval::liftable;
use comity_agreement::{Decision, LawSet, Memo, Outcome};
use comity_terms::{Digest, Facts, LawName, Obligation, Office, Safeguards, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// An offer whose signature, form and receipt hold.
#[derive(Debug)]
pub(super) struct Offered<'a>(pub(super) Offer<'a>);

/// What this gateway's laws said of one class of an offer.
#[derive(Debug)]
pub(super) struct Ruling {
    pub(super) objects: u64,
    /// The facts of the class alone.
    pub(super) detected: Facts,
    pub(super) decision: Decision,
    /// The sender's offices whose approvals counted.
    pub(super) approvals: BTreeSet<Office>,
    /// What is owed by it, as the opening of the entry holds that.
    pub(super) owed: Vec<Obligation>,
}

/// What deciding on the header comes to.
#[derive(Debug)]
pub(super) enum Decided<'a> {
    /// Every law permits every class: the bodies may be opened.
    Permitted(Permitted<'a>),
    /// The bodies are dropped unopened.
    Refused(Refused<'a>),
    /// The header names other digests than the laws here: nothing was asked.
    OtherLaw(Offer<'a>, BTreeMap<Text<LawName>, Text<Digest>>),
}

/// An offer that may be opened.
#[derive(Debug)]
pub(super) struct Permitted<'a> {
    pub(super) offer: Offer<'a>,
    pub(super) rulings: Vec<Ruling>,
    pub(super) safeguards: Safeguards,
}

/// An offer that is refused: what is left of it has no bodies.
#[derive(Debug)]
pub(super) struct Refused<'a> {
    pub(super) offer: Offer<'a>,
    pub(super) rulings: Vec<Ruling>,
}

impl<'a> Offered<'a> {
    /// Asks this gateway's laws about every class of the header, with the facts that the sender decided on.
    ///
    /// One class that is not permitted refuses the whole offer: what is left of a bundle without some of its
    /// objects is another extract than the one that the header describes, so the sender has to make it.
    ///
    /// # Errors
    /// [`ExchangeError::Question`] when the header's facts are none that law knows; callers answer the peer
    /// with it and record the misbehaviour.
    pub(super) fn decide(
        self,
        laws: &LawSet,
        memo: &mut Memo,
        binding: bool,
        now: Timestamp,
    ) -> Result<Decided<'a>, ExchangeError> {
        let Self(mut offer) = self;
        let here = law_digests(laws);
        if here != offer.header.laws {
            return Ok(Decided::OtherLaw(offer, here));
        }
        // What attests it may have run out on the way.
        offer.header.keep_attested(now);
        let asking = Asking { header: &offer.header, laws, binding, at: offer.header.at.0, now };
        let mut rulings = Vec::with_capacity(offer.header.classes.len());
        for (number, class) in offer.header.classes.iter().enumerate() {
            let facts = facts_from_wire(&class.decided)
                .ok_or_else(|| ExchangeError::Question(format!("class {number}: its facts do not read")))?;
            let approvals = class.approvals.iter().map(|office| office.0.clone()).collect();
            rulings.push(ask(&asking, number, class.objects, (facts, approvals), memo)?);
        }
        if rulings.iter().any(|ruling| ruling.decision.outcome != Outcome::Permitted) {
            // From here on nobody can open them.
            offer.bodies.clear();
            return Ok(Decided::Refused(Refused { offer, rulings }));
        }
        // The sender's limits hold here too: our own can only tighten them.
        let safeguards =
            rulings.iter().fold(Safeguards::from(offer.header.safeguards.clone()), |all, ruling| {
                all.join(&ruling.decision.safeguards)
            });
        Ok(Decided::Permitted(Permitted { offer, rulings, safeguards }))
    }
}

/// What the laws say of `objects` objects in which these facts are detected, which belong to class `number` of the
/// offer and which these offices of the sender let go. What this gateway's own law escalates, its own offices alone can
/// lift.
///
/// # Errors
/// [`ExchangeError::Question`], naming the class.
pub(super) fn ask(
    asking: &Asking<'_>,
    number: usize,
    objects: u64,
    (detected, approvals): (Facts, BTreeSet<Office>),
    memo: &mut Memo,
) -> Result<Ruling, ExchangeError> {
    let facts = asking
        .header
        .raised(&asking.laws.vocabulary, detected.clone())
        .ok_or_else(|| ExchangeError::Question("the common facts do not read".to_owned()))?;
    let none = BTreeSet::new();
    let wrong = |e| ExchangeError::Question(format!("class {number}: {e}"));
    let (decision, owed) = asking.ask(facts.clone(), &none, memo).map_err(wrong)?;
    if approvals.is_empty() || decision.outcome != Outcome::Escalated {
        return Ok(Ruling { objects, detected, decision, approvals: none, owed });
    }
    let own = LawName::Jurisdiction(asking.header.receiver.0.clone());
    let escalated = liftable(asking.laws, &asking.question(facts.clone(), &none), &decision);
    if escalated.iter().any(|lift| lift.law == own) {
        return Ok(Ruling { objects, detected, decision, approvals: none, owed });
    }
    let (decision, owed) = asking.ask(facts, &approvals, memo).map_err(wrong)?;
    Ok(Ruling { objects, detected, decision, approvals, owed })
}

/// The rulings as they are told to the sender.
pub(super) fn reports(rulings: &[Ruling]) -> Vec<DecisionReport> {
    rulings
        .iter()
        .map(|ruling| decision_report(&ruling.decision, Side::Receiver, ruling.objects, &BTreeSet::new()))
        .collect()
}
