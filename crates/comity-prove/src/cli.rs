//! The command line, as data.

use clap::{Args, Parser, Subcommand};
use comity_terms::{Action, Activity, JurisdictionCode};
use std::path::PathBuf;

/// Theorems about packs, proved with cvc5: of the laws as they are encoded, over every question that can be asked.
#[derive(Debug, Parser)]
#[command(name = "comity-prove", version)]
pub(crate) struct Cli {
    /// JSON on standard output.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Where proofs are kept; `$XDG_CACHE_HOME/comity/proofs` unless given.
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) cache: Option<PathBuf>,
    /// Prove everything anew and keep nothing.
    #[arg(long, global = true, conflicts_with = "cache")]
    pub(crate) no_cache: bool,
    /// What to prove.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to prove.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// No rule of a law errs, and it permits nothing that the floor of another forbids.
    #[command(
        after_help = "Examples:\n  comity-prove prove eu-nis2-2022-2555 --implies comity-baseline --json\n  comity-prove prove EE --implies coe-cets224"
    )]
    Prove(Prove),
    /// Whether what one law permits the other does, each way.
    #[command(after_help = "Example:\n  comity-prove compare EE FI --json")]
    Compare(Two),
    /// Which way a new version of a pack goes: it tightens, loosens, does both or neither.
    #[command(after_help = "Example:\n  comity-prove amend eu-nis2-2022-2555 ./eu-nis2-2022-2555 --json")]
    Amend(Two),
    /// Whether what one state lets go of its own data another would let go of its own, for one kind of cooperation.
    #[command(after_help = "Example:\n  comity-prove recognise EE FI --activity threat_intel")]
    Recognise(Recognise),
    /// Whether there is an exchange between two parties that an agreement and both their laws permit.
    #[command(
        after_help = "Example:\n  comity-prove exchange --under eu-nis2-2022-2555 --from EE --to FI --action share"
    )]
    Exchange(Exchange),
    /// Whether packs are admitted: no rule errs, none is dead, each is above every floor that it is held to.
    #[command(after_help = "Example:\n  comity-prove check EE eu-nis2-2022-2555 --json")]
    Check(Check),
    /// Change laws one thing at a time, and tell who notices: the loader, a worked case or a proof.
    #[command(
        after_help = "Example:\n  comity-prove mutants eu-nis2-2022-2555 --seed 7 --per-pack 100 --json"
    )]
    Mutants(Mutants),
}

/// `prove`
#[derive(Debug, Args)]
pub(crate) struct Prove {
    /// The law: a shipped pack's name or a directory.
    pub(crate) pack: String,
    /// The pack whose floor it is held to.
    #[arg(long, value_name = "FLOOR")]
    pub(crate) implies: String,
}

/// Two packs.
#[derive(Debug, Args)]
pub(crate) struct Two {
    /// The first: a shipped pack's name or a directory.
    pub(crate) a: String,
    /// The second.
    pub(crate) b: String,
}

/// `recognise`
#[derive(Debug, Args)]
pub(crate) struct Recognise {
    /// One state's law.
    pub(crate) a: String,
    /// The other's.
    pub(crate) b: String,
    /// The kind of cooperation.
    #[arg(long, value_name = "A")]
    pub(crate) activity: Activity,
}

/// `exchange`
#[derive(Debug, Args)]
pub(crate) struct Exchange {
    /// The agreement: a shipped pack's name or a directory.
    #[arg(long, value_name = "PACK")]
    pub(crate) under: String,
    /// Where the data is.
    #[arg(long, value_name = "CODE")]
    pub(crate) from: JurisdictionCode,
    /// Who gets it.
    #[arg(long, value_name = "CODE")]
    pub(crate) to: JurisdictionCode,
    /// The act; those by which data is handed over, unless given.
    #[arg(long, value_name = "A")]
    pub(crate) action: Option<Action>,
    /// The kind of cooperation; any, unless given.
    #[arg(long, value_name = "A")]
    pub(crate) activity: Option<Activity>,
}

/// `check`
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// Shipped packs or directories; every shipped pack unless given.
    #[arg(value_name = "PACK|DIR")]
    pub(crate) packs: Vec<String>,
}

/// `mutants`
#[derive(Debug, Args)]
pub(crate) struct Mutants {
    /// Shipped packs or directories; every shipped pack unless given.
    #[arg(value_name = "PACK|DIR")]
    pub(crate) packs: Vec<String>,
    /// Which mutants are taken.
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(crate) seed: u64,
    /// How many of each pack; 0: all of them.
    #[arg(long, default_value_t = 60, value_name = "N")]
    pub(crate) per_pack: usize,
    /// Where to write, by pack, the worked cases that would notice what nobody did: for a person to read.
    #[arg(long, value_name = "DIR")]
    pub(crate) cases: Option<std::path::PathBuf>,
}
