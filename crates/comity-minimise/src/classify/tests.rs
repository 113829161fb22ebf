use super::*;
use crate::bundle::Limits;
use comity_terms::Value;

fn facts_of(objects: &str) -> Vec<Facts> {
    let bundle = Bundle::parse(objects.as_bytes(), &Limits::default()).expect("a bundle");
    assert!(bundle.rejected().is_empty(), "{}", bundle.rejected()[0]);
    let table = PathTable::shipped().expect("the shipped table");
    classify(&bundle, &table).into_iter().map(|object| Arc::unwrap_or_clone(object.facts)).collect()
}

fn word(facts: &Facts, key: &str) -> Option<String> {
    facts.value(key).and_then(Value::as_text).map(str::to_owned)
}

const WHEN: &str =
    r#""spec_version":"2.1","created":"2026-01-01T00:00:00Z","modified":"2026-01-01T00:00:00Z""#;
const PERSON: &str = r#""type":"identity","id":"identity--00000000-0000-4000-8000-000000000001","name":"Mari Kask","identity_class":"individual""#;
const ACTOR: &str =
    r#""type":"threat-actor","id":"threat-actor--00000000-0000-4000-8000-000000000002","name":"NH""#;

fn with(verb: &str) -> Vec<Facts> {
    facts_of(&format!(
        r#"[{{{PERSON},{WHEN}}},{{{ACTOR},{WHEN}}},{{"type":"relationship","id":"relationship--00000000-0000-4000-8000-000000000003",{WHEN},"relationship_type":"{verb}","source_ref":"threat-actor--00000000-0000-4000-8000-000000000002","target_ref":"identity--00000000-0000-4000-8000-000000000001"}}]"#
    ))
}

#[test]
fn the_graph_tells_whom_an_object_concerns() {
    for (verb, status) in [("targets", "victim"), ("attributed-to", "suspect"), ("related-to", "unrelated")] {
        let facts = with(verb);
        assert_eq!(word(&facts[0], "subject_status").as_deref(), Some(status), "{verb}");
        assert_eq!(word(&facts[0], "data_category").as_deref(), Some("identity_data"));
        assert_eq!(word(&facts[1], "data_category").as_deref(), Some("threat_report"));
        assert_eq!(facts[1].value("personal_data"), Some(&Value::Bool(false)));
        assert_eq!(word(&facts[1], "subject_status"), None, "only where it is personal");
    }
}

#[test]
fn what_a_pattern_cites_is_an_indicator() {
    let address = r#"{"type":"ipv4-addr","id":"ipv4-addr--00000000-0000-4000-8000-000000000004","value":"198.51.100.7"}"#;
    let facts = facts_of(&format!("[{address}]"));
    assert_eq!(facts[0].value("personal_data"), Some(&Value::Bool(true)));
    assert_eq!(word(&facts[0], "data_category").as_deref(), Some("traffic_data"));
    let indicator = format!(
        r#"{{"type":"indicator","id":"indicator--00000000-0000-4000-8000-000000000005",{WHEN},"pattern":"[ipv4-addr:value = '198.51.100.7']","pattern_type":"stix","valid_from":"2026-01-01T00:00:00Z"}}"#
    );
    let facts = facts_of(&format!("[{address},{indicator}]"));
    assert_eq!(facts[0].value("personal_data"), Some(&Value::Bool(false)));
    assert_eq!(word(&facts[0], "data_category").as_deref(), Some("indicator"));
}

#[test]
fn equal_facts_are_one_class() {
    let facts = [with("targets"), with("targets")].concat();
    let objects = facts.into_iter().enumerate().map(|(index, facts)| ObjectFacts {
        index,
        id: String::new(),
        facts: Arc::new(facts),
    });
    let classes = classes(objects.collect());
    let indices: Vec<_> = classes.into_iter().map(|class| class.objects).collect();
    // The person, the relationship between them, the actor: each of its own category.
    assert_eq!(indices, [vec![0, 3], vec![2, 5], vec![1, 4]]);
}

#[test]
fn a_message_without_its_content_is_traffic() {
    let message = |body: &str| {
        facts_of(&format!(
            r#"[{{"type":"email-message","id":"email-message--00000000-0000-4000-8000-000000000006","is_multipart":false{body}}}]"#
        ))
    };
    let category = |facts: Vec<Facts>| word(&facts[0], "data_category");
    assert_eq!(category(message(r#","body":"Dear Ms Kask""#)).as_deref(), Some("content_data"));
    assert_eq!(category(message("")).as_deref(), Some("traffic_data"));
}

#[test]
fn a_type_that_is_not_listed_is_told_as_other_and_as_personal() {
    let facts = facts_of(&format!(
        r#"[{{"type":"x-acme-thing","id":"x-acme-thing--00000000-0000-4000-8000-000000000007",{WHEN}}}]"#
    ));
    assert_eq!(word(&facts[0], "data_category").as_deref(), Some("other"));
    assert_eq!(facts[0].value("personal_data"), Some(&Value::Bool(true)));
}

#[test]
fn a_text_that_tells_of_a_person_is_personal_and_one_of_attacks_is_not() {
    let report = |text: &str| {
        let facts = facts_of(&format!(
            r#"[{{"type":"report","id":"report--00000000-0000-4000-8000-000000000008",{WHEN},"name":"A report","published":"2026-01-01T00:00:00Z","description":"{text}","object_refs":["malware--00000000-0000-4000-8000-000000000009"]}}]"#
        ));
        facts[0].clone()
    };
    let told = report("Reported by Mari Kask, mari.kask@ministry.example, from her laptop 10.1.2.3.");
    assert_eq!(told.value("personal_data"), Some(&Value::Bool(true)));
    assert_eq!(word(&told, "subject_status").as_deref(), Some("unrelated"));
    let attack = report("Cobalt Strike beacons to 185.220.101.4; CVE-2024-12345 was used by Lazarus Group.");
    assert_eq!(attack.value("personal_data"), Some(&Value::Bool(false)));
    assert_eq!(attack.value("likely_names_present"), None, "only where there are");
}

#[test]
fn what_only_reads_like_a_name_is_told_apart() {
    let note = format!(
        r#"[{{"type":"note","id":"note--00000000-0000-4000-8000-00000000000a",{WHEN},"content":"The malware was bought by Qwelmar Zonthrup in May.","object_refs":["malware--00000000-0000-4000-8000-000000000009"]}}]"#
    );
    let facts = facts_of(&note);
    assert_eq!(facts[0].value("likely_names_present"), Some(&Value::Bool(true)));
}
