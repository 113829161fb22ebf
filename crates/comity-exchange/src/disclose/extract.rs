//! The extract: what travels of a bundle, class by class, with the facts it had and the facts it has.
//!
//! Leaves treating to `comity-minimise`. A class of the extract is a set of objects whose facts were equal when
//! they were decided on and are equal as they are sent: the header states both, and the receiver checks the
//! second.

use super::home;
use super::stages::{Ruling, Tools};
use crate::ExchangeError;
use crate::question::Request;
use crate::report::ObjectCounts;
use comity_minimise::{
    Bundle, BundleError, FactClass, ObjectFacts, PathTable, Profile, Rejected, Withholding, classes, facts,
    minimise,
};
use comity_terms::{Citation, DataClass, Entropy, Facts, Ground, Office, Safeguards, Treatment};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What travels and what does not.
#[derive(Debug)]
pub(crate) struct Extract {
    pub(crate) classes: Vec<ExtractClass>,
    pub(crate) safeguards: Safeguards,
    pub(super) counts: ObjectCounts,
    pub(super) withholdings: Vec<Withholding>,
    pub(super) rejected: Vec<Rejected>,
    /// Why objects stay home that no law speaks of, and what a law's reason leaves open: see [`home`](super::home).
    pub(super) reasons: BTreeSet<String>,
}

/// One class of the extract: objects with equal facts before and after treatment.
pub(crate) struct ExtractClass {
    pub(super) decided: Facts,
    pub(crate) sent: Facts,
    /// The offices whose approvals let it go.
    pub(super) approvals: BTreeSet<Office>,
    pub(crate) objects: Vec<Vec<u8>>,
    /// The ids that the objects had in the bundle, each with the object's place here: treating may give another.
    pub(super) sources: Vec<(u32, String)>,
}

impl std::fmt::Debug for ExtractClass {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ExtractClass of {} objects", self.objects.len())
    }
}

impl Extract {
    /// The same, where no law says until when it may be kept: nothing of it goes.
    fn kept_home(self) -> Self {
        let counts = ObjectCounts { kept: 0, changed: 0, withheld: self.counts.input, ..self.counts };
        let mut reasons = self.reasons;
        reasons.insert(home::NO_RETENTION_RULE.to_owned());
        Self { classes: Vec::new(), safeguards: Safeguards::NONE, counts, reasons, ..self }
    }

    /// The extract of a bundle of which nothing may go.
    pub(super) fn nothing(bundle: &Bundle<'_>, rulings: &[Ruling], table: &PathTable) -> Self {
        let input = (bundle.objects().len() + bundle.rejected().len()) as u64;
        let (withholdings, reasons) = home::stays(bundle, rulings, table);
        Self {
            classes: Vec::new(),
            safeguards: Safeguards::NONE,
            counts: ObjectCounts { input, withheld: input, ..ObjectCounts::default() },
            withholdings,
            rejected: bundle.rejected().to_vec(),
            reasons,
        }
    }
}

/// The facts of the objects whose refusal offers to strip them, once they are: by what was stripped.
///
/// The bundle is minimised as it would travel if they were permitted: with the objects of the permitted
/// rulings, each class as its own ruling asks.
pub(super) fn stripped_facts(
    bundle: &Bundle<'_>,
    rulings: &[Ruling],
    request: &Request,
    tools: &Tools<'_>,
    entropy: &mut dyn Entropy,
) -> Result<Vec<(BTreeSet<DataClass>, FactClass)>, ExchangeError> {
    let mut asked: Vec<Asked<'_>> = Vec::new();
    for ruling in rulings {
        let strip = ruling.offers();
        if ruling.goes() || !strip.is_empty() {
            asked.push(Asked { ruling, profile: profile(ruling, rulings, &strip, request), strip });
        }
    }
    let keep = kept(&asked);
    let minimised = minimise(bundle, &keep_profiles(&keep), tools.table, tools.token_key, entropy);
    // The bundle is asked about again: it stays whole beside this.
    let objects = minimised.objects.iter().map(|object| object.bytes.as_ref());
    let facts = facts_as_sent(Bundle::of_objects(objects, tools.limits), tools)?;
    let mut by_strip: BTreeMap<&BTreeSet<DataClass>, Vec<ObjectFacts>> = BTreeMap::new();
    for (object, facts) in minimised.objects.iter().zip(facts) {
        // Each is told by the object of the input that it was, so that the ruling speaks of that one.
        let Some(source) = object.sources.first() else { continue };
        let Some(asked) = keep.get(source).filter(|asked| !asked.strip.is_empty()) else { continue };
        let mut facts = [ObjectFacts { index: *source, id: object.id.to_string(), facts }];
        // Stripped or not, it speaks of whom it spoke of.
        request.known.state(bundle, &mut facts);
        by_strip.entry(&asked.strip).or_default().extend(facts);
    }
    let by_strip = by_strip.into_iter();
    Ok(by_strip
        .flat_map(|(strip, facts)| classes(facts).into_iter().map(|class| (strip.clone(), class)))
        .collect())
}

