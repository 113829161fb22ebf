//! The engine's own word on a case that a solver claims: nothing is shown that it does not confirm.
//!
//! Asked closed-world, as worked cases are, of an instrument in force unless the case sets its status; with several
//! laws the first is the agreement and the others are the parties' own.

use crate::case::Case;
use crate::recognition::mirrored_case;
use crate::side::{Side, is_floor, packs};
use comity_agreement::pack::{Pack, Rule, RuleEffect};
use comity_agreement::try_case::{citation_json, set_up};
use comity_agreement::{Decision, Law, LawSet, Mode, Outcome, Question, Setting, Vocabulary, decide};
use comity_terms::{Asserter, Citation, FactKey, Facts, LawName, ObligationType, RuleId, Timestamp};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a side says to a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// permit, escalate or deny.
    pub outcome: Outcome,
    /// The reasons given.
    pub reasons: Vec<String>,
    /// The rules that matched; of a floor, its articles alone.
    pub citations: Vec<Citation>,
}

impl Answer {
    /// As a theorem shows it.
    #[must_use]
    pub fn json(&self) -> Json {
        let citations: Vec<Json> = self.citations.iter().map(citation_json).collect();
        serde_json::json!({ "outcome": self.outcome.as_str(), "reasons": self.reasons, "citations": citations })
    }
}

/// What `side` says to `case`.
///
/// # Errors
/// Why it cannot be asked.
pub fn ask(vocabulary: &Arc<Vocabulary>, side: &Side, case: &Case) -> Result<Answer, String> {
    let decision = match side {
        Side::Mirror(_, [one, other]) => decided(vocabulary, side.laws(), &mirrored_case(case, one, other))?,
        _ => decided(vocabulary, side.laws(), case)?,
    };
    let Side::Floor(law) = side else {
        let reasons = decision.reasons().into_iter().map(ToString::to_string).collect();
        return Ok(Answer { outcome: decision.outcome, reasons, citations: decision.citations });
    };
    let floor: BTreeMap<&RuleId, bool> = packs(law)
        .flat_map(|pack| pack.rules())
        .filter(|rule| is_floor(rule))
        .map(|rule| (&rule.id, rule.escalate_to.is_some()))
        .collect();
    let matched = |rule: &RuleId| floor.contains_key(rule);
    let citations: Vec<Citation> =
        decision.citations.into_iter().filter(|citation| matched(&citation.rule)).collect();
    let cited = |rule: &RuleId| citations.iter().any(|citation| citation.rule == *rule);
    let grounds = decision.grounds.iter().filter_map(|ground| {
        let (_, _, rule) = ground.rule.as_ref()?;
        cited(rule).then(|| ground.reason.to_string())
    });
    let reasons: std::collections::BTreeSet<String> = grounds.collect();
    let outcome = if citations.is_empty() {
        Outcome::Permitted
    } else if citations.iter().all(|citation| floor.get(&citation.rule) == Some(&true)) {
        Outcome::Escalated
    } else {
        Outcome::Refused
    };
    Ok(Answer { outcome, reasons: reasons.into_iter().collect(), citations })
}

