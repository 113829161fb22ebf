//! An offer whose decision no longer holds is decided again before it leaves.
//!
//! A decision holds for the laws that it was made by, by their digests, until the earlier of the next known change
//! of law and the time that the gateway sets. The extract stays sealed, for its cleartext is gone: the offer goes
//! on under a new exchange id only when every class is permitted again and no law asks a heavier treatment than
//! it was sealed under. Otherwise it ends here, and says why.
//!
//! ```text
//! Recorded ── clear ──> Stale ── decide ──> Renewed ── record ─┬> Recorded, as another exchange of the chain
//!                                                              └> ended: refused or escalated
//! ```

use super::record::{Basis, Recorded};
use crate::ExchangeError;
use crate::act::drawn;
use crate::audit::recorded::RecordedRuling;
use crate::entry::PublicEntry;
use crate::federation::asking::Asking;
use crate::federation::offer::{ClassHeader, OfferHeader};
use crate::notice::arising;
use crate::ports::{
    Derived, Draft, ExchangeRow, NoticeRow, OutboxItem, Recalls, Record, RecordName, SealedSegment, Store,
};
use crate::proofs::receipt;
use crate::report::{ExchangeOutcome, Side};
use crate::shell::{Lent, Shell};
use crate::wire::{Base64, Text, WireSafeguards, facts_from_wire, law_digests};
use comity_agreement::{Decision, Outcome};
use comity_terms::{Act, ExchangeId, Obligation, Safeguards, Timestamp};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

/// A recorded offer whose decision no longer holds.
#[derive(Debug)]
pub struct Stale(pub(super) Recorded);

/// An offer that was decided again: only to be recorded.
pub struct Renewed {
    old: ExchangeId,
    row: ExchangeRow,
    entry: PublicEntry,
    opening: SealedSegment,
    again: Option<(OutboxItem, Basis)>,
    notices: Vec<NoticeRow>,
}

/// What an offer that was decided again comes to.
#[derive(Debug)]
pub enum Renewal {
    /// It goes on, as another exchange of its chain.
    Goes(Box<Recorded>),
    /// It ends here.
    Ends(ExchangeOutcome),
}

impl std::fmt::Debug for Renewed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Renewed {} for {}: {}", self.row.id, self.old, self.row.outcome.as_str())
    }
}

impl Stale {
    /// Asks the laws of now about every class of the offer, with the facts that still hold. Approvals were used: what
    /// needed one is escalated again, and ends here.
    ///
    /// # Errors
    /// [`ExchangeError`]; the offer stays in the outbox and is tried again.
    pub fn decide<W: Shell>(self, world: &W, lent: &Lent, now: Timestamp) -> Result<Renewed, ExchangeError> {
        let Self(Recorded { item, .. }) = self;
        let mut header = item.header()?;
        header.keep_attested(now);
        let asking = Asking { header: &header, laws: &lent.laws, binding: lent.binding, at: now, now };
        let mut decided = Vec::with_capacity(header.classes.len());
        for class in &header.classes {
            let facts = header
                .decided_facts(class, &lent.laws.vocabulary)
                .ok_or_else(|| ExchangeError::proof("the facts of a stored offer do not read"))?;
            let ruled = world.with_memo(|memo| asking.ask(facts, &BTreeSet::new(), memo));
            decided.push(ruled.map_err(|error| ExchangeError::Question(error.to_string()))?);
        }
        Again { item, header, decided, now }.seal(world, lent)
    }
}

/// A stored offer with what the laws say of it now.
struct Again {
    item: OutboxItem,
    header: OfferHeader,
    /// Each with what its opening says is owed.
    decided: Vec<(Decision, Vec<Obligation>)>,
    now: Timestamp,
}

impl Again {
    /// The limits of before and of now together: deciding again never restarts a clock.
    fn safeguards(&self) -> Safeguards {
        let before = Safeguards::from(self.header.safeguards.clone());
        self.decided.iter().fold(before, |all, (decision, _)| all.join(&decision.safeguards))
    }

    /// What it comes to, and why where it ends.
    fn outcome(&self, safeguards: &Safeguards) -> (ExchangeOutcome, Option<&'static str>) {
        let any = |outcome| self.decided.iter().any(|(decision, _)| decision.outcome == outcome);
        let sealed_under = Safeguards::from(self.header.safeguards.clone()).treatments;
        if any(Outcome::Refused) {
            (ExchangeOutcome::Refused, Some("decision"))
        } else if any(Outcome::Escalated) {
            (ExchangeOutcome::Escalated, Some("decision"))
        } else if safeguards.treatments != sealed_under {
            (ExchangeOutcome::Refused, Some("treatment"))
        } else {
            (ExchangeOutcome::Queued, None)
        }
    }

