//! To whom a holder passes an order on: whoever it gave records that it had received by the exchanges of the order.

use super::withdrawn;
use crate::ExchangeError;
use crate::federation::recall::{HopExchange, HopHeader, HopRecords, TakenHop};
use crate::ports::{ExchangeRow, RecallRow, Recalls, Record, RecordName, Store, Way};
use crate::report::{ExchangeOutcome, Side};
use crate::shell::Shell;
use crate::wire::{Base64, Text};
use comity_terms::ids::ClassId;
use comity_terms::{ExchangeId, PackSlug, Party, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// What is passed on: one message for each partner and agreement.
#[derive(Default)]
pub(super) struct Onward {
    hops: BTreeMap<(Party, PackSlug), Vec<HopExchange>>,
    /// Offers that were still waiting: they go nowhere any more.
    waiting: Vec<ExchangeRow>,
}

impl Onward {
    /// What is to be passed on of these exchanges of a hop, but for what was passed on under this order before.
    pub(super) async fn of<W: Shell>(
        world: &W,
        taken: &TakenHop,
        mine: &[ExchangeRow],
    ) -> Result<Self, ExchangeError> {
        let store = world.store();
        let mut given: BTreeMap<ExchangeId, BTreeSet<RecordName>> = BTreeMap::new();
        for row in mine {
            let wanted = taken.hop.exchanges.iter().find(|exchange| exchange.exchange_id.0 == row.id);
            for derived in store.derived_from(row.id).await? {
                if wanted.is_some_and(|wanted| wanted.names(&derived.source)) {
                    given.entry(derived.given.exchange).or_default().insert(derived.given);
                }
            }
        }
        for row in store.recalls(Some(taken.order.order_id.0)).await? {
            if row.way == Way::Given {
                for exchange in TakenHop::stored(&row.header)?.0.exchanges {
                    if let Some(records) = given.get_mut(&exchange.exchange_id.0) {
                        records.retain(|record| !exchange.names(record));
                    }
                }
            }
        }
        let mut onward = Self::default();
        for (id, records) in given.into_iter().filter(|(_, records)| !records.is_empty()) {
            let Some(row) = store.exchange(id).await? else { continue };
            use ExchangeOutcome::{Delivered, PartlyDelivered, Queued};
            let went = matches!(row.outcome, Delivered | PartlyDelivered | Queued);
            if row.side != Side::Sender || !went || row.peer == world.signatory().party {
                continue;
            }
            let mut by_class: BTreeMap<ClassId, Vec<u32>> = BTreeMap::new();
            for record in records {
                by_class.entry(record.class).or_default().push(record.ordinal);
            }
            let records =
                by_class.into_iter().map(|(class, ordinals)| HopRecords { class: Text(class), ordinals });
            let hop = HopExchange { exchange_id: Text(id), records: Some(records.collect()) };
            onward.hops.entry((row.peer.clone(), row.agreement.clone())).or_default().push(hop);
            if row.outcome == Queued {
                onward.waiting.push(row);
            }
        }
        Ok(onward)
    }

    /// Who gets it.
    pub(super) fn parties(&self) -> BTreeSet<String> {
        self.hops.keys().map(|(party, _)| party.to_string()).collect()
    }

    /// Adds the messages to the record of the decision that lets them go.
    pub(super) fn put<W: Shell>(
        &self,
        world: &W,
        taken: &TakenHop,
        (now, due): (Timestamp, Option<Timestamp>),
        record: &mut Record,
    ) {
        for row in &self.waiting {
            let (settled, exchanges) = withdrawn(row, now);
            record.settled.extend(settled);
            record.exchanges.extend(exchanges);
        }
        for ((peer, _), exchanges) in &self.hops {
            let hop = HopHeader {
                version: 1,
                order: taken.hop.order.clone(),
                order_signature: Base64(taken.hop.order_signature.0.clone()),
                origin_key: taken.hop.origin_key.clone(),
                sender: Text(world.signatory().party.clone()),
                receiver: Text(peer.clone()),
                at: Text(now),
                exchanges: exchanges.clone(),
            }
            .sign(&world.signatory().key);
            record.recalls.push(RecallRow {
                message: hop.digest(),
                order: taken.order.order_id.0,
                way: Way::Given,
                peer: peer.clone(),
                parent: Some(taken.message),
                header: hop.header,
                signature: hop.signature.0,
                receipt: Some(taken.receipt.clone()),
                at: now,
                due,
                version: 1,
                entered: true,
                answer: None,
                complete: false,
                attempts: 0,
                next_at: now,
            });
        }
    }
}

impl HopExchange {
    /// Whether it speaks of this record.
    pub(super) fn names(&self, record: &RecordName) -> bool {
        let listed = |of: &HopRecords| of.class.0 == record.class && of.ordinals.contains(&record.ordinal);
        self.exchange_id.0 == record.exchange
            && self.records.as_ref().is_none_or(|records| records.iter().any(listed))
    }
}
