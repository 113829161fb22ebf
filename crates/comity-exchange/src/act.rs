//! One act of this gateway: its entry, its sealed opening, and what it changes, in one record.

use crate::ExchangeError;
use crate::entry::{Opening, PublicEntry};
use crate::ports::{Draft, Integrated, Record, SealedSegment, Store, StoreError};
use crate::shell::Shell;
use comity_terms::ids::SegmentId;
use comity_terms::{Act, Digest, ExchangeId, PackSlug, Timestamp};
use serde_json::Value as Json;

/// The entry of an act and its opening, sealed under a pack: with the records of an exchange, or with none.
///
/// # Errors
/// [`ExchangeError::Law`] when the pack says nothing of how long openings are kept, [`ExchangeError::Vault`],
/// [`ExchangeError::Keys`]; callers record nothing.
pub(crate) fn drawn<W: Shell>(
    world: &W,
    act: Act,
    facts: Json,
    held_with: (&PackSlug, Option<ExchangeId>),
    now: Timestamp,
) -> Result<(PublicEntry, SealedSegment), ExchangeError> {
    let segment = SegmentId::draw(&mut world.entropy());
    drawn_as(world, segment, act, facts, held_with, now)
}

fn drawn_as<W: Shell>(
    world: &W,
    segment: SegmentId,
    act: Act,
    facts: Json,
    held_with: (&PackSlug, Option<ExchangeId>),
    now: Timestamp,
) -> Result<(PublicEntry, SealedSegment), ExchangeError> {
    let until = world.opening_until(held_with.0, now)?;
    world.with_keys(|keys| {
        let entropy = &mut world.entropy();
        let (entry, opening) = Opening::draw(act, now, facts, entropy);
        let signatory = world.signatory();
        let sealed = signatory.seal_opening_as(segment, &opening, held_with, until, keys, entropy)?;
        Ok((entry, sealed))
    })
}

/// Records an act that `name` stands for, and that is recorded once whoever else is about to, with what it changes: whether it
/// was now.
///
/// # Errors
/// As [`enter`].
pub(crate) async fn enter_once<W: Shell>(
    world: &W,
    name: &Digest,
    act: Act,
    (facts, exchange): (Json, Option<ExchangeId>),
    now: Timestamp,
    change: impl Fn() -> Record,
) -> Result<bool, ExchangeError> {
    let home = world.signatory().home();
    let mut again = true;
    loop {
        let segment = SegmentId::of_digest(name);
        let (entry, opening) = drawn_as(world, segment, act, facts.clone(), (&home, None), now)?;
        let entries = vec![Draft { entry, opening: opening.id, exchange }];
        match world.store().record(Record { entries, segments: vec![opening], ..change() }).await {
            Err(StoreError::KeyClosed(_)) if again => again = false,
            Err(StoreError::Conflict(_)) => return Ok(false),
            recorded => return recorded.map(|_| true).map_err(ExchangeError::from),
        }
    }
}

/// Records an act with what it changes, which may depend on its entry: held under this party's own law, about `exchange`
/// where it is about one. Once more when the opening's own key was being destroyed.
///
/// # Errors
/// As [`drawn`]; [`ExchangeError::Store`].
pub(crate) async fn enter<W: Shell>(
    world: &W,
    act: Act,
    (facts, exchange): (Json, Option<ExchangeId>),
    now: Timestamp,
    change: impl Fn(PublicEntry) -> Record,
) -> Result<Integrated, ExchangeError> {
    enter_sealing(world, act, (facts, exchange), now, |entry| Ok(change(entry))).await
}

/// Records an act that changes nothing; gives its entry, for whoever names it in a message.
///
/// # Errors
/// As [`enter`].
pub(crate) async fn note<W: Shell>(
    world: &W,
    act: Act,
    told: (Json, Option<ExchangeId>),
    now: Timestamp,
) -> Result<(PublicEntry, Integrated), ExchangeError> {
    recorded(world, act, told, now, |_| Ok(Record::default())).await
}

/// As [`enter`], where the change seals something of its own: anew, when a key that it was sealed under was being destroyed.
///
/// # Errors
/// As there, and those of `change`.
pub(crate) async fn enter_sealing<W: Shell>(
    world: &W,
    act: Act,
    (facts, exchange): (Json, Option<ExchangeId>),
    now: Timestamp,
    change: impl Fn(PublicEntry) -> Result<Record, ExchangeError>,
) -> Result<Integrated, ExchangeError> {
    recorded(world, act, (facts, exchange), now, change).await.map(|(_, integrated)| integrated)
}

async fn recorded<W: Shell>(
    world: &W,
    act: Act,
    (facts, exchange): (Json, Option<ExchangeId>),
    now: Timestamp,
    change: impl Fn(PublicEntry) -> Result<Record, ExchangeError>,
) -> Result<(PublicEntry, Integrated), ExchangeError> {
    let home = world.signatory().home();
    let mut again = true;
    loop {
        let (entry, opening) = drawn(world, act, facts.clone(), (&home, None), now)?;
        let mut record = change(entry)?;
        record.entries.insert(0, Draft { entry, opening: opening.id, exchange });
        record.segments.insert(0, opening);
        match world.store().record(record).await {
            Err(StoreError::KeyClosed(_)) if again => again = false,
            recorded => return Ok((entry, recorded?)),
        }
    }
}
