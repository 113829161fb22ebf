use super::*;
use proptest::prelude::*;

fn instant() -> impl Strategy<Value = Option<Timestamp>> {
    proptest::option::of((0_i64..5).prop_map(|day| Timestamp::from_second(day * 86_400).unwrap()))
}

fn one_of<T: Copy + std::fmt::Debug + 'static>(all: &'static [T]) -> impl Strategy<Value = T> {
    (0..all.len()).prop_map(move |i| all[i])
}

fn safeguards() -> impl Strategy<Value = Safeguards> {
    let treatments = proptest::collection::btree_map(
        one_of(&["contact", "name", "device"]).prop_map(|c| DataClass::new(c).unwrap()),
        one_of(&Treatment::ALL[1..]),
        0..3,
    );
    let onward = (one_of(Reach::ALL), any::<bool>())
        .prop_map(|(reach, authorised_only)| Onward { reach, authorised_only });
    (instant(), instant(), treatments, onward, one_of(Handling::ALL), instant()).prop_map(
        |(erase_by, keep_until, treatments, onward, handling, notify_by)| Safeguards {
            erase_by,
            keep_until,
            treatments,
            onward,
            handling,
            notify_by,
        },
    )
}

proptest! {
    #[test]
    fn join_is_associative(a in safeguards(), b in safeguards(), c in safeguards()) {
        prop_assert_eq!(a.clone().join(&b).join(&c), a.join(&b.join(&c)));
    }

    #[test]
    fn join_is_commutative(a in safeguards(), b in safeguards()) {
        prop_assert_eq!(a.clone().join(&b), b.join(&a));
    }

    #[test]
    fn join_is_idempotent(a in safeguards()) {
        prop_assert_eq!(a.clone().join(&a), a);
    }

    #[test]
    fn none_is_the_identity(a in safeguards()) {
        prop_assert_eq!(Safeguards::NONE.join(&a), a.clone());
        prop_assert_eq!(a.clone().join(&Safeguards::NONE), a);
    }

    #[test]
    fn join_is_the_least_upper_bound(a in safeguards(), b in safeguards(), c in safeguards()) {
        let joined = a.clone().join(&b);
        prop_assert!(joined.at_least(&a) && joined.at_least(&b));
        if c.at_least(&a) && c.at_least(&b) {
            prop_assert!(c.at_least(&joined));
        }
    }

    #[test]
    fn joining_never_discloses_more_lasts_longer_or_reaches_further(a in safeguards(), b in safeguards()) {
        let joined = a.clone().join(&b);
        for class in a.treatments.keys().chain(b.treatments.keys()) {
            prop_assert!(joined.treatment(class) >= a.treatment(class));
        }
        if let Some(erase_by) = a.erase_by {
            prop_assert!(joined.erase_by.is_some_and(|j| j <= erase_by));
        }
        if let Some(notify_by) = a.notify_by {
            prop_assert!(joined.notify_by.is_some_and(|j| j <= notify_by));
        }
        prop_assert!(joined.keep_until >= a.keep_until);
        prop_assert!(joined.onward.reach >= a.onward.reach);
        prop_assert!(joined.onward.authorised_only || !a.onward.authorised_only);
        prop_assert!(joined.handling >= a.handling);
    }
}

#[test]
fn a_preservation_duty_past_the_erasure_date_is_a_conflict() {
    let day = |n: i64| Some(Timestamp::from_second(n * 86_400).unwrap());
    let base = Safeguards { erase_by: day(10), keep_until: day(10), ..Safeguards::NONE };
    assert!(!base.conflict(), "kept until the very instant of erasure");
    assert!(base.join(&Safeguards { keep_until: day(11), ..Safeguards::NONE }).conflict());
}

#[test]
fn scales_read_back_what_they_write() {
    for treatment in Treatment::ALL {
        assert_eq!(treatment.as_str().parse::<Treatment>().unwrap(), *treatment);
    }
    let onward = Onward { reach: Reach::Clients, authorised_only: true };
    assert_eq!(onward.to_string().parse::<Onward>().unwrap(), onward);
    assert!("TLP:WHITE".parse::<Handling>().is_err(), "old names are the path table's to map");
}
