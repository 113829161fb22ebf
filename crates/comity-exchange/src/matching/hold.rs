//! The holder's set: what lies at its own gateway for this purpose, and may be asked about.

use super::Matcher;
use crate::ExchangeError;
use crate::audit::recorded::RecordedRuling;
use crate::collect::read::{Asked, Reading, Used, give};
use crate::ports::{Collections, MatchScope, Stream, VersionWanted, Wanted};
use crate::question::Request;
use crate::shell::Lent;
use comity_agreement::Outcome;
use comity_minimise::matching::{Filter, FilterError, MatchKey, MatchValue, VALUES_MAX, match_values};
use comity_terms::{DataClass, Entropy, Facts, Office};
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
    let (mut records, mut matched) = (0, 0);
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
        let read = give(world, page, decided)?;
        for record in &read.records {
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
    Ok(Ready { filter, rulings: rulings.into_values().collect(), records, matched })
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
