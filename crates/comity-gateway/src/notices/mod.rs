//! How notices reach persons: a mailbox that a portal reads, or e-mail.
//!
//! | read | for |
//! |---|---|
//! | [`settings`] | what an operator sets |
//! | [`letter`] | a notice's facts in words |
//! | [`mailbox`] | a file for each notice, in a directory that a portal reads |
//! | [`smtp`] | a message to a mail server |
//!
//! Each road does the same for the same notice: the file has its number for a name, the message for an id. Whoever is handed
//! one twice, after a crash between handing over and its entry, sees one.

pub mod letter;
pub mod mailbox;
pub mod settings;
pub mod smtp;

pub use settings::NoticeSettings;

use comity_exchange::notice::Addressee;
use comity_notices::Message;
use comity_terms::Timestamp;
use comity_terms::ids::NoticeId;

/// A notice, as it is handed over.
pub struct Handed<'a> {
    /// Its number.
    pub number: NoticeId,
    /// When it went out, UTC: the same at each try.
    pub at: Timestamp,
    /// Whom it goes to.
    pub to: &'a Addressee,
    /// What it says.
    pub message: &'a Message,
}

/// A road to persons.
pub trait Road: Send + Sync {
    /// Hands a notice over. When it returns, the notice is where it is read, or with a server that has taken it on.
    ///
    /// # Errors
    /// Why not, in words that name nobody; the notice is handed over again later.
    fn hand(&self, handed: &Handed<'_>) -> impl Future<Output = Result<(), String>> + Send;
}
