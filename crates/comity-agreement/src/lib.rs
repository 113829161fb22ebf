//! From the text of an agreement to a decision.
//!
//! Owns the vocabulary, packs, the rules that Cedar is asked with, facts, decisions and the obligations that
//! come with them. The only room that knows Cedar. Leaves reading directories, asking the officer, counting
//! and recording to the shell, and the treating of data to `comity-minimise`. Pure: files are bytes, time is
//! an argument.
//!
//! ```text
//! source ─> vocabulary ─┬─> pack ─> compile ─> Law ─┐
//!                       └─> facts ── Question ──────┴─> decide ─> Decision { outcome, grounds, obligations, … }
//! ```
//!
//! | read | for |
//! |---|---|
//! | [`mod@decide`] | the answer; read this first |
//! | [`pack`] | what a parsed pack guarantees |
//! | [`facts`] | who may say what, and what absence means |
//! | [`obligations`] | what is owed, by when |
//! | [`draft`], [`mod@diff`] | a pack as it would be, and what that changes |
//! | [`deletion`] | which rules end the keeping of which data |
//! | [`rights`] | which articles keep which right |
//! | [`hypothetical`] | what would change an answer, and who can |
//! | [`try_case`] | a worked case in, its answer out |

pub mod approval;
pub mod compile;
pub mod decide;
pub mod deletion;
pub mod diff;
mod document;
pub mod draft;
pub mod escalation;
pub mod explain;
pub mod facts;
pub mod finding;
pub mod hypothetical;
pub mod lint;
pub mod matrix;
pub mod memo;
pub mod obligations;
pub mod pack;
pub mod person;
pub mod question;
pub mod reappraisal;
pub mod rights;
pub mod source;
pub mod try_case;
pub mod vocabulary;

pub use compile::{Law, Library};
pub use decide::{Alternative, Decision, Outcome, decide, seen_by_rules};
pub use deletion::{Deletion, deletions};
pub use finding::{Finding, Level, LoadError};
pub use memo::Memo;
pub use pack::{Keep, Pack, ReceiptGrade};
pub use question::{LawSet, Mode, Question, QuestionError, Setting};
pub use source::{LawFiles, LawSource, shipped};
pub use vocabulary::Vocabulary;
