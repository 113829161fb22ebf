//! A request of a person, start to finish. Read this first.

use super::Desk;
use super::answer::{Answer, GivenRecord, GivenSent, Told, answer};
use super::claim::{Claim, Kind};
use super::find::found;
use super::law::{Asking, Said, of_records, of_request};
use crate::ExchangeError;
use crate::audit::recorded::read_facts;
use crate::audit::replay::read as read_decision;
use crate::collect::ClassKnown;
use crate::collect::read::opened;
use crate::entry::Opening;
use crate::erase::erase_for;
use crate::ports::{
    Draft, Erasure, FoundRecord, HeldRecord, Record, RequestDetail, RequestRow, SealedSegment, SegmentKind,
    Store, StoreError,
};
use crate::wire::{Text, facts_from_wire, law_digests};
use comity_terms::ids::{ClassId, RequestId, SegmentId};
use comity_terms::{
    Act, Asserter, Digest, Entropy as _, ExchangeId, FactKey, Facts, Month, PackSlug, Party, Timestamp, Value,
};
use comity_vault::{Cleartext, EpochKeys as _};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// What is to be filed.
#[derive(Debug)]
pub struct Filing<'a> {
    /// What is asked.
    pub kind: Kind,
    /// What the person states.
    pub claim: &'a Claim,
}

/// A request that was filed: all that the person gets then, whoever they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filed {
    /// Its number.
    pub number: RequestId,
    /// What opens its status: shown once, kept as a digest.
    pub code: String,
    /// The row.
    pub row: RequestRow,
}

/// How somebody decides on a request.
#[derive(Debug, Clone)]
pub struct Decision {
    /// Whether who asks is who they say: the word of whoever checks that.
    pub identity_verified: bool,
    /// What is known of who asks, whatever is held.
    pub about: Facts,
    /// What the officer states of what is held, as an officer may. It bears on records alone: what is said only where
    /// something is held would tell that it is.
    pub facts: Facts,
    /// The officer's name, for the row.
    pub officer: String,
    /// Whose decision it is, in words that an entry may hold: a key and its signature.
    pub by: Json,
}

/// What deciding came to.
#[derive(Debug)]
pub struct Decided {
    /// The row, closed.
    pub row: RequestRow,
    /// What the person gets.
    pub answer: Answer,
    /// What the overseer is told: what is held, given, withheld, and why.
    pub record: Json,
    /// The partners that hold what this gateway sent, as far as the law upholds the request for it: to be asked in turn.
    pub elsewhere: Vec<Elsewhere>,
}

/// A partner that holds what was sent to it about whoever asks: the port by which a request goes on. It names nobody; the
/// partner finds the records by the exchange and by the pseudonyms of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Elsewhere {
    /// The partner.
    pub to: Party,
    /// The exchange that it went by.
    pub exchange: ExchangeId,
    /// The agreement that it is under.
    pub agreement: PackSlug,
    /// What is asked of it.
    pub kind: Kind,
}

/// Files a request: what is stated is sealed, and by when it is answered is fixed by the law as it stands. Nothing is
/// looked up.
///
/// # Errors
/// [`ExchangeError::Law`] when this party's law is not here; nothing was filed.
pub async fn file<W: Desk>(world: &W, filing: &Filing<'_>) -> Result<Filed, ExchangeError> {
    let now = world.now();
    let digests = world.adopted_now();
    let asking = Asking { kind: filing.kind, at: now, digests: digests.clone(), facts: Facts::new() };
    let said = of_request(world, &asking, now)?;
    // A law that says nothing of it leaves it due at once: late is seen, never is not.
    let due = said.owes("answer").and_then(|answer| answer.due.as_ref());
    let number = RequestId::draw(&mut world.entropy());
    let code = code(&world.entropy().bytes::<20>());
    let claim = sealed(world, number, &filing.claim.to_bytes(), world.request_until(now))?;
    let row = RequestRow {
        id: number,
        action: filing.kind.action(),
        open: true,
        filed_at: now,
        due_operational: due.map_or(now, |due| due.operational),
        due_legal_latest: due.map_or(now, |due| due.legal_latest),
        decided_at: None,
        version: 1,
        detail: RequestDetail {
            code: Text(code_digest(number, &code)),
            laws: digests.into_iter().map(|(pack, digest)| (Text(pack), Text(digest))).collect(),
            claim: Text(claim.id),
            answer: None,
            outcome: None,
            officer: None,
        },
    };
    let facts = json!({
        "request": number.to_string(),
        "action": row.action.to_string(),
        "laws": law_digests(&said.laws),
        "due_operational": row.due_operational.to_string(),
        "due_legal_latest": row.due_legal_latest.to_string(),
    });
    let (draft, opening) = entry(world, Act::RequestFiled, facts, now)?;
    let record = Record {
        entries: vec![draft],
        segments: vec![opening, claim],
        requests: vec![row.clone()],
        ..Record::default()
    };
    world.store().record(record).await?;
    Ok(Filed { number, code, row })
}

