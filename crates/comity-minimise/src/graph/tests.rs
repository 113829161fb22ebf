use super::*;
use crate::bundle::Limits;

const WHEN: &str =
    r#""spec_version":"2.1","created":"2026-01-01T00:00:00Z","modified":"2026-01-01T00:00:00Z""#;

fn id(kind: &str) -> String {
    format!("{kind}--00000000-0000-4000-8000-000000000001")
}

fn relationship(number: u8, source: &str, verb: &str, target: &str) -> String {
    let (source, target) = (id(source), id(target));
    format!(
        r#"{{"type":"relationship","id":"relationship--00000000-0000-4000-8000-0000000000{number:02}",{WHEN},"relationship_type":"{verb}","source_ref":"{source}","target_ref":"{target}"}}"#
    )
}

fn attacker(relationships: &[String], asked: &str) -> bool {
    let infrastructure =
        format!(r#"{{"type":"infrastructure","id":"{}",{WHEN},"name":"n"}}"#, id("infrastructure"));
    let domain = format!(
        r#"{{"type":"domain-name","id":"{}","value":"a.example","resolves_to_refs":["{}"]}}"#,
        id("domain-name"),
        id("ipv4-addr")
    );
    let address = format!(r#"{{"type":"ipv4-addr","id":"{}","value":"192.0.2.1"}}"#, id("ipv4-addr"));
    let mut objects = vec![infrastructure, domain, address];
    objects.extend_from_slice(relationships);
    let text = format!("[{}]", objects.join(","));
    let bundle = Bundle::parse(text.as_bytes(), &Limits::default()).expect("a bundle");
    let table = PathTable::shipped().expect("the shipped table");
    let subjects = Subjects::read(&bundle, &table, &|_| true);
    subjects.is_attacker(bundle.ident(&id(asked)).expect("in the bundle"))
}

#[test]
fn what_belongs_to_infrastructure_is_the_attackers_and_so_is_where_it_leads() {
    let consists = relationship(2, "infrastructure", "consists-of", "domain-name");
    assert!(!attacker(&[], "ipv4-addr"));
    assert!(attacker(std::slice::from_ref(&consists), "domain-name"));
    assert!(attacker(std::slice::from_ref(&consists), "ipv4-addr"), "the domain resolves to it");
    let targets = relationship(3, "infrastructure", "targets", "ipv4-addr");
    assert!(!attacker(&[consists, targets], "ipv4-addr"), "a victim is never the attacker's");
}

/// Found by fuzzing: a made-up `pattern` of a domain name kept the address of a victim as it was.
#[test]
fn only_what_patterns_belong_to_cites() {
    let cited = |object: &str| {
        let text = format!("[{object}]");
        let bundle = Bundle::parse(text.as_bytes(), &Limits::default()).expect("a bundle");
        assert_eq!(bundle.rejected(), []);
        let table = PathTable::shipped().expect("the shipped table");
        Subjects::read(&bundle, &table, &|_| true).is_cited("192.0.2.1")
    };
    let pattern = r#""pattern":"[ipv4-addr:value = '192.0.2.1']","pattern_type":"stix""#;
    let indicator = format!(
        r#"{{"type":"indicator","id":"{}",{WHEN},"valid_from":"2026-01-01T00:00:00Z",{pattern}}}"#,
        id("indicator")
    );
    let domain =
        format!(r#"{{"type":"domain-name","id":"{}","value":"a.example",{pattern}}}"#, id("domain-name"));
    assert!(cited(&indicator));
    assert!(!cited(&domain));
}
