//! What an officer orders of data that went out, and the job that sends it until it is answered.

use crate::gateway::Gateway;
use comity_exchange::ExchangeError;
use comity_exchange::federation::recall::{Known, RecallAction};
use comity_exchange::ports::{RecallRow, Recalls as _};
use comity_exchange::recall::{Giving, claim, deliver, give, keys_of};
use comity_exchange::shell::Shell as _;
use comity_terms::ids::OrderId;
use comity_terms::{Asserter, ExchangeId, FactKey, Facts, Party};
use std::sync::Arc;

/// Orders what becomes of an exchange that this gateway gave; `None` where its laws refuse that. It goes out by [`round`].
///
/// # Errors
/// [`ExchangeError`]; nothing was ordered, or it is in doubt.
///
/// # Panics
/// Never: the words are such.
pub async fn order(
    gateway: &Arc<Gateway>,
    exchange: ExchangeId,
    action: RecallAction,
    replaced_by: Option<ExchangeId>,
) -> Result<Option<RecallRow>, ExchangeError> {
    let mut facts = Facts::new();
    for key in ["wrong_data_sent", "inaccuracy_proven"] {
        facts.state(FactKey::new(key).expect("a key"), true, Asserter::Officer);
    }
    let giving = Giving {
        order: OrderId::draw(&mut gateway.entropy()),
        exchange,
        records: None,
        action,
        lifts: None,
        replaced_by,
        ground: "erasure_ordered".parse().expect("a reason"),
        facts,
        by: serde_json::Value::Null,
        at: gateway.now(),
    };
    Ok(give(&**gateway, &giving).await?.row)
}

/// Sends every message of an order that is due, once.
pub async fn round(gateway: &Arc<Gateway>) {
    let now = gateway.now();
    for row in gateway.store().recalls_due(now, 16).await.unwrap_or_default() {
        let Ok(Some(claimed)) = claim(&**gateway, row, now).await else { continue };
        send(gateway, claimed).await;
    }
}

/// Sends a message that is claimed. What fails is claimed still, and is tried again when that runs out.
pub async fn send(gateway: &Arc<Gateway>, claimed: RecallRow) {
    let Some(peer) = gateway.known(&claimed.peer) else { return };
    let own = Arc::clone(gateway);
    let known =
        move |party: &Party| -> Option<Known> { own.known(party).and_then(|peer| keys_of(&peer).ok()) };
    let _ = deliver(&**gateway, claimed, &peer, &known).await;
}
