//! Exchanges under load: saturation first, then an open loop at half of it.
//!
//! In an open loop the next exchange is due when it is due, whether or not the last one is back: a gateway that
//! stalls shows it in every exchange that fell due meanwhile. Latency is counted from when it was due.

use crate::governed::Sender;
use crate::{bundle, line, ms};
use std::error::Error;
use std::io::{Seek as _, Write as _};
use std::path::Path;
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
/// Commit and high-water mark: of the sender's decision, of the receiver's answer, of the sender's acknowledgement.
const SYNCS: usize = 6;
/// A file system that lies in memory.
const MEMORY: &str = "/dev/shm";

type Tested<T> = Result<T, Box<dyn Error>>;

/// Saturation, then latencies at half of it, beside the fdatasync of the same disk; then the same rate in a folder that
/// lies in memory, where that costs nothing: what is left is all the rest.
pub(crate) async fn compare() -> Tested<()> {
    let room = tempfile::tempdir()?;
    line(&format!("on the disk under {}:", std::env::temp_dir().display()));
    let rate = measured(room.path(), None).await?;
    drop(room);
    let memory = std::path::Path::new(MEMORY);
    if !memory.is_dir() {
        line(&format!("there is no {MEMORY}: what remains beside the disk is not measured"));
        return Ok(());
    }
    let room = tempfile::tempdir_in(memory)?;
    line("in memory, where nothing waits for a disk:");
    measured(room.path(), Some(rate)).await?;
    Ok(())
}

/// Exchanges alone, at saturation, and in an open loop at `rate` or half of that; gives the rate of the open loop.
async fn measured(room: &Path, rate: Option<f64>) -> Tested<f64> {
    let sender = Arc::new(Sender::start(room).await?);
    let next = Arc::new(AtomicUsize::new(0));
    for _ in 0..WARM {
        one(&sender, &next).await?;
    }
    let mut alone = Vec::with_capacity(WARM);
    for _ in 0..WARM {
        let begun = Instant::now();
        one(&sender, &next).await?;
        alone.push(begun.elapsed());
    }
    let disk = Disk::open(room)?;
    let sync = crate::median(&mut disk.synced(100, Duration::ZERO)?);
    line(&format!("  fdatasync of 4 KiB in a file that does not grow: {:.2} ms (median)", ms(sync)));
    line(&format!(
        "  one exchange of {OBJECTS} objects, alone: {:.2} ms (median of {WARM}); {SYNCS} fdatasyncs come one after the other",
        ms(crate::median(&mut alone))
    ));
    let (before, first) = (sender.processor()?, next.load(Ordering::Relaxed));
    let saturated = saturation(&sender, &next).await?;
    let spent = (sender.processor()? - before) / (next.load(Ordering::Relaxed) - first) as u32;
    line(&format!(
        "  saturation, {CLIENTS} senders: {saturated:.0} exchanges/s; {:.2} ms of processor for one, both gateways together",
        ms(spent)
    ));
    let rate = rate.unwrap_or(saturated / 2.0);
    // The disk is asked a few times a second while it serves the exchanges: what one of their fdatasyncs takes then.
    let asking = std::thread::spawn(move || {
        disk.synced(OPEN.as_millis() as usize / 100, Duration::from_millis(100)).ok()
    });
    let mut times = open(&sender, &next, rate).await?;
    let mut syncs = asking.join().ok().flatten().ok_or("the disk was not asked")?;
    times.sort();
    syncs.sort();
    let at = |times: &[Duration], share: f64| times[((times.len() - 1) as f64 * share) as usize];
    line(&format!("  open loop at {rate:.0}/s for {} s, {} exchanges:", OPEN.as_secs(), times.len()));
    line("           exchange   fdatasync meanwhile");
    for (name, share) in [("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("all", 1.0)] {
        line(&format!("    {name} {:8.2} ms {:8.2} ms", ms(at(&times, share)), ms(at(&syncs, share))));
    }
    Ok(rate)
}

async fn one(sender: &Sender, next: &AtomicUsize) -> Tested<()> {
    let round = next.fetch_add(1, Ordering::Relaxed);
    sender.send(bundle::generated(OBJECTS, round, bundle::Ids::Drawn).as_bytes()).await?;
    Ok(())
}

/// How many exchanges a second come back while `CLIENTS` wait for theirs.
async fn saturation(sender: &Arc<Sender>, next: &Arc<AtomicUsize>) -> Tested<f64> {
    let begun = Instant::now();
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let (sender, next) = (Arc::clone(sender), Arc::clone(next));
        clients.spawn(async move {
            let mut done = 0_usize;
            while begun.elapsed() < SATURATING {
                one(&sender, &next).await.map_err(|error| error.to_string())?;
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
async fn open(sender: &Arc<Sender>, next: &Arc<AtomicUsize>, rate: f64) -> Tested<Vec<Duration>> {
    let begun = tokio::time::Instant::now();
    let mut under_way = JoinSet::new();
    for number in 0..(OPEN.as_secs_f64() * rate) as u64 {
        let due = begun + Duration::from_secs_f64(number as f64 / rate);
        tokio::time::sleep_until(due).await;
        let (sender, next) = (Arc::clone(sender), Arc::clone(next));
        under_way.spawn(async move {
            one(&sender, &next).await.map_err(|error| error.to_string())?;
            Ok::<_, String>(due.elapsed())
        });
    }
    let mut times = Vec::new();
    while let Some(took) = under_way.join_next().await {
        times.push(took??);
    }
    Ok(times)
}

/// A file of its own on the disk that the exchanges are on.
struct Disk(std::fs::File);

impl Disk {
    fn open(room: &Path) -> Tested<Self> {
        let path = room.join("synced");
        std::fs::write(&path, vec![0; 4_096])?;
        Ok(Self(std::fs::OpenOptions::new().write(true).open(&path)?))
    }

    /// How long the disk takes to make 4 KiB durable, so many times, with a pause before each.
    fn synced(&self, times: usize, pause: Duration) -> std::io::Result<Vec<Duration>> {
        let mut file = &self.0;
        (0..times)
            .map(|round| {
                // Spread over the run, as the exchanges are that it is held against.
                std::thread::sleep(pause);
                file.rewind()?;
                file.write_all(&[round as u8; 4_096])?;
                let begun = Instant::now();
                file.sync_data()?;
                Ok(begun.elapsed())
            })
            .collect()
    }
}
