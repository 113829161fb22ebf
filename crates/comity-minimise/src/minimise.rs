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

use crate::bundle::{Bundle, Ident, Object};
use crate::classify::is_personal;
use crate::graph::Subjects;
use crate::identifier;
use crate::json::Node;
use crate::profile::Profile;
use crate::scrub::Scrubber;
use crate::table::{PathTable, StixType};
use crate::token::{TokenKey, Tokens};
use crate::treat::{Fates, Outcome, Reference, Treating, Walk};
use crate::withholding::{Ground, Withholding};
use comity_terms::{Entropy, Treatment};
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::fmt;

/// How often the graph is read again because something that justified an attacker's address stays home.
/// Beyond that nothing counts as the attacker's, which is the strict end; real bundles settle in two.
const ROUNDS_MAX: usize = 6;

/// One object as it travels.
pub struct MinimisedObject<'a> {
    /// The object of the bundle that it was, and those that were merged into it.
    pub sources: Vec<usize>,
    /// Its id as it travels.
    pub id: String,
    /// Its JSON text: the input's own bytes where nothing changed.
    pub bytes: Cow<'a, [u8]>,
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

/// Minimises the objects in `keep`, which are positions in [`Bundle::objects`].
///
/// The others stay home without a report of their own: the law refused them, and the decision says why. New
/// random ids are drawn from `entropy`.
pub fn minimise<'a>(
    bundle: &Bundle<'a>,
    keep: &[usize],
    table: &PathTable,
    profile: &Profile,
    key: &TokenKey,
    entropy: &mut dyn Entropy,
) -> Minimised<'a> {
    let mut chosen = vec![false; bundle.objects().len()];
    for &index in keep {
        if let Some(chosen) = chosen.get_mut(index) {
            *chosen = true;
        }
    }
    let converted = converted(bundle, table, profile);
    let mut travels = chosen.clone();
    let tokens = Tokens::new(key);
    let mut subjects = Subjects::read(bundle, table, &|index| chosen[index]);
    let recurring = RefCell::new(HashMap::new());
    let mut surveys = Vec::new();
    for round in 0..=ROUNDS_MAX {
        recurring.borrow_mut().clear();
        let treating =
            Treating { bundle, table, profile, subjects: &subjects, tokens: &tokens, recurring: &recurring };
        surveys = survey(treating, &converted);
        let before = travels.clone();
        settle(bundle, &surveys, &mut travels);
        if before == travels {
            break;
        }
        subjects = Subjects::read(bundle, table, &|index| travels[index] && round + 1 < ROUNDS_MAX);
    }
    let shared =
        Treating { bundle, table, profile, subjects: &subjects, tokens: &tokens, recurring: &recurring };
    let mut work = Work {
        shared,
        converted: &converted,
        surveys: &surveys,
        fates: Fates { alive: alive(bundle, &travels), renamed: HashMap::new() },
    };
    work.name(&travels, entropy);
    work.finish(&chosen, &travels, entropy)
}

/// What the survey found about one object.
#[derive(Default)]
struct Survey {
    lost: bool,
    changed: bool,
    references: Vec<Reference>,
    /// Top-level properties (by position) of which one must be left, with the property groups of the type.
    needs: Vec<Vec<usize>>,
}

/// Objects that become one of another type, by index: the tree that is treated instead.
type Converted<'a> = HashMap<usize, Node<'a>>;

