//! What a batch of records comes to: which are in conflict, and one statement for each table of the others.
//!
//! Pure. What the records must not meet was read under the sequencer's lock, so deciding here is deciding there;
//! records of one batch meet each other in the order in which they came.

use super::collected;
use super::columns::Step;
use super::exchange::Chain;
use super::fault::Fault;
use super::{erasure, exchange, laws, outbox, peers, subjects, vault};
use crate::log::first_about;
use comity_exchange::federation::identity::SignedLaw;
use comity_exchange::ports::{
    AdoptedLaw, CollectedSegment, ExchangeRow, Officer, OfficerKey, OutboxItem, Peer, Record, SealedSegment,
    StoredAnswer, Tagged, WitnessStep,
};
use comity_terms::{Digest, ExchangeId, PackSlug, Party, Timestamp};
use comity_tlog::{LeafIndex, TreeSize};
use comity_vault::Bucket;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// What is in the database of what records may not meet, or have to.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) answers: HashSet<(String, Vec<u8>)>,
    pub(super) offers: HashSet<Vec<u8>>,
    pub(super) segments: HashSet<Vec<u8>>,
    pub(super) witnessed: HashMap<String, TreeSize>,
    pub(super) closed: BTreeSet<Bucket>,
    pub(super) accepted: HashMap<Chain, ExchangeId>,
    /// The exchanges that are not here, and that an order spoke of.
    pub(super) called_back: HashSet<ExchangeId>,
    /// The partners that are removed.
    pub(super) removed: HashSet<String>,
}

/// The keys of what has to be found.
#[derive(Debug, Default)]
pub(super) struct Wanted<'r> {
    pub(super) answers: (Vec<&'r str>, Vec<&'r [u8]>),
    pub(super) offers: Vec<&'r [u8]>,
    pub(super) segments: Vec<&'r [u8]>,
    pub(super) witnessed: Vec<&'r str>,
    pub(super) buckets: BTreeSet<Bucket>,
    /// The exchanges that are received: peers, chains, ids.
    pub(super) chains: (Vec<&'r str>, Vec<&'r [u8]>, Vec<&'r [u8]>),
}

impl<'r> Wanted<'r> {
    /// What records may meet.
    pub(super) fn of(records: &'r [Record]) -> Self {
        let mut wanted = Self::default();
        for record in records {
            wanted.offers.extend(record.outbox.iter().map(|item| &item.exchange.as_bytes()[..]));
            wanted.offers.extend(record.settled.iter().map(|exchange| &exchange.as_bytes()[..]));
            wanted.segments.extend(record.segments.iter().map(|segment| &segment.id.as_bytes()[..]));
            for row in record.exchanges.iter().filter(|row| exchange::accepts(row).is_some()) {
                wanted.chains.0.push(row.peer.as_str());
                wanted.chains.1.push(&row.chain.as_bytes()[..]);
                wanted.chains.2.push(&row.id.as_bytes()[..]);
            }
            wanted.buckets.extend(erasure::entering(record).into_keys());
            wanted.witnessed.extend(record.witness.iter().map(|step| step.origin.as_str()));
            if let Some(answer) = &record.answer {
                wanted.answers.0.push(answer.peer.as_str());
                wanted.answers.1.push(&answer.exchange.as_bytes()[..]);
            }
        }
        wanted
    }
}

/// The rows of the records admitted so far. Of a row that is replaced by its key, the last counts.
#[derive(Default)]
pub(super) struct Plan<'r> {
    found: Found,
    exchanges: BTreeMap<ExchangeId, &'r ExchangeRow>,
    /// The first entry about each that is to be put.
    first_entries: BTreeMap<ExchangeId, LeafIndex>,
    offers: BTreeMap<ExchangeId, &'r OutboxItem>,
    settled: BTreeSet<ExchangeId>,
    segments: Vec<&'r SealedSegment>,
    /// How many records come into each bucket.
    entering: BTreeMap<Bucket, u64>,
    answers: Vec<(&'r StoredAnswer, bool, LeafIndex)>,
    witnessed: BTreeMap<&'r str, &'r WitnessStep>,
    witnessed_by: BTreeMap<&'r Party, TreeSize>,
    receipts: BTreeMap<ExchangeId, &'r [u8]>,
    peers: BTreeMap<&'r Party, &'r Peer>,
    /// Whether a partner is removed, or is one again.
    removes: bool,
    officers: BTreeMap<&'r str, &'r Officer>,
    officer_keys: Vec<&'r OfficerKey>,
    adopted: Vec<&'r AdoptedLaw>,
    signatures: BTreeMap<(&'r Party, &'r PackSlug, Digest), &'r (Party, SignedLaw)>,
    collected: Vec<&'r CollectedSegment>,
    tagged: Vec<&'r Tagged>,
}

