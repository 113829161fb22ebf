//! What an entry tells of what it erased: one root, and the leaves under it in the opening.

use crate::ports::{HeldRecord, SegmentKind};
use crate::wire::Base64;
use comity_terms::Digest;
use comity_tlog::{Frontier, leaf_hash};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// What stands for an erased record: its place, and its commitment to key and content. Whoever still has an old
/// copy of the row can show by it that this record was among those erased; nobody can tell more from it.
#[must_use]
pub(super) fn leaf(record: &HeldRecord) -> Digest {
    let ordinal = record.row.ordinal.to_be_bytes();
    Digest::of_parts("comity/erased/v1", &[record.segment.as_bytes(), &ordinal, &record.row.commitment])
}

/// The facts of one batch: how many of what, by bucket, and the root (RFC 6962) over their leaves in this order.
pub(crate) fn facts(records: &[HeldRecord], ground: &str) -> Json {
    let mut frontier = Frontier::new();
    let mut leaves = Vec::with_capacity(records.len() * 32);
    let mut buckets: BTreeMap<_, u64> = BTreeMap::new();
    for record in records {
        let leaf = leaf(record);
        let _ = frontier.append(leaf_hash(&leaf.0));
        leaves.extend_from_slice(&leaf.0);
        *buckets.entry(record.bucket()).or_default() += 1;
    }
    let openings = records.iter().filter(|record| record.kind == SegmentKind::Opening).count();
    json!({
        "ground": ground,
        "records": records.len() - openings,
        "openings": openings,
        "buckets": buckets.into_iter().map(|(bucket, count)| json!({
            "agreement": bucket.agreement.to_string(),
            "month": bucket.month.number(),
            "generation": bucket.generation,
            "erased": count,
        })).collect::<Json>(),
        "root": frontier.root().to_string(),
        "leaves": Base64(leaves),
    })
}
