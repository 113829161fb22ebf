//! What stands against erasing early, whoever asks for it: this gateway's own duty to preserve.

use crate::ExchangeError;
use crate::audit::replay::read;
use crate::ports::{ExchangeRow, SegmentKind, Store};
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
pub(crate) async fn until<W: Shell>(
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

/// The reason of this gateway where a duty to preserve stands against an erasure.
pub(crate) const PRESERVED: &str = "preservation_runs";
