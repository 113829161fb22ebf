//! Collections: the standing requests that officers make, and what tools write and read by them.

mod adding;

pub use adding::{Fate, Given, add};

use super::preview::{Preview, preview};
use super::{manage, officers};
use crate::gateway::{Gateway, GatewayError};
use crate::settings::PublicCollection;
use crate::work::share::{self, Order};
use comity_exchange::collect::{self, ObjectTag, Read, Reading, StandingRequest};
use comity_exchange::ports::{
    Collections as _, Listed, Page, Presence, Record, SealedSegment, Stream, VersionWanted, Wanted,
};
use comity_exchange::question::Request;
use comity_exchange::report::ExchangeReport;
use comity_exchange::shell::{Lent, Shell as _};
use comity_exchange::wire::Text;
use comity_terms::ids::CollectionId;
use comity_terms::{Act, Action, Activity, FactKey, Facts, PackSlug, Party, Purpose, Timestamp};
use serde_json::{Value as Json, json};
use std::path::Path;
use std::sync::Arc;

/// The act that reading is, in the vocabulary's words.
const USE: &str = "use";

/// What an officer asks for by a new collection.
#[derive(Debug, Clone)]
pub struct Asked {
    /// What it is called.
    pub title: String,
    /// What it is for, in words for people.
    pub description: Option<String>,
    /// The agreement.
    pub agreement: PackSlug,
    /// Whom it is with; the gateway's own party for one that is kept here.
    pub partner: Party,
    /// The agreed category.
    pub activity: Activity,
    /// What it is for.
    pub purpose: Purpose,
    /// Facts that hold for everything that goes through it.
    pub facts: Vec<(FactKey, String)>,
    /// Whether tools may read it.
    pub can_read: bool,
    /// Whether tools may write to it.
    pub can_write: bool,
    /// The last instant, UTC.
    pub until: Option<Timestamp>,
    /// The office that looks at it again.
    pub reviewer: Option<String>,
}

/// Makes the collection for public data, unless this gateway has any collection. The gateway's own party answers for
/// it: it states no fact.
///
/// # Errors
/// [`GatewayError`]; nothing changed.
pub async fn public(gateway: &Gateway) -> Result<(), GatewayError> {
    if !gateway.register().standing.is_empty() {
        return Ok(());
    }
    let PublicCollection { title, description, agreement, activity, purpose } =
        gateway.settings().public_collection.clone();
    manage::adopt(gateway, agreement.as_str(), Path::new("/")).await?;
    let asked = Asked {
        title,
        description: Some(description),
        agreement,
        partner: gateway.signatory().party.clone(),
        activity,
        purpose,
        facts: Vec::new(),
        can_read: true,
        can_write: true,
        until: None,
        reviewer: None,
    };
    stand(gateway, asked, None).await?;
    Ok(())
}

/// Makes a collection: the officer signs what is asked, facts included.
///
/// # Errors
/// [`GatewayError::Input`] when the officer, the agreement, the partner or a fact is not known; nothing changed.
pub async fn make(gateway: &Gateway, officer: &str, asked: Asked) -> Result<StandingRequest, GatewayError> {
    let acting = officers::acting(gateway, officer).await?;
    if asked.partner != gateway.signatory().party {
        gateway.peer(&asked.partner)?;
    }
    let lent = laws(gateway, &asked.agreement, &asked.partner)?;
    // What does not read now would refuse every act later.
    share::stated_by_officer(&asked.facts, &lent)?;
    share::assertable_by_officer(&asked.facts, &lent)?;
    let purposes = lent.laws.vocabulary.purposes();
    if !purposes.contains_key(&asked.purpose) {
        return Err(GatewayError::Input(format!("no purpose `{}` is known", asked.purpose)));
    }
    stand(gateway, asked, Some(&acting)).await
}

async fn stand(
    gateway: &Gateway,
    asked: Asked,
    acting: Option<&officers::Acting>,
) -> Result<StandingRequest, GatewayError> {
    let id = CollectionId::draw(&mut gateway.entropy());
    let mut request = StandingRequest {
        id: Text(id),
        title: asked.title,
        description: asked.description,
        agreement: Text(asked.agreement),
        partner: Text(asked.partner),
        activity: Text(asked.activity),
        purpose: Text(asked.purpose),
        facts: asked.facts.into_iter().map(|(key, value)| (Text(key), value)).collect(),
        can_read: asked.can_read,
        can_write: asked.can_write,
        ordered: None,
        from: Text(gateway.now()),
        until: asked.until.map(Text),
        reviewer: asked.reviewer,
        ended: None,
    };
    request.ordered =
        acting.map(|acting| (acting.key(), acting.sign(request.order().as_bytes()).to_string()));
    record(gateway, &request).await?;
    Ok(request)
}

