//! What an operator would look at first when something is wrong: each thing looked at, and what to do about it.

use super::{audit, collections, manage, notices, recall, referrals, subjects};
use crate::clock::Clock;
use crate::dirs::Directory;
use crate::gateway::{Gateway, GatewayError, Register};
use comity_exchange::ports::{Peers as _, Record, Store as _, StoreError, Webhooks as _};
use comity_exchange::shell::Shell as _;
use comity_terms::{PackSlug, Timestamp};
use comity_tlog::SignedCheckpoint;
use serde::Serialize;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;
use tokio::time::timeout;

/// How a thing that was looked at is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// As it should be.
    Good,
    /// Something to see to soon.
    Warning,
    /// Something does not work.
    Bad,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Looked {
    /// What: a word that stays the same.
    pub what: &'static str,
    /// How it is.
    pub health: Health,
    /// In words.
    pub found: String,
    /// What to do, where there is something to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
}

impl Looked {
    fn good(what: &'static str, found: impl Into<String>) -> Self {
        Self { what, health: Health::Good, found: found.into(), advice: None }
    }

    fn not(health: Health, what: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { what, health, found: found.into(), advice: Some(advice.into()) }
    }
}

/// How long a partner may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// How soon an end is worth a word: officers' trainings, collections.
const SOON: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Looks at everything.
///
/// # Errors
/// [`GatewayError`] when the store cannot even be asked.
pub async fn examine(gateway: &Gateway) -> Result<Vec<Looked>, GatewayError> {
    let now = gateway.now();
    let mut all = vec![places(gateway.directory()), store(gateway).await, log(gateway).await?, clock(now)];
    all.extend(vault(gateway, now).await?);
    all.extend(module(gateway));
    all.push(outbox(gateway, now).await?);
    all.push(recalls(gateway, now).await?);
    all.push(passed_on(gateway, now).await?);
    all.extend(laws(gateway));
    all.extend(partners(gateway).await);
    all.extend(ending(gateway, now));
    all.extend(endpoints(gateway).await?);
    all.push(requests(gateway, now).await?);
    all.push(told(gateway, now).await?);
    all.push(reviews(gateway).await?);
    Ok(all)
}

/// What can be looked at of a gateway that does not open, and why it does not.
#[must_use]
pub fn unopened(directory: &Directory, error: &GatewayError) -> Vec<Looked> {
    let advice = match error {
        GatewayError::Store(StoreError::BehindMark { .. } | StoreError::SucceededSince { .. }) => {
            "`comity log succeed`: the log that it opens says what was lost, and partners follow"
        }
        GatewayError::Store(_) => {
            "look at the disk, and at the keys' directory: it is the one this gateway was used with"
        }
        _ => "what is wrong is named: put it right and look again",
    };
    vec![places(directory), Looked::not(Health::Bad, "database", error.to_string(), advice)]
}

/// That nobody else reads data or keys, and that the keys are not inside the data.
fn places(directory: &Directory) -> Looked {
    let open: Vec<String> = [directory.data(), directory.keys()]
        .into_iter()
        .filter(|path| others_read(path))
        .map(|path| path.display().to_string())
        .collect();
    if !open.is_empty() {
        let advice = format!("chmod 700 {}", open.join(" "));
        return Looked::not(Health::Bad, "directories", "others on this machine can read them", advice);
    }
    Looked::good("directories", "data and keys are this user's alone, and apart")
}

fn others_read(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0)
}

/// That the store takes changes.
async fn store(gateway: &Gateway) -> Looked {
    match timeout(PATIENCE, gateway.store().record(Record::default())).await {
        Ok(Ok(_)) => Looked::good("database", "it takes changes"),
        Ok(Err(error)) => {
            Looked::not(Health::Bad, "database", error.to_string(), "stop the gateway and start it again")
        }
        Err(_) => Looked::not(
            Health::Bad,
            "database",
            format!("it took no change within {} s", PATIENCE.as_secs()),
            "look at the disk, or at the server that `database` names",
        ),
    }
}