/// The extract of everything that the rulings permit. What does not travel as it was is given up before
/// what travels is read again: the largest bundles would not fit in memory twice.
pub(super) fn minimised_classes(
    bundle: Bundle<'_>,
    rulings: &[Ruling],
    request: &Request,
    tools: &Tools<'_>,
    entropy: &mut dyn Entropy,
) -> Result<Extract, ExchangeError> {
    let permitted = rulings.iter().filter(|ruling| ruling.goes());
    let asked: Vec<Asked<'_>> = permitted
        .map(|ruling| {
            let strip = ruling.stripped.clone();
            Asked { ruling, profile: profile(ruling, rulings, &strip, request), strip }
        })
        .collect();
    let keep = kept(&asked);
    let nothing = Extract::nothing(&bundle, rulings, tools.table);
    let minimised = minimise(&bundle, &keep_profiles(&keep), tools.table, tools.token_key, entropy);
    // What travels as it was still has its id; of several that became one, each.
    let became = minimised.objects.iter().filter(|object| !object.is_as_it_was());
    let ids = became.flat_map(|object| &object.sources);
    let mut ids: BTreeMap<usize, String> =
        ids.map(|source| (*source, bundle.objects()[*source].id().to_owned())).collect();
    let sent = facts_as_sent(minimised.read_again(bundle, tools.limits), tools)?;

    // Classes that differ in what is told to nobody are one: otherwise their number would tell it.
    let told: BTreeMap<&Facts, Facts> = rulings
        .iter()
        .map(|ruling| (&ruling.detected, tools.laws.vocabulary.told(&ruling.detected)))
        .collect();
    type SentAs<'r> = (&'r Facts, &'r BTreeSet<Office>, Arc<Facts>);
    /// Objects, and the ids that they had, each with its object's place.
    type Sent = (Vec<Vec<u8>>, Vec<(u32, String)>);
    let mut by_facts: BTreeMap<SentAs<'_>, Sent> = BTreeMap::new();
    for (object, sent) in minimised.objects.into_iter().zip(sent) {
        let Some(asked) = object.sources.first().and_then(|source| keep.get(source)) else { continue };
        let Some(decided) = told.get(&asked.ruling.detected) else { continue };
        let class = (decided, &asked.ruling.approvals, sent);
        let (objects, sources) = by_facts.entry(class).or_default();
        // A bundle's bound keeps it far below.
        let ordinal = objects.len() as u32;
        if object.is_as_it_was() {
            sources.push((ordinal, object.id.into_owned()));
        } else {
            sources.extend(object.sources.iter().filter_map(|source| Some((ordinal, ids.remove(source)?))));
        }
        objects.push(object.bytes.into_owned());
    }
    let (kept, changed) = (minimised.counts.kept as u64, minimised.counts.changed as u64);
    let mut reasons = nothing.reasons;
    if by_facts.is_empty() {
        reasons.insert(home::NOTHING_LEFT.to_owned());
    }
    let extract = Extract {
        classes: by_facts
            .into_iter()
            .map(|((decided, approvals, sent), (objects, sources))| ExtractClass {
                decided: decided.clone(),
                approvals: approvals.clone(),
                sent: Arc::unwrap_or_clone(sent),
                objects,
                sources,
            })
            .collect(),
        safeguards: safeguards(rulings),
        counts: ObjectCounts {
            kept,
            changed,
            withheld: nothing.counts.input - kept - changed,
            ..nothing.counts
        },
        withholdings: nothing.withholdings.into_iter().chain(minimised.withholdings).collect(),
        rejected: nothing.rejected,
        reasons,
    };
    // A preview seals nothing: only what is given away needs a time.
    let clock = extract.classes.is_empty() || extract.safeguards.erase_by.is_some() || !request.live;
    Ok(if clock { extract } else { extract.kept_home() })
}

