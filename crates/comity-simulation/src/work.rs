//! What a gateway's process does: an officer's order, the outbox, the operator's acts. The order of things is the
//! gateway's own (`work` in `comity-gateway`); what they mean is the rules'.

use crate::gateway::Gateway;
use crate::law;
use comity_exchange::disclose::{
    Disclosed, Goes, Sealed, Sent, abandon, asks_again, carry_out, next_try, prepare, resume,
};
use comity_exchange::entry::Opening;
use comity_exchange::erase::hold::{Placing, erase_after, place};
use comity_exchange::erase::{Order as EraseOrder, destroy, erase_due, erase_exchange, waiting};
use comity_exchange::federation::identity::{Identity, SignedLaw};
use comity_exchange::opt_out::Known;
use comity_exchange::ports::{
    AdoptedLaw, Draft, Officer, OutboxItem, Peer, Peers as _, Record, Store as _, StoreError,
};
use comity_exchange::question::{Request, Superseded};
use comity_exchange::recall::Sources;
use comity_exchange::shell::Shell as _;
use comity_exchange::{ExchangeError, report::ExchangeOutcome};
use comity_terms::ids::HoldId;
use comity_terms::{Act, Asserter, ExchangeId, Facts, Party, Timestamp};
use std::sync::Arc;
use std::time::Duration;

/// Officers by what they can do: one is trained, the other no longer.
pub const OFFICERS: [(&str, &str); 2] =
    [("trained", "2099-01-01T00:00:00Z"), ("untrained", "2026-01-01T00:00:00Z")];

/// What an officer orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// To which gateway.
    pub to: usize,
    /// Which of [`OFFICERS`].
    pub officer: usize,
    /// Which of [`BUNDLES`].
    pub bundle: usize,
}

/// The bundles: one that goes whole, one of which a class goes only stripped.
pub const BUNDLES: [&[u8]; 2] =
    [INDICATOR, include_bytes!("../../../examples/bundles/phishing-campaign.json")];

const INDICATOR: &[u8] = br#"{"type":"bundle","id":"bundle--5d0c4e0a-6b0c-4f0e-8f0a-0c1d2e3f4a5b","objects":[
{"type":"indicator","spec_version":"2.1","id":"indicator--3f0c9931-918c-40bf-9670-c342c6cce996",
"created":"2026-03-02T08:15:00.000Z","modified":"2026-03-02T08:15:00.000Z","name":"Credential page",
"indicator_types":["malicious-activity"],"pattern":"[domain-name:value = 'login.invoice.example.com']",
"pattern_type":"stix","valid_from":"2026-03-02T08:15:00Z"}]}"#;

/// What an officer was told.
#[derive(Debug, Clone)]
pub enum Told {
    /// Of an exchange, and what became of it so far.
    Exchange(ExchangeId, ExchangeOutcome),
    /// That it failed, and why.
    Failed(String),
}

/// How often one order is decided or sealed anew because the partner asked for it.
const TRIES_MAX: usize = 3;

/// Carries an order out.
pub async fn share(gateway: &Arc<Gateway>, order: Order) -> Told {
    match ordered(gateway, order).await {
        Ok(disclosed) => Told::Exchange(disclosed.summary.id, disclosed.summary.outcome),
        Err(error) => Told::Failed(error.to_string()),
    }
}

async fn ordered(gateway: &Arc<Gateway>, order: Order) -> Result<Disclosed, ExchangeError> {
    let party = law::party(order.to);
    let mut peer = gateway.known(&party).ok_or_else(|| ExchangeError::Law("of that partner".to_owned()))?;
    let mut supersedes = None;
    for again in 0..TRIES_MAX {
        let now = gateway.now();
        let bound = gateway.laws(&law::agreement(), &party).is_some_and(|lent| lent.binding);
        let current = peer.identity.transport.as_ref().is_some_and(|key| key.is_current(now));
        if again > 0 || !bound || !current {
            peer = hear_from(gateway, &peer).await.unwrap_or(peer);
        }
        let disclosed = match once(gateway, order, &peer, supersedes).await {
            // Sealed under an epoch key that was being destroyed: nothing was recorded, and a later key takes it.
            // Nor of what was erased or restricted meanwhile: it is asked again what may go.
            Err(ExchangeError::Store(StoreError::KeyClosed(_) | StoreError::Conflict(_))) => continue,
            once => once?,
        };
        if again + 1 == TRIES_MAX || !disclosed.answer.as_ref().is_some_and(asks_again) {
            return Ok(disclosed);
        }
        let summary = &disclosed.summary;
        supersedes = Some(Superseded { exchange: summary.id, chain: summary.chain });
    }
    Err(ExchangeError::Law("how often to try".to_owned()))
}

