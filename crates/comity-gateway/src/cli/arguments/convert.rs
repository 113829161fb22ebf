//! What the commands take that turn other formats into STIX and back.

use clap::{Args, Subcommand};
use std::path::PathBuf;

/// `comity import`
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Import {
    /// MISP events, as MISP writes them as JSON: a STIX 2.1 bundle on standard output.
    Misp(ImportMisp),
    /// CISA's catalogue of known exploited vulnerabilities, as CISA publishes it as JSON: a STIX 2.1 bundle on standard
    /// output.
    Kev(ImportKev),
    /// VERIS incidents as JSON: a STIX 2.1 bundle on standard output.
    Veris(ImportVeris),
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

/// `comity import kev`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(
    after_help = "Examples:\n  comity import kev known_exploited_vulnerabilities.json --output kev.json\n  curl -s https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json | comity import kev -\n\nWhat becomes of what: docs/how-to/kev.md."
)]
pub struct ImportKev {
    /// The catalogue; `-` for standard input.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Where the bundle goes instead of standard output.
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// `comity import veris`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(
    after_help = "Examples:\n  comity import veris incident.json --output bundle.json\n  comity import veris 2026/*.json --json\n\nWhat is not as VERIS says is refused by its place; what is not carried is named on standard error:\ndocs/how-to/veris.md."
)]
pub struct ImportVeris {
    /// The incidents: one or a list in each file; `-` for standard input.
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
