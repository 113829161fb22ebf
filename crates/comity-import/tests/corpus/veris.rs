//! Incidents: what an analyst looks for in one, and what is wrong with one.

use crate::support::{all, links, name_of, named, one, shared};
use comity_import::veris::{Import, to_stix};
use comity_import::{ImportError, Imported, Limits};
use serde_json::{Value, json};

pub(crate) fn example() -> Value {
    json!({
        "incident_id": "2026-17", "source_id": "harbour-cert", "security_incident": "Confirmed",
        "schema_version": "1.4.1", "summary": "A clerk opened a letter.", "confidence": "High",
        "reference": "https://news.example/17 ; Gazette of May", "campaign_id": "winter",
        "timeline": {
            "incident": { "year": 2026, "month": 5 },
            "discovery": { "unit": "Days", "value": 3 }, "containment": { "unit": "Weeks" },
        },
        "victim": {
            "victim_id": "Harbour Bank", "industry": "522110", "employee_count": "101 to 1000",
            "country": ["EE"], "state": "EE-37", "government": ["NA"],
            "secondary": { "victim_id": ["Quay Insurance;524113"], "amount": 1 },
        },
        "action": {
            "malware": {
                "variety": ["Ransomware", "Worm"], "vector": ["Email attachment"], "name": "Barnacle",
                "cve": "CVE-2026-10001",
            },
            "social": {
                "variety": ["Phishing"], "vector": ["Email"], "target": ["Finance"],
                "notes": "Written to anna.kask@harbour.example.",
            },
        },
        "actor": { "external": {
            "variety": ["Organized crime"], "motive": ["Financial", "Fun"], "country": ["XA", "Unknown"],
            "name": ["Gulls"],
        } },
        "asset": { "assets": [{ "variety": "S - Database", "amount": 3 }], "cloud": ["NA"] },
        "attribute": { "confidentiality": {
            "data_disclosure": "Yes", "data": [{ "variety": "Bank", "amount": 2000 }],
        } },
        "discovery_method": { "internal": { "variety": ["Log review"] } },
        "impact": { "overall_rating": "Damaging", "loss": [{ "variety": "Legal and regulatory", "amount": 5 }] },
        "ioc": [
            { "indicator": "hxxps://gulls[.]example/x", "comment": "Where it called home" },
            { "indicator": "letter.doc" },
        ],
        "plus": { "created": "2026-06-01T08:00:00Z", "modified": "2026-06-02T08:00:00Z", "analyst": "x" },
    })
}

fn import(incident: &Value) -> Result<Imported, ImportError> {
    to_stix(incident.to_string().as_bytes(), &Limits::default())
}

#[test]
fn an_incident_says_who_did_what_to_whom() {
    let made = import(&example()).expect("an incident");
    assert_eq!(named(&Ok(made.clone())), ["/plus/analyst has no place in the other format"]);
    assert_eq!(
        links(&made.bundle),
        [
            "Barnacle exploits CVE-2026-10001",
            "Gulls located-at XA",
            "Gulls targets Harbour Bank",
            "Gulls uses Barnacle",
            "Gulls uses Phishing",
            "Harbour Bank located-at EE",
            "VERIS incident 2026-17 attributed-to Gulls",
            "VERIS incident 2026-17 related-to Barnacle",
            "VERIS incident 2026-17 related-to Harbour Bank",
            "VERIS incident 2026-17 related-to Phishing",
            "VERIS incident 2026-17 related-to Quay Insurance",
            "VERIS incident 2026-17 related-to winter",
            "indicator related-to VERIS incident 2026-17",
        ]
    );
    let incident = one(&made.bundle, "incident");
    assert_eq!(incident["description"], "A clerk opened a letter.");
    assert_eq!(
        (&incident["created"], &incident["confidence"]),
        (&json!("2026-06-01T08:00:00.000Z"), &json!(85))
    );
    assert_eq!(
        incident["external_references"],
        json!([
            { "source_name": "harbour-cert", "external_id": "2026-17" },
            { "source_name": "veris:reference", "url": "https://news.example/17" },
            { "source_name": "veris:reference", "description": "Gazette of May" },
        ])
    );
    let actor = one(&made.bundle, "threat-actor");
    assert_eq!(actor["threat_actor_types"], json!(["crime-syndicate"]));
    assert_eq!(actor["primary_motivation"], "personal-gain");
    assert_eq!(actor["secondary_motivations"], json!(["personal-satisfaction"]));
    assert_eq!(one(&made.bundle, "malware")["malware_types"], json!(["ransomware", "worm"]));
    let sectors: Vec<&Value> = all(&made.bundle, "identity").into_iter().map(|it| &it["sectors"]).collect();
    assert_eq!(sectors, [&json!(["financial-services"]), &json!(["insurance"])]);
    let indicator = one(&made.bundle, "indicator");
    assert_eq!(indicator["pattern"], "[url:value = 'https://gulls.example/x']");
    assert_eq!(indicator["description"], "Where it called home");
}