impl<'r> Plan<'r> {
    /// A plan over what is there.
    pub(super) fn over(found: Found) -> Self {
        Self { found, ..Self::default() }
    }

    /// Admits a record whose first entry will have `index`; one that is not admitted changes nothing.
    pub(super) fn admit(&mut self, record: &'r Record, index: LeafIndex) -> Result<(), Fault> {
        self.check(record)?;
        for row in &record.exchanges {
            if let Some(chain) = exchange::accepts(row) {
                self.found.accepted.insert(chain, row.id);
            }
            self.exchanges.insert(row.id, row);
            if let Some(first) = first_about(record, row.id, index) {
                self.first_entries.entry(row.id).or_insert(first);
            }
        }
        // Of an exchange that is not here, and that this record speaks of, nothing begins any more.
        let spoken_of = record.restrictions.iter().map(|row| row.exchange);
        self.found.called_back.extend(spoken_of.filter(|exchange| record.absent.contains(exchange)));
        for item in &record.outbox {
            self.found.offers.insert(item.exchange.as_bytes().to_vec());
            self.offers.insert(item.exchange, item);
        }
        for exchange in &record.settled {
            self.offers.remove(exchange);
            self.found.offers.remove(&exchange.as_bytes()[..]);
            self.settled.insert(*exchange);
        }
        for (bucket, count) in erasure::entering(record) {
            *self.entering.entry(bucket).or_default() += count;
        }
        for segment in &record.segments {
            self.found.segments.insert(segment.id.as_bytes().to_vec());
            self.segments.push(segment);
        }
        let stepped = self.steps_on(record);
        if let Some(answer) = &record.answer {
            self.found.answers.insert(key_of(answer));
            self.answers.push((answer, stepped, index));
        }
        if let Some(step) = record.witness.as_ref().filter(|_| stepped) {
            self.found.witnessed.insert(step.origin.clone(), step.size);
            self.witnessed.insert(&step.origin, step);
        }
        if let Some((party, size)) = &record.witnessed_by
            && size.0 <= index.0 + record.entries.len() as u64
        {
            self.witnessed_by.insert(party, *size);
        }
        if let Some((exchange, receipt)) = &record.partner_receipt {
            self.receipts.insert(*exchange, receipt);
        }
        if let Some(peer) = &record.peer {
            self.peers.insert(&peer.party, peer);
        }
        if let Some(removal) = &record.peer_removal {
            self.removes = true;
            if removal.ended.is_none() {
                self.found.removed.insert(removal.party.as_str().to_owned());
            } else {
                self.found.removed.remove(removal.party.as_str());
            }
        }
        if let Some(officer) = &record.officer {
            self.officers.insert(&officer.name, officer);
        }
        self.officer_keys.extend(&record.officer_keys);
        self.adopted.extend(&record.adopted);
        self.collected.extend(&record.collected);
        self.tagged.extend(&record.tagged);
        for signed in &record.law_signatures {
            let (party, law) = signed;
            self.signatures.insert((party, &law.pack.0, law.digest.0), signed);
        }
        Ok(())
    }

    /// That the record meets nothing that may be there once, and nothing that is closed.
    pub(super) fn check(&self, record: &Record) -> Result<(), Fault> {
        let other = |row: &ExchangeRow| {
            exchange::accepts(row).is_some_and(|chain| {
                self.found.accepted.get(&chain).is_some_and(|accepted| *accepted != row.id)
            })
        };
        if record.exchanges.iter().any(other) {
            return Err(Fault::Conflict("an accepted exchange of the chain"));
        }
        let called_back =
            |row: &ExchangeRow| exchange::accepts(row).is_some() && self.found.called_back.contains(&row.id);
        if record.exchanges.iter().any(called_back) {
            return Err(Fault::Conflict("an order about the exchange"));
        }
        // What is here since before this batch, the database tells.
        if record.absent.iter().any(|exchange| self.exchanges.contains_key(exchange)) {
            return Err(Fault::Conflict("an exchange that an order speaks of"));
        }
        if record.outbox.iter().any(|item| self.found.offers.contains(&item.exchange.as_bytes()[..])) {
            return Err(Fault::Conflict("offer"));
        }
        if record.outbox.iter().any(|item| self.found.removed.contains(item.peer.as_str())) {
            return Err(Fault::Conflict("a partner that is removed"));
        }
        let waits = |exchange: &ExchangeId| {
            self.found.offers.contains(&exchange.as_bytes()[..])
                || record.outbox.iter().any(|item| item.exchange == *exchange)
        };
        if !record.settled.iter().all(waits) {
            return Err(Fault::Conflict("settlement"));
        }
        if record.segments.iter().any(|segment| self.found.segments.contains(&segment.id.as_bytes()[..])) {
            return Err(Fault::Conflict("segment"));
        }
        if let Some(bucket) =
            erasure::entering(record).keys().find(|bucket| self.found.closed.contains(bucket))
        {
            return Err(Fault::Closed(bucket.clone()));
        }
        if let Some(answer) = &record.answer {
            if record.entries.is_empty() {
                return Err(Fault::Other("an answer without the entry that records it".into()));
            }
            if self.found.answers.contains(&key_of(answer)) {
                return Err(Fault::Conflict("answer"));
            }
        }
        if record.answer.is_none() && !self.steps_on(record) {
            return Err(Fault::Conflict("witness step"));
        }
        Ok(())
    }

