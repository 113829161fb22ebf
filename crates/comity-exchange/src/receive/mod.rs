//! The receiver's side: one offer from bytes to a signed answer. Read [`receive`] first.

mod answer;
mod keep;
mod open;
mod record;
mod stages;

pub use answer::Answered;
pub use record::{OfferError, receive};
