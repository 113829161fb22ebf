use proptest::prelude::*;

use super::*;
use crate::cosignature::CosigningKey;
use crate::key::SigningKey;
use crate::key::tests::{PETER, peter};

/// The example of golang.org/x/mod/sumdb/note.
const TEXT: &str =
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const LINE: &str = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=";

fn other(seed: u8) -> SigningKey {
    SigningKey::from_seed("other.example", &[seed; 32]).unwrap()
}

fn signed_by(keys: &[&SigningKey]) -> Note {
    let mut note = Note::new(TEXT.to_owned()).unwrap();
    keys.iter().for_each(|key| note.add(key.sign(TEXT)));
    note
}

fn peter_key() -> VerifierKey {
    PETER.parse().unwrap()
}

#[test]
fn signing_gives_the_published_note() {
    let note = signed_by(&[&peter()]);
    assert_eq!(note.to_string(), format!("{TEXT}\n{LINE}\n"));
    let parsed = Note::parse(note.to_string().as_bytes()).unwrap();
    assert_eq!(parsed, note);
    let key = peter_key();
    assert_eq!(parsed.verify([&key]), Ok(vec![VerifiedSignature { key: &key, time: None }]));
}

/// The example of signed-note: a text with an empty line in it.
#[test]
fn the_last_empty_line_ends_the_text() {
    let text = "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n";
    let line = "— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=";
    let note = Note::parse(format!("{text}\n{line}\n").as_bytes()).unwrap();
    assert_eq!(note.text(), text);
    assert_eq!(note.signatures()[0].key_id(), [0x36, 0x7b, 0xa0, 0x4b]);
    assert_eq!(note.to_string(), format!("{text}\n{line}\n"));
}

#[test]
fn unknown_keys_are_ignored_and_alone_not_enough() {
    let key = peter_key();
    assert_eq!(signed_by(&[&other(1), &peter(), &other(2)]).verify([&key]).unwrap().len(), 1);
    assert_eq!(signed_by(&[&other(1)]).verify([&key]), Err(Error::NotSigned));
    assert_eq!(signed_by(&[&peter()]).verify([]), Err(Error::NotSigned));
}

#[test]
fn same_name_with_another_id_is_another_key() {
    let key = other(1).verifier_key().clone();
    assert_eq!(signed_by(&[&other(2)]).verify([&key]), Err(Error::NotSigned));
    assert_eq!(signed_by(&[&other(2), &other(1)]).verify([&key]).unwrap().len(), 1);
}

#[test]
fn a_bad_signature_by_a_known_key_rejects_the_whole_note() {
    let (key, known) = (peter_key(), other(1));
    let forged = SignatureLine::new(known.verifier_key(), vec![5; 64]);
    let mut note = signed_by(&[&peter()]);
    note.add(forged);
    let bad = Error::BadSignature { name: "other.example".to_owned() };
    assert_eq!(note.verify([&key, known.verifier_key()]), Err(bad));
    assert!(note.verify([&key]).is_ok(), "of an unknown key it does not matter");
}

#[test]
fn a_key_counts_once_and_each_of_its_signatures_must_verify() {
    let key = peter_key();
    let line = SignatureLine::parse(LINE).unwrap();
    let twice = Note::parse(format!("{TEXT}\n{LINE}\n{LINE}\n").as_bytes()).unwrap();
    assert_eq!(twice.signatures().len(), 2);
    assert_eq!(twice.verify([&key]).unwrap().len(), 1);
    let mut spoiled = signed_by(&[&peter()]);
    spoiled.add(line);
    assert_eq!(spoiled.signatures().len(), 1, "the same line is not added again");
    spoiled.add(SignatureLine::new(&key, vec![1; 64]));
    assert!(spoiled.verify([&key]).is_err());
}

#[test]
fn sixty_four_signatures_are_read_and_no_more() {
    let lines =
        |count: u8| -> String { (0..count).map(|seed| format!("{}\n", other(seed).sign(TEXT))).collect() };
    let note = Note::parse(format!("{TEXT}\n{}{LINE}\n", lines(63)).as_bytes()).unwrap();
    assert!(note.verify([&peter_key()]).is_ok());
    assert!(Note::parse(format!("{TEXT}\n{}{LINE}\n", lines(64)).as_bytes()).is_err());
    let long = "x".repeat(NOTE_BYTES_MAX);
    assert!(Note::parse(format!("{long}\n\n{LINE}\n").as_bytes()).is_err());
}

#[test]
fn what_is_no_note_is_refused_with_its_line() {
    let signed = |line: &str| format!("{TEXT}\n{line}\n");
    let cases: [(String, usize); 15] = [
        (String::new(), 1),
        (TEXT.to_owned(), 1),
        (format!("{TEXT}\n"), 4),
        (format!("{TEXT}{LINE}\n"), 1),
        (format!("{TEXT}\n{LINE}"), 4),
        (format!("a\tb\n\n{LINE}\n"), 1),
        (format!("a\nb\rc\n\n{LINE}\n"), 2),
        (signed(&LINE.replacen('—', "-", 1)), 4),
        (signed(&LINE.replacen("— ", "—", 1)), 4),
        (signed(&LINE.replacen("PeterNeumann", "Peter+Neumann", 1)), 4),
        (signed(&LINE.replacen("PeterNeumann ", "PeterNeumann  ", 1)), 4),
        (signed("— PeterNeumann x08gow=="), 4),
        (signed("— PeterNeumann"), 4),
        (signed(&LINE.replacen("nAM=", "nAN=", 1)), 4),
        (signed(&format!("{LINE}\nmore")), 5),
    ];
    for (note, expected) in cases {
        match Note::parse(note.as_bytes()) {
            Err(Error::Malformed { line, .. }) => assert_eq!(line, expected, "{note}"),
            parsed => panic!("{parsed:?} from {note}"),
        }
    }
    assert!(Note::parse(b"a\xff\n\n").is_err());
    assert!(Note::new("no newline".to_owned()).is_err());
}

#[test]
fn every_flipped_bit_is_noticed() {
    let key = peter_key();
    let note = signed_by(&[&peter()]).to_string().into_bytes();
    for bit in 0..note.len() * 8 {
        let mut flipped = note.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let verdict = Note::parse(&flipped).and_then(|note| note.verify([&key]).map(drop));
        assert!(verdict.is_err(), "bit {bit}");
    }
}

#[test]
fn a_cosignature_does_not_pass_for_a_signature() {
    let seed = [3; 32];
    let log = SigningKey::from_seed("both.example", &seed).unwrap();
    let witness = CosigningKey::from_seed("both.example", &seed).unwrap();
    assert_ne!(log.verifier_key().id(), witness.verifier_key().id());
    let note = signed_by(&[&log]);
    assert_eq!(note.verify([witness.verifier_key()]), Err(Error::NotSigned));
}

proptest! {
    #[test]
    fn no_input_panics_and_what_parses_formats_back(input in "([ -~\n—]{0,40}\n)?\n?(— [a-z+ ]{0,6} [A-Za-z0-9+/=]{0,20}\n){0,3}") {
        if let Ok(note) = Note::parse(input.as_bytes()) {
            prop_assert_eq!(note.to_string(), input);
        }
    }

    #[test]
    fn no_bytes_panic(input in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Note::parse(&input);
    }
}
