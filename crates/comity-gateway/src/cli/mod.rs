//! The command line: every command, flag and default, as clap reads them. What a command does lies in its own
//! module, and what most of them take in `arguments/`.
//!
//! Exit statuses: 0 done; 1 refused, escalated, partly delivered or a failed check; 2 bad usage or bad input; 3 a
//! gateway that stopped by itself.

pub mod approve;
mod arguments;
pub mod audit;
pub mod convert;
pub mod demo;
pub mod detect;
pub mod doctor;
mod dry;
mod hold;
pub mod keep;
pub mod key;
pub mod law;
mod mandate;
pub mod manual;
mod matching;
pub mod minimise;
mod notice;
pub mod office;
mod opt_out;
pub mod out;
mod peer;
pub mod print;
mod progress;
pub mod prove;
pub mod recall;
pub mod record;
pub mod run;
pub mod serve;
mod subject;
pub mod taxii;
mod token;
pub mod typo;
mod uses;
pub mod vault;
mod views;
mod webhook;

pub use arguments::*;

use clap::{Args, Parser, Subcommand};
use comity_store::ServerUrl;
use comity_terms::{Activity, JurisdictionCode, Purpose};
use std::net::SocketAddr;
use std::path::PathBuf;

/// The gateway at the border: cyber-threat data leaves only as agreement and law allow, with proof of it.
#[derive(Debug, Clone, PartialEq, Parser)]
#[command(name = "comity", version, arg_required_else_help = true, after_help = EXAMPLES)]
pub struct Cli {
    /// Print JSON on standard output; progress and logs stay on standard error.
    #[arg(long, global = true)]
    pub json: bool,
    /// Write logs as JSON even on a terminal.
    #[arg(long, global = true)]
    pub log_json: bool,
    /// How much is logged: error, warn, info, debug, or by part: warn,comity_gateway=debug.
    #[arg(
        long,
        global = true,
        env = "COMITY_LOG",
        default_value = "warn,comity_gateway=info",
        value_name = "LEVELS"
    )]
    pub log_level: String,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Subcommand)]
pub enum Command {
    /// Show an exchange between two new gateways on this machine, and verify it from outside.
    Demo(Demo),
    /// Make the data directory and the keys of a gateway.
    Init(Init),
    /// Run the gateway until SIGTERM; exits 3 when its database takes nothing any more.
    Serve(Serve),
    /// The officers who may share.
    #[command(subcommand)]
    Officer(Officer),
    /// The tokens that officers' tools sign in with.
    #[command(subcommand)]
    Token(Token),
    /// The endpoints that are told of acts as they are recorded.
    #[command(subcommand)]
    Webhook(Webhook),
    /// Print the identity file to give to a partner's operator.
    #[command(after_help = "Example:\n  comity identity --dir /srv/comity > EE.identity.json")]
    Identity(Place),
    /// The partner gateways.
    #[command(subcommand)]
    Peer(Peer),
    /// Agreements and laws: adopt, try, check, show, explain, prove.
    #[command(subcommand)]
    Law(Law),
    /// Share a STIX bundle with a partner, as far as every law concerned permits.
    Share(Box<Share>),
    /// What waits for the approval of offices: what, for whom, until when.
    #[command(after_help = "Example:\n  comity approvals --dir /srv/comity --json")]
    Approvals(Place),
    /// Approve an escalated exchange for an office, or refuse it.
    Approve(Approve),
    /// Order that what was given by an exchange be erased or restricted, at every holder that it went on to.
    Recall(Recall),
    /// Orders that data be erased or restricted: what each holder answered, and which answers are owed.
    Recalls(RecallList),
    /// Ask whether a partner holds values, without either showing its own: which of yours matched, and no data.
    Match(Box<Match>),
    /// The collections that tools write and read by, over TAXII.
    #[command(subcommand)]
    Taxii(Taxii),
    /// The log: its key, and receipts.
    #[command(subcommand)]
    Log(Log),
    /// The keys of the gateway and its officers: what is in use, and new ones.
    #[command(subcommand)]
    Key(Key),
    /// Copy a gateway, while it serves or not: everything but the keys that make records end.
    #[command(after_help = "Example:\n  comity backup --dir /srv/comity --to /backup/comity-2026-11-25")]
    Backup(Backup),
    /// Make a gateway of a backup.
    #[command(after_help = "Example:\n  comity restore --from /backup/comity-2026-11-25 --dir /srv/comity")]
    Restore(Restore),
    /// Look at a gateway: directories, database, log, clock, erasures, laws, partners; exits 1 when something does not work.
    #[command(after_help = "Example:\n  comity doctor --dir /srv/comity")]
    Doctor(Place),
    /// Print what a shell needs to complete this command.
    #[command(after_help = "Example:\n  comity completions bash > /etc/bash_completion.d/comity")]
    Completions(Completions),
    /// Write manual pages, one for each command.
    #[command(after_help = "Example:\n  comity man /usr/local/share/man/man1")]
    Man(Manual),
    /// What persons ask about their data: file it, decide on it, see where it stands.
    #[command(subcommand)]
    Subject(Subject),
    /// The mandates within which flows may claim consent: record one, end it, see them.
    #[command(subcommand)]
    Mandate(Mandate),
    /// Persons who are to be told: open a notice, put it off, send it, see where it stands.
    #[command(subcommand)]
    Notice(Notice),
    /// The vault: what is held, what is due, and the end of it.
    #[command(subcommand)]
    Vault(Vault),
    /// What is kept from erasure for a time: place, lift, list.
    #[command(subcommand)]
    Hold(Hold),
    /// Print the least of a bundle that serves the purpose, as `share` would send it.
    Minimise(Box<Minimise>),
    /// Make a STIX bundle of what other tools write.
    #[command(subcommand)]
    Import(Import),
    /// Make what other tools read of a STIX bundle.
    #[command(subcommand)]
    Export(Export),
    /// Find where people are named in texts, and how they are reached: JSON Lines in, JSON Lines out.
    Detect(Detect),
    /// Verify logs and receipts, trusting nobody; make recorded decisions again.
    #[command(subcommand)]
    Audit(Audit),
}

