//! An officer looks at what stays with a partner.

use super::{manage, officers, share};
use crate::clock::OsEntropy;
use crate::gateway::{Gateway, GatewayError};
use comity_exchange::ExchangeError;
use comity_exchange::collect::Selector;
use comity_exchange::ports::Store as _;
use comity_exchange::shell::Shell as _;
use comity_exchange::view::{Asked, Asking, End, Viewed, ask};
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
    let acting = officers::acting(gateway, &order.officer).await?;
    let mut peer = gateway.peer(&order.with)?;
    if !peer.identity.transport.as_ref().is_some_and(|key| key.is_current(gateway.now())) {
        // What is known may do: whoever is not reached is not asked either.
        peer = manage::hear_from(gateway, &peer).await.unwrap_or(peer);
    }
    let asked = asked(gateway, &order).await?;
    let (id, Order { under, with, activity, purpose, selector, .. }) = (ViewId::draw(&mut OsEntropy), order);
    // Of whom or what it is, an officer's signature tells by the selector's digest alone.
    let of = super::uses::selected(&selector);
    let at = asked.at;
    let by = acting.signed(&format!("view\n{id}\n{of}\n{under}\n{with}\n{activity}\n{purpose}\n{at}\n"));
    let viewed = ask(gateway, &peer, &Asking { id, asked, by, selector }).await.map_err(input)?;
    let party = &peer.party;
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

/// What the laws are asked, as the officer and the gateway state it.
async fn asked(gateway: &Gateway, order: &Order) -> Result<Asked, GatewayError> {
    let Order { officer, under, with, .. } = order;
    let known = gateway.store().officer(officer).await?;
    let known = known.ok_or_else(|| GatewayError::Input(format!("no officer `{officer}` is known")))?;
    if !order.selector.is_specific() {
        return Err(GatewayError::Input("name what is looked at: `--object` or `--person`".to_owned()));
    }
    let lent = gateway.laws(under, with).ok_or_else(|| {
        GatewayError::Input(format!("`{under}` is not adopted here; `comity law adopt {under}`"))
    })?;
    let at = gateway.now();
    share::assertable_by_officer(&order.facts, &lent)?;
    let mut facts = share::stated_by_officer(&order.facts, &lent)?;
    share::attested(&order.attestations, &lent, at, &mut facts)?;
    share::known_training(&mut facts, at <= known.training_until)?;
    facts.know(SPECIFIC, true, Asserter::Detected);
    facts.know(QUERY, true, Asserter::Gateway);
    let (agreement, activity, purpose) = (under.clone(), order.activity.clone(), order.purpose.clone());
    Ok(Asked { agreement, activity, purpose, facts, at })
}

fn input(error: ExchangeError) -> GatewayError {
    match error {
        ExchangeError::Question(text) => GatewayError::Input(text),
        other => other.into(),
    }
}