/// Ends a collection: from now on nothing is written or read by it. What lies in it stays until its own end.
///
/// # Errors
/// [`GatewayError::Input`] when no such collection stands, or the officer may not act.
pub async fn end(
    gateway: &Gateway,
    officer: &str,
    id: CollectionId,
) -> Result<StandingRequest, GatewayError> {
    officers::acting(gateway, officer).await?;
    let stands = gateway.collection(id);
    let stands = stands.ok_or_else(|| GatewayError::Input(format!("no collection {id} stands here")))?;
    let request = StandingRequest { ended: Some(Text(gateway.now())), ..stands };
    record(gateway, &request).await?;
    Ok(request)
}

async fn record(gateway: &Gateway, request: &StandingRequest) -> Result<(), GatewayError> {
    let StandingRequest { id, agreement, partner, activity, purpose, .. } = request;
    let facts = json!({
        "collection": id,
        "agreement": agreement,
        "partner": partner,
        "activity": activity,
        "purpose": purpose,
        "facts": request.facts.iter().map(|(key, _)| key).collect::<Vec<_>>(),
        "can_read": request.can_read,
        "can_write": request.can_write,
        "ordered": request.ordered.as_ref().map(|(key, signature)| json!({ "key": key, "signature": signature })),
        "until": request.until,
        "reviewer": request.reviewer,
        "ended": request.ended,
    });
    let change = Record { standing: vec![request.clone()], ..Record::default() };
    manage::record(gateway, Act::RequestStanding, facts, change).await
}

/// The collections that stand now, by title.
#[must_use]
pub fn standing(gateway: &Gateway) -> Vec<StandingRequest> {
    let mut all = gateway.collections();
    all.sort_by(|one, other| (&one.title, one.id).cmp(&(&other.title, other.id)));
    all
}

fn laws(gateway: &Gateway, agreement: &PackSlug, partner: &Party) -> Result<Lent, GatewayError> {
    gateway.laws(agreement, partner).ok_or_else(|| {
        GatewayError::Input(format!("`{agreement}` was not adopted here; `comity law adopt {agreement}`"))
    })
}

/// Writes a bundle to a collection: shares it as the standing request says.
///
/// # Errors
/// As [`share::share`].
pub async fn write(
    gateway: &Arc<Gateway>,
    collection: &StandingRequest,
    officer: &str,
    bundle: Vec<u8>,
) -> Result<ExchangeReport, GatewayError> {
    written(gateway, collection, officer, (bundle, None)).await
}

/// Writes a bundle to a collection that is kept here as if it had been added at `added`: for tests of readers, who see
/// only what was added since they last asked.
///
/// # Errors
/// [`GatewayError::Input`] unless `test_imports` is set, which no gateway in service has. As [`write`] otherwise.
pub async fn back_date(
    gateway: &Arc<Gateway>,
    collection: &StandingRequest,
    officer: &str,
    bundle: Vec<u8>,
    added: Timestamp,
) -> Result<ExchangeReport, GatewayError> {
    let refused = |why: &str| Err(GatewayError::Input(why.to_owned()));
    if !gateway.settings().test_imports {
        return refused(
            "this gateway is in service: an import that says when it was added needs `test_imports = true`",
        );
    }
    if collection.partner.0 != gateway.signatory().party {
        return refused("only what is kept here can say when it was added");
    }
    if added > gateway.now() {
        return refused("nothing is added in the future");
    }
    written(gateway, collection, officer, (bundle, Some(added))).await
}

async fn written(
    gateway: &Arc<Gateway>,
    collection: &StandingRequest,
    officer: &str,
    (bundle, added): (Vec<u8>, Option<Timestamp>),
) -> Result<ExchangeReport, GatewayError> {
    share::share(gateway, order(collection, officer, bundle, added)).await
}

/// What would come of writing a bundle, at a gateway of a dry run.
///
/// # Errors
/// As [`write`].
async fn previewed(
    gateway: &Arc<Gateway>,
    collection: &StandingRequest,
    officer: &str,
    bundle: Vec<u8>,
) -> Result<Preview, GatewayError> {
    // Who may not act is told so now.
    officers::acting(gateway, officer).await?;
    preview(gateway, &order(collection, officer, bundle, None)).await
}

/// The order that a standing request makes of a bundle.
fn order(collection: &StandingRequest, officer: &str, bundle: Vec<u8>, added: Option<Timestamp>) -> Order {
    Order {
        bundle: Arc::new(bundle),
        officer: officer.to_owned(),
        under: collection.agreement.0.clone(),
        to: collection.partner.0.clone(),
        activity: collection.activity.0.clone(),
        purpose: collection.purpose.0.clone(),
        facts: collection.facts.iter().map(|(key, value)| (key.0.clone(), value.clone())).collect(),
        attestations: Vec::new(),
        assume_in_force: false,
        added,
        once: None,
    }
}

