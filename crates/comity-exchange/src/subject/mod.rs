//! What persons ask about their data, at one door: filed, found by tags, decided under this party's own law, answered.
//!
//! ```text
//! file    what is stated is sealed; row, entry `request.filed`, by when it is due: one transaction. Nothing is looked up.
//! decide  tags of what is stated ─> records ─> own law, class by class ─> what is given, what is withheld
//!         what follows at them: erased, restricted, put right; ordered of the partners that got them
//!         the answer is sealed, what was stated is erased, entry `request.decided`: one transaction
//! show    to whoever has the number and the code
//! ```
//! Crash points: before a transaction nothing of it has happened. Between erasing and the answer the request is open still,
//! and is decided again: what is left is found, the entries of the erasures name the request, and no order is given twice.
//!
//! Invariants: filing looks nothing up, so it takes as long and says the same whoever asks. The answer has a part that
//! depends on what is held: the records that the law lets be given, and nothing else. Whether nothing is held or something
//! is withheld, the bytes are the same; the sealed opening of the entry tells an overseer which. A request keeps the laws
//! as they stood when it was filed. Every answer says where to turn and until when.
//!
//! Leaves to the shell who says who somebody is, and who decides; and to the messages between gateways what is asked of
//! partners: [`Elsewhere`] names them.
//!
//! | read | for |
//! |---|---|
//! | [`claim`] | what a person states |
//! | [`find`] | the records that name them |
//! | [`law`] | what this party's law says of a request, and of each class of records |
//! | `effect`, [`lift()`] | what follows at records here and at partners, and the end of a restriction |
//! | `refer`, `referred` | a request goes on to partners, and comes from them |
//! | `held` | what may be done with what was found, and what of it is told |
//! | [`answer`] | what the person is told, and what the overseer |
//! | [`request`] | filing and deciding, start to finish |
//! | [`read()`] | what a person stated, for the officer who decides |
//! | [`shown`] | where a request stands |

pub mod answer;
pub mod claim;
mod effect;
pub mod find;
mod held;
pub mod law;
mod lift;
mod read;
mod refer;
mod referred;
pub mod request;
mod status;
mod tag;

pub use answer::Answer;
pub use claim::{Claim, ClaimError, Kind};
pub use effect::{CorrectedRecord, OrderedThere};
pub use lift::{Lifting, lift};
pub use read::read;
pub use refer::{
    ElsewhereAnswer, Told as ReferralTold, elsewhere, end as end_referral, send as send_referral, telling,
};
pub use referred::{TakeReferralError, take_referral};
pub use request::{Decided, Decision, Elsewhere, Filed, Filing, decide, file};
pub(crate) use status::code as code_drawn;
pub use status::shown;
pub(crate) use tag::{Named, about_people};

use crate::ExchangeError;
use crate::ports::{ReferralRoad, Subjects};
use crate::shell::{Lent, Shell};
use comity_minimise::TokenKey;
use comity_terms::{Digest, Month, PackSlug, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A gateway that answers persons.
pub trait Desk: Shell<Store: Subjects, Peers: ReferralRoad> {
    /// The keys of every pseudonym that this gateway can still make, for whatever agreement, partner and period.
    ///
    /// # Errors
    /// [`ExchangeError::Keys`].
    fn token_keys(&self) -> Result<Vec<Arc<TokenKey>>, ExchangeError>;
    /// The months that have a key of tags, in order.
    ///
    /// # Errors
    /// [`ExchangeError::Keys`].
    fn subject_months(&self) -> Result<Vec<Month>, ExchangeError>;
    /// Every pack adopted here, by its digest now.
    fn adopted_now(&self) -> BTreeMap<PackSlug, Digest>;
    /// What is asked of this party alone under a pack, as the packs stood by these digests; `None` when the pack, or
    /// this party's own law, is not among them or its text is not here.
    fn laws_then(&self, pack: &PackSlug, digests: &BTreeMap<PackSlug, Digest>) -> Option<Lent>;
    /// Until when a request that is filed at `at`, and its answer, are kept.
    fn request_until(&self, at: Timestamp) -> Timestamp;
}