/// That the published log is the one in the database.
async fn log(gateway: &Gateway) -> Result<Looked, GatewayError> {
    gateway.store().flush_tiles().await?;
    let stored = gateway.store().checkpoint().await?;
    let size = SignedCheckpoint::parse(stored.as_bytes())
        .map(|signed| signed.checkpoint().size().0)
        .map_err(|error| GatewayError::Broken(error.to_string()))?;
    let published = std::fs::read(gateway.directory().log().join("checkpoint"));
    Ok(if published.is_ok_and(|bytes| bytes == stored.as_bytes()) {
        Looked::good("log", format!("{size} entries, published"))
    } else {
        Looked::not(
            Health::Warning,
            "log",
            "what is published is not the newest checkpoint",
            "look at the space and the rights of the log's directory; it is derived again at the next start",
        )
    })
}

/// That this machine's time is none from before the program was made.
fn clock(now: Timestamp) -> Looked {
    let system = Clock::new(Timestamp::UNIX_EPOCH).now();
    let ahead = now.duration_since(system);
    if ahead > jiff::SignedDuration::from_secs(5) {
        return Looked::not(
            Health::Warning,
            "clock",
            format!("this machine's clock is {} s behind what the log was signed at", ahead.as_secs()),
            "let it follow a time server; the gateway's time goes on slowly until then",
        );
    }
    Looked::good("clock", format!("{now:.0}"))
}

async fn vault(gateway: &Gateway, now: Timestamp) -> Result<Vec<Looked>, GatewayError> {
    let vitals = gateway.store().vitals(now).await?;
    let overdue = match vitals.overdue {
        0 => Looked::good(
            "erasure",
            format!(
                "{} records and openings are held, none is overdue; {} holds stand",
                vitals.held, vitals.holds
            ),
        ),
        overdue => Looked::not(
            Health::Bad,
            "erasure",
            format!("{overdue} records should be erased by now"),
            "`comity serve` does it by itself; `comity vault sweep` does it once",
        ),
    };
    let late = vitals
        .waiting_since
        .filter(|since| now.duration_since(*since) > jiff::SignedDuration::from_hours(24));
    let destroyed = match late {
        None => Looked::good(
            "destruction",
            format!("{} of {} erased are destroyed", vitals.destroyed, vitals.erased),
        ),
        Some(since) => Looked::not(
            Health::Bad,
            "destruction",
            format!("records erased {since:.0} could still be read from a copy"),
            "`comity vault sweep --at-once`",
        ),
    };
    Ok(vec![overdue, destroyed])
}

/// That the security module answers, where there is one.
fn module(gateway: &Gateway) -> Option<Looked> {
    let hsm = gateway.hsm()?;
    Some(match hsm.count() {
        Ok(keys) => Looked::good("security module", format!("{hsm:?} answers and holds {keys} keys")),
        Err(error) => Looked::not(
            Health::Bad,
            "security module",
            format!("{hsm:?}: {error}"),
            "look at the module, and at `[hsm]` in settings.toml; nothing is sealed or opened without it",
        ),
    })
}

/// That persons are answered in time.
async fn requests(gateway: &Gateway, now: Timestamp) -> Result<Looked, GatewayError> {
    let (waiting, overdue) = subjects::waiting(gateway, now).await?;
    Ok(match overdue {
        0 => Looked::good("requests", format!("{waiting} requests of persons wait, none is overdue")),
        overdue => Looked::not(
            Health::Bad,
            "requests",
            format!("{overdue} of {waiting} requests of persons should be answered by now"),
            "`comity subject list` names them; `comity subject decide`",
        ),
    })
}

