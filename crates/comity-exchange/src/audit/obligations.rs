//! What is owed by the decisions of a log, and what the log itself shows to be done.
//!
//! Six kinds of duty are the gateway's own to fulfil, and the vocabulary says which is which: the entry of the decision
//! (`done_by = "entry"`), the delivery that a partner acknowledged (`"delivery"`), the answers of every holder to an order
//! that it passed on (`"answers"`), a look at the records before their time (`"review"`), the time of what ends by itself
//! (`"time"`), the end of the records (what joins the safeguard `erase_by`). The evidence is always an entry. Everything else is people's to do: it is open, or overdue past
//! the last lawful instant. What another exchange of the chain replaced is owed by that one.

use super::due::Announced;
use super::recorded::{RecordedQuestion, RecordedRuling};
use super::replay::read;
use crate::ExchangeError;
use crate::entry::Opening;
use crate::ports::{ExchangeRow, Recalls, SealedSegment, Store};
use crate::report::{ExchangeOutcome, Side};
use crate::wire::Text;
use comity_agreement::Vocabulary;
use comity_agreement::vocabulary::{Dimension, DoneBy};
use comity_terms::ids::{HoldId, OrderId};
use comity_terms::{Act, ExchangeId, Month, Party, Timestamp};
use comity_tlog::LeafIndex;
use serde::Deserialize;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

/// One duty that a recorded decision laid down.
#[derive(Debug, Clone, PartialEq)]
pub struct OwedDuty {
    /// The exchange.
    pub exchange: ExchangeId,
    /// The entry of the decision.
    pub entry: LeafIndex,
    /// The party that owes it.
    pub owner: String,
    /// The duty as it was recorded.
    pub duty: Json,
    /// Where it stands.
    pub state: DutyState,
    /// The entry that shows it done.
    pub evidence: Option<LeafIndex>,
    /// The entries that told of it: when it fell due, and when it was late.
    pub told: [Option<LeafIndex>; 2],
}

/// Where a duty stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DutyState {
    /// Owed.
    Open,
    /// The log shows it done.
    Done,
    /// Owed, and its last lawful instant has passed.
    Overdue,
}

impl DutyState {
    /// The word used in output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Done => "done",
            Self::Overdue => "overdue",
        }
    }
}

/// What the log shows to have been done.
#[derive(Default)]
struct Shown {
    acknowledged: BTreeMap<ExchangeId, LeafIndex>,
    /// Erased by an order about the exchange.
    ordered: BTreeMap<ExchangeId, LeafIndex>,
    /// Erased at their time: agreement, month, entry.
    at_time: Vec<(String, u32, LeafIndex)>,
    superseded: BTreeSet<ExchangeId>,
    /// The last answer of a holder to an order.
    answered: BTreeMap<OrderId, LeafIndex>,
    /// Orders to which holders still owe answers.
    unanswered: BTreeSet<OrderId>,
    /// Holds that were let go before their time.
    lifted: BTreeMap<HoldId, LeafIndex>,
    /// The last look at the records of an exchange before their time.
    reviewed: BTreeMap<ExchangeId, LeafIndex>,
    /// What was told of duties whose time came.
    announced: Announced,
}

/// A decision that lays duties down.
struct Decided {
    entry: LeafIndex,
    exchange: ExchangeId,
    order: Option<OrderId>,
    hold: Option<HoldId>,
    asked: RecordedQuestion,
    rulings: Vec<RecordedRuling>,
}

