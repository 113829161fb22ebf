//! What must hold when all is calm, seen from outside: from the disks, the road, and what officers were told.

use crate::clockwork::at_once;
use crate::gateway::Gateway;
use crate::law;
use crate::work::Told;
use crate::world::World;
use comity_agreement::{Law, Vocabulary};
use comity_exchange::audit::replay::{Archive, Replayer};
use comity_exchange::audit::walk::walk;
use comity_exchange::entry::PublicEntry;
use comity_exchange::federation::offer::{OfferHeader, join_objects};
use comity_exchange::federation::recall::TakenHop;
use comity_exchange::ports::{
    ExchangeRow, Holds as _, Recalls as _, SealedSegment, SegmentKind, Store as _, Subjects as _, Way,
};
use comity_exchange::report::{ExchangeOutcome, Side};
use comity_exchange::shell::Shell as _;
use comity_terms::{Digest, ExchangeId, PackSlug, Timestamp};
use comity_tlog::{
    Frontier, Hash, Receipt, TileSource, TreeSize, bundles_for, decode_bundle, leaf_hash, verify_log,
};
use comity_vault::{EpochKeys as _, SegmentContext};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, PoisonError};

/// The published log of a gateway.
struct Published(PathBuf);

impl TileSource for Published {
    type Error = std::io::Error;

