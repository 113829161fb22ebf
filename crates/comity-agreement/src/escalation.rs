//! Where an escalation stands: whose turn it is, who let their time pass. A timer that runs out moves on to the
//! next office and never approves.

use crate::pack::EscalationStep;
use comity_terms::calendar::{Calendar, CalendarError, Count, due};
use comity_terms::{Office, Timestamp};

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
