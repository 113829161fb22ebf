//! A profile: how a purpose tightens the path table, and which ground is reported for each class.

use comity_terms::{DataClass, Treatment};
use std::collections::BTreeMap;

/// What the laws that permitted an exchange ask of its data. It only tightens: the heavier of the path
/// table's treatment and the profile's is done.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Profile {
    /// The lightest treatment per class: the joined safeguards of the decision.
    pub treatments: BTreeMap<DataClass, Treatment>,
    /// The law that asks it, per class, as it is reported: `gdpr-art-5 Art. 5(1)(c)`.
    pub grounds: BTreeMap<DataClass, String>,
    /// The purpose, for the classes whose treatment is the path table's own.
    pub purpose: String,
}

impl Profile {
    pub(crate) fn treatment(&self, class: &DataClass) -> Treatment {
        self.treatments.get(class).copied().unwrap_or(Treatment::Keep)
    }

    pub(crate) fn ground(&self, class: &DataClass) -> String {
        self.grounds.get(class).cloned().unwrap_or_else(|| format!("not needed for {}", self.purpose))
    }
}
