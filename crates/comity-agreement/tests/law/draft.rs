//! A lawyer asks what a figure would do before anybody writes a pack.

use crate::common::fixtures;
use comity_agreement::draft::{DraftError, NewValue, with_values};
use comity_agreement::{LawFiles, Library};

const MANIFEST: &str = "agreements/grove/pack.toml";

fn drafted(values: &[&str]) -> Result<LawFiles, DraftError> {
    let values: Vec<NewValue> = values.iter().map(|value| value.parse().expect("PARAMETER=VALUE")).collect();
    with_values(&fixtures(), &"grove".parse().unwrap(), &values)
}

#[test]
fn a_draft_differs_in_the_value_alone_and_loads() {
    let drafted = drafted(&["retention=31 days"]).unwrap();
    let text = |files: &LawFiles| String::from_utf8(files.0[MANIFEST].clone()).unwrap();
    assert_eq!(text(&drafted), text(&fixtures()).replacen("\"30 days\"", "\"31 days\"", 1));
    let law = Library::open(&drafted).unwrap().law(&"grove".parse().unwrap()).unwrap();
    assert_eq!(law.pack().parameters["retention"].value, "31 days".to_owned().into());
}

#[test]
fn a_name_that_is_not_there_is_told_with_one_that_is() {
    let error = drafted(&["retenton=31 days"]).unwrap_err().to_string();
    assert!(error.contains("`grove` has no parameter `retenton`") && error.contains("retention"), "{error}");
}

#[test]
fn what_is_no_value_is_refused_where_it_is_read_or_where_it_is_loaded() {
    assert!("retention".parse::<NewValue>().is_err(), "without a value");
    let drafted = drafted(&["retention=a while"]).unwrap();
    let error = Library::open(&drafted).unwrap().law(&"grove".parse().unwrap()).unwrap_err().to_string();
    assert!(error.contains("a while"), "{error}");
}
