use super::*;
use crate::keys::WRAPPED_KEY_LENGTH;
use crate::testing::{MemoryKeys, agreement, at, counting, hex, seeded, segment_context};
use crate::{Cause, EpochKeys as _, RECORD_LENGTH_MAX, SEGMENT_LENGTH_MAX};
use comity_terms::Month;
use proptest::prelude::*;
use zeroize::Zeroizing;

const END: &str = "2027-01-31T09:20:00Z";

fn sealed(records: &[&[u8]], erase_by: &str, keys: &mut MemoryKeys) -> Segment {
    let context = segment_context();
    let (bucket, key) = keys.current(&context.agreement, Month::of(at(erase_by))).unwrap();
    let mut builder = SegmentBuilder::new(&context);
    for record in records {
        builder.push(record, at(erase_by), (&bucket, &key), &mut seeded(2)).unwrap();
    }
    builder.finish()
}

fn cut<'a>(segment: &'a Segment, row: &KeyRow) -> &'a [u8] {
    let start = usize::try_from(row.offset).unwrap();
    &segment.blob[start..start + usize::try_from(row.length).unwrap()]
}

fn key_of(row: &KeyRow, keys: &MemoryKeys) -> EpochKey {
    keys.get(&row.bucket(&agreement())).unwrap().expect("the epoch key is there")
}

fn cause(result: Result<Cleartext, VaultError>) -> Cause {
    match result {
        Err(VaultError::Record { cause, .. }) => cause,
        other => panic!("expected a refused record, got {other:?}"),
    }
}

#[test]
fn every_record_opens_to_what_was_sealed() {
    let mut keys = MemoryKeys::new();
    let records: [&[u8]; 4] = [b"first", b"", b"third", &[7; 5000]];
    let segment = sealed(&records, END, &mut keys);
    for (row, record) in segment.rows.iter().zip(records) {
        let opened = open(row, cut(&segment, row), &key_of(row, &keys), &segment_context()).unwrap();
        assert_eq!(opened.as_bytes(), record);
    }
    // Rows and blob account for each other.
    let lengths: u64 = segment.rows.iter().map(|row| u64::from(row.length)).sum();
    assert_eq!(lengths, segment.blob.len() as u64);
    assert_eq!(segment.rows.iter().map(|row| row.ordinal).collect::<Vec<_>>(), [0, 1, 2, 3]);
}

