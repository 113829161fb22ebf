//! Answers worked cases: `cargo run -p comity-agreement --example law_try -- CASES.jsonl [ROOT]`.
//!
//! Reads the shipped law, or that under ROOT, the folder that holds `vocabulary/`.

use comity_agreement::{LawFiles, Library, shipped, try_case};
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let cases = arguments.next().ok_or("usage: law_try CASES.jsonl [ROOT]")?;
    let files = arguments.next().map(|root| read(Path::new(&root))).transpose()?;
    let mut library = Library::open(files.as_ref().unwrap_or_else(|| shipped()))?;
    let mut out = std::io::stdout().lock();
    let mut failed = false;
    for line in std::fs::read_to_string(cases)?.lines().filter(|line| !line.trim().is_empty()) {
        let answer = try_case::try_line(&mut library, line);
        failed |= answer.get("error").is_some();
        writeln!(out, "{answer}")?;
    }
    Ok(if failed { ExitCode::from(2) } else { ExitCode::SUCCESS })
}

/// The files of law under `root`.
fn read(root: &Path) -> std::io::Result<LawFiles> {
    let mut files = LawFiles::default();
    let mut folders: Vec<_> =
        ["vocabulary", "agreements", "jurisdictions"].iter().map(|folder| root.join(folder)).collect();
    while let Some(folder) = folders.pop() {
        if !folder.is_dir() {
            continue;
        }
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(relative) = path.strip_prefix(root) {
                files.0.insert(relative.to_string_lossy().into_owned(), std::fs::read(&path)?);
            }
        }
    }
    Ok(files)
}
