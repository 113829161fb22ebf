//! The operator's acts: officers, partners, laws. Each is an entry in the log before it counts.

use crate::files;
use crate::gateway::{Gateway, GatewayError};
use crate::laws::{self, Loaded, Shelf, vocabulary};
use crate::work::{officers, recall};
use comity_exchange::entry::Opening;
use comity_exchange::erase::{Against, Erased, Order, erase_exchange};
use comity_exchange::federation::follow::{NotFollowed, changed, follows};
use comity_exchange::federation::identity::{Identity, SignedLaw};
use comity_exchange::ports::{AdoptedLaw, Draft, Officer, Peer, PeerRemoval, Peers as _, Record, Store as _};
use comity_exchange::shell::Shell as _;
use comity_exchange::wire::Text;
use comity_terms::{Act, Digest, PackSlug, Party, ReasonCode, Timestamp};
use serde_json::{Value as Json, json};
use std::path::Path;

/// Records `act` with its change: entry, opening and change in one transaction.
/// # Errors
/// [`GatewayError`]; nothing changed.
pub async fn record(gateway: &Gateway, act: Act, facts: Json, change: Record) -> Result<(), GatewayError> {
    let now = gateway.now();
    let home = gateway.signatory().home.clone();
    let until = gateway.opening_until(&home, now)?;
    let (entry, opening) = gateway.with_keys(|keys| {
        let entropy = &mut gateway.entropy();
        let (entry, opening) = Opening::draw(act, now, facts, entropy);
        let sealed = gateway.signatory().seal_opening(&opening, (&home, None), until, keys, entropy)?;
        Ok::<_, GatewayError>((entry, sealed))
    })?;
    let record = Record {
        entries: vec![Draft { entry, opening: opening.id, exchange: None }],
        segments: vec![opening],
        ..change
    };
    gateway.store().record(record).await?;
    gateway.refresh().await?;
    Ok(())
}

/// Makes an officer known, or changes what is known.
///
/// # Errors
/// [`GatewayError`]; nothing changed.
pub async fn add_officer(gateway: &Gateway, officer: Officer) -> Result<(), GatewayError> {
    // The opening says that there is one more officer and until when trained; who, the state alone says.
    let facts = json!({ "training_until": officer.training_until.to_string() });
    let change = Record { officer: Some(officer), ..Record::default() };
    record(gateway, Act::OfficerAdded, facts, change).await
}

/// Signs a pack's digest for this party and keeps its text: shipped, or in a directory.
///
/// # Errors
/// [`GatewayError::Law`] when the pack does not hold, or may not be asked beside what is adopted: this party's own law
/// beside each agreement, an agreement beside this party's own law. Nothing changed.
pub async fn adopt(gateway: &Gateway, name: &str, cwd: &Path) -> Result<SignedLaw, GatewayError> {
    let (source, slug) = laws::named(name, cwd)?;
    Shelf::adoptable(&source, &slug, &gateway.laws_adopted())?;
    let Loaded { law, .. } = gateway.shelf().put(&source, &slug)?;
    let signed = SignedLaw::sign(&slug, law.digest(), &gateway.signatory().key);
    // Overseers see which rights the pack leaves open.
    let waived: Vec<&str> = law.pack().waivers.iter().map(|waiver| waiver.right.as_str()).collect();
    let facts = json!({ "pack": slug.to_string(), "digest": law.digest().to_string(), "waived": waived });
    let adopted = AdoptedLaw { law: signed.clone(), at: gateway.now() };
    let change = Record { adopted: Some(adopted), ..Record::default() };
    record(gateway, Act::LawAdopted, facts, change).await?;
    Ok(signed)
}

/// What an officer's order to erase before the time came to.
#[derive(Debug, Clone)]
pub struct Ended {
    /// How much was erased, and kept.
    pub erased: Erased,
    /// What stands against the rest.
    pub against: Against,
}

/// Erases what is held of one exchange before its time, as an officer orders, but for what a duty to preserve or a hold
/// keeps.
///
/// # Errors
/// [`GatewayError::Input`] when no such officer may order it, no such exchange is known, or the vocabulary has no such
/// ground; nothing changed.
pub async fn erase(gateway: &Gateway, officer: &str, order: &Order) -> Result<Ended, GatewayError> {
    let store = gateway.store();
    let acting = officers::deciding(gateway, officer).await?;
    if store.exchange(order.exchange).await?.is_none() {
        return Err(GatewayError::Input(format!("no exchange {} is recorded here", order.exchange)));
    }
    if !is_reason(&order.ground)? {
        return Err(GatewayError::Input(format!(
            "`{}` is no reason that the vocabulary knows",
            order.ground
        )));
    }
    let _one = gateway.sweeping().lock().await;
    let text = format!("erase\n{}\n{}\n{}\n", order.exchange, order.ground, order.openings);
    let by = acting.signed(&text);
    let (erased, against) = erase_exchange(gateway, order, by).await?;
    Ok(Ended { erased, against })
}