/// Decides on a request that waits.
///
/// # Errors
/// [`ExchangeError`]; the request waits still. [`StoreError::Conflict`] when another hand was faster.
pub async fn decide<W: Desk>(
    world: &W,
    row: RequestRow,
    decision: &Decision,
) -> Result<Decided, ExchangeError> {
    let now = world.now();
    let kind = Kind::of_action(&row.action).ok_or_else(|| ExchangeError::proof("a request of no kind"))?;
    let claim_segment = world.store().segment(row.detail.claim.0).await?;
    let claim_held = claim_segment.as_ref().and_then(held_claim);
    let mut about = decision.about.clone();
    state(&mut about, "identity_verified", decision.identity_verified.into(), Asserter::Gateway);
    let mut facts = decision.facts.clone();
    for (key, fact) in about.iter() {
        facts.state(key.clone(), fact.value.clone(), fact.asserter);
    }
    let digests: BTreeMap<PackSlug, Digest> =
        row.detail.laws.iter().map(|(pack, digest)| (pack.0.clone(), digest.0)).collect();
    // Whether who asks may be told anything is asked as for access; who complains needs no leave to.
    let gate = if kind == Kind::Complain { Kind::Complain } else { Kind::Access };
    let whoever = Asking { kind: gate, at: row.filed_at, digests, facts: about };
    let request = of_request(world, &whoever, row.filed_at)?;
    // Where to turn, and until when, begins with the answer.
    let remedies = of_request(world, &Asking { kind, ..whoever.clone() }, now)?;
    let asking = Asking { kind, facts, ..whoever };
    let mut held = Held::default();
    // Who complains is heard, not told.
    if request.grants() && kind != Kind::Complain {
        let claim = claim_segment.as_ref().map_or(Ok(None), |segment| opened_claim(world, segment))?;
        let claim = claim.ok_or_else(|| {
            ExchangeError::proof("what the person stated is erased: nothing can be looked for")
        })?;
        held = Held::of(world, &asking, found(world, &claim).await?).await?;
    }
    let by = json!({ "request": row.id.to_string(), "by": decision.by });
    let mut erased = None;
    if kind == Kind::Erase && !held.granted.is_empty() {
        let records: Vec<HeldRecord> = held.granted.iter().map(|found| found.held.clone()).collect();
        erased = Some(erase_for(world, &records, &by).await?);
    }
    let told = Told {
        number: row.id,
        kind,
        filed_at: row.filed_at,
        decided_at: now,
        due: row.due_legal_latest,
        party: world.signatory().party.clone(),
    };
    let given = match kind {
        Kind::Access | Kind::Port => copies(world, &held.told).await?,
        _ => held.told.iter().map(|found| described(found, None)).collect(),
    };
    let answer = answer(&told, &request, &remedies, (&given, &held.sent_told, &held.declined));
    let record = json!({
        "request": row.id.to_string(),
        "action": row.action.to_string(),
        "identity_verified": decision.identity_verified,
        "laws": law_digests(&request.laws),
        "ruling": request.recorded(0),
        "held": held.granted.len() + held.withheld,
        "granted": held.granted.len(),
        "withheld": held.withheld,
        "sent": held.sent.len() + held.sent_withheld,
        "sent_withheld": held.sent_withheld,
        "erased": erased.map(|erased| erased.records),
        "classes": held.classes,
        "decided": decision.by,
    });
    let outcome = if request.grants() { "answered" } else { "refused" };
    let row = closed(world, row, decision, (&answer, outcome, &record), claim_held, now).await?;
    let elsewhere = held.sent.iter().map(|sent| Elsewhere {
        to: sent.to.clone(),
        exchange: sent.exchange,
        agreement: sent.agreement.clone(),
        kind,
    });
    Ok(Decided { elsewhere: elsewhere.collect(), row, answer, record })
}

