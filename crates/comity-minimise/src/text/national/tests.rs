//! Every kind of number: one that is right, one whose check digit is wrong.

use super::check::verhoeff;
use super::*;

fn alone(text: &str) -> bool {
    Table::shipped().find(text, false).is_some_and(|found| found.alone && found.length == text.len())
}

#[test]
fn a_right_number_is_told_by_its_check_digits_and_a_wrong_one_is_not() {
    for (right, wrong) in [
        ("38001085718", "38001085719"),
        ("131052-308T", "131052-308U"),
        ("811218-9876", "811218-9875"),
        ("19811218-9876", "19811218-9875"),
        ("44051401359", "44051401358"),
        ("12345678Z", "12345678A"),
        ("X1234567L", "X1234567M"),
        ("1 85 05 78 006 084 91", "1 85 05 78 006 084 90"),
        ("RSSMRA85T10A562S", "RSSMRA85T10A562T"),
        ("85.07.30-033.28", "85.07.30-033.29"),
        ("10000000146", "10000000145"),
        ("1800101221144", "1800101221145"),
        ("736028/5163", "736028/5164"),
        ("756.9217.0769.85", "756.9217.0769.84"),
        ("01129955132", "01129955131"),
        ("070793-0004", "070793-0006"),
        ("11010519491231002X", "110105194912310021"),
    ] {
        assert!(alone(right), "{right}");
        assert!(!alone(wrong), "{wrong}");
    }
}

#[test]
fn a_number_that_is_common_by_form_needs_a_word_before_it() {
    for weak in ["111222333", "86095742719", "94577403194", "7523169263", "123456789018", "2341 2341 2346"] {
        let found = Table::shipped().find(weak, false).unwrap();
        assert!(found.right && !found.alone, "{weak}");
    }
}

#[test]
fn a_number_of_the_verhoeff_scheme_is_told_from_one_with_two_digits_changed_over() {
    assert!(verhoeff(b"2363") && !verhoeff(b"2336") && !verhoeff(b"2364"));
    assert!(verhoeff(b"234123412346") && !verhoeff(b"234123412364"));
}

#[test]
fn an_account_is_told_by_its_state_length_and_remainder() {
    assert_eq!(iban("EE38 2200 2210 2014 5685."), Some((24, true)));
    assert_eq!(iban("EE382200221020145685"), Some((20, true)));
    assert_eq!(iban("DE89370400440532013001"), Some((22, false)));
    assert_eq!(iban("XX38 2200 2210 2014 5685"), None);
    assert_eq!(iban("EE38"), None);
}

#[test]
fn every_kind_says_whose_it_is_and_how_it_looks() {
    for kind in &Table::shipped().kinds {
        assert!(!kind.shape.is_empty() && kind.shape.len() < SHAPE_MAX);
        assert!(kind.text.alone || !kind.text.cues.is_empty(), "{} is never found", kind.text.shape);
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 2_000, fork: false, ..Default::default() })]

    #[test]
    fn only_kinds_are_left_out_that_cannot_begin_so(text in "[A-Z]{0,3}[0-9]{0,14}[-./ A-Z]{0,2}[0-9A-Z]{0,12}[0-9]{0,14}", announced: bool) {
        let table = Table::shipped();
        proptest::prop_assert_eq!(table.find(&text, announced), Table::best(table.kinds.iter(), &text, announced));
    }
}
