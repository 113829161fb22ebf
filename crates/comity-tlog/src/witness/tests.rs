use super::*;
use crate::key::SigningKey;
use crate::merkle::{leaf_hash, root_at};
use crate::proof::consistency_proof;
use crate::testing::Log;

const NOW: u64 = 1_800_000_000;

fn witness() -> CosigningKey {
    CosigningKey::from_seed("witness.example/w1", &[1; 32]).unwrap()
}

fn at(log: &Log, size: u64) -> Cosigned {
    Cosigned { size: TreeSize(size), root: root_at(TreeSize(size), &log.nodes).unwrap() }
}

fn request(log: &Log, old: u64, new: u64) -> AddCheckpoint {
    let proof = consistency_proof(TreeSize(old), TreeSize(new), &log.nodes).unwrap();
    AddCheckpoint { old: TreeSize(old), proof, checkpoint: log.checkpoint_at(new) }
}

fn decide(state: &Cosigned, request: &AddCheckpoint, keys: &[&VerifierKey]) -> Outcome {
    let keys: Vec<VerifierKey> = keys.iter().copied().cloned().collect();
    add_checkpoint(state, request, &keys, &witness(), NOW)
}

#[test]
fn growth_is_cosigned_and_remembered() {
    let log = Log::with(20);
    for (old, new) in [(0, 0), (0, 1), (0, 20), (1, 2), (7, 20), (8, 16), (20, 20)] {
        let request = request(&log, old, new);
        let Outcome::Cosign { state, line } = decide(&at(&log, old), &request, &[log.vkey()]) else {
            panic!("refused {old} to {new}");
        };
        assert_eq!(state, at(&log, new));
        let mut cosigned = request.checkpoint.clone();
        cosigned.add(SignatureLine::parse(&line.to_string()).unwrap());
        let key = witness().verifier_key().clone();
        assert_eq!(cosigned.note().verify([&key]).unwrap()[0].time, Some(NOW));
    }
    assert_eq!(Cosigned::nothing(), at(&log, 0));
}

/// Each row: what is wrong, the refusal, its status. The tree that the witness knows has 8 entries.
#[test]
fn the_refusals_of_the_text() {
    let log = Log::with(20);
    let mut fork = Log::with(4);
    (4..20).for_each(|index| fork.append(format!("forked {index}").into_bytes()));
    let known = at(&log, 8);
    let conflict = Refusal::Conflict { latest: TreeSize(8) };

    let stranger = SigningKey::from_seed("other.example", &[9; 32]).unwrap();
    let rotated = SigningKey::from_seed(log.vkey().name(), &[9; 32]).unwrap();
    let honest = request(&log, 8, 20);
    let broken_proof = {
        let mut hashes = honest.proof.hashes().to_vec();
        hashes[0] = leaf_hash(b"wrong");
        AddCheckpoint { proof: ConsistencyProof::from_hashes(hashes).unwrap(), ..honest.clone() }
    };
    let surplus = AddCheckpoint {
        proof: ConsistencyProof::from_hashes(vec![leaf_hash(b"more")]).unwrap(),
        ..request(&log, 8, 8)
    };
    let above = AddCheckpoint { old: TreeSize(8), ..request(&log, 0, 5) };
    let mut spoiled = honest.clone();
    spoiled.checkpoint.add(SignatureLine::new(log.vkey(), vec![0; 64]));

    let table: [(&str, &AddCheckpoint, &[&VerifierKey], Refusal, u16); 13] = [
        ("no key", &honest, &[], Refusal::UnknownOrigin, 404),
        ("a key of another log", &honest, &[stranger.verifier_key()], Refusal::UnknownOrigin, 404),
        ("another key of this log", &honest, &[rotated.verifier_key()], Refusal::Forbidden, 403),
        ("a bad signature beside a good one", &spoiled, &[log.vkey()], Refusal::Forbidden, 403),
        ("old above size", &above, &[log.vkey()], Refusal::BadRequest, 400),
        ("old below our latest", &request(&log, 7, 20), &[log.vkey()], conflict.clone(), 409),
        ("old above our latest", &request(&log, 9, 20), &[log.vkey()], conflict.clone(), 409),
        ("old unknown to the client", &request(&log, 0, 20), &[log.vkey()], conflict.clone(), 409),
        ("the log shrunk", &request(&log, 0, 7), &[log.vkey()], conflict.clone(), 409),
        ("another root at our size", &request(&fork, 8, 8), &[log.vkey()], conflict.clone(), 409),
        ("a fork, grown", &request(&fork, 8, 20), &[log.vkey()], Refusal::Unproven, 422),
        ("a broken proof", &broken_proof, &[log.vkey()], Refusal::Unproven, 422),
        ("a proof where none is due", &surplus, &[log.vkey()], Refusal::Unproven, 422),
    ];
    for (title, request, keys, refusal, status) in table {
        assert_eq!(decide(&known, request, keys), Outcome::Refuse(refusal.clone()), "{title}");
        assert_eq!(refusal.status(), status, "{title}");
    }
    assert_eq!(conflict.body(), "8\n");
}

#[test]
fn any_trusted_key_of_the_log_is_enough() {
    let log = Log::with(3);
    let rotated = SigningKey::from_seed(log.vkey().name(), &[9; 32]).unwrap();
    let outcome = decide(&Cosigned::nothing(), &request(&log, 0, 3), &[rotated.verifier_key(), log.vkey()]);
    assert!(matches!(outcome, Outcome::Cosign { .. }));
}

/// The example of tlog-witness.
const BODY: &str = "\
old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=
";

#[test]
fn the_example_of_the_text_parses_and_formats() {
    let request = AddCheckpoint::parse(BODY.as_bytes()).unwrap();
    assert_eq!(request.old, TreeSize(20_852_014));
    assert_eq!(request.proof.hashes().len(), 4);
    assert_eq!(request.checkpoint.note().signatures().len(), 2);
    assert_eq!(request.to_string(), BODY);
}

#[test]
fn a_request_without_proof_parses_and_formats() {
    let body = request(&Log::with(3), 0, 3).to_string();
    assert!(body.starts_with("old 0\n\nlog.example/"));
    assert_eq!(AddCheckpoint::parse(body.as_bytes()).unwrap().to_string(), body);
}

#[test]
fn other_spellings_are_refused() {
    let hash = "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n";
    let many = |count: usize| BODY.replacen(hash, &hash.repeat(count), 1);
    assert!(AddCheckpoint::parse(many(60).as_bytes()).is_ok(), "63 in all");
    let bodies = [
        String::new(),
        "old 1\n".to_owned(),
        many(61),
        BODY.replacen("old 20852014", "old 020852014", 1),
        BODY.replacen("old 20852014", "old  20852014", 1),
        BODY.replacen("old 20852014", "Old 20852014", 1),
        BODY.replacen("old 20852014\n", "", 1),
        BODY.replacen(hash, "PlRN\n", 1),
        BODY.replacen("j/0=\n\n", "j/0=\n", 1),
        BODY.replacen("j/0=\n\n", "j/0=\n\n\n", 1),
        BODY.replacen('\n', "\r\n", 1),
        BODY.trim_end().to_owned(),
    ];
    for body in bodies {
        assert!(AddCheckpoint::parse(body.as_bytes()).is_err(), "{body}");
    }
    assert!(AddCheckpoint::parse(&vec![b'x'; REQUEST_BYTES_MAX + 1]).is_err());
}
