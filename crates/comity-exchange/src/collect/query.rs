//! An officer looks for records: by what they are, or by whom they are about; decided, counted, recorded, then given.
//!
//! ```text
//! find ─> ask the laws for their caps ─> ask again, with what was counted before ─> record, counting ─> open ─> give, masked
//! ```
//! Three caps hold a query, and all three are the laws' own: how many records one may find, how often one person is looked
//! up in a period, and how often one officer looks people up. The counts are compared again in the very transaction that
//! records the use: of two queries at once the second is decided again.
//!
//! Invariants: an officer sees nothing of a query that was refused, not even how much it found beyond the cap; whom a query
//! was about is in no entry and no row, but as a digest under a key that lies beside the epoch keys.

use super::read::{Asked, Decided, Read, Reading, TRIES_MAX, Told, give, record};
use crate::ExchangeError;
use crate::ports::{
    Collections, Counted, Listed, LookUp, Page, SealedSegment, Store, StoreError, Stream, Uses,
    VersionWanted, Wanted,
};
use crate::subject::{Claim, Desk, find::found};
use comity_agreement::Vocabulary;
use comity_terms::calendar::{Calendar, Count, Period, due};
use comity_terms::ids::SegmentId;
use comity_terms::{Act, Asserter, Facts, Timestamp, Value};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

/// What is looked for in a stream.
#[derive(Debug, Clone)]
pub enum Selector {
    /// Objects, by their STIX ids.
    Objects(Vec<String>),
    /// Whatever is about whoever is known by this.
    Person(Claim),
    /// Objects of these types; of every type where there is none.
    Types(Vec<String>),
}

impl Selector {
    /// Whether it names whom or what it looks for.
    #[must_use]
    pub fn is_specific(&self) -> bool {
        !matches!(self, Self::Types(_))
    }
}

/// How an officer looks.
#[derive(Debug, Clone)]
pub enum Manner {
    /// By a query: at most as much as the laws let one give.
    Query,
    /// As a part of taking out all there is; the place after which it begins.
    Bulk(Option<Timestamp>),
    /// By a partner's officer, who looks at it here and takes nothing away.
    View,
    /// By a query for what is masked.
    Unmask {
        /// Where somebody approved it: whether that is who asks.
        approver_is_requester: Option<bool>,
    },
}

/// One query.
pub struct Query {
    /// Where: what came under one agreement from one partner, for the activity and purpose that it came for.
    pub stream: Stream,
    /// What is looked for.
    pub selector: Selector,
    /// How.
    pub manner: Manner,
    /// Who asks what, under which laws: the activity and purpose of the use.
    pub reading: Reading,
    /// By whose keys it was ordered, in words that an entry may hold.
    pub ordered: Json,
}

/// The caps that the laws set, and what was counted before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Caps {
    /// How many records one query may give.
    pub records: Option<u64>,
    /// How often one person may be looked up in the period, and how often the one looked up most was.
    pub person: Option<(u64, u64)>,
    /// How often one officer may look people up in the period, and how often this one did.
    pub officer: Option<(u64, u64)>,
}

/// What a query gives.
#[derive(Debug)]
pub struct Found {
    /// The records, and what the laws said.
    pub read: Read,
    /// The caps that held it.
    pub caps: Caps,
    /// The facts of each class, in the order of the decisions; the class of a record is its place here.
    pub(crate) classes: Vec<Facts>,
}

/// The most records that are found: a query that finds more is broader than any law lets it be, or goes on after it.
const PAGE_RECORDS_MAX: u32 = 1_000;

/// The duties by which laws set caps.
const RECORDS: &str = "query_max_records";
const PERSON: &str = "lookups_max_per_person";
const OFFICER: &str = "lookups_max_per_officer";
const PERIOD: &str = "lookups_counted_over";

/// The fact that it is looked at where it lies; also what such a use is called.
pub(crate) const REMOTE_VIEW: &str = "remote_view";

/// Looks for records.
///
/// # Errors
/// [`ExchangeError`]; nothing was given then.
pub async fn query<W: Desk<Store: Collections>>(world: &W, query: &Query) -> Result<Found, ExchangeError> {
    for _ in 0..TRIES_MAX {
        match once(world, query).await {
            // Another was counted meanwhile, or something of it has ended: what there is now is looked for.
            Err(ExchangeError::Store(StoreError::Conflict(_))) => {}
            done => return done,
        }
    }
    Err(ExchangeError::Store(StoreError::Conflict("another look-up")))
}

