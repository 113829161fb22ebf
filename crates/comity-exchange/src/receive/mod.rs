//! The receiver's side: one offer from bytes to a signed answer. Read [`receive`] first.

mod keep;
mod open;
mod record;
mod stages;

pub use record::{AnswerBytes, OfferError, receive};
