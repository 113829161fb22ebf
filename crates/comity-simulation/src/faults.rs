//! Failures to come, call by call; and the ledger of what really happened.

use comity_exchange::ports::ExchangeRow;
use comity_terms::ExchangeId;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

macro_rules! calls {
    ($($(#[$doc:meta])* $call:ident),* $(,)?) => {
        /// A call of the ports: the store's, and the two of the road to partners.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Call { $($(#[$doc])* $call),* }

        impl Call {
            /// Every call.
            pub const ALL: &[Self] = &[$(Self::$call),*];
        }
    };
}

calls! {
    /// `record`.
    Record,
    /// `exchange`.
    Exchange,
    /// `exchange_integrated`.
    ExchangeIntegrated,
    /// `answer`.
    Answer,
    /// `accepted_in_chain`.
    AcceptedInChain,
    /// `partner_receipt`.
    PartnerReceipt,
    /// `claim_outbox`.
    ClaimOutbox,
    /// `claim_offer`.
    ClaimOffer,
    /// `postpone`.
    Postpone,
    /// `checkpoint`.
    Checkpoint,
    /// `inclusion`.
    Inclusion,
    /// `consistency`.
    Consistency,
    /// `logged`.
    Logged,
    /// `witnessed`.
    Witnessed,
    /// `witnessed_checkpoint`.
    WitnessedCheckpoint,
    /// `witnessed_by`.
    WitnessedBy,
    /// `peer`.
    Peer,
    /// `peers`.
    Peers,
    /// `officer`.
    Officer,
    /// `officer_keys`.
    OfficerKeys,
    /// `standing`.
    Standing,
    /// `token`.
    Token,
    /// `tokens`.
    Tokens,
    /// `subject`.
    Subject,
    /// `escalation`.
    Escalation,
    /// `escalations`.
    Escalations,
    /// `approvals`.
    Approvals,
    /// `delegations`.
    Delegations,
    /// `adopted_laws`.
    AdoptedLaws,
    /// `law_signatures`.
    LawSignatures,
    /// `segment`.
    Segment,
    /// `segments`.
    Segments,
    /// `due`.
    Due,
    /// `held_of`.
    HeldOf,
    /// `leaving`.
    Leaving,
    /// `clocks`.
    Clocks,
    /// `held_in`.
    HeldIn,
    /// `close_bucket`.
    CloseBucket,
    /// `epochs`.
    Epochs,
    /// `vitals`.
    Vitals,
    /// `Peers::offer`.
    SendOffer,
    /// `Peers::identity`.
    AskIdentity,
}

impl Call {
    /// Whether it changes what is stored, here or at a partner; for the others it is the same whether they were carried out.
    #[must_use]
    pub fn changes(self) -> bool {
        use Call::{ClaimOffer, ClaimOutbox, CloseBucket, Postpone, Record, SendOffer};
        matches!(self, Record | CloseBucket | SendOffer | ClaimOutbox | ClaimOffer | Postpone)
    }
}

/// What a failing call had done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Did {
    /// Nothing: it failed and did not persist.
    Nothing,
    /// All of it: it failed and did persist.
    All,
}

/// What comes after a failing call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Then {
    /// The process goes on: the caller is told.
    GoesOn,
    /// The process ends there; nobody is told.
    Dies,
}

/// A failure to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// At which call.
    pub call: Call,
    /// After how many of these that still work.
    pub after: u32,
    /// What it has done by then.
    pub did: Did,
    /// What comes after.
    pub then: Then,
}

/// What really happened in one store, as only an outsider can know.
#[derive(Debug, Default)]
pub struct Ledger {
    /// How many entries were persisted.
    pub entries: u64,
    /// Every exchange that was persisted, with the outcome that it was persisted with last.
    pub exchanges: BTreeMap<ExchangeId, ExchangeRow>,
    /// Exchanges that a caller was told are recorded.
    pub told: BTreeMap<ExchangeId, ExchangeRow>,
    /// Exchanges whose records were ordered to be erased; `true` once that was told to be done.
    pub ended: BTreeMap<ExchangeId, bool>,
    /// Whether records may have been erased one by one: an order or a person named them.
    pub by_record: bool,
    /// The failures that came.
    pub failures: Vec<Fault>,
}

/// The failures to come at one gateway, and what really happened there.
#[derive(Clone, Default)]
pub struct Faults {
    planned: Arc<Mutex<Vec<Fault>>>,
    ledger: Arc<Mutex<Ledger>>,
}

impl Faults {
    /// One more failure to come.
    pub fn plan(&self, fault: Fault) {
        self.planned().push(fault);
    }

    /// No further failures.
    pub fn clear(&self) {
        self.planned().clear();
    }

    /// What really happened.
    pub fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The failure that comes at this call, if one does.
    pub(crate) fn strike(&self, call: Call) -> Option<Fault> {
        let fault = {
            let mut planned = self.planned();
            let place = planned.iter().position(|fault| fault.call == call)?;
            if planned[place].after > 0 {
                planned[place].after -= 1;
                return None;
            }
            planned.remove(place)
        };
        self.ledger().failures.push(fault);
        Some(fault)
    }

    fn planned(&self) -> MutexGuard<'_, Vec<Fault>> {
        self.planned.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
