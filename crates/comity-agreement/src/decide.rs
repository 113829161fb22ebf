//! The answer: a question put to every law concerned.
//!
//! ```text
//! facts ── check ──> refused: fact_missing, all of them          (rule 1, 2, 3)
//!    │
//!    └──> every law: permits, forbids, duties ──> matches        (rule 4, 5; memoised)
//!                                                    │
//! in force, binding, law loaded ─────────────────────┴──> outcome, duties, safeguards   (rule 6, 7, 8)
//! ```
//! The rules by number are those of DESIGN section 4. Nothing short-circuits once rules are asked: every reason
//! of every law is collected, and a refusal carries duties too.
//!
//! Invariants: an evaluation error refuses; no matching permit refuses; an approval never makes a permitted
//! question refused; taking a fact away never opens a live door.

use crate::compile::{Compiled, Law};
use crate::facts::{self, Checked};
use crate::finding::did_you_mean;
use crate::obligations::{Owed, standing};
use crate::pack::{InForce, ReceiptGrade, RuleEffect, State};
use crate::question::{LawSet, Mode, Question, QuestionError, Setting};
use crate::vocabulary::{End, LawPlace, Vocabulary};
use cedar_policy::{Context, Entities, EntityId, EntityTypeName, EntityUid, Request, RestrictedExpression};
use comity_terms::{
    Citation, DataClass, Effect, FactKey, Ground, LawName, Obligation, Office, PackSlug, ReasonCode, RuleId,
    Safeguards, Value,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

mod ask;
mod standing;

pub(crate) use ask::{Asked, Matches, ask};
use ask::{LawMatches, laws_asked, seen};
use standing::{instrument, standing_of_laws};

/// The reason that the engine gives where an organisation's own law is in no pack; a vocabulary that has such an
/// organisation must hold it.
pub(crate) const ORGANISATION_WITHOUT_LAW: &str = "organisation_law_not_encoded";

/// The reasons that the engine gives itself; the vocabulary must hold each.
pub const ENGINE_REASONS: [&str; 11] = [
    "agreement_not_binding",
    "conflict_review",
    "fact_missing",
    "fact_not_assertable",
    "instrument_expired",
    "instrument_lapsed",
    "instrument_not_in_force",
    "instrument_not_yet_applicable",
    "law_not_loaded",
    "no_governing_rule",
    "policy_error",
];

/// What the laws together say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// Every law asked permits.
    Permitted,
    /// An office can still say yes.
    Escalated,
    /// No.
    Refused,
}

impl Outcome {
    /// The word on the wire: permit, escalate, deny.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Permitted => "permit",
            Self::Escalated => "escalate",
            Self::Refused => "deny",
        }
    }
}

/// A refused question that may be asked once more with less data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alternative {
    /// The classes of property to strip first.
    pub strip: BTreeSet<DataClass>,
    /// The reason that stripping answers.
    pub reason: ReasonCode,
}

/// What the laws said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The answer.
    pub outcome: Outcome,
    /// Why not, or why not yet; beside a permit, what the laws remark.
    pub grounds: Vec<Ground>,
    /// The offices that must all approve; empty unless escalated.
    pub escalate_to: BTreeSet<Office>,
    /// What is owed, whatever the answer.
    pub obligations: Vec<Obligation>,
    /// Every rule that matched, those of permitting laws too.
    pub citations: Vec<Citation>,
    /// The limits that travel with the data: the join over all laws.
    pub safeguards: Safeguards,
    /// The laws that were asked.
    pub laws: Vec<LawName>,
    /// How less data may be asked for, where a pack says so.
    pub alternative: Option<Alternative>,
    /// For each class of property that is treated, the rule that asks the heaviest treatment.
    pub treatment_grounds: BTreeMap<DataClass, Citation>,
    /// What delivery waits for.
    pub receipt_grade: ReceiptGrade,
    /// How it was asked.
    pub mode: Mode,
}

impl Decision {
    /// The reasons, each once.
    #[must_use]
    pub fn reasons(&self) -> BTreeSet<&ReasonCode> {
        self.grounds.iter().map(|ground| &ground.reason).collect()
    }
}

/// What the laws say to a question.
///
/// # Errors
/// [`QuestionError`] when it cannot be asked: an unknown word, a value of the wrong type. Callers correct it.
pub fn decide(laws: &LawSet, question: &Question, setting: &Setting) -> Result<Decision, QuestionError> {
    decide_with(laws, question, setting, ask)
}

