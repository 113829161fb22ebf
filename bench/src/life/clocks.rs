//! Retention ends: how long it takes, and what an exchange waits meanwhile.

use super::Tested;
use super::house::{self, House, OFFICER, What};
use crate::ms;
use comity_exchange::erase::erase_due;
use comity_exchange::shell::Shell as _;
use comity_gateway::work::collections;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Erases what has ended a year from now, as the sweep does it; tells how long it took.
pub(super) async fn ended(house: &House) -> Tested<String> {
    let by = house.gateway.now().checked_add(YEAR)?;
    let begun = Instant::now();
    let erased = erase_due(&*house.gateway, by).await?;
    let took = begun.elapsed();
    if erased.records == 0 {
        return Err("nothing was due".into());
    }
    Ok(format!("{:.0} ms for {} records, {} entries", ms(took), erased.records, erased.entries))
}

/// Exchanges, one after the other, until they are ended.
pub(super) struct Sharing {
    ended: Arc<AtomicBool>,
    task: JoinHandle<Tested<Vec<Duration>>>,
}

impl Sharing {
    pub(super) fn begin(house: &House) -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let (gateway, collection) = (Arc::clone(&house.gateway), house.collection.clone());
        let stop = Arc::clone(&ended);
        let task = tokio::spawn(async move {
            let mut times = Vec::new();
            let mut first = 2_000_000_000;
            while !stop.load(Ordering::Relaxed) {
                let bundle = house::bundle(What::Machines, first, 10).into_bytes();
                first += 10;
                let begun = Instant::now();
                collections::write(&gateway, &collection, OFFICER, bundle).await?;
                times.push(begun.elapsed());
            }
            Ok(times)
        });
        Self { ended, task }
    }

    pub(super) async fn end(self) -> Tested<String> {
        self.ended.store(true, Ordering::Relaxed);
        let mut times = self.task.await??;
        let middle = crate::median(&mut times);
        let longest = times.last().copied().unwrap_or_default();
        Ok(format!("{} of them, p50 {:.1} ms, the longest {:.1} ms", times.len(), ms(middle), ms(longest)))
    }
}
