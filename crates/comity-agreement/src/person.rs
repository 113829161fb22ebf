//! A law for a person who is no lawyer: the same rules and figures as [`explain::show`](crate::explain::show) gives to
//! lawyers, in sentences without codes. Nothing here is written for one pack: every word comes from the pack and from the
//! vocabulary.

use crate::compile::Law;
use crate::pack::{ParameterKind, Rule, RuleEffect};
use crate::question::value_json;
use crate::vocabulary::Vocabulary;
use comity_terms::calendar::Period;
use comity_terms::{JurisdictionCode, RuleId};
use std::collections::BTreeSet;

/// A heading with what stands under it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paragraph {
    /// The heading.
    pub heading: &'static str,
    /// Sentences, each once.
    pub lines: Vec<String>,
    /// The rules that the sentences are of.
    pub rules: BTreeSet<RuleId>,
}

/// The law in paragraphs; those that would be empty are left out.
#[must_use]
pub fn for_person(law: &Law, vocabulary: &Vocabulary) -> Vec<Paragraph> {
    let pack = law.pack();
    let told = Telling { law, vocabulary };
    let purposes = pack.purposes.iter().map(|purpose| {
        vocabulary.purposes().get(purpose.as_str()).cloned().unwrap_or_else(|| plain(purpose.as_str()))
    });
    let activities = pack.activities.iter().map(|activity| plain(activity.as_str()));
    let data = pack.data_categories.iter().map(|category| plain(category.as_str()));
    let watches = pack.supervision.iter().chain(&pack.oversight).map(|seat| plain(seat));
    let limits = pack.articles.iter().map(|note| note.note.clone());
    let mut out = vec![
        facts("Who is bound, and since when", told.status()),
        facts("What it is for", purposes.collect()),
        facts("For which work together", activities.collect()),
        facts("Which data", data.collect()),
        told.rules("What is allowed", RuleEffect::Permit, |rule| vec![sentence(&rule.summary)]),
        told.rules("What is not allowed", RuleEffect::Forbid, |rule| vec![told.forbidden(rule)]),
        told.rules("What has to be done", RuleEffect::Obligation, |rule| vec![told.duty(rule)]),
        told.rights(),
        facts("By when", told.deadlines()),
        facts("Who watches over it", watches.collect()),
        facts("What no machine can make sure of", limits.collect()),
    ];
    out.retain(|paragraph| !paragraph.lines.is_empty());
    out
}

struct Telling<'a> {
    law: &'a Law,
    vocabulary: &'a Vocabulary,
}

impl Telling<'_> {
    fn rules(
        &self,
        heading: &'static str,
        effect: RuleEffect,
        lines: impl Fn(&Rule) -> Vec<String>,
    ) -> Paragraph {
        let rules = self.law.pack().rules().iter().filter(|rule| rule.effect == effect);
        let mut paragraph = Paragraph { heading, lines: Vec::new(), rules: BTreeSet::new() };
        for rule in rules {
            paragraph.add(lines(rule));
            paragraph.rules.insert(rule.id.clone());
        }
        paragraph
    }

    /// What a rule forbids, and who may let it go all the same.
    fn forbidden(&self, rule: &Rule) -> String {
        let summary = sentence(&rule.summary);
        let office = rule.escalate_to.as_ref().and_then(|office| self.vocabulary.offices().get(office));
        match office {
            Some(office) => format!("{summary} An exception is for one to decide: {}.", uncapital(office)),
            None => summary,
        }
    }

    /// What a rule lays down, and what is owed by it.
    fn duty(&self, rule: &Rule) -> String {
        let owed: BTreeSet<String> = self.owed(rule).map(|(_, summary)| uncapital(&summary)).collect();
        let owed: Vec<String> = owed.into_iter().collect();
        let summary = sentence(&rule.summary);
        if owed.is_empty() { summary } else { format!("{summary} To do: {}.", owed.join("; ")) }
    }

    /// The types of duty of a rule: whether it is a right of the person, and its words.
    fn owed(&self, rule: &Rule) -> impl Iterator<Item = (bool, String)> {
        let templates = self.law.pack().templates(&rule.id);
        templates
            .iter()
            .filter_map(|template| self.vocabulary.obligations().get(&template.kind))
            .map(|term| (term.right, term.summary.clone()))
    }

    /// What the person concerned may ask or must be told.
    fn rights(&self) -> Paragraph {
        let mut paragraph = Paragraph { heading: "Your rights", lines: Vec::new(), rules: BTreeSet::new() };
        for rule in self.law.pack().rules() {
            let rights: Vec<String> =
                self.owed(rule).filter(|(right, _)| *right).map(|(_, summary)| sentence(&summary)).collect();
            if !rights.is_empty() {
                paragraph.add(rights);
                paragraph.rules.insert(rule.id.clone());
            }
        }
        paragraph
    }

    fn status(&self) -> Vec<String> {
        let rows = self.law.pack().status.iter().map(|row| {
            let parties = row.parties.as_ref().map_or_else(
                || "everyone".to_owned(),
                |parties| parties.iter().map(|code| self.place(code)).collect::<Vec<_>>().join(", "),
            );
            let until = row.until.map_or_else(String::new, |until| format!(" until {until}"));
            sentence(&format!("{} from {}{until}, for {parties}", plain(row.state.as_str()), row.from))
        });
        rows.collect()
    }

    fn place(&self, code: &JurisdictionCode) -> String {
        self.vocabulary.places().get(code).map_or_else(|| code.to_string(), |place| place.name.clone())
    }

    /// The figures that are spans of time.
    fn deadlines(&self) -> Vec<String> {
        let spans = self.law.pack().parameters.iter().filter_map(|(name, parameter)| {
            let serde_json::Value::String(text) = value_json(&parameter.value) else { return None };
            text.parse::<Period>().ok()?;
            let by = match parameter.kind {
                ParameterKind::Treaty => "as the law says",
                ParameterKind::PartySet => "as the parties set it",
            };
            Some(sentence(&format!("{}: {text}, {by}", plain(name))))
        });
        spans.collect()
    }
}

impl Paragraph {
    fn add(&mut self, lines: Vec<String>) {
        for line in lines {
            if !self.lines.contains(&line) {
                self.lines.push(line);
            }
        }
    }
}

fn facts(heading: &'static str, lines: Vec<String>) -> Paragraph {
    let mut paragraph = Paragraph { heading, lines: Vec::new(), rules: BTreeSet::new() };
    paragraph.add(lines.iter().map(|line| sentence(line)).collect());
    paragraph
}

/// A word of the vocabulary as people write it.
fn plain(word: &str) -> String {
    word.replace('_', " ")
}

/// The text as a sentence: a capital, and a full stop.
fn sentence(text: &str) -> String {
    let text = text.trim().trim_end_matches('.');
    let mut letters = text.chars();
    let capital = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{capital}{}.", letters.as_str())
}

/// The text as it stands within a sentence: a word in capitals stays one.
fn uncapital(text: &str) -> String {
    let text = text.trim().trim_end_matches('.');
    let mut letters = text.chars();
    let Some(first) = letters.next() else { return String::new() };
    let rest = letters.as_str();
    if rest.chars().next().is_some_and(char::is_uppercase) {
        return text.to_owned();
    }
    format!("{}{rest}", first.to_lowercase())
}
