//! Holds: an officer's signed, dated, reasoned act by which records are kept from erasure, for a listed ground and a time.
//!
//! ```text
//! place   the laws decide ─> no longer than they let it ─> hold, entry `hold.placed`: one transaction
//!           stands: neither the clock, nor an order, nor a person, nor an officer ends what it covers
//! lift    the laws decide ─> entry `hold.lifted`          or its time comes, and no act is needed
//! after   what somebody wanted erased meanwhile is erased; the rest goes by its own clock, which ran on
//! ```
//! A hold changes no record and no clock: a second copy still ends when the first would have, and nobody uses what is past
//! its time. It is an act of its own, in an entry of its own, whatever becomes of the exchange.
//!
//! Invariants: no hold outlasts what the strictest law lets it, counted from the first hold on the same ground; where no law
//! says how long, nothing is held; what stops an erasure delays it, and does not undo it.

use super::preserved;
use crate::ExchangeError;
use crate::act::{enter, note};
use crate::ports::{ExchangeRow, HeldRecord, HoldRow, Holds, Record, Store, StoreError};
use crate::recall::{Ruled, ask};
use crate::report::{CitationReport, ExchangeOutcome, Side};
use crate::shell::Shell;
use crate::wire::Text;
use comity_agreement::{Decision, Outcome};
use comity_terms::ids::{ClassId, HoldId};
use comity_terms::{Act, Asserter, ExchangeId, Facts, Obligation, ReasonCode, Timestamp};
use serde_json::{Value as Json, json};

/// What an officer asks to hold.
#[derive(Debug, Clone)]
pub struct Placing {
    /// The hold.
    pub id: HoldId,
    /// Whose records.
    pub exchange: ExchangeId,
    /// One record of it; `None` for all of them.
    pub record: Option<(ClassId, u32)>,
    /// Why: a word of `hold_ground`.
    pub ground: String,
    /// Until when, UTC; of a part of a second nothing is held.
    pub until: Timestamp,
    /// What the officer states beside the ground, and what the gateway knows of the officer.
    pub facts: Facts,
    /// The officer's key.
    pub key: String,
    /// Whose order it is and where the reasons are, in words that an entry may hold.
    pub by: Json,
    /// The instant of the act, UTC.
    pub at: Timestamp,
}

/// What became of it.
#[derive(Debug, Clone)]
pub struct Placed {
    /// What the laws said.
    pub decision: Decision,
    /// Until when they let it be held at the most, UTC; `None` where none says: then nothing is held.
    pub at_most: Option<Timestamp>,
    /// The rule that says so.
    pub bound: Option<CitationReport>,
    /// Why it is not held, beyond what the laws said of the act itself.
    pub reasons: Vec<String>,
    /// The hold; `None` where it was refused.
    pub hold: Option<HoldRow>,
}

/// The acts as the vocabulary knows them.
const HOLD: &str = "hold";
const LIFT: &str = "lift_hold";
const REVIEW: &str = "review_retention";

/// The duties by which laws bound a hold, and ask that nobody use what is held.
const NO_LONGER: &str = "hold_no_longer";
const RESTRICT: &str = "restrict_while_held";

/// The reasons of this gateway: no law lets it be held that long, and a hold stands against an erasure.
const TOO_LONG: &str = "hold_too_long";
pub(crate) const HELD: &str = "hold_stands";

/// The facts that the gateway states.
const GROUND: &str = "hold_ground";
const SINCE: &str = "held_since";

/// The fact that an officer states of a review.
const OUTCOME: &str = "review_outcome";

