//! Minimising: from the objects that the law lets travel to the least that serves the purpose.
//!
//! ```text
//! survey   each object by itself: what is treated, what refers to what, what stays home
//! settle   what loses a reference that it must have stays home too; what stays home justifies nothing
//! name     new ids for treated observables, referenced ones first
//! finish   references rewritten, treated values found again in texts, equal objects merged
//! ```
//! Invariants (property-tested): kept + changed + withheld = in; every path of the input is in the output
//! unchanged, or reported, itself or with what it lies in; minimising twice changes nothing; no reference
//! dangles that resolved on input; every selector of a granular marking resolves.

use crate::bundle::{Bundle, BundleError, Ident, Limits, Object};
use crate::classify::is_personal;
use crate::graph::Subjects;
use crate::identifier;
use crate::json::Node;
use crate::profile::{Profile, Profiles};
use crate::scrub::{Scrubber, StandIn};
use crate::table::{PathTable, StixType};
use crate::token::{TokenKey, Tokens};
use crate::treat::{Fates, Outcome, Reference, Treating, Walk};
use crate::withholding::{Ground, Withholding};
use comity_terms::beside::each_in_halves;
use comity_terms::{Entropy, Treatment};
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Mutex, PoisonError};

mod merge;
mod naming;
mod survey;

use merge::Merging;
use survey::{Converted, Survey, alive, converted, settle, survey, treated_as};

/// How often the graph is read again because something that justified an attacker's address stays home.
/// Beyond that nothing counts as the attacker's, which is the strict end; real bundles settle in two.
const ROUNDS_MAX: usize = 6;

/// One object as it travels.
pub struct MinimisedObject<'a> {
    /// The object of the bundle that it was, and those that were merged into it.
    pub sources: Vec<usize>,
    /// Its id as it travels.
    pub id: Cow<'a, str>,
    /// Its JSON text: the input's own bytes where nothing changed.
    pub bytes: Cow<'a, [u8]>,
}

impl MinimisedObject<'_> {
    /// Whether it is one object of the bundle, byte for byte.
    #[must_use]
    pub fn is_as_it_was(&self) -> bool {
        matches!(self.bytes, Cow::Borrowed(_)) && self.sources.len() == 1
    }
}

impl fmt::Debug for MinimisedObject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} bytes", self.id, self.bytes.len())
    }
}

/// How many objects went which way: `input = kept + changed + withheld`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// The objects that were to be minimised.
    pub input: usize,
    /// Those that travel byte for byte.
    pub kept: usize,
    /// Those that travel changed, the merged included.
    pub changed: usize,
    /// Those that stay home.
    pub withheld: usize,
}

/// What travels, and what does not.
#[derive(Debug)]
pub struct Minimised<'a> {
    /// The id of the bundle.
    pub id: String,
    /// What travels, in the order of the input.
    pub objects: Vec<MinimisedObject<'a>>,
    /// What does not travel as it was, in the order of the input.
    pub withholdings: Vec<Withholding>,
    /// How many objects went which way.
    pub counts: Counts,
}

impl Minimised<'_> {
    /// The bundle's JSON text.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        bundle_bytes(&self.id, self.objects.iter().map(|object| object.bytes.as_ref()))
    }

    /// What travels, read as whoever gets it reads it. What travels byte for byte was read in `bundle`, which this is made
    /// from, and is not read twice.
    ///
    /// # Errors
    /// [`BundleError`] where it does not read back, or exceeds the bounds.
    pub fn read_again<'s>(&'s self, bundle: Bundle<'s>, limits: &Limits) -> Result<Bundle<'s>, BundleError> {
        let objects: Vec<(Option<usize>, &[u8])> = self
            .objects
            .iter()
            .map(|object| {
                let kept = matches!(object.bytes, Cow::Borrowed(_));
                (object.sources.first().copied().filter(|_| kept), object.bytes.as_ref())
            })
            .collect();
        bundle.again(&objects, limits)
    }
}

