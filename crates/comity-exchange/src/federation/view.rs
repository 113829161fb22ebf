//! What a partner's officer looks at where it lies: the question, and its answer.
//!
//! ```text
//! question   signed by the asker    comity/view/v1          under which agreement, for what; what is looked for, sealed
//! answer     signed by the holder   comity/view-answer/v1   what became of it, counts; the records, sealed
//! ```
//! Both are [frames](super::frame) with the receipt of the entry that they name in their attachments and one sealed body. What
//! is looked for is sealed to the holder's transport key; the records to a key that the asker drew for this one view and keeps
//! in memory alone, so that nobody opens them again, not even the asker.
//!
//! Source: `docs/spec/view.md`.

use super::frame::{ATTACHMENTS_BYTES_MAX, Frame, FrameError, SignedHeader, read_json, wrong};
use super::recall::Known;
use crate::ExchangeError;
use crate::collect::Selector;
use crate::entry::PublicEntry;
use crate::proofs::verify_receipt;
use crate::report::CitationReport;
use crate::signature::{Domain, PartyKey};
use crate::subject::Claim;
use crate::subject::claim::CLAIM_BYTES_MAX;
use crate::wire::{Base64, Text, WireFact};
use comity_terms::ids::ViewId;
use comity_terms::{
    Activity, Digest, Family, LawName, Office, PackSlug, Party, Purpose, ReasonCode, Timestamp,
};
use comity_vault::TransportPublic;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// The longest header: facts of a few hundred bytes, citations, and room.
pub const VIEW_HEADER_BYTES_MAX: usize = 256 << 10;

/// The longest question: header, attachments, a statement at its bound and padded, and the frame.
pub const VIEW_BYTES_MAX: usize =
    VIEW_HEADER_BYTES_MAX + ATTACHMENTS_BYTES_MAX + 2 * CLAIM_BYTES_MAX.next_power_of_two() + 256;

/// The most bytes of the records of one view, as JSON: 100 records of 160 KiB.
pub const RECORDS_BYTES_MAX: usize = 16 << 20;

/// The longest answer: the records padded to the next power of two, header, attachments, and the frame.
pub const VIEW_ANSWER_BYTES_MAX: usize =
    VIEW_HEADER_BYTES_MAX + ATTACHMENTS_BYTES_MAX + 2 * RECORDS_BYTES_MAX + 256;

/// The most objects that one view names.
pub const OBJECTS_MAX: usize = 256;

/// The longest id of an object: a type of 250 characters, and a UUID.
const OBJECT_ID_BYTES_MAX: usize = 300;

/// What the asker signs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ViewHeader {
    /// The version of this format: 1.
    pub version: u8,
    /// The view.
    pub view_id: Text<ViewId>,
    /// Who asks.
    pub asker: Text<Party>,
    /// Where the records lie.
    pub holder: Text<Party>,
    /// The agreement that it is under.
    pub agreement: Text<PackSlug>,
    /// The digest of every law that the asker asked.
    pub laws: BTreeMap<Text<LawName>, Text<Digest>>,
    /// The agreed category.
    pub activity: Text<Activity>,
    /// What it is for.
    pub purpose: Text<Purpose>,
    /// What the asker states: the holder's laws are asked with it.
    pub facts: Vec<WireFact>,
    /// The instant of the act, UTC.
    pub at: Text<Timestamp>,
    /// The holder's transport key that what is looked for is sealed to.
    pub transport_key: Text<Digest>,
    /// What agrees the key of the body.
    pub encapsulated: Base64,
    /// The digest of the sealed body.
    pub sealed: Text<Digest>,
    /// The key that the records are sealed to: of this view alone.
    pub answer_to: Base64,
    /// The asker's log entry of its decision: the attached receipt proves it recorded.
    pub entry: Base64,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ViewResult {
    /// It was looked for; what may be seen follows, which may be nothing.
    Viewed,
    /// The holder's laws do not let it be seen.
    Refused,
    /// The month's budget does not reach for another view.
    OverBudget,
    /// The question was made too long ago, or its asker's clock is wrong.
    Stale,
    /// What is looked for is sealed to a key that is gone.
    KeyExpired,
    /// The laws are not the same on both sides.
    LawVersion,
}

impl ViewResult {
    /// The word in output and openings.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewed => "viewed",
            Self::Refused => "refused",
            Self::OverBudget => "over_budget",
            Self::Stale => "stale",
            Self::KeyExpired => "key_expired",
            Self::LawVersion => "law_version",
        }
    }

    /// Whether it is an act of the holder, which its log has an entry for.
    #[must_use]
    pub fn is_act(self) -> bool {
        matches!(self, Self::Viewed | Self::Refused | Self::OverBudget)
    }
}

