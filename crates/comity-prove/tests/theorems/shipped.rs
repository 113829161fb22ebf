//! Theorems about the law that is shipped.

use crate::laws::Laws;
use comity_agreement::{Library, shipped};
use comity_prove::{Side, Verdict, admission};

#[test]
fn what_an_agreement_includes_is_above_its_floor_and_not_the_other_way_round() {
    let Some((prover, laws)) = Laws::new().load(&["eu-nis2-2022-2555", "comity-baseline"]) else { return };
    let up = prover.implies(&Side::law(&laws[0]), &Side::Floor(laws[1].clone()), Vec::new());
    assert!(up.holds(), "{up:?}");
    let down = prover.implies(&Side::law(&laws[1]), &Side::Floor(laws[0].clone()), Vec::new());
    assert!(matches!(down.verdict, Verdict::Fails(_)), "{down:?}");
}

#[test]
fn an_agreement_and_the_law_of_a_party_are_admitted() {
    let Some((prover, _)) = Laws::new().load(&[]) else { return };
    let mut library = Library::open(shipped()).unwrap();
    // The last nests deeper than a thread is usually given stack for.
    for slug in ["uk-us-daa", "EE", "first-iep-2.0"] {
        let admitted = admission::admit(&prover, &mut library, &slug.parse().unwrap()).unwrap();
        assert_eq!(admitted.findings, [], "{slug}");
        assert!(!admitted.floors.is_empty(), "{slug}");
    }
}
