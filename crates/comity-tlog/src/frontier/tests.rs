use proptest::prelude::*;

use super::*;
use crate::merkle::leaf_hash;
use crate::testing::plain_root;

fn entries(count: u64) -> Vec<Vec<u8>> {
    (0..count).map(|index| index.to_be_bytes().to_vec()).collect()
}

#[test]
fn its_root_is_the_plain_root_at_every_size() {
    let entries = entries(520);
    let mut frontier = Frontier::new();
    for size in 0..=entries.len() {
        assert_eq!(frontier.root(), plain_root(&entries[..size]), "size {size}");
        if let Some(entry) = entries.get(size) {
            assert_eq!(frontier.next_index(), LeafIndex(size as u64));
            assert_eq!(frontier.append(leaf_hash(entry)).len(), size.trailing_ones() as usize + 1);
        }
    }
}

#[test]
fn appending_gives_each_node_once_when_it_is_complete() {
    let entries = entries(64);
    let mut frontier = Frontier::new();
    let mut seen = std::collections::BTreeSet::new();
    for entry in &entries {
        for node in frontier.append(leaf_hash(entry)) {
            let (first, count) = ((node.index << node.level) as usize, 1 << node.level);
            assert_eq!(node.hash, plain_root(&entries[first..first + count]), "{node:?}");
            assert!(seen.insert((node.level, node.index)));
        }
    }
    assert_eq!(seen.len(), 64 + 32 + 16 + 8 + 4 + 2 + 1);
}

#[test]
fn bytes_of_the_wrong_length_are_refused() {
    let mut frontier = Frontier::new();
    (0..7).for_each(|index: u64| drop(frontier.append(leaf_hash(&index.to_be_bytes()))));
    let bytes = frontier.to_bytes();
    assert_eq!(bytes.len(), 8 + 3 * 32);
    for length in 0..bytes.len() {
        assert!(Frontier::from_bytes(&bytes[..length]).is_err(), "{length} bytes");
    }
    assert!(Frontier::from_bytes(&[&bytes[..], &[0; 32]].concat()).is_err());
    assert!(Frontier::from_bytes(&[0xff; 8 + 64 * 32]).is_err(), "above 2^63 - 1");
}

proptest! {
    #[test]
    fn bytes_bring_back_a_frontier_that_goes_on_alike(before in 0_u64..700, after in 0_u64..40) {
        let mut frontier = Frontier::new();
        (0..before).for_each(|index| drop(frontier.append(leaf_hash(&index.to_be_bytes()))));
        let mut restored = Frontier::from_bytes(&frontier.to_bytes()).unwrap();
        prop_assert_eq!(&restored, &frontier);
        for index in 0..after {
            let leaf = leaf_hash(&index.to_be_bytes());
            let nodes: Vec<_> = frontier.append(leaf).collect();
            prop_assert_eq!(restored.append(leaf).collect::<Vec<_>>(), nodes);
        }
        prop_assert_eq!(restored.root(), frontier.root());
    }
}
