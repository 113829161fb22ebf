//! An officer gives a bundle to a partner: from the order to the exchange as it is printed.

mod report;
pub(in crate::work) mod stated;

pub(super) use report::waits_for;
pub use report::{rejected_report, withholding_report};
pub use stated::stated_by_officer;
pub(super) use stated::{assertable_by_officer, attested, known_training};

use super::manage::hear_from;
use super::{officers, opt_outs};
use crate::gateway::{Gateway, GatewayError};
use comity_agreement::approval::Person;
use comity_exchange::ExchangeError;
use comity_exchange::disclose::{Disclosed, Goes, Sealed, asks_again, carry_out, keep as keep_here, prepare};
use comity_exchange::escalation::{Approved, Escalating};
use comity_exchange::federation::offer::WireBar;
use comity_exchange::once::Once;
use comity_exchange::opt_out::Flow;
use comity_exchange::ports::{Bar, Peer, Store as _, StoreError};
use comity_exchange::question::{Ordered, Request, Superseded};
use comity_exchange::recall::{Sources, has_word, restrict};
use comity_exchange::report::{ExchangeReport, Side};
use comity_exchange::shell::{Lent, Shell as _};
use comity_exchange::wire::{Base64, Text};
use comity_terms::{Action, Activity, Asserter, Digest, FactKey, PackSlug, Party, Purpose, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

/// What an officer orders.
pub struct Order {
    /// The bundle's bytes.
    pub bundle: Arc<Vec<u8>>,
    /// The officer.
    pub officer: String,
    /// The agreement.
    pub under: PackSlug,
    /// The receiver.
    pub to: Party,
    /// The agreed category.
    pub activity: Activity,
    /// What it is for.
    pub purpose: Purpose,
    /// Facts that the officer states.
    pub facts: Vec<(FactKey, String)>,
    /// Facts that offices attest: the attestation's JSON.
    pub attestations: Vec<(FactKey, Vec<u8>)>,
    /// Whether to treat the agreement as in force for a trial.
    pub assume_in_force: bool,
    /// When what is placed here is said to be added; `None`: now. For tests of readers.
    pub added: Option<Timestamp>,
    /// The client's own key that it is ordered under: it is done once.
    pub once: Option<Once>,
}

/// An order as it is kept, sealed with its bundle, while it waits for offices.
#[derive(Serialize, Deserialize)]
struct Kept {
    officer: String,
    under: Text<PackSlug>,
    to: Text<Party>,
    activity: Text<Activity>,
    purpose: Text<Purpose>,
    facts: Vec<(Text<FactKey>, String)>,
    attestations: Vec<(Text<FactKey>, Base64)>,
    assume_in_force: bool,
}

impl Order {
    /// The order without its bundle, to be kept sealed.
    fn kept(&self) -> Result<Vec<u8>, GatewayError> {
        let kept = Kept {
            officer: self.officer.clone(),
            under: Text(self.under.clone()),
            to: Text(self.to.clone()),
            activity: Text(self.activity.clone()),
            purpose: Text(self.purpose.clone()),
            facts: self.facts.iter().map(|(key, value)| (Text(key.clone()), value.clone())).collect(),
            attestations: self
                .attestations
                .iter()
                .map(|(key, file)| (Text(key.clone()), Base64(file.clone())))
                .collect(),
            assume_in_force: self.assume_in_force,
        };
        serde_json::to_vec(&kept).map_err(|error| GatewayError::Broken(error.to_string()))
    }

    /// The order that was kept as `order`, with its bundle.
    ///
    /// # Errors
    /// [`GatewayError::Broken`] when it does not read.
    pub(super) fn read(order: &[u8], bundle: Vec<u8>) -> Result<Self, GatewayError> {
        let kept: Kept = serde_json::from_slice(order)
            .map_err(|_| GatewayError::Broken("an order that waits does not read".to_owned()))?;
        Ok(Self {
            bundle: Arc::new(bundle),
            officer: kept.officer,
            under: kept.under.0,
            to: kept.to.0,
            activity: kept.activity.0,
            purpose: kept.purpose.0,
            facts: kept.facts.into_iter().map(|(key, value)| (key.0, value)).collect(),
            attestations: kept.attestations.into_iter().map(|(key, file)| (key.0, file.0)).collect(),
            assume_in_force: kept.assume_in_force,
            added: None,
            once: None,
        })
    }
}

/// The act that sharing is, in the vocabulary's words.
const SHARE: &str = "share";

/// The fact that what goes is encrypted on its way.
const ENCRYPTED: &str = "channel_encrypted";

/// How often one order is decided or sealed anew because the partner asked for it.
const TRIES_MAX: usize = 3;

/// Shares a bundle: decides, minimises, seals, records, delivers; gives the exchange as it stands then.
///
/// # Errors
/// [`GatewayError`]; a refusal is none.
pub async fn share(gateway: &Arc<Gateway>, order: Order) -> Result<ExchangeReport, GatewayError> {
    let begun = Instant::now();
    let shared = carried_out(gateway, order, None).await;
    gateway.counts().took(Side::Sender, begun.elapsed());
    shared
}

/// As [`share`], for an order that waited and that offices have answered.
///
/// # Errors
/// As there.
pub(super) async fn carried_out(
    gateway: &Arc<Gateway>,
    order: Order,
    approved: Option<(Superseded, Approved)>,
) -> Result<ExchangeReport, GatewayError> {
    if order.to == gateway.signatory().party {
        return placed(gateway, order, approved).await;
    }
    let mut peer = gateway.peer(&order.to)?;
    let (mut supersedes, mut approved) = approved.unzip();
    let mut again = false;
    for _ in 1..TRIES_MAX {
        if again || must_ask(gateway, &order, &peer) {
            peer = hear_from(gateway, &peer).await.unwrap_or(peer);
        }
        let (disclosed, lent) = match once(gateway, &order, &peer, (supersedes, approved.clone())).await {
            // Sealed under an epoch key that was being destroyed: nothing was recorded, and a later key takes it.
            // Nor of what was erased or restricted meanwhile: it is asked again what may go.
            Err(GatewayError::Exchange(ExchangeError::Store(
                StoreError::KeyClosed(_) | StoreError::Conflict(_),
            ))) => continue,
            once => once?,
        };
        let asks = disclosed.answer.as_ref().is_some_and(asks_again);
        if !asks {
            return report::of(gateway, &order, &disclosed, &lent).await;
        }
        let summary = &disclosed.summary;
        supersedes = Some(Superseded { exchange: summary.id, chain: summary.chain });
        // They were used for the exchange that this one replaces.
        approved = None;
        again = true;
    }
    let (disclosed, lent) = once(gateway, &order, &peer, (supersedes, approved)).await?;
    report::of(gateway, &order, &disclosed, &lent).await
}

/// Places a bundle in a collection of this gateway's own: the way of a bundle without the road.
async fn placed(
    gateway: &Arc<Gateway>,
    order: Order,
    approved: Option<(Superseded, Approved)>,
) -> Result<ExchangeReport, GatewayError> {
    let (supersedes, approved) = approved.unzip();
    for _ in 1..TRIES_MAX {
        match place(gateway, &order, (supersedes, approved.clone())).await {
            // Sealed under an epoch key that was being destroyed: nothing was recorded, and a later key takes it.
            Err(GatewayError::Exchange(ExchangeError::Store(StoreError::KeyClosed(_)))) => {}
            placed => return placed,
        }
    }
    place(gateway, &order, (supersedes, approved)).await
}

async fn place(
    gateway: &Arc<Gateway>,
    order: &Order,
    (supersedes, approved): (Option<Superseded>, Option<Approved>),
) -> Result<ExchangeReport, GatewayError> {
    let (lent, request) = asked(gateway, order, (supersedes, approved)).await?;
    let (working, bundle, laws) = (Arc::clone(gateway), Arc::clone(&order.bundle), lent.clone());
    let added = order.added;
    let sealed = tokio::task::spawn_blocking(move || {
        prepare(&*working, &bundle, request, &laws, Goes::Nowhere { added })
    })
    .await
    .map_err(|error| GatewayError::Broken(format!("preparing broke off: {error}")))?
    .map_err(input)?;
    let sealed = under_its_key(gateway, order, sealed, &lent).await?;
    let disclosed = keep_here(&**gateway, sealed).await?;
    report::of(gateway, order, &disclosed, &lent).await
}

/// The laws to ask, and the request as they are asked it, signed by the officer.
async fn asked(
    gateway: &Gateway,
    order: &Order,
    (supersedes, approved): (Option<Superseded>, Option<Approved>),
) -> Result<(Lent, Request), GatewayError> {
    let acting = officers::acting(gateway, &order.officer).await?;
    let (lent, mut request) = unsigned(gateway, order).await?;
    request.supersedes = supersedes;
    if let Some(escalation) = &mut request.escalation {
        escalation.approved = approved;
    }
    let bundle = Digest::of(&order.bundle);
    let signature = acting.sign(request.order(bundle).as_bytes()).to_string();
    request.ordered = Some(Ordered { key: acting.key(), bundle, signature });
    Ok((lent, request))
}

/// The laws to ask, and the request as they are asked it: nobody has ordered anything yet.
pub(super) async fn unsigned(gateway: &Gateway, order: &Order) -> Result<(Lent, Request), GatewayError> {
    // Whoever else removes a partner meanwhile: no offer to it is recorded then.
    if let Some(removal) = gateway.removal(&order.to) {
        return Err(GatewayError::PeerRemoved(removal));
    }
    let lent = gateway.laws(&order.under, &order.to).ok_or_else(|| {
        GatewayError::Input(format!(
            "`{}` was not adopted here; `comity law adopt {}`",
            order.under, order.under
        ))
    })?;
    let request = request(gateway, order, &lent, gateway.now()).await?;
    Ok((lent, request))
}

/// Whether what is known of the partner is too old to share with it: it has not signed, its law is not here, or
/// its transport key is not of today.
fn must_ask(gateway: &Gateway, order: &Order, peer: &Peer) -> bool {
    let ready = gateway
        .laws(&order.under, &order.to)
        .is_some_and(|lent| lent.binding && lent.laws.national.contains_key(&order.to));
    !ready || peer.identity.transport.as_ref().is_none_or(|key| !key.is_current(gateway.now()))
}

async fn once(
    gateway: &Arc<Gateway>,
    order: &Order,
    peer: &Peer,
    (supersedes, approved): (Option<Superseded>, Option<Approved>),
) -> Result<(Disclosed, Lent), GatewayError> {
    let (lent, request) = asked(gateway, order, (supersedes, approved)).await?;
    let now = request.at;
    let seal_to = peer.identity.transport.as_ref().and_then(|key| key.seal_to(now)).ok_or_else(|| {
        GatewayError::Input(format!("no transport key of {} is known and it is not reached", order.to))
    })?;
    let (working, bundle, laws) = (Arc::clone(gateway), Arc::clone(&order.bundle), lent.clone());
    let sealed =
        tokio::task::spawn_blocking(move || prepare(&*working, &bundle, request, &laws, Goes::To(&seal_to)))
            .await
            .map_err(|error| GatewayError::Broken(format!("preparing broke off: {error}")))?
            .map_err(input)?;
    let sealed = under_its_key(gateway, order, sealed, &lent).await?;
    let disclosed = match carry_out(&**gateway, sealed, peer).await {
        Err(error @ ExchangeError::Store(StoreError::Conflict(_))) => {
            // Removed meanwhile, maybe at another node: then nothing was recorded.
            gateway.keep_up().await?;
            return Err(gateway.removal(&order.to).map_or_else(|| error.into(), GatewayError::PeerRemoved));
        }
        disclosed => disclosed?,
    };
    if disclosed.answer.is_some() || disclosed.waiting.is_some() {
        gateway.counts().reached(&peer.party, disclosed.answer.is_some());
    }
    Ok((disclosed, lent))
}

/// The exchange with what the client's key stands for: its report, as far as it is known before the exchange is recorded. One
/// that replaces another is recorded under the key of that already.
async fn under_its_key(
    gateway: &Arc<Gateway>,
    order: &Order,
    sealed: Sealed,
    lent: &Lent,
) -> Result<Sealed, GatewayError> {
    let summary = sealed.summary();
    let Some(once) = order.once.as_ref().filter(|_| summary.request.supersedes.is_none()) else {
        return Ok(sealed);
    };
    let report = report::begun(gateway, order, summary, lent).await?;
    let told = serde_json::to_vec(&report).map_err(|error| GatewayError::Broken(error.to_string()))?;
    let taken = once.taken(&**gateway, &told)?;
    Ok(sealed.under(taken))
}

/// The report of an exchange that was taken under a client's key, as `told` then, and that nobody has answered: as it stands
/// now. `None` while it waits for its partner and is not `ended`, for who took it may answer still.
///
/// # Errors
/// [`GatewayError`].
pub async fn told_again(
    gateway: &Gateway,
    told: &[u8],
    ended: bool,
) -> Result<Option<ExchangeReport>, GatewayError> {
    let report = serde_json::from_slice(told)
        .map_err(|_| GatewayError::Broken("what is kept under a client's key does not read".to_owned()))?;
    report::as_it_stands(gateway, report, ended).await
}

/// What the officer gave is at fault, not the gateway.
pub(super) fn input(error: comity_exchange::ExchangeError) -> GatewayError {
    use comity_exchange::ExchangeError::{Bundle, Question};
    match error {
        error @ (Bundle(_) | Question(_)) => GatewayError::Input(error.to_string()),
        other => other.into(),
    }
}

async fn request(
    gateway: &Gateway,
    order: &Order,
    lent: &Lent,
    now: Timestamp,
) -> Result<Request, GatewayError> {
    let officer = gateway.store().officer(&order.officer).await?.ok_or_else(|| {
        GatewayError::Input(format!("no officer `{}` is known; `comity officer add`", order.officer))
    })?;
    let (mut facts, attestations) = stated::of(order, lent, now)?;
    known_training(&mut facts, now <= officer.training_until)?;
    // Whatever goes is sealed to its receiver, on TLS: a policy may ask for no less.
    if facts.get(ENCRYPTED).is_none() && lent.laws.vocabulary.fact(ENCRYPTED).is_some() {
        facts.know(ENCRYPTED, true, Asserter::Gateway);
    }
    let Sources { restricted, barred } = Sources::of(gateway, &order.bundle, now).await.map_err(input)?;
    let (barred_here, barred): (Vec<Bar>, Vec<Bar>) =
        barred.into_iter().partition(|bar| bar.party == order.to);
    if (!restricted.is_empty() || !barred_here.is_empty()) && !has_word(&lent.laws.vocabulary) {
        let why =
            "an order restricts some of what the bundle has, and the laws adopted here have no word for that";
        return Err(GatewayError::Input(format!("{why}: adopt the agreement anew")));
    }
    if !barred_here.is_empty() {
        restrict(&mut facts, &lent.laws.vocabulary);
    }
    let flow = Flow {
        agreement: &order.under,
        receiver: &order.to,
        activity: &order.activity,
        purpose: &order.purpose,
        facts: &facts,
        at: now,
    };
    let known = opt_outs::known(gateway, &order.bundle, flow).await?.with_restricted(restricted);
    let action = Action::new(SHARE).map_err(|e| GatewayError::Broken(e.to_string()))?;
    let ends = (gateway.signatory().party.clone(), order.to.clone());
    let what = (action, order.activity.clone(), order.purpose.clone());
    Ok(Request {
        facts,
        known,
        attestations,
        escalation: Some(Escalating {
            requester: Person { name: officer.name, unit: officer.unit },
            order: order.kept()?,
            approved: None,
        }),
        assume_in_force: order.assume_in_force,
        binding: lent.binding,
        barred: told_of(gateway, &order.to, barred),
        ..Request::bare(ends, order.under.clone(), what, now)
    })
}

/// To whom the receiver is told not to pass it on: whoever is removed here, and whoever those it is from have removed.
fn told_of(gateway: &Gateway, receiver: &Party, sources: Vec<Bar>) -> BTreeSet<WireBar> {
    let own = &gateway.signatory().party;
    let removed = gateway.register().removed.into_values().map(|removal| WireBar {
        party: Text(removal.party),
        origin: Text(own.clone()),
        at: Text(removal.at),
    });
    let theirs = sources.into_iter().map(|bar| WireBar {
        party: Text(bar.party),
        origin: Text(bar.origin),
        at: Text(bar.at),
    });
    // Whoever is meant by it is not told of it: it gets nothing that it could not keep.
    removed.chain(theirs).filter(|bar| bar.party.0 != *receiver && bar.party.0 != *own).collect()
}
