//! A theorem about one act: is there a question at which this is so and that is not.
//!
//! ```text
//! conditions ─> solver ─┬─> none: proved                     (kept in the cache)
//!      ^                └─> a model ─> instance ─> replay ─┬─> shrink: the case that is shown
//!      └──────── what cannot be asked, ruled out ─────────┴─> spurious: unknown, never a verdict
//! ```
//! Owns how often the solver is asked again. Leaves which acts there are, and what an answer means, to `claim`.

use crate::cache::{Cache, Kept};
use crate::case::Case;
use crate::consistency::{self, Standing};
use crate::duties;
use crate::environment::{Environment, Words};
use crate::expression::{self, allowing};
use crate::instance::{self, Impossible};
use crate::replay;
use crate::shrink::shrink;
use crate::side::{Conditions, Side};
use crate::solver::Solver;
use comity_agreement::pack::Rule;
use comity_agreement::vocabulary::Derivation;
use comity_agreement::{Law, Outcome, Vocabulary};
use comity_terms::{Action, Digest, JurisdictionCode, ObligationType, RuleId};
use serde_json::Value as Json;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What is looked for.
#[derive(Debug, Clone)]
pub enum Goal {
    /// The side permits.
    Permits(Side),
    /// A rule of the law's own pack matches, whatever it does.
    Matches(Arc<Law>, RuleId),
    /// A rule of the first law's own pack matches, and not as the second has it.
    Differs([Arc<Law>; 2], RuleId),
    /// The first law gives a duty of the type, and the second does not.
    Owes([Arc<Law>; 2], ObligationType),
    /// A rule of the law's own pack cannot be evaluated.
    Errs(Arc<Law>, RuleId),
}

/// A search for a question.
#[derive(Debug, Clone)]
pub struct Search<'v> {
    /// The words.
    pub vocabulary: &'v Arc<Vocabulary>,
    /// The same, as the solver is told them.
    pub words: &'v Words,
    /// What must be so.
    pub goal: Goal,
    /// What must not permit; nothing: whatever meets the goal will do.
    pub against: Option<Side>,
    /// What else must hold of the question.
    pub given: Vec<Json>,
    /// What is taken for granted of the instrument.
    pub standing: Standing,
    /// The parties that a case is told about where any would do.
    pub parties: &'v [JurisdictionCode],
}

/// What a search came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// There is no such question: proved.
    None,
    /// There is; the engine confirmed this one.
    Case(Box<Case>),
    /// It could not be told.
    Unknown(String),
}

/// How often the solver is asked anew for a question that can be asked.
const TRIES: usize = 24;

