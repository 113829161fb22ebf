//! TLP as the standard's own marking definitions (STIX 2.1 section 7.2.1.4, and OASIS's extension for TLP 2.0).

use serde_json::{Map, Value, json};

/// The extension that says a TLP 2.0 level.
pub const TLP_2: &str = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d";

/// Tag, id, and whether it is of TLP 1.
pub const TLP: [(&str, &str, bool); 6] = [
    ("tlp:white", "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9", true),
    ("tlp:green", "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da", true),
    ("tlp:amber", "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82", true),
    ("tlp:red", "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed", true),
    ("tlp:clear", "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487", false),
    ("tlp:amber+strict", "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003", false),
];

/// The marking definition of a tag of TLP, in small letters: `tlp:clear`; `None` for any other.
#[must_use]
pub fn tlp(tag: &str) -> Option<Map<String, Value>> {
    let (tag, id, first) = TLP.into_iter().find(|(known, ..)| *known == tag)?;
    let level = tag.trim_start_matches("tlp:");
    let mut object = definition(id, "2017-01-20T00:00:00.000Z");
    object.insert("name".to_owned(), json!(format!("TLP:{}", level.to_ascii_uppercase())));
    if first {
        object.insert("definition_type".to_owned(), json!("tlp"));
        object.insert("definition".to_owned(), json!({ "tlp": level }));
    } else {
        object.insert("created".to_owned(), json!("2022-10-01T00:00:00.000Z"));
        let extension = json!({ "extension_type": "property-extension", "tlp_2_0": level });
        object.insert("extensions".to_owned(), json!({ TLP_2: extension }));
    }
    Some(object)
}

/// A marking definition of that id, without what it says.
#[must_use]
pub fn definition(id: &str, created: &str) -> Map<String, Value> {
    let mut object = Map::new();
    object.insert("type".to_owned(), json!("marking-definition"));
    object.insert("spec_version".to_owned(), json!("2.1"));
    object.insert("id".to_owned(), json!(id));
    object.insert("created".to_owned(), json!(created));
    object
}
