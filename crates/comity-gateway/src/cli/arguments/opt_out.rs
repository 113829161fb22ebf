//! `comity subject opt-out`.

use super::DryRun;
use crate::cli::Place;
use clap::{Args, Subcommand};
use comity_terms::Timestamp;
use comity_terms::ids::OptOutId;
use std::path::PathBuf;

/// `comity subject opt-out`
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum OptOut {
    /// Opt out of preventive sharing of some categories of data. Without an officer it waits until one has seen who files it.
    #[command(
        after_help = "Examples:\n  comity subject opt-out file --identifiers mari.json --category health --until 2027-11-01T00:00:00Z --officer a.tamm --identity-seen --json\n  comity subject opt-out file --identifiers - --category health,religion --until 2027-11-01T00:00:00Z < mari.json\n\nThe file: {\"identifiers\":[{\"kind\":\"email\",\"value\":\"mari@example.ee\"},{\"kind\":\"name\",\"value\":\"Mari Kask\"}]}\nCategories: the list `sensitive_category` of the vocabulary."
    )]
    File(OptOutFile),
    /// Decide on an opt-out that waits: the person states once more what they are known by.
    #[command(
        after_help = "Example:\n  comity subject opt-out decide 6f1c0a5e-3b52-4b0e-9d0a-0c6a3f1c2b7d --identifiers mari.json --officer a.tamm --identity-seen"
    )]
    Decide(OptOutDecide),
    /// Where an opt-out stands, for whoever has its code: from standard input.
    #[command(
        after_help = "Example:\n  comity subject opt-out status 6f1c0a5e-3b52-4b0e-9d0a-0c6a3f1c2b7d --json < code.txt"
    )]
    Status(OptOutOf),
    /// Withdraw an opt-out, as whoever has its code: from standard input.
    #[command(
        after_help = "Example:\n  comity subject opt-out withdraw 6f1c0a5e-3b52-4b0e-9d0a-0c6a3f1c2b7d < code.txt"
    )]
    Withdraw(OptOutOf),
    /// Every opt-out that is kept: of what, until when; nothing of who filed it.
    #[command(after_help = "Example:\n  comity subject opt-out list --json")]
    List(Place),
}

/// `comity subject opt-out file`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct OptOutFile {
    /// Where.
    #[command(flatten)]
    pub place: Place,
    /// What the person is known by, as JSON; `-` for standard input. Never on the command line.
    #[arg(long, value_name = "FILE")]
    pub identifiers: PathBuf,
    /// The categories of data.
    #[arg(long = "category", value_name = "CATEGORY", required = true, value_delimiter = ',')]
    pub categories: Vec<String>,
    /// When it ends by itself, UTC.
    #[arg(long, value_name = "INSTANT")]
    pub until: Timestamp,
    /// The officer who decides on it at once; without one it waits.
    #[arg(long, value_name = "N")]
    pub officer: Option<String>,
    /// The officer has seen who files it: a passport, an identity card.
    #[arg(long, requires = "officer")]
    pub identity_seen: bool,
    /// Or only what would come of it.
    #[command(flatten)]
    pub dry: DryRun,
}

/// `comity subject opt-out decide`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct OptOutDecide {
    /// Its number.
    #[arg(value_name = "NUMBER")]
    pub number: OptOutId,
    /// Where.
    #[command(flatten)]
    pub place: Place,
    /// What the person is known by, as they filed it; `-` for standard input.
    #[arg(long, value_name = "FILE")]
    pub identifiers: PathBuf,
    /// The officer who decides.
    #[arg(long, value_name = "N")]
    pub officer: String,
    /// The officer has seen who filed it.
    #[arg(long)]
    pub identity_seen: bool,
    /// Or only what would come of it.
    #[command(flatten)]
    pub dry: DryRun,
}

/// `comity subject opt-out status`, `comity subject opt-out withdraw`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct OptOutOf {
    /// Its number.
    #[arg(value_name = "NUMBER")]
    pub number: OptOutId,
    /// Where.
    #[command(flatten)]
    pub place: Place,
}

impl OptOut {
    /// Where.
    #[must_use]
    pub fn place(&self) -> &Place {
        match self {
            Self::File(args) => &args.place,
            Self::Decide(args) => &args.place,
            Self::Status(args) | Self::Withdraw(args) => &args.place,
            Self::List(place) => place,
        }
    }

    /// Whether it reads standard input.
    #[must_use]
    pub fn reads_stdin(&self) -> bool {
        match self {
            Self::File(args) => args.identifiers.as_os_str() == "-",
            Self::Decide(args) => args.identifiers.as_os_str() == "-",
            Self::Status(_) | Self::Withdraw(_) => true,
            Self::List(_) => false,
        }
    }
}