impl Search<'_> {
    /// Looks for a question about `action`.
    #[must_use]
    pub fn run(&self, action: &Action, solver: &mut Solver, cache: &Cache) -> Found {
        match self.look(action, solver, cache) {
            Ok(found) => found,
            Err(error) => Found::Unknown(error),
        }
    }

    fn look(&self, action: &Action, solver: &mut Solver, cache: &Cache) -> Result<Found, String> {
        let text = |error: &dyn std::fmt::Display| error.to_string();
        if let Goal::Errs(law, id) = &self.goal {
            let rule = law.pack().rules().iter().find(|rule| rule.id == *id && rule.actions.contains(action));
            return rule.map_or(Ok(Found::None), |rule| self.erring(rule, action, solver, cache));
        }
        let mut goal = self.conditions(action).map_err(|error| text(&error))?;
        let against = self.against.as_ref().map_or_else(|| Ok(never()), |side| side.conditions(action));
        let against = against.map_err(|error| text(&error))?;
        let (mut against, declared) = (against, self.declared());
        if let Goal::Permits(side) = &self.goal {
            undeclared(&mut goal, side, &declared);
        }
        self.against.iter().for_each(|side| undeclared(&mut against, side, &declared));
        if impossible(&goal) || trivial(&against) {
            return Ok(Found::None);
        }
        goal.must.extend(self.given.iter().cloned());
        let mut named = BTreeSet::new();
        for condition in goal.must.iter().chain(&goal.must_not).chain(&against.must).chain(&against.must_not)
        {
            expression::attributes(condition, &mut named);
        }
        goal.must.extend(consistency::always(self.vocabulary, action, &named, self.standing));
        let every = goal.must.iter().chain(&goal.must_not).chain(&against.must).chain(&against.must_not);
        let environment = self.words.environment(action, every).map_err(|error| text(&error))?;
        let key = key(&environment, &goal, &against);
        match cache.get(&key) {
            Some(Kept::None) => return Ok(Found::None),
            Some(Kept::Case(mut case)) => {
                // The same question about another act is kept once.
                case.action = action.clone();
                if self.confirmed(&case) {
                    return Ok(Found::Case(case));
                }
            }
            None => {}
        }
        let read = environment.read().map_err(|error| text(&error))?;
        let denies = allowing(&against.must, &against.must_not).map_err(|error| text(&error))?;
        let mut spurious = None;
        for _ in 0..TRIES {
            let allows = allowing(&goal.must, &goal.must_not).map_err(|error| text(&error))?;
            let found =
                solver.between(&environment, &read, &allows, &denies).map_err(|error| text(&error))?;
            let Some(model) = found else {
                // What was ruled out because no question was found, or the engine answered otherwise, is no proof.
                if let Some(why) = spurious {
                    return Ok(Found::Unknown(why));
                }
                cache.put(&key, &Kept::None);
                return Ok(Found::None);
            };
            match instance::question(self.vocabulary, &environment, &model, self.standing) {
                Err(Impossible(combination)) => {
                    spurious.get_or_insert_with(|| {
                        "no question was found of which rules see what the solver says".to_owned()
                    });
                    goal.must_not.push(combination);
                }
                Ok(case) if self.confirmed(&case) => {
                    let case = Box::new(shrink(case, self.parties, &|case| self.confirmed(case)));
                    cache.put(&key, &Kept::Case(case.clone()));
                    return Ok(Found::Case(case));
                }
                Ok(case) => {
                    let asked = serde_json::Value::Object(case.json());
                    spurious = Some(format!("the engine does not answer as the solver says: {asked}"));
                    goal.must_not.push(instance::exactly(&environment, &model));
                }
            }
        }
        Ok(Found::Unknown(
            spurious.unwrap_or_else(|| format!("no question that can be asked in {TRIES} tries")),
        ))
    }

    /// The attributes that tell what was declared.
    fn declared(&self) -> BTreeSet<&str> {
        let facts = self.vocabulary.facts().values();
        let declared = facts.filter(|term| matches!(term.derived, Some(Derivation::Declared(_))));
        declared.map(|term| term.key.as_str()).collect()
    }

    fn conditions(&self, action: &Action) -> Result<Conditions, expression::ConditionError> {
        match &self.goal {
            Goal::Permits(side) => side.conditions(action),
            Goal::Matches(law, id) | Goal::Errs(law, id) => {
                Ok(Conditions { must: vec![rule_condition(law, id, action)?], must_not: Vec::new() })
            }
            Goal::Differs([is, was], id) => {
                let (is, was) = (rule_condition(is, id, action)?, rule_condition(was, id, action)?);
                Ok(Conditions { must: vec![is], must_not: vec![was] })
            }
            Goal::Owes([one, other], kind) => Ok(Conditions {
                must: vec![expression::any(owing(one, kind, action)?)],
                must_not: owing(other, kind, action)?,
            }),
        }
    }

    /// Looks for a question about `action` at which the goal's rule cannot be evaluated.
    ///
    /// # Errors
    /// Why it could not be told.
    fn erring(
        &self,
        rule: &Rule,
        action: &Action,
        solver: &mut Solver,
        cache: &Cache,
    ) -> Result<Found, String> {
        let text = |error: &dyn std::fmt::Display| error.to_string();
        let condition = expression::condition(&rule.policy()).map_err(|error| text(&error))?;
        let environment = self.words.environment(action, [&condition]).map_err(|error| text(&error))?;
        let goal = Conditions { must: vec![condition.clone()], must_not: Vec::new() };
        let key = Digest::of_parts("comity proof of no error 1", &[&key(&environment, &goal, &never()).0]);
        if cache.get(&key) == Some(Kept::None) {
            return Ok(Found::None);
        }
        let read = environment.read().map_err(|error| text(&error))?;
        let policy = expression::policy("rule", "permit", &condition).map_err(|error| text(&error))?;
        let Some(model) = solver.erring(&environment, &read, &policy).map_err(|error| text(&error))? else {
            cache.put(&key, &Kept::None);
            return Ok(Found::None);
        };
        match instance::question(self.vocabulary, &environment, &model, self.standing) {
            Ok(case) if self.confirmed(&case) => {
                Ok(Found::Case(Box::new(shrink(case, self.parties, &|case| self.confirmed(case)))))
            }
            Ok(case) => Err(format!("the engine evaluates it: {}", Json::Object(case.json()))),
            Err(Impossible(_)) => {
                Err("no question was found of which rules see what the solver says".to_owned())
            }
        }
    }

    /// Whether the engine answers the case as is looked for.
    fn confirmed(&self, case: &Case) -> bool {
        let reached = match &self.goal {
            Goal::Permits(side) => permits(self.vocabulary, side, case) == Ok(true),
            Goal::Matches(law, rule) => replay::matches(self.vocabulary, law, rule, case) == Ok(true),
            Goal::Differs([is, was], rule) => {
                replay::matches(self.vocabulary, is, rule, case) == Ok(true)
                    && replay::matches(self.vocabulary, was, rule, case) == Ok(false)
            }
            Goal::Owes([one, other], kind) => {
                replay::owes(self.vocabulary, one, kind, case) == Ok(true)
                    && replay::owes(self.vocabulary, other, kind, case) == Ok(false)
            }
            Goal::Errs(law, _) => replay::errs(self.vocabulary, law, case) == Ok(true),
        };
        reached && self.against.as_ref().is_none_or(|side| permits(self.vocabulary, side, case) == Ok(false))
    }
}

