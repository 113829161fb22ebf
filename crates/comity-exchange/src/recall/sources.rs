//! Where the objects of a bundle came from, and what those they are from have said since: before it is passed on.

use super::restricted_now;
use crate::ExchangeError;
use crate::ports::{Bar, Holds as _, Recalls as _, RecordName, Removals as _};
use crate::shell::Shell;
use comity_terms::{ExchangeId, Timestamp};
use std::collections::{BTreeSet, HashMap};

/// What holds for a bundle by the word of those whom its objects were received from, or by this gateway's own holds.
#[derive(Debug, Default)]
pub struct Sources {
    /// The ids of the objects that were received by records which nobody may use now.
    pub restricted: BTreeSet<String>,
    /// To whom it is not passed on, exchange by exchange.
    pub barred: Vec<Bar>,
}

impl Sources {
    /// What holds for `bundle` at `now`: nothing is looked up while nothing is restricted or barred here.
    ///
    /// # Errors
    /// [`ExchangeError::Store`]; of what does not read as JSON nothing is known.
    pub async fn of<W: Shell>(world: &W, bundle: &[u8], now: Timestamp) -> Result<Self, ExchangeError> {
        let store = world.store();
        let restricts = store.restricts().await? || store.holds_restrict(now).await?;
        let bars = store.bars().await?;
        if !restricts && !bars {
            return Ok(Self::default());
        }
        let sources = found(world, bundle).await?;
        let exchanges: BTreeSet<ExchangeId> = sources.iter().map(|(_, source)| source.exchange).collect();
        let barred = if bars { store.barred(exchanges.iter().copied().collect()).await? } else { Vec::new() };
        let restricted = restricted_now(world, exchanges, now).await?;
        let restricted = sources.into_iter().filter(|(_, source)| restricted.names(source));
        Ok(Self { restricted: restricted.map(|(id, _)| id).collect(), barred })
    }
}

/// The ids of the objects of a bundle that were received from others, each with the record that it was received by.
async fn found<W: Shell>(world: &W, bundle: &[u8]) -> Result<Vec<(String, RecordName)>, ExchangeError> {
    #[derive(Default, serde::Deserialize)]
    struct Ids<'a> {
        #[serde(default, borrow)]
        objects: Vec<Id<'a>>,
    }
    #[derive(serde::Deserialize)]
    struct Id<'a> {
        #[serde(default, borrow)]
        id: Option<std::borrow::Cow<'a, str>>,
    }
    let read: Ids<'_> = serde_json::from_slice(bundle).unwrap_or_default();
    let ids: HashMap<_, _> = read
        .objects
        .iter()
        .filter_map(|object| object.id.as_deref())
        .map(|id| (world.tags().object(id), id))
        .collect();
    let sources = world.store().sources(ids.keys().copied().collect(), None).await?;
    let named = sources.into_iter().filter_map(|(tag, source)| Some(((*ids.get(&tag)?).to_owned(), source)));
    Ok(named.collect())
}