async fn once(
    gateway: &Arc<Gateway>,
    order: Order,
    peer: &Peer,
    supersedes: Option<Superseded>,
) -> Result<Disclosed, ExchangeError> {
    carry_out(&**gateway, prepared(gateway, order, peer, supersedes).await?, peer).await
}

/// An order decided on and sealed, before it is recorded.
///
/// # Errors
/// [`ExchangeError`]; nothing happened.
pub async fn prepared(
    gateway: &Arc<Gateway>,
    order: Order,
    peer: &Peer,
    supersedes: Option<Superseded>,
) -> Result<Sealed, ExchangeError> {
    let now = gateway.now();
    let lent = gateway
        .laws(&law::agreement(), &peer.party)
        .ok_or_else(|| ExchangeError::Law("what the agreement is".to_owned()))?;
    let (name, _) = OFFICERS[order.officer];
    let officer = gateway.store().officer(name).await?;
    let officer = officer.ok_or_else(|| ExchangeError::Question("an unknown officer".to_owned()))?;
    let mut facts = Facts::new();
    facts.know("training_valid", now <= officer.training_until, Asserter::Gateway);
    let word = |text: &str| ExchangeError::Question(format!("the word `{text}`"));
    let what = (
        "share".parse().map_err(|_| word("share"))?,
        "threat_intel".parse().map_err(|_| word("threat_intel"))?,
        "cyber_defence".parse().map_err(|_| word("cyber_defence"))?,
    );
    let ends = (gateway.signatory().party.clone(), peer.party.clone());
    let bare = Request::bare(ends, law::agreement(), what, now);
    let sources = Sources::of(&**gateway, BUNDLES[order.bundle], now).await?;
    let known = Known::default().with_restricted(sources.restricted);
    let request = Request { facts, known, binding: lent.binding, supersedes, ..bare };
    let seal_to = peer.identity.transport.as_ref().and_then(|key| key.seal_to(now));
    let seal_to = seal_to.ok_or_else(|| ExchangeError::Keys("no transport key".to_owned()))?;
    prepare(&**gateway, BUNDLES[order.bundle], request, &lent, Goes::To(&seal_to))
}

/// Works the outbox off, until the process ends: soon after something was due, seldom when nothing is.
pub async fn outbox(gateway: Arc<Gateway>) {
    let mut pause = PAUSE_LEAST;
    loop {
        gateway.clockwork.sleep(pause).await;
        let now = gateway.now();
        let claimed =
            gateway.store().claim_outbox(now, gateway.claimed_until(now), 16, &[]).await.unwrap_or_default();
        pause = if claimed.is_empty() { (pause * 2).min(PAUSE_MOST) } else { PAUSE_LEAST };
        for item in claimed {
            // Each in a task of its own: one partner that is slow keeps no other waiting.
            let own = Arc::clone(&gateway);
            gateway.clockwork.spawn(Some(gateway.disk.number), async move {
                let (exchange, attempts) = (item.exchange, item.attempts);
                if take_up(&own, item, now).await.is_err() {
                    let next = next_try(own.now(), attempts);
                    // When that fails too, its claim runs out.
                    let _ = own.store().postpone(exchange, next).await;
                }
            });
        }
    }
}

async fn take_up(gateway: &Arc<Gateway>, item: OutboxItem, now: Timestamp) -> Result<(), ExchangeError> {
    if now >= item.horizon {
        gateway.network.note(&gateway.clockwork, &format!("{} is given up", item.exchange));
        return abandon(&**gateway, item).await.map(drop);
    }
    let peer = gateway.known(&item.peer).ok_or_else(|| ExchangeError::Law("of that partner".to_owned()))?;
    if let Sent::Waiting(_) = resume(&**gateway, item, &peer).await? {
        let _ = hear_from(gateway, &peer).await;
    }
    Ok(())
}

/// Asks a partner what it tells of itself now, and keeps it.
///
/// # Errors
/// [`ExchangeError`]; what is known stays as it is.
pub async fn hear_from(gateway: &Arc<Gateway>, peer: &Peer) -> Result<Peer, ExchangeError> {
    let file = gateway.peers().identity(peer).await?;
    let identity = Identity::from_file(&file).map_err(|e| ExchangeError::Proof(e.to_string()))?;
    let heard = Peer { identity, ..peer.clone() };
    if heard != *peer {
        meet(gateway, heard.clone()).await?;
    }
    Ok(heard)
}

/// Makes a partner known, or changes what is known.
///
/// # Errors
/// [`ExchangeError`].
pub async fn meet(gateway: &Arc<Gateway>, peer: Peer) -> Result<(), ExchangeError> {
    let signatures = peer.identity.laws.iter().map(|law| (peer.party.clone(), law.clone())).collect();
    let change = Record { peer: Some(peer), law_signatures: signatures, ..Record::default() };
    act(gateway, Act::PeerAdded, change).await
}

