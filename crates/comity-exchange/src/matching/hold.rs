//! The holder's set: what lies at its own gateway for this purpose, and may be asked about.

use super::Matcher;
use crate::ExchangeError;
use crate::audit::recorded::{RecordedRuling, no_cases};
use crate::collect::read::{Asked, Reading, Record, Used, give};
use crate::opt_out::{OPT_OUT, Register, opted_out, redacts};
use crate::ports::{Collections, MatchScope, Stream, VersionWanted, Wanted};
use crate::question::Request;
use crate::shell::Lent;
use comity_agreement::Outcome;
use comity_minimise::matching::{Filter, FilterError, MatchKey, MatchValue, VALUES_MAX, match_values};
use comity_terms::{Action, Asserter, DataClass, Entropy, Facts, Office, ReasonCode, Value};
use std::collections::{BTreeMap, BTreeSet};

/// A set made ready.
pub(super) struct Ready {
    /// The filter over its tags.
    pub(super) filter: Filter,
    /// What the laws said, once for all records of one class.
    pub(super) rulings: Vec<RecordedRuling>,
    /// How many records were looked into.
    pub(super) records: u64,
    /// How many of them may be asked about.
    pub(super) matched: u64,
    /// How many of these are left out all the same: somebody whom they name has opted out.
    pub(super) opted_out: u64,
}

/// Records that are opened at once.
const PAGE: u32 = 4_096;

/// Reads the set page by page, asks the laws about each class, and makes the filter of what they permit.
///
/// # Errors
/// [`ExchangeError`]; nothing was told then.
pub(super) async fn ready<W: Matcher>(
    world: &W,
    scope: &MatchScope,
    (request, lent): (&Request, &Lent),
    key: &MatchKey,
) -> Result<Ready, ExchangeError> {
    let reading = Reading { request: request.clone(), lent: lent.clone(), reader: None };
    let mut values: BTreeSet<MatchValue> = BTreeSet::new();
    let mut rulings: BTreeMap<String, RecordedRuling> = BTreeMap::new();
    let (mut records, mut matched, mut opted_out) = (0, 0, 0);
    let mut after = None;
    loop {
        let wanted = Wanted {
            stream: Stream {
                agreement: scope.agreement.clone(),
                // What came from others is theirs to be asked about.
                partner: world.signatory().party.clone(),
                activity: scope.activity.clone(),
                purpose: scope.purpose.clone(),
            },
            added_after: None,
            after,
            objects: Vec::new(),
            types: Vec::new(),
            versions: vec![VersionWanted::Last],
            limit: PAGE,
        };
        let page = world.store().collected(wanted).await?;
        records += page.listed.len() as u64;
        let asked = Asked::of(world, &page, &reading).await?;
        let decided = asked.decide(world, &reading, &page, &|_| Facts::new())?;
        for used in &decided.used {
            matched += if used.given { used.objects } else { 0 };
            tell(lent, used, &mut rulings);
        }
        let classes: Vec<Facts> = decided.used.iter().map(|used| used.facts.clone()).collect();
        let read = give(world, page, decided)?;
        let out = taken_out(world, (request, lent), &classes, &read.records).await?;
        opted_out += out.len() as u64;
        for (_, record) in read.records.iter().enumerate().filter(|(place, _)| !out.contains(place)) {
            values.extend(match_values(record.object.as_bytes(), world.limits()));
            if values.len() > VALUES_MAX {
                return Err(too_many(FilterError::TooMany(values.len())));
            }
        }
        after = read.last;
        if !read.more || after.is_none() {
            break;
        }
    }
    let tags = tags(key, values.into_iter().collect());
    let filter = Filter::build(tags, &mut world.entropy() as &mut dyn Entropy).map_err(too_many)?;
    Ok(Ready { filter, rulings: rulings.into_values().collect(), records, matched, opted_out })
}

/// The act by which data would go, in the vocabulary's words: whose rules say what an opt-out takes out.
const SHARE: &str = "share";