/// The facts of each object of an extract that was read again as a receiver will read it.
fn facts_as_sent(
    extract: Result<Bundle<'_>, BundleError>,
    tools: &Tools<'_>,
) -> Result<Vec<Arc<Facts>>, ExchangeError> {
    let unreadable = |why: &dyn std::fmt::Display| ExchangeError::Bundle(format!("minimising: {why}"));
    let extract = extract.map_err(|e| unreadable(&e))?;
    if let Some(rejected) = extract.rejected().first() {
        return Err(unreadable(rejected));
    }
    Ok(facts(&extract, tools.table))
}

/// The limits of all classes that go together.
fn safeguards(rulings: &[Ruling]) -> Safeguards {
    rulings
        .iter()
        .filter(|ruling| ruling.goes())
        .fold(Safeguards::NONE, |all, ruling| all.join(&ruling.decision.safeguards))
}

/// A ruling with what it asks of its objects.
struct Asked<'r> {
    ruling: &'r Ruling,
    profile: Profile,
    strip: BTreeSet<DataClass>,
}

/// What is asked of each object that may travel. Of one that several rulings speak of, what the last asks: it
/// was made knowing the others.
fn kept<'r>(asked: &'r [Asked<'r>]) -> BTreeMap<usize, &'r Asked<'r>> {
    asked.iter().flat_map(|asked| asked.ruling.objects.iter().map(move |object| (*object, asked))).collect()
}

fn keep_profiles<'r>(keep: &BTreeMap<usize, &'r Asked<'r>>) -> Vec<(usize, &'r Profile)> {
    keep.iter().map(|(object, asked)| (*object, &asked.profile)).collect()
}

/// How the path table is tightened for the objects of a ruling: by the safeguards of its decision, and by what
/// is stripped of them. A value that one class treats may stand in another whose law lets it; in texts it is
/// treated everywhere.
fn profile(ruling: &Ruling, rulings: &[Ruling], strip: &BTreeSet<DataClass>, request: &Request) -> Profile {
    let decision = &ruling.decision;
    let grounds = &decision.treatment_grounds;
    let mut profile = Profile {
        treatments: decision.safeguards.treatments.clone(),
        grounds: grounds.iter().map(|(class, citation)| (class.clone(), cited(citation))).collect(),
        purpose: request.purpose.to_string(),
    };
    for class in strip {
        profile.treatments.insert(class.clone(), Treatment::WithholdProperty);
        // What was refused as it stood, and why: the ruling that the offer to strip came with.
        let refusing = rulings.iter().find(|refusing| {
            refusing.offers().contains(class)
                && ruling.objects.first().is_some_and(|o| refusing.objects.contains(o))
        });
        if let Some(ground) = refusing.and_then(|ruling| ruling.decision.grounds.first()) {
            profile.grounds.insert(class.clone(), grounded(ground));
        }
    }
    profile
}

pub(super) fn grounded(ground: &Ground) -> String {
    let rule = ground.rule.as_ref().map_or(String::new(), |(pack, article, _)| format!(" {pack} {article}:"));
    format!("{}:{rule} {}", ground.law, ground.reason)
}

fn cited(citation: &Citation) -> String {
    format!("{}: {} {}", citation.law, citation.pack, citation.article)
}
