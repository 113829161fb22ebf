//! Which categories of record each class of property stands in.

use super::{PathTable, Place, Row, Scan};
use crate::scrub::people::{LIKELY_NAME, class_of};
use crate::text::Label;
use comity_terms::{DataCategory, DataClass};
use std::collections::{BTreeMap, BTreeSet};

impl PathTable {
    /// Every class with the categories of the records that may carry it, as law knows them. One that no type lists carries
    /// none.
    #[must_use]
    pub fn carried(&self) -> BTreeMap<DataClass, BTreeSet<DataCategory>> {
        let mut all: BTreeMap<DataClass, BTreeSet<DataCategory>> =
            self.classes().iter().map(|class| (class.name.clone(), BTreeSet::new())).collect();
        for stix_type in self.types.values() {
            let mut categories =
                BTreeSet::from([stix_type.category.clone(), stix_type.category_impersonal.clone()]);
            categories.extend(stix_type.without.as_ref().map(|without| without.category.clone()));
            let mut put = |name: &str| {
                let known = all.iter_mut().find(|(class, _)| class.as_str() == name);
                if let Some((_, carries)) = known {
                    carries.extend(categories.iter().cloned());
                }
            };
            rows(&stix_type.root, &mut |row| {
                let may_be = [Some(row.class), row.attacker, row.unless.as_ref().map(|unless| unless.class)];
                for class in may_be.into_iter().flatten() {
                    put(self.class(class).name.as_str());
                    // A text carries whoever is found in it.
                    if self.class(class).scan == Scan::People {
                        Label::ALL.into_iter().for_each(|label| put(class_of(label)));
                        put(LIKELY_NAME);
                    }
                }
            });
        }
        all
    }
}

fn rows(place: &Place, take: &mut impl FnMut(&Row)) {
    place.row.iter().for_each(&mut *take);
    place.children.values().for_each(|child| rows(child, take));
    place.any.iter().for_each(|any| rows(any, take));
}
