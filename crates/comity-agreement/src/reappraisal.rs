//! Judging an act again when more is known: a renewal that reaches back, a row of status that was learnt late.
//!
//! A reappraisal is said and recorded beside the first decision, and rewrites nothing: it releases nothing by
//! itself and undoes no erasure. What was known then stays what was known then.

use crate::decide::{Decision, decide};
use crate::question::{LawSet, Question, QuestionError, Setting};
use comity_terms::Timestamp;

/// One act, judged from two times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reappraisal {
    /// What the laws said, as they were known when the act was done.
    pub then: Decision,
    /// What they say of the same act, as they are known now.
    pub now: Decision,
}

impl Reappraisal {
    /// Whether the answer came out otherwise: an outcome, or a ground.
    #[must_use]
    pub fn differs(&self) -> bool {
        self.then.outcome != self.now.outcome || self.then.reasons() != self.now.reasons()
    }
}

/// The act of `question` as it was judged at its own time, and as it is judged from `knowledge_time`.
///
/// # Errors
/// [`QuestionError`] when it cannot be asked.
pub fn reappraise(
    laws: &LawSet,
    question: &Question,
    setting: &Setting,
    knowledge_time: Timestamp,
) -> Result<Reappraisal, QuestionError> {
    let judged = |knowledge_time| decide(laws, &Question { knowledge_time, ..question.clone() }, setting);
    Ok(Reappraisal { then: judged(question.at)?, now: judged(knowledge_time)? })
}
