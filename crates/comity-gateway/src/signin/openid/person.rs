//! Which officer a provider's claims speak of. Pure.

use super::settings::OpenIdSettings;
use comity_terms::Timestamp;
use serde_json::{Map, Value};

/// An officer as the claims say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Their name.
    pub name: String,
    /// Their role.
    pub role: String,
    /// Their unit, where a claim says it.
    pub unit: Option<String>,
    /// Until when their training is valid; `None` where no claim is to say it.
    pub training_until: Option<Timestamp>,
}

/// Why claims speak of no officer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PersonError {
    /// The name is absent, or no name.
    #[error("the provider names nobody, or by what is no officer's name")]
    Name,
    /// No value of the role's claim is a role here.
    #[error("the provider gives them no role that is one here")]
    Role,
}

/// The officer that the claims speak of.
///
/// # Errors
/// [`PersonError`]; nobody is signed in. A training or unit that does not read is none.
pub fn person(claims: &Map<String, Value>, settings: &OpenIdSettings) -> Result<Person, PersonError> {
    let text = |claim: &str| claims.get(claim).and_then(Value::as_str).filter(|text| is_name(text));
    let name = text(&settings.name_claim).ok_or(PersonError::Name)?;
    let said: Vec<&str> = match claims.get(&settings.role_claim) {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let role = settings.roles.iter().find(|of| said.contains(&of.value.as_str())).ok_or(PersonError::Role)?;
    let training = settings.training_claim.as_deref();
    Ok(Person {
        name: name.to_owned(),
        role: role.role.clone(),
        unit: settings.unit_claim.as_deref().and_then(text).map(str::to_owned),
        // A claim that is to say it and does not: they are not trained.
        training_until: training
            .map(|claim| claims.get(claim).and_then(instant).unwrap_or(Timestamp::UNIX_EPOCH)),
    })
}

/// The last instant of a day, or an instant.
fn instant(value: &Value) -> Option<Timestamp> {
    match value {
        Value::String(day) => Some(crate::work::manage::end_of(day.parse().ok()?)),
        Value::Number(second) => Timestamp::from_second(second.as_i64()?).ok(),
        _ => None,
    }
}

/// Whether it can be an officer's name on every road: HTTP Basic has no colon in it.
fn is_name(text: &str) -> bool {
    let fits = |c: char| !c.is_control() && c != ':';
    !text.is_empty() && text.len() <= NAME_BYTES_MAX && text.trim() == text && text.chars().all(fits)
}

/// As long as a name by HTTP Basic.
const NAME_BYTES_MAX: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn settings() -> OpenIdSettings {
        toml::from_str(
            r#"
            issuer = "https://id.example"
            client_id = "comity"
            public_url = "https://gateway.example"
            name_claim = "preferred_username"
            role_claim = "groups"
            roles = [{ value = "cti-leads", role = "legal_officer" }, { value = "cti", role = "analyst" }]
            training_claim = "training"
            unit_claim = "unit"
            "#,
        )
        .unwrap()
    }

    fn of(claims: Value) -> Result<Person, PersonError> {
        person(claims.as_object().unwrap(), &settings())
    }

    #[test]
    fn claims_speak_of_an_officer() {
        let end: Timestamp = "2027-06-30T23:59:59.999999999Z".parse().unwrap();
        let expected = Person {
            name: "a.tamm".to_owned(),
            role: "analyst".to_owned(),
            unit: Some("cyber".to_owned()),
            training_until: Some(end),
        };
        let claims = json!({
            "preferred_username": "a.tamm", "groups": ["staff", "cti"], "training": "2027-06-30", "unit": "cyber",
        });
        assert_eq!(of(claims.clone()), Ok(expected.clone()));
        let with = |key: &str, value: Value| {
            let mut claims = claims.clone();
            claims[key] = value;
            of(claims)
        };
        assert_eq!(with("groups", json!("cti")), Ok(expected.clone()));
        // The first in the operator's order, whatever the provider's.
        assert_eq!(with("groups", json!(["cti", "cti-leads"])).unwrap().role, "legal_officer");
        for none in [json!(["CTI"]), json!([]), json!(null), json!({ "cti": true }), json!([["cti"]])] {
            assert_eq!(with("groups", none), Err(PersonError::Role));
        }
        for name in [json!(""), json!("a:b"), json!("a\nb"), json!(" a"), json!(7), json!("x".repeat(257))] {
            assert_eq!(with("preferred_username", name), Err(PersonError::Name));
        }
        // What does not say until when says that they are not trained.
        for training in [json!(null), json!("soon"), json!(true), json!(1.5)] {
            assert_eq!(with("training", training).unwrap().training_until, Some(Timestamp::UNIX_EPOCH));
        }
        assert_eq!(with("training", json!(60)).unwrap().training_until, Timestamp::from_second(60).ok());
        assert_eq!(with("unit", json!(null)).unwrap().unit, None);
    }
}
