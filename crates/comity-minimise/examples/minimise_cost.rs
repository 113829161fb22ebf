//! What minimising costs beside reading the same bundle into `serde_json::Value` and writing it again.
//!
//! ```sh
//! cargo run --release -p comity-minimise --example minimise_cost [FILE.json]...
//! ```
//! Without files: a generated bundle of 1,000 objects in which every fifth is a person, the same without
//! persons, and one of 50 MB without persons (as the largest that are shared), whose memory is told too. Both ways in one process, in turn; medians. `fresh` is
//! with a token key that has made no token yet, `known` with one that has made these.

use comity_minimise::{Bundle, Limits, PathTable, Profile, TokenKey, minimise};
use std::error::Error;
use std::hint::black_box;
use std::io::Write as _;
use std::time::{Duration, Instant};

#[path = "../../../bench/src/bundle.rs"]
#[expect(dead_code, reason = "ids that follow each other are for tables")]
mod bundle;

const ROUNDS: usize = 15;
const LARGE: usize = 50_000_000;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [first, file] = &arguments[..]
        && first == "--memory"
    {
        return memory(file);
    }
    let table = PathTable::shipped()?;
    line("bundle                        MB   objects   Value ms   fresh ms  ratio   known ms  ratio");
    if arguments.is_empty() {
        let generated = bundle::generated(1_000, 0, bundle::Ids::Drawn);
        compare("generated, persons", generated.as_bytes(), &table)?;
        let impersonal =
            generated.replace("\"individual\"", "\"organization\"").replace("email-addr", "software");
        compare("generated, no persons", impersonal.replace("\"value\"", "\"name\"").as_bytes(), &table)?;
        compare("generated, 50 MB", large().as_bytes(), &table)?;
        // Another process: making the bundle takes more than minimising it.
        let file = std::env::temp_dir().join(format!("minimise-cost-{}.json", std::process::id()));
        std::fs::write(&file, large())?;
        let mut command = std::process::Command::new(std::env::current_exe()?);
        let status = command.arg("--memory").arg(&file).status();
        std::fs::remove_file(&file)?;
        let status = status?;
        return if status.success() { Ok(()) } else { Err("the measurement of memory failed".into()) };
    }
    for file in &arguments {
        let name = file.rsplit('/').next().unwrap_or(file);
        compare(name, &std::fs::read(file)?, &table)?;
    }
    Ok(())
}

/// The generated bundle as large as the largest that are shared.
fn large() -> String {
    let small = bundle::generated(1_000, 0, bundle::Ids::Drawn).len();
    impersonal(&bundle::generated(LARGE / small * 1_000, 0, bundle::Ids::Drawn))
}

/// Organisations instead of persons, programs instead of their mailboxes.
fn impersonal(generated: &str) -> String {
    let named = generated.replace("\"individual\"", "\"organization\"").replace("email-addr", "software");
    named.replace("\"value\"", "\"name\"").replace(",\"display_name\"", ",\"vendor\"")
}

fn key(period: usize) -> Result<TokenKey, Box<dyn Error>> {
    Ok(TokenKey::derive(&[7; 32], "agreement", "FI", &period.to_string())?)
}

fn governed(bytes: &[u8], table: &PathTable, key: &TokenKey) -> Result<Vec<u8>, Box<dyn Error>> {
    let profile = Profile { purpose: "cyber_defence".to_owned(), ..Profile::default() };
    let bundle = Bundle::parse(bytes, &Limits::default())?;
    let keep: Vec<(usize, &Profile)> = (0..bundle.objects().len()).map(|index| (index, &profile)).collect();
    let mut entropy = |out: &mut [u8]| out.fill(7);
    Ok(minimise(&bundle, &keep, table, key, &mut entropy).bytes())
}

fn compare(name: &str, bytes: &[u8], table: &PathTable) -> Result<(), Box<dyn Error>> {
    let known = key(0)?;
    governed(bytes, table, &known)?;
    let (mut plain, mut fresh, mut warm) = (Vec::new(), Vec::new(), Vec::new());
    let rounds = if bytes.len() > LARGE / 2 { 3 } else { ROUNDS };
    for round in 1..=rounds {
        let begun = Instant::now();
        let value: serde_json::Value = serde_json::from_slice(bytes)?;
        black_box(serde_json::to_vec(&value)?);
        drop(value);
        plain.push(begun.elapsed());
        let key = key(round)?;
        for (key, times) in [(&key, &mut fresh), (&known, &mut warm)] {
            let begun = Instant::now();
            black_box(governed(bytes, table, key)?);
            times.push(begun.elapsed());
        }
    }
    let objects = Bundle::parse(bytes, &Limits::default())?.objects().len();
    let [plain, fresh, warm] = [median(&mut plain), median(&mut fresh), median(&mut warm)];
    line(&format!(
        "{name:<26}{:>6.2}{objects:>10}{plain:>11.2}{fresh:>11.2}{:>7.2}{warm:>11.2}{:>7.2}",
        bytes.len() as f64 / 1e6,
        plain / fresh,
        plain / warm,
    ));
    Ok(())
}

/// The most memory that a process held which did nothing but minimise the large bundle, its text included.
fn memory(file: &str) -> Result<(), Box<dyn Error>> {
    let text = std::fs::read(file)?;
    let before = resident("VmRSS:")?;
    let out = governed(&text, &PathTable::shipped()?, &key(0)?)?;
    let most = resident("VmHWM:")?;
    line(&format!(
        "50 MB: {before:.0} MB held before, {most:.0} MB at most, {:.2} times the bundle; {} bytes out",
        most * 1e6 / text.len() as f64,
        out.len()
    ));
    Ok(())
}

/// Megabytes, from what Linux tells of a process.
fn resident(what: &str) -> Result<f64, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(what)).ok_or("no such line")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse::<f64>()? * 1024.0 / 1e6)
}

fn median(times: &mut [Duration]) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64() * 1_000.0
}

fn line(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}
