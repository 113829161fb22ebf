//! The officer whom a provider has shown, made known or changed here as its claims say.

use super::{OpenIdError, Shown};
use crate::gateway::{Gateway, GatewayError};
use crate::work::manage;
use comity_exchange::ports::{Officer, Record, Standing, Store as _, SubjectRow};
use comity_exchange::shell::Shell as _;
use comity_terms::{Act, Timestamp};
use serde_json::json;

/// The name of the officer, who is known from now on as the claims say. What changed is an entry in the log first.
///
/// # Errors
/// [`OpenIdError::Taken`], [`OpenIdError::Disabled`], [`OpenIdError::Store`]; nothing changed.
pub(in crate::signin) async fn officer_of(gateway: &Gateway, shown: &Shown) -> Result<String, OpenIdError> {
    let failed = |error: GatewayError| OpenIdError::Store(error.to_string());
    let store = gateway.store();
    let person = &shown.person;
    // One at a time: two first sign-ins at once would each make them known.
    let _one = gateway.appointing().lock().await;
    let known = store.subject(shown.subject).await.map_err(|error| failed(error.into()))?;
    let name = known.as_deref().unwrap_or(&person.name);
    let standing = store.standing(name).await.map_err(|error| failed(error.into()))?;
    let (before, subjects) = match (&known, standing) {
        (Some(_), Some(Standing { revoked: true, .. })) => return Err(OpenIdError::Disabled),
        (Some(_), before) => (before.map(|standing| standing.officer), Vec::new()),
        // Whose name it is, the operator has said, and not that they are this subject.
        (None, Some(_)) => return Err(OpenIdError::Taken),
        (None, None) => (None, vec![SubjectRow { subject: shown.subject, officer: name.to_owned() }]),
    };
    let officer = Officer {
        name: name.to_owned(),
        role: person.role.clone(),
        unit: person.unit.clone().or_else(|| before.as_ref()?.unit.clone()),
        training_until: person
            .training_until
            .or(before.as_ref().map(|officer| officer.training_until))
            .unwrap_or(Timestamp::UNIX_EPOCH),
        // None: no password is theirs.
        password_hash: before.as_ref().map_or_else(String::new, |officer| officer.password_hash.clone()),
    };
    let name = officer.name.clone();
    if before.as_ref() != Some(&officer) {
        let facts = json!({ "training_until": officer.training_until.to_string(), "by": "openid" });
        let change = Record { officer: Some(officer), subjects, ..Record::default() };
        manage::record(gateway, Act::OfficerAdded, facts, change).await.map_err(failed)?;
    }
    Ok(name)
}