/// Decides whether records are held, and records it.
///
/// # Errors
/// [`ExchangeError::Question`] when nothing of the exchange is held here, or its laws cannot be asked; nothing happened
/// then. Others as everywhere.
pub async fn place<W: Shell>(world: &W, placing: &Placing) -> Result<Placed, ExchangeError> {
    let Placing { id, exchange, record, ground, until, facts, key, by, at } = placing;
    let row = known(world, *exchange).await?;
    let held = world.store().held_of(*exchange, false, u32::MAX).await?;
    let objects = count(&held, *record);
    if objects == 0 {
        let text = format!("nothing is left here of exchange {exchange} that could be held");
        return Err(ExchangeError::Question(text));
    }
    let before = world.store().holds_of(vec![*exchange]).await?;
    // A second hold on the same ground goes on with the time of the first, also where that has ended.
    let on_same_ground = before.iter().filter(|hold| hold.ground == *ground).map(|hold| hold.since);
    let since = on_same_ground.min().unwrap_or(*at);
    let mut facts = facts.clone();
    facts.know(GROUND, ground.as_str(), Asserter::Officer);
    facts.know(SINCE, since, Asserter::Gateway);
    let ruled = asked(world, HOLD, &row, &facts, objects, *at)?;
    let bounding = ruled.duties.iter().filter(|duty| duty.kind.as_str() == NO_LONGER);
    let bounding = bounding.filter_map(|duty| Some((duty.due.as_ref()?.operational, duty)));
    let bounding = bounding.min_by_key(|(most, _)| *most);
    let restricts = ruled.duties.iter().any(|duty| duty.kind.as_str() == RESTRICT);
    let permitted = ruled.decision.outcome == Outcome::Permitted;
    let (begun, until) = (whole(*at), whole(*until));
    let fits = bounding.is_some_and(|(most, _)| begun < until && until <= most);
    let reasons = if permitted && !fits { vec![TOO_LONG.to_owned()] } else { Vec::new() };
    let hold = bounding.filter(|_| permitted && fits).map(|(_, duty)| HoldRow {
        id: *id,
        exchange: *exchange,
        record: *record,
        ground: ground.clone(),
        restricts,
        since,
        begun,
        until,
        lifted: None,
        key: key.clone(),
        bound: bound(duty),
        erase_after: None,
        version: 1,
    });
    let at_most = bounding.map(|(most, _)| most);
    let opened = json!({
        "hold": id.to_string(),
        "exchange": exchange.to_string(),
        "whole": record.is_none(),
        "ground": ground,
        "since": since.to_string(),
        "until": until.to_string(),
        "at_most": at_most.map(|most| most.to_string()),
        "stands": hold.is_some(),
        "restricts": restricts,
        "reasons": reasons,
        "asked": ruled.asked,
        "rulings": [ruled.ruling],
        "ordered": by,
    });
    enter(world, Act::HoldPlaced, (opened, None), *at, |_| Record {
        holds: hold.iter().cloned().collect(),
        ..Record::default()
    })
    .await?;
    let bound = bounding.map(|(_, duty)| cited(&bound(duty)));
    Ok(Placed { decision: ruled.decision, at_most, bound, reasons, hold })
}

/// What an officer asks to let go.
#[derive(Debug, Clone)]
pub struct Lifting {
    /// The hold.
    pub id: HoldId,
    /// What the officer states, and what the gateway knows of the officer.
    pub facts: Facts,
    /// Whose order it is and where the reasons are, in words that an entry may hold.
    pub by: Json,
    /// The instant of the act, UTC.
    pub at: Timestamp,
}

/// Decides whether a hold is let go before its time, and records it: the decision, and the hold as it is then.
///
/// # Errors
/// [`ExchangeError::Question`] when no such hold stands, or its laws cannot be asked; nothing happened then.
pub async fn lift<W: Shell>(world: &W, lifting: &Lifting) -> Result<(Decision, HoldRow), ExchangeError> {
    let Lifting { id, facts, by, at } = lifting;
    let hold = world.store().hold(*id).await?.filter(|hold| hold.stands(*at));
    let hold = hold.ok_or_else(|| ExchangeError::Question(format!("no hold {id} stands here")))?;
    let row = known(world, hold.exchange).await?;
    let mut facts = facts.clone();
    facts.know(GROUND, hold.ground.as_str(), Asserter::Officer);
    let ruled = asked(world, LIFT, &row, &facts, row.objects, *at)?;
    let lifted = ruled.decision.outcome == Outcome::Permitted;
    let after = if lifted {
        HoldRow { lifted: Some(whole(*at)), version: hold.version + 1, ..hold.clone() }
    } else {
        hold
    };
    let opened = json!({
        "hold": id.to_string(),
        "exchange": after.exchange.to_string(),
        "lifted": lifted,
        "asked": ruled.asked,
        "rulings": [ruled.ruling],
        "ordered": by,
    });
    enter(world, Act::HoldLifted, (opened, None), *at, |_| Record {
        holds: if lifted { vec![after.clone()] } else { Vec::new() },
        ..Record::default()
    })
    .await?;
    Ok((ruled.decision, after))
}

