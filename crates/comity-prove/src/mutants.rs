//! Who notices a changed law: the loader, a worked case, or a proof.
//!
//! Only what a change touches is asked again: the cases that ask the pack, the acts of the rule. A change after which
//! the rule provably matches the same questions changes no answer and is no mutant.

use crate::case::Case;
use crate::claim::{Prover, Verdict};
use crate::expression;
use crate::mutate::{Kind, Mutant, every};
use crate::side::{Side, is_floor};
use comity_agreement::pack::{Rule, rules};
use comity_agreement::try_case::{amiss, try_case};
use comity_agreement::{Law, LawSource, Library, LoadError};
use comity_terms::{Action, PackSlug};
use serde_json::Value as Json;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Who noticed a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Noticed {
    /// It does not load.
    Load,
    /// A worked case comes out otherwise than it should.
    Case,
    /// A rule is dead, or the law is below the floor that it had.
    Proof,
    /// Nobody: it provably changes no answer.
    Same,
    /// Nobody.
    Nobody,
}

/// What became of the mutants of a pack.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Score {
    /// How many were noticed when loading, by a case, by a proof.
    pub noticed: [usize; 3],
    /// How many provably change nothing.
    pub same: usize,
    /// Those that nobody noticed.
    pub survived: Vec<Mutant>,
}

impl Score {
    /// How many mutants there were.
    #[must_use]
    pub fn mutants(&self) -> usize {
        self.noticed.iter().sum::<usize>() + self.survived.len()
    }

    /// The share that was noticed, in hundredths; of none, all.
    #[must_use]
    pub fn percent(&self) -> f64 {
        let noticed: usize = self.noticed.iter().sum();
        let share = |part: usize, of: usize| part as f64 / of as f64;
        if self.mutants() == 0 { 100.0 } else { (share(noticed, self.mutants()) * 10_000.0).round() / 100.0 }
    }
}

/// Files of law with one of them changed.
pub(crate) struct Changed<'s> {
    files: &'s dyn LawSource,
    path: String,
    text: &'s str,
}

impl LawSource for Changed<'_> {
    fn read(&self, path: &str) -> Option<Cow<'_, [u8]>> {
        if path == self.path { Some(Cow::Borrowed(self.text.as_bytes())) } else { self.files.read(path) }
    }

    fn list(&self, prefix: &str) -> Vec<String> {
        self.files.list(prefix)
    }
}

/// Everything that mutants of one pack are held against.
pub struct Bench<'b, 's> {
    pub(crate) prover: &'b Prover,
    source: &'s dyn LawSource,
    /// The pack as it is.
    pub(crate) law: Arc<Law>,
    dir: String,
    /// Every law as it is.
    laws: Vec<Arc<Law>>,
    /// The cases that ask it, its own first.
    cases: Vec<Json>,
}

impl<'b, 's> Bench<'b, 's> {
    /// The bench for the pack of that name.
    ///
    /// # Errors
    /// [`LoadError`] when a pack does not load.
    pub fn new(prover: &'b Prover, library: &mut Library<'s>, slug: &PackSlug) -> Result<Self, LoadError> {
        let law = library.law(slug)?;
        let dir = library.dir(slug).unwrap_or_default();
        let laws = library.slugs().iter().map(|slug| library.law(slug)).collect::<Result<Vec<_>, _>>()?;
        let resting = laws.iter().filter(|other| rests(other, slug));
        let asking: Vec<PackSlug> = resting.map(|law| law.pack().slug.clone()).collect();
        let mut cases = Vec::new();
        let own = format!("{dir}/");
        let mut paths: Vec<String> = ["agreements/", "jurisdictions/"]
            .iter()
            .flat_map(|root| library.source().list(root))
            .filter(|path| path.ends_with("/scenarios.jsonl"))
            .collect();
        paths.sort_by_key(|path| !path.starts_with(&own));
        for path in paths {
            let text = library.source().read(&path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
            let read =
                text.iter().flat_map(|text| text.lines()).filter_map(|line| serde_json::from_str(line).ok());
            cases.extend(read.filter(|case| asks(case, &asking)));
        }
        Ok(Self { prover, source: library.source(), law, dir, laws, cases })
    }

    /// Every change to the pack.
    #[must_use]
    pub fn mutants(&self) -> Vec<Mutant> {
        every(&|name| self.text(name))
    }

    /// The text of a file of the pack.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        let bytes = self.source.read(&format!("{}/{name}", self.dir))?;
        String::from_utf8(bytes.into_owned()).ok()
    }

