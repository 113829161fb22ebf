//! What the tests share: seeded entropy, a key store in memory, names.

use crate::{Bucket, EpochKey, EpochKeys, OpeningContext, SegmentContext};
use comity_terms::ids::{ClassId, SegmentId};
use comity_terms::{Digest, Entropy, ExchangeId, Month, PackSlug, Timestamp};
use std::collections::BTreeMap;
use std::convert::Infallible;

/// Bytes that look random and are the same in every run: SHA-256 of a seed and a counter.
pub(crate) struct Seeded {
    seed: u64,
    drawn: u64,
}

pub(crate) fn seeded(seed: u64) -> Seeded {
    Seeded { seed, drawn: 0 }
}

impl Entropy for Seeded {
    fn fill(&mut self, out: &mut [u8]) {
        for chunk in out.chunks_mut(32) {
            let digest = Digest::of_parts("entropy", &[&self.seed.to_be_bytes(), &self.drawn.to_be_bytes()]);
            chunk.copy_from_slice(&digest.0[..chunk.len()]);
            self.drawn += 1;
        }
    }
}

/// Epoch keys in memory.
pub(crate) struct MemoryKeys {
    keys: BTreeMap<Bucket, EpochKey>,
    generations: BTreeMap<(PackSlug, Month), u32>,
    entropy: Seeded,
}

impl MemoryKeys {
    pub(crate) fn new() -> Self {
        Self { keys: BTreeMap::new(), generations: BTreeMap::new(), entropy: seeded(1) }
    }
}

impl EpochKeys for MemoryKeys {
    type Error = Infallible;

    fn current(&mut self, agreement: &PackSlug, month: Month) -> Result<(Bucket, EpochKey), Infallible> {
        let generation = self.generations.entry((agreement.clone(), month)).or_default();
        let bucket = Bucket { agreement: agreement.clone(), month, generation: *generation };
        let key = self.keys.entry(bucket.clone()).or_insert_with(|| EpochKey::draw(&mut self.entropy));
        Ok((bucket, key.clone()))
    }

    fn get(&self, bucket: &Bucket) -> Result<Option<EpochKey>, Infallible> {
        Ok(self.keys.get(bucket).cloned())
    }

    fn turn(&mut self, bucket: &Bucket) -> Result<(Bucket, EpochKey), Infallible> {
        let generation =
            self.generations.entry((bucket.agreement.clone(), bucket.month)).or_insert(bucket.generation);
        *generation = (*generation).max(bucket.generation + 1);
        self.current(&bucket.agreement, bucket.month)
    }

    fn is_destroyed(&self, bucket: &Bucket) -> Result<bool, Infallible> {
        let newest = self.generations.get(&(bucket.agreement.clone(), bucket.month));
        Ok(!self.keys.contains_key(bucket) && newest.is_some_and(|newest| bucket.generation < *newest))
    }

    fn buckets(&self) -> Result<Vec<Bucket>, Infallible> {
        Ok(self.keys.keys().cloned().collect())
    }

    fn destroy(&mut self, bucket: &Bucket) -> Result<(), Infallible> {
        if self.keys.remove(bucket).is_some() {
            let generation = self.generations.entry((bucket.agreement.clone(), bucket.month)).or_default();
            *generation = (*generation).max(bucket.generation + 1);
        }
        Ok(())
    }
}

pub(crate) fn agreement() -> PackSlug {
    "alpha-beta".parse().unwrap()
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn segment_context() -> SegmentContext {
    let mut entropy = seeded(7);
    SegmentContext {
        store: "gateway.example/log".into(),
        agreement: agreement(),
        exchange: ExchangeId::draw(&mut entropy),
        class: ClassId::draw(&mut entropy),
        segment: SegmentId::draw(&mut entropy),
    }
}

pub(crate) fn opening_context() -> OpeningContext {
    OpeningContext {
        store: "gateway.example/log".into(),
        agreement: agreement(),
        opening: SegmentId::draw(&mut seeded(8)),
    }
}

/// Entropy that counts up from 0x40: for the vectors, which a foreign implementation made.
pub(crate) fn counting() -> impl Entropy {
    let mut next = 0x40;
    move |out: &mut [u8]| {
        for byte in out {
            *byte = next;
            next += 1;
        }
    }
}

/// The lower-case hex digits of `bytes`.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
