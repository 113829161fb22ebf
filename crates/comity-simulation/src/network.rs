//! The road between the gateways: it loses, repeats, delays, reorders and cuts what it carries.
//!
//! A message takes a time of its own, so that a later one may overtake it; one that was given up by its sender
//! may still arrive. What arrives is handed to the process that runs then. Keeps what an outsider could have
//! seen: offers, checkpoints, and whether an answer that is final ever came otherwise.

use crate::clockwork::{Clockwork, Sender};
use crate::faults::{Call, Did, Faults, Then};
use crate::gateway::Gateway;
use crate::law;
use comity_exchange::ExchangeError;
use comity_exchange::federation::answer::AnswerHeader;
use comity_exchange::federation::frame::Frame;
use comity_exchange::federation::offer::{OfferAttachments, OfferHeader};
use comity_exchange::federation::recall::RecallAnswerHeader;
use comity_exchange::ports::{Peer, PeerError, Peers, RecallRoad, ReferralRoad, StoreError};
use comity_exchange::recall::{TakeError, keys_of, take};
use comity_exchange::receive::{Answered, OfferError, receive};
use comity_exchange::shell::Shell as _;
use comity_exchange::subject::{TakeReferralError, take_referral};
use comity_terms::{Digest, ExchangeId, Party};
use comity_tlog::{Checkpoint, Receipt};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

/// What is carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Message {
    Offer,
    Order,
    Referral,
}

impl std::fmt::Display for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Offer => "an offer",
            Self::Order => "an order",
            Self::Referral => "a request",
        })
    }
}

/// How bad the road is, each in percent of the messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Weather {
    /// Lost on the way.
    pub lost: u8,
    /// Carried twice.
    pub twice: u8,
    /// Cut off somewhere.
    pub cut: u8,
    /// Under way for minutes.
    pub slow: u8,
}

/// What an outsider has seen on the road.
#[derive(Default)]
pub struct Seen {
    /// The headers of offers, by exchange.
    pub offers: BTreeMap<ExchangeId, OfferHeader>,
    /// Every checkpoint that was shown, by origin and size: two roots are a fork.
    pub checkpoints: BTreeMap<(String, u64), Checkpoint>,
    /// Final answers by who gave them and to which offer; of orders the signed header.
    answers: BTreeMap<(usize, Digest), Vec<u8>>,
    /// What should never be seen.
    pub wrong: Vec<String>,
    /// What happened, in order: the trace of the run.
    pub trace: Vec<String>,
}

/// The road.
#[derive(Default)]
pub struct Network {
    doors: Mutex<Vec<Option<Weak<Gateway>>>>,
    partitions: Mutex<BTreeSet<(usize, usize)>>,
    weather: Mutex<Weather>,
    seen: Mutex<Seen>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Network {
    /// From now on messages to process `number` reach `gateway`; nobody, when there is none.
    pub fn open(&self, number: usize, gateway: Option<&Arc<Gateway>>) {
        let mut doors = locked(&self.doors);
        if doors.len() <= number {
            doors.resize(number + 1, None);
        }
        doors[number] = gateway.map(Arc::downgrade);
    }

    /// Cuts or mends the road between two gateways.
    pub fn part(&self, one: usize, other: usize, cut: bool) {
        let pair = (one.min(other), one.max(other));
        let mut partitions = locked(&self.partitions);
        if cut {
            partitions.insert(pair)
        } else {
            partitions.remove(&pair)
        };
    }

    /// Mends everything.
    pub fn calm(&self) {
        locked(&self.partitions).clear();
        *locked(&self.weather) = Weather::default();
    }

    /// How bad the road is from now on.
    pub fn set_weather(&self, weather: Weather) {
        *locked(&self.weather) = weather;
    }

    /// What was seen.
    pub fn seen(&self) -> MutexGuard<'_, Seen> {
        locked(&self.seen)
    }

    /// Notes what happened.
    pub fn note(&self, clockwork: &Clockwork, what: &str) {
        let line = format!("{:?} {what}", clockwork.now());
        self.seen().trace.push(line);
    }