/// The vector was computed from the drawings in the module headers with Python's `cryptography`.
#[test]
fn the_format_is_as_drawn() {
    let context = SegmentContext {
        exchange: "11111111-1111-4111-8111-111111111111".parse().unwrap(),
        class: "22222222-2222-4222-8222-222222222222".parse().unwrap(),
        segment: "33333333-3333-4333-8333-333333333333".parse().unwrap(),
        ..segment_context()
    };
    let bucket = Bucket { agreement: agreement(), month: Month::of(at(END)), generation: 3 };
    let key = EpochKey::from_bytes(&Zeroizing::new(std::array::from_fn(|i| u8::try_from(i).unwrap())));
    let mut builder = SegmentBuilder::new(&context);
    builder.push(br#"{"type":"indicator"}"#, at(END), (&bucket, &key), &mut counting()).unwrap();
    let Segment { blob, rows } = builder.finish();
    assert_eq!(hex(&blob), "995d0251e3b89c4c11b3326128878c37d7bd355745bf3747c8c89c520d5858bedce2002b");
    assert_eq!(hex(&rows[0].commitment), "c23cf60b820de907ebb9daafd968972368ee2b32b09ad25e321ae21056e761ca");
    assert_eq!(
        hex(&rows[0].wrapped_key),
        "606162636465666768696a6baa9ad916ff05c528345fb3603ec08f0c7624dbda\
         d031648efbf8da3720afa9576b93231bd62d1d9bff82f65fb4a76662"
    );
}

#[test]
fn a_flipped_bit_of_the_blob_is_refused() {
    let mut keys = MemoryKeys::new();
    let segment = sealed(&[b"a record of some length"], END, &mut keys);
    let row = &segment.rows[0];
    for byte in 0..segment.blob.len() {
        let mut blob = segment.blob.clone();
        blob[byte] ^= 1 << (byte % 8);
        assert_eq!(
            cause(open(row, &blob, &key_of(row, &keys), &segment_context())),
            Cause::Sealed,
            "byte {byte}"
        );
    }
    for cut in [&segment.blob[1..], &segment.blob[..segment.blob.len() - 1], &[]] {
        assert_eq!(cause(open(row, cut, &key_of(row, &keys), &segment_context())), Cause::Length);
    }
}

#[test]
fn a_flipped_bit_of_the_row_is_refused() {
    let mut keys = MemoryKeys::new();
    let segment = sealed(&[b"first", b"other", b"third"], END, &mut keys);
    let row = &segment.rows[1];
    let key = key_of(row, &keys);
    let refused = |what: &str, altered: KeyRow| {
        assert_ne!(&altered, row);
        assert_eq!(cause(open(&altered, cut(&segment, row), &key, &segment_context())), Cause::Key, "{what}");
    };
    for bit in 0..32 {
        refused("ordinal", KeyRow { ordinal: row.ordinal ^ (1 << bit), ..row.clone() });
        refused("generation", KeyRow { generation: row.generation ^ (1 << bit), ..row.clone() });
    }
    for bit in 0..64 {
        refused("offset", KeyRow { offset: row.offset ^ (1 << bit), ..row.clone() });
    }
    for nanosecond in [1, -1, 1_000_000_000, -86_400_000_000_000] {
        let erase_by = Timestamp::from_nanosecond(row.erase_by.as_nanosecond() + nanosecond).unwrap();
        refused("erase_by", KeyRow { erase_by, ..row.clone() });
    }
    for byte in 0..WRAPPED_KEY_LENGTH {
        let mut altered = row.clone();
        altered.wrapped_key[byte] ^= 1 << (byte % 8);
        refused("wrapped key", altered);
    }
    for byte in 0..row.commitment.len() {
        let mut altered = row.clone();
        altered.commitment[byte] ^= 1 << (byte % 8);
        refused("commitment", altered);
    }
    // The length is compared with what was cut out; cut out to match, it is bound all the same.
    let longer = KeyRow { length: row.length + 1, ..row.clone() };
    assert_eq!(cause(open(&longer, cut(&segment, row), &key, &segment_context())), Cause::Length);
    assert_eq!(cause(open(&longer, cut(&segment, &longer), &key, &segment_context())), Cause::Key);
}

#[test]
fn another_context_is_refused() {
    let mut keys = MemoryKeys::new();
    let segment = sealed(&[b"record"], END, &mut keys);
    let (row, here) = (&segment.rows[0], segment_context());
    let key = key_of(row, &keys);
    let mut entropy = seeded(99);
    for elsewhere in [
        SegmentContext { store: "gateway.example/copy".into(), ..here.clone() },
        SegmentContext { agreement: "alpha-gamma".parse().unwrap(), ..here.clone() },
        SegmentContext { exchange: ExchangeId::draw(&mut entropy), ..here.clone() },
        SegmentContext { class: ClassId::draw(&mut entropy), ..here.clone() },
        SegmentContext { segment: SegmentId::draw(&mut entropy), ..here.clone() },
        // The same text, with the boundary between two fields moved.
        SegmentContext {
            store: "gateway.example/logalpha".into(),
            agreement: "beta".parse().unwrap(),
            ..here.clone()
        },
    ] {
        assert_eq!(cause(open(row, &segment.blob, &key, &elsewhere)), Cause::Key, "{elsewhere:?}");
    }
    assert!(open(row, &segment.blob, &key, &here).is_ok());
}

#[test]
fn rows_of_one_segment_do_not_stand_in_for_each_other() {
    let mut keys = MemoryKeys::new();
    let segment = sealed(&[b"one", b"two"], END, &mut keys);
    let [one, two] = &segment.rows[..] else { panic!("two rows") };
    let key = key_of(one, &keys);
    // The wrapped key and commitment of one record moved to the place of the other.
    let moved = KeyRow { wrapped_key: two.wrapped_key, commitment: two.commitment, ..one.clone() };
    assert_eq!(cause(open(&moved, cut(&segment, one), &key, &segment_context())), Cause::Key);
    assert_eq!(cause(open(one, cut(&segment, two), &key, &segment_context())), Cause::Sealed);
}

#[test]
fn another_epoch_key_is_refused() {
    let mut keys = MemoryKeys::new();
    let segment = sealed(&[b"record"], END, &mut keys);
    let (_, other) = keys.current(&agreement(), Month::of(at("2027-02-01T00:00:00Z"))).unwrap();
    assert_eq!(cause(open(&segment.rows[0], &segment.blob, &other, &segment_context())), Cause::Key);
}

#[test]
fn a_record_cannot_outlive_the_key_of_its_month() {
    let mut keys = MemoryKeys::new();
    let (bucket, key) = keys.current(&agreement(), Month::of(at("2027-02-01T00:00:00Z"))).unwrap();
    let mut builder = SegmentBuilder::new(&segment_context());
    let refused = builder.push(b"record", at(END), (&bucket, &key), &mut seeded(2)).unwrap_err();
    let segment = segment_context().segment;
    assert_eq!(refused, VaultError::Record { segment, ordinal: 0, cause: Cause::Bucket });
    let (bucket, key) = keys.current(&"alpha-gamma".parse().unwrap(), Month::of(at(END))).unwrap();
    assert!(builder.push(b"record", at(END), (&bucket, &key), &mut seeded(2)).is_err());
    assert_eq!(builder.finish(), Segment { blob: vec![], rows: vec![] });
}

#[test]
fn erase_by_is_a_whole_second_and_never_later() {
    let mut keys = MemoryKeys::new();
    for (asked, kept) in [
        ("2027-01-31T23:59:59.999999999Z", "2027-01-31T23:59:59Z"),
        ("2027-01-31T09:20:00Z", "2027-01-31T09:20:00Z"),
        ("1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59Z"),
    ] {
        let segment = sealed(&[b"record"], asked, &mut keys);
        assert_eq!(segment.rows[0].erase_by, at(kept));
    }
}

/// The central promise: with rows and blob intact, a destroyed epoch key ends the record.
#[test]
fn a_destroyed_epoch_key_ends_what_it_wrapped_and_nothing_else() {
    let mut keys = MemoryKeys::new();
    let january = sealed(&[b"goes"], END, &mut keys);
    let february = sealed(&[b"stays"], "2027-02-10T00:00:00Z", &mut keys);
    let (copy, bucket) = (january.clone(), january.rows[0].bucket(&agreement()));

    assert!(open(&copy.rows[0], &copy.blob, &key_of(&copy.rows[0], &keys), &segment_context()).is_ok());
    keys.destroy(&bucket).unwrap();
    assert!(keys.get(&bucket).unwrap().is_none());
    // Every key that still exists, the month's next one included, is tried on the copy.
    let (next, key) = keys.current(&agreement(), bucket.month).unwrap();
    assert_eq!(next, Bucket { generation: 1, ..bucket });
    let standing = [key, key_of(&february.rows[0], &keys)];
    for key in &standing {
        for generation in 0..2 {
            let row = KeyRow { generation, ..copy.rows[0].clone() };
            assert_eq!(cause(open(&row, &copy.blob, key, &segment_context())), Cause::Key);
        }
    }
    assert!(open(&february.rows[0], &february.blob, &standing[1], &segment_context()).is_ok());
}

#[test]
fn early_erasure_keeps_what_is_wrapped_anew_and_ends_the_rest() {
    let mut keys = MemoryKeys::new();
    let segment = sealed(&[b"stays", b"goes"], END, &mut keys);
    let bucket = segment.rows[0].bucket(&agreement());
    let old = key_of(&segment.rows[0], &keys);
    let next = Bucket { generation: 1, ..bucket.clone() };
    let new = EpochKey::draw(&mut seeded(3));

    let kept = rewrap(&segment.rows[0], &segment_context(), &old, (&next, &new), &mut seeded(4)).unwrap();
    assert_eq!(kept.bucket(&agreement()), next);
    assert_eq!(kept.erase_by, segment.rows[0].erase_by);
    let opened = open(&kept, cut(&segment, &kept), &new, &segment_context()).unwrap();
    assert_eq!(opened.as_bytes(), b"stays");
    // Without the old key, neither the old row nor the row that was left out opens.
    for row in &segment.rows {
        assert_eq!(cause(open(row, cut(&segment, row), &new, &segment_context())), Cause::Key);
    }

    let refuse = |row: &KeyRow, old: &EpochKey, bucket: &Bucket| {
        rewrap(row, &segment_context(), old, (bucket, &new), &mut seeded(5)).map(|_| panic!("wrapped"))
    };
    let later = Bucket { month: Month::new(2027, 2).unwrap(), ..next.clone() };
    let (ordinal, segment_id) = (0, segment_context().segment);
    let expect = |cause| Err::<(), _>(VaultError::Record { segment: segment_id, ordinal, cause });
    assert_eq!(refuse(&segment.rows[0], &old, &later), expect(Cause::Bucket));
    assert_eq!(refuse(&segment.rows[0], &new, &next), expect(Cause::Key));
}

#[test]
fn bounds_hold() {
    let mut keys = MemoryKeys::new();
    let (bucket, key) = keys.current(&agreement(), Month::of(at(END))).unwrap();
    let mut builder = SegmentBuilder::new(&segment_context());
    let long = vec![0; RECORD_LENGTH_MAX + 1];
    let mut push = |record: &[u8]| builder.push(record, at(END), (&bucket, &key), &mut seeded(2));
    let error = push(&long).unwrap_err().to_string();
    assert!(error.ends_with(": longer than 16777216 bytes"), "{error}");
    assert!(push(&long[1..]).is_ok());
    assert_eq!(SEGMENT_LENGTH_MAX / RECORD_LENGTH_MAX, 32);
}

#[test]
fn debug_and_errors_tell_lengths_and_places() {
    let mut keys = MemoryKeys::new();
    let secret = b"ZQXJ-secret-content";
    let segment = sealed(&[secret], END, &mut keys);
    let row = &segment.rows[0];
    let key = key_of(row, &keys);
    let opened = open(row, &segment.blob, &key, &segment_context()).unwrap();
    assert_eq!(format!("{opened:?}"), "cleartext of 19 bytes");
    assert_eq!(format!("{key:?}"), "epoch key of 32 bytes");
    assert_eq!(format!("{segment:?}"), "segment of 1 records, 35 bytes");
    assert_eq!(format!("{row:?}"), "key row 0 of 35 bytes at 0, generation 0, erase by 2027-01-31T09:20:00Z");
    let error = open(row, &segment.blob[1..], &key, &segment_context()).unwrap_err();
    let id = segment_context().segment;
    assert_eq!(error.to_string(), format!("record 0 of segment {id}: the sealed bytes have another length"));
    assert!(!segment.blob.windows(4).any(|window| window == b"ZQXJ"));
}

fn any_row() -> impl Strategy<Value = KeyRow> {
    let wrapped = proptest::collection::vec(any::<u8>(), WRAPPED_KEY_LENGTH);
    let erase_by =
        proptest::num::i64::ANY.prop_filter_map("an instant", |s| Timestamp::from_second(s >> 26).ok());
    (any::<u32>(), any::<u64>(), 0_u32..64, wrapped, any::<[u8; 32]>(), any::<u32>(), erase_by).prop_map(
        |(ordinal, offset, length, wrapped, commitment, generation, erase_by)| KeyRow {
            ordinal,
            offset,
            length,
            wrapped_key: wrapped.try_into().unwrap(),
            commitment,
            generation,
            erase_by,
        },
    )
}

proptest! {
    #[test]
    fn what_is_sealed_opens_and_is_never_seen(
        records in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..200), 0..12),
        days in 0_i64..800, seed: u64,
    ) {
        let erase_by = Timestamp::from_second(1_790_000_000 + days * 86_400).unwrap();
        let mut keys = MemoryKeys::new();
        let context = segment_context();
        let (bucket, key) = keys.current(&context.agreement, Month::of(erase_by)).unwrap();
        let mut builder = SegmentBuilder::new(&context);
        let mut entropy = seeded(seed);
        for record in &records {
            builder.push(record, erase_by, (&bucket, &key), &mut entropy).unwrap();
        }
        let segment = builder.finish();
        for (row, record) in segment.rows.iter().zip(&records) {
            prop_assert_eq!(row.bucket(&context.agreement), bucket.clone());
            let opened = open(row, cut(&segment, row), &key, &context).unwrap();
            prop_assert_eq!(opened.as_bytes(), &record[..]);
            prop_assert!(record.len() < 8 || !segment.blob.windows(record.len()).any(|window| window == &record[..]));
        }
    }

    #[test]
    fn no_row_and_no_bytes_break_the_opener(row in any_row(), sealed in proptest::collection::vec(any::<u8>(), 0..64)) {
        let key = EpochKey::draw(&mut seeded(1));
        let short = KeyRow { length: u32::try_from(sealed.len()).unwrap(), ..row.clone() };
        prop_assert!(open(&row, &sealed, &key, &segment_context()).is_err());
        prop_assert!(open(&short, &sealed, &key, &segment_context()).is_err());
        let bucket = row.bucket(&agreement());
        prop_assert!(rewrap(&row, &segment_context(), &key, (&bucket, &key), &mut seeded(2)).is_err());
    }

    #[test]
    fn equal_records_seal_to_different_bytes(record in proptest::collection::vec(any::<u8>(), 1..64)) {
        let mut keys = MemoryKeys::new();
        let (bucket, key) = keys.current(&agreement(), Month::of(at(END))).unwrap();
        let mut builder = SegmentBuilder::new(&segment_context());
        let mut entropy = seeded(6);
        for _ in 0..2 {
            builder.push(&record, at(END), (&bucket, &key), &mut entropy).unwrap();
        }
        let segment = builder.finish();
        let [one, two] = &segment.rows[..] else { panic!("two rows") };
        prop_assert_ne!(cut(&segment, one), cut(&segment, two));
        prop_assert_ne!(one.commitment, two.commitment);
        prop_assert_ne!(one.wrapped_key, two.wrapped_key);
    }
}
