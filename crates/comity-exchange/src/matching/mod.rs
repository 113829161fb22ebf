//! Whether a partner holds certain values, without either showing its own: an officer asks, the laws of both decide, and what
//! comes back is which of the officer's own values matched. A match leads to a request under the laws, never to data.
//!
//! ```text
//! asker    decide ─> record ─> open ──────────────┐             blind ─> evaluate ─────────┐        ─> look up ─> record
//! holder   read ─> decide, class by class ─> record ─> statement, filter    read ─> decide ─> budget ─> record ─> evaluated
//! ```
//! The holder's set is what was placed at its own gateway under the agreement, for the activity and the purpose that are
//! asked about: what it keeps at home. Of that it matches the classes whose facts both laws let a partner ask about
//! (`look_up`); a class that is refused is not in the filter, and the answer does not tell that there is one. Nor is a record
//! that names somebody who has opted out, where a share of it would leave it at home for that.
//!
//! A key is of a day, UTC, and of a *scope*: partner, agreement, activity, purpose, what else was stated, and the laws by
//! their digests. The statement of key and filter is made once; another one for the same day is misbehaviour. With the day
//! its key is destroyed, so what was erased meanwhile is matched by nobody from then on.
//!
//! Crash points. An open that is broken off leaves nothing, or the statement, which is given again. A batch is evaluated
//! when its entry, its budget and its answer are recorded, in one transaction: before it nothing was used, after it the
//! same message gets the same answer. The asker keeps the statement it was told; a question that breaks off is asked anew.
//!
//! | read | for |
//! |---|---|
//! | [`mod@ask`] | the asker |
//! | [`mod@take`] | the holder |
//! | `hold` | the holder's set |

pub mod ask;
pub(crate) mod hold;
pub mod take;

pub use ask::{Asked, Asking, End, Traffic, ask};
pub use take::{MatchError, take};

use crate::ExchangeError;
use crate::audit::recorded::{RecordedRuling, no_cases, owed};
use crate::opt_out::Register;
use crate::ports::{Collections, MatchRoad, MatchScope, Matches};
use crate::question::Request;
use crate::shell::{Lent, Shell};
use comity_agreement::{Decision, QuestionError};
use comity_minimise::matching::MatchKey;
use comity_terms::{Action, Day, Facts, Party, Timestamp};
use std::collections::BTreeSet;

/// A gateway that asks and answers.
pub trait Matcher: Register<Store: Matches + Collections, Peers: MatchRoad> {
    /// The key of a scope and day; of a day that has passed there is none.
    ///
    /// # Errors
    /// [`ExchangeError::Keys`].
    fn match_key(&self, scope: &MatchScope, day: Day) -> Result<MatchKey, ExchangeError>;

    /// How many evaluations a partner has in a calendar month, for each agreement and purpose.
    fn match_budget(&self, scope: &MatchScope) -> u64;
}

/// The act, in the vocabulary's words.
const LOOK_UP: &str = "look_up";

/// The question as the laws are asked it: the data is with `sender`, `receiver` asks.
fn request(
    (sender, receiver): (&Party, &Party),
    scope: &MatchScope,
    facts: &Facts,
    at: Timestamp,
) -> Result<Request, ExchangeError> {
    let action = Action::new(LOOK_UP).map_err(|error| ExchangeError::Question(error.to_string()))?;
    let what = (action, scope.activity.clone(), scope.purpose.clone());
    let bare = Request::bare((sender.clone(), receiver.clone()), scope.agreement.clone(), what, at);
    Ok(Request { facts: facts.clone(), ..bare })
}

/// What the laws say of asking at all, before anything is known of what is held.
pub(crate) struct Ruled {
    pub(crate) decision: Decision,
    pub(crate) ruling: RecordedRuling,
}

pub(crate) fn rule<W: Shell>(
    world: &W,
    request: &Request,
    lent: &Lent,
    objects: u64,
) -> Result<Ruled, ExchangeError> {
    let laws = &*lent.laws;
    let none = Facts::new();
    let (question, setting) = (request.question(&none, laws), request.setting());
    let wrong = |error: QuestionError| ExchangeError::Question(error.to_string());
    world.with_memo(|memo| {
        let decision = memo.decide(laws, &question, &setting, &no_cases()).map_err(wrong)?;
        let owed = owed(&decision, laws, &question, &setting, memo).map_err(wrong)?;
        let of = (&none, &BTreeSet::new());
        let ruling = RecordedRuling::of(&decision, &owed, objects, of, &BTreeSet::new(), &laws.vocabulary);
        Ok(Ruled { decision, ruling })
    })
}
