//! What a reader waits for a page as a collection grows, and what a whole feed takes: time and memory.
//!
//! ```text
//! cargo run --release -p comity-bench -- taxii-stored [OBJECTS]
//! ```

use super::client::{Client, Peer, envelope};
use super::{PASSWORD, Tested, open, shares, url_of};
use crate::{line, median, ms};
use comity_gateway::clock::Clock;
use comity_terms::Timestamp;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How many objects lie in the small collection.
const FEW: u64 = 1_000;
/// How many in the large one, unless the command says otherwise.
const MANY: u64 = 1_000_000;
/// How many a feed has that is read from end to end.
const FEED: u64 = 100_000;
const ASKED: usize = 300;

/// Pages of 100 with few and with `many` objects stored; a feed read whole by this client, and by `taxii2-client` where
/// `COMITY_VENV` has it.
pub(crate) async fn compare(many: Option<&String>) -> Tested<()> {
    let many = many.map_or(Ok(MANY), |many| many.parse())?;
    let room = tempfile::tempdir()?;
    let (gateway, running, _stopper) = open(room.path()).await.map_err(|error| error.to_string())?;
    let url = url_of(&gateway, &running);
    let peer = Arc::new(Peer::of("comity", &url, &format!("ana:{PASSWORD}"))?);
    let next = AtomicU64::new(0);
    let mut client = Client::connect(&peer).await?;

    fill(&mut client, &next, FEW).await?;
    let few = page(&mut client, "objects/?limit=100").await?;
    line(&format!("GET of 100, {FEW:>9} stored, the first page:  p50 {:.2} ms", ms(few)));

    let half = fill(&mut client, &next, many.min(FEED)).await?;
    feed(&mut client, &url, many.min(FEED)).await?;

    let begun = Instant::now();
    let first = next.load(Ordering::Relaxed);
    fill(&mut client, &next, many).await?;
    let rate = (many - first) as f64 / begun.elapsed().as_secs_f64();
    line(&format!("{many} stored; by thousands, one client: {rate:.0} objects/s"));
    let middle = format!("objects/?limit=100&added_after={half}");
    let one = "objects/?match[id]=indicator--00000000-0000-4000-8000-000000000500";
    for (what, path) in
        [("the first page", "objects/?limit=100"), ("a page behind", &middle), ("one by its id", one)]
    {
        let many_took = page(&mut client, path).await?;
        let ratio = many_took.as_secs_f64() / few.as_secs_f64();
        line(&format!(
            "GET, {many:>9} stored, {what}:  p50 {:.2} ms, {ratio:.2} of a page of few",
            ms(many_took)
        ));
    }
    line(&format!("resident: {} MB", resident()?));
    Ok(())
}

/// Posts until so many lie there; gives when that was.
async fn fill(client: &mut Client, next: &AtomicU64, until: u64) -> Tested<Timestamp> {
    while next.load(Ordering::Relaxed) < until {
        client.post(&envelope(next, 1_000)).await?;
    }
    Ok(Clock::new(Timestamp::UNIX_EPOCH).now())
}

/// How long an answer takes, by one client, one after the other: the median.
async fn page(client: &mut Client, path: &str) -> Tested<Duration> {
    let mut times = Vec::with_capacity(ASKED);
    for _ in 0..ASKED {
        let begun = Instant::now();
        client.read(path).await?;
        times.push(begun.elapsed());
    }
    Ok(median(&mut times))
}

/// Reads everything, page after page.
async fn feed(client: &mut Client, url: &str, objects: u64) -> Tested<()> {
    let (before, begun) = (resident()?, Instant::now());
    let (mut read, mut times, mut path) = (0, Vec::new(), "objects/?limit=1000".to_owned());
    loop {
        let asked = Instant::now();
        let page: serde_json::Value = serde_json::from_slice(&client.read(&path).await?)?;
        times.push(asked.elapsed());
        read += page["objects"].as_array().map_or(0, Vec::len);
        let Some(next) = page["next"].as_str() else { break };
        path = format!("objects/?limit=1000&next={next}");
    }
    if read as u64 != objects {
        return Err(format!("{read} objects of {objects}").into());
    }
    let (took, after) = (begun.elapsed(), resident()?);
    line(&format!(
        "a feed of {objects}, by 1,000: {:.1} s, a page {}; resident {before} MB before, {after} MB after",
        took.as_secs_f64(),
        shares(&mut times)
    ));
    let python = std::env::var_os("COMITY_VENV").map(|venv| PathBuf::from(venv).join("bin/python"));
    let Some(python) = python.filter(|python| python.is_file()) else {
        line("skipped: taxii2-client (COMITY_VENV names an environment that has it)");
        return Ok(());
    };
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("feed.py");
    let mut foreign = std::process::Command::new(python);
    foreign.arg(script).args([url, "ana", PASSWORD]);
    let told = tokio::task::spawn_blocking(move || foreign.output()).await??;
    line(&format!("the same by taxii2-client: {}", String::from_utf8_lossy(&told.stdout).trim()));
    if told.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&told.stderr).into()) }
}

/// What this process holds of memory, in megabytes.
fn resident() -> Tested<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? / 1_024)
}
