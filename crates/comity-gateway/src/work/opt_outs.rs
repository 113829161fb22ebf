//! Opt-outs: filed by persons, decided by an officer who has seen them, withdrawn by whoever has the code; and what a
//! share is told of them.

use super::officers;
use super::share::input;
use super::subjects::IdentityCheck;
use crate::gateway::{Gateway, GatewayError};
use comity_exchange::opt_out::{self, Deciding, FiledOptOut, Flow, Known, Naming, OptingOut, naming, shown};
use comity_exchange::ports::{OptOutRow, OptOutState, OptOuts as _};
use comity_exchange::shell::Shell as _;
use comity_exchange::subject::Claim;
use comity_terms::ids::{OptOutId, RequestId};
use comity_terms::{Asserter, Facts, Timestamp};
use serde_json::{Value as Json, json};

/// The fact that holds what people have opted out of; its list has the categories.
const OPT_OUT: &str = "opt_out";

/// Files an opt-out from some categories of data, until an instant.
///
/// # Errors
/// [`GatewayError::Input`] when a word is no category, or the end lies in the past or too far off.
pub async fn file(
    gateway: &Gateway,
    claim: &Claim,
    categories: &[String],
    until: Timestamp,
) -> Result<FiledOptOut, GatewayError> {
    let lent = gateway.home_laws()?;
    let vocabulary = &lent.laws.vocabulary;
    let known = vocabulary.fact(OPT_OUT).ok_or_else(|| {
        GatewayError::Input(format!(
            "the vocabulary that `{}` was adopted with has no categories: adopt it anew",
            gateway.signatory().home
        ))
    })?;
    if categories.is_empty() {
        return Err(GatewayError::Input("`categories`: name at least one".to_owned()));
    }
    known
        .from_json(vocabulary, &json!(categories))
        .map_err(|error| GatewayError::Input(format!("`categories`: {error}")))?;
    let (now, latest) = (gateway.now(), gateway.settings().subjects.opt_out_until(gateway.now()));
    if until <= now || until > latest {
        return Err(GatewayError::Input(format!(
            "`until`: an opt-out ends after now and by {latest:.0} at the latest; it can be filed again then"
        )));
    }
    let opting = OptingOut { claim, categories: categories.iter().cloned().collect(), until };
    opt_out::file(gateway, &opting).await.map_err(input)
}

/// Decides on an opt-out that waits, as an officer before whom the person states once more what they are known by.
///
/// # Errors
/// [`GatewayError::Input`] when no such officer may decide, nothing waits under this number, or something else is stated
/// than was filed.
pub async fn decide(
    gateway: &Gateway,
    number: OptOutId,
    claim: &Claim,
    officer: &str,
    check: &impl IdentityCheck,
) -> Result<OptOutRow, GatewayError> {
    let acting = officers::deciding(gateway, officer).await?;
    let row = gateway.store().opt_out(number).await?;
    let row = row.ok_or_else(|| GatewayError::Input(format!("no opt-out {number} is recorded here")))?;
    // Unwrap safety: both are random (v4) UUIDs.
    let asked =
        RequestId::from_bytes(*number.as_bytes()).unwrap_or_else(|| unreachable!("a number is an id"));
    let identity_verified = check.verified(asked);
    let mut about = Facts::new();
    about.know("training_valid", true, Asserter::Gateway);
    about.know("requester", "data_subject", Asserter::Officer);
    let text = format!("opt-out\n{number}\n{identity_verified}\n");
    let by = acting.signed(&text);
    let deciding = Deciding { identity_verified, about, officer: officer.to_owned(), by };
    opt_out::decide(gateway, row, claim, &deciding).await.map_err(input)
}

/// Where an opt-out stands, for whoever has its code. `None` for a wrong code as for a wrong number.
///
/// # Errors
/// [`GatewayError`].
pub async fn status(gateway: &Gateway, number: OptOutId, code: &str) -> Result<Option<Json>, GatewayError> {
    let row = shown(gateway, number, code).await?;
    Ok(row.map(|row| status_json(&row, gateway.now())))
}

/// Every category that somebody may opt out of, by the vocabulary of this party's law.
///
/// # Errors
/// [`GatewayError::Input`] when this party's own law is not adopted here, or its vocabulary has none.
pub fn categories(gateway: &Gateway) -> Result<Vec<String>, GatewayError> {
    let lent = gateway.home_laws()?;
    let known = lent.laws.vocabulary.list(CATEGORIES).map(<[String]>::to_vec);
    known.ok_or_else(|| GatewayError::Input("the vocabulary has no categories to opt out of".to_owned()))
}

/// The list of the vocabulary that they are words of.
const CATEGORIES: &str = "sensitive_category";

/// Withdraws an opt-out, for whoever has its code. `None` for a wrong code as for a wrong number.
///
/// # Errors
/// [`GatewayError`].
pub async fn withdraw(gateway: &Gateway, number: OptOutId, code: &str) -> Result<Option<Json>, GatewayError> {
    let Some(row) = shown(gateway, number, code).await? else { return Ok(None) };
    let row = opt_out::withdraw(gateway, row).await?;
    Ok(Some(status_json(&row, gateway.now())))
}

/// Where an opt-out stands: nothing of who filed it, and nothing of what was done with data since.
#[must_use]
pub fn status_json(row: &OptOutRow, now: Timestamp) -> Json {
    let mut said = json!({
        "number": row.id.to_string(),
        "state": if row.state.has_tags() && row.until <= now { "ended" } else { row.state.as_str() },
        "categories": row.categories,
        // Whole seconds, so that all are of one length.
        "filed_at": format!("{:.0}", row.filed_at),
        "until": format!("{:.0}", row.until),
        "decided_at": row.detail.decided_at.map(|at| format!("{:.0}", at.0)),
    });
    if let Some(refusal) = row.detail.refusal.as_ref().filter(|_| row.state == OptOutState::Refused) {
        said["reasons"] = refusal["reasons"].clone();
        said["remedies"] = refusal["remedies"].clone();
    }
    said
}

/// An opt-out that was filed, as whoever filed it is told once.
#[must_use]
pub fn filed_json(filed: &FiledOptOut, now: Timestamp) -> Json {
    let mut told = status_json(&filed.row, now);
    told["code"] = json!(filed.code);
    told
}

/// Every opt-out that is kept, as officers see them.
///
/// # Errors
/// [`GatewayError`].
pub async fn listed(gateway: &Gateway) -> Result<Vec<Json>, GatewayError> {
    let now = gateway.now();
    let rows = gateway.store().opt_outs().await?;
    Ok(rows.iter().map(|row| status_json(row, now)).collect())
}

/// What the registers say of a bundle's objects. Nothing is read of it while nobody has opted out.
///
/// # Errors
/// [`GatewayError`]; callers share nothing.
pub(super) async fn known(gateway: &Gateway, bundle: &[u8], flow: Flow<'_>) -> Result<Known, GatewayError> {
    let periods = gateway.store().opt_out_periods(flow.at).await?;
    let named = if periods.is_empty() {
        Naming::default()
    } else {
        // Whom a large bundle names takes its time.
        tokio::task::block_in_place(|| naming(gateway, bundle, &periods))?
    };
    Ok(opt_out::known(gateway, named, flow).await?)
}
