//! Duties whose time comes: told once when they fall due, and once when the last lawful instant has passed, each by an entry of
//! the log, which programmes of the house are told of ([`obligations`](super::obligations) has the whole ledger).
//!
//! ```text
//! log ─> decisions of exchanges ─> duties of this party that people fulfil ─> due ─> `obligation.due` ─> late ─> `obligation.overdue`
//! ```
//! The log is read once, and from then on only what is new in it; what is awaited is a few words for each open duty. Whatever
//! has been told is read off the log too, so that a restart tells nothing twice. Nor do two nodes that look at the same moment:
//! the opening of such an act lies where its duty says, so that the second is a conflict and changes nothing.
//!
//! Not told: what the gateway does itself (its deliveries, erasures and answers have acts of their own), and whether a person
//! is to be told something, which is the officers' to know while it waits ([`notice`](crate::notice)).

use super::replay::read;
use crate::ExchangeError;
use crate::act::enter_once;
use crate::entry::Opening;
use crate::ports::{Record, SealedSegment, Store};
use crate::shell::Shell;
use crate::wire::Text;
use comity_agreement::Vocabulary;
use comity_agreement::vocabulary::{Dimension, DoneBy};
use comity_terms::{Act, Digest, ExchangeId, Party, Timestamp};
use comity_tlog::LeafIndex;
use serde::Deserialize;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// The duty to tell a person: its notice has a clock of its own.
const TELLS_A_PERSON: &str = "notify_subject";

/// What names a duty in the log: a digest over the entry that laid it down and its words.
type Name = Digest;

/// The open duties of a log, as far as it has been followed.
#[derive(Debug, Default)]
pub struct Awaited {
    next: LeafIndex,
    duties: BTreeMap<Name, Awaiting>,
    /// What was told before its decision was read: none but where the log is read from its middle.
    told: BTreeMap<Name, Step>,
}

/// One open duty.
#[derive(Debug, Clone, PartialEq)]
struct Awaiting {
    exchange: ExchangeId,
    entry: LeafIndex,
    kind: String,
    due: Timestamp,
    last: Option<Timestamp>,
    /// Whether a look at the records fulfils it.
    review: bool,
    told: Option<Step>,
}

/// Looks at what is kept about people that are owed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reviews {
    /// How many are owed, and not late.
    pub open: u64,
    /// How many are late.
    pub overdue: u64,
    /// By when the next of those that are not late is due, UTC.
    pub next: Option<Timestamp>,
}

/// What is told of a duty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Due,
    Overdue,
}

impl Step {
    fn act(self) -> Act {
        match self {
            Self::Due => Act::ObligationDue,
            Self::Overdue => Act::ObligationOverdue,
        }
    }
}

/// The facts of an act that tells of a duty.
#[derive(Deserialize)]
struct ToldFacts {
    act: String,
    facts: ToldDuty,
}

#[derive(Deserialize)]
struct ToldDuty {
    duty: Text<Digest>,
}

impl Awaited {
    /// Reads what is new in the log.
    ///
    /// # Errors
    /// [`ExchangeError`] when the store or the keys fail; the next call goes on from there.
    pub async fn follow<S: Store>(
        &mut self,
        store: &S,
        mut open: impl FnMut(&SealedSegment) -> Result<Option<Opening>, ExchangeError>,
        vocabulary: &Vocabulary,
        own: &Party,
    ) -> Result<(), ExchangeError> {
        loop {
            let batch = store.logged(self.next, super::walk::BATCH_ENTRIES_MAX).await?;
            let Some(last) = batch.last() else { return Ok(()) };
            let next = LeafIndex(last.index.0 + 1);
            for logged in &batch {
                let Some(segment) = &logged.opening else { continue };
                let Some(opening) = open(segment)? else { continue };
                self.read(logged.index, opening.content(), vocabulary, own);
            }
            self.next = next;
        }
    }

