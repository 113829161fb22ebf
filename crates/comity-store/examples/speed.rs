//! How fast a gateway's database writes, beside the disk under it: SQLite and, where it is installed, PostgreSQL.
//! See `bench/README.md`. `cargo run --release -p comity-store --example speed`

use comity_exchange::entry::Opening;
use comity_exchange::ports::{Draft, ExchangeRow, Record, SealedSegment, SegmentKind, Store};
use comity_exchange::report::{ExchangeOutcome, Side};
use comity_store::{Database, FileMark, Location, LogIdentity};
use comity_terms::ids::SegmentId;
use comity_terms::{Act, Digest, Entropy, ExchangeId, Timestamp};
use comity_tlog::SigningKey;
use comity_vault::KeyRow;
use std::error::Error;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

type Tested<T> = Result<T, Box<dyn Error>>;

const ORIGIN: &str = "speed.example/log";

fn main() -> Tested<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let room = tempfile::tempdir()?;
    let fsync = fsync(room.path())?;
    line(&format!(
        "fdatasync of 4 KiB in a file that does not grow: {:.2} ms (median of {ROUNDS})",
        ms(fsync)
    ));
    line("                                                  SQLite   PostgreSQL");
    let server = server()?;
    let mut tables = vec![runtime.block_on(measured(room.path(), "sqlite", &Location::Folder))?];
    if let Some((url, _)) = &server {
        let maintenance = format!("{url}/postgres");
        let created = Command::new("psql").args(["-qXc", "CREATE DATABASE speed", &maintenance]).status()?;
        if !created.success() {
            return Err("no database could be made".into());
        }
        let location = Location::Server(format!("{url}/speed").parse()?);
        tables.push(runtime.block_on(measured(room.path(), "postgres", &location))?);
    } else {
        line("PostgreSQL is not installed: its column is missing");
    }
    for (index, (name, _)) in tables[0].iter().enumerate() {
        let figures: Vec<String> =
            tables.iter().map(|table| format!("{:>12}", table[index].1.shown(fsync))).collect();
        line(&format!("{name:<44}{}", figures.concat()));
    }
    if let Some((_, mut process)) = server {
        drop(process.stdin.take());
        process.wait()?;
    }
    Ok(())
}

/// What was measured.
enum Figure {
    /// So many in a second.
    Rate(f64),
    /// How long one took: shown beside an fdatasync.
    Took(Duration),
}

impl Figure {
    fn shown(&self, fsync: Duration) -> String {
        match self {
            Self::Rate(rate) => format!("{rate:.0}/s"),
            Self::Took(took) => format!("{:.1} fsyncs", took.as_secs_f64() / fsync.as_secs_f64()),
        }
    }
}

async fn measured(room: &Path, name: &str, location: &Location) -> Tested<Vec<(String, Figure)>> {
    let folder = room.join(name);
    std::fs::create_dir(&folder)?;
    let mark = FileMark::open(&room.join(format!("{name}.mark")))?;
    let identity = LogIdentity { origin: ORIGIN.into(), key: SigningKey::from_seed(ORIGIN, &[7; 32])? };
    let now: Timestamp = "2026-11-24T04:30:00Z".parse()?;
    let store = Arc::new(Database::open(location, &folder, identity, mark, move || now).await?);
    let mut entropy = Seeded(1);
    let mut figures = Vec::new();

    let records: Vec<Record> = (0..ROUNDS).map(|_| act(&mut entropy, now)).collect();
    let mut took = Vec::new();
    for record in records {
        let began = Instant::now();
        store.record(record).await?;
        took.push(began.elapsed());
    }
    figures.push(("one act, alone (median)".into(), Figure::Took(median(&mut took))));

    for together in [64, 1_000] {
        let rounds = 4_000 / together;
        let mut seconds = 0.0;
        for _ in 0..rounds {
            let records: Vec<Record> = (0..together).map(|_| act(&mut entropy, now)).collect();
            let began = Instant::now();
            let tasks: Vec<_> = records
                .into_iter()
                .map(|record| {
                    let store = Arc::clone(&store);
                    tokio::spawn(async move { store.record(record).await })
                })
                .collect();
            for task in tasks {
                task.await??;
            }
            seconds += began.elapsed().as_secs_f64();
        }
        let rate = (rounds * together) as f64 / seconds;
        figures.push((format!("acts, {together} arriving at once"), Figure::Rate(rate)));
    }

    let batches: Vec<Record> =
        (0..50).map(|_| Record { entries: drafts(&mut entropy, now, 1_000), ..Record::default() }).collect();
    let began = Instant::now();
    for record in batches {
        store.record(record).await?;
    }
    figures.push((
        "entries of the log, by 1,000".into(),
        Figure::Rate(50_000.0 / began.elapsed().as_secs_f64()),
    ));

    let sealed: Vec<Record> = (0..50)
        .map(|_| {
            let mut record = act(&mut entropy, now);
            record.segments.push(segment(&mut entropy, None, SegmentKind::Records, 1_000, 600));
            record
        })
        .collect();
    let began = Instant::now();
    for record in sealed {
        store.record(record).await?;
    }
    let rate = 50_000.0 / began.elapsed().as_secs_f64();
    figures.push(("sealed records of 600 B, 1,000 an exchange".into(), Figure::Rate(rate)));
    store.close();
    Ok(figures)
}

