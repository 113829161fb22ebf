//! Notices to persons: opened, put off, approved, sent; and what goes out by itself when its time has come.

mod views;

pub use views::{Standing, done_json, duties, listed, part, row_json, shown, standing};

use super::share::stated::{assertable_by_officer, stated_by_officer};
use super::{manage, officers, offices};
use crate::gateway::{Gateway, GatewayError};
use crate::notices::mailbox::Mailbox;
use crate::notices::smtp::MailServer;
use crate::notices::{Handed, Road as _, letter};
use comity_exchange::ExchangeError;
use comity_exchange::notice::{
    self, Addressee, Closing, Deferring, Done, Opening, Trouble, Way, failed, filed, given, overdue,
};
use comity_exchange::once::Once;
use comity_exchange::ports::{NoticeRow, NoticeState, Notices as _, Store as _, StoreError};
use comity_exchange::shell::{Lent, Shell as _};
use comity_exchange::subject::Desk as _;
use comity_terms::ids::NoticeId;
use comity_terms::{Digest, ExchangeId, FactKey, Office, PackSlug, ReasonCode, Timestamp};
use serde_json::Value as Json;

/// What an officer opens a notice with.
#[derive(Debug)]
pub struct Order {
    /// The exchange that the person is told of.
    pub exchange: Option<ExchangeId>,
    /// The agreement whose law is asked, where there is no exchange.
    pub under: Option<PackSlug>,
    /// Whom it goes to.
    pub to: Addressee,
    /// What the officer states.
    pub facts: Vec<(FactKey, String)>,
    /// The client's own key that it is opened under: once.
    pub once: Option<Once>,
}

/// How an officer puts a notice off.
#[derive(Debug)]
pub struct Off {
    /// The ground: a word of the vocabulary.
    pub ground: String,
    /// The reasons, in words.
    pub reasons: String,
    /// Until when.
    pub recheck: Timestamp,
    /// What else the officer states.
    pub facts: Vec<(FactKey, String)>,
}

/// The longest reasons: some twelve pages.
pub const REASONS_BYTES_MAX: usize = 32 << 10;

fn lent(gateway: &Gateway, agreement: &PackSlug) -> Result<Lent, GatewayError> {
    let lent = gateway.laws_then(agreement, &gateway.adopted_now());
    lent.ok_or_else(|| {
        GatewayError::Input(format!(
            "`{agreement}`, or this party's own law, is not adopted; `comity law adopt`"
        ))
    })
}

fn way(gateway: &Gateway) -> Way {
    Way { email: gateway.settings().notices.smtp.is_some() }
}

/// The officer, whose key signs what they order of a notice.
async fn ordered(gateway: &Gateway, officer: &str, text: &str) -> Result<Json, GatewayError> {
    let acting = officers::deciding(gateway, officer).await?;
    Ok(acting.signed(text))
}

/// A notice by its number.
async fn known(gateway: &Gateway, number: NoticeId) -> Result<NoticeRow, GatewayError> {
    let row = gateway.store().notice(number).await?;
    row.ok_or_else(|| GatewayError::Input(format!("no notice {number} is recorded here")))
}

/// What an officer is told when another hand was faster, or the notice is past it.
fn told<T>(number: NoticeId, came: Result<T, ExchangeError>) -> Result<T, GatewayError> {
    came.map_err(|error| match error {
        ExchangeError::Store(StoreError::Conflict(_)) => {
            GatewayError::Input(format!("notice {number} has gone on by now: `comity notice show {number}`"))
        }
        ExchangeError::Question(why) | ExchangeError::Law(why) => GatewayError::Input(why),
        other => other.into(),
    })
}

