//! A fixed number of seeds, each a run of its own; more of them with `cargo run --example seeds`.

use comity_simulation::run::{ops, run, shrunk};
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

const SEEDS: std::ops::Range<u64> = 0..24;

#[test]
fn a_seed_gives_the_same_run_to_the_last_byte() {
    let (one, other) = (run(7, &ops(7)), run(7, &ops(7)));
    for (line, again) in one.lines.iter().zip(&other.lines) {
        assert_eq!(line, again);
    }
    assert_eq!(one.trace, other.trace);
}

#[test]
fn whatever_happens_all_holds_in_the_end() {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let (delivered, failures) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for part in 0..threads {
            let (delivered, failures) = (&delivered, &failures);
            scope.spawn(move || {
                for seed in SEEDS.skip(part).step_by(threads) {
                    let things = ops(seed);
                    let outcome = run(seed, &things);
                    if let Some(finding) = outcome.finding {
                        panic!("seed {seed}: {finding}\n{:#?}", shrunk(seed, things));
                    }
                    delivered.fetch_add(outcome.delivered, Relaxed);
                    failures.fetch_add(outcome.failures, Relaxed);
                }
            });
        }
    });
    // A run in which nothing goes, or nothing fails, would say nothing.
    let (delivered, failures) = (delivered.into_inner(), failures.into_inner());
    assert!(delivered > 100 && failures > 20, "{delivered} delivered, {failures} failures");
}