pub(super) fn is_reason(code: &ReasonCode) -> Result<bool, GatewayError> {
    let words = vocabulary().map_err(|error| GatewayError::Broken(error.to_string()))?;
    Ok(words.reasons().contains_key(code))
}

/// Makes a partner known by its identity file, or changes what is known.
///
/// # Errors
/// [`GatewayError::Input`] when the identity is not that party's, or another key than before without having
/// been removed; [`GatewayError::PeerRemoved`] when it is removed: an officer makes it one again. Nothing changed then.
pub async fn add_peer(
    gateway: &Gateway,
    party: &Party,
    url: &str,
    identity: Identity,
) -> Result<Peer, GatewayError> {
    if let Some(removal) = gateway.removal(party) {
        return Err(GatewayError::PeerRemoved(removal));
    }
    let peer = new_peer(gateway, party, url, identity)?;
    keep_added(gateway, &peer, (None, Json::Null)).await?;
    Ok(peer)
}

/// A partner as its identity file tells of it.
///
/// # Errors
/// As [`add_peer`], whether or not it is removed.
pub(super) fn new_peer(
    gateway: &Gateway,
    party: &Party,
    url: &str,
    identity: Identity,
) -> Result<Peer, GatewayError> {
    if identity.jurisdiction.0 != *party {
        return Err(GatewayError::Input(format!(
            "the identity is that of {}, not of {party}",
            identity.jurisdiction.0
        )));
    }
    if *party == gateway.signatory().party {
        return Err(GatewayError::Input(format!("{party} is this gateway's own party")));
    }
    // Whoever gives it vouches for its key; that it is not an older one is ours to see.
    if let Ok(known) = gateway.known_peer(party)
        && identity.sequence < known.identity.sequence
    {
        let (known, told) = (known.identity.sequence, identity.sequence);
        return Err(NotFollowed::Older { known, told }.into());
    }
    let peer = Peer { party: party.clone(), url: url.trim_end_matches('/').to_owned(), identity };
    // Both must be keys, or nothing of the partner's could ever be verified.
    peer.log_key()?;
    peer.witness_key()?;
    Ok(peer)
}

/// Keeps a partner; with the removal that ends by it and by whose order, where it was removed.
pub(super) async fn keep_added(
    gateway: &Gateway,
    peer: &Peer,
    (peer_removal, by): (Option<PeerRemoval>, Json),
) -> Result<(), GatewayError> {
    let mut facts = json!({
        "party": peer.party.to_string(),
        "identity": identity_digest(&peer.identity).to_string(),
    });
    if !by.is_null() {
        facts["again"] = by;
    }
    let before = gateway.known_peer(&peer.party).ok();
    keep(gateway, peer, (peer_removal, facts)).await?;
    if before.is_some_and(|before| before.identity.log != peer.identity.log) {
        recall::ask_again(gateway, &peer.party).await?;
    }
    shipped_laws(gateway, peer);
    Ok(())
}

/// What an identity is known by in entries.
pub(super) fn identity_digest(identity: &Identity) -> Digest {
    Digest::of(&serde_json::to_vec(identity).unwrap_or_default())
}

async fn keep(
    gateway: &Gateway,
    peer: &Peer,
    (peer_removal, facts): (Option<PeerRemoval>, Json),
) -> Result<(), GatewayError> {
    let signatures = peer.identity.laws.iter().map(|law| (peer.party.clone(), law.clone())).collect();
    let change =
        Record { peer: Some(peer.clone()), peer_removal, law_signatures: signatures, ..Record::default() };
    record(gateway, Act::PeerAdded, facts, change).await
}

/// Puts the partner's own law on the shelf where the shipped text is what it signed.
fn shipped_laws(gateway: &Gateway, peer: &Peer) {
    for law in own_laws(peer) {
        let (pack, digest) = (&law.pack.0, law.digest.0);
        let kept = gateway.shelf().keep_fetched(comity_agreement::shipped(), pack, digest);
        if let Err(error) = kept {
            tracing::info!(%pack, %error, "the partner's law is not the shipped one: it will be fetched");
        }
    }
}

fn own_laws(peer: &Peer) -> impl Iterator<Item = &SignedLaw> {
    let party: Option<PackSlug> = peer.party.as_str().parse().ok();
    peer.identity.laws.iter().filter(move |law| Some(&law.pack.0) == party.as_ref())
}

