//! What is held about whoever asks, class by class: what the law lets be done with it, and what of that they are told.

use super::Desk;
use super::answer::{Declined, GivenRecord, GivenSent};
use super::claim::Kind;
use super::effect::Consequence;
use super::law::{Asking, Said, of_records};
use crate::ExchangeError;
use crate::audit::recorded::read_facts;
use crate::audit::replay::read as read_decision;
use crate::collect::ClassKnown;
use crate::collect::read::opened;
use crate::erase::{Against, requested};
use crate::ports::{FoundRecord, SealedSegment, SegmentKind, Store};
use crate::wire::{Text, facts_from_wire};
use comity_terms::ids::SegmentId;
use comity_terms::{Asserter, ExchangeId, Facts, PackSlug, Timestamp};
use comity_vault::{Cleartext, EpochKeys as _};
use serde_json::{Value as Json, json};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

/// What is held about whoever asks, as far as the law lets it be given.
#[derive(Default)]
pub(super) struct Held {
    /// What the law grants the request for.
    pub(super) granted: Vec<Granted>,
    pub(super) withheld: usize,
    /// What of the withheld the law grants, and a duty of this gateway keeps.
    pub(super) preserved: usize,
    pub(super) sent: Vec<GivenSent>,
    /// What follows at each exchange that was sent and is granted.
    pub(super) sent_consequences: BTreeMap<ExchangeId, Consequence>,
    pub(super) sent_told: Vec<GivenSent>,
    pub(super) sent_withheld: usize,
    /// What is refused of what the person is told is held.
    pub(super) declined: Vec<Declined>,
    /// What the law said of each class, for the overseer.
    pub(super) classes: Vec<Json>,
}

/// A record that the law grants the request for.
pub(super) struct Granted {
    pub(super) record: FoundRecord,
    /// Whether the person is told of it: they would be, if they asked what is held.
    pub(super) told: bool,
    /// What follows at it.
    pub(super) consequence: Consequence,
}

impl Granted {
    /// Whether the record ends by it: putting right ends what was wrong, restricting ends nothing.
    fn ends(&self) -> bool {
        matches!(self.consequence, Consequence::Erase | Consequence::Correct)
    }
}

impl Held {
    /// Asks the law about each class of what was found.
    pub(super) async fn of<W: Desk>(
        world: &W,
        asking: &Asking,
        found: Vec<FoundRecord>,
    ) -> Result<Self, ExchangeError> {
        let mut held = Self::default();
        let mut classes: BTreeMap<(PackSlug, String), (Option<Said>, bool, u64)> = BTreeMap::new();
        let access = Asking { kind: Kind::Access, ..asking.clone() };
        for record in found {
            let agreement = record.held.agreement.clone();
            let sent = record.held.kind == SegmentKind::Opening;
            let detected = match sent {
                true => facts_of_sent(world, &record).await?,
                false => facts_of_held(&record),
            };
            let name = (agreement.clone(), format!("{sent} {detected:?}"));
            if !classes.contains_key(&name) {
                // Without facts nothing is granted: what nobody may read, and what came without a class.
                let ask = |asking: &Asking| match &detected {
                    Some(facts) => of_records(world, asking, &agreement, facts.clone()),
                    None => Ok(None),
                };
                let said = ask(asking)?;
                let tells = match asking.kind {
                    Kind::Access | Kind::Port => true,
                    _ => ask(&access)?.is_some_and(|said| said.grants()),
                };
                classes.insert(name.clone(), (said, tells, 0));
            }
            let Some((said, tells, count)) = classes.get_mut(&name) else { continue };
            *count += 1;
            let grants = said.as_ref().is_some_and(Said::grants);
            let consequence =
                said.as_ref().map_or(Consequence::Nothing, |said| Consequence::of(asking.kind, said));
            match (sent, grants) {
                (false, true) => held.granted.push(Granted { record, told: *tells, consequence }),
                (false, false) => held.withheld += 1,
                (true, true) => {
                    let sent = sent_of(world, &record).await?;
                    held.sent_told.extend(sent.clone().filter(|_| *tells));
                    held.sent_consequences.extend(sent.iter().map(|sent| (sent.exchange, consequence)));
                    held.sent.extend(sent);
                }
                (true, false) => held.sent_withheld += 1,
            }
        }
        let open = |(said, tells, count): &(Option<Said>, bool, u64)| {
            said.as_ref().filter(|said| *tells && !said.grants()).map(|said| Declined::by(said, *count))
        };
        if !matches!(asking.kind, Kind::Access | Kind::Port) {
            held.declined = classes.values().filter_map(open).collect();
        }
        held.classes = classes
            .into_iter()
            .map(|((agreement, _), (said, tells, count))| match said {
                Some(said) => json!({
                    "agreement": agreement.to_string(),
                    "asked": said.asked.to_string(),
                    "granted": said.grants(),
                    "told": tells,
                    "ruling": said.recorded(count),
                }),
                None => json!({
                    "agreement": agreement.to_string(),
                    "granted": false,
                    "objects": count,
                    "reasons": ["fact_missing"],
                }),
            })
            .collect();
        Ok(held)
    }

    /// The records at which this follows.
    pub(super) fn following(&self, consequence: Consequence) -> impl Iterator<Item = &Granted> {
        self.granted.iter().filter(move |granted| granted.consequence == consequence)
    }

    /// The records that the person is told of.
    pub(super) fn told(&self) -> impl Iterator<Item = &FoundRecord> {
        self.granted.iter().filter(|granted| granted.told).map(|granted| &granted.record)
    }

