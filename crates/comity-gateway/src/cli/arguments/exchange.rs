//! Sharing, and what an office says to it; what is done to data without sharing it.

use super::DryRun;
use crate::cli::Place;
use clap::Args;
use comity_exchange::federation::recall::RecallAction;
use comity_terms::ids::OrderId;
use comity_terms::{Activity, ExchangeId, FactKey, JurisdictionCode, Office, PackSlug, Purpose, ReasonCode};
use std::path::PathBuf;
use std::str::FromStr;

/// `comity share`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(
    after_help = "Example:\n  comity share report.json --officer a.tamm --under eu-nis2-2022-2555 --to FI \\\n    --activity threat_intel --purpose cyber_defence"
)]
pub struct Share {
    /// The bundle: STIX 2.1, JSON; `-` for standard input.
    pub file: PathBuf,
    /// Where.
    #[command(flatten)]
    pub place: Place,
    /// The officer who shares.
    #[arg(long, value_name = "N")]
    pub officer: String,
    /// The agreement.
    #[arg(long, value_name = "PACK")]
    pub under: PackSlug,
    /// The receiver.
    #[arg(long, value_name = "CODE")]
    pub to: JurisdictionCode,
    /// The agreed category of collaboration.
    #[arg(long)]
    pub activity: Activity,
    /// What the data is for.
    #[arg(long)]
    pub purpose: Purpose,
    /// A fact that the officer states, as KEY=VALUE; may be repeated.
    #[arg(long = "fact", value_name = "KEY=VALUE")]
    pub facts: Vec<GivenFact>,
    /// A fact that an office attests: a JSON file with value, issuer, document_digest and valid_until.
    #[arg(long = "attest", value_name = "KEY=FILE")]
    pub attestations: Vec<Attestation>,
    /// Or only what would come of it.
    #[command(flatten)]
    pub dry: DryRun,
}

/// `comity recall`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(
    after_help = "Examples:\n  comity recall 6f1c2f0e-7d7b-4a44-9b57-0a4f0a5f7a10 --officer a.tamm --ground sent_in_error\n  comity recall 6f1c2f0e-7d7b-4a44-9b57-0a4f0a5f7a10 --officer a.tamm --ground erasure_ordered --action erase --fact processing_unlawful=true\n  comity recall 6f1c2f0e-7d7b-4a44-9b57-0a4f0a5f7a10 --officer a.tamm --ground sent_in_error --action correct --by 0b0a8a5a-8d0e-4a51-9c36-0f5d54f6b1c4"
)]
pub struct Recall {
    /// The exchange: one that this gateway gave.
    pub exchange_id: ExchangeId,
    /// Where.
    #[command(flatten)]
    pub place: Place,
    /// The officer who orders it.
    #[arg(long, value_name = "N")]
    pub officer: String,
    /// Why: a reason of the vocabulary, as `sent_in_error`.
    #[arg(long, value_name = "REASON")]
    pub ground: ReasonCode,
    /// What is to become of it at every holder: recall, erase, correct (with --by), restrict (its use), lift (that).
    #[arg(long, default_value = "recall", value_name = "ACTION")]
    pub action: RecallAction,
    /// The exchange that has it right, for a correction: given to the same partner before.
    #[arg(long, value_name = "EXCHANGE_ID")]
    pub by: Option<ExchangeId>,
    /// A fact of the case that the officer states, as KEY=VALUE; may be repeated. That wrong data was sent, unless given.
    #[arg(long = "fact", value_name = "KEY=VALUE")]
    pub facts: Vec<GivenFact>,
    /// Or only what would come of it.
    #[command(flatten)]
    pub dry: DryRun,
}

/// `comity recalls`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = "Example:\n  comity recalls --dir /srv/comity --json")]
pub struct RecallList {
    /// Where.
    #[command(flatten)]
    pub place: Place,
    /// This order alone.
    #[arg(long, value_name = "ID")]
    pub order: Option<OrderId>,
}

