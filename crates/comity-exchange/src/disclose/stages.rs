//! The sender's stages, from bytes to the extract. Each consumes the one before it: skipping, forging or reusing
//! a stage does not compile.
//!
//! ```text
//! Received ─> Classified ─┬> Permitted ─> Minimised ─> Sealed ─> Recorded ─> Cleared ─> Delivered
//!                         ├> Escalated ─────────────> Sealed ─> recorded, and no further
//!                         └> Refused   ─────────────> Sealed ─> recorded, and no further
//! ```
//! Everything here is a plain function of its arguments. A refusal is a value: it is recorded like any outcome.
//!
//! Classified data cannot be minimised, for nobody has decided yet:
//! ```compile_fail,E0599
//! use comity_exchange::disclose::{Classified, Tools};
//! fn skip(classified: Classified, tools: &Tools) {
//!     classified.minimise(tools, &mut |_: &mut [u8]| ());
//! }
//! ```
//! A permission cannot be made by hand, for its fields are private:
//! ```compile_fail,E0451
//! use comity_exchange::disclose::{Permitted, Received};
//! fn forge<'b>(received: Received<'b>) -> Permitted<'b> {
//!     Permitted { rulings: Vec::new(), ..panic!() }
//! }
//! ```
//! A stage is used once, for deciding consumes it:
//! ```compile_fail,E0382
//! use comity_exchange::disclose::{Classified, Tools};
//! fn reuse(classified: Classified, tools: &Tools, memo: &mut comity_agreement::Memo) {
//!     let _ = classified.decide(tools, memo, &mut |_: &mut [u8]| ());
//!     let _ = classified.decide(tools, memo, &mut |_: &mut [u8]| ());
//! }
//! ```
//! And the same, each stage after the one before it, does compile:
//! ```
//! use comity_exchange::disclose::{Classified, Decided, Tools};
//! fn proceed(classified: Classified, tools: &Tools, memo: &mut comity_agreement::Memo) {
//!     if let Ok(Decided::Permitted(permitted)) = classified.decide(tools, memo, &mut |_: &mut [u8]| ()) {
//!         let _ = permitted.minimise(tools, &mut |_: &mut [u8]| ());
//!     }
//! }
//! ```

use super::extract::{Extract, ExtractClass, minimised_classes, stripped_facts};
use super::lowered;
use crate::ExchangeError;
use crate::audit::recorded::{no_cases, owed};
use crate::opt_out::redacts;
use crate::question::Request;
use crate::report::{DecisionReport, ObjectCounts, Side, decision_report};
use comity_agreement::approval::{Approval, Circumstances, admit, liftable};
use comity_agreement::{Decision, LawSet, Memo, Outcome, Question, QuestionError};
use comity_minimise::{
    Bundle, FactClass, Limits, PathTable, Rejected, TokenKey, Withholding, classes, classify,
};
use comity_terms::{DataClass, Digest, Entropy, Facts, Obligation, Office, Timestamp};
use std::collections::BTreeSet;

/// What deciding and minimising need beside the stage itself.
#[derive(Debug, Clone, Copy)]
pub struct Tools<'a> {
    /// The laws to ask.
    pub laws: &'a LawSet,
    /// How each property is treated.
    pub table: &'a PathTable,
    /// What pseudonyms are made with.
    pub token_key: &'a TokenKey,
    /// The bounds on a bundle.
    pub limits: &'a Limits,
}

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
        let mut found = classify(&self.bundle, table);
        self.request.known.state(&self.bundle, &mut found);
        let classes = classes(found);
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
    /// The objects of the class, by their position in the bundle.
    pub objects: Vec<usize>,
    /// The facts that were detected in them.
    pub detected: Facts,
    /// The decision.
    pub decision: Decision,
    /// The offices whose approvals counted in it.
    pub approvals: BTreeSet<Office>,
    /// The approvals that it used, by their digests.
    pub used: Vec<Digest>,
    /// What is owed by it, as the opening of its entry holds that.
    pub owed: Vec<Obligation>,
    /// Data classes taken out before the question was asked again; empty for a first question.
    pub stripped: BTreeSet<DataClass>,
}

