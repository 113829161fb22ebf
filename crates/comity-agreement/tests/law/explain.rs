//! What is said about an answer: what decided it, what is missing and from whom, what would change it.

use crate::common::{COMPLETE, facts, grove, question};
use comity_agreement::facts::raise;
use comity_agreement::hypothetical::explain;
use comity_agreement::{Outcome, Setting, decide};
use comity_terms::{Asserter, Fact, FactKey, Facts, Value};

fn with<'w>(more: &[&'w str]) -> Vec<&'w str> {
    let key = |word: &str| word.split('=').next().unwrap().to_owned();
    let kept = COMPLETE.iter().copied().filter(|word| !more.iter().any(|other| key(other) == key(word)));
    kept.chain(more.iter().copied()).collect()
}

#[test]
fn a_refusal_says_what_decided_it_and_the_least_that_would_change_it() {
    let laws = grove();
    let asked = question(&laws, &with(&["seal=TLP:RED"]));
    let explained = explain(&laws, &asked, &Setting::live(true)).unwrap();
    assert_eq!(explained.decision, decide(&laws, &asked, &Setting::live(true)).unwrap(), "the live answer");
    let decisive: Vec<&str> = explained.decisive.iter().map(|citation| citation.rule.as_str()).collect();
    assert_eq!(decisive, ["seal.red"]);
    let change = &explained.changes[0];
    assert_eq!((change.fact.as_str(), change.outcome), ("seal", Outcome::Permitted));
    assert_eq!((change.from.as_ref(), change.reasons.len()), (Some(&Value::from("TLP:RED")), 0));
    // Each change is one, and true: decided again with it, the answer is the one that was told.
    for change in &explained.changes {
        let mut other = asked.clone();
        other.facts.state(change.fact.clone(), change.to.clone(), *change.givers.first().unwrap());
        assert_eq!(decide(&laws, &other, &Setting::live(true)).unwrap().outcome, change.outcome);
    }
}

#[test]
fn a_permit_says_which_single_fact_would_end_it() {
    let laws = grove();
    let explained = explain(&laws, &question(&laws, &with(&[])), &Setting::live(true)).unwrap();
    assert_eq!(explained.decision.outcome, Outcome::Permitted);
    let ends = |fact: &str, to: Value| {
        explained
            .changes
            .iter()
            .any(|c| c.fact.as_str() == fact && c.to == to && c.outcome != Outcome::Permitted)
    };
    assert!(ends("training_valid", Value::Bool(false)), "{:?}", explained.changes);
    assert!(ends("seal", "TLP:RED".into()), "{:?}", explained.changes);
}

#[test]
fn a_missing_fact_is_named_with_who_may_give_it() {
    let laws = grove();
    let asked = question(&laws, &["training_valid=true", "seal=TLP:GREEN", "data_category=indicator"]);
    let explained = explain(&laws, &asked, &Setting::live(true)).unwrap();
    let missing: Vec<_> = explained
        .missing
        .iter()
        .map(|m| (m.fact.as_str(), m.givers.iter().copied().collect::<Vec<_>>()))
        .collect();
    assert_eq!(missing, [("activity", vec![Asserter::Officer, Asserter::Partner])]);
    assert_eq!(explained.missing[0].summary, "Kind of cooperation");
    assert_eq!(explained.changes[0].outcome, Outcome::Permitted, "stating it opens the door");
}

#[test]
fn a_declaration_raises_what_was_detected_and_never_lowers_it() {
    let laws = grove();
    let said = |word: &str, asserter: Asserter| -> Facts {
        facts(&laws, &[word])
            .into_iter()
            .map(|(key, Fact { value, .. })| (key, Fact { value, asserter }))
            .collect()
    };
    let raised = |detected: &str, declared: &str| {
        let key = FactKey::new(detected.split('=').next().unwrap()).unwrap();
        let out =
            raise(&laws.vocabulary, said(detected, Asserter::Detected), said(declared, Asserter::Officer));
        let fact = out.get(key.as_str()).unwrap().clone();
        (fact.value, fact.asserter)
    };
    let (officer, detected) = (Asserter::Officer, Asserter::Detected);
    assert_eq!(raised("seal=TLP:AMBER", "seal=TLP:RED"), ("TLP:RED".into(), officer));
    assert_eq!(raised("seal=TLP:AMBER", "seal=TLP:GREEN"), ("TLP:AMBER".into(), detected));
    assert_eq!(raised("seal=TLP:AMBER", "seal=TLP:AMBER"), ("TLP:AMBER".into(), detected));
    assert_eq!(raised("seal=TLP:AMBER", "seal=null"), ("TLP:AMBER".into(), detected), "null is on no scale");
    assert_eq!(raised("personal_data=false", "personal_data=true"), (true.into(), officer));
    assert_eq!(raised("personal_data=true", "personal_data=false"), (true.into(), detected));
    // Without a scale what was found stands, and what was not found is kept as it was said.
    assert_eq!(
        raised("data_category=indicator", "data_category=content_data"),
        ("indicator".into(), detected)
    );
    assert_eq!(raised("days=3", "days=3"), (3_i64.into(), detected));
    let both = raise(&laws.vocabulary, said("days=3", detected), said("personal_data=true", officer));
    assert_eq!(both.len(), 2);
}
