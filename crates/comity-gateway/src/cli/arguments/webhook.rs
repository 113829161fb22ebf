//! `comity webhook`.

use crate::cli::Place;
use clap::{Args, Subcommand};

/// `comity webhook`
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Webhook {
    /// Name an endpoint that is told of acts from now on; its secret is printed once.
    #[command(
        after_help = "Example:\n  comity webhook add https://soc.example/comity --officer a.tamm --events exchange.decided,records.erased"
    )]
    Add(WebhookAdd),
    /// The endpoints: where, for what, how they are; those that have ended too.
    #[command(after_help = "Example:\n  comity webhook list --json")]
    List(Place),
    /// Tell an endpoint nothing any more.
    #[command(after_help = "Example:\n  comity webhook end 6f1c0a5e-3b52-4b0e-9d0a-0c6a3f1c2b7d")]
    End(WebhookOf),
    /// Try an endpoint again that failed or was given up, from where it was told.
    #[command(after_help = "Example:\n  comity webhook resume 6f1c0a5e-3b52-4b0e-9d0a-0c6a3f1c2b7d")]
    Resume(WebhookOf),
}

/// `comity webhook add`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct WebhookAdd {
    /// Where.
    #[command(flatten)]
    pub place: Place,
    /// Where messages go: https://…, or http:// on a loopback address.
    #[arg(value_name = "URL")]
    pub url: String,
    /// The officer who asks for it.
    #[arg(long, value_name = "N")]
    pub officer: String,
    /// What it is told of: names of acts, as exchange.decided; `exchange.*`; `*`.
    #[arg(long, value_name = "EVENTS", required = true, value_delimiter = ',')]
    pub events: Vec<String>,
}

/// `comity webhook end`, `comity webhook resume`
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct WebhookOf {
    /// Where.
    #[command(flatten)]
    pub place: Place,
    /// Its id, as `comity webhook list` prints it.
    #[arg(value_name = "ID")]
    pub id: String,
}
