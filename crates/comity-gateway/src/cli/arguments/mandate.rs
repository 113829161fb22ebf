//! `comity mandate`.

use super::DryRun;
use crate::cli::Place;
use clap::{Args, Subcommand};
use comity_terms::ids::MandateId;
use std::path::PathBuf;

/// With a file as it is given: one of the examples, which a test records.
const ADD: &str = concat!(
    "Example:\n  comity mandate add mandate.json --officer a.tamm --json\n\nThe file:\n",
    include_str!("../../../../../examples/mandates/incident-response.json")
);

/// `comity mandate`
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Mandate {
    /// Record a mandate that a parliament, a representative body or a statute gave.
    #[command(after_help = ADD)]
    Add(MandateAdd),
    /// End a mandate before its time.
    #[command(
        after_help = "Example:\n  comity mandate end 6f1c0a5e-3b52-4b0e-9d0a-0c6a3f1c2b7d --officer a.tamm"
    )]
    End(MandateEnd),
    /// Every mandate, those that have ended too.
    #[command(after_help = "Example:\n  comity mandate list --json")]
    List(Place),
}

/// `comity mandate add`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct MandateAdd {
    /// What it covers, as JSON.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Where.
    #[command(flatten)]
    pub place: Place,
    /// The officer who records it.
    #[arg(long, value_name = "N")]
    pub officer: String,
    /// Or only what would come of it.
    #[command(flatten)]
    pub dry: DryRun,
}

/// `comity mandate end`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct MandateEnd {
    /// Its id, as `comity mandate list` prints it.
    #[arg(value_name = "ID")]
    pub id: MandateId,
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

impl Mandate {
    /// Where.
    #[must_use]
    pub fn place(&self) -> &Place {
        match self {
            Self::Add(args) => &args.place,
            Self::End(args) => &args.place,
            Self::List(place) => place,
        }
    }
}
