//! The command line: every command, flag and default, as clap reads them. What a command does lies in its own
//! module.
//!
//! Exit statuses: 0 done; 1 refused, escalated, partly delivered or a failed check; 2 bad usage or bad input; 3 a
//! gateway that stopped by itself.

pub mod approve;
pub mod audit;
pub mod demo;
pub mod detect;
pub mod keep;
pub mod key;
pub mod law;
pub mod minimise;
pub mod office;
pub mod out;
pub mod print;
pub mod prove;
pub mod record;
pub mod run;
pub mod serve;
pub mod vault;

use clap::{Args, Parser, Subcommand};
use comity_store::ServerUrl;
use comity_terms::{
    Action, Activity, ExchangeId, FactKey, JurisdictionCode, Office, PackSlug, Purpose, ReasonCode, Timestamp,
};
use jiff::civil::Date;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

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
    /// Print the identity file to give to a partner's operator.
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
    /// The vault: what is held, what is due, and the end of it.
    #[command(subcommand)]
    Vault(Vault),
    /// Print the least of a bundle that serves the purpose, as `share` would send it.
    Minimise(Box<Minimise>),
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

/// `comity demo`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(
    after_help = "Examples:\n  comity demo\n  comity demo --bundle report.json --from FI --to EE --json"
)]
pub struct Demo {
    /// A bundle to send; may be repeated. The shipped examples unless given.
    #[arg(long = "bundle", value_name = "FILE")]
    pub bundles: Vec<PathBuf>,
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
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDR")]
    pub listen: SocketAddr,
    /// Where partner gateways come in: mutual TLS. None unless given.
    #[arg(long, value_name = "ADDR")]
    pub federation: Option<SocketAddr>,
    /// Where a monitoring system reads figures: plain HTTP, so a loopback or management address. None unless given.
    #[arg(long, value_name = "ADDR")]
    pub metrics: Option<SocketAddr>,
    /// `postgres://…`: the database moves to that server and stays there. SQLite in DIR unless ever given.
    #[arg(long, env = "COMITY_DATABASE", hide_env_values = true, value_name = "URL")]
    pub database: Option<ServerUrl>,
}

/// `comity officer`
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Officer {
    /// Make an officer known; the password comes on standard input.
    #[command(
        after_help = "Example:\n  comity officer add --name a.tamm --role analyst --training-until 2027-06-30 --password-stdin < password"
    )]
    Add(OfficerAdd),
    /// End an officer's key: from now on they order nothing.
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

/// `comity peer`
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Peer {
    /// Make a partner gateway known by its identity file; the law signatures in it travel along.
    #[command(
        after_help = "Example:\n  comity peer add --jurisdiction FI --url https://gateway.example:8443 --identity fi.json"
    )]
    Add(PeerAdd),
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
}

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
    /// What changed between two packs: rules, figures, cases that come out otherwise; with --dir also past exchanges.
    #[command(
        after_help = "Examples:\n  comity law diff eu-nis2-2022-2555 ./eu-nis2-2022-2555 --json\n  comity law diff eu-nis2-2022-2555 ./eu-nis2-2022-2555 --dir /srv/comity"
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
    /// The pack as it would be.
    pub new: String,
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

/// `comity share`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(
    after_help = "Example:\n  comity share report.json --officer a.tamm --under eu-nis2-2022-2555 --to FI \\\n    --activity threat_intel --purpose cyber_defence"
)]
pub struct Share {
    /// The bundle: STIX 2.1, JSON; `-` for standard input.
    pub file: PathBuf,
    /// Where.
    #[command(flatten)]
    pub place: Place,
    /// The officer who shares.
    #[arg(long, value_name = "N")]
    pub officer: String,
    /// The agreement.
    #[arg(long, value_name = "PACK")]
    pub under: PackSlug,
    /// The receiver.
    #[arg(long, value_name = "CODE")]
    pub to: JurisdictionCode,
    /// The agreed category of collaboration.
    #[arg(long)]
    pub activity: Activity,
    /// What the data is for.
    #[arg(long)]
    pub purpose: Purpose,
    /// A fact that the officer states, as KEY=VALUE; may be repeated.
    #[arg(long = "fact", value_name = "KEY=VALUE")]
    pub facts: Vec<GivenFact>,
    /// A fact that an office attests: a JSON file with value, issuer, document_digest and valid_until.
    #[arg(long = "attest", value_name = "KEY=FILE")]
    pub attestations: Vec<Attestation>,
}