/// Decides whether an officer's look at records before their time ends counts, and records it: `outcome` is a word of
/// `review_outcome`, with what the officer states and whose act it is.
///
/// # Errors
/// As [`place`].
pub async fn review<W: Shell>(
    world: &W,
    exchange: ExchangeId,
    (outcome, facts, by): (&str, &Facts, &Json),
    at: Timestamp,
) -> Result<Decision, ExchangeError> {
    let row = known(world, exchange).await?;
    let mut facts = facts.clone();
    facts.know(OUTCOME, outcome, Asserter::Officer);
    let ruled = asked(world, REVIEW, &row, &facts, row.objects, at)?;
    let opened = json!({
        "exchange": exchange.to_string(),
        "reviewed": ruled.decision.outcome == Outcome::Permitted,
        "outcome": outcome,
        "asked": ruled.asked,
        "rulings": [ruled.ruling],
        "ordered": by,
    });
    note(world, Act::RetentionReviewed, (opened, None), at).await?;
    Ok(ruled.decision)
}

fn count(held: &[HeldRecord], record: Option<(ClassId, u32)>) -> u64 {
    let covered = held.iter().filter(|held| {
        record.is_none_or(|(class, ordinal)| held.class == Some(class) && held.row.ordinal == ordinal)
    });
    covered.count() as u64
}

async fn known<W: Shell>(world: &W, exchange: ExchangeId) -> Result<ExchangeRow, ExchangeError> {
    let row = world.store().exchange(exchange).await?;
    let kept = row.filter(|row| row.outcome == ExchangeOutcome::Delivered);
    kept.ok_or_else(|| ExchangeError::Question(format!("no records came here by exchange {exchange}")))
}

fn asked<W: Shell>(
    world: &W,
    action: &str,
    row: &ExchangeRow,
    facts: &Facts,
    objects: u64,
    at: Timestamp,
) -> Result<Ruled, ExchangeError> {
    let lent = world.laws(&row.agreement, &row.peer).ok_or_else(|| {
        ExchangeError::Question(format!("`{}` is not adopted here any more", row.agreement))
    })?;
    let own = &world.signatory().party;
    ask(world, (action, &row.agreement), (own, &row.peer), facts, objects, (&lent, at))
}

