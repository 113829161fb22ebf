//! Where an escalation stands: whose turn it is, who let their time pass. A timer that runs out moves on to the
//! next office and never approves.

use crate::approval::laws_between;
use crate::compile::Law;
use crate::pack::EscalationStep;
use crate::question::LawSet;
use comity_terms::calendar::{Calendar, CalendarError, Count, due};
use comity_terms::{JurisdictionCode, Office, Timestamp};

/// Whose turn it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// The office that decides now.
    pub office: Office,
    /// The last instant that it has; the last office on the path keeps the question beyond it.
    pub until: Timestamp,
    /// The offices that did not answer in time, in order, each with the instant at which its time ran out: the
    /// last one too, once it is late.
    pub late: Vec<(Office, Timestamp)>,
}

/// Whose turn it is at `now` in an escalation that began at `began` and was not answered; `None` for a path
/// without offices. Each office's time begins when the time of the one before ran out.
///
/// # Errors
/// [`CalendarError`] when a deadline lies past the end of time; callers treat the question as refused.
pub fn turn(
    path: &[EscalationStep],
    began: Timestamp,
    now: Timestamp,
    count: Count,
    calendar: &Calendar,
) -> Result<Option<Turn>, CalendarError> {
    let mut starts = began;
    let mut late = Vec::new();
    for (place, step) in path.iter().enumerate() {
        let until = due(starts, &step.within, count, calendar)?.operational;
        let last = place + 1 == path.len();
        if now > until {
            late.push((step.office.clone(), until));
        }
        if now <= until || last {
            return Ok(Some(Turn { office: step.office.clone(), until, late }));
        }
        starts = until;
    }
    Ok(None)
}

/// The offices that decide a question that `office` has to decide, one after the other: `office` itself, then those that
/// come after it on the path of the first law that has one. Without a path there is none.
#[must_use]
pub fn path_of(laws: &LawSet, parties: [&JurisdictionCode; 2], office: &Office) -> Vec<EscalationStep> {
    let mut packs = laws_between(laws, parties).flat_map(Law::compiled).map(|compiled| &compiled.pack);
    let Some(path) = packs.find(|pack| !pack.escalation.is_empty()).map(|pack| &pack.escalation) else {
        return Vec::new();
    };
    match path.iter().position(|step| step.office == *office) {
        Some(place) => path[place..].to_vec(),
        // It has as long as the first on the path, which comes after it.
        None => path
            .first()
            .map(|first| EscalationStep { office: office.clone(), within: first.within })
            .into_iter()
            .chain(path.iter().cloned())
            .collect(),
    }
}

/// Until when each office on a path has its turn, when the first begins at `began`.
///
/// # Errors
/// As [`turn`].
pub fn turns(
    path: &[EscalationStep],
    began: Timestamp,
    count: Count,
    calendar: &Calendar,
) -> Result<Vec<(Office, Timestamp)>, CalendarError> {
    let mut starts = began;
    let mut turns = Vec::with_capacity(path.len());
    for step in path {
        starts = due(starts, &step.within, count, calendar)?.operational;
        turns.push((step.office.clone(), starts));
    }
    Ok(turns)
}
