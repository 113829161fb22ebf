//! A profile: how a purpose tightens the path table, and which ground is reported for each class.

use crate::table::{ClassIndex, PathTable};
use comity_terms::{DataClass, Treatment};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ptr;

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
    /// The profile that asks what each of these asks: the strictest.
    fn joined<'p>(profiles: impl Iterator<Item = &'p Profile>) -> Self {
        let mut joined = Self::default();
        for profile in profiles {
            for (class, treatment) in &profile.treatments {
                let held = joined.treatments.entry(class.clone()).or_insert(*treatment);
                *held = (*held).max(*treatment);
            }
            for (class, ground) in &profile.grounds {
                joined.grounds.entry(class.clone()).or_insert_with(|| ground.clone());
            }
            joined.purpose.clone_from(&profile.purpose);
        }
        joined
    }
}

/// A profile with its treatments laid out by the classes of a path table.
#[derive(Debug)]
pub(crate) struct Tightened<'p> {
    profile: Cow<'p, Profile>,
    treatments: Vec<Treatment>,
}

impl<'p> Tightened<'p> {
    fn new(profile: Cow<'p, Profile>, table: &PathTable) -> Self {
        let asked = |class: &DataClass| profile.treatments.get(class).copied().unwrap_or(Treatment::Keep);
        let treatments = table.classes().iter().map(|class| asked(&class.name)).collect();
        Self { profile, treatments }
    }

    pub(crate) fn treatment(&self, class: ClassIndex) -> Treatment {
        self.treatments[class]
    }

    pub(crate) fn ground(&self, class: &DataClass) -> String {
        let asked = self.profile.grounds.get(class).cloned();
        asked.unwrap_or_else(|| format!("not needed for {}", self.profile.purpose))
    }
}

/// The profile of every object of a bundle.
#[derive(Debug)]
pub(crate) struct Profiles<'p> {
    // The first is the strictest of all: that of the objects that stay home.
    tightened: Vec<Tightened<'p>>,
    of: Vec<usize>,
}

impl<'p> Profiles<'p> {
    /// `keep` gives the objects that may travel, each with its profile.
    pub(crate) fn new(objects: usize, keep: &[(usize, &'p Profile)], table: &PathTable) -> Self {
        // Callers hand the same few in again and again: known by where they lie.
        let mut known: Vec<&'p Profile> = Vec::new();
        let mut of = vec![0; objects];
        for (object, profile) in keep {
            let number = known.iter().rposition(|other| ptr::eq(*other, *profile)).unwrap_or_else(|| {
                known.push(profile);
                known.len() - 1
            });
            if let Some(of) = of.get_mut(*object) {
                *of = number + 1;
            }
        }
        let strictest = Cow::Owned(Profile::joined(known.iter().copied()));
        let all = std::iter::once(strictest).chain(known.into_iter().map(Cow::Borrowed));
        Self { tightened: all.map(|profile| Tightened::new(profile, table)).collect(), of }
    }

    /// The profile of an object; of one that stays home, the strictest.
    pub(crate) fn of(&self, object: usize) -> &Tightened<'p> {
        &self.tightened[self.of[object]]
    }
}
