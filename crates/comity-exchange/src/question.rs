//! What an officer asks, and how it becomes one question per class of objects.

use crate::audit::recorded::{RecordedQuestion, no_cases, recorded_facts};
use crate::escalation::Escalating;
use crate::federation::offer::WireBar;
use crate::opt_out::Known;
use crate::wire::{Text, law_digests};
use comity_agreement::facts::raise;
use comity_agreement::{LawSet, Mode, Question, Setting};
use comity_terms::{
    Action, Activity, Asserter, Digest, ExchangeId, FactKey, Facts, PackSlug, Party, Purpose, Timestamp,
};
use std::collections::BTreeSet;

/// One request to give a bundle to a partner.
#[derive(Debug, Clone)]
pub struct Request {
    /// Where the data is: this gateway's party.
    pub sender: Party,
    /// Who gets it.
    pub receiver: Party,
    /// The agreement that it is under.
    pub agreement: PackSlug,
    /// The act.
    pub action: Action,
    /// The agreed category.
    pub activity: Activity,
    /// What it is for.
    pub purpose: Purpose,
    /// What the officer and offices state, and what the gateway knows of the officer.
    pub facts: Facts,
    /// What this gateway's registers say of the bundle's objects.
    pub known: Known,
    /// What stands behind the facts that offices state.
    pub attestations: Vec<Attestation>,
    /// What it takes to wait for offices, and what these said; a preview has none of it.
    pub escalation: Option<Escalating>,
    /// The instant of the act, UTC.
    pub at: Timestamp,
    /// Whether to treat the agreement as in force for a trial.
    pub assume_in_force: bool,
    /// Whether both parties have signed the agreement's digest.
    pub binding: bool,
    /// Whether this is an exchange; a preview asks closed-world, where an absent fact is not relevant.
    pub live: bool,
    /// The exchange that this one replaces.
    pub supersedes: Option<Superseded>,
    /// Whose order it is; a preview has none.
    pub ordered: Option<Ordered>,
    /// To whom the receiver does not pass it on: by this gateway's word, and that of those it is from.
    pub barred: BTreeSet<WireBar>,
}

/// An officer's signature under an order. Entries name an officer by a key, never by a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ordered {
    /// The public half of the officer's key.
    pub key: String,
    /// The digest of the bundle as it was given.
    pub bundle: Digest,
    /// Over [`Request::order`].
    pub signature: String,
}

impl Request {
    /// An act between two parties under an agreement, in a category, for a purpose, at an instant; nobody has stated, attested
    /// or ordered anything, and nothing of it waits. What else there is of it, callers put beside.
    #[must_use]
    pub fn bare(
        (sender, receiver): (Party, Party),
        agreement: PackSlug,
        (action, activity, purpose): (Action, Activity, Purpose),
        at: Timestamp,
    ) -> Self {
        Self {
            sender,
            receiver,
            agreement,
            action,
            activity,
            purpose,
            facts: Facts::new(),
            known: Known::default(),
            attestations: Vec::new(),
            escalation: None,
            at,
            assume_in_force: false,
            binding: false,
            live: true,
            supersedes: None,
            ordered: None,
            barred: BTreeSet::new(),
        }
    }

    /// What an officer who orders this exchange of `bundle` signs: all of it stands in the opening of its entry.
    #[must_use]
    pub fn order(&self, bundle: Digest) -> String {
        let Self { action, agreement, receiver, activity, purpose, at, .. } = self;
        format!("{action}\n{agreement}\n{receiver}\n{activity}\n{purpose}\n{bundle}\n{at}\n")
    }
}

/// An exchange that another one replaces: decided or sealed again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Superseded {
    /// The exchange.
    pub exchange: ExchangeId,
    /// The first exchange of the chain that both belong to. A receiver accepts one of a chain.
    pub chain: ExchangeId,
}

/// What an office attested: recorded with the decision that counted it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attestation {
    /// The fact.
    pub key: FactKey,
    /// The digest of the document.
    pub document: Digest,
    /// Until when it is valid, UTC.
    pub valid_until: Timestamp,
}

/// The fact keys under which activity and purpose are stated.
const ACTIVITY: &str = "activity";
const PURPOSE: &str = "purpose";

impl Request {
    /// The facts that hold for every class: the officer's, the gateway's, activity and purpose.
    #[must_use]
    pub fn common_facts(&self) -> Facts {
        let mut facts = self.facts.clone();
        for (key, word) in [(ACTIVITY, self.activity.as_str()), (PURPOSE, self.purpose.as_str())] {
            facts.know(key, word, Asserter::Officer);
        }
        facts
    }

    /// The question about objects with these detected facts, before any office has approved.
    #[must_use]
    pub fn question(&self, detected: &Facts, laws: &LawSet) -> Question {
        Question {
            action: self.action.clone(),
            sending: self.sender.clone(),
            receiving: self.receiver.clone(),
            at: self.at,
            knowledge_time: self.at,
            facts: raise(&laws.vocabulary, detected.clone(), self.common_facts()),
            approvals: BTreeSet::new(),
        }
    }

    /// The question as the opening of its entry holds it, but for the facts of each class.
    #[must_use]
    pub fn recorded(&self, laws: &LawSet) -> RecordedQuestion {
        RecordedQuestion {
            action: Text(self.action.clone()),
            sender: Text(self.sender.clone()),
            receiver: Text(self.receiver.clone()),
            agreement: Text(self.agreement.clone()),
            laws: law_digests(laws),
            at: Text(self.at),
            knowledge_time: Text(self.at),
            assumed_in_force: self.assume_in_force,
            binding: self.binding,
            case_state: Text(no_cases()),
            facts: recorded_facts(&self.common_facts(), &laws.vocabulary),
        }
    }

    /// How it is asked: live, under the agreement and both laws.
    #[must_use]
    pub fn setting(&self) -> Setting {
        Setting {
            mode: if self.live { Mode::Live } else { Mode::ClosedWorld },
            assume_in_force: self.assume_in_force,
            binding: self.binding,
            national: true,
        }
    }
}