/// Records the answer, sealed; what the person stated ends with it.
async fn closed<W: Desk>(
    world: &W,
    row: RequestRow,
    decision: &Decision,
    (answer, outcome, record): (&Answer, &str, &Json),
    claim: Option<HeldRecord>,
    now: Timestamp,
) -> Result<RequestRow, ExchangeError> {
    let segment = sealed(world, row.id, &answer.0, world.request_until(now))?;
    let row = RequestRow {
        open: false,
        decided_at: Some(now),
        version: row.version + 1,
        detail: RequestDetail {
            answer: Some(Text(segment.id)),
            outcome: Some(outcome.to_owned()),
            officer: Some(decision.officer.clone()),
            ..row.detail
        },
        ..row
    };
    let (draft, opening) = entry(world, Act::RequestDecided, record.clone(), now)?;
    let mut change = Record {
        entries: vec![draft],
        segments: vec![opening, segment],
        requests: vec![row.clone()],
        ..Record::default()
    };
    if let Some(claim) = claim {
        let facts = crate::erase::facts_of(std::slice::from_ref(&claim), "no_longer_needed");
        let (draft, opening) = entry(world, Act::RecordsErased, facts, now)?;
        change.entries.push(draft);
        change.segments.push(opening);
        change.erased = Some(Erasure { records: vec![claim.place()], at: now });
    }
    world.store().record(change).await?;
    Ok(row)
}

/// What whoever has the code of a request is shown: its row, and the answer where there is one. `None` for a wrong code as
/// for a wrong number.
///
/// # Errors
/// [`ExchangeError`].
pub async fn shown<W: Desk>(
    world: &W,
    number: RequestId,
    code: &str,
) -> Result<Option<(RequestRow, Option<Answer>)>, ExchangeError> {
    let row = crate::ports::Subjects::request(world.store(), number).await?;
    // Compared whether there is a row or not.
    let given = code_digest(number, code);
    let known = row.as_ref().map_or(Digest([0; 32]), |row| row.detail.code.0);
    let Some(row) = row.filter(|_| given == known) else { return Ok(None) };
    let mut answer = None;
    if let Some(Text(segment)) = row.detail.answer
        && let Some(segment) = world.store().segment(segment).await?
    {
        answer = clear(world, &segment)?.map(|clear| Answer(clear.as_bytes().to_vec()));
    }
    Ok(Some((row, answer)))
}

/// What is held about whoever asks, as far as the law lets it be given.
#[derive(Default)]
struct Held {
    /// What the law grants the request for.
    granted: Vec<FoundRecord>,
    /// What of it the person is told: what they would be told if they asked what is held.
    told: Vec<FoundRecord>,
    withheld: usize,
    sent: Vec<GivenSent>,
    sent_told: Vec<GivenSent>,
    /// What the law refuses of what the person is told is held: what it said, of how many records.
    declined: Vec<(Said, u64)>,
    sent_withheld: usize,
    /// What the law said of each class, for the overseer.
    classes: Vec<Json>,
}

