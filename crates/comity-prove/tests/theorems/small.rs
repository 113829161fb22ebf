//! Each verdict on a law of a few lines: what is proved, and the very case that refutes.

use crate::laws::{Laws, PERMIT, forbid};
use comity_agreement::Outcome;
use comity_prove::consistency::Standing;
use comity_prove::solver::Solver;
use comity_prove::theorem::{Found, Goal, Search};
use comity_prove::{Counterexample, Proof, Side, Verdict};
use serde_json::{Value as Json, json};

fn refuted(proof: Proof) -> Counterexample {
    match proof.verdict {
        Verdict::Fails(counterexample) => *counterexample,
        other => panic!("not refuted: {other:?}"),
    }
}

fn facts(counterexample: &Counterexample) -> Json {
    json!(counterexample.case.facts)
}

#[test]
fn a_law_that_forbids_more_than_the_floor_is_above_it() {
    let above = forbid("law.1", false, "when { context has retention_days && context.retention_days > 60 }");
    let floor = forbid("floor.1", true, "when { context has retention_days && context.retention_days > 90 }");
    let laws = Laws::new()
        .with("above", "baseline", "", PERMIT, &above)
        .with("floor", "baseline", "", PERMIT, &floor);
    let Some((prover, laws)) = laws.load(&["above", "floor"]) else { return };
    let proof = prover.implies(&Side::law(&laws[0]), &Side::Floor(laws[1].clone()), Vec::new());
    assert!(proof.holds(), "{proof:?}");
    assert_eq!(proof.environments, prover.vocabulary.actions().len());
    assert!(prover.asked.into_inner() > 0, "the solver was asked");
}

#[test]
fn a_law_below_the_floor_is_refuted_by_the_least_case() {
    let below = forbid("law.1", false, "when { context has retention_days && context.retention_days > 180 }");
    let floor = forbid("floor.1", true, "when { context has retention_days && context.retention_days > 90 }")
        + &forbid("floor.2", false, "when { context has bulk && context.bulk }");
    let laws = Laws::new()
        .with("below", "baseline", "", PERMIT, &below)
        .with("floor", "baseline", "", PERMIT, &floor);
    let Some((prover, laws)) = laws.load(&["below", "floor"]) else { return };
    let found = refuted(prover.implies(&Side::law(&laws[0]), &Side::Floor(laws[1].clone()), Vec::new()));
    assert_eq!(found.case.action.as_str(), "share");
    // At the edge, and nothing beside; the second forbid is no part of the floor.
    assert_eq!(facts(&found), json!({ "retention_days": 91 }));
    let b = found.b.unwrap();
    assert_eq!((found.a.outcome, b.outcome), (Outcome::Permitted, Outcome::Refused));
    assert_eq!(b.citations.iter().map(|citation| citation.rule.as_str()).collect::<Vec<_>>(), ["floor.1"]);
}

#[test]
fn an_office_that_can_say_yes_to_one_thing_says_it_to_nothing_else() {
    let rule = |id: &str, office: &str| {
        forbid(id, true, "when { context has bulk && context.bulk }")
            .replace("@enforce", &format!("@escalate_to({office:?}) @enforce"))
    };
    let laws = Laws::new().with("lenient", "baseline", "", PERMIT, &rule("law.1", "legal_officer")).with(
        "strict",
        "baseline",
        "",
        PERMIT,
        &rule("floor.1", "judge"),
    );
    let Some((prover, laws)) = laws.load(&["lenient", "strict"]) else { return };
    let found = refuted(prover.implies(&Side::law(&laws[0]), &Side::Floor(laws[1].clone()), Vec::new()));
    assert_eq!(facts(&found), json!({ "bulk": true }));
    assert_eq!(
        found.case.approvals.iter().map(|office| office.as_str()).collect::<Vec<_>>(),
        ["legal_officer"]
    );
    assert_eq!(found.b.unwrap().outcome, Outcome::Escalated);
}

#[test]
fn a_law_that_displaces_an_article_is_below_the_floor_that_holds_it() {
    let floor = forbid("floor.1", true, "when { context has bulk && context.bulk }");
    let laws = Laws::new()
        .with("treaty", "baseline", "", PERMIT, &floor)
        .with("XA", "jurisdiction", "", PERMIT, "")
        .with("XB", "jurisdiction", "displaces = [\"floor.1\"]", PERMIT, "");
    let Some((prover, laws)) = laws.load(&["treaty", "XA", "XB"]) else { return };
    let beside = |law: usize, code: &str| {
        let side = Side::Laws(vec![laws[0].clone(), laws[law].clone()]);
        let given = vec![comity_prove::claim::concerns(code)];
        prover.implies(&side, &Side::Floor(laws[0].clone()), given)
    };
    assert!(beside(1, "XA").holds());
    let found = refuted(beside(2, "XB"));
    assert_eq!(facts(&found), json!({ "bulk": true }));
    assert!([&found.case.sending, &found.case.receiving].iter().any(|party| party.as_str() == "XB"));
}

#[test]
fn a_rule_that_can_err_is_found_with_its_case() {
    let late = r#"datetime("2026-01-01").offset(duration("9223372036854775807ms")) > datetime("2026-01-01")"#;
    let errs = forbid("errs", true, &format!("when {{ context has bulk && context.bulk && {late} }}"));
    let fine = forbid("fine", true, "when { context has bulk && context.bulk }");
    let laws = Laws::new().with("law", "baseline", "", PERMIT, &(errs + &fine));
    let Some((prover, laws)) = laws.load(&["law"]) else { return };
    let found = refuted(prover.never_errs(&laws[0], &"errs".parse().unwrap()));
    assert_eq!(facts(&found), json!({ "bulk": true }));
    assert!(found.a.reasons.contains(&"policy_error".to_owned()), "{:?}", found.a);
    assert!(prover.never_errs(&laws[0], &"fine".parse().unwrap()).holds());
}

