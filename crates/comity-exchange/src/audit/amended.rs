//! Which past exchanges would come out otherwise under another text of a law.
//!
//! Every recorded decision that the law had a part in is made again, with the other text in its place and everything else
//! as it was: facts, instants, the other laws, the approvals. It rewrites nothing, and releases nothing.

use super::recorded::{RecordedQuestion, RecordedRuling, reasons};
use super::replay::{question, read};
use super::walk::{BATCH_ENTRIES_MAX, Place};
use crate::ExchangeError;
use crate::entry::Opening;
use crate::ports::{SealedSegment, Store};
use comity_agreement::try_case::obligation_json;
use comity_agreement::{Decision, LawSet, Outcome, decide};
use comity_terms::Timestamp;
use comity_tlog::LeafIndex;
use serde_json::Value as Json;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What an amendment would have done.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Amendment {
    /// How many recorded decisions the law had a part in.
    pub decisions: u64,
    /// What would come out otherwise, class by class.
    pub otherwise: Vec<Otherwise>,
    /// Decisions that could not be made again, and why.
    pub not_available: Vec<(Place, String)>,
}

/// A class of a past exchange that would come out otherwise.
#[derive(Debug, Clone, PartialEq)]
pub struct Otherwise {
    /// Where the decision stands.
    pub place: Place,
    /// The class, from 0.
    pub class: usize,
    /// The instant of the act, UTC.
    pub at: Timestamp,
    /// The outcome, then reasons and duties, as they were recorded.
    pub old: Said,
    /// The same under the other text.
    pub new: Said,
}

/// An outcome, and the reasons and duties that came with it.
pub type Said = (String, BTreeSet<String>);

/// Makes the decisions in `store` again by the laws that `laws` gives for each; `None` for one that the amended law has no
/// part in.
///
/// # Errors
/// [`ExchangeError`] when the store or the keys fail.
pub async fn amended<S: Store>(
    store: &S,
    mut open: impl FnMut(&SealedSegment) -> Result<Option<Opening>, ExchangeError>,
    mut laws: impl FnMut(&RecordedQuestion) -> Result<Option<Arc<LawSet>>, String>,
) -> Result<Amendment, ExchangeError> {
    let mut amendment = Amendment::default();
    let mut from = LeafIndex(0);
    loop {
        let batch = store.logged(from, BATCH_ENTRIES_MAX).await?;
        let Some(last) = batch.last() else { return Ok(amendment) };
        from = LeafIndex(last.index.0 + 1);
        for logged in &batch {
            let Some(segment) = &logged.opening else { continue };
            let Some(opening) = open(segment)? else { continue };
            let Ok(Some(decision)) = read(opening.content()) else { continue };
            let Some(asked) = &decision.asked else { continue };
            let place = Place { entry: logged.index, exchange: logged.exchange };
            let laws = match laws(asked) {
                Ok(None) => continue,
                Ok(Some(laws)) => laws,
                Err(why) => {
                    amendment.decisions += 1;
                    amendment.not_available.push((place, why));
                    continue;
                }
            };
            amendment.decisions += 1;
            for (class, ruling) in decision.rulings.iter().enumerate() {
                match under(&laws, asked, ruling) {
                    Ok(again) => {
                        let (old, new) = (recorded(ruling), said(&again));
                        if old != new {
                            amendment.otherwise.push(Otherwise { place, class, at: asked.at.0, old, new });
                        }
                    }
                    Err(why) => amendment.not_available.push((place, why)),
                }
            }
        }
    }
}

fn under(laws: &LawSet, asked: &RecordedQuestion, ruling: &RecordedRuling) -> Result<Decision, String> {
    let (mut question, setting) = question(laws, asked, ruling)?;
    let first = decide(laws, &question, &setting).map_err(|error| error.to_string())?;
    // What an office approved was approved under other rules: an approval lifts what it names and nothing new.
    if question.approvals.is_empty() || first.outcome != Outcome::Permitted {
        return Ok(first);
    }
    let approvals = std::mem::take(&mut question.approvals);
    let bare = decide(laws, &question, &setting).map_err(|error| error.to_string())?;
    let asks_more = bare.escalate_to.iter().any(|office| !approvals.contains(office));
    Ok(if asks_more { bare } else { first })
}

fn recorded(ruling: &RecordedRuling) -> Said {
    let duties = ruling.obligations.iter().map(duty);
    (ruling.outcome.clone(), ruling.reasons.iter().cloned().chain(duties).collect())
}

fn said(decision: &Decision) -> Said {
    let duties = decision.obligations.iter().map(|owed| duty(&obligation_json(owed)));
    (decision.outcome.as_str().to_owned(), reasons(decision).into_iter().chain(duties).collect())
}

/// A duty in one line: what and by when. Which rule owes it is not compared, for rules are renamed.
fn duty(duty: &Json) -> String {
    let text = |key: &str| duty[key].as_str().map(str::to_owned);
    let value = match &duty["value"] {
        Json::Null => String::new(),
        Json::String(text) => format!(" {text}"),
        other => format!(" {other}"),
    };
    let due = text("due_legal_latest").map_or_else(String::new, |due| format!(" by {due}"));
    format!("{}{value}{due}", text("type").unwrap_or_default())
}
