//! What a rule's condition comes to before Cedar is asked, so that Cedar is shown few rules.
//!
//! The condition is read as Cedar reads it, left to right and no further than needed, over the facts of one
//! question. Where this finds that a rule does not match, the rule is not asked. Where it finds anything else,
//! or cannot tell, Cedar is asked: what matches, and what errs, is Cedar's word alone.
//!
//! Invariant: a rule that is sifted out is one that Cedar would have found not to match, without an error.

use crate::pack::APPROVALS;
use crate::vocabulary::Vocabulary;
use comity_terms::Value;
use serde_json::Value as Json;

/// What rules can see of one question: a value for every slot that is stated, and the two parties.
#[derive(Debug)]
pub(crate) struct Seen<'q> {
    pub(crate) slots: Vec<Option<&'q Value>>,
    pub(crate) principal: &'q str,
    pub(crate) resource: &'q str,
}

/// A condition, as far as it can be told without Cedar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sieve {
    All(Vec<Sieve>),
    Any(Vec<Sieve>),
    Not(Box<Sieve>),
    Has(usize),
    Truth(usize),
    Equal(Operand, Operand),
    /// The first is a set that holds the second.
    Holds(Operand, Operand),
    Compare(Order, Operand, Operand),
    Empty(Operand),
    /// For Cedar alone to tell.
    Untold,
}

/// How two numbers lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Less,
    LessOrEqual,
}

/// A value in a condition: an entity is its id, for strict validation compares like with like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Operand {
    Slot(usize),
    Literal(Value),
    Principal,
    Resource,
}

impl Sieve {
    /// The sieve of a policy in Cedar's JSON form: its scope but for the action, then its conditions.
    pub(crate) fn of(est: &Json, vocabulary: &Vocabulary) -> Self {
        let mut all: Vec<Self> = ["principal", "resource"]
            .into_iter()
            .filter(|end| est[end]["op"] != "All")
            .map(|end| match est[end]["entity"]["id"].as_str() {
                Some(id) if est[end]["op"] == "==" => {
                    let end = if end == "principal" { Operand::Principal } else { Operand::Resource };
                    Self::Equal(end, Operand::Literal(id.into()))
                }
                _ => Self::Untold,
            })
            .collect();
        for condition in est["conditions"].as_array().into_iter().flatten() {
            let body = Self::body(&condition["body"], vocabulary);
            all.push(if condition["kind"] == "when" { body } else { Self::Not(Box::new(body)) });
        }
        Self::All(all)
    }

    fn body(json: &Json, vocabulary: &Vocabulary) -> Self {
        Self::read(json, vocabulary).unwrap_or(Self::Untold)
    }

    fn read(json: &Json, vocabulary: &Vocabulary) -> Option<Self> {
        let (operator, args) = json.as_object()?.iter().next()?;
        let sieve = |json: &Json| Self::body(json, vocabulary);
        let left = || Operand::read(&args["left"], vocabulary);
        let right = || Operand::read(&args["right"], vocabulary);
        Some(match operator.as_str() {
            "&&" => Self::All(vec![sieve(&args["left"]), sieve(&args["right"])]),
            "||" => Self::Any(vec![sieve(&args["left"]), sieve(&args["right"])]),
            "!" => Self::Not(Box::new(sieve(&args["arg"]))),
            "has" if args["left"]["Var"] == "context" => Self::Has(slot(args["attr"].as_str()?, vocabulary)?),
            "." => match Operand::read(json, vocabulary)? {
                Operand::Slot(slot) => Self::Truth(slot),
                _ => return None,
            },
            "==" => Self::Equal(left()?, right()?),
            "!=" => Self::Not(Box::new(Self::Equal(left()?, right()?))),
            "contains" => Self::Holds(left()?, right()?),
            "isEmpty" => Self::Empty(Operand::read(&args["arg"], vocabulary)?),
            "<" => Self::Compare(Order::Less, left()?, right()?),
            "<=" => Self::Compare(Order::LessOrEqual, left()?, right()?),
            ">" => Self::Compare(Order::Less, right()?, left()?),
            ">=" => Self::Compare(Order::LessOrEqual, right()?, left()?),
            _ => return None,
        })
    }

