//! What the gateway lends to the rules: time, keys, laws, settings, the store.

use super::{Gateway, locked};
use crate::clock::OsEntropy;
use crate::federation::Road;
use crate::keys::FileEpochKeys;
use crate::laws::Loaded;
use comity_agreement::{LawSet, Memo};
use comity_exchange::ExchangeError;
use comity_exchange::collect::Tags;
use comity_exchange::matching::Matcher;
use comity_exchange::notice::Teller;
use comity_exchange::opt_out::Register;
use comity_exchange::ports::MatchScope;
use comity_exchange::shell::{Lent, Shell};
use comity_exchange::signatory::Signatory;
use comity_exchange::subject::Desk;
use comity_minimise::matching::MatchKey;
use comity_minimise::{Limits, PathTable, SubjectKey, TokenKey};
use comity_store::Database;
use comity_terms::{Day, Digest, Entropy, Month, PackSlug, Party, Timestamp};
use comity_vault::TransportSecret;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

impl Shell for Gateway {
    type Store = Database;
    type Peers = Road;
    type Keys = FileEpochKeys;

    fn store(&self) -> &Database {
        &self.store
    }

    fn peers(&self) -> &Road {
        &self.road
    }

    fn signatory(&self) -> &Signatory {
        &self.house.signatory
    }

    fn tags(&self) -> &Tags {
        &self.house.tags
    }

    fn table(&self) -> &PathTable {
        &self.house.table
    }

    fn limits(&self) -> &Limits {
        &self.house.settings.limits
    }

    fn with_memo<T>(&self, work: impl FnOnce(&mut Memo) -> T) -> T {
        work(&mut locked(&self.house.memo))
    }

    fn now(&self) -> Timestamp {
        self.house.clock.now()
    }

    fn laws(&self, agreement: &PackSlug, partner: &Party) -> Option<Lent> {
        let digest = self.adopted(agreement)?;
        let Loaded { law, vocabulary } = self.loaded(agreement, digest)?;
        // What stays in this house binds nobody else.
        let binding =
            *partner == self.house.signatory.party || self.signed_by(partner, agreement).contains(&digest);
        let mut national = BTreeMap::new();
        let own = (&self.house.signatory.party, self.adopted(&self.house.signatory.home));
        let partner_slug = PackSlug::new(partner.as_str()).ok()?;
        // The newest that the partner signed and whose text is here.
        let theirs = self.signed_by(partner, &partner_slug).pop();
        for (party, digest) in [own, (partner, theirs)] {
            let Some((slug, digest)) = PackSlug::new(party.as_str()).ok().zip(digest) else { continue };
            match self.loaded(&slug, digest) {
                // Laws that use other words than the agreement cannot be asked the same question.
                Some(loaded) if loaded.vocabulary.digest() != vocabulary.digest() => {
                    tracing::warn!(%party, "its law was adopted with another vocabulary: not asked");
                }
                Some(loaded) if self.shelf().go_together(&law, &loaded.law, &vocabulary) => {
                    national.insert(party.clone(), loaded.law);
                }
                // What loosens, or blocks what a floor of cooperation grants, is no law here: it was logged.
                Some(_) => {}
                None => {}
            }
        }
        Some(Lent { laws: Arc::new(LawSet { agreement: law, national, vocabulary }), binding })
    }

    fn transport_secret(&self, id: Digest) -> Option<TransportSecret> {
        self.house.transport_keys.secret(id).unwrap_or_else(|error| {
            tracing::error!(%error, "a transport key cannot be read");
            None
        })
    }

    fn token_key(
        &self,
        agreement: &PackSlug,
        partner: &Party,
        at: Timestamp,
    ) -> Result<Arc<TokenKey>, ExchangeError> {
        let keys = |error: &dyn std::fmt::Display| ExchangeError::Keys(error.to_string());
        self.keys.token_keys.get(agreement, partner, Month::of(at), || {
            let secret = self.keys.token_secrets.of(at, self.now()).map_err(|error| keys(&error))?;
            TokenKey::derive(&secret, agreement.as_str(), partner.as_str(), &Month::of(at).to_string())
                .map_err(|error| keys(&error))
        })
    }

    fn subject_key(&self, month: Month) -> Result<Option<Arc<SubjectKey>>, ExchangeError> {
        let key = self.keys.subjects.of(month, self.now());
        key.map_err(|error| ExchangeError::Keys(error.to_string()))
    }

