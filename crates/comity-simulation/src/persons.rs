//! What a person asks of a gateway, decided by an officer; what goes on to partners, and what comes back.

use crate::gateway::{BEGINNING, Gateway};
use crate::law;
use crate::work::hear_from;
use comity_agreement::LawSet;
use comity_exchange::ExchangeError;
use comity_exchange::ports::{RequestRow, Subjects as _};
use comity_exchange::shell::{Lent, Shell as _};
use comity_exchange::subject::{
    Claim, Decided, Decision, Desk, Filed, Filing, Kind, ReferralTold, decide as decided, file, send_referral,
};
use comity_minimise::TokenKey;
use comity_terms::{Asserter, Digest, Facts, Month, PackSlug, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Who asks: whoever the second of [`BUNDLES`](crate::work::BUNDLES) names.
const PERSON: &[u8] = br#"{"identifiers":[{"kind":"email","value":"billing@invoice.example.com"}]}"#;

/// How long a request and its answer are kept.
const KEPT: Duration = Duration::from_secs(365 * 86_400);

/// The most months that a run lasts, and that what it holds is kept after.
const MONTHS: u32 = 36;

/// Files what the person asks.
///
/// # Errors
/// [`ExchangeError`]; nothing was filed, or it is in doubt.
pub async fn ask(gateway: &Arc<Gateway>, kind: Kind) -> Result<Filed, ExchangeError> {
    let claim = Claim::read(PERSON).map_err(|error| ExchangeError::Question(error.to_string()))?;
    file(&**gateway, &Filing { kind, claim: &claim }).await
}

/// Decides on a request as an officer who has seen who asks, and finds that what is held is held unlawfully; then sends at
/// once what follows elsewhere.
///
/// # Errors
/// [`ExchangeError`]; the request waits still, or another hand was faster.
pub async fn decide(gateway: &Arc<Gateway>, row: RequestRow) -> Result<Decided, ExchangeError> {
    let mut about = Facts::new();
    about.know("training_valid", true, Asserter::Gateway);
    about.know("requester", "data_subject", Asserter::Officer);
    let mut facts = Facts::new();
    facts.know("processing_unlawful", true, Asserter::Officer);
    facts.know("accuracy_contested", true, Asserter::Officer);
    let by = serde_json::Value::Null;
    let decision = Decision { identity_verified: true, about, facts, officer: "trained".to_owned(), by };
    let decided = decided(&**gateway, row, &decision).await?;
    for row in decided.ordered.iter().filter_map(|there| there.row.clone()) {
        crate::orders::send(gateway, row).await;
    }
    Ok(decided)
}

/// Decides on every request that waits.
pub async fn decide_all(gateway: &Arc<Gateway>) {
    for row in gateway.store().requests(false).await.unwrap_or_default() {
        let number = row.id;
        if let Err(error) = decide(gateway, row).await {
            gateway.network.note(&gateway.clockwork, &format!("request {number} waits: {error}"));
        }
    }
}

/// Sends every request that is due at a partner, once.
pub async fn round(gateway: &Arc<Gateway>) {
    let now = gateway.now();
    for row in gateway.store().requests_to_send(now, 16).await.unwrap_or_default() {
        for place in 0..row.detail.referrals.len() {
            let Ok(Some(row)) = gateway.store().request(row.id).await else { continue };
            let one = &row.detail.referrals[place];
            if one.complete || one.next_at.0 > now {
                continue;
            }
            let Some(peer) = gateway.known(&one.to.0) else { continue };
            let told = send_referral(&**gateway, &row, place, &peer).await;
            if let Ok(ReferralTold::Waiting { .. }) = told {
                // It may have moved on while we waited: its new keys serve the next try.
                let _ = hear_from(gateway, &peer).await;
            }
        }
    }
}

/// The months from the beginning of a run on.
fn months(until: Option<Timestamp>) -> Vec<Month> {
    let first = Month::of(BEGINNING.parse().expect("the beginning is an instant"));
    let last = until.map_or(first.number() + MONTHS, |until| Month::of(until).number());
    (first.number()..=last).filter_map(Month::from_number).collect()
}

impl Desk for Gateway {
    fn token_keys(&self) -> Result<Vec<Arc<TokenKey>>, ExchangeError> {
        let mut keys = Vec::new();
        for (first, _) in months(Some(self.now())).into_iter().filter_map(Month::bounds) {
            for agreement in self.adopted_now().keys() {
                for partner in (0..law::PARTIES.len()).map(law::party) {
                    keys.push(self.token_key(agreement, &partner, first)?);
                }
            }
        }
        Ok(keys)
    }

    fn subject_months(&self) -> Result<Vec<Month>, ExchangeError> {
        Ok(months(None))
    }

    fn adopted_now(&self) -> BTreeMap<PackSlug, Digest> {
        // The newest of a pack is the last.
        self.adopted_laws().into_iter().map(|law| (law.pack.0, law.digest.0)).collect()
    }

    fn laws_then(&self, pack: &PackSlug, digests: &BTreeMap<PackSlug, Digest>) -> Option<Lent> {
        let (party, home) = (&self.signatory().party, &self.signatory().home);
        let (agreement, vocabulary) = law::signed(pack, *digests.get(pack)?)?;
        let (own, _) = law::signed(home, *digests.get(home)?)?;
        let national = BTreeMap::from([(party.clone(), own)]);
        Some(Lent { laws: Arc::new(LawSet { agreement, national, vocabulary }), binding: true })
    }

    fn request_until(&self, at: Timestamp) -> Timestamp {
        at.checked_add(KEPT).unwrap_or(Timestamp::MAX)
    }
}