/// Reads a page of a collection for an officer's tool: what the laws mask, a tool gets as far as it is an object still.
///
/// # Errors
/// [`GatewayError`]; nothing was given then.
pub async fn read(
    gateway: &Gateway,
    collection: &StandingRequest,
    reader: &Reader,
    wanted: Wanted,
) -> Result<Read, GatewayError> {
    let lent = laws(gateway, &collection.agreement.0, &collection.partner.0)?;
    let given: Vec<(FactKey, String)> =
        collection.facts.iter().map(|(key, value)| (key.0.clone(), value.clone())).collect();
    let mut facts: Facts = share::stated_by_officer(&given, &lent)?;
    let now = gateway.now();
    share::known_training(&mut facts, now <= reader.training_valid_until)?;
    let action = Action::new(USE).map_err(|error| GatewayError::Broken(error.to_string()))?;
    let ends = (collection.partner.0.clone(), gateway.signatory().party.clone());
    let what = (action, collection.activity.0.clone(), collection.purpose.0.clone());
    let request = Request {
        facts,
        binding: lent.binding,
        ..Request::bare(ends, collection.agreement.0.clone(), what, now)
    };
    let reading = Reading { request, lent, reader: reader.key.clone() };
    Ok(collect::read(gateway, wanted, &reading).await?.for_tools())
}

/// Whose tool reads.
#[derive(Debug, Clone)]
pub struct Reader {
    /// The last instant at which the officer's training is valid, UTC.
    pub training_valid_until: Timestamp,
    /// The public half of the key that signs what the officer orders, where they have one.
    pub key: Option<String>,
}

/// What a stream has of an object: its versions, and what was taken out.
///
/// # Errors
/// [`GatewayError::Store`].
pub async fn present(
    gateway: &Gateway,
    stream: Stream,
    ids: &[&str],
) -> Result<Vec<(ObjectTag, Presence)>, GatewayError> {
    let tags = ids.iter().map(|id| gateway.tags().object(id)).collect();
    Ok(gateway.store().present(stream, tags).await?)
}

/// Takes an object out of a collection: its records are erased, whoever reads learns so by a tombstone where it was the
/// last version, and nobody puts it there again. The versions that went; none when there is no such object.
///
/// # Errors
/// [`GatewayError`]; what went stays gone.
pub async fn remove(
    gateway: &Gateway,
    collection: &StandingRequest,
    officer: &str,
    id: &str,
    versions: Vec<VersionWanted>,
) -> Result<Vec<Timestamp>, GatewayError> {
    let acting = officers::acting(gateway, officer).await?;
    let object = gateway.tags().object(id);
    let wanted = |versions: Vec<VersionWanted>| Wanted {
        stream: collection.stream(),
        added_after: None,
        after: None,
        objects: vec![object],
        types: Vec::new(),
        versions,
        limit: REMOVED_MAX,
    };
    let Page { listed, segments, .. } = gateway.store().collected(wanted(versions)).await?;
    if listed.is_empty() {
        return Ok(Vec::new());
    }
    unheld(gateway, &listed, &segments).await?;
    let all = gateway.store().collected(wanted(vec![VersionWanted::All])).await?.listed;
    let whole = all.len() == listed.len();
    let text = format!("remove\n{}\n{}\n", collection.id.0, listed.len());
    let by = acting.signed(&text);
    let removing = collect::Removing { stream: collection.stream(), object, id, whole, by };
    collect::remove(gateway, removing, &listed, &segments).await?;
    Ok(listed.iter().map(|listed| listed.version).collect())
}

/// That no duty to preserve and no hold keeps any of these records.
async fn unheld(
    gateway: &Gateway,
    listed: &[Listed],
    segments: &[(SealedSegment, String)],
) -> Result<(), GatewayError> {
    let against = collect::remove::against(gateway, listed, segments).await?;
    if against.is_empty() {
        return Ok(());
    }
    Err(GatewayError::Input(format!("it is kept from erasure: {}", against.join(", "))))
}

/// The most versions of one object that are taken out at once.
const REMOVED_MAX: u32 = 500;

/// A collection, as it is printed.
#[must_use]
pub fn collection_json(request: &StandingRequest) -> Json {
    json!({
        "id": request.id,
        "title": request.title,
        "description": request.description,
        "can_read": request.can_read,
        "can_write": request.can_write,
        "pack": request.agreement,
        "partner": request.partner,
        "activity": request.activity,
        "purpose": request.purpose,
        "facts": request.facts.iter().map(|(key, value)| (key.0.to_string(), value.clone())).collect::<Vec<_>>(),
        "from": request.from,
        "until": request.until,
        "reviewer": request.reviewer,
        "ended": request.ended,
    })
}
