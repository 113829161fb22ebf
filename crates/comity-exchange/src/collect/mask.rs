//! What is left of a record about somebody who is not targeted, until an approver has let it be seen: that there is one, of
//! which type, how it is marked and when it was made. Nothing that says who it is.
//!
//! Where the standard asks for a name there is one that says so, `masked-` and the beginning of the id: tools tell those
//! whom it stands for apart, and read on.

use crate::ExchangeError;
use comity_minimise::{Bundle, Limits};
use comity_vault::Cleartext;
use serde_json::value::{RawValue, to_raw_value};
use std::collections::BTreeMap;

/// The properties that a mask leaves: STIX 2.1 sections 3.2 and 7.2.
const LEFT: [&str; 6] = ["type", "spec_version", "id", "created", "modified", "object_marking_refs"];

/// The property that says who it is, and must be there.
const NAME: &str = "name";

/// The object with what a mask leaves of it, byte for byte but for the name.
///
/// The id of an observable is made of its value (STIX 2.1 section 2.9), so it is left out of one that has no instant of
/// making.
///
/// # Errors
/// [`ExchangeError::Proof`] when the record is no object of STIX, which was checked before.
pub(super) fn head(object: &Cleartext) -> Result<Cleartext, ExchangeError> {
    object.reduced(left).ok_or_else(|| ExchangeError::proof("a sealed record is no object"))
}

/// Whether what a mask left is still an object of STIX, which tools read: of one without an id, or without what its type
/// must have, they cannot.
pub(super) fn is_object(head: &Cleartext) -> bool {
    Bundle::of_objects([head.as_bytes()], &Limits::default()).is_ok_and(|bundle| bundle.objects().len() == 1)
}

fn left(object: &[u8]) -> Option<Vec<u8>> {
    let whole: BTreeMap<&str, &RawValue> = serde_json::from_slice(object).ok()?;
    let made = whole.contains_key("created");
    let left = LEFT.into_iter().filter(|key| made || *key != "id");
    let mut left: BTreeMap<&str, &RawValue> = left.filter_map(|key| Some((key, *whole.get(key)?))).collect();
    let stands_for = whole.get(NAME).and_then(|_| named_by(left.get("id")?.get()));
    if let Some(name) = &stands_for {
        left.insert(NAME, name);
    }
    serde_json::to_vec(&left).ok()
}

/// The name that stands for one: of an id, the first group of the UUID.
fn named_by(id: &str) -> Option<Box<RawValue>> {
    let (_, uuid) = id.trim_matches('"').split_once("--")?;
    to_raw_value(&format!("masked-{}", uuid.split('-').next()?)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(text: &str) -> String {
        String::from_utf8(left(text.as_bytes()).unwrap()).unwrap()
    }

    #[test]
    fn a_mask_leaves_nothing_that_says_who_it_is() {
        let identity = r#"{"type":"identity","spec_version":"2.1","id":"identity--1","created":"2026-01-01T00:00:00Z",
            "modified":"2026-01-01T00:00:00Z","name":"Mari Kask","contact_information":"mari@example.ee"}"#;
        let left = masked(identity);
        assert!(left.contains("identity--1") && !left.contains("Mari") && !left.contains("mari@"), "{left}");
        assert!(left.contains(r#""name":"masked-1""#), "it is no object of STIX without a name: {left}");
        let address = r#"{"type":"email-addr","spec_version":"2.1","id":"email-addr--of-the-value","value":"mari@example.ee"}"#;
        assert_eq!(masked(address), r#"{"spec_version":"2.1","type":"email-addr"}"#);
    }
}
