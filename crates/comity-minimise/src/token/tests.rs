use super::*;

fn key(period: &str) -> TokenKey {
    TokenKey::derive(&[7; 32], "an-agreement", "FI", period).expect("a key")
}

#[test]
fn a_token_stands_for_its_value_under_one_key() {
    let token = key("2026").token("Mari Kask");
    assert_eq!(token.len(), TOKEN_LENGTH);
    assert!(token.starts_with("p-"));
    assert_eq!(key("2026").token(" mari kask "), token, "letter case and space do not matter");
    assert_ne!(key("2026").token("Mari Kas"), token);
    assert_ne!(key("2027").token("Mari Kask"), token, "another period, another key");
}

#[test]
fn only_a_token_of_this_key_verifies() {
    let token = key("2026").token("Mari Kask");
    assert!(key("2026").verifies(&token));
    assert!(!key("2027").verifies(&token));
    for at in 2..TOKEN_LENGTH {
        let mut altered = token.clone().into_bytes();
        altered[at] = if altered[at] == b'a' { b'b' } else { b'a' };
        let altered = String::from_utf8(altered).expect("ASCII");
        assert!(!key("2026").verifies(&altered), "altered at {at}");
    }
    assert!(!key("2026").verifies("p-"));
    assert!(!key("2026").verifies(&"é".repeat(17)));
}

#[test]
fn a_token_is_its_own_token_and_a_forged_one_is_plain_text() {
    let key = key("2026");
    let tokens = Tokens::new(&key);
    let token = tokens.of("Mari Kask");
    assert_eq!(tokens.of(&token), token);
    let forged = format!("p-{}", "a".repeat(32));
    assert_ne!(tokens.of(&forged), forged);
}

#[test]
fn the_longest_values_have_tokens_too() {
    let key = key("2026");
    assert_ne!(key.token(&"a".repeat(70_000)), key.token(&"a".repeat(70_001)));
}

#[test]
fn a_key_remembers_the_tokens_it_made() {
    let (known, fresh) = (key("2026"), key("2026"));
    let tokens: Vec<String> = (0..40).map(|n| known.token(&format!("person{n}@example.org"))).collect();
    for (n, token) in tokens.iter().enumerate() {
        let value = format!("Person{n}@example.org");
        assert_eq!(known.token(&value), *token, "remembered");
        assert_eq!(fresh.token(&value), *token, "and the same as made anew");
    }
}

#[test]
fn an_id_is_stable_under_its_key_and_tells_nothing() {
    let old = "identity--5d9b2a4f-1c2d-5e3f-8a4b-0123456789ab";
    let new = key("2026").id("identity", old);
    assert_eq!(key("2026").id("identity", old), new, "an update meets the object that it updates");
    let (kind, uuid) = crate::bundle::split_id(&new).expect("an id of STIX");
    assert_eq!((kind, uuid.get_version_num()), ("identity", 4));
    assert_ne!(key("2026").id("identity", &old.replace("5d9b", "5d9c")), new);
    let other = TokenKey::derive(&[7; 32], "an-agreement", "SE", "2026").expect("a key");
    assert_ne!(other.id("identity", old), new, "partners cannot compare");
}
