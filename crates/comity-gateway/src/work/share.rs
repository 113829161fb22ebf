//! An officer gives a bundle to a partner: from the order to the exchange as it is printed.

use super::manage::hear_from;
use super::officers;
use crate::files;
use crate::gateway::{Gateway, GatewayError};
use crate::warning::warned;
use comity_agreement::Vocabulary;
use comity_agreement::approval::Person;
use comity_agreement::vocabulary::FactTerm;
use comity_exchange::ExchangeError;
use comity_exchange::disclose::{
    Disclosed, Goes, Summary, asks_again, carry_out, keep as keep_here, prepare,
};
use comity_exchange::escalation::{Approved, Escalating};
use comity_exchange::federation::answer::AnswerResult;
use comity_exchange::ports::{Peer, Store as _, StoreError};
use comity_exchange::question::{Attestation, Ordered, Request, Superseded};
use comity_exchange::report::{
    ExchangeOutcome, ExchangeReport, ReceiptReport, Receipts, RejectedReport, SafeguardsReport, Side,
    WarningReport, WithholdingReport,
};
use comity_exchange::shell::{Lent, Shell as _};
use comity_exchange::wire::{Base64, Text};
use comity_terms::{
    Action, Activity, Asserter, Digest, ExchangeId, FactKey, Facts, PackSlug, Party, Purpose, Safeguards,
    Timestamp,
};
use comity_tlog::{Grade, Receipt};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What an officer orders.
pub struct Order {
    /// The bundle's bytes.
    pub bundle: Arc<Vec<u8>>,
    /// The officer.
    pub officer: String,
    /// The agreement.
    pub under: PackSlug,
    /// The receiver.
    pub to: Party,
    /// The agreed category.
    pub activity: Activity,
    /// What it is for.
    pub purpose: Purpose,
    /// Facts that the officer states.
    pub facts: Vec<(FactKey, String)>,
    /// Facts that offices attest: the attestation's JSON.
    pub attestations: Vec<(FactKey, Vec<u8>)>,
    /// Whether to treat the agreement as in force for a trial.
    pub assume_in_force: bool,
    /// When what is placed here is said to be added; `None`: now. For tests of readers.
    pub added: Option<Timestamp>,
}

/// An order as it is kept, sealed with its bundle, while it waits for offices.
#[derive(Serialize, Deserialize)]
struct Kept {
    officer: String,
    under: Text<PackSlug>,
    to: Text<Party>,
    activity: Text<Activity>,
    purpose: Text<Purpose>,
    facts: Vec<(Text<FactKey>, String)>,
    attestations: Vec<(Text<FactKey>, Base64)>,
    assume_in_force: bool,
}

impl Order {
    /// The order without its bundle, to be kept sealed.
    fn kept(&self) -> Result<Vec<u8>, GatewayError> {
        let kept = Kept {
            officer: self.officer.clone(),
            under: Text(self.under.clone()),
            to: Text(self.to.clone()),
            activity: Text(self.activity.clone()),
            purpose: Text(self.purpose.clone()),
            facts: self.facts.iter().map(|(key, value)| (Text(key.clone()), value.clone())).collect(),
            attestations: self
                .attestations
                .iter()
                .map(|(key, file)| (Text(key.clone()), Base64(file.clone())))
                .collect(),
            assume_in_force: self.assume_in_force,
        };
        serde_json::to_vec(&kept).map_err(|error| GatewayError::Broken(error.to_string()))
    }

    /// The order that was kept as `order`, with its bundle.
    ///
    /// # Errors
    /// [`GatewayError::Broken`] when it does not read.
    pub(super) fn read(order: &[u8], bundle: Vec<u8>) -> Result<Self, GatewayError> {
        let kept: Kept = serde_json::from_slice(order)
            .map_err(|_| GatewayError::Broken("an order that waits does not read".to_owned()))?;
        Ok(Self {
            bundle: Arc::new(bundle),
            officer: kept.officer,
            under: kept.under.0,
            to: kept.to.0,
            activity: kept.activity.0,
            purpose: kept.purpose.0,
            facts: kept.facts.into_iter().map(|(key, value)| (key.0, value)).collect(),
            attestations: kept.attestations.into_iter().map(|(key, file)| (key.0, file.0)).collect(),
            assume_in_force: kept.assume_in_force,
            added: None,
        })
    }
}

/// The act that sharing is, in the vocabulary's words.
const SHARE: &str = "share";

