//! The extract: what travels of a bundle, class by class, with the facts it had and the facts it has.
//!
//! Leaves treating to `comity-minimise`. A class of the extract is a set of objects whose facts were equal when
//! they were decided on and are equal as they are sent: the header states both, and the receiver checks the
//! second.

use super::stages::{Ruling, Tools, rejected};
use crate::ExchangeError;
use crate::question::Request;
use crate::report::ObjectCounts;
use comity_minimise::{
    Bundle, FactClass, Minimised, ObjectFacts, Profile, Rejected, Withholding, classes, classify, minimise,
};
use comity_terms::{Citation, DataClass, Entropy, Facts, Ground, Safeguards, Treatment};
use std::collections::{BTreeMap, BTreeSet};

/// What travels and what does not.
#[derive(Debug)]
pub(super) struct Extract {
    pub(super) classes: Vec<ExtractClass>,
    pub(super) safeguards: Safeguards,
    pub(super) counts: ObjectCounts,
    pub(super) withholdings: Vec<Withholding>,
    pub(super) rejected: Vec<Rejected>,
}

/// One class of the extract: objects with equal facts before and after treatment.
pub(super) struct ExtractClass {
    pub(super) decided: Facts,
    pub(super) sent: Facts,
    pub(super) objects: Vec<Vec<u8>>,
}

impl std::fmt::Debug for ExtractClass {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ExtractClass of {} objects", self.objects.len())
    }
}

impl Extract {
    /// The extract of a bundle of which nothing may go.
    pub(super) fn nothing(bundle: &Bundle<'_>, rulings: &[Ruling]) -> Self {
        let input = (bundle.objects().len() + bundle.rejected().len()) as u64;
        Self {
            classes: Vec::new(),
            safeguards: Safeguards::NONE,
            counts: ObjectCounts { input, withheld: input, ..ObjectCounts::default() },
            withholdings: stays_home(bundle, rulings),
            rejected: rejected(bundle),
        }
    }
}

/// The objects that no ruling lets go, each with the law and the reason that keeps it.
fn stays_home(bundle: &Bundle<'_>, rulings: &[Ruling]) -> Vec<Withholding> {
    let goes: BTreeSet<usize> =
        rulings.iter().filter(|r| r.permits()).flat_map(|r| r.objects.iter().copied()).collect();
    let mut kept_by: BTreeMap<usize, String> = BTreeMap::new();
    for ruling in rulings.iter().filter(|ruling| !ruling.permits()) {
        let ground = ruling.decision.grounds.first().map_or_else(String::new, grounded);
        for object in ruling.objects.iter().filter(|object| !goes.contains(object)) {
            kept_by.entry(*object).or_insert_with(|| ground.clone());
        }
    }
    kept_by
        .into_iter()
        .filter_map(|(index, ground)| {
            Some(Withholding {
                object: bundle.objects().get(index)?.id().to_owned(),
                path: String::new(),
                data_class: "object".to_owned(),
                treatment: Treatment::WithholdObject,
                ground: comity_minimise::Ground::Treated(ground),
            })
        })
        .collect()
}

/// The facts of `asked` once their bundle is minimised as the permitted rulings say and `strip` is taken out.
#[expect(clippy::too_many_arguments, reason = "a private step of one caller, which owns all of these")]
pub(super) fn minimised_facts(
    bundle: &Bundle<'_>,
    keep: &BTreeSet<usize>,
    asked: &BTreeSet<usize>,
    rulings: &[Ruling],
    strip: &BTreeSet<DataClass>,
    request: &Request,
    tools: &Tools<'_>,
    entropy: &mut dyn Entropy,
) -> Result<Vec<FactClass>, ExchangeError> {
    let profile = profile(rulings, strip, request);
    let keep: Vec<usize> = keep.iter().copied().collect();
    let minimised = minimise(bundle, &keep, tools.table, &profile, tools.token_key, entropy);
    let facts = facts_as_sent(&minimised, tools)?;
    // Each is told by the object of the input that it was, so that the ruling speaks of that one.
    let facts = minimised.objects.iter().zip(facts).filter_map(|(object, facts)| {
        let source = *object.sources.first().filter(|source| asked.contains(source))?;
        Some(ObjectFacts { index: source, id: object.id.clone(), facts })
    });
    Ok(classes(facts.collect()))
}

