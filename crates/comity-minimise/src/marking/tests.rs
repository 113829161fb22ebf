use super::*;
use crate::bundle::Limits;

fn strictest(marks: &str, definition: &str) -> Option<Handling> {
    let text = format!(
        r#"[{{"type":"mutex","id":"mutex--00000000-0000-4000-8000-000000000001","name":"a"{marks}}}{definition}]"#
    );
    let bundle = Bundle::parse(text.as_bytes(), &Limits::default()).expect("a bundle");
    markings(&bundle, &PathTable::shipped().expect("the shipped table"))[0].strictest
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