    /// Whether the witness's step of a record, if there is one, begins where the log stands.
    fn steps_on(&self, record: &Record) -> bool {
        record.witness.as_ref().is_none_or(|step| self.found.witnessed.get(&step.origin).copied() == step.old)
    }

    /// Whether partners or laws change.
    pub(super) fn changes_register(&self) -> bool {
        self.removes || !(self.peers.is_empty() && self.adopted.is_empty() && self.signatures.is_empty())
    }

    /// The statements that put records into their streams, to be run after the others: they are added at `now`.
    pub(super) fn collected(&self, now: Timestamp) -> Vec<Step<'r>> {
        self.collected.iter().flat_map(|segment| collected::put_collected(segment, now)).collect()
    }

    /// How many segments are put.
    pub(super) fn segments(&self) -> usize {
        self.segments.len()
    }

    /// The statements, in an order in which they may be run; segments are numbered from `first_number` on.
    pub(super) fn steps(&self, first_number: i64) -> Result<Vec<Step<'r>>, Fault> {
        let mut steps = Vec::new();
        let settled: Vec<ExchangeId> = self.settled.iter().copied().collect();
        let receipts: Vec<_> =
            self.receipts.iter().map(|(exchange, receipt)| (*exchange, *receipt)).collect();
        if !self.exchanges.is_empty() {
            steps.push(exchange::put_exchanges(&values(&self.exchanges), &self.first_entries)?);
        }
        // Settled ones first: an offer of the same exchange that came later stays.
        if !settled.is_empty() {
            steps.push(outbox::settle_offers(&settled));
        }
        if !self.offers.is_empty() {
            steps.push(outbox::put_offers(&values(&self.offers)));
        }
        if !self.segments.is_empty() {
            steps.push(vault::put_segments(&self.segments, first_number));
            steps.push(vault::put_key_rows(&self.segments, first_number)?);
            steps.push(erasure::add(&self.entering)?);
        }
        if !self.tagged.is_empty() {
            let held: Vec<&Tagged> =
                self.tagged.iter().copied().filter(|tagged| tagged.sent.is_none()).collect();
            if !held.is_empty() {
                steps.push(subjects::put_tags(&held));
            }
            let sent = |tagged: &&'r Tagged| tagged.sent.map(|(class, ordinal)| (*tagged, class, ordinal));
            let sent: Vec<_> = self.tagged.iter().filter_map(sent).collect();
            if !sent.is_empty() {
                steps.push(subjects::put_sent(&sent));
            }
        }
        if !self.answers.is_empty() {
            steps.push(exchange::put_answers(&self.answers)?);
        }
        if !self.witnessed.is_empty() {
            steps.push(peers::put_witnessed(&values(&self.witnessed))?);
        }
        if !self.witnessed_by.is_empty() {
            let rows: Vec<_> = self.witnessed_by.iter().map(|(party, size)| (*party, *size)).collect();
            steps.push(peers::put_witnessed_by(&rows)?);
        }
        if !receipts.is_empty() {
            steps.push(exchange::put_partner_receipts(&receipts));
        }
        if !self.peers.is_empty() {
            steps.push(peers::put_peers(&values(&self.peers))?);
        }
        if !self.officers.is_empty() {
            steps.push(peers::put_officers(&values(&self.officers)));
        }
        steps.extend(self.officer_keys.iter().map(|key| peers::put_officer_key(key)));
        steps.extend(self.adopted.iter().flat_map(|adopted| laws::put_adopted(adopted)));
        if !self.signatures.is_empty() {
            steps.push(laws::put_signatures(&values(&self.signatures)));
        }
        Ok(steps)
    }
}

fn values<K, V: Copy>(rows: &BTreeMap<K, V>) -> Vec<V> {
    rows.values().copied().collect()
}

fn key_of(answer: &StoredAnswer) -> (String, Vec<u8>) {
    (answer.peer.as_str().to_owned(), answer.exchange.as_bytes().to_vec())
}

#[cfg(test)]
mod tests;
