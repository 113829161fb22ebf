//! Three gateways in one process under a seed: faults, partitions, crashes, and what must hold after them.
//!
//! The rules are the real ones (`comity-exchange`), and so are laws, vault, store and log; the shell is this
//! crate's: time, chance and the road come from the seed, so the same seed gives the same run to the last byte.
//! For development alone: nothing depends on it.
//!
//! **A failure is**, once the roads are mended, the clocks set, and every process was started again:
//! - a process that does not start, or a log that does not verify, is not as long as what was recorded, is not at
//!   its mark, or is not one with every checkpoint that was ever shown or cosigned;
//! - an exchange that a caller was told is recorded and that is gone, or is still queued, or has more or fewer
//!   entries than its acts;
//! - what is held from erasure and was erased;
//! - records of an exchange that are not those of its offer, each once; two exchanges kept of one chain of
//!   replacements; an offer answered twice and not the same;
//! - sender and receiver that say different things of an exchange, or an officer who was told what is not so.
//!
//! **Not a failure is**:
//! - an exchange given up at its horizon that the receiver has: who never heard an answer cannot know of it;
//! - an order that was not recorded, when its officer was told that it failed, or died with the process;
//! - an order that failed in doubt and was recorded: it is carried out, and ordering again makes another exchange;
//! - an exchange that was decided again while it waited, and refused, of which the receiver has accepted an earlier
//!   offer: its answer was never heard either;
//! - an offer that arrives again: it is answered the same way and changes nothing.
//!
//! | read | for |
//! |---|---|
//! | [`run`] | one run of a seed |
//! | [`op`] | what can happen |
//! | [`check`] | what must hold |
//! | [`faults`], [`faulty`], [`network`] | how calls and messages fail |
//! | [`world`], [`gateway`], [`work`] | the gateways |
//! | [`orders`], [`persons`] | what officers order of data that went out, and what persons ask |

pub mod chance;
pub mod check;
pub mod clockwork;
pub mod faults;
pub mod faulty;
pub mod gateway;
pub mod keys;
pub mod law;
pub mod network;
pub mod op;
pub mod orders;
pub mod persons;
pub mod run;
pub mod work;
pub mod world;