impl Held {
    async fn of<W: Desk>(world: &W, asking: &Asking, found: Vec<FoundRecord>) -> Result<Self, ExchangeError> {
        let mut held = Self::default();
        let mut classes: BTreeMap<(PackSlug, String), (Option<Said>, bool, u64)> = BTreeMap::new();
        let access = Asking { kind: Kind::Access, ..asking.clone() };
        for record in found {
            let agreement = record.held.agreement.clone();
            let sent = record.held.kind == SegmentKind::Opening;
            let detected = match sent {
                true => facts_of_sent(world, &record).await?,
                false => facts_of_held(&record),
            };
            let name = (agreement.clone(), format!("{sent} {detected:?}"));
            if !classes.contains_key(&name) {
                // Without facts nothing is granted: what nobody may read, and what came without a class.
                let ask = |asking: &Asking| match &detected {
                    Some(facts) => of_records(world, asking, &agreement, facts.clone()),
                    None => Ok(None),
                };
                let said = ask(asking)?;
                let tells = match asking.kind {
                    Kind::Access | Kind::Port => true,
                    _ => ask(&access)?.is_some_and(|said| said.grants()),
                };
                classes.insert(name.clone(), (said, tells, 0));
            }
            let Some((said, tells, count)) = classes.get_mut(&name) else { continue };
            *count += 1;
            let grants = said.as_ref().is_some_and(Said::grants);
            match (sent, grants) {
                (false, true) => {
                    held.told.extend(tells.then(|| record.clone()));
                    held.granted.push(record);
                }
                (false, false) => held.withheld += 1,
                (true, true) => {
                    let sent = sent_of(world, &record).await?;
                    held.sent_told.extend(sent.clone().filter(|_| *tells));
                    held.sent.extend(sent);
                }
                (true, false) => held.sent_withheld += 1,
            }
        }
        let open = |(said, tells, count): &(Option<Said>, bool, u64)| {
            said.clone().filter(|said| *tells && !said.grants()).map(|said| (said, *count))
        };
        if !matches!(asking.kind, Kind::Access | Kind::Port) {
            held.declined = classes.values().filter_map(open).collect();
        }
        held.classes = classes
            .into_iter()
            .map(|((agreement, _), (said, tells, count))| match said {
                Some(said) => json!({
                    "agreement": agreement.to_string(),
                    "asked": said.asked.to_string(),
                    "granted": said.grants(),
                    "told": tells,
                    "ruling": said.recorded(count),
                }),
                None => json!({
                    "agreement": agreement.to_string(),
                    "granted": false,
                    "objects": count,
                    "reasons": ["fact_missing"],
                }),
            })
            .collect();
        Ok(held)
    }
}

/// The facts of a record's class as it came, with the activity and purpose that it came for.
fn facts_of_held(record: &FoundRecord) -> Option<Facts> {
    if record.held.kind != SegmentKind::Records {
        return None;
    }
    let (known, stream) = (record.known.as_ref()?, record.stream.as_ref()?);
    let ClassKnown { facts, .. } = serde_json::from_str(known).ok()?;
    let mut facts = facts_from_wire(&facts)?;
    state(&mut facts, "activity", stream.activity.as_str().into(), Asserter::Officer);
    state(&mut facts, "purpose", stream.purpose.as_str().into(), Asserter::Officer);
    Some(facts)
}

/// The facts under which something was sent, as its opening has them; `None` when nobody can read that any more.
async fn facts_of_sent<W: Desk>(world: &W, record: &FoundRecord) -> Result<Option<Facts>, ExchangeError> {
    let Some(segment) = world.store().segment(record.held.segment).await? else { return Ok(None) };
    let opening = world.with_keys(|keys| world.signatory().open_opening(&segment, keys))?;
    let Some(opening) = opening else { return Ok(None) };
    let decision = read_decision(opening.content()).ok().flatten();
    let Some(asked) = decision.and_then(|decision| decision.asked) else { return Ok(None) };
    let digests = world.adopted_now();
    let Some(lent) = world.laws_then(&world.signatory().home(), &digests) else { return Ok(None) };
    let mut facts = read_facts(&asked.facts, &lent.laws.vocabulary).ok();
    if let Some(facts) = &mut facts {
        // Of the officer who sent it, not of the request.
        for key in ["training_valid", "identity_verified"] {
            facts.remove(key);
        }
    }
    Ok(facts)
}

async fn sent_of<W: Desk>(world: &W, record: &FoundRecord) -> Result<Option<GivenSent>, ExchangeError> {
    let Some(exchange) = record.held.exchange else { return Ok(None) };
    let row = world.store().exchange(exchange).await?;
    Ok(row.map(|row| GivenSent { to: row.peer, agreement: row.agreement, exchange, at: row.at }))
}

/// Copies of records, opened.
async fn copies<W: Desk>(world: &W, granted: &[FoundRecord]) -> Result<Vec<GivenRecord>, ExchangeError> {
    let mut segments: BTreeMap<SegmentId, Option<SealedSegment>> = BTreeMap::new();
    let mut given = Vec::with_capacity(granted.len());
    for record in granted {
        let id = record.held.segment;
        if let Entry::Vacant(place) = segments.entry(id) {
            place.insert(world.store().segment(id).await?);
        }
        let Some(Some(segment)) = segments.get(&id) else { continue };
        let bucket = record.held.bucket();
        let Some(key) = world.with_keys(|keys| keys.get(&bucket)).map_err(ExchangeError::keys)? else {
            continue;
        };
        if let Some(object) = opened(world.signatory(), segment, &record.held.row, &key)? {
            given.push(described(record, Some(object)));
        }
    }
    Ok(given)
}

