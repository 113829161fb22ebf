//! Reading `vocabulary/*.toml`: strict, and whole or not at all.

use super::derivation::{Derivation, Edge, Moment, Relation, Slot, Who};
use super::{
    ActionTerm, Bearing, Dimension, End, FactTerm, FactType, LawPlace, ObligationTerm, Place, Raise,
    Requirement, Vocabulary, schema,
};
use crate::document::{self, Node, Table};
use crate::finding::{Finding, LoadError, did_you_mean};
use crate::pack::State;
use crate::source::LawSource;
use cedar_policy::{Schema, Validator};
use comity_terms::calendar::{Calendar, Count};
use comity_terms::{Action, Asserter, Digest, FactKey, JurisdictionCode, Value};
use jiff::civil::Weekday;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::str::FromStr;
use std::sync::Arc;

type Read<T> = Result<T, Finding>;

pub(super) fn vocabulary(source: &dyn LawSource) -> Result<Vocabulary, LoadError> {
    let mut reading = Reading { source, findings: Vec::new(), entries: BTreeMap::new() };
    let offices = reading.words("offices.toml", summary);
    let purposes = reading.words("purposes.toml", summary);
    let reasons = reading.words("reasons.toml", summary);
    let obligations = reading.words("obligations.toml", obligation);
    let actions = reading.words("actions.toml", action);
    let mut lists: BTreeMap<String, Vec<String>> = reading.words("enums.toml", list);
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
    for reason in crate::decide::ENGINE_REASONS.iter().filter(|reason| !reasons.contains_key(**reason)) {
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

fn list(mut table: Table) -> Read<Vec<String>> {
    table.text("summary")?;
    let values = table.need("values")?.names()?;
    table.done()?;
    Ok(values)
}

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
    table.done()?;
    Ok(ObligationTerm { summary, safeguard, denies })
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
    let mut holidays = Vec::new();
    for mut holiday in table.tables("holiday")? {
        holidays.push(holiday.need("date")?.as_date()?);
        holiday.text("name")?;
        holiday.done()?;
    }
    let calendar =
        Calendar::new(zone.as_text()?, weekend, holidays).map_err(|e| zone.wrong(e.to_string()))?;
    table.done()?;
    Ok((code, Place { name, invented, calendar }))
}

const WEEKDAYS: [(&str, Weekday); 7] = [
    ("monday", Weekday::Monday),
    ("tuesday", Weekday::Tuesday),
    ("wednesday", Weekday::Wednesday),
    ("thursday", Weekday::Thursday),
    ("friday", Weekday::Friday),
    ("saturday", Weekday::Saturday),
    ("sunday", Weekday::Sunday),
];

/// A fact as it stands in the file, and its line; its key is the entry's.
fn fact(mut table: Table) -> Read<(usize, FactTerm)> {
    let line = table.line;
    let summary = table.text("summary")?;
    let kind_node = table.need("type")?;
    let of = table.take("of");
    let list = |of: &Option<Node>| {
        let node = of.as_ref().ok_or_else(|| kind_node.wrong("`of` is missing: of which list?"))?;
        node.as_text().map(str::to_owned)
    };
    let kind = match kind_node.as_text()? {
        "bool" => FactType::Bool,
        "long" => FactType::Long,
        "text" => FactType::Text,
        "texts" => FactType::Texts,
        "datetime" => FactType::Datetime,
        "enum" => FactType::Enum(list(&of)?),
        "set" => FactType::Set(list(&of)?),
        "party" => FactType::Party,
        "parties" => FactType::Parties,
        "record" => FactType::Record,
        other => {
            let known =
                ["bool", "long", "text", "texts", "datetime", "enum", "set", "party", "parties", "record"];
            return Err(kind_node.wrong(format!("`{other}` is no type{}", did_you_mean(other, known))));
        }
    };
    let nullable = table.take("nullable").map_or(Ok(false), |node| node.as_bool())?;
    let asserted_by: BTreeSet<Asserter> = table.names("asserted_by")?.into_iter().collect();
    let raise = table
        .take("raise")
        .map(|node| match node.literal() {
            Value::List(scale) => Ok(Raise(scale)),
            Value::Bool(higher) => Ok(Raise(vec![Value::Bool(!higher), Value::Bool(higher)])),
            _ => Err(node.wrong("expected a scale, lowest first, or the higher of true and false")),
        })
        .transpose()?;
    let alias_of = table.optional_name("alias_of")?;
    let actions = table.take("actions").map(|node| node.names()).transpose()?;
    let unit = table.optional_text("unit")?;
    let mut required = Vec::new();
    for mut requirement in table.tables("required")? {
        required.push(Requirement {
            actions: requirement.names("actions")?.into_iter().collect(),
            pack: requirement.optional_name("pack")?,
        });
        requirement.done()?;
    }
    let derived = table.take("derived").map(|node| derivation(node.into_table()?)).transpose()?;
    if derived.is_none() && asserted_by.is_empty() && alias_of.is_none() {
        return Err(table.wrong("`asserted_by` is missing: who may say it?"));
    }
    table.done()?;
    let key = FactKey::new("unnamed").map_err(|error| kind_node.wrong(error.to_string()))?;
    let term = FactTerm {
        key,
        slot: 0,
        names: Vec::new(),
        summary,
        kind,
        nullable,
        asserted_by,
        raise,
        alias_of,
        actions: actions.map(|actions| actions.into_iter().collect()),
        unit,
        required,
        derived,
    };
    Ok((line, term))
}

/// The list of what parties can declare or reserve, under any agreement.
pub(crate) const DECLARATIONS: &str = "declaration";

fn derivation(mut table: Table) -> Read<Derivation> {
    let op = table.need("op")?;
    let relation = match op.as_text()? {
        "before" => Some(Relation::Before),
        "at_or_before" => Some(Relation::AtOrBefore),
        "after" => Some(Relation::After),
        "at_or_after" => Some(Relation::AtOrAfter),
        _ => None,
    };
    let derivation = match (op.as_text()?, relation) {
        (_, Some(relation)) => {
            Derivation::Compare(relation, moment(&table.need("a")?)?, moment(&table.need("b")?)?)
        }
        ("is_null", _) => Derivation::IsNull(table.name("a")?),
        ("is_present", _) => Derivation::IsPresent(table.name("a")?),
        ("contains_party", _) => Derivation::ContainsParty(table.name("a")?, who(&table.need("b")?)?),
        ("same_party", _) => Derivation::SameParty(who(&table.need("a")?)?, who(&table.need("b")?)?),
        ("is_empty", _) => Derivation::IsEmpty(table.name("a")?),
        ("field_is", _) => {
            Derivation::FieldIs(table.name("a")?, table.text("field")?, table.need("value")?.literal())
        }
        ("field_contains_party", _) => {
            Derivation::FieldContainsParty(table.name("a")?, table.text("field")?, who(&table.need("b")?)?)
        }
        // `field_is_after`: the word of laws that were adopted before days had two edges; the first one counted.
        (word @ ("field_begins_after" | "field_ends_after" | "field_is_after"), _) => {
            let edge = if word == "field_ends_after" { Edge::End } else { Edge::Begin };
            Derivation::FieldIsAfter(table.name("a")?, table.text("field")?, edge, moment(&table.need("b")?)?)
        }
        ("within", _) => {
            let (a, b) = (moment(&table.need("a")?)?, moment(&table.need("b")?)?);
            Derivation::Within(a, b, table.name("period")?, counted(&mut table)?)
        }
        ("declared", _) => {
            let ends = [("sending", End::Sending), ("receiving", End::Receiving)];
            Derivation::Declared(one_of(&table.need("by")?, &ends)?)
        }
        ("agreement_is", _) => Derivation::AgreementIs(one_of(&table.need("state")?, &State::WORDS)?),
        ("covered_retroactively", _) => Derivation::CoveredRetroactively,
        (other, _) => return Err(op.wrong(format!("`{other}` is no way to work out a fact"))),
    };
    table.done()?;
    Ok(derivation)
}

/// The rule by which a period is counted, and in whose calendar; none: plainly.
fn counted(table: &mut Table) -> Read<Option<(Count, Who)>> {
    let Some(count) = table.optional_name::<Count>("count")? else { return Ok(None) };
    let zone = table.need("zone")?;
    Ok(Some((count, who(&zone)?)))
}

fn moment(node: &Node) -> Read<Moment> {
    Ok(match node.as_text()? {
        "at" => Moment::At,
        "knowledge_time" => Moment::KnowledgeTime,
        _ => Moment::Fact(node.name()?),
    })
}

fn who(node: &Node) -> Read<Who> {
    Ok(match node.as_text()? {
        "sending" => Who::Sending,
        "receiving" => Who::Receiving,
        _ => Who::Fact(node.name()?),
    })
}

/// Whether everything that a fact names is there and fits.
fn sound(
    term: &FactTerm,
    facts: &BTreeMap<FactKey, (usize, FactTerm)>,
    lists: &BTreeMap<String, Vec<String>>,
    is_action: impl Fn(&str) -> bool,
) -> Result<(), String> {
    if let FactType::Enum(list) | FactType::Set(list) = &term.kind {
        if ["party", "action"].contains(&list.as_str()) {
            return Err(format!("`{list}` cannot be a list: the type has that name"));
        }
        let Some(words) = lists.get(list) else {
            return Err(format!("no list `{list}`{}", did_you_mean(list, lists.keys().map(String::as_str))));
        };
        let mut scale = term.raise.iter().flat_map(|Raise(scale)| scale);
        if scale.any(|step| !step.as_text().is_some_and(|step| words.iter().any(|w| w == step))) {
            return Err(format!("`raise` names a word that is not in the list `{list}`"));
        }
    }
    if let Some(Raise(scale)) = &term.raise
        && scale.len() < 2
    {
        return Err("`raise` is a scale of two steps at least".into());
    }
    let stated = |key: &FactKey| {
        let known = || facts.keys().map(FactKey::as_str);
        let (_, other) = facts
            .get(key)
            .ok_or_else(|| format!("no fact `{key}`{}", did_you_mean(key.as_str(), known())))?;
        if other.derived.is_some() {
            return Err(format!("`{key}` is itself worked out; name what it is worked out from"));
        }
        Ok(other)
    };
    if let Some(canonical) = &term.alias_of {
        let canonical = stated(canonical)?;
        if canonical.alias_of.is_some() {
            return Err(format!("`{}` is itself another name", canonical.key));
        }
        if canonical.kind != term.kind {
            return Err(format!("`{}` has another type", canonical.key));
        }
    }
    if let Some(derivation) = &term.derived {
        match (derivation, &term.kind) {
            (Derivation::Declared(_), FactType::Set(list)) if list == DECLARATIONS => {}
            (Derivation::Declared(_), _) => return Err(format!("it is a set of `{DECLARATIONS}`")),
            (_, FactType::Bool) => {}
            _ => return Err("a derived fact is a bool".into()),
        }
        for operand in derivation.operands() {
            fits(derivation, stated(operand)?)?;
        }
    }
    let actions = term.actions.iter().flatten().chain(term.required.iter().flat_map(|r| &r.actions));
    for action in actions {
        if !is_action(action.as_str()) {
            return Err(format!("no action `{action}`"));
        }
    }
    Ok(())
}

/// Whether an operand is of a type that its derivation can work with.
fn fits(derivation: &Derivation, operand: &FactTerm) -> Result<(), String> {
    let is = |key: &FactKey| *key == operand.key;
    let fits = match derivation {
        Derivation::IsNull(_) => operand.nullable,
        Derivation::IsPresent(_) => true,
        Derivation::Within(_, _, _, Some((_, Who::Fact(place)))) if is(place) => {
            operand.kind == FactType::Party
        }
        Derivation::Compare(..) | Derivation::Within(..) => operand.kind == FactType::Datetime,
        Derivation::ContainsParty(a, _) if is(a) => operand.kind == FactType::Parties,
        Derivation::IsEmpty(_) => {
            matches!(operand.kind, FactType::Set(_) | FactType::Parties | FactType::Texts)
        }
        Derivation::FieldIs(a, ..) | Derivation::FieldContainsParty(a, ..) if is(a) => {
            operand.kind == FactType::Record
        }
        Derivation::FieldIsAfter(a, ..) if is(a) => operand.kind == FactType::Record,
        Derivation::FieldIsAfter(..) => operand.kind == FactType::Datetime,
        _ => operand.kind == FactType::Party,
    };
    if fits { Ok(()) } else { Err(format!("`{}` is of a type that this cannot work with", operand.key)) }
}
