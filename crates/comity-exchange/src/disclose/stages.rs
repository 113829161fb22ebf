//! The sender's stages, from bytes to a sealed offer. Each consumes the one before it: skipping, forging or
//! reusing a stage does not compile.
//!
//! ```text
//! Received ─> Classified ─> Permitted ─> Minimised ─> Sealed ─> Recorded ─> Cleared ─> Delivered
//!                        ├> Escalated ─> record      (record.rs)
//!                        └> Refused   ─> record
//! ```
//! Everything here is a plain function of its arguments. A refusal is a value: it is recorded like any outcome.
//!
//! ```compile_fail
//! // Classified data cannot be minimised: nobody has decided yet.
//! fn skip(classified: comity_exchange::disclose::Classified) { classified.minimise(); }
//! ```
//! ```compile_fail
//! // A permission cannot be made by hand: its fields are private.
//! fn forge() -> comity_exchange::disclose::Permitted<'static> { comity_exchange::disclose::Permitted {} }
//! ```
//! ```compile_fail
//! // A stage is used once: deciding consumed it.
//! fn reuse(c: comity_exchange::disclose::Classified, laws: &comity_agreement::LawSet, memo: &comity_agreement::Memo) {
//!     let _ = c.decide(laws, memo);
//!     let _ = c.decide(laws, memo);
//! }
//! ```

use crate::ExchangeError;
use crate::question::Request;
use crate::report::{DecisionReport, ObjectCounts, Side, decision_report};
use comity_agreement::{Decision, LawSet, Memo, Outcome};
use comity_minimise::{
    Bundle, Counts, FactClass, Limits, PathTable, Profile, Rejected, TokenKey, Withholding, classes, classify,
};
use comity_terms::{DataClass, Entropy, Facts, Safeguards};
use std::collections::{BTreeMap, BTreeSet};

/// A bundle as it was read, with the request to give it away.
#[derive(Debug)]
pub struct Received<'b> {
    request: Request,
    bundle: Bundle<'b>,
}

impl<'b> Received<'b> {
    /// Reads a bundle within bounds. Objects that do not read are named and left at home; the others go on.
    ///
    /// # Errors
    /// [`ExchangeError::Bundle`] when the whole does not read; callers tell the officer where.
    pub fn read(bytes: &'b [u8], limits: &Limits, request: Request) -> Result<Self, ExchangeError> {
        let bundle = Bundle::parse(bytes, limits).map_err(|e| ExchangeError::Bundle(e.to_string()))?;
        Ok(Self { request, bundle })
    }

    /// What is in it, about whom: facts, before any treatment; objects with equal facts are one class.
    #[must_use]
    pub fn classify(self, table: &PathTable) -> Classified<'b> {
        let classes = classes(classify(&self.bundle, table));
        Classified { request: self.request, bundle: self.bundle, classes }
    }
}

/// A bundle whose facts are known.
#[derive(Debug)]
pub struct Classified<'b> {
    request: Request,
    bundle: Bundle<'b>,
    classes: Vec<FactClass>,
}

/// What the laws said of one class.
#[derive(Debug, Clone)]
pub struct Ruling {
    /// The objects of the class, by their number in the bundle.
    pub objects: Vec<usize>,
    /// The facts that were detected in them.
    pub detected: Facts,
    /// The decision.
    pub decision: Decision,
    /// Data classes taken out before the question was asked again; empty for a first question.
    pub stripped: BTreeSet<DataClass>,
}

impl Ruling {
    fn permits(&self) -> bool {
        self.decision.outcome == Outcome::Permitted
    }

    /// The ruling as it is printed and told to the partner.
    #[must_use]
    pub fn report(&self, side: Side) -> DecisionReport {
        decision_report(&self.decision, side, self.objects.len() as u64, &self.stripped)
    }
}

/// What deciding comes to for a whole bundle.
#[derive(Debug)]
pub enum Decided<'b> {
    /// Every law permits at least one class.
    Permitted(Permitted<'b>),
    /// No class may go yet; for at least one, offices can still approve.
    Escalated(Escalated),
    /// No class may go.
    Refused(Refused),
}

