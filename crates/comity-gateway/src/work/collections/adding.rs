//! Objects that a tool adds to a collection: what is there already is told at once, the rest is shared as the standing
//! request says, and each object is told what became of it. The same for every door. At a gateway of a dry run nothing is shared,
//! and each object is told what would become of it.

use super::{present, previewed, write};
use crate::gateway::{Gateway, GatewayError};
use crate::work::preview::Preview;
use comity_exchange::collect::{Copies, StandingRequest, drop_copies};
use comity_exchange::disclose::unread_ground;
use comity_exchange::ports::{Collections as _, Presence};
use comity_exchange::report::{
    DecisionReport, ExchangeOutcome, ExchangeReport, RejectedReport, WithholdingReport,
};
use comity_exchange::shell::Shell as _;
use comity_minimise::bundle_bytes;
use comity_terms::{ExchangeId, Timestamp};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

/// Adds objects to a collection for an officer's tool; gives what became of each, and the exchange that they went by: none where
/// nothing was shared. In a dry run, what would become of each here: a partner says what it takes when it is asked.
///
/// # Errors
/// [`GatewayError`]; nothing was added then.
pub async fn add<'a>(
    gateway: &Arc<Gateway>,
    collection: &StandingRequest,
    officer: &str,
    objects: &[&'a RawValue],
) -> Result<(Vec<Given<'a>>, Option<ExchangeId>), GatewayError> {
    let mut given: Vec<Given<'a>> =
        objects.iter().enumerate().map(|(place, raw)| Given::read(place, raw)).collect();
    settle_known(gateway, collection, &mut given).await?;
    let repeated = repeated(&given);
    let exchange = match Rest::of(gateway, &given, &repeated) {
        Some(rest) => share(gateway, collection, officer, rest, &mut given).await?,
        None => None,
    };
    for (place, first) in repeated {
        given[place].fate = given[first].fate.clone();
    }
    Ok((given, exchange))
}

/// The places of what was given before, word for word, and where it was first: what becomes of the one becomes of the other.
fn repeated(given: &[Given<'_>]) -> BTreeMap<usize, usize> {
    let mut first = HashMap::new();
    let places = given.iter().enumerate().filter_map(|(place, given)| {
        let before = *first.entry(given.raw.get()).or_insert(place);
        (before != place).then_some((place, before))
    });
    places.collect()
}

/// Shares what is left, and notes what became of it.
async fn share(
    gateway: &Arc<Gateway>,
    collection: &StandingRequest,
    officer: &str,
    rest: Rest,
    given: &mut [Given<'_>],
) -> Result<Option<ExchangeId>, GatewayError> {
    let is_own = collection.partner.0 == gateway.signatory().party;
    if gateway.is_dry() {
        let preview = previewed(gateway, collection, officer, rest.bundle).await?;
        tell(&Told::from(&preview), &rest.open, given);
        if is_own {
            let copies = copies_in(gateway, collection, &preview).await?;
            tell_copies(&copies, given);
        }
        return Ok(None);
    }
    let report = write(gateway, collection, officer, rest.bundle).await?;
    tell(&Told::from(&report), &rest.open, given);
    let exchange = report.exchange_id.0;
    if is_own && (rest.carried > 0 || changed(given).next().is_some()) {
        let Copies { here, ended } = drop_copies(&**gateway, exchange, &collection.stream()).await?;
        tell_copies(&Copies { here: here.saturating_sub(rest.carried), ended }, given);
    }
    Ok(Some(exchange))
}

/// What is known by its value alone and was changed: it may be a copy, which only minimising shows. A copy begins no clock, and is
/// told as one.
fn changed<'g, 'a>(given: &'g mut [Given<'a>]) -> impl Iterator<Item = &'g mut Given<'a>> {
    given.iter_mut().filter(|given| {
        given.version.is_none() && matches!(&given.fate, Some(Fate::Done(Some(what))) if what != HERE)
    })
}

/// Tells what was changed that it is a copy. Of some among others it is not known which they are: each was taken, and some of
/// them are copies.
fn tell_copies(copies: &Copies, given: &mut [Given<'_>]) {
    let all = changed(given).count() as u64;
    if copies.ended == all {
        changed(given).for_each(|given| given.fate = Some(Fate::Failed(GONE.to_owned())));
    } else if copies.here == all {
        changed(given).for_each(|given| given.fate = Some(Fate::Done(Some(HERE.to_owned()))));
    }
}

/// How many of the objects without versions that would be placed here are copies.
async fn copies_in(
    gateway: &Gateway,
    collection: &StandingRequest,
    preview: &Preview,
) -> Result<Copies, GatewayError> {
    let raws = preview.extract.iter().filter_map(|object| serde_json::from_slice::<&RawValue>(object).ok());
    let heads = raws.map(|raw| Given::read(0, raw)).filter(|head| head.version.is_none());
    let objects: HashMap<_, _> = heads
        .map(|head| (gateway.tags().object(&head.id), gateway.tags().content(head.raw.get().as_bytes())))
        .collect();
    let present = gateway.store().present(collection.stream(), objects.keys().copied().collect()).await?;
    let mut of: HashMap<_, Vec<Presence>> = HashMap::new();
    for (object, presence) in present {
        of.entry(object).or_default().push(presence);
    }
    let mut copies = Copies::default();
    for (object, known) in of {
        let mut here = known.iter().filter_map(|presence| match presence {
            Presence::Here { content, .. } => Some(*content),
            Presence::Removed { .. } => None,
        });
        match here.next() {
            Some(content) if objects.get(&object) == Some(&content) => copies.here += 1,
            Some(_) => {}
            None => copies.ended += 1,
        }
    }
    Ok(copies)
}

const HERE: &str = "it is here already";
const GONE: &str = "it was removed from this collection, or its time there has ended: it is not added again";

/// What a status says of an object, as far as it reads.
#[derive(Deserialize)]
struct Head<'a> {
    #[serde(default, borrow)]
    id: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    modified: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    created: Option<Cow<'a, str>>,
}

/// One object that a tool gave, and what became of it.
pub struct Given<'a> {
    raw: &'a RawValue,
    /// Its id, or its place where it has none.
    pub id: String,
    /// Its version, as it says; where it says nothing, that of the request.
    pub version: Option<Timestamp>,
    /// What became of it; `None` until that is known.
    pub fate: Option<Fate>,
}

