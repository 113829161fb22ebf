use super::*;
use crate::table::PathTable;

fn of(text: &str) -> Result<(), (String, RejectionReason)> {
    let tree = Node::read(text, 1_000).expect("JSON");
    let kind = tree.get("type").and_then(Node::as_text).expect("a type");
    check(kind, &tree).map_err(|(path, reason)| (path.into_owned(), reason))
}

const TIMES: &str =
    r#""spec_version":"2.1","created":"2026-01-02T00:00:00.100Z","modified":"2026-01-02T00:00:00.1Z""#;

#[test]
fn what_must_be_there_is_asked_for_by_name() {
    let absent = |name: &str| Err((name.to_owned(), RejectionReason::Absent));
    assert_eq!(of(&format!(r#"{{"type":"identity",{TIMES},"name":"A"}}"#)), Ok(()));
    assert_eq!(of(&format!(r#"{{"type":"identity",{TIMES}}}"#)), absent("name"));
    assert_eq!(of(r#"{"type":"identity","spec_version":"2.1","name":"A"}"#), absent("created"));
    assert_eq!(of(r#"{"type":"url"}"#), absent("value"));
    assert_eq!(of(r#"{"type":"x-own"}"#), Ok(()), "another type is the path table's to refuse");
}

#[test]
fn every_property_has_its_kind() {
    for (property, expected) in [
        (r#""name":7"#, "a string"),
        (r#""labels":"a""#, "a list of strings"),
        (r#""labels":["a",7]"#, "a list of strings"),
        (r#""revoked":"true""#, "true or false"),
        (r#""revoked":null"#, "true or false"),
        (r#""confidence":1.5"#, "a whole number"),
        (r#""external_references":{}"#, "a list of objects"),
        (r#""extensions":[]"#, "an object"),
        (r#""created_by_ref":["a"]"#, "a string"),
        (r#""object_marking_refs":"a""#, "a list of strings"),
        (r#""valid_from":7"#, "a string"),
    ] {
        let name = property.split('"').nth(1).expect("a name").to_owned();
        let text = format!(
            r#"{{"type":"campaign",{TIMES},{}{property}}}"#,
            if name == "name" { "" } else { r#""name":"A","# }
        );
        assert_eq!(of(&text), Err((name, RejectionReason::WrongType(expected))), "{text}");
    }
}

#[test]
fn instants_are_those_of_the_calendar_and_in_order() {
    for right in ["2026-02-28T23:59:60Z", "2024-02-29T00:00:00.123456789Z", "2000-02-29T00:00:00Z"] {
        assert!(is_instant(right), "{right}");
    }
    for wrong in [
        "2026-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:00:00",
        "2026-01-01T00:00:00+00:00",
        "2026-01-01T00:00:00.Z",
        "2026-01-01 00:00:00Z",
        "2026-01-01",
        "",
        "Z",
        "２０２６-01-01T00:00:00Z",
        "2026-01-01T00:00:00.1aZ",
    ] {
        assert!(!is_instant(wrong), "{wrong}");
    }
    let late = TIMES.replace("02T00:00:00.1Z", "02T00:00:00.0999Z");
    assert_eq!(
        of(&format!(r#"{{"type":"identity",{late},"name":"A"}}"#)),
        Err(("modified".to_owned(), RejectionReason::Before("created")))
    );
}

#[test]
fn the_path_table_keeps_what_reading_asks_for() {
    let table = PathTable::shipped().expect("the shipped table");
    for (kind, needs) in REQUIRED.iter().copied() {
        let stix_type = table.types.get(kind).unwrap_or_else(|| panic!("no section for `{kind}`"));
        for name in needs {
            assert!(stix_type.root.require.iter().any(|kept| kept == name), "`{kind}` may lose `{name}`");
        }
    }
}
