//! Who acts for an office: an officer whose role it is, or one to whom such an officer lent it, for a time.

use super::{manage, officers};
use crate::gateway::{Gateway, GatewayError};
use comity_agreement::approval::Delegation;
use comity_exchange::ports::{DelegationRow, Officer, Record, Store as _};
use comity_exchange::shell::Shell as _;
use comity_exchange::wire::Text;
use comity_terms::{Act, Digest, Office, Timestamp};
use serde_json::json;

/// Lends the office of `holder` to `delegate` until an instant. What was lent cannot be lent on.
///
/// # Errors
/// [`GatewayError::Input`] when there are no such officers, or the instant is past; nothing changed.
pub async fn delegate(
    gateway: &Gateway,
    holder: &str,
    delegate: &str,
    until: Timestamp,
) -> Result<DelegationRow, GatewayError> {
    let acting = officers::acting(gateway, holder).await?;
    let known = trained(gateway, holder).await?;
    trained(gateway, delegate).await?;
    if holder == delegate {
        return Err(GatewayError::Input(format!("`{holder}` has the office already")));
    }
    let now = gateway.now();
    if until <= now {
        return Err(GatewayError::Input(format!("{until} is past")));
    }
    let row = DelegationRow {
        holder: holder.to_owned(),
        delegate: delegate.to_owned(),
        from: Text(now),
        until: Text(until),
    };
    let to = Digest::of(delegate.as_bytes());
    let text = format!("delegate\n{}\n{to}\n{until}\n", known.role);
    // An entry names nobody: the key of who lends, and what was lent until when.
    let facts = json!({
        "office": known.role,
        "until": until.to_string(),
        "key": acting.key(),
        "signature": acting.sign(text.as_bytes()).to_string(),
    });
    let change = Record { delegations: vec![row.clone()], ..Record::default() };
    manage::record(gateway, Act::OfficeDelegated, facts, change).await?;
    Ok(row)
}

/// How an officer comes to act for `office` at `now`: by their own role, or by a delegation.
///
/// # Errors
/// [`GatewayError::Input`] when they do not.
pub async fn acts_for(
    gateway: &Gateway,
    officer: &Officer,
    office: &Office,
    now: Timestamp,
) -> Result<Option<Delegation>, GatewayError> {
    if officer.role == office.as_str() {
        return Ok(None);
    }
    let store = gateway.store();
    let mut ended = None;
    for lent in store.delegations().await?.into_iter().filter(|lent| lent.delegate == officer.name) {
        let holds = store.officer(&lent.holder).await?.is_some_and(|holder| holder.role == office.as_str());
        if holds && now <= lent.until.0 {
            return Ok(Some(Delegation { by: lent.holder, until: lent.until.0 }));
        }
        ended = ended.max(holds.then_some(lent.until.0));
    }
    Err(GatewayError::Input(match ended {
        Some(until) => format!("officer `{}` might act for `{office}` until {until}", officer.name),
        None => format!(
            "officer `{}` does not act for `{office}`: their role is `{}`, and nobody lent it to them",
            officer.name, officer.role
        ),
    }))
}

/// The officer, if there is one of that name whose training is valid.
///
/// # Errors
/// [`GatewayError::Input`], telling which it is.
pub async fn trained(gateway: &Gateway, name: &str) -> Result<Officer, GatewayError> {
    let known = gateway.store().officer(name).await?;
    let known = known.ok_or_else(|| GatewayError::Input(format!("no officer `{name}` is known")))?;
    if gateway.now() > known.training_until {
        let until = known.training_until;
        return Err(GatewayError::Input(format!("the training of officer `{name}` was valid until {until}")));
    }
    Ok(known)
}