async fn once<W: Desk<Store: Collections>>(world: &W, query: &Query) -> Result<Found, ExchangeError> {
    let page = page(world, query).await?;
    if page.listed.is_empty() {
        return Ok(Found { read: Read::default(), caps: Caps::default(), classes: Vec::new() });
    }
    let Query { reading, manner, .. } = query;
    let asked = Asked::of(world, &page, reading).await?;
    let breadth = page.listed.len() as u64 + u64::from(page.more);
    let base = query.facts(breadth);
    let first = asked.decide(world, reading, &page, &|_| base.clone())?;
    let limits = Limits::of(&first, reading.request.at)?;
    let people = query.people(world, &page, &first);
    let act = match manner {
        Manner::Unmask { .. } => Act::RecordsUnmasked,
        Manner::View => Act::RecordsViewed,
        Manner::Query | Manner::Bulk(_) => Act::RecordsUsed,
    };
    let counts = counted(world, &limits, &people, reading).await?;
    let caps = limits.caps(&counts, reading.reader.as_ref().map(|key| officer(world, key)));
    let known = |class: &Facts| {
        let mut known = base.clone();
        caps.state(&mut known, is_personal(class));
        known
    };
    let decided = asked.decide(world, reading, &page, &known)?;
    let looked = decided.used.iter().any(|used| used.given && is_personal(&used.facts));
    let look_ups = if looked { limits.look_ups(&counts, reading.request.at) } else { Vec::new() };
    let told = Told { act, ordered: query.ordered.clone(), look_ups };
    record(world, reading, (&asked, &decided), &page, told).await?;
    let classes = decided.used.iter().map(|used| used.facts.clone()).collect();
    let mut read = give(world, page, decided)?;
    if !matches!(manner, Manner::Bulk(_)) {
        // Where it goes on is no query's business.
        read.last = None;
    }
    Ok(Found { read, caps, classes })
}

/// What a query finds, before anybody is asked.
async fn page<W: Desk<Store: Collections>>(world: &W, query: &Query) -> Result<Page, ExchangeError> {
    let (objects, types) = match &query.selector {
        Selector::Person(claim) => return about(world, &query.stream, claim).await,
        Selector::Objects(ids) => (ids.iter().map(|id| world.tags().object(id)).collect(), Vec::new()),
        Selector::Types(types) => (Vec::new(), types.clone()),
    };
    let after = if let Manner::Bulk(after) = query.manner { after } else { None };
    let wanted = Wanted {
        stream: query.stream.clone(),
        added_after: None,
        after,
        objects,
        types,
        versions: vec![VersionWanted::Last],
        limit: PAGE_RECORDS_MAX,
    };
    Ok(world.store().collected(wanted).await?)
}

/// The records of a stream that name a person.
async fn about<W: Desk<Store: Collections>>(
    world: &W,
    stream: &Stream,
    claim: &Claim,
) -> Result<Page, ExchangeError> {
    let mut page = Page::default();
    let mut segments: BTreeMap<SegmentId, (SealedSegment, String)> = BTreeMap::new();
    for record in found(world, claim).await?.records {
        let Some(known) = record.known.filter(|_| record.stream.as_ref() == Some(stream)) else { continue };
        let held = record.held;
        if page.listed.len() == PAGE_RECORDS_MAX as usize {
            page.more = true;
            break;
        }
        if let std::collections::btree_map::Entry::Vacant(place) = segments.entry(held.segment) {
            let Some(segment) = world.store().segment(held.segment).await? else { continue };
            place.insert((segment, known));
        }
        page.listed.push(Listed {
            // In the order of sealing: what there is of time in it.
            added: held.row.erase_by,
            version: held.row.erase_by,
            object: super::ObjectTag([0; 16]),
            place: held.place(),
            row: held.row,
        });
    }
    page.segments = segments.into_values().collect();
    Ok(page)
}

impl Query {
    /// What the gateway knows of every class.
    fn facts(&self, breadth: u64) -> Facts {
        let mut facts = Facts::new();
        let vocabulary = &self.reading.lent.laws.vocabulary;
        let mut say = |key: &str, value: Value, by: Asserter| state(&mut facts, vocabulary, key, value, by);
        say("original_activity", self.stream.activity.as_str().into(), Asserter::Gateway);
        say("original_purpose", self.stream.purpose.as_str().into(), Asserter::Gateway);
        say("specific_identifier", self.selector.is_specific().into(), Asserter::Detected);
        match self.manner {
            Manner::Bulk(_) => say("bulk", true.into(), Asserter::Detected),
            Manner::Query | Manner::View => {
                say("query", true.into(), Asserter::Gateway);
                say("query_breadth", long(breadth), Asserter::Gateway);
                if matches!(self.manner, Manner::View) {
                    say(REMOTE_VIEW, true.into(), Asserter::Gateway);
                }
            }
            Manner::Unmask { approver_is_requester } => {
                if let Some(is_requester) = approver_is_requester {
                    say("approver", "an officer".into(), Asserter::Gateway);
                    say("approver_is_requester", is_requester.into(), Asserter::Gateway);
                }
            }
        }
        facts
    }

    /// Whom it looks up: whoever it names, or whoever the objects are about that it names.
    fn people<W: Desk>(&self, world: &W, page: &Page, decided: &Decided) -> BTreeSet<Counted> {
        match &self.selector {
            Selector::Person(claim) => claim
                .stated()
                .filter_map(|(kind, value)| comity_minimise::Identifier::new(kind, value))
                .map(|identifier| world.tags().counted("person", identifier.value()))
                .collect(),
            Selector::Objects(_) => {
                let personal = page
                    .listed
                    .iter()
                    .filter(|row| decided.class(row).is_some_and(|used| is_personal(&used.facts)));
                personal.map(|row| Counted(row.object.0)).collect()
            }
            Selector::Types(_) => BTreeSet::new(),
        }
    }
}

