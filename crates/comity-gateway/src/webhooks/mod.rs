//! Webhooks: programmes of the house are told of acts as the log records them, by signed messages.
//!
//! ```text
//! log ─> opening ─> message ─> signed ─> POST ─> 2xx: told      anything else: again later, until it is given up
//! ```
//! Owns what is told and when. An endpoint is told of each act that it wants at least once, in the order of the log; how far
//! it was told is kept in the store, so that a restart or another node goes on from there. Nothing that is done here keeps
//! an exchange waiting: it reads what has been committed.
//!
//! | read | for |
//! |---|---|
//! | [`events`] | which acts an endpoint wants |
//! | [`message`] | what it is told of one: ids, kinds, counts, instants; never a value of the data, never a name |
//! | [`signed`] | secrets and signatures, as Standard Webhooks has them |
//! | [`call`] | one call: bounded in time and size, no redirect followed |
//! | [`deliver`] | one round with one endpoint |
//!
//! Source: the Standard Webhooks specification 1.0.0 (standardwebhooks.com).

pub mod call;
pub mod deliver;
pub mod events;
pub mod message;
mod settings;
pub mod signed;

pub use settings::WebhookSettings;
