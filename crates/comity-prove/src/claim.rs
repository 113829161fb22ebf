//! Claims about laws, over every act: what `comity-prove` is asked for.
//!
//! A claim is refuted by one case and proved act by act. Acts are shared out among as many solvers as there are
//! cores; of several cases the one of the first act is told, so that the answer is the same each time.

use crate::cache::Cache;
use crate::case::Case;
use crate::consistency::Standing;
use crate::duties;
use crate::environment::Words;
use crate::expression::{and, end, entity, has, or, same, value};
use crate::replay::{self, Answer};
use crate::side::Side;
use crate::solver::Solver;
use crate::theorem::{self, Found, Goal, Search};
use comity_agreement::{Law, Vocabulary};
use comity_terms::{Action, JurisdictionCode, ObligationType, RuleId};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// What claims are proved with.
#[derive(Debug)]
pub struct Prover {
    /// The words.
    pub vocabulary: Arc<Vocabulary>,
    /// The same, as the solver is told them.
    pub words: Words,
    /// What was proved before.
    pub cache: Cache,
    /// How many solvers work at once.
    pub workers: usize,
    /// How many questions went to a solver.
    pub asked: AtomicUsize,
    /// Solvers that run and are not in use.
    idle: Mutex<Vec<Solver>>,
}

/// What became of a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It holds of the laws as they are encoded.
    Holds,
    /// It does not: the case, and what each side says to it.
    Fails(Box<Counterexample>),
    /// It could not be told, and why.
    Unknown(String),
}

/// A case that refutes a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counterexample {
    /// The case.
    pub case: Case,
    /// What the first side says.
    pub a: Answer,
    /// What the second says, where there is one.
    pub b: Option<Answer>,
}

/// A claim with what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// What became of it.
    pub verdict: Verdict,
    /// Over how many environments.
    pub environments: usize,
}

impl Proof {
    /// Whether it holds.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.verdict == Verdict::Holds
    }
}

impl Prover {
    /// One over these words.
    #[must_use]
    pub fn new(vocabulary: Arc<Vocabulary>, cache: Cache) -> Self {
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        let words = Words::of(&vocabulary);
        Self { vocabulary, words, cache, workers, asked: AtomicUsize::new(0), idle: Mutex::default() }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Solver>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wherever `a` permits, `b` does, of questions for which `given` holds.
    #[must_use]
    pub fn implies(&self, a: &Side, b: &Side, given: Vec<Json>) -> Proof {
        self.implies_about(a, b, given, self.vocabulary.actions().keys())
    }

    /// [`Prover::implies`], of these acts alone.
    #[must_use]
    pub fn implies_about<'a>(
        &self,
        a: &Side,
        b: &Side,
        given: Vec<Json>,
        actions: impl IntoIterator<Item = &'a Action>,
    ) -> Proof {
        let mut standing = standing(a, true);
        // A floor says nothing of being in force: an act that an office lets go on is held to it too.
        standing.may_lapse = matches!(b, Side::Floor(_)) && a.laws().first().is_some_and(|law| goes_on(law));
        standing.declares |= declares(b);
        let parties = parties(&[a, b], &self.vocabulary);
        let search = Search {
            vocabulary: &self.vocabulary,
            words: &self.words,
            goal: Goal::Permits(a.clone()),
            against: Some(b.clone()),
            given,
            standing,
            parties: &parties,
        };
        let actions: Vec<&Action> = actions.into_iter().collect();
        self.refute(&search, &actions)
    }

    /// No question about `action` (those by which data is handed over, unless given) for which `given` holds is one that `side` permits; refuted by
    /// one that it does.
    #[must_use]
    pub fn permits_something(&self, side: &Side, given: Vec<Json>, action: Option<&Action>) -> Proof {
        let parties = parties(&[side], &self.vocabulary);
        let search = Search {
            vocabulary: &self.vocabulary,
            words: &self.words,
            goal: Goal::Permits(side.clone()),
            against: None,
            given,
            standing: standing(side, true),
            parties: &parties,
        };
        let all = self.vocabulary.actions().iter();
        let meant = all.filter(|(act, term)| action.map_or(term.hands_over(), |only| only == *act));
        let actions: Vec<&Action> = meant.map(|(act, _)| act).collect();
        self.refute(&search, &actions)
    }

