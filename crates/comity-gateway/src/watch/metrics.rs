//! What a monitoring system reads: counts, ages and sizes in the Prometheus text format.
//!
//! ```text
//! GET /metrics     on a listener of its own, which an operator names (`serve --metrics ADDR`)
//! ```
//! Counters begin with the process; everything else is read from the store when it is asked for. No personal data: the
//! only labels are words of this program and the codes of partners that an operator added; nothing that a partner
//! says becomes a label.

use crate::gateway::Gateway;
use crate::work::{notices, recall, referrals, subjects, webhooks};
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use comity_exchange::audit::due::Reviews;
use comity_exchange::ports::{Store as _, StoreError, Vitals, Webhooks as _};
use comity_exchange::report::{DecisionReport, ExchangeOutcome, Side};
use comity_exchange::shell::Shell as _;
use comity_terms::{Party, Timestamp};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

type Labels = Vec<(&'static str, &'static str)>;
/// Reasons are words of the vocabulary, which no partner and no person writes.
type Reasons = Vec<(&'static str, String)>;
type Times = Family<Labels, Histogram, fn() -> Histogram>;
type Measure = Gauge<f64, AtomicU64>;

/// What is counted while the process runs.
#[derive(Debug)]
pub struct Counts {
    exchanges: Family<Labels, Counter>,
    took: Times,
    decisions: Family<Labels, Counter>,
    refusals: Family<Reasons, Counter>,
    misbehaved: Counter,
    sign_ins: Family<Labels, Counter>,
    webhooks: Family<Labels, Counter>,
    reviews: Family<Labels, Gauge>,
    /// By when the next look that is not late is due; 0 where none is owed.
    reviews_next: Gauge,
    reached: Mutex<BTreeMap<Party, bool>>,
}

impl Default for Counts {
    fn default() -> Self {
        Self {
            exchanges: Family::default(),
            // From a few milliseconds, which a small exchange takes, to half a minute.
            took: Family::new_with_constructor(|| Histogram::new(exponential_buckets(0.002, 2.0, 14))),
            decisions: Family::default(),
            refusals: Family::default(),
            misbehaved: Counter::default(),
            sign_ins: Family::default(),
            webhooks: Family::default(),
            reviews: Family::default(),
            reviews_next: Gauge::default(),
            reached: Mutex::default(),
        }
    }
}

impl Counts {
    /// Sharing took so long, from the order to its outcome; or at the receiver, from the offer to the answer.
    pub fn took(&self, side: Side, long: Duration) {
        self.took.get_or_create(&vec![("side", word(side))]).observe(long.as_secs_f64());
    }

    /// An exchange came to `outcome` on this side.
    pub fn exchange(&self, side: Side, outcome: ExchangeOutcome) {
        self.exchanges.get_or_create(&vec![("side", word(side)), ("outcome", outcome.as_str())]).inc();
    }

    /// The laws were asked about these classes on this side.
    pub fn decisions<'a>(&self, side: Side, decisions: impl IntoIterator<Item = &'a DecisionReport>) {
        for decision in decisions {
            // From our own decisions or a partner's: only the words that there are.
            let outcome = ["permit", "deny", "escalate"].into_iter().find(|word| *word == decision.outcome);
            let labels = vec![("side", word(side)), ("outcome", outcome.unwrap_or("other"))];
            self.decisions.get_or_create(&labels).inc();
        }
    }

    /// These decisions of this gateway, or its reading of the bundle, refused: once for each reason of an exchange.
    pub fn refusals<'a>(
        &self,
        side: Side,
        decisions: &'a [DecisionReport],
        reading: impl IntoIterator<Item = &'a String>,
    ) {
        let denied = decisions.iter().filter(|decision| decision.outcome == "deny");
        let reasons = denied.flat_map(|decision| &decision.reasons).chain(reading);
        let words: BTreeSet<&str> = reasons.map(|reason| word_of(reason)).collect();
        for reason in words {
            let labels = vec![("side", word(side).to_owned()), ("reason", reason.to_owned())];
            self.refusals.get_or_create(&labels).inc();
        }
    }

    /// A partner sent what it should not.
    pub fn misbehaved(&self) {
        self.misbehaved.inc();
    }

    /// Somebody showed what `by` says and was signed in, or not: why.
    pub fn sign_in(&self, by: &'static str, outcome: &'static str) {
        self.sign_ins.get_or_create(&vec![("by", by), ("outcome", outcome)]).inc();
    }

    /// Endpoints took so many messages; and whether one was not taken after these.
    pub fn webhooks(&self, told: u32, failed: bool) {
        self.webhooks.get_or_create(&vec![("outcome", "told")]).inc_by(u64::from(told));
        self.webhooks.get_or_create(&vec![("outcome", "failed")]).inc_by(u64::from(failed));
    }

    /// Looks at what is kept about people are owed, as the last round found: the log is followed, not read anew.
    pub fn reviews(&self, owed: Reviews) {
        for (state, count) in [("open", owed.open), ("overdue", owed.overdue)] {
            self.reviews.get_or_create(&vec![("state", state)]).set(i64::try_from(count).unwrap_or(i64::MAX));
        }
        self.reviews_next.set(owed.next.map_or(0, Timestamp::as_second));
    }

    /// Whether a partner answered when it was last called.
    pub fn reached(&self, party: &Party, reached: bool) {
        self.reached.lock().unwrap_or_else(PoisonError::into_inner).insert(party.clone(), reached);
    }
}

