//! An officer reads what was received: by a query, all there is, or what is behind a mask; and how often it was used, here and
//! at the partners to whom it was given.

use super::{officers, share};
use crate::gateway::{Gateway, GatewayError};
use comity_exchange::ExchangeError;
use comity_exchange::collect::{Caps, Found, Manner, Query, Read, Reading, Record, Selector, query};
use comity_exchange::federation::uses::{UsesAnswer, UsesQuestion};
use comity_exchange::ports::{Store as _, Stream, Uses as _};
use comity_exchange::question::Request;
use comity_exchange::report::{Side, decision_report};
use comity_exchange::shell::Shell as _;
use comity_exchange::wire::Text;
use comity_terms::{Action, Activity, Digest, ExchangeId, FactKey, PackSlug, Party, Purpose};
use serde_json::value::RawValue;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

/// What an officer asks for.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The officer.
    pub officer: String,
    /// The agreement that it came under.
    pub agreement: PackSlug,
    /// Whom it came from; the gateway's own party for what was placed here.
    pub partner: Party,
    /// The activity and purpose of the use.
    pub use_for: (Activity, Purpose),
    /// The activity and purpose that it came for.
    pub came_for: (Activity, Purpose),
    /// What is looked for.
    pub selector: Selector,
    /// Facts that the officer states.
    pub facts: Vec<(FactKey, String)>,
    /// Facts that offices attest, as files.
    pub attestations: Vec<(FactKey, Vec<u8>)>,
}

/// The act that reading is, and the one that seeing behind a mask is.
const USE: &str = "use";
const UNMASK: &str = "unmask";

/// The word that laws see a query by: those of an earlier release have none.
const QUERY: &str = "query";

/// The most records of one export: what a bundle may have.
const EXPORT_RECORDS_MAX: usize = 100_000;

/// Looks for records, as a use that the laws decide on.
///
/// # Errors
/// [`GatewayError::Input`] when the officer, the agreement or a fact is not known; nothing was given or recorded then.
pub async fn read(gateway: &Gateway, asked: &Asked) -> Result<Found, GatewayError> {
    one(gateway, asked, Manner::Query, None).await
}

/// Looks behind a mask: with whether the approver is who asks and the approval as an entry may hold it, where there is one.
///
/// # Errors
/// As [`read`].
pub(super) async fn unmasked(
    gateway: &Gateway,
    asked: &Asked,
    approved: Option<(bool, Json)>,
) -> Result<Found, GatewayError> {
    let (approver_is_requester, approval) = approved.unzip();
    one(gateway, asked, Manner::Unmask { approver_is_requester }, approval).await
}

/// Takes out all there is of a stream, page by page, each a use of its own: stops at the first page of which the laws let
/// nothing be given.
///
/// # Errors
/// As [`read`].
pub async fn export(gateway: &Gateway, asked: &Asked) -> Result<Read, GatewayError> {
    let mut all = Read::default();
    let mut after = None;
    loop {
        let Found { read, .. } = one(gateway, asked, Manner::Bulk(after), None).await?;
        let (given, more) = (read.records.len(), read.more);
        after = read.last;
        all.records.extend(read.records);
        all.refused += read.refused;
        all.decisions.extend(read.decisions);
        if !more || given == 0 || all.records.len() >= EXPORT_RECORDS_MAX {
            all.more = more;
            return Ok(all);
        }
    }
}

async fn one(
    gateway: &Gateway,
    asked: &Asked,
    manner: Manner,
    approval: Option<Json>,
) -> Result<Found, GatewayError> {
    let acting = officers::acting(gateway, &asked.officer).await?;
    let officer = gateway.store().officer(&asked.officer).await?;
    let trained_until = officer.map(|officer| officer.training_until);
    let lent = gateway.laws(&asked.agreement, &asked.partner).ok_or_else(|| {
        GatewayError::Input(format!("`{}` is not adopted here; `comity law adopt {0}`", asked.agreement))
    })?;
    if lent.laws.vocabulary.fact(QUERY).is_none() {
        let why = "the laws adopted here have no word for queries: adopt the agreement anew";
        return Err(GatewayError::Input(why.to_owned()));
    }
    let now = gateway.now();
    share::assertable_by_officer(&asked.facts, &lent)?;
    let mut facts = share::stated_by_officer(&asked.facts, &lent)?;
    let attestations = share::attested(&asked.attestations, &lent, now, &mut facts)?;
    // Whether it is valid, the laws ask: what they refuse is recorded.
    share::known_training(&mut facts, trained_until.is_some_and(|until| now <= until))?;
    let action = if matches!(manner, Manner::Unmask { .. }) { UNMASK } else { USE };
    let (activity, purpose) = asked.use_for.clone();
    let (agreement, partner, of) = (&asked.agreement, &asked.partner, selected(&asked.selector));
    let text = format!("{action}\n{of}\n{agreement}\n{partner}\n{activity}\n{purpose}\n{now}\n");
    let mut ordered = acting.signed(&text);
    if let Some(approval) = approval {
        ordered["approved"] = approval;
    }
    let action = Action::new(action).map_err(|error| GatewayError::Broken(error.to_string()))?;
    let ends = (asked.partner.clone(), gateway.signatory().party.clone());
    let request = Request {
        facts,
        attestations,
        binding: lent.binding,
        ..Request::bare(ends, asked.agreement.clone(), (action, activity, purpose), now)
    };
    let (activity, purpose) = asked.came_for.clone();
    let stream =
        Stream { agreement: asked.agreement.clone(), partner: asked.partner.clone(), activity, purpose };
    let reading = Reading { request, lent, reader: Some(acting.key()) };
    let wanted = Query { stream, selector: asked.selector.clone(), manner, reading, ordered };
    query(gateway, &wanted).await.map_err(|error| match error {
        ExchangeError::Question(text) => GatewayError::Input(text),
        other => other.into(),
    })
}