/// The condition of a law's own rule about `action`; never, where it does not cover it.
fn rule_condition(law: &Law, id: &RuleId, action: &Action) -> Result<Json, expression::ConditionError> {
    let rule = law.pack().rules().iter().find(|rule| rule.id == *id && rule.actions.contains(action));
    rule.map_or(Ok(expression::truth(false)), |rule| expression::condition(&rule.policy()))
}

/// The conditions of the rules about `action` that owe a duty of the type, of the law and of what it includes.
fn owing(law: &Law, kind: &ObligationType, action: &Action) -> Result<Vec<Json>, expression::ConditionError> {
    let rules = duties::owing(law, kind).into_iter().filter(|rule| rule.actions.contains(action));
    rules.map(|rule| expression::condition(&rule.policy())).collect()
}

/// Whether some question about `action` meets the first condition and not the second, as far as the solver says.
///
/// # Errors
/// Why it could not be told.
pub fn apart(
    vocabulary: &Vocabulary,
    words: &Words,
    (one, other): (&Json, &Json),
    standing: Standing,
    action: &Action,
    solver: &mut Solver,
    cache: &Cache,
) -> Result<bool, String> {
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let mut named = BTreeSet::new();
    [one, other].into_iter().for_each(|condition| expression::attributes(condition, &mut named));
    let mut goal = Conditions { must: vec![one.clone()], must_not: Vec::new() };
    goal.must.extend(consistency::always(vocabulary, action, &named, standing));
    let against = Conditions { must: vec![other.clone()], must_not: Vec::new() };
    let every = goal.must.iter().chain(&against.must);
    let environment = words.environment(action, every).map_err(|error| text(&error))?;
    let key = Digest::of_parts("comity proof of sameness 1", &[&key(&environment, &goal, &against).0]);
    if cache.get(&key) == Some(Kept::None) {
        return Ok(false);
    }
    let read = environment.read().map_err(|error| text(&error))?;
    let allows = allowing(&goal.must, &[]).map_err(|error| text(&error))?;
    let denies = allowing(&against.must, &[]).map_err(|error| text(&error))?;
    let found = solver.between(&environment, &read, &allows, &denies).map_err(|error| text(&error))?;
    if found.is_none() {
        cache.put(&key, &Kept::None);
    }
    Ok(found.is_some())
}

fn permits(vocabulary: &Arc<Vocabulary>, side: &Side, case: &Case) -> Result<bool, String> {
    replay::ask(vocabulary, side, case).map(|answer| answer.outcome == Outcome::Permitted)
}

/// An instrument without declarations shows rules none, whatever the other side's shows.
fn undeclared(conditions: &mut Conditions, side: &Side, declared: &BTreeSet<&str>) {
    if side.laws().first().is_some_and(|law| law.pack().declarations.is_empty()) {
        for condition in conditions.must.iter_mut().chain(&mut conditions.must_not) {
            *condition = expression::without(condition, declared);
        }
    }
}

/// What never permits.
fn never() -> Conditions {
    Conditions { must: vec![expression::truth(false)], must_not: Vec::new() }
}

/// Whether it permits nothing, without asking: a law of it has no permit here.
fn impossible(conditions: &Conditions) -> bool {
    conditions.must.contains(&expression::truth(false))
}

/// Whether it forbids nothing, without asking.
fn trivial(conditions: &Conditions) -> bool {
    conditions.must.is_empty() && conditions.must_not.is_empty()
}

/// What a proof about one environment is kept under: everything that it rests on.
fn key(environment: &Environment, goal: &Conditions, against: &Conditions) -> Digest {
    let listed = |conditions: &[Json]| {
        // In any order: a rule that moved in its file is the same rule.
        let mut lines: Vec<String> = conditions.iter().map(ToString::to_string).collect();
        lines.sort();
        lines.join("\n")
    };
    let parts =
        [&goal.must, &goal.must_not, &against.must, &against.must_not].map(|conditions| listed(conditions));
    let mut bytes: Vec<&[u8]> = vec![environment.schema_text.as_bytes()];
    bytes.extend(parts.iter().map(String::as_bytes));
    Digest::of_parts("comity proof 1", &bytes)
}
