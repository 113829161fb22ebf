//! How far a rule reaches: the acts and facts without which it cannot match.
//!
//! Read off its sieve: what every `when` asks in a conjunction. Enough to tell that two rules never meet, or that
//! wherever one matches the other does; where neither can be told, nothing is claimed.

use super::Rule;
use super::sieve::{Operand, Sieve};
use comity_terms::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What a rule asks in a conjunction.
#[derive(Debug)]
pub(crate) struct Reach<'r> {
    rule: &'r Rule,
    /// The values that an attribute must be among.
    allowed: BTreeMap<usize, BTreeSet<Value>>,
    /// The attributes that must be there.
    there: BTreeSet<usize>,
    /// Whatever else is asked.
    other: Vec<&'r Sieve>,
}

impl<'r> Reach<'r> {
    pub(crate) fn of(rule: &'r Rule) -> Self {
        let mut reach = Self { rule, allowed: BTreeMap::new(), there: BTreeSet::new(), other: Vec::new() };
        reach.take(&rule.sieve);
        reach
    }

    fn take(&mut self, sieve: &'r Sieve) {
        if let Sieve::All(parts) = sieve {
            parts.iter().for_each(|part| self.take(part));
        } else if let Sieve::Has(slot) = sieve {
            self.there.insert(*slot);
        } else if let Some((slot, values)) = among(sieve) {
            self.there.insert(slot);
            self.allowed
                .entry(slot)
                .and_modify(|held| held.retain(|value| values.contains(value)))
                .or_insert(values);
        } else {
            self.other.push(sieve);
        }
    }

    /// The values that the attribute at `slot` must be among; `None`: any.
    pub(crate) fn allowed(&self, slot: usize) -> Option<&BTreeSet<Value>> {
        self.allowed.get(&slot)
    }

    /// Whether no question matches in which the attribute at `slot` is true, as far as the rule says so by that attribute alone.
    pub(crate) fn never_where_true(&self, slot: usize) -> bool {
        let alone = |part: &Sieve| matches!(part, Sieve::Has(of) | Sieve::Truth(of) if *of == slot);
        let excluded = |asked: &&Sieve| match asked {
            Sieve::Not(inner) => match &**inner {
                Sieve::All(parts) => parts.iter().all(alone),
                part => matches!(part, Sieve::Truth(of) if *of == slot),
            },
            _ => false,
        };
        self.allowed(slot).is_some_and(|values| !values.contains(&Value::Bool(true)))
            || self.other.iter().any(excluded)
    }

    /// Whether no question can match both.
    pub(crate) fn apart(&self, other: &Self) -> bool {
        self.rule.actions.is_disjoint(&other.rule.actions)
            || self.allowed.iter().any(|(slot, values)| {
                other.allowed.get(slot).is_some_and(|others| values.is_disjoint(others))
            })
    }

    /// Whether every question that matches this one's rule matches the other's, of acts that both cover.
    pub(crate) fn within(&self, other: &Self) -> bool {
        let known = |slot: &usize| self.there.contains(slot);
        let narrower = |(slot, values): (&usize, &BTreeSet<Value>)| {
            self.allowed.get(slot).is_some_and(|own| own.is_subset(values))
        };
        self.rule.actions.is_subset(&other.rule.actions)
            && other.there.iter().all(known)
            && other.allowed.iter().all(narrower)
            && other.other.iter().all(|asked| self.other.contains(asked))
    }
}

/// The attribute that a condition compares with literals alone, and the values with which it holds.
fn among(sieve: &Sieve) -> Option<(usize, BTreeSet<Value>)> {
    match sieve {
        Sieve::Truth(slot) => Some((*slot, [Value::Bool(true)].into())),
        Sieve::Not(inner) => match &**inner {
            Sieve::Truth(slot) => Some((*slot, [Value::Bool(false)].into())),
            _ => None,
        },
        Sieve::Equal(Operand::Slot(slot), Operand::Literal(value))
        | Sieve::Equal(Operand::Literal(value), Operand::Slot(slot)) => Some((*slot, [value.clone()].into())),
        Sieve::Holds(Operand::Literal(Value::List(values)), Operand::Slot(slot)) => {
            Some((*slot, values.iter().cloned().collect()))
        }
        Sieve::Any(parts) => {
            let mut all: Option<(usize, BTreeSet<Value>)> = None;
            for part in parts {
                let (slot, values) = among(part)?;
                match &mut all {
                    Some((held, all)) if *held == slot => all.extend(values),
                    None => all = Some((slot, values)),
                    Some(_) => return None,
                }
            }
            all
        }
        // `context has k && context.k == v`, as part of an alternative.
        Sieve::All(parts) => match parts.as_slice() {
            [Sieve::Has(slot), asked] => among(asked).filter(|(other, _)| other == slot),
            _ => None,
        },
        _ => None,
    }
}
