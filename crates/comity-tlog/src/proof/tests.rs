use super::*;
use crate::merkle::tests::{LEAVES, ROOTS, hex, reference_log};
use crate::merkle::{leaf_hash, root_at};
use crate::testing::{Log, plain_root};

/// RFC 6962's PATH, as it is written there.
fn plain_path(index: usize, entries: &[Vec<u8>]) -> Vec<Hash> {
    if entries.len() == 1 {
        return Vec::new();
    }
    let (left, right) = entries.split_at(1 << (entries.len() - 1).ilog2());
    if index < left.len() {
        [plain_path(index, left), vec![plain_root(right)]].concat()
    } else {
        [plain_path(index - left.len(), right), vec![plain_root(left)]].concat()
    }
}

/// RFC 6962's SUBPROOF, as it is written there.
fn plain_subproof(old: usize, entries: &[Vec<u8>], known: bool) -> Vec<Hash> {
    if old == entries.len() {
        return if known { Vec::new() } else { vec![plain_root(entries)] };
    }
    let (left, right) = entries.split_at(1 << (entries.len() - 1).ilog2());
    if old <= left.len() {
        [plain_subproof(old, left, known), vec![plain_root(right)]].concat()
    } else {
        [plain_subproof(old - left.len(), right, false), vec![plain_root(left)]].concat()
    }
}

const UP_TO: u64 = 70;

#[test]
fn inclusion_is_the_plain_path_and_verifies_for_that_entry_alone() {
    let log = Log::with(UP_TO);
    for size in 1..=UP_TO {
        let root = root_at(TreeSize(size), &log.nodes).unwrap();
        let entries = &log.entries[..size as usize];
        for index in 0..size {
            let proof = inclusion_proof(LeafIndex(index), TreeSize(size), &log.nodes).unwrap();
            assert_eq!(proof.hashes(), plain_path(index as usize, entries), "{index} of {size}");
            let leaf = leaf_hash(&entries[index as usize]);
            assert_eq!(proof.verify(&leaf, LeafIndex(index), TreeSize(size), &root), Ok(()));
            let other = LeafIndex((index + 1) % size);
            if size > 1 {
                assert!(proof.verify(&leaf, other, TreeSize(size), &root).is_err(), "{index} of {size}");
            }
            assert!(proof.verify(&leaf_hash(b"absent"), LeafIndex(index), TreeSize(size), &root).is_err());
        }
    }
}

#[test]
fn consistency_is_the_plain_subproof_and_verifies_for_these_roots_alone() {
    let log = Log::with(UP_TO);
    let root = |size| root_at(TreeSize(size), &log.nodes).unwrap();
    for new in 0..=UP_TO {
        for old in 0..=new {
            let proof = consistency_proof(TreeSize(old), TreeSize(new), &log.nodes).unwrap();
            if old > 0 {
                let plain = plain_subproof(old as usize, &log.entries[..new as usize], true);
                assert_eq!(proof.hashes(), plain, "{old} to {new}");
            }
            let verify = |old_root: Hash, new_root: Hash| {
                proof.verify(TreeSize(old), &old_root, TreeSize(new), &new_root)
            };
            assert_eq!(verify(root(old), root(new)), Ok(()), "{old} to {new}");
            assert!(verify(leaf_hash(b"forked"), root(new)).is_err(), "{old} to {new}");
            // From the empty tree everything is an extension.
            assert_eq!(
                verify(root(old), leaf_hash(b"forked")).is_ok(),
                old == 0 && new > 0,
                "{old} to {new}"
            );
        }
    }
}

