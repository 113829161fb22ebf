//! The tags of what is sealed: whom each record names, under the key of the month in which it is to be erased.
//!
//! Made from the records as they are sealed, so nothing can be found here that is not held, or was not sent. Most records
//! are about machines; those are not read.

use crate::ExchangeError;
use crate::ports::{RecordPlace, SubjectTag, Tagged};
use crate::shell::Shell;
use comity_minimise::subject::may_identify;
use comity_minimise::{SubjectKey, identifiers};
use comity_terms::ids::SegmentId;
use comity_terms::{Facts, Month, Timestamp, Value};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Whom the records of some classes name, record by record in their order.
#[derive(Debug, Default)]
pub(crate) struct Named {
    month: Option<Month>,
    records: Vec<BTreeSet<SubjectTag>>,
}

impl Named {
    /// Whom records name that are to be erased by `erase_by`: each class with whether it is about people. Nobody where
    /// nothing says until when they are kept, or that month has passed: they are erased at once.
    ///
    /// # Errors
    /// [`ExchangeError::Keys`]; callers seal nothing.
    pub(crate) fn of<'o, W: Shell, O: IntoIterator<Item = &'o [u8]>>(
        world: &W,
        erase_by: Option<Timestamp>,
        classes: impl IntoIterator<Item = (bool, O)>,
    ) -> Result<Self, ExchangeError> {
        let Some(month) = erase_by.map(Month::of) else { return Ok(Self::default()) };
        // Drawn when somebody is named.
        let mut key: Option<Option<Arc<SubjectKey>>> = None;
        let mut records = Vec::new();
        for (personal, objects) in classes {
            for object in objects {
                let mut tags = BTreeSet::new();
                if personal || may_identify(object) {
                    for identifier in identifiers(object, world.table()) {
                        if key.is_none() {
                            key = Some(world.subject_key(month)?);
                        }
                        tags.extend(key.iter().flatten().map(|key| key.tag(&identifier)));
                    }
                }
                records.push(tags);
            }
        }
        Ok(Self { month: Some(month), records })
    }

    /// The tags of the records from `first` on, which lie in `segment` in this order; at most `count`.
    pub(crate) fn within(
        &self,
        segment: SegmentId,
        first: usize,
        count: usize,
    ) -> impl Iterator<Item = Tagged> + '_ {
        let records = self.records.iter().skip(first).take(count);
        records.zip(0..).flat_map(move |(tags, ordinal)| {
            let place = RecordPlace { segment, ordinal };
            tags.iter().filter_map(move |tag| Some(Tagged { place, month: self.month?, tag: *tag }))
        })
    }

    /// The tags of all records, each once, for the one record of `opening`: what was sent in its exchange.
    pub(crate) fn sent(&self, opening: SegmentId) -> Vec<Tagged> {
        let tags: BTreeSet<SubjectTag> = self.records.iter().flatten().copied().collect();
        let place = RecordPlace { segment: opening, ordinal: 0 };
        let tagged = tags.into_iter().filter_map(|tag| Some(Tagged { place, month: self.month?, tag }));
        tagged.collect()
    }
}

/// Whether these facts say that a class is about people: unless they say that it is not.
pub(crate) fn about_people(facts: &Facts) -> bool {
    facts.value("personal_data") != Some(&Value::from(false))
}
