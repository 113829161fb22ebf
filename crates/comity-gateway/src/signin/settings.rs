//! What an operator sets of sign-in: the table `[signin]` of `DIR/settings.toml`, key by key over the shipped one.

use super::address::TrustedProxies;
use super::openid::OpenIdSettings;
use super::rates::Rate;
use serde::Deserialize;
use toml::Table;

/// The numbers of sign-in. What each is for stands in the shipped `settings.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignInSettings {
    /// How long a password that was right is known without hashing it, seconds.
    pub verified_seconds: u64,
    /// How many hashes are computed at once; 0: half of the processors, at least one.
    pub hashes_at_once: usize,
    /// How many passwords may wait for that; one more is answered 503.
    pub hashes_waiting: usize,
    /// How many wrong passwords under one name lock it.
    pub wrong_by_name: u32,
    /// How many wrong passwords from one address lock that.
    pub wrong_by_address: u32,
    /// How long the first lock lasts, seconds; each further wrong one doubles it.
    pub lock_seconds: u64,
    /// How long a lock lasts at most, seconds.
    pub lock_seconds_most: u64,
    /// How long after the last wrong one they are forgotten, seconds.
    pub wrong_forgotten_seconds: u64,
    /// How long an officer is known at an address that they signed in from, seconds.
    pub place_known_seconds: u64,
    /// How often one officer may ask.
    pub officer_rate: Rate,
    /// How often one address may ask.
    pub address_rate: Rate,
    /// How long a session lasts that nobody uses, seconds.
    pub session_idle_seconds: u64,
    /// How long a session lasts at most, seconds.
    pub session_seconds_most: u64,
    /// How many names, addresses, sessions, and passwords that were right are remembered, each.
    pub remembered_most: usize,
    /// The proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: TrustedProxies,
    /// The provider that people sign in by; none unless it is set.
    pub openid: Option<OpenIdSettings>,
}

impl SignInSettings {
    /// What `own` sets, and `shipped` where it sets nothing.
    ///
    /// # Errors
    /// What does not read, naming the key.
    pub(crate) fn read(own: Table, shipped: Table) -> Result<Self, String> {
        let mut all = shipped;
        all.extend(own);
        let settings: Self = all.try_into().map_err(|error| format!("[signin]: {}", message(&error)))?;
        if settings.wrong_by_name == 0 || settings.wrong_by_address == 0 {
            return Err("[signin]: wrong_by_name, wrong_by_address: expected 1 or more".to_owned());
        }
        if let Some(openid) = &settings.openid {
            openid.check().map_err(|why| format!("[signin.openid]: {why}"))?;
        }
        Ok(settings)
    }

    /// How many hashes are computed at once.
    pub(super) fn hashes(&self) -> usize {
        match self.hashes_at_once {
            0 => std::thread::available_parallelism().map_or(1, |all| (all.get() / 2).max(1)),
            set => set,
        }
    }
}

fn message(error: &toml::de::Error) -> String {
    error.to_string().trim_end().to_owned()
}
