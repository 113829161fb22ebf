//! The filter of a set: says of a tag whether it may be in the set, and nothing to whoever has no tag.
//!
//! ```text
//! seed u64 BE | segment length u32 BE | segments' length u32 BE | fingerprints u32 BE …
//! ```
//! Its size tells how many tags are in it, so random ones fill it up to a round number first ([`rounded`]).

use comity_terms::Entropy;
use std::collections::BTreeSet;
use std::fmt;
use xorf::{BinaryFuse32, Filter as _};

/// The most values of a set: 4,194,304, whose filter has about 19 MB.
pub const VALUES_MAX: usize = 1 << 22;

/// The longest filter: head, and at most 1.25 fingerprints of 4 bytes a value at the sizes that sets are rounded to.
pub const FILTER_BYTES_MAX: usize = HEAD + VALUES_MAX * 5;

const HEAD: usize = 16;

/// The least that a set is rounded up to.
const LEAST: usize = 1_024;

/// The longest segment that whoever builds one makes: `xorf`'s own bound.
const SEGMENT_MAX: u32 = 262_144;

/// To how many a set of `count` tags is filled up: an eighth of a power of two, 1,024 at least. So its size tells how many
/// there are to within 12.5 %.
#[must_use]
pub fn rounded(count: usize) -> usize {
    let count = count.max(LEAST);
    count.next_multiple_of((count.next_power_of_two() / 8).max(1))
}

/// Why bytes are no filter, or no filter comes of a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// More values than a set may have.
    #[error("{0} values to match, the most is {VALUES_MAX}")]
    TooMany(usize),
    /// None could be built: one set in very many, whose filling is drawn anew the next time.
    #[error("no filter could be built of this set")]
    Unbuilt,
    /// The bytes do not begin as one, or end elsewhere than they say.
    #[error("the filter's parts do not fit each other")]
    Form,
}

/// A filter over tags.
pub struct Filter(BinaryFuse32);

impl Filter {
    /// The filter of `tags`, filled up with random ones.
    ///
    /// # Errors
    /// [`FilterError::TooMany`], [`FilterError::Unbuilt`]; callers answer no question about the set.
    pub fn build(mut tags: BTreeSet<u64>, entropy: &mut dyn Entropy) -> Result<Self, FilterError> {
        if tags.len() > VALUES_MAX {
            return Err(FilterError::TooMany(tags.len()));
        }
        let full = rounded(tags.len());
        while tags.len() < full {
            let mut drawn = [0; 8];
            entropy.fill(&mut drawn);
            tags.insert(u64::from_be_bytes(drawn));
        }
        let tags: Vec<u64> = tags.into_iter().collect();
        BinaryFuse32::try_from(&tags).map(Self).map_err(|_| FilterError::Unbuilt)
    }

    /// Whether a tag may be in the set: always where it is, and of 2^32 others once.
    #[must_use]
    pub fn contains(&self, tag: u64) -> bool {
        self.0.contains(&tag)
    }

    /// Its bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let of = &self.0.descriptor;
        let mut out = Vec::with_capacity(HEAD + self.0.fingerprints.len() * 4);
        out.extend(of.seed.to_be_bytes());
        out.extend(of.segment_length.to_be_bytes());
        out.extend(of.segment_count_length.to_be_bytes());
        out.extend(self.0.fingerprints.iter().flat_map(|fingerprint| fingerprint.to_be_bytes()));
        out
    }

    /// The filter that bytes are.
    ///
    /// # Errors
    /// [`FilterError::Form`], so that no lookup leaves it: every place that a tag leads to is in it.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FilterError> {
        let form = || FilterError::Form;
        if bytes.len() > FILTER_BYTES_MAX {
            return Err(form());
        }
        let (seed, rest) = bytes.split_first_chunk().ok_or_else(form)?;
        let (segment, rest) = rest.split_first_chunk().ok_or_else(form)?;
        let (all, rest) = rest.split_first_chunk().ok_or_else(form)?;
        let (segment_length, segment_count_length) = (u32::from_be_bytes(*segment), u32::from_be_bytes(*all));
        let (fingerprints, left) = rest.as_chunks();
        // INVARIANT: a tag leads into one segment of the first ones, and into the two that follow it.
        let places = u64::from(segment_count_length) + 2 * u64::from(segment_length);
        let fits = segment_length.is_power_of_two()
            && segment_length <= SEGMENT_MAX
            && segment_count_length > 0
            && segment_count_length % segment_length == 0
            && left.is_empty()
            && places == fingerprints.len() as u64;
        if !fits {
            return Err(form());
        }
        // The library names no type for the head: that of an empty filter is written over.
        let mut filter = BinaryFuse32::try_from(&[][..]).map_err(|_| form())?;
        filter.descriptor.seed = u64::from_be_bytes(*seed);
        filter.descriptor.segment_length = segment_length;
        filter.descriptor.segment_length_mask = segment_length - 1;
        filter.descriptor.segment_count_length = segment_count_length;
        filter.fingerprints = fingerprints.iter().map(|bytes| u32::from_be_bytes(*bytes)).collect();
        Ok(Self(filter))
    }
}

impl fmt::Debug for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Filter of {} fingerprints", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn() -> impl FnMut(&mut [u8]) {
        let mut state = 7_u64;
        move |out: &mut [u8]| {
            for byte in out {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                *byte = (state >> 56) as u8;
            }
        }
    }

    fn of(count: u64) -> (Filter, BTreeSet<u64>) {
        let tags: BTreeSet<u64> = (0..count).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15)).collect();
        (Filter::build(tags.clone(), &mut drawn()).unwrap(), tags)
    }

    #[test]
    fn a_filter_reads_back_and_knows_its_own() {
        for count in [0, 1, 5_000] {
            let (filter, tags) = of(count);
            let bytes = filter.to_bytes();
            let back = Filter::from_bytes(&bytes).unwrap();
            assert_eq!(back.to_bytes(), bytes);
            assert!(tags.iter().all(|tag| back.contains(*tag)));
            let strangers =
                (0..100_000_u64).filter(|n| back.contains(n.wrapping_mul(0x5851_f42d_4c95_7f2d) | 1));
            assert!(strangers.count() <= 1, "one in four milliards");
        }
    }

    #[test]
    fn its_size_tells_a_round_number() {
        assert_eq!(of(0).0.to_bytes().len(), of(1_024).0.to_bytes().len());
        assert_eq!((rounded(0), rounded(1_025), rounded(1_000_000)), (1_024, 1_280, 1_048_576));
        assert_eq!(rounded(VALUES_MAX), VALUES_MAX);
        let above = rounded(1_000_001) as f64 / 1_000_001.0;
        assert!(above < 1.126, "{above}");
    }

    #[test]
    fn what_is_no_filter_is_refused() {
        let bytes = of(1).0.to_bytes();
        let bent = |at: usize, with: &[u8]| {
            let mut bent = bytes.clone();
            bent[at..at + with.len()].copy_from_slice(with);
            Filter::from_bytes(&bent).err()
        };
        let form = Some(FilterError::Form);
        assert_eq!(Filter::from_bytes(&[]).err(), form);
        assert_eq!(Filter::from_bytes(&bytes[..bytes.len() - 1]).err(), form);
        assert_eq!(Filter::from_bytes(&bytes[..bytes.len() - 4]).err(), form);
        for length in [0_u32, 3, u32::MAX, 1 << 31] {
            assert_eq!(bent(8, &length.to_be_bytes()), form, "segments of {length}");
            assert_eq!(bent(12, &length.to_be_bytes()), form, "{length} in all");
        }
    }
}
