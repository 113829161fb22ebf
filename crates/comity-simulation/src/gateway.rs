//! One gateway: what lies on its disks, and the process that is lost in a crash.

use crate::chance::Chance;
use crate::clockwork::{Clockwork, at_once};
use crate::faults::Faults;
use crate::faulty::Faulty;
use crate::keys::{Epochs, Transports};
use crate::law::{self, edition_of};
use crate::network::{Network, Road};
use comity_agreement::Memo;
use comity_exchange::ExchangeError;
use comity_exchange::collect::Tags;
use comity_exchange::federation::identity::{Identity, SignedLaw};
use comity_exchange::federation::transport::TransportKey;
use comity_exchange::ports::{Peer, Store as _, StoreError};
use comity_exchange::shell::{Lent, Shell};
use comity_exchange::signatory::Signatory;
use comity_exchange::signature::PartyKey;
use comity_exchange::wire::{Base64, Text};
use comity_minimise::{Limits, PathTable, TokenKey};
use comity_store::{FileMark, LogIdentity, MarkFile as _, SqliteStore};
use comity_terms::clock::OwnTime;
use comity_terms::{Digest, Entropy, PackSlug, Party, Timestamp};
use comity_tlog::{CosigningKey, SigningKey, VerifierKey};
use comity_vault::TransportSecret;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What a crash leaves.
pub struct Disk {
    /// Which gateway this is.
    pub number: usize,
    /// The failures to come here, and what really happened.
    pub faults: Faults,
    /// How far the system's clock is off, seconds.
    pub skew: Mutex<i64>,
    /// The epoch keys.
    pub epochs: Epochs,
    transports: Transports,
    chance: Chance,
    folder: tempfile::TempDir,
}

/// Secrets are drawn once a run from the number alone: what is kept of a failing run reads the same elsewhere.
fn seed(of: &str, number: usize) -> [u8; 32] {
    Digest::of_parts(of, &[&number.to_be_bytes()]).0
}

impl Disk {
    /// The disks of a gateway that was never started.
    ///
    /// # Panics
    /// When no temporary folder can be made.
    #[must_use]
    pub fn new(number: usize, chance: &Chance) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::create_dir(folder.path().join("data")).expect("a folder in it");
        let own = || Chance::new(chance.next());
        Self {
            number,
            faults: Faults::default(),
            skew: Mutex::new(0),
            epochs: Epochs::new(own()),
            transports: Transports::new(own()),
            chance: own(),
            folder,
        }
    }

    /// The folder of the database and the published log.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The name of its log.
    #[must_use]
    pub fn origin(&self) -> String {
        format!("comity/{}/simulated", law::PARTIES[self.number])
    }

    /// The high-water mark as it lies on the disk.
    ///
    /// # Panics
    /// When it cannot be read.
    #[must_use]
    pub fn mark(&self) -> Option<comity_store::Mark> {
        FileMark::open(&self.folder.path().join("mark")).and_then(|mut mark| mark.read()).expect("a mark")
    }

    /// What verifies its log.
    ///
    /// # Panics
    /// Never: the origin is one.
    #[must_use]
    pub fn log_key(&self) -> VerifierKey {
        self.signing_key().verifier_key().clone()
    }

    fn signing_key(&self) -> SigningKey {
        SigningKey::from_seed(&self.origin(), &seed("log", self.number)).expect("the origin is a key's name")
    }
}

/// Partners and laws as the process holds them in memory.
#[derive(Clone, Default)]
struct Register {
    peers: BTreeMap<Party, Peer>,
    adopted: Vec<SignedLaw>,
}

/// A process.
pub struct Gateway {
    /// What it leaves.
    pub disk: Arc<Disk>,
    /// Time, as it waits for it.
    pub clockwork: Clockwork,
    /// The road.
    pub network: Arc<Network>,
    store: Faulty<SqliteStore>,
    road: Road,
    signatory: Signatory,
    table: PathTable,
    tags: Tags,
    limits: Limits,
    memo: Mutex<Memo>,
    register: Mutex<Register>,
    time: Mutex<OwnTime>,
    /// When the process started: its steady clock begins there.
    started: Duration,
    token_secret: [u8; 32],
    sweeping: Arc<AtomicBool>,
}

/// A sweep under way.
pub struct Sweeping(Arc<AtomicBool>);

