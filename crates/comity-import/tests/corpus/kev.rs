//! The catalogue: what an operator looks for in it, and what is wrong with one.

use crate::support::{all, links, named, one, shared};
use comity_import::{Imported, Limits, kev::to_stix};
use serde_json::{Value, json};

pub(crate) fn example() -> Value {
    json!({
        "title": "Catalogue", "catalogVersion": "2026.11.01", "dateReleased": "2026-11-01T10:00:00.5000Z", "count": 2,
        "vulnerabilities": [
            {
                "cveID": "CVE-2026-10001", "vendorProject": "Harbour", "product": "Gate",
                "vulnerabilityName": "Harbour Gate Path Traversal", "dateAdded": "2026-10-20",
                "shortDescription": "Files outside the root are read.", "requiredAction": "Update.",
                "dueDate": "2026-11-10", "knownRansomwareCampaignUse": "Known",
                "notes": "Instructions of the vendor: https://harbour.example/a ; https://nvd.example/1, https://nvd.example/2",
                "cwes": ["CWE-22", "CWE-22"],
            },
            {
                "cveID": "CVE-2026-10002", "vendorProject": "Harbour", "product": "Gate",
                "vulnerabilityName": "Harbour Gate Injection", "dateAdded": "2026-10-21",
                "shortDescription": "Commands are run.", "requiredAction": "Update.", "dueDate": "2026-11-11",
                "knownRansomwareCampaignUse": "Unknown", "notes": "Ask the vendor.",
            },
        ],
    })
}

fn made(catalogue: &Value) -> Imported {
    to_stix(catalogue.to_string().as_bytes(), &Limits::default()).expect("a catalogue")
}

#[test]
fn a_vulnerability_says_what_to_do_and_until_when() {
    let made = made(&example());
    assert_eq!((made.count, made.left), (2, vec![]));
    let first = all(&made.bundle, "vulnerability")[0];
    assert_eq!(first["name"], "CVE-2026-10001");
    assert_eq!(first["created"], "2026-10-20T00:00:00.000Z");
    assert_eq!(first["modified"], "2026-11-01T10:00:00.500Z");
    assert_eq!(first["description"], "Harbour Gate Path Traversal: Files outside the root are read.");
    let labels = json!([
        "kev:date_added=\"2026-10-20\"",
        "kev:due_date=\"2026-11-10\"",
        "kev:known_ransomware_campaign_use=\"Known\""
    ]);
    assert_eq!(first["labels"], labels);
    let references = json!([
        { "source_name": "cve", "external_id": "CVE-2026-10001" },
        { "source_name": "cwe", "external_id": "CWE-22" },
        { "source_name": "cisa-kev", "description": "Instructions of the vendor:", "url": "https://harbour.example/a" },
        { "source_name": "cisa-kev", "url": "https://nvd.example/1" },
        { "source_name": "cisa-kev", "url": "https://nvd.example/2" },
    ]);
    assert_eq!(first["external_references"], references);
    // One action and one product, for both.
    assert_eq!(
        links(&made.bundle),
        [
            "Gate related-to CVE-2026-10001",
            "Gate related-to CVE-2026-10002",
            "Update. mitigates CVE-2026-10001",
            "Update. mitigates CVE-2026-10002",
        ]
    );
    let report = one(&made.bundle, "report");
    assert_eq!(report["name"], "Catalogue, 2026.11.01");
    assert_eq!(report["object_refs"].as_array().map(Vec::len), Some(2 + 1 + 1 + 4));
}

#[test]
fn everything_in_it_is_public_and_by_cisa() {
    let made = made(&example());
    let clear = &one(&made.bundle, "marking-definition")["id"];
    let author = &one(&made.bundle, "identity")["id"];
    for object in made.bundle["objects"].as_array().expect("objects") {
        let kind = object["type"].as_str().unwrap_or_default();
        if kind != "marking-definition" {
            assert_eq!(object["object_marking_refs"], json!([clear]), "{kind}");
        }
        if !matches!(kind, "marking-definition" | "identity" | "software") {
            assert_eq!(&object["created_by_ref"], author, "{kind}");
        }
    }
}

#[test]
fn a_vulnerability_keeps_its_id_in_the_next_release() {
    let before = made(&example());
    let mut next = example();
    next["catalogVersion"] = json!("2026.11.02");
    next["dateReleased"] = json!("2026-11-02T10:00:00Z");
    next["vulnerabilities"][0]["knownRansomwareCampaignUse"] = json!("Unknown");
    let after = made(&next);
    let (before, after) = (all(&before.bundle, "vulnerability")[0], all(&after.bundle, "vulnerability")[0]);
    assert_eq!((&before["id"], &before["created"]), (&after["id"], &after["created"]));
    assert!(before["modified"].as_str() < after["modified"].as_str());
}