    fn opening_until(&self, _: &PackSlug, at: Timestamp) -> Result<Timestamp, ExchangeError> {
        self.house.settings.opening_until(at).map_err(|error| ExchangeError::Law(error.to_string()))
    }

    fn told_until(&self, at: Timestamp) -> Timestamp {
        self.house.settings.told_until(at)
    }

    fn horizon(&self, at: Timestamp) -> Timestamp {
        self.house.settings.horizon(at)
    }

    fn holds_until(&self, at: Timestamp) -> Timestamp {
        self.house.settings.holds_until(at)
    }

    fn claimed_until(&self, now: Timestamp) -> Timestamp {
        self.house.settings.claimed_until(now)
    }

    fn entropy(&self) -> impl Entropy {
        OsEntropy
    }

    fn with_keys<T>(&self, work: impl FnOnce(&mut FileEpochKeys) -> T) -> T {
        work(&mut locked(&self.keys.epoch))
    }
}

impl Register for Gateway {
    fn opt_out_key(&self, period: Month) -> Result<Option<Arc<SubjectKey>>, ExchangeError> {
        let key = self.keys.opt_outs.of(period, self.now());
        key.map_err(|error| ExchangeError::Keys(error.to_string()))
    }
}

impl Teller for Gateway {
    fn authority(&self) -> &str {
        &self.house.seat.authority
    }
}

impl Desk for Gateway {
    fn token_keys(&self) -> Result<Vec<Arc<TokenKey>>, ExchangeError> {
        let register = self.register();
        let agreements: BTreeSet<&PackSlug> = register.adopted.iter().map(|law| &law.pack.0).collect();
        let partners: Vec<&Party> = register.peers.keys().chain([&self.house.signatory.party]).collect();
        let months =
            self.keys.token_secrets.months().map_err(|error| ExchangeError::Keys(error.to_string()))?;
        let mut keys = Vec::new();
        for (first, _) in months.into_iter().filter_map(Month::bounds) {
            for agreement in &agreements {
                for partner in &partners {
                    keys.push(self.token_key(agreement, partner, first)?);
                }
            }
        }
        Ok(keys)
    }

    fn subject_months(&self) -> Result<Vec<Month>, ExchangeError> {
        self.keys.subjects.months().map_err(|error| ExchangeError::Keys(error.to_string()))
    }

    fn adopted_now(&self) -> BTreeMap<PackSlug, Digest> {
        // The newest of a pack is the last.
        self.register().adopted.into_iter().map(|law| (law.pack.0, law.digest.0)).collect()
    }

    fn laws_then(&self, pack: &PackSlug, digests: &BTreeMap<PackSlug, Digest>) -> Option<Lent> {
        let party = &self.house.signatory.party;
        let home = &self.house.signatory.home;
        let Loaded { law, vocabulary } = self.loaded(pack, *digests.get(pack)?)?;
        let own = self.loaded(home, *digests.get(home)?)?;
        if own.vocabulary.digest() != vocabulary.digest() {
            tracing::warn!(%pack, "it was adopted with another vocabulary than this party's law: not asked");
            return None;
        }
        let national = BTreeMap::from([(party.clone(), own.law)]);
        // What a person asks of this house binds nobody else.
        Some(Lent { laws: Arc::new(LawSet { agreement: law, national, vocabulary }), binding: true })
    }

    fn request_until(&self, at: Timestamp) -> Timestamp {
        self.house.settings.subjects.until(at)
    }
}

impl Matcher for Gateway {
    fn match_key(&self, scope: &MatchScope, day: Day) -> Result<MatchKey, ExchangeError> {
        let keys = |error: &dyn std::fmt::Display| ExchangeError::Keys(error.to_string());
        let secret = self.keys.matches.of(day, self.now()).map_err(|error| keys(&error))?;
        let MatchScope { peer, agreement, activity, purpose, question } = scope;
        let (question, day) = (question.to_string(), day.to_string());
        let scope = [peer.as_str(), agreement.as_str(), activity.as_str(), purpose.as_str(), &question, &day];
        MatchKey::derive(&secret, &scope).map_err(|error| keys(&error))
    }

    fn match_budget(&self, scope: &MatchScope) -> u64 {
        self.house.settings.matching.evaluations(scope)
    }
}
