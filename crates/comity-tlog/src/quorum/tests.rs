use proptest::prelude::*;

use super::*;
use crate::cosignature::CosigningKey;
use crate::key::SigningKey;
use crate::note::SignatureLine;
use crate::testing::Log;

fn witness(seed: u8) -> CosigningKey {
    CosigningKey::from_seed(&format!("witness.example/{seed}"), &[seed; 32]).unwrap()
}

fn vkey(seed: u8) -> String {
    witness(seed).verifier_key().to_string()
}

fn cosigned_by(log: &Log, seeds: &[u8]) -> SignedCheckpoint {
    let mut signed = log.checkpoint();
    seeds.iter().for_each(|seed| signed.add(witness(*seed).cosign(&signed, 1000 + u64::from(*seed))));
    signed
}

/// The example of tlog-policy: two of X, any of Y.
fn example(log: &Log) -> String {
    format!(
        "# an example\n\
         log {}\n\
         \n\
         witness X1 {}\n\
         \twitness \t X2 {} https://x2.example/\n\
         witness X3 {}\n\
         group X-witnesses 2 X1 X2 X3\n\
         witness Y1 {}\n\
         witness Y2 {}\n\
         witness Y3 {}\n\
         group Y-witnesses any Y1 Y2 Y3  \n\
         \x20 # both\n\
         group X-and-Y all X-witnesses Y-witnesses\n\
         quorum X-and-Y\n",
        log.vkey(),
        vkey(1),
        vkey(2),
        vkey(3),
        vkey(4),
        vkey(5),
        vkey(6)
    )
}

#[test]
fn the_example_of_the_text() {
    let log = Log::with(3);
    let policy = Policy::parse(example(&log).as_bytes()).unwrap();
    assert_eq!(policy.logs(), [log.vkey().clone()]);
    assert_eq!(policy.witnesses()[1].url.as_deref(), Some("https://x2.example/"));
    assert!(policy.requires_witnesses());
    let cases: [(&[u8], bool); 9] = [
        (&[], false),
        (&[1, 2], false),
        (&[1, 4], false),
        (&[4, 5, 6], false),
        (&[1, 2, 3], false),
        (&[1, 2, 4], true),
        (&[6, 3, 1], true),
        (&[1, 2, 3, 4, 5, 6], true),
        (&[1, 4, 77], false),
    ];
    for (seeds, satisfied) in cases {
        let signed = cosigned_by(&log, seeds);
        assert_eq!(policy.verify_log(&signed), Ok(()));
        assert_eq!(policy.evaluate(&signed).unwrap().satisfied, satisfied, "{seeds:?}");
    }
    let evaluation = policy.evaluate(&cosigned_by(&log, &[6, 1, 77])).unwrap();
    assert_eq!(evaluation.cosigned, [("X1".to_owned(), 1001), ("Y3".to_owned(), 1006)]);
}

#[test]
fn a_witness_that_signs_twice_counts_once() {
    let log = Log::with(3);
    let text = format!("witness a {}\nwitness b {}\ngroup g 2 a b\nquorum g\n", vkey(1), vkey(2));
    let policy = Policy::parse(text.as_bytes()).unwrap();
    let mut signed = cosigned_by(&log, &[1]);
    signed.add(witness(1).cosign(&signed, 2000));
    let evaluation = policy.evaluate(&signed).unwrap();
    assert_eq!((evaluation.satisfied, evaluation.cosigned), (false, vec![("a".to_owned(), 2000)]));
}

#[test]
fn a_forged_cosignature_rejects_the_checkpoint() {
    let log = Log::with(3);
    let policy = Policy::parse(example(&log).as_bytes()).unwrap();
    let mut signed = cosigned_by(&log, &[1, 2, 4]);
    signed.add(SignatureLine::new(witness(3).verifier_key(), vec![0; 72]));
    assert_eq!(policy.evaluate(&signed), Err(Error::BadSignature { name: "witness.example/3".to_owned() }));
}

#[test]
fn no_quorum_asks_for_nobody() {
    let log = Log::with(1);
    let policy = Policy::parse(b"quorum none").unwrap();
    assert!(!policy.requires_witnesses());
    assert!(policy.evaluate(&log.checkpoint()).unwrap().satisfied);
    assert_eq!(policy.verify_log(&log.checkpoint()), Err(Error::NotSigned), "it lists no log");
}

#[test]
fn only_the_listed_logs_count() {
    let (log, other) = (Log::with(1), SigningKey::from_seed("other.example", &[8; 32]).unwrap());
    let rotated = SigningKey::from_seed(log.vkey().name(), &[8; 32]).unwrap();
    let policy = |key: &VerifierKey| Policy::parse(format!("log {key}\nquorum none\n").as_bytes()).unwrap();
    assert_eq!(policy(log.vkey()).verify_log(&log.checkpoint()), Ok(()));
    assert_eq!(policy(other.verifier_key()).verify_log(&log.checkpoint()), Err(Error::NotSigned));
    assert_eq!(policy(rotated.verifier_key()).verify_log(&log.checkpoint()), Err(Error::NotSigned));
}

