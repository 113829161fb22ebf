//! Reading `obligations.toml`: every template is typed before a pack is one.

use super::Template;
use super::expression::{Expression, Length, Operator, Source};
use crate::document::{self, Node, Table};
use crate::finding::{Finding, did_you_mean};
use crate::pack::{Pack, RuleEffect};
use crate::source::LawSource;
use crate::vocabulary::{FactType, Vocabulary};
use comity_terms::calendar::{CalendarError, Count, Period, Unit};
use comity_terms::{DataClass, Handling, ObligationType, Onward, Owner, RuleId, Treatment, Value};
use std::collections::BTreeMap;

type Read<T> = Result<T, Finding>;

/// The templates of a pack, by rule.
pub(crate) fn read(
    source: &dyn LawSource,
    pack: &Pack,
    vocabulary: &Vocabulary,
) -> Read<BTreeMap<RuleId, Vec<Template>>> {
    let path = format!("{}/obligations.toml", pack.dir);
    let mut out: BTreeMap<RuleId, Vec<Template>> = BTreeMap::new();
    let mut table = document::parse(&path, &crate::pack::optional_file(source, &path)?)?;
    for entry in table.tables("obligation")? {
        let template = Reading { pack, vocabulary }.template(entry)?;
        out.entry(template.rule.clone()).or_default().push(template);
    }
    table.done()?;
    let owing =
        pack.rules.iter().filter(|rule| rule.effect == RuleEffect::Obligation && rule.reason.is_none());
    for rule in owing {
        if !out.contains_key(&rule.id) {
            let text = format!("rule `{}` has no template in obligations.toml: what is owed?", rule.id);
            return Err(Finding::error(&rule.file, rule.line, text));
        }
    }
    Ok(out)
}

/// The further keys that an obligation may have.
const TERMS: [&str; 35] = [
    "best_effort",
    "between",
    "by",
    "channel",
    "condition",
    "conditions",
    "content",
    "country",
    "data",
    "design",
    "due_date",
    "extra_days",
    "fallback",
    "fields",
    "form",
    "from",
    "items",
    "last_day",
    "last_day_legal",
    "max_days_from_service",
    "not_before_unless_cleared",
    "office",
    "options",
    "reason",
    "rule",
    "scope",
    "then",
    "time_zone",
    "timing",
    "to",
    "unit",
    "unless",
    "until",
    "when",
    "where",
];

/// The type of an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    Truth,
    Number,
    Text,
    Instant,
    List,
    Record,
    Any,
}

struct Reading<'r> {
    pack: &'r Pack,
    vocabulary: &'r Vocabulary,
}

