//! Reading what was received: by a query, all there is, or behind a mask.

use super::{Attestation, DryRun, GivenFact};
use crate::cli::Place;
use clap::Args;
use comity_terms::{Activity, ExchangeId, JurisdictionCode, PackSlug, Purpose, Timestamp};
use std::path::PathBuf;

/// What every use says: by whom, of what, what for.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct UseOf {
    /// Where.
    #[command(flatten)]
    pub place: Place,
    /// The officer who reads.
    #[arg(long, value_name = "N")]
    pub officer: String,
    /// The agreement that it came under.
    #[arg(long, value_name = "PACK")]
    pub under: PackSlug,
    /// Whom it came from.
    #[arg(long, value_name = "CODE")]
    pub from: JurisdictionCode,
    /// The activity that it is used in.
    #[arg(long)]
    pub activity: Activity,
    /// What it is used for.
    #[arg(long)]
    pub purpose: Purpose,
    /// The activity that it came in, where that is another.
    #[arg(long, value_name = "ACTIVITY")]
    pub came_in: Option<Activity>,
    /// What it came for, where that is another purpose.
    #[arg(long, value_name = "PURPOSE")]
    pub came_for: Option<Purpose>,
    /// A fact that the officer states, as KEY=VALUE; may be repeated.
    #[arg(long = "fact", value_name = "KEY=VALUE")]
    pub facts: Vec<GivenFact>,
    /// A fact that an office attests: a JSON file with value, issuer, document_digest and valid_until.
    #[arg(long = "attest", value_name = "KEY=FILE")]
    pub attestations: Vec<Attestation>,
}

/// `comity vault read`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct VaultRead {
    /// Who reads what, what for.
    #[command(flatten)]
    pub of: UseOf,
    /// An object, by its STIX id; may be repeated.
    #[arg(long = "object", value_name = "ID", conflicts_with_all = ["person", "types"])]
    pub objects: Vec<String>,
    /// Whatever is about a person: a JSON file with identifiers, each with kind and value.
    #[arg(long, value_name = "FILE", conflicts_with = "types")]
    pub person: Option<PathBuf>,
    /// Objects of a STIX type; may be repeated. Of every type where nothing is named.
    #[arg(long = "type", value_name = "TYPE")]
    pub types: Vec<String>,
    /// Or only what would come of it.
    #[command(flatten)]
    pub dry: DryRun,
}

/// `comity vault export`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct VaultExport {
    /// Who reads what, what for.
    #[command(flatten)]
    pub of: UseOf,
    /// Where the bundle goes; not there yet.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Objects of a STIX type; may be repeated. Of every type where none is named.
    #[arg(long = "type", value_name = "TYPE")]
    pub types: Vec<String>,
    /// Or only what would come of it.
    #[command(flatten)]
    pub dry: DryRun,
}

/// `comity vault unmask`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct VaultUnmask {
    /// The object, by its STIX id; may be several.
    #[arg(required = true)]
    pub objects: Vec<String>,
    /// Who reads what, what for.
    #[command(flatten)]
    pub of: UseOf,
    /// What another officer approved: the file that `comity vault approve` gave.
    #[arg(long, value_name = "FILE")]
    pub approval: Option<PathBuf>,
    /// Or only what would come of it.
    #[command(flatten)]
    pub dry: DryRun,
}

/// `comity vault approve`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct VaultApprove {
    /// The object, by its STIX id; may be several.
    #[arg(required = true)]
    pub objects: Vec<String>,
    /// Who approves, and for which use.
    #[command(flatten)]
    pub of: UseOf,
    /// The officer who is to see it.
    #[arg(long = "for", value_name = "M")]
    pub reader: String,
    /// Until when it may be used, UTC.
    #[arg(long, value_name = "INSTANT")]
    pub until: Timestamp,
}

/// `comity vault view`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct VaultView {
    /// Where.
    #[command(flatten)]
    pub place: Place,
    /// Where the records lie.
    #[arg(long, value_name = "CODE")]
    pub with: JurisdictionCode,
    /// The officer who looks.
    #[arg(long, value_name = "N")]
    pub officer: String,
    /// The agreement.
    #[arg(long, value_name = "PACK")]
    pub under: PackSlug,
    /// The agreed category of collaboration, in which they are kept there.
    #[arg(long)]
    pub activity: Activity,
    /// What it is for, as they are kept there for.
    #[arg(long)]
    pub purpose: Purpose,
    /// An object, by its STIX id; may be repeated.
    #[arg(long = "object", value_name = "ID", conflicts_with = "person", required_unless_present = "person")]
    pub objects: Vec<String>,
    /// Whatever is about a person: a JSON file with identifiers, each with kind and value.
    #[arg(long, value_name = "FILE")]
    pub person: Option<PathBuf>,
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

/// `comity audit uses`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct AuditUses {
    /// The exchange.
    pub exchange_id: ExchangeId,
    /// Where.
    #[command(flatten)]
    pub place: Place,
}
