//! What an operator sets: `DIR/settings.toml`, over the values shipped with this program.

use crate::files::{self, FileError};
use comity_minimise::Limits;
use comity_terms::Timestamp;
use comity_terms::calendar::{Calendar, CalendarError, Count, Period, due};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The shipped values, commented: also the file that `comity init` writes.
pub const SHIPPED: &str = include_str!("settings.toml");

const SETTINGS_BYTES_MAX: usize = 64 * 1_024;

/// The settings of one gateway.
#[derive(Debug, Clone)]
pub struct Settings {
    opening_retention: Period,
    /// How long delivery is tried, days of 24 hours.
    pub retry_horizon_days: u32,
    /// How often offers that wait are looked for.
    pub outbox_every: Duration,
    /// How long one try at delivering may take.
    pub delivery: Duration,
    /// The bounds on a bundle.
    pub limits: Limits,
    /// How many classes of facts keep their decision in memory.
    pub memo_classes: usize,
}

/// Why settings do not read.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file system failed.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file is not what it should be.
    #[error("{}: {reason}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// Where and why.
        reason: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    opening_retention: Option<String>,
    retry_horizon_days: Option<u32>,
    outbox_every_seconds: Option<u64>,
    delivery_seconds: Option<u64>,
    bundle_bytes_max: Option<usize>,
    bundle_objects_max: Option<usize>,
    memo_classes: Option<usize>,
}

impl Settings {
    /// The settings in `path`; the shipped ones where it says nothing.
    ///
    /// # Errors
    /// [`SettingsError`], naming the line; the gateway does not start.
    pub fn read(path: &Path) -> Result<Self, SettingsError> {
        let content = |reason: String| SettingsError::Content { path: path.to_owned(), reason };
        let own = match files::read(path, SETTINGS_BYTES_MAX)? {
            Some(bytes) => String::from_utf8(bytes).map_err(|_| content("it is not text".to_owned()))?,
            None => String::new(),
        };
        let own: File = toml::from_str(&own).map_err(|error| content(error.to_string()))?;
        let shipped: File = toml::from_str(SHIPPED).map_err(|error| content(error.to_string()))?;
        let missing = |key: &str| content(format!("`{key}` is set nowhere"));
        let retention = own
            .opening_retention
            .or(shipped.opening_retention)
            .ok_or_else(|| missing("opening_retention"))?;
        macro_rules! set {
            ($key:ident) => {
                own.$key.or(shipped.$key).ok_or_else(|| missing(stringify!($key)))?
            };
        }
        Ok(Self {
            opening_retention: retention
                .parse()
                .map_err(|error: CalendarError| content(format!("opening_retention: {error}")))?,
            retry_horizon_days: set!(retry_horizon_days),
            outbox_every: Duration::from_secs(set!(outbox_every_seconds)),
            delivery: Duration::from_secs(set!(delivery_seconds)),
            limits: Limits {
                bytes_max: set!(bundle_bytes_max),
                objects_max: set!(bundle_objects_max),
                ..Limits::default()
            },
            memo_classes: set!(memo_classes),
        })
    }

    /// Until when the opening of an act at `at` is kept.
    ///
    /// # Errors
    /// [`CalendarError`] when the period leads out of time.
    pub fn opening_until(&self, at: Timestamp) -> Result<Timestamp, CalendarError> {
        let calendar = Calendar::new("UTC", [], [])?;
        Ok(due(at, &self.opening_retention, Count::Plain, &calendar)?.operational)
    }

    /// Until when delivery of an act at `at` is tried.
    #[must_use]
    pub fn horizon(&self, at: Timestamp) -> Timestamp {
        let seconds = u64::from(self.retry_horizon_days) * 24 * 60 * 60;
        at.checked_add(Duration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Settings, SettingsError> {
        let room = tempfile::tempdir().unwrap();
        let path = room.path().join("settings.toml");
        std::fs::write(&path, text).unwrap();
        Settings::read(&path)
    }

    #[test]
    fn what_is_not_set_has_the_shipped_value() {
        let settings = read("retry_horizon_days = 2").unwrap();
        let at: Timestamp = "2026-03-01T00:00:00Z".parse().unwrap();
        assert_eq!(settings.horizon(at), "2026-03-03T00:00:00Z".parse().unwrap());
        assert_eq!(settings.opening_until(at).unwrap(), "2036-03-01T00:00:00Z".parse().unwrap());
    }

    #[test]
    fn an_unknown_key_and_a_bad_period_are_named() {
        assert!(read("retry_horizon = 2").unwrap_err().to_string().contains("retry_horizon"));
        assert!(read("opening_retention = \"soon\"").unwrap_err().to_string().contains("opening_retention"));
    }
}
