//! What an operator sets: `DIR/settings.toml`, over the values shipped with this program.

use crate::files::{self, FileError};
use crate::keys::HsmSettings;
use crate::notices::NoticeSettings;
use crate::signin::Rate;
use crate::signin::SignInSettings;
use crate::webhooks::WebhookSettings;
use comity_exchange::ports::MatchScope;
use comity_exchange::wire::Text;
use comity_minimise::Limits;
use comity_terms::calendar::{Calendar, CalendarError, Count, Period, due};
use comity_terms::{Activity, PackSlug, Party, Purpose, Timestamp};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The shipped values, commented: also the file that `comity init` writes.
pub const SHIPPED: &str = include_str!("settings.toml");

const SETTINGS_BYTES_MAX: usize = 64 * 1_024;

/// An hour: with the hours below, what is erased is destroyed within 24 hours.
pub(crate) const SWEEP_SECONDS_MAX: u64 = 60 * 60;

/// What is erased is destroyed within 24 hours: two are left for a sweep to come round and to do its work.
pub(crate) const DESTROY_HOURS_MAX: u64 = 22;

/// The settings of one gateway.
#[derive(Debug, Clone)]
pub struct Settings {
    opening_retention: Period,
    /// How long delivery is tried, days of 24 hours.
    pub retry_horizon_days: u32,
    /// How long a decision holds, hours, as long as no law changes before.
    pub decision_holds_hours: u32,
    /// How long what an office approved may be gone by, hours.
    pub approval_holds_hours: u32,
    /// How often offers that wait are looked for.
    pub outbox_every: Duration,
    /// How long one try at delivering may take.
    pub delivery: Duration,
    /// How often the vault is swept: what is due until the next time is erased.
    pub sweep_every: Duration,
    /// How long after an erasure the epoch key is destroyed, at the latest in the sweep after it.
    pub destroy_after: Duration,
    /// The security module that seals epoch keys, where there is one.
    pub hsm: Option<HsmSettings>,
    /// How many months the secret of a month's pseudonyms is kept after it.
    pub token_months: u32,
    /// The warning lists over the shipped ones: files, and directories of them, from the gateway's directory.
    pub warning_lists: Vec<PathBuf>,
    /// The bounds on a bundle.
    pub limits: Limits,
    /// How many classes of facts keep their decision in memory.
    pub memo_classes: usize,
    /// What bounds sign-in.
    pub signin: SignInSettings,
    /// What bounds webhooks.
    pub webhooks: WebhookSettings,
    /// How persons are told.
    pub notices: NoticeSettings,
    /// What bounds the requests of persons.
    pub subjects: SubjectSettings,
    /// What bounds blind matching.
    pub matching: MatchSettings,
    /// The collection that a fresh gateway has.
    pub public_collection: PublicCollection,
    /// What a reader of a collection gets at most in a page, objects.
    pub page_objects_max: u32,
    /// How long readers of collections are told at least of what ended, days of 24 hours.
    pub tombstone_days: u32,
    /// Whether an import may say when it was added: never at a gateway in service.
    pub test_imports: bool,
}

/// The numbers of persons' requests. What each is for stands in the shipped `settings.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubjectSettings {
    /// How long a request and its answer are kept, days of 24 hours.
    pub keep_days: u32,
    /// How often one address may file a request or ask where one stands.
    pub rate: Rate,
    /// How long an opt-out holds at most, days of 24 hours.
    pub opt_out_days_max: u32,
}

impl SubjectSettings {
    fn read(own: toml::Table, shipped: toml::Table) -> Result<Self, String> {
        let mut all = shipped;
        all.extend(own);
        let settings: Self =
            all.try_into().map_err(|error| format!("[subjects]: {}", error.to_string().trim_end()))?;
        if settings.keep_days == 0 {
            return Err("[subjects]: keep_days: expected 1 or more".to_owned());
        }
        if settings.opt_out_days_max == 0 {
            return Err("[subjects]: opt_out_days_max: expected 1 or more".to_owned());
        }
        Ok(settings)
    }

