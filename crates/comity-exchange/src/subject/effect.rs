//! What follows at records where a request is upheld: here at once, and at partners by this gateway's signed orders.
//!
//! ```text
//! erase      records.erased, in batches of one entry each      order `erase`
//! object     as the law says: `erase` or `destroy` is owed     order `erase`; else as restrict
//! restrict   with the answer, in its transaction               order `restrict`
//! correct    records.corrected: the right ones sealed, the     order `restrict`, until the right ones are given
//!            wrong ones erased, one transaction a segment
//! ```
//! Orders name records by exchange and place: nobody is named to a partner by them. Their ids are made of the request and the
//! exchange, so that a request that is decided again after a crash orders nothing twice.

use super::Desk;
use super::claim::{Kind, reason};
use super::held::Held;
use super::law::Said;
use super::tag::Named;
use crate::ExchangeError;
use crate::act::drawn;
use crate::collect::ClassKnown;
use crate::collect::place::collected;
use crate::collect::read::opened;
use crate::erase::facts_of;
use crate::federation::recall::{HopRecords, RecallAction};
use crate::ports::{
    Derived, Draft, Erasure, FoundRecord, OrderedFor, RecallRow, Recalls as _, Record, RecordName,
    Restriction, SegmentKind, Store, StoreError, Tagged,
};
use crate::recall::{Given, Giving, give};
use crate::wire::{Text, facts_from_wire};
use comity_agreement::Outcome;
use comity_minimise::subject::{Correction, corrected};
use comity_terms::ids::{ClassId, OrderId, RequestId, SegmentId};
use comity_terms::{Act, Digest, ExchangeId, Facts, Month, ReasonCode, Timestamp};
use comity_vault::EpochKeys as _;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};

/// What follows at a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Consequence {
    /// Nothing.
    Nothing,
    /// It ends.
    Erase,
    /// It stays, and nobody uses it.
    Restrict,
    /// It is put right.
    Correct,
}

impl Consequence {
    /// What follows where the law grants a request of this kind, as the law `said`. An objection that is upheld at the least
    /// restricts.
    pub(super) fn of(kind: Kind, said: &Said) -> Self {
        match kind {
            Kind::Access | Kind::Port | Kind::Complain => Self::Nothing,
            Kind::Erase => Self::Erase,
            Kind::Object if ["erase", "destroy"].iter().any(|duty| said.owes(duty).is_some()) => Self::Erase,
            Kind::Object | Kind::Restrict => Self::Restrict,
            Kind::Correct => Self::Correct,
        }
    }

    /// The order to partners, and its ground.
    fn order(self) -> Option<(RecallAction, ReasonCode)> {
        match self {
            Self::Nothing => None,
            Self::Erase => Some((RecallAction::Erase, reason("erasure_requested"))),
            Self::Restrict => Some((RecallAction::Restrict, reason("restriction_requested"))),
            Self::Correct => Some((RecallAction::Restrict, reason("found_inaccurate"))),
        }
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Erase => "erased",
            Self::Restrict => "restricted",
            Self::Correct => "corrected",
        }
    }
}

/// The restrictions that a request lays on these records: in its own name, so that they are lifted by themselves.
pub(super) fn restrictions<'r>(
    number: RequestId,
    records: impl Iterator<Item = &'r FoundRecord>,
    now: Timestamp,
) -> Vec<Restriction> {
    let mut exchanges: BTreeMap<ExchangeId, BTreeSet<(ClassId, u32)>> = BTreeMap::new();
    for name in records.filter_map(|record| record.held.name()) {
        exchanges.entry(name.exchange).or_default().insert((name.class, name.ordinal));
    }
    let order = order_of(number);
    let restriction = |(exchange, records)| Restriction {
        exchange,
        records: Some(records),
        order,
        from: now,
        lifted: None,
    };
    exchanges.into_iter().map(restriction).collect()
}

/// The order that a request is, where it restricts something here.
pub(super) fn order_of(number: RequestId) -> OrderId {
    // Unwrap safety: both are random (v4) UUIDs.
    OrderId::from_bytes(*number.as_bytes()).unwrap_or_else(|| unreachable!("a request's number is an id"))
}

/// The order to a partner about an exchange that a request leads to: the same one every time.
pub(super) fn order_to(number: RequestId, exchange: ExchangeId, action: RecallAction) -> OrderId {
    let made = Digest::of_parts(
        "comity order for a person v1",
        &[number.as_bytes(), exchange.as_bytes(), action.as_str().as_bytes()],
    );
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&made.0[..16]);
    // The bits that a random (v4) UUID has: RFC 9562, section 5.4.
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    // Unwrap safety: the bits are set.
    OrderId::from_bytes(bytes).unwrap_or_else(|| unreachable!("the bits of a v4 UUID are set"))
}

