//! One page of records: found, decided on, recorded, opened and given, in that order.

use super::mask;
use super::place::ClassKnown;
use super::query::REMOTE_VIEW;
use crate::ExchangeError;
use crate::act::drawn;
use crate::audit::recorded::{RecordedRuling, no_cases, owed};
use crate::ports::{
    Collections, Draft, Listed, LookUp, Page, Record as Change, RecordName, RecordPlace, SealedSegment,
    SegmentKind, Store, StoreError, UseRow, Wanted,
};
use crate::question::Request;
use crate::recall::{Restricted, restrict, restricted_now};
use crate::shell::{Lent, Shell};
use crate::signatory::Signatory;
use crate::wire::facts_from_wire;
use comity_agreement::{Decision, Outcome};
use comity_terms::ids::{ClassId, SegmentId};
use comity_terms::{Act, Action, Asserter, ExchangeId, Facts, Obligation, Safeguards, Timestamp, Treatment};
use comity_tlog::LeafIndex;
use comity_vault::{Bucket, Cleartext, EpochKey, EpochKeys as _, KeyRow, open};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

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
    /// The object's JSON, as it came; what a mask leaves of it where it is masked.
    pub object: Cleartext,
    /// Whether it is masked.
    pub masked: bool,
    /// Its class, among those that were decided on.
    pub(crate) class: usize,
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
    /// How many masked ones are not among the records, because what a mask leaves of them is no object of STIX.
    pub left_out: usize,
    /// The decisions, one for each class of the page.
    pub decisions: Vec<(usize, Decision)>,
    /// Where the page ends: the place after which the next one begins. `None` when it is empty.
    pub last: Option<Timestamp>,
    /// Whether there are more.
    pub more: bool,
}

impl Read {
    /// What a tool can read of it: masked records of which too little is left to be objects of STIX are counted alone.
    #[must_use]
    pub fn for_tools(mut self) -> Self {
        let before = self.records.len();
        self.records.retain(|record| !record.masked || mask::is_object(&record.object));
        self.left_out += before - self.records.len();
        self
    }

    /// How many of the page are masked, shown or not.
    #[must_use]
    pub fn masked(&self) -> usize {
        self.left_out + self.records.iter().filter(|record| record.masked).count()
    }
}

/// What the laws say of one class of a page.
pub(crate) struct Used {
    /// Its facts, with what the gateway knows of the use.
    pub(crate) facts: Facts,
    pub(crate) objects: u64,
    pub(crate) decision: Decision,
    pub(crate) owed: Vec<Obligation>,
    /// Whether its records are given: permitted, and no law treats them more than they were when they came.
    pub(crate) given: bool,
    /// Whether they are given masked.
    pub(crate) masked: bool,
}

/// Whether records of a class are treated apart: a law sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Standing {
    /// An order or a hold restricts them.
    restricted: bool,
    /// They are held past their time: when that was.
    past: Option<Timestamp>,
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
    for _ in 0..TRIES_MAX {
        let page = world.store().collected(wanted.clone()).await?;
        if page.listed.is_empty() {
            return Ok(Read::default());
        }
        let asked = Asked::of(world, &page, reading).await?;
        let decided = asked.decide(world, reading, &page, &|_| Facts::new())?;
        let told = Told { act: Act::RecordsUsed, ordered: Json::Null, look_ups: Vec::new() };
        match record(world, reading, (&asked, &decided), &page, told).await {
            Err(ExchangeError::Store(StoreError::Conflict(_))) => {}
            recorded => {
                recorded?;
                return give(world, page, decided);
            }
        }
    }
    Err(ExchangeError::Store(StoreError::Conflict("an erasure")))
}

/// How often a page is looked for again because something of it ended meanwhile.
pub(super) const TRIES_MAX: usize = 8;

/// What is known of a page before the laws are asked.
pub(crate) struct Asked {
    counts: HashMap<(SegmentId, bool), u64>,
    /// By which exchanges the records had come.
    of: BTreeSet<ExchangeId>,
    /// Where the records lie that nobody may use.
    restricted: HashSet<RecordPlace>,
    /// When the first record of a segment was to be erased, where that has passed.
    past: HashMap<SegmentId, Timestamp>,
}