/// The decision of `laws` on `case`.
///
/// # Errors
/// Why it cannot be asked.
pub fn decided(vocabulary: &Arc<Vocabulary>, laws: &[Arc<Law>], case: &Case) -> Result<Decision, String> {
    let (agreement, others) = laws.split_first().ok_or("no law is asked")?;
    let mut national = BTreeMap::new();
    for law in others {
        let code = law.pack().slug.as_str().parse().map_err(|e: comity_terms::NameError| e.to_string())?;
        national.insert(code, law.clone());
    }
    let knowledge_time = case.setup.get("knowledge_time").and_then(Json::as_str);
    let knowledge_time =
        knowledge_time.map_or(Ok(case.at), str::parse::<Timestamp>).map_err(|e| e.to_string())?;
    let mut facts = Facts::new();
    for (key, json) in &case.facts {
        let term = vocabulary.fact(key).ok_or_else(|| format!("no fact `{key}`"))?;
        let value = term.from_json(vocabulary, json).map_err(|error| error.to_string())?;
        let key: FactKey = key.parse().map_err(|e: comity_terms::NameError| e.to_string())?;
        facts.state(key, value, Asserter::Officer);
    }
    let question = Question {
        action: case.action.clone(),
        sending: case.sending.clone(),
        receiving: case.receiving.clone(),
        at: case.at,
        knowledge_time,
        facts,
        approvals: case.approvals.clone(),
    };
    let staged = ["status", "sunset_history"].iter().any(|key| case.setup.contains_key(*key));
    let setting = Setting {
        mode: Mode::ClosedWorld,
        assume_in_force: !staged,
        binding: true,
        national: !national.is_empty(),
    };
    let mut setup = case.setup.clone();
    keep_known(&mut setup, agreement);
    let asked =
        LawSet { agreement: set_up(agreement.clone(), &setup)?, national, vocabulary: vocabulary.clone() };
    let mut decision = decide(&asked, &question, &setting).map_err(|error| error.to_string())?;
    // A party whose own law the theorem does not ask is no reason to refuse.
    if setting.national {
        forgive_absent(&mut decision, laws);
    }
    Ok(decision)
}

/// Of the declarations of a case those that this instrument knows: each has its own.
fn keep_known(setup: &mut serde_json::Map<String, Json>, law: &Law) {
    let Some(Json::Object(listed)) = setup.get_mut("declarations") else { return };
    let known = |name: &Json| law.pack().declarations.iter().any(|d| name.as_str() == Some(d.name.as_str()));
    for names in listed.values_mut() {
        if let Json::Array(names) = names {
            names.retain(known);
        }
    }
}

/// Takes out that a law is not loaded: a theorem says which laws it asks, and others are no reason to refuse.
fn forgive_absent(decision: &mut Decision, laws: &[Arc<Law>]) {
    let before = decision.grounds.len();
    decision.grounds.retain(|ground| ground.reason.as_str() != "law_not_loaded");
    if decision.grounds.len() == before {
        return;
    }
    let rules: BTreeMap<&RuleId, &Rule> =
        laws.iter().flat_map(|law| packs(law)).flat_map(Pack::rules).map(|rule| (&rule.id, rule)).collect();
    let worst = decision.grounds.iter().map(|ground| match &ground.rule {
        None => Outcome::Refused,
        // A lapse that an office can let pass names a rule that no file holds.
        Some((_, _, rule)) => match rules.get(rule) {
            Some(rule) if rule.effect != RuleEffect::Forbid => Outcome::Permitted,
            Some(rule) if rule.escalate_to.is_none() => Outcome::Refused,
            _ => Outcome::Escalated,
        },
    });
    decision.outcome = worst.max().unwrap_or(Outcome::Permitted);
}

/// Whether a rule of `law` matches the case.
///
/// # Errors
/// Why it cannot be asked.
pub fn matches(
    vocabulary: &Arc<Vocabulary>,
    law: &Arc<Law>,
    rule: &RuleId,
    case: &Case,
) -> Result<bool, String> {
    let decision = decided(vocabulary, std::slice::from_ref(law), case)?;
    Ok(decision.citations.iter().any(|citation| citation.rule == *rule && citation.law == LawName::Agreement))
}

/// Whether `law` gives a duty of the type in the case.
///
/// # Errors
/// Why it cannot be asked.
pub fn owes(
    vocabulary: &Arc<Vocabulary>,
    law: &Arc<Law>,
    kind: &ObligationType,
    case: &Case,
) -> Result<bool, String> {
    let decision = decided(vocabulary, std::slice::from_ref(law), case)?;
    Ok(decision.obligations.iter().any(|duty| duty.kind == *kind))
}

/// Whether some rule cannot be evaluated on the case.
///
/// # Errors
/// Why it cannot be asked.
pub fn errs(vocabulary: &Arc<Vocabulary>, law: &Arc<Law>, case: &Case) -> Result<bool, String> {
    let decision = decided(vocabulary, std::slice::from_ref(law), case)?;
    Ok(decision.reasons().iter().any(|reason| reason.as_str() == "policy_error"))
}