    /// Until when an opt-out that is filed at `at` holds at most.
    #[must_use]
    pub fn opt_out_until(&self, at: Timestamp) -> Timestamp {
        let seconds = u64::from(self.opt_out_days_max) * 24 * 60 * 60;
        at.checked_add(Duration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
    }

    /// Until when a request that is filed at `at`, or answered then, is kept.
    #[must_use]
    pub fn until(&self, at: Timestamp) -> Timestamp {
        let seconds = u64::from(self.keep_days) * 24 * 60 * 60;
        at.checked_add(Duration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
    }
}

/// How much partners may ask whether values are held. What each number is for stands in the shipped `settings.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MatchSettings {
    /// How many evaluations a partner has in a calendar month, UTC, for each agreement and purpose.
    pub evaluations_per_month: u64,
    /// Others for some partners.
    pub budgets: Vec<MatchBudget>,
}

/// The budget of a partner, for one purpose or for each.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MatchBudget {
    /// The partner.
    pub partner: Text<Party>,
    /// The purpose; absent: each.
    pub purpose: Option<Text<Purpose>>,
    /// How many evaluations it has in a calendar month, UTC.
    pub evaluations_per_month: u64,
}

impl MatchSettings {
    fn read(own: toml::Table, shipped: toml::Table) -> Result<Self, String> {
        let mut all = shipped;
        all.extend(own);
        all.try_into().map_err(|error| format!("[matching]: {}", error.to_string().trim_end()))
    }

    /// The evaluations of a month: those set for partner and purpose, else for the partner, else for everyone.
    #[must_use]
    pub fn evaluations(&self, scope: &MatchScope) -> u64 {
        let of = |purpose: Option<&Purpose>| {
            let mut budgets = self.budgets.iter().filter(|budget| budget.partner.0 == scope.peer);
            budgets.find(|budget| budget.purpose.as_ref().map(|purpose| &purpose.0) == purpose)
        };
        let set = of(Some(&scope.purpose)).or_else(|| of(None));
        set.map_or(self.evaluations_per_month, |budget| budget.evaluations_per_month)
    }
}

/// A collection for public data, kept at the gateway: under which agreement, for what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicCollection {
    /// What it is called.
    pub title: String,
    /// What it is for, in words for people.
    pub description: String,
    /// The agreement.
    pub agreement: PackSlug,
    /// The agreed category.
    pub activity: Activity,
    /// What it is for.
    pub purpose: Purpose,
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
    decision_holds_hours: Option<u32>,
    approval_holds_hours: Option<u32>,
    outbox_every_seconds: Option<u64>,
    delivery_seconds: Option<u64>,
    sweep_every_seconds: Option<u64>,
    destroy_after_hours: Option<u64>,
    token_months: Option<u32>,
    hsm: Option<HsmSettings>,
    warning_lists: Option<Vec<PathBuf>>,
    bundle_bytes_max: Option<usize>,
    bundle_objects_max: Option<usize>,
    memo_classes: Option<usize>,
    signin: Option<toml::Table>,
    webhooks: Option<toml::Table>,
    notices: Option<toml::Table>,
    subjects: Option<toml::Table>,
    matching: Option<toml::Table>,
    public_collection: Option<PublicFile>,
    page_objects_max: Option<u32>,
    tombstone_days: Option<u32>,
    test_imports: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PublicFile {
    title: String,
    description: String,
    agreement: Text<PackSlug>,
    activity: Text<Activity>,
    purpose: Text<Purpose>,
}