/// The route of the operator's listener.
pub fn router(gateway: Arc<Gateway>) -> Router {
    Router::new().route("/metrics", get(metrics)).with_state(gateway)
}

async fn metrics(State(gateway): State<Arc<Gateway>>) -> Response {
    match text(&gateway).await {
        Ok(text) => {
            let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            ([(header::CONTENT_TYPE, kind)], text).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "the store gives no figures");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

/// Everything there is to read at this instant.
///
/// # Errors
/// [`StoreError`]; a monitoring system takes no figures for what they are: an alarm.
pub async fn text(gateway: &Gateway) -> Result<String, StoreError> {
    let now = gateway.now();
    let vitals = gateway.store().vitals(now).await?;
    let mut registry = Registry::with_prefix("comity");
    let counts = gateway.counts();
    let build = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
    registry.register("build", "The program", build);
    registry.register("exchanges", "Exchanges, by side and outcome", counts.exchanges.clone());
    registry.register_with_unit(
        "exchange",
        "How long exchanges took: at the sender from the order to the outcome, at the receiver from the offer to the answer",
        Unit::Seconds,
        counts.took.clone(),
    );
    registry.register(
        "refusals",
        "Exchanges of which something was refused, or went only without what was, by side and reason",
        counts.refusals.clone(),
    );
    registry.register(
        "decisions",
        "Decisions of all laws on one class, by side and outcome",
        counts.decisions.clone(),
    );
    registry.register(
        "misbehaviour",
        "Messages of partners that were not accepted",
        counts.misbehaved.clone(),
    );
    registry.register(
        "sign_ins",
        "Requests by what they showed and what came of it",
        counts.sign_ins.clone(),
    );
    registry.register(
        "webhook_messages",
        "Messages to endpoints, by what came of them",
        counts.webhooks.clone(),
    );
    let endpoints = Family::<Labels, Gauge>::default();
    for state in ["told", "failing", "disabled"] {
        // Shown as 0 where there is none.
        let _ = endpoints.get_or_create(&vec![("state", state)]);
    }
    for row in gateway.store().webhooks().await?.iter().filter(|row| row.ended.is_none()) {
        endpoints.get_or_create(&vec![("state", webhooks::state(row))]).inc();
    }
    registry.register("webhook_endpoints", "Endpoints that are told of acts, by how they are", endpoints);
    let (waiting, overdue) = subjects::waiting(gateway, now).await?;
    let requests = Family::<Labels, Gauge>::default();
    for (state, count) in [("waiting", waiting - overdue), ("overdue", overdue)] {
        requests.get_or_create(&vec![("state", state)]).set(i64::try_from(count).unwrap_or(i64::MAX));
    }
    registry.register("subject_requests", "Requests of persons that are not answered", requests);
    let told = notices::standing(gateway, now).await?;
    let notices = Family::<Labels, Gauge>::default();
    let in_time = told.waiting.saturating_sub(told.deferred);
    for (state, count) in [
        ("waiting", in_time),
        ("deferred", told.deferred),
        ("overdue", told.overdue),
        ("not_taken", told.not_taken),
    ] {
        notices.get_or_create(&vec![("state", state)]).set(i64::try_from(count).unwrap_or(i64::MAX));
    }
    registry.register("notices", "Persons who are to be told", notices);
    registry.register("reviews", "Looks at what is kept about people that are owed", counts.reviews.clone());
    registry.register_with_unit(
        "reviews_next_due_timestamp",
        "By when the next look that is not late is due, since 1970; 0 where none is owed",
        Unit::Seconds,
        counts.reviews_next.clone(),
    );
    let offices = Family::<Reasons, Gauge>::default();
    for row in gateway.store().escalations(None, u32::MAX).await? {
        let reasons = row.detail.questions.iter().flat_map(|put| &put.reasons);
        for reason in reasons.map(|reason| word_of(reason)).collect::<BTreeSet<_>>() {
            offices.get_or_create(&vec![("reason", reason.to_owned())]).inc();
        }
    }
    registry.register("approvals", "Exchanges that wait for offices, by the reasons why", offices);
    let hashes = Counter::<u64>::default();
    hashes.inc_by(gateway.signin().hashes());
    registry.register("sign_in_hashes", "Passwords that were hashed", hashes);
    let reached = Family::<Vec<(&'static str, String)>, Gauge>::default();
    for (party, yes) in counts.reached.lock().unwrap_or_else(PoisonError::into_inner).iter() {
        reached.get_or_create(&vec![("party", party.to_string())]).set(i64::from(*yes));
    }
    registry.register("partner_reached", "1 when the partner answered its last call", reached);
    measures(&mut registry, &vitals, now);
    let (open, overdue) = referrals::standing(gateway, now).await?;
    gauge(&mut registry, "referral_open", "Requests of persons that wait for a partner's answer", open);
    gauge(&mut registry, "referral_overdue", "Those of them that are overdue", overdue);
    let (open, overdue) = recall::standing(gateway, now).await?;
    gauge(
        &mut registry,
        "recall_open",
        "Messages of orders to erase or restrict that wait for answers",
        open,
    );
    gauge(&mut registry, "recall_overdue", "Those of them whose answers are overdue", overdue);
    let mut text = String::new();
    // Unwrap safety: writing into a string does not fail.
    encode(&mut text, &registry).expect("a string takes every text");
    Ok(text)
}

fn measures(registry: &mut Registry, vitals: &Vitals, now: Timestamp) {
    let mut count = |name: &str, help: &str, value: u64| gauge(registry, name, help, value);
    count("log_entries", "Entries of the log", vitals.tree_size.0);
    count("outbox_offers", "Offers that wait for their answers", vitals.outbox);
    count("vault_held", "Sealed records and openings held", vitals.held);
    count("vault_overdue", "Records whose instant of erasure has passed", vitals.overdue);
    count("vault_holds", "Holds that stand: what keeps records from erasure", vitals.holds);
    count("vault_erased", "Records and openings erased, ever", vitals.erased);
    count("vault_destroyed", "Those of the erased whose epoch keys are destroyed", vitals.destroyed);
    let mut age = |name: &str, help: &str, since: Option<Timestamp>| {
        let seconds = since.map_or(0.0, |since| now.duration_since(since).as_secs_f64().max(0.0));
        measure(registry, name, help, seconds);
    };
    age("outbox_oldest", "Age of the oldest offer that waits", vitals.outbox_since);
    age("vault_overdue_oldest", "How long the longest overdue record is overdue", vitals.overdue_since);
    age(
        "vault_undestroyed_oldest",
        "How long the oldest erasure waits for its key's destruction",
        vitals.waiting_since,
    );
    measure(
        registry,
        "store_commit",
        "How long the last commit took",
        vitals.commit.unwrap_or(Duration::ZERO).as_secs_f64(),
    );
}

fn gauge(registry: &mut Registry, name: &str, help: &str, value: u64) {
    let gauge: Gauge = Gauge::default();
    gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
    registry.register(name, help, gauge);
}

fn measure(registry: &mut Registry, name: &str, help: &str, seconds: f64) {
    let gauge = Measure::default();
    gauge.set(seconds);
    registry.register_with_unit(name, help, Unit::Seconds, gauge);
}

/// The word of a reason: what follows it is a fact's name, or an object's id.
fn word_of(reason: &str) -> &str {
    reason.split_once(':').map_or(reason, |(word, _)| word)
}

fn word(side: Side) -> &'static str {
    match side {
        Side::Sender => "sender",
        Side::Receiver => "receiver",
    }
}