/// Opens a notice.
///
/// # Errors
/// [`GatewayError::Input`] when no such officer may, there is no such exchange, or what is stated does not read.
pub async fn open(gateway: &Gateway, officer: &str, order: Order) -> Result<NoticeRow, GatewayError> {
    letter::reads(&order.to)?;
    let agreement = match (order.exchange, order.under) {
        (Some(exchange), None) => {
            let row = gateway.store().exchange(exchange).await?;
            let row =
                row.ok_or_else(|| GatewayError::Input(format!("no exchange {exchange} is recorded here")))?;
            row.agreement
        }
        (None, Some(under)) => under,
        _ => return Err(GatewayError::Input("expected an exchange, or an agreement".to_owned())),
    };
    let lent = lent(gateway, &agreement)?;
    assertable_by_officer(&order.facts, &lent)?;
    let facts = stated_by_officer(&order.facts, &lent)?;
    let exchange = order.exchange.map_or_else(|| "-".to_owned(), |exchange| exchange.to_string());
    // Whom it goes to is in no entry, and not in what is signed: one digest of it, salted by nothing, would be guessed.
    let by = ordered(gateway, officer, &format!("notice open\n{exchange}\n{agreement}\n")).await?;
    let _one = gateway.telling().lock().await;
    let opening = Opening { exchange: order.exchange, agreement, to: order.to, facts, by, once: order.once };
    notice::open(gateway, &opening).await.map_err(|error| match error {
        ExchangeError::Question(why) | ExchangeError::Law(why) => GatewayError::Input(why),
        other => other.into(),
    })
}

/// The notice of that number, as one that was opened under a client's key and that nobody has answered.
///
/// # Errors
/// [`GatewayError`].
pub async fn told_again(gateway: &Gateway, told: &[u8]) -> Result<NoticeRow, GatewayError> {
    let number = std::str::from_utf8(told).ok().and_then(|text| text.parse().ok());
    let broken = || GatewayError::Broken("what is kept under a client's key does not read".to_owned());
    known(gateway, number.ok_or_else(broken)?).await
}

/// Says whom a notice goes to.
///
/// # Errors
/// [`GatewayError::Input`] when no such officer may, or it has gone on.
pub async fn address(
    gateway: &Gateway,
    number: NoticeId,
    officer: &str,
    to: Addressee,
) -> Result<NoticeRow, GatewayError> {
    letter::reads(&to)?;
    let by = ordered(gateway, officer, &format!("notice address\n{number}\n")).await?;
    let _one = gateway.telling().lock().await;
    let row = settled(gateway, known(gateway, number).await?).await?;
    told(number, notice::address(gateway, row, to, &by).await)
}

/// One that arose, with its clock.
async fn settled(gateway: &Gateway, row: NoticeRow) -> Result<NoticeRow, GatewayError> {
    match row.state {
        NoticeState::Arisen => {
            let later = later(gateway, 1);
            told(row.id, notice::settle(gateway, row, later).await)
        }
        _ => Ok(row),
    }
}

fn later(gateway: &Gateway, failures: u32) -> Timestamp {
    gateway.now().checked_add(gateway.settings().notices.pause(failures)).unwrap_or(Timestamp::MAX)
}

/// Puts a notice off, as far as the law lets it wait.
///
/// # Errors
/// [`GatewayError::Input`] when no such officer may, the ground is no word, or the date is past or later than the law has it.
pub async fn defer(
    gateway: &Gateway,
    number: NoticeId,
    officer: &str,
    off: Off,
) -> Result<Done, GatewayError> {
    if off.reasons.trim().is_empty() || off.reasons.len() > REASONS_BYTES_MAX {
        return Err(GatewayError::Input(format!("the reasons: expected 1 to {REASONS_BYTES_MAX} bytes")));
    }
    let reasons = Digest::of(off.reasons.as_bytes());
    let Off { ground, recheck, .. } = &off;
    let by = ordered(gateway, officer, &format!("notice defer\n{number}\n{ground}\n{recheck}\n{reasons}\n"))
        .await?;
    let _one = gateway.telling().lock().await;
    let row = settled(gateway, known(gateway, number).await?).await?;
    let lent = lent(gateway, &row.agreement)?;
    assertable_by_officer(&off.facts, &lent)?;
    let key: FactKey = "deferral_ground".parse().map_err(|_| GatewayError::Broken("no fact".to_owned()))?;
    let mut facts = stated_by_officer(&[(key, off.ground.clone())], &lent)?;
    let ground = facts.remove("deferral_ground").map(|fact| fact.value);
    let ground = ground.ok_or_else(|| GatewayError::Broken("a ground is lost".to_owned()))?;
    let deferring = Deferring {
        ground,
        facts: stated_by_officer(&off.facts, &lent)?,
        reasons: off.reasons,
        recheck: off.recheck,
        approve_until: gateway.settings().approval_until(gateway.now()),
        officer: officer.to_owned(),
        by,
    };
    told(number, notice::defer(gateway, row, &deferring).await)
}