/// What the laws say of a page, and which of its records is of which class.
pub(crate) struct Decided {
    pub(crate) used: Vec<Used>,
    /// By segment, and whether nobody may use the record.
    class_of: HashMap<(SegmentId, bool), usize>,
    restricted: HashSet<RecordPlace>,
}

impl Decided {
    pub(super) fn class(&self, row: &Listed) -> Option<&Used> {
        self.place(row).map(|class| &self.used[class])
    }

    fn place(&self, row: &Listed) -> Option<usize> {
        let class = (row.place.segment, self.restricted.contains(&row.place));
        self.class_of.get(&class).copied()
    }
}

impl Asked {
    pub(crate) async fn of<W: Shell>(
        world: &W,
        page: &Page,
        reading: &Reading,
    ) -> Result<Self, ExchangeError> {
        let now = reading.request.at;
        let of: BTreeSet<ExchangeId> =
            page.segments.iter().filter_map(|(segment, _)| segment.exchange).collect();
        let restricted = restricted_places(page, &restricted_now(world, of.clone(), now).await?);
        let mut counts: HashMap<(SegmentId, bool), u64> = HashMap::new();
        let mut past: HashMap<SegmentId, Timestamp> = HashMap::new();
        for row in &page.listed {
            *counts.entry((row.place.segment, restricted.contains(&row.place))).or_default() += 1;
            if row.row.erase_by < now {
                let first = past.entry(row.place.segment).or_insert(row.row.erase_by);
                *first = row.row.erase_by.min(*first);
            }
        }
        Ok(Self { counts, of, restricted, past })
    }