/// How often one order is decided or sealed anew because the partner asked for it.
const TRIES_MAX: usize = 3;

/// Shares a bundle: decides, minimises, seals, records, delivers; gives the exchange as it stands then.
///
/// # Errors
/// [`GatewayError`]; a refusal is none.
pub async fn share(gateway: &Arc<Gateway>, order: Order) -> Result<ExchangeReport, GatewayError> {
    carried_out(gateway, order, None).await
}

/// As [`share`], for an order that waited and that offices have answered.
///
/// # Errors
/// As there.
pub(super) async fn carried_out(
    gateway: &Arc<Gateway>,
    order: Order,
    approved: Option<(Superseded, Approved)>,
) -> Result<ExchangeReport, GatewayError> {
    if order.to == gateway.signatory().party {
        return placed(gateway, order, approved).await;
    }
    let mut peer = gateway.peer(&order.to)?;
    let (mut supersedes, mut approved) = approved.unzip();
    let mut again = false;
    for _ in 1..TRIES_MAX {
        if again || must_ask(gateway, &order, &peer) {
            peer = hear_from(gateway, &peer).await.unwrap_or(peer);
        }
        let (disclosed, lent) = match once(gateway, &order, &peer, (supersedes, approved.clone())).await {
            // Sealed under an epoch key that was being destroyed: nothing was recorded, and a later key takes it.
            Err(GatewayError::Exchange(ExchangeError::Store(StoreError::KeyClosed(_)))) => continue,
            once => once?,
        };
        let asks = disclosed.answer.as_ref().is_some_and(asks_again);
        if !asks {
            return report(gateway, &order, &disclosed, &lent).await;
        }
        let summary = &disclosed.summary;
        supersedes = Some(Superseded { exchange: summary.id, chain: summary.chain });
        // They were used for the exchange that this one replaces.
        approved = None;
        again = true;
    }
    let (disclosed, lent) = once(gateway, &order, &peer, (supersedes, approved)).await?;
    report(gateway, &order, &disclosed, &lent).await
}

/// Places a bundle in a collection of this gateway's own: the way of a bundle without the road.
async fn placed(
    gateway: &Arc<Gateway>,
    order: Order,
    approved: Option<(Superseded, Approved)>,
) -> Result<ExchangeReport, GatewayError> {
    let (supersedes, approved) = approved.unzip();
    for _ in 1..TRIES_MAX {
        match place(gateway, &order, (supersedes, approved.clone())).await {
            // Sealed under an epoch key that was being destroyed: nothing was recorded, and a later key takes it.
            Err(GatewayError::Exchange(ExchangeError::Store(StoreError::KeyClosed(_)))) => {}
            placed => return placed,
        }
    }
    place(gateway, &order, (supersedes, approved)).await
}

async fn place(
    gateway: &Arc<Gateway>,
    order: &Order,
    (supersedes, approved): (Option<Superseded>, Option<Approved>),
) -> Result<ExchangeReport, GatewayError> {
    let (lent, request) = asked(gateway, order, (supersedes, approved)).await?;
    let (working, bundle, laws) = (Arc::clone(gateway), Arc::clone(&order.bundle), lent.clone());
    let added = order.added;
    let sealed = tokio::task::spawn_blocking(move || {
        prepare(&*working, &bundle, request, &laws, Goes::Nowhere { added })
    })
    .await
    .map_err(|error| GatewayError::Broken(format!("preparing broke off: {error}")))?
    .map_err(input)?;
    let disclosed = keep_here(&**gateway, sealed).await?;
    report(gateway, order, &disclosed, &lent).await
}

/// The laws to ask, and the request as they are asked it, signed by the officer.
async fn asked(
    gateway: &Gateway,
    order: &Order,
    (supersedes, approved): (Option<Superseded>, Option<Approved>),
) -> Result<(Lent, Request), GatewayError> {
    let acting = officers::acting(gateway, &order.officer).await?;
    let (lent, mut request) = unsigned(gateway, order).await?;
    request.supersedes = supersedes;
    if let Some(escalation) = &mut request.escalation {
        escalation.approved = approved;
    }
    let bundle = Digest::of(&order.bundle);
    let signature = acting.sign(request.order(bundle).as_bytes()).to_string();
    request.ordered = Some(Ordered { key: acting.key(), bundle, signature });
    Ok((lent, request))
}