/// That persons are told in time.
async fn told(gateway: &Gateway, now: Timestamp) -> Result<Looked, GatewayError> {
    let notices::Standing { waiting, deferred, overdue, not_taken } = notices::standing(gateway, now).await?;
    Ok(match (overdue, not_taken) {
        (0, 0) => {
            Looked::good("notices", format!("{waiting} notices to persons wait, {deferred} of them put off"))
        }
        (0, not_taken) => Looked::not(
            Health::Warning,
            "notices",
            format!("{not_taken} notices to persons are on their way and were not taken"),
            "`comity notice list` says why; they are tried again",
        ),
        (overdue, _) => Looked::not(
            Health::Bad,
            "notices",
            format!("{overdue} persons should have been told by now"),
            "`comity notice list` names the notices, and why: nobody is addressed, an office has to approve, or no road leads there",
        ),
    })
}

/// That what is kept about people is looked at before its time ends. Reads every recorded decision.
async fn reviews(gateway: &Gateway) -> Result<Looked, GatewayError> {
    let reviews = audit::reviews(gateway).await?;
    let next = reviews.next.map_or_else(String::new, |at| format!(", the next by {at:.0}"));
    Ok(match reviews.overdue {
        0 => Looked::good("reviews", format!("{} reviews of what is kept are owed{next}", reviews.open)),
        overdue => Looked::not(
            Health::Bad,
            "reviews",
            format!(
                "{overdue} reviews of what is kept about people are overdue, {} are owed{next}",
                reviews.open
            ),
            "`comity audit obligations` names the exchanges; `comity vault review`",
        ),
    })
}

async fn outbox(gateway: &Gateway, now: Timestamp) -> Result<Looked, GatewayError> {
    let vitals = gateway.store().vitals(now).await?;
    Ok(match vitals.outbox_since {
        Some(since) if now.duration_since(since) > jiff::SignedDuration::from_hours(1) => Looked::not(
            Health::Warning,
            "outbox",
            format!("{} offers wait, the oldest since {since:.0}", vitals.outbox),
            "see below which partner is not reached",
        ),
        _ => Looked::good("outbox", format!("{} offers wait", vitals.outbox)),
    })
}

/// That partners answer what persons asked and was passed on to them.
async fn passed_on(gateway: &Gateway, now: Timestamp) -> Result<Looked, GatewayError> {
    Ok(match referrals::standing(gateway, now).await? {
        (open, 0) => Looked::good(
            "referrals",
            format!("{open} requests of persons wait for a partner's answer, none is overdue"),
        ),
        (_, overdue) => Looked::not(
            Health::Bad,
            "referrals",
            format!("{overdue} answers of partners to requests of persons are overdue"),
            "`comity audit obligations` names who owes them; ask its operator",
        ),
    })
}

/// That holders answer orders to erase or restrict while they owe it.
async fn recalls(gateway: &Gateway, now: Timestamp) -> Result<Looked, GatewayError> {
    Ok(match recall::standing(gateway, now).await? {
        (open, 0) => Looked::good(
            "recall",
            format!("{open} orders to erase or restrict wait for answers, none is overdue"),
        ),
        (_, overdue) => Looked::not(
            Health::Bad,
            "recall",
            format!("{overdue} answers to orders to erase or restrict are overdue"),
            "`comity recalls` names who owes them; ask its operator",
        ),
    })
}

/// That this party's law is adopted, and that all that is adopted loads.
fn laws(gateway: &Gateway) -> Vec<Looked> {
    let home = &gateway.signatory().home;
    let mut all = Vec::new();
    if gateway.adopted(home).is_none() {
        all.push(Looked::not(
            Health::Bad,
            "law",
            format!("no law of {home} is adopted: every exchange is refused"),
            format!("comity law adopt {home}"),
        ));
    }
    let loaded: Vec<PackSlug> =
        gateway.laws_adopted().iter().map(|loaded| loaded.law.pack().slug.clone()).collect();
    let mut packs: Vec<PackSlug> = gateway.register().adopted.into_iter().map(|law| law.pack.0).collect();
    packs.sort();
    packs.dedup();
    for pack in packs {
        all.push(if loaded.contains(&pack) {
            Looked::good("law", format!("{pack} is adopted and loads"))
        } else {
            Looked::not(
                Health::Bad,
                "law",
                format!("{pack} is adopted and does not load"),
                format!("comity law check {pack}; then comity law adopt {pack}"),
            )
        });
    }
    all
}

