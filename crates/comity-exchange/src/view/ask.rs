//! The asker's side: an officer looks at what stays with a partner.

use super::{USE, request};
use crate::ExchangeError;
use crate::act::note;
use crate::collect::Selector;
use crate::federation::frame::{FrameError, wrong};
use crate::federation::referral::padded;
use crate::federation::view::{
    LOOKED_FOR, RECORDS, VIEW_ANSWER_BYTES_MAX, ViewAnswerHeader, ViewAnswered, ViewAttachments, ViewHeader,
    ViewResult, looked_for,
};
use crate::matching::{Matcher, Ruled, rule};
use crate::misbehaviour::{Misbehaviour, misbehaved};
use crate::ports::{Peer, PeerError, ViewRoad};
use crate::proofs::receipt;
use crate::question::Request;
use crate::recall::keys_of;
use crate::report::CitationReport;
use crate::shell::{Lent, Shell};
use crate::wire::{Base64, Text, facts_to_wire, law_digests};
use comity_agreement::{Decision, Outcome};
use comity_terms::ids::ViewId;
use comity_terms::{Act, Activity, Digest, Facts, Office, PackSlug, Purpose, ReasonCode, Timestamp};
use comity_vault::{TransportSecret, open_offer, seal_offer};
use serde_json::value::RawValue;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use zeroize::Zeroizing;

/// What the laws are asked about a view: not at whom or what.
#[derive(Debug)]
pub struct Asked {
    /// The agreement that it is under.
    pub agreement: PackSlug,
    /// The agreed category.
    pub activity: Activity,
    /// What it is for.
    pub purpose: Purpose,
    /// What the officer states, and what the gateway knows of officer and query.
    pub facts: Facts,
    /// The instant of the act, UTC.
    pub at: Timestamp,
}

/// What an officer asks to see.
#[derive(Debug)]
pub struct Asking {
    /// The view.
    pub id: ViewId,
    /// What the laws are asked.
    pub asked: Asked,
    /// By whose key it is asked, in words that an entry may hold.
    pub by: Json,
    /// At what: objects, or a person.
    pub selector: Selector,
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// It was looked for.
    Viewed,
    /// Our own laws, asked for both sides, refuse: nothing was asked.
    RefusedHere,
    /// The holder's do.
    RefusedThere,
    /// The budget of the month does not reach.
    OverBudget,
    /// The holder's clock is another than ours.
    Stale,
    /// What was asked was sealed to a key that is gone: it is asked anew, once the partner has told its new one.
    KeyExpired,
    /// The laws are not the same on both sides.
    LawVersion,
    /// No answer, or none that counts.
    Broken {
        /// In words, for the operator.
        why: String,
        /// What the holder did that it should not.
        misbehaved: Option<Misbehaviour>,
    },
}

impl End {
    /// The word in output and openings.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::RefusedHere => "refused_here",
            Self::Broken { .. } => "broken",
            Self::Viewed => ViewResult::Viewed.as_str(),
            Self::RefusedThere => ViewResult::Refused.as_str(),
            Self::OverBudget => ViewResult::OverBudget.as_str(),
            Self::Stale => ViewResult::Stale.as_str(),
            Self::KeyExpired => ViewResult::KeyExpired.as_str(),
            Self::LawVersion => ViewResult::LawVersion.as_str(),
        }
    }
}

/// What came of it. `Debug` tells counts alone.
pub struct Viewed {
    /// What our own laws said before anything was asked.
    pub decision: Decision,
    /// How it ended.
    pub end: End,
    /// The records, as JSON. They are in memory alone, and wiped with this.
    pub records: Vec<Zeroizing<String>>,
    /// How many of them are masked.
    pub masked: u64,
    /// Why the holder refuses something that may be told to be there.
    pub reasons: Vec<ReasonCode>,
    /// The offices that could let it be seen there.
    pub escalate_to: Vec<Office>,
    /// By which rules the holder decided.
    pub citations: Vec<CitationReport>,
    /// From when on there is a budget again, UTC.
    pub again_at: Option<Timestamp>,
    /// What is left of the budget of the month, as the holder says.
    pub left: Option<u64>,
}

impl std::fmt::Debug for Viewed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Viewed {:?}, {} records, {} masked", self.end, self.records.len(), self.masked)
    }
}