#[test]
fn names_are_opaque_bytes() {
    let text = [b"witness \xff\xfe ", vkey(1).as_bytes(), b"\nquorum \xff\xfe\n"].concat();
    let policy = Policy::parse(&text).unwrap();
    assert!(policy.evaluate(&cosigned_by(&Log::with(1), &[1])).unwrap().satisfied);
    let kelvin = format!("witness K {}\nquorum \u{212a}\n", vkey(1));
    assert!(Policy::parse(kelvin.as_bytes()).is_err(), "a Kelvin sign is no K");
}

#[test]
fn what_is_no_policy_is_refused_with_its_line() {
    let log = Log::with(1);
    let (w1, w2, key) = (vkey(1), vkey(2), log.vkey());
    let same_key = CosigningKey::from_seed("another.name", &[1; 32]).unwrap();
    let two = format!("witness a {w1}\nwitness b {w2}\n");
    let cases = [
        (String::new(), 1),
        (two.clone(), 3),
        ("quorum none\nquorum none\n".to_owned(), 2),
        ("quorum a\n".to_owned(), 1),
        ("quorum none none\n".to_owned(), 1),
        ("Quorum none\n".to_owned(), 1),
        ("quorum\u{a0}none\n".to_owned(), 1),
        ("# a\u{7}\n".to_owned(), 1),
        ("quorum none\r\n".to_owned(), 1),
        (format!("log {key} url more\nquorum none\n"), 1),
        (format!("log {w1}\nquorum none\n"), 1),
        (format!("log {key}\nlog {key}\nquorum none\n"), 2),
        (format!("witness a {key}\nquorum none\n"), 1),
        (format!("witness none {w1}\nquorum none\n"), 1),
        (format!("witness a {w1}\nwitness a {w2}\nquorum a\n"), 2),
        (format!("witness a {w1}\nwitness b {}\nquorum a\n", same_key.verifier_key()), 2),
        (format!("quorum a\nwitness a {w1}\n"), 1),
        (format!("{two}group g 0 a b\nquorum g\n"), 3),
        (format!("{two}group g 3 a b\nquorum g\n"), 3),
        (format!("{two}group g -1 a b\nquorum g\n"), 3),
        (format!("{two}group g most a b\nquorum g\n"), 3),
        (format!("{two}group g all\nquorum g\n"), 3),
        (format!("{two}group g any a c\nquorum g\n"), 3),
        (format!("{two}group g any a a\nquorum g\n"), 3),
        (format!("{two}group g any g\nquorum g\n"), 3),
        (format!("{two}group g any none\nquorum g\n"), 3),
        (format!("{two}group g any a\ngroup h any a b\nquorum g\n"), 4),
        (format!("{two}group a any b\nquorum a\n"), 3),
    ];
    for (policy, expected) in cases {
        match Policy::parse(policy.as_bytes()) {
            Err(Error::Malformed { line, .. }) => assert_eq!(line, expected, "{policy}"),
            parsed => panic!("{parsed:?} from {policy}"),
        }
    }
}

#[test]
fn sixty_four_witnesses_are_read_and_no_more() {
    let policy = |count: u8| {
        let witnesses: String = (0..count).map(|seed| format!("witness {seed} {}\n", vkey(seed))).collect();
        Policy::parse(format!("{witnesses}quorum none\n").as_bytes())
    };
    assert!(policy(64).is_ok());
    assert!(policy(65).is_err());
    assert!(Policy::parse(&vec![b'#'; POLICY_BYTES_MAX + 1]).is_err());
}

proptest! {
    /// A group of k witnesses is satisfied exactly when at least k of its members cosigned.
    #[test]
    fn a_threshold_counts_members(members in 1_u8..8, threshold in 1_u8..8, signed in 0_u8..=255) {
        prop_assume!(threshold <= members);
        let witnesses: String = (0..members).map(|seed| format!("witness w{seed} {}\n", vkey(seed))).collect();
        let names: String = (0..members).map(|seed| format!(" w{seed}")).collect();
        let text = format!("{witnesses}group g {threshold}{names}\nquorum g\n");
        let policy = Policy::parse(text.as_bytes()).unwrap();
        let seeds: Vec<u8> = (0..8).filter(|seed| signed >> seed & 1 == 1).collect();
        let counted = seeds.iter().filter(|seed| **seed < members).count();
        let evaluation = policy.evaluate(&cosigned_by(&Log::with(1), &seeds)).unwrap();
        prop_assert_eq!(evaluation.satisfied, counted >= usize::from(threshold));
        prop_assert_eq!(evaluation.cosigned.len(), counted);
    }

    #[test]
    fn no_bytes_panic(input in "((log|witness|group|quorum|none|any|all|a|b|[0-9]| |\t|\n){0,30})") {
        let _ = Policy::parse(input.as_bytes());
    }
}
