//! What outsiders check.

use super::AuditUses;
use crate::cli::Place;
use clap::{Args, Subcommand};
use comity_terms::ids::RequestId;
use std::path::PathBuf;

/// `comity audit`
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Audit {
    /// Verify a whole log: every entry and tile, the root, and the signatures.
    #[command(
        after_help = "Examples:\n  comity audit verify ./comity-data/log --key \"$(comity log key)\"\n  comity audit verify http://gateway.example/log --json"
    )]
    Verify(AuditVerify),
    /// Verify a receipt, offline.
    #[command(after_help = "Example:\n  comity audit receipt receipt.txt --key \"$(comity log key)\"")]
    Receipt(AuditReceipt),
    /// Make every recorded decision again, from its facts and the laws as they were signed, and compare.
    #[command(after_help = "Example:\n  comity audit replay --dir /srv/comity --json")]
    Replay(AuditReplay),
    /// What recorded decisions lay down: who owes what until when, and what the log shows to be done.
    #[command(after_help = "Example:\n  comity audit obligations --dir /srv/comity --json")]
    Obligations(Place),
    /// What persons asked and were told, for overseers: what was held, given and withheld, and by which rule.
    #[command(after_help = "Example:\n  comity audit requests --dir /srv/comity --json")]
    Requests(Place),
    /// By which rule, and when, each kind of data ends under the laws in force here, and everything that the gateway keeps itself;
    /// exits 1 when something has no rule.
    #[command(after_help = "Example:\n  comity audit deletion --dir /srv/comity --json")]
    Deletion(Place),
    /// How often what came or went by an exchange was used: here one by one, at the partner by its signed counts.
    #[command(
        after_help = "Example:\n  comity audit uses 6f1c2f0e-7d7b-4a44-9b57-0a4f0a5f7a10 --dir /srv/comity --json"
    )]
    Uses(AuditUses),
    /// What used records before they were put right for a person: decisions and what was made of them.
    #[command(
        after_help = "Example:\n  comity audit corrected 6f1c0a5e-3b52-4b0e-9d0a-0c6a3f1c2b7d --dir /srv/comity --json"
    )]
    Corrected(AuditCorrected),
}

/// `comity audit corrected`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct AuditCorrected {
    /// The number of the request that they were put right for.
    #[arg(value_name = "NUMBER")]
    pub number: RequestId,
    /// Where.
    #[command(flatten)]
    pub place: Place,
}

/// `comity audit replay`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct AuditReplay {
    /// Where.
    #[command(flatten)]
    pub place: Place,
    /// Put equal questions to the rules once: faster, and a lesser proof.
    #[arg(long)]
    pub memo: bool,
}

/// `comity audit verify`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct AuditVerify {
    /// The log: a directory or an http:// URL, in tlog-tiles layout.
    pub log: String,
    /// The key that must have signed it: a vkey. Without one the log is only checked against itself.
    #[arg(long, value_name = "VKEY")]
    pub key: Option<String>,
    /// Which witnesses must have cosigned: a C2SP tlog-policy.
    #[arg(long, value_name = "FILE")]
    pub quorum: Option<PathBuf>,
}

/// `comity audit receipt`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct AuditReceipt {
    /// The receipt: a C2SP tlog-proof.
    pub file: PathBuf,
    /// The key of the log: a vkey.
    #[arg(long, value_name = "VKEY")]
    pub key: String,
    /// The entry's bytes; those that the receipt carries unless given.
    #[arg(long, value_name = "FILE")]
    pub entry: Option<PathBuf>,
    /// Which witnesses must have cosigned for the grade `witnessed`: a C2SP tlog-policy.
    #[arg(long, value_name = "FILE")]
    pub quorum: Option<PathBuf>,
}
