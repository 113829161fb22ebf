//! The governed path: two gateways, each its own process, through the code that officers use.

use comity_exchange::disclose::{Goes, prepare};
use comity_exchange::federation::identity::Identity;
use comity_exchange::ports::Officer;
use comity_exchange::question::Request;
use comity_exchange::report::ExchangeOutcome;
use comity_exchange::shell::Shell as _;
use comity_gateway::cli::serve::{Running, start};
use comity_gateway::clock::{Clock, OsEntropy};
use comity_gateway::dirs::Directory;
use comity_gateway::gateway::Gateway;
use comity_gateway::watch::{Stopper, stopping};
use comity_gateway::work::{manage, share};
use comity_minimise::{Bundle, Profile, TokenKey, classes, classify, minimise};
use comity_terms::{Asserter, Facts, Party, Timestamp};
use std::error::Error;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command};
use std::sync::Arc;
use std::time::{Duration, Instant};

type Tested<T> = Result<T, Box<dyn Error>>;

const AGREEMENT: &str = "eu-nis2-2022-2555";
const PARTIES: [&str; 2] = ["EE", "FI"];

/// What is measured apart.
pub(crate) const PARTS: [&str; 5] =
    ["read", "classify", "pseudonyms of persons", "minimise, pseudonyms too", "read to sealed, whole"];

