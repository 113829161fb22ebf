//! `comity subject`.

use super::{DryRun, GivenFact, OptOut};
use crate::cli::Place;
use clap::{Args, Subcommand};
use comity_exchange::subject::Kind;
use comity_notices::{Audience, Language};
use comity_terms::ReasonCode;
use comity_terms::ids::RequestId;
use std::path::PathBuf;

/// `comity subject`
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Subject {
    /// What a person asks.
    #[command(flatten)]
    Ask(SubjectAsk),
    /// What the person stated, for the officer who decides: that they read it is recorded.
    #[command(
        after_help = "Example:\n  comity subject show 6f1c0a5e-3b52-4b0e-9d0a-0c6a3f1c2b7d --officer a.tamm --json"
    )]
    Show(SubjectShow),
    /// Decide on a request that waits.
    #[command(
        after_help = "Example:\n  comity subject decide 6f1c0a5e-3b52-4b0e-9d0a-0c6a3f1c2b7d --officer a.tamm --identity-seen"
    )]
    Decide(SubjectDecide),
    /// Let what a request restricted be used again, here and at partners.
    #[command(
        after_help = "Example:\n  comity subject lift 6f1c0a5e-3b52-4b0e-9d0a-0c6a3f1c2b7d --officer a.tamm --ground restriction_ended --person-informed"
    )]
    Lift(SubjectLift),
    /// Where a request stands, for whoever has its code: from standard input.
    #[command(
        after_help = "Example:\n  comity subject status 6f1c0a5e-3b52-4b0e-9d0a-0c6a3f1c2b7d --json < code.txt"
    )]
    Status(SubjectStatus),
    /// Opt out of preventive sharing, by category of data; decide on it, withdraw it, see where it stands.
    #[command(subcommand)]
    OptOut(OptOut),
    /// The requests that wait, and by when each is to be answered.
    #[command(after_help = "Example:\n  comity subject list --all --json")]
    List(SubjectList),
}

/// What a person asks.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum SubjectAsk {
    /// Ask what is held about somebody.
    #[command(
        after_help = "Examples:\n  comity subject access --identifiers mari.json --officer a.tamm --identity-seen --json\n  comity subject access --identifiers - < mari.json\n\nThe file: {\"identifiers\":[{\"kind\":\"email\",\"value\":\"mari@example.ee\"},{\"kind\":\"name\",\"value\":\"Mari Kask\"}]}\nKinds: email, phone, account, national_id, name, pseudonym."
    )]
    Access(SubjectFile),
    /// Ask that data about somebody be put right.
    #[command(
        after_help = "Example:\n  comity subject correct --identifiers mari.json --officer a.tamm --identity-seen --fact inaccuracy_proven=true"
    )]
    Correct(SubjectFile),
    /// Ask that data about somebody be erased.
    #[command(
        after_help = "Example:\n  comity subject erase --identifiers mari.json --officer a.tamm --identity-seen --fact processing_unlawful=true"
    )]
    Erase(SubjectFile),
    /// Ask that data about somebody be kept and not used.
    #[command(
        after_help = "Example:\n  comity subject restrict --identifiers mari.json --officer a.tamm --identity-seen"
    )]
    Restrict(SubjectFile),
    /// Object to what is done with data about somebody.
    #[command(
        after_help = "Example:\n  comity subject object --identifiers mari.json --officer a.tamm --identity-seen"
    )]
    Object(SubjectFile),
    /// Ask for data about somebody in a form that others can read and check offline.
    #[command(
        after_help = "Example:\n  comity subject port --identifiers mari.json --officer a.tamm --identity-seen --json > mine.json"
    )]
    Port(SubjectFile),
    /// Complain about what was done with data about somebody.
    #[command(after_help = "Example:\n  comity subject complain --identifiers mari.json")]
    Complain(SubjectFile),
}

/// A request.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct SubjectFile {
    /// Where.
    #[command(flatten)]
    pub place: Place,
    /// What the person is known by, and what they say, as JSON; `-` for standard input. Never on the command line.
    #[arg(long, value_name = "FILE")]
    pub identifiers: PathBuf,
    /// The officer who decides on it at once; without one it waits.
    #[arg(long, value_name = "N")]
    pub officer: Option<String>,
    /// The officer has seen who asks: a passport, an identity card.
    #[arg(long, requires = "officer")]
    pub identity_seen: bool,
    /// A fact that the officer states, as KEY=VALUE; may be repeated.
    #[arg(long = "fact", value_name = "KEY=VALUE", requires = "officer")]
    pub facts: Vec<GivenFact>,
    /// Or only what would come of it.
    #[command(flatten)]
    pub dry: DryRun,
}