    /// Takes out what of an exchange is kept from ending.
    fn take_kept(&mut self, exchange: ExchangeId, against: &Against) -> Vec<Granted> {
        let of = |granted: &Granted| {
            let held = &granted.record.held;
            granted.ends() && held.exchange == Some(exchange) && against.keeps(held)
        };
        let (kept, granted) = std::mem::take(&mut self.granted).into_iter().partition(of);
        self.granted = granted;
        kept
    }

    /// What this gateway has to preserve, or holds from erasure, is not granted, whatever the law of the request says: it
    /// stays until that has ended, and whoever is told that it is held is told why.
    ///
    /// # Errors
    /// [`ExchangeError`] when the store or the keys fail.
    pub(super) async fn preserve<W: Desk>(&mut self, world: &W, now: Timestamp) -> Result<(), ExchangeError> {
        let ending = self.granted.iter().filter(|granted| granted.ends());
        let exchanges: BTreeSet<ExchangeId> =
            ending.filter_map(|granted| granted.record.held.exchange).collect();
        for exchange in exchanges {
            let Some(row) = world.store().exchange(exchange).await? else { continue };
            let against = Against::of(world, &row, now).await?;
            let kept = self.take_kept(exchange, &against);
            if kept.is_empty() {
                continue;
            }
            let all = world.store().held_of(exchange, false, u32::MAX).await?;
            let places: BTreeSet<_> = kept.iter().map(|kept| kept.record.held.place()).collect();
            against.note(world, &requested(), &all, |held| places.contains(&held.place())).await?;
            let (reasons, citations) = (against.reasons(), against.citations());
            self.withheld += kept.len();
            self.preserved += kept.len();
            let told = kept.iter().filter(|kept| kept.told).count();
            self.declined.extend((told > 0).then(|| Declined {
                pack: row.agreement.clone(),
                records: told as u64,
                reasons: reasons.clone(),
                citations: json!(citations),
            }));
            self.classes.push(json!({
                "agreement": row.agreement.to_string(),
                "granted": false,
                "objects": kept.len(),
                "reasons": reasons,
                "citations": citations,
            }));
        }
        Ok(())
    }
}

/// The facts of a record's class as it came, with the activity and purpose that it came for.
fn facts_of_held(record: &FoundRecord) -> Option<Facts> {
    if record.held.kind != SegmentKind::Records {
        return None;
    }
    let ClassKnown { facts, asked_for, .. } = serde_json::from_str(record.known.as_ref()?).ok()?;
    // A copy of what lies in a collection already lies in none itself.
    let (activity, purpose) = match (&record.stream, &asked_for) {
        (Some(stream), _) => (&stream.activity, &stream.purpose),
        (None, Some((Text(activity), Text(purpose)))) => (activity, purpose),
        (None, None) => return None,
    };
    let mut facts = facts_from_wire(&facts)?;
    facts.know("activity", activity.as_str(), Asserter::Officer);
    facts.know("purpose", purpose.as_str(), Asserter::Officer);
    Some(facts)
}

/// The facts under which something was sent, as its opening has them; `None` when nobody can read that any more.
async fn facts_of_sent<W: Desk>(world: &W, record: &FoundRecord) -> Result<Option<Facts>, ExchangeError> {
    let Some(segment) = world.store().segment(record.held.segment).await? else { return Ok(None) };
    let opening = world.with_keys(|keys| world.signatory().open_opening(&segment, keys))?;
    let Some(opening) = opening else { return Ok(None) };
    let decision = read_decision(opening.content()).ok().flatten();
    let Some(asked) = decision.and_then(|decision| decision.asked) else { return Ok(None) };
    let digests = world.adopted_now();
    let Some(lent) = world.laws_then(&world.signatory().home(), &digests) else { return Ok(None) };
    let mut facts = read_facts(&asked.facts, &lent.laws.vocabulary).ok();
    if let Some(facts) = &mut facts {
        // Of the officer who sent it, not of the request.
        for key in ["training_valid", "identity_verified"] {
            facts.remove(key);
        }
    }
    Ok(facts)
}

async fn sent_of<W: Desk>(world: &W, record: &FoundRecord) -> Result<Option<GivenSent>, ExchangeError> {
    let Some(exchange) = record.held.exchange else { return Ok(None) };
    let row = world.store().exchange(exchange).await?;
    Ok(row.map(|row| GivenSent {
        to: row.peer,
        agreement: row.agreement,
        exchange,
        at: row.at,
        ordered: None,
    }))
}

/// Copies of records, opened.
pub(super) async fn copies<'r, W: Desk>(
    world: &W,
    told: impl Iterator<Item = &'r FoundRecord>,
) -> Result<Vec<GivenRecord>, ExchangeError> {
    let mut segments: BTreeMap<SegmentId, Option<SealedSegment>> = BTreeMap::new();
    let mut given = Vec::new();
    for record in told {
        let id = record.held.segment;
        if let Entry::Vacant(place) = segments.entry(id) {
            place.insert(world.store().segment(id).await?);
        }
        let Some(Some(segment)) = segments.get(&id) else { continue };
        let bucket = record.held.bucket();
        let Some(key) = world.with_keys(|keys| keys.get(&bucket)).map_err(ExchangeError::keys)? else {
            continue;
        };
        if let Some(object) = opened(world.signatory(), segment, &record.held.row, &key)? {
            given.push(described(record, Some(object)));
        }
    }
    Ok(given)
}

pub(super) fn described(record: &FoundRecord, object: Option<Cleartext>) -> GivenRecord {
    let stream = record.stream.as_ref();
    GivenRecord {
        object,
        agreement: record.held.agreement.clone(),
        exchange: record.held.exchange,
        from: stream.map(|stream| stream.partner.clone()),
        asked_for: stream.map(|stream| (stream.activity.to_string(), stream.purpose.to_string())),
        kept_until: record.held.row.erase_by,
    }
}