#[test]
fn a_flipped_bit_a_missing_or_another_hash_proves_nothing() {
    let log = Log::with(UP_TO);
    let root = |size| root_at(TreeSize(size), &log.nodes).unwrap();
    for (small, size) in [(1, 2), (3, 7), (6, 8), (8, 13), (33, 70), (64, 70)] {
        let inclusion = inclusion_proof(LeafIndex(small - 1), TreeSize(size), &log.nodes).unwrap();
        let leaf = leaf_hash(&log.entries[small as usize - 1]);
        for hashes in damaged(inclusion.hashes()) {
            let proof = InclusionProof::from_hashes(hashes).unwrap();
            assert!(proof.verify(&leaf, LeafIndex(small - 1), TreeSize(size), &root(size)).is_err());
        }
        let consistency = consistency_proof(TreeSize(small), TreeSize(size), &log.nodes).unwrap();
        for hashes in damaged(consistency.hashes()) {
            let proof = ConsistencyProof::from_hashes(hashes).unwrap();
            let verdict = proof.verify(TreeSize(small), &root(small), TreeSize(size), &root(size));
            assert_eq!(verdict, Err(Error::Unproven { what: "consistency" }), "{small} to {size}");
        }
    }
}

fn damaged(hashes: &[Hash]) -> Vec<Vec<Hash>> {
    let flips = (0..hashes.len() * 256).map(|bit| {
        let mut flipped = hashes.to_vec();
        flipped[bit / 256].0[bit / 8 % 32] ^= 1 << (bit % 8);
        flipped
    });
    let longer = [hashes, &[leaf_hash(b"more")]].concat();
    let first_repeated = [&hashes[..1], hashes].concat();
    flips.chain([hashes[1..].to_vec(), hashes[..hashes.len() - 1].to_vec(), longer, first_repeated]).collect()
}

/// From merkle_tree_test.cc: entry, size, audit path.
#[test]
fn published_audit_paths() {
    let log = reference_log();
    let cases: [(u64, u64, &[&str]); 4] = [
        (0, 1, &[]),
        (
            5,
            8,
            &[
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                ROOTS[3],
            ],
        ),
        (2, 3, &[ROOTS[1]]),
        (
            1,
            5,
            &[
                ROOTS[0],
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            ],
        ),
    ];
    for (index, size, path) in cases {
        let proof = inclusion_proof(LeafIndex(index), TreeSize(size), &log.nodes).unwrap();
        assert_eq!(proof.hashes(), path.iter().map(|digits| hex(digits)).collect::<Vec<_>>());
        let root = hex(ROOTS[size as usize - 1]);
        let leaf = leaf_hash(LEAVES[index as usize]);
        assert_eq!(proof.verify(&leaf, LeafIndex(index), TreeSize(size), &root), Ok(()));
    }
}

/// From merkle_tree_test.cc: two sizes, proof.
#[test]
fn published_consistency_proofs() {
    let log = reference_log();
    let cases: [(u64, u64, &[&str]); 3] = [
        (1, 1, &[]),
        (
            6,
            8,
            &[
                "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                ROOTS[3],
            ],
        ),
        (
            2,
            5,
            &[
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            ],
        ),
    ];
    for (old, new, path) in cases {
        let proof = consistency_proof(TreeSize(old), TreeSize(new), &log.nodes).unwrap();
        assert_eq!(proof.hashes(), path.iter().map(|digits| hex(digits)).collect::<Vec<_>>());
    }
}

#[test]
fn nonsense_is_refused_before_reading() {
    let log = Log::with(3);
    let not_in_tree = Error::NotInTree { index: LeafIndex(3), size: TreeSize(3) };
    let request = inclusion_proof(LeafIndex(3), TreeSize(3), &log.nodes).unwrap_err();
    assert_eq!(request, ReadError::Request(not_in_tree.clone()));
    let shrunk = Error::Shrunk { old: TreeSize(3), new: TreeSize(2) };
    let request = consistency_proof(TreeSize(3), TreeSize(2), &log.nodes).unwrap_err();
    assert_eq!(request, ReadError::Request(shrunk));
    let none = InclusionProof::from_hashes(Vec::new()).unwrap();
    let verdict = none.verify(&leaf_hash(b""), LeafIndex(3), TreeSize(3), &leaf_hash(b""));
    assert_eq!(verdict, Err(not_in_tree));
    assert!(InclusionProof::from_hashes(vec![leaf_hash(b""); 64]).is_err());
    assert!(ConsistencyProof::from_hashes(vec![leaf_hash(b""); 64]).is_err());
}
