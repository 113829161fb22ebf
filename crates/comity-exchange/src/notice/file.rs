//! What is sealed of a notice: whom it goes to, and what it says as facts.

use crate::audit::recorded::RecordedFacts;
use crate::wire::Text;
use comity_terms::{PackSlug, Party, Timestamp};
use serde::{Deserialize, Serialize};
use zeroize::Zeroize as _;

/// The longest statement of whom a notice goes to.
pub const ADDRESSEE_BYTES_MAX: usize = 4 << 10;

/// The longest of its texts, characters: an e-mail address at its longest, and any name.
const TEXT_LENGTH_MAX: usize = 254;

/// Why a statement of whom a notice goes to is none: what and where. It repeats no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct AddresseeError(pub String);

/// Whom a notice goes to. Wiped when it is dropped.
///
/// ```json
/// {"name":"Mari Kask","email":"mari@example.ee","mailbox":"38001010000","language":"et","audience":"person"}
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Addressee {
    /// How they are called; a child's notice is read by the child.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Their e-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// What a portal knows their mailbox by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mailbox: Option<String>,
    /// The language that they read.
    pub language: String,
    /// Who reads it.
    pub audience: String,
}

impl Addressee {
    /// Whom `bytes` name, as JSON. Whether there is such a language and audience is for the words to say.
    ///
    /// # Errors
    /// [`AddresseeError`] names the place; callers open nothing.
    pub fn read(bytes: &[u8]) -> Result<Self, AddresseeError> {
        if bytes.len() > ADDRESSEE_BYTES_MAX {
            return Err(AddresseeError(format!("longer than {ADDRESSEE_BYTES_MAX} bytes")));
        }
        // The reader's own message may repeat a value: only the place is told.
        let read: Self = serde_json::from_slice(bytes).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            AddresseeError(format!(
                "line {line}, column {column}: expected {{\"name\":…,\"email\":…,\"mailbox\":…,\"language\":…,\"audience\":…}}"
            ))
        })?;
        let texts = [("name", &read.name), ("email", &read.email), ("mailbox", &read.mailbox)];
        for (key, text) in texts {
            let Some(text) = text else { continue };
            if text.trim().is_empty() || text.chars().count() > TEXT_LENGTH_MAX {
                return Err(AddresseeError(format!("`{key}`: expected 1 to {TEXT_LENGTH_MAX} characters")));
            }
            // A line of its own would become one of a message's head.
            if text.chars().any(char::is_control) {
                return Err(AddresseeError(format!("`{key}`: a control character is in it")));
            }
        }
        if read.email.is_none() && read.mailbox.is_none() {
            return Err(AddresseeError("expected `email` or `mailbox`".to_owned()));
        }
        Ok(read)
    }
}

impl Drop for Addressee {
    fn drop(&mut self) {
        self.name.zeroize();
        self.email.zeroize();
        self.mailbox.zeroize();
    }
}

impl std::fmt::Debug for Addressee {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Addressee who reads {}", self.language)
    }
}

/// What is sealed of a notice.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct NoticeFile {
    /// Whom it goes to.
    pub to: Option<Addressee>,
    /// What the officer stated who opened it: facts of the closed vocabulary.
    pub facts: RecordedFacts,
    /// What it says, once it is on its way.
    pub letter: Option<Letter>,
}

impl std::fmt::Debug for NoticeFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NoticeFile, {} facts", self.facts.len())
    }
}

impl NoticeFile {
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        // Unwrap safety: texts, instants and lists of them always serialise.
        serde_json::to_vec(self).expect("a notice's file is plain data")
    }
}

/// What a notice says, as facts: the one source of every text about it. It names nobody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// The notice's number.
    pub number: String,
    /// When it goes out, UTC.
    pub at: Text<Timestamp>,
    /// The party that tells.
    pub party: Text<Party>,
    /// The authority that tells.
    pub authority: String,
    /// What happened; `None` where no exchange gave rise to it.
    pub event: Option<LetterEvent>,
    /// The agreement.
    pub agreement: Text<PackSlug>,
    /// What it is called.
    pub agreement_title: String,
    /// What owes the notice: title of the law, and article.
    pub owed_by: Vec<(String, String)>,
    /// The kind of cooperation.
    pub activity: Option<String>,
    /// What it serves.
    pub purpose: Option<String>,
    /// What kinds of data.
    pub categories: Vec<String>,
    /// Until when it is kept, UTC.
    pub kept_until: Option<Text<Timestamp>>,
    /// How telling was put off.
    pub deferrals: Vec<LetterDeferral>,
    /// Where the person may turn.
    pub remedies: Vec<LetterRemedy>,
}

/// What happened with the data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LetterEvent {
    /// Whether it was received; else it was given.
    pub received: bool,
    /// The other party.
    pub partner: Text<Party>,
    /// When, UTC.
    pub at: Text<Timestamp>,
}

/// How telling was put off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LetterDeferral {
    /// The ground.
    pub ground: String,
    /// The article that lists it.
    pub article: String,
    /// From when, UTC.
    pub from: Text<Timestamp>,
    /// To when, UTC.
    pub to: Text<Timestamp>,
}

/// Where the person may turn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LetterRemedy {
    /// Whom to, as the law names them.
    pub options: Vec<String>,
    /// Until when, UTC.
    pub until: Option<Text<Timestamp>>,
}