/// The laws to ask, and the request as they are asked it: nobody has ordered anything yet.
pub(super) async fn unsigned(gateway: &Gateway, order: &Order) -> Result<(Lent, Request), GatewayError> {
    let lent = gateway.laws(&order.under, &order.to).ok_or_else(|| {
        GatewayError::Input(format!(
            "`{}` was not adopted here; `comity law adopt {}`",
            order.under, order.under
        ))
    })?;
    let request = request(gateway, order, &lent, gateway.now()).await?;
    Ok((lent, request))
}

/// Whether what is known of the partner is too old to share with it: it has not signed, its law is not here, or
/// its transport key is not of today.
fn must_ask(gateway: &Gateway, order: &Order, peer: &Peer) -> bool {
    let ready = gateway
        .laws(&order.under, &order.to)
        .is_some_and(|lent| lent.binding && lent.laws.national.contains_key(&order.to));
    !ready || peer.identity.transport.as_ref().is_none_or(|key| !key.is_current(gateway.now()))
}

async fn once(
    gateway: &Arc<Gateway>,
    order: &Order,
    peer: &Peer,
    (supersedes, approved): (Option<Superseded>, Option<Approved>),
) -> Result<(Disclosed, Lent), GatewayError> {
    let (lent, request) = asked(gateway, order, (supersedes, approved)).await?;
    let now = request.at;
    let seal_to = peer.identity.transport.as_ref().and_then(|key| key.seal_to(now)).ok_or_else(|| {
        GatewayError::Input(format!("no transport key of {} is known and it is not reached", order.to))
    })?;
    let (working, bundle, laws) = (Arc::clone(gateway), Arc::clone(&order.bundle), lent.clone());
    let sealed =
        tokio::task::spawn_blocking(move || prepare(&*working, &bundle, request, &laws, Goes::To(&seal_to)))
            .await
            .map_err(|error| GatewayError::Broken(format!("preparing broke off: {error}")))?
            .map_err(input)?;
    let disclosed = carry_out(&**gateway, sealed, peer).await?;
    if disclosed.answer.is_some() || disclosed.waiting.is_some() {
        gateway.counts().reached(&peer.party, disclosed.answer.is_some());
    }
    Ok((disclosed, lent))
}

/// What the officer gave is at fault, not the gateway.
pub(super) fn input(error: comity_exchange::ExchangeError) -> GatewayError {
    use comity_exchange::ExchangeError::{Bundle, Question};
    match error {
        error @ (Bundle(_) | Question(_)) => GatewayError::Input(error.to_string()),
        other => other.into(),
    }
}

async fn request(
    gateway: &Gateway,
    order: &Order,
    lent: &Lent,
    now: Timestamp,
) -> Result<Request, GatewayError> {
    let officer = gateway.store().officer(&order.officer).await?.ok_or_else(|| {
        GatewayError::Input(format!("no officer `{}` is known; `comity officer add`", order.officer))
    })?;
    let (mut facts, attestations) = stated(order, lent, now)?;
    known_training(&mut facts, now <= officer.training_until)?;
    Ok(Request {
        sender: gateway.signatory().party.clone(),
        receiver: order.to.clone(),
        agreement: order.under.clone(),
        action: Action::new(SHARE).map_err(|e| GatewayError::Broken(e.to_string()))?,
        activity: order.activity.clone(),
        purpose: order.purpose.clone(),
        facts,
        attestations,
        escalation: Some(Escalating {
            requester: Person { name: officer.name, unit: officer.unit },
            order: order.kept()?,
            approved: None,
        }),
        at: now,
        assume_in_force: order.assume_in_force,
        binding: lent.binding,
        live: true,
        supersedes: None,
        ordered: None,
    })
}

/// States whether the officer's training is valid, as the gateway knows it.
///
/// Nobody says it for the gateway: what somebody did say stays as it was said, and refuses by its name
/// (`fact_not_assertable`), true or not.
///
/// # Errors
/// None that a caller can cause.
pub(super) fn known_training(facts: &mut Facts, valid: bool) -> Result<(), GatewayError> {
    let key = FactKey::new("training_valid").map_err(|e| GatewayError::Broken(e.to_string()))?;
    if facts.get(key.as_str()).is_none() {
        facts.state(key, valid, Asserter::Gateway);
    }
    Ok(())
}