/// Closes a notice, where the law has said that nobody is owed it.
///
/// # Errors
/// [`GatewayError::Input`] when no such officer may, the reason is no word, or it is on its way.
pub async fn close(
    gateway: &Gateway,
    number: NoticeId,
    officer: &str,
    reason: &ReasonCode,
) -> Result<Done, GatewayError> {
    if !manage::is_reason(reason)? {
        return Err(GatewayError::Input(format!("`{reason}` is no reason that the vocabulary knows")));
    }
    let by = ordered(gateway, officer, &format!("notice close\n{number}\n{reason}\n")).await?;
    let _one = gateway.telling().lock().await;
    let row = settled(gateway, known(gateway, number).await?).await?;
    let closing = Closing { reason: reason.clone(), by };
    told(number, notice::close(gateway, row, &closing).await)
}

/// An officer approves for an office what is proposed of a notice.
///
/// # Errors
/// [`GatewayError::Input`] when they do not act for it, nothing waits for it, or they proposed it themselves.
pub async fn approve(
    gateway: &Gateway,
    number: NoticeId,
    officer: &str,
    office: &Office,
) -> Result<Done, GatewayError> {
    let by = ordered(gateway, officer, &format!("notice approve\n{number}\n{office}\n")).await?;
    let known_officer = offices::trained(gateway, officer).await?;
    offices::acts_for(gateway, &known_officer, office, gateway.now()).await?;
    let _one = gateway.telling().lock().await;
    let row = known(gateway, number).await?;
    let done = told(number, notice::approve(gateway, row, (office, officer, &by), way(gateway)).await)?;
    handed_over(gateway, done).await
}

/// Sends a notice now: what it was put off for has ended.
///
/// # Errors
/// [`GatewayError::Input`] when no such officer may, it goes to nobody, or it is on its way.
pub async fn send(gateway: &Gateway, number: NoticeId, officer: &str) -> Result<Done, GatewayError> {
    let by = ordered(gateway, officer, &format!("notice send\n{number}\n")).await?;
    let _one = gateway.telling().lock().await;
    let row = settled(gateway, known(gateway, number).await?).await?;
    if row.state == NoticeState::Issued {
        let row = deliver(gateway, row).await?;
        return Ok(Done::Yes(row));
    }
    let until = gateway.settings().approval_until(gateway.now());
    let came = notice::issue(gateway, row, Some((officer, &by, until)), way(gateway)).await;
    match told(number, came)? {
        Ok(done) => handed_over(gateway, done).await,
        Err(Trouble::NoAddressee) => Err(GatewayError::Input(format!(
            "nobody is named whom notice {number} goes to: `comity notice address {number}`"
        ))),
        Err(Trouble::NoRoad) => Err(GatewayError::Input(
            "no road that is here leads to whom it goes to: `[notices.smtp]` in settings.toml, or a mailbox"
                .to_owned(),
        )),
        Err(other) => Err(GatewayError::Input(other.as_str().to_owned())),
    }
}

/// What was sent is handed over at once, where it can be.
async fn handed_over(gateway: &Gateway, done: Done) -> Result<Done, GatewayError> {
    match done {
        Done::Yes(row) if row.state == NoticeState::Issued => Ok(Done::Yes(deliver(gateway, row).await?)),
        done => Ok(done),
    }
}

/// What one look at notices came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Looked {
    /// Whose clock was fixed, or that were closed.
    pub settled: usize,
    /// That were handed over.
    pub given: usize,
    /// That were to go out and did not.
    pub troubled: usize,
    /// That are flagged from now on, because a person was not told in time.
    pub overdue: usize,
}

/// The most notices that one look takes.
const ONCE: u32 = 500;

/// Looks at every notice whose time has come: fixes clocks, sends out what is due, tries again what was not taken, flags
/// what is late.
///
/// # Errors
/// [`GatewayError`] when the store cannot be read; what became of one notice keeps no other.
pub async fn once(gateway: &Gateway) -> Result<Looked, GatewayError> {
    let mut looked = Looked::default();
    let _one = gateway.telling().lock().await;
    for row in gateway.store().notices_due(gateway.now(), ONCE).await? {
        let (id, failures) = (row.id, row.detail.failures);
        match look(gateway, row, &mut looked).await {
            Ok(()) => {}
            // Another node was faster.
            Err(GatewayError::Exchange(ExchangeError::Store(StoreError::Conflict(_)))) => {}
            Err(GatewayError::Exchange(ExchangeError::Store(error))) => return Err(error.into()),
            Err(error) => {
                tracing::error!(%id, %error, "a notice cannot be looked at");
                looked.troubled += 1;
                if let Some(row) = gateway.store().notice(id).await? {
                    let again = Some(later(gateway, failures + 1));
                    let row = failed(gateway, row, "not_looked_at".to_owned(), again).await?;
                    flag(gateway, row, Trouble::LawRefuses, &mut looked).await?;
                }
            }
        }
    }
    Ok(looked)
}