/// What recording an exchange at its sender writes, but for the outbox: skeleton, entry, sealed opening.
fn act(entropy: &mut Seeded, now: Timestamp) -> Record {
    let id = ExchangeId::draw(entropy);
    let opening = segment(entropy, Some(id), SegmentKind::Opening, 1, 900);
    let mut entries = drafts(entropy, now, 1);
    entries[0].opening = opening.id;
    entries[0].exchange = Some(id);
    let row = ExchangeRow {
        id,
        side: Side::Sender,
        peer: "XB".parse().expect("a party"),
        agreement: "pact-2026".parse().expect("a slug"),
        agreement_digest: Digest([1; 32]),
        supersedes: None,
        chain: id,
        offer: Some(Digest([2; 32])),
        outcome: ExchangeOutcome::Queued,
        whole: true,
        objects: 10,
        at: now,
        changed_at: now,
    };
    Record { entries, exchanges: vec![row], segments: vec![opening], ..Record::default() }
}

fn drafts(entropy: &mut Seeded, now: Timestamp, count: usize) -> Vec<Draft> {
    let draft = |_| {
        let (entry, _) = Opening::draw(Act::ExchangeDecided, now, serde_json::json!({}), entropy);
        Draft { entry, opening: SegmentId::draw(entropy), exchange: Some(ExchangeId::draw(entropy)) }
    };
    (0..count).map(draft).collect()
}

fn segment(
    entropy: &mut Seeded,
    exchange: Option<ExchangeId>,
    kind: SegmentKind,
    rows: u32,
    length: u32,
) -> SealedSegment {
    let mut blob = vec![0; (rows * length) as usize];
    entropy.fill(&mut blob);
    let rows = (0..rows).map(|ordinal| KeyRow {
        ordinal,
        offset: u64::from(ordinal * length),
        length,
        wrapped_key: entropy.bytes(),
        commitment: entropy.bytes(),
        generation: 1,
        erase_by: "2027-05-24T00:00:00Z".parse().expect("an instant"),
    });
    let rows = rows.collect();
    let agreement = "pact-2026".parse().expect("a slug");
    SealedSegment { id: SegmentId::draw(entropy), exchange, class: None, agreement, kind, blob, rows }
}

/// How long the disk takes for what every commit ends with.
fn fsync(room: &Path) -> Tested<Duration> {
    let file = File::create(room.join("fsync"))?;
    file.write_all_at(&vec![1; 1 << 20], 0)?;
    file.sync_all()?;
    let mut took = Vec::new();
    for round in 0..ROUNDS {
        let began = Instant::now();
        file.write_all_at(&[round as u8; 4096], (round as u64 % 256) * 4096)?;
        file.sync_data()?;
        took.push(began.elapsed());
    }
    Ok(median(&mut took))
}

/// A private PostgreSQL, by its URL; `None` where it is not installed.
fn server() -> Tested<Option<(String, Child)>> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/postgres");
    let mut process = Command::new(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut url = String::new();
    BufReader::new(process.stdout.take().ok_or("no output")?).read_line(&mut url)?;
    Ok((!url.is_empty()).then(|| (url.trim().to_owned(), process)))
}

/// Random bytes that are the same in each run: SplitMix64.
struct Seeded(u64);

impl Entropy for Seeded {
    fn fill(&mut self, out: &mut [u8]) {
        for chunk in out.chunks_mut(8) {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut word = self.0;
            word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            chunk.copy_from_slice(&(word ^ (word >> 31)).to_le_bytes()[..chunk.len()]);
        }
    }
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

/// One line on standard output; a reader that has gone away is not our concern.
fn line(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

const ROUNDS: usize = 200;
