//! The law that is shipped: it loads, its own cases come out, and so do the shared ones.

use comity_agreement::matrix::matrix;
use comity_agreement::pack::Kind;
use comity_agreement::{LawSource as _, Library, Vocabulary, lint, shipped, try_case};
use serde_json::Value as Json;
use std::path::Path;

fn try_all(library: &mut Library<'_>, text: &str, asked: impl Fn(&Json) -> bool) -> (usize, Vec<String>) {
    let mut tried = 0;
    let mut failures = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let case: Json = serde_json::from_str(line).unwrap();
        if !asked(&case) {
            continue;
        }
        tried += 1;
        let answer = try_case::try_case(library, &case);
        failures.extend(try_case::amiss(&case, &answer).map(|text| format!("{}: {text}", case["id"])));
    }
    (tried, failures)
}

/// `UPDATE_GOLDEN=1 cargo test -p comity-agreement --test law` writes the schema anew.
#[test]
fn the_schema_is_the_generated_one() {
    let vocabulary = Vocabulary::load(shipped()).unwrap_or_else(|error| panic!("{error}"));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vocabulary/schema.cedarschema");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, vocabulary.schema_text()).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        golden == vocabulary.schema_text(),
        "vocabulary/schema.cedarschema is out of date: UPDATE_GOLDEN=1"
    );
}

/// `UPDATE_GOLDEN=1 cargo test -p comity-agreement --test law matrix` writes every matrix anew.
#[test]
fn the_matrix_of_every_pack_is_the_one_that_people_read() {
    let mut library = Library::open(shipped()).unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut stale = Vec::new();
    for slug in library.slugs() {
        let matrix = matrix(&mut library, &slug).unwrap_or_else(|error| panic!("{error}"));
        let path = root.join(library.dir(&slug).unwrap()).join("matrix.txt");
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&path, &matrix).unwrap();
        }
        if std::fs::read_to_string(&path).unwrap_or_default() != matrix {
            stale.push(path.display().to_string());
        }
    }
    assert!(stale.is_empty(), "written by UPDATE_GOLDEN=1, then read the diff: {stale:#?}");
}

#[test]
fn every_pack_loads_and_its_own_cases_come_out() {
    let mut library = Library::open(shipped()).unwrap();
    for slug in library.slugs() {
        let found: Vec<String> = lint::check(&mut library, &slug).iter().map(ToString::to_string).collect();
        assert!(found.is_empty(), "not even a warning: {}", found.join("\n"));
        let path = format!("{}/scenarios.jsonl", library.dir(&slug).unwrap());
        let Some(bytes) = shipped().read(&path) else { continue };
        let (tried, failures) = try_all(&mut library, std::str::from_utf8(&bytes).unwrap(), |_| true);
        assert!(
            failures.is_empty(),
            "{path}: {} of {tried} come out wrong\n{}",
            failures.len(),
            failures.join("\n")
        );
    }
}

#[test]
fn agreements_and_the_laws_of_parties_go_together() {
    let mut library = Library::open(shipped()).unwrap();
    let laws: Vec<_> = library.slugs().iter().map(|slug| library.law(slug).unwrap()).collect();
    for agreement in laws.iter().filter(|law| law.pack().kind != Kind::Jurisdiction) {
        for overlay in laws.iter().filter(|law| law.pack().kind == Kind::Jurisdiction) {
            let findings = lint::check_together(agreement, overlay, library.vocabulary());
            assert!(findings.is_empty(), "{findings:?}");
        }
    }
}

#[test]
fn shared_cases_of_shipped_packs_come_out() {
    let Some(path) = comity_beside::shared("law/scenarios.jsonl") else { return };
    let text = std::fs::read_to_string(path).unwrap();
    let mut library = Library::open(shipped()).unwrap();
    let slugs: Vec<String> = library.slugs().iter().map(ToString::to_string).collect();
    let ours = |case: &Json| slugs.iter().any(|slug| case["instrument"] == slug.as_str());
    let (tried, failures) = try_all(&mut library, &text, ours);
    eprintln!("{tried} shared cases tried");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(tried > 0);
}

