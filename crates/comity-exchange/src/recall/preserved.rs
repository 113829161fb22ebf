//! What stands against an order at a holder: its own duty to preserve, and whose a restriction is.

use crate::ExchangeError;
use crate::audit::replay::read;
use crate::federation::recall::{RecallAction, TakenHop};
use crate::ports::{ExchangeRow, Recalls, Restriction, SegmentKind, Store, Way};
use crate::report::CitationReport;
use crate::shell::Shell;
use crate::wire::Text;
use comity_agreement::vocabulary::Dimension;
use comity_terms::{RuleId, Timestamp};
use serde_json::Value as Json;

/// The rule by which records of an exchange are to be preserved beyond `now`; `None` where there is none.
///
/// Read from the decision by which they were received: what was laid down then binds, whatever the laws say by now. What
/// nobody can read any more preserves nothing.
///
/// # Errors
/// [`ExchangeError`] when the store or the keys fail.
pub(super) async fn until<W: Shell>(
    world: &W,
    held: &ExchangeRow,
    now: Timestamp,
) -> Result<Option<CitationReport>, ExchangeError> {
    let Some(lent) = world.laws(&held.agreement, &held.peer) else { return Ok(None) };
    let terms = lent.laws.vocabulary.obligations();
    for id in world.store().segments(held.id).await? {
        let Some(segment) = world.store().segment(id).await? else { continue };
        if segment.kind != SegmentKind::Opening {
            continue;
        }
        let Some(opening) = world.with_keys(|keys| world.signatory().open_opening(&segment, keys))? else {
            continue;
        };
        let Ok(Some(decision)) = read(opening.content()) else { continue };
        for duty in decision.rulings.iter().flat_map(|ruling| &ruling.obligations) {
            let term = duty["type"].as_str().and_then(|kind| terms.get(kind));
            let preserves = term.is_some_and(|term| term.safeguard == Some(Dimension::KeepUntil));
            let due: Option<Timestamp> = duty["due_legal_latest"].as_str().and_then(|due| due.parse().ok());
            if preserves && due.is_some_and(|due| due > now) {
                return Ok(cited(duty));
            }
        }
    }
    Ok(None)
}

/// The rule that a recorded duty names.
fn cited(duty: &Json) -> Option<CitationReport> {
    let (pack, rule) = duty["rule"].as_str()?.split_once('/')?;
    let rule: RuleId = rule.parse().ok()?;
    Some(CitationReport {
        law: Text(duty["law"].as_str()?.parse().ok()?),
        pack: Text(pack.parse().ok()?),
        article: String::new(),
        rule: rule.to_string(),
        effect: "obligation".to_owned(),
        summary: String::new(),
    })
}

/// Whether a restriction was ordered by the origin of `taken`: then it may lift it.
///
/// # Errors
/// [`ExchangeError`] when the store fails.
pub(super) async fn is_origins<W: Shell>(
    world: &W,
    restriction: &Restriction,
    taken: &TakenHop,
) -> Result<bool, ExchangeError> {
    for row in world.store().recalls(Some(restriction.order)).await? {
        if row.way == Way::Taken {
            let (_, order) = TakenHop::stored(&row.header)?;
            return Ok(order.action == RecallAction::Restrict && order.origin.0 == taken.order.origin.0);
        }
    }
    Ok(false)
}
