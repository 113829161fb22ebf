//! One disclosure, start to finish, on the sender's side. Read this first.
//!
//! ```text
//! 1 read        the bundle, within bounds
//! 2 classify    facts about the data, before any treatment
//! 3 decide      every law concerned, class by class
//! 4 minimise    the least that serves, and the list of what was taken out
//! 5 seal        to the receiver, and the facts of the decision into our own vault
//! 6 record      one transaction under a signed checkpoint
//! 7 deliver     offer, answer, receipts
//! 8 acknowledge one transaction
//! ```
//! 1 to 5 are plain functions ([`prepare`]); 6 to 8 touch the world ([`carry_out`]). A refusal is recorded like
//! any other outcome and goes no further than 6.

mod acknowledge;
mod extract;
mod home;
mod lowered;
mod record;
mod renew;
mod seal;
mod stages;

pub use acknowledge::Delivered;
pub use home::unread_ground;
pub use record::{Clearance, Cleared, Delivery, Filed, Grade, Recorded, abandon};
pub use renew::{Renewal, Renewed, Stale};
pub use seal::{Halting, Sealed, Sealing, Summary, rulings_whole};
pub use stages::{
    Classified, Decided, Escalated, Minimised, Permitted, Received, Refused, Ruling, Told, Tools,
};

use crate::ExchangeError;
use crate::collect::place::Placing;
use crate::federation::answer::{Answer, AnswerResult};
use crate::federation::offer::SealTo;
use crate::misbehaviour::{Misbehaviour, misbehaved};
use crate::ports::{OutboxItem, Peer, PeerError, Store};
use crate::question::Request;
use crate::report::ExchangeOutcome;
use crate::shell::{Lent, Shell};
use comity_agreement::ReceiptGrade;
use comity_terms::{ExchangeId, Timestamp};
use comity_tlog::Receipt;

/// What became of a disclosure, as far as it is known now.
#[derive(Debug)]
pub struct Disclosed {
    /// Decisions, counts and grounds.
    pub summary: Summary,
    /// The receipt of our decision; with the partner's cosignature when it gave one.
    pub receipt: Receipt,
    /// The partner's answer, when it came.
    pub answer: Option<Answer>,
    /// The partner's receipt, verified.
    pub partner_receipt: Option<Receipt>,
    /// Why there is no answer yet, in words for the officer.
    pub waiting: Option<String>,
}

/// Where an extract goes.
#[derive(Debug, Clone, Copy)]
pub enum Goes<'a> {
    /// To a partner, sealed to its transport key.
    To(&'a SealTo),
    /// Nowhere: it is placed in a collection of this gateway's own.
    Nowhere {
        /// When it is said to be added; `None`: now.
        added: Option<Timestamp>,
    },
}

/// Steps 1 to 5: from a bundle to a sealed offer, or to a sealed refusal. Touches nothing but the epoch keys.
///
/// # Errors
/// [`ExchangeError`]; nothing has happened then.
pub fn prepare<W: Shell>(
    world: &W,
    bundle: &[u8],
    request: Request,
    lent: &Lent,
    goes: Goes<'_>,
) -> Result<Sealed, ExchangeError> {
    let at = request.at;
    let laws = &*lent.laws;
    let opening_until = world.opening_until(&request.agreement, at)?;
    let token_key = world.token_key(&request.agreement, &request.receiver, at)?;
    let tools = Tools { laws, table: world.table(), token_key: &token_key, limits: world.limits() };
    let classified = Received::read(bundle, world.limits(), request)?.classify(world.table());
    let entropy = &mut world.entropy();
    let decided = world.with_memo(|memo| classified.decide(&tools, memo, entropy))?;
    let minimised = match decided {
        Decided::Permitted(permitted) => permitted.minimise(&tools, entropy)?.map_err(Stops::Refused),
        Decided::Escalated(escalated) => Err(Stops::Escalated(escalated)),
        Decided::Refused(refused) => Err(Stops::Refused(refused)),
    };
    let (signatory, waits_until) = (world.signatory(), world.horizon(at));
    match (minimised, goes) {
        (Err(stops), _) => world.with_keys(|keys| {
            let halting = Halting { signatory, laws, opening_until, waits_until, keys, entropy };
            match stops {
                Stops::Escalated(escalated) => escalated.seal(bundle, halting),
                Stops::Refused(refused) => refused.seal(halting),
            }
        }),
        (Ok(minimised), Goes::To(seal_to)) => {
            minimised.seal(Sealing { world, laws, seal_to, horizon: waits_until, opening_until, entropy })
        }
        (Ok(minimised), Goes::Nowhere { added }) => {
            // Before the keys are borrowed: reading whom records name takes its time.
            let named = minimised.named(world)?;
            world.with_keys(|keys| {
                let tags = world.tags();
                minimised.place(Placing { added, signatory, laws, tags, named, opening_until, keys, entropy })
            })
        }
    }
}