    /// No question matches the rule, over all acts together: it is dead.
    #[must_use]
    pub fn dead(&self, law: &Arc<Law>, rule: &RuleId) -> Proof {
        self.about_rule(law, rule, Goal::Matches(law.clone(), rule.clone()))
    }

    /// No question about these acts meets the one condition and not the other, either way.
    #[must_use]
    pub fn equivalent(&self, one: &Json, other: &Json, actions: &[&Action]) -> bool {
        let standing = Standing { declares: true, in_force: false, may_lapse: true };
        let apart = |action: &Action, solver: &mut Solver| {
            [(one, other), (other, one)]
                .into_iter()
                .map(|(a, b)| {
                    theorem::apart(
                        &self.vocabulary,
                        &self.words,
                        (a, b),
                        standing,
                        action,
                        solver,
                        &self.cache,
                    )
                })
                .find(|found| *found != Ok(false))
                .map_or(Found::None, |_| Found::Unknown(String::new()))
        };
        self.over(actions, apart).iter().all(|found| *found == Found::None)
    }

    /// No question matches the rule as `is` has it and not as `was` has it.
    #[must_use]
    pub fn differs(&self, is: &Arc<Law>, was: &Arc<Law>, rule: &RuleId) -> Proof {
        self.about_rule(is, rule, Goal::Differs([is.clone(), was.clone()], rule.clone()))
    }

    /// No question makes the rule err.
    #[must_use]
    pub fn never_errs(&self, law: &Arc<Law>, rule: &RuleId) -> Proof {
        self.about_rule(law, rule, Goal::Errs(law.clone(), rule.clone()))
    }

    /// No question gives a duty of the type under the one law and not under the other; only acts for which the one
    /// has a rule that owes it.
    #[must_use]
    pub fn owed_alike(&self, one: &Arc<Law>, other: &Arc<Law>, kind: &ObligationType) -> Proof {
        let sides = [Side::law(one), Side::law(other)];
        let rules = duties::owing(one, kind);
        let mut standing = standing(&sides[0], false);
        let speaks = |law: &Law| duties::owing(law, kind).iter().any(|rule| !rule.declarations.is_empty());
        standing.declares |= speaks(one) || speaks(other);
        let search = Search {
            vocabulary: &self.vocabulary,
            words: &self.words,
            goal: Goal::Owes([one.clone(), other.clone()], kind.clone()),
            against: None,
            given: Vec::new(),
            standing,
            parties: &parties(&[&sides[0], &sides[1]], &self.vocabulary),
        };
        let actions: BTreeSet<&Action> = rules.iter().flat_map(|rule| &rule.actions).collect();
        self.refute(&search, &actions.into_iter().collect::<Vec<_>>())
    }

    fn about_rule(&self, law: &Arc<Law>, rule: &RuleId, goal: Goal) -> Proof {
        let side = Side::law(law);
        let parties = parties(&[&side], &self.vocabulary);
        let mut standing = standing(&side, false);
        // A party's own law speaks of declarations under whatever agreement it is asked with.
        let listed = || law.pack().rules().iter().find(|own| own.id == *rule);
        standing.declares |= listed().is_some_and(|rule| !rule.declarations.is_empty());
        let search = Search {
            vocabulary: &self.vocabulary,
            words: &self.words,
            goal,
            against: None,
            given: Vec::new(),
            standing,
            parties: &parties,
        };
        let actions: Vec<&Action> = listed().map(|rule| rule.actions.iter().collect()).unwrap_or_default();
        self.refute(&search, &actions)
    }

    /// The search for a refutation over the acts.
    fn refute(&self, search: &Search<'_>, actions: &[&Action]) -> Proof {
        let found = self.over(actions, |action, solver| search.run(action, solver, &self.cache));
        let mut verdict = Verdict::Holds;
        for found in found {
            match found {
                Found::None => {}
                Found::Unknown(why) => verdict = Verdict::Unknown(why),
                Found::Case(case) => {
                    verdict = self.shown(search, *case);
                    break;
                }
            }
        }
        Proof { verdict, environments: actions.len() }
    }

