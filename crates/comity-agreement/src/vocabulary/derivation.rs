//! Derived facts: what rules see of instants, parties and records, which never reach them.
//!
//! A derivation names its facts by key as lawyers wrote them, and by [`Slot`] once all facts are read: every
//! question works many out, so none is looked up for it.

use super::End;
use crate::facts::Given;
use crate::pack::State;
use comity_terms::calendar::{Calendar, CalendarError, Count, Period, due};
use comity_terms::{FactKey, JurisdictionCode, Timestamp, Value};
use std::sync::LazyLock;

/// The place of a fact among all of the vocabulary.
pub type Slot = usize;

/// An instant that a derivation compares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Moment<F = FactKey> {
    /// The time of the act.
    At,
    /// The time from which it is judged.
    KnowledgeTime,
    /// A datetime fact.
    Fact(F),
}

/// A party that a derivation compares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who<F = FactKey> {
    /// Where the data is.
    Sending,
    /// Who gets it or asks for it.
    Receiving,
    /// A party fact.
    Fact(F),
}

/// How two instants lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// The first is earlier.
    Before,
    /// The first is not later.
    AtOrBefore,
    /// The first is later.
    After,
    /// The first is not earlier.
    AtOrAfter,
}

/// Which end of a day stands for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// Its first instant.
    Begin,
    /// The instant at which it is over.
    End,
}

/// How a derived fact is worked out. All give true or false; absent operands give nothing unless said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Derivation<F = FactKey> {
    /// How two instants lie.
    Compare(Relation, Moment<F>, Moment<F>),
    /// The fact was asked, and there is none.
    IsNull(F),
    /// The fact is there and not null; false, not absent, otherwise.
    IsPresent(F),
    /// The parties hold the party.
    ContainsParty(F, Who<F>),
    /// Both are the same party.
    SameParty(Who<F>, Who<F>),
    /// The set or list has no member.
    IsEmpty(F),
    /// The record's field is the value.
    FieldIs(F, String, Value),
    /// The record's field, a list of codes, holds the party.
    FieldContainsParty(F, String, Who<F>),
    /// The record's field, an instant or an edge of a day in UTC, lies after the moment.
    FieldIsAfter(F, String, Edge, Moment<F>),
    /// The second instant lies no later than the end of the period that begins at the first, counted by the rule
    /// in the calendar of the party; plainly where there is none.
    Within(Moment<F>, Moment<F>, Period, Option<(Count, Who<F>)>),
    /// What the party at this end declared or reserved under the agreement asked: the one that gives a set.
    Declared(End),
    /// The agreement asked is in this state for a party that it must bind; in force: for every one.
    AgreementIs(State),
    /// When the act was done the agreement was not known to be in force, and it is known by now that it was.
    CoveredRetroactively,
}

impl Derivation {
    /// The facts that it is worked out from.
    pub(crate) fn operands(&self) -> Vec<&FactKey> {
        fn moment(m: &Moment) -> Option<&FactKey> {
            if let Moment::Fact(key) = m { Some(key) } else { None }
        }
        fn who(w: &Who) -> Option<&FactKey> {
            if let Who::Fact(key) = w { Some(key) } else { None }
        }
        match self {
            Self::Compare(_, a, b) => moment(a).into_iter().chain(moment(b)).collect(),
            Self::Within(a, b, _, counted) => {
                let place = counted.iter().filter_map(|(_, place)| who(place));
                moment(a).into_iter().chain(moment(b)).chain(place).collect()
            }
            Self::IsNull(a) | Self::IsPresent(a) | Self::IsEmpty(a) | Self::FieldIs(a, ..) => vec![a],
            Self::ContainsParty(a, b) | Self::FieldContainsParty(a, _, b) => {
                std::iter::once(a).chain(who(b)).collect()
            }
            Self::SameParty(a, b) => who(a).into_iter().chain(who(b)).collect(),
            Self::FieldIsAfter(a, _, _, b) => std::iter::once(a).chain(moment(b)).collect(),
            Self::Declared(_) | Self::AgreementIs(_) | Self::CoveredRetroactively => Vec::new(),
        }
    }

    /// The same, its facts by their place; `None` where one has none.
    pub(crate) fn placed(&self, slot: &impl Fn(&FactKey) -> Option<Slot>) -> Option<Derivation<Slot>> {
        let moment = |moment: &Moment| {
            Some(match moment {
                Moment::At => Moment::At,
                Moment::KnowledgeTime => Moment::KnowledgeTime,
                Moment::Fact(key) => Moment::Fact(slot(key)?),
            })
        };
        let who = |who: &Who| {
            Some(match who {
                Who::Sending => Who::Sending,
                Who::Receiving => Who::Receiving,
                Who::Fact(key) => Who::Fact(slot(key)?),
            })
        };
        Some(match self {
            Self::Compare(relation, a, b) => Derivation::Compare(*relation, moment(a)?, moment(b)?),
            Self::IsNull(a) => Derivation::IsNull(slot(a)?),
            Self::IsPresent(a) => Derivation::IsPresent(slot(a)?),
            Self::ContainsParty(a, b) => Derivation::ContainsParty(slot(a)?, who(b)?),
            Self::SameParty(a, b) => Derivation::SameParty(who(a)?, who(b)?),
            Self::IsEmpty(a) => Derivation::IsEmpty(slot(a)?),
            Self::FieldIs(a, field, value) => Derivation::FieldIs(slot(a)?, field.clone(), value.clone()),
            Self::FieldContainsParty(a, field, b) => {
                Derivation::FieldContainsParty(slot(a)?, field.clone(), who(b)?)
            }
            Self::FieldIsAfter(a, field, edge, b) => {
                Derivation::FieldIsAfter(slot(a)?, field.clone(), *edge, moment(b)?)
            }
            Self::Within(a, b, period, counted) => {
                let counted = match counted {
                    Some((count, place)) => Some((*count, who(place)?)),
                    None => None,
                };
                Derivation::Within(moment(a)?, moment(b)?, *period, counted)
            }
            Self::Declared(end) => Derivation::Declared(*end),
            Self::AgreementIs(state) => Derivation::AgreementIs(*state),
            Self::CoveredRetroactively => Derivation::CoveredRetroactively,
        })
    }
}