    fn read(&mut self, entry: LeafIndex, content: &[u8], vocabulary: &Vocabulary, own: &Party) {
        if let Ok(ToldFacts { act, facts }) = serde_json::from_slice(content) {
            for step in [Step::Due, Step::Overdue] {
                if act == step.act().as_str() {
                    self.note(facts.duty.0, step);
                }
            }
            return;
        }
        let Ok(Some(decision)) = read(content) else { return };
        if let Some(Text(before)) = decision.supersedes {
            // What another exchange of the chain replaced is owed by that one.
            self.duties.retain(|_, duty| duty.exchange != before);
        }
        let exchange = decision.exchange.0;
        if decision.reviewed {
            self.duties.retain(|_, duty| duty.exchange != exchange || !duty.review);
        }
        // Of acts about a person, a hold or an order the officers have a list of their own.
        let Some(asked) = decision.asked.filter(|_| is_of_an_exchange(content)) else { return };
        for duty in decision.rulings.iter().flat_map(|ruling| &ruling.obligations) {
            let owner = match duty["owner"].as_str() {
                Some("sender") => &asked.sender.0,
                Some("receiver") => &asked.receiver.0,
                _ => continue,
            };
            if owner == own {
                self.await_duty(entry, exchange, duty, vocabulary);
            }
        }
    }

    fn note(&mut self, name: Name, step: Step) {
        match self.duties.get_mut(&name) {
            // Nothing is told of it any more; a look that is late is owed until it is made.
            Some(duty) if step == Step::Overdue && !duty.review => _ = self.duties.remove(&name),
            Some(duty) => duty.told = Some(step),
            None => _ = self.told.insert(name, step),
        }
    }

    fn await_duty(&mut self, entry: LeafIndex, exchange: ExchangeId, duty: &Json, vocabulary: &Vocabulary) {
        let Some(kind) = duty["type"].as_str().filter(|kind| *kind != TELLS_A_PERSON) else { return };
        let Some(term) = vocabulary.obligations().get(kind) else { return };
        let review = term.done_by == Some(DoneBy::Review);
        let by_people = term.done_by.is_none() && term.safeguard != Some(Dimension::EraseBy);
        let instant = |key: &str| duty[key].as_str().and_then(|text| text.parse::<Timestamp>().ok());
        let last = instant("due_legal_latest");
        let Some(due) = instant("due_operational").or(last).filter(|_| by_people || review) else { return };
        let name = name_of(entry, duty);
        let told = self.told.remove(&name);
        if review || told != Some(Step::Overdue) {
            let awaiting = Awaiting { exchange, entry, kind: kind.to_owned(), due, last, review, told };
            self.duties.insert(name, awaiting);
        }
    }

    /// How many looks at what is kept about people this log owes at `now`, as far as it has been followed.
    #[must_use]
    pub fn reviews(&self, now: Timestamp) -> Reviews {
        let mut reviews = Reviews::default();
        for duty in self.duties.values().filter(|duty| duty.review) {
            let late = duty.last.is_some_and(|last| now > last);
            if late {
                reviews.overdue += 1;
            } else {
                reviews.open += 1;
                reviews.next = reviews.next.into_iter().chain([duty.due]).min();
            }
        }
        reviews
    }

    /// Looks whose time has come, of what is not kept any more, are owed by nobody.
    async fn forget_ended<S: Store>(&mut self, store: &S, now: Timestamp) -> Result<(), ExchangeError> {
        let come: Vec<(Name, ExchangeId)> = self
            .duties
            .iter()
            .filter(|(_, duty)| duty.review && duty.due <= now)
            .map(|(name, duty)| (*name, duty.exchange))
            .collect();
        for (name, exchange) in come {
            if store.held_of(exchange, false, 1).await?.is_empty() {
                self.duties.remove(&name);
            }
        }
        Ok(())
    }

