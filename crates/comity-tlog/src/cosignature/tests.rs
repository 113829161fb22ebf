use super::*;
use crate::testing::Log;

/// A public log's checkpoint with the cosignature of a public witness. The first line is by an RFC 6962 key (type
/// 05), whose lines are unknown to us.
pub(crate) const PUBLIC: &str = "\
arche2025h1.staging.ct.transparency.dev
1432088532
U7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=

— arche2025h1.staging.ct.transparency.dev zTM8sQAAAZ5W0WdjBAMARjBEAiBjW5IQf9pvsYLfQFX6hoGREPMHbdQ3urbllzalApkptQIgIpwtEroeW2BXaHAI4kJXFbon5Ch9MNL5zRNZ55lvGt0=
— arche2025h1.staging.ct.transparency.dev ui8GwCF1+kWqZrxGdhj4aX3gcw7XUlXQQabg/27lefwhUkzbC3NygNI75MdhL1bfTW9g8Ei59RA23oHP7Ry1k3ZFWwQ=
— remora.n621.de 2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIobWX9sXTynk5XeU/zZ0WBxtqB0DrAWfBw==
";
pub(crate) const PUBLIC_LOG: &str =
    "arche2025h1.staging.ct.transparency.dev+ba2f06c0+AU0vHmlGCS/PdN8b2OaGmKprLI8HKM+dJ472xgFYh15f";
pub(crate) const PUBLIC_WITNESS: &str =
    "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2";

fn witness() -> CosigningKey {
    CosigningKey::from_seed("witness.example/w1", &[1; 32]).unwrap()
}

#[test]
fn a_public_witness_verifies() {
    let signed = SignedCheckpoint::parse(PUBLIC.as_bytes()).unwrap();
    assert_eq!(signed.verify(&PUBLIC_LOG.parse().unwrap()), Ok(()));
    let key: VerifierKey = PUBLIC_WITNESS.parse().unwrap();
    let verified = signed.note().verify([&key]).unwrap();
    assert_eq!(verified[0].time, Some(0x6a12_2120));
}

#[test]
fn every_flipped_bit_of_a_public_cosignature_is_noticed() {
    let key: VerifierKey = PUBLIC_WITNESS.parse().unwrap();
    let start = PUBLIC.find("— remora").unwrap();
    for bit in start * 8..PUBLIC.len() * 8 {
        let mut flipped = PUBLIC.as_bytes().to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let verdict =
            SignedCheckpoint::parse(&flipped).and_then(|signed| signed.note().verify([&key]).map(drop));
        assert!(verdict.is_err(), "bit {bit}");
    }
}

/// tlog-cosignature, "Ed25519 signed message".
#[test]
fn the_message_is_that_of_the_text() {
    let text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
    let expected = "cosignature/v1\n\
                    time 1679315147\n\
                    example.com/behind-the-sofa\n\
                    20852163\n\
                    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
    assert_eq!(message(1_679_315_147, text), expected);
}

#[test]
fn a_cosignature_holds_for_its_time_and_checkpoint() {
    let log = Log::with(3);
    let mut signed = log.checkpoint();
    signed.add(witness().cosign(&signed, 1_800_000_000));
    let parsed = SignedCheckpoint::open(signed.to_string().as_bytes(), log.vkey()).unwrap();
    let key = witness().verifier_key().clone();
    assert_eq!(parsed.note().verify([&key]).unwrap()[0].time, Some(1_800_000_000));

    let mut other = log.checkpoint_at(2);
    other.add(signed.note().signatures()[1].clone());
    assert!(other.note().verify([&key]).is_err());
}

#[test]
fn the_latest_of_several_counts() {
    let mut signed = Log::with(3).checkpoint();
    for time in [1_800_000_000, 1_900_000_000, 1_700_000_000] {
        signed.add(witness().cosign(&signed, time));
    }
    let key = witness().verifier_key().clone();
    let verified = signed.note().verify([&key]).unwrap();
    assert_eq!((verified.len(), verified[0].time), (1, Some(1_900_000_000)));
}

#[test]
fn a_time_beyond_the_limit_is_neither_made_nor_accepted() {
    let mut signed = Log::with(1).checkpoint();
    signed.add(witness().cosign(&signed, u64::MAX));
    let key = witness().verifier_key().clone();
    assert_eq!(signed.note().verify([&key]).unwrap()[0].time, Some(TIME_MAX));

    let (time, text) = (TIME_MAX + 1, signed.note().text());
    let signature = witness().secret.sign(message(time, text).as_bytes());
    assert_eq!(verify(&key, text, &[&time.to_be_bytes()[..], &signature.to_bytes()].concat()), None);
    assert_eq!(verify(&key, text, &[0; 7]), None);
}
