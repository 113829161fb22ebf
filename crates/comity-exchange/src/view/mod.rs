//! Remote view: an officer looks at a partner's record where it lies, for data that may not leave. Nothing is kept of it but
//! that it was looked at.
//!
//! ```text
//! asker    decide ─> record ─> seal what is looked for ──┐                            ┌─> verify ─> open ─> record ─> show, once
//! holder   read ─> decide ─> budget ─> open the question ┴─> decide, class by class ──┴─> count, record ─> open ─> mask ─> seal
//! ```
//! Both sides ask both laws. Whether the asker's officer may use it at all is asked as of a *use*, before anything is sent and
//! again at the holder. Whether the holder's law lets it be seen is asked of each class as of a *share*, with the fact
//! `remote_view`: every rule about giving holds, and a rule that keeps data at home may let this pass (C61). What may be seen
//! is counted as an officer's query is ([`collect::query`](mod@crate::collect::query)): specific, capped, masked; the partner is
//! the officer whose look-ups are counted.
//!
//! What is refused is told with its article where the laws would let a partner ask whether it is held (`look_up`); where they
//! would not, the answer is that of nothing. A record that names somebody who has opted out is not shown where a share of it
//! would stay home for that.
//!
//! Crash points. Before the use is recorded, nothing was opened. Between it and the answer's entry, it was counted and nobody
//! saw it: the same message is looked for again, and counted again. After that the same message gets the same answer, sealed to
//! a key that lived in the asker's memory. An asker that is killed asks anew, under another id.
//!
//! | read | for |
//! |---|---|
//! | [`mod@ask`] | the asker |
//! | [`mod@take`] | the holder |

pub mod ask;
pub mod take;

pub use ask::{Asked, Asking, End, Viewed, ask};
pub use take::{ViewError, take};

use crate::ExchangeError;
use crate::question::Request;
use comity_terms::{Action, Activity, Facts, PackSlug, Party, Purpose, Timestamp};
use std::time::Duration;

/// The acts that laws are asked about, in the vocabulary's words.
const USE: &str = "use";
const SHARE: &str = "share";
const LOOK_UP: &str = "look_up";

/// How far the asker's instant may lie from the holder's clock: a question is answered once, and known for longer than this.
const SKEW: Duration = Duration::from_secs(60 * 60);

/// An act as laws are asked about it: the records are with `holder`, `asker` looks.
fn request(
    action: &str,
    (holder, asker): (&Party, &Party),
    (agreement, activity, purpose): (&PackSlug, &Activity, &Purpose),
    (facts, at): (&Facts, Timestamp),
) -> Result<Request, ExchangeError> {
    let action = Action::new(action).map_err(|error| ExchangeError::Question(error.to_string()))?;
    let what = (action, activity.clone(), purpose.clone());
    let bare = Request::bare((holder.clone(), asker.clone()), agreement.clone(), what, at);
    Ok(Request { facts: facts.clone(), ..bare })
}