impl Viewed {
    fn ended(decision: Decision, end: End) -> Self {
        Self {
            decision,
            end,
            records: Vec::new(),
            masked: 0,
            reasons: Vec::new(),
            escalate_to: Vec::new(),
            citations: Vec::new(),
            again_at: None,
            left: None,
        }
    }
}

fn decided<W: Shell>(world: &W, peer: &Peer, asked: &Asked) -> Result<(Lent, Request, Ruled), ExchangeError> {
    let Asked { agreement, activity, purpose, facts, at } = asked;
    let lent = world
        .laws(agreement, &peer.party)
        .ok_or_else(|| ExchangeError::Question(format!("`{agreement}` is not adopted here")))?;
    let ends = (&peer.party, &world.signatory().party);
    let bare = request(USE, ends, (agreement, activity, purpose), (facts, *at))?;
    let asked = Request { binding: lent.binding, ..bare };
    let ruled = rule(world, &asked, &lent, 0)?;
    Ok((lent, asked, ruled))
}

/// Looks, from the decision to the records.
///
/// # Errors
/// [`ExchangeError::Question`] when the laws cannot be asked, nothing is named, or no transport key of the partner is known;
/// [`ExchangeError`] when the store or the keys fail. A partner that does not answer is no error: [`End::Broken`].
pub async fn ask<W: Matcher<Peers: ViewRoad>>(
    world: &W,
    peer: &Peer,
    asking: &Asking,
) -> Result<Viewed, ExchangeError> {
    let Asking { id, asked: Asked { agreement, activity, purpose, facts, at }, by, .. } = asking;
    let own = &world.signatory().party;
    let named = looked_for(&asking.selector);
    let named = named.ok_or_else(|| ExchangeError::Question("name whom or what is looked at".to_owned()))?;
    let named = Zeroizing::new(padded(named));
    let (lent, asked, ruled) = decided(world, peer, &asking.asked)?;
    let told = json!({
        "view": id.to_string(),
        "to": peer.party.to_string(),
        "activity": activity.to_string(),
        "purpose": purpose.to_string(),
        "asked": asked.recorded(&lent.laws),
        "by": by,
        "rulings": [ruled.ruling],
    });
    let (entry, integrated) = note(world, Act::ViewAsked, (told, None), *at).await?;
    if ruled.decision.outcome != Outcome::Permitted {
        return Ok(Viewed::ended(ruled.decision, End::RefusedHere));
    }
    let key = peer.identity.transport.as_ref().and_then(|key| key.seal_to(*at)).ok_or_else(|| {
        ExchangeError::Question(format!("no transport key of {} is known and it is not reached", peer.party))
    })?;
    let info = ViewHeader::seal_info(*id, own, &peer.party);
    let sealed = seal_offer(&key.public, &info, &[(LOOKED_FOR, &named)], &mut world.entropy())?;
    let body = sealed.ciphertexts.into_iter().next().unwrap_or_default();
    let secret = TransportSecret::draw(&mut world.entropy());
    let header = ViewHeader {
        version: 1,
        view_id: Text(*id),
        asker: Text(own.clone()),
        holder: Text(peer.party.clone()),
        agreement: Text(agreement.clone()),
        laws: law_digests(&lent.laws),
        activity: Text(activity.clone()),
        purpose: Text(purpose.clone()),
        facts: facts_to_wire(facts),
        at: Text(*at),
        transport_key: Text(key.id),
        encapsulated: Base64(sealed.encapsulated),
        sealed: Text(Digest::of(&body)),
        answer_to: Base64(secret.public().to_bytes().to_vec()),
        entry: Base64(entry.to_bytes().to_vec()),
    };
    let signed = header.sign(&world.signatory().key);
    let receipt = receipt(world.store(), entry, &integrated).await?.to_string();
    let attachments = serde_json::to_vec(&ViewAttachments { receipt: Some(receipt) });
    let frame = signed.frame(&attachments.map_err(ExchangeError::proof)?, &body);
    let heard = match heard(world, peer, frame, (&header, signed.digest())).await {
        Ok(answered) => {
            open(&answered, &secret, asking, (&peer.party, own)).map(|records| (answered, records))
        }
        Err(error) => Err(error),
    };
    let viewed = match heard {
        Ok((ViewAnswered { header, .. }, records)) => seen(ruled.decision, header, records),
        Err(ExchangeError::Peer(error)) => {
            let end = End::Broken { why: error.to_string(), misbehaved: None };
            Viewed::ended(ruled.decision, end)
        }
        Err(error) => {
            // What does not open was not sealed to the key of this view.
            let unopened = matches!(error, ExchangeError::Vault(_)).then_some(Misbehaviour::AnswerUnreadable);
            let Some(kind) = unopened.or_else(|| Misbehaviour::of_answer(&error)) else { return Err(error) };
            misbehaved(world, peer, kind, None, world.now()).await?;
            let end = End::Broken { why: error.to_string(), misbehaved: Some(kind) };
            Viewed::ended(ruled.decision, end)
        }
    };
    let facts = json!({
        "view": id.to_string(),
        "with": peer.party.to_string(),
        "purpose": purpose.to_string(),
        "result": viewed.end.as_str(),
        "given": viewed.records.len(),
        "masked": viewed.masked,
    });
    // Recorded, then shown.
    note(world, Act::ViewDone, (facts, None), world.now()).await?;
    Ok(viewed)
}

