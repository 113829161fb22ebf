//! A small published log in memory, for the tests of this crate.

use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;

use crate::{
    Checkpoint, Frontier, Hash, LeafIndex, NodeReader, Receipt, SignedCheckpoint, SigningKey, TreeSize,
    VerifierKey, bundles_for, encode_bundle, inclusion_proof, leaf_hash, root_at, tile_bytes, tiles_for,
};

pub(crate) const ORIGIN: &str = "log.example/archive";

pub(crate) type Files = BTreeMap<String, Vec<u8>>;

impl crate::TileSource for Files {
    type Error = Infallible;

    fn fetch(&self, path: &str) -> Result<Option<Vec<u8>>, Infallible> {
        Ok(self.get(path).cloned())
    }
}

pub(crate) struct Log {
    pub(crate) key: SigningKey,
    pub(crate) entries: Vec<Vec<u8>>,
    pub(crate) frontier: Frontier,
    pub(crate) nodes: HashMap<(u8, u64), Hash>,
}

impl Log {
    pub(crate) fn with(entries: u64) -> Self {
        let key = SigningKey::from_seed(ORIGIN, &[7; 32]).unwrap();
        let mut log = Self { key, entries: Vec::new(), frontier: Frontier::new(), nodes: HashMap::new() };
        for index in 0..entries {
            log.append(format!("entry {index}").into_bytes());
        }
        log
    }

    pub(crate) fn append(&mut self, entry: Vec<u8>) {
        for node in self.frontier.append(leaf_hash(&entry)) {
            self.nodes.insert((node.level, node.index), node.hash);
        }
        self.entries.push(entry);
    }

    pub(crate) fn vkey(&self) -> &VerifierKey {
        self.key.verifier_key()
    }

    pub(crate) fn checkpoint_at(&self, size: u64) -> SignedCheckpoint {
        let root = root_at(TreeSize(size), &self.nodes).unwrap();
        let checkpoint = Checkpoint::new(ORIGIN, TreeSize(size), root).unwrap();
        SignedCheckpoint::sign(checkpoint, &self.key).unwrap()
    }

    pub(crate) fn checkpoint(&self) -> SignedCheckpoint {
        self.checkpoint_at(self.entries.len() as u64)
    }

    pub(crate) fn receipt(&self, index: u64) -> Receipt {
        let checkpoint = self.checkpoint();
        let proof = inclusion_proof(LeafIndex(index), checkpoint.checkpoint().size(), &self.nodes).unwrap();
        Receipt::new(&self.entries[index as usize], LeafIndex(index), proof, checkpoint).unwrap()
    }

    /// The files of the log as it is, without partial ones of earlier sizes.
    pub(crate) fn files(&self) -> Files {
        let size = TreeSize(self.entries.len() as u64);
        let mut files = publish(&self.nodes, &self.entries, size);
        files.insert("checkpoint".to_owned(), self.checkpoint().to_string().into_bytes());
        files
    }
}

fn publish<R: NodeReader<Error = Infallible>>(nodes: &R, entries: &[Vec<u8>], size: TreeSize) -> Files {
    let tiles = tiles_for(TreeSize(0), size).map(|tile| (tile.path(), tile_bytes(tile, nodes).unwrap()));
    let bundles = bundles_for(TreeSize(0), size).map(|bundle| {
        let first = bundle.index() as usize * 256;
        let entries = &entries[first..first + usize::from(bundle.width())];
        (bundle.path(), encode_bundle(entries.iter().map(Vec::as_slice)).unwrap())
    });
    tiles.chain(bundles).collect()
}

/// RFC 6962's definition of the Merkle Tree Hash, as it is written there: what the crate is measured against.
pub(crate) fn plain_root(entries: &[Vec<u8>]) -> Hash {
    match entries {
        [] => crate::empty_root(),
        [entry] => leaf_hash(entry),
        _ => {
            let mut split = 1;
            while split * 2 < entries.len() {
                split *= 2;
            }
            crate::node_hash(&plain_root(&entries[..split]), &plain_root(&entries[split..]))
        }
    }
}
