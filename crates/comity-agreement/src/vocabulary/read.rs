//! Reading `vocabulary/*.toml`: strict, and whole or not at all.

use super::derivation::{Derivation, Slot};
use super::{
    ActionTerm, Bearing, Dimension, DoneBy, End, FactTerm, FactType, LawPlace, ObligationTerm, Organisation,
    Place, Reading as WordReading, Vocabulary, schema,
};
use crate::document::{self, Node, Table};
use crate::finding::{Finding, LoadError, did_you_mean};
use crate::source::LawSource;
use cedar_policy::{Schema, Validator};
use comity_terms::calendar::{Calendar, WEEKDAYS};
use comity_terms::{Action, Digest, FactKey, JurisdictionCode};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::str::FromStr;
use std::sync::Arc;

mod calendar;
mod fact;

use fact::{fact, sound};

type Read<T> = Result<T, Finding>;

pub(super) fn vocabulary(source: &dyn LawSource) -> Result<Vocabulary, LoadError> {
    let mut reading = Reading { source, findings: Vec::new(), entries: BTreeMap::new() };
    let offices = reading.words("offices.toml", summary);
    let purposes = reading.words("purposes.toml", summary);
    let reasons = reading.words("reasons.toml", summary);
    let obligations = reading.words("obligations.toml", obligation);
    let actions = reading.words("actions.toml", action);
    let listed: BTreeMap<String, (Vec<String>, WordReading)> = reading.words("enums.toml", list);
    let (mut lists, mut readings) = (BTreeMap::new(), BTreeMap::new());
    for (name, (words, reading)) in listed {
        lists.insert(name.clone(), words);
        readings.insert(name, reading);
    }
    let facts = reading.words("facts.toml", fact);
    let places = reading.places();
    let Reading { mut findings, entries, .. } = reading;

    lists.insert("purpose".into(), keys(&purposes));
    lists.insert("reason".into(), keys(&reasons));
    lists.insert("office".into(), keys(&offices));
    lists.insert("obligation".into(), keys(&obligations));
    let facts: BTreeMap<FactKey, (usize, FactTerm)> = facts
        .into_iter()
        .enumerate()
        .map(|(slot, (key, (line, mut term))): (usize, (FactKey, (usize, FactTerm)))| {
            (term.key, term.slot) = (key.clone(), slot);
            (key, (line, term))
        })
        .collect();
    for (line, term) in facts.values() {
        if let Err(text) = sound(term, &facts, &lists, |action| actions.contains_key(action)) {
            findings.push(Finding::error(FACTS, *line, format!("fact `{}`: {text}", term.key)));
        }
    }
    for (kind, term) in &obligations {
        for denied in term.denies.iter().filter(|denied| !obligations.contains_key(*denied)) {
            let text = format!("`{kind}` denies `{denied}`, which is no type of obligation");
            findings.push(Finding::error("vocabulary/obligations.toml", 0, text));
        }
    }
    let unlawed = |place: &Place| place.organisation.as_ref().is_some_and(|own| own.law.is_none());
    let organisations = places.values().any(unlawed).then_some(&crate::decide::ORGANISATION_WITHOUT_LAW);
    let given = crate::decide::ENGINE_REASONS.iter().chain(organisations);
    for reason in given.filter(|reason| !reasons.contains_key(**reason)) {
        let text = format!("`{reason}` is missing: the engine itself gives this reason");
        findings.push(Finding::error("vocabulary/reasons.toml", 0, text));
    }
    if !findings.is_empty() {
        return Err(LoadError(findings));
    }
    let digest =
        entries.iter().map(|(name, digest)| format!("{name} {}\n", digest.hex())).collect::<String>();
    let mut facts: BTreeMap<FactKey, FactTerm> =
        facts.into_iter().map(|(key, (_, term))| (key, term)).collect();
    let mut names: BTreeMap<FactKey, Vec<Slot>> = BTreeMap::new();
    for term in facts.values() {
        names.entry(term.alias_of.as_ref().unwrap_or(&term.key).clone()).or_default().push(term.slot);
    }
    for term in facts.values_mut() {
        term.names = names[term.alias_of.as_ref().unwrap_or(&term.key)].clone();
    }
    let entity_types = schema::entity_types(facts.values()).map_err(|e| unsound(&e))?;
    let bearing = actions.keys().map(|action: &Action| (action.clone(), bearing(action, &facts))).collect();
    let mut vocabulary = Vocabulary {
        lists,
        readings,
        keys: facts.keys().cloned().collect(),
        words: facts.values().map(|term| matches!(term.kind, FactType::Enum(_))).collect(),
        facts,
        actions,
        bearing,
        purposes,
        reasons,
        offices,
        obligations,
        places,
        entries,
        entity_types,
        schema_text: String::new(),
        validator: Arc::new(validator(serde_json::json!({}))?),
        digest: Digest::of(digest.as_bytes()),
    };
    vocabulary.schema_text = schema::text(&vocabulary);
    vocabulary.validator = Arc::new(validator(schema::json(&vocabulary))?);
    Ok(vocabulary)
}

