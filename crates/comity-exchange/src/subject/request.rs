//! A request of a person, start to finish. Read this first.

use super::Desk;
use super::answer::{Answer, DoneHere, Told, answer};
use super::claim::{Claim, Kind};
use super::effect::{
    Consequence, CorrectedRecord, ForPerson, OrderedThere, correct, order_there, restrictions,
};
use super::find::{Found, found};
use super::held::{Granted, Held, copies, described};
use super::law::{Asking, of_request};
use super::refer::{Drafted, GoingOn, concerned, draft, goes, next_of};
use super::status::{code, code_digest};
use crate::ExchangeError;
use crate::act::drawn;
use crate::alone::{clear, ended as erasure_of, held as held_alone, sealed};
use crate::erase::erase_for;
use crate::ports::{
    Draft, FoundRecord, HeldRecord, Record, RecordName, RecordPlace, Referral, Referred, RequestDetail,
    RequestRow, Restriction, SealedSegment, Store, StoreError,
};
use crate::wire::{Text, law_digests};
use comity_terms::ids::{RequestId, SegmentId};
use comity_terms::{Act, Asserter, Digest, Entropy as _, ExchangeId, Facts, PackSlug, Party, Timestamp};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};

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
    /// What was ordered of partners.
    pub ordered: Vec<OrderedThere>,
    /// The records that were put right here.
    pub corrected: Vec<CorrectedRecord>,
    /// The records that were sent and name the person, by exchange and place.
    pub sent: Vec<RecordName>,
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

/// Files what a partner passes on, or keeps that it was not taken: where nothing is filed, `referred` says why.
///
/// # Errors
/// As [`file`]; [`StoreError::Conflict`] when the case is here already.
pub(super) async fn file_referred<W: Desk>(
    world: &W,
    kind: Kind,
    filing: Option<&Filing<'_>>,
    referred: Referred,
) -> Result<RequestRow, ExchangeError> {
    let filing_of = (kind, filing.map(|filing| filing.claim));
    match try_file(world, filing_of, Some(referred.clone())).await {
        Err(ExchangeError::Store(StoreError::KeyClosed(_))) => {
            try_file(world, filing_of, Some(referred)).await.map(|filed| filed.row)
        }
        filed => filed.map(|filed| filed.row),
    }
}

/// Files a request: what is stated is sealed, and by when it is answered is fixed by the law as it stands. Nothing is
/// looked up.
///
/// # Errors
/// [`ExchangeError::Law`] when this party's law is not here; nothing was filed.
pub async fn file<W: Desk>(world: &W, filing: &Filing<'_>) -> Result<Filed, ExchangeError> {
    let filing = (filing.kind, Some(filing.claim));
    match try_file(world, filing, None).await {
        // Sealed under a key that was being destroyed: nothing was kept, and a later key takes it.
        Err(ExchangeError::Store(StoreError::KeyClosed(_))) => try_file(world, filing, None).await,
        filed => filed,
    }
}