/// What is ordered of a partner.
#[derive(Debug, Clone)]
pub struct OrderedThere {
    /// The order, its exchange and what it asks.
    pub order: OrderedFor,
    /// To whom.
    pub to: comity_terms::Party,
    /// Its message, claimed for whoever decided; `None` where our own laws refuse it, or it was given before.
    pub row: Option<RecallRow>,
    /// Why our own laws refuse it; empty where they do not.
    pub refused: Vec<String>,
}

/// What orders for a person are given with.
pub(super) struct ForPerson<'a> {
    pub(super) number: RequestId,
    pub(super) facts: &'a Facts,
    pub(super) by: &'a Json,
    pub(super) now: Timestamp,
}

/// Orders of partners what follows at what was sent to them: of each exchange the records that name who asks.
///
/// # Errors
/// [`ExchangeError`]; what was ordered stands, and is not ordered again when the request is decided again.
pub(super) async fn order_there<W: Desk>(
    world: &W,
    person: &ForPerson<'_>,
    sent: &BTreeMap<ExchangeId, Consequence>,
    names: &[RecordName],
) -> Result<Vec<OrderedThere>, ExchangeError> {
    let mut ordered = Vec::new();
    for (exchange, consequence) in sent {
        let Some((action, ground)) = consequence.order() else { continue };
        let records = named(names, *exchange);
        // What was sent before records were named in the index is the officer's to call back.
        if !records.is_empty() {
            ordered.extend(order_one(world, person, *exchange, (action, ground), records).await?);
        }
    }
    Ok(ordered)
}