/// A bundle of these objects.
pub fn bundle_bytes<'o>(id: &str, objects: impl IntoIterator<Item = &'o [u8]>) -> Vec<u8> {
    let mut out = format!(r#"{{"type":"bundle","id":"{id}""#).into_bytes();
    let mut before: &[u8] = b",\"objects\":[";
    let mut some = false;
    for object in objects {
        out.extend(before);
        out.extend(object);
        before = b",";
        some = true;
    }
    out.extend(if some { &b"]}"[..] } else { b"}" });
    out
}

/// Minimises the objects in `keep`, which are positions in [`Bundle::objects`], each for its profile.
///
/// The others stay home without a report of their own: the law refused them, and the decision says why. What
/// is treated in them for the strictest of the profiles is found again in the texts of those that travel.
/// The id of a bundle that has none is drawn from `entropy`.
pub fn minimise<'a>(
    bundle: &Bundle<'a>,
    keep: &[(usize, &Profile)],
    table: &PathTable,
    key: &TokenKey,
    entropy: &mut dyn Entropy,
) -> Minimised<'a> {
    let mut chosen = vec![false; bundle.objects().len()];
    for &(index, _) in keep {
        if let Some(chosen) = chosen.get_mut(index) {
            *chosen = true;
        }
    }
    let profiles = Profiles::new(bundle.objects().len(), keep, table);
    let converted = converted(bundle, table, &profiles);
    let mut travels = chosen.clone();
    let tokens = Tokens::new(key);
    let mut subjects = Subjects::read(bundle, table, &|index| chosen[index]);
    let people = Mutex::new(HashMap::new());
    let forget = || people.lock().unwrap_or_else(PoisonError::into_inner).clear();
    let (mut surveys, mut recurring) = (Vec::new(), HashMap::new());
    for round in 0..=ROUNDS_MAX {
        forget();
        let treating = Treating { bundle, table, subjects: &subjects, tokens: &tokens, people: &people };
        (surveys, recurring) = survey(treating, &profiles, &converted);
        let before = travels.clone();
        settle(bundle, &surveys, &mut travels);
        if before == travels {
            break;
        }
        let left = Subjects::read(bundle, table, &|index| travels[index] && round + 1 < ROUNDS_MAX);
        if left.agrees_with(&subjects) {
            break;
        }
        subjects = left;
        // Who is cited has changed with the graph.
        forget();
    }
    let shared = Treating { bundle, table, subjects: &subjects, tokens: &tokens, people: &people };
    let mut work = Work {
        shared,
        profiles: &profiles,
        converted: &converted,
        surveys: &surveys,
        fates: Fates { alive: alive(bundle, &travels), renamed: HashMap::new() },
    };
    work.name(&travels);
    work.finish((&chosen, &travels), recurring, entropy)
}

/// What became of one object that was to travel.
struct Finished<'b> {
    report: Vec<Withholding>,
    /// `None`: it stays home, for what the report says.
    travels: Option<Travelling<'b>>,
}

/// One object as it travels, before any is merged.
struct Travelling<'b> {
    id: Cow<'b, str>,
    bytes: Cow<'b, [u8]>,
    /// Of one that changed, where another may have come to have its id.
    tree: Option<Node<'b>>,
}

/// The second half: every fate is known but the new ids.
struct Work<'w, 'b> {
    shared: Treating<'w, 'b>,
    profiles: &'w Profiles<'w>,
    converted: &'w Converted<'b>,
    surveys: &'w [Survey],
    fates: Fates,
}

