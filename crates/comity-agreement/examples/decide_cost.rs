//! What one decision costs: `cargo run --release -p comity-agreement --example decide_cost`.
//!
//! Shipped law, EE gives to FI under the NIS 2 directive: three laws and what they include, from the question
//! to the decision with nothing kept, then from the memo.

use comity_agreement::{Library, Memo, Setting, decide, shipped};
use comity_terms::Digest;
use shared::{AGREEMENT, laws, question};
use std::hint::black_box;
use std::io::Write as _;
use std::time::{Duration, Instant};

mod shared;

const ROUNDS: usize = 20_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let started = Instant::now();
    let mut library = Library::open(shipped())?;
    let laws = laws(&mut library, &AGREEMENT.parse()?)?;
    let loaded = started.elapsed();

    let question = question(&laws)?;
    let setting = Setting::live(true);
    let fresh = measure(|| drop(black_box(decide(&laws, &question, &setting))));
    let mut memo = Memo::new(1024);
    let state = Digest::of(b"");
    let held = measure(|| drop(black_box(memo.decide(&laws, &question, &setting, &state))));

    let decision = decide(&laws, &question, &setting)?;
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "outcome {}, {} citations, {} laws",
        decision.outcome.as_str(),
        decision.citations.len(),
        decision.laws.len()
    )?;
    writeln!(out, "load three laws   {loaded:>10.1?}")?;
    writeln!(out, "decide, fresh     {:>10.1?} p50  {:>10.1?} p99", fresh.0, fresh.1)?;
    writeln!(out, "decide, memo      {:>10.1?} p50  {:>10.1?} p99", held.0, held.1)?;
    Ok(())
}

/// The median and the 99th percentile of `ROUNDS` runs.
fn measure(mut run: impl FnMut()) -> (Duration, Duration) {
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let started = Instant::now();
            run();
            started.elapsed()
        })
        .collect();
    times.sort_unstable();
    (times[ROUNDS / 2], times[ROUNDS / 100 * 99])
}