/// What a partner may not say of what it does not see.
const SENSITIVE: &str = "sensitive";

/// The fact that an officer is trained.
const TRAINED: &str = "training_valid";

/// The places of records that name somebody who has opted out, and that a share to whoever asks would leave at home for that:
/// by the same rules, of the same laws. What these cannot say, for want of a fact, takes it out too.
pub(crate) async fn taken_out<W: Register>(
    world: &W,
    (request, lent): (&Request, &Lent),
    classes: &[Facts],
    records: &[Record],
) -> Result<BTreeSet<usize>, ExchangeError> {
    let objects: Vec<&[u8]> = records.iter().map(|record| record.object.as_bytes()).collect();
    let opted = opted_out(world, &objects, request.at).await?;
    if opted.is_empty() {
        return Ok(BTreeSet::new());
    }
    let wrong = |error: &dyn std::fmt::Display| ExchangeError::Question(error.to_string());
    let action = Action::new(SHARE).map_err(|error| wrong(&error))?;
    let mut stated = Facts::new();
    for (key, fact) in request.facts.iter().filter(|(key, _)| key.as_str() != SENSITIVE) {
        stated.state(key.clone(), fact.value.clone(), fact.asserter);
    }
    stated.know(TRAINED, true, Asserter::Gateway);
    let share = Request { action, facts: stated, ..request.clone() };
    let laws = &*lent.laws;
    let mut said: BTreeMap<(usize, &BTreeSet<String>), bool> = BTreeMap::new();
    let mut out = BTreeSet::new();
    for (place, categories) in &opted {
        let class = records[*place].class;
        let takes_out = match said.get(&(class, categories)) {
            Some(known) => *known,
            None => {
                let mut facts = classes[class].clone();
                let words = categories.iter().map(|word| Value::from(word.as_str())).collect();
                facts.know(OPT_OUT, Value::List(words), Asserter::Gateway);
                let (question, setting) = (share.question(&facts, laws), share.setting());
                let decision = world.with_memo(|memo| memo.decide(laws, &question, &setting, &no_cases()));
                let decision = decision.map_err(|error| wrong(&error))?;
                let unknown = |reason: &&ReasonCode| reason.as_str().starts_with("fact_missing");
                redacts(&decision, &facts).is_some()
                    || decision.reasons().into_iter().any(|reason| unknown(&reason))
            }
        };
        said.insert((class, categories), takes_out);
        if takes_out {
            out.insert(*place);
        }
    }
    Ok(out)
}

fn too_many(error: FilterError) -> ExchangeError {
    ExchangeError::Question(error.to_string())
}

/// Adds what was said of a class of a page to what was said of it before.
fn tell(lent: &Lent, used: &Used, rulings: &mut BTreeMap<String, RecordedRuling>) {
    let none: (Facts, BTreeSet<Office>, BTreeSet<DataClass>) = Default::default();
    let ruling = RecordedRuling::of(
        &used.decision,
        &used.owed,
        0,
        (&used.facts, &none.1),
        &none.2,
        &lent.laws.vocabulary,
    );
    debug_assert!(
        used.given <= (used.decision.outcome == Outcome::Permitted),
        "only what is permitted is given"
    );
    // The order of the facts is that of their keys: one text for one class.
    let named = serde_json::to_string(&ruling).unwrap_or_default();
    rulings.entry(named).or_insert(ruling).objects += used.objects;
}

/// The tags of values, worked out on every processor: some 60 us each.
fn tags(key: &MatchKey, values: Vec<MatchValue>) -> BTreeSet<u64> {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let share = values.len().div_ceil(threads).max(1);
    std::thread::scope(|scope| {
        let working: Vec<_> = values
            .chunks(share)
            .map(|part| {
                scope.spawn(move || part.iter().filter_map(|value| key.tag(value)).collect::<Vec<_>>())
            })
            .collect();
        // Unwrap safety: a thread that panics has met a mistake of ours, which is not to be hidden.
        working.into_iter().flat_map(|part| part.join().expect("making tags does not panic")).collect()
    })
}
