//! Packs.

use super::GivenFact;
use crate::cli::Place;
use crate::cli::prove;
use clap::{Args, Subcommand};
use comity_agreement::draft::NewValue;
use comity_terms::{Action, JurisdictionCode};
use std::path::PathBuf;

/// `comity law`
#[derive(Debug, Clone, PartialEq, Subcommand)]
pub enum Law {
    /// Sign a pack's digest for this gateway's party; it binds once the partner has signed the same.
    #[command(after_help = "Example:\n  comity law adopt eu-nis2-2022-2555 --dir /srv/comity")]
    Adopt(LawAdopt),
    /// Ask the law about cases, one JSON object a line; absent facts count as not relevant.
    #[command(after_help = "Example:\n  comity law try cases.jsonl --json")]
    Try(LawTry),
    /// Check packs as strictly as a gateway loads them.
    #[command(
        after_help = "Examples:\n  comity law check\n  comity law check eu-nis2-2022-2555 ./my-pack --json"
    )]
    Check(LawCheck),
    /// Show a pack in words.
    #[command(after_help = "Example:\n  comity law show eu-nis2-2022-2555 --audience person")]
    Show(LawShow),
    /// Explain what the laws say to one question, with the articles.
    #[command(
        after_help = "Example:\n  comity law explain --under eu-nis2-2022-2555 --from EE --to FI --action share --fact tlp=amber"
    )]
    Explain(LawExplain),
    /// What changed between two packs, or what a figure would change: rules, sentences, cases that come out otherwise; with
    /// --dir also past exchanges.
    #[command(
        after_help = "Examples:\n  comity law diff eu-nis2-2022-2555 ./eu-nis2-2022-2555 --json\n  comity law diff eu-nis2-2022-2555 ./eu-nis2-2022-2555 --dir /srv/comity\n  comity law diff eu-nis2-2022-2555 --set 'retention_personal=90 days' --into ./draft"
    )]
    Diff(LawDiff),
    /// Prove that a law, as encoded, permits nothing that the floor of another pack forbids, or show the case.
    #[command(after_help = "Example:\n  comity law prove eu-nis2-2022-2555 --implies comity-baseline --json")]
    Prove(prove::Prove),
    /// Prove whether what one law permits the other does, each way.
    #[command(after_help = "Example:\n  comity law compare EE FI --json")]
    Compare(prove::Compare),
    /// Prove whether what one state lets go of its own data another would let go of its own.
    #[command(after_help = "Example:\n  comity law recognise EE FI --activity threat_intel")]
    Recognise(prove::Recognise),
    /// Find an exchange that an agreement and the laws of both parties permit, or prove that there is none.
    #[command(
        after_help = "Example:\n  comity law exchange --under eu-nis2-2022-2555 --from EE --to FI --action share"
    )]
    Exchange(prove::Exchange),
}

/// `comity law diff`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct LawDiff {
    /// The pack as it was: a shipped name or a directory.
    pub old: String,
    /// The pack as it would be; OLD with `--set` unless given.
    #[arg(required_unless_present = "set")]
    pub new: Option<String>,
    /// A parameter as it would be, in a draft that nobody has to write; may be repeated.
    #[arg(long, value_name = "PARAMETER=VALUE")]
    pub set: Vec<NewValue>,
    /// Where that draft is written, as a pack to read, prove and adopt: a folder that is not there yet.
    #[arg(long, value_name = "FOLDER", requires = "set")]
    pub into: Option<PathBuf>,
    /// Prove which way the change goes (needs `comity-prove` and cvc5).
    #[arg(long)]
    pub prove: bool,
    /// Where proofs are kept.
    #[command(flatten)]
    pub kept: prove::Kept,
    /// A gateway whose recorded decisions are made again under the new pack.
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// That gateway's keys; `DIR.keys` beside DIR unless given.
    #[arg(long, value_name = "PATH", requires = "dir")]
    pub keys: Option<PathBuf>,
}

/// `comity law adopt`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct LawAdopt {
    /// A shipped pack's name or a directory.
    pub pack: String,
    /// Where.
    #[command(flatten)]
    pub place: Place,
}

/// `comity law try`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct LawTry {
    /// The cases, JSON Lines; `-` for standard input.
    pub file: PathBuf,
    /// Agreements to use over the shipped ones.
    #[arg(long, value_name = "DIR")]
    pub agreements: Option<PathBuf>,
    /// Jurisdictions to use over the shipped ones.
    #[arg(long, value_name = "DIR")]
    pub jurisdictions: Option<PathBuf>,
}

/// `comity law check`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct LawCheck {
    /// Shipped packs or directories; every shipped pack unless given.
    #[arg(value_name = "PACK|DIR")]
    pub packs: Vec<String>,
    /// Prove too that no rule errs, that none is dead, and that each law is above every floor that it is held to (needs
    /// `comity-prove` and cvc5).
    #[arg(long)]
    pub prove: bool,
    /// Where proofs are kept.
    #[command(flatten)]
    pub kept: prove::Kept,
}

/// `comity law show`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct LawShow {
    /// A shipped pack's name or a directory.
    pub pack: String,
    /// For whom.
    #[arg(long, value_enum, default_value_t)]
    pub audience: Audience,
}

/// For whom a pack is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Audience {
    /// Anyone: short sentences.
    #[default]
    Person,
    /// A lawyer: every rule with its article and effect.
    Expert,
}

/// `comity law explain`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct LawExplain {
    /// A fact, as KEY=VALUE; may be repeated.
    #[arg(long = "fact", value_name = "KEY=VALUE")]
    pub facts: Vec<GivenFact>,
    /// The agreement: a shipped pack's name or a directory.
    #[arg(long, value_name = "PACK")]
    pub under: String,
    /// Where the data is.
    #[arg(long, value_name = "CODE")]
    pub from: JurisdictionCode,
    /// Who asks for it.
    #[arg(long, value_name = "CODE")]
    pub to: JurisdictionCode,
    /// The act that is asked about.
    #[arg(long, value_name = "A")]
    pub action: Action,
}
