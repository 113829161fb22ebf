//! Obligations: typed templates, instantiated after the rules were asked.
//!
//! Owns the templates of `obligations.toml`, their type check at load and their arithmetic. Leaves the counting
//! of periods to `comity_terms::calendar`, and which rules matched to `decide`. Both the operational and the
//! legal latest instant come out of every period.

mod expression;
mod read;

pub(crate) use expression::{Evaluated, Expression, Scope};
pub(crate) use read::read;

use crate::facts::{Given, Instrument, Values};
use crate::vocabulary::{Dimension, Vocabulary};
use comity_terms::calendar::{Calendar, CalendarError, Count};
use comity_terms::{
    Citation, DataClass, Due, FactKey, Handling, JurisdictionCode, Obligation, ObligationType, Onward, Owner,
    RuleId, Safeguards, Timestamp, Treatment, Value,
};
use std::collections::BTreeMap;

/// What is owed when a rule matches.
#[derive(Debug, Clone)]
pub struct Template {
    /// The rule.
    pub rule: RuleId,
    /// The type of duty.
    pub kind: ObligationType,
    /// Who owes it.
    pub owner: Owner,
    /// What shows that it was done.
    pub evidence: Option<String>,
    pub(crate) zone: Owner,
    pub(crate) count: Count,
    pub(crate) due: Option<Expression>,
    pub(crate) value: Option<Expression>,
    pub(crate) terms: BTreeMap<String, Expression>,
    pub(crate) handling: Option<Expression>,
    pub(crate) onward: Onward,
    pub(crate) treatments: BTreeMap<DataClass, Treatment>,
}

/// A duty, and what it does to the safeguards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Owed {
    pub(crate) obligation: Obligation,
    pub(crate) safeguards: Safeguards,
    pub(crate) ground: Citation,
}

impl Template {
    /// The facts that it reads.
    #[must_use]
    pub fn facts(&self) -> Vec<&str> {
        let mut out = Vec::new();
        for expression in self.due.iter().chain(&self.value).chain(&self.handling).chain(self.terms.values())
        {
            expression.facts(&mut out);
        }
        out.into_iter().map(FactKey::as_str).collect()
    }

    /// Where it ends when the act is at the epoch and no fact is stated but those that the act itself gives;
    /// `None` where it has no such end. Periods in different units compare by it.
    pub(crate) fn end_from_act(&self) -> Option<Timestamp> {
        let nobody = JurisdictionCode::new("NOBODY").ok()?;
        let instrument = Instrument { declared: None, states: Vec::new(), covered_retroactively: false };
        let given = Given {
            sending: &nobody,
            receiving: &nobody,
            at: Timestamp::UNIX_EPOCH,
            knowledge_time: Timestamp::UNIX_EPOCH,
            values: Values::default(),
            instrument: &instrument,
            places: &BTreeMap::new(),
        };
        let scope = Scope { given: &given, calendar: &Calendar::plain(), count: Count::Plain };
        match scope.evaluate(self.due.as_ref()?).ok()?? {
            Evaluated::Due(due) => Some(due.operational),
            Evaluated::Value(Value::Instant(at)) => Some(at),
            Evaluated::Value(_) => None,
        }
    }

    /// The duty for one question.
    pub(crate) fn instantiate(
        &self,
        given: &Given<'_>,
        vocabulary: &Vocabulary,
        ground: &Citation,
    ) -> Result<Owed, CalendarError> {
        let place = match &self.zone {
            Owner::Sender => given.sending,
            Owner::Receiver => given.receiving,
            Owner::Party(code) => code,
        };
        let calendar = vocabulary
            .places
            .get(place)
            .map(|place| &place.calendar)
            .ok_or_else(|| CalendarError::Zone(place.to_string()))?;
        let scope = Scope { given, calendar, count: self.count };
        let due = match &self.due {
            Some(expression) => match scope.evaluate(expression)? {
                Some(Evaluated::Due(due)) => Some(due),
                Some(Evaluated::Value(Value::Instant(at))) => Some(scope.at(at)),
                _ => None,
            },
            None => None,
        };
        let value = self.value.as_ref().map(|expression| scope.value(expression)).transpose()?.flatten();
        let mut terms = BTreeMap::new();
        for (key, expression) in &self.terms {
            if let Some(value) = scope.value(expression)? {
                terms.insert(key.clone(), value);
            }
        }
        let handling = match self.handling.as_ref().map(|expression| scope.value(expression)).transpose()? {
            Some(Some(Value::Text(text))) => text.parse().unwrap_or(Handling::Clear),
            _ => Handling::Clear,
        };
        let dimension = vocabulary.obligations.get(&self.kind).and_then(|term| term.safeguard);
        let safeguards = Safeguards {
            // Each end is the strict one for what it guards: erased or told early, kept long.
            erase_by: due
                .as_ref()
                .filter(|_| dimension == Some(Dimension::EraseBy))
                .map(|due| due.operational),
            keep_until: due
                .as_ref()
                .filter(|_| dimension == Some(Dimension::KeepUntil))
                .map(|due| due.legal_latest),
            notify_by: due
                .as_ref()
                .filter(|_| dimension == Some(Dimension::NotifyBy))
                .map(|due| due.operational),
            treatments: self.treatments.clone(),
            onward: self.onward,
            handling,
        };
        let obligation = Obligation {
            kind: self.kind.clone(),
            owner: self.owner.clone(),
            value,
            due,
            terms,
            source: (ground.law.clone(), ground.pack.clone(), ground.article.clone(), ground.rule.clone()),
        };
        Ok(Owed { obligation, safeguards, ground: ground.clone() })
    }
}

/// The duties that stand: each once, without those that another says are not owed.
pub(crate) fn standing(owed: Vec<Owed>, vocabulary: &Vocabulary) -> Vec<Owed> {
    let denied: Vec<ObligationType> = owed
        .iter()
        .filter_map(|owed| vocabulary.obligations.get(&owed.obligation.kind))
        .flat_map(|term| term.denies.iter().cloned())
        .collect();
    let mut out: Vec<Owed> = Vec::with_capacity(owed.len());
    for owed in owed.into_iter().filter(|owed| !denied.contains(&owed.obligation.kind)) {
        let again = out.iter().any(|held| {
            let (a, b) = (&held.obligation, &owed.obligation);
            (&a.kind, &a.owner, &a.value, &a.due, &a.terms) == (&b.kind, &b.owner, &b.value, &b.due, &b.terms)
                && held.safeguards == owed.safeguards
        });
        if !again {
            out.push(owed);
        }
    }
    out
}

/// A due date that is the same by every count.
fn fixed(at: comity_terms::Timestamp, count: Count) -> Due {
    Due { operational: at, legal_latest: at, time_rule: count.time_rule() }
}
