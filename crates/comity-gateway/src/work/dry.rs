//! What would come of an act, and nothing of it (C35): the act itself is done at a gateway that records nothing
//! ([`Gateway::dry_run`]), and what it would have recorded is told.
//!
//! One way for every act that laws decide on, so that a dry run cannot say otherwise than the act: the same code asks the same
//! laws about the same facts. What an entry's opening would hold is told as it is: words of the vocabulary, numbers, digests.

use crate::gateway::{Gateway, GatewayError};
use crate::laws::Loaded;
use comity_agreement::pack::{Pack, RuleEffect};
use comity_exchange::audit::recorded::RecordedRuling;
use comity_exchange::ports::{Record, SegmentKind};
use comity_exchange::shell::Shell as _;
use comity_store::DryUntil;
use comity_terms::PackSlug;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What would come of an act.
#[derive(Debug, Serialize)]
pub struct WouldBe {
    /// Always: nothing was recorded, drawn or sent.
    pub dry_run: bool,
    /// `deny` where something would be refused, `escalate` where something would wait for offices, else `permit`.
    pub outcome: &'static str,
    /// What would be recorded, entry by entry. Nothing where the act changes nothing.
    pub entries: Vec<WouldEnter>,
}

/// One entry that would be recorded.
#[derive(Debug, Serialize)]
pub struct WouldEnter {
    /// The act, in the log's words.
    pub act: String,
    /// What the laws say, class by class.
    pub decisions: Vec<WouldDecide>,
    /// What the entry's opening would hold.
    pub facts: Json,
}

/// What the laws say of one class.
#[derive(Debug, Serialize)]
pub struct WouldDecide {
    /// How many objects or records.
    pub objects: u64,
    /// `permit`, `deny` or `escalate`.
    pub outcome: String,
    /// Reason codes.
    pub reasons: Vec<String>,
    /// The offices that must approve.
    pub escalate_to: Vec<String>,
    /// Every rule that has a part.
    pub citations: Vec<WouldCite>,
    /// What would be owed, by whom, until when.
    pub obligations: Vec<Json>,
}

/// One rule that has a part.
#[derive(Debug, Clone, Serialize)]
pub struct WouldCite {
    /// The pack that holds it.
    pub pack: String,
    /// The rule.
    pub rule: String,
    /// The article.
    pub article: String,
    /// `permit`, `forbid` or `obligation`.
    pub effect: String,
    /// The article in a sentence.
    pub summary: String,
}

/// Does `act` at `gateway` as a dry run, and tells what it would have recorded.
///
/// # Errors
/// As the act itself, where it would have recorded nothing.
pub async fn run<T>(
    gateway: &Gateway,
    until: DryUntil,
    act: impl AsyncFnOnce(&Arc<Gateway>) -> Result<T, GatewayError>,
) -> Result<WouldBe, GatewayError> {
    let dry = gateway.dry_run(until);
    let came = act(&dry).await.map(drop);
    told(&dry, came)
}

/// What a dry run that came to its end would have recorded, as far as it `came`.
///
/// # Errors
/// What it ended with, where it would have recorded nothing.
pub fn told(dry: &Gateway, came: Result<(), GatewayError>) -> Result<WouldBe, GatewayError> {
    let records = dry.store().put_aside();
    if records.is_empty() {
        came?;
    }
    let rules = rules(dry);
    let mut entries = Vec::new();
    for record in &records {
        entries.extend(entered(dry, record, &rules)?);
    }
    let any = |outcomes: &[&str]| entries.iter().any(|entry| entry.ends(outcomes));
    let outcome = match (any(&["deny", "refused"]), any(&["escalate", "escalated"])) {
        (true, _) => "deny",
        (false, true) => "escalate",
        (false, false) => "permit",
    };
    Ok(WouldBe { dry_run: true, outcome, entries })
}

impl WouldEnter {
    /// Whether a law, or the act by itself, comes to one of these.
    fn ends(&self, outcomes: &[&str]) -> bool {
        let own = self.facts["outcome"].as_str();
        let laws = self.decisions.iter().map(|decision| decision.outcome.as_str());
        laws.chain(own).any(|outcome| outcomes.contains(&outcome))
    }
}

/// The entries of a record, by their openings.
fn entered(dry: &Gateway, record: &Record, rules: &Rules) -> Result<Vec<WouldEnter>, GatewayError> {
    #[derive(Deserialize)]
    struct Content {
        act: String,
        facts: Json,
    }
    let mut entries = Vec::new();
    for draft in &record.entries {
        let opening = record.segments.iter().find(|segment| segment.id == draft.opening);
        let opening = opening.filter(|segment| segment.kind == SegmentKind::Opening);
        let opened = opening.map(|segment| dry.with_keys(|keys| dry.signatory().open_opening(segment, keys)));
        let Some(opening) = opened.transpose()?.flatten() else { continue };
        let Content { act, facts } = serde_json::from_slice(opening.content())
            .map_err(|_| GatewayError::Broken("what would be recorded does not read".to_owned()))?;
        let decisions = rulings(&facts).into_iter().map(|ruling| decided(ruling, rules)).collect();
        entries.push(WouldEnter { act, decisions, facts });
    }
    Ok(entries)
}

/// What the laws said, wherever an opening of this kind of act has it.
fn rulings(facts: &Json) -> Vec<RecordedRuling> {
    let all =
        [&facts["rulings"], &facts["asked"]["rulings"]].into_iter().filter_map(Json::as_array).flatten();
    all.chain([&facts["ruling"]]).filter_map(|ruling| serde_json::from_value(ruling.clone()).ok()).collect()
}

fn decided(ruling: RecordedRuling, rules: &Rules) -> WouldDecide {
    WouldDecide {
        objects: ruling.objects,
        outcome: ruling.outcome,
        reasons: ruling.reasons,
        escalate_to: ruling.escalate_to.iter().map(|office| office.0.to_string()).collect(),
        citations: ruling.rules.iter().filter_map(|rule| rules.get(rule).cloned()).collect(),
        obligations: ruling.obligations,
    }
}

/// Rules by `pack/rule`, as openings name them.
type Rules = BTreeMap<String, WouldCite>;

/// Every rule that may have been asked: of what is adopted here, and of the partners' laws.
fn rules(gateway: &Gateway) -> Rules {
    let partners = gateway.register().peers.into_keys();
    let theirs = partners.filter_map(|party| {
        let pack = PackSlug::new(party.as_str()).ok()?;
        gateway.loaded(&pack, gateway.signed_by(&party, &pack).pop()?)
    });
    let mut rules = Rules::new();
    // Of two texts of one rule that which is adopted here stays.
    for Loaded { law, .. } in theirs.chain(gateway.laws_adopted()) {
        for pack in law.includes().chain([law.pack()]) {
            rules.extend(of(pack));
        }
    }
    rules
}

fn of(pack: &Pack) -> impl Iterator<Item = (String, WouldCite)> {
    pack.rules().iter().map(|rule| {
        let effect = match rule.effect {
            RuleEffect::Permit => "permit",
            RuleEffect::Forbid => "forbid",
            RuleEffect::Obligation => "obligation",
        };
        let cited = WouldCite {
            pack: pack.slug.to_string(),
            rule: rule.id.to_string(),
            article: rule.article.to_string(),
            effect: effect.to_owned(),
            summary: rule.summary.to_string(),
        };
        (format!("{}/{}", pack.slug, rule.id), cited)
    })
}
