//! What a notice says, as facts.

use jiff::Timestamp;

/// The facts of one notice: the one source of every text about it. They name nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Its number.
    pub number: String,
    /// When it goes out, UTC.
    pub at: Timestamp,
    /// The code of the party that tells.
    pub party: String,
    /// The authority that tells, as it calls itself.
    pub authority: String,
    /// What happened; `None` where the data is held alone.
    pub event: Option<Event>,
    /// What the agreement is called.
    pub agreement: String,
    /// What owes the notice: a law's title, and the article.
    pub owed_by: Vec<(String, String)>,
    /// The kind of cooperation, a word of the vocabulary.
    pub activity: Option<String>,
    /// What the data serves, a word of the vocabulary.
    pub purpose: Option<String>,
    /// What kinds of data, words of the vocabulary.
    pub categories: Vec<String>,
    /// Until when it is kept, UTC.
    pub kept_until: Option<Timestamp>,
    /// How telling was put off.
    pub delays: Vec<Delay>,
    /// Where the person may turn.
    pub remedies: Vec<Remedy>,
}

/// Data that went from one party to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Whether the party that tells received it; else it gave it.
    pub received: bool,
    /// The code of the other party.
    pub partner: String,
    /// When, UTC.
    pub at: Timestamp,
}

/// How telling was put off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delay {
    /// The ground, a word of the vocabulary.
    pub ground: String,
    /// The article that lists it.
    pub article: String,
    /// From when, UTC.
    pub from: Timestamp,
    /// To when, UTC.
    pub to: Timestamp,
}

/// Where the person may turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remedy {
    /// Whom to, as the law names them.
    pub options: Vec<String>,
    /// Until when, UTC.
    pub until: Option<Timestamp>,
}
