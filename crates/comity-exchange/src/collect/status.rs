//! What became of what a tool wrote, for whoever asks later: sealed under this party's own law, with a clock of its own, so
//! that every node of the gateway finds it, after a restart too, and nothing of it stands in the database in the clear.

use crate::ExchangeError;
use crate::alone::{clear, sealed};
use crate::ports::{Record, Store as _, StoreError};
use crate::shell::Shell;
use comity_terms::{ExchangeId, Timestamp};
use comity_vault::Cleartext;

/// Keeps `status` under `number` until `until`.
///
/// # Errors
/// [`ExchangeError`]; nothing is kept then.
pub async fn keep<W: Shell>(
    world: &W,
    number: ExchangeId,
    status: &[u8],
    until: Timestamp,
) -> Result<(), ExchangeError> {
    let mut again = true;
    loop {
        let segment = sealed(world, *number.as_bytes(), status, until)?;
        match world.store().record(Record { segments: vec![segment], ..Record::default() }).await {
            Err(StoreError::KeyClosed(_)) if again => again = false,
            kept => return kept.map(drop).map_err(ExchangeError::from),
        }
    }
}

/// What is kept under `number`; `None` when nothing is, or its time has come.
///
/// # Errors
/// [`ExchangeError`] when the store or the keys fail, or it is not what was sealed.
pub async fn kept<W: Shell>(
    world: &W,
    number: ExchangeId,
    now: Timestamp,
) -> Result<Option<Cleartext>, ExchangeError> {
    let home = world.signatory().home();
    for id in world.store().segments(number).await? {
        let Some(segment) = world.store().segment(id).await? else { continue };
        // What is held under an agreement is an exchange's.
        let stands = segment.agreement == home && segment.rows.first().is_some_and(|row| now < row.erase_by);
        if stands {
            return clear(world, &segment);
        }
    }
    Ok(None)
}
