//! What is asked by the clock is found by an index, however much is kept, and so is a part of a list.

use super::{Harness, wait};
use comity_store::{Plan, PostgresStore, SqliteStore};

/// Each query, and the index by which it finds what it asks for.
const BY_INDEX: [(&str, &[&str]); 17] = [
    ("due", &["key_row_by_erase_by", "hold_by_exchange"]),
    ("held_in", &["key_row_by_erase_by"]),
    ("epochs", &["epoch_alive"]),
    ("vitals", &["key_row_by_erase_by", "hold_by_exchange"]),
    ("covers", &["hold_by_exchange"]),
    ("holds_of", &["hold_by_exchange"]),
    ("tagged_months", &[]),
    ("requests_to_send", &["subject_request_to_send"]),
    ("requests_waiting", &["subject_request_open"]),
    ("requests_counted", &["subject_request_open"]),
    ("due, notices", &["notice_next"]),
    ("owed", &["notice_owed"]),
    ("recalls_open", &["recall_open"]),
    ("recalls_due", &["recall_open"]),
    ("claim_due", &["outbox_by_next_at"]),
    ("escalations", &["escalation_open"]),
    ("look_ups_over", &["looked_up_by_end"]),
];

/// What grows with what was ever exchanged: nothing that is asked by the clock walks along it.
const LARGE: [&str; 10] = [
    "escalation",
    "key_row",
    "segment",
    "exchange",
    "subject_tag",
    "subject_sent",
    "subject_request",
    "notice",
    "recall",
    "looked_up",
];

/// An engine that says how it goes about a query.
pub(crate) trait Explains {
    fn explain(&self) -> Vec<Plan>;
}

impl Explains for SqliteStore {
    fn explain(&self) -> Vec<Plan> {
        wait(self.plans()).unwrap()
    }
}

impl Explains for PostgresStore {
    fn explain(&self) -> Vec<Plan> {
        wait(self.plans()).unwrap()
    }
}

pub(crate) fn what_is_due_is_found_by_index<H>(harness: &H)
where
    H: Harness<Store: Explains>,
{
    let plans = harness.open().explain();
    assert_eq!(plans.len(), BY_INDEX.len());
    for (query, indexes) in BY_INDEX {
        let plan = plans.iter().find(|plan| plan.query == query);
        let plan = plan.unwrap_or_else(|| panic!("`{query}` is not explained"));
        for index in indexes {
            let uses = |step: &&String| step.split([' ', '(']).any(|word| word == *index);
            assert!(plan.steps.iter().any(|step| uses(&step)), "{query} without {index}: {:#?}", plan.steps);
        }
        for (place, step) in plan.steps.iter().enumerate() {
            let below = plan.steps.get(place + 1);
            assert!(!walks(step, below, indexes), "{query} walks along a table: {step} of {:#?}", plan.steps);
        }
    }
}

/// Whether a step of a plan reads a large table from end to end, unless by one of these indexes, which have nothing but what
/// is asked for. A step of SQLite says in brackets by what it looks a row up, one of PostgreSQL on the line below.
fn walks(step: &str, below: Option<&String>, indexes: &[&str]) -> bool {
    let by_key = step.contains('(') || below.is_some_and(|below| below.contains("Index Cond: "));
    let table = ["SCAN ", "SEARCH ", "Seq Scan on ", "Scan using "].into_iter().find_map(|how| {
        let (_, rest) = step.split_once(how)?;
        rest.rsplit_once(" on ").map_or(rest, |(_, table)| table).split(' ').next()
    });
    !by_key
        && table.is_some_and(|table| LARGE.contains(&table))
        && !indexes.iter().any(|index| step.contains(index))
}
