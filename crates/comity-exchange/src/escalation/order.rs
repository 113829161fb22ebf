//! The order that waits: sealed with its bundle in this gateway's own vault, with its clock.
//!
//! ```text
//! one record    length u32 BE | the order as the shell writes it | the bundle
//! ```

use super::Escalating;
use crate::ExchangeError;
use crate::disclose::Ruling;
use crate::ports::{EscalationDetail, EscalationRow, Put, SealedSegment, SegmentKind, Turn};
use crate::question::Request;
use crate::signatory::Signatory;
use crate::wire::Text;
use comity_agreement::approval::{laws_between, liftable};
use comity_agreement::escalation::{path_of, turns};
use comity_agreement::{Law, LawSet, Outcome};
use comity_terms::calendar::{Calendar, Count};
use comity_terms::ids::ClassId;
use comity_terms::{Entropy, ExchangeId, Month, Office, Timestamp};
use comity_vault::{Cleartext, EpochKeys};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

/// The bytes of an order that waits with its bundle.
#[must_use]
pub fn join_order(order: &[u8], bundle: &[u8]) -> Vec<u8> {
    [&(order.len() as u32).to_be_bytes()[..], order, bundle].concat()
}

/// The order and the bundle in what [`join_order`] made; `None` when they are not.
fn split_order(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(u32::from_be_bytes(*length) as usize)
}

/// What waits of an exchange whose rulings escalate: its row, and the sealed order. `None` for a preview, or where
/// nothing that an office can lift holds it back.
///
/// `last` is until when it waits where no law has a path of offices.
pub(crate) fn waiting<K: EpochKeys<Error: Display>>(
    (id, request, bundle): (ExchangeId, &Request, &[u8]),
    rulings: &[Ruling],
    laws: &LawSet,
    last: Timestamp,
    (signatory, keys, entropy): (&Signatory, &mut K, &mut dyn Entropy),
) -> Result<Option<(EscalationRow, SealedSegment)>, ExchangeError> {
    let Some(Escalating { requester, order, .. }) = &request.escalation else { return Ok(None) };
    let questions = questions(request, rulings, laws);
    let offices: BTreeSet<&Office> =
        questions.iter().flat_map(|put| put.rules.keys().map(|office| &office.0)).collect();
    if offices.is_empty() {
        return Ok(None);
    }
    let parties = [&request.sender, &request.receiver];
    let calendar = laws.vocabulary.places().get(&request.sender).map(|place| &place.calendar);
    let calendar = calendar.ok_or_else(|| ExchangeError::Law("the time of this party".to_owned()))?;
    let mut of_offices = BTreeMap::new();
    for office in offices {
        let path = path_of(laws, parties, office);
        let turns = in_turn(&path, request.at, calendar)?;
        let turns = if turns.is_empty() {
            vec![Turn { office: Text(office.clone()), until: Text(last) }]
        } else {
            turns
        };
        of_offices.insert(Text(office.clone()), turns);
    }
    let ends =
        of_offices.values().filter_map(|turns: &Vec<Turn>| turns.last()).map(|turn| turn.until.0).max();
    let erase_by = ends.unwrap_or(last);
    let (bucket, key) = keys.current(&request.agreement, Month::of(erase_by)).map_err(ExchangeError::keys)?;
    let of = (&request.agreement, id, ClassId::draw(entropy));
    let order = join_order(order, bundle);
    let (records, kept) = (std::iter::once(&order[..]), (erase_by, &bucket, &key));
    let segment =
        signatory.seal_records(of, records.map(|record| (record, kept)), SegmentKind::Records, entropy)?;
    let detail = EscalationDetail {
        requester: requester.name.clone(),
        unit: requester.unit.clone(),
        peer: Text(request.receiver.clone()),
        agreement: Text(request.agreement.clone()),
        activity: Text(request.activity.clone()),
        purpose: Text(request.purpose.clone()),
        began: Text(request.at),
        order: Text(segment.id),
        packs: laws_between(laws, parties).map(Law::digest).map(Text).collect(),
        questions,
        turns: of_offices,
        late: BTreeMap::new(),
    };
    Ok(Some((EscalationRow { exchange: id, open: true, detail }, segment)))
}

fn in_turn(
    path: &[comity_agreement::pack::EscalationStep],
    began: Timestamp,
    calendar: &Calendar,
) -> Result<Vec<Turn>, ExchangeError> {
    let turns = turns(path, began, Count::Plain, calendar)
        .map_err(|error| ExchangeError::Law(format!("how long an office has: {error}")))?;
    Ok(turns.into_iter().map(|(office, until)| Turn { office: Text(office), until: Text(until) }).collect())
}

/// The questions that offices can answer, one for each class.
fn questions(request: &Request, rulings: &[Ruling], laws: &LawSet) -> Vec<Put> {
    let escalated = rulings.iter().filter(|ruling| ruling.decision.outcome == Outcome::Escalated);
    let put = escalated.filter_map(|ruling| {
        let question = request.question(&ruling.detected, laws);
        let mut rules: BTreeMap<Text<Office>, BTreeSet<_>> = BTreeMap::new();
        for lift in liftable(laws, &question, &ruling.decision) {
            rules.entry(Text(lift.office)).or_default().insert(Text(lift.rule));
        }
        let reasons = ruling.decision.reasons().into_iter().map(ToString::to_string).collect();
        (!rules.is_empty()).then(|| Put { question: Text(question.digest()), rules, reasons })
    });
    put.collect()
}

/// Opens an order that waits; gives it and its bundle, which are wiped when dropped. `None` when it was erased.
///
/// # Errors
/// [`ExchangeError::Vault`] when it does not open, [`ExchangeError::Proof`] when it is none.
pub fn open_order<K: EpochKeys<Error: Display>>(
    segment: &SealedSegment,
    signatory: &Signatory,
    keys: &K,
) -> Result<Option<(Cleartext, std::ops::Range<usize>)>, ExchangeError> {
    let none = || ExchangeError::proof("a segment that holds no order");
    let row = segment.rows.first().ok_or_else(none)?;
    let context = signatory.binds(segment).ok_or_else(none)?;
    let Some(key) = keys.get(&row.bucket(&segment.agreement)).map_err(ExchangeError::keys)? else {
        return Ok(None);
    };
    let clear = comity_vault::open(row, &segment.blob, &key, &context)?;
    let (order, _) = split_order(clear.as_bytes()).ok_or_else(none)?;
    let order = 4..4 + order.len();
    Ok(Some((clear, order)))
}
