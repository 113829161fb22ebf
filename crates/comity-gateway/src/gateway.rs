//! One gateway, open: its store, keys, laws and partners, and what it lends to the rules.
//!
//! Opening takes the lock on DIR; whatever happens at this gateway happens through this value.

use crate::clock::Clock;
use crate::dirs::{self, Directory, DirectoryError, Lock, SeedOf};
use crate::federation::Road;
use crate::files::{self, FileError};
use crate::keys::{
    Hsm, KeyError, KeyRing, MatchSecrets, SubjectKeys, TokenSecrets, TransportKeys, WebhookSecrets, index,
};
use crate::laws::{LawError, Shelf};
use crate::net::tls::{Certificate, PinSet};
use crate::settings::{Settings, SettingsError};
use crate::signin::SignIn;
use crate::warning::{self, WarningError};
use crate::watch::metrics::Counts;
use comity_agreement::Memo;
use comity_exchange::ExchangeError;
use comity_exchange::collect::Tags;
use comity_exchange::federation::follow::NotFollowed;
use comity_exchange::federation::identity::{Identity, SignedLaw};
use comity_exchange::federation::transport::TransportKey;
use comity_exchange::ports::{PeerRemoval, Store as _, StoreError};
use comity_exchange::signatory::Signatory;
use comity_exchange::signature::PartyKey;
use comity_exchange::wire::{Base64, Text};
use comity_minimise::{PathTable, WarningLists};
use comity_store::{Database, DryUntil, FileMark, LogIdentity, Mark, MarkFile as _};
use comity_terms::{Digest, PackSlug};
use comity_tlog::{Checkpoint, CosigningKey, SignedCheckpoint, SigningKey};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

mod lent;
mod register;

pub use register::Register;

/// An open gateway, or a dry run of it ([`Gateway::dry_run`]): what is there once, and what a dry run has of its own.
pub struct Gateway {
    house: Arc<House>,
    store: Database,
    keys: KeyRing,
    road: Road,
    dry: bool,
}

/// What there is once of a gateway.
struct House {
    directory: Directory,
    seat: dirs::Gateway,
    next_certificate: Option<Digest>,
    signatory: Signatory,
    certificate: Certificate,
    settings: Settings,
    shelf: Shelf,
    register: RwLock<Register>,
    /// The version of the register as it was read last; held while it is read.
    read: tokio::sync::Mutex<i64>,
    table: PathTable,
    warning_lists: WarningLists,
    memo: Mutex<Memo>,
    hsm: Option<Arc<Hsm>>,
    transport_keys: TransportKeys,
    webhook_secrets: WebhookSecrets,
    tags: Tags,
    sweeping: tokio::sync::Mutex<()>,
    matching: tokio::sync::Mutex<()>,
    appointing: tokio::sync::Mutex<()>,
    approving: tokio::sync::Mutex<()>,
    telling: tokio::sync::Mutex<()>,
    counts: Counts,
    signin: SignIn,
    pins: PinSet,
    clock: Arc<Clock>,
    _lock: Lock,
}

