//! The log, keys, copies and the vault.

use super::{DryRun, VaultApprove, VaultExport, VaultRead, VaultUnmask, VaultView};
use crate::cli::Place;
use clap::{Args, Subcommand};
use comity_terms::{ExchangeId, ReasonCode};
use std::path::PathBuf;

/// `comity log`
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Log {
    /// Print the key that verifies the log: a vkey.
    #[command(after_help = "Example:\n  comity log key --dir /srv/comity")]
    Key(Place),
    /// End the log and begin the one that succeeds it: after a database was restored.
    #[command(after_help = "Example:\n  comity log succeed --dir /srv/comity")]
    Succeed(Place),
    /// Print the receipt of an exchange: a C2SP tlog-proof, to be checked with `comity audit receipt`.
    #[command(
        after_help = "Example:\n  comity log receipt 6f1c2f0e-7d7b-4a44-9b57-0a4f0a5f7a10 > receipt.txt"
    )]
    Receipt(LogReceipt),
}

/// `comity log receipt`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct LogReceipt {
    /// The exchange.
    pub exchange_id: ExchangeId,
    /// Where.
    #[command(flatten)]
    pub place: Place,
}

/// `comity key`
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Key {
    /// List the keys in use, those that still count, and the partners that have not heard of them.
    #[command(after_help = "Example:\n  comity key list --json")]
    List(Place),
    /// Put a new key in the place of one: as planned, or because it is in other hands.
    #[command(
        after_help = "Examples:\n  comity key rotate party\n  comity key rotate certificate --compromised\n  comity key rotate officer --name a.tamm"
    )]
    Rotate(KeyRotate),
}

/// `comity key rotate`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct KeyRotate {
    /// Which key. `log`, `party`, `witness` and `certificate` while the gateway does not serve.
    #[arg(value_enum)]
    pub kind: KeyKind,
    /// Where.
    #[command(flatten)]
    pub place: Place,
    /// The officer whose key it is.
    #[arg(long, value_name = "N", required_if_eq("kind", "officer"))]
    pub name: Option<String>,
    /// The key in use is, or may be, in other hands: nothing that it signs counts any more.
    #[arg(long)]
    pub compromised: bool,
    /// Use an announced certificate though a partner has not heard of it.
    #[arg(long)]
    pub at_once: bool,
}

/// A key that can be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum KeyKind {
    /// Signs the log's checkpoints.
    Log,
    /// Opens what partners seal today.
    Transport,
    /// Signs laws, offers and answers.
    Party,
    /// Cosigns partners' logs.
    Witness,
    /// The federation certificate.
    Certificate,
    /// Signs an officer's orders.
    Officer,
}

/// `comity backup`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct Backup {
    /// Where.
    #[command(flatten)]
    pub place: Place,
    /// Where the copy goes; not there yet.
    #[arg(long, value_name = "PATH")]
    pub to: PathBuf,
}

/// `comity restore`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct Restore {
    /// The backup.
    #[arg(long, value_name = "PATH")]
    pub from: PathBuf,
    /// Where the gateway goes: not there yet, or empty. Its keys stay where they are.
    #[arg(long, env = "COMITY_DIR", default_value = "./comity-data", value_name = "DIR")]
    pub dir: PathBuf,
}