/// That each partner is reached and follows from what is known of it.
async fn partners(gateway: &Gateway) -> Vec<Looked> {
    let mut all = Vec::new();
    let Register { peers, removed, .. } = gateway.register();
    let stands = peers.into_values().filter(|peer| !removed.contains_key(&peer.party));
    all.extend(removed.values().map(|removal| Looked::good("partner", removal.to_string())));
    for peer in stands {
        let told = timeout(PATIENCE, gateway.peers().identity(&peer)).await;
        let party = &peer.party;
        all.push(match told {
            Ok(Ok(_)) => Looked::good("partner", format!("{party} answers at {}", peer.url)),
            Ok(Err(error)) => Looked::not(
                Health::Warning,
                "partner",
                format!("{party} at {}: {error}", peer.url),
                "ask its operator whether it serves, and whether it knows this gateway's identity",
            ),
            Err(_) => Looked::not(
                Health::Warning,
                "partner",
                format!("{party} at {} did not answer within {} s", peer.url, PATIENCE.as_secs()),
                "ask its operator whether it serves",
            ),
        });
    }
    if let Ok(unheard) = manage::unheard(gateway)
        && !unheard.is_empty()
    {
        let names: Vec<String> = unheard.iter().map(ToString::to_string).collect();
        all.push(Looked::not(
            Health::Warning,
            "partner",
            format!("{} have not heard of the identity in use", names.join(", ")),
            "`comity serve` tells them; or give them `comity identity` anew",
        ));
    }
    all
}

/// Endpoints that are not told of acts.
async fn endpoints(gateway: &Gateway) -> Result<Vec<Looked>, GatewayError> {
    let known = gateway.store().webhooks().await?;
    let standing: Vec<_> = known.iter().filter(|row| row.ended.is_none()).collect();
    let mut all = Vec::new();
    for row in &standing {
        let why = row.trouble.as_deref().unwrap_or("it is not known why");
        let again = format!("mend it, then `comity webhook resume {0}`; or `comity webhook end {0}`", row.id);
        match (row.disabled, row.failing_since) {
            (Some(at), _) => all.push(Looked::not(
                Health::Bad,
                "webhook",
                format!("{} was given up on {at:.0}: {why}", row.id),
                again,
            )),
            (None, Some(since)) => all.push(Looked::not(
                Health::Warning,
                "webhook",
                format!("{} fails since {since:.0}: {why}", row.id),
                format!(
                    "it is tried again until {} h have passed",
                    gateway.settings().webhooks.give_up_hours
                ),
            )),
            (None, None) => {}
        }
    }
    if all.is_empty() && !standing.is_empty() {
        all.push(Looked::good("webhook", format!("{} endpoints are told of acts", standing.len())));
    }
    Ok(all)
}

/// Collections that end soon.
fn ending(gateway: &Gateway, now: Timestamp) -> Vec<Looked> {
    let soon = now.checked_add(SOON).unwrap_or(Timestamp::MAX);
    let standing = collections::standing(gateway);
    let ends = standing.iter().filter_map(|request| Some((request, request.until.as_ref()?.0)));
    let mut all: Vec<Looked> = ends
        .filter(|(_, until)| *until <= soon)
        .map(|(request, until)| {
            Looked::not(
                Health::Warning,
                "collection",
                format!("`{}` ends {until:.0}", request.title),
                "`comity taxii add` makes the one that follows it",
            )
        })
        .collect();
    if all.is_empty() {
        all.push(Looked::good("collection", format!("{} stand", standing.len())));
    }
    all
}