/// Where a type says so: an object whose content would stay home becomes another that carries its hashes.
fn converted<'a>(bundle: &Bundle<'a>, table: &PathTable, profile: &Profile) -> Converted<'a> {
    let mut converted = HashMap::new();
    for (index, object) in bundle.objects().iter().enumerate() {
        let Some(stix_type) = table.types.get(object.stix_type()) else { continue };
        let Some(becomes) = &stix_type.becomes else { continue };
        let (tree, Some(content)) = (object.tree(), stix_type.root.child(&becomes.instead_of)) else {
            continue;
        };
        let withheld = content.row.as_ref().is_some_and(|row| {
            let class = table.class(row.class);
            let treatment = row.treatment.unwrap_or(class.treatment).max(profile.treatment(&class.name));
            treatment >= Treatment::WithholdProperty
        });
        if !withheld || tree.get(&becomes.instead_of).is_none() || tree.get(&becomes.requires).is_none() {
            continue;
        }
        let Node::Object(properties) = tree else { continue };
        let stays = |name: &str| {
            becomes.carries.iter().any(|carried| carried == name)
                || ["id", "spec_version", "object_marking_refs", "granular_markings", "defanged"]
                    .contains(&name)
        };
        let kept = properties.iter().filter_map(|(name, value)| match name.as_ref() {
            "type" => Some((name.clone(), Node::Text(Cow::Owned(becomes.stix_type.clone())))),
            other => stays(other).then(|| (name.clone(), value.clone())),
        });
        converted.insert(index, Node::Object(kept.collect()));
    }
    converted
}

/// The type that an object is treated as, and its tree.
fn treated_as<'t, 'b>(
    table: &'t PathTable,
    converted: &'t Converted<'b>,
    index: usize,
    object: &'t Object<'b>,
) -> Option<(&'t StixType, &'t Node<'b>)> {
    let stix_type = table.types.get(object.stix_type())?;
    match (converted.get(&index), &stix_type.becomes) {
        (Some(tree), Some(becomes)) => Some((table.types.get(&becomes.stix_type)?, tree)),
        _ => Some((stix_type, object.tree())),
    }
}

fn survey<'t, 'b>(treating: Treating<'t, 'b>, converted: &'t Converted<'b>) -> Vec<Survey> {
    let bundle = treating.bundle;
    let mut surveys = Vec::with_capacity(bundle.objects().len());
    for (index, object) in bundle.objects().iter().enumerate() {
        let Some((stix_type, tree)) = treated_as(treating.table, converted, index, object) else {
            surveys.push(Survey { lost: true, ..Survey::default() });
            continue;
        };
        let mut walk = Walk::new(treating, None, tree, object.id(), object.ident());
        let outcome = walk.run(stix_type);
        let references = std::mem::take(&mut walk.references);
        let changed = matches!(outcome, Outcome::Changed(_)) || converted.contains_key(&index);
        let needs = match &outcome {
            Outcome::Changed(after) => needs(stix_type, tree, after),
            _ => needs(stix_type, tree, tree),
        };
        surveys.push(Survey { lost: matches!(outcome, Outcome::Lost), changed, references, needs });
    }
    surveys
}

/// The groups of top-level properties of which one must be left, by position: those that the object has.
fn needs(stix_type: &StixType, tree: &Node<'_>, after: &Node<'_>) -> Vec<Vec<usize>> {
    let Node::Object(properties) = tree else { return Vec::new() };
    let position = |name: &String| {
        after.get(name)?;
        properties.iter().position(|(key, _)| key == name)
    };
    let single = stix_type.root.require.iter().filter_map(|name| Some(vec![position(name)?]));
    let groups = stix_type.root.one_of.iter().map(|group| group.iter().filter_map(position).collect());
    single.chain(groups).filter(|group: &Vec<usize>| !group.is_empty()).collect()
}

fn alive(bundle: &Bundle<'_>, travels: &[bool]) -> Vec<bool> {
    let mut alive = vec![false; bundle.ident_count()];
    for (object, travels) in bundle.objects().iter().zip(travels) {
        alive[object.ident()] |= travels;
    }
    alive
}

