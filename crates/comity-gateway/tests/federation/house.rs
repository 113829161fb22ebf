//! A gateway of its own in a temporary directory, with its listeners; and two that know each other.

use comity_exchange::collect::Selector;
use comity_exchange::ports::Officer;
use comity_exchange::report::ExchangeReport;
use comity_exchange::shell::Shell as _;
use comity_gateway::cli::serve::{Running, start};
use comity_gateway::clock::{Clock, OsEntropy};
use comity_gateway::dirs::Directory;
use comity_gateway::gateway::Gateway;
use comity_gateway::watch::{Stopper, stopping};
use comity_gateway::work::{manage, outbox, share, uses};
use comity_store::{FileMark, Mark, MarkFile as _};
use comity_terms::{Party, Timestamp};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// The bundle that these tests share: one of the shipped examples.
pub(crate) const PHISHING: &[u8] = include_bytes!("../../../../examples/bundles/phishing-campaign.json");

const AGREEMENT: &str = "eu-nis2-2022-2555";

/// A gateway that listens.
pub(crate) struct House {
    pub(crate) gateway: Arc<Gateway>,
    address: SocketAddr,
    running: Running,
    stopper: Stopper,
    room: tempfile::TempDir,
}

/// What an officer asks to see of what came from Estonia for its defence.
pub(crate) fn looks(officer: &str, selector: Selector) -> uses::Asked {
    let defence = || ("threat_intel".parse().unwrap(), "cyber_defence".parse().unwrap());
    uses::Asked {
        officer: officer.to_owned(),
        agreement: AGREEMENT.parse().unwrap(),
        partner: "EE".parse().unwrap(),
        use_for: defence(),
        came_for: defence(),
        selector,
        facts: Vec::new(),
        attestations: Vec::new(),
    }
}

/// Two gateways that know each other; the second has adopted the agreement if `both`.
pub(crate) async fn pair(codes: &[&str; 2], both: bool) -> (House, House) {
    let (one, other) = (House::open(codes[0]).await, House::open(codes[1]).await);
    one.adopt().await;
    if both {
        other.adopt().await;
    }
    one.meet(&other, other.address).await;
    other.meet(&one, one.address).await;
    one.officers().await;
    (one, other)
}

/// Works the outbox off once, whatever is due.
pub(crate) async fn at_once(house: &House) {
    outbox::once(&house.gateway).await.unwrap();
}

impl House {
    /// Where partners come in.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// A gateway that was closed, where it was before.
    pub(crate) async fn reopen(room: tempfile::TempDir, directory: Directory, address: SocketAddr) -> Self {
        let gateway = Gateway::open(directory).await.unwrap();
        let (stopper, stop) = stopping();
        let any: SocketAddr = ([127, 0, 0, 1], 0).into();
        let running = start(&gateway, any, Some(address), stop).await.unwrap();
        Self { gateway, address, running, stopper, room }
    }

    /// The same gateway when so much time has passed: its log's mark, which its time never runs below, lies that far ahead.
    pub(crate) async fn later(self, by: Duration) -> Self {
        let (directory, address) = (self.gateway.directory().clone(), self.address);
        let then = self.gateway.now().checked_add(by).unwrap();
        let room = self.close().await;
        let mut file = FileMark::open(&directory.mark()).unwrap();
        let mark = file.read().unwrap().unwrap();
        file.write(&Mark { time: then, ..mark }).unwrap();
        drop(file);
        Self::reopen(room, directory, address).await
    }

    pub(crate) async fn open(code: &str) -> Self {
        let room = tempfile::tempdir().unwrap();
        let party: Party = code.parse().unwrap();
        let now = Clock::new(Timestamp::UNIX_EPOCH).now();
        let dir = room.path().join(code);
        let directory = Directory::init(&dir, None, &party, "An authority", &mut OsEntropy, now).unwrap();
        let gateway = Gateway::open(directory).await.unwrap();
        manage::adopt(&gateway, code, Path::new("/")).await.unwrap();
        let (stopper, stop) = stopping();
        let any: SocketAddr = ([127, 0, 0, 1], 0).into();
        let running = start(&gateway, any, Some(any), stop).await.unwrap();
        let address = running.federation.unwrap();
        Self { gateway, address, running, stopper, room }
    }