impl<'b> Work<'_, 'b> {
    fn treat(&self, index: usize, scrubber: Option<&Scrubber>) -> (Outcome<'b>, Vec<Withholding>) {
        let object = &self.shared.bundle.objects()[index];
        let Some((stix_type, tree)) = treated_as(self.shared.table, self.converted, index, object) else {
            return (Outcome::Lost, vec![whole(object, "unknown", Ground::NotListed)]);
        };
        let fates = Some((&self.fates, scrubber));
        let mut walk = Walk::new(self.shared, fates, self.profiles.of(index), object, tree);
        let outcome = walk.run(stix_type);
        let mut report = walk.report;
        if let (Some(converted), Node::Object(properties)) = (self.converted.get(&index), object.tree()) {
            let from = &self.shared.table.types[object.stix_type()];
            for (name, _) in properties.iter().filter(|(name, _)| converted.get(name).is_none()) {
                let row = from.root.child(name).and_then(|place| place.row.as_ref());
                let (class, ground) = match row.map(|row| &self.shared.table.class(row.class).name) {
                    Some(class) => (class.as_str(), Ground::Treated(self.profiles.of(index).ground(class))),
                    None => ("unknown", Ground::NotListed),
                };
                report.push(one(object, name, class, Treatment::WithholdProperty, ground));
            }
            report.push(one(object, "type", "structure", Treatment::Generalise, Ground::Follows));
            let outcome = match outcome {
                Outcome::Same => Outcome::Changed(converted.clone()),
                other => other,
            };
            return (outcome, report);
        }
        (outcome, report)
    }

    /// What becomes of one object that was to travel.
    fn finished(&self, index: usize, travels: bool, scrubber: Option<&Scrubber>) -> Finished<'b> {
        let object = &self.shared.bundle.objects()[index];
        if !travels {
            return Finished { report: vec![self.why_lost(index)], travels: None };
        }
        let survey = &self.surveys[index];
        let untouched = !survey.changed
            && scrubber.is_none()
            && !self.fates.renamed.contains_key(&object.ident())
            && !survey.references.iter().any(|reference| self.refers_to_changed(reference));
        let (outcome, mut report) = match untouched {
            true => (Outcome::Same, Vec::new()),
            false => self.treat(index, scrubber),
        };
        let tree = match outcome {
            // Only a part of it that holds references alone could make it so at this point.
            Outcome::Lost => {
                let report = vec![whole(object, "unknown", Ground::Incomplete)];
                return Finished { report, travels: None };
            }
            Outcome::Same => None,
            Outcome::Changed(tree) => Some(tree),
        };
        if object.is_upgraded() {
            let ground = Ground::Upgraded;
            report.push(one(object, "spec_version", "structure", Treatment::Generalise, ground));
        }
        let id = tree.as_ref().unwrap_or(object.tree()).get("id").and_then(Node::text).unwrap_or_default();
        let bytes = match &tree {
            None => object.bytes(),
            Some(tree) => Cow::Owned(written(tree, object.raw().len())),
        };
        // What is written needs its tree no more, unless another may be merged with it.
        let tree = tree.filter(|_| !object.has_versions());
        Finished { report, travels: Some(Travelling { id, bytes, tree }) }
    }

    fn finish(
        self,
        (chosen, travels): (&[bool], &[bool]),
        mut recurring: HashMap<String, StandIn>,
        entropy: &mut dyn Entropy,
    ) -> Minimised<'b> {
        recurring.extend(self.renamed_ids());
        let scrubber = Scrubber::new(&recurring);
        let asked: Vec<usize> = (0..chosen.len()).filter(|index| chosen[*index]).collect();
        let mut counts = Counts { input: asked.len(), ..Counts::default() };
        let mut withholdings = Vec::new();
        let mut out: Vec<MinimisedObject<'b>> = Vec::with_capacity(asked.len());
        let mut trees: HashMap<usize, Node<'b>> = HashMap::new();
        let mut merging: HashMap<usize, Merging<'b>> = HashMap::new();
        let mut observables: HashMap<Cow<'b, str>, usize> = HashMap::new();
        let finished = |at: usize| self.finished(asked[at], travels[asked[at]], scrubber.as_ref());
        each_in_halves(asked.len(), finished, |at, Finished { report, travels }| {
            let index = asked[at];
            let object = &self.shared.bundle.objects()[index];
            withholdings.extend(report);
            let Some(Travelling { id, bytes, tree }) = travels else {
                counts.withheld += 1;
                return;
            };
            // Only an observable can have come to have the id of another.
            let observable = !object.has_versions();
            if let Some(first) = observable.then(|| observables.get(&id).copied()).flatten() {
                let into = merging.entry(first).or_insert_with(|| {
                    let first_read = self.shared.bundle.objects()[out[first].sources[0]].tree();
                    Merging::new(trees.remove(&first).unwrap_or_else(|| first_read.clone()))
                });
                into.add(object, tree.unwrap_or_else(|| object.tree().clone()), &mut withholdings);
                out[first].sources.push(index);
                counts.changed += 1;
                return;
            }
            if observable {
                observables.insert(id.clone(), out.len());
            }
            if let Some(tree) = tree {
                trees.insert(out.len(), tree);
            }
            out.push(MinimisedObject { sources: vec![index], id, bytes });
        });
        for (index, merging) in merging.into_iter().filter(|(_, merging)| merging.changed) {
            out[index].bytes = Cow::Owned(written(&merging.into_node(), out[index].bytes.len()));
        }
        counts.kept = out.iter().filter(|object| matches!(object.bytes, Cow::Borrowed(_))).count();
        counts.changed += out.len() - counts.kept;
        for name in self.shared.bundle.unknown() {
            withholdings.push(Withholding {
                object: self.shared.bundle.id().unwrap_or_default().to_owned(),
                path: name.clone(),
                data_class: "unknown".to_owned(),
                treatment: Treatment::WithholdProperty,
                ground: Ground::NotListed,
            });
        }
        let id = self.shared.bundle.id().map_or_else(|| identifier::random("bundle", entropy), str::to_owned);
        Minimised { id, objects: out, withholdings, counts }
    }

    fn why_lost(&self, index: usize) -> Withholding {
        let object = &self.shared.bundle.objects()[index];
        let (_, report) = self.treat(index, None);
        let mut heaviest = report.iter().filter(|entry| entry.treatment == Treatment::WithholdObject);
        let asked = heaviest.find(|entry| matches!(entry.ground, Ground::Treated(_) | Ground::NotListed));
        let reference = report
            .iter()
            .find(|entry| matches!(entry.ground, Ground::RefersToWithheld | Ground::GuessableReference));
        match asked.or(reference) {
            Some(entry) => whole(object, &entry.data_class, entry.ground.clone()),
            None => whole(object, "unknown", Ground::Incomplete),
        }
    }
}

fn written(tree: &Node<'_>, length: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(length);
    tree.write(&mut bytes);
    bytes.shrink_to_fit();
    bytes
}

fn whole(object: &Object<'_>, class: &str, ground: Ground) -> Withholding {
    one(object, "", class, Treatment::WithholdObject, ground)
}

fn lost_at(object: &Object<'_>, path: &str, class: &str, ground: Ground) -> Withholding {
    one(object, path, class, Treatment::WithholdProperty, ground)
}

fn one(object: &Object<'_>, path: &str, class: &str, treatment: Treatment, ground: Ground) -> Withholding {
    Withholding {
        object: object.id().to_owned(),
        path: path.to_owned(),
        data_class: class.to_owned(),
        treatment,
        ground,
    }
}
