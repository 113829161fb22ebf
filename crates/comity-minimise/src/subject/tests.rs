use super::*;
use crate::PathTable;
use serde_json::json;

fn one(kind: IdentifierKind, text: &str) -> Option<String> {
    Identifier::new(kind, text).map(|identifier| identifier.value().to_owned())
}

#[test]
fn whoever_writes_it_down_an_identifier_has_one_form() {
    use IdentifierKind::{Account, Email, Name, NationalId, Phone, Pseudonym};
    let pseudonym = format!("p-{}", "a".repeat(32));
    let alike: &[(IdentifierKind, &[&str], Option<&str>)] = &[
        (Email, &["Mari.Kask@Example.EE", " mailto:mari.kask@example.ee "], Some("mari.kask@example.ee")),
        (Email, &["mari.kask", "@example.ee", "mari@", &format!("{pseudonym}@example.ee")], None),
        (Phone, &["+372 5123 4567", "00372-5123-4567", "(372) 51234567"], Some("37251234567")),
        (Phone, &["112", "extension 12345678", "12345678901234567890"], None),
        (Account, &["CORP\\Mari", "mari", " MARI "], Some("mari")),
        (NationalId, &["48001010000", "480-0101-0000", "4800 101 0000"], Some("48001010000")),
        (Name, &["Mari Kask", "KASK, Mari", "kask  mari"], Some("kask mari")),
        (Name, &["Zoë Åberg", "Zoe\u{308} A\u{30a}berg"], Some("zoë åberg")),
        (Name, &["?", ",", &pseudonym], None),
        (Pseudonym, &["p-short", "Mari"], None),
    ];
    for (kind, texts, expected) in alike {
        for text in *texts {
            assert_eq!(one(*kind, text).as_deref(), *expected, "{kind} {text}");
        }
    }
    assert_eq!(one(Email, &"a".repeat(600)), None);
}

#[test]
fn a_tag_is_of_its_kind_its_month_and_its_secret() {
    let key = SubjectKey::derive(&[7; 32], "2027-05").unwrap();
    let of = |kind, text: &str| Identifier::new(kind, text).unwrap();
    let mari = of(IdentifierKind::Email, "mari@example.ee");
    assert_eq!(key.tag(&mari), key.tag(&of(IdentifierKind::Email, "MARI@example.ee")));
    assert_eq!(key.tag(&mari), SubjectKey::derive(&[7; 32], "2027-05").unwrap().tag(&mari));
    assert_ne!(key.tag(&mari), key.tag(&of(IdentifierKind::Account, "mari@example.ee")), "kinds do not meet");
    for (secret, month) in [([7; 32], "2027-06"), ([8; 32], "2027-05")] {
        assert_ne!(key.tag(&mari), SubjectKey::derive(&secret, month).unwrap().tag(&mari));
    }
    let pseudonym = of(IdentifierKind::Pseudonym, &format!("p-{}", "b".repeat(32)));
    assert_ne!(key.tag(&pseudonym), SubjectKey::derive(&[7; 32], "2027-06").unwrap().tag(&pseudonym));
}

#[test]
fn every_identifier_of_a_record_is_found_where_the_table_says() {
    let table = PathTable::shipped().unwrap();
    let pseudonym = format!("p-{}", "c".repeat(32));
    let id = |kind: &str| format!("{kind}--3e2f1c9a-4b7d-4c6e-9a51-0d8f7b6c5a43");
    let cases = [
        (
            json!({ "type": "email-addr", "spec_version": "2.1", "id": id("email-addr"), "value": "Mari@Example.ee", "display_name": "Mari Kask" }),
            vec!["email:mari@example.ee".to_owned(), "name:kask mari".to_owned()],
        ),
        (
            json!({ "type": "user-account", "spec_version": "2.1", "id": id("user-account"), "account_login": "mkask", "user_id": pseudonym }),
            vec!["account:mkask".to_owned(), format!("pseudonym:{pseudonym}")],
        ),
        (
            json!({ "type": "email-addr", "spec_version": "2.1", "id": id("email-addr"), "value": format!("{pseudonym}@example.ee") }),
            vec![format!("pseudonym:{pseudonym}")],
        ),
        (
            json!({ "type": "indicator", "spec_version": "2.1", "id": id("indicator"), "created": "2026-01-01T00:00:00.000Z", "modified": "2026-01-01T00:00:00.000Z", "valid_from": "2026-01-01T00:00:00Z", "pattern_type": "stix",
                "pattern": "[email-addr:value = 'crook@evil.example' OR file:name = 'a.exe']",
                "description": "Reported by mari@example.ee" }),
            vec!["email:crook@evil.example".to_owned(), "email:mari@example.ee".to_owned()],
        ),
        (
            json!({ "type": "process", "spec_version": "2.1", "id": id("process"), "command_line": "C:\\Users\\mkask\\a.exe -x" }),
            vec!["account:mkask".to_owned()],
        ),
        (
            json!({ "type": "domain-name", "spec_version": "2.1", "id": id("domain-name"), "value": "evil.example" }),
            vec![],
        ),
    ];
    for (object, expected) in cases {
        let text = object.to_string();
        let found: Vec<String> = identifiers(text.as_bytes(), &table)
            .iter()
            .map(|identifier| format!("{}:{}", identifier.kind(), identifier.value()))
            .collect();
        assert_eq!(found, expected, "{text}");
    }
    assert!(identifiers(b"{", &table).is_empty());
}

