//! Steps 2 to 6: the keys of what was erased are destroyed, and what stays is wrapped anew before.

use super::due::erase;
use super::{BATCH_ROWS_MAX, KEY_DESTROYED};
use crate::ExchangeError;
use crate::act::enter;
use crate::ports::{Destruction, Epoch, HeldRecord, Record, Rewrapped, SegmentKind, Store};
use crate::shell::Shell;
use comity_terms::{Act, Entropy, Month, Timestamp};
use comity_vault::{Bucket, EpochKey, EpochKeys, OpeningContext, SegmentContext, rewrap, rewrap_opening};
use serde_json::{Value as Json, json};
use std::future::Future;

/// What waits for the destruction of its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The bucket.
    pub bucket: Bucket,
    /// What the store knows of it; nothing when its key was made and no record ever came.
    pub epoch: Option<Epoch>,
}

/// What was destroyed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Destroyed {
    /// Whose keys are gone.
    pub buckets: Vec<Bucket>,
    /// How many records were wrapped anew because they stay.
    pub rewrapped: u64,
}

/// The buckets whose keys are to be destroyed: something was erased from them, or their month has passed.
///
/// # Errors
/// [`ExchangeError::Store`] or [`ExchangeError::Keys`].
pub async fn waiting<R: Shell>(world: &R, now: Timestamp) -> Result<Vec<Waiting>, ExchangeError> {
    let month = Month::of(now);
    let epochs = world.store().epochs(month, false).await?;
    // What is left in a month that has passed is held from erasure; its key stays until something else is erased under it.
    let rests = |epoch: &Epoch| epoch.bucket.month < month && epoch.held > 0 && epoch.erased_since.is_none();
    let (resting, waiting): (Vec<Epoch>, Vec<Epoch>) = epochs.into_iter().partition(rests);
    let mut waiting: Vec<Waiting> = waiting.into_iter().map(Waiting::from).collect();
    let kept = world.with_keys(|keys| keys.buckets()).map_err(ExchangeError::keys)?;
    for bucket in kept.into_iter().filter(|bucket| bucket.month < month) {
        let rests = resting.iter().any(|epoch| epoch.bucket == bucket);
        if !rests && !waiting.iter().any(|known| known.bucket == bucket) {
            waiting.push(Waiting { bucket, epoch: None });
        }
    }
    Ok(waiting)
}

/// The buckets that hold records though their keys are destroyed: they came back with a database that was restored.
/// [`destroy`] erases what is in them.
///
/// # Errors
/// As [`waiting`].
pub async fn came_back<R: Shell>(world: &R, now: Timestamp) -> Result<Vec<Waiting>, ExchangeError> {
    let epochs = world.store().epochs(Month::of(now), true).await?;
    let mut found = Vec::new();
    for epoch in epochs {
        if world.with_keys(|keys| keys.is_destroyed(&epoch.bucket)).map_err(ExchangeError::keys)? {
            found.push(Waiting::from(epoch));
        }
    }
    Ok(found)
}

impl From<Epoch> for Waiting {
    fn from(epoch: Epoch) -> Self {
        Self { bucket: epoch.bucket.clone(), epoch: Some(epoch) }
    }
}

/// Destroys the keys of `buckets`, which waited at `now`, one after the other. `rest` passes between turning a key and closing its
/// bucket: as long as a record may be under way from its sealing to the store.
///
/// # Errors
/// [`ExchangeError`]; what was done stays done, and the next call goes on from there. [`ExchangeError::Vault`]
/// names a row that does not open under its own key: that key is not destroyed, and people must look.
pub async fn destroy<R: Shell>(
    world: &R,
    buckets: &[Waiting],
    now: Timestamp,
    rest: impl Future<Output = ()> + Send,
) -> Result<Destroyed, ExchangeError> {
    let month = Month::of(now);
    let mut done = Destroyed::default();
    let mut turned = false;
    // Of a month that has passed only what is held from erasure stays.
    let stays = |waiting: &&Waiting| {
        waiting.bucket.month >= month || waiting.epoch.as_ref().is_some_and(|epoch| epoch.held > 0)
    };
    for Waiting { bucket, .. } in buckets.iter().filter(stays) {
        world.with_keys(|keys| keys.turn(bucket).map(drop)).map_err(ExchangeError::keys)?;
        done.rewrapped += rewrap_all(world, bucket).await?;
        turned = true;
    }
    if turned {
        rest.await;
    }
    let mut told = Vec::new();
    for Waiting { bucket, epoch } in buckets {
        if !close(world, bucket, month, &mut done.rewrapped).await? {
            continue;
        }
        world.with_keys(|keys| keys.destroy(bucket)).map_err(ExchangeError::keys)?;
        told.push(bucket_json(bucket, epoch.as_ref()));
        done.buckets.push(bucket.clone());
    }
    if done.buckets.is_empty() {
        return Ok(done);
    }
    let (now, buckets) = (world.now(), done.buckets.clone());
    enter(world, Act::KeysDestroyed, (json!({ "buckets": told }), None), now, |_| Record {
        destroyed: Some(Destruction { buckets: buckets.clone(), at: now }),
        ..Record::default()
    })
    .await?;
    Ok(done)
}