async fn try_file<W: Desk>(
    world: &W,
    (kind, claim): (Kind, Option<&Claim>),
    referred: Option<Referred>,
) -> Result<Filed, ExchangeError> {
    let now = world.now();
    let digests = world.adopted_now();
    let asking = Asking { kind, at: now, digests: digests.clone(), facts: Facts::new() };
    let said = of_request(world, &asking, now)?;
    // A law that says nothing of it leaves it due at once: late is seen, never is not.
    let due = said.owes("answer").and_then(|answer| answer.due.as_ref());
    let number = RequestId::draw(&mut world.entropy());
    let code = code(&world.entropy().bytes::<20>());
    let stated =
        claim.map(|claim| sealed(world, *number.as_bytes(), &claim.to_bytes(), world.request_until(now)));
    let stated = stated.transpose()?;
    let nothing = || SegmentId::draw(&mut world.entropy());
    let row = RequestRow {
        id: number,
        action: kind.action(),
        open: stated.is_some(),
        filed_at: now,
        due_operational: due.map_or(now, |due| due.operational),
        due_legal_latest: due.map_or(now, |due| due.legal_latest),
        decided_at: stated.is_none().then_some(now),
        version: 1,
        case: referred.as_ref().map(|from| from.case.0),
        entered: true,
        next_at: None,
        detail: RequestDetail {
            code: Text(code_digest(number, &code)),
            laws: digests.into_iter().map(|(pack, digest)| (Text(pack), Text(digest))).collect(),
            claim: Text(stated.as_ref().map_or_else(nothing, |segment| segment.id)),
            answer: None,
            outcome: stated.is_none().then(|| "refused".to_owned()),
            officer: None,
            orders: Vec::new(),
            corrected: Vec::new(),
            lifted: None,
            referrals: Vec::new(),
            referred,
        },
    };
    let facts = json!({
        "request": number.to_string(),
        "action": row.action.to_string(),
        "laws": law_digests(&said.laws),
        "due_operational": row.due_operational.to_string(),
        "due_legal_latest": row.due_legal_latest.to_string(),
        "referred": row.detail.referred.as_ref().map(|from| json!({
            "case": from.case,
            "from": from.from,
            "origin": from.origin,
            "identity_verified": from.identity_verified,
            "not_taken": from.reasons,
        })),
    });
    let (entry, opening) = drawn(world, Act::RequestFiled, facts, (&world.signatory().home(), None), now)?;
    let record = Record {
        entries: vec![Draft { entry, opening: opening.id, exchange: None }],
        segments: [opening].into_iter().chain(stated).collect(),
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
    let claim_held = claim_segment.as_ref().map(held_alone).unwrap_or_default();
    let mut about = decision.about.clone();
    // A partner that passes a request on vouches for who asks, by its signature.
    let vouched = row.detail.referred.as_ref().is_some_and(|from| from.identity_verified);
    let identity_verified = decision.identity_verified || vouched;
    about.know("identity_verified", identity_verified, Asserter::Gateway);
    // What partners are told of the case: what the officer states, and that the officer is trained.
    let mut officers = decision.facts.clone();
    if let Some(trained) = decision.about.get("training_valid") {
        officers.know("training_valid", trained.value.clone(), trained.asserter);
    }
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
    let (mut held, mut names, mut corrections) = (Held::default(), Vec::new(), Vec::new());
    let (mut drafted, mut partners, mut stated) = (Vec::new(), BTreeMap::new(), None);
    if request.grants() {
        let claim = claim_segment.as_ref().map_or(Ok(None), |segment| opened_claim(world, segment))?;
        let claim = claim.ok_or_else(|| {
            ExchangeError::proof("what the person stated is erased: nothing can be looked for")
        })?;
        let Found { records, sent } = found(world, &claim).await?;
        partners = concerned(world, &records).await?;
        // Who complains is heard, not told.
        if kind != Kind::Complain {
            held = Held::of(world, &asking, records).await?;
            (names, corrections) = (sent, claim.corrections());
        }
        stated = Some(claim);
    }
    held.preserve(world, now).await?;
    let by = json!({ "request": row.id.to_string(), "by": decision.by });
    let mut erased = None;
    let erasing: Vec<HeldRecord> =
        held.following(Consequence::Erase).map(|granted| granted.record.held.clone()).collect();
    if !erasing.is_empty() {
        erased = Some(erase_for(world, &erasing, &by).await?);
    }
    let corrected = correct(world, &held, &corrections, &by).await?;
    let restricting = held.following(Consequence::Restrict).map(|granted| &granted.record);
    let restrictions = restrictions(row.id, restricting, now);
    let person = ForPerson { number: row.id, facts: &officers, by: &by, now };
    let ordered = order_there(world, &person, &held.sent_consequences, &names).await?;
    if let Some(claim) = &stated {
        partners.retain(|partner, _| goes(kind, partner, &ordered));
        let asking = Asking { at: now, digests: world.adopted_now(), ..asking.clone() };
        let going = GoingOn { row: &row, asking: &asking, claim, identity_verified, now };
        drafted = draft(world, &going, partners).await?;
    }
    let place = |record: &FoundRecord| record.held.place();
    let right: BTreeSet<RecordPlace> = corrected.iter().map(|record| place(&record.was)).collect();
    for sent in &mut held.sent_told {
        let of = ordered.iter().find(|there| there.order.exchange.0 == sent.exchange);
        sent.ordered = of.filter(|there| there.refused.is_empty()).map(|there| there.order.action);
    }
    let done = [Consequence::Erase, Consequence::Restrict, Consequence::Correct].map(|what| {
        let told = held.following(what).filter(|granted| granted.told);
        let is_done =
            |granted: &&Granted| what != Consequence::Correct || right.contains(&place(&granted.record));
        DoneHere { what: what.as_str(), records: told.filter(is_done).count() as u64 }
    });
    let done: Vec<DoneHere> = done.into_iter().filter(|done| done.records > 0).collect();
    let told = Told {
        number: row.id,
        kind,
        filed_at: row.filed_at,
        decided_at: now,
        due: row.due_legal_latest,
        party: world.signatory().party.clone(),
    };
    let given = match kind {
        Kind::Access | Kind::Port => copies(world, held.told()).await?,
        _ => held.told().map(|found| described(found, None)).collect(),
    };
    let answer = answer(&told, &request, &remedies, (&given, &held.sent_told, &held.declined), &done);
    let record = json!({
        "request": row.id.to_string(),
        "action": row.action.to_string(),
        "identity_verified": identity_verified,
        "vouched": vouched,
        "referred": drafted.iter().map(Drafted::told).collect::<Json>(),
        "laws": law_digests(&request.laws),
        "ruling": request.recorded(0),
        "held": held.granted.len() + held.withheld,
        "granted": held.granted.len(),
        "withheld": held.withheld,
        "preserved": held.preserved,
        "sent": held.sent.len() + held.sent_withheld,
        "sent_withheld": held.sent_withheld,
        "erased": erased.map(|erased| erased.records),
        "restricted": restrictions.iter().map(|row| row.exchange.to_string()).collect::<Json>(),
        "corrected": corrected.len(),
        "ordered": ordered.iter().map(|there| json!({
            "order": there.order.order.0.to_string(),
            "exchange": there.order.exchange.0.to_string(),
            "to": there.to.to_string(),
            "action": there.order.action.as_str(),
            "refused": there.refused,
        })).collect::<Json>(),
        "classes": held.classes,
        "decided": decision.by,
    });
    let outcome = if request.grants() { "answered" } else { "refused" };
    let orders = ordered.iter().filter(|there| there.refused.is_empty()).map(|there| there.order.clone());
    let of: BTreeSet<ExchangeId> = corrected.iter().filter_map(|record| record.was.held.exchange).collect();
    let detail = RequestDetail {
        orders: orders.collect(),
        corrected: of.into_iter().map(Text).collect(),
        ..row.detail.clone()
    };
    let row = RequestRow { detail, ..row };
    let end = async || {
        let told = (&answer, outcome, &record);
        let change = (&claim_held[..], restrictions.clone(), &drafted[..]);
        closed(world, row.clone(), decision, told, change, now).await
    };
    let row = match end().await {
        // As in filing.
        Err(ExchangeError::Store(StoreError::KeyClosed(_))) => end().await?,
        ended => ended?,
    };
    let elsewhere = held.sent.iter().map(|sent| Elsewhere {
        to: sent.to.clone(),
        exchange: sent.exchange,
        agreement: sent.agreement.clone(),
        kind,
    });
    Ok(Decided { elsewhere: elsewhere.collect(), row, answer, record, ordered, corrected, sent: names })
}

/// Records the answer, sealed; what the person stated ends with it.
async fn closed<W: Desk>(
    world: &W,
    row: RequestRow,
    decision: &Decision,
    (answer, outcome, record): (&Answer, &str, &Json),
    (claim, restrictions, drafted): (&[HeldRecord], Vec<Restriction>, &[Drafted]),
    now: Timestamp,
) -> Result<RequestRow, ExchangeError> {
    let segment = sealed(world, *row.id.as_bytes(), &answer.0, world.request_until(now))?;
    let home = world.signatory().home();
    let (entry, opening) = drawn(world, Act::RequestDecided, record.clone(), (&home, None), now)?;
    let due = row.due_legal_latest.max(now);
    let referrals: Vec<Referral> =
        drafted.iter().map(|drafted| drafted.with_entry(world, entry, due, now)).collect();
    let row = RequestRow {
        open: false,
        decided_at: Some(now),
        version: row.version + 1,
        case: row.case.or_else(|| drafted.iter().find_map(Drafted::case)),
        entered: true,
        next_at: next_of(&referrals),
        detail: RequestDetail {
            answer: Some(Text(segment.id)),
            outcome: Some(outcome.to_owned()),
            officer: Some(decision.officer.clone()),
            referrals,
            ..row.detail
        },
        ..row
    };
    let mut change = Record {
        entries: vec![Draft { entry, opening: opening.id, exchange: None }],
        segments: vec![opening, segment],
        requests: vec![row.clone()],
        restrictions,
        ..Record::default()
    };
    let mut enter = |act, facts| {
        let (entry, opening) = drawn(world, act, facts, (&world.signatory().home(), None), now)?;
        change.entries.push(Draft { entry, opening: opening.id, exchange: None });
        change.segments.push(opening);
        Ok::<_, ExchangeError>(())
    };
    if !claim.is_empty() {
        enter(Act::RecordsErased, crate::erase::facts_of(claim, "no_longer_needed"))?;
    }
    change.erased = erasure_of(claim, now);
    world.store().record(change).await?;
    Ok(row)
}

pub(super) fn opened_claim<W: Desk>(
    world: &W,
    segment: &SealedSegment,
) -> Result<Option<Claim>, ExchangeError> {
    let Some(clear) = clear(world, segment)? else { return Ok(None) };
    Claim::read(clear.as_bytes()).map(Some).map_err(ExchangeError::proof)
}

/// Whether another hand was faster.
#[must_use]
pub fn overtaken(error: &ExchangeError) -> bool {
    matches!(error, ExchangeError::Store(StoreError::Conflict(_)))
}
