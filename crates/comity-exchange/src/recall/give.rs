//! The origin's side: an officer orders, the laws decide whether the order goes out, and it is recorded before it does.

use super::{Ruled, ask, first_hop, withdrawn};
use crate::ExchangeError;
use crate::act::{enter, note};
use crate::federation::recall::{EXCHANGES_MAX, HopExchange, HopRecords, OrderHeader, RecallAction};
use crate::ports::{ExchangeRow, RecallRow, Recalls, Record, Store, StoreError};
use crate::report::{ExchangeOutcome, Side};
use crate::shell::Shell;
use crate::wire::{Base64, Text, WireFact, facts_to_wire};
use comity_agreement::{Decision, Outcome};
use comity_terms::ids::OrderId;
use comity_terms::{Act, Asserter, ExchangeId, Facts, ReasonCode, Timestamp};
use serde_json::{Value as Json, json};

/// What an officer orders.
#[derive(Debug, Clone)]
pub struct Giving {
    /// The order.
    pub order: OrderId,
    /// The exchange: one that this gateway gave.
    pub exchange: ExchangeId,
    /// Which of its records; `None`: all of them.
    pub records: Option<Vec<HopRecords>>,
    /// What is to become of it.
    pub action: RecallAction,
    /// The restriction that is lifted, where it is not every one of this gateway.
    pub lifts: Option<OrderId>,
    /// The exchange that has it right, for a correction: given to the same partner.
    pub replaced_by: Option<ExchangeId>,
    /// Why, in the vocabulary's words.
    pub ground: ReasonCode,
    /// What the officer states, and what the gateway knows of the officer.
    pub facts: Facts,
    /// By whose key it is ordered, in words that an entry may hold: a key and its signature.
    pub by: Json,
    /// The instant of the act, UTC.
    pub at: Timestamp,
}

/// What became of an order at its origin.
#[derive(Debug, Clone)]
pub struct Given {
    /// What the laws said.
    pub decision: Decision,
    /// By when every holder owes an answer, UTC; `None` where no law says.
    pub due: Option<Timestamp>,
    /// The message that goes out, claimed for whoever asked; `None` where the laws refuse.
    pub row: Option<RecallRow>,
}

/// The act that telling a holder is, in the vocabulary's words.
const TELL: &str = "correct_sent";

/// Decides whether an order goes out, and records it with its first message.
///
/// # Errors
/// [`ExchangeError::Question`] when the exchange is none that this gateway gave, or its laws cannot be asked; nothing
/// happened then. Others as everywhere.
pub async fn give<W: Shell>(world: &W, giving: &Giving) -> Result<Given, ExchangeError> {
    match try_give(world, giving).await {
        // The offer was still waiting, and was answered meanwhile: now it is known what there is to call back.
        Err(ExchangeError::Store(StoreError::Conflict(_))) => try_give(world, giving).await,
        given => given,
    }
}

