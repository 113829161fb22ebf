//! A holder's side: one order, start to finish.
//!
//! ```text
//! 1 read      the signatures of the sender and of the origin, the origin's receipt, the form
//! 2 find      the same message came before: what is left of it is done, and the same answer is given
//! 3 admit     every exchange that it speaks of came from whoever sends it
//! 4 decide    our own laws, and our own duties to preserve
//! 5 record    the decision, with the messages to our own holders, in one transaction
//! 6 carry out erase, or restrict
//! 7 record    what was done, with the signed answer
//! 8 answer    with our receipt, and what our own holders have answered so far
//! ```

use super::answered::answered;
use super::onward::{Named, Onward};
use super::{Ruled, ask, keys_of, lifted};
use crate::ExchangeError;
use crate::act::enter;
use crate::audit::recorded::RecordedQuestion;
use crate::erase::{Against, Order as Erasing, erase_unheld};
use crate::federation::recall::{
    ExchangeResult, Known, OrderHeader, RecallAction, RecallAnswerHeader, RecallResult, TakenHop,
};
use crate::misbehaviour::{Misbehaviour, misbehaved};
use crate::ports::{
    Bar, ExchangeRow, HeldRecord, Peer, RecallRow, Recalls, Record, Restriction, Store, StoreError, Way,
};
use crate::report::{CitationReport, ExchangeOutcome, Side};
use crate::shell::Shell;
use crate::wire::{Base64, Text, facts_from_wire};
use comity_agreement::Outcome;
use comity_terms::ids::OrderId;
use comity_terms::{Act, Asserter, ExchangeId, Facts, Party, ReasonCode, Timestamp};
use serde_json::{Value as Json, json};

