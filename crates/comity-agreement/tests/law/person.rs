//! A law in plain words: for anyone, and from the same rules as for lawyers.

use comity_agreement::explain::show;
use comity_agreement::person::for_person;
use comity_agreement::{Library, shipped};
use comity_terms::RuleId;
use std::collections::BTreeSet;

#[test]
fn both_audiences_are_told_of_the_same_rules() {
    let mut library = Library::open(shipped()).unwrap();
    for slug in library.slugs() {
        let law = library.law(&slug).unwrap();
        let vocabulary = library.vocabulary().clone();
        let (expert, person) = (show(&law), for_person(&law, &vocabulary));
        let to_expert: BTreeSet<RuleId> =
            expert.articles.iter().filter_map(|article| article.rule.clone()).collect();
        let headings = ["What is allowed", "What is not allowed", "What has to be done"];
        let told = person.iter().filter(|paragraph| headings.contains(&paragraph.heading));
        let to_person: BTreeSet<RuleId> = told.flat_map(|paragraph| paragraph.rules.clone()).collect();
        assert_eq!(to_expert, to_person, "{slug}");
        // Each rule's own sentence is told to both, in its own words.
        let text: String =
            person.iter().flat_map(|paragraph| &paragraph.lines).map(|line| line.to_lowercase()).collect();
        for article in &expert.articles {
            let summary = article.summary.trim().trim_end_matches('.').to_lowercase();
            assert!(text.contains(&summary), "{slug}: {summary}");
        }
    }
}

#[test]
fn a_person_is_told_no_codes() {
    let mut library = Library::open(shipped()).unwrap();
    for slug in library.slugs() {
        let law = library.law(&slug).unwrap();
        let vocabulary = library.vocabulary().clone();
        let rules: Vec<String> = law.pack().rules().iter().map(|rule| rule.id.to_string()).collect();
        for paragraph in for_person(&law, &vocabulary) {
            assert!(!paragraph.lines.is_empty(), "{slug}: {} stands over nothing", paragraph.heading);
            for line in &paragraph.lines {
                let code = rules.iter().find(|rule| line.contains(rule.as_str()));
                assert!(code.is_none() && !line.contains('_'), "{slug}: {line}");
                assert!(line.ends_with('.') && !line.starts_with(char::is_lowercase), "{slug}: {line}");
            }
        }
    }
}

#[test]
fn rights_deadlines_and_who_watches_are_told_where_the_law_has_them() {
    let mut library = Library::open(shipped()).unwrap();
    let law = library.law(&"eu-led-2016-680".parse().unwrap()).unwrap();
    let vocabulary = library.vocabulary().clone();
    let told = for_person(&law, &vocabulary);
    let under = |heading: &str| told.iter().find(|paragraph| paragraph.heading == heading).unwrap();
    assert!(!under("Your rights").rules.is_empty());
    assert!(!under("Who watches over it").lines.is_empty());
    assert!(under("Who is bound, and since when").lines.iter().any(|line| line.starts_with("In force from")));
}
