//! How acts on notices are written: row, entry and what is sealed in one transaction.

use super::arise::kept;
use super::{Addressee, NoticeFile, Teller};
use crate::ExchangeError;
use crate::act::drawn;
use crate::alone::{clear, ended, held, sealed};
use crate::once::Once;
use crate::ports::{
    Draft, HeldRecord, NoticeRow, NoticeState, Notices as _, Record, SealedSegment, Store, StoreError,
};
use crate::wire::Text;
use comity_terms::ids::{NoticeId, SegmentId};
use comity_terms::{Act, ExchangeId};
use serde_json::{Value as Json, json};

/// The next version of a row.
pub(super) fn changed(row: NoticeRow) -> NoticeRow {
    NoticeRow { version: row.version + 1, ..row }
}

/// What every entry about a notice says: its number, where it stands, and its clock.
pub(super) fn facts(row: &NoticeRow) -> Json {
    json!({
        "notice": row.id.to_string(),
        "exchange": row.exchange.map(|id| id.to_string()),
        "agreement": row.agreement.to_string(),
        "state": row.state.as_str(),
        "owed_by": row.detail.owed_by,
        "due_operational": row.due_operational.to_string(),
        "due_legal_latest": row.due_legal_latest.to_string(),
    })
}

type Made = (NoticeRow, Vec<(Act, Json)>, Record);

/// Writes what `make` makes, with an entry for each of its acts; once more where a key that it was sealed under was being
/// destroyed: a later one takes it.
pub(super) async fn written<W: Teller>(
    world: &W,
    make: impl Fn(&W) -> Result<Made, ExchangeError>,
) -> Result<NoticeRow, ExchangeError> {
    let now = world.now();
    let mut again = true;
    loop {
        let (row, acts, mut change) = make(world)?;
        for (act, facts) in acts {
            let (entry, opening) = drawn(world, act, facts, (&world.signatory().home(), None), now)?;
            change.entries.push(Draft { entry, opening: opening.id, exchange: None });
            change.segments.push(opening);
        }
        match world.store().record(change).await {
            Err(StoreError::KeyClosed(_)) if again => again = false,
            recorded => return recorded.map(|_| row).map_err(ExchangeError::from),
        }
    }
}

/// The notice that an exchange gave rise to.
pub(super) async fn place_of<W: Teller>(
    world: &W,
    exchange: ExchangeId,
) -> Result<Option<NoticeRow>, ExchangeError> {
    let Some(id) = NoticeId::from_bytes(*exchange.as_bytes()) else { return Ok(None) };
    Ok(world.store().notice(id).await?)
}

/// What is sealed of a notice; `None` where nothing is, or it is erased.
///
/// # Errors
/// [`ExchangeError`].
pub async fn filed<W: Teller>(world: &W, row: &NoticeRow) -> Result<Option<NoticeFile>, ExchangeError> {
    let Some(Text(segment)) = row.detail.file else { return Ok(None) };
    let Some(segment) = world.store().segment(segment).await? else { return Ok(None) };
    let Some(clear) = clear(world, &segment)? else { return Ok(None) };
    let file = serde_json::from_slice(clear.as_bytes());
    file.map(Some).map_err(|_| ExchangeError::proof("a notice's file does not read"))
}

/// What is sealed in a segment, to be erased; nothing where it is gone already.
pub(super) async fn old<W: Teller>(
    world: &W,
    segment: Option<Text<SegmentId>>,
) -> Result<Vec<HeldRecord>, ExchangeError> {
    let Some(Text(segment)) = segment else { return Ok(Vec::new()) };
    Ok(world.store().segment(segment).await?.as_ref().map(held).unwrap_or_default())
}

/// A change that puts `file` in the place of what was sealed of the notice before; and the entry of the end of that.
pub(super) fn refiled<W: Teller>(
    world: &W,
    row: &mut NoticeRow,
    file: &NoticeFile,
    old: &[HeldRecord],
) -> Result<(Vec<(Act, Json)>, Record), ExchangeError> {
    let segment = sealed(world, *row.id.as_bytes(), &file.to_bytes(), kept(world, row))?;
    row.detail.file = Some(Text(segment.id));
    let gone =
        (!old.is_empty()).then(|| (Act::RecordsErased, crate::erase::facts_of(old, "no_longer_needed")));
    let at = world.now();
    let change = Record { segments: vec![segment], erased: ended(old, at), ..Record::default() };
    Ok((gone.into_iter().collect(), change))
}

/// Says whom a notice goes to; in the place of whom it went to before, where it was not handed over.
///
/// # Errors
/// [`ExchangeError::Store`], a conflict when it is given by now.
pub async fn address<W: Teller>(
    world: &W,
    row: NoticeRow,
    to: Addressee,
    by: &Json,
) -> Result<NoticeRow, ExchangeError> {
    readdress(world, row, to, by, None).await
}

/// What a client's key stands for from the change of `row` on: its number.
pub(super) fn taken<W: Teller>(
    world: &W,
    row: &NoticeRow,
    once: Option<&Once>,
) -> Result<Option<SealedSegment>, ExchangeError> {
    once.map(|once| once.taken(world, row.id.to_string().as_bytes())).transpose()
}

/// As [`address`], under a client's own key: once.
pub(super) async fn readdress<W: Teller>(
    world: &W,
    row: NoticeRow,
    to: Addressee,
    by: &Json,
    once: Option<&Once>,
) -> Result<NoticeRow, ExchangeError> {
    if !row.state.is_owed() || row.state == NoticeState::Arisen {
        return Err(StoreError::Conflict("a notice that takes nobody").into());
    }
    let old_file = old(world, row.detail.file).await?;
    let before = filed(world, &row).await?.unwrap_or_default();
    let now = world.now();
    written(world, |world| {
        let file = NoticeFile { to: Some(to.clone()), ..before.clone() };
        let mut row = changed(row.clone());
        let (mut acts, mut change) = refiled(world, &mut row, &file, &old_file)?;
        if row.state == NoticeState::Issued {
            row.next_at = Some(now);
        } else if row.state == NoticeState::Open {
            row.next_at = Some(row.due_operational);
        }
        row.detail.trouble = None;
        let mut facts = facts(&row);
        facts["addressed"] = by.clone();
        acts.push((Act::NoticeOpened, facts));
        change.notices = vec![row.clone()];
        change.segments.extend(taken(world, &row, once)?);
        Ok((row, acts, change))
    })
    .await
}