/// What may not go, or not yet.
enum Stops {
    Escalated(Escalated),
    Refused(Refused),
}

/// Step 6 alone: records what is placed here, or was decided otherwise.
///
/// # Errors
/// [`ExchangeError`] when recording failed; callers recover from storage.
pub async fn keep<W: Shell>(world: &W, sealed: Sealed) -> Result<Disclosed, ExchangeError> {
    let (summary, _, receipt) = sealed.record(world.store(), world.claimed_until(world.now())).await?;
    Ok(Disclosed { summary, receipt, answer: None, partner_receipt: None, waiting: None })
}

/// Steps 6 to 8: record, deliver, acknowledge. Without an answer the offer stays in the outbox.
///
/// # Errors
/// [`ExchangeError`] when recording failed; callers recover from storage.
pub async fn carry_out<W: Shell>(world: &W, sealed: Sealed, peer: &Peer) -> Result<Disclosed, ExchangeError> {
    let (summary, filed, receipt) = sealed.record(world.store(), world.claimed_until(world.now())).await?;
    let mut disclosed = Disclosed { summary, receipt, answer: None, partner_receipt: None, waiting: None };
    let Filed::ToDeliver(recorded) = filed else { return Ok(disclosed) };
    match deliver(world, *recorded, peer).await? {
        Sent::Answered { outcome, answer, receipt, partner_receipt } => {
            disclosed.summary.outcome = outcome;
            disclosed.answer = Some(answer);
            disclosed.partner_receipt = partner_receipt;
            if let Some(cosigned) = receipt {
                disclosed.receipt = cosigned;
            }
        }
        Sent::Ended(outcome) => disclosed.summary.outcome = outcome,
        Sent::Waiting(waiting) => disclosed.waiting = Some(waiting.why),
    }
    Ok(disclosed)
}

/// How a try at delivering ended.
#[expect(clippy::large_enum_variant, reason = "one value per try at delivering, consumed at once")]
#[derive(Debug)]
pub enum Sent {
    /// Answered and acknowledged.
    Answered {
        /// What the exchange came to.
        outcome: ExchangeOutcome,
        /// The answer.
        answer: Answer,
        /// Our receipt with the partner's cosignature.
        receipt: Option<Receipt>,
        /// The partner's receipt.
        partner_receipt: Option<Receipt>,
    },
    /// Not delivered: decided again, it is not permitted, or not as it was sealed.
    Ended(ExchangeOutcome),
    /// Not answered: tried again later.
    Waiting(Waiting),
}

/// Why an offer goes on waiting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// In words, for the officer.
    pub why: String,
    /// What it was.
    pub because: Because,
}

/// What keeps an offer waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Because {
    /// The partner is not reached: other offers to it need not be tried now.
    Unreached,
    /// What came was no answer. It is recorded.
    Misbehaved(Misbehaviour),
    /// Something that only this offer lacks.
    NotReady,
}

/// How an answer that asks to decide again is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LawVersion {
    /// It ends this exchange: the officer's bundle is at hand, and another one is made of it.
    Ends,
    /// The offer stays, and is decided again by the laws that its partner tells of.
    Waits,
}

/// Delivers a recorded offer and acknowledges its answer; without one it goes back into the outbox.
///
/// # Errors
/// [`ExchangeError`] when the store failed; callers recover from storage.
pub async fn deliver<W: Shell>(world: &W, recorded: Recorded, peer: &Peer) -> Result<Sent, ExchangeError> {
    try_deliver(world, recorded, peer, LawVersion::Ends).await
}

/// Takes an offer from the outbox up again: what it is must be found in the log first, and what was decided too
/// long ago is decided again.
///
/// # Errors
/// [`ExchangeError`]; the offer stays where it is.
pub async fn resume<W: Shell>(world: &W, item: OutboxItem, peer: &Peer) -> Result<Sent, ExchangeError> {
    let recorded = Recorded::reverify(item, world.store(), world.signatory()).await?;
    try_deliver(world, recorded, peer, LawVersion::Waits).await
}

