//! What every engine must do, whatever its SQL: run by each engine's test file with a [`Harness`] of its own.

pub(crate) mod atomicity;
pub(crate) mod collected;
pub(crate) mod erasure;
pub(crate) mod holds;
pub(crate) mod log;
pub(crate) mod matching;
pub(crate) mod notices;
pub(crate) mod opt_outs;
pub(crate) mod outbox;
pub(crate) mod plans;
pub(crate) mod recall;
pub(crate) mod removals;
pub(crate) mod rows;
pub(crate) mod subjects;
pub(crate) mod webhooks;

use comity_exchange::entry::{Opening, PublicEntry};
use comity_exchange::ports::{Draft, Record, SealedSegment, SegmentKind, Store};
use comity_terms::ids::SegmentId;
use comity_terms::{Act, Entropy, ExchangeId, Party, Timestamp};
use comity_tlog::{SigningKey, VerifierKey};
use comity_vault::KeyRow;

pub(crate) const ORIGIN: &str = "gateway.example/log";

/// Makes stores of one engine.
pub(crate) trait Harness {
    type Store: Store;

    /// The store; what it held before is there again.
    fn open(&self) -> Self::Store;
}

pub(crate) fn signing_key() -> SigningKey {
    SigningKey::from_seed(ORIGIN, &[7; 32]).unwrap()
}

pub(crate) fn vkey() -> VerifierKey {
    signing_key().verifier_key().clone()
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn party(code: &str) -> Party {
    code.parse().unwrap()
}

/// Random bytes that are the same in each run: SplitMix64.
pub(crate) struct Seeded(pub(crate) u64);

impl Entropy for Seeded {
    fn fill(&mut self, out: &mut [u8]) {
        for chunk in out.chunks_mut(8) {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut word = self.0;
            word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            chunk.copy_from_slice(&(word ^ (word >> 31)).to_le_bytes()[..chunk.len()]);
        }
    }
}

/// A record of `entries` entries, each with its sealed opening, about `exchange`.
pub(crate) fn record(entropy: &mut Seeded, entries: usize, exchange: Option<ExchangeId>) -> Record {
    let mut record = Record::default();
    for _ in 0..entries {
        let (entry, _) =
            Opening::draw(Act::ExchangeDecided, at("2026-11-24T00:00:00Z"), serde_json::json!({}), entropy);
        let segment = segment(entropy, exchange, SegmentKind::Opening, 1, 64);
        record.entries.push(Draft { entry, opening: segment.id, exchange });
        record.segments.push(segment);
    }
    record
}

pub(crate) fn segment(
    entropy: &mut Seeded,
    exchange: Option<ExchangeId>,
    kind: SegmentKind,
    rows: u32,
    length: u32,
) -> SealedSegment {
    let mut blob = vec![0; (rows * length) as usize];
    entropy.fill(&mut blob);
    let rows = (0..rows).map(|ordinal| KeyRow {
        ordinal,
        offset: u64::from(ordinal * length),
        length,
        wrapped_key: entropy.bytes(),
        commitment: entropy.bytes(),
        generation: 1,
        erase_by: at("2027-05-24T00:00:00Z"),
    });
    let rows = rows.collect();
    let class = (kind == SegmentKind::Records).then(|| comity_terms::ids::ClassId::draw(entropy));
    let agreement = "pact-2026".parse().unwrap();
    SealedSegment { id: SegmentId::draw(entropy), exchange, class, agreement, kind, blob, rows }
}

/// The entries of a record, as the log will hold them.
pub(crate) fn entries(record: &Record) -> Vec<PublicEntry> {
    record.entries.iter().map(|draft| draft.entry).collect()
}

/// Runs a future to its end.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap().block_on(future)
}
