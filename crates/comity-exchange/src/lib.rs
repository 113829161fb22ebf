//! What a gateway does, as rules: the way of a bundle on both sides, and the messages between gateways.
//!
//! Owns the order of things: nothing is delivered before it is recorded, nothing is opened before it is
//! decided, and every stage consumes the one before it. Leaves deciding to `comity-agreement`, treating data to
//! `comity-minimise`, sealing to `comity-vault`, proving to `comity-tlog`; storing and sending to whoever
//! implements [`ports`]. Knows no HTTP, SQL, clock or file.
//!
//! | read | for |
//! |---|---|
//! | [`disclose`] | one disclosure, start to finish, at the sender |
//! | [`collect`] | what the tools of a house write and read: collections |
//! | [`receive`] | one offer, start to finish, at the receiver |
//! | [`escalation`] | an exchange that waits for offices |
//! | [`audit`] | what is made of openings: decisions again, and what is owed |
//! | [`erase`] | the end of records, and of the keys that wrapped them |
//! | [`recall`] | an order that data be erased or restricted, carried to every holder |
//! | [`matching`] | whether a partner holds certain values, without either showing its own |
//! | [`opt_out`] | what people have opted out of, and what those who speak for them have allowed |
//! | [`once`] | what a client asks under a key of its own, at any node, done once |
//! | [`notice`] | persons who are to be told: by when, what may wait, and what goes out |
//! | [`subject`] | what persons ask about their data, and how it is found and answered |
//! | [`entry`] | what the log shows of an act, and what it commits to |
//! | [`federation`] | the messages |
//! | [`misbehaviour`] | what a partner does that it should not |
//! | [`ports`], [`shell`] | what the rules need from the world |

mod act;
mod alone;
pub mod audit;
pub mod collect;
pub mod disclose;
pub mod entry;
pub mod erase;
mod error;
pub mod escalation;
pub mod federation;
pub mod matching;
pub mod misbehaviour;
pub mod notice;
pub mod once;
pub mod opt_out;
pub mod ports;
pub mod proofs;
pub mod question;
pub mod recall;
pub mod receive;
pub mod report;
pub mod shell;
pub mod signatory;
pub mod signature;
pub mod subject;
pub mod view;
pub mod wire;

pub use error::ExchangeError;
