//! What a theorem compares: laws as they are asked together, or a floor.
//!
//! Mirrors what `comity-agreement` asks: a pack that several laws include is asked once, what an included pack
//! permits grants nothing, an article that a law displaces is not asked, and every law must permit.

use crate::expression::{self, ConditionError};
use crate::recognition::mirrored;
use comity_agreement::Law;
use comity_agreement::pack::{Floor, Pack, Rule, RuleEffect};
use comity_terms::{Action, JurisdictionCode, PackSlug, RuleId};
use serde_json::Value as Json;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What is asked.
#[derive(Debug, Clone)]
pub enum Side {
    /// These laws together: it permits where each of them does.
    Laws(Vec<Arc<Law>>),
    /// Everything but what the articles marked `@floor("protection")` of a law, and of what it includes, forbid.
    Floor(Arc<Law>),
    /// One state's law, asked as if the two states stood where the other stands.
    Mirror(Arc<Law>, [JurisdictionCode; 2]),
}

/// Conditions of a side about one act.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Conditions {
    /// Each must hold: one for each law, that one of its permits matches.
    pub must: Vec<Json>,
    /// None may hold: the forbids.
    pub must_not: Vec<Json>,
}

impl Side {
    /// One law.
    #[must_use]
    pub fn law(law: &Arc<Law>) -> Self {
        Self::Laws(vec![law.clone()])
    }

    /// The laws whose rules are asked.
    #[must_use]
    pub fn laws(&self) -> &[Arc<Law>] {
        match self {
            Self::Laws(laws) => laws,
            Self::Floor(law) | Self::Mirror(law, _) => std::slice::from_ref(law),
        }
    }

    /// The names of the packs that are asked as laws.
    #[must_use]
    pub fn names(&self) -> Vec<PackSlug> {
        self.laws().iter().map(|law| law.pack().slug.clone()).collect()
    }

    /// The rules that count about `action`, with the place of their law.
    #[must_use]
    pub fn rules(&self, action: &Action) -> Vec<(usize, &Rule)> {
        let laws = self.laws();
        let displaced: BTreeSet<&RuleId> = match self {
            Self::Floor(_) => BTreeSet::new(),
            _ => laws.iter().flat_map(|law| &law.pack().displaces).collect(),
        };
        let mut asked: BTreeSet<&PackSlug> = BTreeSet::new();
        let mut out = Vec::new();
        for (place, law) in laws.iter().enumerate() {
            for (index, pack) in packs(law).enumerate() {
                if !asked.insert(&pack.slug) {
                    continue;
                }
                let counts = |rule: &&Rule| {
                    let silent = index > 0 && rule.effect == RuleEffect::Permit;
                    rule.actions.contains(action) && !silent && !displaced.contains(&rule.id)
                };
                out.extend(
                    pack.rules()
                        .iter()
                        .filter(counts)
                        .filter(|rule| self.takes(rule))
                        .map(|rule| (place, rule)),
                );
            }
        }
        out
    }

    fn takes(&self, rule: &Rule) -> bool {
        match self {
            Self::Floor(_) => is_floor(rule),
            _ => rule.effect != RuleEffect::Obligation,
        }
    }

    /// Its conditions about `action`.
    ///
    /// # Errors
    /// [`ConditionError`] when a rule is in a form that packs do not have.
    pub fn conditions(&self, action: &Action) -> Result<Conditions, ConditionError> {
        let mut permits: Vec<Vec<Json>> = vec![Vec::new(); self.laws().len()];
        let mut out = Conditions::default();
        for (place, rule) in self.rules(action) {
            let condition = expression::condition(&rule.policy())?;
            match rule.effect {
                RuleEffect::Permit => permits[place].push(condition),
                _ => out.must_not.push(condition),
            }
        }
        if !matches!(self, Self::Floor(_)) {
            out.must = permits.into_iter().map(expression::any).collect();
        }
        if let Self::Mirror(_, [one, other]) = self {
            for condition in out.must.iter_mut().chain(&mut out.must_not) {
                *condition = mirrored(condition, one.as_str(), other.as_str());
            }
        }
        Ok(out)
    }
}

/// Whether a rule is one of a floor of protection.
#[must_use]
pub fn is_floor(rule: &Rule) -> bool {
    rule.effect == RuleEffect::Forbid && rule.floor == Some(Floor::Protection)
}

/// The pack of a law, then those that it includes.
pub fn packs(law: &Law) -> impl Iterator<Item = &Pack> {
    std::iter::once(law.pack()).chain(law.includes())
}
