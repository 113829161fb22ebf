//! The end of a restriction that a person asked for: ordered by an officer, never by the passing of time.

use super::Desk;
use super::claim::{Kind, reason};
use super::effect::{ForPerson, OrderedThere, order_of, order_one};
use super::law::{Asking, of_request};
use crate::ExchangeError;
use crate::act::enter;
use crate::federation::recall::{HopRecords, RecallAction, TakenHop};
use crate::ports::{Recalls as _, Record, RequestDetail, RequestRow, Restriction, Way};
use crate::wire::Text;
use comity_terms::ids::OrderId;
use comity_terms::{Act, Facts, ReasonCode, Timestamp};
use serde_json::{Value as Json, json};

/// How somebody ends a restriction.
#[derive(Debug, Clone)]
pub struct Lifting {
    /// Why, in the vocabulary's words.
    pub ground: ReasonCode,
    /// Whether the person was told before.
    pub person_informed: bool,
    /// What the gateway knows of the officer.
    pub facts: Facts,
    /// Whose order it is, in words that an entry may hold: a key and its signature.
    pub by: Json,
}

/// Ends what a request restricts, here and by orders at partners. What other orders restrict stays restricted.
///
/// # Errors
/// [`ExchangeError::Question`] when it restricts nothing, or the law asks that the person be told before and nobody says
/// that they were; nothing happened then.
pub async fn lift<W: Desk>(
    world: &W,
    row: RequestRow,
    lifting: &Lifting,
    now: Timestamp,
) -> Result<(RequestRow, Vec<OrderedThere>), ExchangeError> {
    let here = world.store().restricted_by(order_of(row.id)).await?;
    let here: Vec<Restriction> =
        here.into_iter().filter(|restriction| restriction.lifted.is_none()).collect();
    let restricts = |action| action == RecallAction::Restrict;
    let there: Vec<_> = row.detail.orders.iter().filter(|order| restricts(order.action)).cloned().collect();
    if row.open || row.detail.lifted.is_some() || (here.is_empty() && there.is_empty()) {
        return Err(ExchangeError::Question(format!("request {} restricts nothing", row.id)));
    }
    let digests = row.detail.laws.iter().map(|(pack, digest)| (pack.0.clone(), digest.0)).collect();
    let facts = lifting.facts.clone();
    let said = of_request(world, &Asking { kind: Kind::Restrict, at: row.filed_at, digests, facts }, now)?;
    if let Some(duty) = said.owes(INFORM).filter(|_| !lifting.person_informed) {
        let (_, pack, article, _) = &duty.source;
        return Err(ExchangeError::Question(format!(
            "the person is to be told before the restriction is lifted ({pack}, {article})"
        )));
    }
    // First what partners are to do: a crash between leaves it restricted here, and lifting again orders nothing twice.
    let by = json!({ "request": row.id.to_string(), "by": lifting.by });
    let person = ForPerson { number: row.id, facts: &lifting.facts, by: &by, now };
    let mut ordered = Vec::new();
    for order in &there {
        let Some(records) = records_of(world, order.order.0).await? else { continue };
        let why = (RecallAction::Lift, reason("restriction_ended"));
        ordered.extend(order_one(world, &person, order.exchange.0, why, records).await?);
    }
    let row = RequestRow {
        version: row.version + 1,
        entered: false,
        detail: RequestDetail { lifted: Some(Text(now)), ..row.detail },
        ..row
    };
    let lifted: Vec<Restriction> =
        here.into_iter().map(|restriction| Restriction { lifted: Some(now), ..restriction }).collect();
    let facts = json!({
        "request": row.id.to_string(),
        "ground": lifting.ground.to_string(),
        "person_informed": lifting.person_informed,
        "lifted": lifted.iter().map(|row| row.exchange.to_string()).collect::<Json>(),
        "ordered": ordered.iter().map(|there| there.order.order.0.to_string()).collect::<Json>(),
        "by": lifting.by,
    });
    enter(world, Act::RequestLifted, (facts, None), now, |_| Record {
        requests: vec![row.clone()],
        restrictions: lifted.clone(),
        ..Record::default()
    })
    .await?;
    Ok((row, ordered))
}

/// The records that an order of this gateway named.
async fn records_of<W: Desk>(world: &W, order: OrderId) -> Result<Option<Vec<HopRecords>>, ExchangeError> {
    let rows = world.store().recalls(Some(order)).await?;
    let given = rows.iter().find(|row| row.way == Way::Given && row.parent.is_none());
    let Some(row) = given else { return Ok(None) };
    let (hop, _) = TakenHop::stored(&row.header)?;
    Ok(hop.exchanges.into_iter().next().and_then(|exchange| exchange.records))
}

/// The duty to tell the person before.
const INFORM: &str = "inform_before_lifting";
