//! Grounds and citations: why, in words that a lawyer can look up.

use crate::{Article, JurisdictionCode, PackSlug, ReasonCode, RuleId};
use std::fmt;
use std::sync::Arc;

/// Which of the laws asked: the agreement, or the law of a jurisdiction.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LawName {
    /// The agreement between the parties, with what it includes.
    Agreement,
    /// The law of one jurisdiction.
    Jurisdiction(JurisdictionCode),
}

impl LawName {
    /// The word on the wire: `agreement`, or the code of the jurisdiction.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Agreement => "agreement",
            Self::Jurisdiction(code) => code.as_str(),
        }
    }
}

impl fmt::Display for LawName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for LawName {
    type Err = crate::NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "agreement" { Ok(Self::Agreement) } else { text.parse().map(Self::Jurisdiction) }
    }
}

/// What a cited rule did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// It allowed the act.
    Permit,
    /// It forbade the act.
    Forbid,
    /// It laid down a duty.
    Obligation,
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Permit => "permit",
            Self::Forbid => "forbid",
            Self::Obligation => "obligation",
        })
    }
}

/// One rule that had a part in a decision.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Citation {
    /// The law that was asked.
    pub law: LawName,
    /// The pack that holds the rule: the agreement's own, or one that it includes.
    pub pack: PackSlug,
    /// The article it encodes.
    pub article: Article,
    /// The rule.
    pub rule: RuleId,
    /// What it did.
    pub effect: Effect,
    /// The article in one sentence, from the pack.
    pub summary: Arc<str>,
}

/// Why something was refused, escalated or withheld.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ground {
    /// The law that gave it.
    pub law: LawName,
    /// The reason, from the closed list.
    pub reason: ReasonCode,
    /// The rule, where a rule gave it; absent when no rule could (no governing rule, a fact missing).
    pub rule: Option<(PackSlug, Article, RuleId)>,
}
