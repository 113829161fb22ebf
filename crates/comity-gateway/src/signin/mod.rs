//! Sign-in: who asks, before anything is done for them.
//!
//! ```text
//! request ─> address within its rate ─> what is given (`given`) ─> password | token | session ─> officer in good standing
//!                                                                                            ─> officer within their rate
//! ```
//! A door asks [`SignIn::who`] and either knows the officer or gives [`Denied`] back in its own form of error. Whether
//! the officer may do what they ask is for the laws: they are told the role and until when the training is valid.
//!
//! Tools show a password or a token each time ([`SignIn::who`]); a browser shows a cookie of a session that began at an
//! OpenID provider ([`openid`]), and only doors for browsers take it ([`SignIn::visitor`]): a page of another site can make
//! a browser send its cookie, so whatever changes something also needs the session's CSRF token.
//!
//! A password is hashed once and then known by a keyed digest for a while (`passwords`); wrong ones are counted by
//! name and by address (`wrongs`). All of that is in the memory of this process and bounded; a restart forgets it.
//! Nothing here logs, counts or answers with a name, an address, a password or a token.
//!
//! Source: RFC 9110 section 11 (authentication), RFC 7617 (Basic), RFC 6750 (Bearer), RFC 6585 section 4 (429).

mod address;
pub mod browser;
pub mod cookies;
mod denied;
pub mod given;
pub mod openid;
mod passwords;
mod rates;
mod routes;
mod sessions;
mod settings;
pub mod tokens;
mod wrongs;

pub use address::{Network, TrustedProxies, from};
pub use denied::Denied;
pub use routes::router;
pub use settings::SignInSettings;

use crate::clock::OsEntropy;
use crate::gateway::Gateway;
use axum::http::{HeaderMap, Method, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use comity_exchange::ports::{Standing, Store as _};
use comity_exchange::shell::Shell as _;
use comity_terms::{Entropy as _, Timestamp};
use given::Given;
use openid::OpenId;
use passwords::Passwords;
pub use rates::Rate;
use rates::Rates;
use sessions::Sessions;
use std::net::IpAddr;
use std::sync::Arc;
use subtle::ConstantTimeEq as _;
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
    /// The public half of the key that signs what they order: what entries name them by. `None` until they have one.
    pub key: Option<String>,
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
    persons: Rates<Network>,
    officers: Rates<[u8; 32]>,
    proxies: TrustedProxies,
    sessions: Sessions,
    openid: Option<OpenId>,
}

