//! The memo: which rules matched, kept per class of facts.
//!
//! The key is everything that rules can see: the digests of the laws and the vocabulary, the engine, the
//! action, the parties, the facts that reach rules in canonical order, the derived booleans, the approvals, the
//! digest of case state, the mode. What is held is undated: in force, duties and their dates are worked out
//! for each question. Bounded: the entry used longest ago leaves first.
//!
//! Invariant: a decision from the memo equals a fresh one.

use crate::decide::{Asked, Decision, Matches, ask, decide_with};
use crate::question::{LawSet, Question, QuestionError, Setting};
use comity_terms::Digest;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// What was matched before, by everything that could have changed it.
#[derive(Debug)]
pub struct Memo {
    capacity: usize,
    clock: u64,
    entries: HashMap<Digest, (u64, Arc<Matches>)>,
    by_use: BTreeMap<u64, Digest>,
}

impl Memo {
    /// An empty memo that holds at most `capacity` classes of facts (at least one).
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self { capacity: capacity.max(1), clock: 0, entries: HashMap::new(), by_use: BTreeMap::new() }
    }

    /// How many classes can be held.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// How many classes are held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether none is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// [`crate::decide()`], from the memo where the rules were asked before. `case_state` is the digest of what
    /// orders, suspensions, grants and notes bear on the question.
    ///
    /// # Errors
    /// As [`crate::decide()`].
    pub fn decide(
        &mut self,
        laws: &LawSet,
        question: &Question,
        setting: &Setting,
        case_state: &Digest,
    ) -> Result<Decision, QuestionError> {
        decide_with(laws, question, setting, |asked| {
            let key = key(asked, case_state);
            self.clock += 1;
            if let Some((used, matches)) = self.entries.get_mut(&key) {
                self.by_use.remove(used);
                *used = self.clock;
                self.by_use.insert(self.clock, key);
                return Ok(matches.clone());
            }
            let matches = ask(asked)?;
            while self.entries.len() >= self.capacity {
                let Some((_, oldest)) = self.by_use.pop_first() else { break };
                self.entries.remove(&oldest);
            }
            self.entries.insert(key, (self.clock, matches.clone()));
            self.by_use.insert(self.clock, key);
            Ok(matches)
        })
    }
}

fn key(asked: &Asked<'_>, case_state: &Digest) -> Digest {
    let mut bytes = Vec::with_capacity(1024);
    for part in [
        ENGINE,
        asked.setting.mode.as_str(),
        asked.question.action.as_str(),
        asked.question.sending.as_str(),
        asked.question.receiving.as_str(),
    ] {
        text(&mut bytes, part);
    }
    bytes.extend(asked.vocabulary.digest.0);
    bytes.extend(case_state.0);
    for (name, law) in asked.laws {
        text(&mut bytes, name.as_str());
        bytes.extend(law.digest().0);
    }
    bytes.extend((asked.question.approvals.len() as u64).to_be_bytes());
    for office in &asked.question.approvals {
        text(&mut bytes, office.as_str());
    }
    // A place names its fact: the digest of the vocabulary is in the key.
    for (slot, value) in
        asked.checked.given.values.iter().filter(|(slot, _)| asked.checked.bearing.seen[*slot])
    {
        bytes.extend((slot as u64).to_be_bytes());
        value.write_canonical(&mut bytes);
    }
    Digest::of(&bytes)
}

/// Writes a word so that it is not read as part of its neighbour.
fn text(bytes: &mut Vec<u8>, word: &str) {
    bytes.extend((word.len() as u64).to_be_bytes());
    bytes.extend(word.as_bytes());
}

/// The engine whose answers are held: another version asks again.
const ENGINE: &str = concat!("comity-agreement ", env!("CARGO_PKG_VERSION"));
