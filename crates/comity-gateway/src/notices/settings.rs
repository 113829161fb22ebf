//! What an operator sets of notices: the table `[notices]` of `DIR/settings.toml`, key by key over the shipped one.

use crate::net::outside::system_roots;
use serde::Deserialize;
use std::path::PathBuf;
use std::time::Duration;
use toml::Table;

/// What is set of notices. What each is for stands in the shipped `settings.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoticeSettings {
    /// How often notices that are due are looked for, seconds.
    pub every_seconds: u64,
    /// How long after the first failure the next try is, seconds; each further one doubles it.
    pub retry_seconds: u64,
    /// The longest time between two tries, seconds.
    pub retry_seconds_most: u64,
    /// The directory that a portal reads; from the gateway's directory.
    pub mailbox: PathBuf,
    /// The mail server; none unless it is set.
    #[serde(default)]
    pub smtp: Option<SmtpSettings>,
}

/// The mail server that takes notices.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SmtpSettings {
    /// Its name: what its certificate is checked for.
    pub server: String,
    /// Its port.
    pub port: u16,
    /// How the way there is kept.
    pub tls: Tls,
    /// Whom notices come from: `National Cyber Centre <notices@cyber.example>`.
    pub from: String,
    /// What the gateway signs in as, where the server asks.
    #[serde(default)]
    pub user: Option<String>,
    /// The file that holds the password.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// The certificates that the server's is checked against, PEM.
    #[serde(default = "system_roots")]
    pub roots_file: PathBuf,
    /// How long one try may take, seconds.
    #[serde(default = "patience")]
    pub patience_seconds: u64,
}

fn patience() -> u64 {
    60
}

/// How the way to a mail server is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tls {
    /// TLS from the first byte (RFC 8314).
    Implicit,
    /// TLS after STARTTLS; without it nothing is sent.
    Starttls,
    /// None: on this machine alone.
    None,
}

impl NoticeSettings {
    /// What `own` sets, and `shipped` where it sets nothing.
    ///
    /// # Errors
    /// What does not read, naming the key.
    pub(crate) fn read(own: Table, shipped: Table) -> Result<Self, String> {
        let mut all = shipped;
        all.extend(own);
        let settings: Self =
            all.try_into().map_err(|error| format!("[notices]: {}", error.to_string().trim_end()))?;
        if settings.every_seconds == 0 || settings.retry_seconds == 0 {
            return Err("[notices]: every_seconds, retry_seconds: expected 1 or more".to_owned());
        }
        if let Some(smtp) = &settings.smtp {
            smtp.check().map_err(|why| format!("[notices.smtp]: {why}"))?;
        }
        Ok(settings)
    }

    /// How long to wait after so many failures, one at least.
    #[must_use]
    pub fn pause(&self, failures: u32) -> Duration {
        let doubled = 1_u64.checked_shl(failures.saturating_sub(1)).unwrap_or(u64::MAX);
        Duration::from_secs(self.retry_seconds.saturating_mul(doubled).min(self.retry_seconds_most))
    }
}

impl SmtpSettings {
    fn check(&self) -> Result<(), String> {
        let loopback =
            self.server.parse::<std::net::IpAddr>().map_or(self.server == "localhost", |at| at.is_loopback());
        if self.tls == Tls::None && !loopback {
            return Err("tls = \"none\" is for a server on this machine alone".to_owned());
        }
        if self.user.is_some() != self.password_file.is_some() {
            return Err("user and password_file: expected both, or none".to_owned());
        }
        if self.patience_seconds == 0 {
            return Err("patience_seconds: expected 1 or more".to_owned());
        }
        let from: Result<lettre::message::Mailbox, _> = self.from.parse();
        from.map(|_| ()).map_err(|_| "from: expected `NAME <ADDRESS>`".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(own: &str) -> Result<NoticeSettings, String> {
        let shipped: Table = crate::settings::SHIPPED.parse().unwrap();
        let shipped = shipped["notices"].as_table().unwrap().clone();
        NoticeSettings::read(own.parse().unwrap(), shipped)
    }

    #[test]
    fn pauses_double_up_to_a_bound() {
        let settings = read("retry_seconds = 60\nretry_seconds_most = 21600").unwrap();
        let pauses = [1, 2, 3, 9, 10, 64, 1_000].map(|failures| settings.pause(failures).as_secs());
        assert_eq!(pauses, [60, 120, 240, 15_360, 21_600, 21_600, 21_600]);
    }

    #[test]
    fn what_would_send_in_the_clear_or_from_nobody_is_named() {
        let smtp =
            "server = \"mail.example\"\nport = 465\ntls = \"implicit\"\nfrom = \"Centre <a@cyber.example>\"";
        assert!(read(&format!("[smtp]\n{smtp}")).unwrap().smtp.is_some());
        for (from, to, named) in [
            ("implicit", "none", "on this machine alone"),
            ("Centre <a@cyber.example>", "Centre", "from"),
            ("port = 465", "port = 465\nuser = \"u\"", "password_file"),
            ("port = 465", "prt = 465", "prt"),
        ] {
            let error = read(&format!("[smtp]\n{}", smtp.replace(from, to))).unwrap_err();
            assert!(error.contains(named), "{error}");
        }
        assert!(read("every_seconds = 0").unwrap_err().contains("every_seconds"));
    }
}