/// What stands for what is looked for in an officer's signature: of a person their statement, which nobody keeps.
pub(super) fn selected(selector: &Selector) -> Digest {
    let parts = |words: &[String]| words.iter().map(|word| word.clone().into_bytes()).collect::<Vec<_>>();
    let (kind, parts) = match selector {
        Selector::Objects(ids) => ("objects", parts(ids)),
        Selector::Person(claim) => ("person", vec![claim.to_bytes().to_vec()]),
        Selector::Types(types) => ("types", parts(types)),
    };
    let parts: Vec<&[u8]> = std::iter::once(kind.as_bytes()).chain(parts.iter().map(Vec::as_slice)).collect();
    Digest::of_parts("comity/selector/v1", &parts)
}

/// The records as a bundle.
///
/// # Errors
/// [`GatewayError::Broken`] when one of them is no JSON.
pub fn bundle(gateway: &Gateway, records: &[Record]) -> Result<String, GatewayError> {
    let unread = |error: serde_json::Error| GatewayError::Broken(format!("a record of the vault: {error}"));
    let objects =
        records.iter().map(|record| serde_json::from_slice(record.object.as_bytes()).map_err(unread));
    let objects: Vec<&RawValue> = objects.collect::<Result<_, _>>()?;
    let id = comity_terms::ids::SegmentId::draw(&mut gateway.entropy());
    let bundle = json!({ "type": "bundle", "id": format!("bundle--{id}"), "objects": [] }).to_string();
    let objects = serde_json::to_string(&objects).map_err(unread)?;
    Ok(bundle.replacen("[]", &objects, 1))
}

/// What came of a use, but for the records, as it is printed.
#[must_use]
pub fn read_json(read: &Read, caps: Option<&Caps>) -> Json {
    let decisions: Vec<_> = read
        .decisions
        .iter()
        .map(|(objects, decision)| {
            decision_report(decision, Side::Receiver, *objects as u64, &BTreeSet::new())
        })
        .collect();
    let reasons: BTreeSet<&String> = decisions.iter().flat_map(|decision| &decision.reasons).collect();
    let pair = |pair: Option<(u64, u64)>| pair.map(|(cap, done)| json!({ "cap": cap, "done": done }));
    json!({
        "given": read.records.len(),
        "masked": read.masked(),
        "refused": read.refused,
        "reasons": reasons,
        "caps": caps.map(|caps| json!({
            "records": caps.records,
            "lookups_of_a_person": pair(caps.person),
            "lookups_by_the_officer": pair(caps.officer),
        })),
        "decisions": decisions,
    })
}

/// The most uses of an exchange that are shown one by one.
const SHOWN_MAX: u32 = 1_000;

/// How often records of an exchange were used: here, one by one, where they were received; at the partner, by its signed
/// counts, where they were given.
///
/// # Errors
/// [`GatewayError::Input`] when no such exchange is recorded here; others when the partner is not reached, or answers wrongly.
pub async fn of(gateway: &Gateway, exchange: ExchangeId) -> Result<Json, GatewayError> {
    let row = gateway.store().exchange(exchange).await?;
    let row = row.ok_or_else(|| GatewayError::Input(format!("no exchange {exchange} is recorded here")))?;
    let own = &gateway.signatory().party;
    let here = gateway.store().used(exchange, SHOWN_MAX).await?;
    let here: Vec<Json> = here
        .iter()
        .map(|used| {
            json!({
                "entry": used.entry.0,
                "at": used.at.to_string(),
                "action": used.action.to_string(),
                "purpose": used.purpose.to_string(),
                "reader": used.reader,
                "given": used.given,
                "refused": used.refused,
            })
        })
        .collect();
    let given = row.side == Side::Sender && row.peer != *own;
    let partner = if given { Some(at_partner(gateway, &row.peer, exchange).await?) } else { None };
    Ok(json!({
        "exchange_id": exchange.to_string(),
        "here": here,
        "holder": partner,
    }))
}

async fn at_partner(gateway: &Gateway, party: &Party, exchange: ExchangeId) -> Result<Json, GatewayError> {
    let peer = gateway.known_peer(party)?;
    let question = UsesQuestion { exchanges: vec![Text(exchange)] };
    let question = serde_json::to_vec(&question).map_err(|error| GatewayError::Broken(error.to_string()))?;
    let answer = gateway.peers().uses(&peer, question).await.map_err(ExchangeError::from)?;
    let frame = |error| ExchangeError::from(error);
    let key = peer.identity.party_verifier().map_err(|error| frame(error.into()))?;
    let own = &gateway.signatory().party;
    let answer = UsesAnswer::read(&answer, (party, &key), own, &BTreeSet::from([exchange])).map_err(frame)?;
    let uses = answer.uses.first();
    let count = |of: fn(&comity_exchange::federation::uses::ExchangeUses) -> u64| uses.map_or(0, of);
    Ok(json!({
        "holder": party.to_string(),
        "at": answer.at.0.to_string(),
        "uses": count(|uses| uses.uses),
        "given": count(|uses| uses.given),
        "refused": count(|uses| uses.refused),
        "unmasked": count(|uses| uses.unmasked),
    }))
}