/// Asks a partner what it tells of itself now: its transport key, the laws it has signed, their text.
///
/// # Errors
/// [`GatewayError`] when it is not reached or tells of another key; what is known stays as it is.
pub async fn hear_from(gateway: &Gateway, peer: &Peer) -> Result<Peer, GatewayError> {
    let file = gateway.peers().identity(peer).await.map_err(comity_exchange::ExchangeError::from)?;
    let identity = Identity::from_file(&file).map_err(|e| GatewayError::Broken(e.to_string()))?;
    let heard = follow(gateway, peer, identity).await?;
    for law in own_laws(&heard) {
        let (pack, digest) = (&law.pack.0, law.digest.0);
        if gateway.shelf().law(pack, digest)?.is_some() {
            continue;
        }
        let files =
            gateway.peers().law(&heard, digest).await.map_err(comity_exchange::ExchangeError::from)?;
        gateway.shelf().keep_fetched(&files, pack, digest)?;
    }
    Ok(heard)
}

/// Takes what a partner tells of itself, where that follows from what is known of it.
///
/// # Errors
/// [`GatewayError::NotFollowed`]; recorded, and what is known stays as it is.
pub async fn follow(gateway: &Gateway, peer: &Peer, told: Identity) -> Result<Peer, GatewayError> {
    let known = gateway.known_peer(&peer.party)?.identity;
    if let Err(why) = follows(&known, &told) {
        let facts = json!({
            "peer": peer.party.to_string(),
            "kind": "identity",
            "known": known.sequence,
            "told": told.sequence,
        });
        tracing::warn!(party = %peer.party, %why, "a partner's identity is not followed");
        record(gateway, Act::PeerMisbehaved, facts, Record::default()).await?;
        return Err(why.into());
    }
    let heard = Peer { identity: told, ..peer.clone() };
    heard.log_key()?;
    heard.witness_key()?;
    let changed = changed(&known, &heard.identity);
    if !changed.is_empty() {
        let facts = json!({
            "party": heard.party.to_string(),
            "sequence": heard.identity.sequence,
            "changed": changed,
        });
        keep(gateway, &heard, (None, facts)).await?;
        if changed.iter().any(|what| matches!(*what, "log" | "party_key")) {
            recall::ask_again(gateway, &heard.party).await?;
        }
    }
    Ok(heard)
}

/// The partners that have not heard of the identity in use.
///
/// # Errors
/// [`GatewayError`] when what they heard cannot be read.
pub fn unheard(gateway: &Gateway) -> Result<Vec<Party>, GatewayError> {
    let sequence = gateway.identity()?.sequence;
    let mut unheard = Vec::new();
    for party in gateway.register().peers.into_keys() {
        let heard = files::read(&gateway.directory().heard(&party), 32)?;
        let heard = heard.and_then(|text| String::from_utf8(text).ok()?.trim().parse::<u64>().ok());
        if heard.unwrap_or(0) < sequence {
            unheard.push(party);
        }
    }
    Ok(unheard)
}

/// Tells a partner of the identity in use, and notes that it has heard.
///
/// # Errors
/// [`GatewayError`] when it is not reached or does not follow; it is told again.
pub async fn tell(gateway: &Gateway, party: &Party) -> Result<(), GatewayError> {
    // One that is removed too: what is owed to it, and by it, is signed by keys that it has to know.
    let peer = gateway.known_peer(party)?;
    let sequence = gateway.identity()?.sequence;
    let told = gateway.peers().tell(&peer, identity_file(gateway)?).await;
    gateway.counts().reached(party, told.is_ok());
    told.map_err(comity_exchange::ExchangeError::from)?;
    let path = gateway.directory().heard(party);
    if let Some(folder) = path.parent() {
        files::create_directory(folder)?;
    }
    Ok(files::replace(&path, sequence.to_string().as_bytes())?)
}

/// The identity file to give to a partner's operator.
///
/// # Errors
/// [`GatewayError`].
pub fn identity_file(gateway: &Gateway) -> Result<String, GatewayError> {
    Ok(gateway.identity()?.to_file(&gateway.signatory().key))
}

/// Reads an identity file.
///
/// # Errors
/// [`GatewayError::Input`], naming file and place.
pub fn read_identity(path: &Path) -> Result<Identity, GatewayError> {
    let most = comity_exchange::federation::identity::IDENTITY_BYTES_MAX;
    let bytes = files::read(path, most)?
        .ok_or_else(|| GatewayError::Input(format!("{}: there is no such file", path.display())))?;
    Identity::from_file(&bytes).map_err(|e| GatewayError::Input(format!("{}: {e}", path.display())))
}

/// The last instant of a day, UTC: until then a training is valid.
#[must_use]
pub fn end_of(day: jiff::civil::Date) -> Timestamp {
    jiff::tz::TimeZone::UTC.to_timestamp(day.at(23, 59, 59, 999_999_999)).unwrap_or(Timestamp::MAX)
}

/// A signed law as it is printed.
#[must_use]
pub fn law_json(law: &SignedLaw) -> Json {
    let SignedLaw { pack: Text(pack), digest: Text(digest), signature } = law;
    json!({ "pack": pack.to_string(), "digest": digest.to_string(), "signature": signature })
}
