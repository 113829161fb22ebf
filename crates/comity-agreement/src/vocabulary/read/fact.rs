//! Reading a fact: its type, who may say it, how it is worked out; and whether what it names is there and fits.

use super::*;
use crate::pack::State;
use crate::vocabulary::derivation::{Edge, Moment, Relation, Who};
use crate::vocabulary::{Beside, Raise, Requirement};
use comity_terms::calendar::Count;
use comity_terms::{Asserter, Value};

/// A fact as it stands in the file, and its line; its key is the entry's.
pub(super) fn fact(mut table: Table) -> Read<(usize, FactTerm)> {
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
    let told = table.take("told").map_or(Ok(true), |node| node.as_bool())?;
    let actions = table.take("actions").map(|node| node.names()).transpose()?;
    let unit = table.optional_text("unit")?;
    let mut required = Vec::new();
    for mut requirement in table.tables("required")? {
        let is = requirement.take("is").map(|node| node.literal());
        let beside = requirement.optional_name("beside")?.map(|fact| Beside { fact, is: is.clone() });
        if beside.is_none() && is.is_some() {
            return Err(requirement.wrong("`is` says of which value of `beside`, which is missing"));
        }
        required.push(Requirement {
            actions: requirement.names("actions")?.into_iter().collect(),
            pack: requirement.optional_name("pack")?,
            beside,
            unless: requirement.optional_name("unless")?,
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
        told,
        actions: actions.map(|actions| actions.into_iter().collect()),
        unit,
        required,
        derived,
    };
    Ok((line, term))
}

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
pub(super) fn sound(
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
    for requirement in &term.required {
        for other in requirement.turns_on() {
            stated(other)?;
        }
        let lifts = requirement.unless.as_ref().and_then(|key| facts.get(key));
        if lifts.is_some_and(|(_, other)| other.kind != FactType::Bool) {
            return Err("`unless` of a requirement names a bool".into());
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