/// `comity vault`
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Vault {
    /// Show what is held, what is overdue, and which epoch keys wait for their destruction.
    #[command(after_help = "Example:\n  comity vault show --dir /srv/comity")]
    Show(Place),
    /// Erase what is due and destroy the keys of what was erased; `serve` does it by itself.
    #[command(after_help = "Example:\n  comity vault sweep --dir /srv/comity")]
    Sweep(VaultSweep),
    /// Erase what is held of an exchange before its time.
    #[command(
        after_help = "Example:\n  comity vault erase 6f1c2f0e-7d7b-4a44-9b57-0a4f0a5f7a10 --officer a.tamm --ground erasure_ordered"
    )]
    Erase(VaultErase),
    /// Look for records that were received: decided on by the laws as a use, recorded, and given as a bundle.
    #[command(
        after_help = "Example:\n  comity vault read --officer a.tamm --under eu-nis2-2022-2555 --from FI --activity threat_intel \\\n    --purpose cyber_defence --object indicator--0c7e22ad-b099-4dc3-b0df-2ea3f49ae2e6"
    )]
    Read(Box<VaultRead>),
    /// Take out all that was received from a partner, as a bundle: a use of each page of it.
    #[command(
        after_help = "Example:\n  comity vault export --officer a.tamm --under eu-nis2-2022-2555 --from FI --activity threat_intel \\\n    --purpose cyber_defence --type indicator --out indicators.json"
    )]
    Export(Box<VaultExport>),
    /// See who is behind a mask: with a purpose, and another officer who approves it.
    #[command(
        after_help = "Example:\n  comity vault unmask identity--0c7e22ad-b099-4dc3-b0df-2ea3f49ae2e6 --officer a.tamm --approval approval.json \\\n    --under eu-nis2-2022-2555 --from FI --activity incident_response --purpose incident_response"
    )]
    Unmask(Box<VaultUnmask>),
    /// Approve that another officer sees who is behind a mask: prints what they give with `--approval`.
    #[command(
        after_help = "Example:\n  comity vault approve identity--0c7e22ad-b099-4dc3-b0df-2ea3f49ae2e6 --officer k.lill --for a.tamm \\\n    --until 2027-01-31T18:00:00Z --under eu-nis2-2022-2555 --from FI --activity incident_response \\\n    --purpose incident_response > approval.json"
    )]
    Approve(Box<VaultApprove>),
    /// Look at records that stay with a partner: decided by the laws of both, seen once, and not kept here.
    #[command(
        after_help = "Example:\n  comity vault view --with XA --officer b.lind --under comity-open --activity threat_intel \\\n    --purpose cyber_defence --object user-account--0c7e22ad-b099-4dc3-b0df-2ea3f49ae2e6"
    )]
    View(Box<VaultView>),
    /// Look at whether what is held of an exchange is still needed; what is not is erased.
    #[command(
        after_help = "Example:\n  comity vault review 6f1c2f0e-7d7b-4a44-9b57-0a4f0a5f7a10 --officer a.tamm --outcome still_needed"
    )]
    Review(VaultReview),
}

/// `comity vault review`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct VaultReview {
    /// The exchange.
    pub exchange_id: ExchangeId,
    /// Where.
    #[command(flatten)]
    pub place: Place,
    /// The officer who looks.
    #[arg(long, value_name = "N")]
    pub officer: String,
    /// What it comes to.
    #[arg(long, value_enum)]
    pub outcome: ReviewOutcome,
    /// The reasons as they were written down; their digest is recorded.
    #[arg(long, value_name = "FILE")]
    pub reasons: Option<PathBuf>,
    /// Or only what would come of it.
    #[command(flatten)]
    pub dry: DryRun,
}

/// What a review comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum ReviewOutcome {
    /// They stay until their time.
    StillNeeded,
    /// They are erased now.
    NoLongerNeeded,
}

/// `comity vault sweep`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct VaultSweep {
    /// Where.
    #[command(flatten)]
    pub place: Place,
    /// Destroy keys now, rather than when the settings say.
    #[arg(long)]
    pub at_once: bool,
}

/// `comity vault erase`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct VaultErase {
    /// The exchange.
    pub exchange_id: ExchangeId,
    /// Where.
    #[command(flatten)]
    pub place: Place,
    /// The officer who orders it.
    #[arg(long, value_name = "N")]
    pub officer: String,
    /// Why: a reason of the vocabulary, as `erasure_ordered`.
    #[arg(long, value_name = "REASON")]
    pub ground: ReasonCode,
    /// Erase the facts behind the exchange's entries too; the entries stay.
    #[arg(long)]
    pub with_openings: bool,
    /// Or only what would come of it.
    #[command(flatten)]
    pub dry: DryRun,
}
