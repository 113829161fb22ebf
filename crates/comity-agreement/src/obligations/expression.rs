//! The expressions of templates: a literal, a fact, a period from a start, and the few operators on them.
//!
//! An operand whose fact is absent or null is left out; an expression without operands is absent.

use crate::facts::Given;
use comity_terms::calendar::{Calendar, CalendarError, Count, Period, Unit, due};
use comity_terms::{Due, FactKey, Timestamp, Value};

/// What an expression can be read from beside literals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    At,
    KnowledgeTime,
    Sending,
    Receiving,
    /// The IANA zone in which the duty is counted.
    Zone,
    /// A fact, and its place among all.
    Fact(FactKey, usize),
}

/// A length of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Length {
    Fixed(Period),
    /// So many of a unit.
    Counted(Box<Expression>, Unit),
}

/// An operator on several operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Earliest,
    Latest,
    Min,
    Max,
    Union,
    Intersect,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Expression {
    Literal(Value),
    Source(Source),
    Clock {
        starts: Box<Expression>,
        length: Length,
        count: Option<Count>,
    },
    Operator(Operator, Vec<Expression>),
    /// The date, in the zone of the duty, on which the instant falls.
    DateOf(Box<Expression>),
    /// The last lawful day, in the zone of the duty.
    LastDayOf(Box<Expression>),
    /// The last lawful instant: for a hold, the first at which release is safe.
    EndOf(Box<Expression>),
    /// One text, written one after the other.
    Joined(Vec<Expression>),
    /// The first that is there.
    First(Vec<Expression>),
}

/// What comes out of an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Evaluated {
    Value(Value),
    Due(Due),
}

impl Expression {
    pub(crate) fn facts<'e>(&'e self, out: &mut Vec<&'e FactKey>) {
        match self {
            Self::Source(Source::Fact(key, _)) => out.push(key),
            Self::Source(_) | Self::Literal(_) => {}
            Self::Clock { starts, length, .. } => {
                starts.facts(out);
                if let Length::Counted(number, _) = length {
                    number.facts(out);
                }
            }
            Self::Operator(_, operands) | Self::Joined(operands) | Self::First(operands) => {
                operands.iter().for_each(|operand| operand.facts(out));
            }
            Self::DateOf(inner) | Self::LastDayOf(inner) | Self::EndOf(inner) => inner.facts(out),
        }
    }
}

/// What an expression is evaluated in.
#[derive(Debug)]
pub(crate) struct Scope<'s> {
    pub(crate) given: &'s Given<'s>,
    pub(crate) calendar: &'s Calendar,
    pub(crate) count: Count,
}

