//! When data ends, read off the packs: the rules that say by when a category of data is erased.
//!
//! Leaves to `lint` what is an error (an agreement with a category that no such rule ends for certain is not adopted), and to a decision
//! which of them apply, and when: that turns on facts.

use crate::compile::Law;
use crate::pack::{Rule, RuleEffect};
use crate::vocabulary::{Dimension, Vocabulary};
use comity_terms::{Article, FactKey, ObligationType, PackSlug, RuleId, Timestamp, Value};
use std::collections::BTreeSet;

/// One rule that ends the keeping of data that was handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deletion {
    /// The pack.
    pub pack: PackSlug,
    /// The rule.
    pub rule: RuleId,
    /// Its article.
    pub article: Article,
    /// The type of duty: delete, destroy.
    pub kind: ObligationType,
    /// How long after the act, days of 24 hours, where no fact moves it; months are counted from 1 January.
    pub days: Option<i64>,
    /// The facts that move its end.
    pub moved_by: BTreeSet<FactKey>,
    /// The facts that it asks before it matches.
    pub asks: BTreeSet<FactKey>,
}

/// The rules of `law`, its own and of what it includes, that end the keeping of `category` once it was handed over: in the
/// order of the packs and their files.
#[must_use]
pub fn deletions(law: &Law, vocabulary: &Vocabulary, category: &str) -> Vec<Deletion> {
    let slot = vocabulary.slot("data_category");
    let reaches = |rule: &Rule| {
        let reach = rule.reach();
        let allowed = slot.and_then(|slot| reach.allowed(slot));
        allowed.is_none_or(|words| words.contains(&Value::from(category)))
    };
    let hands_over = |rule: &Rule| {
        let mut terms = rule.actions.iter().filter_map(|action| vocabulary.actions().get(action));
        terms.any(|term| term.kind == "transfer")
    };
    let mut found = Vec::new();
    for compiled in law.compiled() {
        let pack = &compiled.pack;
        let owing = pack.rules().iter().filter(|rule| rule.effect == RuleEffect::Obligation);
        for rule in owing.filter(|rule| hands_over(rule) && reaches(rule)) {
            for template in pack.templates(&rule.id) {
                let term = vocabulary.obligations().get(&template.kind);
                if term.and_then(|term| term.safeguard) != Some(Dimension::EraseBy) {
                    continue;
                }
                let days = template.end_from_act();
                found.push(Deletion {
                    pack: pack.slug.clone(),
                    rule: rule.id.clone(),
                    article: rule.article.clone(),
                    kind: template.kind.clone(),
                    days: days
                        .map(|end| (end.as_second() - Timestamp::UNIX_EPOCH.as_second()) / SECONDS_OF_DAY),
                    moved_by: template.facts().into_iter().filter_map(|key| FactKey::new(key).ok()).collect(),
                    asks: rule.attributes.clone(),
                });
            }
        }
    }
    found
}

const SECONDS_OF_DAY: i64 = 24 * 60 * 60;