/// What the holder signs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ViewAnswerHeader {
    /// The version of this format: 1.
    pub version: u8,
    /// The view.
    pub view_id: Text<ViewId>,
    /// The question, by what it is known by.
    pub message: Text<Digest>,
    /// Who answers.
    pub holder: Text<Party>,
    /// When, UTC.
    pub at: Text<Timestamp>,
    /// What became of it.
    pub result: ViewResult,
    /// How many records follow.
    pub given: u64,
    /// How many of them are masked.
    pub masked: u64,
    /// Why something is refused of which it may be told that it is there.
    pub reasons: Vec<Text<ReasonCode>>,
    /// The offices that could let it be seen.
    pub escalate_to: Vec<Text<Office>>,
    /// By which rules.
    pub citations: Vec<CitationReport>,
    /// From when on there is a budget again, UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub again_at: Option<Text<Timestamp>>,
    /// What is left of the budget of the month.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<u64>,
    /// What agrees the key of the body, where it was looked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encapsulated: Option<Base64>,
    /// The digest of the sealed body, where it was looked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed: Option<Text<Digest>>,
    /// The holder's log entry; the attached receipt proves it recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<Base64>,
}

/// What proves itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ViewAttachments {
    /// The receipt for the header's entry: a C2SP tlog-proof.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<String>,
}

impl ViewHeader {
    /// The header signed by its asker.
    #[must_use]
    pub fn sign(&self, key: &PartyKey) -> SignedHeader {
        // Unwrap safety: text, numbers and lists of them always serialise.
        SignedHeader::sign(serde_json::to_vec(self).expect("a question is plain data"), Domain::View, key)
    }

    /// What the sealed question is bound to: the view, and both ends.
    #[must_use]
    pub fn seal_info(id: ViewId, asker: &Party, holder: &Party) -> Vec<u8> {
        format!("comity view v1\n{id}\n{asker}\n{holder}\n").into_bytes()
    }
}

impl ViewAnswerHeader {
    /// The header signed by who answers.
    #[must_use]
    pub fn sign(&self, key: &PartyKey) -> SignedHeader {
        // Unwrap safety: text, numbers and lists of them always serialise.
        let header = serde_json::to_vec(self).expect("an answer is plain data");
        SignedHeader::sign(header, Domain::ViewAnswer, key)
    }

    /// What the sealed records are bound to.
    #[must_use]
    pub fn seal_info(id: ViewId, holder: &Party, asker: &Party) -> Vec<u8> {
        format!("comity view answer v1\n{id}\n{holder}\n{asker}\n").into_bytes()
    }

    /// The entry that it names.
    #[must_use]
    pub fn public_entry(&self) -> Option<PublicEntry> {
        PublicEntry::from_bytes(&self.entry.as_ref()?.0)
    }
}

/// The associated data of the two bodies.
pub(crate) const LOOKED_FOR: &[u8] = b"looked for";
pub(crate) const RECORDS: &[u8] = b"records";

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum LookedFor {
    Objects(Vec<String>),
    Person(Box<RawValue>),
}

/// What is looked for as it is sealed. `None` where it names nothing: whoever looks at what is elsewhere says at what.
#[must_use]
pub fn looked_for(selector: &Selector) -> Option<Vec<u8>> {
    let stated = match selector {
        Selector::Objects(ids) => LookedFor::Objects(ids.clone()),
        Selector::Person(claim) => {
            let text = String::from_utf8(claim.to_bytes().to_vec()).ok()?;
            LookedFor::Person(RawValue::from_string(text).ok()?)
        }
        Selector::Types(_) => return None,
    };
    serde_json::to_vec(&stated).ok()
}

/// What an opened question looks for.
///
/// # Errors
/// [`ExchangeError::Frame`], naming the part and repeating no value; callers refuse the message and record the misbehaviour.
pub fn read_looked_for(clear: &[u8]) -> Result<Selector, ExchangeError> {
    match read_json::<LookedFor>(clear.trim_ascii_end(), "bodies")? {
        LookedFor::Objects(ids) if ids.is_empty() || ids.len() > OBJECTS_MAX => {
            Err(wrong("bodies", format!("{} objects; 1 to {OBJECTS_MAX} are possible", ids.len())))
        }
        LookedFor::Objects(ids) if ids.iter().any(|id| id.len() > OBJECT_ID_BYTES_MAX) => {
            Err(wrong("bodies", "the id of an object is too long"))
        }
        LookedFor::Objects(ids) => Ok(Selector::Objects(ids)),
        LookedFor::Person(claim) => {
            let claim = Claim::read(claim.get().as_bytes());
            Ok(Selector::Person(claim.map_err(|error| wrong("bodies", error.to_string()))?))
        }
    }
}

/// A question whose signature, form and receipt hold. Its body is not opened.
#[derive(Debug)]
pub struct ViewQuestion {
    /// What it is known by.
    pub message: Digest,
    /// What its asker signed.
    pub header: ViewHeader,
    /// The sealed body.
    pub body: Vec<u8>,
    /// The key that the records are sealed to.
    pub answer_to: TransportPublic,
}

