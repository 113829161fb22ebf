use super::*;
use crate::cosignature::CosigningKey;
use crate::merkle::leaf_hash;
use crate::testing::{Log, ORIGIN};

/// The example of tlog-checkpoint.
const TEXT: &str = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

#[test]
fn the_example_of_the_text_parses_and_formats() {
    let checkpoint = Checkpoint::parse(TEXT).unwrap();
    assert_eq!(
        (checkpoint.origin(), checkpoint.size()),
        ("example.com/behind-the-sofa", TreeSize(20_852_163))
    );
    assert_eq!(checkpoint.root().0[..3], [0x0a, 0xc5, 0x18]);
    assert_eq!(checkpoint.to_string(), TEXT);
}

#[test]
fn extension_lines_are_kept() {
    let text = format!("{TEXT}one\nand two\n");
    let checkpoint = Checkpoint::parse(&text).unwrap();
    assert_eq!(checkpoint.extensions(), ["one", "and two"]);
    assert_eq!(checkpoint.to_string(), text);
}

#[test]
fn other_spellings_are_refused_with_their_line() {
    let cases = [
        ("", 1),
        ("origin", 1),
        ("\n", 2),
        ("origin\n", 2),
        ("origin\n1\n", 3),
        (&TEXT.replacen("example.com/behind-the-sofa", "", 1), 1),
        (&TEXT.replacen("20852163", "020852163", 1), 2),
        (&TEXT.replacen("20852163", "+20852163", 1), 2),
        (&TEXT.replacen("20852163", "-1", 1), 2),
        (&TEXT.replacen("20852163", "", 1), 2),
        (&TEXT.replacen("20852163", "9223372036854775808", 1), 2),
        (&TEXT.replacen("20852163", "00", 1), 2),
        (&TEXT.replacen("q2I=", "q2I", 1), 3),
        (&TEXT.replacen("q2I=", "q2J=", 1), 3),
        (&TEXT.replacen("CsUY", "", 1), 3),
        (&format!("{TEXT}\n"), 4),
        (&format!("{TEXT}x\n\ny\n"), 5),
    ];
    for (text, expected) in cases {
        match Checkpoint::parse(text) {
            Err(Error::Malformed { line, .. }) => assert_eq!(line, expected, "{text}"),
            parsed => panic!("{parsed:?} from {text}"),
        }
    }
    assert!(Checkpoint::parse(&TEXT.replacen("20852163", "9223372036854775807", 1)).is_ok());
}

#[test]
fn a_log_signs_for_itself_only() {
    let log = Log::with(5);
    let signed = log.checkpoint();
    assert!(SignedCheckpoint::open(signed.to_string().as_bytes(), log.vkey()).is_ok());

    let foreign = Checkpoint::new("other.example", TreeSize(1), leaf_hash(b"")).unwrap();
    let origin = Error::Origin { expected: ORIGIN.to_owned(), found: "other.example".to_owned() };
    assert_eq!(SignedCheckpoint::sign(foreign.clone(), &log.key), Err(origin.clone()));

    // The key did sign this text, as whoever holds two logs' checkpoints could make it.
    let mut note = Note::new(foreign.to_string()).unwrap();
    note.add(log.key.sign(note.text()));
    assert_eq!(SignedCheckpoint::open(note.to_string().as_bytes(), log.vkey()), Err(origin));
}

/// tlog-witness: "The client MUST ignore any cosignatures from unknown keys".
#[test]
fn of_an_answer_only_known_cosignatures_are_added() {
    let log = Log::with(5);
    let witness = |seed| CosigningKey::from_seed("witness.example", &[seed; 32]).unwrap();
    let mut signed = log.checkpoint();
    let known = [witness(1).verifier_key().clone()];
    let line = |seed| format!("{}\n", witness(seed).cosign(&signed, 1_800_000_000));
    let (ours, unknown) = (line(1), line(2));
    let other = format!("{}\n", witness(1).cosign(&log.checkpoint_at(4), 1_800_000_000));

    for refused in
        ["", "no line\n", &ours[..ours.len() - 1], &format!("\n{unknown}"), &other, &format!("{ours}{other}")]
    {
        assert!(signed.add_answer(refused.as_bytes(), &known).is_err(), "{refused}");
    }
    assert_eq!(signed, log.checkpoint(), "nothing was added");
    assert_eq!(signed.add_answer(unknown.as_bytes(), &known), Ok(0));
    assert_eq!(signed.add_answer(format!("{unknown}{ours}").as_bytes(), &known), Ok(1));
    assert_eq!(signed.to_string(), format!("{}{ours}", log.checkpoint()));
}

#[test]
fn every_flipped_bit_is_noticed() {
    let log = Log::with(5);
    let bytes = log.checkpoint().to_string().into_bytes();
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(SignedCheckpoint::open(&flipped, log.vkey()).is_err(), "bit {bit}");
    }
}

#[test]
fn what_cannot_be_written_cannot_be_made() {
    let root = leaf_hash(b"");
    for origin in ["", "two\nlines", &"x".repeat(ORIGIN_BYTES_MAX + 1)] {
        assert!(Checkpoint::new(origin, TreeSize(0), root).is_err());
    }
    assert!(Checkpoint::new("o", TreeSize(TreeSize::MAX.0 + 1), root).is_err());
}
