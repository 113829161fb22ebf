//! What an officer states: facts, each if officers may give it, and what offices attest in files.

use super::Order;
use crate::gateway::GatewayError;
use comity_agreement::Vocabulary;
use comity_agreement::finding::did_you_mean;
use comity_agreement::vocabulary::FactTerm;
use comity_exchange::question::Attestation;
use comity_exchange::shell::Lent;
use comity_exchange::wire::Text;
use comity_terms::{Asserter, Digest, FactKey, Facts, Timestamp};

/// States whether the officer's training is valid, as the gateway knows it.
///
/// Nobody says it for the gateway: what somebody did say stays as it was said, and refuses by its name
/// (`fact_not_assertable`), true or not.
///
/// # Errors
/// None that a caller can cause.
pub(in crate::work) fn known_training(facts: &mut Facts, valid: bool) -> Result<(), GatewayError> {
    let key = FactKey::new("training_valid").map_err(|e| GatewayError::Broken(e.to_string()))?;
    if facts.get(key.as_str()).is_none() {
        facts.state(key, valid, Asserter::Gateway);
    }
    Ok(())
}

fn term<'v>(vocabulary: &'v Vocabulary, key: &FactKey) -> Result<&'v FactTerm, GatewayError> {
    vocabulary.fact(key.as_str()).ok_or_else(|| {
        let near = did_you_mean(key.as_str(), vocabulary.facts().keys().map(FactKey::as_str));
        GatewayError::Input(format!("no fact `{key}` is known{near}"))
    })
}

/// The facts that an officer states, in the types of the vocabulary.
///
/// # Errors
/// [`GatewayError::Input`], naming the fact that is not known or does not read.
pub fn stated_by_officer(stated: &[(FactKey, String)], lent: &Lent) -> Result<Facts, GatewayError> {
    let vocabulary = &lent.laws.vocabulary;
    let mut facts = Facts::new();
    for (key, text) in stated {
        let value = term(vocabulary, key)?
            .from_text(vocabulary, text)
            .map_err(|e| GatewayError::Input(e.to_string()))?;
        facts.state(key.clone(), value, Asserter::Officer);
    }
    Ok(facts)
}

/// That an officer may say all of this.
///
/// # Errors
/// [`GatewayError::Input`], naming the first fact that others say.
pub(in crate::work) fn assertable_by_officer(
    stated: &[(FactKey, String)],
    lent: &Lent,
) -> Result<(), GatewayError> {
    let vocabulary = &lent.laws.vocabulary;
    for (key, _) in stated {
        let said = term(vocabulary, key)?;
        let meant = said.alias_of.as_ref().and_then(|key| vocabulary.fact(key.as_str())).unwrap_or(said);
        if !meant.asserted_by.contains(&Asserter::Officer) {
            let by: Vec<String> = meant.asserted_by.iter().map(ToString::to_string).collect();
            return Err(GatewayError::Input(format!(
                "fact_not_assertable:{key}: an officer cannot say it; who can: {}",
                by.join(", ")
            )));
        }
    }
    Ok(())
}

/// The facts that the officer states and offices attest, in the types of the vocabulary.
pub(super) fn of(
    order: &Order,
    lent: &Lent,
    now: Timestamp,
) -> Result<(Facts, Vec<Attestation>), GatewayError> {
    let mut facts = stated_by_officer(&order.facts, lent)?;
    let attestations = attested(&order.attestations, lent, now, &mut facts)?;
    Ok((facts, attestations))
}

/// States what offices attest in `files`, in the types of the vocabulary; what stands behind it.
///
/// # Errors
/// [`GatewayError::Input`], naming the fact and what is wrong with its attestation.
pub(in crate::work) fn attested(
    files: &[(FactKey, Vec<u8>)],
    lent: &Lent,
    now: Timestamp,
    facts: &mut Facts,
) -> Result<Vec<Attestation>, GatewayError> {
    let vocabulary = &lent.laws.vocabulary;
    let mut attestations = Vec::new();
    for (key, file) in files {
        let wrong = |why: &str| GatewayError::Input(format!("the attestation of `{key}`: {why}"));
        let attested: AttestationFile =
            serde_json::from_slice(file).map_err(|e| wrong(&format!("does not read: {e}")))?;
        if attested.issuer.trim().is_empty() {
            return Err(wrong("it names no issuer"));
        }
        if now > attested.valid_until.0 {
            return Err(wrong(&format!("it was valid until {}", attested.valid_until.0)));
        }
        let value = term(vocabulary, key)?
            .from_json(vocabulary, &attested.value)
            .map_err(|e| GatewayError::Input(e.to_string()))?;
        facts.state(key.clone(), value, Asserter::Office);
        attestations.push(Attestation {
            key: key.clone(),
            document: attested.document_digest.0,
            valid_until: attested.valid_until.0,
        });
    }
    Ok(attestations)
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct AttestationFile {
    value: serde_json::Value,
    issuer: String,
    document_digest: Text<Digest>,
    valid_until: Text<Timestamp>,
}
