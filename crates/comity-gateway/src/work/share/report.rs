//! An exchange as it is printed; its receipts go to files.

use super::Order;
use crate::files;
use crate::gateway::{Gateway, GatewayError};
use crate::warning::warned;
use comity_exchange::disclose::{Disclosed, Summary};
use comity_exchange::federation::answer::AnswerResult;
use comity_exchange::ports::Store as _;
use comity_exchange::proofs::receipt;
use comity_exchange::report::{
    ExchangeOutcome, ExchangeReport, ReceiptReport, Receipts, RejectedReport, SafeguardsReport, Side,
    WarningReport, WithholdingReport,
};
use comity_exchange::shell::{Lent, Shell as _};
use comity_exchange::wire::Text;
use comity_terms::{ExchangeId, Office, Party, Safeguards};
use comity_tlog::{Grade, Receipt};
use std::collections::BTreeSet;
use std::sync::Arc;

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
pub(super) async fn of(
    gateway: &Arc<Gateway>,
    order: &Order,
    disclosed: &Disclosed,
    lent: &Lent,
) -> Result<ExchangeReport, GatewayError> {
    let summary = &disclosed.summary;
    let mut report = begun(gateway, order, summary, lent).await?;
    gateway.counts().decisions(Side::Sender, &report.decisions);
    gateway.counts().refusals(Side::Sender, &report.decisions, &summary.reasons);
    gateway.counts().exchange(Side::Sender, summary.outcome);
    report
        .decisions
        .extend(disclosed.answer.iter().flat_map(|answer| answer.header.decisions.iter().cloned()));
    if let Some(held) = disclosed.answer.as_ref().and_then(|answer| answer.header.safeguards.clone()) {
        report.safeguards = SafeguardsReport::from(&Safeguards::from(held));
    }
    report.refused_by = refused_by(summary, disclosed.answer.as_ref().map(|a| a.header.result), &order.to);
    report.receipts = Receipts {
        sender: Some(keep(gateway, summary.id, "sender", &disclosed.receipt)?),
        receiver: match &disclosed.partner_receipt {
            Some(receipt) => Some(keep(gateway, summary.id, "receiver", receipt)?),
            None => None,
        },
    };
    report.waiting = disclosed.waiting.clone().or(report.waiting);
    Ok(report)
}

/// The exchange as far as it is known before it is recorded: without receipts, and without what its partner says.
pub(super) async fn begun(
    gateway: &Arc<Gateway>,
    order: &Order,
    summary: &Summary,
    lent: &Lent,
) -> Result<ExchangeReport, GatewayError> {
    Ok(ExchangeReport {
        exchange_id: Text(summary.id),
        outcome: summary.outcome,
        refused_by: refused_by(summary, None, &order.to),
        pack: Text(order.under.clone()),
        pack_digest: Text(lent.laws.agreement.digest()),
        sender: Text(gateway.signatory().party.clone()),
        receiver: Text(order.to.clone()),
        activity: Text(order.activity.clone()),
        purpose: Text(order.purpose.clone()),
        assumed_in_force: order.assume_in_force,
        objects: summary.counts,
        decisions: summary.rulings.iter().map(|ruling| ruling.report(Side::Sender)).collect(),
        withholdings: summary.withholdings.iter().map(withholding_report).collect(),
        rejected: summary.rejected.iter().map(rejected_report).collect(),
        reasons: summary.reasons.clone(),
        warnings: warnings(gateway, order).await?,
        safeguards: SafeguardsReport::from(&summary.safeguards),
        receipts: Receipts::default(),
        waiting: waits(summary),
        supersedes: summary.request.supersedes.map(|superseded| Text(superseded.exchange)),
    })
}

/// What was told as [`begun`], as the exchange stands now, with the receipts that there are; what its partner's laws said is not
/// told any more. `None` while it waits for its partner and is not `ended`.
pub(super) async fn as_it_stands(
    gateway: &Gateway,
    mut report: ExchangeReport,
    ended: bool,
) -> Result<Option<ExchangeReport>, GatewayError> {
    let (id, store) = (report.exchange_id.0, gateway.store());
    let row = store.exchange(id).await?;
    let lost = || GatewayError::Broken("an exchange that was taken is not recorded".to_owned());
    let row = row.ok_or_else(lost)?;
    if row.outcome == ExchangeOutcome::Queued && !ended {
        return Ok(None);
    }
    if row.outcome == ExchangeOutcome::Refused && report.outcome != row.outcome {
        report.refused_by = Some(report.receiver.0.to_string());
    }
    report.outcome = row.outcome;
    if let Some((entry, integrated)) = store.exchange_integrated(id).await? {
        let receipt = receipt(store, entry, &integrated).await?;
        report.receipts.sender = Some(keep(gateway, id, "sender", &receipt)?);
    }
    if let Some(theirs) = store.partner_receipt(id).await? {
        let theirs = Receipt::parse(&theirs)
            .map_err(|_| GatewayError::Broken("a partner's receipt does not read".to_owned()))?;
        report.receipts.receiver = Some(keep(gateway, id, "receiver", &theirs)?);
    }
    if row.outcome == ExchangeOutcome::Queued {
        report.waiting = Some("the partner has not answered yet".to_owned());
    }
    Ok(Some(report))
}

/// For which offices an escalated exchange waits.
fn waits(summary: &Summary) -> Option<String> {
    let offices = summary.rulings.iter().flat_map(|ruling| &ruling.decision.escalate_to);
    waits_for(summary.outcome, offices)
}

/// For which of these offices an exchange of this outcome waits.
pub(in crate::work) fn waits_for<'a>(
    outcome: ExchangeOutcome,
    offices: impl Iterator<Item = &'a Office>,
) -> Option<String> {
    let offices: BTreeSet<&str> = offices.map(Office::as_str).collect();
    let offices: Vec<&str> = offices.into_iter().collect();
    (outcome == ExchangeOutcome::Escalated)
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
fn refused_by(summary: &Summary, answer: Option<AnswerResult>, partner: &Party) -> Option<String> {
    if summary.outcome != ExchangeOutcome::Refused {
        return None;
    }
    match answer {
        Some(AnswerResult::Accepted) | None => {
            let grounds = summary.rulings.iter().flat_map(|ruling| &ruling.decision.grounds);
            let law = grounds.map(|ground| ground.law.to_string()).next();
            // Where no object could be asked about, the bundle was not even read.
            let read = !summary.rulings.is_empty();
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