fn officer<W: Desk>(world: &W, key: &str) -> Counted {
    world.tags().counted("officer", key)
}

fn is_personal(facts: &Facts) -> bool {
    facts.get("personal_data").is_none_or(|fact| fact.value != Value::Bool(false))
}

fn long(number: u64) -> Value {
    i64::try_from(number).unwrap_or(i64::MAX).into()
}

/// States a fact where the laws have the word.
fn state(facts: &mut Facts, vocabulary: &Vocabulary, key: &str, value: Value, by: Asserter) {
    if vocabulary.fact(key).is_some() {
        facts.know(key, value, by);
    }
}

/// The caps of the strictest law, and the period that they count over.
struct Limits {
    records: Option<u64>,
    person: Option<u64>,
    officer: Option<u64>,
    /// Since when look-ups count, and when those of now count no more.
    period: Option<(Timestamp, Timestamp)>,
}

impl Limits {
    fn of(decided: &Decided, at: Timestamp) -> Result<Self, ExchangeError> {
        let duties = || decided.used.iter().flat_map(|used| &used.owed);
        let least = |kind: &str| {
            let values =
                duties().filter(|duty| duty.kind.as_str() == kind).filter_map(|duty| match duty.value {
                    Some(Value::Long(number)) => u64::try_from(number).ok(),
                    _ => None,
                });
            values.min()
        };
        let mut period = None;
        for duty in duties().filter(|duty| duty.kind.as_str() == PERIOD) {
            let Some(Value::Text(text)) = &duty.value else { continue };
            let wrong = |error: &dyn std::fmt::Display| ExchangeError::Law(format!("`{PERIOD}`: {error}"));
            let span: Period = text.parse().map_err(|error| wrong(&error))?;
            let until = due(at, &span, Count::Plain, &Calendar::plain()).map_err(|error| wrong(&error))?;
            let until = until.operational;
            let since = at.checked_sub(until.duration_since(at)).unwrap_or(Timestamp::MIN);
            // The longest of all counts the most.
            period = period.max(Some((until, since)));
        }
        let period = period.map(|(until, since)| (since, until));
        Ok(Self { records: least(RECORDS), person: least(PERSON), officer: least(OFFICER), period })
    }

    fn caps(&self, counts: &BTreeMap<Counted, u64>, officer: Option<Counted>) -> Caps {
        let done = |who: Option<Counted>| who.and_then(|who| counts.get(&who)).copied().unwrap_or_default();
        let most = counts.iter().filter(|(who, _)| Some(**who) != officer).map(|(_, done)| *done).max();
        Caps {
            records: self.records,
            person: self.person.map(|cap| (cap, most.unwrap_or_default())),
            officer: self.officer.map(|cap| (cap, done(officer))),
        }
    }

    fn look_ups(&self, counts: &BTreeMap<Counted, u64>, at: Timestamp) -> Vec<LookUp> {
        let Some((since, until)) = self.period else { return Vec::new() };
        counts
            .iter()
            .map(|(who, done)| LookUp { who: *who, done: *done, since, times: 1, at, until })
            .collect()
    }
}

/// How often each of these was looked up, and the officer did, in the period that counts.
async fn counted<W: Desk>(
    world: &W,
    limits: &Limits,
    people: &BTreeSet<Counted>,
    reading: &Reading,
) -> Result<BTreeMap<Counted, u64>, ExchangeError> {
    let Some((since, _)) = limits.period else { return Ok(BTreeMap::new()) };
    let mut counts = BTreeMap::new();
    let by = reading.reader.as_ref().map(|key| officer(world, key));
    for who in people.iter().copied().chain(by) {
        counts.insert(who, world.store().looked_up(who, since).await?);
    }
    Ok(counts)
}

impl Caps {
    /// States them of a class: of what is about nobody only how much one query may give.
    fn state(&self, facts: &mut Facts, personal: bool) {
        let mut say = |key: &str, value: u64| facts.know(key, long(value), Asserter::Gateway);
        if let Some(records) = self.records {
            say("query_breadth_cap", records);
        }
        let pairs = [
            (self.person, "lookups_cap", "lookups_done"),
            (self.officer, "officer_lookups_cap", "officer_lookups_done"),
        ];
        for (pair, cap, done) in pairs {
            if let Some((most, so_far)) = pair.filter(|_| personal) {
                say(cap, most);
                say(done, so_far);
            }
        }
    }
}

/// Forgets the look-ups that count no more.
///
/// # Errors
/// [`ExchangeError::Store`].
pub async fn forget<W: Desk>(world: &W, now: Timestamp) -> Result<(), ExchangeError> {
    let change = crate::ports::Record { uncounted: Some(now), ..crate::ports::Record::default() };
    world.store().record(change).await?;
    Ok(())
}
