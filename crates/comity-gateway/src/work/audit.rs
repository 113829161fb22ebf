//! What an overseer asks of a gateway's own record: every decision made again.
//!
//! The laws are those of `DIR/law/<digest>/`, read afresh and checked against their digests, or shipped ones of the
//! very digest that was signed. Nothing is written.

use crate::gateway::{Gateway, GatewayError};
use crate::laws::{Loaded, Shelf, digested, vocabulary};
use comity_agreement::vocabulary::DoneBy;
use comity_agreement::{Law, LawFiles, LawSet, Library, Memo, Vocabulary, shipped};
use comity_exchange::audit::amended::{Amendment, amended as amended_by};
use comity_exchange::audit::obligations::{DutyState, OwedDuty, owed};
use comity_exchange::audit::recorded::RecordedQuestion;
use comity_exchange::audit::replay::{Archive, Difference, MissingLaw, Replayer};
use comity_exchange::audit::walk::{Place, Replayed, walk};
use comity_exchange::shell::Shell as _;
use comity_terms::{Digest, LawName, PackSlug, Timestamp};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// The laws that a gateway has adopted or heard of.
pub struct Adopted(Shelf);

impl Adopted {
    /// Those of `gateway`.
    #[must_use]
    pub fn of(gateway: &Gateway) -> Self {
        Self(Shelf::new(gateway.directory().law()))
    }
}

impl Archive for Adopted {
    fn law(&self, pack: &PackSlug, digest: Digest) -> Result<Option<(Arc<Law>, Arc<Vocabulary>)>, String> {
        let found = match self.0.law(pack, digest).map_err(|error| error.to_string())? {
            Some(found) => Some(found),
            None => digested(shipped(), pack, digest),
        };
        Ok(found.map(|Loaded { law, vocabulary }| (law, vocabulary)))
    }
}

/// Makes every recorded decision again. With `memo`, equal questions are put to the rules once.
///
/// # Errors
/// [`GatewayError`] when the record cannot be read; what differs is no error.
pub async fn replay(
    gateway: &Gateway,
    memo: bool,
    progress: impl FnMut(u64),
) -> Result<Replayed, GatewayError> {
    let archive = Adopted::of(gateway);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let classes = gateway.settings().memo_classes;
    let one = || Replayer::new(&archive, memo.then(|| Memo::new(classes)));
    let mut replayers: Vec<_> = (0..threads).map(|_| one()).collect();
    let open = |segment: &_| gateway.with_keys(|keys| gateway.signatory().open_opening(segment, keys));
    Ok(walk(gateway.store(), open, &mut replayers, progress).await?)
}

/// What `new` would have made of the recorded decisions that its pack had a part in.
///
/// # Errors
/// [`GatewayError`] when the record cannot be read.
pub async fn amended(
    gateway: &Gateway,
    (files, slug): (LawFiles, PackSlug),
) -> Result<Amendment, GatewayError> {
    let shelf = Shelf::new(gateway.directory().law());
    let mut sets = HashMap::new();
    let laws = |asked: &RecordedQuestion| {
        let named = |law: &LawName| match law {
            LawName::Agreement => Some(asked.agreement.0.clone()),
            LawName::Jurisdiction(code) => code.as_str().parse().ok(),
        };
        if !asked.laws.keys().any(|law| named(&law.0).as_ref() == Some(&slug)) {
            return Ok(None);
        }
        let key = (asked.agreement.0.clone(), asked.laws.clone());
        let set = sets.entry(key).or_insert_with(|| {
            let others = asked.laws.iter().filter_map(|(law, digest)| Some((named(&law.0)?, digest.0)));
            let others: Vec<_> = others.filter(|(pack, _)| *pack != slug).collect();
            replaced(&shelf, &files, &others).and_then(|files| law_set(&files, asked).map(Arc::new))
        });
        set.clone().map(Some)
    };
    let open = |segment: &_| gateway.with_keys(|keys| gateway.signatory().open_opening(segment, keys));
    Ok(amended_by(gateway.store(), open, laws).await?)
}

/// The source of the amended pack, with the other packs as they were signed.
fn replaced(shelf: &Shelf, amended: &LawFiles, others: &[(PackSlug, Digest)]) -> Result<LawFiles, String> {
    let mut files = amended.clone();
    for (pack, digest) in others {
        let signed = match shelf.files(*digest).map_err(|error| error.to_string())? {
            Some(signed) => signed,
            None => digested(shipped(), pack, *digest)
                .map(|_| shipped().clone())
                .ok_or_else(|| format!("the text of `{pack}` {digest} is not here"))?,
        };
        let own = [format!("agreements/{pack}/"), format!("jurisdictions/{pack}/")];
        let is_own = |path: &String| own.iter().any(|root| path.starts_with(root.as_str()));
        files.0.retain(|path, _| !is_own(path));
        files.0.extend(signed.0.into_iter().filter(|(path, _)| is_own(path)));
    }
    Ok(files)
}

/// The laws of a recorded question, from one source.
fn law_set(files: &LawFiles, asked: &RecordedQuestion) -> Result<LawSet, String> {
    let mut library = Library::open(files).map_err(|error| error.to_string())?;
    let agreement = library.law(&asked.agreement.0).map_err(|error| error.to_string())?;
    let mut national = BTreeMap::new();
    for law in asked.laws.keys() {
        let LawName::Jurisdiction(code) = &law.0 else { continue };
        let slug: PackSlug = code.as_str().parse().map_err(|_| format!("`{code}` is no pack"))?;
        national.insert(code.clone(), library.law(&slug).map_err(|error| error.to_string())?);
    }
    Ok(LawSet { agreement, national, vocabulary: Arc::clone(library.vocabulary()) })
}