/// What became of an object.
#[derive(Clone)]
pub enum Fate {
    /// It is in the collection, or went to the partner; what was changed of it, and why.
    Done(Option<String>),
    /// It is not, and why.
    Failed(String),
    /// It waits, and for what.
    Waits(String),
}

impl<'a> Given<'a> {
    /// What is said of the object at `place`, as far as it reads: whether it does, the sharing says.
    #[must_use]
    pub fn read(place: usize, raw: &'a RawValue) -> Self {
        let object = Some(raw.get()).filter(|text| text.starts_with('{'));
        let head: Option<Head<'_>> = object.and_then(|text| serde_json::from_str(text).ok());
        let instant = head.as_ref().and_then(|head| head.modified.as_ref().or(head.created.as_ref()));
        let version = instant.and_then(|text| text.parse().ok());
        let id = head.as_ref().and_then(|head| head.id.as_deref());
        Self { raw, id: id.map_or_else(|| format!("objects[{place}]"), str::to_owned), version, fate: None }
    }
}

/// Tells at once what is there already, and what was taken out and is not put there again.
async fn settle_known(
    gateway: &Gateway,
    collection: &StandingRequest,
    given: &mut [Given<'_>],
) -> Result<(), GatewayError> {
    let ids: Vec<&str> = given.iter().map(|given| given.id.as_str()).collect();
    let present = present(gateway, collection.stream(), &ids).await?;
    if present.is_empty() {
        return Ok(());
    }
    let mut by_object: HashMap<_, Vec<Presence>> = HashMap::new();
    for (object, presence) in present {
        by_object.entry(object).or_default().push(presence);
    }
    for given in given {
        let Some(known) = by_object.get(&gateway.tags().object(&given.id)) else { continue };
        let content = gateway.tags().content(given.raw.get().as_bytes());
        for presence in known {
            match presence {
                // An object without versions is its content: whatever of it ended is the same.
                Presence::Removed { version }
                    if version.is_none() || given.version.is_none() || *version == given.version =>
                {
                    given.fate = Some(Fate::Failed(GONE.to_owned()));
                    break;
                }
                // What came from a partner is the partner's: writing goes to it all the same.
                Presence::Here { version, content: had }
                    if collection.partner.0 == gateway.signatory().party
                        && (given.version == Some(*version)
                            || (given.version.is_none() && *had == content)) =>
                {
                    given.fate = Some(Fate::Done(Some(HERE.to_owned())));
                }
                _ => {}
            }
        }
    }
    Ok(())
}

/// What is left to share, once what is known is settled.
struct Rest {
    /// The places, among those given, of what is shared.
    open: Vec<usize>,
    /// The bundle of it.
    bundle: Vec<u8>,
    /// How many markings go with it that are here already: what bears one is read by it, and one that nobody can read counts as
    /// the strictest.
    carried: u64,
}

impl Rest {
    fn of(gateway: &Gateway, given: &[Given<'_>], repeated: &BTreeMap<usize, usize>) -> Option<Self> {
        let is_open = |place: &usize| given[*place].fate.is_none() && !repeated.contains_key(place);
        let open: Vec<usize> = (0..given.len()).filter(is_open).collect();
        if open.is_empty() {
            return None;
        }
        let id = ExchangeId::draw(&mut gateway.entropy());
        let bears = |marking: &str| open.iter().any(|place| given[*place].raw.get().contains(marking));
        let carried: Vec<&Given<'_>> = given
            .iter()
            .filter(|given| {
                matches!(&given.fate, Some(Fate::Done(_))) && given.id.starts_with("marking-definition--")
            })
            .filter(|given| gateway.table().handling(&given.id).is_none() && bears(&given.id))
            .collect();
        let objects = open.iter().map(|place| &given[*place]).chain(carried.iter().copied());
        let objects = objects.map(|given| given.raw.get().as_bytes());
        let (bundle, carried) = (bundle_bytes(&format!("bundle--{id}"), objects), carried.len() as u64);
        Some(Self { open, bundle, carried })
    }
}

/// What is told of a sharing, that was done or would be.
struct Told<'a> {
    outcome: ExchangeOutcome,
    decisions: &'a [DecisionReport],
    /// What was changed or withheld, by the object's id; what did not read is not here, for another may have its id.
    withheld: HashMap<&'a str, Vec<&'a WithholdingReport>>,
    /// Why an object did not read, by its number in the bundle.
    unread: HashMap<u64, &'a str>,
    waiting: Option<String>,
}

impl<'a> Told<'a> {
    fn new(
        (outcome, waiting): (ExchangeOutcome, Option<String>),
        decisions: &'a [DecisionReport],
        withholdings: &'a [WithholdingReport],
        rejected: &'a [RejectedReport],
    ) -> Self {
        let grounds: HashSet<_> = rejected.iter().map(|rejected| unread_ground(&rejected.reason)).collect();
        let mut withheld: HashMap<_, Vec<_>> = HashMap::new();
        for one in withholdings.iter().filter(|one| !grounds.contains(&one.ground)) {
            withheld.entry(one.object.as_str()).or_default().push(one);
        }
        let unread = rejected.iter().map(|rejected| (rejected.index, rejected.reason.as_str())).collect();
        Self { outcome, decisions, withheld, unread, waiting }
    }
}

impl<'a> From<&'a ExchangeReport> for Told<'a> {
    fn from(report: &'a ExchangeReport) -> Self {
        let ExchangeReport { outcome, decisions, withholdings, rejected, waiting, .. } = report;
        Self::new((*outcome, waiting.clone()), decisions, withholdings, rejected)
    }
}