/// Everything that the decisions in `store` lay down, as far as their openings are there, in the order of the log.
///
/// # Errors
/// [`ExchangeError`] when the store or the keys fail.
pub async fn owed<S: Store + Recalls>(
    store: &S,
    mut open: impl FnMut(&SealedSegment) -> Result<Option<Opening>, ExchangeError>,
    vocabulary: &Vocabulary,
    own: &Party,
    now: Timestamp,
) -> Result<Vec<OwedDuty>, ExchangeError> {
    let (mut decided, mut shown) = (Vec::new(), Shown::default());
    let mut from = LeafIndex(0);
    loop {
        let batch = store.logged(from, super::walk::BATCH_ENTRIES_MAX).await?;
        let Some(last) = batch.last() else { break };
        from = LeafIndex(last.index.0 + 1);
        for logged in &batch {
            let Some(segment) = &logged.opening else { continue };
            let Some(opening) = open(segment)? else { continue };
            match read(opening.content()) {
                Ok(Some(decision)) => {
                    shown.superseded.extend(decision.supersedes.map(|id| id.0));
                    if let Some(Text(hold)) = decision.hold.filter(|_| decision.lifted) {
                        shown.lifted.insert(hold, logged.index);
                    }
                    if decision.reviewed {
                        shown.reviewed.insert(decision.exchange.0, logged.index);
                    }
                    if let Some(asked) = decision.asked {
                        let (entry, exchange) = (logged.index, decision.exchange.0);
                        let order = decision.order.map(|order| order.0);
                        let hold = decision.hold.map(|hold| hold.0);
                        let rulings = decision.rulings;
                        decided.push(Decided { entry, exchange, order, hold, asked, rulings });
                    }
                }
                _ if shown.announced.note(opening.content(), logged.index) => {}
                _ => shown.note(opening.content(), logged.index),
            }
        }
    }
    // What was taken here and not carried out yet, too.
    shown.unanswered = store.recalls_open().await?.iter().map(|row| row.order).collect();
    let mut duties = Vec::new();
    for decision in decided.iter().filter(|decision| !shown.superseded.contains(&decision.exchange)) {
        let row = store.exchange(decision.exchange).await?;
        let held = !store.held_of(decision.exchange, false, 1).await?.is_empty();
        let place = Place { row: row.as_ref(), held, own };
        for duty in decision.duties() {
            let owner = decision.owner(&duty);
            // Whether a partner looks at what it has, its own ledger shows.
            if owner != own.as_str() && done_by(&duty, vocabulary) == Some(DoneBy::Review) {
                continue;
            }
            let evidence = shown.evidence(decision, &duty, &owner, &place, (vocabulary, now));
            let late = instant(&duty, "due_legal_latest").is_some_and(|due| now > due);
            let state = match evidence {
                Some(_) => DutyState::Done,
                None if late => DutyState::Overdue,
                None => DutyState::Open,
            };
            let (exchange, entry) = (decision.exchange, decision.entry);
            let told = shown.announced.of(entry, &duty);
            duties.push(OwedDuty { exchange, entry, owner, duty, state, evidence, told });
        }
    }
    Ok(duties)
}

/// Where a decision was carried out.
struct Place<'a> {
    row: Option<&'a ExchangeRow>,
    /// Whether records of it are held here.
    held: bool,
    own: &'a Party,
}

impl Decided {
    /// The duties of all classes, each once.
    fn duties(&self) -> Vec<Json> {
        let mut duties: Vec<Json> = Vec::new();
        for duty in self.rulings.iter().flat_map(|ruling| &ruling.obligations) {
            if !duties.contains(duty) {
                duties.push(duty.clone());
            }
        }
        duties
    }

    /// The party that owes a duty.
    fn owner(&self, duty: &Json) -> String {
        match duty["owner"].as_str() {
            Some("sender") => self.asked.sender.0.to_string(),
            Some("receiver") => self.asked.receiver.0.to_string(),
            other => other.unwrap_or_default().to_owned(),
        }
    }
}

