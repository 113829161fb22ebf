//! Checks packs: `cargo run -p comity-agreement --example law_check -- [ROOT] [PACK]...`.
//!
//! Reads the shipped law, or that under ROOT, the folder that holds `vocabulary/`; checks every pack or those named.

use comity_agreement::{LawFiles, Level, Library, lint, shipped};
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
    let mut arguments = std::env::args().skip(1).peekable();
    let root = arguments.next_if(|argument| Path::new(argument).is_dir());
    let files = root.map(|root| read(Path::new(&root))).transpose()?;
    let mut library = Library::open(files.as_ref().unwrap_or_else(|| shipped()))?;
    let named = arguments.map(|slug| slug.parse()).collect::<Result<Vec<_>, _>>()?;
    let slugs = if named.is_empty() { library.slugs() } else { named };
    let mut out = std::io::stdout().lock();
    let mut failed = false;
    for slug in slugs {
        let findings = lint::check(&mut library, &slug);
        failed |= findings.iter().any(|finding| finding.level == Level::Error);
        writeln!(out, "{slug}: {} findings", findings.len())?;
        for finding in findings {
            writeln!(out, "  {finding}")?;
        }
    }
    Ok(ExitCode::from(u8::from(failed)))
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
