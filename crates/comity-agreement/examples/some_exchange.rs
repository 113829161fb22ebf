//! Is there, for each two states whose law is shipped and each agreement that names both, an exchange that the agreement and
//! both laws permit? The agreement's own permitted cases are asked between the two, with both laws: the engine's yes is a
//! witness. A pair without one is named, with the reasons of the nearest refusal, for `comity law exchange` to look further.
//!
//! `cargo run --release -p comity-agreement --example some_exchange`

use comity_agreement::try_case::try_case;
use comity_agreement::{Library, shipped};
use serde_json::{Value as Json, json};
use std::io::Write as _;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut out = std::io::stdout();
    let mut library = Library::open(shipped())?;
    let dirs: Vec<(String, String)> =
        library.slugs().into_iter().filter_map(|s| Some((library.dir(&s)?, s.to_string()))).collect();
    let of = |root: &'static str| dirs.iter().filter(move |(dir, _)| dir.starts_with(root));
    writeln!(out, "| agreement | pairs | with an exchange | without |\n|---|--:|--:|---|")?;
    for (dir, slug) in of("agreements/") {
        let slug = slug.parse()?;
        let law = library.law(&slug)?;
        let names = |code: &str| {
            let mut rows = law.pack().status.iter();
            rows.any(|row| row.parties.as_ref().is_none_or(|parties| parties.contains(code)))
        };
        let states: Vec<&str> =
            of("jurisdictions/").map(|(_, code)| code.as_str()).filter(|code| names(code)).collect();
        let permitted = permitted(&format!("{dir}/scenarios.jsonl"));
        let pairs = states.iter().flat_map(|from| states.iter().map(move |to| (*from, *to)));
        let (mut with, mut without) = (0, Vec::new());
        for (from, to) in pairs.filter(|(from, to)| from != to) {
            let answers = permitted.iter().map(|case| try_case(&mut library, &between(case, from, to)));
            match nearest(answers) {
                None => with += 1,
                Some(reasons) => without.push(format!("{from} to {to} {reasons}")),
            }
        }
        writeln!(out, "| {slug} | {} | {with} | {} |", with + without.len(), without.join("; "))?;
    }
    Ok(())
}

/// The cases in which data goes to another party, and should.
fn permitted(path: &str) -> Vec<Json> {
    let text = shipped().0.get(path).map(|bytes| String::from_utf8_lossy(bytes)).unwrap_or_default();
    let cases = text.lines().filter_map(|line| serde_json::from_str(line).ok());
    let goes = |case: &Json| {
        case["expected"]["outcome"] == "permit"
            && case["action"].as_str().is_some_and(|act| MOVES.contains(&act))
    };
    cases.filter(goes).collect()
}

/// The acts by which data goes from one party to another, or is asked for.
const MOVES: [&str; 10] = [
    "share",
    "transfer",
    "order_direct",
    "order_production",
    "order_give_effect",
    "mla_request",
    "police_request",
    "notice_request",
    "onward_share",
    "use",
];

/// The case between these two, under both their laws, of an instrument in force.
fn between(case: &Json, from: &str, to: &str) -> Json {
    let mut case = case.clone();
    case["sending"] = from.into();
    case["receiving"] = to.into();
    let declared = case["setup"]["declarations"].clone();
    case["setup"] = json!({ "national": true, "assume_in_force": true, "declarations": declared });
    case
}

/// `None` where one permits; else the reasons of the one that gives the fewest.
fn nearest(mut answers: impl Iterator<Item = Json>) -> Option<String> {
    let mut fewest: Option<Json> = None;
    let found = answers.any(|answer| {
        let count = |answer: &Json| answer["reasons"].as_array().map_or(usize::MAX, Vec::len);
        if fewest.as_ref().is_none_or(|held| count(&answer) < count(held)) {
            fewest = Some(answer.clone());
        }
        answer["outcome"] == "permit"
    });
    (!found).then(|| fewest.map_or_else(String::new, |answer| answer["reasons"].to_string()))
}
