//! The invariants of minimising on generated bundles: observables and objects that refer to each other in
//! every way, circles included, with values, markings and unknown properties of every kind.

mod invariants;
mod support;

use comity_minimise::PathTable;
use proptest::prelude::*;
use serde_json::{Value, json};

const TYPES: [&str; 12] = [
    "ipv4-addr",
    "email-addr",
    "user-account",
    "network-traffic",
    "file",
    "directory",
    "artifact",
    "identity",
    "relationship",
    "report",
    "indicator",
    "x-custom",
];
const NAMES: [&str; 5] = ["Mari Kask", "Jaan Tamm", "Aino Laine", "admin", "x"];
const MARKINGS: [&str; 3] = [
    "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
    "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1",
    "marking-definition--00000000-0000-4000-8000-000000000099",
];

#[derive(Debug, Clone)]
struct Seed {
    kind: usize,
    name: usize,
    host: u8,
    refs: Vec<usize>,
    flags: u8,
}

fn seeds() -> impl Strategy<Value = Vec<Seed>> {
    let seed =
        (0..TYPES.len(), 0..NAMES.len(), 0_u8..6, prop::collection::vec(0_usize..14, 1..4), any::<u8>());
    let seed = seed.prop_map(|(kind, name, host, refs, flags)| Seed { kind, name, host, refs, flags });
    prop::collection::vec(seed, 1..14)
}

fn id(seeds: &[Seed], index: usize) -> String {
    let index = index % (seeds.len() + 1);
    // One reference in every bundle may lead outside.
    let kind = seeds.get(index).map_or("malware", |seed| TYPES[seed.kind]);
    let version = seeds.get(index).map_or(4, |seed| if seed.flags & 1 == 0 { 4 } else { 5 });
    format!("{kind}--00000000-0000-{version}000-8000-0000000000{index:02}")
}

fn object(seeds: &[Seed], index: usize) -> Value {
    let seed = &seeds[index];
    let refs: Vec<String> = seed.refs.iter().map(|target| id(seeds, *target)).collect();
    let (kind, name) = (TYPES[seed.kind], NAMES[seed.name]);
    let login = name.split(' ').next().unwrap_or_default().to_lowercase();
    let mut object = match kind {
        "ipv4-addr" => json!({"value": format!("192.0.2.{}", seed.host), "resolves_to_refs": refs}),
        "email-addr" => {
            json!({"value": format!("{login}@example.org"), "display_name": name, "belongs_to_ref": refs[0]})
        }
        "user-account" => json!({"account_login": login, "display_name": name, "credential": "hunter22"}),
        "network-traffic" => {
            json!({"src_ref": refs[0], "protocols": ["tcp"], "start": "2026-01-01T10:11:12Z", "encapsulates_refs": refs})
        }
        "file" => {
            json!({"name": format!("C:\\Users\\{login}\\a{}.exe", seed.host), "parent_directory_ref": refs[0], "extensions": {"archive-ext": {"contains_refs": refs}}})
        }
        "directory" => json!({"path": format!("/home/{login}"), "contains_refs": refs}),
        "artifact" => {
            json!({"payload_bin": "aGVsbG8=", "hashes": {"MD5": "5d41402abc4b2a76b9719d911017c592"}})
        }
        "identity" => {
            json!({"name": name, "identity_class": if seed.flags & 2 == 0 { "individual" } else { "organization" }, "contact_information": format!("{login}@example.org")})
        }
        "relationship" => {
            json!({"relationship_type": if seed.flags & 4 == 0 { "related-to" } else { "targets" }, "source_ref": refs[0], "target_ref": refs[refs.len() - 1]})
        }
        "report" => {
            json!({"name": format!("About {name} at 192.0.2.{}", seed.host), "published": "2026-01-01T00:00:00Z", "object_refs": refs})
        }
        "indicator" => {
            json!({"pattern": format!("[ipv4-addr:value = '192.0.2.{}' OR email-message:to_refs[*].value = '{login}@example.org']", seed.host), "pattern_type": "stix", "valid_from": "2026-01-01T00:00:00Z"})
        }
        _ => json!({"thing": name}),
    };
    object["type"] = json!(kind);
    object["id"] = json!(id(seeds, index));
    let observable =
        ["ipv4-addr", "email-addr", "user-account", "network-traffic", "file", "directory", "artifact"];
    if !observable.contains(&kind) {
        object["spec_version"] = json!("2.1");
        object["created"] = json!("2026-01-01T00:00:00Z");
        object["modified"] = json!("2026-01-01T00:00:00Z");
    }
    if seed.flags & 8 != 0 {
        object["x_unknown"] = json!({"deep": [name]});
    }
    if seed.flags & 16 != 0 {
        object["object_marking_refs"] = json!([MARKINGS[usize::from(seed.host) % 3]]);
    }
    if seed.flags & 32 != 0 {
        object["granular_markings"] = json!([
            {"marking_ref": MARKINGS[0], "selectors": ["object_refs.[1]", "x_unknown", "type"]},
            {"lang": "et", "selectors": ["name", "display_name", "nowhere"]},
        ]);
    }
    object
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn generated_bundles_keep_the_invariants(seeds in seeds()) {
        let objects: Vec<Value> = (0..seeds.len()).map(|index| object(&seeds, index)).collect();
        let bundle = json!({"type": "bundle", "id": "bundle--00000000-0000-4000-8000-000000000098", "objects": objects, "x_extra": 1});
        let table = PathTable::shipped().expect("the shipped table");
        let out = invariants::check(bundle.to_string().as_bytes(), &table).expect("a bundle");
        let text = String::from_utf8(out).expect("UTF-8");
        prop_assert!(!text.contains("x_unknown") && !text.contains("x-custom--") && !text.contains("hunter22"));
    }
}
