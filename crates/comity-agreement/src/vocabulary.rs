//! The vocabulary: the words that every law, gateway and partner share.
//!
//! Owns reading `vocabulary/*.toml` strictly, what each fact is, and the Cedar schema that is generated from
//! them. Leaves what the words mean to the packs, and `paths.toml` to `comity-minimise`.
//! The format is `docs/pack-format.md`, section 1.
//!
//! Invariant: every list, fact, action, office and party that another entry names is there.

mod closed;
mod derivation;
mod fact_term;
mod read;
mod schema;

pub use derivation::{Derivation, Moment, Relation, Slot, Who};
pub use fact_term::{Beside, FactTerm, FactType, FactTypeError, Raise, Requirement};
pub(crate) use read::{DECLARATIONS, one_of};
pub(crate) use schema::{NONE, entity_type};

use crate::finding::LoadError;
use crate::source::LawSource;
use cedar_policy::EntityTypeName;
use comity_terms::calendar::Calendar;
use comity_terms::{
    Action, Digest, FactKey, JurisdictionCode, ObligationType, Office, PackSlug, Purpose, ReasonCode,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Whose law an action asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LawPlace {
    /// The agreement between the parties.
    Agreement,
    /// The law of the place where the data is.
    Data,
    /// The law of the party that asks or receives.
    Asker,
}

/// One of the two ends of an act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum End {
    /// Where the data is.
    Sending,
    /// Who gets it or asks for it.
    Receiving,
}

/// An act that law can be asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionTerm {
    /// What the act is.
    pub summary: String,
    /// The laws that are asked.
    pub laws: Vec<LawPlace>,
    /// The ends that must be parties to the agreement.
    pub parties: BTreeSet<End>,
    /// transfer, use, request, order, notice or procedure: for people who read.
    pub kind: String,
}

impl ActionTerm {
    /// Whether somebody else comes to keep data by such an act: the laws of both ends are asked about it.
    #[must_use]
    pub fn hands_over(&self) -> bool {
        let both = [LawPlace::Data, LawPlace::Asker];
        self.kind == "transfer" && both.iter().all(|place| self.laws.contains(place))
    }
}

/// Which facts bear on an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bearing {
    /// Whether rules about the action can see the fact, for every slot.
    pub(crate) seen: Vec<bool>,
    /// The facts that rules can see and nobody states, and how each is worked out.
    pub(crate) derived: Vec<(Slot, Derivation<Slot>)>,
    /// The facts that some live question must state.
    pub(crate) required: Vec<Slot>,
}

/// What an obligation of a type does to the safeguards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dimension {
    /// Its date is an erasure date.
    EraseBy,
    /// Its date is the end of a preservation duty.
    KeepUntil,
    /// Its date is a notification date.
    NotifyBy,
}

/// What of a gateway's own fulfils a duty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DoneBy {
    /// The entry of the decision that lays it down.
    Entry,
    /// The delivery that the partner acknowledged.
    Delivery,
    /// The answers of every holder to an order that the decision lets go out.
    Answers,
    /// A review of the records, or their end.
    Review,
    /// Its time alone: the gateway ends by itself what it bounds.
    Time,
}

/// A type of obligation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObligationTerm {
    /// What is owed.
    pub summary: String,
    /// The safeguard that its date joins.
    pub safeguard: Option<Dimension>,
    /// The types of duty that this one says are not owed.
    pub denies: Vec<ObligationType>,
    /// What of the gateway's own fulfils it; where nothing is named, people do, but for the end of records.
    pub done_by: Option<DoneBy>,
    /// Whether it is a right of the person whom the data is about.
    pub right: bool,
}

/// A party that may be named, and its legal time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its name.
    pub name: String,
    /// Whether it exists in stories and tests only.
    pub invented: bool,
    /// Its zone, weekend and holidays.
    pub calendar: Calendar,
    /// What sets its law, where it is no state.
    pub organisation: Option<Organisation>,
}

/// An international organisation or a body of one: a party whose law is what it gave itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organisation {
    /// The pack that has its rules; `None` where no pack has them.
    pub law: Option<PackSlug>,
}

/// How words are read that a list does not have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Reading {
    /// Other names of its words.
    pub(crate) synonyms: BTreeMap<String, String>,
    /// What a word is read as that nobody knows: one of the list, or `none` for null.
    pub(crate) unknown: Option<String>,
}