impl Shown {
    fn note(&mut self, content: &[u8], entry: LeafIndex) {
        #[derive(Deserialize)]
        struct Done {
            act: String,
            facts: Facts,
        }
        #[derive(Default, Deserialize)]
        struct Facts {
            #[serde(default)]
            exchange: Option<Text<ExchangeId>>,
            #[serde(default)]
            order: Option<Text<OrderId>>,
            #[serde(default)]
            result: Option<String>,
            #[serde(default)]
            buckets: Vec<Bucket>,
        }
        #[derive(Deserialize)]
        struct Bucket {
            agreement: String,
            month: u32,
        }
        // Acts of other forms show nothing of duties.
        let Ok(Done { act, facts }) = serde_json::from_slice(content) else { return };
        if act == Act::ExchangeAcknowledged.as_str() {
            let accepted = matches!(facts.result.as_deref(), Some("accepted" | "accepted_before"));
            if let Some(Text(exchange)) = facts.exchange.filter(|_| accepted) {
                self.acknowledged.entry(exchange).or_insert(entry);
            }
        } else if act == Act::RecallAnswered.as_str() {
            self.answered.extend(facts.order.map(|order| (order.0, entry)));
        } else if act == Act::RecordsErased.as_str() {
            match facts.exchange {
                Some(Text(exchange)) => _ = self.ordered.entry(exchange).or_insert(entry),
                None => self
                    .at_time
                    .extend(facts.buckets.into_iter().map(|bucket| (bucket.agreement, bucket.month, entry))),
            }
        }
    }

    /// The entry after which no holder owes an answer any more: the decision's own, where it was passed on to nobody.
    fn answers(&self, decision: &Decided) -> Option<LeafIndex> {
        let order = decision.order.filter(|order| !self.unanswered.contains(order))?;
        Some(self.answered.get(&order).copied().unwrap_or(decision.entry))
    }

    /// The entry that shows a duty done, where there is one.
    fn evidence(
        &self,
        decision: &Decided,
        duty: &Json,
        owner: &str,
        place: &Place<'_>,
        (vocabulary, now): (&Vocabulary, Timestamp),
    ) -> Option<LeafIndex> {
        let term = vocabulary.obligations().get(duty["type"].as_str()?)?;
        if term.done_by == Some(DoneBy::Entry) {
            return Some(decision.entry);
        }
        // A use is nobody's exchange.
        let row = place.row?;
        match term.done_by {
            Some(DoneBy::Delivery) if row.side == Side::Sender => {
                return self.acknowledged.get(&decision.exchange).copied();
            }
            Some(DoneBy::Answers) => return self.answers(decision),
            Some(DoneBy::Time) => {
                // What it bounds was let go before, or ends by itself.
                let lifted = decision.hold.and_then(|hold| self.lifted.get(&hold).copied());
                let over = instant(duty, "due_operational").is_some_and(|due| now > due);
                return lifted.or_else(|| over.then_some(decision.entry));
            }
            Some(DoneBy::Review) => {
                let looked = self.reviewed.get(&decision.exchange).filter(|entry| **entry > decision.entry);
                if looked.is_some() {
                    return looked.copied();
                }
            }
            Some(DoneBy::Delivery | DoneBy::Entry) | None => {}
        }
        // What is erased needs no look any more.
        let ends = term.safeguard == Some(Dimension::EraseBy) || term.done_by == Some(DoneBy::Review);
        let erases = ends && owner == place.own.as_str();
        if !erases || row.side != Side::Receiver || place.held {
            return None;
        }
        if row.outcome != ExchangeOutcome::Delivered {
            // Nothing was kept of it.
            return Some(decision.entry);
        }
        let month = instant(duty, "due_operational").map(|due| Month::of(due).number());
        let agreement = decision.asked.agreement.0.as_str();
        self.ordered.get(&decision.exchange).copied().or_else(|| {
            let at_time = self.at_time.iter().rev();
            at_time
                .into_iter()
                .find(|(of, number, _)| of == agreement && Some(*number) == month)
                .map(|(_, _, entry)| *entry)
        })
    }
}

fn done_by(duty: &Json, vocabulary: &Vocabulary) -> Option<DoneBy> {
    vocabulary.obligations().get(duty["type"].as_str()?)?.done_by
}

fn instant(duty: &Json, key: &str) -> Option<Timestamp> {
    duty[key].as_str()?.parse().ok()
}