/// Which facts bear on an action.
fn bearing(action: &Action, facts: &BTreeMap<FactKey, FactTerm>) -> Bearing {
    let seen = |term: &&FactTerm| term.covers(action) && term.kind.reaches_rules();
    let slot = |key: &FactKey| facts.get(key).map(|term| term.slot);
    let derived = facts
        .values()
        .filter(seen)
        .filter_map(|term| Some((term.slot, term.derived.as_ref()?.placed(&slot)?)));
    let some = |term: &&FactTerm| term.required.iter().any(|requirement| requirement.covers(action));
    Bearing {
        seen: facts.values().map(|term| seen(&term)).collect(),
        derived: derived.collect(),
        required: facts.values().filter(some).map(|term| term.slot).collect(),
    }
}

fn validator(schema: serde_json::Value) -> Result<Validator, LoadError> {
    let schema = Schema::from_json_value(schema).map_err(|error| unsound(&error))?;
    Ok(Validator::new(schema))
}

fn unsound(error: &dyn Display) -> LoadError {
    Finding::error("vocabulary/schema.cedarschema", 0, format!("the generated schema does not hold: {error}"))
        .into()
}

const FACTS: &str = "vocabulary/facts.toml";

struct Reading<'s> {
    source: &'s dyn LawSource,
    findings: Vec<Finding>,
    entries: BTreeMap<String, Digest>,
}

impl Reading<'_> {
    /// The entries `[word]` of a file.
    fn words<K: FromStr<Err: Display> + Ord, T>(
        &mut self,
        name: &str,
        read: fn(Table) -> Read<T>,
    ) -> BTreeMap<K, T> {
        let path = format!("vocabulary/{name}");
        let table = match document::open(self.source, &path) {
            Ok(table) => table,
            Err(finding) => {
                self.findings.push(finding);
                return BTreeMap::new();
            }
        };
        let mut out = BTreeMap::new();
        for (key, node) in table.rest() {
            let mut canonical = Vec::new();
            node.literal().write_canonical(&mut canonical);
            self.entries.insert(format!("{name}#{key}"), Digest::of(&canonical));
            let entry = key
                .parse::<K>()
                .map_err(|error| node.wrong(error.to_string()))
                .and_then(|key| Ok((key, read(node.into_table()?)?)));
            match entry {
                Ok((key, value)) => drop(out.insert(key, value)),
                Err(finding) => self.findings.push(finding),
            }
        }
        out
    }

    fn places(&mut self) -> BTreeMap<JurisdictionCode, Place> {
        let mut out = BTreeMap::new();
        for path in self.source.list("vocabulary/calendars/") {
            match place(self.source, &path) {
                Ok((code, place)) => drop(out.insert(code, place)),
                Err(finding) => self.findings.push(finding),
            }
        }
        out
    }
}

fn keys<K: ToString, T>(words: &BTreeMap<K, T>) -> Vec<String> {
    words.keys().map(ToString::to_string).collect()
}

fn summary(mut table: Table) -> Read<String> {
    let summary = table.text("summary")?;
    table.done()?;
    Ok(summary)
}

/// A closed list, and how words that it does not have are read.
fn list(mut table: Table) -> Read<(Vec<String>, WordReading)> {
    table.text("summary")?;
    let values: Vec<String> = table.need("values")?.names()?;
    let known = |word: &str| values.iter().any(|value| value == word);
    let mut synonyms = BTreeMap::new();
    for (name, node) in table.table("synonyms")?.rest() {
        let word = node.as_text()?;
        if known(&name) || !known(word) {
            return Err(node.wrong(format!(
                "`{name}` names `{word}` otherwise: the first is no word of the list, the second is"
            )));
        }
        synonyms.insert(name, word.to_owned());
    }
    let unknown = match table.take("unknown") {
        Some(node) => {
            let word = node.as_text()?;
            if !known(word) && word != schema::NONE {
                return Err(node.wrong(format!("`{word}` is no word of the list, nor `none`")));
            }
            Some(word.to_owned())
        }
        None => known(OTHER).then(|| OTHER.to_owned()),
    };
    table.done()?;
    Ok((values, WordReading { synonyms, unknown }))
}

