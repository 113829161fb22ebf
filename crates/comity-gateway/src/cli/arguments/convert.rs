//! What the commands take that turn other formats into STIX and back.

use clap::{Args, Subcommand};
use std::path::PathBuf;

/// `comity import`
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Import {
    /// MISP events, as MISP writes them as JSON: a STIX 2.1 bundle on standard output.
    Misp(ImportMisp),
}

/// `comity export`
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Export {
    /// A STIX 2.1 bundle as MISP events, on standard output.
    Misp(ExportMisp),
}

/// `comity import misp`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(
    after_help = "Example:\n  comity import misp event.json --output bundle.json\n\nWhat is not carried is named on standard error: docs/how-to/misp.md."
)]
pub struct ImportMisp {
    /// The events: one, `{\"Event\":…}`, `{\"response\":[…]}` or a list; `-` for standard input.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Where the bundle goes instead of standard output.
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// `comity export misp`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = "Example:\n  comity export misp bundle.json --output event.json")]
pub struct ExportMisp {
    /// The bundle; `-` for standard input.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Where the events go instead of standard output.
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}
