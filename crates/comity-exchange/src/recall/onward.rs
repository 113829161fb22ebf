//! To whom a holder passes an order on: whoever it gave records that it had received by the exchanges of the order.

use super::give::may_have_arrived;
use super::withdrawn;
use crate::ExchangeError;
use crate::federation::recall::{
    EXCHANGES_MAX, HopExchange, HopHeader, HopRecords, RECORDS_MAX, RecallAction, TakenHop,
};
use crate::ports::{Derived, ExchangeRow, RecallRow, Recalls, Record, RecordName, Store, Way};
use crate::report::{ExchangeOutcome, Side};
use crate::shell::Shell;
use crate::wire::{Base64, Text};
use comity_terms::ids::ClassId;
use comity_terms::{ExchangeId, PackSlug, Party, Timestamp};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// What is passed on: one message for each partner and agreement, where it fits.
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
            let every = store.derived_from(row.id).await?;
            let wanted = wanted.map(|exchange| Named::of(exchange).with_corrected(&every));
            for derived in every {
                if wanted.as_ref().is_some_and(|wanted| wanted.names(&derived.source)) {
                    given.entry(derived.given.exchange).or_default().insert(derived.given);
                }
            }
        }
        for row in store.recalls(Some(taken.order.order_id.0)).await? {
            if row.way == Way::Given {
                for exchange in TakenHop::stored(&row.header)?.0.exchanges {
                    if let Some(records) = given.get_mut(&exchange.exchange_id.0) {
                        let passed = Named::of(&exchange);
                        records.retain(|record| !passed.names(record));
                    }
                }
            }
        }
        let mut onward = Self::default();
        for (id, records) in given.into_iter().filter(|(_, records)| !records.is_empty()) {
            let Some(row) = store.exchange(id).await? else { continue };
            if row.side != Side::Sender
                || row.peer == world.signatory().party
                || !may_have_arrived(world, &row).await?
            {
                continue;
            }
            let waits = row.outcome == ExchangeOutcome::Queued;
            if taken.order.party.as_ref().is_some_and(|party| party.0 == row.peer) {
                // What it has, it has: that is called back apart. What waits for it does not go.
                if waits && taken.order.action == RecallAction::Bar {
                    onward.waiting.push(row);
                }
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
            // What may not be passed on further still goes where it may: the order follows it.
            if waits && taken.order.party.is_none() {
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
        let messages =
            self.hops.iter().flat_map(|((peer, _), all)| fit(all).into_iter().map(move |one| (peer, one)));
        for (peer, exchanges) in messages {
            let hop = HopHeader {
                version: 1,
                order: taken.hop.order.clone(),
                order_signature: Base64(taken.hop.order_signature.0.clone()),
                origin_key: taken.hop.origin_key.clone(),
                sender: Text(world.signatory().party.clone()),
                receiver: Text(peer.clone()),
                at: Text(now),
                exchanges,
            }
            .sign(&world.signatory().key);
            record.recalls.push(RecallRow {
                parent: Some(taken.message),
                receipt: Some(taken.receipt.clone()),
                due,
                ..RecallRow::given(hop, taken.order.order_id.0, peer.clone(), now)
            });
        }
    }
}

/// The most of one message.
fn fit(exchanges: &[HopExchange]) -> Vec<Vec<HopExchange>> {
    let mut messages: Vec<Vec<HopExchange>> = Vec::new();
    let mut records = 0;
    for exchange in exchanges {
        // None has more than a bundle may have objects, and so many fit.
        let more: usize = exchange.records.iter().flatten().map(|of| of.ordinals.len()).sum();
        match messages.last_mut() {
            Some(last) if last.len() < EXCHANGES_MAX && records + more <= RECORDS_MAX => {
                last.push(exchange.clone());
                records += more;
            }
            _ => {
                messages.push(vec![exchange.clone()]);
                records = more;
            }
        }
    }
    messages
}

/// The records that a hop speaks of, of one exchange.
#[derive(Debug)]
pub(super) struct Named {
    exchange: ExchangeId,
    /// `None`: all of them.
    records: Option<HashSet<(ClassId, u32)>>,
}

impl Named {
    pub(super) fn of(exchange: &HopExchange) -> Self {
        let of = |of: &HopRecords| {
            let class = of.class.0;
            of.ordinals.clone().into_iter().map(move |ordinal| (class, ordinal))
        };
        let records = exchange.records.as_ref().map(|records| records.iter().flat_map(of).collect());
        Self { exchange: exchange.exchange_id.0, records }
    }

    /// The same, and what was put right here of the records that it speaks of, however often.
    pub(super) fn with_corrected(mut self, derived: &[Derived]) -> Self {
        let Some(records) = &mut self.records else { return self };
        let exchange = self.exchange;
        let own = || {
            let own = derived
                .iter()
                .filter(|one| one.given.exchange == exchange && one.source.exchange == exchange);
            own.map(|one| ((one.source.class, one.source.ordinal), (one.given.class, one.given.ordinal)))
        };
        // As often as something is added: each is added once.
        while own().any(|(wrong, right)| records.contains(&wrong) && records.insert(right)) {}
        self
    }

    /// These records of an exchange; `None`: whatever it has.
    pub(super) fn listed(
        exchange: ExchangeId,
        records: Option<impl IntoIterator<Item = (ClassId, u32)>>,
    ) -> Self {
        Self { exchange, records: records.map(|records| records.into_iter().collect()) }
    }

    pub(super) fn exchange(&self) -> ExchangeId {
        self.exchange
    }

    /// Whether it speaks of whatever the exchange has.
    pub(super) fn is_whole(&self) -> bool {
        self.records.is_none()
    }

    /// Whether it speaks of this record.
    pub(super) fn names(&self, record: &RecordName) -> bool {
        let listed = |records: &HashSet<_>| records.contains(&(record.class, record.ordinal));
        self.exchange == record.exchange && self.records.as_ref().is_none_or(listed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use comity_terms::Entropy;

    struct Counted(u8);

    impl Entropy for Counted {
        fn fill(&mut self, out: &mut [u8]) {
            self.0 += 1;
            out.fill(self.0);
        }
    }

    fn exchange(entropy: &mut Counted, records: u32) -> HopExchange {
        let class = Text(ClassId::draw(entropy));
        let records = Some(vec![HopRecords { class, ordinals: (0..records).collect() }]);
        HopExchange { exchange_id: Text(ExchangeId::draw(entropy)), records }
    }

    #[test]
    fn a_message_holds_what_fits_and_no_exchange_is_split_or_lost() {
        let entropy = &mut Counted(0);
        let sizes = [150_000, 50_000, 1, 200_000, 3];
        let all: Vec<HopExchange> = sizes.into_iter().map(|records| exchange(entropy, records)).collect();
        let messages = fit(&all);
        assert_eq!(messages.iter().map(Vec::len).collect::<Vec<_>>(), [2, 1, 1, 1]);
        assert_eq!(messages.concat(), all);
        assert_eq!(fit(&[]), Vec::<Vec<HopExchange>>::new());
    }

    #[test]
    fn a_record_is_named_by_exchange_class_and_place() {
        let entropy = &mut Counted(9);
        let hop = exchange(entropy, 2);
        let class = hop.records.as_ref().unwrap()[0].class.0;
        let name = |ordinal| RecordName { exchange: hop.exchange_id.0, class, ordinal };
        let named = Named::of(&hop);
        assert!(named.names(&name(1)) && !named.names(&name(2)));
        assert!(!named.names(&RecordName { class: ClassId::draw(entropy), ..name(1) }));
        // What was put right twice here is spoken of too, and what was made of another is not.
        let right = |class, ordinal| RecordName { exchange: hop.exchange_id.0, class, ordinal };
        let (once, twice, other) = (ClassId::draw(entropy), ClassId::draw(entropy), ClassId::draw(entropy));
        let derived = [
            Derived { given: right(twice, 0), source: right(once, 3) },
            Derived { given: right(once, 3), source: name(1) },
            Derived { given: right(other, 0), source: name(2) },
        ];
        let named = Named::of(&hop).with_corrected(&derived);
        assert!(named.names(&right(once, 3)) && named.names(&right(twice, 0)));
        assert!(!named.names(&right(other, 0)));
        let whole = Named::of(&HopExchange { records: None, ..hop.clone() });
        assert!(whole.names(&name(2)));
        assert!(!whole.names(&RecordName { exchange: ExchangeId::draw(entropy), ..name(2) }));
    }
}