/// The extract of everything that the rulings permit.
pub(super) fn minimised_classes(
    bundle: &Bundle<'_>,
    rulings: &[Ruling],
    request: &Request,
    tools: &Tools<'_>,
    entropy: &mut dyn Entropy,
) -> Result<Extract, ExchangeError> {
    let mut ruling_of: BTreeMap<usize, &Ruling> = BTreeMap::new();
    for ruling in rulings.iter().filter(|ruling| ruling.permits()) {
        ruling_of.extend(ruling.objects.iter().map(|object| (*object, ruling)));
    }
    let strip: BTreeSet<DataClass> =
        ruling_of.values().flat_map(|ruling| ruling.stripped.iter().cloned()).collect();
    let profile = profile(rulings, &strip, request);
    let keep: Vec<usize> = ruling_of.keys().copied().collect();
    let minimised = minimise(bundle, &keep, tools.table, &profile, tools.token_key, entropy);
    let sent = facts_as_sent(&minimised, tools)?;

    let mut by_facts: BTreeMap<(&Facts, Facts), Vec<Vec<u8>>> = BTreeMap::new();
    for (object, sent) in minimised.objects.iter().zip(sent) {
        let Some(ruling) = object.sources.first().and_then(|source| ruling_of.get(source)) else { continue };
        by_facts.entry((&ruling.detected, sent)).or_default().push(object.bytes.to_vec());
    }
    let nothing = Extract::nothing(bundle, rulings);
    let (kept, changed) = (minimised.counts.kept as u64, minimised.counts.changed as u64);
    Ok(Extract {
        classes: by_facts
            .into_iter()
            .map(|((decided, sent), objects)| ExtractClass { decided: decided.clone(), sent, objects })
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
    })
}

/// The facts of each minimised object, read again as a receiver will read them.
fn facts_as_sent(minimised: &Minimised<'_>, tools: &Tools<'_>) -> Result<Vec<Facts>, ExchangeError> {
    let bytes = minimised.bytes();
    let unreadable = |why: &dyn std::fmt::Display| ExchangeError::Bundle(format!("minimising: {why}"));
    let extract = Bundle::parse(&bytes, tools.limits).map_err(|e| unreadable(&e))?;
    if let Some(rejected) = extract.rejected().first() {
        return Err(unreadable(rejected));
    }
    Ok(classify(&extract, tools.table).into_iter().map(|object| object.facts).collect())
}

/// The limits of all permitted classes together.
fn safeguards(rulings: &[Ruling]) -> Safeguards {
    rulings
        .iter()
        .filter(|ruling| ruling.permits())
        .fold(Safeguards::NONE, |all, ruling| all.join(&ruling.decision.safeguards))
}

/// How the path table is tightened: by the joined safeguards of all permitted classes, and by what is stripped.
/// One profile for the whole extract: a value that one class treats must not stand untreated in another.
fn profile(rulings: &[Ruling], strip: &BTreeSet<DataClass>, request: &Request) -> Profile {
    let mut profile = Profile {
        treatments: safeguards(rulings).treatments,
        grounds: BTreeMap::new(),
        purpose: request.purpose.to_string(),
    };
    for ruling in rulings {
        for (class, citation) in &ruling.decision.treatment_grounds {
            profile.grounds.entry(class.clone()).or_insert_with(|| cited(citation));
        }
    }
    for class in strip {
        profile.treatments.insert(class.clone(), Treatment::WithholdProperty);
        let refusing = rulings.iter().find(|ruling| {
            ruling.decision.alternative.as_ref().is_some_and(|alternative| alternative.strip.contains(class))
        });
        if let Some(ground) = refusing.and_then(|ruling| ruling.decision.grounds.first()) {
            profile.grounds.insert(class.clone(), grounded(ground));
        }
    }
    profile
}

fn grounded(ground: &Ground) -> String {
    let rule = ground.rule.as_ref().map_or(String::new(), |(pack, article, _)| format!(" {pack} {article}:"));
    format!("{}:{rule} {}", ground.law, ground.reason)
}

fn cited(citation: &Citation) -> String {
    format!("{}: {} {}", citation.law, citation.pack, citation.article)
}
