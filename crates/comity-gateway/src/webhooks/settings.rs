//! What an operator sets of webhooks: the table `[webhooks]` of `DIR/settings.toml`, key by key over the shipped one.

use crate::net::outside::system_roots;
use serde::Deserialize;
use std::path::PathBuf;
use std::time::Duration;
use toml::Table;

/// The numbers of webhooks. What each is for stands in the shipped `settings.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookSettings {
    /// How often the log is looked at for what is to be told, seconds.
    pub every_seconds: u64,
    /// How long one call may take, seconds.
    pub patience_seconds: u64,
    /// How long after the first failure the next try is, seconds; each further one doubles it.
    pub retry_seconds: u64,
    /// The longest time between two tries, seconds.
    pub retry_seconds_most: u64,
    /// How long an endpoint may fail before it is given up, hours.
    pub give_up_hours: u64,
    /// The certificates that an endpoint's is checked against, PEM.
    #[serde(default = "system_roots")]
    pub roots_file: PathBuf,
}

impl WebhookSettings {
    /// What `own` sets, and `shipped` where it sets nothing.
    ///
    /// # Errors
    /// What does not read, naming the key.
    pub(crate) fn read(own: Table, shipped: Table) -> Result<Self, String> {
        let mut all = shipped;
        all.extend(own);
        let settings: Self =
            all.try_into().map_err(|error| format!("[webhooks]: {}", error.to_string().trim_end()))?;
        if settings.every_seconds == 0 || settings.patience_seconds == 0 || settings.retry_seconds == 0 {
            return Err(
                "[webhooks]: every_seconds, patience_seconds, retry_seconds: expected 1 or more".to_owned()
            );
        }
        Ok(settings)
    }

    /// How long one call may take.
    #[must_use]
    pub fn patience(&self) -> Duration {
        Duration::from_secs(self.patience_seconds)
    }

    /// How long to wait after so many failures, one at least.
    #[must_use]
    pub fn pause(&self, failures: u32) -> Duration {
        let doubled = 1_u64.checked_shl(failures.saturating_sub(1)).unwrap_or(u64::MAX);
        Duration::from_secs(self.retry_seconds.saturating_mul(doubled).min(self.retry_seconds_most))
    }

    /// How long an endpoint may fail.
    #[must_use]
    pub fn give_up(&self) -> Duration {
        Duration::from_secs(self.give_up_hours.saturating_mul(60 * 60))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_bound() {
        let shipped: Table =
            "every_seconds = 2\npatience_seconds = 15\nretry_seconds = 5\nretry_seconds_most = 3600\ngive_up_hours = 72"
                .parse()
                .unwrap();
        let settings = WebhookSettings::read(Table::new(), shipped.clone()).unwrap();
        let pauses: Vec<_> =
            [1, 2, 3, 10, 11, 64, 65, 1_000].map(|failures| settings.pause(failures).as_secs()).to_vec();
        assert_eq!(pauses, [5, 10, 20, 2_560, 3_600, 3_600, 3_600, 3_600]);
        let wrong = WebhookSettings::read("retry_seconds = 0".parse().unwrap(), shipped.clone()).unwrap_err();
        assert!(wrong.contains("retry_seconds"), "{wrong}");
        let unknown = WebhookSettings::read("retries = 1".parse().unwrap(), shipped).unwrap_err();
        assert!(unknown.contains("retries"), "{unknown}");
    }
}
