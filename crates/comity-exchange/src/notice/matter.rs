//! What a notice is about: read from the decision by which the data was given or received, or stated by an officer.

use super::Teller;
use super::arise::NOTIFY;
use super::file::{Letter, LetterDeferral, LetterEvent, LetterRemedy, NoticeFile};
use crate::ExchangeError;
use crate::audit::recorded::{RecordedFacts, read_facts};
use crate::audit::replay::read;
use crate::ports::{ExchangeRow, NoticeRow, SegmentKind, Store};
use crate::report::Side;
use crate::subject::claim::Kind;
use crate::subject::law::{Asking, of_request};
use crate::wire::Text;
use comity_agreement::Vocabulary;
use comity_agreement::question::value_json;
use comity_terms::{Facts, PackSlug, Timestamp};
use serde_json::Value as Json;
use std::collections::BTreeSet;

/// What a notice is about.
pub(super) struct Matter {
    pub(super) agreement: PackSlug,
    /// The facts of each class of data, one at least.
    pub(super) classes: Vec<Facts>,
    event: Option<ExchangeRow>,
    kept_until: Option<Timestamp>,
}

impl Matter {
    /// What `row` is about, with the facts that an officer stated.
    ///
    /// # Errors
    /// [`ExchangeError::Law`] when the agreement is not here.
    pub(super) async fn of<W: Teller>(
        world: &W,
        row: &NoticeRow,
        stated: &Facts,
    ) -> Result<Self, ExchangeError> {
        let agreement = row.agreement.clone();
        let lent = world.laws_then(&agreement, &world.adopted_now());
        let lent = lent.ok_or_else(|| {
            ExchangeError::Law(format!("telling a person: `{agreement}` is not adopted here"))
        })?;
        let mut matter = Self { agreement, classes: Vec::new(), event: None, kept_until: None };
        if let Some(exchange) = row.exchange
            && let Some(event) = world.store().exchange(exchange).await?
        {
            matter.read(world, &event, &lent.laws.vocabulary).await?;
            matter.event = Some(event);
        }
        if matter.classes.is_empty() {
            matter.classes.push(Facts::new());
        }
        for class in &mut matter.classes {
            for (key, fact) in stated.iter() {
                class.state(key.clone(), fact.value.clone(), fact.asserter);
            }
        }
        Ok(matter)
    }

    /// What the sealed opening of the exchange's decision says: of the classes that owe a notice, else of all.
    async fn read<W: Teller>(
        &mut self,
        world: &W,
        event: &ExchangeRow,
        vocabulary: &Vocabulary,
    ) -> Result<(), ExchangeError> {
        for id in world.store().segments(event.id).await? {
            let Some(segment) = world.store().segment(id).await? else { continue };
            if segment.kind != SegmentKind::Opening {
                continue;
            }
            let opening = world.with_keys(|keys| world.signatory().open_opening(&segment, keys))?;
            let Some(opening) = opening else { continue };
            let Ok(Some(decision)) = read(opening.content()) else { continue };
            let Some(asked) = decision.asked else { continue };
            let owes = |obligations: &[Json]| obligations.iter().any(|duty| duty["type"] == NOTIFY);
            let any = decision.rulings.iter().any(|ruling| owes(&ruling.obligations));
            for ruling in decision.rulings.iter().filter(|ruling| !any || owes(&ruling.obligations)) {
                let facts: RecordedFacts =
                    asked.facts.clone().into_iter().chain(ruling.facts.clone()).collect();
                let Ok(mut facts) = read_facts(&facts, vocabulary) else { continue };
                // Of the officer who sent it, not of the notice.
                facts.remove("training_valid");
                if !self.classes.contains(&facts) {
                    self.classes.push(facts);
                }
            }
            #[derive(serde::Deserialize)]
            struct Said {
                facts: Limits,
            }
            #[derive(serde::Deserialize)]
            struct Limits {
                safeguards: Option<Erased>,
            }
            #[derive(serde::Deserialize)]
            struct Erased {
                erase_by: Option<Text<Timestamp>>,
            }
            let said: Option<Said> = serde_json::from_slice(opening.content()).ok();
            let erased = said.and_then(|said| said.facts.safeguards).and_then(|limits| limits.erase_by);
            self.kept_until = erased.map(|at| at.0);
        }
        if event.side == Side::Receiver {
            let held = world.store().held_of(event.id, false, 1).await?;
            self.kept_until = held.first().map(|record| record.row.erase_by);
        }
        Ok(())
    }