/// `comity approve`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(
    after_help = "Examples:\n  comity approve 6f1c2f0e-7d7b-4a44-9b57-0a4f0a5f7a10 --officer k.lill --office designated_reviewer\n  comity approve 6f1c2f0e-7d7b-4a44-9b57-0a4f0a5f7a10 --officer k.lill --office designated_reviewer --refuse retention_over"
)]
pub struct Approve {
    /// The exchange that waits.
    pub exchange_id: ExchangeId,
    /// Where.
    #[command(flatten)]
    pub place: Place,
    /// The officer who acts for the office: by their role, or because it was lent to them.
    #[arg(long, value_name = "N")]
    pub officer: String,
    /// The office.
    #[arg(long, value_name = "OFFICE")]
    pub office: Office,
    /// What the office decided by, a JSON file with issuer, document_digest and valid_until: the approval holds no longer.
    #[arg(long = "attest", value_name = "FILE", conflicts_with = "refuse")]
    pub attestation: Option<PathBuf>,
    /// Refuse, for a reason of the vocabulary: the exchange ends.
    #[arg(long, value_name = "REASON")]
    pub refuse: Option<ReasonCode>,
}

/// `comity log`
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Log {
    /// Print the key that verifies the log: a vkey.
    Key(Place),
    /// End the log and begin the one that succeeds it: after a database was restored.
    #[command(after_help = "Example:\n  comity log succeed --dir /srv/comity")]
    Succeed(Place),
    /// Print the receipt of an exchange: a C2SP tlog-proof, to be checked with `comity audit receipt`.
    Receipt(LogReceipt),
}

/// `comity log receipt`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct LogReceipt {
    /// The exchange.
    pub exchange_id: ExchangeId,
    /// Where.
    #[command(flatten)]
    pub place: Place,
}

/// `comity key`
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Key {
    /// List the keys in use, those that still count, and the partners that have not heard of them.
    List(Place),
    /// Put a new key in the place of one: as planned, or because it is in other hands.
    #[command(
        after_help = "Examples:\n  comity key rotate party\n  comity key rotate certificate --compromised\n  comity key rotate officer --name a.tamm"
    )]
    Rotate(KeyRotate),
}

/// `comity key rotate`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct KeyRotate {
    /// Which key. `log`, `party`, `witness` and `certificate` while the gateway does not serve.
    #[arg(value_enum)]
    pub kind: KeyKind,
    /// Where.
    #[command(flatten)]
    pub place: Place,
    /// The officer whose key it is.
    #[arg(long, value_name = "N", required_if_eq("kind", "officer"))]
    pub name: Option<String>,
    /// The key in use is, or may be, in other hands: nothing that it signs counts any more.
    #[arg(long)]
    pub compromised: bool,
    /// Use an announced certificate though a partner has not heard of it.
    #[arg(long)]
    pub at_once: bool,
}

/// A key that can be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum KeyKind {
    /// Signs the log's checkpoints.
    Log,
    /// Opens what partners seal today.
    Transport,
    /// Signs laws, offers and answers.
    Party,
    /// Cosigns partners' logs.
    Witness,
    /// The federation certificate.
    Certificate,
    /// Signs an officer's orders.
    Officer,
}