impl Drop for Sweeping {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

/// The instant at which a run begins, UTC.
pub const BEGINNING: &str = "2026-11-24T08:00:00Z";

/// How long readers of collections are told of what ended.
const TOLD: Duration = Duration::from_secs(30 * 86_400);

/// How long delivery is tried.
pub const HORIZON: Duration = Duration::from_secs(2 * 86_400);

/// How long a decision holds.
const HOLDS: Duration = Duration::from_secs(86_400);

/// How long a try has its offer to itself: a call's patience, and some more.
const CLAIM: Duration = Duration::from_secs(150);

/// How long openings are kept.
const OPENINGS: Duration = Duration::from_secs(3_650 * 86_400);

fn system_time(clockwork: &Clockwork, disk: &Disk) -> Timestamp {
    let beginning: Timestamp = BEGINNING.parse().expect("the beginning is an instant");
    let skew = jiff::SignedDuration::from_secs(*locked(&disk.skew));
    beginning.checked_add(clockwork.now()).and_then(|now| now.checked_add(skew)).expect("a run of days")
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Gateway {
    /// Starts the process: opens what is on the disk, recovering whatever a crash left.
    ///
    /// # Errors
    /// [`StoreError`]: it does not start.
    ///
    /// # Panics
    /// When the shipped path table does not load, or the mark cannot be opened.
    pub fn start(
        disk: &Arc<Disk>,
        clockwork: &Clockwork,
        network: &Arc<Network>,
    ) -> Result<Arc<Self>, StoreError> {
        let number = disk.number;
        let mark = FileMark::open(&disk.folder.path().join("mark")).expect("the mark opens");
        let identity = LogIdentity { origin: disk.origin(), key: disk.signing_key() };
        let (works, clock_of) = (clockwork.clone(), Arc::clone(disk));
        let store = SqliteStore::open(&disk.data(), identity, mark, move || system_time(&works, &clock_of))?;
        let floor = store.floor();
        let party = law::party(number);
        let signatory = Signatory {
            key: PartyKey::from_seed(&seed("party", number)),
            log: disk.log_key(),
            cosigner: CosigningKey::from_seed(
                &format!("{}/witness", disk.origin()),
                &seed("witness", number),
            )
            .expect("the origin is a key's name"),
            home: party.as_str().parse().expect("a party's code is its law's name"),
            store: disk.origin(),
            party,
        };
        let faults = &disk.faults;
        let gateway = Arc::new(Self {
            store: Faulty::new(store, number, clockwork.clone(), faults.clone()),
            road: Road::new(Arc::clone(network), clockwork.clone(), number, faults.clone()),
            signatory,
            table: PathTable::shipped().expect("the shipped path table loads"),
            tags: Tags::new([7; 32]),
            limits: Limits::default(),
            memo: Mutex::new(Memo::new(64)),
            register: Mutex::default(),
            time: Mutex::new(OwnTime::new(floor)),
            started: clockwork.now(),
            token_secret: seed("tokens", number),
            sweeping: Arc::default(),
            disk: Arc::clone(disk),
            clockwork: clockwork.clone(),
            network: Arc::clone(network),
        });
        gateway
            .reread(at_once(gateway.store.inner().peers())?, at_once(gateway.store.inner().adopted_laws())?);
        Ok(gateway)
    }

    /// Reads partners and laws from the store again: after every change of theirs.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn refresh(&self) -> Result<(), StoreError> {
        let peers = self.store.peers().await?;
        self.reread(peers, self.store.adopted_laws().await?);
        Ok(())
    }

    fn reread(&self, peers: Vec<Peer>, adopted: Vec<comity_exchange::ports::AdoptedLaw>) {
        *locked(&self.register) = Register {
            peers: peers.into_iter().map(|peer| (peer.party.clone(), peer)).collect(),
            adopted: adopted.into_iter().map(|adopted| adopted.law).collect(),
        };
    }

    /// A partner.
    #[must_use]
    pub fn known(&self, party: &Party) -> Option<Peer> {
        locked(&self.register).peers.get(party).cloned()
    }

    /// What this gateway tells of itself now.
    #[must_use]
    pub fn identity(&self) -> Identity {
        let day = self.disk.transports.of_day(self.now());
        Identity {
            version: 1,
            jurisdiction: Text(self.signatory.party.clone()),
            authority: "A simulated authority".to_owned(),
            party_key: self.signatory.key.verifier().to_string(),
            log: self.signatory.log.to_string(),
            witness: self.signatory.cosigner.verifier_key().to_string(),
            certificate: Text(Digest::of(self.signatory.party.as_str().as_bytes())),
            laws: locked(&self.register).adopted.clone(),
            transport: Some(TransportKey {
                public: Base64(day.secret.public().to_bytes().to_vec()),
                from: Text(day.from),
                until: Text(day.until),
                opens_until: Text(self.horizon(day.until)),
            }),
            sequence: 0,
            next_certificate: None,
            party_keys: Vec::new(),
            succeeds: None,
        }
    }

    /// Begins a sweep of the vault, unless one is under way; it is over when what is given is dropped.
    #[must_use]
    pub fn begin_sweep(&self) -> Option<Sweeping> {
        let sweeping = Arc::clone(&self.sweeping);
        let begun = !sweeping.swap(true, Ordering::Relaxed);
        begun.then_some(Sweeping(sweeping))
    }

    /// Destroys transport keys whose horizon has passed.
    pub fn destroy_old_transport_keys(&self) {
        self.disk.transports.destroy_older(self.now(), HORIZON);
    }

    /// The laws adopted here, in the order of adopting.
    #[must_use]
    pub fn adopted_laws(&self) -> Vec<SignedLaw> {
        locked(&self.register).adopted.clone()
    }

    fn adopted(&self, pack: &PackSlug) -> Option<Digest> {
        let register = locked(&self.register);
        register.adopted.iter().rev().find(|law| law.pack.0 == *pack).map(|law| law.digest.0)
    }
}

impl Shell for Gateway {
    type Store = Faulty<SqliteStore>;
    type Peers = Road;
    type Keys = Epochs;

