//! What the person is told, and what the overseer.
//!
//! ```json
//! {"number":"…","request":"access","outcome":"answered","filed_at":"…","decided_at":"…","due":"…","party":"EE",
//!  "citations":[{"pack":"EE","article":"…","rule":"…","effect":"permit","summary":"…"}],
//!  "records":[{"object":{…},"pack":"…","exchange_id":"…","from":"FI","activity":"…","purpose":"…","kept_until":"…"}],
//!  "sent":[{"to":"FI","pack":"…","exchange_id":"…","at":"…","ordered":"restrict"}],
//!  "done":[{"what":"restricted","records":3}],
//!  "declined":[{"pack":"EE","records":3,"reasons":[…],"citations":[…]}],
//!  "reasons":[{"code":"neither_confirmed_nor_denied","summary":"…"}],
//!  "remedies":[{"options":["…"],"until":"…"}]}
//! ```
//! `records`, `sent`, `done` and `declined` hold what the law lets be told; everything else is of the request, and the same whatever is held.
//! INVARIANT: an answer without records says nothing about whether there are any: each answer that is no refusal of the
//! request itself ends with the same reason. A refusal of the request itself never looked for records.

use super::claim::{Kind, reason};
use super::law::Said;
use crate::federation::recall::RecallAction;
use comity_agreement::question::value_json;
use comity_agreement::try_case::citation_json;
use comity_terms::ids::RequestId;
use comity_terms::{ExchangeId, PackSlug, Party, Timestamp};
use comity_vault::Cleartext;
use serde_json::value::RawValue;
use serde_json::{Value as Json, json};

/// Nothing is held, or the law does not let it be said.
pub const NEITHER: &str = "neither_confirmed_nor_denied";

/// One record that is given.
pub struct GivenRecord {
    /// The object's JSON; none where the request is not for a copy.
    pub object: Option<Cleartext>,
    /// The agreement that it is held under.
    pub agreement: PackSlug,
    /// Whom it came from.
    pub from: Option<Party>,
    /// For which activity, and what for.
    pub asked_for: Option<(String, String)>,
    /// The exchange that it came by.
    pub exchange: Option<ExchangeId>,
    /// Until when it is kept, UTC.
    pub kept_until: Timestamp,
}

/// What was sent to a partner, as far as it may be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenSent {
    /// To whom.
    pub to: Party,
    /// Under which agreement.
    pub agreement: PackSlug,
    /// In which exchange.
    pub exchange: ExchangeId,
    /// When, UTC.
    pub at: Timestamp,
    /// What was ordered of the partner.
    pub ordered: Option<RecallAction>,
}

/// What was done here with records that the person is told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DoneHere {
    /// `erased`, `restricted` or `corrected`.
    pub what: &'static str,
    /// How many records.
    pub records: u64,
}

/// What is refused of what the person is told is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declined {
    /// The pack that was asked as the agreement.
    pub pack: PackSlug,
    /// How many records.
    pub records: u64,
    /// Why: words of the vocabulary.
    pub reasons: Vec<String>,
    /// By which rules, as JSON.
    pub citations: Json,
}

impl Declined {
    /// What the law refuses.
    #[must_use]
    pub fn by(said: &Said, records: u64) -> Self {
        Self {
            pack: said.asked.clone(),
            records,
            reasons: said.decision.reasons().into_iter().map(ToString::to_string).collect(),
            citations: said.decision.citations.iter().map(citation_json).collect(),
        }
    }
}

/// What is told of a request, whatever is held.
#[derive(Debug, Clone)]
pub struct Told {
    /// Its number.
    pub number: RequestId,
    /// What was asked.
    pub kind: Kind,
    /// When it was filed, UTC.
    pub filed_at: Timestamp,
    /// When it is answered, UTC.
    pub decided_at: Timestamp,
    /// By when it had to be, UTC.
    pub due: Timestamp,
    /// Who answers.
    pub party: Party,
}

/// An answer: the bytes that the person gets.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer(pub Vec<u8>);

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Answer of {} bytes", self.0.len())
    }
}