/// `comity backup`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct Backup {
    /// Where.
    #[command(flatten)]
    pub place: Place,
    /// Where the copy goes; not there yet.
    #[arg(long, value_name = "PATH")]
    pub to: PathBuf,
}

/// `comity restore`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct Restore {
    /// The backup.
    #[arg(long, value_name = "PATH")]
    pub from: PathBuf,
    /// Where the gateway goes: not there yet, or empty. Its keys stay where they are.
    #[arg(long, env = "COMITY_DIR", default_value = "./comity-data", value_name = "DIR")]
    pub dir: PathBuf,
}

/// `comity vault`
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Vault {
    /// Show what is held, what is overdue, and which epoch keys wait for their destruction.
    Show(Place),
    /// Erase what is due and destroy the keys of what was erased; `serve` does it by itself.
    Sweep(VaultSweep),
    /// Erase what is held of an exchange before its time.
    #[command(
        after_help = "Example:\n  comity vault erase 6f1c2f0e-7d7b-4a44-9b57-0a4f0a5f7a10 --officer a.tamm --ground erasure_ordered"
    )]
    Erase(VaultErase),
}

/// `comity vault sweep`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct VaultSweep {
    /// Where.
    #[command(flatten)]
    pub place: Place,
    /// Destroy keys now, rather than when the settings say.
    #[arg(long)]
    pub at_once: bool,
}

/// `comity vault erase`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct VaultErase {
    /// The exchange.
    pub exchange_id: ExchangeId,
    /// Where.
    #[command(flatten)]
    pub place: Place,
    /// The officer who orders it.
    #[arg(long, value_name = "N")]
    pub officer: String,
    /// Why: a reason of the vocabulary, as `erasure_ordered`.
    #[arg(long, value_name = "REASON")]
    pub ground: ReasonCode,
    /// Erase the facts behind the exchange's entries too; the entries stay.
    #[arg(long)]
    pub with_openings: bool,
}

/// `comity minimise`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(
    after_help = "Example:\n  comity minimise report.json --under eu-nis2-2022-2555 --from EE --to FI \\\n    --activity threat_intel --purpose cyber_defence --report left-out.json > minimised.json"
)]
pub struct Minimise {
    /// The bundle: STIX 2.1, JSON; `-` for standard input.
    pub file: PathBuf,
    /// The agreement: a shipped pack's name or a directory.
    #[arg(long, value_name = "PACK")]
    pub under: String,
    /// The sender.
    #[arg(long, value_name = "CODE")]
    pub from: JurisdictionCode,
    /// The receiver.
    #[arg(long, value_name = "CODE")]
    pub to: JurisdictionCode,
    /// The agreed category of collaboration.
    #[arg(long)]
    pub activity: Activity,
    /// What the data is for.
    #[arg(long)]
    pub purpose: Purpose,
    /// Where to write what was kept, changed and left out, and why.
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// A fact, as KEY=VALUE; may be repeated.
    #[arg(long = "fact", value_name = "KEY=VALUE")]
    pub facts: Vec<GivenFact>,
    /// Treat the agreement as in force.
    #[arg(long)]
    pub assume_in_force: bool,
    /// A directory of warning lists (JSON, as MISP publishes them), over the shipped ones, for the report.
    #[arg(long, value_name = "DIR")]
    pub warning_lists: Option<PathBuf>,
    /// The gateway whose pseudonyms to use; a fixed preview key, which protects nothing, unless given.
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// That gateway's keys; `DIR.keys` beside DIR unless given.
    #[arg(long, value_name = "PATH", requires = "dir")]
    pub keys: Option<PathBuf>,
}

/// `comity detect`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(
    after_help = "Example:\n  echo '{\"id\":1,\"text\":\"Contact: Anna Tamm, anna.tamm@example.ee\"}' | comity detect"
)]
pub struct Detect {
    /// The texts, one `{"id":…,"text":"…"}` a line; `-` for standard input.
    #[arg(default_value = "-")]
    pub file: PathBuf,
}

