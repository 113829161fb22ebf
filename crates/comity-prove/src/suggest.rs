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
        let mut after = self.over(&changed);
        let mut before = self.over(self.library.source());
        let slug = self.law.pack().slug.clone();
        let law = after.law(&slug).ok()?;
        let rule = self.rule_of(mutant)?;
        let mut cases = self.questions(mutant, &law, rule);
        // A duty that runs from a fact has a date only where the fact is stated.
        let dated: Vec<Case> = cases.iter().flat_map(|case| self.dated(case, rule)).collect();
        cases.extend(dated);
        cases.into_iter().find_map(|case| {
            let (was, is) = {
                let line = asked(&slug, &case);
                (try_case(&mut before, &line), try_case(&mut after, &line))
            };
            let line = expecting(asked(&slug, &case), (&was, &is), rule, id)?;
            (amiss(&line, &was).is_none() && amiss(&line, &is).is_some()).then_some(line)
        })
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
        let proofs = if matches!(mutant.kind, Kind::Rule) || mutant.place.starts_with("line ") {
            vec![self.prover.dead(&self.law, &rule.id)]
        } else {
            let differs = |is: &Arc<Law>, was: &Arc<Law>| self.prover.differs(is, was, &rule.id);
            vec![differs(law, &self.law), differs(&self.law, law)]
        };
        let found = proofs.into_iter().filter_map(|proof| match proof.verdict {
            Verdict::Fails(found) => Some(found.case),
            _ => None,
        });
        found.collect()
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