    fn passable(&self, one: usize, other: usize) -> bool {
        !locked(&self.partitions).contains(&(one.min(other), one.max(other)))
    }

    fn door(&self, number: usize) -> Option<Arc<Gateway>> {
        locked(&self.doors).get(number).and_then(Option::as_ref).and_then(Weak::upgrade)
    }

    /// Carries a message; its answer goes to `answer`, which learns when there will be none.
    fn carry(
        self: &Arc<Self>,
        clockwork: &Clockwork,
        (from, to): (usize, usize),
        (message, mut frame): (Message, Vec<u8>),
        answer: Option<Sender<Result<Vec<u8>, PeerError>>>,
    ) {
        let (network, works) = (Arc::clone(self), clockwork.clone());
        clockwork.spawn(None, async move {
            let weather = *locked(&network.weather);
            let chance = works.chance().clone();
            let most = if chance.happens(weather.slow) { 400 } else { 1 };
            works.dawdle(Duration::from_millis(1), Duration::from_secs(most)).await;
            if !network.passable(from, to) || chance.happens(weather.lost) {
                return network.note(&works, &format!("{message} from {from} to {to} is lost"));
            }
            let Some(gateway) = network.door(to) else {
                return network.note(&works, &format!("{message} from {from} finds nobody at {to}"));
            };
            if chance.happens(weather.cut) {
                frame.truncate(usize::try_from(chance.below(frame.len() as u64)).unwrap_or_default());
            }
            let inner = works.clone();
            let message = (message, frame);
            works.spawn(Some(to), network.clone().taken(inner, gateway, (from, to), message, answer));
        });
    }

    /// One message at its receiver, and its answer's way back.
    async fn taken(
        self: Arc<Self>,
        clockwork: Clockwork,
        gateway: Arc<Gateway>,
        (from, to): (usize, usize),
        (message, frame): (Message, Vec<u8>),
        answer: Option<Sender<Result<Vec<u8>, PeerError>>>,
    ) {
        let Some(peer) = gateway.known(&law::party(from)) else { return };
        let answered = match message {
            Message::Offer => offered(&gateway, &peer, &frame).await,
            Message::Order => ordered(&gateway, &peer, &frame).await,
            Message::Referral => referred(&gateway, &peer, &frame).await,
        };
        let answered = match answered {
            Ok(bytes) => {
                self.watch(to, message, &bytes);
                self.note(&clockwork, &format!("{to} answers {from}: {}", Digest::of(&bytes)));
                Ok(bytes)
            }
            Err((status, why)) => {
                self.note(&clockwork, &format!("{to} tells {from}: {why}"));
                Err(PeerError::Refused { status, detail: String::new() })
            }
        };
        let Some(answer) = answer else { return };
        let (network, works) = (Arc::clone(&self), clockwork.clone());
        clockwork.spawn(None, async move {
            let weather = *locked(&network.weather);
            let chance = works.chance().clone();
            let most = if chance.happens(weather.slow) { 400 } else { 1 };
            works.dawdle(Duration::from_millis(1), Duration::from_secs(most)).await;
            if !network.passable(from, to) || chance.happens(weather.lost) {
                return network.note(&works, &format!("an answer from {to} to {from} is lost"));
            }
            let mut answered = answered;
            if let Ok(bytes) = &mut answered
                && chance.happens(weather.cut)
            {
                bytes.truncate(usize::try_from(chance.below(bytes.len() as u64)).unwrap_or_default());
            }
            answer.send(answered);
        });
    }

    /// Looks at an offer as anyone on the road could.
    fn watch_offer(&self, frame: &[u8]) {
        let Ok(parsed) = Frame::parse(frame) else { return };
        let header: Option<OfferHeader> = serde_json::from_slice(parsed.dangerous_unverified_header()).ok();
        let attached: Option<OfferAttachments> = serde_json::from_slice(parsed.attachments).ok();
        let mut seen = self.seen();
        if let Some(header) = header {
            seen.offers.insert(header.exchange_id.0, header);
        }
        if let Some(receipt) = attached.and_then(|a| Receipt::parse(a.receipt.as_bytes()).ok()) {
            seen.checkpoint(receipt.checkpoint().checkpoint());
        }
    }

