//! `comity audit verify` and `comity audit receipt`: what an outsider checks, trusting nobody.
//!
//! Needs nothing of a gateway: a published log, or a receipt, and the log's key.

mod http;

use super::out::{Exit, Out};
use super::progress::Progress;
use super::{AuditReceipt, AuditVerify};
use crate::files;
use comity_tlog::{
    BUNDLE_BYTES_MAX, ENTRY_BYTES_MAX, Finding, POLICY_BYTES_MAX, Policy, RECEIPT_BYTES_MAX, Receipt, Report,
    TileSource, TreeSize, VerifierKey, verify_log,
};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// The verdict on a log, as it is printed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogVerdict {
    /// The log's name; empty when not even that could be read.
    pub origin: String,
    /// How many entries it claims.
    pub size: u64,
    /// The root it claims, in base64 as the checkpoint has it.
    pub root: String,
    /// Whether nothing is wrong.
    pub ok: bool,
    /// Whether a key was given and the log's signature verified with it.
    pub signature_verified: bool,
    /// The first thing that is wrong.
    pub finding: Option<LogFinding>,
}

/// What is wrong with a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogFinding {
    /// `checkpoint`, `entry`, `tile` or `root`.
    pub kind: &'static str,
    /// The first entry in doubt; absent where the checkpoint itself is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<u64>,
    /// The last entry in doubt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<u64>,
    /// The file, where one is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// What and why, for people.
    pub text: String,
}

/// The verdict on a receipt, as it is printed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReceiptVerdict {
    /// Whether it proves that the entry is in the log.
    pub ok: bool,
    /// Where the entry stands, or is said to.
    pub index: u64,
    /// The size of the tree in which it was proved, or is said to be.
    pub tree_size: u64,
    /// `integrated` or `witnessed`; absent when nothing is proved.
    pub grade: Option<String>,
    /// Why nothing is proved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finding: Option<String>,
}

/// Verifies a whole log and prints the verdict. Blocks while it reads.
pub fn verify(args: &AuditVerify, json: bool, out: &mut Out<'_>) -> Exit {
    let verdict = match verdict_on_log(args, out) {
        Ok(verdict) => verdict,
        Err(problem) => return out.bad_input(problem),
    };
    if json {
        out.json(&verdict);
    } else if let Some(finding) = &verdict.finding {
        out.line(&format!(
            "FAILED   {}",
            if verdict.origin.is_empty() { &args.log } else { &verdict.origin }
        ));
        out.line(&format!("finding  {}", finding.text));
    } else {
        out.line(&format!("verified {}", verdict.origin));
        out.line(&format!("entries  {}", verdict.size));
        out.line(&format!("root     {}", verdict.root));
        if !verdict.signature_verified {
            out.line("signed   not checked: name the log's key with --key");
        }
    }
    if verdict.ok { Exit::Done } else { Exit::Refused }
}

/// Verifies a receipt, offline, and prints the verdict.
pub fn receipt(args: &AuditReceipt, json: bool, out: &mut Out<'_>) -> Exit {
    let verdict = match verdict_on_receipt(args) {
        Ok(verdict) => verdict,
        Err(problem) => return out.bad_input(problem),
    };
    if json {
        out.json(&verdict);
    } else if let Some(finding) = &verdict.finding {
        out.line("FAILED   the receipt proves nothing");
        out.line(&format!("finding  {finding}"));
    } else {
        out.line(&format!("verified entry {} of {}", verdict.index, verdict.tree_size));
        out.line(&format!("grade    {}", verdict.grade.as_deref().unwrap_or_default()));
    }
    if verdict.ok { Exit::Done } else { Exit::Refused }
}

pub(super) fn verdict_on_log(args: &AuditVerify, out: &Out<'_>) -> Result<LogVerdict, String> {
    let key = args.key.as_deref().map(verifier_key).transpose()?;
    let policy = args.quorum.as_deref().map(policy).transpose()?;
    let source = Source::of(&args.log)?;
    // The size is known once the checkpoint is read.
    let progress = Progress::of(out, "entries verified", None);
    let mut told = |done: TreeSize| progress.at(done.0);
    let report = verify_log(&source, key.as_ref(), policy.as_ref(), &mut told)?;
    drop(progress);
    // No checkpoint at all: that is no log but a wrong path.
    if report.checkpoint.is_none() && source.fetch("checkpoint")?.is_none() {
        return Err(format!("{}: there is no log: no checkpoint", args.log));
    }
    Ok(log_verdict(&report))
}

