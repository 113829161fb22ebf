//! Changes to one rule or figure of a pack, as somebody might make them by mistake.
//!
//! Owns which changes there are. Rules are changed in Cedar's own JSON form and printed by Cedar; figures of duties are
//! changed in their text.

use cedar_policy::{Policy, PolicySet};
use comity_agreement::pack::RuleEffect;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::str::FromStr as _;

/// What kind of change it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A condition, or one of its parts, is not there.
    Condition,
    /// A comparison or a negation is the other way round.
    Comparison,
    /// A number is one more or less.
    Number,
    /// A rule is not there.
    Rule,
    /// An attribute is misspelt.
    Attribute,
}

impl Kind {
    /// The word used in output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Condition => "condition dropped",
            Self::Comparison => "comparison flipped",
            Self::Number => "number moved by one",
            Self::Rule => "rule dropped",
            Self::Attribute => "attribute misspelt",
        }
    }
}

/// One changed file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mutant {
    /// What kind of change it is.
    pub kind: Kind,
    /// The file of the pack.
    pub file: &'static str,
    /// The rule that was changed; of a figure, the line.
    pub place: String,
    /// What stands there now.
    pub now: String,
    /// The whole file with it.
    pub text: String,
    /// The rule alone, as it is now; nothing for a figure, and where there is none any more.
    pub rule: Option<String>,
}

/// The files whose rules are changed.
const RULES: [(&str, RuleEffect); 3] = [
    ("permits.cedar", RuleEffect::Permit),
    ("forbids.cedar", RuleEffect::Forbid),
    ("obligations.cedar", RuleEffect::Obligation),
];

impl Mutant {
    /// What the rules of its file do; nothing for a file of figures.
    #[must_use]
    pub fn effect(&self) -> Option<RuleEffect> {
        RULES.iter().find(|(file, _)| *file == self.file).map(|(_, effect)| *effect)
    }
}

/// Every change to a pack, by the text of its files.
#[must_use]
pub fn every(text: &dyn Fn(&str) -> Option<String>) -> Vec<Mutant> {
    let mut out = Vec::new();
    for (file, _) in RULES {
        let Some(text) = text(file) else { continue };
        let Ok(parsed) = PolicySet::from_str(&text) else { continue };
        let rules: BTreeMap<String, Json> = parsed
            .policies()
            .filter_map(|policy| Some((policy.annotation("id")?.to_owned(), policy.to_json().ok()?)))
            .collect();
        let printed: BTreeMap<&String, String> =
            rules.iter().filter_map(|(id, est)| Some((id, print(est)?))).collect();
        let with = |id: &String, instead: &str| {
            let others =
                printed.iter().map(|(other, text)| if *other == id { instead } else { text.as_str() });
            others.collect::<Vec<_>>().join("\n\n")
        };
        for (id, est) in &rules {
            out.push(Mutant {
                kind: Kind::Rule,
                file,
                place: id.clone(),
                now: "nothing".into(),
                text: with(id, ""),
                rule: None,
            });
            for (kind, changed) in changes(est) {
                let Some(now) = print(&changed) else { continue };
                out.push(Mutant {
                    kind,
                    file,
                    place: id.clone(),
                    text: with(id, &now),
                    now: conditions(&now),
                    rule: Some(now),
                });
            }
        }
    }
    let templates = text("obligations.toml").unwrap_or_default();
    for file in ["obligations.toml", "pack.toml"] {
        if let Some(text) = text(file) {
            out.extend(figures(file, &text, &templates));
        }
    }
    out
}

fn print(est: &Json) -> Option<String> {
    Policy::from_json(None, est.clone()).ok()?.to_cedar()
}

/// A rule without its annotations, on one line.
fn conditions(text: &str) -> String {
    let own = text.lines().skip_while(|line| line.trim_start().starts_with('@'));
    own.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
}

/// Every change inside a rule.
fn changes(est: &Json) -> Vec<(Kind, Json)> {
    let mut out = Vec::new();
    let asked = est["conditions"].as_array().cloned().unwrap_or_default();
    for place in 0..asked.len() {
        let mut other = est.clone();
        if let Some(items) = other["conditions"].as_array_mut() {
            items.remove(place);
        }
        out.push((Kind::Condition, other));
        for (kind, body) in bodies(&asked[place]["body"]) {
            let mut other = est.clone();
            other["conditions"][place]["body"] = body;
            out.push((kind, other));
        }
    }
    out
}

