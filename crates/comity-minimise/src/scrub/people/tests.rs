//! What leaves in a text, by what is asked for each class.

use super::*;
use crate::token::TokenKey;

fn scrubbed(text: &str, asked: Treatment, cited: &str) -> Option<Scrubbed> {
    let key = TokenKey::derive(&[7; 32], "agreement", "partner", "2026-01").unwrap();
    let tokens = Tokens::new(&key);
    scrub(text, &Known::default(), &tokens, &|_| asked, &|value| value == cited)
}

const TEXT: &str = "Analyst Mari Tamm (mari.tamm@example.ee, +372 5123 4567) logged in from her laptop 10.20.30.40; \
                    the C2 server is 185.220.101.4.";

#[test]
fn people_leave_as_tokens_and_what_identifies_the_attack_stays() {
    let out = scrubbed(TEXT, Treatment::Pseudonymise, "").unwrap();
    let text = out.text.unwrap();
    for gone in ["Mari", "Tamm", "5123", "10.20.30.40"] {
        assert!(!text.contains(gone), "{gone} in {text}");
    }
    assert!(text.contains("@example.ee") && text.ends_with("the C2 server is 185.220.101.4."), "{text}");
    let classes: Vec<&str> = out.treated.iter().map(|(class, _)| *class).collect();
    assert_eq!(classes, ["name", "contact", "device"]);
}

#[test]
fn a_law_that_asks_for_more_gets_a_word_of_the_class_or_the_whole_object() {
    let text = scrubbed(TEXT, Treatment::WithholdProperty, "").unwrap().text.unwrap();
    assert!(
        text.starts_with("Analyst [name] ([contact], [contact]) logged in from her laptop [device];"),
        "{text}"
    );
    assert_eq!(scrubbed(TEXT, Treatment::WithholdObject, "").unwrap().text, None);
    assert_eq!(scrubbed(TEXT, Treatment::Keep, ""), None);
}

#[test]
fn what_an_indicator_cites_stays() {
    let text = "The victim wrote to mari.tamm@example.ee.";
    assert_eq!(scrubbed(text, Treatment::Pseudonymise, "mari.tamm@example.ee"), None);
    assert!(scrubbed(text, Treatment::Pseudonymise, "").is_some());
}

#[test]
fn what_came_out_goes_through_unchanged() {
    for asked in [Treatment::Generalise, Treatment::Pseudonymise, Treatment::WithholdProperty] {
        let text = scrubbed(TEXT, asked, "").unwrap().text.unwrap();
        assert_eq!(scrubbed(&text, asked, ""), None, "{text}");
    }
}