fn term<'v>(vocabulary: &'v Vocabulary, key: &FactKey) -> Result<&'v FactTerm, GatewayError> {
    vocabulary.fact(key.as_str()).ok_or_else(|| GatewayError::Input(format!("no fact `{key}` is known")))
}

/// The facts that an officer states, in the types of the vocabulary.
///
/// # Errors
/// [`GatewayError::Input`], naming the fact that is not known or does not read.
pub fn stated_by_officer(stated: &[(FactKey, String)], lent: &Lent) -> Result<Facts, GatewayError> {
    let vocabulary = &lent.laws.vocabulary;
    let mut facts = Facts::new();
    for (key, text) in stated {
        let value = term(vocabulary, key)?
            .from_text(vocabulary, text)
            .map_err(|e| GatewayError::Input(e.to_string()))?;
        facts.state(key.clone(), value, Asserter::Officer);
    }
    Ok(facts)
}

/// That an officer may say all of this.
///
/// # Errors
/// [`GatewayError::Input`], naming the first fact that others say.
pub(super) fn assertable_by_officer(stated: &[(FactKey, String)], lent: &Lent) -> Result<(), GatewayError> {
    let vocabulary = &lent.laws.vocabulary;
    for (key, _) in stated {
        let said = term(vocabulary, key)?;
        let meant = said.alias_of.as_ref().and_then(|key| vocabulary.fact(key.as_str())).unwrap_or(said);
        if !meant.asserted_by.contains(&Asserter::Officer) {
            let by: Vec<String> = meant.asserted_by.iter().map(ToString::to_string).collect();
            return Err(GatewayError::Input(format!(
                "fact_not_assertable:{key}: an officer cannot say it; who can: {}",
                by.join(", ")
            )));
        }
    }
    Ok(())
}