/// How often a message is sent that was not answered.
const TRIES: u32 = 2;

/// Sends the question, and reads what is answered. The same message may be sent again: it is answered alike.
async fn heard<W: Matcher<Peers: ViewRoad>>(
    world: &W,
    peer: &Peer,
    frame: Vec<u8>,
    asked: (&ViewHeader, Digest),
) -> Result<ViewAnswered, ExchangeError> {
    let mut tries = 0;
    let bytes = loop {
        tries += 1;
        match world.peers().view(peer, frame.clone()).await {
            Err(PeerError::Unreachable(_)) if tries < TRIES => {}
            answered => break answered?,
        }
    };
    if bytes.len() > VIEW_ANSWER_BYTES_MAX {
        let (part, length, most) = ("answer", bytes.len(), VIEW_ANSWER_BYTES_MAX);
        return Err(FrameError::TooLong { part, length, most }.into());
    }
    ViewAnswered::read(&bytes, asked, &keys_of(peer)?)
}

/// The records of an answer: as many as it says, and none that was not asked for.
fn open(
    answered: &ViewAnswered,
    secret: &TransportSecret,
    asking: &Asking,
    (holder, own): (&comity_terms::Party, &comity_terms::Party),
) -> Result<Vec<Zeroizing<String>>, ExchangeError> {
    let Some(encapsulated) = &answered.header.encapsulated else { return Ok(Vec::new()) };
    let info = ViewAnswerHeader::seal_info(asking.id, holder, own);
    let clear = open_offer(secret, &encapsulated.0, &info)?.open(0, RECORDS, &answered.body)?;
    let wrong = |reason: &str| wrong("bodies", reason);
    let objects: Vec<&RawValue> = serde_json::from_slice(clear.as_bytes().trim_ascii_end())
        .map_err(|_| wrong("what was opened is no list of records"))?;
    if objects.len() as u64 != answered.header.given {
        return Err(wrong("it has another number of records than it says"));
    }
    if let Selector::Objects(ids) = &asking.selector {
        let ids: BTreeSet<&str> = ids.iter().map(String::as_str).collect();
        let strange = |object: &&RawValue| {
            let object: Json = serde_json::from_str(object.get()).unwrap_or_default();
            // A mask takes out an id that is made of the value.
            object["id"].as_str().is_some_and(|id| !ids.contains(id))
        };
        if objects.iter().any(strange) {
            return Err(wrong("a record is in it that was not asked for"));
        }
    }
    Ok(objects.into_iter().map(|object| Zeroizing::new(object.get().to_owned())).collect())
}

fn seen(decision: Decision, header: ViewAnswerHeader, records: Vec<Zeroizing<String>>) -> Viewed {
    let end = match header.result {
        ViewResult::Viewed => End::Viewed,
        ViewResult::Refused => End::RefusedThere,
        ViewResult::OverBudget => End::OverBudget,
        ViewResult::Stale => End::Stale,
        ViewResult::KeyExpired => End::KeyExpired,
        ViewResult::LawVersion => End::LawVersion,
    };
    Viewed {
        records,
        masked: header.masked,
        reasons: header.reasons.into_iter().map(|reason| reason.0).collect(),
        escalate_to: header.escalate_to.into_iter().map(|office| office.0).collect(),
        citations: header.citations,
        again_at: header.again_at.map(|at| at.0),
        left: header.left,
        ..Viewed::ended(decision, end)
    }
}