/// Every change of a condition at one place in it.
fn bodies(body: &Json) -> Vec<(Kind, Json)> {
    let mut out = Vec::new();
    let Some((operator, args)) = body.as_object().and_then(|fields| fields.iter().next()) else { return out };
    let renamed = |to: &str| Json::Object([(to.to_owned(), args.clone())].into_iter().collect());
    match operator.as_str() {
        "&&" | "||" => {
            out.push((Kind::Condition, args["left"].clone()));
            out.push((Kind::Condition, args["right"].clone()));
        }
        "!" => out.push((Kind::Comparison, args["arg"].clone())),
        "==" => out.push((Kind::Comparison, renamed("!="))),
        "!=" => out.push((Kind::Comparison, renamed("=="))),
        "<" => out.push((Kind::Comparison, renamed(">="))),
        "<=" => out.push((Kind::Comparison, renamed(">"))),
        ">" => out.push((Kind::Comparison, renamed("<="))),
        ">=" => out.push((Kind::Comparison, renamed("<"))),
        "Value" => {
            if let Some(number) = args.as_i64() {
                for other in [number.saturating_sub(1), number.saturating_add(1)] {
                    out.push((Kind::Number, serde_json::json!({ "Value": other })));
                }
            }
        }
        "." | "has" => {
            if let Some(attribute) = args["attr"].as_str() {
                let mut other = body.clone();
                other[operator]["attr"] = misspelt(attribute).into();
                out.push((Kind::Attribute, other));
            }
        }
        _ => {}
    }
    for key in ["left", "right", "arg"] {
        for (kind, inner) in args.get(key).map(bodies).unwrap_or_default() {
            let mut other = body.clone();
            other[operator][key] = inner;
            out.push((kind, other));
        }
    }
    out
}

/// Two neighbours changed places; where they are the same letter, one is gone.
fn misspelt(word: &str) -> String {
    let mut letters: Vec<char> = word.chars().collect();
    let middle = letters.len() / 2;
    if middle == 0 || letters[middle - 1] == letters[middle] {
        letters.remove(middle);
    } else {
        letters.swap(middle - 1, middle);
    }
    letters.into_iter().collect()
}

/// Figures that duties rest on, one more and one less.
fn figures(file: &'static str, text: &str, templates: &str) -> Vec<Mutant> {
    let mut out = Vec::new();
    let mut parameter = None;
    let used = |name: &str| templates.contains(&format!("parameter = \"{name}\""));
    let lines: Vec<&str> = text.split('\n').collect();
    for (number, line) in lines.iter().enumerate() {
        if line.starts_with('[') {
            parameter = line.strip_prefix("[parameter.").and_then(|rest| rest.strip_suffix(']'));
        }
        let figure = match file {
            "pack.toml" => line.starts_with("value") && parameter.is_some_and(used),
            _ => ["period", "days = ", "hours = ", "months = ", "weeks = "]
                .iter()
                .any(|word| line.contains(word)),
        };
        if !figure || line.trim_start().starts_with('#') {
            continue;
        }
        for (begin, end) in numbers(line) {
            let Ok(was) = line[begin..end].parse::<i64>() else { continue };
            for is in [was - 1, was + 1].into_iter().filter(|is| *is >= 0) {
                let now = format!("{}{is}{}", &line[..begin], &line[end..]);
                let mut changed: Vec<&str> = lines.clone();
                changed[number] = &now;
                let place = format!("line {}", number + 1);
                out.push(Mutant {
                    kind: Kind::Number,
                    file,
                    place,
                    text: changed.join("\n"),
                    now: now.trim().into(),
                    rule: None,
                });
            }
        }
    }
    out
}

/// The plain numbers in a line, outside words and dates.
fn numbers(line: &str) -> Vec<(usize, usize)> {
    let mut out = Vec::new();
    let bytes = line.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if !bytes[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        let begin = at;
        while at < bytes.len() && bytes[at].is_ascii_digit() {
            at += 1;
        }
        let apart = |byte: Option<&u8>| {
            byte.is_none_or(|byte| matches!(byte, b' ' | b'"' | b'=' | b',' | b'}' | b'{'))
        };
        if apart(begin.checked_sub(1).and_then(|before| bytes.get(before))) && apart(bytes.get(at)) {
            out.push((begin, at));
        }
    }
    out
}
