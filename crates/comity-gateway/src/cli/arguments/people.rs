//! Officers and partners.

use super::DryRun;
use crate::cli::Place;
use clap::{Args, Subcommand};
use comity_terms::{JurisdictionCode, ReasonCode, Timestamp};
use jiff::civil::Date;
use std::path::PathBuf;

/// `comity officer`
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Officer {
    /// Make an officer known; the password comes on standard input.
    #[command(
        after_help = "Example:\n  comity officer add --name a.tamm --role analyst --training-until 2027-06-30 --password-stdin < password"
    )]
    Add(OfficerAdd),
    /// End an officer's key: from now on they order nothing.
    #[command(after_help = "Example:\n  comity officer revoke --name a.tamm")]
    Revoke(OfficerRevoke),
    /// Lend an officer's office to another officer, until an instant.
    #[command(
        after_help = "Example:\n  comity officer delegate --name k.lill --to m.saar --until 2026-12-24T12:00:00Z"
    )]
    Delegate(OfficerDelegate),
}

/// `comity officer delegate`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct OfficerDelegate {
    /// Where.
    #[command(flatten)]
    pub place: Place,
    /// The officer whose office it is.
    #[arg(long, value_name = "N")]
    pub name: String,
    /// The officer who acts in it meanwhile.
    #[arg(long, value_name = "N")]
    pub to: String,
    /// The last instant at which they may.
    #[arg(long, value_name = "INSTANT")]
    pub until: Timestamp,
}

/// `comity officer revoke`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct OfficerRevoke {
    /// Where.
    #[command(flatten)]
    pub place: Place,
    /// The officer.
    #[arg(long, value_name = "N")]
    pub name: String,
}

/// `comity officer add`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct OfficerAdd {
    /// Where.
    #[command(flatten)]
    pub place: Place,
    /// The name that commands are given under.
    #[arg(long, value_name = "N")]
    pub name: String,
    /// The role: the name of an office, as `legal_officer`, for one who acts for it; any other word for one who acts for none.
    #[arg(long)]
    pub role: String,
    /// The unit that they serve in; where a pack asks for somebody of another unit, one that is not known is none.
    #[arg(long)]
    pub unit: Option<String>,
    /// The last day on which the training is valid.
    #[arg(long, value_name = "DATE", value_parser = date)]
    pub training_until: Date,
    /// Read the password from standard input: the only way to give one.
    #[arg(long, required = true)]
    pub password_stdin: bool,
}

/// `comity token`
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Token {
    /// Give an officer a token; it is printed once and kept nowhere.
    #[command(
        after_help = "Example:\n  comity token add --officer a.tamm --until 2027-06-30 --title \"MISP feed\""
    )]
    Add(TokenAdd),
    /// The tokens: whose, for what, until when; those that have ended too.
    #[command(after_help = "Example:\n  comity token list --json")]
    List(Place),
    /// End a token, from now on.
    #[command(after_help = "Example:\n  comity token end 0123456789abcdef")]
    End(TokenEnd),
}

/// `comity token add`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct TokenAdd {
    /// Where.
    #[command(flatten)]
    pub place: Place,
    /// The officer whom it stands for.
    #[arg(long, value_name = "N")]
    pub officer: String,
    /// The last day on which it counts; until it is ended unless given.
    #[arg(long, value_name = "DATE", value_parser = date)]
    pub until: Option<Date>,
    /// What it is for.
    #[arg(long, value_name = "T", default_value = "")]
    pub title: String,
}

/// `comity token end`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct TokenEnd {
    /// Where.
    #[command(flatten)]
    pub place: Place,
    /// Its id, as `comity token list` prints it.
    #[arg(value_name = "ID")]
    pub id: String,
}

/// `comity peer`
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Peer {
    /// Make a partner gateway known by its identity file; the law signatures in it travel along.
    #[command(
        after_help = "Example:\n  comity peer add --jurisdiction FI --url https://gateway.example:8443 --identity fi.json"
    )]
    Add(PeerAdd),
    /// Remove a partner: nothing flows to it any more, and whoever has data from here is told not to pass it on to it.
    #[command(
        after_help = "Example:\n  comity peer remove FI --reason instrument_suspended --officer a.tamm\n\nOrders to erase or restrict what it holds still go to it, and its answers and its own orders still come in. It is a partner\nagain by `comity peer add --officer`."
    )]
    Remove(PeerRemove),
    /// The partners; which of them are removed, since when and why.
    #[command(after_help = "Example:\n  comity peer list --json")]
    List(Place),
}

impl Peer {
    /// The gateway that it is about.
    #[must_use]
    pub fn place(&self) -> &Place {
        match self {
            Self::Add(args) => &args.place,
            Self::Remove(args) => &args.place,
            Self::List(place) => place,
        }
    }
}

/// `comity peer add`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct PeerAdd {
    /// Where.
    #[command(flatten)]
    pub place: Place,
    /// The party that it must speak for.
    #[arg(long, value_name = "CODE")]
    pub jurisdiction: JurisdictionCode,
    /// Its federation listener: https://host:port.
    #[arg(long)]
    pub url: String,
    /// The identity file that its operator gave.
    #[arg(long, value_name = "FILE")]
    pub identity: PathBuf,
    /// The officer who signs that it is a partner again, where it was removed.
    #[arg(long, value_name = "N")]
    pub officer: Option<String>,
}

/// `comity peer remove`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct PeerRemove {
    /// The party.
    #[arg(value_name = "NAME")]
    pub jurisdiction: JurisdictionCode,
    /// Where.
    #[command(flatten)]
    pub place: Place,
    /// Why, in the vocabulary's words, as `instrument_suspended`.
    #[arg(long, value_name = "REASON")]
    pub reason: ReasonCode,
    /// The officer who orders it.
    #[arg(long, value_name = "N")]
    pub officer: String,
    /// Or only what would come of it.
    #[command(flatten)]
    pub dry: DryRun,
}

fn date(text: &str) -> Result<Date, String> {
    text.parse().ok().filter(|_| text.len() == 10).ok_or_else(|| "expected a date as 2027-06-30".to_owned())
}
