//! Everything that a gateway keeps, and the rule by which each ends. A test holds it against the schema, and against what lies
//! in the directories of a gateway that works.
//!
//! What never ends is here with the reason: it holds nothing of whom data is about.

use crate::settings::Settings;
use serde_json::{Value as Json, json};

/// Where something lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lies {
    /// A table of the database.
    Table,
    /// Beside the data, under `--keys`.
    Keys,
    /// In the data directory.
    File,
    /// In the memory of the process.
    Memory,
    /// Wherever the operator puts it.
    Elsewhere,
}

/// How something ends.
#[derive(Debug, Clone, Copy)]
pub enum Ends {
    /// With something else, or at an act.
    With(&'static str),
    /// By the sweep or by itself, after a time of the settings.
    After(&'static str, fn(&Settings) -> String),
    /// It stays, for this reason.
    Stays(&'static str),
}

/// One thing that is kept.
#[derive(Debug, Clone, Copy)]
pub struct State {
    /// Where.
    pub lies: Lies,
    /// The table's or file's name.
    pub name: &'static str,
    /// What it holds.
    pub holds: &'static str,
    /// How it ends.
    pub ends: Ends,
}

impl State {
    /// As the report has it.
    pub(super) fn json(&self, settings: &Settings) -> Json {
        let lies = match self.lies {
            Lies::Table => "table",
            Lies::Keys => "keys",
            Lies::File => "file",
            Lies::Memory => "memory",
            Lies::Elsewhere => "elsewhere",
        };
        let (ends, period, stays) = match self.ends {
            Ends::With(what) => (what, None, false),
            Ends::After(what, period) => (what, Some(period(settings)), false),
            Ends::Stays(why) => (why, None, true),
        };
        json!({ "lies": lies, "name": self.name, "holds": self.holds, "ends": ends, "period": period, "stays": stays })
    }
}

const fn of(lies: Lies, name: &'static str, holds: &'static str, ends: Ends) -> State {
    State { lies, name, holds, ends }
}

use Ends::{After, Stays, With};
use Lies::{Elsewhere, File, Keys, Memory, Table};

const LOG: &str =
    "stays: a log cannot forget; it has commitments, and what they commit to ends as an opening";
const SKELETON: &str = "stays: ids, digests, counts and dates, no value of any record";
const LAW: &str = "stays: by it recorded decisions are made again";
const OFFICER: &str =
    "stays: who acted for the state is told as long as the log is; nothing of whom data is about";

/// Everything.
pub const STATE: &[State] = &[
    of(Table, "entry", "entries of the log", Stays(LOG)),
    of(Table, "node", "hashes of the log", Stays(LOG)),
    of(Table, "checkpoint", "signed checkpoints", Stays(LOG)),
    of(Table, "frontier", "the right edge of the log", Stays(LOG)),
    of(Table, "ended_checkpoint", "checkpoints of logs that this one succeeds", Stays(LOG)),
    of(Table, "exchange", "skeletons of exchanges", Stays(SKELETON)),
    of(Table, "answer", "answers to partners' offers", Stays(SKELETON)),
    of(Table, "partner_receipt", "partners' receipts", Stays(SKELETON)),
    of(Table, "derived", "which record that was given had been received", Stays(SKELETON)),
    of(Table, "recall", "signed orders and answers", Stays(SKELETON)),
    of(Table, "barred", "exchanges whose records are not passed on to a party", Stays(SKELETON)),
    of(Table, "restricted", "exchanges of which nobody may use records", Stays(SKELETON)),
    of(Table, "restricted_record", "which records of those", Stays(SKELETON)),
    of(
        Table,
        "outbox",
        "sealed offers that wait for their answers",
        After("when it is answered, or given up", |settings| format!("{} days", settings.retry_horizon_days)),
    ),
    of(Table, "segment", "sealed records and openings", With("with the last of its records")),
    of(
        Table,
        "key_row",
        "the key of each sealed record",
        After(
            "when its record is due, by the rules above; an opening after the period; the order of an escalation when its offices have answered",
            |settings| format!("openings: {}", settings.opening_retention_text()),
        ),
    ),
    of(Table, "epoch", "the life of each epoch key", Stays(SKELETON)),
    of(Table, "stream", "agreement, partner, activity, purpose of what is collected", Stays(SKELETON)),
    of(Table, "collected_segment", "what readers find records by", With("with its segment")),
    of(Table, "collected", "digests of ids and contents", With("with its key row")),
    of(Table, "removed", "digests of objects, and of what has ended, that nobody puts back", Stays(SKELETON)),
    of(Table, "collection", "standing requests of officers", Stays(OFFICER)),
    of(
        Table,
        "subject_tag",
        "tags of persons whom records name",
        With("with its key row; of what was sent, with its month"),
    ),
    of(
        Table,
        "subject_request",
        "what was asked, when, and by whom it was answered; nothing of who asked",
        Stays(
            "stays: it is how an overseer sees that people are answered; what was stated and answered is sealed, and ends",
        ),
    ),
    of(
        Table,
        "subject_sent",
        "which records that were sent name somebody, by tags",
        With("with its opening, or its month"),
    ),
    of(
        Table,
        "notice",
        "who is to be told by when; nothing of whom",
        Stays(
            "stays: it is how an overseer sees that people are told; addressee and message are sealed, and end",
        ),
    ),
    of(Table, "hold", "what is held from erasure, on which ground, until when", Stays(SKELETON)),
    of(Table, "used", "how often an exchange was used, counts", Stays(SKELETON)),
    of(Table, "used_from", "from which entry on uses are counted", Stays("stays: no data")),
    of(
        Table,
        "looked_up",
        "how often persons were looked up, by tags",
        With("when the period of the caps has passed"),
    ),
    of(Table, "match_epoch", "key and filter of a day's blind matching", With("when its day has passed")),
    of(
        Table,
        "match_answer",
        "blinded elements as they were answered, and sealed answers to views",
        With("when their day has passed"),
    ),
    of(Table, "match_spent", "evaluations that partners have used", With("when their month has passed")),
    of(Table, "opt_out", "categories and dates of opt-outs", With("with the year in which it ends")),
    of(
        Table,
        "opt_out_tag",
        "tags of who opted out",
        With("when it is refused or withdrawn, and with the year in which it ends"),
    ),
    of(Table, "mandate", "public acts", Stays(LAW)),
    of(
        Table,
        "peer",
        "partners' identities",
        Stays("replaced by the next; a partner is a state's authority"),
    ),
    of(
        Table,
        "peer_removal",
        "partners that were removed, since when and why",
        Stays("replaced by the next"),
    ),
    of(Table, "witnessed", "what was last cosigned of each partner's log", Stays("replaced by the next")),
    of(Table, "witnessed_by", "what partners know of this log", Stays("replaced by the next")),
    of(Table, "officer", "names, roles, training of officers", Stays(OFFICER)),
    of(Table, "officer_key", "public keys of officers", Stays(OFFICER)),
    of(Table, "officer_subject", "digests of officers as a provider knows them", Stays(OFFICER)),
    of(Table, "token", "digests of officers' tokens", Stays(OFFICER)),
    of(Table, "delegation", "offices that were lent", Stays(OFFICER)),
    of(Table, "approval", "what offices said", Stays(OFFICER)),
    of(Table, "escalation", "which exchange waits for which offices", Stays(OFFICER)),
    of(Table, "webhook", "endpoints of the house", Stays(OFFICER)),
    of(Table, "adopted_law", "laws as signed", Stays(LAW)),
    of(Table, "law_signature", "partners' signatures under laws", Stays(LAW)),
    of(Table, "sequencer", "which node numbers the log", Stays("replaced by the next")),
    of(Table, "schema_version", "steps of the schema", Stays("stays: it says what the tables are")),
    of(
        Keys,
        "epoch",
        "what wraps the keys of records",
        After("with its month, or after an erasure from it", |settings| {
            format!("{} hours", settings.destroy_after.as_secs() / 3_600)
        }),
    ),
    of(
        Keys,
        "transport",
        "what opens what partners sealed on a day",
        After("after its day", |settings| format!("{} days", settings.retry_horizon_days)),
    ),
    of(
        Keys,
        "tokens",
        "what a month's pseudonyms are made of",
        After("after its month", |settings| format!("{} months", settings.token_months)),
    ),
    of(Keys, "subjects", "what tags of persons are made of", With("when its month has passed")),
    of(Keys, "matches", "what keys of a day's blind matching are made of", With("when its day has passed")),
    of(Keys, "opt_outs", "what tags of opt-outs are made of", With("when its year has passed")),
    of(Keys, "webhooks", "what signs messages to endpoints", With("with its endpoint")),
    of(
        Keys,
        "index",
        "what digests of ids in collections are made of",
        Stays("stays: what it stands for goes with the records"),
    ),
    of(Keys, "mark", "the largest log ever signed", Stays("replaced by the next")),
    of(File, "comity.sqlite", "the tables above", With("row by row, as above")),
    of(File, "database", "where the database is, when on a server", Stays("stays: no data")),
    of(File, "log", "the published log, derived", Stays(LOG)),
    of(File, "log.ended", "logs that this one succeeds", Stays(LOG)),
    of(File, "law", "texts of laws", Stays(LAW)),
    of(File, "identity", "who the gateway is; keys of it and of officers", Stays(OFFICER)),
    of(File, "gateway.toml", "who the gateway is", Stays("stays: no data")),
    of(File, "mailbox", "notices for a portal", With("when the portal takes them away")),
    of(File, "receipts", "receipts of exchanges", Stays(SKELETON)),
    of(File, "settings.toml", "what the operator sets", Stays("stays: no data")),
    of(File, "comity.sock", "the socket for commands", With("with the process")),
    of(File, "lock", "that one process works here", Stays("stays: no data")),
    of(Memory, "sessions", "who is signed in in a browser", With("when it ends, and with the process")),
    of(Memory, "memo", "decisions by their facts, without texts", With("with the process")),
    of(
        Memory,
        "pseudonyms and tags",
        "digests of values, under keys",
        With("with the process, or 16,384 others"),
    ),
    of(
        Elsewhere,
        "backups",
        "the database, identity and laws as they stood",
        With(
            "sealed records in it with their epoch key, which no backup has; tags with their secret; the rest with the backup",
        ),
    ),
    of(
        Elsewhere,
        "standard error",
        "what the process logs: ids, counts, reasons; no personal data",
        With("as the operator's system has it"),
    ),
];