    /// Who notices each of the changes, in their order; so many are looked at at once.
    #[must_use]
    pub fn notice_all(&self, mutants: &[Mutant], workers: usize) -> Vec<Noticed> {
        let next = AtomicUsize::new(0);
        let done: Mutex<BTreeMap<usize, Noticed>> = Mutex::default();
        let work = || {
            loop {
                let place = next.fetch_add(1, Ordering::Relaxed);
                let Some(mutant) = mutants.get(place) else { break };
                let noticed = self.notice(mutant);
                done.lock().unwrap_or_else(PoisonError::into_inner).insert(place, noticed);
            }
        };
        std::thread::scope(|scope| {
            let deep = || std::thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, work);
            if (0..workers.max(1)).filter_map(|_| deep().ok()).count() == 0 {
                work();
            }
        });
        done.into_inner().unwrap_or_else(PoisonError::into_inner).into_values().collect()
    }

    /// Who notices a change.
    #[must_use]
    pub fn notice(&self, mutant: &Mutant) -> Noticed {
        let changed = self.changed(mutant);
        let Ok(mut library) = self.after(mutant, &changed) else { return Noticed::Load };
        let Ok(law) = library.law(&self.law.pack().slug) else { return Noticed::Load };
        let (was, is) = (rule_of(&self.law, &mutant.place), rule_of(&law, &mutant.place));
        let touched = touched(was, is);
        let asked = |case: &&Json| touched.as_ref().is_none_or(|acts| about(case, acts));
        for case in self.cases.iter().filter(asked) {
            if amiss(case, &try_case(&mut library, case)).is_some() {
                return Noticed::Case;
            }
        }
        let Some(actions) = &touched else { return Noticed::Nobody };
        let mut alive = false;
        if let (Some(was), Some(is)) = (was, is) {
            alive = self.only(&law, &self.law, is).is_some();
            // Both ways found nothing: that is not yet a proof, for what cannot be asked was left out.
            if !alive && self.only(&self.law, &law, is).is_none() && self.same(was, is, actions) {
                return Noticed::Same;
            }
        }
        let dead = || is.is_some_and(|is| !alive && self.prover.dead(&law, &is.id).holds());
        if dead() || self.below(&law, was, actions) { Noticed::Proof } else { Noticed::Nobody }
    }

    /// A question that the rule matches as the one law has it and not as the other does.
    pub(crate) fn only(&self, one: &Arc<Law>, other: &Arc<Law>, rule: &Rule) -> Option<Case> {
        match self.prover.differs(one, other, &rule.id).verdict {
            Verdict::Fails(found) => Some(found.case),
            _ => None,
        }
    }

    /// Whether a case notices a change.
    #[must_use]
    pub fn noticed_by(&self, case: &Json, mutant: &Mutant) -> bool {
        let changed = self.changed(mutant);
        let library = self.after(mutant, &changed);
        library.is_ok_and(|mut library| amiss(case, &try_case(&mut library, case)).is_some())
    }

    /// The files of law with the change in them.
    pub(crate) fn changed<'m>(&'m self, mutant: &'m Mutant) -> Changed<'m> {
        let path = format!("{}/{}", self.dir, mutant.file);
        Changed { files: self.source, path, text: &mutant.text }
    }

    /// The laws as they are.
    pub(crate) fn before(&self) -> Library<'s> {
        let mut library = Library::over(self.source, self.prover.vocabulary.clone());
        self.laws.iter().for_each(|law| library.hold(law.clone()));
        library
    }

    /// The laws with the change, of whose files `changed` are: a changed rule takes the other's place, and only where
    /// there is none any more, or a figure is another, is the pack read anew.
    ///
    /// # Errors
    /// [`LoadError`] when the pack does not load.
    pub(crate) fn after<'f>(
        &self,
        mutant: &Mutant,
        changed: &'f Changed<'_>,
    ) -> Result<Library<'f>, LoadError> {
        let (slug, vocabulary) = (&self.law.pack().slug, &self.prover.vocabulary);
        let mut library = Library::over(changed, vocabulary.clone());
        if let (Some(text), Some(effect)) = (&mutant.rule, mutant.effect()) {
            let rules = rules(&format!("{}/{}", self.dir, mutant.file), text, effect, vocabulary)?;
            self.laws.iter().for_each(|law| library.hold(law.clone()));
            rules.into_iter().try_for_each(|rule| library.amend(slug, rule))?;
        } else {
            let others = self.laws.iter().filter(|law| !rests(law, slug));
            others.for_each(|law| library.hold(law.clone()));
            library.law(slug)?;
        }
        Ok(library)
    }

    /// Whether the two provably match the same questions.
    fn same(&self, was: &Rule, is: &Rule, actions: &BTreeSet<Action>) -> bool {
        was.actions == is.actions
            && expression::condition(&was.policy()).is_ok_and(|one| {
                expression::condition(&is.policy()).is_ok_and(|other| {
                    self.prover.equivalent(&one, &other, &actions.iter().collect::<Vec<_>>())
                })
            })
    }

    /// Whether the law is provably below the floor that it had. What is no part of the floor cannot take it there.
    fn below(&self, law: &Arc<Law>, was: Option<&Rule>, actions: &BTreeSet<Action>) -> bool {
        was.is_some_and(is_floor) && {
            let floor = Side::Floor(self.law.clone());
            let proof = self.prover.implies_about(&Side::law(law), &floor, Vec::new(), actions);
            matches!(proof.verdict, Verdict::Fails(_))
        }
    }
}

