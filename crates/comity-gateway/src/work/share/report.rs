//! An exchange as it is printed; its receipts go to files.

use super::Order;
use crate::files;
use crate::gateway::{Gateway, GatewayError};
use crate::warning::warned;
use comity_exchange::disclose::{Disclosed, Summary};
use comity_exchange::federation::answer::AnswerResult;
use comity_exchange::report::{
    ExchangeOutcome, ExchangeReport, ReceiptReport, Receipts, RejectedReport, SafeguardsReport, Side,
    WarningReport, WithholdingReport,
};
use comity_exchange::shell::{Lent, Shell as _};
use comity_exchange::wire::Text;
use comity_terms::{ExchangeId, Party, Safeguards};
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
    let mut decisions: Vec<_> = summary.rulings.iter().map(|ruling| ruling.report(Side::Sender)).collect();
    gateway.counts().decisions(Side::Sender, &decisions);
    gateway.counts().refusals(Side::Sender, &decisions, &summary.reasons);
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