impl SignIn {
    /// A sign-in that remembers nothing yet.
    #[must_use]
    pub fn new(settings: &SignInSettings, persons: Rate) -> Self {
        let key = Zeroizing::new(OsEntropy.bytes());
        Self {
            passwords: Arc::new(Passwords::new(key, settings)),
            addresses: Rates::new(settings.address_rate, settings.remembered_most),
            persons: Rates::new(persons, settings.remembered_most),
            officers: Rates::new(settings.officer_rate, settings.remembered_most),
            proxies: settings.trusted_proxies.clone(),
            sessions: Sessions::new(settings),
            openid: settings.openid.clone().map(|provider| OpenId::new(provider, settings.remembered_most)),
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
        self.counted(gateway, None, headers, from, now).await
    }

    /// As [`who`](Self::who), for doors that browsers come in through: a session's cookie counts too, where nothing else
    /// is shown. Where `method` changes something, it needs the session's CSRF token in `X-CSRF-Token`.
    ///
    /// # Errors
    /// As [`who`](Self::who), and [`Denied::Forged`].
    pub async fn visitor(
        &self,
        gateway: &Gateway,
        method: &Method,
        headers: &HeaderMap,
        from: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<SignedIn, Denied> {
        self.counted(gateway, Some(method), headers, from, now).await
    }

    async fn counted(
        &self,
        gateway: &Gateway,
        browser: Option<&Method>,
        headers: &HeaderMap,
        from: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<SignedIn, Denied> {
        let (by, found) = match self.address(headers, from, now) {
            Ok(from) => self.found(gateway, browser, headers, from, now).await,
            Err(denied) => (None, Err(denied)),
        };
        let outcome = found.as_ref().map_or_else(Denied::word, |_| "ok");
        gateway.counts().sign_in(by.map_or("none", By::as_str), outcome);
        found
    }

    /// Where a request comes from, if that address is within its rate.
    ///
    /// # Errors
    /// [`Denied::Limited`].
    pub fn address(
        &self,
        headers: &HeaderMap,
        from: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<Option<Network>, Denied> {
        let from = from.map(|address| Network::of(self.proxies.client(address, headers)));
        if let Some(from) = from {
            self.addresses.take(from, now).map_err(|retry_after| Denied::Limited { retry_after })?;
        }
        Ok(from)
    }

    /// Lets a person in who is no officer, if their address is within the rate of such requests.
    ///
    /// # Errors
    /// [`Denied::Limited`].
    pub fn person(&self, headers: &HeaderMap, from: Option<IpAddr>, now: Timestamp) -> Result<(), Denied> {
        if let Some(from) = self.address(headers, from, now)? {
            self.persons.take(from, now).map_err(|retry_after| Denied::Limited { retry_after })?;
        }
        Ok(())
    }

    /// The provider that people sign in by, where one is set.
    #[must_use]
    pub fn openid(&self) -> Option<&OpenId> {
        self.openid.as_ref()
    }

    async fn found(
        &self,
        gateway: &Gateway,
        browser: Option<&Method>,
        headers: &HeaderMap,
        from: Option<Network>,
        now: Timestamp,
    ) -> (Option<By>, Result<SignedIn, Denied>) {
        let (by, shown) = match given::read(headers) {
            Err(denied) => return (None, Err(denied)),
            Ok(Given::Password { name, password }) => {
                (By::Password, self.by_password(gateway, &name, password, from, now).await)
            }
            Ok(Given::Token(text)) => (By::Token, by_token(gateway, &text, now).await),
            Ok(Given::Nothing) => match browser.zip(cookies::read(headers, cookies::SESSION)) {
                None => return (None, Err(Denied::Missing)),
                Some((method, cookie)) => {
                    (By::Session, self.by_session(gateway, method, cookie, headers, now).await)
                }
            },
        };
        (Some(by), shown.and_then(|officer| self.within(officer, by, now)))
    }

    async fn by_session(
        &self,
        gateway: &Gateway,
        method: &Method,
        cookie: &str,
        headers: &HeaderMap,
        now: Timestamp,
    ) -> Result<Standing, Denied> {
        let officer = self.sessions.officer(cookie, now).ok_or(Denied::Wrong)?;
        if !method.is_safe() && !self.is_ours(cookie, headers) {
            return Err(Denied::Forged);
        }
        in_good_standing(gateway.store().standing(&officer).await.map_err(unavailable)?)
    }

    /// Whether a page of this gateway sent it: with the session's CSRF token, and from no other origin where one is told.
    fn is_ours(&self, cookie: &str, headers: &HeaderMap) -> bool {
        let told = headers
            .get(CSRF_HEADER)
            .is_some_and(|told| bool::from(told.as_bytes().ct_eq(self.csrf(cookie).as_bytes())));
        let elsewhere = headers.get(header::ORIGIN).is_some_and(|origin| {
            self.openid
                .as_ref()
                .is_none_or(|openid| origin.as_bytes() != openid.settings().origin().as_bytes())
        });
        told && !elsewhere
    }

    /// The token that stands for a session where its cookie alone is not enough.
    fn csrf(&self, cookie: &str) -> String {
        URL_SAFE_NO_PAD.encode(self.passwords.digest(&[b"session", b"csrf", cookie.as_bytes()]))
    }

    async fn by_password(
        &self,
        gateway: &Gateway,
        name: &str,
        password: Zeroizing<String>,
        from: Option<Network>,
        now: Timestamp,
    ) -> Result<Standing, Denied> {
        self.passwords.open_to(name, from, now)?;
        let standing = gateway.store().standing(name).await.map_err(unavailable)?;
        let hash = standing.as_ref().map(|standing| standing.officer.password_hash.clone());
        Passwords::verify(&self.passwords, name, password, hash, from, now).await?;
        in_good_standing(standing)
    }

    fn within(&self, standing: Standing, by: By, now: Timestamp) -> Result<SignedIn, Denied> {
        let Standing { officer, key, .. } = standing;
        let name = self.passwords.digest(&[officer.name.as_bytes()]);
        self.officers.take(name, now).map_err(|retry_after| Denied::Limited { retry_after })?;
        Ok(SignedIn {
            officer: officer.name,
            role: officer.role,
            training_valid_until: officer.training_until,
            key,
            by,
        })
    }

    /// How often a password was hashed: what a sign-in costs is this.
    #[must_use]
    pub fn hashes(&self) -> u64 {
        self.passwords.hashes()
    }
}

async fn by_token(gateway: &Gateway, text: &str, now: Timestamp) -> Result<Standing, Denied> {
    let digest = tokens::digest(text).ok_or(Denied::Wrong)?;
    let row = gateway.store().token(digest).await.map_err(unavailable)?.ok_or(Denied::Wrong)?;
    if row.ended.is_some() || row.until.is_some_and(|until| until < now) {
        return Err(Denied::Wrong);
    }
    in_good_standing(gateway.store().standing(&row.officer).await.map_err(unavailable)?)
}

/// The officer, if they may still order anything.
fn in_good_standing(standing: Option<Standing>) -> Result<Standing, Denied> {
    match standing {
        None => Err(Denied::Wrong),
        Some(Standing { revoked: true, .. }) => Err(Denied::Disabled),
        Some(standing) => Ok(standing),
    }
}

fn unavailable(error: comity_exchange::ports::StoreError) -> Denied {
    tracing::error!(%error, "the store says nothing of officers");
    Denied::Unavailable
}

/// Where a page of this gateway sends its session's CSRF token.
pub const CSRF_HEADER: &str = "x-csrf-token";

#[cfg(test)]
mod tests;
