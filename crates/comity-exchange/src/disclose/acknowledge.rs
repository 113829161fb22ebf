//! The partner's answer, noted: step 4 of [`record`](super::record).

use crate::ExchangeError;
use crate::act::drawn;
use crate::entry::PublicEntry;
use crate::federation::answer::{Answer, AnswerResult};
use crate::ports::{Draft, ExchangeRow, OutboxItem, Record, SealedSegment, Store, StoreError};
use crate::report::{ExchangeOutcome, Side};
use crate::shell::Shell;
use comity_terms::{Act, Digest, ExchangeId, Timestamp};
use comity_tlog::{Receipt, TreeSize};
use serde_json::json;

/// An offer that has a verified answer.
#[derive(Debug)]
pub struct Delivered {
    pub(super) item: OutboxItem,
    pub(super) entry: PublicEntry,
    /// What the receiver said.
    pub answer: Answer,
    /// The bytes of the receiver's receipt, verified.
    pub receipt: Option<Receipt>,
    /// Our own receipt with the partner's cosignature, when it gave one.
    pub cosigned: Option<Receipt>,
    /// What the receiver knows of our log now.
    pub witnessed: Option<TreeSize>,
}

impl Delivered {
    /// The exchange that was answered.
    #[must_use]
    pub fn exchange(&self) -> ExchangeId {
        self.item.exchange
    }

    /// What the exchange comes to after this answer; `None` when the answer asks to decide or seal again.
    #[must_use]
    pub fn outcome(&self, whole: bool) -> Option<ExchangeOutcome> {
        match self.answer.header.result {
            AnswerResult::Accepted | AnswerResult::AcceptedBefore => Some(ExchangeOutcome::delivered(whole)),
            AnswerResult::RefusedUnopened | AnswerResult::Mismatch => Some(ExchangeOutcome::Refused),
            AnswerResult::LawVersion | AnswerResult::KeyExpired => None,
        }
    }

    /// Notes the answer: its entry, the partner's receipt, the outcome and the settled outbox, together. Where
    /// another try has ended the exchange meanwhile, its row is given as that try left it.
    ///
    /// # Errors
    /// [`ExchangeError`]; the offer stays in the outbox and is answered again the same way.
    pub async fn acknowledge<W: Shell>(
        self,
        world: &W,
        now: Timestamp,
    ) -> Result<ExchangeRow, ExchangeError> {
        let store = world.store();
        let mut row = store
            .exchange(self.item.exchange)
            .await?
            .ok_or_else(|| ExchangeError::proof("the exchange has no skeleton"))?;
        // An answer that asks to come back otherwise ends this exchange; the next one names it as superseded.
        row.outcome = self.outcome(row.whole).unwrap_or(ExchangeOutcome::Refused);
        row.changed_at = now;
        let facts = json!({
            "exchange": self.item.exchange.to_string(),
            "offer": self.item.offer.digest().to_string(),
            "decided": Digest::of(&self.entry.to_bytes()).to_string(),
            "result": self.answer.header.result,
            "receiver": self.item.peer.to_string(),
            "receiver_log": self.receipt.as_ref().map(|r| r.checkpoint().checkpoint().origin().to_owned()),
            "receiver_index": self.receipt.as_ref().map(|r| r.index().0),
        });
        let mut acts =
            vec![drawn(world, Act::ExchangeAcknowledged, facts, (&row.agreement, Some(row.id)), now)?];
        if self.answer.header.result == AnswerResult::Mismatch {
            let facts = json!({ "exchange": row.id.to_string(), "kind": "mismatch" });
            acts.push(drawn(world, Act::FindingRaised, facts, (&row.agreement, Some(row.id)), now)?);
        }
        let mut exchanges = vec![row.clone()];
        if let Some(earlier) = self.accepted_before(store).await? {
            exchanges.push(ExchangeRow { outcome: row.outcome, changed_at: now, ..earlier });
        }
        let draft = |(entry, opening): &(PublicEntry, SealedSegment)| Draft {
            entry: *entry,
            opening: opening.id,
            exchange: Some(row.id),
        };
        let record = Record {
            entries: acts.iter().map(draft).collect(),
            exchanges,
            settled: vec![row.id],
            segments: acts.into_iter().map(|(_, opening)| opening).collect(),
            partner_receipt: self.receipt.map(|receipt| (row.id, receipt.to_string().into_bytes())),
            // For the next request to cosign.
            witnessed_by: self.witnessed.map(|size| (self.item.peer, size)),
            ..Record::default()
        };
        match store.record(record).await {
            Ok(_) => Ok(row),
            // Claims that overlap, as after a jump of the clock, are answered alike; one of them is noted.
            Err(StoreError::Conflict(_)) => {
                let ended = store.exchange(row.id).await?;
                ended.ok_or_else(|| ExchangeError::proof("the exchange has no skeleton"))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The exchange of the chain that the partner had accepted before this one, where its answer names one that
    /// this gateway knows.
    async fn accepted_before<S: Store>(&self, store: &S) -> Result<Option<ExchangeRow>, ExchangeError> {
        let Some(earlier) = self.answer.header.accepted_before else { return Ok(None) };
        let row = store.exchange(earlier.0).await?;
        Ok(row.filter(|row| row.peer == self.item.peer && row.side == Side::Sender))
    }
}