async fn try_give<W: Shell>(world: &W, giving: &Giving) -> Result<Given, ExchangeError> {
    let Giving { order, exchange, records, action, lifts, replaced_by, ground, facts, by, at } = giving;
    let unknown = || ExchangeError::Question(format!("no exchange {exchange} is recorded here"));
    let row = world.store().exchange(*exchange).await?.ok_or_else(unknown)?;
    if row.side != Side::Sender {
        let sender = &row.peer;
        return Err(ExchangeError::Question(format!(
            "exchange {exchange} was received here: {sender} gave it, and orders what becomes of it"
        )));
    }
    if row.peer == world.signatory().party || !may_have_arrived(world, &row).await? {
        return Err(ExchangeError::Question(format!(
            "nothing of exchange {exchange} was given to a partner"
        )));
    }
    if *action == RecallAction::Bar {
        let text = "to whom something is not passed on follows from removing a partner: `comity peer remove`";
        return Err(ExchangeError::Question(text.to_owned()));
    }
    if (*action == RecallAction::Correct) != replaced_by.is_some() {
        let text = "a correction names the exchange that has it right, and nothing else does";
        return Err(ExchangeError::Question(text.to_owned()));
    }
    if let Some(right) = replaced_by {
        let given = world.store().exchange(*right).await?.filter(|given| {
            given.side == Side::Sender && given.peer == row.peer && given.id != row.id && went(given.outcome)
        });
        given.ok_or_else(|| {
            ExchangeError::Question(format!(
                "exchange {right} gave nothing to {}: give it what is right first",
                row.peer
            ))
        })?;
    }
    let lent = world.laws(&row.agreement, &row.peer).ok_or_else(|| {
        ExchangeError::Question(format!("`{}` is not adopted here any more", row.agreement))
    })?;
    let own = &world.signatory().party;
    let asked = (TELL, &row.agreement);
    let Ruled { decision, asked, ruling, due, .. } =
        ask(world, asked, (own, &row.peer), facts, row.objects, (&lent, *at))?;
    let opened = json!({
        "order": order.to_string(),
        "exchange": exchange.to_string(),
        "action": action.as_str(),
        "replaced_by": replaced_by.map(|right| right.to_string()),
        "lifts": lifts.map(|lifted| lifted.to_string()),
        "ground": ground.to_string(),
        "to": row.peer.to_string(),
        "due": due.map(|due| due.to_string()),
        "asked": asked,
        "rulings": [ruling],
        "ordered": by,
    });
    if decision.outcome != Outcome::Permitted {
        note(world, Act::RecallOrdered, (opened, None), *at).await?;
        return Ok(Given { decision, due, row: None });
    }
    let exchanges = offered(world, &row).await?;
    let until = world.claimed_until(*at);
    enter(world, Act::RecallOrdered, (opened, None), *at, |entry| {
        let signed = OrderHeader {
            version: 1,
            order_id: Text(*order),
            origin: Text(own.clone()),
            action: *action,
            ground: Text(ground.clone()),
            exchanges: exchanges.iter().copied().map(Text).collect(),
            replaced_by: replaced_by.map(Text),
            lifts: lifts.map(Text),
            party: None,
            facts: told(facts),
            at: Text(*at),
            due: due.map(Text),
            entry: Base64(entry.to_bytes().to_vec()),
        }
        .sign(&world.signatory().key);
        let hops =
            exchanges.iter().map(|id| HopExchange { exchange_id: Text(*id), records: records.clone() });
        let hop = first_hop(world.signatory(), signed, &row.peer, hops.collect(), *at);
        // It is sent at once by whoever gives it.
        let message = RecallRow {
            due,
            attempts: 1,
            next_at: until,
            ..RecallRow::given(hop, *order, row.peer.clone(), *at)
        };
        let (settled, exchanges) = withdrawn(&row, *at);
        Record { recalls: vec![message], settled, exchanges, ..Record::default() }
    })
    .await?;
    let row = world.store().recalls(Some(*order)).await?.pop();
    Ok(Given { decision, due, row })
}

/// The exchange, and those of its chain that were offered before it, the newest first: its receiver may have accepted one
/// whose answer was never heard, and holds the records by that name.
async fn offered<W: Shell>(world: &W, row: &ExchangeRow) -> Result<Vec<ExchangeId>, ExchangeError> {
    let mut all = vec![row.id];
    let mut before = row.supersedes;
    while let Some(id) = before.filter(|_| all.len() < EXCHANGES_MAX) {
        let Some(earlier) = world.store().exchange(id).await? else { break };
        before = earlier.supersedes;
        if earlier.offer.is_some() && earlier.peer == row.peer {
            all.push(id);
        }
    }
    Ok(all)
}

/// Whether something of an exchange that this gateway gave may be at its receiver: it went, is to go, or its answer was never
/// heard.
pub(super) async fn may_have_arrived<W: Shell>(world: &W, row: &ExchangeRow) -> Result<bool, ExchangeError> {
    if went(row.outcome) || row.offer.is_none() {
        return Ok(went(row.outcome));
    }
    Ok(world.store().partner_receipt(row.id).await?.is_none())
}

/// Whether something of an exchange went to its receiver, or is to go.
fn went(outcome: ExchangeOutcome) -> bool {
    use ExchangeOutcome::{Delivered, PartlyDelivered, Queued};
    matches!(outcome, Delivered | PartlyDelivered | Queued)
}

/// What holders are told of the case: what officers and offices state.
fn told(facts: &Facts) -> Vec<WireFact> {
    let mut told = Facts::new();
    for (key, fact) in facts.iter() {
        if matches!(fact.asserter, Asserter::Officer | Asserter::Office) {
            told.state(key.clone(), fact.value.clone(), Asserter::Partner);
        }
    }
    facts_to_wire(&told)
}