/// The shared words.
#[derive(Debug, Clone)]
pub struct Vocabulary {
    pub(crate) lists: BTreeMap<String, Vec<String>>,
    /// By list; of those whose file says nothing else, `other` where they have it.
    pub(crate) readings: BTreeMap<String, Reading>,
    pub(crate) facts: BTreeMap<FactKey, FactTerm>,
    /// The keys of all facts, by their place.
    pub(crate) keys: Vec<FactKey>,
    /// Whether a fact is one word of a list, by its place: such a one can be asked for null.
    pub(crate) words: Vec<bool>,
    pub(crate) actions: BTreeMap<Action, ActionTerm>,
    /// What there is to know of the facts of a question about an action, by their places: worked out once.
    pub(crate) bearing: BTreeMap<Action, Bearing>,
    pub(crate) purposes: BTreeMap<Purpose, String>,
    pub(crate) reasons: BTreeMap<ReasonCode, String>,
    pub(crate) offices: BTreeMap<Office, String>,
    pub(crate) obligations: BTreeMap<ObligationType, ObligationTerm>,
    pub(crate) places: BTreeMap<JurisdictionCode, Place>,
    /// `facts.toml#marking` and the digest of that entry.
    pub(crate) entries: BTreeMap<String, Digest>,
    pub(crate) schema_text: String,
    /// Holds the schema; shared, for a copy of it weighs megabytes.
    pub(crate) validator: Arc<cedar_policy::Validator>,
    pub(crate) entity_types: EntityTypes,
    pub(crate) digest: Digest,
}

/// The Cedar types of what a request is made of, parsed once.
#[derive(Debug, Clone)]
pub(crate) struct EntityTypes {
    pub(crate) action: EntityTypeName,
    pub(crate) party: EntityTypeName,
    pub(crate) office: EntityTypeName,
    /// Of the facts that are, or hold, entities; by place.
    pub(crate) of_fact: Vec<Option<EntityTypeName>>,
}

impl Vocabulary {
    /// The vocabulary in `source`.
    ///
    /// # Errors
    /// [`LoadError`] with every file's first error; callers show it.
    pub fn load(source: &dyn LawSource) -> Result<Self, LoadError> {
        read::vocabulary(source)
    }

    /// The Cedar schema generated from it: `vocabulary/schema.cedarschema`.
    #[must_use]
    pub fn schema_text(&self) -> &str {
        &self.schema_text
    }

    /// The schema as Cedar holds it, for provers.
    #[must_use]
    pub fn schema(&self) -> &cedar_policy::Schema {
        self.validator.schema()
    }

    /// Every fact, by key.
    #[must_use]
    pub fn facts(&self) -> &BTreeMap<FactKey, FactTerm> {
        &self.facts
    }

    /// The fact under `key`.
    #[must_use]
    pub fn fact(&self, key: &str) -> Option<&FactTerm> {
        self.facts.get(key)
    }

    /// The place of a fact among all, for what is kept by place.
    pub(crate) fn slot(&self, key: &str) -> Option<Slot> {
        self.facts.get(key).map(|term| term.slot)
    }

    /// Every action.
    #[must_use]
    pub fn actions(&self) -> &BTreeMap<Action, ActionTerm> {
        &self.actions
    }

    /// Every purpose, with its summary.
    #[must_use]
    pub fn purposes(&self) -> &BTreeMap<Purpose, String> {
        &self.purposes
    }

    /// Every reason code, with its summary. A code with a key (`fact_missing:marking`) is under its first half.
    #[must_use]
    pub fn reasons(&self) -> &BTreeMap<ReasonCode, String> {
        &self.reasons
    }

    /// Every office, with its summary.
    #[must_use]
    pub fn offices(&self) -> &BTreeMap<Office, String> {
        &self.offices
    }

    /// Every type of obligation.
    #[must_use]
    pub fn obligations(&self) -> &BTreeMap<ObligationType, ObligationTerm> {
        &self.obligations
    }

    /// Every party that may be named.
    #[must_use]
    pub fn places(&self) -> &BTreeMap<JurisdictionCode, Place> {
        &self.places
    }

    /// The pack that a party's own law is: a state's is called as the state is, an organisation's as its calendar says.
    /// `None` for an organisation whose rules no pack has.
    #[must_use]
    pub fn own_law(&self, party: &JurisdictionCode) -> Option<PackSlug> {
        match self.places.get(party).and_then(|place| place.organisation.as_ref()) {
            Some(organisation) => organisation.law.clone(),
            None => party.as_str().parse().ok(),
        }
    }

    /// The values of a closed list.
    #[must_use]
    pub fn list(&self, name: &str) -> Option<&[String]> {
        self.lists.get(name).map(Vec::as_slice)
    }

    /// Whether a fact may name this state: a party, or one that nobody need have an agreement with.
    pub(crate) fn names_state(&self, code: &str) -> bool {
        self.places.contains_key(code)
            || self.list(STATES).is_some_and(|states| states.iter().any(|s| s == code))
    }

    /// The digest over every entry: part of what a decision is memoised under.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }
}

/// The list of all states, by the codes of ISO 3166-1: facts may name those that are no party.
const STATES: &str = "state";