fn described(record: &FoundRecord, object: Option<Cleartext>) -> GivenRecord {
    let stream = record.stream.as_ref();
    GivenRecord {
        object,
        agreement: record.held.agreement.clone(),
        exchange: record.held.exchange,
        from: stream.map(|stream| stream.partner.clone()),
        asked_for: stream.map(|stream| (stream.activity.to_string(), stream.purpose.to_string())),
        kept_until: record.held.row.erase_by,
    }
}

fn state(facts: &mut Facts, key: &str, value: Value, by: Asserter) {
    if let Ok(key) = FactKey::new(key) {
        facts.state(key, value, by);
    }
}

/// What is sealed of a request is bound to its number, as records are to their exchange.
fn bound(number: RequestId) -> ExchangeId {
    // Unwrap safety: both are random (v4) UUIDs.
    ExchangeId::from_bytes(*number.as_bytes()).unwrap_or_else(|| unreachable!("a request's number is an id"))
}

fn sealed<W: Desk>(
    world: &W,
    number: RequestId,
    bytes: &[u8],
    until: Timestamp,
) -> Result<SealedSegment, ExchangeError> {
    let home = world.signatory().home();
    let entropy = &mut world.entropy();
    let (bucket, key) =
        world.with_keys(|keys| keys.current(&home, Month::of(until))).map_err(ExchangeError::keys)?;
    let of = (&home, bound(number), ClassId::draw(entropy));
    let record = std::iter::once(bytes);
    world.signatory().seal_records(
        of,
        record.map(|record| (record, (until, &bucket, &key))),
        SegmentKind::Records,
        entropy,
    )
}

/// The one record of a segment, opened; `None` when it is erased.
fn clear<W: Desk>(world: &W, segment: &SealedSegment) -> Result<Option<Cleartext>, ExchangeError> {
    let Some(row) = segment.rows.first() else { return Ok(None) };
    let bucket = row.bucket(&segment.agreement);
    let key = world.with_keys(|keys| keys.get(&bucket)).map_err(ExchangeError::keys)?;
    key.map_or(Ok(None), |key| opened(world.signatory(), segment, row, &key))
}

fn opened_claim<W: Desk>(world: &W, segment: &SealedSegment) -> Result<Option<Claim>, ExchangeError> {
    let Some(clear) = clear(world, segment)? else { return Ok(None) };
    Claim::read(clear.as_bytes()).map(Some).map_err(ExchangeError::proof)
}

fn held_claim(segment: &SealedSegment) -> Option<HeldRecord> {
    Some(HeldRecord {
        segment: segment.id,
        number: 0,
        exchange: segment.exchange,
        class: segment.class,
        agreement: segment.agreement.clone(),
        kind: segment.kind,
        row: segment.rows.first()?.clone(),
    })
}

/// The entry of an act about a request, and its sealed opening: under the law of this party, about no exchange.
fn entry<W: Desk>(
    world: &W,
    act: Act,
    facts: Json,
    now: Timestamp,
) -> Result<(Draft, SealedSegment), ExchangeError> {
    let home = world.signatory().home();
    let until = world.opening_until(&home, now)?;
    world.with_keys(|keys| {
        let entropy = &mut world.entropy();
        let (entry, opening) = Opening::draw(act, now, facts, entropy);
        let sealed = world.signatory().seal_opening(&opening, (&home, None), until, keys, entropy)?;
        Ok((Draft { entry, opening: sealed.id, exchange: None }, sealed))
    })
}

/// The code that opens a request's status: 160 bits in groups that can be read out.
fn code(bytes: &[u8; 20]) -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut groups = Vec::with_capacity(4);
    for group in bytes.chunks_exact(5) {
        let bits = group.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        let letter = |place: u32| char::from(LETTERS[(bits >> (5 * place) & 31) as usize]);
        groups.push((0..8).rev().map(letter).collect::<String>());
    }
    groups.join("-")
}

fn code_digest(number: RequestId, code: &str) -> Digest {
    Digest::of_parts("comity request code v1", &[number.as_bytes(), code.trim().as_bytes()])
}

/// Whether another hand was faster.
#[must_use]
pub fn overtaken(error: &ExchangeError) -> bool {
    matches!(error, ExchangeError::Store(StoreError::Conflict(_)))
}