/// `comity audit`
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Audit {
    /// Verify a whole log: every entry and tile, the root, and the signatures.
    #[command(
        after_help = "Examples:\n  comity audit verify ./comity-data/log --key \"$(comity log key)\"\n  comity audit verify http://gateway.example/log --json"
    )]
    Verify(AuditVerify),
    /// Verify a receipt, offline.
    #[command(after_help = "Example:\n  comity audit receipt receipt.txt --key \"$(comity log key)\"")]
    Receipt(AuditReceipt),
    /// Make every recorded decision again, from its facts and the laws as they were signed, and compare.
    #[command(after_help = "Example:\n  comity audit replay --dir /srv/comity --json")]
    Replay(AuditReplay),
    /// What recorded decisions lay down: who owes what until when, and what the log shows to be done.
    #[command(after_help = "Example:\n  comity audit obligations --dir /srv/comity --json")]
    Obligations(Place),
}

/// `comity audit replay`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct AuditReplay {
    /// Where.
    #[command(flatten)]
    pub place: Place,
    /// Put equal questions to the rules once: faster, and a lesser proof.
    #[arg(long)]
    pub memo: bool,
}

/// `comity audit verify`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct AuditVerify {
    /// The log: a directory or an http:// URL, in tlog-tiles layout.
    pub log: String,
    /// The key that must have signed it: a vkey. Without one the log is only checked against itself.
    #[arg(long, value_name = "VKEY")]
    pub key: Option<String>,
    /// Which witnesses must have cosigned: a C2SP tlog-policy.
    #[arg(long, value_name = "FILE")]
    pub quorum: Option<PathBuf>,
}

/// `comity audit receipt`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct AuditReceipt {
    /// The receipt: a C2SP tlog-proof.
    pub file: PathBuf,
    /// The key of the log: a vkey.
    #[arg(long, value_name = "VKEY")]
    pub key: String,
    /// The entry's bytes; those that the receipt carries unless given.
    #[arg(long, value_name = "FILE")]
    pub entry: Option<PathBuf>,
    /// Which witnesses must have cosigned for the grade `witnessed`: a C2SP tlog-policy.
    #[arg(long, value_name = "FILE")]
    pub quorum: Option<PathBuf>,
}

/// A fact as given on the command line; the vocabulary knows its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenFact {
    /// Its key.
    pub key: FactKey,
    /// Its value, as text.
    pub value: String,
}

/// A fact that an office attests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attestation {
    /// Its key.
    pub key: FactKey,
    /// The attestation.
    pub file: PathBuf,
}

impl FromStr for GivenFact {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (key, value) = keyed(text, "VALUE")?;
        Ok(Self { key, value: value.to_owned() })
    }
}

impl FromStr for Attestation {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (key, file) = keyed(text, "FILE")?;
        Ok(Self { key, file: file.into() })
    }
}

fn keyed<'a>(text: &'a str, what: &str) -> Result<(FactKey, &'a str), String> {
    let (key, value) = text.split_once('=').ok_or_else(|| format!("expected KEY={what}"))?;
    if value.is_empty() {
        return Err(format!("nothing stands after `{key}=`"));
    }
    Ok((FactKey::new(key).map_err(|error| error.to_string())?, value))
}

fn date(text: &str) -> Result<Date, String> {
    text.parse().ok().filter(|_| text.len() == 10).ok_or_else(|| "expected a date as 2027-06-30".to_owned())
}

const EXAMPLES: &str = "Examples:
  comity demo                                    see an exchange, start to finish
  comity init --jurisdiction EE --authority \"National Cyber Centre\"
  comity serve --federation 0.0.0.0:8443
  comity audit verify ./comity-data/log --key \"$(comity log key)\"

Exit status: 0 done; 1 refused, escalated, partly delivered or a failed check; 2 bad usage or input.";

#[cfg(test)]
mod tests;
