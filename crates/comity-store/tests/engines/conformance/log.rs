//! The log: every entry where its writer was told, under checkpoints that agree with each other.

use super::{Harness, Seeded, entries, record, vkey, wait};
use comity_exchange::entry::PublicEntry;
use comity_exchange::ports::{Integrated, Store};
use comity_tlog::{Checkpoint, Frontier, LeafIndex, SignedCheckpoint, TreeSize, empty_root, leaf_hash};
use std::sync::Arc;

fn opened(checkpoint: &str) -> Checkpoint {
    SignedCheckpoint::open(checkpoint.as_bytes(), &vkey()).unwrap().checkpoint().clone()
}

async fn assert_included(store: &impl Store, entry: PublicEntry, index: LeafIndex, under: &Integrated) {
    let checkpoint = opened(&under.checkpoint);
    assert_eq!(checkpoint.size(), under.size);
    let proof = store.inclusion(index, under.size).await.unwrap();
    proof.verify(&leaf_hash(&entry.to_bytes()), index, under.size, &checkpoint.root()).unwrap();
}

pub(crate) fn an_empty_log_is_signed(harness: &impl Harness) {
    let checkpoint = opened(&wait(harness.open().checkpoint()).unwrap());
    assert_eq!((checkpoint.size(), checkpoint.root()), (TreeSize(0), empty_root()));
}

pub(crate) fn concurrent_writers_each_get_their_own_index(harness: &impl Harness) {
    let store = Arc::new(harness.open());
    let mut entropy = Seeded(30);
    wait(async {
        let tasks: Vec<_> = (0..64)
            .map(|number| {
                let record = record(&mut entropy, 1 + number % 3, None);
                let store = Arc::clone(&store);
                tokio::spawn(async move {
                    let entries = entries(&record);
                    (entries, store.record(record).await.unwrap())
                })
            })
            .collect();
        let mut taken = Vec::new();
        for task in tasks {
            let (entries, integrated) = task.await.unwrap();
            for (entry, index) in entries.into_iter().zip(integrated.index.0..) {
                assert_included(&*store, entry, LeafIndex(index), &integrated).await;
                taken.push(index);
            }
        }
        taken.sort_unstable();
        assert_eq!(taken, (0..taken.len() as u64).collect::<Vec<_>>());
    });
}

pub(crate) fn a_record_without_entries_leaves_the_log_as_it_is(harness: &impl Harness) {
    let store = harness.open();
    let mut entropy = Seeded(31);
    wait(async {
        let first = store.record(record(&mut entropy, 2, None)).await.unwrap();
        let nothing = store.record(record(&mut entropy, 0, None)).await.unwrap();
        assert_eq!((nothing.size, &nothing.checkpoint), (first.size, &first.checkpoint));
        assert_eq!(nothing.index, LeafIndex(2));
    });
}

pub(crate) fn impossible_proofs_are_refused(harness: &impl Harness) {
    let store = harness.open();
    let mut entropy = Seeded(32);
    wait(async {
        store.record(record(&mut entropy, 3, None)).await.unwrap();
        assert!(store.inclusion(LeafIndex(3), TreeSize(3)).await.is_err());
        assert!(store.inclusion(LeafIndex(0), TreeSize(4)).await.is_err());
        assert!(store.consistency(TreeSize(3), TreeSize(2)).await.is_err());
        assert!(store.consistency(TreeSize(2), TreeSize(4)).await.is_err());
        assert!(store.inclusion(LeafIndex(0), TreeSize(u64::MAX)).await.is_err());
    });
}

/// The log after `batches` records of so many entries each is the tree recomputed from these entries; every
/// checkpoint is consistent with every later one, also across openings.
pub(crate) fn the_log_is_the_tree_of_its_entries(harness: &impl Harness, batches: &[usize]) {
    let mut entropy = Seeded(33);
    let mut tree = Frontier::new();
    wait(async {
        let mut checkpoints = Vec::new();
        for batch in batches.chunks(3) {
            let store = harness.open();
            for size in batch {
                let record = record(&mut entropy, *size, None);
                let entries = entries(&record);
                let integrated = store.record(record).await.unwrap();
                assert_eq!(integrated.index.0, tree.size().0);
                for (entry, index) in entries.iter().zip(integrated.index.0..) {
                    let _ = tree.append(leaf_hash(&entry.to_bytes()));
                    assert_included(&store, *entry, LeafIndex(index), &integrated).await;
                }
                let checkpoint = opened(&integrated.checkpoint);
                assert_eq!((checkpoint.size(), checkpoint.root()), (tree.size(), tree.root()));
                checkpoints.push(checkpoint);
            }
            let newest = opened(&store.checkpoint().await.unwrap());
            assert_eq!(newest.root(), tree.root());
            for old in &checkpoints {
                let proof = store.consistency(old.size(), newest.size()).await.unwrap();
                proof.verify(old.size(), &old.root(), newest.size(), &newest.root()).unwrap();
            }
        }
    });
}
