//! Properties that hold for every question: the memo tells no lies, approvals and facts only move one way.

use crate::common::{COMPLETE, grove, question};
use comity_agreement::{Memo, Mode, Outcome, Question, Setting, decide};
use comity_terms::Digest;
use proptest::prelude::*;

/// Words that may be said beside, or instead of, the complete ones.
const MORE: [&str; 16] = [
    "activity=criminal_investigation",
    "activity=incident_response",
    "seal=TLP:RED",
    "seal=TLP:AMBER",
    "seal=null",
    "data_category=content_data",
    "personal_data=true",
    "personal_data=false",
    "vulnerable=[\"child\"]",
    "court_order=true",
    "training_valid=false",
    "days=10",
    "aware_at=2026-11-01T10:00:00Z",
    "grant_ends_at=2026-11-03T00:00:00Z",
    "keep_for_court_until=2027-06-01T00:00:00Z",
    "affected=[\"XB\"]",
];

fn asked() -> impl Strategy<Value = (Vec<&'static str>, i64, bool, bool)> {
    let words = proptest::sample::subsequence(MORE.to_vec(), 0..8);
    (words, 0..900_i64, any::<bool>(), any::<bool>())
}

fn build(
    words: &[&'static str],
    days: i64,
    judge: bool,
    reviewer: bool,
) -> (comity_agreement::LawSet, Question) {
    thread_local!(static LAWS: comity_agreement::LawSet = grove());
    let laws = LAWS.with(Clone::clone);
    let mut all: Vec<&str> = COMPLETE.to_vec();
    all.extend(words);
    let mut question = question(&laws, &all);
    question.at = question.at.checked_add(jiff::SignedDuration::from_hours(24 * days)).unwrap();
    question.knowledge_time = question.at;
    question.approvals.extend(judge.then(|| "judge".parse().unwrap()));
    question.approvals.extend(reviewer.then(|| "reviewer".parse().unwrap()));
    (laws, question)
}

fn rank(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Permitted => 0,
        Outcome::Escalated => 1,
        Outcome::Refused => 2,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_memoised_decision_equals_a_fresh_one(rounds in prop::collection::vec(asked(), 1..12)) {
        let mut memo = Memo::new(4);
        let state = Digest::of(b"no case");
        for (words, days, judge, reviewer) in rounds.iter().chain(&rounds) {
            let (laws, question) = build(words, *days, *judge, *reviewer);
            for mode in [Mode::Live, Mode::ClosedWorld] {
                let setting = Setting { mode, ..Setting::live(true) };
                let fresh = decide(&laws, &question, &setting).unwrap();
                let held = memo.decide(&laws, &question, &setting, &state).unwrap();
                prop_assert_eq!(fresh, held);
            }
        }
        prop_assert!(memo.len() <= 4);
    }

    #[test]
    fn an_approval_never_makes_it_worse((words, days, judge, _) in asked()) {
        let (laws, without) = build(&words, days, judge, false);
        let (_, with) = build(&words, days, judge, true);
        let setting = Setting::live(true);
        let (without, with) = (decide(&laws, &without, &setting).unwrap(), decide(&laws, &with, &setting).unwrap());
        prop_assert!(rank(with.outcome) <= rank(without.outcome));
    }

    #[test]
    fn taking_a_required_fact_away_never_permits((words, days, judge, reviewer) in asked(), which in 0..3_usize) {
        let (laws, mut question) = build(&words, days, judge, reviewer);
        let key = ["training_valid", "activity", "seal"][which];
        question.facts.remove(key);
        let decision = decide(&laws, &question, &Setting::live(true)).unwrap();
        prop_assert_eq!(decision.outcome, Outcome::Refused);
        let reason = format!("fact_missing:{key}");
        prop_assert!(decision.reasons().iter().any(|given| given.as_str() == reason));
    }
}
