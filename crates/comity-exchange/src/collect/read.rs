//! One page of records: found, decided on, recorded, opened and given, in that order.

use super::place::ClassKnown;
use crate::ExchangeError;
use crate::act::drawn;
use crate::audit::recorded::{RecordedRuling, no_cases, owed};
use crate::ports::{
    Collections, Draft, Listed, Page, Recalls as _, Record as Change, SealedSegment, SegmentKind, Store,
    Wanted,
};
use crate::question::Request;
use crate::recall::restrict;
use crate::shell::{Lent, Shell};
use crate::signatory::Signatory;
use crate::wire::facts_from_wire;
use comity_agreement::{Decision, Outcome};
use comity_terms::ids::SegmentId;
use comity_terms::{Act, ExchangeId, Facts, Obligation, Safeguards, Timestamp, Treatment};
use comity_vault::{Bucket, Cleartext, EpochKey, EpochKeys as _, KeyRow, open};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Who reads, and under which question.
pub struct Reading {
    /// The use: the receiver is this gateway's party, the sender whoever the records came from.
    pub request: Request,
    /// The laws to ask.
    pub lent: Lent,
    /// The key of the officer whom the tool acts for.
    pub reader: Option<String>,
}

/// One record as it is given to a reader.
pub struct Record {
    /// When it was added, UTC.
    pub added: Timestamp,
    /// Its version; the instant of adding where it has none.
    pub version: Timestamp,
    /// The object's JSON, as it came.
    pub object: Cleartext,
}

impl std::fmt::Debug for Record {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Record of {} bytes added {}", self.object.as_bytes().len(), self.added)
    }
}

/// What a reader gets.
#[derive(Debug, Default)]
pub struct Read {
    /// The records, in the order of adding.
    pub records: Vec<Record>,
    /// How many of the page the laws did not let them have.
    pub refused: usize,
    /// The decisions, one for each class of the page.
    pub decisions: Vec<(usize, Decision)>,
    /// Where the page ends: the place after which the next one begins. `None` when it is empty.
    pub last: Option<Timestamp>,
    /// Whether there are more.
    pub more: bool,
}

/// What the laws say of one class of a page.
pub(crate) struct Used {
    pub(crate) facts: Facts,
    pub(crate) objects: u64,
    pub(crate) decision: Decision,
    pub(crate) owed: Vec<Obligation>,
    /// Whether its records are given: permitted, and no law treats them more than they were when they came.
    pub(crate) given: bool,
}

/// Finds a page of what is wanted, asks the laws about it, records the use, and opens what they permit.
///
/// What came under laws that have tightened since, so that they would treat a class of it otherwise today, is not given.
///
/// # Errors
/// [`ExchangeError`]; nothing was given then.
pub async fn read<W: Shell<Store: Collections>>(
    world: &W,
    wanted: Wanted,
    reading: &Reading,
) -> Result<Read, ExchangeError> {
    let Page { listed, segments, more } = world.store().collected(wanted).await?;
    let last = listed.last().map(|listed| listed.added);
    if listed.is_empty() {
        return Ok(Read::default());
    }
    let of: BTreeSet<ExchangeId> = segments.iter().filter_map(|(segment, _)| segment.exchange).collect();
    let (used, class_of) = ruled(world, reading, &listed, &segments).await?;
    record(world, reading, &used, &of).await?;
    let mut read = Read { last, more, ..Read::default() };
    let objects = objects(world, &listed, &segments, (&used, &class_of))?;
    for (row, object) in listed.into_iter().zip(objects) {
        match object {
            Some(object) => read.records.push(Record { added: row.added, version: row.version, object }),
            None => read.refused += 1,
        }
    }
    read.decisions = used.into_iter().map(|used| (used.objects as usize, used.decision)).collect();
    Ok(read)
}

/// Which class of a page each of its segments is of.
pub(crate) type ClassOf = HashMap<SegmentId, usize>;

/// What the laws say of each class of a page.
pub(crate) async fn ruled<W: Shell>(
    world: &W,
    reading: &Reading,
    listed: &[Listed],
    segments: &[(SealedSegment, String)],
) -> Result<(Vec<Used>, ClassOf), ExchangeError> {
    let mut counts: HashMap<SegmentId, u64> = HashMap::new();
    for row in listed {
        *counts.entry(row.place.segment).or_default() += 1;
    }
    let of: BTreeSet<ExchangeId> = segments.iter().filter_map(|(segment, _)| segment.exchange).collect();
    let restricted = world.store().restricted(of.into_iter().collect()).await?;
    let restricted = restricted.into_iter().map(|restriction| restriction.exchange).collect();
    decide(world, reading, segments, &counts, &restricted)
}

/// The records of a page that are given, opened; the others not.
pub(crate) fn objects<W: Shell>(
    world: &W,
    listed: &[Listed],
    segments: &[(SealedSegment, String)],
    (used, class_of): (&[Used], &ClassOf),
) -> Result<Vec<Option<Cleartext>>, ExchangeError> {
    let segments: HashMap<SegmentId, &SealedSegment> =
        segments.iter().map(|(segment, _)| (segment.id, segment)).collect();
    // What is not given is not opened.
    let given = |row: &Listed| {
        let given = class_of.get(&row.place.segment).is_some_and(|class| used[*class].given);
        segments.get(&row.place.segment).copied().filter(|_| given)
    };
    let buckets: BTreeSet<Bucket> =
        listed.iter().filter_map(|row| Some(row.row.bucket(&given(row)?.agreement))).collect();
    let held = world.with_keys(|keys| {
        let held = buckets.into_iter().map(|bucket| {
            let key = keys.get(&bucket).map_err(ExchangeError::keys)?;
            Ok((bucket, key))
        });
        held.collect::<Result<BTreeMap<_, _>, ExchangeError>>()
    })?;
    let open = |row: &Listed| {
        let Some(segment) = given(row) else { return Ok(None) };
        let key = held.get(&row.row.bucket(&segment.agreement)).and_then(Option::as_ref);
        key.map_or(Ok(None), |key| opened(world.signatory(), segment, &row.row, key))
    };
    listed.iter().map(open).collect()
}