#[test]
fn closed_words_are_labels_and_other_texts_notes() {
    let made = import(&example()).expect("an incident");
    let labels = one(&made.bundle, "incident")["labels"].clone();
    for label in [
        "veris:security_incident=\"Confirmed\"",
        "veris:timeline.incident=\"2026-05\"",
        "veris:timeline.discovery=\"Days, value 3\"",
        "veris:timeline.containment=\"Weeks\"",
        "veris:action.social.target=\"Finance\"",
        "veris:asset.assets=\"S - Database, amount 3\"",
        "veris:attribute.confidentiality.data=\"Bank, amount 2000\"",
        "veris:discovery_method.internal.variety=\"Log review\"",
        "veris:impact.loss=\"Legal and regulatory, amount 5\"",
    ] {
        assert!(labels.as_array().is_some_and(|labels| labels.contains(&json!(label))), "{label}: {labels}");
    }
    let notes = all(&made.bundle, "note").into_iter();
    let mut notes: Vec<_> = notes.map(|note| (note["abstract"].as_str(), note["content"].as_str())).collect();
    notes.sort_unstable();
    assert_eq!(
        notes,
        [
            (Some("veris:action.social.notes"), Some("Written to anna.kask@harbour.example.")),
            (Some("veris:ioc"), Some("letter.doc")),
        ]
    );
    // Labels are not scanned for persons: no text that people wrote may stand there.
    assert!(!labels.to_string().contains("anna") && !labels.to_string().contains("letter"));
    assert!(all(&made.bundle, "marking-definition").is_empty(), "VERIS says no marking");
}

#[test]
fn a_date_is_as_coarse_as_it_is_said() {
    let rows = [
        (json!({ "year": 2026 }), "2026", "2026-01-01T00:00:00.000Z", None),
        (json!({ "year": 2026, "month": 5 }), "2026-05", "2026-05-01T00:00:00.000Z", None),
        (
            json!({ "year": 2026, "month": 5, "day": 9, "time": "16:20" }),
            "2026-05-09 16:20",
            "2026-05-09T00:00:00.000Z",
            None,
        ),
        (
            json!({ "year": 2026, "month": 2, "day": 30 }),
            "2026-02",
            "2026-02-01T00:00:00.000Z",
            Some("/timeline/incident/day is not what its place asks for"),
        ),
        (
            json!({ "year": 2026, "day": 3 }),
            "2026",
            "2026-01-01T00:00:00.000Z",
            Some("/timeline/incident/day is not what its place asks for"),
        ),
    ];
    for (when, label, created, left) in rows {
        let mut incident = example();
        incident["timeline"] = json!({ "incident": when });
        incident["plus"] = json!({});
        let made = import(&incident).expect("an incident");
        let told = one(&made.bundle, "incident");
        assert_eq!(told["created"], created);
        let label = format!("veris:timeline.incident=\"{label}\"");
        assert!(told["labels"].to_string().contains(&label.replace('"', "\\\"")), "{label}: {told}");
        assert_eq!(named(&Ok(made.clone())), left.into_iter().collect::<Vec<_>>());
        assert_eq!(one(&made.bundle, "indicator")["valid_from"], created);
    }
}

#[test]
fn an_indicator_is_what_its_form_says() {
    let rows = [
        ("192.0.2.7", "[ipv4-addr:value = '192.0.2.7']"),
        ("198.51.100.0/24", "[ipv4-addr:value = '198.51.100.0/24']"),
        ("2001:db8::1", "[ipv6-addr:value = '2001:db8::1']"),
        ("gulls[.]example", "[domain-name:value = 'gulls.example']"),
        ("a@gulls.example", "[email-addr:value = 'a@gulls.example']"),
        ("D41D8CD98F00B204E9800998ECF8427E", "[file:hashes.'MD5' = 'd41d8cd98f00b204e9800998ecf8427e']"),
        ("http://gulls.example/it's", "[url:value = 'http://gulls.example/it\\'s']"),
    ];
    for (value, pattern) in rows {
        let mut incident = example();
        incident["ioc"] = json!([{ "indicator": value }]);
        let made = import(&incident).expect("an incident");
        assert_eq!(one(&made.bundle, "indicator")["pattern"], pattern);
    }
    for value in ["report.exe", "called from a van", "1.2", "Kask, Anna"] {
        let mut incident = example();
        incident["ioc"] = json!([{ "indicator": value, "comment": "seen" }]);
        let made = import(&incident).expect("an incident");
        assert!(all(&made.bundle, "indicator").is_empty(), "{value}");
        let told = format!("{value}\n\nseen");
        assert!(all(&made.bundle, "note").iter().any(|note| note["content"] == told), "{value}");
    }
}

