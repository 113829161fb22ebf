//! Whether each law asked binds: in force for its parties, signed; what the parties declared under it.
//!
//! Nothing short-circuits here: what is wrong is collected, and rules are asked all the same.

use super::*;
use crate::facts::{Declared, Instrument};
use comity_terms::JurisdictionCode;

/// What the agreement asked says of itself: its state for each party that it must bind, and what they declared.
pub(super) fn instrument(
    laws: &LawSet,
    term: &crate::vocabulary::ActionTerm,
    question: &Question,
    setting: &Setting,
) -> Instrument {
    let pack = laws.agreement.pack();
    let parties = bound(term, question, setting);
    // INVARIANT: both parties of a question that is asked have a calendar.
    let calendar = |party: &JurisdictionCode| &laws.vocabulary.places[party].calendar;
    let state = |party: &&JurisdictionCode| {
        pack.in_force(party, question.at, question.knowledge_time, calendar(party))
    };
    let states: Vec<InForce> = parties.iter().map(state).collect();
    let bound_now = states.iter().all(|state| *state == InForce::Yes);
    let known_then = |party: &&JurisdictionCode| {
        pack.in_force(party, question.at, question.at, calendar(party)) == InForce::Yes
    };
    let covered_retroactively = bound_now && !parties.iter().all(known_then);
    let declared = (!pack.declarations.is_empty()).then(|| Declared {
        sending: pack.declared(&question.sending, question.at, calendar(&question.sending)),
        receiving: pack.declared(&question.receiving, question.at, calendar(&question.receiving)),
    });
    Instrument { declared, states, covered_retroactively }
}

/// The parties that the agreement must bind for the act.
fn bound<'q>(
    term: &crate::vocabulary::ActionTerm,
    question: &'q Question,
    setting: &Setting,
) -> Vec<&'q JurisdictionCode> {
    let ends = term.parties.iter().filter(|_| !setting.assume_in_force);
    ends.map(|end| match end {
        End::Sending => &question.sending,
        End::Receiving => &question.receiving,
    })
    .collect()
}

/// Refuses, or escalates, where a law asked does not bind.
pub(super) fn standing_of_laws(
    asked: &[(LawName, &Arc<Law>)],
    instrument: &Instrument,
    question: &Question,
    setting: &Setting,
    vocabulary: &Vocabulary,
    answer: &mut Answer,
) {
    for (name, law) in asked {
        let pack = law.pack();
        let states = match name {
            LawName::Agreement => instrument.states.clone(),
            // A state's own law without rows has always been its law.
            LawName::Jurisdiction(_) if pack.status.is_empty() => Vec::new(),
            LawName::Jurisdiction(code) => {
                let calendar = &vocabulary.places[code].calendar;
                vec![pack.in_force(code, question.at, question.knowledge_time, calendar)]
            }
        };
        let lapsed = |state: &InForce| *state == InForce::No(State::Lapsed);
        // A lapse that forbids nothing goes to the office that the pack names.
        let lapse = pack.lapse.as_ref().filter(|_| states.iter().any(lapsed));
        if let Some(lapse) = lapse
            && !question.approvals.contains(&lapse.escalate_to)
        {
            let rule = Some((pack.slug.clone(), lapse.article.clone(), lapsed_rule()));
            let ground = Ground { law: name.clone(), reason: engine_reason("instrument_lapsed"), rule };
            answer.liftable.push((ground, lapse.escalate_to.clone()));
        }
        let ended = |state: &InForce| matches!(state, InForce::No(State::Expired | State::Terminated));
        // What was obtained under an instrument may outlive it: its rules are asked of that all the same.
        let lasts = pack.after_end.as_ref().is_some_and(|after| after.actions.contains(&question.action));
        let reasons: BTreeSet<ReasonCode> = states
            .into_iter()
            .filter(|state| !(lapse.is_some() && lapsed(state) || lasts && ended(state)))
            .filter_map(InForce::reason)
            .collect();
        answer.hard.extend(reasons.into_iter().map(|reason| Ground {
            law: name.clone(),
            reason,
            rule: None,
        }));
    }
    if !setting.binding {
        answer.refuse(LawName::Agreement, "agreement_not_binding");
    }
}

/// The rule that an office's approval names when it lets an act go on under a lapsed instrument.
fn lapsed_rule() -> RuleId {
    // Unwrap safety: the text is a rule id.
    RuleId::new("status.lapsed").unwrap_or_else(|_| unreachable!("`status.lapsed` is a rule id"))
}