impl Ruling {
    /// Whether its objects may go.
    #[must_use]
    pub fn permits(&self) -> bool {
        self.decision.outcome == Outcome::Permitted
    }

    /// The duty to take out what its objects say: nothing tells which of their properties says it, so they stay home whole.
    #[must_use]
    pub fn redacts(&self) -> Option<&Obligation> {
        redacts(&self.decision, &self.detected)
    }

    /// Whether its objects go.
    #[must_use]
    pub fn goes(&self) -> bool {
        self.permits() && self.redacts().is_none()
    }

    /// The data classes that a refusal offers to take out of its objects before they are asked about again.
    pub(super) fn offers(&self) -> BTreeSet<DataClass> {
        let refused = self.decision.outcome == Outcome::Refused && self.stripped.is_empty();
        let alternative = self.decision.alternative.as_ref().filter(|_| refused);
        alternative.map(|alternative| alternative.strip.iter().cloned().collect()).unwrap_or_default()
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
    pub(super) extract: Extract,
}

/// Asks the laws about one class of facts.
fn ask(
    request: &Request,
    class: FactClass,
    stripped: BTreeSet<DataClass>,
    laws: &LawSet,
    memo: &mut Memo,
) -> Result<Ruling, ExchangeError> {
    let FactClass { facts: detected, objects } = class;
    let (question, setting) = (request.question(&detected, laws), request.setting());
    let decision = memo.decide(laws, &question, &setting, &no_cases());
    let decision = decision.map_err(|e| ExchangeError::Question(e.to_string()))?;
    let (approvals, used) = lifted(request, &question, &decision, laws);
    let wrong = |e: QuestionError| ExchangeError::Question(e.to_string());
    let question = Question { approvals: approvals.clone(), ..question };
    let decision = if approvals.is_empty() {
        decision
    } else {
        memo.decide(laws, &question, &setting, &no_cases()).map_err(wrong)?
    };
    let owed = owed(&decision, laws, &question, &setting, memo).map_err(wrong)?;
    Ok(Ruling { objects, detected, decision, approvals, used, owed, stripped })
}

/// The offices whose approvals count for an escalated question, and the approvals that say so.
fn lifted(
    request: &Request,
    question: &Question,
    decision: &Decision,
    laws: &LawSet,
) -> (BTreeSet<Office>, Vec<Digest>) {
    let escalating = request.escalation.as_ref().filter(|_| decision.outcome == Outcome::Escalated);
    let Some((escalating, approved)) =
        escalating.and_then(|escalating| Some((escalating, escalating.approved.as_ref()?)))
    else {
        return (BTreeSet::new(), Vec::new());
    };
    let fired = liftable(laws, question, decision);
    let escalated: Vec<_> = fired.into_iter().map(|lift| (lift.rule, lift.office)).collect();
    let circumstances = Circumstances {
        escalated: &escalated,
        requester: &escalating.requester,
        used: &approved.used,
        now: request.at,
    };
    let digest = question.digest();
    let of_question: Vec<Approval> =
        approved.approvals.iter().filter(|approval| approval.question == digest).cloned().collect();
    let (offices, _) = admit(&of_question, laws, question, circumstances);
    let used = of_question.iter().filter(|approval| offices.contains(&approval.office));
    let used = used.map(Approval::digest).collect();
    (offices, used)
}

impl<'b> Classified<'b> {
    /// The classes that law will be asked about.
    #[must_use]
    pub fn classes(&self) -> &[FactClass] {
        &self.classes
    }

