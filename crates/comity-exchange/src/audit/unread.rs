//! A recorded decision that came out the same, told from its text without reading the answers in it.
//!
//! What was written of a decision is what would be written of it now, byte for byte: then it is the same, and nothing of the
//! answers has to be read. Where any byte differs, nothing is told here: both are read, and compared as what they say.
//! And two texts of a question that are alike, but for their instants, are one question: with a memo it is read once.
//!
//! Invariant: what is told to be the same here is the same when it is read.

use super::recorded::{RecordedQuestion, RecordedRuling};
use super::replay::{Archive, Replayer, Then, question};
use crate::wire::Text;
use comity_agreement::{Decision, Question, Setting};
use comity_terms::{Digest, Obligation, Owner, Timestamp, Value};
use serde::ser::{SerializeMap as _, SerializeSeq as _};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;
use std::collections::HashMap;
use std::sync::Arc;

/// A decision as its opening holds it, unread.
#[derive(Deserialize)]
struct Written<'a> {
    accepted_before: Option<serde::de::IgnoredAny>,
    #[serde(borrow)]
    asked: &'a RawValue,
    #[serde(borrow)]
    rulings: Vec<WrittenRuling<'a>>,
}

/// The question, its instants apart.
#[derive(Deserialize)]
struct WrittenQuestion<'a> {
    at: Text<Timestamp>,
    knowledge_time: Text<Timestamp>,
    #[serde(borrow)]
    action: &'a RawValue,
    #[serde(borrow)]
    sender: &'a RawValue,
    #[serde(borrow)]
    receiver: &'a RawValue,
    #[serde(borrow)]
    agreement: &'a RawValue,
    #[serde(borrow)]
    laws: &'a RawValue,
    #[serde(borrow)]
    assumed_in_force: &'a RawValue,
    #[serde(borrow)]
    binding: &'a RawValue,
    #[serde(borrow)]
    case_state: &'a RawValue,
    #[serde(borrow)]
    facts: &'a RawValue,
}

/// What was said of one class.
#[derive(Deserialize)]
struct WrittenRuling<'a> {
    #[serde(borrow)]
    facts: &'a RawValue,
    #[serde(borrow)]
    approvals: Option<&'a RawValue>,
    #[serde(borrow)]
    outcome: &'a RawValue,
    #[serde(borrow)]
    reasons: &'a RawValue,
    #[serde(borrow)]
    escalate_to: &'a RawValue,
    #[serde(borrow)]
    rules: &'a RawValue,
    #[serde(borrow)]
    obligations: &'a RawValue,
}

/// Questions that were read, by their texts. At most as many as the memo holds classes.
#[derive(Default)]
pub(super) struct Questions {
    read: HashMap<Vec<u8>, Known>,
    text: Vec<u8>,
}

/// A question that was read, but for its instants.
struct Known {
    then: Arc<Then>,
    question: Question,
    setting: Setting,
    case_state: Digest,
}

impl<A: Archive> Replayer<'_, A> {
    /// How many classes a decision has that comes out as it was written; `None` where that is not told by its text.
    pub(super) fn unread(&mut self, facts: &str) -> Option<usize> {
        let written: Written<'_> = serde_json::from_str(facts).ok()?;
        if written.accepted_before.is_some() || written.rulings.is_empty() {
            return None;
        }
        let mut read = None;
        for ruling in &written.rulings {
            let decision = match self.memo {
                Some(_) => self.known(&written, ruling)?,
                None => {
                    let asked = match &mut read {
                        Some(asked) => asked,
                        None => read.insert(serde_json::from_str(written.asked.get()).ok()?),
                    };
                    let (then, question, setting) = self.whole(asked, ruling)?;
                    self.decision(&then, &question, &setting, &asked.case_state.0)?
                }
            };
            if !ruling.says(&decision) {
                return None;
            }
        }
        Some(written.rulings.len())
    }

    /// What is decided on a question, read or read before.
    fn known(&mut self, written: &Written<'_>, ruling: &WrittenRuling<'_>) -> Option<Decision> {
        let asked: WrittenQuestion<'_> = serde_json::from_str(written.asked.get()).ok()?;
        let mut questions = std::mem::take(&mut self.questions);
        asked.text_with(ruling, &mut questions.text);
        let decision = match questions.read.get_mut(&questions.text) {
            Some(known) => self.of_known(known, &asked),
            None => self.read_known(written, ruling).and_then(|mut known| {
                let decision = self.of_known(&mut known, &asked);
                if questions.read.len() >= self.memo.as_ref().map_or(0, |memo| memo.capacity()) {
                    questions.read.clear();
                }
                questions.read.insert(questions.text.clone(), known);
                decision
            }),
        };
        self.questions = questions;
        decision
    }

    fn of_known(&mut self, known: &mut Known, asked: &WrittenQuestion<'_>) -> Option<Decision> {
        known.question.at = asked.at.0;
        known.question.knowledge_time = asked.knowledge_time.0;
        self.decision(&known.then, &known.question, &known.setting, &known.case_state)
    }

    fn read_known(&mut self, written: &Written<'_>, ruling: &WrittenRuling<'_>) -> Option<Known> {
        let asked: RecordedQuestion = serde_json::from_str(written.asked.get()).ok()?;
        let (then, question, setting) = self.whole(&asked, ruling)?;
        Some(Known { then, question, setting, case_state: asked.case_state.0 })
    }

    /// The laws of a question, where all are here, and the question about one class.
    fn whole(
        &mut self,
        asked: &RecordedQuestion,
        ruling: &WrittenRuling<'_>,
    ) -> Option<(Arc<Then>, Question, Setting)> {
        let then = self.then(asked);
        let laws = then.whole()?;
        let facts = serde_json::from_str(ruling.facts.get()).ok()?;
        let approvals = match ruling.approvals {
            Some(approvals) => serde_json::from_str(approvals.get()).ok()?,
            None => Vec::new(),
        };
        let about = RecordedRuling::asked_about(facts, approvals);
        let (question, setting) = question(laws, asked, &about).ok()?;
        Some((Arc::clone(&then), question, setting))
    }

    fn decision(
        &mut self,
        then: &Then,
        question: &Question,
        setting: &Setting,
        case_state: &Digest,
    ) -> Option<Decision> {
        self.decide(then.whole()?, question, setting, case_state).ok()
    }
}