/// The word of a list for what the list has no word for. It matches no rule that names a word.
const OTHER: &str = "other";

fn obligation(mut table: Table) -> Read<ObligationTerm> {
    let summary = table.text("summary")?;
    let safeguard = table
        .take("safeguard")
        .map(|node| {
            one_of(
                &node,
                &[
                    ("erase_by", Dimension::EraseBy),
                    ("keep_until", Dimension::KeepUntil),
                    ("notify_by", Dimension::NotifyBy),
                ],
            )
        })
        .transpose()?;
    let denies = match table.take("denies") {
        None => Vec::new(),
        Some(node) if node.is_list() => node.names()?,
        Some(node) => vec![node.name()?],
    };
    let done_by = table
        .take("done_by")
        .map(|node| {
            one_of(
                &node,
                &[
                    ("entry", DoneBy::Entry),
                    ("delivery", DoneBy::Delivery),
                    ("answers", DoneBy::Answers),
                    ("review", DoneBy::Review),
                    ("time", DoneBy::Time),
                ],
            )
        })
        .transpose()?;
    let right = table.take("right").map_or(Ok(false), |node| node.as_bool())?;
    table.done()?;
    Ok(ObligationTerm { summary, safeguard, denies, done_by, right })
}

fn action(mut table: Table) -> Read<ActionTerm> {
    let summary = table.text("summary")?;
    let laws = table
        .need("laws")?
        .as_list()?
        .iter()
        .map(|node| {
            one_of(
                node,
                &[("agreement", LawPlace::Agreement), ("data", LawPlace::Data), ("asker", LawPlace::Asker)],
            )
        })
        .collect::<Read<_>>()?;
    let parties = match table.take("parties") {
        None => BTreeSet::from([End::Sending, End::Receiving]),
        Some(node) => node
            .as_list()?
            .iter()
            .map(|node| one_of(node, &[("sending", End::Sending), ("receiving", End::Receiving)]))
            .collect::<Read<_>>()?,
    };
    let kind = table.need("kind")?;
    one_of(&kind, &["transfer", "use", "request", "order", "notice", "procedure"].map(|kind| (kind, ())))?;
    table.done()?;
    Ok(ActionTerm { summary, laws, parties, kind: kind.as_text()?.to_owned() })
}

pub(crate) fn one_of<T: Clone>(node: &Node, words: &[(&str, T)]) -> Read<T> {
    let text = node.as_text()?;
    words.iter().find(|(word, _)| *word == text).map(|(_, value)| value.clone()).ok_or_else(|| {
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        node.wrong(format!("`{text}` is not one of {}", known.join(", ")))
    })
}

fn place(source: &dyn LawSource, path: &str) -> Read<(JurisdictionCode, Place)> {
    let name = path.trim_start_matches("vocabulary/calendars/");
    let code = name
        .strip_suffix(".toml")
        .and_then(|code| code.parse().ok())
        .ok_or_else(|| Finding::error(path, 0, "a calendar is named by a jurisdiction's code and `.toml`"))?;
    let mut table = document::open(source, path)?;
    let name = table.text("name")?;
    let zone = table.need("zone")?;
    let invented = table.need("invented")?.as_bool()?;
    let weekend = table
        .need("weekend")?
        .as_list()?
        .iter()
        .map(|node| one_of(node, &WEEKDAYS))
        .collect::<Read<Vec<_>>>()?;
    let holidays = calendar::holidays(&mut table)?;
    let calendar =
        Calendar::new(zone.as_text()?, weekend, &holidays).map_err(|e| zone.wrong(e.to_string()))?;
    let organisation = match table.take("organisation") {
        None => None,
        Some(node) if node.as_bool()? => Some(Organisation { law: table.optional_name("law")? }),
        Some(node) => return Err(node.wrong("a state is no organisation: leave it out")),
    };
    table.done()?;
    Ok((code, Place { name, invented, calendar, organisation }))
}

/// The list of what parties can declare or reserve, under any agreement.
pub(crate) const DECLARATIONS: &str = "declaration";