    /// Where the public listener is.
    pub(crate) fn plain(&self) -> SocketAddr {
        self.running.plain
    }

    /// The head and body of what its public listener answers.
    pub(crate) async fn get(&self, path: &str) -> String {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let mut stream = tokio::net::TcpStream::connect(self.plain()).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: gateway\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    /// Makes two officers known: one `trained`, one `untrained`.
    pub(crate) async fn officers(&self) {
        for (name, days) in [("trained", 365_i64), ("untrained", -1)] {
            let until = self.gateway.now().as_second() + days * 86_400;
            let officer = Officer {
                name: name.to_owned(),
                role: "analyst".to_owned(),
                unit: None,
                training_until: Timestamp::from_second(until).unwrap(),
                password_hash: String::new(),
            };
            manage::add_officer(&self.gateway, officer).await.unwrap();
        }
    }

    /// Stops it; gives the directory that its data and keys lie in.
    pub(crate) async fn close(self) -> tempfile::TempDir {
        self.stopper.stop();
        self.running.finish().await;
        self.gateway.finish().await;
        // The last to hold it gives up the lock.
        assert_eq!(Arc::strong_count(&self.gateway), 1, "nothing works on after the end");
        self.room
    }

    pub(crate) fn party(&self) -> Party {
        self.gateway.signatory().party.clone()
    }

    pub(crate) async fn adopt(&self) {
        manage::adopt(&self.gateway, AGREEMENT, Path::new("/")).await.unwrap();
    }

    pub(crate) async fn meet(&self, other: &House, at: SocketAddr) {
        let identity = other.gateway.identity().unwrap();
        let url = format!("https://{at}");
        manage::add_peer(&self.gateway, &other.party(), &url, identity).await.unwrap();
    }

    /// From now on `by` looks for this gateway where nobody listens; gives where it was.
    pub(crate) async fn unplug(&self, by: &House) -> SocketAddr {
        by.meet(self, ([127, 0, 0, 1], 1).into()).await;
        self.address
    }

    /// `by` finds this gateway again.
    pub(crate) async fn plug(&self, by: &House, at: SocketAddr) {
        by.meet(self, at).await;
    }

    pub(crate) async fn share(&self, bundle: &[u8]) -> ExchangeReport {
        self.share_as("trained", bundle).await
    }

    pub(crate) async fn share_as(&self, officer: &str, bundle: &[u8]) -> ExchangeReport {
        self.share_with(officer, bundle, &[]).await
    }

    /// Shares with facts that the officer states, each a key and its value as on a command line.
    pub(crate) async fn share_with(
        &self,
        officer: &str,
        bundle: &[u8],
        facts: &[(&str, &str)],
    ) -> ExchangeReport {
        let to = self.gateway.register().peers.keys().next().cloned().unwrap();
        self.share_to(&to, officer, bundle, facts).await
    }

    /// Shares with one partner of several.
    pub(crate) async fn share_to(
        &self,
        to: &Party,
        officer: &str,
        bundle: &[u8],
        facts: &[(&str, &str)],
    ) -> ExchangeReport {
        let order = share::Order {
            bundle: Arc::new(bundle.to_vec()),
            officer: officer.to_owned(),
            under: AGREEMENT.parse().unwrap(),
            to: to.clone(),
            activity: "threat_intel".parse().unwrap(),
            purpose: "cyber_defence".parse().unwrap(),
            facts: facts.iter().map(|(key, value)| (key.parse().unwrap(), (*value).to_owned())).collect(),
            attestations: Vec::new(),
            assume_in_force: false,
            added: None,
            once: None,
        };
        let shared = tokio::time::timeout(Duration::from_secs(300), share::share(&self.gateway, order));
        shared.await.expect("sharing ends").unwrap()
    }
}