    /// Asks about every class of the page once: segments with equal facts that came under equal safeguards are one.
    /// `known` is what the gateway knows of the use of a class with these facts.
    pub(crate) fn decide<W: Shell>(
        &self,
        world: &W,
        reading: &Reading,
        page: &Page,
        known: &impl Fn(&Facts) -> Facts,
    ) -> Result<Decided, ExchangeError> {
        let Reading { request, lent, .. } = reading;
        let laws = &*lent.laws;
        let mut used: Vec<Used> = Vec::new();
        let mut by_known: HashMap<(&str, Standing), usize> = HashMap::new();
        let mut class_of = HashMap::new();
        let classes = page.segments.iter().flat_map(|(segment, class)| {
            let count = |restricted| Some((restricted, *self.counts.get(&(segment.id, restricted))?));
            [false, true].into_iter().filter_map(count).map(move |counted| (segment.id, class, counted))
        });
        for (segment, class, (restricted, objects)) in classes {
            let standing = Standing { restricted, past: self.past.get(&segment).copied() };
            if let Some(place) = by_known.get(&(class.as_str(), standing)) {
                used[*place].objects += objects;
                class_of.insert((segment, restricted), *place);
                continue;
            }
            let broken = || ExchangeError::proof("what is known of a segment does not read");
            let ClassKnown { facts, safeguards, tombstone, .. } =
                serde_json::from_str(class).map_err(|_| broken())?;
            let mut facts = facts_from_wire(&facts).ok_or_else(broken)?;
            for (key, fact) in known(&facts).iter() {
                facts.state(key.clone(), fact.value.clone(), fact.asserter);
            }
            if standing.restricted {
                restrict(&mut facts, &laws.vocabulary);
            }
            if let Some(past) = standing.past {
                facts.know(FIRST_DELETE_BY, past, Asserter::Gateway);
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
            let permitted = decision.outcome == Outcome::Permitted && !standing.restricted;
            let whole = treats_no_more(&decision, &came_under);
            // A view treats nothing anew: of what a law treats more than it was when it was kept, it shows what a mask leaves.
            let viewed = facts.get(REMOTE_VIEW).is_some_and(|fact| fact.value == true.into());
            let given = permitted && (whole || viewed && withholds_no_object(&decision));
            // A tombstone says which copies have to go, and nothing of whom they are about.
            let masked = !whole || !tombstone && owed.iter().any(|duty| duty.kind.as_str() == MASK);
            by_known.insert((class, standing), used.len());
            class_of.insert((segment, restricted), used.len());
            used.push(Used { facts, objects, decision, owed, given, masked });
        }
        Ok(Decided { used, class_of, restricted: self.restricted.clone() })
    }
}

/// Where the records of a page lie that nobody may use.
fn restricted_places(page: &Page, restricted: &Restricted) -> HashSet<RecordPlace> {
    if restricted.is_empty() {
        return HashSet::new();
    }
    let segments: HashMap<SegmentId, &SealedSegment> =
        page.segments.iter().map(|(segment, _)| (segment.id, segment)).collect();
    let places = page.listed.iter().map(|row| row.place);
    let named = |place: &RecordPlace| {
        segments.get(&place.segment).is_some_and(|segment| restricted.holds(segment, place.ordinal))
    };
    places.filter(named).collect()
}

/// The fact by which laws see that a record is past its time.
const FIRST_DELETE_BY: &str = "first_delete_by";

/// The duty to mask who is not targeted.
const MASK: &str = "mask_untargeted";

/// Whether the use asks no heavier treatment of any data class than the records had when they came.
fn treats_no_more(decision: &Decision, came_under: &Safeguards) -> bool {
    let mut treatments = decision.safeguards.treatments.iter();
    treatments
        .all(|(class, treatment)| came_under.treatments.get(class).unwrap_or(&Treatment::Keep) >= treatment)
}

/// Whether no law keeps whole objects of any data class back.
fn withholds_no_object(decision: &Decision) -> bool {
    decision.safeguards.treatments.values().all(|treatment| *treatment < Treatment::WithholdObject)
}

/// What is recorded of a use beside what the laws said.
pub(super) struct Told {
    pub(super) act: Act,
    /// By whose keys it was ordered, where officers signed.
    pub(super) ordered: Json,
    pub(super) look_ups: Vec<LookUp>,
}

/// Records the use: before anything is opened. What of it was erased or restricted since it was found is a conflict, so that
/// nothing is given by a use that stands in the log after its erasure.
pub(super) async fn record<W: Shell>(
    world: &W,
    reading: &Reading,
    (asked, decided): (&Asked, &Decided),
    page: &Page,
    Told { act, ordered, look_ups }: Told,
) -> Result<(), ExchangeError> {
    let Reading { request, lent, reader } = reading;
    let laws = &*lent.laws;
    let none = BTreeSet::new();
    let rulings: Vec<RecordedRuling> = decided
        .used
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
    let given = |masked: bool| {
        let given = decided.used.iter().filter(|used| used.given && (!masked || used.masked));
        given.map(|used| used.objects).sum::<u64>()
    };
    let mut facts = json!({
        // Of this use alone: it is nobody's exchange but the reader's.
        "exchange": ExchangeId::draw(&mut world.entropy()).to_string(),
        "asked": request.recorded(laws),
        "activity": request.activity.to_string(),
        "purpose": request.purpose.to_string(),
        "reader": reader,
        "rulings": rulings,
        "given": given(false),
        "masked": given(true),
        // By which exchanges the records had come: what used them can be told when they are called back.
        "of": asked.of.iter().map(ToString::to_string).collect::<Vec<_>>(),
    });
    if !ordered.is_null() {
        facts["ordered"] = ordered;
    }
    let (entry, opening) = drawn(world, act, facts, (&request.agreement, None), request.at)?;
    let change = Change {
        entries: vec![Draft { entry, opening: opening.id, exchange: None }],
        segments: vec![opening],
        uses: uses(reading, decided, page, used_as(act, request)?),
        looked_up: look_ups,
        usable: names(page, decided),
        ..Change::default()
    };
    world.store().record(change).await?;
    Ok(())
}

/// The names of what is given.
fn names(page: &Page, decided: &Decided) -> BTreeSet<RecordName> {
    let segments: HashMap<SegmentId, (ExchangeId, ClassId)> = page
        .segments
        .iter()
        .filter_map(|(segment, _)| Some((segment.id, (segment.exchange?, segment.class?))))
        .collect();
    let given = page.listed.iter().filter(|row| decided.class(row).is_some_and(|used| used.given));
    given
        .filter_map(|row| {
            let (exchange, class) = *segments.get(&row.place.segment)?;
            Some(RecordName { exchange, class, ordinal: row.place.ordinal })
        })
        .collect()
}

/// What a use is called: what law was asked, but for a view, of which law is asked as of a copy.
fn used_as(act: Act, request: &Request) -> Result<Action, ExchangeError> {
    match act {
        Act::RecordsViewed => {
            Action::new(REMOTE_VIEW).map_err(|error| ExchangeError::Question(error.to_string()))
        }
        _ => Ok(request.action.clone()),
    }
}

/// The use, exchange by exchange.
fn uses(reading: &Reading, decided: &Decided, page: &Page, action: Action) -> Vec<UseRow> {
    let Reading { request, reader, .. } = reading;
    let exchanges: HashMap<SegmentId, ExchangeId> =
        page.segments.iter().filter_map(|(segment, _)| Some((segment.id, segment.exchange?))).collect();
    let mut counts: BTreeMap<ExchangeId, (u64, u64)> = BTreeMap::new();
    for row in &page.listed {
        let Some(exchange) = exchanges.get(&row.place.segment) else { continue };
        let (given, refused) = counts.entry(*exchange).or_default();
        *if decided.class(row).is_some_and(|used| used.given) { given } else { refused } += 1;
    }
    counts
        .into_iter()
        .map(|(exchange, (given, refused))| UseRow {
            exchange,
            entry: LeafIndex(0),
            at: request.at,
            action: action.clone(),
            purpose: request.purpose.clone(),
            reader: reader.clone(),
            given,
            refused,
        })
        .collect()
}

/// Opens what is given of a page: what is not given is not opened.
pub(crate) fn give<W: Shell>(world: &W, page: Page, decided: Decided) -> Result<Read, ExchangeError> {
    let Page { listed, segments, more } = page;
    let mut read = Read { last: listed.last().map(|row| row.added), more, ..Read::default() };
    let segments: HashMap<SegmentId, &SealedSegment> =
        segments.iter().map(|(segment, _)| (segment.id, segment)).collect();
    let given = |row: &Listed| {
        let class = decided.place(row)?;
        let used = Some(&decided.used[class]).filter(|used| used.given)?;
        Some((segments.get(&row.place.segment).copied()?, (used.masked, class)))
    };
    let buckets: BTreeSet<Bucket> =
        listed.iter().filter_map(|row| Some(row.row.bucket(&given(row)?.0.agreement))).collect();
    let held = world.with_keys(|keys| {
        let held = buckets.into_iter().map(|bucket| {
            let key = keys.get(&bucket).map_err(ExchangeError::keys)?;
            Ok((bucket, key))
        });
        held.collect::<Result<BTreeMap<_, _>, ExchangeError>>()
    })?;
    let open = |row: &Listed| {
        let Some((segment, (masked, class))) = given(row) else { return Ok(None) };
        let key = held.get(&row.row.bucket(&segment.agreement)).and_then(Option::as_ref);
        let object = key.map_or(Ok(None), |key| opened(world.signatory(), segment, &row.row, key))?;
        let Some(object) = object else { return Ok(None) };
        let object = if masked { mask::head(&object)? } else { object };
        Ok::<_, ExchangeError>(Some((object, masked, class)))
    };
    let objects: Vec<_> = listed.iter().map(open).collect::<Result<_, ExchangeError>>()?;
    for (row, object) in listed.into_iter().zip(objects) {
        match object {
            Some((object, masked, class)) => {
                read.records.push(Record { added: row.added, version: row.version, object, masked, class });
            }
            None => read.refused += 1,
        }
    }
    read.decisions = decided.used.into_iter().map(|used| (used.objects as usize, used.decision)).collect();
    Ok(read)
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
