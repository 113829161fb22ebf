//! Opt-outs and mandates: what people have said once and for all about data of theirs, and what those who speak for them
//! have allowed.
//!
//! ```text
//! file      tags of what is stated, categories, an end; entry `opt_out.filed`. Nothing is looked up, nothing stated is kept.
//! decide    an officer has seen who filed it: the same is stated again, and this party's law is asked; `opt_out.decided`
//! withdraw  whoever has the code; `opt_out.ended`
//! known     at each share: the tags of whom objects name, all in one look-up ─> the fact `opt_out` of these objects
//! ```
//! What follows from the fact is law's: the agreements and the law of the party say whether such an object is taken out, and
//! that a lawful targeted act is not touched. Here it is found, whatever the act is aimed at, so that it takes as long; a
//! duty to redact is carried out, by leaving the object at home whole ([`redacts`]); and no message tells a partner of it.
//!
//! Invariants: a register holds tags alone, under a key that ends with its period; what a person is shown of their opt-out
//! changes by their own acts, an officer's decision on it, and its end: never by what is done with data.

mod known;
mod mandate;
mod register;

pub use known::{Flow, Known, Naming, known, naming, redacts};
pub(crate) use known::{OPT_OUT, opted_out};
pub use mandate::{MandateError, end_mandate, record_mandate};
pub use register::{Deciding, FiledOptOut, OptingOut, decide, file, period_of, shown, withdraw};

use crate::ExchangeError;
use crate::ports::OptOuts;
use crate::subject::Desk;
use comity_minimise::SubjectKey;
use comity_terms::Month;
use std::sync::Arc;

/// A gateway that keeps a register of opt-outs.
pub trait Register: Desk<Store: OptOuts> {
    /// The key of the tags of opt-outs that end in the year of which `period` is the last month. `None` when it has passed.
    ///
    /// # Errors
    /// [`ExchangeError::Keys`] when it cannot be read, or a new one not be kept.
    fn opt_out_key(&self, period: Month) -> Result<Option<Arc<SubjectKey>>, ExchangeError>;
}
