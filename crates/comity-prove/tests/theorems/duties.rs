//! What becomes of duties when a law is amended.

use crate::laws::{Laws, PERMIT};
use comity_prove::duties::{Change, changes, direction};
use serde_json::json;

/// A law that asks for deletion after a period, where the condition holds.
fn law(condition: &str, period: &str) -> Laws {
    let rule = format!(
        "@id(\"owed\") @article(\"3\") @summary(\"It is deleted.\") @enforce(\"cause\")\n\
         permit (principal, action == Action::\"share\", resource) when {{ {condition} }};\n"
    );
    let template = format!(
        "[[obligation]]\nrule = \"owed\"\ntype = \"delete_by\"\nowner = \"receiver\"\nstarts = \"at\"\n\
         period = {period:?}\nevidence = \"the entry\"\n"
    );
    Laws::new()
        .with("law", "baseline", "", PERMIT, "")
        .put("agreements/law/obligations.cedar", &rule)
        .put("agreements/law/obligations.toml", &template)
}

#[test]
fn a_duty_that_vanishes_and_one_that_comes_later_are_told_with_a_case() {
    let personal = "context has personal_data && context.personal_data";
    let lenient = format!("{personal} && !(context has bulk && context.bulk)");
    let Some((prover, was)) = law(personal, "30 days").load(&["law"]) else { return };
    let Some((_, is)) = law(&lenient, "60 days").load(&["law"]) else { return };

    let told = changes(&prover, &was[0], &is[0]);
    let of: Vec<(&str, Change)> = told.iter().map(|duty| (duty.kind.as_str(), duty.change)).collect();
    assert_eq!(of, [("delete_by", Change::Vanishes), ("delete_by", Change::Weaker)]);
    let facts = &told[0].case.as_ref().unwrap().facts;
    assert_eq!(json!(facts), json!({ "bulk": true, "personal_data": true }));
    assert_eq!(direction(&told), "weaker");

    let back = changes(&prover, &is[0], &was[0]);
    assert_eq!(back.iter().map(|duty| duty.change).collect::<Vec<_>>(), [Change::Appears, Change::Stronger]);
    assert_eq!(direction(&back), "stronger");
    assert_eq!(direction(&changes(&prover, &was[0], &was[0])), "same");
}
