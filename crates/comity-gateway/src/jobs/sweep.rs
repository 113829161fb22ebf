//! The sweep of the vault: what is due is erased; the keys of what was erased, and those whose horizon has passed,
//! are destroyed.
//!
//! The order of it, and what a crash leaves at each point, is `comity_exchange::erase`'s; here is when. Erasing runs
//! ahead by one interval, so that nothing outlives its instant. Keys wait until the oldest erasure has waited as long
//! as the settings say, so that all erasures of a day share one rotation; then every bucket that waits is taken.

use crate::gateway::{Gateway, GatewayError};
use crate::watch::Stop;
use comity_exchange::erase::hold::erase_after;
use comity_exchange::erase::{Destroyed, Erased, Waiting, came_back, destroy, erase_due, waiting};
use comity_exchange::ports::{MatchChange, Matches as _, Record, Store as _, Subjects as _, Uses as _};
use comity_exchange::shell::Shell as _;
use comity_terms::{Day, Month, Timestamp};
use std::sync::Arc;
use std::time::Duration;

/// How much haste there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Haste {
    /// Keys are destroyed when the settings say.
    AsSet,
    /// Keys are destroyed now.
    AtOnce,
}

/// What one sweep did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Swept {
    /// What was erased.
    pub erased: Erased,
    /// Whose epoch keys were destroyed.
    pub destroyed: Destroyed,
    /// How many transport keys were destroyed.
    pub transport_keys: usize,
    /// How many secrets of pseudonyms were destroyed.
    pub token_secrets: usize,
    /// How many secrets of tags of persons were destroyed.
    pub subject_secrets: usize,
    /// How many secrets of days of blind matching were destroyed.
    pub match_secrets: usize,
    /// How many secrets of tags of opt-outs were destroyed.
    pub opt_out_secrets: usize,
    /// What still waits for the destruction of its key.
    pub waiting: Vec<Waiting>,
}

/// Sweeps until it is time to stop. What is broken off goes on at the next start.
pub async fn run(gateway: Arc<Gateway>, mut stop: Stop) {
    loop {
        tokio::select! {
            () = stop.wait() => return,
            swept = once(&gateway, Haste::AsSet) => match swept {
                Ok(swept) => tell(&swept),
                Err(error) => tracing::error!(%error, "the vault could not be swept"),
            }
        }
        if !stop.rest(gateway.settings().sweep_every).await {
            return;
        }
    }
}

/// Sweeps once. Sweeps that meet wait for each other.
///
/// # Errors
/// [`GatewayError`]; what was done stays done, and the next sweep goes on from there.
pub async fn once(gateway: &Gateway, haste: Haste) -> Result<Swept, GatewayError> {
    let _one = gateway.sweeping().lock().await;
    let settings = gateway.settings();
    let now = gateway.now();
    let ahead = now.checked_add(settings.sweep_every).unwrap_or(Timestamp::MAX);
    let mut swept = Swept { erased: erase_due(gateway, ahead).await?, ..Swept::default() };
    // What somebody wanted erased while it was held.
    let after = erase_after(gateway, now).await?;
    swept.erased.records += after.records;
    swept.erased.entries += after.entries;
    // What a restored database brought back and no key opens.
    let back = came_back(gateway, now).await?;
    if !back.is_empty() {
        swept.destroyed = destroy(gateway, &back, now, std::future::ready(())).await?;
    }
    let found = waiting(gateway, now).await?;
    if haste == Haste::AtOnce || found.iter().any(|waiting| is_ripe(waiting, now, settings.destroy_after)) {
        let rest = if haste == Haste::AtOnce { Duration::ZERO } else { REST };
        let destroyed = destroy(gateway, &found, now, tokio::time::sleep(rest)).await?;
        swept.destroyed.buckets.extend(destroyed.buckets);
        swept.destroyed.rewrapped += destroyed.rewrapped;
        swept.waiting = waiting(gateway, gateway.now()).await?;
    } else {
        swept.waiting = found;
    }
    swept.transport_keys = gateway.transport_keys().destroy_older(now, settings.retry_horizon_days)?;
    swept.token_secrets = gateway.token_secrets().destroy_older(now, settings.token_months)?;
    if swept.token_secrets > 0 {
        gateway.forget_token_keys();
    }
    if gateway.store().look_ups_over(now).await? {
        comity_exchange::collect::query::forget(gateway, now).await?;
    }
    // By now nothing is left of a month that has passed but what is held from erasure, whose tags and their key stay with
    // it; the tags of what was sent go with their key.
    let this = Month::of(now);
    if gateway.subject_keys().months()?.iter().any(|month| *month < this) {
        let change = Record { untagged: Some(this), ..Record::default() };
        gateway.store().record(change).await?;
        let stay = gateway.store().tagged_months(this).await?;
        swept.subject_secrets = gateway.subject_keys().destroy_passed(now, &stay)?;
    }
    // Filters first: once their day's secret is gone they are noise.
    let passed = gateway.match_secrets().passed(now)?;
    if !passed.is_empty() || gateway.store().matches_before(Day::of(now)).await? {
        let matching = MatchChange { ended: Some(Day::of(now)), ..MatchChange::default() };
        gateway.store().record(Record { matching, ..Record::default() }).await?;
        gateway.match_secrets().destroy(&passed)?;
        swept.match_secrets = passed.len();
    }
    // Nor is an opt-out that ended in a year that has passed.
    if gateway.opt_out_keys().months()?.iter().any(|period| *period < this) {
        let change = Record { opt_outs_over: Some(this), ..Record::default() };
        gateway.store().record(change).await?;
        swept.opt_out_secrets = gateway.opt_out_keys().destroy_passed(now, &[])?;
    }
    Ok(swept)
}