/// The facts that the officer states and offices attest, in the types of the vocabulary.
fn stated(order: &Order, lent: &Lent, now: Timestamp) -> Result<(Facts, Vec<Attestation>), GatewayError> {
    let vocabulary = &lent.laws.vocabulary;
    let mut facts = stated_by_officer(&order.facts, lent)?;
    let mut attestations = Vec::new();
    for (key, file) in &order.attestations {
        let wrong = |why: &str| GatewayError::Input(format!("the attestation of `{key}`: {why}"));
        let attested: AttestationFile =
            serde_json::from_slice(file).map_err(|e| wrong(&format!("does not read: {e}")))?;
        if attested.issuer.trim().is_empty() {
            return Err(wrong("it names no issuer"));
        }
        if now > attested.valid_until.0 {
            return Err(wrong(&format!("it was valid until {}", attested.valid_until.0)));
        }
        let value = term(vocabulary, key)?
            .from_json(vocabulary, &attested.value)
            .map_err(|e| GatewayError::Input(e.to_string()))?;
        facts.state(key.clone(), value, Asserter::Office);
        attestations.push(Attestation {
            key: key.clone(),
            document: attested.document_digest.0,
            valid_until: attested.valid_until.0,
        });
    }
    Ok((facts, attestations))
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct AttestationFile {
    value: serde_json::Value,
    issuer: String,
    document_digest: Text<Digest>,
    valid_until: Text<Timestamp>,
}

/// What of the bundle is on the lists that the operator named; nothing where none is named.
async fn warnings(gateway: &Arc<Gateway>, order: &Order) -> Result<Vec<WarningReport>, GatewayError> {
    if gateway.settings().warning_lists.is_empty() {
        return Ok(Vec::new());
    }
    let (working, bundle) = (Arc::clone(gateway), Arc::clone(&order.bundle));
    let look = move || warned(&bundle, &working.settings().limits, working.table(), working.warning_lists());
    tokio::task::spawn_blocking(look)
        .await
        .map_err(|error| GatewayError::Broken(format!("looking up warning lists broke off: {error}")))
}

/// The exchange as it is printed; its receipts are written to files.
async fn report(
    gateway: &Arc<Gateway>,
    order: &Order,
    disclosed: &Disclosed,
    lent: &Lent,
) -> Result<ExchangeReport, GatewayError> {
    let summary = &disclosed.summary;
    let mut decisions: Vec<_> = summary.rulings.iter().map(|ruling| ruling.report(Side::Sender)).collect();
    gateway.counts().decisions(Side::Sender, &decisions);
    gateway.counts().exchange(Side::Sender, summary.outcome);
    decisions.extend(disclosed.answer.iter().flat_map(|answer| answer.header.decisions.iter().cloned()));
    let held = disclosed.answer.as_ref().and_then(|answer| answer.header.safeguards.clone());
    let safeguards = held.map_or_else(|| summary.safeguards.clone(), Safeguards::from);
    Ok(ExchangeReport {
        exchange_id: Text(summary.id),
        outcome: summary.outcome,
        refused_by: refused_by(disclosed, &order.to),
        pack: Text(order.under.clone()),
        pack_digest: Text(lent.laws.agreement.digest()),
        sender: Text(gateway.signatory().party.clone()),
        receiver: Text(order.to.clone()),
        activity: Text(order.activity.clone()),
        purpose: Text(order.purpose.clone()),
        assumed_in_force: order.assume_in_force,
        objects: summary.counts,
        decisions,
        withholdings: summary.withholdings.iter().map(withholding_report).collect(),
        rejected: summary.rejected.iter().map(rejected_report).collect(),
        reasons: summary.reasons.clone(),
        warnings: warnings(gateway, order).await?,
        safeguards: SafeguardsReport::from(&safeguards),
        receipts: Receipts {
            sender: Some(keep(gateway, summary.id, "sender", &disclosed.receipt)?),
            receiver: match &disclosed.partner_receipt {
                Some(receipt) => Some(keep(gateway, summary.id, "receiver", receipt)?),
                None => None,
            },
        },
        waiting: disclosed.waiting.clone().or_else(|| waits(summary)),
        supersedes: summary.request.supersedes.map(|superseded| Text(superseded.exchange)),
    })
}

/// For which offices an escalated exchange waits.
fn waits(summary: &Summary) -> Option<String> {
    let offices: BTreeSet<&str> = summary
        .rulings
        .iter()
        .flat_map(|ruling| &ruling.decision.escalate_to)
        .map(|office| office.as_str())
        .collect();
    let offices: Vec<&str> = offices.into_iter().collect();
    (summary.outcome == ExchangeOutcome::Escalated)
        .then(|| format!("the approval of {}; `comity approvals`", offices.join(", ")))
}

/// One withholding as it is printed.
#[must_use]
pub fn withholding_report(withholding: &comity_minimise::Withholding) -> WithholdingReport {
    WithholdingReport {
        object: withholding.object.clone(),
        path: withholding.path.clone(),
        data_class: withholding.data_class.clone(),
        treatment: withholding.treatment.to_string(),
        ground: withholding.ground.to_string(),
    }
}

/// One object that did not read, as it is printed.
#[must_use]
pub fn rejected_report(rejected: &comity_minimise::Rejected) -> RejectedReport {
    RejectedReport { index: rejected.index as u64, object: rejected.id.clone(), reason: rejected.to_string() }
}

/// Who refused: the partner's gateway, the first of our laws that did, or the step that left nothing to give.
fn refused_by(disclosed: &Disclosed, partner: &Party) -> Option<String> {
    if disclosed.summary.outcome != ExchangeOutcome::Refused {
        return None;
    }
    match disclosed.answer.as_ref().map(|answer| answer.header.result) {
        Some(AnswerResult::Accepted) | None => {
            let grounds = disclosed.summary.rulings.iter().flat_map(|ruling| &ruling.decision.grounds);
            let law = grounds.map(|ground| ground.law.to_string()).next();
            // Where no object could be asked about, the bundle was not even read.
            let read = !disclosed.summary.rulings.is_empty();
            Some(law.unwrap_or_else(|| if read { "minimising" } else { "reading" }.to_owned()))
        }
        Some(_) => Some(partner.to_string()),
    }
}

fn keep(
    gateway: &Gateway,
    id: ExchangeId,
    side: &str,
    receipt: &Receipt,
) -> Result<ReceiptReport, GatewayError> {
    let path = gateway.directory().receipts().join(format!("{id}.{side}"));
    files::replace_derived(&path, receipt.to_string().as_bytes())?;
    let checkpoint = receipt.checkpoint().checkpoint();
    // A log signs its checkpoint once; every further signature is a witness's.
    let witnessed = receipt.checkpoint().note().signatures().len() > 1;
    let grade = if witnessed { Grade::Witnessed } else { Grade::Integrated };
    Ok(ReceiptReport {
        origin: checkpoint.origin().to_owned(),
        index: receipt.index().0,
        tree_size: checkpoint.size().0,
        grade: grade.to_string(),
        file: Some(path.display().to_string()),
    })
}