/// Orders one thing of one exchange; `None` where nothing of it went to a partner.
///
/// # Errors
/// [`ExchangeError`].
pub(super) async fn order_one<W: Desk>(
    world: &W,
    person: &ForPerson<'_>,
    exchange: ExchangeId,
    (action, ground): (RecallAction, ReasonCode),
    records: Vec<HopRecords>,
) -> Result<Option<OrderedThere>, ExchangeError> {
    let Some(row) = world.store().exchange(exchange).await? else { return Ok(None) };
    let id = order_to(person.number, exchange, action);
    let mut there = OrderedThere {
        order: OrderedFor { order: Text(id), exchange: Text(exchange), action },
        to: row.peer,
        row: None,
        refused: Vec::new(),
    };
    if !world.store().recalls(Some(id)).await?.is_empty() {
        return Ok(Some(there));
    }
    let lifts =
        (action == RecallAction::Lift).then(|| order_to(person.number, exchange, RecallAction::Restrict));
    let giving = Giving {
        order: id,
        exchange,
        records: Some(records),
        action,
        lifts,
        replaced_by: None,
        ground,
        facts: person.facts.clone(),
        by: person.by.clone(),
        at: person.now,
    };
    match give(world, &giving).await {
        Ok(Given { decision, row, .. }) => {
            if decision.outcome != Outcome::Permitted {
                there.refused = decision.reasons().into_iter().map(ToString::to_string).collect();
            }
            there.row = row;
            Ok(Some(there))
        }
        // Nothing of it went: there is nothing to call back.
        Err(ExchangeError::Question(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The records of an exchange among these names, class by class.
pub(super) fn named(names: &[RecordName], exchange: ExchangeId) -> Vec<HopRecords> {
    let mut classes: BTreeMap<ClassId, Vec<u32>> = BTreeMap::new();
    for name in names.iter().filter(|name| name.exchange == exchange) {
        classes.entry(name.class).or_default().push(name.ordinal);
    }
    classes.into_iter().map(|(class, ordinals)| HopRecords { class: Text(class), ordinals }).collect()
}

/// A record that was put right.
pub struct CorrectedRecord {
    /// As it was found, before.
    pub was: FoundRecord,
    /// As it is now: the JSON of one STIX object.
    pub object: Vec<u8>,
    /// As it is to be given again: with what is right where a pseudonym of this gateway stands for it.
    pub given: Vec<u8>,
}

impl std::fmt::Debug for CorrectedRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CorrectedRecord of {} bytes", self.object.len())
    }
}

/// Puts records right: of each segment the right ones are sealed and the wrong ones erased, in one transaction. A record
/// keeps its exchange, its stream and its clock. Those in which nothing wrong is found stay as they are.
///
/// # Errors
/// [`ExchangeError`]; segments that were put right stay so, and the others are found again.
pub(super) async fn correct<W: Desk>(
    world: &W,
    held: &Held,
    corrections: &[Correction],
    by: &Json,
) -> Result<Vec<CorrectedRecord>, ExchangeError> {
    let mut segments: BTreeMap<SegmentId, Vec<&FoundRecord>> = BTreeMap::new();
    for granted in held.granted.iter().filter(|granted| granted.consequence == Consequence::Correct) {
        segments.entry(granted.record.held.segment).or_default().push(&granted.record);
    }
    // A record that was placed here has this gateway's pseudonyms.
    let (mut stored, mut revealed) = (corrections.to_vec(), corrections.to_vec());
    for key in world.token_keys()? {
        stored.extend(corrections.iter().flat_map(|correction| correction.pseudonymous(&key)));
        revealed.extend(corrections.iter().flat_map(|correction| correction.revealed(&key)));
    }
    let mut all = Vec::new();
    for (id, records) in segments {
        let Some(segment) = world.store().segment(id).await? else { continue };
        let mut right = Vec::new();
        for record in records {
            let key = world.with_keys(|keys| keys.get(&record.held.bucket())).map_err(ExchangeError::keys)?;
            let Some(key) = key else { continue };
            let clear = opened(world.signatory(), &segment, &record.held.row, &key)?;
            let Some(clear) = clear else { continue };
            let Some(object) = corrected(clear.as_bytes(), world.table(), &stored) else { continue };
            let given = corrected(clear.as_bytes(), world.table(), &revealed);
            let given = given.unwrap_or_else(|| object.clone());
            right.push(CorrectedRecord { was: record.clone(), object, given });
        }
        if right.is_empty() {
            continue;
        }
        match replace(world, &right, by).await {
            // Sealed under a key that was being destroyed: nothing was kept, and a later key takes it.
            Err(ExchangeError::Store(StoreError::KeyClosed(_))) => replace(world, &right, by).await?,
            done => done?,
        }
        all.extend(right);
    }
    Ok(all)
}

/// Seals what is right of one segment, and erases what was wrong.
async fn replace<W: Desk>(world: &W, right: &[CorrectedRecord], by: &Json) -> Result<(), ExchangeError> {
    let Some(CorrectedRecord { was: first, .. }) = right.first() else { return Ok(()) };
    let now = world.now();
    let held = &first.held;
    let Some((exchange, old)) = held.exchange.zip(held.class) else { return Ok(()) };
    let months: BTreeSet<Month> =
        right.iter().map(|record| Month::of(record.was.held.row.erase_by)).collect();
    let epochs = world.with_keys(|keys| {
        let current = |month| Ok((month, keys.current(&held.agreement, month).map_err(ExchangeError::keys)?));
        months.into_iter().map(current).collect::<Result<BTreeMap<_, _>, ExchangeError>>()
    })?;
    let entropy = &mut world.entropy();
    let class = ClassId::draw(entropy);
    let records = right.iter().map(|record| {
        let erase_by = record.was.held.row.erase_by;
        let (bucket, key) = &epochs[&Month::of(erase_by)];
        (record.object.as_slice(), (erase_by, bucket, key))
    });
    let of = (&held.agreement, exchange, class);
    let segment = world.signatory().seal_records(of, records, SegmentKind::Records, entropy)?;
    let objects = || right.iter().map(|record| record.object.as_slice());
    let known: Option<ClassKnown> = first.known.as_deref().and_then(|known| serde_json::from_str(known).ok());
    let collected = match (&known, &first.stream) {
        (Some(known), Some(stream)) => vec![collected(segment.id, stream, known, objects(), world.tags())?],
        _ => Vec::new(),
    };
    let personal =
        known.and_then(|known| facts_from_wire(&known.facts)).is_none_or(|f| super::about_people(&f));
    let clocks = right.iter().map(|record| (record.object.as_slice(), record.was.held.row.erase_by));
    let tagged: Vec<Tagged> =
        Named::of(world, [(personal, clocks)])?.within(segment.id, 0, right.len()).collect();
    let wrong: Vec<_> = right.iter().map(|record| record.was.held.clone()).collect();
    let derived = wrong.iter().zip(0..).map(|(wrong, ordinal)| Derived {
        given: RecordName { exchange, class, ordinal },
        source: RecordName { exchange, class: old, ordinal: wrong.row.ordinal },
    });
    let mut facts = facts_of(&wrong, "found_inaccurate");
    facts["exchange"] = json!(exchange.to_string());
    facts["ordered"] = by.clone();
    let home = world.signatory().home();
    let (entry, opening) = drawn(world, Act::RecordsCorrected, facts, (&home, None), now)?;
    let change = Record {
        entries: vec![Draft { entry, opening: opening.id, exchange: None }],
        segments: vec![opening, segment],
        erased: Some(Erasure {
            records: wrong.iter().map(crate::ports::HeldRecord::place).collect(),
            at: now,
            whatever_holds: false,
        }),
        collected,
        tagged,
        derived: derived.collect(),
        ..Record::default()
    };
    world.store().record(change).await?;
    Ok(())
}