/// Why an order gets no signed answer: the peer's mistake, for the door to report in its own format.
#[derive(Debug, thiserror::Error)]
pub enum TakeError {
    /// The message does not read, is forged, or proves nothing. It was recorded.
    #[error("the order is not accepted: {0}")]
    Misbehaved(String),
    /// It speaks of an exchange that did not come from whoever sends it. It was recorded.
    #[error("exchange {0} did not come from you: only its sender orders what becomes of it")]
    Foreign(ExchangeId),
    /// Another order was taken under this id. It was recorded.
    #[error("another order was taken under the id {0}")]
    Conflict(comity_terms::ids::OrderId),
    /// We failed; the sender tries again.
    #[error(transparent)]
    Failed(#[from] ExchangeError),
}

impl From<StoreError> for TakeError {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

/// The act that erasing for another is, in the vocabulary's words.
const ERASE: &str = "erasure_request";

/// The act that putting right for another is.
const CORRECT: &str = "rectification_request";

/// Takes one order from a partner, and gives the answer to send. `known` gives the keys of parties that are known here;
/// `destroyed_by` is when no copy of what is erased now opens any more.
///
/// # Errors
/// [`TakeError`]; nothing was decided or erased then, but for what [`Failed`](TakeError::Failed) leaves half done: it is
/// taken up again when the message comes again.
pub async fn take<W: Shell>(
    world: &W,
    peer: &Peer,
    bytes: &[u8],
    known: impl Fn(&Party) -> Option<Known>,
    (now, destroyed_by): (Timestamp, Timestamp),
) -> Result<Vec<u8>, TakeError> {
    let keys = keys_of(peer)?;
    let of = |party: &Party| if *party == peer.party { Some(keys.clone()) } else { known(party) };
    let taken = match TakenHop::read(bytes, (&peer.party, &world.signatory().party), of) {
        Ok(taken) => taken,
        Err(error) => {
            let kind = Misbehaviour::of_recall(&error).unwrap_or(Misbehaviour::RecallUnreadable);
            misbehaved(world, peer, kind, None, now).await?;
            return Err(TakeError::Misbehaved(error.to_string()));
        }
    };
    let order = taken.order.order_id.0;
    let found = world.store().recall(taken.message).await?;
    if let Some(row) = found {
        let mine = admitted(world, peer, &taken, now).await?;
        return done(world, peer, (row, true), &taken, &mine, (now, destroyed_by)).await;
    }
    for row in world.store().recalls(Some(order)).await? {
        if TakenHop::stored(&row.header)?.0.order.0 != taken.hop.order.0 {
            misbehaved(world, peer, Misbehaviour::RecallConflict, None, now).await?;
            return Err(TakeError::Conflict(order));
        }
    }
    let mine = admitted(world, peer, &taken, now).await?;
    let row = match decide(world, peer, &taken, &mine, now).await {
        // Another try was faster: what is stored by now goes on.
        Err(ExchangeError::Store(StoreError::Conflict(_))) => None,
        // Facts that are none: the order is not one that law can be asked about.
        Err(ExchangeError::Question(why)) => {
            misbehaved(world, peer, Misbehaviour::RecallUnreadable, None, now).await?;
            return Err(TakeError::Misbehaved(why));
        }
        decided => Some(decided?),
    };
    let row = match row {
        Some(row) => (row, false),
        None => (stored(world, &taken).await?, true),
    };
    done(world, peer, row, &taken, &mine, (now, destroyed_by)).await
}

async fn stored<W: Shell>(world: &W, taken: &TakenHop) -> Result<RecallRow, ExchangeError> {
    let row = world.store().recall(taken.message).await?;
    row.ok_or_else(|| ExchangeError::proof("a taken order is not stored"))
}

/// 3: the exchanges of the hop that are here, all of which came from whoever sends it.
async fn admitted<W: Shell>(
    world: &W,
    peer: &Peer,
    taken: &TakenHop,
    now: Timestamp,
) -> Result<Vec<ExchangeRow>, TakeError> {
    let mut mine = Vec::new();
    for exchange in &taken.hop.exchanges {
        let id = exchange.exchange_id.0;
        let Some(row) = world.store().exchange(id).await? else { continue };
        if row.side != Side::Receiver || row.peer != peer.party {
            misbehaved(world, peer, Misbehaviour::RecallForeign, Some(id), now).await?;
            return Err(TakeError::Foreign(id));
        }
        if mine.first().is_some_and(|first: &ExchangeRow| first.agreement != row.agreement) {
            misbehaved(world, peer, Misbehaviour::RecallUnreadable, Some(id), now).await?;
            return Err(TakeError::Misbehaved("its exchanges are under several agreements".to_owned()));
        }
        mine.push(row);
    }
    Ok(mine)
}

/// 4 and 5: the decision, recorded with what is passed on.
async fn decide<W: Shell>(
    world: &W,
    peer: &Peer,
    taken: &TakenHop,
    mine: &[ExchangeRow],
    now: Timestamp,
) -> Result<RecallRow, ExchangeError> {
    let ruled = rule(world, peer, taken, mine, now)?;
    let due = ruled.as_ref().and_then(|ruled| ruled.due).or(taken.order.due.map(|due| due.0));
    let onward = Onward::of(world, taken, mine).await?;
    let row = RecallRow {
        message: taken.message,
        order: taken.order.order_id.0,
        way: Way::Taken,
        peer: peer.party.clone(),
        parent: None,
        header: taken.header.clone(),
        signature: taken.signature.0,
        receipt: Some(taken.receipt.clone()),
        at: now,
        due,
        version: 1,
        entered: false,
        answer: None,
        complete: false,
        attempts: 0,
        next_at: now,
    };
    let (asked, rulings) = match &ruled {
        Some(ruled) => (Some(&ruled.asked), vec![&ruled.ruling]),
        None => (None::<&RecordedQuestion>, Vec::new()),
    };
    let mut facts = facts_of(taken, &ground(world, taken, mine));
    facts["asked"] = json!(asked);
    facts["rulings"] = json!(rulings);
    facts["due"] = json!(due.map(|due| due.to_string()));
    facts["onward"] = json!(onward.parties());
    let changed = |_| {
        let absent = lifted::absent(taken, mine);
        let mut restrictions = lifted::marks(taken, mine, now);
        restrictions.extend(absent.iter().map(|id| lifted::called_back(taken, *id, now)));
        let mut record = Record { recalls: vec![row.clone()], restrictions, absent, ..Record::default() };
        onward.put(world, taken, (now, due), &mut record);
        record
    };
    enter(world, Act::RecallTaken, (facts, None), now, changed).await?;
    Ok(row)
}

/// What our laws say; nothing where none is asked: nothing is here, or nothing is loosened by it.
fn rule<W: Shell>(
    world: &W,
    peer: &Peer,
    taken: &TakenHop,
    mine: &[ExchangeRow],
    at: Timestamp,
) -> Result<Option<Ruled>, ExchangeError> {
    let Some(first) = mine.first().filter(|_| taken.order.action.erases()) else { return Ok(None) };
    let lent = world.laws(&first.agreement, &peer.party).ok_or_else(|| {
        ExchangeError::Law(format!("what becomes of an exchange: `{}` is not adopted", first.agreement))
    })?;
    let said = facts_from_wire(&taken.order.facts)
        .ok_or_else(|| ExchangeError::Question("its facts do not read".to_owned()))?;
    // Whoever is said to say so: here it is a partner's word.
    let mut facts = Facts::new();
    for (key, fact) in said.iter() {
        facts.state(key.clone(), fact.value.clone(), Asserter::Partner);
    }
    let objects = mine.iter().map(|row| row.objects).sum();
    let act = if taken.order.action == RecallAction::Correct { CORRECT } else { ERASE };
    let asked = (act, &first.agreement);
    let own = &world.signatory().party;
    Ok(Some(ask(world, asked, (own, &peer.party), &facts, objects, (&lent, at))?))
}

/// Why it is erased, in our own words: what the sender says, where our laws know it.
fn ground<W: Shell>(world: &W, taken: &TakenHop, mine: &[ExchangeRow]) -> ReasonCode {
    let said = &taken.order.ground.0;
    let lent = mine.first().and_then(|row| world.laws(&row.agreement, &row.peer));
    let known = lent.is_some_and(|lent| lent.laws.vocabulary.reasons().contains_key(said));
    // Unwrap safety: the word is one.
    if known { said.clone() } else { ORDERED.parse().expect("a reason code") }
}

/// The reason where the sender's is none that is known here.
const ORDERED: &str = "erasure_ordered";

/// What every opening about a taken order tells of it.
fn facts_of(taken: &TakenHop, ground: &ReasonCode) -> Json {
    let exchanges = taken.hop.exchanges.iter();
    json!({
        "order": taken.order.order_id.0.to_string(),
        "origin": taken.order.origin.0.to_string(),
        "from": taken.hop.sender.0.to_string(),
        "action": taken.order.action.as_str(),
        "party": taken.order.party.as_ref().map(|party| party.0.to_string()),
        "ground": ground.to_string(),
        "exchange": taken.hop.exchanges[0].exchange_id.0.to_string(),
        "exchanges": exchanges.map(|exchange| exchange.exchange_id.0.to_string()).collect::<Vec<_>>(),
    })
}

/// 6 to 8, or the answer again where they are done.
async fn done<W: Shell>(
    world: &W,
    peer: &Peer,
    (row, again): (RecallRow, bool),
    taken: &TakenHop,
    mine: &[ExchangeRow],
    (now, destroyed_by): (Timestamp, Timestamp),
) -> Result<Vec<u8>, TakeError> {
    if row.answer.is_some() {
        return Ok(answered(world, row).await?);
    }
    // The same question at the same instant: what was recorded comes out again.
    let ruled = rule(world, peer, taken, mine, row.at)?;
    let erases = taken.order.action.erases();
    let (mut results, mut restrictions) = (Vec::new(), Vec::new());
    let bars = bars(taken, mine);
    for exchange in &taken.hop.exchanges {
        let id = exchange.exchange_id.0;
        let held = mine.iter().find(|held| held.id == id && held.outcome == ExchangeOutcome::Delivered);
        let mut result = ExchangeResult {
            exchange_id: Text(id),
            result: RecallResult::NotFound,
            records: 0,
            reasons: Vec::new(),
            escalate_to: Vec::new(),
            citations: ruled
                .iter()
                .flat_map(|ruled| &ruled.decision.citations)
                .map(CitationReport::from)
                .collect(),
        };
        if let Some(held) = held {
            let named = Named::of(exchange).with_corrected(&world.store().derived_from(id).await?);
            carry_out(world, taken, held, &named, ruled.as_ref(), &mut result, &mut restrictions, now)
                .await?;
            if again && erases && result.result == RecallResult::NotFound {
                // What was decided before a crash was done before it too.
                (result.result, result.records) = (RecallResult::Completed, held.objects);
            }
        }
        results.push(result);
    }
    // What was passed on since the order was taken: nothing of it is any more from here on.
    let onward = Onward::of(world, taken, mine).await?;
    let due = row.due;
    let mut facts = facts_of(taken, &ground(world, taken, mine));
    if !onward.parties().is_empty() {
        facts["onward"] = json!(onward.parties());
    }
    facts["results"] = results.iter().map(result_json).collect();
    let erased = results.iter().any(|r| r.result == RecallResult::Completed && r.records > 0);
    let erased = erased && erases;
    let changed = |entry: crate::entry::PublicEntry| {
        let answer = RecallAnswerHeader {
            version: 1,
            order_id: taken.order.order_id,
            message: Text(taken.message),
            holder: Text(world.signatory().party.clone()),
            at: Text(now),
            results: results.clone(),
            destroyed_by: erased.then_some(Text(destroyed_by)),
            entry: Base64(entry.to_bytes().to_vec()),
        }
        .sign(&world.signatory().key);
        let kept = [&answer.signature.0[..], &answer.header].concat();
        let row = RecallRow {
            version: row.version + 1,
            entered: true,
            answer: Some(kept),
            complete: true,
            ..row.clone()
        };
        let mut record = Record {
            recalls: vec![row],
            restrictions: restrictions.clone(),
            bars: bars.clone(),
            ..Record::default()
        };
        onward.put(world, taken, (now, due), &mut record);
        record
    };
    match enter(world, Act::RecallDone, (facts, None), now, changed).await {
        Ok(_) | Err(ExchangeError::Store(StoreError::Conflict(_))) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(answered(world, stored(world, taken).await?).await?)
}

/// 6: of one exchange that is held here.
#[expect(clippy::too_many_arguments, reason = "one call, and each is another thing")]
async fn carry_out<W: Shell>(
    world: &W,
    taken: &TakenHop,
    held: &ExchangeRow,
    named: &Named,
    ruled: Option<&Ruled>,
    result: &mut ExchangeResult,
    restrictions: &mut Vec<Restriction>,
    now: Timestamp,
) -> Result<(), ExchangeError> {
    let order = taken.order.order_id.0;
    let names = |record: &HeldRecord| record.name().is_some_and(|name| named.names(&name));
    let records = async || {
        let mut rows = world.store().held_of(held.id, false, u32::MAX).await?;
        rows.retain(&names);
        Ok::<_, ExchangeError>(rows)
    };
    let restriction = |records: &[HeldRecord]| {
        let names = records.iter().filter_map(HeldRecord::name).map(|name| (name.class, name.ordinal));
        let records = (!named.is_whole()).then(|| names.collect());
        Restriction { exchange: held.id, records, order, from: now, lifted: None }
    };
    match taken.order.action {
        RecallAction::Recall | RecallAction::Erase | RecallAction::Correct => {
            let refused = ruled.filter(|ruled| ruled.decision.outcome != Outcome::Permitted);
            if let Some(Ruled { decision, .. }) = refused {
                result.result = RecallResult::Refused;
                result.records = records().await?.len() as u64;
                result.reasons = decision.reasons().into_iter().map(ToString::to_string).collect();
                result.escalate_to = decision.escalate_to.iter().cloned().map(Text).collect();
                return Ok(());
            }
            let ground = ground(world, taken, std::slice::from_ref(held));
            let erasing = Erasing { exchange: held.id, ground, openings: false };
            let by = json!({ "order": order.to_string(), "origin": taken.order.origin.0.to_string() });
            let (erased, against): (_, Against) = erase_unheld(world, &erasing, &names, &by).await?;
            if erased.kept > 0 {
                // It goes when what keeps it ends; until then nobody uses it.
                result.result = RecallResult::Restricted;
                let kept = records().await?;
                result.records = kept.len() as u64;
                result.reasons = against.reasons();
                result.citations.extend(against.citations());
                restrictions.push(restriction(&kept));
                return Ok(());
            }
            result.records = erased.records;
            result.result = if result.records > 0 { RecallResult::Completed } else { RecallResult::NotFound };
        }
        RecallAction::Restrict => {
            let kept = records().await?;
            result.records = kept.len() as u64;
            if !kept.is_empty() {
                result.result = RecallResult::Completed;
            }
            // Of an exchange of which nothing is held nothing comes any more, either.
            let over = kept.is_empty() && named.is_whole()
                || lifted::is_lifted_already(world, taken, held.id).await?;
            restrictions.push(Restriction { lifted: over.then_some(now), ..restriction(&kept) });
        }
        // What is said of it is kept with the answer.
        RecallAction::Bar | RecallAction::Lift if taken.order.party.is_some() => {
            result.records = records().await?.len() as u64;
            if result.records > 0 {
                result.result = RecallResult::Completed;
            }
        }
        RecallAction::Bar | RecallAction::Lift => {
            result.records = records().await?.len() as u64;
            let (ended, others) = lifted::ended_by(world, taken, held.id, now).await?;
            if !ended.is_empty() {
                result.result = RecallResult::Completed;
            } else if others {
                result.result = RecallResult::Refused;
            } else if result.records > 0 {
                // What it ends comes later, or ended before.
                result.result = RecallResult::Completed;
            }
            restrictions.extend(ended);
            if result.result == RecallResult::Refused {
                result.reasons = vec![NOT_THEIRS.to_owned()];
            }
        }
    }
    Ok(())
}

/// What the order says of a party, of each exchange that is here: the origin's word, whose own it is to take back.
fn bars(taken: &TakenHop, mine: &[ExchangeRow]) -> Vec<Bar> {
    let Some(party) = &taken.order.party else { return Vec::new() };
    let bar = |row: &ExchangeRow| Bar {
        exchange: row.id,
        party: party.0.clone(),
        origin: taken.order.origin.0.clone(),
        at: taken.order.at.0,
        stands: taken.order.action == RecallAction::Bar,
    };
    mine.iter().map(bar).collect()
}

/// An order that was taken here; `None` where it is none of a partner.
///
/// # Errors
/// [`ExchangeError`] when the store fails.
pub(super) async fn found_order<W: Shell>(
    world: &W,
    order: OrderId,
) -> Result<Option<OrderHeader>, ExchangeError> {
    let rows = world.store().recalls(Some(order)).await?;
    let taken = rows.into_iter().find(|row| row.way == Way::Taken);
    taken.map(|row| Ok(TakenHop::stored(&row.header)?.1)).transpose()
}

/// The reason of this gateway where another origin's order, or our own law, restricted what is to be lifted.
const NOT_THEIRS: &str = "restricted_otherwise";

fn result_json(result: &ExchangeResult) -> Json {
    json!({
        "exchange": result.exchange_id.0.to_string(),
        "result": result.result.as_str(),
        "records": result.records,
        "reasons": result.reasons,
    })
}
