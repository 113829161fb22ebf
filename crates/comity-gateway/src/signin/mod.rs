//! Sign-in: who asks, before anything is done for them.
//!
//! ```text
//! request ─> address within its rate ─> what is given (`given`) ─> password | token | session ─> officer in good standing
//!                                                                                            ─> officer within their rate
//! ```
//! A door asks [`SignIn::who`] and either knows the officer or gives [`Denied`] back in its own form of error. Whether
//! the officer may do what they ask is for the laws: they are told the role and until when the training is valid.
//!
//! A password is hashed once and then known by a keyed digest for a while (`passwords`); wrong ones are counted by
//! name and by address (`wrongs`). All of that is in the memory of this process and bounded; a restart forgets it.
//! Nothing here logs, counts or answers with a name, an address, a password or a token.
//!
//! Source: RFC 9110 section 11 (authentication), RFC 7617 (Basic), RFC 6750 (Bearer), RFC 6585 section 4 (429).

mod address;
mod bounded;
mod denied;
mod given;
mod passwords;
mod rates;
mod settings;
pub mod tokens;
mod wrongs;

pub use address::{Network, TrustedProxies, from};
pub use denied::Denied;
pub use settings::SignInSettings;

use crate::clock::OsEntropy;
use crate::gateway::Gateway;
use axum::http::HeaderMap;
use comity_exchange::ports::{Officer, Standing, Store as _};
use comity_exchange::shell::Shell as _;
use comity_terms::{Entropy as _, Timestamp};
use given::Given;
use passwords::Passwords;
use rates::Rates;
use std::net::IpAddr;
use std::sync::Arc;
use zeroize::Zeroizing;

/// An officer who has signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// The name that their orders are given under.
    pub officer: String,
    /// The role: an office of the vocabulary is one that they act for.
    pub role: String,
    /// The last instant at which their training is valid, UTC. It may be past: what follows from that, the laws say.
    pub training_valid_until: Timestamp,
    /// What they have shown.
    pub by: By,
}

/// What somebody shows to sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum By {
    /// An officer's password, by HTTP Basic.
    Password,
    /// A token that stands for an officer, by HTTP Bearer.
    Token,
    /// What an OpenID provider says, just now.
    OpenId,
    /// The cookie of a session that began with one.
    Session,
}

impl By {
    /// The word that it is counted under.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Token => "token",
            Self::OpenId => "openid",
            Self::Session => "session",
        }
    }
}

/// The sign-in of one gateway: what it remembers of passwords, wrong tries and rates.
pub struct SignIn {
    passwords: Arc<Passwords>,
    addresses: Rates<Network>,
    officers: Rates<[u8; 32]>,
    proxies: TrustedProxies,
}

impl SignIn {
    /// A sign-in that remembers nothing yet.
    #[must_use]
    pub fn new(settings: &SignInSettings) -> Self {
        let key = Zeroizing::new(OsEntropy.bytes());
        Self {
            passwords: Arc::new(Passwords::new(key, settings)),
            addresses: Rates::new(settings.address_rate, settings.remembered_most),
            officers: Rates::new(settings.officer_rate, settings.remembered_most),
            proxies: settings.trusted_proxies.clone(),
        }
    }

    /// The officer whom the headers of a request show, `now`. `from` is the address at the other end of its connection
    /// ([`from`]); `None` where there is none, as on a socket of this machine.
    ///
    /// # Errors
    /// [`Denied`], which the door answers with in its own form of error: its status and headers say what to do.
    pub async fn who(
        &self,
        gateway: &Gateway,
        headers: &HeaderMap,
        from: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<SignedIn, Denied> {
        let (by, found) = self.found(gateway, headers, from, now).await;
        gateway
            .counts()
            .sign_in(by.map_or("none", By::as_str), found.as_ref().map_or_else(Denied::word, |_| "ok"));
        found
    }

    async fn found(
        &self,
        gateway: &Gateway,
        headers: &HeaderMap,
        from: Option<IpAddr>,
        now: Timestamp,
    ) -> (Option<By>, Result<SignedIn, Denied>) {
        let from = from.map(|address| Network::of(self.proxies.client(address, headers)));
        if let Some(from) = from
            && let Err(retry_after) = self.addresses.take(from, now)
        {
            return (None, Err(Denied::Limited { retry_after }));
        }
        match given::read(headers) {
            Err(denied) => (None, Err(denied)),
            Ok(Given::Nothing) => (None, Err(Denied::Missing)),
            Ok(Given::Password { name, password }) => {
                let shown = self.by_password(gateway, &name, password, from, now).await;
                (Some(By::Password), shown.and_then(|officer| self.within(officer, By::Password, now)))
            }
            Ok(Given::Token(text)) => {
                let shown = by_token(gateway, &text, now).await;
                (Some(By::Token), shown.and_then(|officer| self.within(officer, By::Token, now)))
            }
        }
    }

    async fn by_password(
        &self,
        gateway: &Gateway,
        name: &str,
        password: Zeroizing<String>,
        from: Option<Network>,
        now: Timestamp,
    ) -> Result<Officer, Denied> {
        self.passwords.open_to(name, from, now)?;
        let standing = gateway.store().standing(name).await.map_err(unavailable)?;
        let hash = standing.as_ref().map(|standing| standing.officer.password_hash.clone());
        Passwords::verify(&self.passwords, name, password, hash, from, now).await?;
        in_good_standing(standing)
    }

    fn within(&self, officer: Officer, by: By, now: Timestamp) -> Result<SignedIn, Denied> {
        let key = self.passwords.digest(&[officer.name.as_bytes()]);
        self.officers.take(key, now).map_err(|retry_after| Denied::Limited { retry_after })?;
        Ok(SignedIn {
            officer: officer.name,
            role: officer.role,
            training_valid_until: officer.training_until,
            by,
        })
    }

    /// How often a password was hashed: what a sign-in costs is this.
    #[must_use]
    pub fn hashes(&self) -> u64 {
        self.passwords.hashes()
    }
}

async fn by_token(gateway: &Gateway, text: &str, now: Timestamp) -> Result<Officer, Denied> {
    let digest = tokens::digest(text).ok_or(Denied::Wrong)?;
    let row = gateway.store().token(digest).await.map_err(unavailable)?.ok_or(Denied::Wrong)?;
    if row.ended.is_some() || row.until.is_some_and(|until| until < now) {
        return Err(Denied::Wrong);
    }
    in_good_standing(gateway.store().standing(&row.officer).await.map_err(unavailable)?)
}

/// The officer, if they may still order anything.
fn in_good_standing(standing: Option<Standing>) -> Result<Officer, Denied> {
    match standing {
        None => Err(Denied::Wrong),
        Some(Standing { revoked: true, .. }) => Err(Denied::Disabled),
        Some(Standing { officer, .. }) => Ok(officer),
    }
}

fn unavailable(error: comity_exchange::ports::StoreError) -> Denied {
    tracing::error!(%error, "the store says nothing of officers");
    Denied::Unavailable
}

#[cfg(test)]
mod tests;
