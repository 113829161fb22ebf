//! What one decision costs: `cargo run --release -p comity-agreement --example decide_cost`.
//!
//! Shipped law, EE gives to FI under the NIS 2 directive: three laws and what they include, from the question
//! to the decision with nothing kept, then from the memo.

use comity_agreement::{LawSet, Library, Memo, Question, Setting, decide, shipped};
use comity_terms::{Digest, FactKey, Facts};
use std::collections::BTreeMap;
use std::hint::black_box;
use std::io::Write as _;
use std::time::{Duration, Instant};

const ROUNDS: usize = 20_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let started = Instant::now();
    let mut library = Library::open(shipped())?;
    let agreement = library.law(&"eu-nis2-2022-2555".parse()?)?;
    let mut national = BTreeMap::new();
    for code in ["EE", "FI"] {
        national.insert(code.parse()?, library.law(&code.parse()?)?);
    }
    let laws = LawSet { agreement, national, vocabulary: library.vocabulary().clone() };
    let loaded = started.elapsed();

    let mut facts = Facts::new();
    for (key, value) in [
        ("training_valid", "true"),
        ("activity", "threat_intel"),
        ("purpose", "cyber_defence"),
        ("data_category", "indicator"),
        ("marking", "TLP:GREEN"),
        ("personal_data", "true"),
        ("subject_status", "victim"),
        ("arrangement_member", "true"),
        ("first_delete_by", "2026-12-01T00:00:00Z"),
    ] {
        let term = laws.vocabulary.fact(key).ok_or(key)?;
        let asserter = *term.asserted_by.first().ok_or(key)?;
        facts.state(FactKey::new(key)?, term.from_text(&laws.vocabulary, value)?, asserter);
    }
    let at = "2026-11-02T09:20:00Z".parse()?;
    let question = Question {
        action: "share".parse()?,
        sending: "EE".parse()?,
        receiving: "FI".parse()?,
        at,
        knowledge_time: at,
        facts,
        approvals: Default::default(),
    };
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
