//! The worked case that is missing where nobody notices a change: a question to which the law as it is and the changed
//! one answer differently, with the answer of the law as it is.
//!
//! What it expects is what the engine says today. Whether that is what the article says is for a person to read.

use crate::case::Case;
use crate::claim::Verdict;
use crate::mutants::Bench;
use crate::mutate::{Kind, Mutant};
use comity_agreement::Law;
use comity_agreement::pack::Rule;
use comity_agreement::try_case::{amiss, try_case};
use comity_terms::{PackSlug, RuleId};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeSet;
use std::sync::Arc;

impl Bench<'_, '_> {
    /// A case that notices the change; nothing where none was found.
    #[must_use]
    pub fn suggest(&self, mutant: &Mutant, id: &str) -> Option<Json> {
        let changed = self.changed(mutant);
        let mut after = self.after(mutant, &changed).ok()?;
        let mut before = self.before();
        let slug = self.law.pack().slug.clone();
        let law = after.law(&slug).ok()?;
        let rule = self.rule_of(mutant)?;
        let mut cases = self.questions(mutant, &law, rule);
        // A duty that runs from a fact has a date only where the fact is stated.
        let dated: Vec<Case> = cases.iter().flat_map(|case| self.dated(case, rule)).collect();
        cases.extend(dated);
        let mut told = |case: &Case| {
            let line = asked(&slug, case);
            let (was, is) = (try_case(&mut before, &line), try_case(&mut after, &line));
            let outside = was["reasons"].as_array().is_some_and(|given| given.contains(&OUTSIDE.into()));
            let line = expecting(line, (&was, &is), rule, id)?;
            (amiss(&line, &was).is_none() && amiss(&line, &is).is_some()).then_some((line, outside))
        };
        let (mut beyond, mut found) = (None, None);
        for case in &cases {
            match told(case) {
                Some((line, false)) => return Some(line),
                Some((line, true)) if beyond.is_none() => (beyond, found) = (Some(line), Some(case)),
                _ => {}
            }
        }
        // A case within the scope of the pack says more than one that is refused for that already.
        let within = found.into_iter().flat_map(|case| self.scoped(case));
        within.filter_map(|case| told(&case)).find(|(_, outside)| !outside).map(|(line, _)| line).or(beyond)
    }

    /// The case as it might lie within the scope of the pack: with each of its activities, then with each of its
    /// categories of data too, where the case states none.
    fn scoped(&self, case: &Case) -> Vec<Case> {
        let pack = self.law.pack();
        let with = |key: &str, words: Vec<&str>, cases: Vec<Case>| -> Vec<Case> {
            let each = |case: Case| {
                let stated = case.facts.contains_key(key);
                let words = words.iter().filter(move |_| !stated).map(move |word| {
                    let mut other = case.clone();
                    other.facts.insert(key.to_owned(), (*word).into());
                    other
                });
                words.collect::<Vec<_>>()
            };
            cases.into_iter().flat_map(each).collect()
        };
        let activities = pack.activities.iter().map(|word| word.as_str()).collect();
        let categories: Vec<&str> = pack.data_categories.iter().map(|word| word.as_str()).collect();
        let acting = with("activity", activities, vec![case.clone()]);
        let both = with("data_category", categories.clone(), acting.clone());
        acting.into_iter().chain(with("data_category", categories, vec![case.clone()])).chain(both).collect()
    }

    /// The rule that a change is about.
    fn rule_of(&self, mutant: &Mutant) -> Option<&Rule> {
        let rules = self.law.pack().rules();
        if let Some(rule) = rules.iter().find(|rule| rule.id.as_str() == mutant.place) {
            return Some(rule);
        }
        let number: usize = mutant.place.strip_prefix("line ")?.parse().ok()?;
        let lines: Vec<&str> = mutant.text.lines().collect();
        let templates = self.text("obligations.toml")?;
        let id = if mutant.file == "pack.toml" {
            let heads = lines.get(..number)?.iter().rev();
            let name = heads.filter_map(|line| line.strip_prefix("[parameter.")?.strip_suffix(']')).next()?;
            let named = templates.find(&format!("parameter = {name:?}"))?;
            quoted(templates[..named].lines().rev().find(|line| line.starts_with("rule"))?)?.to_owned()
        } else {
            quoted(lines.get(..number)?.iter().rev().find(|line| line.starts_with("rule"))?)?.to_owned()
        };
        rules.iter().find(|rule| rule.id.as_str() == id)
    }

