//! An officer looks at what stays with a partner.

use super::{manage, officers, offices, share};
use crate::clock::OsEntropy;
use crate::gateway::{Gateway, GatewayError};
use comity_agreement::Decision;
use comity_exchange::ExchangeError;
use comity_exchange::collect::Selector;
use comity_exchange::ports::Peer;
use comity_exchange::shell::Shell as _;
use comity_exchange::view::{Asking, End, Viewed, ask, preview};
use comity_terms::ids::ViewId;
use comity_terms::{Activity, Asserter, FactKey, PackSlug, Party, Purpose};

/// What an officer asks to see.
#[derive(Debug)]
pub struct Order {
    /// The officer.
    pub officer: String,
    /// The agreement.
    pub under: PackSlug,
    /// Where it lies.
    pub with: Party,
    /// The agreed category.
    pub activity: Activity,
    /// What it is for.
    pub purpose: Purpose,
    /// At what: objects, or a person.
    pub selector: Selector,
    /// Facts that the officer states.
    pub facts: Vec<(FactKey, String)>,
    /// Facts that offices attest, as files.
    pub attestations: Vec<(FactKey, Vec<u8>)>,
}

/// The facts that somebody or something is named, and that it is a query.
const SPECIFIC: &str = "specific_identifier";
const QUERY: &str = "query";

/// Looks, from the decision to the records; the view, and what came of it.
///
/// # Errors
/// [`GatewayError::Input`] when no such officer may ask it, there is no such partner, or the laws cannot be asked; nothing
/// was asked then.
pub async fn order(gateway: &Gateway, order: Order) -> Result<(ViewId, Viewed), GatewayError> {
    let (peer, asking) = asking(gateway, order).await?;
    let viewed = ask(gateway, &peer, &asking).await.map_err(input)?;
    let (id, party) = (asking.id, &peer.party);
    if let End::Broken { misbehaved: Some(kind), .. } = &viewed.end {
        gateway.counts().misbehaved();
        tracing::warn!(%id, %party, kind = kind.as_str(), "a partner's answer to a view is none");
    }
    if viewed.end == End::KeyExpired {
        // Its new one serves the next try.
        let _ = manage::hear_from(gateway, &peer).await;
    }
    tracing::info!(%id, %party, result = viewed.end.as_str(), records = viewed.records.len(), "a view has ended");
    Ok((id, viewed))
}

/// What our own laws say of looking: nothing is asked, recorded or counted.
///
/// # Errors
/// As [`order`].
pub async fn dry_run(gateway: &Gateway, order: Order) -> Result<Decision, GatewayError> {
    let (peer, asking) = asking(gateway, order).await?;
    preview(gateway, &peer, &asking).map_err(input)
}

async fn asking(gateway: &Gateway, order: Order) -> Result<(Peer, Asking), GatewayError> {
    let acting = officers::acting(gateway, &order.officer).await?;
    let trained = offices::trained(gateway, &order.officer).await.is_ok();
    let mut peer = gateway.peer(&order.with)?;
    if !peer.identity.transport.as_ref().is_some_and(|key| key.is_current(gateway.now())) {
        // What is known may do: whoever is not reached is not asked either.
        peer = manage::hear_from(gateway, &peer).await.unwrap_or(peer);
    }
    let Order { under, with, activity, purpose, selector, .. } = order;
    if !selector.is_specific() {
        return Err(GatewayError::Input("name what is looked at: `--object` or `--person`".to_owned()));
    }
    let lent = gateway.laws(&under, &with).ok_or_else(|| {
        GatewayError::Input(format!("`{under}` is not adopted here; `comity law adopt {under}`"))
    })?;
    let at = gateway.now();
    share::assertable_by_officer(&order.facts, &lent)?;
    let mut facts = share::stated_by_officer(&order.facts, &lent)?;
    share::attested(&order.attestations, &lent, at, &mut facts)?;
    share::known_training(&mut facts, trained)?;
    facts.know(SPECIFIC, true, Asserter::Detected);
    facts.know(QUERY, true, Asserter::Gateway);
    let id = ViewId::draw(&mut OsEntropy);
    // Of whom or what it is, an officer's signature tells by the selector's digest alone.
    let of = super::uses::selected(&selector);
    let by = acting.signed(&format!("view\n{id}\n{of}\n{under}\n{with}\n{activity}\n{purpose}\n{at}\n"));
    Ok((peer, Asking { id, agreement: under, activity, purpose, facts, by, selector, at }))
}

fn input(error: ExchangeError) -> GatewayError {
    match error {
        ExchangeError::Question(text) => GatewayError::Input(text),
        other => other.into(),
    }
}
