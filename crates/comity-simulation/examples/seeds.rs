//! Runs many seeds and prints what fails, shrunk: `cargo run -p comity-simulation --example seeds -- FIRST COUNT`.

use comity_simulation::run::{ops, run, shrunk};
use std::io::Write as _;

fn main() -> std::io::Result<()> {
    let mut numbers = std::env::args().skip(1).filter_map(|word| word.parse::<u64>().ok());
    let (first, count) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(100));
    let mut out = std::io::stdout();
    let (mut failed, mut delivered, mut failures) = (0, 0, 0);
    for seed in first..first + count {
        let things = ops(seed);
        let outcome = run(seed, &things);
        delivered += outcome.delivered;
        failures += outcome.failures;
        let Some(finding) = outcome.finding else { continue };
        failed += 1;
        let few = shrunk(seed, things);
        let outcome = run(seed, &few);
        writeln!(out, "seed {seed}: {finding}\nshrunk: {:?}\n{few:?}", outcome.finding)?;
        for line in outcome.lines.iter().skip_while(|line| !line.contains("starts")) {
            writeln!(out, "    {line}")?;
        }
    }
    writeln!(out, "{count} seeds, {failed} failed; {delivered} exchanges delivered, {failures} calls failed")
}