/// What another process wrote, once it is there.
pub(crate) async fn waited(path: &Path) -> Tested<String> {
    for _ in 0..1_200 {
        if let Ok(text) = std::fs::read_to_string(path) {
            return Ok(text);
        }
        // Another process writes it.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Err(format!("{} did not come within a minute", path.display()).into())
}

async fn open(room: &Path, code: &str) -> Tested<(Arc<Gateway>, Running, Stopper)> {
    let party: Party = code.parse()?;
    let now = Clock::new(Timestamp::UNIX_EPOCH).now();
    let directory = Directory::init(&room.join(code), None, &party, "An authority", &mut OsEntropy, now)?;
    let gateway = Gateway::open(directory).await?;
    for pack in [code, AGREEMENT] {
        manage::adopt(&gateway, pack, room).await?;
    }
    let (stopper, stop) = stopping();
    let any: SocketAddr = ([127, 0, 0, 1], 0).into();
    let running = start(&gateway, any, Some(any), stop).await?;
    let address = running.federation.ok_or("no listener")?;
    let draft = room.join(format!("{code}.draft"));
    std::fs::write(&draft, format!("https://{address}\n{}", manage::identity_file(&gateway)?))?;
    std::fs::rename(draft, room.join(format!("{code}.identity")))?;
    Ok((gateway, running, stopper))
}

async fn meet(gateway: &Gateway, room: &Path, code: &str) -> Tested<()> {
    let said = waited(&room.join(format!("{code}.identity"))).await?;
    let (url, identity) = said.split_once('\n').ok_or("no identity")?;
    manage::add_peer(gateway, &code.parse()?, url, Identity::from_file(identity.as_bytes())?).await?;
    Ok(())
}

/// The receiving process.
pub(crate) async fn receive(room: &Path) -> Tested<()> {
    let (gateway, running, _stopper) = open(room, PARTIES[1]).await?;
    meet(&gateway, room, PARTIES[0]).await?;
    std::fs::write(room.join("governed-receiver"), "ready")?;
    running.finish().await;
    Ok(())
}

pub(crate) struct Sender {
    gateway: Arc<Gateway>,
    receiver: Child,
    _running: Running,
    _stopper: Stopper,
}

/// What the first exchange came to.
pub(crate) struct Told {
    pub(crate) decisions: usize,
    pub(crate) kept: u64,
    pub(crate) changed: u64,
    pub(crate) withheld: u64,
}

impl Sender {
    pub(crate) async fn start(room: &Path) -> Tested<Self> {
        let receiver = Command::new(std::env::current_exe()?).arg("governed-receiver").arg(room).spawn()?;
        let (gateway, running, stopper) = open(room, PARTIES[0]).await?;
        meet(&gateway, room, PARTIES[1]).await?;
        waited(&room.join("governed-receiver")).await?;
        let officer = Officer {
            name: "bench".to_owned(),
            role: "analyst".to_owned(),
            unit: None,
            training_until: Timestamp::MAX,
            password_hash: String::new(),
        };
        manage::add_officer(&gateway, officer).await?;
        Ok(Self { gateway, receiver, _running: running, _stopper: stopper })
    }

    pub(crate) async fn send(&self, bytes: &[u8]) -> Tested<Told> {
        let order = share::Order {
            bundle: Arc::new(bytes.to_vec()),
            officer: "bench".to_owned(),
            under: AGREEMENT.parse()?,
            to: PARTIES[1].parse()?,
            activity: "threat_intel".parse()?,
            purpose: "cyber_defence".parse()?,
            facts: Vec::new(),
            attestations: Vec::new(),
            assume_in_force: false,
            added: None,
            once: None,
        };
        let report = share::share(&self.gateway, order).await?;
        if report.outcome != ExchangeOutcome::Delivered {
            return Err(format!("{:?}: {:?}", report.outcome, report.waiting).into());
        }
        let sender =
            |d: &&comity_exchange::report::DecisionReport| d.side == comity_exchange::report::Side::Sender;
        Ok(Told {
            decisions: report.decisions.iter().filter(sender).count(),
            kept: report.objects.kept,
            changed: report.objects.changed,
            withheld: report.objects.withheld,
        })
    }

    /// The processor time that both gateways have used, and what drives them: what a busy machine leaves as it is.
    pub(crate) fn processor(&self) -> Tested<Duration> {
        let mut ticks = 0;
        for process in ["self".to_owned(), self.receiver.id().to_string()] {
            let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
            let fields = stat.rsplit_once(')').ok_or("no stat")?.1.split_whitespace().skip(11).take(2);
            ticks += fields.map(str::parse::<u64>).sum::<Result<u64, _>>()?;
        }
        Ok(Duration::from_millis(10 * ticks))
    }

    /// The sender's steps apart, without recording or sending anything.
    pub(crate) async fn parts(&self, bytes: &[u8]) -> Tested<[Duration; 5]> {
        let gateway = &self.gateway;
        let begun = Instant::now();
        let bundle = Bundle::parse(bytes, gateway.limits())?;
        let read = begun.elapsed();
        let begun = Instant::now();
        let found = classes(classify(&bundle, gateway.table()));
        let classified = begun.elapsed();
        if found.is_empty() {
            return Err("no classes".into());
        }
        let key = TokenKey::derive(&[7; 32], AGREEMENT, PARTIES[1], "2026-01")?;
        let personal = found
            .iter()
            .filter(|class| class.facts.value("personal_data") == Some(&comity_terms::Value::Bool(true)));
        let begun = Instant::now();
        for object in personal.flat_map(|class| &class.objects) {
            let _ = key.token(&object.to_string());
        }
        let pseudonyms = begun.elapsed();
        let profile = Profile::default();
        let keep: Vec<_> = (0..bundle.objects().len()).map(|index| (index, &profile)).collect();
        let begun = Instant::now();
        minimise(&bundle, &keep, gateway.table(), &key, &mut OsEntropy);
        let minimised = begun.elapsed();
        let agreement = AGREEMENT.parse()?;
        let partner: Party = PARTIES[1].parse()?;
        let lent = gateway.laws(&agreement, &partner).ok_or("no laws")?;
        let peer = gateway.peer(&partner)?;
        let now = gateway.now();
        let seal_to = peer.identity.transport.as_ref().and_then(|key| key.seal_to(now)).ok_or("no key")?;
        let mut facts = Facts::new();
        facts.state("training_valid".parse()?, true, Asserter::Gateway);
        let request = Request {
            facts,
            binding: lent.binding,
            ..Request::bare(
                (PARTIES[0].parse()?, partner),
                agreement,
                ("share".parse()?, "threat_intel".parse()?, "cyber_defence".parse()?),
                now,
            )
        };
        let begun = Instant::now();
        prepare(&**gateway, bytes, request, &lent, Goes::To(&seal_to))?;
        Ok([read, classified, pseudonyms, minimised, begun.elapsed()])
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        let _ = self.receiver.kill();
        let _ = self.receiver.wait();
    }
}
