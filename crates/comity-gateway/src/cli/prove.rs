//! Proofs about law: run by `comity-prove`, a binary of its own beside this one, for it is heavy to build and needs a
//! solver. What it prints is passed on as it is.

use super::out::{Exit, Out};
use clap::Args;
use comity_terms::{Action, Activity, JurisdictionCode};
use serde_json::Value as Json;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where proofs are kept between runs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub struct Kept {
    /// Where proofs are kept; `$XDG_CACHE_HOME/comity/proofs` unless given.
    #[arg(long, value_name = "DIR")]
    pub cache: Option<PathBuf>,
    /// Prove everything anew and keep nothing.
    #[arg(long, conflicts_with = "cache")]
    pub no_cache: bool,
}

impl Kept {
    /// As arguments.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let cache = self.cache.iter().map(|folder| format!("--cache={}", folder.display()));
        cache.chain(self.no_cache.then(|| "--no-cache".to_owned())).collect()
    }
}

/// `comity law prove`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct Prove {
    /// The law: a shipped pack's name or a directory.
    pub pack: String,
    /// The pack whose floor it is held to.
    #[arg(long, value_name = "FLOOR")]
    pub implies: String,
    /// Where proofs are kept.
    #[command(flatten)]
    pub kept: Kept,
}

/// `comity law compare`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct Compare {
    /// The first law: a shipped pack's name or a directory.
    pub a: String,
    /// The second.
    pub b: String,
    /// Where proofs are kept.
    #[command(flatten)]
    pub kept: Kept,
}

/// `comity law recognise`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct Recognise {
    /// One state's law: a shipped pack's name or a directory.
    pub a: String,
    /// The other's.
    pub b: String,
    /// The kind of cooperation.
    #[arg(long, value_name = "A")]
    pub activity: Activity,
    /// Where proofs are kept.
    #[command(flatten)]
    pub kept: Kept,
}

/// `comity law exchange`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct Exchange {
    /// The agreement: a shipped pack's name or a directory.
    #[arg(long, value_name = "PACK")]
    pub under: String,
    /// Where the data is.
    #[arg(long, value_name = "CODE")]
    pub from: JurisdictionCode,
    /// Who gets it.
    #[arg(long, value_name = "CODE")]
    pub to: JurisdictionCode,
    /// The act; those by which data is handed over, unless given.
    #[arg(long, value_name = "A")]
    pub action: Option<Action>,
    /// The kind of cooperation; any, unless given.
    #[arg(long, value_name = "A")]
    pub activity: Option<Activity>,
    /// Where proofs are kept.
    #[command(flatten)]
    pub kept: Kept,
}

/// The words of a command, then those about where proofs are kept.
fn words(own: &[&str], kept: &Kept) -> Vec<String> {
    own.iter().map(|word| (*word).to_owned()).chain(kept.words()).collect()
}

impl Prove {
    /// As arguments.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        words(&["prove", &self.pack, "--implies", &self.implies], &self.kept)
    }
}

impl Compare {
    /// As arguments.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        words(&["compare", &self.a, &self.b], &self.kept)
    }
}

impl Recognise {
    /// As arguments.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        words(&["recognise", &self.a, &self.b, "--activity", self.activity.as_str()], &self.kept)
    }
}

impl Exchange {
    /// As arguments.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let mut own =
            vec!["exchange", "--under", &self.under, "--from", self.from.as_str(), "--to", self.to.as_str()];
        own.extend(self.action.iter().flat_map(|action| ["--action", action.as_str()]));
        own.extend(self.activity.iter().flat_map(|activity| ["--activity", activity.as_str()]));
        words(&own, &self.kept)
    }
}

/// Why no proof was had.
#[derive(Debug, thiserror::Error)]
pub enum ProveError {
    /// The binary is not there.
    #[error("proofs need `comity-prove` beside this binary, and it is not at {}: cargo build --release -p comity-gateway -p comity-prove", .0.display())]
    Absent(PathBuf),
    /// It could not be run.
    #[error("comity-prove cannot be run: {0}")]
    Run(std::io::Error),
    /// It said why not.
    #[error("{0}")]
    Said(String),
    /// What it printed is not JSON.
    #[error("comity-prove printed no JSON: {0}")]
    Json(serde_json::Error),
}

/// `comity-prove` with these words, beside this binary.
fn beside(words: &[String], cwd: &Path) -> Result<Command, ProveError> {
    let own = std::env::current_exe().map_err(ProveError::Run)?;
    let path = own.with_file_name("comity-prove");
    if !path.is_file() {
        return Err(ProveError::Absent(path));
    }
    let mut command = Command::new(path);
    command.args(words).current_dir(cwd).stdin(std::process::Stdio::null());
    Ok(command)
}

/// Runs it, and passes on what it prints and how it ends.
pub fn run(words: &[String], json: bool, cwd: &Path, out: &mut Out<'_>) -> Exit {
    let command = beside(words, cwd).and_then(|mut command| {
        if json {
            command.arg("--json");
        }
        command.output().map_err(ProveError::Run)
    });
    let output = match command {
        Ok(output) => output,
        Err(error) => return out.bad_input(error),
    };
    out.raw(&output.stdout);
    let said = String::from_utf8_lossy(&output.stderr);
    said.lines().for_each(|line| out.note(line));
    match output.status.code() {
        Some(0) => Exit::Done,
        Some(1) => Exit::Refused,
        _ => Exit::BadInput,
    }
}

/// Runs it, and reads what it prints: whether what was asked holds, and the JSON.
///
/// # Errors
/// [`ProveError`].
pub fn ask(words: &[String], cwd: &Path) -> Result<(bool, Json), ProveError> {
    let output = beside(words, cwd)?.arg("--json").output().map_err(ProveError::Run)?;
    if !matches!(output.status.code(), Some(0 | 1)) {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(ProveError::Said(said.trim().trim_start_matches("error: ").to_owned()));
    }
    let json = serde_json::from_slice(&output.stdout).map_err(ProveError::Json)?;
    Ok((output.status.success(), json))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_the_prover_beside_it_says_what_to_build() {
        // Test binaries lie where no `comity-prove` is.
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let mut out = Out::to(&mut stdout, &mut stderr);
        let exit = run(&["check".to_owned()], true, Path::new("."), &mut out);
        drop(out);
        assert_eq!((exit, stdout.len()), (Exit::BadInput, 0));
        let said = String::from_utf8(stderr).unwrap();
        assert!(said.contains("comity-prove") && said.contains("cargo build"), "{said}");
    }
}