/// What rules see of a question: the facts that reach them, stated and worked out. Nothing where they are not asked.
///
/// # Errors
/// As [`decide`].
pub fn seen_by_rules(
    laws: &LawSet,
    question: &Question,
    setting: &Setting,
) -> Result<BTreeMap<FactKey, Value>, QuestionError> {
    let mut out = BTreeMap::new();
    decide_with(laws, question, setting, |asked| {
        let seen = seen(asked);
        let stated = asked.vocabulary.keys.iter().zip(&seen.slots);
        out.extend(stated.filter_map(|(key, value)| Some((key.clone(), (*value)?.clone()))));
        Ok(Arc::new(Matches { laws: vec![LawMatches::default(); asked.laws.len()] }))
    })?;
    Ok(out)
}

/// [`decide`], with the asking of rules done by `ask`: the memo answers from what it holds.
pub(crate) fn decide_with(
    laws: &LawSet,
    question: &Question,
    setting: &Setting,
    ask: impl FnOnce(&Asked<'_>) -> Result<Arc<Matches>, QuestionError>,
) -> Result<Decision, QuestionError> {
    let vocabulary = &laws.vocabulary;
    let term = vocabulary.actions.get(&question.action).ok_or_else(|| QuestionError::UnknownAction {
        action: question.action.clone(),
        hint: did_you_mean(question.action.as_str(), vocabulary.actions.keys().map(|known| known.as_str())),
    })?;
    for party in [&question.sending, &question.receiving] {
        if !vocabulary.places.contains_key(party) {
            return Err(QuestionError::UnknownParty(party.clone()));
        }
    }
    let (asked_laws, missing) = laws_asked(laws, term, question, setting);
    let packs: Vec<&PackSlug> =
        asked_laws.iter().flat_map(|(_, law)| law.compiled()).map(|compiled| &compiled.pack.slug).collect();
    let instrument = instrument(laws, term, question, setting);
    // INVARIANT: every action of the vocabulary has its bearing.
    let bearing = &vocabulary.bearing[&question.action];
    let checked = facts::check(vocabulary, bearing, question, setting.mode, &packs, &instrument)?;

    let mut answer = Answer::default();
    for law in missing {
        let reason = match &law {
            LawName::Jurisdiction(code) if vocabulary.own_law(code).is_none() => ORGANISATION_WITHOUT_LAW,
            _ => "law_not_loaded",
        };
        answer.refuse(law, reason);
    }
    standing_of_laws(&asked_laws, &instrument, question, setting, vocabulary, &mut answer);
    for (reason, pack) in &checked.refusals {
        let law = pack
            .as_ref()
            .and_then(|slug| {
                asked_laws.iter().find(|(_, law)| law.compiled().any(|compiled| compiled.pack.slug == *slug))
            })
            .map_or(LawName::Agreement, |(name, _)| name.clone());
        answer.hard.push(Ground { law, reason: reason.clone(), rule: None });
    }
    let asked = Asked { laws: &asked_laws, vocabulary, question, setting, checked: &checked };
    if checked.refusals.is_empty() {
        let matches = ask(&asked)?;
        answer.take(&asked, &matches)?;
    }
    Ok(answer.conclude(laws, &asked_laws, vocabulary, setting))
}

/// The answer while it is put together.
#[derive(Default)]
struct Answer {
    hard: Vec<Ground>,
    liftable: Vec<(Ground, Office)>,
    remarks: Vec<Ground>,
    citations: Vec<Citation>,
    owed: Vec<Owed>,
}

impl Answer {
    fn refuse(&mut self, law: LawName, reason: &'static str) {
        let reason = engine_reason(reason);
        self.hard.push(Ground { law, reason, rule: None });
    }

    /// Takes what matched, and works out what it owes.
    fn take(&mut self, asked: &Asked<'_>, matches: &Matches) -> Result<(), QuestionError> {
        for (law, found) in asked.laws.iter().zip(&matches.laws) {
            let (name, law) = law;
            if found.error {
                self.refuse(name.clone(), "policy_error");
            }
            if !found.permitted {
                self.refuse(name.clone(), "no_governing_rule");
            }
            for (pack, rule) in &found.rules {
                // INVARIANT: `matches` came from these laws, so both indices are there.
                let Some(compiled) = law.compiled().nth(*pack) else { continue };
                self.matched(asked, name, compiled, *rule)?;
            }
        }
        Ok(())
    }

    fn matched(
        &mut self,
        asked: &Asked<'_>,
        law: &LawName,
        compiled: &Compiled,
        index: usize,
    ) -> Result<(), QuestionError> {
        let rule = compiled.rule(index);
        let citation = Citation {
            law: law.clone(),
            pack: compiled.pack.slug.clone(),
            article: rule.article.clone(),
            rule: rule.id.clone(),
            effect: match rule.effect {
                RuleEffect::Permit => Effect::Permit,
                RuleEffect::Forbid => Effect::Forbid,
                RuleEffect::Obligation => Effect::Obligation,
            },
            summary: rule.summary.clone(),
        };
        if let Some(reason) = &rule.reason {
            let ground = Ground {
                law: law.clone(),
                reason: reason.clone(),
                rule: Some((citation.pack.clone(), rule.article.clone(), rule.id.clone())),
            };
            match (rule.effect, &rule.escalate_to) {
                (RuleEffect::Forbid, None) => self.hard.push(ground),
                (RuleEffect::Forbid, Some(office)) => self.liftable.push((ground, office.clone())),
                _ => self.remarks.push(ground),
            }
        }
        for template in compiled.pack.templates(&rule.id) {
            let owed =
                template.instantiate(&asked.checked.given, asked.vocabulary, &citation).map_err(|error| {
                    QuestionError::Deadline { rule: rule.id.clone(), text: error.to_string() }
                })?;
            self.owed.push(owed);
        }
        self.citations.push(citation);
        Ok(())
    }

    fn conclude(
        self,
        laws: &LawSet,
        asked: &[(LawName, &Arc<Law>)],
        vocabulary: &Vocabulary,
        setting: &Setting,
    ) -> Decision {
        let Self { hard, liftable, remarks, citations, owed } = self;
        let owed = standing(owed, vocabulary);
        let mut safeguards = Safeguards::NONE;
        let mut treatment_grounds = BTreeMap::new();
        for owed in &owed {
            for (class, treatment) in &owed.safeguards.treatments {
                if *treatment > safeguards.treatment(class) {
                    treatment_grounds.insert(class.clone(), owed.ground.clone());
                }
            }
            safeguards = safeguards.join(&owed.safeguards);
        }
        for (name, law) in asked {
            for treated in law.compiled().flat_map(|compiled| &compiled.treatments) {
                if treated.treatment > safeguards.treatment(&treated.class) {
                    treatment_grounds.insert(treated.class.clone(), treated.ground(name));
                    safeguards = safeguards.treating(&treated.class, treated.treatment);
                }
            }
        }
        let refused = !hard.is_empty();
        let mut escalate_to: BTreeSet<Office> = BTreeSet::new();
        let mut grounds = hard;
        if !refused {
            escalate_to.extend(liftable.iter().map(|(_, office)| office.clone()));
        }
        let mut escalated = !liftable.is_empty();
        grounds.extend(liftable.into_iter().map(|(ground, _)| ground));
        if !refused && safeguards.conflict() {
            let reason = engine_reason("conflict_review");
            grounds.push(Ground { law: LawName::Agreement, reason, rule: None });
            escalated = true;
            let path =
                asked.iter().flat_map(|(_, law)| law.compiled()).find_map(|c| c.pack.escalation.first());
            escalate_to.extend(path.map(|step| step.office.clone()));
        }
        let outcome = match (refused, escalated) {
            (true, _) => Outcome::Refused,
            (false, true) => Outcome::Escalated,
            (false, false) => Outcome::Permitted,
        };
        let alternative = (outcome == Outcome::Refused).then(|| alternative(asked, &grounds)).flatten();
        grounds.extend(remarks);
        Decision {
            outcome,
            grounds,
            escalate_to,
            obligations: owed.into_iter().map(|owed| owed.obligation).collect(),
            citations,
            safeguards,
            laws: asked.iter().map(|(name, _)| name.clone()).collect(),
            alternative,
            treatment_grounds,
            receipt_grade: laws.agreement.pack().receipt_grade,
            mode: setting.mode,
        }
    }
}

fn engine_reason(reason: &'static str) -> ReasonCode {
    // Unwrap safety: every engine reason is a word; `ENGINE_REASONS` is tested to parse.
    reason.parse().unwrap_or_else(|_| unreachable!("`{reason}` is a word"))
}

/// The first alternative whose reasons cover every ground of a refusal.
fn alternative(asked: &[(LawName, &Arc<Law>)], grounds: &[Ground]) -> Option<Alternative> {
    let rules = asked.iter().flat_map(|(_, law)| law.compiled()).flat_map(|c| &c.pack.alternatives);
    let covers =
        |reasons: &BTreeSet<ReasonCode>| grounds.iter().all(|ground| reasons.contains(&ground.reason));
    let rule = rules.into_iter().find(|rule| covers(&rule.reasons))?;
    Some(Alternative { strip: rule.strip.clone(), reason: grounds.first()?.reason.clone() })
}

#[cfg(test)]
mod tests;