#[test]
fn a_rule_that_no_question_can_meet_is_dead() {
    let within = |days: u8| format!("context.warrant_within_{days}_working_days");
    let named = "context has warrant_within_3_working_days && context has warrant_within_5_working_days";
    let dead = forbid(
        "dead",
        false,
        "when { context has bulk && context.bulk }\nunless { context has bulk && context.bulk }",
    );
    // Cedar alone would have it alive: that three working days lie within five is for derived facts to know.
    let never = forbid("never", false, &format!("when {{ {named} && {} && !{} }}", within(3), within(5)));
    let alive = forbid("alive", false, &format!("when {{ {named} && {} && !{} }}", within(5), within(3)));
    let laws = Laws::new().with("law", "baseline", "", PERMIT, &(dead + &never + &alive));
    let Some((prover, laws)) = laws.load(&["law"]) else { return };
    assert!(prover.dead(&laws[0], &"dead".parse().unwrap()).holds());
    assert!(prover.dead(&laws[0], &"never".parse().unwrap()).holds());
    let found = refuted(prover.dead(&laws[0], &"alive".parse().unwrap()));
    // The derived facts are shown by the instant that they are worked out from.
    assert_eq!(found.case.facts.keys().collect::<Vec<_>>(), ["issued_at"]);
}

#[test]
fn what_the_engine_does_not_confirm_is_unknown() {
    let rule = "when { context has sending_declared && context.sending_declared.contains(Declaration::\"7(2)(b)\") }";
    let laws = Laws::new().with("XA", "jurisdiction", "", PERMIT, &forbid("declared", false, rule));
    let Some((prover, laws)) = laws.load(&["XA"]) else { return };
    // As if the law knew declarations, which the engine knows it does not.
    let standing = Standing { declares: true, in_force: true, may_lapse: false };
    let goal = Goal::Matches(laws[0].clone(), "declared".parse().unwrap());
    let search = Search {
        vocabulary: &prover.vocabulary,
        words: &prover.words,
        goal,
        against: None,
        given: Vec::new(),
        standing,
        parties: &[],
    };
    let found = search.run(&"share".parse().unwrap(), &mut Solver::default(), &prover.cache);
    assert!(matches!(&found, Found::Unknown(why) if why.contains("engine")), "{found:?}");
}

#[test]
fn each_state_stands_where_the_other_stands() {
    let own = |code: &str, days: u16| {
        forbid(
            &format!("{}.own", code.to_lowercase()),
            false,
            &format!("when {{ context has retention_days && context.retention_days > {days} }}"),
        )
        .replace("resource)", &format!("resource == Party::{code:?})"))
    };
    let laws = Laws::new().with("XA", "jurisdiction", "", PERMIT, &own("XA", 90)).with(
        "XB",
        "jurisdiction",
        "",
        PERMIT,
        &own("XB", 60),
    );
    let Some((prover, laws)) = laws.load(&["XA", "XB"]) else { return };
    let codes = ["XA", "XB"].map(|code| code.parse().unwrap());
    let lets_go = |own: usize, other: usize, code: &str| {
        let mirror = Side::Mirror(laws[other].clone(), codes.clone());
        prover.implies(&Side::law(&laws[own]), &mirror, vec![comity_prove::claim::at_home(code)])
    };
    // Of its own data XB is the stricter: XA would let go all that XB does, and not the other way round.
    assert!(lets_go(1, 0, "XB").holds());
    let found = refuted(lets_go(0, 1, "XA"));
    assert_eq!((found.case.sending.as_str(), facts(&found)), ("XA", json!({ "retention_days": 61 })));
}

#[test]
fn an_instrument_without_declarations_shows_rules_none() {
    // Where nobody can have declared anything, the law of XA forbids all; the treaty knows the declaration.
    let declared =
        "context has sending_declared && context.sending_declared.contains(Declaration::\"7(2)(b)\")";
    let asks = forbid("law.1", false, "unless { context has sending_declared }");
    let table =
        "[[declaration]]\nname = \"7(2)(b)\"\nkind = \"declaration\"\narticle = \"7\"\nsummary = \"s\"\n";
    let floor = forbid("floor.1", true, &format!("when {{ {declared} }}"));
    let laws = Laws::new()
        .with("XA", "jurisdiction", "", PERMIT, &asks)
        .with("treaty", "baseline", "", PERMIT, &floor)
        .with_tables("treaty", table);
    let Some((prover, laws)) = laws.load(&["XA", "treaty"]) else { return };
    // By itself it permits nothing, so nothing of it is below the floor; the treaty alone permits all that nobody declared.
    assert!(prover.implies(&Side::law(&laws[0]), &Side::Floor(laws[1].clone()), Vec::new()).holds());
    let found = refuted(prover.implies(&Side::law(&laws[1]), &Side::law(&laws[0]), Vec::new()));
    assert_eq!(found.b.unwrap().outcome, Outcome::Refused);
    let found = refuted(prover.dead(&laws[1], &"floor.1".parse().unwrap()));
    assert!(found.case.setup.contains_key("declarations"), "{:?}", found.case);
}