/// Takes out of `travels` what stays home by itself, then whatever loses a reference that it must have.
/// Every reference is looked at once: the work is linear in their number.
fn settle(bundle: &Bundle<'_>, surveys: &[Survey], travels: &mut [bool]) {
    let mut versions = vec![0_usize; bundle.ident_count()];
    for (object, travels) in bundle.objects().iter().zip(travels.iter()) {
        versions[object.ident()] += usize::from(*travels);
    }
    let mut referrers: Vec<Vec<(usize, Reference)>> = vec![Vec::new(); bundle.ident_count()];
    let mut left: Vec<HashMap<usize, usize>> = vec![HashMap::new(); surveys.len()];
    for (index, survey) in surveys.iter().enumerate() {
        for reference in &survey.references {
            referrers[reference.target].push((index, *reference));
            *left[index].entry(reference.property).or_default() += 1;
        }
    }
    let mut gone: Vec<Ident> = (0..versions.len()).filter(|ident| versions[*ident] == 0).collect();
    let lose = |index: usize, travels: &mut [bool], versions: &mut [usize], gone: &mut Vec<Ident>| {
        if std::mem::replace(&mut travels[index], false) {
            let ident = bundle.objects()[index].ident();
            versions[ident] -= 1;
            if versions[ident] == 0 {
                gone.push(ident);
            }
        }
    };
    for (index, survey) in surveys.iter().enumerate() {
        if survey.lost {
            lose(index, travels, &mut versions, &mut gone);
        }
    }
    while let Some(ident) = gone.pop() {
        for (index, reference) in std::mem::take(&mut referrers[ident]) {
            if let Some(count) = left[index].get_mut(&reference.property) {
                *count -= 1;
            }
            let empty = |property: &usize| left[index].get(property) == Some(&0);
            let unmet = surveys[index].needs.iter().any(|group| group.iter().all(empty));
            if reference.binding || unmet {
                lose(index, travels, &mut versions, &mut gone);
            }
        }
    }
}

