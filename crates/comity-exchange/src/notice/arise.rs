//! How a notice begins: an exchange whose decision owes it, or an officer who opens one.

use super::record::{changed, place_of, readdress, taken, written};
use super::settle::clock;
use super::{Addressee, NoticeFile, Teller};
use crate::ExchangeError;
use crate::alone::sealed;
use crate::audit::recorded::recorded_facts;
use crate::once::Once;
use crate::ports::{ExchangeRow, NoticeDetail, NoticeRow, NoticeState, Record, Store};
use crate::report::{ExchangeOutcome, Side};
use crate::wire::Text;
use comity_terms::ids::NoticeId;
use comity_terms::{Act, ExchangeId, Facts, Obligation, Owner, PackSlug, Party, Timestamp};
use serde_json::Value as Json;

/// The duty to tell a person.
pub(super) const NOTIFY: &str = "notify_subject";

/// The notice that an exchange gives rise to: where what `owed` says of what went is that this party tells persons. It
/// bears the exchange's own number, so that recording twice makes one.
pub(crate) fn arising<'o>(
    row: &ExchangeRow,
    own: &Party,
    owed: impl Iterator<Item = &'o Obligation>,
) -> Vec<NoticeRow> {
    if matches!(row.outcome, ExchangeOutcome::Refused | ExchangeOutcome::Escalated) {
        return Vec::new();
    }
    let is_own = |owner: &Owner| match owner {
        Owner::Sender => row.side == Side::Sender || row.peer == *own,
        Owner::Receiver => row.side == Side::Receiver || row.peer == *own,
        Owner::Party(party) => party == own,
    };
    let owed: Vec<&Obligation> =
        owed.filter(|duty| duty.kind.as_str() == NOTIFY && is_own(&duty.owner)).collect();
    let Some(id) = NoticeId::from_bytes(*row.id.as_bytes()).filter(|_| !owed.is_empty()) else {
        return Vec::new();
    };
    let mut owed_by: Vec<(String, String)> = owed.iter().map(|duty| rule_of(duty)).collect();
    owed_by.sort();
    owed_by.dedup();
    let due = owed.iter().filter_map(|duty| duty.due.as_ref()).min_by_key(|due| due.operational);
    vec![NoticeRow {
        id,
        state: NoticeState::Arisen,
        exchange: Some(row.id),
        agreement: row.agreement.clone(),
        arisen_at: row.at,
        due_operational: due.map_or(row.at, |due| due.operational),
        due_legal_latest: due.map_or(row.at, |due| due.legal_latest),
        next_at: Some(row.at),
        overdue_since: None,
        ended_at: None,
        version: 1,
        detail: NoticeDetail { owed_by, has_due: due.is_some(), ..NoticeDetail::default() },
    }]
}

/// The rule that owes a duty, and its article.
pub(super) fn rule_of(duty: &Obligation) -> (String, String) {
    let (_, pack, article, rule) = &duty.source;
    (format!("{pack}/{rule}"), article.to_string())
}

/// What an officer opens.
#[derive(Debug)]
pub struct Opening {
    /// The exchange that the person is to be told of, where it is one.
    pub exchange: Option<ExchangeId>,
    /// The agreement whose law is asked; that of the exchange, where there is one.
    pub agreement: PackSlug,
    /// Whom it goes to.
    pub to: Addressee,
    /// What the officer states of it, as an officer may.
    pub facts: Facts,
    /// Whose order it is, in words that an entry may hold: a key and its signature.
    pub by: Json,
    /// The client's own key that it is opened under: once.
    pub once: Option<Once>,
}

/// Opens a notice: its clock is fixed by the law as it stands, from when it arose. A notice that an exchange gave rise to
/// and that goes to nobody yet goes to this person; another one gets a number of its own, and the same clock.
///
/// # Errors
/// [`ExchangeError::Law`] when the law is not here, [`ExchangeError::Store`]; nothing was opened.
pub async fn open<W: Teller>(world: &W, opening: &Opening) -> Result<NoticeRow, ExchangeError> {
    let now = world.now();
    let mut arisen_at = now;
    let mut owed = None;
    if let Some(exchange) = opening.exchange {
        let row = world.store().exchange(exchange).await?;
        let row = row.ok_or_else(|| ExchangeError::Law("no such exchange is recorded here".to_owned()))?;
        arisen_at = row.at;
        owed = place_of(world, exchange).await?;
    }
    if let Some(arisen) = owed.clone().filter(|arisen| arisen.state.is_owed() && arisen.detail.file.is_none())
    {
        let arisen = match arisen.state {
            NoticeState::Arisen => super::settle(world, arisen, now).await?,
            _ => arisen,
        };
        return readdress(world, arisen, opening.to.clone(), &opening.by, opening.once.as_ref()).await;
    }
    let detail = NoticeDetail {
        owed_by: owed.as_ref().map(|owed| owed.detail.owed_by.clone()).unwrap_or_default(),
        has_due: owed.as_ref().is_some_and(|owed| owed.detail.has_due),
        ..NoticeDetail::default()
    };
    let blank = NoticeRow {
        id: NoticeId::draw(&mut world.entropy()),
        state: NoticeState::Open,
        exchange: opening.exchange,
        agreement: opening.agreement.clone(),
        arisen_at,
        due_operational: owed.as_ref().map_or(arisen_at, |owed| owed.due_operational),
        due_legal_latest: owed.as_ref().map_or(arisen_at, |owed| owed.due_legal_latest),
        next_at: None,
        overdue_since: None,
        ended_at: None,
        version: 0,
        detail,
    };
    let (row, told) = clock(world, blank, &opening.facts).await?;
    written(world, |world| {
        let mut file = NoticeFile { to: Some(opening.to.clone()), ..NoticeFile::default() };
        if let Some(said) = told.first() {
            file.facts = recorded_facts(&opening.facts, &said.laws.vocabulary);
        }
        let until = kept(world, &row);
        let segment = sealed(world, *row.id.as_bytes(), &file.to_bytes(), until)?;
        let mut row = changed(row.clone());
        row.detail.file = Some(Text(segment.id));
        let mut facts = super::record::facts(&row);
        facts["opened"] = opening.by.clone();
        let taken = taken(world, &row, opening.once.as_ref())?;
        let segments = std::iter::once(segment).chain(taken).collect();
        let change = Record { segments, notices: vec![row.clone()], ..Record::default() };
        Ok((row, vec![(Act::NoticeOpened, facts)], change))
    })
    .await
}

/// Until when what is sealed of a notice is kept: as long as a request of a person is, from when it is due.
pub(super) fn kept<W: Teller>(world: &W, row: &NoticeRow) -> Timestamp {
    world.request_until(row.due_legal_latest.max(world.now()))
}