    /// Questions at which the change might show.
    fn questions(&self, mutant: &Mutant, law: &Arc<Law>, rule: &Rule) -> Vec<Case> {
        let found = if matches!(mutant.kind, Kind::Rule) || mutant.place.starts_with("line ") {
            match self.prover.dead(&self.law, &rule.id).verdict {
                Verdict::Fails(found) => [Some(found.case), None],
                _ => [None, None],
            }
        } else {
            [self.only(law, &self.law, rule), self.only(&self.law, law, rule)]
        };
        found.into_iter().flatten().collect()
    }

    /// The case with the facts that the rule's duties run from.
    fn dated(&self, case: &Case, rule: &Rule) -> Option<Case> {
        let templates = self.text("obligations.toml")?;
        let mut out = case.clone();
        for block in templates.split("[[obligation]]").filter(|block| owes(block, &rule.id)) {
            for word in block.split('"') {
                let term = self.prover.vocabulary.fact(word);
                if term.is_some_and(|term| {
                    term.kind == comity_agreement::vocabulary::FactType::Datetime && term.derived.is_none()
                }) {
                    out.facts.insert(word.to_owned(), case.at.to_string().into());
                }
            }
        }
        (out != *case).then_some(out)
    }
}

/// What the engine says of a question that no permit matches.
const OUTSIDE: &str = "no_governing_rule";

/// Whether a template is of the rule.
fn owes(block: &str, rule: &RuleId) -> bool {
    block.lines().find(|line| line.starts_with("rule")).and_then(quoted) == Some(rule.as_str())
}

/// The text between the first quotes of a line.
fn quoted(line: &str) -> Option<&str> {
    line.split('"').nth(1)
}

/// The case as a line asks it.
fn asked(slug: &PackSlug, case: &Case) -> Json {
    let mut line = case.json();
    let staged = ["status", "sunset_history"].iter().any(|key| case.setup.contains_key(*key));
    let mut setup = case.setup.clone();
    if !staged {
        setup.insert("assume_in_force".into(), true.into());
    }
    line.insert("setup".into(), setup.into());
    line.insert("instrument".into(), slug.as_str().into());
    line.remove("approvals");
    line.into()
}

/// The line with what it expects: the answer of the law as it is, where the two differ.
fn expecting(line: Json, (was, is): (&Json, &Json), rule: &Rule, id: &str) -> Option<Json> {
    let words = |json: &Json| -> BTreeSet<String> {
        let reasons = json["reasons"].as_array().into_iter().flatten().filter_map(Json::as_str);
        let owed = json["obligations"].as_array().into_iter().flatten();
        reasons.chain(owed.filter_map(|duty| duty["type"].as_str())).map(str::to_owned).collect()
    };
    let others = is["obligations"].as_array().cloned().unwrap_or_default();
    let owed: Vec<Json> = was["obligations"]
        .as_array()?
        .iter()
        .filter(|duty| !others.contains(duty))
        .map(|duty| {
            let told = ["type", "value", "due_operational", "due_legal_latest"].into_iter();
            told.filter(|key| !duty[*key].is_null()).map(|key| (key.to_owned(), duty[key].clone())).collect()
        })
        .collect();
    let absent: Vec<String> = words(is).difference(&words(was)).cloned().collect();
    let mut expected = Map::new();
    expected.insert("outcome".into(), was["outcome"].clone());
    expected.insert("reasons".into(), was["reasons"].clone());
    expected.insert("obligations".into(), owed.into());
    if !absent.is_empty() {
        expected.insert("absent".into(), json!(absent));
    }
    let field = |key: &str| line[key].clone();
    let matched =
        was["citations"].as_array().into_iter().flatten().any(|cited| cited["rule"] == rule.id.as_str());
    let title = if matched { rule.summary.to_string() } else { format!("Beyond the rule: {}", rule.summary) };
    Some(json!({
        "id": id, "instrument": field("instrument"), "title": title, "sending": field("sending"),
        "receiving": field("receiving"), "action": field("action"), "at": field("at"), "setup": field("setup"),
        "facts": field("facts"), "expected": expected,
        "basis": [{ "article": rule.article.as_str(), "gist": "at the edge of the rule" }],
        "assumptions": [], "certainty": "interpretive",
    }))
}