/// Adopts an edition of the agreement, and with the first one the party's own law.
///
/// # Errors
/// [`ExchangeError`].
pub async fn adopt(gateway: &Arc<Gateway>, number: usize) -> Result<(), ExchangeError> {
    let edition = law::edition(number);
    let party: &Party = &gateway.signatory().party;
    let mut laws = vec![(law::agreement(), edition.agreement().digest())];
    if gateway.laws(&law::agreement(), party).is_none() {
        laws.push((gateway.signatory().home(), edition.of(party).digest()));
    }
    for (pack, digest) in laws {
        let law = SignedLaw::sign(&pack, digest, &gateway.signatory().key);
        let adopted = Some(AdoptedLaw { law, at: gateway.now() });
        act(gateway, Act::LawAdopted, Record { adopted, ..Record::default() }).await?;
    }
    Ok(())
}

/// Holds what was received by an exchange from erasure; whether the laws let it be.
///
/// # Errors
/// [`ExchangeError`]; nothing is held then, or it is in doubt.
pub async fn hold(gateway: &Arc<Gateway>, exchange: ExchangeId, seconds: u64) -> Result<bool, ExchangeError> {
    let at = gateway.now();
    let mut facts = Facts::new();
    for (key, by) in [("training_valid", Asserter::Gateway), ("reasons_recorded", Asserter::Officer)] {
        let key = key.parse().map_err(|_| ExchangeError::Question(key.to_owned()))?;
        facts.state(key, true, by);
    }
    let placing = Placing {
        id: HoldId::draw(&mut gateway.entropy()),
        exchange,
        record: None,
        ground: "legal_claim".to_owned(),
        until: at.checked_add(Duration::from_secs(seconds)).unwrap_or(at),
        facts,
        key: "an officer's".to_owned(),
        by: serde_json::Value::Null,
        at,
    };
    Ok(place(&**gateway, &placing).await?.hold.is_some())
}

/// Erases what is held of the last exchange that was received, then whatever is due, and destroys the keys.
///
/// # Errors
/// [`ExchangeError`]; what was done stays done.
pub async fn sweep(gateway: &Arc<Gateway>, last: Option<ExchangeId>) -> Result<(), ExchangeError> {
    if let Some(exchange) = last {
        let ground =
            "erasure_ordered".parse().map_err(|_| ExchangeError::Question("the ground".to_owned()))?;
        gateway.disk.faults.ledger().ended.entry(exchange).or_insert(false);
        let order = EraseOrder { exchange, ground, openings: false };
        let (erased, _) = erase_exchange(&**gateway, &order, serde_json::Value::Null).await?;
        if erased.kept == 0 {
            gateway.disk.faults.ledger().ended.insert(exchange, true);
        }
    }
    let now = gateway.now();
    erase_due(&**gateway, now).await?;
    erase_after(&**gateway, now).await?;
    let found = waiting(&**gateway, now).await?;
    destroy(&**gateway, &found, now, gateway.clockwork.sleep(Duration::from_secs(10))).await?;
    gateway.destroy_old_transport_keys();
    Ok(())
}

/// Makes the officers known.
///
/// # Errors
/// [`ExchangeError`].
pub async fn employ(gateway: &Arc<Gateway>) -> Result<(), ExchangeError> {
    for (name, until) in OFFICERS {
        let officer = Officer {
            name: name.to_owned(),
            role: "analyst".to_owned(),
            unit: None,
            training_until: until.parse().map_err(|_| ExchangeError::Question(until.to_owned()))?,
            password_hash: String::new(),
        };
        act(gateway, Act::OfficerAdded, Record { officer: Some(officer), ..Record::default() }).await?;
    }
    Ok(())
}

/// Records `act` with its change: entry, opening and change in one transaction.
async fn act(gateway: &Arc<Gateway>, act: Act, change: Record) -> Result<(), ExchangeError> {
    let now = gateway.now();
    let home = gateway.signatory().home();
    let until = gateway.opening_until(&home, now)?;
    let (entry, opening) = gateway.with_keys(|keys| {
        let entropy = &mut gateway.entropy();
        let (entry, opening) = Opening::draw(act, now, serde_json::Value::Null, entropy);
        let sealed = gateway.signatory().seal_opening(&opening, (&home, None), until, keys, entropy)?;
        Ok::<_, ExchangeError>((entry, sealed))
    })?;
    let record = Record {
        entries: vec![Draft { entry, opening: opening.id, exchange: None }],
        segments: vec![opening],
        ..change
    };
    gateway.store().record(record).await?;
    Ok(gateway.refresh().await?)
}

const PAUSE_LEAST: Duration = Duration::from_secs(1);
const PAUSE_MOST: Duration = Duration::from_secs(600);