/// Step 4; `false` when a month that has passed still holds what the next sweep erases first.
async fn close<R: Shell>(
    world: &R,
    bucket: &Bucket,
    month: Month,
    rewrapped: &mut u64,
) -> Result<bool, ExchangeError> {
    for _ in 0..CLOSING_TRIES_MAX {
        if world.store().close_bucket(bucket, world.now()).await? {
            return Ok(true);
        }
        if bucket.month < month {
            return Ok(false);
        }
        // Sealed before the turn, and stored since.
        *rewrapped += rewrap_all(world, bucket).await?;
    }
    Err(ExchangeError::Keys(format!("{bucket} does not come to rest")))
}

/// Step 3: leaves nothing in the bucket; how many were wrapped anew.
async fn rewrap_all<R: Shell>(world: &R, bucket: &Bucket) -> Result<u64, ExchangeError> {
    let mut after: Option<HeldRecord> = None;
    let mut total = 0;
    loop {
        let held = world.store().held_in(bucket, after.as_ref(), BATCH_ROWS_MAX).await?;
        let Some(last) = held.last() else { return Ok(total) };
        after = Some(last.clone());
        let turned = world.with_keys(|keys| {
            let Some(old) = keys.get(bucket).map_err(ExchangeError::keys)? else {
                // A key that is not there and was not destroyed here: another key store was named.
                let destroyed = keys.is_destroyed(bucket).map_err(ExchangeError::keys)?;
                let lost = || ExchangeError::Keys(format!("the epoch key of {bucket} is not there"));
                return if destroyed { Ok(None) } else { Err(lost()) };
            };
            Ok(Some((old, keys.turn(bucket).map_err(ExchangeError::keys)?)))
        })?;
        let Some((old, new)) = turned else {
            // Nothing opens these any more: they came back with a database that was restored.
            erase(world, &held, (KEY_DESTROYED, None)).await?;
            continue;
        };
        let rewrapped = {
            let entropy = &mut world.entropy();
            let anew = |record| rewrapped(record, &world.signatory().store, &old, (&new.0, &new.1), entropy);
            held.iter().map(anew).collect::<Result<Vec<_>, ExchangeError>>()?
        };
        total += rewrapped.len() as u64;
        world.store().record(Record { rewrapped, ..Record::default() }).await?;
    }
}

fn rewrapped(
    record: &HeldRecord,
    store: &str,
    old: &EpochKey,
    new: (&Bucket, &EpochKey),
    entropy: &mut dyn Entropy,
) -> Result<Rewrapped, ExchangeError> {
    let (store, agreement) = (store.to_owned(), record.agreement.clone());
    let row = match (record.kind, record.exchange, record.class) {
        (SegmentKind::Opening, ..) => {
            let context = OpeningContext { store, agreement, opening: record.segment };
            rewrap_opening(&record.row, &context, old, new, entropy)?
        }
        (_, Some(exchange), Some(class)) => {
            let context = SegmentContext { store, agreement, exchange, class, segment: record.segment };
            rewrap(&record.row, &context, old, new, entropy)?
        }
        _ => return Err(ExchangeError::proof(format!("segment {} is of no exchange", record.segment))),
    };
    Ok(Rewrapped { segment: record.segment, from: record.row.generation, row })
}

fn bucket_json(bucket: &Bucket, epoch: Option<&Epoch>) -> Json {
    json!({
        "agreement": bucket.agreement.to_string(),
        "month": bucket.month.number(),
        "generation": bucket.generation,
        "erased": epoch.map_or(0, |epoch| epoch.erased),
        "erased_since": epoch.and_then(|epoch| epoch.erased_since).map(|at| at.to_string()),
    })
}

/// How often a bucket is emptied again because something came in late: each takes a turn of all that is under way.
const CLOSING_TRIES_MAX: usize = 100;
