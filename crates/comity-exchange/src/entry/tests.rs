use super::*;

fn seeded(seed: u8) -> impl FnMut(&mut [u8]) {
    let mut next = seed;
    move |out: &mut [u8]| {
        for byte in out {
            next = next.wrapping_mul(31).wrapping_add(7);
            *byte = next;
        }
    }
}

fn at() -> Timestamp {
    "2026-11-02T09:20:00Z".parse().unwrap()
}

#[test]
fn an_entry_tells_its_family_and_month_and_nothing_else() {
    let facts = serde_json::json!({ "outcome": "permit" });
    let (entry, opening) = Opening::draw(Act::ExchangeDecided, at(), facts, &mut seeded(1));
    let bytes = entry.to_bytes();
    assert_eq!(bytes.len(), PublicEntry::SIZE);
    assert_eq!(&bytes[..6], &[1, 1, 0, 3, 0x17, 0x73], "version 1, exchange, 202611");
    assert_eq!(PublicEntry::from_bytes(&bytes), Some(entry));
    assert!(entry.commits_to(&opening));
}

#[test]
fn every_act_has_an_entry_of_the_same_size() {
    for act in Act::ALL {
        let facts = serde_json::json!({ "long": "x".repeat(act.as_str().len() * 10) });
        let (entry, _) = Opening::draw(act, at(), facts, &mut seeded(2));
        assert_eq!(entry.to_bytes().len(), PublicEntry::SIZE);
        assert_eq!(entry.family(), act.family());
    }
}

#[test]
fn equal_facts_under_another_salt_are_another_commitment() {
    let facts = serde_json::json!({ "outcome": "deny" });
    let (one, opening) = Opening::draw(Act::ExchangeDecided, at(), facts.clone(), &mut seeded(3));
    let (other, _) = Opening::draw(Act::ExchangeDecided, at(), facts, &mut seeded(4));
    assert_ne!(one, other, "an outsider could guess the facts otherwise");
    assert!(!other.commits_to(&opening));
}

#[test]
fn an_opening_survives_the_vault_and_a_flipped_bit_does_not_open_the_entry() {
    let (entry, opening) =
        Opening::draw(Act::ExchangeReceived, at(), serde_json::json!({ "objects": 3 }), &mut seeded(5));
    let bytes = opening.to_bytes();
    assert!(entry.commits_to(&Opening::from_bytes(&bytes).unwrap()));
    for i in 0..bytes.len() {
        let mut bent = bytes.clone();
        bent[i] ^= 1;
        assert!(!entry.commits_to(&Opening::from_bytes(&bent).unwrap()), "byte {i}");
    }
}

#[test]
fn bytes_of_another_version_family_month_or_length_are_no_entry() {
    let (entry, _) = Opening::draw(Act::LawAdopted, at(), serde_json::json!({}), &mut seeded(6));
    let good = entry.to_bytes();
    for (position, value) in [(0, 2), (1, 0), (1, 5), (5, 0xff)] {
        let mut bent = good;
        bent[position] = value;
        assert_eq!(PublicEntry::from_bytes(&bent), None, "byte {position} = {value}");
    }
    assert_eq!(PublicEntry::from_bytes(&good[..37]), None);
}

#[test]
fn the_records_root_depends_on_salt_order_and_every_record() {
    let records: [&[u8]; 3] = [b"a", b"b", b"c"];
    let root = records_root(&[1; 32], records);
    assert_ne!(root, records_root(&[2; 32], records));
    assert_ne!(root, records_root(&[1; 32], [&b"b"[..], b"a", b"c"]));
    assert_ne!(root, records_root(&[1; 32], [&b"a"[..], b"b"]));
}