/// Asks about every class of the page once: segments with equal facts that came under equal safeguards are one.
fn decide<W: Shell>(
    world: &W,
    reading: &Reading,
    segments: &[(SealedSegment, String)],
    counts: &HashMap<SegmentId, u64>,
    restricted: &BTreeSet<ExchangeId>,
) -> Result<(Vec<Used>, ClassOf), ExchangeError> {
    let Reading { request, lent, .. } = reading;
    let laws = &*lent.laws;
    let mut used: Vec<Used> = Vec::new();
    let mut by_known: HashMap<(&str, bool), usize> = HashMap::new();
    let mut class_of = HashMap::new();
    for (segment, known) in segments {
        let objects = counts.get(&segment.id).copied().unwrap_or_default();
        let is_restricted = segment.exchange.is_some_and(|exchange| restricted.contains(&exchange));
        if let Some(class) = by_known.get(&(known.as_str(), is_restricted)) {
            used[*class].objects += objects;
            class_of.insert(segment.id, *class);
            continue;
        }
        let broken = || ExchangeError::proof("what is known of a segment does not read");
        let ClassKnown { facts, safeguards } = serde_json::from_str(known).map_err(|_| broken())?;
        let mut facts = facts_from_wire(&facts).ok_or_else(broken)?;
        if is_restricted {
            restrict(&mut facts, &laws.vocabulary);
        }
        let came_under = Safeguards::from(safeguards);
        let question = request.question(&facts, laws);
        let setting = request.setting();
        let wrong = |e: comity_agreement::QuestionError| ExchangeError::Question(e.to_string());
        let (decision, owed) = world.with_memo(|memo| {
            let decision = memo.decide(laws, &question, &setting, &no_cases()).map_err(wrong)?;
            let owed = owed(&decision, laws, &question, &setting, memo).map_err(wrong)?;
            Ok::<_, ExchangeError>((decision, owed))
        })?;
        let permitted = decision.outcome == Outcome::Permitted && !is_restricted;
        let given = permitted && treats_no_more(&decision, &came_under);
        by_known.insert((known, is_restricted), used.len());
        class_of.insert(segment.id, used.len());
        used.push(Used { facts, objects, decision, owed, given });
    }
    Ok((used, class_of))
}

/// Whether the use asks no heavier treatment of any data class than the records had when they came.
fn treats_no_more(decision: &Decision, came_under: &Safeguards) -> bool {
    let mut treatments = decision.safeguards.treatments.iter();
    treatments
        .all(|(class, treatment)| came_under.treatments.get(class).unwrap_or(&Treatment::Keep) >= treatment)
}

/// Records the use: before anything is opened.
async fn record<W: Shell>(
    world: &W,
    reading: &Reading,
    used: &[Used],
    of: &BTreeSet<ExchangeId>,
) -> Result<(), ExchangeError> {
    let Reading { request, lent, reader } = reading;
    let laws = &*lent.laws;
    let none = BTreeSet::new();
    let rulings: Vec<RecordedRuling> = used
        .iter()
        .map(|used| {
            let of = (&used.facts, &none);
            RecordedRuling::of(
                &used.decision,
                &used.owed,
                used.objects,
                of,
                &BTreeSet::new(),
                &laws.vocabulary,
            )
        })
        .collect();
    let given: u64 = used.iter().filter(|used| used.given).map(|used| used.objects).sum();
    let facts = json!({
        // Of this use alone: it is nobody's exchange but the reader's.
        "exchange": ExchangeId::draw(&mut world.entropy()).to_string(),
        "asked": request.recorded(laws),
        "activity": request.activity.to_string(),
        "purpose": request.purpose.to_string(),
        "reader": reader,
        "rulings": rulings,
        "given": given,
        // By which exchanges the records had come: what used them can be told when they are called back.
        "of": of.iter().map(ToString::to_string).collect::<Vec<_>>(),
    });
    let (entry, opening) = drawn(world, Act::RecordsUsed, facts, (&request.agreement, None), request.at)?;
    let change = Change {
        entries: vec![Draft { entry, opening: opening.id, exchange: None }],
        segments: vec![opening],
        ..Change::default()
    };
    world.store().record(change).await?;
    Ok(())
}

/// The record of a row; `None` when nobody may read its segment.
pub(crate) fn opened(
    signatory: &Signatory,
    segment: &SealedSegment,
    row: &KeyRow,
    key: &EpochKey,
) -> Result<Option<Cleartext>, ExchangeError> {
    let readable = segment.kind == SegmentKind::Records;
    let Some(context) = signatory.binds(segment).filter(|_| readable) else { return Ok(None) };
    let cut = || ExchangeError::proof("a sealed record lies outside its segment");
    let begin = usize::try_from(row.offset).map_err(|_| cut())?;
    let sealed =
        segment.blob.get(begin..).and_then(|rest| rest.get(..row.length as usize)).ok_or_else(cut)?;
    Ok(Some(open(row, sealed, key, &context)?))
}
