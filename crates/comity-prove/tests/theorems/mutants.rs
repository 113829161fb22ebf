//! Who notices which change, and the case that is missing where nobody does.

use crate::laws::{Laws, PERMIT, forbid};
use comity_agreement::Library;
use comity_prove::mutants::{Bench, Noticed, sample};
use comity_prove::mutate::{Kind, Mutant};
use serde_json::{Value as Json, json};

/// A case of `law` about those facts.
fn case(facts: &Json, outcome: &str) -> String {
    json!({
        "id": "1", "instrument": "law", "sending": "XA", "receiving": "XB", "action": "share",
        "at": "2026-09-16T12:00:00Z", "setup": {}, "facts": facts,
        "expected": { "outcome": outcome, "reasons": [], "obligations": [] },
    })
    .to_string()
}

#[test]
fn each_change_is_noticed_by_whom_it_should_be() {
    let floor = forbid("floor", true, "when { context has bulk && context.bulk }");
    let cased = forbid("cased", false, "when { context has urgent && context.urgent }");
    let bare = forbid("bare", false, "when { context has retention_days && context.retention_days > 90 }");
    let twice =
        forbid("twice", false, "when { context has reshare && (context.reshare || context.reshare) }");
    let cases = [
        case(&json!({ "urgent": true }), "deny"),
        case(&json!({ "reshare": true }), "deny"),
        case(&json!({}), "permit"),
    ];
    let laws = Laws::new()
        .with("law", "baseline", "", PERMIT, &(floor + &cased + &bare + &twice))
        .put("agreements/law/scenarios.jsonl", &cases.join("\n"));
    let Some((prover, _)) = laws.load(&["law"]) else { return };
    let mut library = Library::open(laws.files()).unwrap();
    let bench = Bench::new(&prover, &mut library, &"law".parse().unwrap()).unwrap();
    let every = bench.mutants();
    let of = |kind: Kind, place: &str| -> Vec<&Mutant> {
        every.iter().filter(|mutant| mutant.kind == kind && mutant.place == place).collect()
    };
    let noticed = |kind, place: &str| -> Vec<Noticed> {
        of(kind, place).into_iter().map(|m| bench.notice(m)).collect()
    };

    assert_eq!(noticed(Kind::Rule, "floor"), [Noticed::Proof]);
    assert_eq!(noticed(Kind::Rule, "cased"), [Noticed::Case]);
    assert_eq!(noticed(Kind::Rule, "bare"), [Noticed::Nobody]);
    assert!(noticed(Kind::Attribute, "cased").iter().all(|by| *by == Noticed::Load));
    assert!(
        noticed(Kind::Condition, "twice").contains(&Noticed::Same),
        "either of two equal alternatives may go"
    );
    assert_eq!(of(Kind::Number, "bare").len(), 2);

    // Two either side of the edge: one case each would notice.
    for mutant in of(Kind::Number, "bare") {
        assert_eq!(bench.notice(mutant), Noticed::Nobody);
        let line = bench.suggest(mutant, "edge").unwrap();
        let days = line["facts"]["retention_days"].as_i64().unwrap();
        let outcome = if days > 90 { "deny" } else { "permit" };
        assert!([90, 91].contains(&days) && line["expected"]["outcome"] == outcome, "{line}");
    }
}

#[test]
fn a_seed_takes_the_same_mutants_each_time() {
    let laws =
        Laws::new().with("law", "baseline", "", PERMIT, &forbid("floor", true, "when { context has bulk }"));
    let Some((prover, _)) = laws.load(&["law"]) else { return };
    let mut library = Library::open(laws.files()).unwrap();
    let bench = Bench::new(&prover, &mut library, &"law".parse().unwrap()).unwrap();
    let taken = |seed| sample(bench.mutants(), seed, 3);
    assert_eq!(taken(7), taken(7));
    assert_eq!(sample(bench.mutants(), 7, 1_000).len(), bench.mutants().len());
}