/// Some or all of the bundle may go.
#[derive(Debug)]
pub struct Permitted<'b> {
    request: Request,
    bundle: Bundle<'b>,
    rulings: Vec<Ruling>,
}

/// Nothing goes before a human decides.
#[derive(Debug)]
pub struct Escalated(pub(super) Halted);

/// Nothing goes.
#[derive(Debug)]
pub struct Refused(pub(super) Halted);

/// An exchange that ends at this gateway: only to be recorded.
#[derive(Debug)]
pub(super) struct Halted {
    pub(super) request: Request,
    pub(super) rulings: Vec<Ruling>,
    pub(super) counts: ObjectCounts,
    pub(super) withholdings: Vec<Withholding>,
    pub(super) rejected: Vec<Rejected>,
}

impl<'b> Classified<'b> {
    /// The classes that law will be asked about.
    #[must_use]
    pub fn classes(&self) -> &[FactClass] {
        &self.classes
    }

    /// Asks every law about every class. A class that is refused where its law offers to strip data classes is
    /// asked once more without them; both decisions are kept.
    ///
    /// # Errors
    /// [`ExchangeError::Question`] when a fact is unknown or of the wrong type; callers tell the officer which.
    pub fn decide(self, laws: &LawSet, memo: &Memo, table: &PathTable) -> Result<Decided<'b>, ExchangeError> {
        let Self { request, bundle, classes } = self;
        let ask = |detected: &Facts| {
            memo.decide(laws, &request.question(detected), &request.setting())
                .map_err(|e| ExchangeError::Question(e.to_string()))
        };
        let mut rulings = Vec::with_capacity(classes.len());
        for FactClass { facts, objects } in classes {
            let decision = ask(&facts)?;
            let alternative = decision.alternative.clone().filter(|_| decision.outcome == Outcome::Refused);
            rulings.push(Ruling {
                objects: objects.clone(),
                detected: facts,
                decision,
                stripped: BTreeSet::new(),
            });
            let Some(alternative) = alternative else { continue };
            let without = comity_minimise::classify_without(&bundle, table, &objects, &alternative.strip);
            for FactClass { facts, objects } in comity_minimise::classes(without) {
                let decision = ask(&facts)?;
                rulings.push(Ruling {
                    objects,
                    detected: facts,
                    decision,
                    stripped: alternative.strip.clone(),
                });
            }
        }
        let escalates = rulings.iter().any(|r| r.decision.outcome == Outcome::Escalated);
        Ok(if rulings.iter().any(Ruling::permits) {
            Decided::Permitted(Permitted { request, bundle, rulings })
        } else {
            let input = bundle.len() as u64;
            let halted = Halted {
                request,
                rulings,
                counts: ObjectCounts { input, withheld: input, ..ObjectCounts::default() },
                withholdings: Vec::new(),
                rejected: bundle.rejected().to_vec(),
            };
            if escalates { Decided::Escalated(Escalated(halted)) } else { Decided::Refused(Refused(halted)) }
        })
    }
}

/// Data that serves the purpose and no more, and the list of what was taken out.
#[derive(Debug)]
pub struct Minimised {
    pub(super) request: Request,
    pub(super) rulings: Vec<Ruling>,
    pub(super) extract: Vec<ExtractClass>,
    pub(super) safeguards: Safeguards,
    pub(super) counts: ObjectCounts,
    pub(super) withholdings: Vec<Withholding>,
    pub(super) rejected: Vec<Rejected>,
}

/// One class of the extract: objects with equal facts before and after treatment.
pub(super) struct ExtractClass {
    pub(super) decided: Facts,
    pub(super) sent: Facts,
    pub(super) objects: Vec<Vec<u8>>,
}

impl std::fmt::Debug for ExtractClass {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ExtractClass of {} objects", self.objects.len())
    }
}