    /// What is to be told at `now`, the longest due first; at most `most`.
    fn passed(&self, now: Timestamp, most: usize) -> Vec<(Name, Step, Awaiting)> {
        let mut passed: Vec<_> = self
            .duties
            .iter()
            .filter_map(|(name, duty)| {
                let late = duty.last.is_some_and(|last| now > last);
                let step = if late { Step::Overdue } else { Step::Due };
                let comes = duty.due <= now && duty.told < Some(step);
                comes.then(|| (*name, step, duty.clone()))
            })
            .collect();
        passed.sort_by_key(|(name, _, duty)| (duty.due, *name));
        passed.truncate(most);
        passed
    }
}

/// Tells of every duty whose time has come by `now`: how many, each by an entry.
///
/// # Errors
/// [`ExchangeError`]; what was told stays so, and the rest is found again.
pub async fn tell<W: Shell>(
    world: &W,
    awaited: &mut Awaited,
    vocabulary: &Vocabulary,
    now: Timestamp,
) -> Result<u64, ExchangeError> {
    let signatory = world.signatory();
    let open = |segment: &SealedSegment| world.with_keys(|keys| signatory.open_opening(segment, keys));
    awaited.follow(world.store(), open, vocabulary, &signatory.party).await?;
    awaited.forget_ended(world.store(), now).await?;
    let mut told = 0;
    for (name, step, duty) in awaited.passed(now, ROUND_MAX) {
        let facts = json!({
            "exchange": duty.exchange.to_string(),
            "duty": name.to_string(),
            "laid_down": duty.entry.0,
            "type": duty.kind,
            "owner": signatory.party.to_string(),
            "due_operational": duty.due.to_string(),
            "due_legal_latest": duty.last.map(|last| last.to_string()),
        });
        // A use is nobody's exchange.
        let exchange = world.store().exchange(duty.exchange).await?.map(|row| row.id);
        // Another node may tell of it at this moment: then it is told.
        if enter_once(world, &telling(name, step), step.act(), (facts, exchange), now, Record::default)
            .await?
        {
            told += 1;
        }
        awaited.note(name, step);
    }
    Ok(told)
}

/// What a log has told of the duties that one of its entries laid down.
#[derive(Debug, Default)]
pub(super) struct Announced(BTreeMap<(Name, Step), LeafIndex>);

impl Announced {
    /// Notes an act that tells of a duty; `false` when it is another act.
    pub(super) fn note(&mut self, content: &[u8], entry: LeafIndex) -> bool {
        let Ok(ToldFacts { act, facts }) = serde_json::from_slice(content) else { return false };
        let step = [Step::Due, Step::Overdue].into_iter().find(|step| step.act().as_str() == act);
        let Some(step) = step else { return false };
        self.0.entry((facts.duty.0, step)).or_insert(entry);
        true
    }

    /// The entries that told of a duty: that it fell due, and that it was late.
    pub(super) fn of(&self, laid_down: LeafIndex, duty: &Json) -> [Option<LeafIndex>; 2] {
        let name = name_of(laid_down, duty);
        [Step::Due, Step::Overdue].map(|step| self.0.get(&(name, step)).copied())
    }
}

fn name_of(entry: LeafIndex, duty: &Json) -> Name {
    Digest::of_parts("comity/duty/v1", &[&entry.0.to_be_bytes(), duty.to_string().as_bytes()])
}

/// What stands for telling of a duty: there is one opening of it.
fn telling(name: Name, step: Step) -> Digest {
    Digest::of_parts("comity/duty/told/v1", &[&name.0, step.act().as_str().as_bytes()])
}

/// Whether the act that an opening is of decided on an exchange.
fn is_of_an_exchange(content: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Head<'a> {
        act: &'a str,
    }
    let head: Option<Head<'_>> = serde_json::from_slice(content).ok();
    head.is_some_and(|head| {
        [Act::ExchangeDecided, Act::ExchangeReceived].iter().any(|act| act.as_str() == head.act)
    })
}

/// The most duties that are told of in one round.
const ROUND_MAX: usize = 500;