/// Where a gateway's data and keys lie.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct Place {
    /// The gateway's data directory.
    #[arg(long, env = "COMITY_DIR", default_value = "./comity-data", value_name = "DIR")]
    pub dir: PathBuf,
    /// Its epoch keys and log mark; `DIR.keys` beside DIR unless given.
    #[arg(long, env = "COMITY_KEYS", value_name = "PATH")]
    pub keys: Option<PathBuf>,
}

/// `comity completions`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct Completions {
    /// The shell.
    pub shell: clap_complete::Shell,
}

/// `comity man`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct Manual {
    /// Where they go; made where it is not there.
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
}

/// `comity demo`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(
    after_help = "Examples:\n  comity demo\n  comity demo --bundle report.json --from FI --to EE --json"
)]
pub struct Demo {
    /// A bundle to send; may be repeated. The shipped examples unless given.
    #[arg(long = "bundle", value_name = "FILE")]
    pub bundles: Vec<PathBuf>,
    // What the demo shows unless told otherwise, not a rule.
    /// The agreement: a shipped pack's name or a directory.
    #[arg(long, default_value = "eu-nis2-2022-2555", value_name = "PACK")]
    pub under: String,
    /// The sender.
    #[arg(long, default_value = "EE", value_name = "CODE")]
    pub from: JurisdictionCode,
    /// The receiver.
    #[arg(long, default_value = "FI", value_name = "CODE")]
    pub to: JurisdictionCode,
    /// The agreed category of collaboration.
    #[arg(long, default_value = "threat_intel")]
    pub activity: Activity,
    /// What the data is for.
    #[arg(long, default_value = "cyber_defence")]
    pub purpose: Purpose,
    /// Treat the agreement as in force; recorded and printed.
    #[arg(long)]
    pub assume_in_force: bool,
    /// Where the gateways' directories go; a fresh temporary directory unless given.
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// Leave both gateways running and print their addresses.
    #[arg(long)]
    pub serve: bool,
}

/// `comity init`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(
    after_help = "Example:\n  comity init --dir /srv/comity --jurisdiction EE --authority \"National Cyber Centre\""
)]
pub struct Init {
    /// Where.
    #[command(flatten)]
    pub place: Place,
    /// The party that the gateway speaks for.
    #[arg(long, value_name = "CODE")]
    pub jurisdiction: JurisdictionCode,
    /// The authority that runs it.
    #[arg(long, value_name = "NAME")]
    pub authority: String,
}

/// `comity serve`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(
    after_help = "Example:\n  comity serve --dir /srv/comity --listen 127.0.0.1:8080 --federation 0.0.0.0:8443"
)]
pub struct Serve {
    /// Where.
    #[command(flatten)]
    pub place: Place,
    /// Where the public listener is: health and the log, plain HTTP.
    #[arg(long, env = "COMITY_LISTEN", default_value = "127.0.0.1:8080", value_name = "ADDR")]
    pub listen: SocketAddr,
    /// Where partner gateways come in: mutual TLS. None unless given.
    #[arg(long, env = "COMITY_FEDERATION", value_name = "ADDR")]
    pub federation: Option<SocketAddr>,
    /// Where a monitoring system reads figures: plain HTTP, so a loopback or management address. None unless given.
    #[arg(long, env = "COMITY_METRICS", value_name = "ADDR")]
    pub metrics: Option<SocketAddr>,
    /// `postgres://…`: the database moves to that server and stays there. SQLite in DIR unless ever given.
    #[arg(long, env = "COMITY_DATABASE", hide_env_values = true, value_name = "URL")]
    pub database: Option<ServerUrl>,
}

const EXAMPLES: &str = "Examples:
  comity demo                                    see an exchange, start to finish
  comity init --jurisdiction EE --authority \"National Cyber Centre\"
  comity serve --federation 0.0.0.0:8443
  comity audit verify ./comity-data/log --key \"$(comity log key)\"

Exit status: 0 done; 1 refused, escalated, partly delivered or a failed check; 2 bad usage or input.";

#[cfg(test)]
mod tests;
