//! The sieve against Cedar: every rule that is shipped, asked with facts drawn from the vocabulary.

use super::*;
use crate::pack::Rule;
use crate::vocabulary::{FactType, NONE};
use crate::{Library, shipped};
use cedar_policy::{Context, Entities, EntityId, EntityTypeName, EntityUid, EvalResult, Request};
use cedar_policy::{RestrictedExpression, eval_expression};
use comity_terms::JurisdictionCode;
use proptest::prelude::*;
use std::sync::{Arc, OnceLock};

/// Every rule of every shipped pack, with the words that they use.
fn law() -> &'static (Arc<Vocabulary>, Vec<Rule>) {
    static LAW: OnceLock<(Arc<Vocabulary>, Vec<Rule>)> = OnceLock::new();
    LAW.get_or_init(|| {
        let mut library = Library::open(shipped()).unwrap();
        let laws: Vec<_> = library.slugs().iter().map(|slug| library.law(slug).unwrap()).collect();
        let rules = laws.iter().flat_map(|law| law.pack().rules().to_vec()).collect();
        (library.vocabulary().clone(), rules)
    })
}

/// Draws one after the other from a seed: SplitMix64.
struct Draws(u64);

impl Draws {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut drawn = self.0;
        drawn = (drawn ^ (drawn >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        drawn = (drawn ^ (drawn >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((drawn ^ (drawn >> 31)) % u64::try_from(bound.max(1)).unwrap()).unwrap()
    }

    /// A word of `known`, half the time one that the rule names.
    fn word(&mut self, known: &[&str], rule: &Rule) -> String {
        let named: Vec<&&str> =
            known.iter().filter(|word| rule.lists.iter().any(|list| list.contains(**word))).collect();
        if !named.is_empty() && self.below(2) == 0 {
            return (*named[self.below(named.len())]).to_owned();
        }
        known[self.below(known.len())].to_owned()
    }

    /// A value of the fact at a place, as a rule could see it; absent a quarter of the time.
    fn value(&mut self, slot: usize, vocabulary: &Vocabulary, rule: &Rule) -> Option<Value> {
        if self.below(4) == 0 {
            return None;
        }
        let term = vocabulary.fact(vocabulary.keys[slot].as_str()).unwrap();
        let list = |list: &str| {
            vocabulary.list(list).unwrap_or_default().iter().map(String::as_str).collect::<Vec<_>>()
        };
        let places: Vec<&str> = vocabulary.places().keys().map(JurisdictionCode::as_str).collect();
        Some(match &term.kind {
            FactType::Bool => (self.below(2) == 0).into(),
            FactType::Long => {
                let mut near = rule.sieve.numbers(slot);
                near.extend([0, 1, i64::MAX, i64::MIN]);
                let number = near[self.below(near.len())];
                Value::Long(number.saturating_add(i64::try_from(self.below(3)).unwrap() - 1))
            }
            FactType::Enum(words) => {
                let mut known = list(words);
                known.push(NONE);
                self.word(&known, rule).into()
            }
            FactType::Party => self.word(&places, rule).into(),
            FactType::Set(words) => self.several(&list(words), rule),
            FactType::Parties => self.several(&places, rule),
            _ => return None,
        })
    }

    fn several(&mut self, known: &[&str], rule: &Rule) -> Value {
        (0..self.below(4)).map(|_| Value::Text(self.word(known, rule))).collect()
    }
}

/// What Cedar makes of a rule's condition; `None` where it errs.
fn cedar(rule: &Rule, values: &[Option<Value>], ends: (&str, &str), vocabulary: &Vocabulary) -> Option<bool> {
    let types = &vocabulary.entity_types;
    let uid =
        |kind: &EntityTypeName, id: &str| EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(id));
    let member = |kind: &EntityTypeName, value: &Value| {
        RestrictedExpression::new_entity_uid(uid(kind, value.as_text().unwrap()))
    };
    let stated = values.iter().enumerate().filter_map(|(slot, value)| Some((slot, value.as_ref()?)));
    let pairs = stated.map(|(slot, value)| {
        let expression = match (value, &types.of_fact[slot]) {
            (Value::Bool(truth), None) => RestrictedExpression::new_bool(*truth),
            (Value::Long(number), None) => RestrictedExpression::new_long(*number),
            (Value::List(items), Some(kind)) => {
                RestrictedExpression::new_set(items.iter().map(|item| member(kind, item)))
            }
            (value, Some(kind)) => member(kind, value),
            (value, None) => panic!("{value:?} is of no type"),
        };
        (vocabulary.keys[slot].to_string(), expression)
    });
    let approvals = (APPROVALS.to_owned(), RestrictedExpression::new_set([]));
    let context = Context::from_pairs(pairs.chain([approvals])).unwrap();
    let action = uid(&types.action, rule.actions.first().unwrap().as_str());
    let request = Request::new(uid(&types.party, ends.0), action, uid(&types.party, ends.1), context, None);
    match eval_expression(&request.unwrap(), &Entities::empty(), rule.matcher().unwrap()) {
        Ok(EvalResult::Bool(truth)) => Some(truth),
        _ => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// What the sieve can tell it tells as Cedar does; above all, a rule that it takes out is one that Cedar finds not to
    /// match, without an error. No shipped rule errs at all.
    #[test]
    fn the_sieve_agrees_with_cedar_on_every_shipped_rule(seed in any::<u64>()) {
        let (vocabulary, rules) = law();
        let mut draws = Draws(seed);
        let mut told = [0_usize; 2];
        for rule in rules {
            let mut values: Vec<Option<Value>> = vec![None; vocabulary.keys.len() + 1];
            for slot in &rule.slots {
                if *slot < vocabulary.keys.len() {
                    values[*slot] = draws.value(*slot, vocabulary, rule);
                }
            }
            let places: Vec<&str> = vocabulary.places().keys().map(JurisdictionCode::as_str).collect();
            let (principal, resource) = (draws.word(&places, rule), draws.word(&places, rule));
            let seen = Seen {
                slots: values.iter().map(Option::as_ref).collect(),
                principal: &principal,
                resource: &resource,
            };
            let asked = cedar(rule, &values, (&principal, &resource), vocabulary);
            prop_assert!(asked.is_some(), "`{}` errs with {:?}", rule.id, values.iter().flatten().collect::<Vec<_>>());
            if let Some(truth) = rule.sieve.holds(&seen) {
                told[usize::from(truth)] += 1;
                prop_assert_eq!(Some(truth), asked, "`{}` with {:?}", rule.id, values.iter().flatten().collect::<Vec<_>>());
            }
        }
        // Most of what is shipped can be told, both ways: this compares something.
        prop_assert!(told[0] > rules.len() / 4 && told[1] > rules.len() / 20, "{told:?} of {}", rules.len());
    }
}