    /// What the notice says, as facts.
    ///
    /// # Errors
    /// [`ExchangeError`] when the law of the way on is not here.
    pub(super) fn letter<W: Teller>(
        &self,
        world: &W,
        row: &NoticeRow,
        now: Timestamp,
    ) -> Result<Letter, ExchangeError> {
        let digests = world.adopted_now();
        let title = |pack: &PackSlug| {
            let lent = world.laws_then(pack, &digests);
            lent.map_or_else(|| pack.to_string(), |lent| lent.laws.agreement.pack().title.clone())
        };
        let owed_by = row.detail.owed_by.iter().map(|(rule, article)| {
            let pack = rule.split_once('/').and_then(|(pack, _)| pack.parse().ok());
            (pack.map_or_else(String::new, |pack| title(&pack)), article.clone())
        });
        let words = |key: &str| -> BTreeSet<String> {
            let word = |facts: &Facts| facts.value(key).map(value_json)?.as_str().map(str::to_owned);
            self.classes.iter().filter_map(word).collect()
        };
        let first = |key: &str| words(key).into_iter().next();
        // Where to turn, and until when, begins with the notice.
        let asking = Asking { kind: Kind::Complain, at: now, digests: digests.clone(), facts: Facts::new() };
        let ways = of_request(world, &asking, now)?;
        let until = ways.owes("objection_window").and_then(|window| window.due.as_ref());
        let remedies = ways.owed.iter().filter(|duty| duty.kind.as_str() == "provide_remedy_info");
        let options = |options: &Json| match options {
            Json::Array(all) => all.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect(),
            Json::String(one) => vec![one.clone()],
            _ => Vec::new(),
        };
        Ok(Letter {
            number: row.id.to_string(),
            at: Text(now),
            party: Text(world.signatory().party.clone()),
            authority: world.authority().to_owned(),
            event: self.event.as_ref().map(|event| LetterEvent {
                received: event.side == Side::Receiver,
                partner: Text(event.peer.clone()),
                at: Text(event.at),
            }),
            agreement: Text(self.agreement.clone()),
            agreement_title: title(&self.agreement),
            owed_by: owed_by.collect(),
            activity: first("activity"),
            purpose: first("purpose"),
            categories: words("data_category").into_iter().collect(),
            kept_until: self.kept_until.map(Text),
            deferrals: row
                .detail
                .deferrals
                .iter()
                .map(|deferral| LetterDeferral {
                    ground: deferral.ground.clone(),
                    article: deferral
                        .listed_by
                        .iter()
                        .map(|(_, article)| article.as_str())
                        .collect::<Vec<_>>()
                        .join("; "),
                    from: deferral.at,
                    to: deferral.ended.unwrap_or(deferral.recheck),
                })
                .collect(),
            remedies: remedies
                .map(|duty| LetterRemedy {
                    options: duty
                        .terms
                        .get("options")
                        .map(|value| options(&value_json(value)))
                        .unwrap_or_default(),
                    until: until.map(|due| Text(due.legal_latest)),
                })
                .collect(),
        })
    }
}

/// The facts of a file, in the words of the law as it stands.
pub(super) fn stated<W: Teller>(
    world: &W,
    row: &NoticeRow,
    file: Option<&NoticeFile>,
) -> Result<Facts, ExchangeError> {
    let Some(file) = file else { return Ok(Facts::new()) };
    let lent = world.laws_then(&row.agreement, &world.adopted_now());
    let lent = lent.ok_or_else(|| {
        ExchangeError::Law(format!("telling a person: `{}` is not adopted here", row.agreement))
    })?;
    read_facts(&file.facts, &lent.laws.vocabulary).map_err(ExchangeError::Question)
}