/// `comity approve`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(
    after_help = "Examples:\n  comity approve 6f1c2f0e-7d7b-4a44-9b57-0a4f0a5f7a10 --officer k.lill --office designated_reviewer\n  comity approve 6f1c2f0e-7d7b-4a44-9b57-0a4f0a5f7a10 --officer k.lill --office designated_reviewer --refuse retention_over"
)]
pub struct Approve {
    /// The exchange that waits.
    pub exchange_id: ExchangeId,
    /// Where.
    #[command(flatten)]
    pub place: Place,
    /// The officer who acts for the office: by their role, or because it was lent to them.
    #[arg(long, value_name = "N")]
    pub officer: String,
    /// The office.
    #[arg(long, value_name = "OFFICE")]
    pub office: Office,
    /// What the office decided by, a JSON file with issuer, document_digest and valid_until: the approval holds no longer.
    #[arg(long = "attest", value_name = "FILE", conflicts_with = "refuse")]
    pub attestation: Option<PathBuf>,
    /// Refuse, for a reason of the vocabulary: the exchange ends.
    #[arg(long, value_name = "REASON")]
    pub refuse: Option<ReasonCode>,
    /// Or only what would come of it.
    #[command(flatten)]
    pub dry: DryRun,
}

/// `comity minimise`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(
    after_help = "Example:\n  comity minimise report.json --under eu-nis2-2022-2555 --from EE --to FI \\\n    --activity threat_intel --purpose cyber_defence --report left-out.json > minimised.json"
)]
pub struct Minimise {
    /// The bundle: STIX 2.1, JSON; `-` for standard input.
    pub file: PathBuf,
    /// The agreement: a shipped pack's name or a directory.
    #[arg(long, value_name = "PACK")]
    pub under: String,
    /// The sender.
    #[arg(long, value_name = "CODE")]
    pub from: JurisdictionCode,
    /// The receiver.
    #[arg(long, value_name = "CODE")]
    pub to: JurisdictionCode,
    /// The agreed category of collaboration.
    #[arg(long)]
    pub activity: Activity,
    /// What the data is for.
    #[arg(long)]
    pub purpose: Purpose,
    /// Where to write what was kept, changed and left out, and why.
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// A fact, as KEY=VALUE; may be repeated.
    #[arg(long = "fact", value_name = "KEY=VALUE")]
    pub facts: Vec<GivenFact>,
    /// Treat the agreement as in force.
    #[arg(long)]
    pub assume_in_force: bool,
    /// A warning list or a directory of them (JSON, as MISP publishes them), over the shipped ones, for the report.
    #[arg(long, value_name = "DIR")]
    pub warning_lists: Option<PathBuf>,
    /// The gateway whose pseudonyms to use; a fixed preview key, which protects nothing, unless given.
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// That gateway's keys; `DIR.keys` beside DIR unless given.
    #[arg(long, value_name = "PATH", requires = "dir")]
    pub keys: Option<PathBuf>,
}

/// `comity detect`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(
    after_help = "Example:\n  echo '{\"id\":1,\"text\":\"Contact: Anna Tamm, anna.tamm@example.ee\"}' | comity detect"
)]
pub struct Detect {
    /// The texts, one `{"id":…,"text":"…"}` a line; `-` for standard input.
    #[arg(default_value = "-")]
    pub file: PathBuf,
}

/// A fact as given on the command line; the vocabulary knows its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenFact {
    /// Its key.
    pub key: FactKey,
    /// Its value, as text.
    pub value: String,
}

/// A fact that an office attests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attestation {
    /// Its key.
    pub key: FactKey,
    /// The attestation.
    pub file: PathBuf,
}

impl FromStr for GivenFact {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (key, value) = keyed(text, "VALUE")?;
        Ok(Self { key, value: value.to_owned() })
    }
}

impl FromStr for Attestation {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (key, file) = keyed(text, "FILE")?;
        Ok(Self { key, file: file.into() })
    }
}

fn keyed<'a>(text: &'a str, what: &str) -> Result<(FactKey, &'a str), String> {
    let (key, value) = text.split_once('=').ok_or_else(|| format!("expected KEY={what}"))?;
    if value.is_empty() {
        return Err(format!("nothing stands after `{key}=`"));
    }
    Ok((FactKey::new(key).map_err(|error| error.to_string())?, value))
}