/// Why a gateway does not open or does not do what it is asked.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// Its directories.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// Its settings.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// Its keys.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Its laws.
    #[error(transparent)]
    Law(#[from] LawError),
    /// Its store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file system.
    #[error(transparent)]
    File(#[from] FileError),
    /// An exchange.
    #[error(transparent)]
    Exchange(#[from] ExchangeError),
    /// What a partner tells of itself does not follow from what is known of it.
    #[error(transparent)]
    NotFollowed(#[from] NotFollowed),
    /// The warning lists that the operator named.
    #[error(transparent)]
    WarningList(#[from] WarningError),
    /// A partner that was removed: nothing goes to it.
    #[error("{0}, until an officer adds it again: `comity peer add --officer`")]
    PeerRemoved(PeerRemoval),
    /// An officer's key was drawn at another node, and this one lacks its file: nothing is ordered here until it has it.
    #[error(
        "this node has not the key file of officer `{name}` that is in use: copy identity/officers/{file} from the DIR of the node \
         at which the key was drawn, or ask there; docs/keys.md"
    )]
    OfficerKeyAbsent {
        /// The officer.
        name: String,
        /// The name of the file.
        file: String,
    },
    /// Something that the operator or officer gave.
    #[error("{0}")]
    Input(String),
    /// Something of ours that should hold does not.
    #[error("{0}")]
    Broken(String),
}

impl Gateway {
    /// Opens the gateway in `directory`, recovering whatever a crash left.
    ///
    /// # Errors
    /// [`GatewayError`]; nothing was changed but what recovery had to.
    pub async fn open(directory: Directory) -> Result<Arc<Self>, GatewayError> {
        let lock = directory.lock()?;
        let seat = directory.gateway()?;
        let settings = Settings::read(&directory.settings())?;
        let named = settings.warning_lists.iter().map(|list| directory.data().join(list)).collect::<Vec<_>>();
        let warning_lists = warning::lists(named.iter().map(PathBuf::as_path))?;
        let (signatory, log_key) = signatory(&directory, &seat)?;
        let mark_path = directory.mark();
        let mark = FileMark::open(&mark_path).map_err(files::at(&mark_path, "open"))?;
        let clock = Arc::new(Clock::new(seat.since));
        let ticking = Arc::clone(&clock);
        let identity = LogIdentity { origin: seat.log_origin(), key: log_key };
        let store =
            Database::open(&directory.database()?, directory.data(), identity, mark, move || ticking.now())
                .await?;
        clock.not_below(store.floor());
        let certificate = directory.certificate(seat.generations.certificate)?;
        let next_certificate = seat.generations.next_certificate.map(|next| directory.certificate(next));
        let next_certificate = next_certificate.transpose()?.map(|next| next.pin());
        let hsm = hsm(&settings)?;
        let keys = KeyRing::open(&directory, hsm.clone(), clock.now())?;
        let road = Road::new(certificate.clone(), settings.delivery);
        let house = House {
            pins: PinSet::default(),
            register: RwLock::default(),
            read: tokio::sync::Mutex::default(),
            shelf: Shelf::new(directory.law()),
            table: PathTable::shipped().map_err(|error| GatewayError::Broken(error.to_string()))?,
            warning_lists,
            memo: Mutex::new(Memo::new(settings.memo_classes)),
            hsm,
            transport_keys: TransportKeys::new(directory.transport_keys()),
            webhook_secrets: WebhookSecrets::new(directory.webhook_secrets()),
            signin: SignIn::new(&settings.signin, settings.subjects.rate),
            seat,
            next_certificate,
            signatory,
            certificate,
            settings,
            tags: index::tags(&directory.index_key())?,
            sweeping: tokio::sync::Mutex::default(),
            matching: tokio::sync::Mutex::default(),
            appointing: tokio::sync::Mutex::default(),
            approving: tokio::sync::Mutex::default(),
            telling: tokio::sync::Mutex::default(),
            counts: Counts::default(),
            clock,
            directory,
            _lock: lock,
        };
        let gateway = Self { house: Arc::new(house), store, keys, road, dry: false };
        gateway.refresh().await?;
        Ok(Arc::new(gateway))
    }

    /// This gateway for a dry run: what is done at it is decided as at this one and recorded nowhere, keys that it draws are in
    /// memory alone, and no partner is reached.
    #[must_use]
    pub fn dry_run(&self, until: DryUntil) -> Arc<Self> {
        Arc::new(Self {
            house: Arc::clone(&self.house),
            store: self.store.dry(until),
            keys: self.keys.dry(),
            road: self.road.dry(),
            dry: true,
        })
    }

    /// Whether it is one of a dry run.
    #[must_use]
    pub fn is_dry(&self) -> bool {
        self.dry
    }

    /// What this gateway tells of itself now.
    ///
    /// # Errors
    /// [`KeyError`] when today's transport key cannot be made.
    pub fn identity(&self) -> Result<Identity, GatewayError> {
        let day = self.house.transport_keys.of_day(self.house.clock.now())?;
        Ok(Identity {
            version: 1,
            jurisdiction: Text(self.house.signatory.party.clone()),
            authority: self.house.seat.authority.clone(),
            party_key: self.house.signatory.key.verifier().to_string(),
            log: self.house.signatory.log.to_string(),
            witness: self.house.signatory.cosigner.verifier_key().to_string(),
            certificate: Text(self.house.certificate.pin()),
            // By the key in use, whichever it was when they were adopted.
            laws: self
                .register()
                .adopted
                .iter()
                .map(|law| SignedLaw::sign(&law.pack.0, law.digest.0, &self.house.signatory.key))
                .collect(),
            transport: Some(TransportKey {
                public: Base64(day.public.to_bytes().to_vec()),
                from: Text(day.from),
                until: Text(day.until),
                opens_until: Text(self.house.settings.horizon(day.until)),
            }),
            sequence: self.house.seat.sequence,
            next_certificate: self.house.next_certificate.map(Text),
            party_keys: self.house.seat.party_keys.clone(),
            succeeds: self.house.seat.succeeds.clone(),
        })
    }

    /// The security module that seals epoch keys, where the operator named one.
    #[must_use]
    pub fn hsm(&self) -> Option<&Hsm> {
        self.house.hsm.as_deref()
    }

    /// The transport keys.
    #[must_use]
    pub fn transport_keys(&self) -> &TransportKeys {
        &self.house.transport_keys
    }

    /// Holds no key of pseudonyms any more: after a secret was destroyed.
    pub(crate) fn forget_token_keys(&self) {
        self.keys.token_keys.forget();
    }

    /// The secrets of pseudonyms.
    #[must_use]
    pub fn token_secrets(&self) -> &TokenSecrets {
        &self.keys.token_secrets
    }

    /// The keys of tags of persons.
    #[must_use]
    pub fn subject_keys(&self) -> &SubjectKeys {
        &self.keys.subjects
    }

    /// The secrets of days of blind matching.
    #[must_use]
    pub fn match_secrets(&self) -> &MatchSecrets {
        &self.keys.matches
    }

    /// Held by whoever answers whether values are held: a set is made ready once, and takes every processor.
    pub(crate) fn matching(&self) -> &tokio::sync::Mutex<()> {
        &self.house.matching
    }

    /// The keys of tags of opt-outs, each named by the last month of a year.
    #[must_use]
    pub fn opt_out_keys(&self) -> &SubjectKeys {
        &self.keys.opt_outs
    }

    /// The secrets of endpoints that are told of acts.
    #[must_use]
    pub fn webhook_secrets(&self) -> &WebhookSecrets {
        &self.house.webhook_secrets
    }

    /// What is counted while it runs.
    #[must_use]
    pub fn counts(&self) -> &Counts {
        &self.house.counts
    }

    /// Who asks: for every door that officers and their tools come in through.
    #[must_use]
    pub fn signin(&self) -> &SignIn {
        &self.house.signin
    }

    /// Held by whoever gives an officer a key: one at a time.
    #[must_use]
    pub fn appointing(&self) -> &tokio::sync::Mutex<()> {
        &self.house.appointing
    }

    /// Held by whoever goes on with what waited for offices: one at a time.
    #[must_use]
    pub fn approving(&self) -> &tokio::sync::Mutex<()> {
        &self.house.approving
    }

    /// Held by whoever goes on with notices to persons: one at a time.
    #[must_use]
    pub fn telling(&self) -> &tokio::sync::Mutex<()> {
        &self.house.telling
    }

    /// Held by whoever sweeps the vault: one at a time.
    #[must_use]
    pub fn sweeping(&self) -> &tokio::sync::Mutex<()> {
        &self.house.sweeping
    }

    /// Moves the mark to what a partner has seen of this log, so that nothing is appended to what is stored; gives the
    /// refusal.
    ///
    /// # Errors
    /// [`GatewayError`] when the mark cannot be written.
    pub async fn halt(&self, seen: &Checkpoint) -> Result<StoreError, GatewayError> {
        let path = self.house.directory.mark();
        let mark = Mark {
            origin: seen.origin().to_owned(),
            size: seen.size(),
            root: seen.root(),
            time: self.house.clock.now(),
        };
        let stored = self.store.checkpoint().await?;
        let stored =
            SignedCheckpoint::parse(stored.as_bytes()).map_err(|e| GatewayError::Broken(e.to_string()))?;
        // The store's own hold on the mark ends first: nothing is written to it after this.
        self.store.close();
        FileMark::open(&path).and_then(|mut file| file.write(&mark)).map_err(files::at(&path, "write"))?;
        Ok(StoreError::BehindMark { marked: seen.size().0, found: stored.checkpoint().size().0 })
    }

    /// Publishes what was committed, before a command is answered or the process ends.
    pub async fn finish(&self) {
        if let Err(error) = self.store.flush_tiles().await {
            tracing::warn!(%error, "the published log is behind; it is derived again at the next start");
        }
    }

    /// Where it lies.
    #[must_use]
    pub fn directory(&self) -> &Directory {
        &self.house.directory
    }

    /// The authority that runs it, as it calls itself.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.house.seat.authority
    }

    /// Its settings.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.house.settings
    }

    /// The shipped warning lists and those that the operator named.
    #[must_use]
    pub fn warning_lists(&self) -> &WarningLists {
        &self.house.warning_lists
    }

    /// Its federation certificate.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        &self.house.certificate
    }

    /// The partners' certificates.
    #[must_use]
    pub fn pins(&self) -> &PinSet {
        &self.house.pins
    }

    /// Its adopted laws.
    #[must_use]
    pub fn shelf(&self) -> &Shelf {
        &self.house.shelf
    }
}

