//! Who notices a changed law: the loader, a worked case, or a proof.
//!
//! Only what a change touches is asked again: the cases that ask the pack, the acts of the rule. A change after which
//! the rule provably matches the same questions changes no answer and is no mutant.

use crate::claim::{Prover, Verdict};
use crate::expression;
use crate::mutate::{Kind, Mutant, every};
use crate::side::Side;
use comity_agreement::pack::Rule;
use comity_agreement::try_case::{amiss, try_case};
use comity_agreement::{Law, LawSource, Library, LoadError};
use comity_terms::{Action, PackSlug};
use serde_json::Value as Json;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Who noticed a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Noticed {
    /// It does not load.
    Load,
    /// A worked case comes out otherwise than it should.
    Case,
    /// A rule can err or is dead, or the law is below the floor that it had.
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
#[derive(Debug)]
pub struct Bench<'b, 's> {
    pub(crate) prover: &'b Prover,
    pub(crate) library: &'b Library<'s>,
    /// The pack as it is.
    pub(crate) law: Arc<Law>,
    dir: String,
    /// The laws that do not rest on it.
    others: Vec<Arc<Law>>,
    /// The cases that ask it, its own first.
    cases: Vec<Json>,
}

impl<'b, 's> Bench<'b, 's> {
    /// The bench for the pack of that name.
    ///
    /// # Errors
    /// [`LoadError`] when a pack does not load.
    pub fn new(prover: &'b Prover, library: &'b mut Library<'s>, slug: &PackSlug) -> Result<Self, LoadError> {
        let law = library.law(slug)?;
        let dir = library.dir(slug).unwrap_or_default();
        let (mut others, mut asking) = (Vec::new(), vec![slug.clone()]);
        for other in library.slugs() {
            let other = library.law(&other)?;
            if other.includes().any(|pack| pack.slug == *slug) {
                asking.push(other.pack().slug.clone());
            } else if other.pack().slug != *slug {
                others.push(other);
            }
        }
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
        Ok(Self { prover, library, law, dir, others, cases })
    }

    /// Every change to the pack.
    #[must_use]
    pub fn mutants(&self) -> Vec<Mutant> {
        every(&|name| self.text(name))
    }

    /// Tries this case too from now on.
    pub fn learn(&mut self, case: Json) {
        self.cases.push(case);
    }

    /// The text of a file of the pack.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        let bytes = self.library.source().read(&format!("{}/{name}", self.dir))?;
        String::from_utf8(bytes.into_owned()).ok()
    }

    /// Who notices a change.
    #[must_use]
    pub fn notice(&self, mutant: &Mutant) -> Noticed {
        let changed = self.changed(mutant);
        let mut library = self.over(&changed);
        let Ok(law) = library.law(&self.law.pack().slug) else { return Noticed::Load };
        let rule = |law: &'_ Law| -> Option<Rule> {
            law.pack().rules().iter().find(|rule| rule.id.as_str() == mutant.place).cloned()
        };
        let (was, is) = (rule(&self.law), rule(&law));
        let touched = self.touched(was.as_ref(), is.as_ref());
        for case in self.cases.iter().filter(|case| touched.is_none_or_holds(case)) {
            if amiss(case, &try_case(&mut library, case)).is_some() {
                return Noticed::Case;
            }
        }
        let Some(actions) = touched.0 else { return Noticed::Nobody };
        if self.proved(&law, is.as_ref(), &actions) {
            return Noticed::Proof;
        }
        if let (Some(was), Some(is)) = (was, is)
            && was.actions == is.actions
            && let (Ok(one), Ok(other)) =
                (expression::condition(&was.policy), expression::condition(&is.policy))
            && self.prover.equivalent(&one, &other, &actions.iter().collect::<Vec<_>>())
        {
            return Noticed::Same;
        }
        Noticed::Nobody
    }

    /// The files of law with the change in them.
    pub(crate) fn changed<'m>(&'m self, mutant: &'m Mutant) -> Changed<'m> {
        let path = format!("{}/{}", self.dir, mutant.file);
        Changed { files: self.library.source(), path, text: &mutant.text }
    }

    /// Laws over these files; those that do not rest on the pack are not read again.
    pub(crate) fn over<'f>(&self, files: &'f dyn LawSource) -> Library<'f> {
        let mut library = Library::over(files, self.prover.vocabulary.clone());
        self.others.iter().for_each(|law| library.hold(law.clone()));
        library
    }

    /// The acts that a change touches; nothing: all, for a figure.
    fn touched(&self, was: Option<&Rule>, is: Option<&Rule>) -> Touched {
        let rules: Vec<&Rule> = was.into_iter().chain(is).collect();
        Touched(
            (!rules.is_empty()).then(|| rules.into_iter().flat_map(|rule| rule.actions.clone()).collect()),
        )
    }

    /// Whether a proof finds it: a rule that errs or is dead, or a law below the floor that it had.
    fn proved(&self, law: &Arc<Law>, rule: Option<&Rule>, actions: &BTreeSet<Action>) -> bool {
        if let Some(rule) = rule
            && (!self.prover.never_errs(law, &rule.id).holds() || self.prover.dead(law, &rule.id).holds())
        {
            return true;
        }
        let floor = Side::Floor(self.law.clone());
        let proof = self.prover.implies_about(&Side::law(law), &floor, Vec::new(), actions);
        matches!(proof.verdict, Verdict::Fails(_))
    }
}

/// The acts that a change touches; nothing: all.
struct Touched(Option<BTreeSet<Action>>);

impl Touched {
    fn is_none_or_holds(&self, case: &Json) -> bool {
        self.0.as_ref().is_none_or(|acts| case["action"].as_str().is_some_and(|act| acts.contains(act)))
    }
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
