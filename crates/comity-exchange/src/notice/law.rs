//! What law says of telling a person, and of putting that off.
//!
//! The agreement that the data went under is asked, with this party's own law. Of telling, an agreement that grants nothing
//! and objects to nothing leaves it to the law of the place; of putting off, silence is no ground.

use super::Teller;
use super::matter::Matter;
use crate::ExchangeError;
use crate::audit::recorded::RecordedRuling;
use crate::subject::law::{Said, is_silent, said_of};
use crate::wire::law_digests;
use comity_agreement::Outcome;
use comity_agreement::try_case::citation_json;
use comity_terms::{Action, Asserter, Facts, Office, Timestamp};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

/// Why an act on a notice is refused.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    /// Reason codes, each once.
    pub reasons: Vec<String>,
    /// The rules, as JSON.
    pub citations: Vec<Json>,
}

/// What the laws said of an act on a notice: of each class of data that it is about.
pub(super) struct Ruled {
    pub(super) said: Vec<Said>,
    approvals: BTreeSet<Office>,
}

impl Ruled {
    pub(super) fn outcome(&self) -> Outcome {
        let any = |outcome| self.said.iter().any(|said| said.decision.outcome == outcome);
        match (any(Outcome::Refused), any(Outcome::Escalated)) {
            (true, _) => Outcome::Refused,
            (false, true) => Outcome::Escalated,
            (false, false) => Outcome::Permitted,
        }
    }

    pub(super) fn offices(&self) -> BTreeSet<Office> {
        self.said.iter().flat_map(|said| said.decision.escalate_to.iter().cloned()).collect()
    }

    pub(super) fn refusal(&self) -> Refusal {
        let mut refusal = Refusal { reasons: Vec::new(), citations: Vec::new() };
        for said in self.said.iter().filter(|said| said.decision.outcome != Outcome::Permitted) {
            let reasons = said.decision.reasons().into_iter().map(ToString::to_string);
            let citations = said.decision.citations.iter().map(citation_json);
            refusal.reasons.extend(reasons);
            refusal.citations.extend(citations.filter(|citation| citation["effect"] != "permit"));
        }
        refusal.reasons.sort();
        refusal.reasons.dedup();
        refusal.citations.dedup();
        refusal
    }

    /// What an entry says of it.
    pub(super) fn recorded(&self) -> Json {
        let rulings: Vec<RecordedRuling> =
            self.said.iter().map(|said| said.recorded_with(1, &self.approvals)).collect();
        let laws = self.said.first().map(|said| law_digests(&said.laws));
        json!({ "laws": laws, "rulings": rulings })
    }
}

/// The word of an act.
fn action(word: &str) -> Result<Action, ExchangeError> {
    word.parse().map_err(|_| ExchangeError::Law(format!("`{word}` is no act")))
}

/// What the laws say of telling the person, as of `at`.
///
/// # Errors
/// [`ExchangeError::Law`] when the agreement or this party's own law is not here; [`ExchangeError::Question`].
pub(super) fn of_telling<W: Teller>(
    world: &W,
    matter: &Matter,
    approvals: &BTreeSet<Office>,
    at: Timestamp,
) -> Result<Ruled, ExchangeError> {
    let mut known = Facts::new();
    known.know("training_valid", true, Asserter::Gateway);
    ruled(world, matter, ("notify_subject", known), approvals, at, true)
}

/// What the laws say of putting that off, on what `known` says of the ground.
///
/// # Errors
/// As [`of_telling`].
pub(super) fn of_deferring<W: Teller>(
    world: &W,
    matter: &Matter,
    mut known: Facts,
    approvals: &BTreeSet<Office>,
    at: Timestamp,
) -> Result<Ruled, ExchangeError> {
    known.know("training_valid", true, Asserter::Gateway);
    known.know("reasons_recorded", true, Asserter::Gateway);
    ruled(world, matter, ("defer_notice", known), approvals, at, false)
}

fn ruled<W: Teller>(
    world: &W,
    matter: &Matter,
    (act, known): (&str, Facts),
    approvals: &BTreeSet<Office>,
    at: Timestamp,
    left_to_own: bool,
) -> Result<Ruled, ExchangeError> {
    let digests = world.adopted_now();
    let home = world.signatory().home();
    let missing = |pack: &dyn std::fmt::Display| {
        ExchangeError::Law(format!("telling a person: `{pack}` is not adopted here"))
    };
    let agreement = &matter.agreement;
    let lent = world.laws_then(agreement, &digests).ok_or_else(|| missing(agreement))?;
    let mut all = Vec::new();
    for class in &matter.classes {
        let put = (action(act)?, known.clone(), approvals.clone());
        let mut said = said_of(world, put.clone(), (agreement, &lent), class.clone(), at)?;
        if left_to_own && is_silent(&said.decision) {
            let own = world.laws_then(&home, &digests).ok_or_else(|| missing(&home))?;
            let mut alone = said_of(world, put, (&home, &own), class.clone(), at)?;
            // What an agreement owes it owes whatever it grants.
            alone.owed.append(&mut said.owed);
            said = alone;
        }
        all.push(said);
    }
    Ok(Ruled { said: all, approvals: approvals.clone() })
}
