//! What a gateway is asked to do, beyond what partners ask.
//!
//! | read | for |
//! |---|---|
//! | [`share`], [`preview`] | an officer gives a bundle to a partner, or sees what would come of it |
//! | [`dry`] | what would come of any other act that laws decide on |
//! | [`collections`] | standing requests: what tools write and read by |
//! | [`outbox`] | offers that wait for a partner |
//! | [`approve`], [`offices`] | what waits for offices, and what these say; who acts for them |
//! | [`officers`] | who may act, by the key that signs what they order |
//! | [`holds`] | what is kept from erasure for a time, and looked at before its own ends |
//! | [`recall`] | orders that data be erased or restricted wherever it went |
//! | [`removal`] | partners that are removed, and those who are told |
//! | [`referrals`] | persons' requests that go on to partners |
//! | [`rotate`], [`succession`] | new keys; the log that succeeds another |
//! | [`audit`] | what an overseer asks of the gateway's own record |
//! | [`backup`] | a copy of a gateway, and a gateway made of it |
//! | [`moving`] | the database moves to a server |
//! | [`tokens`] | what stands for an officer in their tools |
//! | [`webhooks`] | endpoints that are told of acts |
//! | [`deletion`] | what ends by which rule, and what does not |
//! | [`views`] | what an officer looks at while it stays with a partner |
//! | [`uses`] | what an officer reads of what was received, and how often it was used |
//! | [`subjects`] | what persons ask about their data |
//! | [`opt_outs`], [`mandates`] | what people have opted out of; what those who speak for them have allowed |
//! | [`notices`] | persons who are to be told |
//! | [`doctor`] | what an operator would look at first |
//! | [`manage`] | officers, partners, laws: the operator's acts, each an entry in the log |

pub mod approve;
pub mod audit;
pub mod backup;
pub mod collections;
pub mod deletion;
pub mod doctor;
pub mod dry;
pub mod holds;
pub mod manage;
pub mod mandates;
pub mod matching;
pub mod moving;
pub mod notices;
pub mod officers;
pub mod offices;
pub mod opt_outs;
pub mod outbox;
pub mod preview;
pub mod recall;
pub mod referrals;
pub mod removal;
pub mod rotate;
pub mod share;
pub mod subjects;
pub mod succession;
pub mod tokens;
pub mod unmasking;
pub mod uses;
pub mod views;
pub mod webhooks;

use serde_json::Value as Json;

/// A part of a list, as it is printed.
#[derive(Debug)]
pub struct Listed {
    /// The items.
    pub rows: Vec<Json>,
    /// Whether more come behind them.
    pub more: bool,
}

impl Listed {
    /// The first `limit` of what was found, of which one more was asked for.
    pub(crate) fn of(mut rows: Vec<Json>, limit: u32) -> Self {
        let more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        Self { rows, more }
    }
}
