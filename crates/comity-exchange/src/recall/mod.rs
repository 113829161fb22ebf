//! Erasure, restriction and recall travel the chain: the origin's signed order goes to every holder, and what each did
//! comes back.
//!
//! ```text
//! origin     decide ─> record ─> send ─────────────┐                    ┌─> note the answer, and those further on
//! holder     read ─> decide, by its own laws ─> record, with the hops to its own holders ─> erase ─> record ─> answer
//! further on the same
//! ```
//! The origin asks its laws whether the order may go out (`correct_sent`), a holder asks its own whether what it holds is
//! erased (`erasure_request`); what they say is recorded before anything is done. A restriction asks nobody: it only
//! tightens. A holder passes the order on whatever it does itself, for each decides by its own law.
//!
//! A message that was answered is asked again, ever more seldom, until those to whom its holder passed it on have answered
//! too; no order is given up. The clock is the duty that the decision lays down (`done_by = "answers"`).
//!
//! Crash points at a holder. Before the decision is recorded nothing has happened, and the sender tries again. After it the
//! message is there without an answer: when it comes again, what is left is erased, and it is answered. After that the
//! answer is there, and is given again. Hops further on are recorded with the decision and go out by themselves.
//!
//! An order ends in a ring: a gateway passes on what it gave away after it had received it, and each record of an exchange
//! once.
//!
//! | read | for |
//! |---|---|
//! | [`mod@give`] | the origin |
//! | [`mod@deliver`] | sending, and noting what was answered |
//! | [`mod@take`] | a holder |
//! | [`mod@bar`] | to whom data is not passed on: a partner was removed |
//! | `onward` | to whom a holder passes an order on |
//! | `lifted` | a restriction and its end, whichever comes first |
//! | `restricted` | what nobody may use for now |
//! | `sources` | what those said since whom a bundle is from |

mod answered;
pub mod bar;
pub mod deliver;
pub mod give;
mod lifted;
mod onward;
mod restricted;
mod sources;
pub mod take;

pub use bar::{end_offer, tell_holders};
pub use deliver::{Heard, claim, deliver, heard};
pub use give::{Given, Giving, give};
pub(crate) use restricted::RESTRICTED;
pub use restricted::{Restricted, has_word, restrict, restricted_now};
pub use sources::Sources;
pub use take::{TakeError, take};

use crate::ExchangeError;
use crate::audit::recorded::{RecordedQuestion, RecordedRuling, no_cases, owed, recorded_facts};
use crate::federation::frame::SignedHeader;
use crate::federation::recall::{HopExchange, HopHeader, Known};
use crate::ports::{ExchangeRow, Peer};
use crate::report::ExchangeOutcome;
use crate::shell::{Lent, Shell};
use crate::signatory::Signatory;
use crate::wire::{Base64, Text, law_digests};
use comity_agreement::facts::raise;
use comity_agreement::vocabulary::DoneBy;
use comity_agreement::{Decision, Question, Setting};
use comity_terms::{Action, ExchangeId, Facts, Obligation, PackSlug, Party, Timestamp};
use std::collections::BTreeSet;

/// The keys of a partner.
///
/// # Errors
/// [`ExchangeError::Frame`] or [`ExchangeError::Proof`] when its identity names none.
pub fn keys_of(peer: &Peer) -> Result<Known, ExchangeError> {
    let party = peer.identity.party_verifier().map_err(crate::federation::frame::FrameError::from)?;
    Ok(Known { party, log: peer.log_key()? })
}

/// What the laws say of an act about one exchange.
pub(crate) struct Ruled {
    pub(crate) decision: Decision,
    pub(crate) asked: RecordedQuestion,
    pub(crate) ruling: RecordedRuling,
    /// What is owed.
    pub(crate) duties: Vec<Obligation>,
    /// By when every holder owes an answer.
    due: Option<Timestamp>,
}

/// Asks whether an act is done, as whether an order goes out, or is carried out here: about `objects` objects that lie with
/// `sending`.
pub(crate) fn ask<W: Shell>(
    world: &W,
    (action, agreement): (&str, &PackSlug),
    (sending, receiving): (&Party, &Party),
    facts: &Facts,
    objects: u64,
    (lent, at): (&Lent, Timestamp),
) -> Result<Ruled, ExchangeError> {
    let Lent { laws, binding } = lent;
    let wrong = |error: &dyn std::fmt::Display| ExchangeError::Question(error.to_string());
    let action = Action::new(action).map_err(|error| wrong(&error))?;
    let question = Question {
        action: action.clone(),
        sending: sending.clone(),
        receiving: receiving.clone(),
        at,
        knowledge_time: at,
        facts: raise(&laws.vocabulary, Facts::new(), facts.clone()),
        approvals: BTreeSet::new(),
    };
    let setting = Setting::live(*binding);
    let (decision, duties) = world.with_memo(|memo| {
        let decision = memo.decide(laws, &question, &setting, &no_cases()).map_err(|error| wrong(&error))?;
        let duties = owed(&decision, laws, &question, &setting, memo).map_err(|error| wrong(&error))?;
        Ok::<_, ExchangeError>((decision, duties))
    })?;
    let none = (&Facts::new(), &BTreeSet::new());
    let vocabulary = &laws.vocabulary;
    let answers = |duty: &&Obligation| {
        let term = vocabulary.obligations().get(duty.kind.as_str());
        term.is_some_and(|term| term.done_by == Some(DoneBy::Answers))
    };
    let due = duties.iter().filter(answers).filter_map(|duty| duty.due.as_ref()).map(|due| due.legal_latest);
    Ok(Ruled {
        due: due.min(),
        ruling: RecordedRuling::of(&decision, &duties, objects, none, &BTreeSet::new(), vocabulary),
        asked: RecordedQuestion {
            action: Text(action),
            sender: Text(sending.clone()),
            receiver: Text(receiving.clone()),
            agreement: Text(agreement.clone()),
            laws: law_digests(laws),
            at: Text(at),
            knowledge_time: Text(at),
            assumed_in_force: false,
            binding: *binding,
            case_state: Text(no_cases()),
            facts: recorded_facts(facts, vocabulary),
        },
        duties,
        decision,
    })
}

/// The first hop of an order of this gateway: to `peer`, about what it was given.
fn first_hop(
    signatory: &Signatory,
    order: SignedHeader,
    peer: &Party,
    exchanges: Vec<HopExchange>,
    at: Timestamp,
) -> SignedHeader {
    HopHeader {
        version: 1,
        order: Base64(order.header),
        order_signature: Base64(order.signature.0.to_vec()),
        origin_key: signatory.key.verifier().to_string(),
        sender: Text(signatory.party.clone()),
        receiver: Text(peer.clone()),
        at: Text(at),
        exchanges,
    }
    .sign(&signatory.key)
}

/// What withdraws an offer that was not delivered yet, so that it does not arrive after the order about it.
fn withdrawn(row: &ExchangeRow, now: Timestamp) -> (Vec<ExchangeId>, Vec<ExchangeRow>) {
    if row.outcome != ExchangeOutcome::Queued {
        return (Vec::new(), Vec::new());
    }
    let ended = ExchangeRow { outcome: ExchangeOutcome::Refused, changed_at: now, ..row.clone() };
    (vec![row.id], vec![ended])
}
