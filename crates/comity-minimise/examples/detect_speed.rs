//! How fast texts are read: `cargo run --release -p comity-minimise --example detect_speed [FILE]`.
//!
//! Without FILE (texts separated by empty lines) the tests' corpus is read, over and over for a second;
//! beside it, how fast the letters of the same texts are counted, so that figures of different machines can be compared.

use comity_minimise::text::detect;
use std::io::Write as _;
use std::time::{Duration, Instant};

fn main() -> std::io::Result<()> {
    let texts: Vec<String> = match std::env::args().nth(1) {
        Some(file) => std::fs::read_to_string(file)?.split("\n\n").map(str::to_owned).collect(),
        None => include_str!("../tests/text-corpus/tuned.jsonl")
            .lines()
            .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
            .filter_map(|line| Some(line["marked"].as_str()?.replace(['⟦', '⟧', '⟪', '⟫'], "")))
            .collect(),
    };
    let size: usize = texts.iter().map(String::len).sum();
    // The tables are built with the first text.
    std::hint::black_box(detect(""));
    let read = rate(size, || texts.iter().map(|text| detect(text).spans.len()).sum());
    let counted =
        rate(size, || texts.iter().map(|text| text.chars().filter(|c| c.is_alphabetic()).count()).sum());
    let mut out = std::io::stdout().lock();
    writeln!(out, "{} texts of {} bytes on average", texts.len(), size / texts.len().max(1))?;
    writeln!(out, "detect            {read:8.1} MB/s")?;
    writeln!(out, "counting letters  {counted:8.1} MB/s   {:.3} of it", read / counted)
}

/// Megabytes a second over at least a second.
#[expect(clippy::cast_precision_loss, reason = "a figure to read")]
fn rate(size: usize, work: impl Fn() -> usize) -> f64 {
    let (start, mut rounds) = (Instant::now(), 0_usize);
    while start.elapsed() < Duration::from_secs(1) {
        std::hint::black_box(work());
        rounds += 1;
    }
    (size * rounds) as f64 / 1e6 / start.elapsed().as_secs_f64()
}
