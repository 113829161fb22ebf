//! `comity notice`.

use super::{DryRun, GivenFact};
use crate::cli::Place;
use clap::{Args, Subcommand};
use comity_notices::{Audience, Language};
use comity_terms::ids::NoticeId;
use comity_terms::{ExchangeId, Office, PackSlug, ReasonCode, Timestamp};
use std::path::PathBuf;

/// `comity notice`
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Notice {
    /// Open a notice to a person: of an exchange, or of what an agreement governs.
    #[command(
        after_help = "Examples:\n  comity notice open --to mari.json --exchange 6f1c2f0e-7d7b-4a44-9b57-0a4f0a5f7a10 --officer a.tamm\n  comity notice open --to - --under eu-led-2016-680 --officer a.tamm --fact personal_data=true < mari.json\n\nThe file: {\"name\":\"Mari Kask\",\"email\":\"mari@example.ee\",\"mailbox\":\"38001010000\",\"language\":\"et\",\"audience\":\"person\"}\nLanguages: en, fr, de, et. Audiences: person, child."
    )]
    Open(NoticeOpen),
    /// Say whom a notice goes to.
    #[command(
        after_help = "Example:\n  comity notice address 6f1c0a5e-3b52-4b0e-9d0a-0c6a3f1c2b7d --to mari.json --officer a.tamm"
    )]
    Address(NoticeAddress),
    /// Put a notice off: on a ground that the law lists, with reasons, until a date.
    #[command(
        after_help = "Example:\n  comity notice defer 6f1c0a5e-3b52-4b0e-9d0a-0c6a3f1c2b7d --ground obstruct_investigation --reason-file why.txt --recheck 2027-02-01 --officer a.tamm"
    )]
    Defer(NoticeDefer),
    /// Approve for an office what is proposed of a notice.
    #[command(
        after_help = "Example:\n  comity notice approve 6f1c0a5e-3b52-4b0e-9d0a-0c6a3f1c2b7d --office prosecutor --officer k.rand"
    )]
    Approve(NoticeApprove),
    /// Send a notice now: what it was put off for has ended.
    #[command(
        after_help = "Example:\n  comity notice send 6f1c0a5e-3b52-4b0e-9d0a-0c6a3f1c2b7d --officer a.tamm"
    )]
    Send(NoticeSend),
    /// Close a notice that nobody is owed; refused where a decision owes it, or none says that it is not owed.
    #[command(
        after_help = "Example:\n  comity notice close 6f1c0a5e-3b52-4b0e-9d0a-0c6a3f1c2b7d --reason sent_in_error --officer a.tamm"
    )]
    Close(NoticeClose),
    /// A notice, and what it says.
    #[command(
        after_help = "Examples:\n  comity notice show 6f1c0a5e-3b52-4b0e-9d0a-0c6a3f1c2b7d\n  comity notice show 6f1c0a5e-3b52-4b0e-9d0a-0c6a3f1c2b7d --audience journalist --language fr"
    )]
    Show(NoticeShow),
    /// The notices that are owed, and by when.
    #[command(after_help = "Example:\n  comity notice list --all --json")]
    List(NoticeList),
}

/// `comity notice open`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct NoticeOpen {
    /// Where.
    #[command(flatten)]
    pub place: Place,
    /// Whom it goes to, as JSON; `-` for standard input. Never on the command line.
    #[arg(long, value_name = "FILE")]
    pub to: PathBuf,
    /// The exchange that the person is told of.
    #[arg(long, value_name = "ID", conflicts_with = "under", required_unless_present = "under")]
    pub exchange: Option<ExchangeId>,
    /// The agreement whose law is asked, where there is no exchange.
    #[arg(long, value_name = "PACK")]
    pub under: Option<PackSlug>,
    /// The officer who opens it.
    #[arg(long, value_name = "N")]
    pub officer: String,
    /// A fact that the officer states, as KEY=VALUE; may be repeated.
    #[arg(long = "fact", value_name = "KEY=VALUE")]
    pub facts: Vec<GivenFact>,
    /// Or only what would come of it.
    #[command(flatten)]
    pub dry: DryRun,
}

/// `comity notice address`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct NoticeAddress {
    /// The notice's number.
    #[arg(value_name = "NUMBER")]
    pub number: NoticeId,
    /// Where.
    #[command(flatten)]
    pub place: Place,
    /// Whom it goes to, as JSON; `-` for standard input.
    #[arg(long, value_name = "FILE")]
    pub to: PathBuf,
    /// The officer who says so.
    #[arg(long, value_name = "N")]
    pub officer: String,
    /// Or only what would come of it.
    #[command(flatten)]
    pub dry: DryRun,
}