    /// Looks at an answer: a final one is the same every time, and what is signed of an order too.
    fn watch(&self, by: usize, message: Message, bytes: &[u8]) {
        let Ok(parsed) = Frame::parse(bytes) else { return };
        let mut seen = self.seen();
        let attached: serde_json::Value = serde_json::from_slice(parsed.attachments).unwrap_or_default();
        if let Some(receipt) = attached["receipt"].as_str().and_then(|r| Receipt::parse(r.as_bytes()).ok()) {
            seen.checkpoint(receipt.checkpoint().checkpoint());
        }
        let signed = parsed.dangerous_unverified_header();
        if message == Message::Order
            && let Ok(header) = serde_json::from_slice::<RecallAnswerHeader>(signed)
        {
            let first = seen.answers.entry((by, header.message.0)).or_insert_with(|| signed.to_vec());
            if first != signed {
                seen.wrong.push(format!("{by} answered order {} twice and not the same", header.order_id.0));
            }
            return;
        }
        let Ok(header) = serde_json::from_slice::<AnswerHeader>(signed) else { return };
        if !header.result.is_final() {
            return;
        }
        let first = seen.answers.entry((by, header.offer.0)).or_insert_with(|| bytes.to_vec());
        if first != bytes {
            let exchange = header.exchange_id.0;
            seen.wrong.push(format!("{by} answered exchange {exchange} twice and not the same"));
        }
    }
}

impl Seen {
    fn checkpoint(&mut self, shown: &Checkpoint) {
        let place = (shown.origin().to_owned(), shown.size().0);
        let first = self.checkpoints.entry(place).or_insert_with(|| shown.clone());
        if first.root() != shown.root() {
            self.wrong.push(format!("{} signed two trees of {} entries", shown.origin(), shown.size()));
        }
    }
}

/// The way of one process to the others.
pub struct Road {
    network: Arc<Network>,
    clockwork: Clockwork,
    from: usize,
    faults: Faults,
}

impl Road {
    /// The way of process `from`, failing as `faults` say.
    #[must_use]
    pub fn new(network: Arc<Network>, clockwork: Clockwork, from: usize, faults: Faults) -> Self {
        Self { network, clockwork, from, faults }
    }

    fn number(peer: &Peer) -> Result<usize, PeerError> {
        let known = law::PARTIES.iter().position(|code| *code == peer.party.as_str());
        known.ok_or_else(|| PeerError::Unreachable("no such gateway".to_owned()))
    }

    /// Whether this call fails, and what it has done by then.
    async fn struck(&self, call: Call) -> Option<Did> {
        let fault = self.faults.strike(call)?;
        match (fault.did, fault.then) {
            (_, Then::GoesOn) => {}
            (Did::Nothing, Then::Dies) => {
                self.clockwork.doom(self.from);
                std::future::pending::<()>().await;
            }
            // What was done is on its way; whoever asked will not hear of it.
            (Did::All, Then::Dies) => self.clockwork.doom(self.from),
        }
        Some(fault.did)
    }
}

fn cut_off() -> PeerError {
    PeerError::Unreachable("cut off".to_owned())
}

impl Road {
    /// Sends a message, perhaps twice, and waits for the answer to one of them.
    async fn sent(&self, to: usize, message: Message, frame: Vec<u8>) -> Result<Vec<u8>, PeerError> {
        let weather = *locked(&self.network.weather);
        let way = (self.from, to);
        if self.clockwork.chance().happens(weather.twice) {
            self.network.carry(&self.clockwork, way, (message, frame.clone()), None);
        }
        let (sender, receiver) = self.clockwork.channel();
        self.network.carry(&self.clockwork, way, (message, frame), Some(sender));
        receiver.within(PATIENCE).await.unwrap_or_else(|| Err(cut_off()))
    }
}