#[test]
fn who_used_what_is_said_of_one_actor_only() {
    let mut incident = example();
    incident["actor"]["internal"] = json!({ "variety": ["Finance"], "motive": ["Grudge"] });
    let made = import(&incident).expect("an incident");
    assert!(links(&made.bundle).iter().all(|link| !link.contains(" uses ")));
    assert!(links(&made.bundle).contains(&"Barnacle targets Harbour Bank".to_owned()));
    let insider = all(&made.bundle, "threat-actor")[1];
    assert_eq!(insider["threat_actor_types"], json!(["insider-disgruntled"]));
    assert_eq!(insider["name"], "internal actor of VERIS incident 2026-17");
    incident["actor"] = json!({ "Unknown": {} });
    let made = import(&incident).expect("an incident");
    assert!(all(&made.bundle, "threat-actor").is_empty());
    assert!(one(&made.bundle, "incident")["labels"].to_string().contains("veris:actor.unknown"));
}

#[test]
fn what_is_wrong_is_named_by_its_place() {
    let rows: [(&str, Value, &str); 16] = [
        ("/security_incident", json!(7), "/security_incident is no text"),
        ("/incident_id", json!(""), "/incident_id is empty or longer than 256 bytes"),
        ("/victim/country", json!([]), "/victim/country is empty"),
        ("/victim/country/0", json!("Estonia"), "/victim/country/0 is no country code"),
        ("/victim/industry", json!("banks"), "/victim/industry is no NAICS code of two to six digits"),
        ("/action", json!({}), "/action is empty"),
        ("/action/social/notes", json!(""), "/action/social/notes is empty"),
        ("/action/malware/variety", json!(["Worm", "Worm"]), "/action/malware/variety says something twice"),
        ("/action/malware/vector", json!("Email"), "/action/malware/vector is no list"),
        ("/actor/external", json!({ "variety": ["Activist"] }), "/actor/external/motive is missing"),
        ("/timeline/incident/month", json!(13), "/timeline/incident/month is out of range"),
        ("/timeline/incident/year", json!(2026.5), "/timeline/incident/year is no whole number"),
        ("/asset/assets/0", json!({ "amount": 1 }), "/asset/assets/0/variety is missing"),
        ("/ioc/0", json!("192.0.2.1"), "/ioc/0 is no object"),
        // Another version's words and properties: left, and the rest is read.
        (
            "/action/malware/variety/0",
            json!("Anna Kask"),
            "/action/malware/variety/0 is no word that its format has there",
        ),
        (
            "/attribute/confidentiality/data/0",
            json!({ "variety": "Bank", "a/b": 1 }),
            "/attribute/confidentiality/data/0/a~1b is no property that its format has there",
        ),
    ];
    for (pointer, value, told) in rows {
        let mut incident = example();
        incident["plus"] = json!({});
        *incident.pointer_mut(pointer).expect("a place") = value;
        let result = import(&incident);
        assert_eq!(named(&result), [told], "{pointer}");
        // A word that nobody knows stands nowhere: it may be anybody's name.
        assert!(result.is_err() || !result.unwrap().bundle.to_string().contains("Anna"));
    }
    for part in [
        "incident_id",
        "security_incident",
        "schema_version",
        "timeline",
        "action",
        "actor",
        "asset",
        "discovery_method",
    ] {
        let mut incident = example();
        incident.as_object_mut().expect("an object").remove(part);
        assert_eq!(named(&import(&json!([incident]))), [format!("/0/{part} is missing")]);
    }
}

#[test]
fn what_multiplies_is_bounded() {
    let mut incident = example();
    let many: Vec<String> = (0..300).map(|number| format!("n{number}")).collect();
    incident["action"]["malware"]["name"] = json!(many.join(","));
    assert!(matches!(import(&incident), Err(ImportError::TooManyRelated(256))));
    let mut wrong = Vec::new();
    for number in 0..30 {
        let mut incident = example();
        incident["incident_id"] = json!(number.to_string());
        incident["action"] = json!({});
        wrong.push(incident);
    }
    let told = import(&json!(wrong)).expect_err("wrong").to_string();
    assert!(
        told.starts_with("/0/action is empty; /1/action is empty") && told.ends_with("; and 10 more"),
        "{told}"
    );
}

