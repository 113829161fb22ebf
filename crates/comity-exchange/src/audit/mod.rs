//! What an overseer does with the openings of a log: decisions made again, and what is owed by them.
//!
//! | read | for |
//! |---|---|
//! | [`recorded`] | what an opening holds of a decision |
//! | [`replay`] | the same question to the same laws, and whether the answer is the same |
//! | [`mod@walk`] | a whole log, replayed |
//! | [`mod@amended`] | which of it would come out otherwise under another text of a law |
//! | [`due`] | duties whose time comes, told once each |
//! | [`obligations`] | what is owed by it, and what it shows to be done |

pub mod amended;
pub mod due;
pub mod obligations;
pub mod recorded;
pub mod replay;
mod unread;
pub mod walk;
