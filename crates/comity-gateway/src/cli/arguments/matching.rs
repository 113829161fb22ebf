//! Asking whether a partner holds values.

use super::{DryRun, GivenFact};
use crate::cli::Place;
use clap::Args;
use comity_terms::{Activity, JurisdictionCode, PackSlug, Purpose};
use std::path::PathBuf;

/// `comity match`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(
    after_help = "Example:\n  comity match indicators.txt --with EE --officer m.virtanen --under eu-nis2-2022-2555 \\\n    --activity threat_intel --purpose cyber_defence"
)]
pub struct Match {
    /// What to look for: STIX 2.1 (JSON), or a value a line; `-` for standard input.
    pub file: PathBuf,
    /// Where.
    #[command(flatten)]
    pub place: Place,
    /// Whose set is asked about.
    #[arg(long, value_name = "CODE")]
    pub with: JurisdictionCode,
    /// The officer who asks.
    #[arg(long, value_name = "N")]
    pub officer: String,
    /// The agreement.
    #[arg(long, value_name = "PACK")]
    pub under: PackSlug,
    /// The agreed category of collaboration.
    #[arg(long)]
    pub activity: Activity,
    /// What it is for.
    #[arg(long)]
    pub purpose: Purpose,
    /// A fact that the officer states, as KEY=VALUE; may be repeated.
    #[arg(long = "fact", value_name = "KEY=VALUE")]
    pub facts: Vec<GivenFact>,
    /// Or only what would come of it.
    #[command(flatten)]
    pub dry: DryRun,
}
