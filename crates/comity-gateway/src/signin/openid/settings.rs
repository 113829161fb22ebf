//! What an operator sets of the OpenID provider: the table `[signin.openid]`. Without it nobody signs in by one.

use crate::net::outside::{endpoint, system_roots};
use serde::Deserialize;
use std::path::PathBuf;

/// The provider, and what its claims say of an officer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenIdSettings {
    /// The issuer, exactly as the provider writes it: `https://…`; `http://` only on a loopback address.
    pub issuer: String,
    /// What the provider knows this gateway as.
    pub client_id: String,
    /// The file with the client's secret, one line; none where the client is public and proves itself by PKCE alone.
    pub client_secret_file: Option<PathBuf>,
    /// Where browsers find this gateway: scheme, host, port.
    pub public_url: String,
    /// What is asked for beside `openid`.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// The claim that names the officer.
    pub name_claim: String,
    /// The claim that says what they are: a text or a list of texts.
    pub role_claim: String,
    /// Which of its values is which role; the first that applies counts, and without one nobody is let in.
    pub roles: Vec<RoleOf>,
    /// The claim that says until when their training is valid: `2027-06-30`, or seconds since 1970. Without it training is
    /// what `comity officer add` said, and none for whoever is new.
    pub training_claim: Option<String>,
    /// The claim that names their unit.
    pub unit_claim: Option<String>,
    /// The certificates that a provider's is checked against, PEM.
    #[serde(default = "system_roots")]
    pub roots_file: PathBuf,
}

/// A value of the role's claim, and the role that it is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleOf {
    /// What the claim says.
    pub value: String,
    /// The officer's role.
    pub role: String,
}

impl OpenIdSettings {
    /// Whether it can be used at all.
    ///
    /// # Errors
    /// What cannot, naming the key.
    pub(crate) fn check(&self) -> Result<(), String> {
        endpoint(&self.issuer).ok_or("issuer: expected https://…, or http:// on a loopback address")?;
        let public = endpoint(&self.public_url).filter(|url| url.path() == "/" && url.query().is_none());
        public.ok_or(
            "public_url: expected https://host:port without a path, or http:// on a loopback address",
        )?;
        if self.client_id.is_empty() || self.name_claim.is_empty() || self.role_claim.is_empty() {
            return Err("client_id, name_claim, role_claim: expected a text".to_owned());
        }
        if self.roles.is_empty() {
            return Err("roles: expected one at least, or nobody is let in".to_owned());
        }
        Ok(())
    }

    /// Where the provider sends browsers back to.
    #[must_use]
    pub fn redirect_uri(&self) -> String {
        format!("{}/signin/callback", self.origin())
    }

    /// Scheme, host and port as browsers write them in `Origin`.
    #[must_use]
    pub fn origin(&self) -> String {
        self.public_url.trim_end_matches('/').to_owned()
    }
}