#[test]
fn what_is_about_machines_is_not_read() {
    assert!(!may_identify(br#"{"type":"domain-name","value":"http-p-x.example"}"#));
    assert!(may_identify(br#"{"type":"url","value":"https://x.example/?to=a%40b.example"}"#));
    assert!(may_identify(format!("p-{}", "d".repeat(32)).as_bytes()));
}

#[test]
fn an_identifier_does_not_show_itself() {
    let mari = Identifier::new(IdentifierKind::Email, "mari@example.ee").unwrap();
    assert_eq!(format!("{mari:?}"), "email of 15 bytes");
}

#[test]
fn what_is_put_right_is_put_right_wherever_it_is_found_and_nothing_else_changes() {
    let table = PathTable::shipped().unwrap();
    let id = |kind: &str| format!("{kind}--3e2f1c9a-4b7d-4c6e-9a51-0d8f7b6c5a43");
    let right = |kind, was: &str, is: &str| Correction::new(kind, was, is).unwrap();
    let corrections = [
        right(IdentifierKind::Email, "mari@example.ee", "mari.kask@example.ee"),
        right(IdentifierKind::Name, "Kask, Mari", "Mari O'Kask"),
        right(IdentifierKind::Account, "mkask", "marik"),
    ];
    let cases = [
        (
            json!({ "type": "email-addr", "spec_version": "2.1", "id": id("email-addr"), "value": "Mari@Example.ee", "display_name": "Mari Kask" }),
            Some(
                json!({ "type": "email-addr", "spec_version": "2.1", "id": id("email-addr"), "value": "mari.kask@example.ee", "display_name": "Mari O'Kask" }),
            ),
        ),
        (
            json!({ "type": "process", "spec_version": "2.1", "id": id("process"), "command_line": "C:\\Users\\mkask\\a.exe -x" }),
            Some(
                json!({ "type": "process", "spec_version": "2.1", "id": id("process"), "command_line": "C:\\Users\\marik\\a.exe -x" }),
            ),
        ),
        (
            json!({ "type": "indicator", "spec_version": "2.1", "id": id("indicator"), "created": "2026-01-01T00:00:00.000Z", "modified": "2026-01-01T00:00:00.000Z", "valid_from": "2026-01-01T00:00:00Z", "pattern_type": "stix",
                "pattern": "[email-addr:value = 'mari@example.ee' OR file:name = 'it\\'s.exe']", "description": "Reported by mari@example.ee and anu@example.ee" }),
            Some(
                json!({ "type": "indicator", "spec_version": "2.1", "id": id("indicator"), "created": "2026-01-01T00:00:00.000Z", "modified": "2026-01-01T00:00:00.000Z", "valid_from": "2026-01-01T00:00:00Z", "pattern_type": "stix",
                "pattern": "[email-addr:value = 'mari.kask@example.ee' OR file:name = 'it\\'s.exe']", "description": "Reported by mari.kask@example.ee and anu@example.ee" }),
            ),
        ),
        (
            json!({ "type": "email-addr", "spec_version": "2.1", "id": id("email-addr"), "value": "anu@example.ee" }),
            None,
        ),
    ];
    for (object, expected) in cases {
        let found = corrected(object.to_string().as_bytes(), &table, &corrections);
        let found: Option<serde_json::Value> = found.map(|bytes| serde_json::from_slice(&bytes).unwrap());
        assert_eq!(found, expected);
        let left = found.map(|right| identifiers(right.to_string().as_bytes(), &table)).unwrap_or_default();
        for (kind, was) in [(IdentifierKind::Email, "mari@example.ee"), (IdentifierKind::Account, "mkask")] {
            assert!(!left.contains(&Identifier::new(kind, was).unwrap()), "{left:?}");
        }
    }
    assert_eq!(corrected(b"{", &table, &corrections), None);

    // Where a gateway wrote a pseudonym, the right one's stands in its place; or what is right itself, to be given again.
    let key = crate::TokenKey::derive(&[3; 32], "pact-2026", "EE", "2026-11").unwrap();
    let mail = |value: String| json!({ "type": "email-addr", "spec_version": "2.1", "id": id("email-addr"), "value": value });
    let wrong = mail(format!("{}@Example.ee", key.token("mari@example.ee")));
    let put = |corrections: &[Correction]| {
        let bytes = corrected(wrong.to_string().as_bytes(), &table, corrections).unwrap();
        serde_json::from_slice::<serde_json::Value>(&bytes).unwrap()
    };
    let moved = Correction::new(IdentifierKind::Email, "mari@example.ee", "mk@right.example").unwrap();
    assert_eq!(
        put(&moved.pseudonymous(&key)),
        mail(format!("{}@right.example", key.token("mk@right.example")))
    );
    assert_eq!(put(&moved.revealed(&key)), mail("mk@right.example".to_owned()));
    assert_eq!(Correction::new(IdentifierKind::Email, "mari@example.ee", "no address"), None);
}
