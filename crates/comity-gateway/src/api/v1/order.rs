//! The body of a share: what an officer's program orders, as text.

use crate::work::share::Order;
use comity_exchange::wire::Text;
use comity_terms::{Activity, FactKey, PackSlug, Party, Purpose};
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use utoipa::ToSchema;

/// What an officer orders.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ShareRequest {
    /// The agreement.
    #[schema(value_type = String)]
    under: Text<PackSlug>,
    /// The receiver.
    #[schema(value_type = String)]
    to: Text<Party>,
    /// The agreed category of collaboration.
    #[schema(value_type = String, example = "threat_intel")]
    activity: Text<Activity>,
    /// What the data is for.
    #[schema(value_type = String, example = "cyber_defence")]
    purpose: Text<Purpose>,
    /// Facts that the officer states, as text.
    #[serde(default, deserialize_with = "each_once")]
    #[schema(value_type = BTreeMap<String, String>)]
    facts: BTreeMap<Text<FactKey>, String>,
    /// Facts that offices attest: `value`, `issuer`, `document_digest`, `valid_until`.
    #[serde(default, deserialize_with = "each_once")]
    #[schema(value_type = BTreeMap<String, Object>)]
    attestations: BTreeMap<Text<FactKey>, Box<RawValue>>,
    /// A STIX 2.1 bundle, an object, or a list of objects.
    #[schema(value_type = Object)]
    bundle: Box<RawValue>,
}

/// The order that a body is, of an officer. Nothing is looked up: whether there is such a partner, agreement or fact, the
/// sharing says; the bundle is JSON, and read there.
///
/// # Errors
/// What does not read, with its place; what is there twice or is not known does not.
pub fn read(body: &[u8], officer: &str) -> Result<Order, serde_json::Error> {
    // A list of its parts would do for the library that reads it.
    if body.trim_ascii_start().first() == Some(&b'[') {
        return Err(serde_json::Error::custom("expected an object"));
    }
    let asked: ShareRequest = serde_json::from_slice(body)?;
    let attested = asked.attestations.into_iter();
    Ok(Order {
        bundle: Arc::new(asked.bundle.get().as_bytes().to_vec()),
        officer: officer.to_owned(),
        under: asked.under.0,
        to: asked.to.0,
        activity: asked.activity.0,
        purpose: asked.purpose.0,
        facts: asked.facts.into_iter().map(|(key, value)| (key.0, value)).collect(),
        attestations: attested.map(|(key, file)| (key.0, file.get().as_bytes().to_vec())).collect(),
        assume_in_force: false,
        added: None,
        once: None,
    })
}

/// An object of which no key is there twice: which of two values was meant, nobody here can say.
fn each_once<'de, K, V, D>(deserializer: D) -> Result<BTreeMap<K, V>, D::Error>
where
    K: Deserialize<'de> + Ord,
    V: Deserialize<'de>,
    D: Deserializer<'de>,
{
    struct EachOnce<K, V>(PhantomData<(K, V)>);

    impl<'de, K: Deserialize<'de> + Ord, V: Deserialize<'de>> Visitor<'de> for EachOnce<K, V> {
        type Value = BTreeMap<K, V>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut found = BTreeMap::new();
            while let Some((key, value)) = map.next_entry()? {
                if found.insert(key, value).is_some() {
                    return Err(A::Error::custom("a fact is named twice"));
                }
            }
            Ok(found)
        }
    }

    deserializer.deserialize_map(EachOnce(PhantomData))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(more: &str) -> Result<Order, String> {
        let head = r#""under":"a-pact","to":"FI","activity":"threat_intel","purpose":"cyber_defence""#;
        read(format!("{{{head}{more}}}").as_bytes(), "ana").map_err(|error| error.to_string())
    }

    #[test]
    fn the_bundle_goes_on_as_it_was_written() {
        let order = order(
            r#","bundle":{"a": 1.0},"facts":{"urgent":"true"},"attestations":{"authorisation":{"b": 2}}"#,
        );
        let order = order.unwrap();
        assert_eq!((order.bundle.as_slice(), order.officer.as_str()), (&br#"{"a": 1.0}"#[..], "ana"));
        assert_eq!(order.facts, [("urgent".parse().unwrap(), "true".to_owned())]);
        assert_eq!(order.attestations, [("authorisation".parse().unwrap(), br#"{"b": 2}"#.to_vec())]);
    }

    #[test]
    fn a_list_of_its_parts_is_no_order() {
        let list = br#" ["a-pact","FI","threat_intel","cyber_defence",{},{},[]]"#;
        assert_eq!(read(list, "ana").err().unwrap().to_string(), "expected an object");
    }

    #[test]
    fn what_is_there_twice_or_not_known_is_no_order() {
        for (more, told) in [
            ("", "bundle"),
            (r#","bundle":[],"bundle":[]"#, "duplicate field `bundle`"),
            (r#","bundle":[],"to":"EE""#, "duplicate field `to`"),
            (r#","bundle":[],"officer":"another""#, "unknown field `officer`"),
            (r#","bundle":[],"facts":{"urgent":"true","urgent":"false"}"#, "named twice"),
            (r#","bundle":[],"attestations":{"authorisation":1,"authorisation":2}"#, "named twice"),
            (r#","bundle":[],"facts":[]"#, "an object"),
        ] {
            let error = order(more).err().unwrap();
            assert!(error.contains(told), "{more}: {error}");
        }
    }
}
