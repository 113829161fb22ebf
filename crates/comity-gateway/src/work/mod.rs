//! What a gateway is asked to do, beyond what partners ask.
//!
//! | read | for |
//! |---|---|
//! | [`share`] | an officer gives a bundle to a partner |
//! | [`outbox`] | offers that wait for a partner |
//! | [`manage`] | officers, partners, laws: the operator's acts, each an entry in the log |

pub mod manage;
pub mod outbox;
pub mod share;