impl From<PublicFile> for PublicCollection {
    fn from(file: PublicFile) -> Self {
        Self {
            title: file.title,
            description: file.description,
            agreement: file.agreement.0,
            activity: file.activity.0,
            purpose: file.purpose.0,
        }
    }
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
        let (sweep, destroy) = (set!(sweep_every_seconds), set!(destroy_after_hours));
        if !(1..=SWEEP_SECONDS_MAX).contains(&sweep) {
            return Err(content(format!("sweep_every_seconds: expected 1 to {SWEEP_SECONDS_MAX}")));
        }
        if destroy > DESTROY_HOURS_MAX {
            return Err(content(format!("destroy_after_hours: expected 0 to {DESTROY_HOURS_MAX}")));
        }
        let tombstone_days = set!(tombstone_days);
        if tombstone_days == 0 {
            return Err(content("tombstone_days: expected 1 or more".to_owned()));
        }
        Ok(Self {
            opening_retention: retention
                .parse()
                .map_err(|error: CalendarError| content(format!("opening_retention: {error}")))?,
            retry_horizon_days: set!(retry_horizon_days),
            decision_holds_hours: set!(decision_holds_hours),
            approval_holds_hours: set!(approval_holds_hours),
            outbox_every: Duration::from_secs(set!(outbox_every_seconds)),
            delivery: Duration::from_secs(set!(delivery_seconds)),
            sweep_every: Duration::from_secs(sweep),
            destroy_after: Duration::from_secs(destroy * 60 * 60),
            token_months: set!(token_months),
            hsm: own.hsm,
            warning_lists: set!(warning_lists),
            limits: Limits {
                bytes_max: set!(bundle_bytes_max),
                objects_max: set!(bundle_objects_max),
                ..Limits::default()
            },
            memo_classes: set!(memo_classes),
            signin: SignInSettings::read(own.signin.unwrap_or_default(), shipped.signin.unwrap_or_default())
                .map_err(content)?,
            webhooks: WebhookSettings::read(
                own.webhooks.unwrap_or_default(),
                shipped.webhooks.unwrap_or_default(),
            )
            .map_err(content)?,
            notices: NoticeSettings::read(
                own.notices.unwrap_or_default(),
                shipped.notices.unwrap_or_default(),
            )
            .map_err(content)?,
            subjects: SubjectSettings::read(
                own.subjects.unwrap_or_default(),
                shipped.subjects.unwrap_or_default(),
            )
            .map_err(content)?,
            matching: MatchSettings::read(
                own.matching.unwrap_or_default(),
                shipped.matching.unwrap_or_default(),
            )
            .map_err(content)?,
            public_collection: set!(public_collection).into(),
            page_objects_max: set!(page_objects_max),
            tombstone_days,
            test_imports: set!(test_imports),
        })
    }

    /// How long openings are kept, in words: `10 years`.
    #[must_use]
    pub fn opening_retention_text(&self) -> String {
        self.opening_retention.to_string()
    }

    /// Until when the opening of an act at `at` is kept.
    ///
    /// # Errors
    /// [`CalendarError`] when the period leads out of time.
    pub fn opening_until(&self, at: Timestamp) -> Result<Timestamp, CalendarError> {
        Ok(due(at, &self.opening_retention, Count::Plain, &Calendar::plain())?.operational)
    }

    /// Until when delivery of an act at `at` is tried.
    #[must_use]
    pub fn horizon(&self, at: Timestamp) -> Timestamp {
        let seconds = u64::from(self.retry_horizon_days) * 24 * 60 * 60;
        at.checked_add(Duration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
    }

    /// Until when readers of collections are told at least of what ended at `at`.
    #[must_use]
    pub fn told_until(&self, at: Timestamp) -> Timestamp {
        let seconds = u64::from(self.tombstone_days) * 24 * 60 * 60;
        at.checked_add(Duration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
    }

    /// Until when a decision made at `at` holds, as long as no law changes before.
    #[must_use]
    pub fn holds_until(&self, at: Timestamp) -> Timestamp {
        let seconds = u64::from(self.decision_holds_hours) * 60 * 60;
        at.checked_add(Duration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
    }

    /// Until when what an office approves at `at` may be gone by.
    #[must_use]
    pub fn approval_until(&self, at: Timestamp) -> Timestamp {
        let seconds = u64::from(self.approval_holds_hours) * 60 * 60;
        at.checked_add(Duration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
    }

    /// Until when a try at delivering that begins at `now` has its offer to itself: as long as it may take, and
    /// half a minute to note what came of it.
    #[must_use]
    pub fn claimed_until(&self, now: Timestamp) -> Timestamp {
        let patience = self.delivery + Duration::from_secs(30);
        now.checked_add(patience).unwrap_or(Timestamp::MAX)
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
        let settings = read("[signin]\nlock_seconds = 7").unwrap();
        assert_eq!(settings.signin.lock_seconds, 7);
        assert_eq!(settings.signin.lock_seconds_most, read("").unwrap().signin.lock_seconds_most);
    }

    #[test]
    fn an_unknown_key_and_a_bad_period_are_named() {
        assert!(read("retry_horizon = 2").unwrap_err().to_string().contains("retry_horizon"));
        assert!(read("destroy_after_hours = 24").unwrap_err().to_string().contains("expected 0 to 22"));
        assert!(read("[signin]\nlock = 2").unwrap_err().to_string().contains("`lock`"));
        assert!(read("[signin]\nwrong_by_name = 0").unwrap_err().to_string().contains("wrong_by_name"));
        let rate = read("[signin]\nofficer_rate = { each_second = 1 }").unwrap_err().to_string();
        assert!(rate.contains("burst"), "{rate}");
        assert!(read("opening_retention = \"soon\"").unwrap_err().to_string().contains("opening_retention"));
    }
}
