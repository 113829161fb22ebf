//! What a batch may meet, read under the sequencer's lock.

use super::columns::{every, plain};
use super::connection::Client;
use super::fault::Fault;
use super::plan::{Found, Wanted};
use super::{erasure, exchange, peers, vault};
use comity_vault::Bucket;

/// What is there of what is wanted. Nothing is asked that no record needs to know.
pub(super) async fn found(client: &Client, wanted: &Wanted<'_>) -> Result<Found, Fault> {
    let mut found = Found::default();
    if !wanted.answers.0.is_empty() {
        let answers = every(
            client,
            "-- found, answers
             SELECT peer, exchange FROM answer
             WHERE (peer, exchange) IN (SELECT * FROM unnest($1::text[], $2::bytea[]))",
            &[&wanted.answers.0, &wanted.answers.1],
            |row| Ok((plain(row, "peer")?, plain(row, "exchange")?)),
        )
        .await?;
        found.answers.extend(answers);
    }
    if !wanted.offers.is_empty() {
        let offers = every(
            client,
            "-- found, offers, and to whom there may be none
             SELECT exchange, NULL AS party FROM outbox WHERE exchange = ANY($1::bytea[])
             UNION ALL SELECT NULL, party FROM peer_removal WHERE ended IS NULL",
            &[&wanted.offers],
            |row| Ok((plain::<Option<Vec<u8>>>(row, "exchange")?, plain::<Option<String>>(row, "party")?)),
        )
        .await?;
        for (offer, removed) in offers {
            found.offers.extend(offer);
            found.removed.extend(removed);
        }
    }
    if !wanted.segments.is_empty() {
        found.segments.extend(vault::there(client, &wanted.segments).await?);
    }
    if !wanted.witnessed.is_empty() {
        found.witnessed.extend(peers::sizes_witnessed(client, &wanted.witnessed).await?);
    }
    if !wanted.chains.0.is_empty() {
        let (peers, chains, ids) = &wanted.chains;
        for (chain, exchange) in exchange::accepted(client, (peers, chains, ids)).await? {
            match chain {
                Some(chain) => _ = found.accepted.insert(chain, exchange),
                None => _ = found.called_back.insert(exchange),
            }
        }
    }
    if !wanted.buckets.is_empty() {
        let buckets: Vec<Bucket> = wanted.buckets.iter().cloned().collect();
        found.closed.extend(erasure::closed(client, &buckets).await?);
    }
    Ok(found)
}