/// What recorded decisions lay down, and what the log shows to be done.
///
/// # Errors
/// [`GatewayError`] when the record cannot be read.
pub async fn obligations(gateway: &Gateway) -> Result<Vec<OwedDuty>, GatewayError> {
    let vocabulary = vocabulary().map_err(|error| GatewayError::Broken(error.to_string()))?;
    let open = |segment: &_| gateway.with_keys(|keys| gateway.signatory().open_opening(segment, keys));
    let own = &gateway.signatory().party;
    Ok(owed(gateway.store(), open, vocabulary, own, gateway.now()).await?)
}

/// The looks at what is kept about people that this gateway owes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reviews {
    /// How many are owed, and not late.
    pub open: usize,
    /// How many are late.
    pub overdue: usize,
    /// By when the next of those that are not late is due, UTC.
    pub next: Option<Timestamp>,
}

/// The reviews that this gateway owes: duties that a look at the records before their time does.
///
/// # Errors
/// As [`obligations`].
pub async fn reviews(gateway: &Gateway) -> Result<Reviews, GatewayError> {
    let vocabulary = vocabulary().map_err(|error| GatewayError::Broken(error.to_string()))?;
    let own = gateway.signatory().party.to_string();
    let mut reviews = Reviews::default();
    for owed in obligations(gateway).await? {
        let kind = owed.duty["type"].as_str().and_then(|kind| vocabulary.obligations().get(kind));
        let review = kind.is_some_and(|term| term.done_by == Some(DoneBy::Review));
        if !review || owed.owner != own {
            continue;
        }
        match owed.state {
            DutyState::Done => {}
            DutyState::Overdue => reviews.overdue += 1,
            DutyState::Open => {
                reviews.open += 1;
                let due = owed.duty["due_operational"].as_str().and_then(|due| due.parse().ok());
                reviews.next = reviews.next.into_iter().chain(due).min();
            }
        }
    }
    Ok(reviews)
}

/// Everything that is owed, as the contract prints it: by recorded decisions, to persons who asked something, and to those
/// who are to be told.
///
/// # Errors
/// As [`obligations`].
pub async fn ledger(gateway: &Gateway) -> Result<Vec<Json>, GatewayError> {
    let mut duties: Vec<Json> = obligations(gateway).await?.iter().map(duty_json).collect();
    duties.extend(super::subjects::duties(gateway).await?);
    let notices = super::notices::duties(gateway).await?;
    let own = gateway.signatory().party.to_string();
    // To tell a person is owed by the notice that the exchange gave rise to: it has the clock, and the end.
    let told = |duty: &Json| {
        duty["type"] == "notify_subject"
            && duty["owner"] == own.as_str()
            && notices.iter().any(|notice| notice["exchange_id"] == duty["exchange_id"])
    };
    duties.retain(|duty| !told(duty));
    duties.extend(notices);
    duties.extend(super::referrals::duties(gateway).await?);
    Ok(duties)
}

/// One duty as the contract prints it: as it was recorded, with who owes it and where it stands.
#[must_use]
pub fn duty_json(owed: &OwedDuty) -> Json {
    let mut json = owed.duty.clone();
    let due = |key: &str| owed.duty[key].clone();
    for key in ["due_operational", "due_legal_latest"] {
        json[key] = due(key);
    }
    json["owner"] = owed.owner.as_str().into();
    json["state"] = owed.state.as_str().into();
    json["evidence"] = owed.evidence.map(|entry| entry.0).into();
    let [due, overdue] = owed.told.map(|entry| entry.map(|entry| entry.0));
    json["told"] = json!({ "due": due, "overdue": overdue });
    json["exchange_id"] = owed.exchange.to_string().into();
    json["entry"] = owed.entry.0.into();
    json
}

/// What replaying came to, as the contract prints it.
#[must_use]
pub fn replayed_json(replayed: &Replayed) -> Json {
    let places = |places: &[Place]| places.iter().map(|place| place_json(*place)).collect::<Vec<_>>();
    json!({
        "decisions": replayed.decisions,
        "rulings": replayed.rulings,
        "identical": replayed.identical,
        "erased": places(&replayed.erased),
        "different": replayed.different.iter().map(|(place, differences)| {
            let mut json = place_json(*place);
            json["differences"] = differences.iter().map(difference_json).collect();
            json
        }).collect::<Vec<_>>(),
        "not_available": replayed.not_available.iter().map(|(place, missing)| {
            let mut json = place_json(*place);
            json["laws"] = missing.iter().map(missing_json).collect();
            json
        }).collect::<Vec<_>>(),
        "earlier": places(&replayed.earlier),
    })
}

fn place_json(place: Place) -> Json {
    json!({ "entry": place.entry.0, "exchange_id": place.exchange.map(|id| id.to_string()) })
}

fn difference_json(difference: &Difference) -> Json {
    let Difference { class, what, recorded, replayed } = difference;
    json!({ "class": class, "what": what, "recorded": recorded, "replayed": replayed })
}

fn missing_json(missing: &MissingLaw) -> Json {
    let MissingLaw { law, pack, digest } = missing;
    json!({ "law": law.to_string(), "pack": pack.to_string(), "digest": digest.to_string() })
}
