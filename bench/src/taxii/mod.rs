//! TAXII under load: a fresh gateway's own collection, with full governance and durable, beside other servers that speak
//! the same, in one run and by the same clients.
//!
//! ```text
//! cargo run --release -p comity-bench -- taxii [NAME http://HOST:PORT/…/collections/ID/ USER:PASSWORD]...
//! ```

use crate::{line, ms};
use client::{Asking, Client, Peer, envelope};
use comity_exchange::ports::Officer;
use comity_gateway::cli::serve::{Running, start};
use comity_gateway::clock::{Clock, OsEntropy};
use comity_gateway::dirs::Directory;
use comity_gateway::gateway::Gateway;
use comity_gateway::passwords;
use comity_gateway::watch::{Stopper, stopping};
use comity_gateway::work::{collections, manage};
use comity_terms::Timestamp;
use std::error::Error;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

mod client;
pub(crate) mod stored;

type Tested<T> = Result<T, Box<dyn Error + Send + Sync>>;

const PRELOADED: u64 = 10_000;
const CLIENTS: usize = 8;
const LOADING: Duration = Duration::from_secs(8);
const OPEN: Duration = Duration::from_secs(10);
const TAXII: &str = "application/taxii+json;version=2.1";
const PASSWORD: &str = "correct horse battery";

/// Measures this gateway, and each of `others`: name, URL of a collection, and who signs in.
pub(crate) async fn compare(others: &[String]) -> Tested<()> {
    let room = tempfile::tempdir()?;
    let (gateway, running, _stopper) = open(room.path()).await.map_err(|error| error.to_string())?;
    let url = url_of(&gateway, &running);
    let mut peers = vec![Peer::of("comity", &url, &format!("ana:{PASSWORD}"))?];
    for other in others.chunks(3) {
        let [name, url, officer] = other else {
            return Err("a peer is a name, a URL and a USER:PASSWORD".into());
        };
        peers.push(Peer::of(name, url, officer)?);
    }
    for peer in peers {
        measure(Arc::new(peer)).await?;
    }
    Ok(())
}

fn url_of(gateway: &Gateway, running: &Running) -> String {
    let collection = &collections::standing(gateway)[0];
    format!("http://{}/taxii2/{}/collections/{}/", running.plain, collection.agreement.0, collection.id.0)
}

async fn open(room: &Path) -> Result<(Arc<Gateway>, Running, Stopper), Box<dyn Error>> {
    let now = Clock::new(Timestamp::UNIX_EPOCH).now();
    let directory =
        Directory::init(&room.join("EE"), None, &"EE".parse()?, "An authority", &mut OsEntropy, now)?;
    // The rates of sign-in are for strangers, not for a measurement.
    std::fs::write(
        directory.settings(),
        "[signin]\nofficer_rate = { each_second = 0, burst = 1 }\naddress_rate = { each_second = 0, burst = 1 }\n",
    )?;
    let gateway = Gateway::open(directory).await?;
    manage::adopt(&gateway, "EE", room).await?;
    collections::public(&gateway).await?;
    let officer = Officer {
        name: "ana".to_owned(),
        role: "analyst".to_owned(),
        unit: None,
        training_until: "2099-01-01T00:00:00Z".parse()?,
        password_hash: passwords::hash(PASSWORD, &mut OsEntropy)?,
    };
    manage::add_officer(&gateway, officer).await?;
    let (stopper, stop) = stopping();
    let any: SocketAddr = ([127, 0, 0, 1], 0).into();
    let running = start(&gateway, any, None, stop).await?;
    Ok((gateway, running, stopper))
}

async fn measure(peer: Arc<Peer>) -> Tested<()> {
    let next = Arc::new(AtomicU64::new(0));
    let mut client = Client::connect(&peer).await?;
    while next.load(Ordering::Relaxed) < PRELOADED {
        client.post(&envelope(&next, 1_000)).await?;
    }
    line(&format!("{}: {PRELOADED} objects preloaded, {CLIENTS} clients", peer.name));
    let mut saturation = 0.0;
    for objects in [1, 100, 1_000] {
        let (rate, _) = closed(&peer, &next, Asking::Post(objects)).await?;
        if objects == 1 {
            saturation = rate;
        }
        line(&format!("  POST of {objects:>5}   {:10.0} objects/s", rate * f64::from(objects)));
    }
    let (rate, mut times) = closed(&peer, &next, Asking::Get).await?;
    line(&format!("  GET of 100      {:10.0} requests/s, {}", rate, shares(&mut times)));
    for (asking, rate) in [(Asking::Post(1), saturation / 2.0), (Asking::Get, rate / 2.0)] {
        let mut times = timed(&peer, &next, asking, rate).await?;
        let what = if matches!(asking, Asking::Get) { "GET of 100" } else { "POST of 1 " };
        line(&format!("  open loop, {what} at {rate:.0}/s: {}", shares(&mut times)));
    }
    Ok(())
}

fn shares(times: &mut [Duration]) -> String {
    times.sort();
    let at = |share: f64| ms(times[((times.len() - 1) as f64 * share) as usize]);
    format!("p50 {:.2} ms, p95 {:.2} ms, p99 {:.2} ms", at(0.5), at(0.95), at(0.99))
}

/// Each client asks again as soon as it has its answer; how many a second, and how long each took.
async fn closed(peer: &Arc<Peer>, next: &Arc<AtomicU64>, asking: Asking) -> Tested<(f64, Vec<Duration>)> {
    let begun = Instant::now();
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let (peer, next) = (Arc::clone(peer), Arc::clone(next));
        clients.spawn(async move {
            let mut client = Client::connect(&peer).await?;
            let mut times = Vec::new();
            while begun.elapsed() < LOADING {
                let asked = Instant::now();
                client.ask(asking, &next).await?;
                times.push(asked.elapsed());
            }
            Tested::Ok(times)
        });
    }
    let mut times = Vec::new();
    while let Some(done) = clients.join_next().await {
        times.extend(done??);
    }
    Ok((times.len() as f64 / begun.elapsed().as_secs_f64(), times))
}

/// Each request is due when it is due, whether or not the last one is back; how long each took from then.
async fn timed(peer: &Arc<Peer>, next: &Arc<AtomicU64>, asking: Asking, rate: f64) -> Tested<Vec<Duration>> {
    let every = Duration::from_secs_f64(1.0 / rate.max(0.1));
    let begun = Instant::now();
    let mut clients = JoinSet::new();
    // As many connections as may wait at once; one that is back takes the next that is due.
    let due = Arc::new(AtomicU64::new(0));
    for _ in 0..CLIENTS * 4 {
        let (peer, next, due) = (Arc::clone(peer), Arc::clone(next), Arc::clone(&due));
        clients.spawn(async move {
            let mut client = Client::connect(&peer).await?;
            let mut times = Vec::new();
            loop {
                let number = due.fetch_add(1, Ordering::Relaxed);
                let at = begun + every.mul_f64(number as f64);
                if at > begun + OPEN {
                    return Tested::Ok(times);
                }
                tokio::time::sleep_until(at.into()).await;
                client.ask(asking, &next).await?;
                times.push(at.elapsed());
            }
        });
    }
    let mut times = Vec::new();
    while let Some(done) = clients.join_next().await {
        times.extend(done??);
    }
    Ok(times)
}