impl WrittenQuestion<'_> {
    /// The text of the question about one class without its instants, each part with its length.
    fn text_with(&self, ruling: &WrittenRuling<'_>, out: &mut Vec<u8>) {
        out.clear();
        let own = [self.action, self.sender, self.receiver, self.agreement, self.laws];
        let how = [self.assumed_in_force, self.binding, self.case_state, self.facts, ruling.facts];
        for part in own.into_iter().chain(how).chain(ruling.approvals) {
            out.extend((part.get().len() as u64).to_be_bytes());
            out.extend_from_slice(part.get().as_bytes());
        }
    }
}

impl WrittenRuling<'_> {
    /// Whether this is what would be written of `decision`.
    fn says(&self, decision: &Decision) -> bool {
        let mut text = Vec::with_capacity(4_096);
        let reasons: Vec<_> = decision.reasons().into_iter().map(Text).collect();
        let offices: Vec<_> = decision.escalate_to.iter().map(Text).collect();
        is(self.outcome, decision.outcome.as_str(), &mut text)
            && is(self.reasons, &reasons, &mut text)
            && is(self.escalate_to, &offices, &mut text)
            && is(self.rules, &Rules(decision), &mut text)
            && is(self.obligations, &Duties(&decision.obligations), &mut text)
    }
}

/// Whether `value` is written so.
fn is(written: &RawValue, value: &(impl Serialize + ?Sized), text: &mut Vec<u8>) -> bool {
    text.clear();
    serde_json::to_writer(&mut *text, value).is_ok() && text == written.get().as_bytes()
}

/// Every rule that matched: as [`rules`](super::recorded::rules).
struct Rules<'d>(&'d Decision);

impl Serialize for Rules<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut rules = serializer.serialize_seq(Some(self.0.citations.len()))?;
        for citation in &self.0.citations {
            rules.serialize_element(&Text(format_args!("{}/{}", citation.pack, citation.rule)))?;
        }
        rules.end()
    }
}

/// What is owed: as [`recorded_obligation`](super::recorded::recorded_obligation) of each.
pub(super) struct Duties<'d>(pub(super) &'d [Obligation]);

impl Serialize for Duties<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(Duty))
    }
}

struct Duty<'d>(&'d Obligation);

impl Serialize for Duty<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Obligation { kind, owner, value, due, terms, source: (law, pack, _, rule) } = self.0;
        let mut duty = serializer.serialize_map(None)?;
        for (key, value) in terms {
            duty.serialize_entry(key, &Plain(value))?;
        }
        duty.serialize_entry("type", kind.as_str())?;
        duty.serialize_entry("value", &value.as_ref().map(Plain))?;
        if let Some(due) = due {
            duty.serialize_entry("due_operational", &Text(due.operational))?;
            duty.serialize_entry("due_legal_latest", &Text(due.legal_latest))?;
            duty.serialize_entry("time_rule", due.time_rule)?;
        }
        let owner = match owner {
            Owner::Sender => "sender",
            Owner::Receiver => "receiver",
            Owner::Party(code) => code.as_str(),
        };
        duty.serialize_entry("owner", owner)?;
        duty.serialize_entry("law", law.as_str())?;
        duty.serialize_entry("rule", &Text(format_args!("{pack}/{rule}")))?;
        duty.end()
    }
}

/// A value as [`value_json`](comity_agreement::question::value_json) gives it.
struct Plain<'v>(&'v Value);

impl Serialize for Plain<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(truth) => serializer.serialize_bool(*truth),
            Value::Long(number) => serializer.serialize_i64(*number),
            Value::Text(text) => serializer.serialize_str(text),
            Value::Instant(at) => serializer.collect_str(at),
            Value::List(items) => serializer.collect_seq(items.iter().map(Plain)),
            Value::Record(fields) => {
                serializer.collect_map(fields.iter().map(|(key, value)| (key, Plain(value))))
            }
        }
    }
}