impl ViewQuestion {
    /// Reads a question that `asker` sent to `holder`.
    ///
    /// # Errors
    /// [`ExchangeError::Frame`], naming the part, or [`ExchangeError::Proof`] when the receipt does not hold; callers
    /// refuse the message and record the misbehaviour.
    pub fn read(
        bytes: &[u8],
        (asker, holder): (&Party, &Party),
        keys: &Known,
    ) -> Result<Self, ExchangeError> {
        let frame = Frame::parse(bytes)?;
        let header = verified(&frame, Domain::View, keys)?;
        let header: ViewHeader = read_json(header, "header")?;
        if header.version != 1 {
            return Err(wrong("header", format!("version {} is not known here", header.version)));
        }
        if header.asker.0 != *asker || header.holder.0 != *holder {
            return Err(wrong("header", "the parties are not those of this connection"));
        }
        if Digest::of(frame.bodies) != header.sealed.0 {
            return Err(wrong("bodies", "the body is not the one that was signed"));
        }
        let answer_to = TransportPublic::from_bytes(&header.answer_to.0)
            .map_err(|_| wrong("header", "what to seal the answer to is no key"))?;
        proved(PublicEntry::from_bytes(&header.entry.0), &frame, keys)?;
        Ok(Self { message: frame.digest(), header, body: frame.bodies.to_vec(), answer_to })
    }
}

/// An answer whose signature, form and receipt hold. Its body is not opened.
#[derive(Debug)]
pub struct ViewAnswered {
    /// What it says.
    pub header: ViewAnswerHeader,
    /// The sealed body, where it was looked for.
    pub body: Vec<u8>,
}

impl ViewAnswered {
    /// Reads the answer to the question known by `message`.
    ///
    /// # Errors
    /// [`ExchangeError::Frame`] or [`ExchangeError::Proof`], naming the part; callers believe nothing of it.
    pub fn read(
        bytes: &[u8],
        (asked, message): (&ViewHeader, Digest),
        keys: &Known,
    ) -> Result<Self, ExchangeError> {
        let frame = Frame::parse(bytes)?;
        let header: ViewAnswerHeader = read_json(verified(&frame, Domain::ViewAnswer, keys)?, "header")?;
        if header.version != 1 {
            return Err(wrong("header", "its version is not known here"));
        }
        let same =
            header.message.0 == message && header.view_id == asked.view_id && header.holder == asked.holder;
        if !same {
            return Err(wrong("header", "it answers another question"));
        }
        let viewed = header.result == ViewResult::Viewed;
        if header.encapsulated.is_some() != viewed
            || header.sealed.is_some() != viewed
            || (!viewed && header.given > 0)
            || header.masked > header.given
        {
            return Err(wrong("header", "records follow where it was looked for, and nowhere else"));
        }
        if header.sealed.map_or(Digest::of(b""), |sealed| sealed.0) != Digest::of(frame.bodies) {
            return Err(wrong("bodies", "the body is not the one that was signed"));
        }
        if header.result.is_act() {
            proved(header.public_entry(), &frame, keys)?;
        }
        Ok(Self { body: frame.bodies.to_vec(), header })
    }
}

fn verified<'a>(frame: &Frame<'a>, domain: Domain, keys: &Known) -> Result<&'a [u8], ExchangeError> {
    let header = frame.verified(domain, &keys.party)?;
    if header.len() > VIEW_HEADER_BYTES_MAX {
        let (part, length, most) = ("header", header.len(), VIEW_HEADER_BYTES_MAX);
        return Err(FrameError::TooLong { part, length, most }.into());
    }
    Ok(header)
}

fn proved(entry: Option<PublicEntry>, frame: &Frame<'_>, keys: &Known) -> Result<(), ExchangeError> {
    let entry = entry.filter(|entry| entry.family() == Family::Exchange);
    let entry = entry.ok_or_else(|| wrong("header", "without the entry that records it"))?;
    let attachments: ViewAttachments = read_json(frame.attachments, "attachments")?;
    verify_receipt(attachments.receipt.as_deref().unwrap_or_default(), entry, &keys.log).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_looked_for_comes_back_and_names_something() {
        let ids = vec!["indicator--00000000-0000-4000-8000-000000000001".to_owned()];
        let sealed = looked_for(&Selector::Objects(ids.clone())).unwrap();
        assert!(matches!(read_looked_for(&sealed), Ok(Selector::Objects(read)) if read == ids));
        let claim = br#"{"identifiers":[{"kind":"email","value":"mari@example.ee"}]}"#;
        let sealed = looked_for(&Selector::Person(Claim::read(claim).unwrap())).unwrap();
        assert!(
            matches!(read_looked_for(&sealed), Ok(Selector::Person(read)) if read == Claim::read(claim).unwrap())
        );
        assert!(
            looked_for(&Selector::Types(vec!["identity".to_owned()])).is_none(),
            "all of a type names nobody"
        );
        let long = format!(r#"{{"objects":["{}"]}}"#, "x".repeat(OBJECT_ID_BYTES_MAX + 1));
        for wrong in ["", "{}", r#"{"objects":[]}"#, r#"{"types":["identity"]}"#, r#"{"person":{}}"#, &long] {
            assert!(read_looked_for(wrong.as_bytes()).is_err(), "{wrong}");
        }
        let told =
            read_looked_for(br#"{"person":{"identifiers":[{"kind":"email","value":"mari"}]}}"#).unwrap_err();
        assert!(!told.to_string().contains("mari"), "no value is repeated: {told}");
    }
}