/// The stack of a thread that looks at mutants: an engine's answer goes as deep as a condition is nested.
const STACK_BYTES: usize = 64 << 20;

/// Whether a law is that pack's or asks it too.
fn rests(law: &Law, slug: &PackSlug) -> bool {
    law.pack().slug == *slug || law.includes().any(|pack| pack.slug == *slug)
}

/// The law's own rule of that name.
fn rule_of<'l>(law: &'l Law, id: &str) -> Option<&'l Rule> {
    law.pack().rules().iter().find(|rule| rule.id.as_str() == id)
}

/// The acts that a change touches; nothing: all, for a figure.
fn touched(was: Option<&Rule>, is: Option<&Rule>) -> Option<BTreeSet<Action>> {
    let mut rules = was.into_iter().chain(is).peekable();
    rules.peek()?;
    Some(rules.flat_map(|rule| rule.actions.clone()).collect())
}

/// Whether a case is about one of these acts.
fn about(case: &Json, acts: &BTreeSet<Action>) -> bool {
    case["action"].as_str().is_some_and(|act| acts.contains(act))
}

/// Whether a case asks one of these packs: as its instrument, or as the law of a party.
fn asks(case: &Json, packs: &[PackSlug]) -> bool {
    let is = |word: &Json| packs.iter().any(|pack| *word == pack.as_str());
    is(&case["instrument"])
        || (case["setup"]["national"] == true && (is(&case["sending"]) || is(&case["receiving"])))
}

/// `count` of the mutants, chosen by the seed; all, where there are fewer.
#[must_use]
pub fn sample(mut mutants: Vec<Mutant>, seed: u64, count: usize) -> Vec<Mutant> {
    let mut state = seed;
    let mut next = || {
        // SplitMix64: a seed gives the same mutants on every machine.
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    };
    let mut out = Vec::new();
    while out.len() < count && !mutants.is_empty() {
        // As likely each kind that is left, then each of it: conditions outnumber numbers ten to one.
        let kinds: Vec<Kind> = mutants.iter().map(|m| m.kind).collect::<BTreeSet<_>>().into_iter().collect();
        let pick = |of: usize, from: u64| usize::try_from(from % of as u64).unwrap_or(0);
        let kind = kinds[pick(kinds.len(), next())];
        let places: Vec<usize> = (0..mutants.len()).filter(|place| mutants[*place].kind == kind).collect();
        let place = places[pick(places.len(), next())];
        out.push(mutants.swap_remove(place));
    }
    out
}

impl Score {
    /// Takes note of those of another score.
    pub fn add(&mut self, other: &Self) {
        (0..3).for_each(|by| self.noticed[by] += other.noticed[by]);
        self.same += other.same;
        self.survived.extend(other.survived.iter().cloned());
    }

    /// Takes note of one mutant.
    pub fn take(&mut self, mutant: Mutant, noticed: Noticed) {
        match noticed {
            Noticed::Load => self.noticed[0] += 1,
            Noticed::Case => self.noticed[1] += 1,
            Noticed::Proof => self.noticed[2] += 1,
            Noticed::Same => self.same += 1,
            Noticed::Nobody => self.survived.push(mutant),
        }
    }
}