/// The outcome and the strange facts of a case under the Umbrella Agreement or another, of one fact beside a plain question.
fn asked_of(library: &mut Library<'_>, instrument: &str, action: &str, facts: Json) -> Json {
    let case = serde_json::json!({
        "id": "word", "instrument": instrument, "sending": "DE", "receiving": "US", "action": action,
        "at": "2026-11-02T09:20:00Z", "setup": { "assume_in_force": true }, "facts": facts,
    });
    try_case::try_case(library, &case)
}

#[test]
fn a_state_that_is_no_party_can_be_named_in_a_fact() {
    let mut library = Library::open(shipped()).unwrap();
    for code in ["CN", "IN", "TR", "MX", "KR", "AE", "INTERPOL", "XA"] {
        for fact in ["nationality", "resident", "target_location", "onward_to", "original_state"] {
            let answer =
                asked_of(&mut library, "eu-us-umbrella", "transfer", serde_json::json!({ fact: code }));
            assert_eq!(answer["error"], Json::Null, "{fact} {code}");
        }
        let facts = serde_json::json!({ "affected_states": [code] });
        let answer = asked_of(&mut library, "eu-nis2-2022-2555", "transfer", facts);
        assert_eq!(answer["error"], Json::Null, "{code}");
    }
    let answer =
        asked_of(&mut library, "eu-us-umbrella", "transfer", serde_json::json!({ "nationality": "QQ" }));
    assert!(answer["error"].as_str().unwrap().contains("a state's code"));
}

#[test]
fn a_word_that_a_list_does_not_have_can_be_asked_and_permits_nothing() {
    let vocabulary = Vocabulary::load(shipped()).unwrap();
    let mut library = Library::open(shipped()).unwrap();
    let words = |fact: &str| {
        let list = match &vocabulary.fact(fact).unwrap().kind {
            comity_agreement::vocabulary::FactType::Enum(list) => list.clone(),
            other => panic!("{fact} is {other:?}"),
        };
        // What a case may say of an activity or a purpose is a closed list by the contract.
        (!["activity", "purpose", "instrument"].contains(&list.as_str())).then_some(list)
    };
    let enums = vocabulary.facts().values().filter(|term| {
        matches!(term.kind, comity_agreement::vocabulary::FactType::Enum(_)) && !term.asserted_by.is_empty()
    });
    let mut asked = 0;
    for term in enums.filter(|term| words(term.key.as_str()).is_some()) {
        let facts = serde_json::json!({ term.key.as_str(): "a-word-of-nobody" });
        let answer = asked_of(&mut library, "comity-baseline", "share", facts);
        assert_eq!(answer["error"], Json::Null, "{}", term.key);
        assert_eq!(answer["read_as_other"][0], term.key.as_str(), "{}", term.key);
        asked += 1;
    }
    assert!(asked > 30, "{asked}");
}

#[test]
fn other_names_of_a_word_are_that_word_and_nothing_strange() {
    let mut library = Library::open(shipped()).unwrap();
    let mut told = |fact: &str, word: &str| {
        let mut answer = asked_of(
            &mut library,
            "first-tlp-2.0",
            "disclose",
            serde_json::json!({ fact: word, "audience": "public" }),
        );
        answer.as_object_mut().unwrap().remove("id");
        answer
    };
    assert_eq!(told("marking", "TLP:WHITE"), told("marking", "TLP:CLEAR"));
    // A marking that nobody knows binds as the strictest does.
    let (strange, red) = (told("marking", "TLP:BLACK"), told("marking", "TLP:RED"));
    assert_eq!((&strange["outcome"], &strange["reasons"]), (&red["outcome"], &red["reasons"]));
    assert_eq!(told("permission", "granted"), told("permission", "given"));
    assert_eq!(told("imminent_harm", "risk_to_life"), told("imminent_harm", "life"));
}
