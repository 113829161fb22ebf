//! Holds: what is kept from erasure for a time.

use super::{Attestation, DryRun, GivenFact};
use crate::cli::Place;
use clap::{Args, Subcommand};
use comity_terms::ids::HoldId;
use comity_terms::{ExchangeId, Timestamp};
use std::path::PathBuf;

/// `comity hold`
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Hold {
    /// Hold records from erasure until an instant, on a listed ground; refused where no law lets it be held so long.
    #[command(
        after_help = "Example:\n  comity hold place 6f1c2f0e-7d7b-4a44-9b57-0a4f0a5f7a10 --officer a.tamm --ground legal_claim \\\n    --until 2027-06-01T00:00:00Z --reasons claim.pdf"
    )]
    Place(HoldPlace),
    /// Let records go before their hold ends.
    #[command(
        after_help = "Example:\n  comity hold lift 0b0a8a5a-8d0e-4a51-9c36-0f5d54f6b1c4 --officer a.tamm --reasons settled.pdf"
    )]
    Lift(HoldLift),
    /// What is held, since when, until when, why, and by which rule; what was held before too.
    #[command(after_help = "Example:\n  comity hold list --json")]
    List(Place),
}

impl Hold {
    /// The gateway that it is about.
    #[must_use]
    pub fn place(&self) -> &Place {
        match self {
            Self::Place(args) => &args.place,
            Self::Lift(args) => &args.place,
            Self::List(place) => place,
        }
    }
}

/// `comity hold place`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct HoldPlace {
    /// The exchange by which the records came.
    pub exchange_id: ExchangeId,
    /// Where.
    #[command(flatten)]
    pub place: Place,
    /// The officer who orders it.
    #[arg(long, value_name = "N")]
    pub officer: String,
    /// Why: a word of the vocabulary's list `hold_ground`, as `legal_claim` or `court_order`.
    #[arg(long, value_name = "GROUND")]
    pub ground: String,
    /// Until when, UTC: it ends by itself then.
    #[arg(long, value_name = "TIME")]
    pub until: Timestamp,
    /// The reasons as they were written down; their digest is recorded.
    #[arg(long, value_name = "FILE")]
    pub reasons: Option<PathBuf>,
    /// One object alone, by its STIX id; all that came by the exchange unless given.
    #[arg(long, value_name = "ID")]
    pub object: Option<String>,
    /// A fact of the case that the officer states, as KEY=VALUE; may be repeated.
    #[arg(long = "fact", value_name = "KEY=VALUE")]
    pub facts: Vec<GivenFact>,
    /// Or only what would come of it.
    #[command(flatten)]
    pub dry: DryRun,
}

/// `comity hold lift`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct HoldLift {
    /// The hold.
    pub hold_id: HoldId,
    /// Where.
    #[command(flatten)]
    pub place: Place,
    /// The officer who orders it.
    #[arg(long, value_name = "N")]
    pub officer: String,
    /// The reasons as they were written down; their digest is recorded.
    #[arg(long, value_name = "FILE")]
    pub reasons: Option<PathBuf>,
    /// A fact of the case that the officer states, as KEY=VALUE; may be repeated.
    #[arg(long = "fact", value_name = "KEY=VALUE")]
    pub facts: Vec<GivenFact>,
    /// A fact that an office attests, as a court's authorisation: a JSON file with value, issuer, document_digest and
    /// valid_until.
    #[arg(long = "attest", value_name = "KEY=FILE")]
    pub attestations: Vec<Attestation>,
    /// Or only what would come of it.
    #[command(flatten)]
    pub dry: DryRun,
}
