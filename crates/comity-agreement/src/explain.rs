//! A pack in plain words: what `law show` prints and the rule explorer shows.

use crate::compile::Law;
use crate::pack::{Enforcement, ParameterKind, RuleEffect};
use crate::question::value_json;
use comity_terms::{Article, PackSlug, RuleId};

/// A pack for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Its name.
    pub slug: PackSlug,
    /// Its title.
    pub title: String,
    /// How it is cited.
    pub citation: String,
    /// How well its text was checked.
    pub certainty: String,
    /// What it covers, a sentence a line.
    pub scope: Vec<String>,
    /// Where and when it is in force.
    pub status: Vec<String>,
    /// Its figures.
    pub parameters: Vec<ShownParameter>,
    /// Its articles, in the order of the files; then those that no rule can enforce.
    pub articles: Vec<ShownArticle>,
    /// The packs asked with it.
    pub includes: Vec<PackSlug>,
}

/// A figure for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownParameter {
    /// Its name.
    pub name: String,
    /// Its value, written out.
    pub value: String,
    /// Who set it: "the treaty" or "the parties".
    pub set_by: &'static str,
    /// How well it was checked, in words.
    pub certainty: String,
    /// What a reader should know.
    pub note: Option<String>,
}

/// An article for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownArticle {
    /// The article.
    pub article: Article,
    /// The rule that encodes it; absent where none can.
    pub rule: Option<RuleId>,
    /// "allows", "forbids", "lays down a duty" or "is not enforced".
    pub does: &'static str,
    /// The article in one sentence.
    pub summary: String,
    /// How far a gateway can enforce it.
    pub enforce: &'static str,
    /// Who can lift it.
    pub lifted_by: Option<String>,
    /// What is owed when it matches.
    pub owes: Vec<String>,
}

/// A law in plain words.
#[must_use]
pub fn show(law: &Law) -> Shown {
    let pack = law.pack();
    let list = |label: &str, items: Vec<String>| {
        (!items.is_empty()).then(|| format!("{label}: {}", items.join(", ")))
    };
    let words = |items: &[String]| items.to_vec();
    let scope = [
        list("activities", pack.activities.iter().map(|a| a.as_str().replace('_', " ")).collect()),
        list("purposes", pack.purposes.iter().map(|p| p.as_str().replace('_', " ")).collect()),
        list("data", pack.data_categories.iter().map(|d| d.as_str().replace('_', " ")).collect()),
        list("recipients", words(&pack.recipients)),
        list("supervised by", pack.supervision.iter().cloned().collect()),
    ];
    let status = pack.status.iter().map(|row| {
        let parties = row.parties.as_ref().map_or_else(
            || "everyone".to_owned(),
            |parties| parties.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        );
        let until = row.until.map_or_else(String::new, |until| format!(" until {until}"));
        format!("{} from {}{until}: {parties}", row.state.as_str().replace('_', " "), row.from)
    });
    let parameters = pack.parameters.iter().map(|(name, parameter)| ShownParameter {
        name: name.replace('_', " "),
        value: match value_json(&parameter.value) {
            serde_json::Value::String(text) => text,
            other => other.to_string(),
        },
        set_by: match parameter.kind {
            ParameterKind::Treaty => "the treaty",
            ParameterKind::PartySet => "the parties",
        },
        certainty: certainty(&parameter.certainty).to_owned(),
        note: parameter.note.clone(),
    });
    let rules = pack.rules().iter().map(|rule| ShownArticle {
        article: rule.article.clone(),
        rule: Some(rule.id.clone()),
        does: match rule.effect {
            RuleEffect::Permit => "allows",
            RuleEffect::Forbid => "forbids",
            RuleEffect::Obligation => "lays down a duty",
        },
        summary: rule.summary.to_string(),
        enforce: enforcement(rule.enforce),
        lifted_by: rule.escalate_to.as_ref().map(|office| office.as_str().replace('_', " ")),
        owes: pack
            .templates(&rule.id)
            .iter()
            .map(|template| template.kind.as_str().replace('_', " "))
            .collect(),
    });
    let notes = pack.articles.iter().map(|note| ShownArticle {
        article: note.article.clone(),
        rule: None,
        does: "is not enforced",
        summary: note.note.clone(),
        enforce: enforcement(note.enforce),
        lifted_by: None,
        owes: Vec::new(),
    });
    Shown {
        slug: pack.slug.clone(),
        title: pack.title.clone(),
        citation: pack.citation.clone(),
        certainty: certainty(&pack.certainty).to_owned(),
        scope: scope.into_iter().flatten().collect(),
        status: status.collect(),
        parameters: parameters.collect(),
        articles: rules.chain(notes).collect(),
        includes: pack.include.clone(),
    }
}

/// A certainty mark in words; a mark that is not known is shown as it stands.
fn certainty(mark: &str) -> &str {
    match mark {
        "S" => "seen in the text",
        "K+" => "known, not read again",
        "K" => "to be checked against the text",
        "design" => "a design value",
        other => other,
    }
}

fn enforcement(grade: Enforcement) -> &'static str {
    match grade {
        Enforcement::Suppress => "the gateway stops it",
        Enforcement::Cause => "the gateway does it",
        Enforcement::ObserveOnly => "the gateway can only see it",
        Enforcement::NotEnforceable => "the gateway cannot enforce it",
    }
}