/// The second half: every fate is known but the new ids.
struct Work<'w, 'b> {
    shared: Treating<'w, 'b>,
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
        let mut walk = Walk::new(self.shared, fates, tree, object.id(), object.ident());
        let outcome = walk.run(stix_type);
        let mut report = walk.report;
        if let (Some(converted), Node::Object(properties)) = (self.converted.get(&index), object.tree()) {
            let from = &self.shared.table.types[object.stix_type()];
            for (name, _) in properties.iter().filter(|(name, _)| converted.get(name).is_none()) {
                let row = from.root.child(name).and_then(|place| place.row.as_ref());
                let (class, ground) = match row.map(|row| &self.shared.table.class(row.class).name) {
                    Some(class) => (class.as_str(), Ground::Treated(self.shared.profile.ground(class))),
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

    /// Gives new ids to treated observables: those that others' ids are made from come first.
    fn name(&mut self, travels: &[bool], entropy: &mut dyn Entropy) {
        self.name_people(travels, entropy);
        let (order, circular) = self.order(travels);
        // Ids in a circle cannot be made from each other. When one of them changes, all get random ones.
        if circular.iter().any(|index| self.surveys[*index].changed) {
            for index in &circular {
                let object = &self.shared.bundle.objects()[*index];
                self.fates.renamed.insert(object.ident(), identifier::random(object.stix_type(), entropy));
            }
        }
        for index in order {
            let object = &self.shared.bundle.objects()[index];
            if circular.contains(&index) {
                continue;
            }
            let survey = &self.surveys[index];
            let touched = survey.references.iter().any(|reference| self.refers_to_changed(reference));
            if !survey.changed && !touched {
                continue;
            }
            let Some((stix_type, before)) = treated_as(self.shared.table, self.converted, index, object)
            else {
                continue;
            };
            let (Outcome::Changed(after), _) = self.treat(index, None) else { continue };
            let new_type = after.get("type").and_then(Node::as_text).unwrap_or_default();
            let was = identifier::contribution(&stix_type.id_from, before);
            let is = identifier::contribution(&stix_type.id_from, &after);
            if was == is && is.is_some() && new_type == object.stix_type() {
                continue;
            }
            let id = match identifier::derived(new_type, &stix_type.id_from, &after) {
                Some(id) => id,
                None if survey.changed => identifier::random(new_type, entropy),
                None => continue,
            };
            if id != object.id() {
                self.fates.renamed.insert(object.ident(), id);
            }
        }
    }

    /// New random ids for treated objects about a person whose id is made from a name: the name could be
    /// guessed and the guess checked. An observable's id is worked out again instead.
    fn name_people(&mut self, travels: &[bool], entropy: &mut dyn Entropy) {
        let Treating { bundle, table, subjects, .. } = self.shared;
        for (index, object) in bundle.objects().iter().enumerate().filter(|(index, _)| travels[*index]) {
            let observable =
                table.types.get(object.stix_type()).is_none_or(|t| t.kind == crate::table::Kind::Observable);
            if !observable
                && self.surveys[index].changed
                && identifier::is_from_name(object.id())
                && is_personal(object, table, subjects)
            {
                let renamed = self.fates.renamed.entry(object.ident());
                renamed.or_insert_with(|| identifier::random(object.stix_type(), entropy));
            }
        }
    }

    fn refers_to_changed(&self, reference: &Reference) -> bool {
        !self.fates.alive[reference.target] || self.fates.renamed.contains_key(&reference.target)
    }

    /// Travelling observables, each after those that its id is made from; and those that form circles.
    fn order(&self, travels: &[bool]) -> (Vec<usize>, HashSet<usize>) {
        let objects = self.shared.bundle.objects();
        let by_ident: HashMap<Ident, usize> = objects
            .iter()
            .enumerate()
            .filter(|(index, _)| travels[*index])
            .map(|(i, o)| (o.ident(), i))
            .collect();
        let contributes = |index: usize, reference: &Reference| {
            let Some((stix_type, Node::Object(properties))) =
                treated_as(self.shared.table, self.converted, index, &objects[index])
            else {
                return false;
            };
            let name = properties.get(reference.property).map(|(name, _)| name.as_ref());
            stix_type.id_from.iter().any(|property| Some(property.as_str()) == name)
        };
        #[derive(Clone, Copy, PartialEq)]
        enum Mark {
            New,
            Open,
            Done,
        }
        let mut marks = vec![Mark::New; objects.len()];
        let (mut order, mut circular) = (Vec::new(), HashSet::new());
        let observable = |index: &usize| {
            self.shared
                .table
                .types
                .get(objects[*index].stix_type())
                .is_some_and(|stix_type| stix_type.kind == crate::table::Kind::Observable)
        };
        for start in (0..objects.len()).filter(|index| travels[*index]).filter(observable) {
            if marks[start] != Mark::New {
                continue;
            }
            // Depth first without recursion: (object, how many of its references were followed).
            let mut path = vec![(start, 0)];
            marks[start] = Mark::Open;
            while let Some((index, followed)) = path.last_mut() {
                let index = *index;
                let next = self.surveys[index].references.get(*followed);
                *followed += 1;
                let Some(reference) = next else {
                    marks[index] = Mark::Done;
                    order.push(index);
                    path.pop();
                    continue;
                };
                let Some(&target) = by_ident.get(&reference.target) else { continue };
                if !contributes(index, reference) || !observable(&target) {
                    continue;
                }
                match marks[target] {
                    Mark::New => {
                        marks[target] = Mark::Open;
                        path.push((target, 0));
                    }
                    Mark::Open => {
                        let from = path.iter().position(|(index, _)| *index == target).unwrap_or(0);
                        circular.extend(path[from..].iter().map(|(index, _)| *index));
                    }
                    Mark::Done => {}
                }
            }
        }
        (order, circular)
    }

    fn finish(self, chosen: &[bool], travels: &[bool], entropy: &mut dyn Entropy) -> Minimised<'b> {
        self.shared.recurring.borrow_mut().extend(self.renamed_ids());
        let scrubber = Scrubber::new(&self.shared.recurring.borrow());
        let mut counts =
            Counts { input: chosen.iter().filter(|chosen| **chosen).count(), ..Counts::default() };
        let mut withholdings = Vec::new();
        let mut out: Vec<(MinimisedObject<'b>, Option<Node<'b>>)> = Vec::new();
        let mut by_id: HashMap<String, usize> = HashMap::new();
        for index in (0..chosen.len()).filter(|index| chosen[*index]) {
            let object = &self.shared.bundle.objects()[index];
            if !travels[index] {
                counts.withheld += 1;
                withholdings.push(self.why_lost(index));
                continue;
            }
            let renamed = self.fates.renamed.contains_key(&object.ident());
            let survey = &self.surveys[index];
            let untouched = !survey.changed
                && !renamed
                && scrubber.is_none()
                && !survey.references.iter().any(|reference| self.refers_to_changed(reference));
            let (outcome, report) = match untouched {
                true => (Outcome::Same, Vec::new()),
                false => self.treat(index, scrubber.as_ref()),
            };
            let (id, bytes, tree) = match outcome {
                Outcome::Lost => {
                    // Only a part of it that holds references alone could make it so at this point.
                    counts.withheld += 1;
                    withholdings.push(whole(object, "unknown", Ground::Incomplete));
                    continue;
                }
                Outcome::Same => {
                    counts.kept += 1;
                    (object.id().to_owned(), Cow::Borrowed(object.raw().as_bytes()), None)
                }
                Outcome::Changed(tree) => {
                    counts.changed += 1;
                    let id = tree.get("id").and_then(Node::as_text).unwrap_or_default().to_owned();
                    let mut bytes = Vec::with_capacity(object.raw().len());
                    tree.write(&mut bytes);
                    (id, Cow::Owned(bytes), Some(tree))
                }
            };
            withholdings.extend(report);
            // Only an observable can have come to have the id of another.
            let first = (object.tree().get("modified").is_none()).then(|| by_id.get(&id).copied()).flatten();
            if let Some(first) = first {
                if tree.is_none() {
                    counts.kept -= 1;
                    counts.changed += 1;
                }
                let (into, into_tree) = &mut out[first];
                let into_index = into.sources[0];
                let held = into_tree
                    .take()
                    .unwrap_or_else(|| self.shared.bundle.objects()[into_index].tree().clone());
                let other = tree.unwrap_or_else(|| object.tree().clone());
                let merged = merge(object, held.clone(), other, &mut withholdings);
                if merged != held
                    && into.bytes.as_ref() == self.shared.bundle.objects()[into_index].raw().as_bytes()
                {
                    counts.kept -= 1;
                    counts.changed += 1;
                }
                let mut bytes = Vec::new();
                merged.write(&mut bytes);
                if merged != held {
                    into.bytes = Cow::Owned(bytes);
                }
                into.sources.push(index);
                *into_tree = Some(merged);
                continue;
            }
            by_id.insert(id.clone(), out.len());
            out.push((MinimisedObject { sources: vec![index], id, bytes }, tree));
        }
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
        Minimised { id, objects: out.into_iter().map(|(object, _)| object).collect(), withholdings, counts }
    }

    /// Old ids tell old values: they are looked for in texts too.
    fn renamed_ids(&self) -> Vec<(String, String)> {
        let objects = self.shared.bundle.objects().iter();
        objects
            .filter_map(|object| {
                let renamed = self.fates.renamed.get(&object.ident())?;
                Some((object.id().to_owned(), renamed.clone()))
            })
            .collect()
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

fn whole(object: &Object<'_>, class: &str, ground: Ground) -> Withholding {
    one(object, "", class, Treatment::WithholdObject, ground)
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

/// `held` with what `other`, which has the same id now, adds to it: properties that it lacks, references and
/// markings that it does not name. What contradicts stays home and is reported.
fn merge<'a>(
    source: &Object<'_>,
    held: Node<'a>,
    other: Node<'a>,
    withholdings: &mut Vec<Withholding>,
) -> Node<'a> {
    let (Node::Object(mut held), Node::Object(other)) = (held, other) else { return Node::List(Vec::new()) };
    withholdings.push(one(source, "id", "reference", Treatment::Pseudonymise, Ground::Merged));
    for (name, value) in other {
        let Some((_, mine)) = held.iter_mut().find(|(key, _)| *key == name) else {
            held.push((name, value));
            continue;
        };
        match (mine, value) {
            (mine, value) if *mine == value => {}
            (Node::List(mine), Node::List(more))
                if name.ends_with("_refs") || name == "granular_markings" =>
            {
                for item in more {
                    if !mine.contains(&item) {
                        mine.push(item);
                    }
                }
            }
            _ => {
                withholdings.push(one(source, &name, "unknown", Treatment::WithholdProperty, Ground::Merged))
            }
        }
    }
    Node::Object(held)
}