/// Without the part of a second: clocks of records are whole.
fn whole(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

fn bound(duty: &Obligation) -> [String; 4] {
    let (law, pack, article, rule) = &duty.source;
    [law.to_string(), pack.to_string(), rule.to_string(), article.to_string()]
}

/// The rule that bounds a hold, as it is told.
pub(crate) fn cited([law, pack, rule, article]: &[String; 4]) -> CitationReport {
    // Unwrap safety: these were written from terms.
    CitationReport {
        law: Text(law.parse().expect("a law's name")),
        pack: Text(pack.parse().expect("a pack's slug")),
        article: article.clone(),
        rule: rule.clone(),
        effect: "obligation".to_owned(),
        summary: String::new(),
    }
}

/// What stands against erasing records of one exchange, whoever asks for it: this gateway's duty to preserve, and holds.
#[derive(Debug, Clone, Default)]
pub struct Against {
    duty: Option<CitationReport>,
    holds: Vec<HoldRow>,
}

impl Against {
    /// What stands against it at `now`.
    ///
    /// # Errors
    /// [`ExchangeError`] when the store or the keys fail.
    pub(crate) async fn of<W: Shell>(
        world: &W,
        row: &ExchangeRow,
        now: Timestamp,
    ) -> Result<Self, ExchangeError> {
        let mut holds = world.store().holds_of(vec![row.id]).await?;
        holds.retain(|hold| hold.stands(now));
        // Of what was sent, the duty to preserve is the partner's.
        let here = row.side == Side::Receiver || row.peer == world.signatory().party;
        let here = here && row.outcome == ExchangeOutcome::Delivered;
        let duty = if here { preserved::until(world, row, now).await? } else { None };
        Ok(Self { duty, holds })
    }

    /// Whether it keeps this record.
    #[must_use]
    pub fn keeps(&self, record: &HeldRecord) -> bool {
        self.duty.is_some() || self.holds.iter().any(|hold| hold.covers(record))
    }

    /// Why, in the vocabulary's words: each once.
    #[must_use]
    pub fn reasons(&self) -> Vec<String> {
        let duty = self.duty.iter().map(|_| preserved::PRESERVED);
        let hold = self.holds.first().map(|_| HELD);
        duty.chain(hold).map(str::to_owned).collect()
    }

    /// By which rules.
    #[must_use]
    pub fn citations(&self) -> Vec<CitationReport> {
        self.duty.iter().cloned().chain(self.holds.iter().map(|hold| cited(&hold.bound))).collect()
    }

    /// The holds, by the instant of their beginning.
    #[must_use]
    pub fn holds(&self) -> &[HoldRow] {
        &self.holds
    }

    /// The holds that keep something of `held` all of which is wanted, each with the ground.
    fn noted(
        &self,
        ground: &ReasonCode,
        held: &[HeldRecord],
        wanted: impl Fn(&HeldRecord) -> bool,
    ) -> Vec<HoldRow> {
        let whole = |hold: &&HoldRow| {
            let mut covered = held.iter().filter(|record| hold.covers(record)).peekable();
            hold.erase_after.is_none() && covered.peek().is_some() && covered.all(&wanted)
        };
        let noted = self.holds.iter().filter(whole);
        noted
            .map(|hold| {
                let (erase_after, version) = (Some(ground.clone()), hold.version + 1);
                HoldRow { erase_after, version, ..hold.clone() }
            })
            .collect()
    }

    /// Notes that somebody wanted erased all that one of these holds keeps of `held`, as `wanted` says: it is when the hold
    /// ends. Of a part of what a hold keeps nothing is noted: that part goes by its own clock. Where another hand is faster
    /// with a hold, that one's word stands.
    ///
    /// # Errors
    /// [`ExchangeError::Store`].
    pub(crate) async fn note<W: Shell>(
        &self,
        world: &W,
        ground: &ReasonCode,
        held: &[HeldRecord],
        wanted: impl Fn(&HeldRecord) -> bool,
    ) -> Result<(), ExchangeError> {
        for hold in self.noted(ground, held, wanted) {
            match world.store().record(Record { holds: vec![hold], ..Record::default() }).await {
                Ok(_) | Err(StoreError::Conflict(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

/// Erases what somebody wanted erased while it was held, of the holds that have ended by `now`; what another hold still
/// keeps waits for that one.
///
/// # Errors
/// [`ExchangeError`]; what was erased stays so, and the rest is found again.
pub async fn erase_after<W: Shell>(world: &W, now: Timestamp) -> Result<super::Erased, ExchangeError> {
    let mut erased = super::Erased::default();
    for hold in world.store().holds_over(now).await? {
        let Some(ground) = hold.erase_after.clone() else { continue };
        let order = super::Order { exchange: hold.exchange, ground: ground.clone(), openings: false };
        let by = json!({ "hold": hold.id.to_string() });
        let covered = |record: &HeldRecord| hold.covers(record);
        // What another hold keeps is noted there.
        let (done, _) = super::due::erase_unheld(world, &order, covered, &by).await?;
        erased.records += done.records;
        erased.openings += done.openings;
        erased.entries += done.entries;
        let settled = HoldRow { erase_after: None, version: hold.version + 1, ..hold.clone() };
        match world.store().record(Record { holds: vec![settled], ..Record::default() }).await {
            Ok(_) | Err(StoreError::Conflict(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(erased)
}
