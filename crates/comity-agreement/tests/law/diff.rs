//! What a reviewer is told of an amendment.

use crate::common::fixtures;
use comity_agreement::diff::{Diff, Direction, diff};
use comity_agreement::{LawFiles, Library};

/// What changes in the Grove's agreement when texts of it are written otherwise, with one worked case.
fn amended(changes: &[(&str, &str, &str)]) -> Diff {
    let case = r#"{"id":"C1","title":"A red seal","instrument":"grove","sending":"XA","receiving":"XB","action":"share","at":"2026-11-02T09:20:00Z","facts":{"activity":"threat_intel","training_valid":false},"expected":{}}"#;
    let mut old = fixtures();
    old.0.insert("agreements/grove/scenarios.jsonl".into(), case.into());
    let mut new: LawFiles = old.clone();
    for (file, from, to) in changes {
        let path = format!("agreements/grove/{file}");
        let text = String::from_utf8(new.0[&path].clone()).unwrap();
        assert!(text.contains(from), "{path} has no `{from}`");
        new.0.insert(path, text.replacen(from, to, 1).into_bytes());
    }
    let slug = "grove".parse().unwrap();
    let (mut old, mut new) = (Library::open(&old).unwrap(), Library::open(&new).unwrap());
    diff((&mut old, &slug), (&mut new, &slug)).unwrap()
}

#[test]
fn nothing_changed_is_nothing_told() {
    let told = amended(&[]);
    assert_eq!((told.rules.len(), told.figures.len(), told.cases.len(), told.tried), (0, 0, 0, 1));
}

#[test]
fn a_forbid_that_goes_loosens_and_its_case_comes_out_otherwise() {
    let rule = "@id(\"grove.training\") @article(\"Art. 2\") @summary(\"Only the trained share\") @reason(\"training_not_valid\") @enforce(\"suppress\")\nforbid (principal, action == Action::\"share\", resource)\nwhen { context has training_valid && !context.training_valid };\n";
    let told = amended(&[("forbids.cedar", rule, "")]);
    let change = &told.rules[0];
    assert_eq!(
        (change.rule.as_str(), change.what.as_slice(), change.direction),
        ("grove.training", &["removed"][..], Direction::Loosens)
    );
    let case = &told.cases[0];
    assert_eq!((case.id.as_str(), case.old.0.as_str(), case.new.0.as_str()), ("C1", "deny", "permit"));
}

#[test]
fn words_change_nothing_and_conditions_must_be_proved() {
    let told = amended(&[("forbids.cedar", "Only the trained share", "Whoever is trained may share")]);
    assert_eq!((told.rules[0].what.as_slice(), told.rules[0].direction), (&["summary"][..], Direction::Same));
    let told = amended(&[("forbids.cedar", "!context.training_valid", "context.training_valid")]);
    assert_eq!(
        (told.rules[0].what.as_slice(), told.rules[0].direction),
        (&["condition"][..], Direction::Open)
    );
    let told = amended(&[("forbids.cedar", "@escalate_to(\"reviewer\")", "")]);
    assert!(told.rules[0].what.contains(&"office"), "{told:?}");
    let told = amended(&[("pack.toml", "\"30 days\"", "\"31 days\"")]);
    assert_eq!(told.figures, [("parameter `retention`".into(), "\"30 days\"".into(), "\"31 days\"".into())]);
    assert_eq!(told.rules[0].what, ["duties"], "the duty that counts by it");
    assert!(told.gone.iter().any(|sentence| sentence.contains("30 days")), "{:?}", told.gone);
    assert!(told.come.iter().any(|sentence| sentence.contains("31 days")), "{:?}", told.come);
}

#[test]
fn what_changed_is_told_in_sentences() {
    let words = |changes: &[(&str, &str, &str)]| amended(changes).rules[0].words.clone();
    assert_eq!(
        words(&[("forbids.cedar", "Only the trained share", "Whoever is trained may share")]),
        ["it is worded \"Whoever is trained may share\", before \"Only the trained share\""]
    );
    assert_eq!(
        words(&[("forbids.cedar", "!context.training_valid", "context.training_valid")]),
        ["it looks at the same facts, and asks something else of them"]
    );
    assert_eq!(
        words(&[("forbids.cedar", "@escalate_to(\"reviewer\")", "")]),
        ["the office that can lift it is none, before reviewer"]
    );
}
