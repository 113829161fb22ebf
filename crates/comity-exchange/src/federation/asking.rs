//! The question that an offer's header puts, to whichever laws it is put: the sender's again, or the receiver's.

use super::offer::OfferHeader;
use crate::audit::recorded::{RecordedQuestion, no_cases, owed, recorded_facts};
use crate::wire::{Text, facts_from_wire, law_digests};
use comity_agreement::{Decision, LawSet, Memo, Mode, Question, QuestionError, Setting};
use comity_terms::{Facts, Obligation, Office, Timestamp};
use std::collections::BTreeSet;

/// Everything that laws are asked with, but the facts of a class.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asking<'a> {
    pub(crate) header: &'a OfferHeader,
    pub(crate) laws: &'a LawSet,
    /// Whether the agreement binds both parties.
    pub(crate) binding: bool,
    /// The instant of the act.
    pub(crate) at: Timestamp,
    /// The instant of the judging.
    pub(crate) now: Timestamp,
}

impl Asking<'_> {
    /// What the laws say of a class with these facts, the common ones raised into them, and these approvals; and what is owed by it, as an
    /// opening may hold that.
    ///
    /// # Errors
    /// [`QuestionError`] when a fact is unknown or of the wrong type.
    pub(crate) fn ask(
        &self,
        facts: Facts,
        approvals: &BTreeSet<Office>,
        memo: &mut Memo,
    ) -> Result<(Decision, Vec<Obligation>), QuestionError> {
        let header = self.header;
        let question = self.question(facts, approvals);
        let setting = Setting {
            mode: Mode::Live,
            assume_in_force: header.assume_in_force,
            binding: self.binding,
            national: true,
        };
        let decision = memo.decide(self.laws, &question, &setting, &no_cases())?;
        let owed = owed(&decision, self.laws, &question, &setting, memo)?;
        Ok((decision, owed))
    }

    /// The question as the opening of its entry holds it.
    pub(crate) fn recorded(&self) -> RecordedQuestion {
        let header = self.header;
        // Facts that do not read were never asked about.
        let common = facts_from_wire(&header.facts).unwrap_or_default();
        RecordedQuestion {
            action: header.action.clone(),
            sender: header.sender.clone(),
            receiver: header.receiver.clone(),
            agreement: header.agreement.clone(),
            laws: law_digests(self.laws),
            at: Text(self.at),
            knowledge_time: Text(self.now),
            assumed_in_force: header.assume_in_force,
            binding: self.binding,
            case_state: Text(no_cases()),
            facts: recorded_facts(&common, &self.laws.vocabulary),
        }
    }

    /// The question about a class with these facts and approvals.
    pub(crate) fn question(&self, facts: Facts, approvals: &BTreeSet<Office>) -> Question {
        let header = self.header;
        Question {
            action: header.action.0.clone(),
            sending: header.sender.0.clone(),
            receiving: header.receiver.0.clone(),
            at: self.at,
            knowledge_time: self.now,
            facts,
            approvals: approvals.clone(),
        }
    }
}
