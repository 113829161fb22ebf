//! Collections: standing requests that tools write and read by.

use crate::cli::{DryRun, GivenFact, Place};
use clap::{Args, Subcommand};
use comity_terms::ids::CollectionId;
use comity_terms::{Activity, JurisdictionCode, Office, PackSlug, Purpose, Timestamp};
use jiff::civil::Date;
use std::path::PathBuf;

/// `comity taxii`
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Taxii {
    /// The collections that stand now.
    #[command(after_help = "Example:\n  comity taxii collections --dir /srv/comity --json")]
    Collections(Place),
    /// Make a collection: a standing request under an agreement, with its facts and its end.
    #[command(
        after_help = "Example:\n  comity taxii add --title 'Indicators to Finland' --under eu-nis2-2022-2555 --partner FI \\\n    --activity threat_intel --purpose cyber_defence --officer a.tamm --until 2027-06-30"
    )]
    Add(Box<TaxiiAdd>),
    /// End a collection: nothing is written or read by it any more.
    #[command(
        after_help = "Example:\n  comity taxii end 6f1c2f0e-7d7b-4a44-9b57-0a4f0a5f7a10 --officer a.tamm"
    )]
    End(TaxiiEnd),
    /// Add a bundle to a collection that is kept here as if it had been added earlier: for tests of readers only.
    #[command(
        after_help = "Example, where settings.toml says `test_imports = true`:\n  comity taxii import feed.json --collection 6f1c2f0e-7d7b-4a44-9b57-0a4f0a5f7a10 --officer a.tamm \\\n    --added-from 2026-01-01T00:00:00Z"
    )]
    Import(TaxiiImport),
}

/// `comity taxii import`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct TaxiiImport {
    /// The bundle: STIX 2.1, JSON.
    pub file: PathBuf,
    /// Where.
    #[command(flatten)]
    pub place: Place,
    /// The collection.
    #[arg(long, value_name = "ID")]
    pub collection: CollectionId,
    /// The officer whose order it is.
    #[arg(long, value_name = "N")]
    pub officer: String,
    /// When the first object is said to be added; each further one a microsecond later.
    #[arg(long, value_name = "INSTANT")]
    pub added_from: Timestamp,
    /// Or only what would come of it.
    #[command(flatten)]
    pub dry: DryRun,
}

/// `comity taxii add`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct TaxiiAdd {
    /// Where.
    #[command(flatten)]
    pub place: Place,
    /// What it is called.
    #[arg(long)]
    pub title: String,
    /// What it is for, in words for people.
    #[arg(long, value_name = "TEXT")]
    pub description: Option<String>,
    /// The agreement.
    #[arg(long, value_name = "PACK")]
    pub under: PackSlug,
    /// Whom it is with: what is written goes there, what is read came from there. This gateway's own party: it is kept
    /// here.
    #[arg(long, value_name = "CODE")]
    pub partner: JurisdictionCode,
    /// The agreed category of collaboration.
    #[arg(long)]
    pub activity: Activity,
    /// What the data is for.
    #[arg(long)]
    pub purpose: Purpose,
    /// The officer who asks, and signs the facts.
    #[arg(long, value_name = "N")]
    pub officer: String,
    /// A fact that holds for everything that goes through it, as KEY=VALUE; may be repeated.
    #[arg(long = "fact", value_name = "KEY=VALUE")]
    pub facts: Vec<GivenFact>,
    /// The last day, UTC.
    #[arg(long, value_name = "DATE")]
    pub until: Option<Date>,
    /// The office that looks at it again.
    #[arg(long, value_name = "OFFICE")]
    pub reviewer: Option<Office>,
    /// Tools may only read it.
    #[arg(long, conflicts_with = "write_only")]
    pub read_only: bool,
    /// Tools may only write to it.
    #[arg(long)]
    pub write_only: bool,
    /// Or only what would come of it.
    #[command(flatten)]
    pub dry: DryRun,
}

/// `comity taxii end`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct TaxiiEnd {
    /// The collection.
    pub id: CollectionId,
    /// Where.
    #[command(flatten)]
    pub place: Place,
    /// The officer who ends it.
    #[arg(long, value_name = "N")]
    pub officer: String,
    /// Or only what would come of it.
    #[command(flatten)]
    pub dry: DryRun,
}