impl Peers for Road {
    async fn offer(&self, peer: &Peer, frame: Vec<u8>) -> Result<Vec<u8>, PeerError> {
        let to = Self::number(peer)?;
        let struck = self.struck(Call::SendOffer).await;
        if struck == Some(Did::Nothing) {
            return Err(cut_off());
        }
        self.network.watch_offer(&frame);
        self.network.note(&self.clockwork, &format!("{} offers to {to}", self.from));
        let answer = self.sent(to, Message::Offer, frame).await;
        if struck.is_some() { Err(cut_off()) } else { answer }
    }

    async fn identity(&self, peer: &Peer) -> Result<Vec<u8>, PeerError> {
        let to = Self::number(peer)?;
        if self.struck(Call::AskIdentity).await.is_some() {
            return Err(cut_off());
        }
        self.clockwork.dawdle(Duration::from_millis(1), Duration::from_millis(200)).await;
        let lost = locked(&self.network.weather).lost;
        if !self.network.passable(self.from, to) || self.clockwork.chance().happens(lost) {
            return Err(cut_off());
        }
        let told = |gateway: Arc<Gateway>| gateway.identity().to_file(&gateway.signatory().key);
        let file = self.network.door(to).map(told).ok_or_else(cut_off)?;
        self.clockwork.dawdle(Duration::from_millis(1), Duration::from_millis(200)).await;
        Ok(file.into_bytes())
    }
}

impl RecallRoad for Road {
    async fn recall(&self, peer: &Peer, frame: Vec<u8>) -> Result<Vec<u8>, PeerError> {
        let to = Self::number(peer)?;
        self.network.note(&self.clockwork, &format!("{} sends an order to {to}", self.from));
        self.sent(to, Message::Order, frame).await
    }
}

impl ReferralRoad for Road {
    async fn refer(&self, peer: &Peer, frame: Vec<u8>) -> Result<Vec<u8>, PeerError> {
        let to = Self::number(peer)?;
        self.network.note(&self.clockwork, &format!("{} passes a request on to {to}", self.from));
        self.sent(to, Message::Referral, frame).await
    }
}

/// What came of a message at its receiver: the answer's frame, or a status and why there is none.
type Taken = Result<Vec<u8>, (u16, String)>;

async fn offered(gateway: &Gateway, peer: &Peer, frame: &[u8]) -> Taken {
    let mut answered = receive(gateway, peer, frame, gateway.now()).await;
    if matches!(&answered, Err(OfferError::Failed(ExchangeError::Store(StoreError::KeyClosed(_))))) {
        // Sealed under a key that was being destroyed: nothing was kept, and a later key takes it.
        answered = receive(gateway, peer, frame, gateway.now()).await;
    }
    answered.map(|Answered { frame, .. }| frame).map_err(|error| {
        let status = match error {
            OfferError::Misbehaved(_) => 400,
            OfferError::Conflict(_) => 409,
            OfferError::Failed(_) => 503,
        };
        (status, error.to_string())
    })
}

async fn ordered(gateway: &Arc<Gateway>, peer: &Peer, frame: &[u8]) -> Taken {
    let (now, own) = (gateway.now(), Arc::clone(gateway));
    let known = move |party: &Party| own.known(party).and_then(|peer| keys_of(&peer).ok());
    take(&**gateway, peer, frame, known, (now, gateway.holds_until(now))).await.map_err(|error| {
        let status = match error {
            TakeError::Misbehaved(_) => 400,
            TakeError::Foreign(_) => 403,
            TakeError::Conflict(_) => 409,
            TakeError::Failed(_) => 503,
        };
        (status, error.to_string())
    })
}

async fn referred(gateway: &Gateway, peer: &Peer, frame: &[u8]) -> Taken {
    take_referral(gateway, peer, frame, gateway.now()).await.map_err(|error| {
        let status = if matches!(error, TakeReferralError::Failed(_)) { 503 } else { 400 };
        (status, error.to_string())
    })
}

/// The longest that one call may take.
const PATIENCE: Duration = Duration::from_secs(120);