async fn look(gateway: &Gateway, row: NoticeRow, looked: &mut Looked) -> Result<(), GatewayError> {
    let now = gateway.now();
    let row = match row.state {
        NoticeState::Arisen => {
            let row = notice::settle(gateway, row, later(gateway, 1)).await?;
            looked.settled += usize::from(row.state != NoticeState::Arisen);
            row
        }
        _ => row,
    };
    if row.next_at.is_none_or(|at| at > now) {
        return Ok(());
    }
    let row = match row.state {
        NoticeState::Open | NoticeState::Deferred => {
            let failures = row.detail.failures;
            match notice::issue(gateway, row.clone(), None, way(gateway)).await? {
                Ok(Done::Yes(row)) => row,
                Ok(_) => return Ok(()),
                Err(trouble) => {
                    looked.troubled += 1;
                    let again = Some(later(gateway, failures + 1));
                    let row = failed(gateway, row, trouble.as_str().to_owned(), again).await?;
                    return flag(gateway, row, trouble, looked).await;
                }
            }
        }
        _ => row,
    };
    if row.state == NoticeState::Issued {
        let before = row.overdue_since.is_some();
        let row = deliver(gateway, row).await?;
        match row.state {
            NoticeState::Given => looked.given += 1,
            _ => looked.troubled += 1,
        }
        looked.overdue += usize::from(!before && row.overdue_since.is_some());
    }
    Ok(())
}

async fn flag(
    gateway: &Gateway,
    row: NoticeRow,
    why: Trouble,
    looked: &mut Looked,
) -> Result<(), GatewayError> {
    let before = row.overdue_since.is_some();
    let row = overdue(gateway, row, why).await?;
    looked.overdue += usize::from(!before && row.overdue_since.is_some());
    Ok(())
}

/// Hands over one that is on its way; one that is not taken is tried again later, and flagged when it is late.
async fn deliver(gateway: &Gateway, row: NoticeRow) -> Result<NoticeRow, GatewayError> {
    // Nobody else hands it over while this try lasts.
    let patience = gateway.settings().notices.smtp.as_ref().map_or(60, |smtp| smtp.patience_seconds);
    let claim = gateway.now().checked_add(std::time::Duration::from_secs(patience + 30));
    let row = notice::claimed(gateway, row, claim.unwrap_or(Timestamp::MAX)).await?;
    match hand(gateway, &row).await {
        Ok(()) => Ok(given(gateway, row).await?),
        Err(why) => {
            tracing::warn!(id = %row.id, %why, "a notice was not taken, and is tried again");
            let again = Some(later(gateway, row.detail.failures + 1));
            let row = failed(gateway, row, why, again).await?;
            Ok(overdue(gateway, row, Trouble::NotTaken).await?)
        }
    }
}

async fn hand(gateway: &Gateway, row: &NoticeRow) -> Result<(), String> {
    let file = filed(gateway, row).await.map_err(|error| error.to_string())?;
    let file = file.ok_or_else(|| "what it says is erased".to_owned())?;
    let (Some(to), Some(letter)) = (&file.to, &file.letter) else { return Err("it says nothing".to_owned()) };
    let message = letter::written(letter, to).map_err(|error| error.to_string())?;
    let handed = Handed { number: row.id, at: letter.at.0, to, message: &message };
    let settings = &gateway.settings().notices;
    match (row.detail.road.as_deref(), &settings.smtp) {
        (Some("email"), Some(smtp)) => MailServer(smtp.clone()).hand(&handed).await,
        (Some("mailbox"), _) if to.mailbox.is_some() => {
            Mailbox(gateway.directory().data().join(&settings.mailbox)).hand(&handed).await
        }
        _ => Err("its road is not here any more".to_owned()),
    }
}