    fn facts(&self, id: ExchangeId, lent: &Lent, safeguards: &Safeguards, ended: Option<&str>) -> Json {
        let header = &self.header;
        let vocabulary = &lent.laws.vocabulary;
        let rulings = header.classes.iter().zip(&self.decided).map(|(class, (decision, owed))| {
            let facts = facts_from_wire(&class.decided).unwrap_or_default();
            let none = BTreeSet::new();
            RecordedRuling::of(decision, owed, class.objects, (&facts, &none), &BTreeSet::new(), vocabulary)
        });
        let asking = Asking { header, laws: &lent.laws, binding: lent.binding, at: self.now, now: self.now };
        json!({
            "exchange": id.to_string(),
            "supersedes": self.item.exchange.to_string(),
            "asked": asking.recorded(),
            "attestations": header.attestations,
            "rulings": rulings.collect::<Vec<_>>(),
            "safeguards": WireSafeguards::from(safeguards),
            "extract": {
                "sealed_as": header.sealed_as().to_string(),
                "ended": ended,
                "classes": header.classes.iter().map(class_facts).collect::<Json>(),
            },
        })
    }

    fn seal<W: Shell>(self, world: &W, lent: &Lent) -> Result<Renewed, ExchangeError> {
        let safeguards = self.safeguards();
        let (outcome, ended) = self.outcome(&safeguards);
        let agreement = self.header.agreement.0.clone();
        let id = ExchangeId::draw(&mut world.entropy());
        let facts = self.facts(id, lent, &safeguards, ended);
        let (entry, opening) = drawn(world, Act::ExchangeDecided, facts, (&agreement, Some(id)), self.now)?;
        let Self { item, header, now, decided } = self;
        let chain = header.chain();
        let mut row = ExchangeRow {
            id,
            side: Side::Sender,
            peer: item.peer.clone(),
            agreement,
            agreement_digest: lent.laws.agreement.digest(),
            supersedes: Some(item.exchange),
            chain,
            offer: None,
            outcome,
            whole: false,
            objects: header.classes.iter().map(|class| class.objects).sum(),
            at: now,
            changed_at: now,
        };
        let old = item.exchange;
        let again = (outcome == ExchangeOutcome::Queued).then(|| {
            let header = OfferHeader {
                exchange_id: Text(id),
                supersedes: Some(Text(old)),
                chain: Some(Text(chain)),
                sealed_as: Some(Text(header.sealed_as())),
                laws: law_digests(&lent.laws),
                at: Text(now),
                safeguards: WireSafeguards::from(&safeguards),
                entry: Base64(entry.to_bytes().to_vec()),
                ..header
            };
            let basis = Basis::of(&header);
            let offer = header.sign(&world.signatory().key);
            // Whoever decided it again delivers it; the outbox takes it up when that comes to nothing.
            (OutboxItem { exchange: id, offer, next_at: world.claimed_until(now), ..item }, basis)
        });
        row.offer = again.as_ref().map(|(item, _)| item.offer.digest());
        let owed = decided.iter().flat_map(|(_, owed)| owed);
        let notices = arising(&row, &world.signatory().party, owed);
        Ok(Renewed { old, row, entry, opening, again, notices })
    }
}

fn class_facts(class: &ClassHeader) -> Json {
    json!({ "objects": class.objects, "digest": class.digest, "sealed": class.sealed })
}

impl Renewed {
    /// Records the decision in the place of the old one: both skeletons, its entry and the offer, together.
    ///
    /// # Errors
    /// [`ExchangeError`]; the old offer stays in the outbox, or all of it happened.
    pub async fn record<W: Shell>(self, world: &W) -> Result<Renewal, ExchangeError> {
        let Self { old, mut row, entry, opening, again, notices } = self;
        let store = world.store();
        let mut replaced =
            store.exchange(old).await?.ok_or_else(|| ExchangeError::proof("the exchange has no skeleton"))?;
        row.whole = replaced.whole;
        replaced.outcome = ExchangeOutcome::Refused;
        replaced.changed_at = row.changed_at;
        let (id, outcome) = (row.id, row.outcome);
        // The records are those of the old exchange, by another name.
        let derived = store
            .derived_of(old)
            .await?
            .into_iter()
            .map(|derived| Derived { given: RecordName { exchange: id, ..derived.given }, ..derived });
        let derived = derived.collect();
        let bars =
            again.as_ref().map(|(item, _)| Ok::<_, ExchangeError>(item.header()?.bars())).transpose()?;
        let record = Record {
            entries: vec![Draft { entry, opening: opening.id, exchange: Some(id) }],
            exchanges: vec![replaced, row],
            bars: bars.unwrap_or_default(),
            outbox: again.iter().map(|(item, _)| item.clone()).collect(),
            settled: vec![old],
            segments: vec![opening],
            derived,
            notices,
            ..Record::default()
        };
        let integrated = store.record(record).await?;
        let Some((item, basis)) = again else { return Ok(Renewal::Ends(outcome)) };
        let receipt = receipt(store, entry, &integrated).await?;
        Ok(Renewal::Goes(Box::new(Recorded { item, entry, receipt, integrated, basis })))
    }
}