impl Derivation<Slot> {
    /// The value, where its operands are there; nothing for [`Derivation::Declared`], which is no bool.
    ///
    /// # Errors
    /// [`CalendarError`] where the end of a period cannot be told: callers refuse, for a rule that looks at the fact would
    /// not match.
    pub(crate) fn work_out(&self, given: &Given<'_>) -> Result<Option<bool>, CalendarError> {
        let Self::Within(a, b, period, counted) = self else { return Ok(self.told(given)) };
        let (Some(a), Some(b)) = (moment(a, given), moment(b, given)) else { return Ok(None) };
        // Plain arithmetic in UTC, where no rule is named: no place's clock or holidays bear on it.
        static PLAIN: LazyLock<Calendar> = LazyLock::new(Calendar::plain);
        let Some((count, place)) = counted else {
            return Ok(Some(b <= due(a, period, Count::Plain, &PLAIN)?.operational));
        };
        let Some(place) = who(place, given).and_then(|code| given.places.get(code)) else { return Ok(None) };
        Ok(Some(b <= due(a, period, *count, &place.calendar)?.legal_latest))
    }

    /// What needs no legal time.
    fn told(&self, given: &Given<'_>) -> Option<bool> {
        let stated = |slot: &Slot| given.values.stated(*slot);
        match self {
            Self::Compare(relation, a, b) => {
                let (a, b) = (moment(a, given)?, moment(b, given)?);
                Some(match relation {
                    Relation::Before => a < b,
                    Relation::AtOrBefore => a <= b,
                    Relation::After => a > b,
                    Relation::AtOrAfter => a >= b,
                })
            }
            Self::IsNull(a) => given.values.get(*a).map(|value| *value == Value::Null),
            Self::IsPresent(a) => Some(stated(a).is_some()),
            Self::ContainsParty(a, b) => Some(holds(stated(a)?, who(b, given)?)),
            Self::SameParty(a, b) => Some(who(a, given)? == who(b, given)?),
            Self::IsEmpty(a) => match stated(a)? {
                Value::List(items) => Some(items.is_empty()),
                _ => None,
            },
            Self::FieldIs(a, field, value) => {
                let Value::Record(fields) = stated(a)? else { return None };
                Some(fields.get(field) == Some(value))
            }
            Self::FieldContainsParty(a, field, b) => {
                let Value::Record(fields) = stated(a)? else { return None };
                let party = who(b, given)?;
                Some(fields.get(field).is_some_and(|codes| holds(codes, party)))
            }
            Self::FieldIsAfter(a, field, edge, b) => {
                let Value::Record(fields) = stated(a)? else { return None };
                let moment = moment(b, given)?;
                let instant = instant(fields.get(field).and_then(Value::as_text)?, *edge);
                Some(instant.is_some_and(|instant| instant > moment))
            }
            Self::Within(..) | Self::Declared(_) => None,
            Self::AgreementIs(state) => Some(given.instrument.is(*state)),
            Self::CoveredRetroactively => Some(given.instrument.covered_retroactively),
        }
    }
}

/// The instant that a text names; of a day, its edge.
fn instant(text: &str, edge: Edge) -> Option<Timestamp> {
    text.parse().ok().or_else(|| {
        let day: jiff::civil::Date = text.parse().ok()?;
        let first = match edge {
            Edge::Begin => day,
            Edge::End => day.tomorrow().ok()?,
        };
        jiff::tz::TimeZone::UTC.to_timestamp(first.at(0, 0, 0, 0)).ok()
    })
}

fn holds(codes: &Value, party: &str) -> bool {
    matches!(codes, Value::List(items) if items.iter().any(|item| item.as_text() == Some(party)))
}

fn moment(moment: &Moment<Slot>, given: &Given<'_>) -> Option<Timestamp> {
    match moment {
        Moment::At => Some(given.at),
        Moment::KnowledgeTime => Some(given.knowledge_time),
        Moment::Fact(slot) => match given.values.get(*slot)? {
            Value::Instant(at) => Some(*at),
            _ => None,
        },
    }
}

fn who<'a>(who: &Who<Slot>, given: &'a Given<'_>) -> Option<&'a str> {
    match who {
        Who::Sending => Some(JurisdictionCode::as_str(given.sending)),
        Who::Receiving => Some(given.receiving.as_str()),
        Who::Fact(slot) => given.values.get(*slot)?.as_text(),
    }
}
