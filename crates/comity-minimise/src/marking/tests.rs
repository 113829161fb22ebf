use super::*;
use crate::bundle::Limits;

fn strictest(marks: &str, definition: &str) -> Option<Handling> {
    read(marks, definition).0
}

/// What the markings of an object ask for: the handling, and the handling code.
fn read(marks: &str, definition: &str) -> (Option<Handling>, Option<String>) {
    let text = format!(
        r#"[{{"type":"mutex","id":"mutex--00000000-0000-4000-8000-000000000001","name":"a"{marks}}}{definition}]"#
    );
    let bundle = Bundle::parse(text.as_bytes(), &Limits::default()).expect("a bundle");
    let table = PathTable::shipped().expect("the shipped table");
    let markings = markings(&bundle, &table);
    (markings[0].strictest, markings[0].code.map(str::to_owned))
}

const OWN: &str = "marking-definition--00000000-0000-4000-8000-000000000002";

fn defined(definition: &str) -> Option<Handling> {
    let definition = format!(
        r#",{{"type":"marking-definition","spec_version":"2.1","id":"{OWN}","created":"2026-01-01T00:00:00Z",{definition}}}"#
    );
    strictest(&format!(r#","object_marking_refs":["{OWN}"]"#), &definition)
}

#[test]
fn the_strictest_marking_counts() {
    let green = "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da";
    let strict = "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003";
    assert_eq!(strictest("", ""), None);
    assert_eq!(strictest(&format!(r#","object_marking_refs":["{green}"]"#), ""), Some(Handling::Green));
    let granular = format!(
        r#","object_marking_refs":["{green}"],"granular_markings":[{{"marking_ref":"{strict}","selectors":["name"]}}]"#
    );
    assert_eq!(strictest(&granular, ""), Some(Handling::AmberStrict));
}

#[test]
fn definitions_in_the_bundle_are_read() {
    assert_eq!(defined(r#""definition_type":"tlp","definition":{"tlp":"white"}"#), Some(Handling::Clear));
    assert_eq!(defined(r#""extensions":{"e":{"tlp_2_0":"amber+strict"}}"#), Some(Handling::AmberStrict));
    assert_eq!(defined(r#""definition_type":"statement","definition":{"statement":"c"}"#), None);
    assert_eq!(defined(r#""definition":{"tlp":"ultraviolet"}"#), Some(Handling::Red), "beyond the scale");
}

#[test]
fn a_marking_that_nobody_knows_counts_as_the_strictest() {
    assert_eq!(strictest(&format!(r#","object_marking_refs":["{OWN}"]"#), ""), Some(Handling::Red));
}

const OTHER: &str = "marking-definition--00000000-0000-4000-8000-000000000003";

fn marking(id: &str, definition: &str) -> String {
    format!(
        r#",{{"type":"marking-definition","spec_version":"2.1","id":"{id}","created":"2026-01-01T00:00:00Z",{definition}}}"#
    )
}

fn code(definition: &str) -> Option<String> {
    let (handling, code) = read(&format!(r#","object_marking_refs":["{OWN}"]"#), &marking(OWN, definition));
    // An agreement that reads only the Traffic Light Protocol does not pass it on either.
    assert_eq!(handling, code.as_ref().map(|_| Handling::Red), "{definition}");
    code
}

fn statement(text: &str) -> Option<String> {
    code(&format!(r#""definition_type":"statement","definition":{{"statement":"{text}"}}"#))
}

#[test]
fn a_handling_code_is_read_from_its_property_and_from_a_statement_that_names_it() {
    let own = |value: &str| {
        code(&format!(r#""definition_type":"handling-code","definition":{{"handling_code":{value}}}"#))
    };
    for (value, read) in [
        (r#""H0""#, "H0"),
        (r#""h2""#, "H2"),
        (r#"["H0","H2"]"#, "H2"),
        (r#"["H1","H2"]"#, "H3"),
        (r#""H4""#, "H3"),
        (r#""""#, "H3"),
        ("[]", "H3"),
        ("7", "H3"),
        ("null", "H3"),
        (r#"{"code":"H0"}"#, "H3"),
    ] {
        assert_eq!(own(value).as_deref(), Some(read), "{value}");
    }
    let extended = code(
        r#""extensions":{"extension-definition--11111111-1111-4111-8111-111111111111":{"extension_type":"property-extension","handling_code":"H1"}}"#,
    );
    assert_eq!(extended.as_deref(), Some("H1"));
    for (text, read) in [
        ("Europol handling code: H2", Some("H2")),
        ("HANDLING CODE H1", Some("H1")),
        ("handling-code=h0", Some("H0")),
        ("SIENA H2", Some("H2")),
        ("H1", Some("H1")),
        ("Handling codes: H1, H2", Some("H3")),
        ("Handling code: H9", Some("H3")),
        ("Europol H9", Some("H3")),
        ("Handling code: only for the unit in Tallinn", Some("H3")),
        ("Copyright Europol 2026", None),
        ("Copyright 2026, Acme; room H2", None),
        ("A statement", None),
    ] {
        assert_eq!(statement(text).as_deref(), read, "{text}");
    }
    let named = code(
        r#""definition_type":"statement","name":"Europol handling code","definition":{"statement":"h 2"}"#,
    );
    assert_eq!(named.as_deref(), Some("H3"), "what is not understood is not left out");
}

#[test]
fn of_several_handling_codes_none_is_lost() {
    let of = |id: &str, code: &str| {
        marking(
            id,
            &format!(r#""definition_type":"statement","definition":{{"statement":"Handling code {code}"}}"#),
        )
    };
    let both = |one: &str, other: &str| {
        let whole = format!(r#","object_marking_refs":["{OWN}","{OTHER}"]"#);
        let part = format!(
            r#","object_marking_refs":["{OWN}"],"granular_markings":[{{"marking_ref":"{OTHER}","selectors":["name"]}}]"#
        );
        let definitions = [of(OWN, one), of(OTHER, other)].concat();
        let (as_whole, in_part) = (read(&whole, &definitions).1, read(&part, &definitions).1);
        assert_eq!(as_whole, in_part, "a granular marking counts for the object");
        as_whole
    };
    for (one, other, read) in
        [("H0", "H1", "H1"), ("H2", "H0", "H2"), ("H1", "H1", "H1"), ("H1", "H2", "H3"), ("H3", "H0", "H3")]
    {
        assert_eq!(both(one, other).as_deref(), Some(read), "{one} {other}");
    }
    let (handling, code) = read(&format!(r#","object_marking_refs":["{OWN}"]"#), "");
    assert_eq!((handling, code.as_deref()), (Some(Handling::Red), Some("H3")), "a marking that nobody knows");
}

#[test]
fn a_policy_of_information_exchange_is_read_for_its_traffic_light() {
    let iep =
        |tlp: &str| defined(&format!(r#""definition_type":"iep","definition":{{"iep":{{"tlp":"{tlp}"}}}}"#));
    assert_eq!(iep("amber"), Some(Handling::Amber));
    assert_eq!(iep("WHITE"), Some(Handling::Clear));
    assert_eq!(iep("violet"), Some(Handling::Red));
}

/// What the policies of an object limit that is marked by `refs` and so defined.
fn policy(marks: &[&str], definitions: &str) -> Option<Vec<(String, String)>> {
    let refs: Vec<String> = marks.iter().map(|id| format!(r#""{id}""#)).collect();
    let text = format!(
        r#"[{{"type":"mutex","id":"mutex--00000000-0000-4000-8000-000000000001","name":"a","object_marking_refs":[{}]}}{definitions}]"#,
        refs.join(",")
    );
    let bundle = Bundle::parse(text.as_bytes(), &Limits::default()).expect("a bundle");
    let table = PathTable::shipped().expect("the shipped table");
    let found = markings(&bundle, &table).swap_remove(0).policy;
    found.map(|policy| policy.iter().map(|(field, said)| (field.clone(), said.clone())).collect())
}

fn limits(iep: &str) -> String {
    let found = policy(&[OWN], &marking(OWN, &format!(r#""definition":{{"iep":{iep}}}"#)));
    let said: Vec<String> =
        found.expect("a policy").iter().map(|(field, said)| format!("{field} {said}")).collect();
    said.join(", ")
}

#[test]
fn an_exchange_policy_is_read_field_by_field() {
    for (iep, read) in [
        ("{}", ""),
        (r#"{"id":"x","name":"Secret","version":"1","external_reference":"https://x.example/"}"#, ""),
        (r#"{"permitted_actions":"none","tlp":"amber"}"#, "permitted_actions none, tlp amber"),
        (
            r#"{"permitted_actions":"INTERNALLY VISIBLE ACTIONS"}"#,
            "permitted_actions internally-visible-actions",
        ),
        (
            r#"{"encrypt_in_transit":"MUST","attribution":"must_not"}"#,
            "attribution must-not, encrypt_in_transit must",
        ),
        (r#"{"end_date":null,"unmodified_resale":null}"#, ""),
        (
            r#"{"start_date":"2026-01-01","end_date":"2026-12-31T00:00:00Z"}"#,
            "end_date 2026-12-31T00:00:00Z, start_date 2026-01-01",
        ),
        // What cannot be read is not left out.
        (r#"{"permitted_actions":"whatever you like"}"#, "permitted_actions none"),
        (r#"{"affected_party_notifications":7}"#, "affected_party_notifications must-not"),
        (
            r#"{"start_date":"soon","end_date":"later"}"#,
            "end_date 0001-01-01T00:00:00Z, start_date 9999-12-30T00:00:00Z",
        ),
    ] {
        assert_eq!(limits(iep), read, "{iep}");
    }
    assert_eq!(policy(&[], ""), None);
    let statement = marking(OWN, r#""definition":{"statement":"Copyright"}"#);
    assert_eq!(policy(&[OWN], &statement), None);
}

#[test]
fn of_several_policies_each_field_is_as_the_strictest_says_it() {
    let one = marking(
        OWN,
        r#""definition":{"iep":{"permitted_actions":"none","end_date":"2027-01-01","start_date":"2026-01-01"}}"#,
    );
    let other = marking(
        OTHER,
        r#""definition":{"iep":{"permitted_actions":"contact-for-instruction","attribution":"must","end_date":"2026-06-01T00:00:00Z","start_date":"2026-02-01"}}"#,
    );
    let expected = [
        ("attribution", "must"),
        ("end_date", "2026-06-01T00:00:00Z"),
        ("permitted_actions", "none"),
        ("start_date", "2026-02-01"),
    ];
    let expected = Some(expected.map(|(field, said)| (field.to_owned(), said.to_owned())).to_vec());
    assert_eq!(policy(&[OWN, OTHER], &format!("{one}{other}")), expected);
    assert_eq!(policy(&[OTHER, OWN], &format!("{other}{one}")), expected, "whichever comes first");
}

#[test]
fn a_word_of_the_permissible_actions_protocol_limits_what_is_done() {
    for (statement, read) in [
        ("PAP:RED", Some("internally-visible-actions")),
        ("pap:amber", Some("externally-visible-indirect-actions")),
        (" PAP:GREEN ", Some("externally-visible-direct-actions")),
        ("PAP:CLEAR", Some("externally-visible-direct-actions")),
        ("PAP:ULTRAVIOLET", Some("none")),
        ("PAPER", None),
        ("PA", None),
        ("", None),
    ] {
        let defined = marking(
            OWN,
            &format!(r#""definition_type":"statement","definition":{{"statement":"{statement}"}}"#),
        );
        let read = read.map(|word| vec![("permitted_actions".to_owned(), word.to_owned())]);
        assert_eq!(policy(&[OWN], &defined), read, "{statement}");
    }
}