async fn try_deliver<W: Shell>(
    world: &W,
    recorded: Recorded,
    peer: &Peer,
    law_version: LawVersion,
) -> Result<Sent, ExchangeError> {
    let now = world.now();
    let (mut exchange, attempts) = (recorded.exchange(), recorded.attempts());
    let Some(lent) = world.laws(recorded.agreement(), &peer.party) else {
        let why = format!("`{}` is not adopted here any more", recorded.agreement());
        return wait(world, exchange, attempts, Because::NotReady, why).await;
    };
    if !lent.laws.national.contains_key(&peer.party) {
        // Without it every decision is a refusal, and that would be for good: it is asked for first.
        let why = format!("the law of {} is not here", peer.party);
        return wait(world, exchange, attempts, Because::NotReady, why).await;
    }
    let mut cleared = clear(world, recorded, &lent, now);
    if let Clearance::Stale(stale) = cleared {
        match stale.decide(world, &lent, now)?.record(world).await? {
            Renewal::Ends(outcome) => return Ok(Sent::Ended(outcome)),
            Renewal::Goes(recorded) => {
                exchange = recorded.exchange();
                cleared = clear(world, *recorded, &lent, now);
            }
        }
    }
    let cleared = match cleared {
        Clearance::Cleared(cleared) => cleared,
        Clearance::Waiting(_) => {
            let why = "witnesses have yet to cosign".to_owned();
            return wait(world, exchange, attempts, Because::NotReady, why).await;
        }
        Clearance::Stale(_) => {
            let why = "the law is changing: decided again later".to_owned();
            return wait(world, exchange, attempts, Because::NotReady, why).await;
        }
    };
    match cleared.deliver(world.peers(), peer, world.store()).await {
        Delivery::Answered(delivered)
            if law_version == LawVersion::Waits
                && delivered.answer.header.result == AnswerResult::LawVersion =>
        {
            let why = "the partner has other versions of the laws".to_owned();
            wait(world, exchange, attempts, Because::NotReady, why).await
        }
        Delivery::Answered(delivered) => {
            let now = world.now();
            let answer = delivered.answer.clone();
            let (receipt, partner_receipt) = (delivered.cosigned.clone(), delivered.receipt.clone());
            let row = delivered.acknowledge(world, now).await?;
            Ok(Sent::Answered { outcome: row.outcome, answer, receipt, partner_receipt })
        }
        Delivery::Failed(_, error) => {
            let because = match (&error, Misbehaviour::of_answer(&error)) {
                (ExchangeError::Peer(PeerError::Unreachable(_)), _) => Because::Unreached,
                (_, Some(kind)) => Because::Misbehaved(kind),
                _ => Because::NotReady,
            };
            if let Because::Misbehaved(kind) = because
                && is_told(attempts)
            {
                misbehaved(world, peer, kind, Some(exchange), world.now()).await?;
            }
            wait(world, exchange, attempts, because, error.to_string()).await
        }
    }
}

fn clear<W: Shell>(world: &W, recorded: Recorded, lent: &Lent, now: Timestamp) -> Clearance {
    let asked = match lent.laws.agreement.pack().receipt_grade {
        ReceiptGrade::Integrated => Grade::Integrated,
        ReceiptGrade::Witnessed => Grade::Witnessed,
    };
    let holds_until = world.holds_until(recorded.decided_at());
    recorded.clear(asked, &lent.laws, now, holds_until)
}

/// Gives an offer back, to be tried again.
async fn wait<W: Shell>(
    world: &W,
    exchange: ExchangeId,
    attempts: u32,
    because: Because,
    why: String,
) -> Result<Sent, ExchangeError> {
    world.store().postpone(exchange, next_try(world.now(), attempts)).await?;
    Ok(Sent::Waiting(Waiting { why, because }))
}

/// Whether a try's misbehaviour is an entry of its own: of an offer's first, second, fourth, eighth try and so on. A
/// partner that answers wrongly until the horizon fills a dozen entries, not thousands.
pub(crate) fn is_told(attempts: u32) -> bool {
    attempts.saturating_add(1).is_power_of_two()
}

/// When an offer is tried again: after 1, 2, 4, … seconds, at most 10 minutes.
#[must_use]
pub fn next_try(now: Timestamp, attempts: u32) -> Timestamp {
    let seconds = 1_i64 << attempts.min(9);
    now.checked_add(std::time::Duration::from_secs(seconds.unsigned_abs())).unwrap_or(now)
}

/// Whether an answer asks the sender to decide or seal again.
#[must_use]
pub fn asks_again(answer: &Answer) -> bool {
    matches!(answer.header.result, AnswerResult::LawVersion | AnswerResult::KeyExpired)
}
