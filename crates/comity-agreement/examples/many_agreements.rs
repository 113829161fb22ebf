//! How deciding and memory go with the number of agreements:
//! `cargo run --release -p comity-agreement --example many_agreements`.
//!
//! The shipped NIS 2 pack under as many names. A library reads a pack when it is asked for; what all include is
//! held once. Told for each number: opening, one decision (median), and what a law weighs: loaded, and once it was asked.

use comity_agreement::{LawFiles, Library, Setting, decide, shipped};
use comity_terms::PackSlug;
use shared::{AGREEMENT, laws, question};
use std::hint::black_box;
use std::io::Write as _;
use std::time::{Duration, Instant};

mod shared;

const DECISIONS: usize = 2_000;
/// How many are loaded at each number: enough to weigh one, few enough to wait for.
const LOADED: usize = 100;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{:>10} {:>12} {:>12} {:>14} {:>12} {:>12}",
        "agreements", "open", "load one", "decide, p50", "KB a law", "KB, asked"
    )?;
    for number in [10, 100, 1_000, 10_000] {
        let files = many(number)?;
        let started = Instant::now();
        let mut library = Library::open(&files)?;
        let opened = started.elapsed();
        // The first one brings the laws of the parties, and what all include.
        laws(&mut library, &slug(0)?)?;
        let (before, started) = (resident()?, Instant::now());
        let count = LOADED.min(number - 1);
        let mut loaded = Vec::with_capacity(count);
        // From all over the shelf, not the first that lie there.
        for place in 0..count {
            loaded.push(laws(&mut library, &slug(1 + place * (number - 1) / count)?)?);
        }
        let load = started.elapsed() / u32::try_from(count)?;
        let weighs = |now: usize| now.saturating_sub(before) / count / 1_024;
        let weight = weighs(resident()?);
        let question = question(&loaded[0])?;
        let mut times: Vec<Duration> = (0..DECISIONS)
            .map(|round| {
                let started = Instant::now();
                drop(black_box(decide(&loaded[round % count], &question, &Setting::live(true))));
                started.elapsed()
            })
            .collect();
        times.sort_unstable();
        let asked = weighs(resident()?);
        writeln!(
            out,
            "{number:>10} {opened:>12.1?} {load:>12.1?} {:>14.1?} {weight:>12} {asked:>12}",
            times[DECISIONS / 2]
        )?;
    }
    Ok(())
}

fn slug(number: usize) -> Result<PackSlug, comity_terms::NameError> {
    PackSlug::new(&format!("agreement-{number}"))
}

/// The shipped law, and the model under `number` names.
fn many(number: usize) -> Result<LawFiles, Box<dyn std::error::Error>> {
    let mut files = shipped().clone();
    let prefix = format!("agreements/{AGREEMENT}/");
    let model: Vec<(String, Vec<u8>)> = files
        .0
        .iter()
        .filter_map(|(path, bytes)| Some((path.strip_prefix(&prefix)?.to_owned(), bytes.clone())))
        .filter(|(name, _)| name.ends_with(".toml") || name.ends_with(".cedar"))
        .collect();
    for place in 0..number {
        let slug = slug(place)?;
        for (name, bytes) in &model {
            let text = std::str::from_utf8(bytes)?;
            let text = if name == "pack.toml" {
                text.replacen(AGREEMENT, slug.as_str(), 1)
            } else {
                text.to_owned()
            };
            files.0.insert(format!("agreements/{slug}/{name}"), text.into_bytes());
        }
    }
    Ok(files)
}

/// The resident memory of this process, in bytes.
fn resident() -> Result<usize, Box<dyn std::error::Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").trim().parse::<usize>()? * 1_024)
}
