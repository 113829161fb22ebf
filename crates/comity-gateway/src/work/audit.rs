//! What an overseer asks of a gateway's own record: every decision made again.
//!
//! The laws are those of `DIR/law/<digest>/`, read afresh and checked against their digests, or shipped ones of the
//! very digest that was signed. Nothing is written.

use crate::gateway::{Gateway, GatewayError};
use crate::laws::{Loaded, Shelf, digested};
use comity_agreement::{Law, Memo, Vocabulary, shipped};
use comity_exchange::audit::replay::{Archive, Difference, MissingLaw, Replayer};
use comity_exchange::audit::walk::{Place, Replayed, walk};
use comity_exchange::shell::Shell as _;
use comity_terms::{Digest, PackSlug};
use serde_json::{Value as Json, json};
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
    let open = |segment: &_| gateway.with_keys(|keys, _| gateway.signatory().open_opening(segment, keys));
    Ok(walk(gateway.store(), open, &mut replayers, progress).await?)
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