    fn store(&self) -> &Self::Store {
        &self.store
    }

    fn peers(&self) -> &Road {
        &self.road
    }

    fn signatory(&self) -> &Signatory {
        &self.signatory
    }

    fn tags(&self) -> &Tags {
        &self.tags
    }

    fn table(&self) -> &PathTable {
        &self.table
    }

    fn limits(&self) -> &Limits {
        &self.limits
    }

    fn with_memo<T>(&self, work: impl FnOnce(&mut Memo) -> T) -> T {
        work(&mut locked(&self.memo))
    }

    fn now(&self) -> Timestamp {
        let steady = self.clockwork.now().saturating_sub(self.started);
        locked(&self.time).at(system_time(&self.clockwork, &self.disk), steady)
    }

    fn laws(&self, agreement: &PackSlug, partner: &Party) -> Option<Lent> {
        let digest = self.adopted(agreement)?;
        let edition = edition_of(digest)?;
        let theirs = self.known(partner)?.identity.laws;
        let binding = theirs.iter().any(|law| law.pack.0 == *agreement && law.digest.0 == digest);
        let laws = edition.between([&self.signatory.party, partner]);
        Some(Lent { laws: Arc::new(laws), binding })
    }

    fn transport_secret(&self, id: Digest) -> Option<TransportSecret> {
        self.disk.transports.secret(id)
    }

    fn token_key(
        &self,
        agreement: &PackSlug,
        partner: &Party,
        at: Timestamp,
    ) -> Result<Arc<TokenKey>, ExchangeError> {
        let period = comity_terms::Month::of(at).to_string();
        TokenKey::derive(&self.token_secret, agreement.as_str(), partner.as_str(), &period)
            .map(Arc::new)
            .map_err(|error| ExchangeError::Keys(error.to_string()))
    }

    fn subject_key(
        &self,
        month: comity_terms::Month,
    ) -> Result<Option<Arc<comity_minimise::SubjectKey>>, ExchangeError> {
        comity_minimise::SubjectKey::derive(&self.token_secret, &month.to_string())
            .map(|key| Some(Arc::new(key)))
            .map_err(|error| ExchangeError::Keys(error.to_string()))
    }

    fn opening_until(&self, _: &PackSlug, at: Timestamp) -> Result<Timestamp, ExchangeError> {
        at.checked_add(OPENINGS).map_err(|error| ExchangeError::Law(error.to_string()))
    }

    fn told_until(&self, at: Timestamp) -> Timestamp {
        at.checked_add(TOLD).unwrap_or(Timestamp::MAX)
    }

    fn horizon(&self, at: Timestamp) -> Timestamp {
        at.checked_add(HORIZON).unwrap_or(Timestamp::MAX)
    }

    fn holds_until(&self, at: Timestamp) -> Timestamp {
        at.checked_add(HOLDS).unwrap_or(Timestamp::MAX)
    }

    fn claimed_until(&self, now: Timestamp) -> Timestamp {
        now.checked_add(CLAIM).unwrap_or(Timestamp::MAX)
    }

    fn entropy(&self) -> impl Entropy {
        self.disk.chance.clone()
    }

    fn with_keys<T>(&self, work: impl FnOnce(&mut Epochs) -> T) -> T {
        work(&mut self.disk.epochs.clone())
    }
}