fn log_verdict(report: &Report) -> LogVerdict {
    let checkpoint = report.checkpoint.as_ref();
    LogVerdict {
        origin: checkpoint.map_or_else(String::new, |c| c.origin().to_owned()),
        size: checkpoint.map_or(0, |c| c.size().0),
        root: checkpoint.map_or_else(String::new, |c| c.root().to_string()),
        ok: report.ok(),
        signature_verified: report.signature_verified,
        finding: report.finding.as_ref().map(log_finding),
    }
}

fn log_finding(finding: &Finding) -> LogFinding {
    let (kind, path) = match finding {
        Finding::Checkpoint { .. } => ("checkpoint", Some("checkpoint".to_owned())),
        Finding::Entry { .. } => ("entry", None),
        Finding::Tile { path, .. } => ("tile", Some(path.clone())),
        Finding::Root { .. } => ("root", None),
    };
    let entries = finding.entries().filter(|entries| !entries.is_empty());
    LogFinding {
        kind,
        first: entries.as_ref().map(|entries| entries.start),
        last: entries.as_ref().map(|entries| entries.end - 1),
        path,
        text: finding.to_string(),
    }
}

fn verdict_on_receipt(args: &AuditReceipt) -> Result<ReceiptVerdict, String> {
    let key = verifier_key(&args.key)?;
    let policy = args.quorum.as_deref().map(policy).transpose()?;
    let at = |error: comity_tlog::Error| format!("{}: {error}", args.file.display());
    let receipt = Receipt::parse(&file(&args.file, RECEIPT_BYTES_MAX)?).map_err(at)?;
    let given = args.entry.as_deref().map(|path| file(path, ENTRY_BYTES_MAX)).transpose()?;
    let Some(entry) = given.as_deref().or(receipt.extra()) else {
        return Err(format!(
            "{}: it does not carry its entry; give the entry with --entry",
            args.file.display()
        ));
    };
    Ok(match receipt.verify(entry, &key, policy.as_ref()) {
        Ok(verified) => ReceiptVerdict {
            ok: true,
            index: verified.index.0,
            tree_size: verified.tree_size.0,
            grade: Some(verified.grade.to_string()),
            finding: None,
        },
        Err(error) => ReceiptVerdict {
            ok: false,
            index: receipt.index().0,
            tree_size: receipt.checkpoint().checkpoint().size().0,
            grade: None,
            finding: Some(error.to_string()),
        },
    })
}

fn verifier_key(vkey: &str) -> Result<VerifierKey, String> {
    vkey.trim().parse().map_err(|error| format!("--key: {error}"))
}

fn policy(path: &Path) -> Result<Policy, String> {
    Policy::parse(&file(path, POLICY_BYTES_MAX)?).map_err(|error| format!("{}: {error}", path.display()))
}

fn file(path: &Path, most: usize) -> Result<Vec<u8>, String> {
    files::read(path, most)
        .map_err(|error| error.to_string())?
        .ok_or_else(|| format!("{}: there is no such file", path.display()))
}

/// Where a log is read from.
enum Source {
    Directory(PathBuf),
    Web(http::Site),
}

impl Source {
    fn of(log: &str) -> Result<Self, String> {
        if log.starts_with("https://") {
            return Err(format!(
                "{log}: logs are read over http:// or from a directory: what is verified is the log, not the line; fetch it over https first"
            ));
        }
        if log.starts_with("http://") {
            return http::Site::new(log).map(Self::Web).map_err(|error| format!("{log}: {error}"));
        }
        let directory = PathBuf::from(log);
        if directory.is_dir() {
            Ok(Self::Directory(directory))
        } else {
            Err(format!("{log}: there is no such directory"))
        }
    }
}

impl TileSource for Source {
    type Error = String;

    fn fetch(&self, path: &str) -> Result<Option<Vec<u8>>, String> {
        match self {
            Self::Directory(directory) => {
                files::read(&directory.join(path), BUNDLE_BYTES_MAX).map_err(|error| error.to_string())
            }
            Self::Web(site) => site.fetch(path, BUNDLE_BYTES_MAX),
        }
    }
}

#[cfg(test)]
mod tests;
