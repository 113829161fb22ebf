//! A whole log walked through: every decision in it made again, and told of.
//!
//! Reads entries and their openings as the store has them. An opening that was erased is told as erased, whatever it
//! said; one that is not what its entry commits to, or a skeleton that says otherwise than the opening, is a difference.

use super::replay::{Archive, Difference, MissingLaw, RecordedDecision, Replayer, Verdict, read, verdicts};
use crate::ExchangeError;
use crate::entry::Opening;
use crate::ports::{ExchangeRow, Logged, SealedSegment, Store};
use crate::report::ExchangeOutcome;
use comity_terms::{ExchangeId, Family, LawName};
use comity_tlog::LeafIndex;
use serde_json::Value as Json;

/// What replaying a log came to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Replayed {
    /// How many decisions the log records, erased ones included.
    pub decisions: u64,
    /// How many classes of objects they are about, as far as they can be read.
    pub rulings: u64,
    /// How many came out as they were recorded.
    pub identical: u64,
    /// Those whose opening was erased.
    pub erased: Vec<Place>,
    /// Those that came out otherwise.
    pub different: Vec<(Place, Vec<Difference>)>,
    /// Those that could be made again in part only, for a law is not here. What was made again is the same.
    pub not_available: Vec<(Place, Vec<MissingLaw>)>,
    /// Those that an earlier release recorded without all that they were made from.
    pub earlier: Vec<Place>,
}

/// Where a decision stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Its entry.
    pub entry: LeafIndex,
    /// The exchange that it is about.
    pub exchange: Option<ExchangeId>,
}

/// Entries that are read and replayed at once.
pub const BATCH_ENTRIES_MAX: u32 = 1_000;

/// Walks through the log in `store` with as many threads as there are `replayers`. `open` gives an opening, or nothing
/// where its key was destroyed.
///
/// # Errors
/// [`ExchangeError`] when the store or the keys fail.
pub async fn walk<S: Store, A: Archive>(
    store: &S,
    mut open: impl FnMut(&SealedSegment) -> Result<Option<Opening>, ExchangeError>,
    replayers: &mut [Replayer<'_, A>],
    mut progress: impl FnMut(u64),
) -> Result<Replayed, ExchangeError> {
    let mut done = Replayed::default();
    let mut from = LeafIndex(0);
    loop {
        let batch = store.logged(from, BATCH_ENTRIES_MAX).await?;
        let Some(last) = batch.last() else { return Ok(done) };
        from = LeafIndex(last.index.0 + 1);
        let mut places = Vec::with_capacity(batch.len());
        let mut contents = Vec::with_capacity(batch.len());
        for logged in batch.iter().filter(|logged| DECIDING.contains(&logged.entry.family())) {
            let place = Place { entry: logged.index, exchange: logged.exchange };
            match opened(logged, &mut open)? {
                Opened::Content(content) => {
                    places.push(place);
                    contents.push(content);
                }
                Opened::Erased => {
                    if is_decision(store, logged).await? {
                        done.decisions += 1;
                        done.erased.push(place);
                    }
                }
                Opened::Altered(difference) => {
                    done.decisions += 1;
                    done.different.push((place, vec![difference]));
                }
            }
        }
        for ((place, content), verdict) in places.iter().zip(&contents).zip(verdicts(replayers, &contents)) {
            let skeleton = match (&verdict, place.exchange) {
                (Verdict::NoDecision, _) | (_, None) => None,
                (_, Some(exchange)) => contradiction(content, store.exchange(exchange).await?.as_ref()),
            };
            done.add(*place, verdict, skeleton);
        }
        progress(done.decisions);
    }
}

/// What there is of an entry's opening.
enum Opened {
    Content(Vec<u8>),
    Erased,
    /// It is not the one that was logged.
    Altered(Difference),
}

/// The opening of an entry.
fn opened(
    logged: &Logged,
    open: &mut impl FnMut(&SealedSegment) -> Result<Option<Opening>, ExchangeError>,
) -> Result<Opened, ExchangeError> {
    let Some(segment) = &logged.opening else { return Ok(Opened::Erased) };
    let altered = |why: String| Opened::Altered(Difference::whole("opening", Json::Null, why));
    Ok(match open(segment) {
        Ok(None) => Opened::Erased,
        Ok(Some(opening)) if logged.entry.commits_to(&opening) => Opened::Content(opening.content().to_vec()),
        Ok(Some(_)) => altered("the entry commits to another".to_owned()),
        Err(ExchangeError::Vault(error)) => altered(error.to_string()),
        Err(other) => return Err(other),
    })
}

/// Whether an entry that nobody can read any more records a decision: the first about an exchange does.
async fn is_decision<S: Store>(store: &S, logged: &Logged) -> Result<bool, ExchangeError> {
    let Some(exchange) = logged.exchange else { return Ok(false) };
    let first = store.exchange_integrated(exchange).await?;
    Ok(first.is_some_and(|(_, integrated)| integrated.index == logged.index))
}

/// What the skeleton of an exchange says otherwise than its decision.
fn contradiction(content: &[u8], row: Option<&ExchangeRow>) -> Option<Difference> {
    let Ok(Some(RecordedDecision { asked, rulings, .. })) = read(content) else { return None };
    let Some(row) = row else {
        return Some(Difference::whole("skeleton", Json::Null, "there is none"));
    };
    let asked = asked?;
    let agreement =
        asked.laws.iter().find(|(law, _)| law.0 == LawName::Agreement).map(|(_, digest)| digest.0);
    if agreement.is_some_and(|digest| digest != row.agreement_digest) {
        let digest = row.agreement_digest.to_string();
        return Some(Difference::whole("skeleton", digest, agreement.map(|digest| digest.to_string())));
    }
    let goes = rulings.iter().any(|ruling| ruling.outcome == "permit");
    let ended = matches!(row.outcome, ExchangeOutcome::Refused | ExchangeOutcome::Escalated);
    (!goes && !ended).then(|| Difference::whole("skeleton", row.outcome.as_str(), "nothing was permitted"))
}

impl Replayed {
    fn add(&mut self, place: Place, verdict: Verdict, skeleton: Option<Difference>) {
        if verdict == Verdict::NoDecision {
            return;
        }
        self.decisions += 1;
        let verdict = match (verdict, skeleton) {
            (Verdict::Different(mut differences), Some(more)) => {
                differences.push(more);
                Verdict::Different(differences)
            }
            (_, Some(difference)) => Verdict::Different(vec![difference]),
            (verdict, None) => verdict,
        };
        match verdict {
            Verdict::NoDecision => {}
            Verdict::Earlier => self.earlier.push(place),
            Verdict::Identical(rulings) => {
                self.identical += 1;
                self.rulings += rulings as u64;
            }
            Verdict::Different(differences) => self.different.push((place, differences)),
            Verdict::NotAvailable(missing, differences) if differences.is_empty() => {
                self.not_available.push((place, missing));
            }
            Verdict::NotAvailable(_, differences) => self.different.push((place, differences)),
        }
    }
}

/// The families of acts that laws decide.
const DECIDING: [Family; 2] = [Family::Exchange, Family::Remedy];
