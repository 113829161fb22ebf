//! A notice that arose: once it is known what came of the exchange, its clock is fixed; where nothing went, it is closed.

use super::Teller;
use super::arise::NOTIFY;
use super::law::of_telling;
use super::matter::Matter;
use super::record::{changed, facts, written};
use crate::ExchangeError;
use crate::ports::{NoticeRow, NoticeState, Record, Store as _};
use crate::report::ExchangeOutcome;
use crate::subject::law::Said;
use comity_terms::{Act, Facts, Timestamp};
use std::collections::BTreeSet;

/// Fixes by when a notice that arose is due, as the law was asked when it arose; closes one whose exchange gave nothing to
/// anybody; and looks at `later` again at one whose partner has not answered.
///
/// # Errors
/// [`ExchangeError::Law`] when the law is not here: it stays as it is.
pub async fn settle<W: Teller>(
    world: &W,
    row: NoticeRow,
    later: Timestamp,
) -> Result<NoticeRow, ExchangeError> {
    let exchange = match row.exchange {
        Some(exchange) => world.store().exchange(exchange).await?,
        None => None,
    };
    match exchange.map(|exchange| exchange.outcome) {
        Some(ExchangeOutcome::Queued) => {
            return written(world, |_| {
                let row = NoticeRow { next_at: Some(later), ..changed(row.clone()) };
                Ok((row.clone(), Vec::new(), Record { notices: vec![row], ..Record::default() }))
            })
            .await;
        }
        Some(ExchangeOutcome::Refused | ExchangeOutcome::Escalated) => {
            let now = world.now();
            return written(world, |_| {
                let mut row = NoticeRow {
                    state: NoticeState::Closed,
                    next_at: None,
                    ended_at: Some(now),
                    ..changed(row.clone())
                };
                row.detail.closed_for = Some(NOTHING_WENT.to_owned());
                let mut facts = facts(&row);
                facts["closed_for"] = NOTHING_WENT.into();
                let change = Record { notices: vec![row.clone()], ..Record::default() };
                Ok((row, vec![(Act::NoticeClosed, facts)], change))
            })
            .await;
        }
        Some(ExchangeOutcome::Delivered | ExchangeOutcome::PartlyDelivered) | None => {}
    }
    let (row, told) = clock(world, row, &Facts::new()).await?;
    written(world, |_| {
        let row = NoticeRow { state: NoticeState::Open, ..changed(row.clone()) };
        let mut facts = facts(&row);
        facts["asked"] = told
            .first()
            .map(|said| said.recorded(1))
            .map_or_else(Default::default, |ruling| serde_json::to_value(ruling).unwrap_or_default());
        let change = Record { notices: vec![row.clone()], ..Record::default() };
        Ok((row, vec![(Act::NoticeOpened, facts)], change))
    })
    .await
}

/// Why a notice is closed whose exchange gave nothing to anybody.
const NOTHING_WENT: &str = "nothing_went";

/// By when it is due: the soonest of what the rules say that owe it, and of what the law says of telling a person, from when
/// it arose. A law that says nothing of it leaves it due at once: late is seen, never is not.
pub(super) async fn clock<W: Teller>(
    world: &W,
    mut row: NoticeRow,
    stated: &Facts,
) -> Result<(NoticeRow, Vec<Said>), ExchangeError> {
    let matter = Matter::of(world, &row, stated).await?;
    let told = of_telling(world, &matter, &BTreeSet::new(), row.arisen_at)?.said;
    let owed = told.iter().flat_map(|said| &said.owed).filter(|duty| duty.kind.as_str() == NOTIFY);
    let due = owed.filter_map(|duty| duty.due.as_ref()).min_by_key(|due| due.operational);
    match due {
        Some(due) if !row.detail.has_due || due.operational < row.due_operational => {
            row.due_operational = due.operational;
            row.due_legal_latest = due.legal_latest;
        }
        Some(_) => {}
        None if row.detail.has_due => {}
        None => (row.due_operational, row.due_legal_latest) = (row.arisen_at, row.arisen_at),
    }
    row.next_at = Some(row.due_operational);
    Ok((row, told))
}
