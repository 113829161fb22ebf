//! What can happen in a run, and how a seed chooses it.

use crate::chance::Chance;
use crate::faults::{Call, Did, Fault, Then};
use crate::law::{EDITIONS, PARTIES};
use crate::network::Weather;
use crate::work::Order;

/// One thing that happens. Gateways are named by their numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// An officer orders.
    Share(usize, Order),
    /// Time passes, seconds.
    Wait(u64),
    /// The road between two is cut.
    Part(usize, usize),
    /// It is mended.
    Mend(usize, usize),
    /// The road changes for all.
    Weather(Weather),
    /// A process ends, wherever it stands, and is started again after that many seconds.
    Crash(usize, u64),
    /// A system's clock is off by that many seconds from now on.
    Skew(usize, i64),
    /// A gateway adopts an edition of the agreement.
    Adopt(usize, usize),
    /// A call will fail.
    Fault(usize, Fault),
    /// The vault is swept; with `true` what was received last is erased before, as if ordered.
    Sweep(usize, bool),
    /// What was received last is held from erasure for that many seconds.
    Hold(usize, u64),
}

/// The calls whose failing is worth drawing: those that the way makes.
const STRUCK: &[Call] = &[
    Call::Record,
    Call::Record,
    Call::Record,
    Call::Exchange,
    Call::ExchangeIntegrated,
    Call::Answer,
    Call::ClaimOutbox,
    Call::Postpone,
    Call::Inclusion,
    Call::Consistency,
    Call::Witnessed,
    Call::WitnessedBy,
    Call::Peers,
    Call::Officer,
    Call::AdoptedLaws,
    Call::SendOffer,
    Call::AskIdentity,
    Call::HeldOf,
    Call::Clocks,
    Call::HeldIn,
    Call::CloseBucket,
    Call::Epochs,
];

/// What happens under `chance`: `length` things.
#[must_use]
pub fn drawn(chance: &Chance, length: usize) -> Vec<Op> {
    (0..length).map(|_| one(chance)).collect()
}

fn one(chance: &Chance) -> Op {
    let gateways = PARTIES.len() as u64;
    let number = |below: u64| usize::try_from(chance.below(below)).unwrap_or_default();
    let who = number(gateways);
    let other = (who + 1 + number(gateways - 1)) % PARTIES.len();
    match chance.below(100) {
        0..32 => {
            let officer = usize::from(chance.happens(10));
            Op::Share(who, Order { to: other, officer, bundle: usize::from(chance.happens(15)) })
        }
        32..53 => Op::Wait(match chance.below(10) {
            0..6 => chance.below(20),
            6..8 => 20 + chance.below(600),
            8 => 3_600 + chance.below(20_000),
            _ => 20_000 + chance.below(150_000),
        }),
        53..58 => Op::Part(who, other),
        58..63 => Op::Mend(who, other),
        63..69 => {
            let some = |most: u64| u8::try_from(chance.below(3) * chance.below(most)).unwrap_or_default();
            Op::Weather(Weather { lost: some(20), twice: some(30), cut: some(8), slow: some(15) })
        }
        69..76 => Op::Crash(who, chance.below(120)),
        76..80 => Op::Skew(who, i64::try_from(chance.below(12 * 3_600)).unwrap_or_default() - 6 * 3_600),
        80..85 => Op::Adopt(who, number(EDITIONS as u64)),
        85..95 => {
            let did = if chance.happens(50) { Did::All } else { Did::Nothing };
            let then = if chance.happens(50) { Then::Dies } else { Then::GoesOn };
            let after = u32::try_from(chance.below(3)).unwrap_or_default();
            Op::Fault(who, Fault { call: chance.one_of(STRUCK), after, did, then })
        }
        95..98 => Op::Sweep(who, chance.happens(70)),
        _ => Op::Hold(who, 60 + chance.below(200_000)),
    }
}