/// `comity notice defer`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct NoticeDefer {
    /// The notice's number.
    #[arg(value_name = "NUMBER")]
    pub number: NoticeId,
    /// Where.
    #[command(flatten)]
    pub place: Place,
    /// The ground: a word that the law lists, as `obstruct_investigation`.
    #[arg(long, value_name = "GROUND")]
    pub ground: String,
    /// The reasons, as text; `-` for standard input. They are sealed.
    #[arg(long, value_name = "FILE")]
    pub reason_file: PathBuf,
    /// Until when: a day, from whose beginning it goes out, or an instant; UTC.
    #[arg(long, value_name = "DATE", value_parser = instant)]
    pub recheck: Timestamp,
    /// The officer who puts it off.
    #[arg(long, value_name = "N")]
    pub officer: String,
    /// A fact that the officer states, as KEY=VALUE; may be repeated.
    #[arg(long = "fact", value_name = "KEY=VALUE")]
    pub facts: Vec<GivenFact>,
    /// Or only what would come of it.
    #[command(flatten)]
    pub dry: DryRun,
}

/// `comity notice approve`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct NoticeApprove {
    /// The notice's number.
    #[arg(value_name = "NUMBER")]
    pub number: NoticeId,
    /// Where.
    #[command(flatten)]
    pub place: Place,
    /// The office.
    #[arg(long, value_name = "OFFICE")]
    pub office: Office,
    /// The officer who acts for the office: by their role, or because it was lent to them.
    #[arg(long, value_name = "N")]
    pub officer: String,
    /// Or only what would come of it.
    #[command(flatten)]
    pub dry: DryRun,
}

/// `comity notice send`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct NoticeSend {
    /// The notice's number.
    #[arg(value_name = "NUMBER")]
    pub number: NoticeId,
    /// Where.
    #[command(flatten)]
    pub place: Place,
    /// The officer who sends it.
    #[arg(long, value_name = "N")]
    pub officer: String,
    /// Or only what would come of it.
    #[command(flatten)]
    pub dry: DryRun,
}

/// `comity notice close`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct NoticeClose {
    /// The notice's number.
    #[arg(value_name = "NUMBER")]
    pub number: NoticeId,
    /// Where.
    #[command(flatten)]
    pub place: Place,
    /// Why, in the vocabulary's words.
    #[arg(long, value_name = "REASON")]
    pub reason: ReasonCode,
    /// The officer who closes it.
    #[arg(long, value_name = "N")]
    pub officer: String,
    /// Or only what would come of it.
    #[command(flatten)]
    pub dry: DryRun,
}

/// `comity notice show`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct NoticeShow {
    /// The notice's number.
    #[arg(value_name = "NUMBER")]
    pub number: NoticeId,
    /// Where.
    #[command(flatten)]
    pub place: Place,
    /// Who reads it: person, child, expert, journalist, partner. Whom it goes to unless given.
    #[arg(long)]
    pub audience: Option<Audience>,
    /// In which language: en, fr, de, et.
    #[arg(long)]
    pub language: Option<Language>,
}

/// `comity notice list`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct NoticeList {
    /// Where.
    #[command(flatten)]
    pub place: Place,
    /// Those that were given too.
    #[arg(long)]
    pub all: bool,
}

/// An instant, or the first of a day, UTC.
fn instant(text: &str) -> Result<Timestamp, String> {
    if let Some(at) = comity_terms::instant(text) {
        return Ok(at);
    }
    let day: jiff::civil::Date =
        text.parse().map_err(|_| "expected a date as 2027-02-01, or an instant".to_owned())?;
    let first = jiff::tz::TimeZone::UTC.to_timestamp(day.at(0, 0, 0, 0));
    first.map_err(|_| "the date is out of time".to_owned())
}

impl Notice {
    /// Where.
    #[must_use]
    pub fn place(&self) -> &Place {
        match self {
            Self::Open(args) => &args.place,
            Self::Address(args) => &args.place,
            Self::Defer(args) => &args.place,
            Self::Approve(args) => &args.place,
            Self::Send(args) => &args.place,
            Self::Close(args) => &args.place,
            Self::Show(args) => &args.place,
            Self::List(args) => &args.place,
        }
    }

    /// Whether it reads standard input.
    #[must_use]
    pub fn reads_stdin(&self) -> bool {
        match self {
            Self::Open(args) => args.to.as_os_str() == "-",
            Self::Address(args) => args.to.as_os_str() == "-",
            Self::Defer(args) => args.reason_file.as_os_str() == "-",
            Self::Approve(_) | Self::Send(_) | Self::Close(_) | Self::Show(_) | Self::List(_) => false,
        }
    }
}
