//! What would come of an order, and nothing of it: the same laws, facts and treatments as a live one, and no record (C35).

use super::share::{self, Order, input, rejected_report, withholding_report};
use crate::clock::OsEntropy;
use crate::gateway::{Gateway, GatewayError};
use comity_exchange::disclose::{Decided, Received, Told, Tools, rulings_whole};
use comity_exchange::report::{
    DecisionReport, ExchangeOutcome, ObjectCounts, RejectedReport, Side, WithholdingReport,
};
use comity_exchange::shell::Shell as _;
use serde::Serialize;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What would come of an order, as this side decides it. The partner decides too, when it is asked.
#[derive(Debug, Serialize)]
pub struct Preview {
    /// Always: nothing was recorded or sent.
    pub dry_run: bool,
    /// `delivered` where everything would go, `partly_delivered`, `refused` or `escalated`.
    pub outcome: ExchangeOutcome,
    /// What would go and what would stay.
    pub objects: ObjectCounts,
    /// What this side's laws say, class by class.
    pub decisions: Vec<DecisionReport>,
    /// What would be left out or changed, and why.
    pub withholdings: Vec<WithholdingReport>,
    /// Objects that do not read.
    pub rejected: Vec<RejectedReport>,
    /// Why objects would stay that no law speaks of: reason codes.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub reasons: BTreeSet<String>,
    /// The objects that would go, as minimising leaves them: for who asks further about them here, and told to nobody.
    #[serde(skip)]
    pub extract: Vec<Vec<u8>>,
}

impl Preview {
    /// For which offices it would wait, where it would.
    #[must_use]
    pub fn waiting(&self) -> Option<String> {
        let offices = self.decisions.iter().flat_map(|decision| &decision.escalate_to);
        share::waits_for(self.outcome, offices.map(|office| &office.0))
    }
}

/// Decides and minimises as a live exchange would; records nothing, sends nothing.
///
/// # Errors
/// As [`share::share`].
pub async fn preview(gateway: &Arc<Gateway>, order: &Order) -> Result<Preview, GatewayError> {
    let (lent, request) = share::unsigned(gateway, order).await?;
    let (working, bundle) = (Arc::clone(gateway), Arc::clone(&order.bundle));
    let told = tokio::task::spawn_blocking(move || {
        let token_key = working.token_key(&request.agreement, &request.receiver, request.at)?;
        let (table, limits) = (working.table(), working.limits());
        let tools = Tools { laws: &lent.laws, table, token_key: &token_key, limits };
        let classified = Received::read(&bundle, limits, request)?.classify(table);
        let entropy = &mut OsEntropy;
        Ok(match working.with_memo(|memo| classified.decide(&tools, memo, entropy))? {
            Decided::Permitted(permitted) => match permitted.minimise(&tools, entropy)? {
                Ok(minimised) => {
                    let (told, extract) = minimised.told();
                    (ExchangeOutcome::delivered(rulings_whole(&told.rulings)), told, extract)
                }
                Err(refused) => (ExchangeOutcome::Refused, refused.told(), Vec::new()),
            },
            Decided::Escalated(escalated) => (ExchangeOutcome::Escalated, escalated.told(), Vec::new()),
            Decided::Refused(refused) => (ExchangeOutcome::Refused, refused.told(), Vec::new()),
        })
    });
    let (outcome, told, extract) = told
        .await
        .map_err(|error| GatewayError::Broken(format!("the preview broke off: {error}")))?
        .map_err(input)?;
    let Told { rulings, counts, withholdings, rejected, reasons } = told;
    Ok(Preview {
        dry_run: true,
        outcome,
        objects: counts,
        decisions: rulings.iter().map(|ruling| ruling.report(Side::Sender)).collect(),
        withholdings: withholdings.iter().map(withholding_report).collect(),
        rejected: rejected.iter().map(rejected_report).collect(),
        reasons,
        extract,
    })
}