impl Scope<'_> {
    /// A due date at a given instant.
    pub(crate) fn at(&self, at: Timestamp) -> Due {
        super::fixed(at, self.count)
    }

    /// The value of an expression; a due date is its operational instant.
    pub(crate) fn value(&self, expression: &Expression) -> Result<Option<Value>, CalendarError> {
        Ok(self.evaluate(expression)?.map(|evaluated| match evaluated {
            Evaluated::Value(value) => value,
            Evaluated::Due(due) => Value::Instant(due.operational),
        }))
    }

    fn due(&self, expression: &Expression) -> Result<Option<Due>, CalendarError> {
        Ok(match self.evaluate(expression)? {
            Some(Evaluated::Due(due)) => Some(due),
            Some(Evaluated::Value(Value::Instant(at))) => Some(self.at(at)),
            _ => None,
        })
    }

    /// What an expression comes to; `None` when it has no operand.
    pub(crate) fn evaluate(&self, expression: &Expression) -> Result<Option<Evaluated>, CalendarError> {
        Ok(match expression {
            Expression::Literal(value) => Some(Evaluated::Value(value.clone())),
            Expression::Source(source) => self.source(source).map(Evaluated::Value),
            Expression::Clock { starts, length, count } => {
                let Some(Value::Instant(start)) = self.value(starts)? else { return Ok(None) };
                let period = match length {
                    Length::Fixed(period) => *period,
                    Length::Counted(number, unit) => {
                        let Some(Value::Long(number)) = self.value(number)? else { return Ok(None) };
                        // No time at all, or less: due at once.
                        if number <= 0 {
                            return Ok(Some(Evaluated::Due(self.at(start))));
                        }
                        let number =
                            u32::try_from(number).map_err(|_| CalendarError::Number(number.to_string()))?;
                        Period::new(number, *unit)?
                    }
                };
                Some(Evaluated::Due(due(start, &period, count.unwrap_or(self.count), self.calendar)?))
            }
            Expression::Operator(operator, operands) => self.operate(*operator, operands)?,
            Expression::DateOf(inner) => self
                .due(inner)?
                .map(|due| Evaluated::Value(Value::Text(self.calendar.date(due.operational).to_string()))),
            Expression::LastDayOf(inner) => self.due(inner)?.map(|due| {
                Evaluated::Value(Value::Text(self.calendar.last_day(due.legal_latest).to_string()))
            }),
            Expression::First(operands) => {
                for operand in operands {
                    if let Some(found) = self.evaluate(operand)? {
                        return Ok(Some(found));
                    }
                }
                None
            }
            Expression::EndOf(inner) => {
                self.due(inner)?.map(|due| Evaluated::Value(Value::Instant(due.legal_latest)))
            }
            Expression::Joined(operands) => {
                let mut text = String::new();
                for operand in operands {
                    let Some(value) = self.value(operand)? else { return Ok(None) };
                    match value {
                        Value::Text(part) => text.push_str(&part),
                        Value::Long(number) => text.push_str(&number.to_string()),
                        _ => return Ok(None),
                    }
                }
                Some(Evaluated::Value(Value::Text(text)))
            }
        })
    }

    fn source(&self, source: &Source) -> Option<Value> {
        match source {
            Source::At => Some(Value::Instant(self.given.at)),
            Source::KnowledgeTime => Some(Value::Instant(self.given.knowledge_time)),
            Source::Sending => Some(self.given.sending.as_str().into()),
            Source::Receiving => Some(self.given.receiving.as_str().into()),
            Source::Zone => Some(self.calendar.zone().into()),
            Source::Fact(_, slot) => self.given.values.stated(*slot).cloned(),
        }
    }

    fn operate(
        &self,
        operator: Operator,
        operands: &[Expression],
    ) -> Result<Option<Evaluated>, CalendarError> {
        if matches!(operator, Operator::Earliest | Operator::Latest) {
            let mut held: Option<Due> = None;
            for operand in operands {
                let Some(next) = self.due(operand)? else { continue };
                held = Some(match held {
                    None => next,
                    Some(held) => choose(operator, held, next),
                });
            }
            return Ok(held.map(Evaluated::Due));
        }
        let mut held: Option<Value> = None;
        for operand in operands {
            let Some(next) = self.value(operand)? else { continue };
            held = Some(match (operator, held, next) {
                (Operator::Union | Operator::Intersect, None, next) => Value::List(items(next)),
                (_, None, next) => next,
                (Operator::Min, Some(held), next) => held.min(next),
                (Operator::Max, Some(held), next) => held.max(next),
                (Operator::Union, Some(held), next) => {
                    let mut all = items(held);
                    for item in items(next) {
                        if !all.contains(&item) {
                            all.push(item);
                        }
                    }
                    Value::List(all)
                }
                (_, Some(held), next) => {
                    let next = items(next);
                    Value::List(items(held).into_iter().filter(|item| next.contains(item)).collect())
                }
            });
        }
        Ok(held.map(Evaluated::Value))
    }
}

fn items(value: Value) -> Vec<Value> {
    match value {
        Value::List(items) => items,
        one => vec![one],
    }
}

/// Both ends of the earlier, or later, of two due dates; the rule is cited of the one whose legal end holds.
fn choose(operator: Operator, a: Due, b: Due) -> Due {
    let first = (a.legal_latest <= b.legal_latest) == (operator == Operator::Earliest);
    let (operational, legal_latest) = if operator == Operator::Earliest {
        (a.operational.min(b.operational), a.legal_latest.min(b.legal_latest))
    } else {
        (a.operational.max(b.operational), a.legal_latest.max(b.legal_latest))
    };
    Due { operational, legal_latest, time_rule: if first { a.time_rule } else { b.time_rule } }
}
