//! Derived facts: what rules see of instants, parties and records, which never reach them.

use super::End;
use crate::facts::Given;
use crate::pack::State;
use comity_terms::calendar::{Calendar, Count, Period, due};
use comity_terms::{FactKey, JurisdictionCode, Timestamp, Value};

/// An instant that a derivation compares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Moment {
    /// The time of the act.
    At,
    /// The time from which it is judged.
    KnowledgeTime,
    /// A datetime fact.
    Fact(FactKey),
}

/// A party that a derivation compares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// Where the data is.
    Sending,
    /// Who gets it or asks for it.
    Receiving,
    /// A party fact.
    Fact(FactKey),
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
pub enum Derivation {
    /// How two instants lie.
    Compare(Relation, Moment, Moment),
    /// The fact was asked, and there is none.
    IsNull(FactKey),
    /// The fact is there and not null; false, not absent, otherwise.
    IsPresent(FactKey),
    /// The parties hold the party.
    ContainsParty(FactKey, Who),
    /// Both are the same party.
    SameParty(Who, Who),
    /// The set or list has no member.
    IsEmpty(FactKey),
    /// The record's field is the value.
    FieldIs(FactKey, String, Value),
    /// The record's field, a list of codes, holds the party.
    FieldContainsParty(FactKey, String, Who),
    /// The record's field, an instant or an edge of a day in UTC, lies after the moment.
    FieldIsAfter(FactKey, String, Edge, Moment),
    /// The second instant lies no later than the end of the period that begins at the first, counted by the rule
    /// in the calendar of the party; plainly where there is none.
    Within(Moment, Moment, Period, Option<(Count, Who)>),
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

    /// The value, where its operands are there; nothing for [`Derivation::Declared`], which is no bool.
    pub(crate) fn work_out(&self, given: &Given<'_>) -> Option<bool> {
        let stated = |key: &FactKey| given.values.get(key).filter(|value| ***value != Value::Null);
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
            Self::IsNull(a) => given.values.get(a).map(|value| **value == Value::Null),
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
            Self::Within(a, b, period, None) => {
                let (a, b) = (moment(a, given)?, moment(b, given)?);
                // Plain arithmetic in UTC: no place's clock or holidays bear on it.
                let calendar = Calendar::new("UTC", [], []).ok()?;
                Some(b <= due(a, period, Count::Plain, &calendar).ok()?.operational)
            }
            Self::Within(a, b, period, Some((count, place))) => {
                let (a, b) = (moment(a, given)?, moment(b, given)?);
                let calendar = &given.places.get(who(place, given)?)?.calendar;
                Some(b <= due(a, period, *count, calendar).ok()?.legal_latest)
            }
            Self::Declared(_) => None,
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

fn moment(moment: &Moment, given: &Given<'_>) -> Option<Timestamp> {
    match moment {
        Moment::At => Some(given.at),
        Moment::KnowledgeTime => Some(given.knowledge_time),
        Moment::Fact(key) => match given.values.get(key)? {
            Value::Instant(at) => Some(*at),
            _ => None,
        },
    }
}

fn who<'a>(who: &Who, given: &'a Given<'_>) -> Option<&'a str> {
    match who {
        Who::Sending => Some(JurisdictionCode::as_str(given.sending)),
        Who::Receiving => Some(given.receiving.as_str()),
        Who::Fact(key) => given.values.get(key)?.as_text(),
    }
}
