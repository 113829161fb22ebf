use super::*;
use crate::table::PathTable;

fn id_of(text: &str) -> Option<String> {
    let table = PathTable::shipped().expect("the shipped table");
    let tree = Node::read(text, 1000).expect("JSON");
    let stix_type = tree.get("type")?.as_text()?;
    derived(stix_type, &table.types[stix_type].id_from, &tree)
}

#[test]
fn an_id_is_the_uuid_of_the_canonical_text() {
    // Made with Python's uuid5 over the canonical text.
    let id = id_of(r#"{"type":"ipv4-addr","value":"198.51.100.3"}"#);
    assert_eq!(id.as_deref(), Some("ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4"));
}

#[test]
fn one_hash_contributes_in_the_order_of_the_standard() {
    let one = id_of(r#"{"type":"file","hashes":{"SHA-256":"bb","MD5":"aa"}}"#);
    assert_eq!(one, id_of(r#"{"type":"file","hashes":{"MD5":"aa"},"size":3}"#));
    let rare = id_of(r#"{"type":"file","hashes":{"TLSH":"b","SSDEEP":"a"}}"#);
    assert_eq!(rare, id_of(r#"{"type":"file","hashes":{"SSDEEP":"a"}}"#));
}

#[test]
fn without_contributing_properties_there_is_no_derived_id() {
    assert_eq!(id_of(r#"{"type":"process","pid":1}"#), None);
    assert_eq!(id_of(r#"{"type":"file","size":3}"#), None);
}

#[test]
fn the_shipped_examples_carry_these_ids() {
    // Their ids were made by another implementation.
    let examples = [
        include_str!("../../../../examples/bundles/grid-incident.json"),
        include_str!("../../../../examples/bundles/phishing-campaign.json"),
        include_str!("../../../../examples/bundles/ransomware-c2.json"),
    ];
    let table = PathTable::shipped().expect("the shipped table");
    let mut compared = 0;
    for text in examples {
        let bundle = Node::read(text, 10_000).expect("JSON");
        for object in bundle.get("objects").expect("objects").items() {
            let text = |name| object.get(name).and_then(Node::as_text).expect("text");
            let contributing = &table.types[text("type")].id_from;
            if let Some(id) = derived(text("type"), contributing, object) {
                assert_eq!(id, text("id"));
                compared += 1;
            }
        }
    }
    assert!(compared >= 15, "{compared} compared");
}
