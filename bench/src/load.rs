//! Exchanges under load: saturation first, then an open loop at half of it.
//!
//! In an open loop the next exchange is due when it is due, whether or not the last one is back: a gateway that
//! stalls shows it in every exchange that fell due meanwhile. Latency is counted from when it was due.

use crate::governed::Sender;
use crate::{bundle, line, ms};
use std::error::Error;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

const OBJECTS: usize = 10;
/// How many senders wait for their answers at once while saturation is looked for.
const CLIENTS: usize = 16;
const WARM: usize = 50;
const SATURATING: Duration = Duration::from_secs(10);
const OPEN: Duration = Duration::from_secs(20);

type Tested<T> = Result<T, Box<dyn Error>>;

/// Saturation, then latencies at half of it, beside the fdatasync of the same disk.
pub(crate) async fn compare() -> Tested<()> {
    let room = tempfile::tempdir()?;
    let sender = Arc::new(Sender::start(room.path()).await?);
    let bundle: Arc<str> = bundle::generated(OBJECTS).into();
    let next = Arc::new(AtomicUsize::new(0));
    for _ in 0..WARM {
        one(&sender, &bundle, &next).await?;
    }
    let mut alone = Vec::with_capacity(WARM);
    for _ in 0..WARM {
        let begun = Instant::now();
        one(&sender, &bundle, &next).await?;
        alone.push(begun.elapsed());
    }
    let sync = crate::median(&mut synced(room.path())?);
    line(&format!("fdatasync of 4 KiB in a file that does not grow: {:.2} ms (median)", ms(sync)));
    line(&format!(
        "one exchange of {OBJECTS} objects, alone: {:.2} ms (median of {WARM})",
        ms(crate::median(&mut alone))
    ));

    let rate = saturation(&sender, &bundle, &next).await?;
    line(&format!("saturation, {CLIENTS} senders: {rate:.0} exchanges/s"));
    let mut times = open(&sender, &bundle, &next, rate / 2.0).await?;
    times.sort();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    line(&format!("open loop at {:.0}/s for {} s, {} exchanges:", rate / 2.0, OPEN.as_secs(), times.len()));
    for (name, share) in [("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("all", 1.0)] {
        let took = at(share);
        line(&format!(
            "  {name} {:8.2} ms, {:6.1} fdatasyncs",
            ms(took),
            took.as_secs_f64() / sync.as_secs_f64()
        ));
    }
    Ok(())
}

async fn one(sender: &Sender, bundle: &str, next: &AtomicUsize) -> Tested<()> {
    let round = next.fetch_add(1, Ordering::Relaxed);
    sender.send(&bundle::renamed(bundle, round)).await?;
    Ok(())
}

/// How many exchanges a second come back while `CLIENTS` wait for theirs.
async fn saturation(sender: &Arc<Sender>, bundle: &Arc<str>, next: &Arc<AtomicUsize>) -> Tested<f64> {
    let begun = Instant::now();
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let (sender, bundle, next) = (Arc::clone(sender), Arc::clone(bundle), Arc::clone(next));
        clients.spawn(async move {
            let mut done = 0_usize;
            while begun.elapsed() < SATURATING {
                one(&sender, &bundle, &next).await.map_err(|error| error.to_string())?;
                done += 1;
            }
            Ok::<_, String>(done)
        });
    }
    let mut done = 0;
    while let Some(counted) = clients.join_next().await {
        done += counted??;
    }
    Ok(done as f64 / begun.elapsed().as_secs_f64())
}

/// The latencies of exchanges that fall due evenly, `rate` a second.
async fn open(
    sender: &Arc<Sender>,
    bundle: &Arc<str>,
    next: &Arc<AtomicUsize>,
    rate: f64,
) -> Tested<Vec<Duration>> {
    let begun = tokio::time::Instant::now();
    let mut under_way = JoinSet::new();
    for number in 0..(OPEN.as_secs_f64() * rate) as u64 {
        let due = begun + Duration::from_secs_f64(number as f64 / rate);
        tokio::time::sleep_until(due).await;
        let (sender, bundle, next) = (Arc::clone(sender), Arc::clone(bundle), Arc::clone(next));
        under_way.spawn(async move {
            one(&sender, &bundle, &next).await.map_err(|error| error.to_string())?;
            Ok::<_, String>(due.elapsed())
        });
    }
    let mut times = Vec::new();
    while let Some(took) = under_way.join_next().await {
        times.push(took??);
    }
    Ok(times)
}

/// How long the disk takes to make 4 KiB durable.
fn synced(room: &std::path::Path) -> Tested<Vec<Duration>> {
    let path = room.join("synced");
    std::fs::write(&path, vec![0; 4_096])?;
    let mut file = std::fs::OpenOptions::new().write(true).open(&path)?;
    let mut times = Vec::new();
    for round in 0..100_u8 {
        std::io::Seek::rewind(&mut file)?;
        file.write_all(&[round; 4_096])?;
        let begun = Instant::now();
        file.sync_data()?;
        times.push(begun.elapsed());
    }
    Ok(times)
}
