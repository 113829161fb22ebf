//! Small bundles by hand, and what is left of them.

mod support;

use comity_minimise::{Bundle, Limits, PathTable};

/// `id` ends in the two digits; the rest is a valid random UUID.
fn id(kind: &str, number: u8) -> String {
    format!("{kind}--00000000-0000-4000-8000-0000000000{number:02}")
}

fn sdo(kind: &str, number: u8, properties: &str) -> String {
    let at = "2026-01-01T00:00:00.000Z";
    let id = id(kind, number);
    format!(
        r#"{{"type":"{kind}","spec_version":"2.1","id":"{id}","created":"{at}","modified":"{at}",{properties}}}"#
    )
}

fn bundle(objects: &[String]) -> String {
    format!(r#"{{"type":"bundle","id":"{}","objects":[{}]}}"#, id("bundle", 1), objects.join(","))
}

/// The objects that travel, and the withholdings as `id path class treatment: ground`.
fn minimised(objects: &[String]) -> (Vec<String>, Vec<String>) {
    let text = bundle(objects);
    let bundle = Bundle::parse(text.as_bytes(), &Limits::default()).expect("a bundle");
    let table = PathTable::shipped().expect("the shipped table");
    let minimised = support::minimise_all(&bundle, &table);
    let objects = minimised.objects.iter().map(|object| String::from_utf8_lossy(&object.bytes).into_owned());
    let withholdings = minimised
        .withholdings
        .iter()
        .map(|w| format!("{} {} {} {}: {}", w.object, w.path, w.data_class, w.treatment, w.ground));
    (objects.collect(), withholdings.collect())
}

fn check(input: &[String], output: &[String]) {
    let (left, withholdings) = minimised(input);
    assert_eq!(left, output, "withheld:\n{}", withholdings.join("\n"));
}

#[test]
fn what_concerns_nobody_goes_byte_for_byte() {
    let malware = sdo("malware", 2, r#""name" : "GlassAnchor",  "is_family":true"#);
    check(std::slice::from_ref(&malware), std::slice::from_ref(&malware));
}

#[test]
fn an_address_is_tokenised_and_its_id_made_anew() {
    let token = support::key().token("mari@example.org");
    let address = r#"{"type":"email-addr","id":"email-addr--f5e83aa7-c2e7-5f0c-bb8a-f0b6b2e8c4b8","value":"mari@example.org","display_name":"Mari Kask"}"#;
    let note = sdo(
        "report",
        2,
        r#""name":"Seen at Mari Kask","published":"2026-01-01T00:00:00Z","object_refs":["email-addr--f5e83aa7-c2e7-5f0c-bb8a-f0b6b2e8c4b8"]"#,
    );
    let (left, _) = minimised(&[address.to_owned(), note]);
    let [address, report] = &left[..] else { panic!("two objects travel: {left:?}") };
    let address: serde_json::Value = serde_json::from_str(address).expect("JSON");
    assert_eq!(address["value"], format!("{token}@example.org"));
    assert_eq!(address["display_name"], serde_json::Value::Null);
    let report: serde_json::Value = serde_json::from_str(report).expect("JSON");
    assert_eq!(report["object_refs"][0], address["id"], "the reference follows");
    assert_eq!(report["name"], format!("Seen at {}", support::key().token("Mari Kask")));
    assert!(!left.concat().to_lowercase().contains("mari"), "no name is left");
}

#[test]
fn an_address_that_an_indicator_cites_is_kept() {
    let address = r#"{"type":"email-addr","id":"email-addr--00000000-0000-4000-8000-000000000003","value":"Evil@example.com"}"#.to_owned();
    let indicator = sdo(
        "indicator",
        2,
        r#""pattern":"[email-addr:value = 'evil@example.com']","pattern_type":"stix","valid_from":"2026-01-01T00:00:00Z""#,
    );
    check(&[address.clone(), indicator.clone()], &[address, indicator]);
}

#[test]
fn a_recipient_in_a_pattern_is_a_victim() {
    let token = support::key().token("mari@example.org");
    let indicator = |recipient: &str| {
        sdo(
            "indicator",
            2,
            &format!(
                r#""pattern":"[email-message:to_refs[*].value = '{recipient}']","pattern_type":"stix","valid_from":"2026-01-01T00:00:00Z""#
            ),
        )
    };
    check(&[indicator("mari@example.org")], &[indicator(&format!("{token}@example.org"))]);
}

#[test]
fn machines_of_persons_become_networks_and_equal_ones_are_merged() {
    let address = |number: u8, last: u8, marking: &str| {
        let id = id("ipv4-addr", number);
        format!(
            r#"{{"type":"ipv4-addr","id":"{id}","value":"192.0.2.{last}","object_marking_refs":["{marking}"]}}"#
        )
    };
    let green = "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb";
    let amber = "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421";
    let group = sdo(
        "grouping",
        4,
        &format!(
            r#""context":"unspecified","object_refs":["{}","{}"],"granular_markings":[{{"marking_ref":"{amber}","selectors":["object_refs.[1]","context"]}}]"#,
            id("ipv4-addr", 2),
            id("ipv4-addr", 3)
        ),
    );
    let made = "ipv4-addr--9d15a3f3-42cb-5e0c-b6ad-a77e11b4b5a7";
    let (left, _) = minimised(&[address(2, 17, green), address(3, 99, amber), group]);
    let [network, group] = &left[..] else { panic!("two objects travel: {left:?}") };
    let network: serde_json::Value = serde_json::from_str(network).expect("JSON");
    assert_eq!(network["value"], "192.0.2.0/24");
    assert_eq!(network["object_marking_refs"], serde_json::json!([green, amber]), "markings are joined");
    let group: serde_json::Value = serde_json::from_str(group).expect("JSON");
    assert_eq!(group["object_refs"], serde_json::json!([network["id"]]), "named once");
    assert_eq!(group["granular_markings"][0]["selectors"], serde_json::json!(["context"]));
    let id = network["id"].as_str().expect("an id");
    assert_eq!(id.len(), made.len());
    assert_eq!(&id[25..26], "5", "an id made from the value: version 5");
}

#[test]
fn what_points_to_what_stays_home_stays_home_when_it_must_point() {
    let custom = sdo("x-thing", 2, r#""name":"a""#);
    let malware = sdo("malware", 3, r#""is_family":false,"x_note":"a""#);
    let relationship = sdo(
        "relationship",
        4,
        &format!(
            r#""relationship_type":"related-to","source_ref":"{}","target_ref":"{}""#,
            id("malware", 3),
            id("x-thing", 2)
        ),
    );
    let (left, withholdings) = minimised(&[custom, malware, relationship]);
    assert_eq!(left, [sdo("malware", 3, r#""is_family":false"#)]);
    assert_eq!(
        withholdings,
        [
            format!("{}  unknown withhold_object: not listed in the path table", id("x-thing", 2)),
            format!("{} x_note unknown withhold_property: not listed in the path table", id("malware", 3)),
            format!("{}  reference withhold_object: refers to what is withheld", id("relationship", 4)),
        ]
    );
}

#[test]
fn content_with_hashes_becomes_a_file_with_them() {
    let artifact = r#"{"type":"artifact","id":"artifact--00000000-0000-4000-8000-000000000002","mime_type":"text/plain","payload_bin":"aGVsbG8=","hashes":{"MD5":"5d41402abc4b2a76b9719d911017c592"}}"#;
    let without = r#"{"type":"artifact","id":"artifact--00000000-0000-4000-8000-000000000003","payload_bin":"aGVsbG8="}"#;
    let (left, _) = minimised(&[artifact.to_owned(), without.to_owned()]);
    assert_eq!(left.len(), 1, "content without hashes stays home");
    let file: serde_json::Value = serde_json::from_str(&left[0]).expect("JSON");
    assert_eq!(file["type"], "file");
    assert_eq!(file["hashes"]["MD5"], "5d41402abc4b2a76b9719d911017c592");
    assert_eq!(file.get("payload_bin"), None);
    assert!(file["id"].as_str().is_some_and(|id| id.starts_with("file--")));
}

#[test]
fn the_users_name_leaves_paths_and_the_rest_stays() {
    let token = support::key().token("alaine");
    let path = |user: &str| {
        let id = id("process", 2);
        format!(
            r#"{{"type":"process","id":"{id}","command_line":"C:\\Users\\{user}\\run.exe --to 198.51.100.7:443"}}"#
        )
    };
    let (left, _) = minimised(&[path("alaine")]);
    let (left, expected) = (&left[0], path(&token));
    let tail = |text: &str| text[text.find("command_line").expect("a command")..].to_owned();
    assert_eq!(tail(left), tail(&expected));
}

#[test]
fn references_outside_the_bundle_stay_unless_they_tell_a_value() {
    let guessable = "ipv4-addr--9d15a3f3-42cb-5e0c-b6ad-a77e11b4b5a7";
    let report = |refs: &str| {
        sdo("report", 2, &format!(r#""name":"r","published":"2026-01-01T00:00:00Z","object_refs":[{refs}]"#))
    };
    let outside = format!("\"{}\"", id("malware", 9));
    check(&[report(&format!("{outside},\"{guessable}\""))], &[report(&outside)]);
}

#[test]
fn an_id_that_is_made_from_a_persons_name_does_not_travel() {
    let made_from_a_name = "identity--6ba7b810-9dad-5ed1-80b4-00c04fd430c8";
    let person = |name: &str, class: &str| {
        sdo("identity", 2, &format!(r#""name":"{name}","identity_class":"{class}""#))
            .replace(&id("identity", 2), made_from_a_name)
    };
    let report = sdo(
        "report",
        3,
        &format!(
            r#""name":"An incident","published":"2026-01-01T00:00:00Z","report_types":["incident"],"object_refs":["{made_from_a_name}"]"#
        ),
    );
    let (left, withholdings) = minimised(&[person("Mari Kask", "individual"), report.clone()]);
    assert_eq!(left.len(), 2, "{withholdings:?}");
    assert!(left.iter().all(|object| !object.contains(made_from_a_name)), "{left:?}");
    let told: serde_json::Value = serde_json::from_str(&left[0]).expect("an object");
    let pointed: serde_json::Value = serde_json::from_str(&left[1]).expect("an object");
    assert_eq!(pointed["object_refs"][0], told["id"], "the reference follows");
    assert!(
        withholdings.iter().any(|w| w.starts_with(&format!("{made_from_a_name} id "))),
        "{withholdings:?}"
    );

    // An organisation's stays: it concerns nobody.
    let organisation = person("Example Grid", "organization");
    check(&[organisation.clone(), report.clone()], &[organisation, report]);
}

/// Somebody whom a text of the bundle names, for the objects beside it.
fn note_of_anna() -> String {
    sdo(
        "report",
        9,
        r#""name":"Contact: Anna Tamm","published":"2026-01-01T00:00:00Z","object_refs":["malware--00000000-0000-4000-8000-000000000077"]"#,
    )
}

/// What travels of `object` beside a report that names Anna Tamm.
fn beside_anna(object: &str) -> String {
    let (left, withholdings) = minimised(&[object.to_owned(), note_of_anna()]);
    assert_eq!(left.len(), 2, "withheld:\n{}", withholdings.join("\n"));
    left[0].clone()
}

#[test]
fn who_is_named_in_a_text_is_named_in_no_label_and_no_source_beside_it() {
    let token = support::key().token("Anna Tamm");
    let malware = |who: &str| {
        sdo(
            "malware",
            2,
            &format!(
                r#""is_family":false,"labels":["victim {who}","loader"],"external_references":[{{"source_name":"report by {who}","external_id":"R-1"}}]"#
            ),
        )
    };
    assert_eq!(beside_anna(&malware("Anna Tamm")), malware(&token));
}

#[test]
fn who_is_named_in_a_text_is_named_in_no_pattern_beside_it() {
    let token = support::key().token("Anna Tamm");
    let indicator = |language: &str, pattern: &str| {
        let pattern = serde_json::to_string(pattern).expect("a string");
        sdo(
            "indicator",
            2,
            &format!(
                r#""pattern":{pattern},"pattern_type":"{language}","valid_from":"2026-01-01T00:00:00Z""#
            ),
        )
    };
    for (language, pattern) in [
        ("snort", r#"alert tcp any any (msg:"Victim Anna Tamm"; sid:1;)"#),
        (
            "yara",
            r#"rule x { meta: author = "Anna Tamm" strings: $a = "C:\\Users\\Public\\x" condition: $a }"#,
        ),
        ("stix", "[file:name = 'Letter to Anna Tamm.docx']"),
    ] {
        let expected = indicator(language, &pattern.replace("Anna Tamm", &token));
        assert_eq!(beside_anna(&indicator(language, pattern)), expected, "{language}");
    }
    // Nobody's name is in them.
    let untouched =
        indicator("yara", r#"rule y { strings: $a = "C:\\Users\\hacker\\loader.pdb" condition: $a }"#);
    assert_eq!(beside_anna(&untouched), untouched, "a path of the attacker's stays");
}

#[test]
fn a_user_whose_folder_is_treated_is_no_account_in_the_same_command_and_no_folder_in_a_rule() {
    let token = support::key().token("annatamm");
    let stix = |user: &str| {
        sdo(
            "indicator",
            2,
            &format!(
                r#""pattern":"[process:command_line = 'cmd /c C:\\\\Users\\\\{user}\\\\a.exe -u CORP\\\\{user}']","pattern_type":"stix","valid_from":"2026-01-01T00:00:00Z""#
            ),
        )
    };
    let yara = |user: &str| {
        sdo(
            "indicator",
            3,
            &format!(
                r#""pattern":"rule x {{ strings: $a = \"C:\\\\Users\\\\{user}\\\\x\" condition: $a }}","pattern_type":"yara","valid_from":"2026-01-01T00:00:00Z""#
            ),
        )
    };
    check(&[stix("annatamm"), yara("annatamm")], &[stix(&token), yara(&token)]);
}
