//! A standing request: what an officer asks once, so that tools may ask it many times.

use crate::ports::Stream;
use crate::wire::Text;
use comity_terms::ids::CollectionId;
use comity_terms::{Activity, FactKey, PackSlug, Party, Purpose, Timestamp};
use serde::{Deserialize, Serialize};

/// A collection, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StandingRequest {
    /// Its id, which tools know it by.
    pub id: Text<CollectionId>,
    /// What it is called.
    pub title: String,
    /// What it is for, in words for people.
    pub description: Option<String>,
    /// The agreement.
    pub agreement: Text<PackSlug>,
    /// Whom it is with; the gateway's own party for a collection that is kept here.
    pub partner: Text<Party>,
    /// The agreed category.
    pub activity: Text<Activity>,
    /// What it is for.
    pub purpose: Text<Purpose>,
    /// Facts that hold for everything that goes through it, as its officer states them: key and text.
    pub facts: Vec<(Text<FactKey>, String)>,
    /// Whether tools may read it.
    pub can_read: bool,
    /// Whether tools may write to it.
    pub can_write: bool,
    /// The key of the officer who made it, and their signature over [`order`](Self::order). The collection of a fresh
    /// gateway, which states no facts, has none: the gateway's own party answers for it.
    pub ordered: Option<(String, String)>,
    /// Since when, UTC.
    pub from: Text<Timestamp>,
    /// The last instant, UTC; `None`: until it is ended.
    pub until: Option<Text<Timestamp>>,
    /// The office that looks at it again.
    pub reviewer: Option<String>,
    /// Since when it is ended, UTC.
    pub ended: Option<Text<Timestamp>>,
}

impl StandingRequest {
    /// What the officer who makes it signs.
    #[must_use]
    pub fn order(&self) -> String {
        let Self { id, agreement, partner, activity, purpose, can_read, can_write, from, until, .. } = self;
        let facts: Vec<String> = self.facts.iter().map(|(key, value)| format!("{}={value}", key.0)).collect();
        let until = until.as_ref().map_or_else(String::new, |until| until.0.to_string());
        let reviewer = self.reviewer.as_deref().unwrap_or_default();
        format!(
            "standing\n{}\n{}\n{}\n{}\n{}\n{can_read} {can_write}\n{}\n{until}\n{reviewer}\n{}\n",
            id.0,
            agreement.0,
            partner.0,
            activity.0,
            purpose.0,
            from.0,
            facts.join("\n")
        )
    }

    /// The stream that it reads and, where it is kept here, writes.
    #[must_use]
    pub fn stream(&self) -> Stream {
        Stream {
            agreement: self.agreement.0.clone(),
            partner: self.partner.0.clone(),
            activity: self.activity.0.clone(),
            purpose: self.purpose.0.clone(),
        }
    }

    /// Whether it stands at `now`.
    #[must_use]
    pub fn stands(&self, now: Timestamp) -> bool {
        self.from.0 <= now
            && self.until.as_ref().is_none_or(|until| now <= until.0)
            && self.ended.as_ref().is_none_or(|ended| now < ended.0)
    }
}
