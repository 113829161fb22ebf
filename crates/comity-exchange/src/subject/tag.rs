//! The tags of what is sealed: whom each record names, under the key of the month in which it is to be erased.
//!
//! Made from the records as they are sealed, so nothing can be found here that is not held, or was not sent. Most records
//! are about machines; those are not read.

use crate::ExchangeError;
use crate::ports::{RecordPlace, SubjectTag, Tagged};
use crate::shell::Shell;
use comity_minimise::subject::may_identify;
use comity_minimise::{SubjectKey, identifiers};
use comity_terms::ids::{ClassId, SegmentId};
use comity_terms::{Facts, Month, Timestamp, Value};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Whom the records of some classes name, record by record in their order, each with the month of its tags.
#[derive(Debug, Default)]
pub(crate) struct Named {
    records: Vec<(Month, BTreeSet<SubjectTag>)>,
}

impl Named {
    /// Whom records name: each class with whether it is about people, each record with the instant by which it is to be
    /// erased. Nobody where that month has passed: it is erased at once.
    ///
    /// # Errors
    /// [`ExchangeError::Keys`]; callers seal nothing.
    pub(crate) fn of<'o, W: Shell, O: IntoIterator<Item = (&'o [u8], Timestamp)>>(
        world: &W,
        classes: impl IntoIterator<Item = (bool, O)>,
    ) -> Result<Self, ExchangeError> {
        // Drawn when somebody is named.
        let mut keys: BTreeMap<Month, Option<Arc<SubjectKey>>> = BTreeMap::new();
        let mut records = Vec::new();
        for (personal, objects) in classes {
            for (object, erase_by) in objects {
                let month = Month::of(erase_by);
                let mut tags = BTreeSet::new();
                if personal || may_identify(object) {
                    for identifier in identifiers(object, world.table()) {
                        let key = match keys.entry(month) {
                            Entry::Occupied(drawn) => drawn.into_mut(),
                            Entry::Vacant(place) => place.insert(world.subject_key(month)?),
                        };
                        tags.extend(key.iter().map(|key| key.tag(&identifier)));
                    }
                }
                records.push((month, tags));
            }
        }
        Ok(Self { records })
    }

    /// The tags of the records from `first` on, which lie in `segment` in this order; at most `count`.
    pub(crate) fn within(
        &self,
        segment: SegmentId,
        first: usize,
        count: usize,
    ) -> impl Iterator<Item = Tagged> + '_ {
        let records = self.records.iter().skip(first).take(count);
        records.zip(0..).flat_map(move |((month, tags), ordinal)| {
            let place = RecordPlace { segment, ordinal };
            tags.iter().map(move |tag| Tagged { place, month: *month, tag: *tag, sent: None })
        })
    }

    /// The tags of all records for the one record of `opening`: what was sent in its exchange, each with its class and its
    /// place in it. `classes` are those of the exchange in their order, each with how many records it has.
    pub(crate) fn sent(&self, opening: SegmentId, classes: &[(ClassId, usize)]) -> Vec<Tagged> {
        let place = RecordPlace { segment: opening, ordinal: 0 };
        let names = classes
            .iter()
            .flat_map(|(class, count)| (0..).take(*count).map(move |ordinal| (*class, ordinal)));
        let records = self.records.iter().zip(names);
        let tagged = records.flat_map(|((month, tags), name)| {
            tags.iter().map(move |tag| Tagged { place, month: *month, tag: *tag, sent: Some(name) })
        });
        tagged.collect()
    }
}

/// Whether these facts say that a class is about people: unless they say that it is not.
pub(crate) fn about_people(facts: &Facts) -> bool {
    facts.value("personal_data") != Some(&Value::from(false))
}