impl<'a> From<&'a Preview> for Told<'a> {
    fn from(preview: &'a Preview) -> Self {
        let Preview { outcome, decisions, withholdings, rejected, .. } = preview;
        Self::new((*outcome, preview.waiting()), decisions, withholdings, rejected)
    }
}

/// Notes what became of each object that was shared.
fn tell(told: &Told<'_>, open: &[usize], given: &mut [Given<'_>]) {
    for (index, place) in open.iter().enumerate() {
        let fate = fate(told, index, &given[*place].id);
        given[*place].fate = Some(fate);
    }
}

/// What became of the object that is number `index` of a shared bundle.
fn fate(report: &Told<'_>, index: usize, id: &str) -> Fate {
    if let Some(why) = report.unread.get(&(index as u64)) {
        return Fate::Failed((*why).to_owned());
    }
    let mut changed = Vec::new();
    for withheld in report.withheld.get(id).into_iter().flatten() {
        if withheld.path.is_empty() {
            return match report.outcome {
                ExchangeOutcome::Escalated => Fate::Waits(waiting(report)),
                _ => Fate::Failed(format!("withheld: {}", withheld.ground)),
            };
        }
        changed.push(format!("{} {}: {}", withheld.path, withheld.treatment, withheld.ground));
    }
    match report.outcome {
        ExchangeOutcome::Refused => Fate::Failed(format!("refused: {}", reasons(report))),
        ExchangeOutcome::Escalated => Fate::Waits(waiting(report)),
        ExchangeOutcome::Queued => {
            Fate::Waits(report.waiting.clone().unwrap_or_else(|| "it waits for the partner".to_owned()))
        }
        ExchangeOutcome::Delivered | ExchangeOutcome::PartlyDelivered => {
            Fate::Done((!changed.is_empty()).then(|| format!("changed: {}", changed.join("; "))))
        }
    }
}

fn waiting(report: &Told<'_>) -> String {
    format!("it waits for {}", report.waiting.as_deref().unwrap_or("an office"))
}

fn reasons(report: &Told<'_>) -> String {
    let all: std::collections::BTreeSet<&str> = report
        .decisions
        .iter()
        .flat_map(|decision| decision.reasons.iter().map(|reason| reason.as_str()))
        .collect();
    let all: Vec<&str> = all.into_iter().collect();
    if all.is_empty() { "nothing is left of it".to_owned() } else { all.join(", ") }
}