#[test]
fn several_files_are_one_bundle_and_an_incident_stands_in_it_once() {
    let mut other = example();
    other["incident_id"] = json!("2026-18");
    let mut files = Import::new(Limits::default());
    files.add(example().to_string().as_bytes()).expect("one");
    files.add(json!([other]).to_string().as_bytes()).expect("another");
    let mut again = files;
    assert_eq!(
        again.add(other.to_string().as_bytes()).unwrap_err().to_string(),
        "/incident_id was there before"
    );
    let both = import(&json!([example(), other])).expect("both");
    assert_eq!(both.count, 2);
    assert_eq!(all(&both.bundle, "incident").len(), 2);
    assert_eq!(all(&both.bundle, "attack-pattern").len(), 1, "one kind of attack is one object");
    assert_eq!(both, import(&json!([example(), other])).expect("both"), "the same again");
}

/// What VERIS's own tests call wrong: refused or named, there where the file's name says it is.
#[test]
fn every_test_of_veris_is_judged_as_it_says() {
    let Some(files) = shared("incidents/veris-tests") else { return };
    let (mut right, mut wrong) = (0, 0);
    for file in &files {
        let bytes = std::fs::read(file).expect("a readable file");
        let document: Value = serde_json::from_slice(&bytes).expect("JSON");
        let result = to_stix(&bytes, &Limits::default());
        let name = name_of(file);
        assert_eq!(result, to_stix(&bytes, &Limits::default()), "{name}");
        if document["should"] == "pass" {
            assert!(result.is_ok(), "{name}: {:?}", named(&result));
            right += 1;
            continue;
        }
        wrong += 1;
        let Some(place) = place_of(&name) else {
            // Asked for in 1.3, and by the schema of 1.4.1 no longer.
            assert!(result.is_ok(), "{name}: {:?}", named(&result));
            continue;
        };
        let found = named(&result);
        let at = |told: &&String| {
            told.split(' ').next().is_some_and(|at| at == place || at.starts_with(&format!("{place}/")))
        };
        assert!(found.iter().any(|told| at(&told)), "{name}: nothing at {place}: {found:?}");
    }
    eprintln!("{right} tests of VERIS pass and {wrong} are named");
    assert!(right > 0 && wrong > 0);
}

/// The pointer that a file's name tells, or, where its content differs from its name, that of its content.
fn place_of(name: &str) -> Option<String> {
    let place = match name {
        "actor.external.country_missing" => return None,
        "action.error.vector_empty" | "action.error.vector_missing" => "action.misuse.vector",
        "action.physical_unrecognized" => "action.social.test",
        "ioc.0.variety_missing" => "ioc.0.indicator",
        "actor.external_empty" => "actor.external",
        "root_unrecognized" => "test",
        _ => {
            let endings =
                ["_duplicate", "_empty", "_invalid", "_missing", "_not_array", "_short", "_unrecognized"];
            let endings = endings.into_iter().chain([".low", ".high"]);
            endings.fold(name, |name, ending| name.strip_suffix(ending).unwrap_or(name))
        }
    };
    Some(format!("/incident/{}", place.replace('.', "/")))
}

/// Files as VERIS's own importers read them; one has no vector, which every version asks for.
#[test]
fn incidents_of_three_versions_are_read() {
    let Some(files) = shared("incidents/veris-import-tests") else { return };
    for file in &files {
        let bytes = std::fs::read(file).expect("a readable file");
        let document: Value = serde_json::from_slice(&bytes).expect("JSON");
        let result = to_stix(&bytes, &Limits::default());
        if document["action"]["malware"].is_object() && document["action"]["malware"]["vector"].is_null() {
            assert_eq!(named(&result), ["/action/malware/vector is missing"]);
            continue;
        }
        let made = result.unwrap_or_else(|error| panic!("{}: {error}", name_of(file)));
        let incident = one(&made.bundle, "incident");
        assert_eq!(incident["description"], document["summary"]);
        let words = incident["labels"].to_string();
        assert!(words.contains("veris:timeline.incident") && words.contains("veris:asset.assets"), "{words}");
        eprintln!("{}: {:?}", name_of(file), named(&Ok(made)));
    }
}
