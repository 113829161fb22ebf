//! What commands print: JSON as the contract has it, and lines for people.

use crate::case::Case;
use crate::claim::{Counterexample, Proof, Verdict};
use crate::replay::Answer;
use serde_json::{Map, Value as Json, json};

/// The word for a verdict.
#[must_use]
pub fn word(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Holds => "holds",
        Verdict::Fails(_) => "fails",
        Verdict::Unknown(_) => "unknown",
    }
}

/// A proof as JSON.
#[must_use]
pub fn proof(proof: &Proof, seconds: f64) -> Map<String, Json> {
    let mut out = Map::new();
    out.insert("verdict".into(), word(&proof.verdict).into());
    out.insert("seconds".into(), json!((seconds * 1_000.0).round() / 1_000.0));
    out.insert("environments".into(), proof.environments.into());
    let case = if let Verdict::Fails(case) = &proof.verdict { counterexample(case) } else { Json::Null };
    out.insert("counterexample".into(), case);
    if let Verdict::Unknown(why) = &proof.verdict {
        out.insert("reason".into(), why.as_str().into());
    }
    out
}

/// A counterexample as JSON: the case, with what each side says.
#[must_use]
pub fn counterexample(found: &Counterexample) -> Json {
    let mut out = found.case.json();
    out.insert("a".into(), found.a.json());
    if let Some(b) = &found.b {
        out.insert("b".into(), b.json());
    }
    out.into()
}

/// A case in lines for people.
#[must_use]
pub fn lines(found: &Counterexample, a: &str, b: &str) -> Vec<String> {
    let mut out = case_lines(&found.case);
    out.extend(answer(a, &found.a));
    out.extend(found.b.iter().flat_map(|said| answer(b, said)));
    out
}

/// What a case asks, in lines for people.
#[must_use]
pub fn case_lines(case: &Case) -> Vec<String> {
    let mut out = vec![format!("  {} from {} to {}, {}", case.action, case.sending, case.receiving, case.at)];
    out.extend(case.facts.iter().map(|(key, value)| format!("    {key} = {}", told(value))));
    out.extend(case.setup.iter().map(|(key, value)| format!("    {key}: {}", told(value))));
    out.extend(case.approvals.iter().map(|office| format!("    approved by {office}")));
    out
}

fn told(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn answer(name: &str, said: &Answer) -> Vec<String> {
    let reasons =
        if said.reasons.is_empty() { String::new() } else { format!(" ({})", said.reasons.join(", ")) };
    let head = format!("  {name}: {}{reasons}", said.outcome.as_str());
    let cited =
        said.citations.iter().map(|c| format!("    {} {} {}: {}", c.effect, c.pack, c.article, c.summary));
    std::iter::once(head).chain(cited).collect()
}