/// `comity subject decide`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct SubjectDecide {
    /// The request's number.
    #[arg(value_name = "NUMBER")]
    pub number: RequestId,
    /// Where.
    #[command(flatten)]
    pub place: Place,
    /// The officer who decides.
    #[arg(long, value_name = "N")]
    pub officer: String,
    /// The officer has seen who asks.
    #[arg(long)]
    pub identity_seen: bool,
    /// A fact that the officer states, as KEY=VALUE; may be repeated.
    #[arg(long = "fact", value_name = "KEY=VALUE")]
    pub facts: Vec<GivenFact>,
    /// Or only what would come of it.
    #[command(flatten)]
    pub dry: DryRun,
}

/// `comity subject show`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct SubjectShow {
    /// The request's number.
    #[arg(value_name = "NUMBER")]
    pub number: RequestId,
    /// Where.
    #[command(flatten)]
    pub place: Place,
    /// The officer who is to decide.
    #[arg(long, value_name = "N")]
    pub officer: String,
    /// Or only what would come of it.
    #[command(flatten)]
    pub dry: DryRun,
}

/// `comity subject lift`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct SubjectLift {
    /// The request's number.
    #[arg(value_name = "NUMBER")]
    pub number: RequestId,
    /// Where.
    #[command(flatten)]
    pub place: Place,
    /// The officer who orders it.
    #[arg(long, value_name = "N")]
    pub officer: String,
    /// Why, in the vocabulary's words.
    #[arg(long, value_name = "CODE", default_value = "restriction_ended")]
    pub ground: ReasonCode,
    /// The person was told before.
    #[arg(long)]
    pub person_informed: bool,
    /// Or only what would come of it.
    #[command(flatten)]
    pub dry: DryRun,
}

/// `comity subject status`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct SubjectStatus {
    /// The request's number.
    #[arg(value_name = "NUMBER")]
    pub number: RequestId,
    /// Where.
    #[command(flatten)]
    pub place: Place,
    /// The answer in words, for whom: person, child, expert, journalist, partner.
    #[arg(long)]
    pub audience: Option<Audience>,
    /// The answer in words, in which language: en, fr, de, et.
    #[arg(long)]
    pub language: Option<Language>,
}

/// `comity subject list`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct SubjectList {
    /// Where.
    #[command(flatten)]
    pub place: Place,
    /// Those that were answered too.
    #[arg(long)]
    pub all: bool,
    /// How many to leave out, in the order of filing.
    #[arg(long, default_value_t = 0)]
    pub after: usize,
    /// How many at most; all unless given.
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
}

impl SubjectAsk {
    /// What is asked, and what it is asked with.
    #[must_use]
    pub fn parts(&self) -> (Kind, &SubjectFile) {
        match self {
            Self::Access(args) => (Kind::Access, args),
            Self::Correct(args) => (Kind::Correct, args),
            Self::Erase(args) => (Kind::Erase, args),
            Self::Restrict(args) => (Kind::Restrict, args),
            Self::Object(args) => (Kind::Object, args),
            Self::Port(args) => (Kind::Port, args),
            Self::Complain(args) => (Kind::Complain, args),
        }
    }
}

impl Subject {
    /// Where.
    #[must_use]
    pub fn place(&self) -> &Place {
        match self {
            Self::Ask(ask) => &ask.parts().1.place,
            Self::Show(args) => &args.place,
            Self::Lift(args) => &args.place,
            Self::Decide(args) => &args.place,
            Self::Status(args) => &args.place,
            Self::List(args) => &args.place,
            Self::OptOut(command) => command.place(),
        }
    }

    /// Whether it reads standard input.
    #[must_use]
    pub fn reads_stdin(&self) -> bool {
        match self {
            Self::Ask(ask) => ask.parts().1.identifiers.as_os_str() == "-",
            Self::Status(_) => true,
            Self::OptOut(command) => command.reads_stdin(),
            Self::Show(_) | Self::Lift(_) | Self::Decide(_) | Self::List(_) => false,
        }
    }
}