impl Reading<'_> {
    fn template(&self, mut table: Table) -> Read<Template> {
        let rule_node = table.need("rule")?;
        let rule: RuleId = rule_node.name()?;
        let named = self.pack.rules.iter().find(|known| known.id == rule);
        match named.map(|rule| rule.effect) {
            Some(RuleEffect::Obligation | RuleEffect::Forbid) => {}
            Some(RuleEffect::Permit) => {
                return Err(rule_node.wrong(format!("`{rule}` is a permit: it owes nothing")));
            }
            None => {
                let known = self.pack.rules.iter().map(|rule| rule.id.as_str());
                return Err(
                    rule_node.wrong(format!("no rule `{rule}`{}", did_you_mean(rule.as_str(), known)))
                );
            }
        }
        let kind_node = table.need("type")?;
        let kind: ObligationType = kind_node.name()?;
        if !self.vocabulary.obligations.contains_key(&kind) {
            let known = self.vocabulary.obligations.keys().map(|known| known.as_str());
            return Err(
                kind_node.wrong(format!("no obligation `{kind}`{}", did_you_mean(kind.as_str(), known)))
            );
        }
        let owner = table.take("owner").map_or(Ok(Owner::Sender), |node| self.owner(&node))?;
        let zone = table.take("zone").map_or(Ok(owner.clone()), |node| self.owner(&node))?;
        let count = table.optional_name("count")?.unwrap_or(self.pack.count);
        let due = match (table.take("due"), table.take("starts"), table.take("period")) {
            (None, None, None) => None,
            (Some(node), None, None) => Some(self.typed(&node, Type::Instant, count)?),
            (None, Some(starts), Some(period)) => Some(self.clock(&starts, &period, count, None)?),
            (None, Some(starts), None) => Some(self.starts(&starts, count)?),
            (None, None, Some(period)) => {
                return Err(period.wrong("`starts` is missing: from when does it run?"));
            }
            (Some(due), ..) => return Err(due.wrong("either `due`, or `starts` and `period`")),
        };
        let value =
            table.take("value").map(|node| self.expression(&node, count)).transpose()?.map(|(e, _)| e);
        let evidence = table.optional_text("evidence")?;
        let mut terms = BTreeMap::new();
        for (key, node) in table.table("terms")?.rest() {
            if !TERMS.contains(&key.as_str()) {
                return Err(node
                    .wrong(format!("no key `{key}` of obligations is known{}", did_you_mean(&key, TERMS))));
            }
            terms.insert(key, self.expression(&node, count)?.0);
        }
        let mut safeguards = table.table("safeguards")?;
        let handling = safeguards.take("handling").map(|node| self.handling(&node, count)).transpose()?;
        let onward = match safeguards.take("onward") {
            None => Onward::UNRESTRICTED,
            Some(node) => node.name::<Onward>()?,
        };
        let mut treatments: BTreeMap<DataClass, Treatment> = BTreeMap::new();
        for (class, node) in safeguards.table("treatments")?.rest() {
            treatments.insert(class.parse().map_err(|e| node.wrong(format!("{e}")))?, node.name()?);
        }
        safeguards.done()?;
        table.done()?;
        Ok(Template {
            rule,
            kind,
            owner,
            evidence,
            zone,
            count,
            due,
            value,
            terms,
            handling,
            onward,
            treatments,
        })
    }

    fn owner(&self, node: &Node) -> Read<Owner> {
        match node.as_text()? {
            "sender" => Ok(Owner::Sender),
            "receiver" => Ok(Owner::Receiver),
            code if self.vocabulary.places.contains_key(code) => Ok(Owner::Party(node.name()?)),
            other => Err(node.wrong(format!("`{other}` is not sender, receiver or a party"))),
        }
    }

    fn handling(&self, node: &Node, count: Count) -> Read<Expression> {
        let (expression, _) = self.expression(node, count)?;
        let on_scale = match &expression {
            Expression::Literal(Value::Text(text)) => text.parse::<Handling>().is_ok(),
            Expression::Source(Source::Fact(key, _)) => {
                match self.vocabulary.fact(key.as_str()).map(|t| &t.kind) {
                    Some(FactType::Enum(list)) => {
                        self.vocabulary.lists[list].iter().all(|word| word.parse::<Handling>().is_ok())
                    }
                    _ => false,
                }
            }
            _ => false,
        };
        if on_scale { Ok(expression) } else { Err(node.wrong("expected a handling, or a fact that is one")) }
    }

    fn starts(&self, node: &Node, count: Count) -> Read<Expression> {
        if node.is_table() {
            return self.typed(node, Type::Instant, count);
        }
        let (source, kind) = self.source(node)?;
        if kind == Type::Instant {
            Ok(Expression::Source(source))
        } else {
            Err(node.wrong("expected `at` or a datetime fact"))
        }
    }

    fn clock(&self, starts: &Node, period: &Node, count: Count, own: Option<Count>) -> Read<Expression> {
        let effective = own.unwrap_or(count);
        let starts = Box::new(self.starts(starts, count)?);
        let length = self.length(period, count)?;
        let unit = match &length {
            Length::Fixed(period) => period.unit(),
            Length::Counted(_, unit) => *unit,
        };
        if !effective.counts(unit) {
            return Err(period.wrong(format!("{effective} does not count such periods")));
        }
        Ok(Expression::Clock { starts, length, count: own })
    }

    fn length(&self, node: &Node, count: Count) -> Read<Length> {
        if !node.is_table() {
            return node.name::<Period>().map(Length::Fixed);
        }
        let mut table = node.clone().into_table()?;
        if let Some(name) = table.take("parameter") {
            let value = self.parameter(&name)?;
            table.done()?;
            let text = value.as_text().ok_or_else(|| name.wrong("this parameter is not a period"))?;
            let wrong =
                |error| name.wrong(format!("[parameter.{}]: {error}", name.as_text().unwrap_or_default()));
            return text.parse().map(Length::Fixed).map_err(|error: CalendarError| wrong(error));
        }
        let units = [
            ("hours", Unit::Hours),
            ("days", Unit::Days),
            ("working_days", Unit::WorkingDays),
            ("weeks", Unit::Weeks),
            ("months", Unit::Months),
            ("years", Unit::Years),
        ];
        for (word, unit) in units {
            if let Some(number) = table.take(word) {
                table.done()?;
                return Ok(Length::Counted(Box::new(self.typed(&number, Type::Number, count)?), unit));
            }
        }
        Err(node.wrong("expected a period such as \"24 hours\", { parameter = … } or { days = … }"))
    }

    fn parameter(&self, name: &Node) -> Read<Value> {
        let text = name.as_text()?;
        self.pack.parameters.get(text).map(|parameter| parameter.value.clone()).ok_or_else(|| {
            let known = self.pack.parameters.keys().map(String::as_str);
            name.wrong(format!("no parameter `{text}`{}", did_you_mean(text, known)))
        })
    }

    fn typed(&self, node: &Node, wanted: Type, count: Count) -> Read<Expression> {
        let (expression, kind) = self.expression(node, count)?;
        if kind == wanted || kind == Type::Any {
            Ok(expression)
        } else {
            Err(node.wrong(format!("expected {wanted:?}, and this is {kind:?}").to_lowercase()))
        }
    }

    fn source(&self, node: &Node) -> Read<(Source, Type)> {
        Ok(match node.as_text()? {
            "at" => (Source::At, Type::Instant),
            "knowledge_time" => (Source::KnowledgeTime, Type::Instant),
            "sending" => (Source::Sending, Type::Text),
            "receiving" => (Source::Receiving, Type::Text),
            "zone" => (Source::Zone, Type::Text),
            key => {
                let known = || self.vocabulary.facts.keys().map(|known| known.as_str());
                let term = self
                    .vocabulary
                    .fact(key)
                    .ok_or_else(|| node.wrong(format!("no fact `{key}`{}", did_you_mean(key, known()))))?;
                if term.derived.is_some() {
                    return Err(node.wrong(format!("`{key}` is worked out: name what it is worked out from")));
                }
                let kind = match term.kind {
                    FactType::Bool => Type::Truth,
                    FactType::Long => Type::Number,
                    FactType::Text => Type::Any,
                    FactType::Enum(_) | FactType::Party => Type::Text,
                    FactType::Datetime => Type::Instant,
                    FactType::Texts | FactType::Set(_) | FactType::Parties => Type::List,
                    FactType::Record => Type::Record,
                };
                (Source::Fact(term.key.clone(), term.slot), kind)
            }
        })
    }

    fn expression(&self, node: &Node, count: Count) -> Read<(Expression, Type)> {
        if !node.is_table() {
            let value = node.literal();
            let kind = literal_type(&value);
            return Ok((Expression::Literal(value), kind));
        }
        let mut table = node.clone().into_table()?;
        let out = if let Some(key) = table.take("fact") {
            let (source, kind) = self.source(&key)?;
            (Expression::Source(source), kind)
        } else if let Some(name) = table.take("parameter") {
            let value = self.parameter(&name)?;
            let kind = literal_type(&value);
            (Expression::Literal(value), kind)
        } else if let Some(starts) = table.take("starts") {
            let period = table.need("period")?;
            let own = table.optional_name("count")?;
            (self.clock(&starts, &period, count, own)?, Type::Instant)
        } else if let Some(inner) = table.take("date_of") {
            (Expression::DateOf(Box::new(self.typed(&inner, Type::Instant, count)?)), Type::Text)
        } else if let Some(inner) = table.take("last_day_of") {
            (Expression::LastDayOf(Box::new(self.typed(&inner, Type::Instant, count)?)), Type::Text)
        } else if let Some(inner) = table.take("end_of") {
            (Expression::EndOf(Box::new(self.typed(&inner, Type::Instant, count)?)), Type::Instant)
        } else if let Some(operands) = table.take("first") {
            let operands = operands.as_list()?;
            let Some(first) = operands.first() else { return Err(node.wrong("`first` of nothing")) };
            let (_, kind) = self.expression(first, count)?;
            let typed = |operand: &Node| self.typed(operand, kind, count);
            (Expression::First(operands.iter().map(typed).collect::<Read<_>>()?), kind)
        } else if let Some(parts) = table.take("text") {
            let part = |node: &Node| match self.expression(node, count)? {
                (expression, Type::Text | Type::Number | Type::Any) => Ok(expression),
                _ => Err(node.wrong("expected a text or a number")),
            };
            (Expression::Joined(parts.as_list()?.iter().map(part).collect::<Read<_>>()?), Type::Text)
        } else if let Some((operator, kind, operands)) =
            OPERATORS.iter().find_map(|(word, operator, kind)| Some((*operator, *kind, table.take(word)?)))
        {
            let operands = operands
                .as_list()?
                .iter()
                .map(|operand| match kind {
                    Type::List => self.expression(operand, count).map(|(expression, _)| expression),
                    _ => self.typed(operand, kind, count),
                })
                .collect::<Read<Vec<_>>>()?;
            (Expression::Operator(operator, operands), kind)
        } else {
            return Err(node.wrong(
                "expected fact, parameter, starts, earliest, latest, min, max, union, intersect, date_of, last_day_of, end_of, first or text",
            ));
        };
        table.done()?;
        Ok(out)
    }
}

const OPERATORS: [(&str, Operator, Type); 6] = [
    ("earliest", Operator::Earliest, Type::Instant),
    ("latest", Operator::Latest, Type::Instant),
    ("min", Operator::Min, Type::Number),
    ("max", Operator::Max, Type::Number),
    ("union", Operator::Union, Type::List),
    ("intersect", Operator::Intersect, Type::List),
];

fn literal_type(value: &Value) -> Type {
    match value {
        Value::Bool(_) => Type::Truth,
        Value::Long(_) => Type::Number,
        Value::Text(_) => Type::Text,
        Value::Instant(_) => Type::Instant,
        Value::List(_) => Type::List,
        Value::Record(_) => Type::Record,
        Value::Null => Type::Any,
    }
}
