//! The same request twice is done once: a client that heard no answer asks again under the same `Idempotency-Key`, at any node of
//! the gateway, after a restart too.
//!
//! Keys are an officer's own, kept for a day in the one database, sealed ([`comity_exchange::once`]). The same key with another
//! request is a mistake of the client's, and told so. While the first is under way, the second waits for it; where whoever did
//! it has died before it could answer, what it did is told as it stands.
//!
//! Source: the Idempotency-Key header field, draft-ietf-httpapi-idempotency-key-header-07.

use super::{Api, Refused};
use crate::api::problem::{Kind, Problem};
use crate::gateway::{Gateway, GatewayError};
use axum::http::HeaderMap;
use comity_exchange::ExchangeError;
use comity_exchange::once::{Known, Once, answered, known};
use comity_exchange::ports::StoreError;
use comity_exchange::shell::Shell as _;
use comity_terms::{Digest, Timestamp};
use std::sync::Arc;
use std::time::Duration;

const KEPT_FOR: Duration = Duration::from_hours(24);
/// The longest key, bytes: a UUID has 36.
const KEY_BYTES_MAX: usize = 255;
/// How often it is looked whether the first has been answered.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How long the second waits for the first: longer than most partners take, shorter than most clients wait.
const WAITS_AT_MOST: Duration = Duration::from_secs(20);
/// How long after an act its own answer is waited for, where it could be told already.
const GRACE: Duration = Duration::from_secs(2);

/// What is asked under a key: how an answer is made of what was told when the act was recorded.
#[derive(Debug, Clone, Copy)]
pub(super) enum Asked {
    /// A bundle for a partner.
    Share,
    /// A notice to a person.
    Notice,
}

impl Asked {
    /// `None` where whoever did it may answer still, which is not so once it has `ended`: had its time.
    async fn again(
        self,
        gateway: &Gateway,
        told: &[u8],
        ended: bool,
    ) -> Result<Option<Vec<u8>>, GatewayError> {
        match self {
            Self::Share => super::exchanges::told_again(gateway, told, ended).await,
            Self::Notice => super::notices::told_again(gateway, told).await.map(Some),
        }
    }
}

/// The key that a request of `officer` comes under, if it does. `request` tells it from others: the bytes, and their route.
///
/// # Errors
/// 400 when the key is none.
pub(super) fn key(
    api: &Api,
    officer: &str,
    headers: &HeaderMap,
    request: Digest,
) -> Result<Option<Once>, Refused> {
    let mut keys = headers.get_all("idempotency-key").iter();
    let Some(key) = keys.next() else { return Ok(None) };
    if key.is_empty() || key.len() > KEY_BYTES_MAX || keys.next().is_some() {
        return Err(super::malformed(format!(
            "`Idempotency-Key`: expected one of 1 to {KEY_BYTES_MAX} bytes"
        )));
    }
    let now = api.gateway.now();
    let until = now.checked_add(KEPT_FOR).unwrap_or(Timestamp::MAX);
    Ok(Some(Once::of((officer, key.as_bytes()), request, now, until)))
}

/// The answer under `once`: made by `work` where there is none. Who asks may leave: what is begun is done, and answered to
/// whoever asks again.
///
/// # Errors
/// Those of `work`, which are not kept; 422 when the key was used for another request, 409 while the first is under way.
pub(super) async fn answer(
    gateway: &Arc<Gateway>,
    once: Once,
    work: impl Future<Output = Result<Vec<u8>, GatewayError>> + Send + 'static,
    asked: Asked,
) -> Result<Vec<u8>, Refused> {
    let now = known(&**gateway, &once).await.map_err(GatewayError::from)?;
    if now != Known::Unused {
        return first(gateway, &once, now, asked).await;
    }
    let (doing, of) = (Arc::clone(gateway), once.clone());
    let done = tokio::spawn(async move {
        let made = work.await?;
        Ok::<_, GatewayError>(answered(&*doing, &of, made).await?)
    });
    match done.await.map_err(|error| GatewayError::Broken(format!("a request broke off: {error}")))? {
        // Somebody was faster: nothing was done.
        Err(GatewayError::Exchange(ExchangeError::Store(StoreError::Conflict(_)))) => {
            let now = known(&**gateway, &once).await.map_err(GatewayError::from)?;
            first(gateway, &once, now, asked).await
        }
        done => Ok(done?),
    }
}

/// The answer of who was first under the key.
async fn first(
    gateway: &Arc<Gateway>,
    once: &Once,
    mut now: Known,
    asked: Asked,
) -> Result<Vec<u8>, Refused> {
    let begun = tokio::time::Instant::now();
    loop {
        match now {
            Known::Answered(answer) => return Ok(answer),
            Known::Another => {
                return Err(Problem::new(Kind::Idempotency)
                    .with_detail("draw a new `Idempotency-Key`")
                    .into());
            }
            Known::Taken { at, told } => {
                let ended = gateway.settings().claimed_until(at) <= gateway.now();
                let graced = at.checked_add(GRACE).is_ok_and(|graced| graced <= gateway.now());
                if (graced || ended)
                    && let Some(answer) = asked.again(gateway, &told, ended).await?
                {
                    return Ok(answered(&**gateway, once, answer).await.map_err(GatewayError::from)?);
                }
            }
            // It was not recorded after all, for another reason than that somebody was faster.
            Known::Unused => return Err(Problem::new(Kind::Unavailable).with_detail("try again").into()),
        }
        if begun.elapsed() >= WAITS_AT_MOST {
            return Err(Problem::new(Kind::UnderWay)
                .with_detail("ask again in a minute, under the same key")
                .into());
        }
        // The first may be at another node: what it does is told by the database alone, which tells nobody by itself.
        tokio::time::sleep(LOOK_EVERY).await;
        now = known(&**gateway, once).await.map_err(GatewayError::from)?;
    }
}