#[test]
fn what_is_wrong_is_named_by_its_place() {
    let rows: [(&str, Value, &str); 9] = [
        ("/vulnerabilities/0/cveID", json!("CVE-26-1"), "/vulnerabilities/0/cveID is no CVE id"),
        ("/vulnerabilities/1/cveID", json!("CVE-2026-10001"), "/vulnerabilities/1/cveID was there before"),
        ("/vulnerabilities/1/dueDate", json!("soon"), "/vulnerabilities/1/dueDate is no day (YYYY-MM-DD)"),
        ("/vulnerabilities/1/product", json!(7), "/vulnerabilities/1/product is no text"),
        ("/vulnerabilities/0/cwes/1", json!("CWE-x"), "/vulnerabilities/0/cwes/1 is no CWE id"),
        ("/dateReleased", json!("2026"), "/dateReleased is no time with its zone (RFC 3339)"),
        ("/vulnerabilities", json!({}), "/vulnerabilities is no list"),
        ("/count", json!(3), "/count is not what its place asks for"),
        (
            "/vulnerabilities/0/knownRansomwareCampaignUse",
            json!("Perhaps Anna"),
            "/vulnerabilities/0/knownRansomwareCampaignUse is no word that its format has there",
        ),
    ];
    for (pointer, value, told) in rows {
        let mut catalogue = example();
        *catalogue.pointer_mut(pointer).expect("a place") = value;
        let result = to_stix(catalogue.to_string().as_bytes(), &Limits::default());
        assert_eq!(named(&result), [told], "{pointer}");
    }
    for (document, told) in [
        ("[]", "no KEV catalogue: `vulnerabilities` is not there"),
        ("{\"vulnerabilities\": [", "line 1, column 21: not JSON, or nested too deep"),
        (
            "{\"vulnerabilities\": []}",
            "/catalogVersion is missing; /dateReleased is missing; /count is missing",
        ),
    ] {
        let error = to_stix(document.as_bytes(), &Limits::default()).expect_err("no catalogue");
        assert_eq!(error.to_string(), told);
    }
}

#[test]
fn a_catalogue_is_read_within_bounds() {
    let text = example().to_string();
    for (limits, told) in [
        (Limits { bytes_max: 99, ..Limits::default() }, "longer than 99 bytes"),
        (Limits { records_max: 2, ..Limits::default() }, "more than 2 records"),
        (Limits { text_length_max: 9, ..Limits::default() }, "a text longer than 9 bytes"),
    ] {
        assert_eq!(to_stix(text.as_bytes(), &limits).expect_err("too much").to_string(), told);
    }
}

/// The catalogue of CISA: every entry, and every word and link of it.
#[test]
fn nothing_of_the_catalogue_is_lost() {
    for file in shared("reference/cisa-kev").unwrap_or_default() {
        let bytes = std::fs::read(&file).expect("a readable file");
        let catalogue: Value = serde_json::from_slice(&bytes).expect("JSON");
        let made = to_stix(&bytes, &Limits::default()).expect("a catalogue");
        let again = to_stix(&bytes, &Limits::default()).expect("a catalogue");
        assert_eq!(made, again);
        assert_eq!(made.left, vec![]);
        let entries = catalogue["vulnerabilities"].as_array().expect("a list");
        let vulnerabilities = all(&made.bundle, "vulnerability");
        assert_eq!((made.count, vulnerabilities.len()), (entries.len(), entries.len()));
        for (entry, vulnerability) in entries.iter().zip(vulnerabilities) {
            let word = |name: &str| entry[name].as_str().unwrap_or_default();
            assert_eq!(vulnerability["name"], word("cveID"));
            let said = vulnerability.to_string();
            let links = word("notes").split([' ', ',', ';', '(', ')']);
            for link in links.filter(|word| word.starts_with("http")).map(|link| link.trim_end_matches('.')) {
                assert!(said.contains(&Value::from(link).to_string().trim_matches('"').to_owned()), "{link}");
            }
            let whole = [word("dateAdded"), word("dueDate"), word("knownRansomwareCampaignUse")];
            let texts = ["vulnerabilityName", "shortDescription"].map(&word);
            for text in whole.into_iter().chain(texts) {
                let text = Value::from(text).to_string();
                assert!(said.contains(text.trim_matches('"')), "{} lacks {text}", word("cveID"));
            }
        }
        let actions = all(&made.bundle, "course-of-action");
        let products = all(&made.bundle, "software");
        for entry in entries {
            assert!(actions.iter().any(|action| action["description"] == entry["requiredAction"]));
            let named = |software: &&Value| {
                software["name"] == entry["product"] && software["vendor"] == entry["vendorProject"]
            };
            assert!(products.iter().copied().any(|software| named(&software)));
        }
        assert!(made.bundle["id"].as_str().is_some_and(|id| id.starts_with("bundle--")));
    }
}