/// Whether a key has waited for its destruction as long as it may.
fn is_ripe(waiting: &Waiting, now: Timestamp, after: Duration) -> bool {
    let since = waiting.epoch.as_ref().and_then(|epoch| epoch.erased_since);
    let waited = |since: Timestamp| since.checked_add(after).is_ok_and(|end| end <= now);
    waiting.bucket.month < Month::of(now) || since.is_some_and(waited)
}

fn tell(swept: &Swept) {
    let Erased { records, openings, .. } = swept.erased;
    let (keys, rewrapped) = (swept.destroyed.buckets.len(), swept.destroyed.rewrapped);
    if records + openings > 0 || keys > 0 {
        tracing::info!(records, openings, keys, rewrapped, "the vault was swept");
    }
}

/// How long a record may be under way from its sealing to the store: the store refuses one that takes longer, and it
/// is sealed again.
const REST: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{DESTROY_HOURS_MAX, SWEEP_SECONDS_MAX};
    use comity_exchange::ports::Epoch;
    use comity_vault::Bucket;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_key_waits_as_long_as_is_set_or_until_its_month_has_passed() {
        let bucket = Bucket {
            agreement: "pact-2026".parse().unwrap(),
            month: Month::of(at("2027-05-24T00:00:00Z")),
            generation: 1,
        };
        let erased_since = Some(at("2026-11-25T06:00:00Z"));
        let epoch = Epoch { bucket: bucket.clone(), held: 3, erased: 1, erased_since, closed: false };
        let waits = Waiting { bucket: bucket.clone(), epoch: Some(epoch) };
        let half_a_day = Duration::from_secs(12 * 60 * 60);
        assert!(!is_ripe(&waits, at("2026-11-25T17:59:59Z"), half_a_day));
        assert!(is_ripe(&waits, at("2026-11-25T18:00:00Z"), half_a_day));
        let unused = Waiting { bucket, epoch: None };
        assert!(!is_ripe(&unused, at("2027-05-31T23:59:59Z"), half_a_day));
        assert!(is_ripe(&unused, at("2027-06-01T00:00:00Z"), half_a_day));
    }

    #[test]
    fn whatever_is_set_a_key_is_destroyed_within_a_day_of_the_first_erasure() {
        let bucket = Bucket {
            agreement: "pact-2026".parse().unwrap(),
            month: Month::of(at("2027-05-24T00:00:00Z")),
            generation: 1,
        };
        let erased = at("2026-11-25T06:00:00Z");
        let epoch =
            Epoch { bucket: bucket.clone(), held: 3, erased: 1, erased_since: Some(erased), closed: false };
        let waits = Waiting { bucket, epoch: Some(epoch) };
        for (hours, every) in
            [(DESTROY_HOURS_MAX, SWEEP_SECONDS_MAX), (DESTROY_HOURS_MAX, 7), (0, SWEEP_SECONDS_MAX)]
        {
            let (after, every) = (Duration::from_secs(hours * 3_600), Duration::from_secs(every));
            // The sweep that comes first after the erasure comes right after it, or a whole interval later.
            for first in [Duration::from_secs(1), every] {
                let mut sweep = erased + first;
                while !is_ripe(&waits, sweep, after) {
                    sweep += every;
                }
                assert!(
                    sweep + REST <= erased + Duration::from_secs(24 * 3_600),
                    "{hours} hours, {every:?}: {sweep}"
                );
            }
        }
    }
}
