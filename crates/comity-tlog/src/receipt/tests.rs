use proptest::prelude::*;

use super::*;
use crate::cosignature::CosigningKey;
use crate::testing::Log;

fn policy(quorum: &str, witness: &CosigningKey) -> Policy {
    Policy::parse(format!("witness w {}\nquorum {quorum}\n", witness.verifier_key()).as_bytes()).unwrap()
}

fn witness() -> CosigningKey {
    CosigningKey::from_seed("witness.example/w1", &[1; 32]).unwrap()
}

#[test]
fn a_receipt_verifies_from_its_bytes_alone() {
    let log = Log::with(11);
    for index in 0..11 {
        let receipt = Receipt::parse(log.receipt(index).to_string().as_bytes()).unwrap();
        let entry = receipt.extra().unwrap();
        assert_eq!(entry, log.entries[index as usize]);
        let expected =
            VerifiedReceipt { index: LeafIndex(index), tree_size: TreeSize(11), grade: Grade::Integrated };
        assert_eq!(receipt.verify(entry, log.vkey(), None), Ok(expected));
        assert_eq!(
            receipt.verify(b"another entry", log.vkey(), None),
            Err(Error::Unproven { what: "inclusion" })
        );
    }
}

/// The format of tlog-proof, written out.
#[test]
fn the_bytes_are_those_of_the_text() {
    let log = Log::with(2);
    let receipt = log.receipt(1).to_string();
    let expected = format!(
        "c2sp.org/tlog-proof@v1\nextra ZW50cnkgMQ==\nindex 1\n{}\n\n{}",
        leaf_hash(b"entry 0"),
        log.checkpoint()
    );
    assert_eq!(receipt, expected);
}

#[test]
fn the_grade_is_what_the_witnesses_make_it() {
    let log = Log::with(3);
    let (signed, proof) = (log.checkpoint(), log.receipt(1).proof().clone());
    let mut cosigned = signed.clone();
    cosigned.add(witness().cosign(&signed, 1_800_000_000));
    let receipt = |checkpoint| Receipt::new(b"", LeafIndex(1), proof.clone(), checkpoint).unwrap();
    let grade = |receipt: &Receipt, policy: Option<&Policy>| {
        receipt.verify(b"entry 1", log.vkey(), policy).unwrap().grade
    };
    let (asks, does_not) = (policy("w", &witness()), policy("none", &witness()));
    assert_eq!(grade(&receipt(cosigned.clone()), Some(&asks)), Grade::Witnessed);
    assert_eq!(grade(&receipt(cosigned.clone()), Some(&does_not)), Grade::Integrated);
    assert_eq!(grade(&receipt(cosigned.clone()), None), Grade::Integrated);
    assert_eq!(grade(&receipt(signed.clone()), Some(&asks)), Grade::Integrated);
    let other = CosigningKey::from_seed("witness.example/w2", &[2; 32]).unwrap();
    assert_eq!(grade(&receipt(cosigned), Some(&policy("w", &other))), Grade::Integrated);

    let mut forged = signed;
    forged.add(crate::note::SignatureLine::new(witness().verifier_key(), vec![0; 72]));
    assert!(receipt(forged).verify(b"entry 1", log.vkey(), Some(&asks)).is_err());
}

#[test]
fn every_flipped_bit_is_noticed() {
    let log = Log::with(6);
    let bytes = log.receipt(4).to_string().into_bytes();
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let verdict = Receipt::parse(&flipped)
            .and_then(|receipt| receipt.verify(receipt.extra().unwrap_or_default(), log.vkey(), None));
        assert!(verdict.is_err(), "bit {bit}");
    }
}

#[test]
fn other_spellings_are_refused() {
    let receipt = Log::with(3).receipt(1).to_string();
    assert!(Receipt::parse(receipt.as_bytes()).is_ok());
    let receipts = [
        receipt.replacen("@v1", "@v2", 1),
        receipt.replacen("c2sp.org/tlog-proof@v1\n", "", 1),
        receipt.replacen("index 1", "index 01", 1),
        receipt.replacen("index 1", "index", 1),
        receipt.replacen("index 1\n", "", 1),
        receipt.replacen("extra ZW50cnkgMQ==", "extra ", 1),
        receipt.replacen("extra ZW50cnkgMQ==", "extra ZW50cnkgMQ", 1),
        receipt.replacen("extra ZW50cnkgMQ==\n", "extra ZW50cnkgMQ==\nextra ZW50cnkgMQ==\n", 1),
        receipt.replacen("extra ZW50cnkgMQ==\nindex 1\n", "index 1\nextra ZW50cnkgMQ==\n", 1),
        receipt.replacen("=\n\n", "=\n", 1),
        receipt.replacen('\n', "\r\n", 1),
        String::new(),
    ];
    for receipt in receipts {
        assert!(Receipt::parse(receipt.as_bytes()).is_err(), "{receipt}");
    }
    assert!(Receipt::parse(&vec![b'x'; RECEIPT_BYTES_MAX + 1]).is_err());
}

#[test]
fn the_longest_entry_fits_and_no_longer_one() {
    let log = Log::with(1);
    let proof = InclusionProof::from_hashes(Vec::new()).unwrap();
    let make = |length| Receipt::new(&vec![1; length], LeafIndex(0), proof.clone(), log.checkpoint());
    let receipt = make(ENTRY_BYTES_MAX).unwrap();
    assert_eq!(Receipt::parse(receipt.to_string().as_bytes()), Ok(receipt));
    assert!(make(ENTRY_BYTES_MAX + 1).is_err());
}

#[test]
fn debug_shows_no_entry() {
    assert!(
        format!("{:?}", Log::with(1).receipt(0)).starts_with("Receipt { extra_bytes: 7, index: LeafIndex(0)")
    );
}

proptest! {
    #[test]
    fn no_bytes_panic(head in "c2sp.org/tlog-proof@v1\n(extra [A-Za-z=]{0,8}\n)?(index [0-9]{0,3}\n)?([A-Za-z]{0,4}\n){0,3}\n?[ -~\n]{0,40}") {
        let _ = Receipt::parse(head.as_bytes());
    }
}