impl std::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Gateway of {} at {}", self.house.signatory.party, self.house.directory.data().display())
    }
}

/// The security module that the settings name, signed in to.
///
/// # Errors
/// [`GatewayError::Key`], naming the library, token or file.
pub fn hsm(settings: &Settings) -> Result<Option<Arc<Hsm>>, GatewayError> {
    let open = |settings| Hsm::open(settings).map(Arc::new).map_err(KeyError::from);
    Ok(settings.hsm.as_ref().map(open).transpose()?)
}

/// Who signs at the gateway in `directory`, and the key of its log.
///
/// # Errors
/// [`GatewayError`] when a key does not read.
pub fn signatory(
    directory: &Directory,
    seat: &dirs::Gateway,
) -> Result<(Signatory, SigningKey), GatewayError> {
    let broken = |error: comity_tlog::Error| GatewayError::Broken(error.to_string());
    let generations = &seat.generations;
    let log = directory.seed(SeedOf::Log, generations.log)?;
    let log = SigningKey::from_seed(&seat.log_origin(), &log).map_err(broken)?;
    let witness = directory.seed(SeedOf::Witness, generations.witness)?;
    let signatory = Signatory {
        party: seat.jurisdiction.clone(),
        key: PartyKey::from_seed(&*directory.seed(SeedOf::Party, generations.party)?),
        log: log.verifier_key().clone(),
        cosigner: CosigningKey::from_seed(&seat.witness_name(), &witness).map_err(broken)?,
        home: PackSlug::new(seat.jurisdiction.as_str())
            .map_err(|error| GatewayError::Broken(error.to_string()))?,
        store: seat.origin.clone(),
    };
    Ok((signatory, log))
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
