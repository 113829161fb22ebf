//! The receiver's stages up to its own decision. The bodies stay sealed here: opening needs [`Permitted`].
//!
//! ```text
//! bytes ─> Offered ─> Permitted ─> Opened ─> Checked ─> Kept ─> answer
//!                 │             │        └> Mismatched ─> Quarantined | dropped ─> answer
//!                 ├> Refused ───┴─ (never opened) ───────────> answer
//!                 └> OtherLaw  ──────────────────────────────> answer, not stored
//! ```

use crate::ExchangeError;
use crate::federation::offer::{Offer, OfferHeader};
use crate::report::{DecisionReport, Side, decision_report};
use crate::wire::{Text, law_digests};
use comity_agreement::{Decision, LawSet, Memo, Mode, Outcome, Question, Setting};
use comity_terms::{Digest, Facts, LawName, Safeguards, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// An offer whose signature, form and receipt hold.
#[derive(Debug)]
pub(super) struct Offered<'a>(pub(super) Offer<'a>);

/// What this gateway's laws said of one class of an offer.
#[derive(Debug)]
pub(super) struct Ruling {
    pub(super) objects: u64,
    pub(super) decision: Decision,
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
        let mut asking = Asking { header: &offer.header, laws, memo, binding, now };
        let mut rulings = Vec::with_capacity(offer.header.classes.len());
        for (number, class) in offer.header.classes.iter().enumerate() {
            let facts = offer
                .header
                .decided_facts(class, &laws.vocabulary)
                .ok_or_else(|| ExchangeError::Question(format!("class {number}: its facts do not read")))?;
            rulings.push(asking.ask(number, class.objects, facts)?);
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

/// Everything that this gateway's laws are asked with, but the facts of a class.
pub(super) struct Asking<'a> {
    pub(super) header: &'a OfferHeader,
    pub(super) laws: &'a LawSet,
    pub(super) memo: &'a mut Memo,
    pub(super) binding: bool,
    pub(super) now: Timestamp,
}

impl Asking<'_> {
    /// What the laws say of `objects` objects with these facts, which belong to class `number` of the offer.
    ///
    /// # Errors
    /// [`ExchangeError::Question`], naming the class.
    pub(super) fn ask(&mut self, number: usize, objects: u64, facts: Facts) -> Result<Ruling, ExchangeError> {
        let header = self.header;
        let question = Question {
            action: header.action.0.clone(),
            sending: header.sender.0.clone(),
            receiving: header.receiver.0.clone(),
            at: header.at.0,
            knowledge_time: self.now,
            facts,
            approvals: BTreeSet::new(),
        };
        let setting = Setting {
            mode: Mode::Live,
            assume_in_force: header.assume_in_force,
            binding: self.binding,
            national: true,
        };
        let decision = self
            .memo
            .decide(self.laws, &question, &setting, &Digest::of(b""))
            .map_err(|e| ExchangeError::Question(format!("class {number}: {e}")))?;
        Ok(Ruling { objects, decision })
    }
}

/// The rulings as they are told to the sender.
pub(super) fn reports(rulings: &[Ruling]) -> Vec<DecisionReport> {
    rulings
        .iter()
        .map(|ruling| decision_report(&ruling.decision, Side::Receiver, ruling.objects, &BTreeSet::new()))
        .collect()
}
