//! Safeguards: limits that travel with the data. A join-semilattice.
//!
//! The order is *tightness*: `a <= b` when `b` is at least as strict as `a` in every dimension.
//! [`Safeguards::join`] is the least set at least as strict as both, taken dimension by dimension:
//!
//! | dimension | join |
//! |---|---|
//! | `erase_by` | the earlier instant; no date is the loosest |
//! | `keep_until` | the later instant: a preservation duty, not a length of life |
//! | `treatments` | per class the heavier |
//! | `onward` | the narrower reach; authorisation if either asks it |
//! | `handling` | the stricter marking |
//! | `notify_by` | the sooner instant |
//!
//! Laws (property-tested): join is associative, commutative, idempotent, and [`Safeguards::NONE`] is its
//! identity. Joining never discloses more, lasts longer (this speaks of `erase_by` alone) or reaches further.
//! There is no meet and no override: nothing loosens.

use crate::{DataClass, Timestamp};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

macro_rules! chain {
    ($(#[$doc:meta])* $name:ident, $what:literal { $($(#[$vdoc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant),+ }

        impl $name {
            /// Every value, loosest first.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word used in packs and on the wire.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = ChainError;
            fn from_str(text: &str) -> Result<Self, ChainError> {
                Self::ALL.iter().copied().find(|v| v.as_str() == text).ok_or_else(|| ChainError {
                    what: $what,
                    expected: Self::ALL.iter().map(|v| v.as_str()).collect::<Vec<_>>().join(", "),
                })
            }
        }
    };
}

/// A word that is not on the scale it was read for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not {what}: expected one of {expected}")]
pub struct ChainError {
    what: &'static str,
    expected: String,
}

chain! {
    /// What is done to a property before it leaves, lightest first.
    Treatment, "a treatment" {
        /// It goes as it is.
        Keep = "keep",
        /// It goes coarser: a network for an address, a day for an instant.
        Generalise = "generalise",
        /// A token stands for it.
        Pseudonymise = "pseudonymise",
        /// The property stays home.
        WithholdProperty = "withhold_property",
        /// The whole object stays home.
        WithholdObject = "withhold_object",
    }
}

chain! {
    /// The handling that travels with the data, loosest first: the Traffic Light Protocol's scale.
    Handling, "a handling" {
        /// No limit on disclosure.
        Clear = "TLP:CLEAR",
        /// The community, not public channels.
        Green = "TLP:GREEN",
        /// The recipient's organisation and its clients, on need to know.
        Amber = "TLP:AMBER",
        /// The recipient's organisation only, on need to know.
        AmberStrict = "TLP:AMBER+STRICT",
        /// The named recipients only.
        Red = "TLP:RED",
    }
}

chain! {
    /// How far the receiver may pass it on, widest first.
    Reach, "a reach" {
        /// Anyone.
        Unrestricted = "unrestricted",
        /// The receiver's community.
        Community = "community",
        /// The receiving organisation and its clients.
        Clients = "clients",
        /// The receiving organisation.
        Organisation = "organisation",
        /// The named recipients.
        Recipients = "recipients",
        /// Nobody.
        Nobody = "nobody",
    }
}

/// Passing on: how far, and whether the origin must authorise it first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Onward {
    /// How far.
    pub reach: Reach,
    /// Whether each passing on needs the origin's prior authorisation.
    pub authorised_only: bool,
}

impl Onward {
    /// No limit.
    pub const UNRESTRICTED: Self = Self { reach: Reach::Unrestricted, authorised_only: false };

    fn join(self, other: Self) -> Self {
        Self {
            reach: self.reach.max(other.reach),
            authorised_only: self.authorised_only || other.authorised_only,
        }
    }
}

impl fmt::Display for Onward {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reach.fmt(f)?;
        if self.authorised_only { f.write_str(" with prior authorisation") } else { Ok(()) }
    }
}

impl FromStr for Onward {
    type Err = ChainError;

    fn from_str(text: &str) -> Result<Self, ChainError> {
        let (reach, authorised_only) = match text.strip_suffix(" with prior authorisation") {
            Some(reach) => (reach, true),
            None => (text, false),
        };
        Ok(Self { reach: reach.parse()?, authorised_only })
    }
}

/// The limits on one record or one exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Safeguards {
    /// The instant by which it must be erased, UTC. `None`: no law set one.
    pub erase_by: Option<Timestamp>,
    /// The instant until which it must be kept, UTC: a preservation duty.
    pub keep_until: Option<Timestamp>,
    /// The lightest treatment allowed, per class of property; a class that is not named may be kept.
    pub treatments: BTreeMap<DataClass, Treatment>,
    /// Passing on.
    pub onward: Onward,
    /// The marking it travels under.
    pub handling: Handling,
    /// The instant by which the person concerned, or an authority, is to be told, UTC.
    pub notify_by: Option<Timestamp>,
}

impl Safeguards {
    /// No safeguards: the identity of [`join`](Self::join).
    pub const NONE: Self = Self {
        erase_by: None,
        keep_until: None,
        treatments: BTreeMap::new(),
        onward: Onward::UNRESTRICTED,
        handling: Handling::Clear,
        notify_by: None,
    };

    /// The least safeguards at least as strict as both.
    #[must_use]
    pub fn join(mut self, other: &Self) -> Self {
        self.erase_by = earlier(self.erase_by, other.erase_by);
        self.keep_until = self.keep_until.max(other.keep_until);
        for (class, treatment) in &other.treatments {
            let held = self.treatments.entry(class.clone()).or_insert(Treatment::Keep);
            *held = (*held).max(*treatment);
        }
        // A class that may be kept is the same as a class that is not named: one form for equality.
        self.treatments.retain(|_, treatment| *treatment > Treatment::Keep);
        self.onward = self.onward.join(other.onward);
        self.handling = self.handling.max(other.handling);
        self.notify_by = earlier(self.notify_by, other.notify_by);
        self
    }

    /// The least safeguards at least as strict that treat `class` at least so: a join with one treatment.
    #[must_use]
    pub fn treating(mut self, class: &DataClass, treatment: Treatment) -> Self {
        if treatment > self.treatment(class) {
            self.treatments.insert(class.clone(), treatment);
        }
        self
    }

    /// Whether `self` is at least as strict as `other` in every dimension.
    #[must_use]
    pub fn at_least(&self, other: &Self) -> bool {
        other.clone().join(self) == Self::NONE.join(self)
    }

    /// The treatment that a class of property must have at least.
    #[must_use]
    pub fn treatment(&self, class: &DataClass) -> Treatment {
        self.treatments.get(class).copied().unwrap_or(Treatment::Keep)
    }

    /// Whether a preservation duty outlives the erasure date: no law can be kept, so a human decides.
    #[must_use]
    pub fn conflict(&self) -> bool {
        matches!((self.keep_until, self.erase_by), (Some(keep), Some(erase)) if keep > erase)
    }
}

fn earlier(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests;
