use super::*;

#[test]
fn the_shipped_table_is_read() {
    let table = PathTable::shipped().expect("the shipped table");
    for stix_type in ["identity", "email-addr", "relationship", "marking-definition", "language-content"] {
        assert!(table.knows(stix_type), "{stix_type}");
    }
    assert!(!table.knows("x-thing"));
    assert_eq!(table.types.len(), 18 + 2 + 3 + 18 + 1, "every type of STIX 2.1, incident included");
}

#[test]
fn an_error_names_its_line() {
    let broken = SHIPPED.replacen("treatment = \"keep\"", "treatment = \"shred\"", 1);
    let error = PathTable::parse(&broken).expect_err("a word that is no treatment");
    assert_eq!(
        error.line,
        1 + broken[..broken
            .find("[class.authorisation]")
            .map_or(0, |_| broken.find("[class.structure]").unwrap_or(0))]
            .matches('\n')
            .count()
    );
    let broken = SHIPPED.replace("generalise = \"oui\"", "generalise = \"ouija\"");
    let line = broken[..broken.find("ouija").expect("the word")].matches('\n').count() + 1;
    assert_eq!(PathTable::parse(&broken).expect_err("a method that does not exist").line, line);
    let broken = SHIPPED.replace("paths.text = [\"explanation\"]", "paths.texts = [\"explanation\"]");
    let error = PathTable::parse(&broken).expect_err("a class that is not defined");
    assert!(error.text.contains("`texts` is not a class"), "{error}");
}

#[test]
fn a_property_has_one_row() {
    let broken =
        SHIPPED.replace("paths.text = [\"explanation\"]", "paths.text = [\"explanation\", \"opinion\"]");
    let error = PathTable::parse(&broken).expect_err("two rows");
    assert!(error.text.contains("`opinion` has a row already"), "{error}");
}

#[test]
fn an_id_of_an_observable_made_from_its_value_is_guessable() {
    let table = PathTable::shipped().expect("the shipped table");
    assert!(table.guessable("ipv4-addr--ff26c055-6336-5bc5-b98d-13d6226742dd"));
    assert!(table.guessable("x-thing--ff26c055-6336-5bc5-b98d-13d6226742dd"), "who knows");
    assert!(!table.guessable("ipv4-addr--ff26c055-6336-4bc5-b98d-13d6226742dd"), "random");
    assert!(!table.guessable("identity--ff26c055-6336-5bc5-b98d-13d6226742dd"), "no observable");
}