    /// The numbers that the attribute at `slot` is compared with.
    pub(crate) fn numbers(&self, slot: usize) -> Vec<i64> {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(|part| part.numbers(slot)).collect(),
            Self::Not(inner) => inner.numbers(slot),
            Self::Compare(_, Operand::Slot(own), Operand::Literal(Value::Long(number)))
            | Self::Compare(_, Operand::Literal(Value::Long(number)), Operand::Slot(own))
            | Self::Equal(Operand::Slot(own), Operand::Literal(Value::Long(number)))
                if *own == slot =>
            {
                vec![*number]
            }
            _ => Vec::new(),
        }
    }

    /// What the condition comes to; `None` where only Cedar can tell.
    pub(crate) fn holds(&self, seen: &Seen<'_>) -> Option<bool> {
        Some(match self {
            Self::All(parts) => {
                for part in parts {
                    if !part.holds(seen)? {
                        return Some(false);
                    }
                }
                true
            }
            Self::Any(parts) => {
                for part in parts {
                    if part.holds(seen)? {
                        return Some(true);
                    }
                }
                false
            }
            Self::Not(inner) => !inner.holds(seen)?,
            Self::Has(slot) => seen.slots[*slot].is_some(),
            Self::Truth(slot) => match seen.slots[*slot]? {
                Value::Bool(truth) => *truth,
                _ => return None,
            },
            // Sets are equal in any order, and no rule has had to ask it: Cedar tells.
            Self::Equal(a, b) => match (a.value(seen)?, b.value(seen)?) {
                (Told::List(_), _) | (_, Told::List(_)) => return None,
                (a, b) => a == b,
            },
            Self::Holds(set, item) => match (set.value(seen)?, item.value(seen)?) {
                (Told::List(_), Told::List(_)) => return None,
                (Told::List(items), item) => items.iter().any(|held| Told::of(held) == Some(item)),
                _ => return None,
            },
            Self::Compare(order, a, b) => match (a.value(seen)?, b.value(seen)?) {
                (Told::Long(a), Told::Long(b)) => match order {
                    Order::Less => a < b,
                    Order::LessOrEqual => a <= b,
                },
                _ => return None,
            },
            Self::Empty(set) => match set.value(seen)? {
                Told::List(items) => items.is_empty(),
                _ => return None,
            },
            Self::Untold => return None,
        })
    }
}

/// A value as it is compared.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Told<'v> {
    Bool(bool),
    Long(i64),
    Word(&'v str),
    List(&'v [Value]),
}

impl<'v> Told<'v> {
    fn of(value: &'v Value) -> Option<Self> {
        Some(match value {
            Value::Bool(truth) => Self::Bool(*truth),
            Value::Long(number) => Self::Long(*number),
            Value::Text(word) => Self::Word(word),
            Value::List(items) => Self::List(items),
            Value::Null | Value::Instant(_) | Value::Record(_) => return None,
        })
    }
}

impl Operand {
    fn value<'v>(&'v self, seen: &Seen<'v>) -> Option<Told<'v>> {
        match self {
            Self::Slot(slot) => Told::of(seen.slots[*slot]?),
            Self::Literal(value) => Told::of(value),
            Self::Principal => Some(Told::Word(seen.principal)),
            Self::Resource => Some(Told::Word(seen.resource)),
        }
    }

    fn read(json: &Json, vocabulary: &Vocabulary) -> Option<Self> {
        let (kind, content) = json.as_object()?.iter().next()?;
        Some(match kind.as_str() {
            "." if content["left"]["Var"] == "context" => {
                Self::Slot(slot(content["attr"].as_str()?, vocabulary)?)
            }
            "Var" if content == "principal" => Self::Principal,
            "Var" if content == "resource" => Self::Resource,
            "Value" => Self::Literal(literal(content)?),
            "Set" => {
                let items = content.as_array()?.iter().map(|item| literal(item.get("Value")?));
                Self::Literal(Value::List(items.collect::<Option<_>>()?))
            }
            _ => return None,
        })
    }
}

fn literal(json: &Json) -> Option<Value> {
    Some(match json {
        Json::Bool(truth) => Value::Bool(*truth),
        Json::Number(number) => Value::Long(number.as_i64()?),
        Json::Array(items) => Value::List(items.iter().map(literal).collect::<Option<_>>()?),
        Json::Object(_) => json["__entity"]["id"].as_str()?.into(),
        _ => return None,
    })
}

/// The place of an attribute among what a question states; approvals come after the facts.
fn slot(attribute: &str, vocabulary: &Vocabulary) -> Option<usize> {
    if attribute == APPROVALS { Some(vocabulary.facts.len()) } else { vocabulary.slot(attribute) }
}

#[cfg(test)]
mod tests;