    fn fetch(&self, path: &str) -> Result<Option<Vec<u8>>, std::io::Error> {
        match std::fs::read(self.0.join(path)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// The first thing that does not hold; `None` when all does.
#[must_use]
pub fn finding(world: &World) -> Option<String> {
    check(world).err()
}

type Checked = Result<(), String>;

fn that(holds: bool, otherwise: impl FnOnce() -> String) -> Checked {
    if holds { Ok(()) } else { Err(otherwise()) }
}

fn check(world: &World) -> Checked {
    if let Some(wrong) = world.wrong.first().or(world.network.seen().wrong.first()) {
        return Err(wrong.clone());
    }
    world.publish();
    let mut running = Vec::new();
    for number in 0..world.disks.len() {
        running.push(world.process(number).ok_or_else(|| format!("{number} does not run in the end"))?);
    }
    for gateway in &running {
        log(world, gateway).map_err(|what| format!("the log of {}: {what}", gateway.disk.number))?;
    }
    for gateway in &running {
        let claimed =
            at_once(gateway.store().inner().claim_outbox(Timestamp::MAX, Timestamp::MAX, 1_000, &[]));
        let left = claimed.map_err(|error| error.to_string())?;
        that(left.is_empty(), || format!("{:?} are left in the outbox of {}", left, gateway.disk.number))?;
        exchanges(world, gateway, &running)?;
        replayed(gateway).map_err(|what| format!("the decisions of {}: {what}", gateway.disk.number))?;
    }
    told(world, &running)
}

/// The log is whole, as long as what was persisted, at its mark, and one with every checkpoint that was shown.
fn log(world: &World, gateway: &Gateway) -> Checked {
    let disk = &gateway.disk;
    let source = Published(disk.data().join("log"));
    let report = verify_log(&source, Some(&disk.log_key()), None, &mut |_| {}).map_err(|e| e.to_string())?;
    that(report.finding.is_none(), || format!("{:?}", report.finding))?;
    let checkpoint = report.checkpoint.ok_or("it has no checkpoint")?;
    let persisted = disk.faults.ledger().entries;
    that(checkpoint.size().0 == persisted, || {
        format!("{} entries are published and {persisted} were recorded", checkpoint.size())
    })?;
    let mark = disk.mark().ok_or("there is no mark")?;
    that((mark.size, mark.root) == (checkpoint.size(), checkpoint.root()), || {
        "it is not at its mark".into()
    })?;
    let roots = roots(&source, checkpoint.size())?;
    let fits = |size: u64, root: Hash| roots.get(usize::try_from(size).unwrap_or(usize::MAX)) == Some(&root);
    for ((origin, size), shown) in &world.network.seen().checkpoints {
        if *origin == disk.origin() {
            that(fits(*size, shown.root()), || format!("the checkpoint shown at {size} is not of this log"))?;
        }
    }
    for number in 0..world.disks.len() {
        let Some(partner) = world.process(number) else { continue };
        let known = at_once(partner.store().inner().witnessed(&disk.origin())).map_err(|e| e.to_string())?;
        if let Some((size, root)) = known {
            that(fits(size.0, root), || format!("{number} has cosigned another log at {size}"))?;
        }
    }
    Ok(())
}

/// The laws of the run, in every edition.
struct Editions;

impl Archive for Editions {
    fn law(&self, pack: &PackSlug, digest: Digest) -> Result<Option<(Arc<Law>, Arc<Vocabulary>)>, String> {
        Ok(law::signed(pack, digest))
    }
}

/// Every decision that was recorded comes out the same again, from its opening alone, or its opening was erased.
fn replayed(gateway: &Gateway) -> Checked {
    let mut keys = gateway.disk.epochs.clone();
    let open = |segment: &SealedSegment| gateway.signatory().open_opening(segment, &mut keys);
    let mut replayers = [Replayer::new(&Editions, None)];
    let replayed = at_once(walk(gateway.store().inner(), open, &mut replayers, |_| {}));
    let replayed = replayed.map_err(|error| error.to_string())?;
    let whole = replayed.identical + replayed.erased.len() as u64;
    that(replayed.different.is_empty() && whole == replayed.decisions, || format!("{replayed:?}"))?;
    let known = gateway.disk.faults.ledger().exchanges.len();
    // An order about an exchange is a decision of its own, and so is what each person asks, of each record.
    let orders = at_once(gateway.store().inner().recalls(None)).map_err(|error| error.to_string())?.len();
    let asked = at_once(gateway.store().inner().requests(true)).map_err(|error| error.to_string())?.len();
    let no_more = asked > 0 || replayed.decisions <= (known + orders) as u64;
    that(no_more && (known == 0 || replayed.decisions > 0), || {
        format!("{} of {known} exchanges and {orders} orders were replayed", replayed.decisions)
    })
}

/// The root of the log at every size, from its published entries alone.
fn roots(source: &Published, size: TreeSize) -> Result<Vec<Hash>, String> {
    let mut frontier = Frontier::new();
    let mut roots = vec![frontier.root()];
    for bundle in bundles_for(TreeSize(0), size) {
        let bytes = source.fetch(&bundle.path()).map_err(|e| e.to_string())?;
        let bytes = bytes.ok_or_else(|| format!("{} is not there", bundle.path()))?;
        for entry in decode_bundle(bundle, &bytes).map_err(|e| e.to_string())? {
            let _ = PublicEntry::from_bytes(entry).ok_or("an entry is none of this version")?;
            let _ = frontier.append(leaf_hash(entry)).len();
            roots.push(frontier.root());
        }
    }
    Ok(roots)
}

/// Every exchange that was persisted came to an end, the same on both sides, once.
fn exchanges(world: &World, gateway: &Gateway, running: &[&std::sync::Arc<Gateway>]) -> Checked {
    let number = gateway.disk.number;
    let ledger = {
        let ledger = gateway.disk.faults.ledger();
        for id in ledger.told.keys() {
            that(ledger.exchanges.contains_key(id), || format!("{id} was told and is not recorded"))?;
        }
        ledger.exchanges.clone()
    };
    // An order about an offer that was still waiting withdraws it: it has no end of its own, and may have arrived.
    let mut ordered: BTreeSet<ExchangeId> = BTreeSet::new();
    for row in at_once(gateway.store().inner().recalls(None)).map_err(|e| e.to_string())? {
        if row.way == Way::Given {
            let (hop, _) = TakenHop::stored(&row.header).map_err(|e| e.to_string())?;
            ordered.extend(hop.exchanges.iter().map(|exchange| exchange.exchange_id.0));
        }
    }
    let mut kept: BTreeMap<ExchangeId, ExchangeId> = BTreeMap::new();
    for id in ledger.keys() {
        let row = at_once(gateway.store().inner().exchange(*id)).map_err(|e| e.to_string())?;
        let row = row.ok_or_else(|| format!("{number} has lost exchange {id}"))?;
        let entries = openings(gateway, *id)?;
        match row.side {
            Side::Sender => {
                that(row.outcome != ExchangeOutcome::Queued, || format!("{id} of {number} is still queued"))?;
                // Decided; then acknowledged or given up, unless it was decided again as another exchange.
                let replaced = ledger.values().any(|other| other.supersedes == Some(*id));
                let due = if row.offer.is_none() {
                    1..=1
                } else if replaced || ordered.contains(id) {
                    1..=2
                } else {
                    2..=2
                };
                that(due.contains(&entries), || {
                    format!("{number} has {entries} entries of {id}, which it sent; {due:?} are due")
                })?;
                let to = law::PARTIES.iter().position(|code| *code == row.peer.as_str());
                let partner = to.and_then(|to| running.get(to)).ok_or("a partner that is none")?;
                let withdrawn = ordered.contains(id);
                agreed(world, gateway, partner, (&row, withdrawn))
                    .map_err(|what| format!("exchange {id}: {what}"))?;
            }
            Side::Receiver => {
                that(entries == 1, || format!("{number} has {entries} entries of {id}, which it received"))?;
                if row.outcome == ExchangeOutcome::Delivered
                    && let Some(other) = kept.insert(row.chain, *id)
                {
                    return Err(format!("{number} has kept {other} and {id}, which are of one chain"));
                }
            }
        }
    }
    Ok(())
}

/// How many log entries there are about an exchange: each has its opening.
fn openings(gateway: &Gateway, id: ExchangeId) -> Result<usize, String> {
    let store = gateway.store().inner();
    let mut count = 0;
    for segment in at_once(store.segments(id)).map_err(|e| e.to_string())? {
        let segment =
            at_once(store.segment(segment)).map_err(|e| e.to_string())?.ok_or("a segment is gone")?;
        count += usize::from(segment.kind == SegmentKind::Opening);
    }
    Ok(count)
}

/// Both sides say the same of an exchange, and what was delivered is there and reads.
fn agreed(
    world: &World,
    sender: &Gateway,
    receiver: &Gateway,
    (row, withdrawn): (&ExchangeRow, bool),
) -> Checked {
    let (party, store) = (&sender.signatory().party, receiver.store().inner());
    let accepted = at_once(store.accepted_in_chain(party, row.chain)).map_err(|e| e.to_string())?;
    let receipt = at_once(sender.store().inner().partner_receipt(row.id)).map_err(|e| e.to_string())?;
    let seen = |id: &ExchangeId| world.network.seen().offers.get(id).cloned();
    match row.outcome {
        ExchangeOutcome::Delivered | ExchangeOutcome::PartlyDelivered => {
            // This one, or the one of its chain that the receiver had accepted before.
            let accepted = accepted.ok_or("delivered, and the receiver has accepted nothing of its chain")?;
            // The receipt is kept with the exchange of the chain that was answered.
            let chain: Vec<ExchangeId> = {
                let ledger = sender.disk.faults.ledger();
                ledger.exchanges.values().filter(|other| other.chain == row.chain).map(|row| row.id).collect()
            };
            let mut receipts = receipt.into_iter().collect::<Vec<_>>();
            for id in chain.into_iter().filter(|id| *id != row.id) {
                receipts
                    .extend(at_once(sender.store().inner().partner_receipt(id)).map_err(|e| e.to_string())?);
            }
            that(!receipts.is_empty(), || "delivered, and no receipt of the receiver's is kept".to_owned())?;
            for receipt in receipts {
                Receipt::parse(&receipt).map_err(|e| format!("its receipt: {e}"))?;
            }
            records(receiver, &seen(&accepted).ok_or("delivered, and nobody saw it on the road")?)
        }
        ExchangeOutcome::Refused | ExchangeOutcome::Escalated if accepted == Some(row.id) => {
            // Whoever never heard an answer cannot know of it: the offer was given up at its horizon, or decided
            // again and refused.
            let given_up = seen(&row.id).is_some_and(|header| row.changed_at >= header.horizon.0);
            let ledger = sender.disk.faults.ledger();
            let ended = ledger.exchanges.values().any(|other| other.chain == row.chain && other.id != row.id);
            that(receipt.is_none() && (given_up || ended || withdrawn), || {
                format!("{} at the sender, and the receiver has kept {}", row.outcome.as_str(), row.objects)
            })
        }
        _ => Ok(()),
    }
}

/// The receiver's records are those of the header, each once, and open.
fn records(receiver: &Gateway, header: &OfferHeader) -> Checked {
    let store = receiver.store().inner();
    let mut found = Vec::new();
    for id in at_once(store.segments(header.exchange_id.0)).map_err(|e| e.to_string())? {
        let segment = at_once(store.segment(id)).map_err(|e| e.to_string())?.ok_or("a segment is gone")?;
        let Some(class) = segment.class else { continue };
        let context = SegmentContext {
            store: receiver.signatory().store.clone(),
            agreement: segment.agreement.clone(),
            exchange: header.exchange_id.0,
            class,
            segment: id,
        };
        let mut objects = Vec::new();
        for row in &segment.rows {
            let Ok(key) = receiver.disk.epochs.get(&row.bucket(&segment.agreement));
            let key = key.ok_or("an epoch key is gone")?;
            let start = usize::try_from(row.offset).map_err(|e| e.to_string())?;
            let sealed = segment.blob.get(start..start + row.length as usize).ok_or("a record is cut off")?;
            let open = comity_vault::open(row, sealed, &key, &context).map_err(|e| e.to_string())?;
            objects.push(open.as_bytes().to_vec());
        }
        found.push(Digest::of(&join_objects(objects.iter().map(Vec::as_slice))));
    }
    let ended = receiver.disk.faults.ledger().ended.get(&header.exchange_id.0).copied();
    let holds = at_once(store.holds_of(vec![header.exchange_id.0])).map_err(|e| e.to_string())?;
    let is_held = holds.iter().any(|hold| hold.stands(receiver.now()));
    let is_gone = found.iter().all(|class| *class == Digest::of(b""));
    that(!(is_held && is_gone), || "what is held from erasure was erased".to_owned())?;
    if ended.is_some() && found.iter().all(|class| *class == Digest::of(b"")) {
        return Ok(());
    }
    that(ended != Some(true), || "records are kept after their erasure was told".to_owned())?;
    if ended.is_some() && receiver.disk.faults.ledger().by_record {
        return Ok(());
    }
    let sent: Vec<Digest> = header.classes.iter().map(|class| class.digest.0).collect();
    that(found == sent, || {
        format!("{} classes were sent, {} are kept, or they differ", sent.len(), found.len())
    })
}

/// What officers were told is so.
fn told(world: &World, running: &[&std::sync::Arc<Gateway>]) -> Checked {
    for (number, told) in world.told.lock().unwrap_or_else(PoisonError::into_inner).iter() {
        let Told::Exchange(id, said) = told else { continue };
        let row = at_once(running[*number].store().inner().exchange(*id)).map_err(|e| e.to_string())?;
        let row = row.ok_or_else(|| format!("an officer was told of {id}, which is not recorded"))?;
        let may_change = *said == ExchangeOutcome::Queued;
        that(may_change || row.outcome == *said, || {
            format!("an officer was told that {id} is {}, it is {}", said.as_str(), row.outcome.as_str())
        })?;
    }
    Ok(())
}