    /// Asks every law about every class. A class that is refused where its law offers to strip data classes is
    /// asked once more as the extract without them; both decisions are kept.
    ///
    /// # Errors
    /// [`ExchangeError::Question`] when a fact is unknown, of the wrong type, or would lower what was found; callers
    /// tell the officer which.
    pub fn decide(
        self,
        tools: &Tools<'_>,
        memo: &mut Memo,
        entropy: &mut dyn Entropy,
    ) -> Result<Decided<'b>, ExchangeError> {
        let Self { request, bundle, classes } = self;
        lowered::refuse(&request, &classes, &tools.laws.vocabulary)?;
        let mut rulings = Vec::with_capacity(classes.len());
        for class in classes {
            rulings.push(ask(&request, class, BTreeSet::new(), tools.laws, memo)?);
        }
        if rulings.iter().any(|ruling| !ruling.offers().is_empty()) {
            for (stripped, class) in stripped_facts(&bundle, &rulings, &request, tools, entropy)? {
                rulings.push(ask(&request, class, stripped, tools.laws, memo)?);
            }
        }
        let escalates = rulings.iter().any(|r| r.decision.outcome == Outcome::Escalated);
        if rulings.iter().any(Ruling::permits) {
            return Ok(Decided::Permitted(Permitted { request, bundle, rulings }));
        }
        let extract = Extract::nothing(&bundle, &rulings, tools.table);
        let halted = Halted { request, rulings, extract };
        Ok(if escalates { Decided::Escalated(Escalated(halted)) } else { Decided::Refused(Refused(halted)) })
    }
}

/// Data that serves the purpose and no more, and the list of what was taken out.
#[derive(Debug)]
pub struct Minimised {
    pub(crate) request: Request,
    pub(crate) rulings: Vec<Ruling>,
    pub(crate) extract: Extract,
}

impl Permitted<'_> {
    /// Takes out what the laws and the purpose leave no room for. Where nothing is left, the exchange is
    /// refused: an empty extract tells a partner only that there was something.
    ///
    /// # Errors
    /// [`ExchangeError::Bundle`] when the extract does not read back, which is a mistake of ours.
    pub fn minimise(
        self,
        tools: &Tools<'_>,
        entropy: &mut dyn Entropy,
    ) -> Result<Result<Minimised, Refused>, ExchangeError> {
        let Self { request, bundle, rulings } = self;
        let extract = minimised_classes(bundle, &rulings, &request, tools, entropy)?;
        Ok(if extract.classes.is_empty() {
            Err(Refused(Halted { request, rulings, extract }))
        } else {
            Ok(Minimised { request, rulings, extract })
        })
    }
}

/// What can be told of an exchange that was decided and went no further: a preview.
#[derive(Debug, Clone, Default)]
pub struct Told {
    /// What the laws said.
    pub rulings: Vec<Ruling>,
    /// What would go and what would stay.
    pub counts: ObjectCounts,
    /// What would be left out or changed.
    pub withholdings: Vec<Withholding>,
    /// What did not read.
    pub rejected: Vec<Rejected>,
    /// Why objects would stay that no law speaks of: reason codes.
    pub reasons: BTreeSet<String>,
}

impl Told {
    /// Every reason for which something would stay: the laws' and our own.
    #[must_use]
    pub fn reasons_all(&self) -> BTreeSet<String> {
        let refusing = self.rulings.iter().filter(|ruling| !ruling.permits());
        let laws = refusing.flat_map(|ruling| ruling.decision.reasons());
        laws.into_iter().map(|reason| reason.to_string()).chain(self.reasons.iter().cloned()).collect()
    }
}

fn told(rulings: Vec<Ruling>, extract: Extract) -> (Told, Vec<ExtractClass>) {
    let Extract { classes, counts, withholdings, rejected, reasons, .. } = extract;
    (Told { rulings, counts, withholdings, rejected, reasons }, classes)
}

impl Minimised {
    /// Until when the receiver may keep it; `None` in a preview where no law says, and to be given away it is refused then.
    #[must_use]
    pub fn erase_by(&self) -> Option<Timestamp> {
        self.extract.safeguards.erase_by
    }

    /// What was decided and taken out, and the objects of the extract, class by class: for a preview on the officer's
    /// own screen.
    #[must_use]
    pub fn told(self) -> (Told, Vec<Vec<u8>>) {
        let (told, classes) = told(self.rulings, self.extract);
        (told, classes.into_iter().flat_map(|class| class.objects).collect())
    }
}

impl Refused {
    /// What was decided.
    #[must_use]
    pub fn told(self) -> Told {
        told(self.0.rulings, self.0.extract).0
    }
}

impl Escalated {
    /// What was decided.
    #[must_use]
    pub fn told(self) -> Told {
        told(self.0.rulings, self.0.extract).0
    }
}