/// The answer to a request. `request` is what the law said of the request itself when it was filed, `remedies` what it
/// says of it now; then what may be told of what is held: records, what was sent, what is refused of these, and what was
/// done with them.
#[must_use]
pub fn answer(
    told: &Told,
    request: &Said,
    remedies: &Said,
    (given, sent, declined): (&[GivenRecord], &[GivenSent], &[Declined]),
    done: &[DoneHere],
) -> Answer {
    let refused = !request.grants();
    let reasons: Vec<String> = if refused {
        request.decision.reasons().into_iter().map(ToString::to_string).collect()
    } else {
        vec![reason(NEITHER).to_string()]
    };
    let words = request.laws.vocabulary.reasons();
    let explained = |code: &str| json!({ "code": code, "summary": words.get(code) });
    let reasons: Vec<Json> = reasons.iter().map(|code| explained(code)).collect();
    let declined: Vec<Json> = declined
        .iter()
        .map(|declined| {
            json!({
                "pack": declined.pack.to_string(),
                "records": declined.records,
                "reasons": declined.reasons.iter().map(|code| explained(code)).collect::<Json>(),
                "citations": declined.citations,
            })
        })
        .collect();
    let head = json!({
        "number": told.number.to_string(),
        "request": told.kind.as_str(),
        "outcome": if refused { "refused" } else { "answered" },
        "filed_at": format!("{:.0}", told.filed_at),
        "decided_at": format!("{:.0}", told.decided_at),
        "due": format!("{:.0}", told.due),
        "party": told.party.to_string(),
        "citations": request.decision.citations.iter().map(citation_json).collect::<Json>(),
        "sent": sent.iter().map(|sent| json!({
            "to": sent.to.to_string(),
            "pack": sent.agreement.to_string(),
            "exchange_id": sent.exchange.to_string(),
            "at": format!("{:.0}", sent.at),
            "ordered": sent.ordered.map(RecallAction::as_str),
        })).collect::<Json>(),
        "done": done.iter().map(|done| json!({ "what": done.what, "records": done.records })).collect::<Json>(),
        "declined": declined,
        "reasons": reasons,
        "remedies": remedies_json(remedies),
    });
    // Unwrap safety: plain JSON always serialises.
    let mut bytes = serde_json::to_vec(&head).expect("an answer is plain data");
    // The records last, as they were sealed: not read, and not written anew.
    bytes.pop();
    bytes.extend_from_slice(b",\"records\":[");
    for (place, record) in given.iter().enumerate() {
        if place > 0 {
            bytes.push(b',');
        }
        record.write(&mut bytes);
    }
    bytes.extend_from_slice(b"]}");
    Answer(bytes)
}

impl GivenRecord {
    fn write(&self, out: &mut Vec<u8>) {
        let (activity, purpose) = self.asked_for.clone().unzip();
        let about = json!({
            "pack": self.agreement.to_string(),
            "exchange_id": self.exchange.map(|id| id.to_string()),
            "from": self.from.as_ref().map(ToString::to_string),
            "activity": activity,
            "purpose": purpose,
            "kept_until": self.kept_until.to_string(),
        });
        let object = self.object.as_ref().map_or(&b"null"[..], Cleartext::as_bytes);
        // What was sealed as JSON is; what is not stands as a text of its length.
        let is_json = serde_json::from_slice::<&RawValue>(object).is_ok();
        out.extend_from_slice(b"{\"object\":");
        out.extend_from_slice(if is_json { object } else { b"null" });
        out.push(b',');
        // Unwrap safety: plain JSON always serialises; it begins with a brace.
        out.extend_from_slice(&serde_json::to_vec(&about).expect("plain data")[1..]);
    }
}

/// Where the person may turn, and until when, as the law says at the instant of the answer.
pub(crate) fn remedies_json(said: &Said) -> Vec<Json> {
    let until = said.owes("objection_window").and_then(|window| window.due.as_ref());
    let ways = said.owed.iter().filter(|obligation| {
        matches!(obligation.kind.as_str(), "provide_remedy_info" | "inform_route" | "route")
    });
    ways.map(|way| {
        let (_, pack, article, rule) = &way.source;
        let options = way.terms.get("options").or_else(|| way.terms.get("to")).map(value_json);
        json!({
            "options": options,
            "until": until.map(|due| format!("{:.0}", due.legal_latest)),
            "pack": pack.to_string(),
            "article": article.to_string(),
            "rule": rule.to_string(),
        })
    })
    .collect()
}