    fn shown(&self, search: &Search<'_>, case: Case) -> Verdict {
        let own = match &search.goal {
            Goal::Permits(side) => side.clone(),
            Goal::Matches(law, _)
            | Goal::Errs(law, _)
            | Goal::Differs([law, _], _)
            | Goal::Owes([law, _], _) => Side::law(law),
        };
        let a = replay::ask(&self.vocabulary, &own, &case);
        let b = search.against.as_ref().map(|side| replay::ask(&self.vocabulary, side, &case)).transpose();
        match (a, b) {
            (Ok(a), Ok(b)) => Verdict::Fails(Box::new(Counterexample { case, a, b })),
            (Err(error), _) | (_, Err(error)) => Verdict::Unknown(error),
        }
    }

    /// Works through the acts; acts after the first with a case are left.
    fn over(&self, actions: &[&Action], run: impl Fn(&Action, &mut Solver) -> Found + Sync) -> Vec<Found> {
        let (next, first) = (AtomicUsize::new(0), AtomicUsize::new(usize::MAX));
        let done: Mutex<BTreeMap<usize, Found>> = Mutex::default();
        let work = || {
            let mut solver = self.idle().pop().unwrap_or_default();
            let before = solver.asked;
            loop {
                let place = next.fetch_add(1, Ordering::Relaxed);
                let Some(action) = actions.get(place) else { break };
                if place > first.load(Ordering::Relaxed) {
                    break;
                }
                let found = run(action, &mut solver);
                if matches!(found, Found::Case(_)) {
                    first.fetch_min(place, Ordering::Relaxed);
                }
                done.lock().unwrap_or_else(PoisonError::into_inner).insert(place, found);
            }
            self.asked.fetch_add(solver.asked - before, Ordering::Relaxed);
            self.idle().push(solver);
        };
        std::thread::scope(|scope| {
            let deep = || std::thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, work);
            let workers = self.workers.clamp(1, actions.len().max(1));
            if (0..workers).filter_map(|_| deep().ok()).count() == 0 {
                work();
            }
        });
        done.into_inner().unwrap_or_else(PoisonError::into_inner).into_values().collect()
    }
}

/// The stack of a thread that asks the solver: the encoder goes as deep as a condition is nested, and a law's rules
/// together nest by the hundred. Only what is used of it costs memory.
const STACK_BYTES: usize = 256 << 20;

/// The data is where `party` is.
#[must_use]
pub fn at_home(party: &str) -> Json {
    same(end("resource"), entity("Party", party))
}

/// The question is about this activity.
#[must_use]
pub fn about(activity: &str) -> Json {
    and(has("activity"), same(value("activity"), entity("Activity", activity)))
}

/// One of the two ends is `party`: else its law is not asked.
#[must_use]
pub fn concerns(party: &str) -> Json {
    let is = |name: &str| same(end(name), entity("Party", party));
    or(is("principal"), is("resource"))
}

/// Whether acts may be permitted when the instrument is no longer in force.
fn goes_on(law: &Law) -> bool {
    law.pack().lapse.is_some() || law.pack().after_end.is_some()
}

fn declares(side: &Side) -> bool {
    side.laws().first().is_some_and(|law| !law.pack().declarations.is_empty())
}

fn standing(side: &Side, in_force: bool) -> Standing {
    Standing { declares: declares(side), in_force, may_lapse: false }
}

/// The parties that a case is told about: a law's own, those of the instrument, then whoever there is.
fn parties(sides: &[&Side], vocabulary: &Vocabulary) -> Vec<JurisdictionCode> {
    let mut out: Vec<JurisdictionCode> = Vec::new();
    let laws = || sides.iter().flat_map(|side| side.laws());
    let own = laws().filter_map(|law| law.pack().slug.as_str().parse().ok());
    let named = laws().flat_map(|law| &law.pack().status).flat_map(|row| row.parties.iter().flatten());
    for code in own.chain(named.cloned()).chain(vocabulary.places().keys().cloned()) {
        if vocabulary.places().contains_key(&code) && !out.contains(&code) {
            out.push(code);
        }
    }
    out
}
