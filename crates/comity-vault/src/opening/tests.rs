use super::*;
use crate::testing::{MemoryKeys, agreement, at, opening_context, seeded, segment_context};
use crate::{Cause, EpochKeys as _, SegmentContext, open};
use comity_terms::Month;

const END: &str = "2031-11-30T00:00:00Z";
const FACTS: &[u8] = br#"{"outcome":"permit","activity":"threat_intel"}"#;

fn sealed(keys: &mut MemoryKeys) -> (SealedOpening, Bucket, EpochKey) {
    let (bucket, key) = keys.current(&agreement(), Month::of(at(END))).unwrap();
    let opening = seal_opening(FACTS, &opening_context(), at(END), (&bucket, &key), &mut seeded(2)).unwrap();
    (opening, bucket, key)
}

fn refused(cause: Cause) -> Result<Cleartext, VaultError> {
    Err(VaultError::Record { segment: opening_context().opening, ordinal: 0, cause })
}

#[test]
fn an_opening_opens_in_its_own_place_only() {
    let (opening, _, key) = sealed(&mut MemoryKeys::new());
    let here = opening_context();
    assert_eq!(open_opening(&opening, &key, &here).unwrap().as_bytes(), FACTS);
    assert_eq!(opening.row.ordinal, 0);

    let other = OpeningContext { opening: SegmentId::draw(&mut seeded(9)), ..here.clone() };
    assert!(open_opening(&opening, &key, &other).is_err());
    let copy = OpeningContext { store: "gateway.example/copy".into(), ..here.clone() };
    assert_eq!(open_opening(&opening, &key, &copy), refused(Cause::Key));
    // An opening is no record, even of a segment that has its id.
    let segment = SegmentContext { segment: here.opening, ..segment_context() };
    assert!(open(&opening.row, &opening.sealed, &key, &segment).is_err());
}

#[test]
fn every_flipped_byte_is_refused() {
    let (opening, _, key) = sealed(&mut MemoryKeys::new());
    for byte in 0..opening.sealed.len() {
        let mut altered = opening.clone();
        altered.sealed[byte] ^= 0x80;
        assert_eq!(open_opening(&altered, &key, &opening_context()), refused(Cause::Sealed), "byte {byte}");
    }
    for byte in 0..opening.row.wrapped_key.len() {
        let mut altered = opening.clone();
        altered.row.wrapped_key[byte] ^= 1;
        assert_eq!(open_opening(&altered, &key, &opening_context()), refused(Cause::Key), "byte {byte}");
    }
    for byte in 0..opening.row.commitment.len() {
        let mut altered = opening.clone();
        altered.row.commitment[byte] ^= 1;
        assert_eq!(open_opening(&altered, &key, &opening_context()), refused(Cause::Key), "byte {byte}");
    }
}

#[test]
fn an_opening_ends_with_its_own_key_and_can_be_kept_past_an_early_erasure() {
    let mut keys = MemoryKeys::new();
    let (opening, bucket, old) = sealed(&mut keys);
    keys.destroy(&bucket).unwrap();
    let (next, new) = keys.current(&agreement(), bucket.month).unwrap();
    assert_eq!(open_opening(&opening, &new, &opening_context()), refused(Cause::Key));

    let row = rewrap_opening(&opening.row, &opening_context(), &old, (&next, &new), &mut seeded(3)).unwrap();
    let kept = SealedOpening { row, ..opening };
    assert_eq!(kept.row.bucket(&agreement()), next);
    assert_eq!(open_opening(&kept, &new, &opening_context()).unwrap().as_bytes(), FACTS);
    assert_eq!(open_opening(&kept, &old, &opening_context()), refused(Cause::Key));
}

#[test]
fn debug_tells_a_length() {
    let (opening, ..) = sealed(&mut MemoryKeys::new());
    assert_eq!(format!("{opening:?}"), "opening of 62 bytes");
}
