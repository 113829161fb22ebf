//! GDPRBench's four roles (Shastri and others, VLDB 2020), re-expressed: what each does here, beside the same against a table
//! that governs nothing.
//!
//! Its customer is the person, asking at the door and answered by an officer; its processor reads collections; its
//! regulator reads the log and proves. What it changes of metadata nobody may change here: law says it.

use super::house::{self, House, OFFICER, What, everything};
use super::{Tested, bare::Table};
use crate::{line, median, ms};
use comity_exchange::erase::Order;
use comity_exchange::ports::{Store as _, Wanted};
use comity_exchange::proofs::receipt;
use comity_exchange::shell::Shell as _;
use comity_exchange::subject::{Claim, Kind};
use comity_gateway::work::collections::{self, Reader};
use comity_gateway::work::manage;
use comity_gateway::work::subjects::{self, SeenByOfficer};
use comity_terms::Timestamp;
use comity_tlog::LeafIndex;
use std::time::{Duration, Instant};

/// How often each operation is done.
const ROUNDS: usize = 50;
/// How many requests of persons are counted.
const ASKED: usize = 30;

/// One operation of a role: both sides' times.
#[derive(Default)]
struct Both {
    governed: Vec<Duration>,
    bare: Vec<Duration>,
}

impl Both {
    fn told(&mut self, role: &str, what: &str) {
        let (governed, bare) = (median(&mut self.governed), median(&mut self.bare));
        line(&format!(
            "  {role:<11}{what:<42}{:9.3} ms {:9.3} ms bare {:7.1} times",
            ms(governed),
            ms(bare),
            governed.as_secs_f64() / bare.as_secs_f64()
        ));
    }
}

/// Every role, one operation after the other, among so many persons.
pub(super) async fn compare(house: &House, bare: &mut Table, persons: usize) -> Tested<()> {
    let mut next = 1_000_000_000;
    // Each person is used once.
    let mut person = 0;
    if persons <= 4 * ROUNDS {
        return Err(format!("{persons} persons are too few for {ROUNDS} rounds").into());
    }
    let mut spent = [Duration::ZERO; 2];
    let mut done = |mut both: Both, role: &str, what: &str| {
        spent[0] += both.governed.iter().sum::<Duration>();
        spent[1] += both.bare.iter().sum::<Duration>();
        both.told(role, what);
    };

    let (mut create, mut delete) = (Both::default(), Both::default());
    for _ in 0..ROUNDS {
        let bundle = house::bundle(What::Persons, next, 1);
        let begun = Instant::now();
        let exchange = house.write(bundle.clone()).await?;
        create.governed.push(begun.elapsed());
        let begun = Instant::now();
        bare.insert_all(&bundle, What::Persons, next)?;
        create.bare.push(begun.elapsed());
        let order = Order { exchange, ground: "sent_in_error".parse()?, openings: false };
        let begun = Instant::now();
        let erased = manage::erase(&house.gateway, OFFICER, &order).await?;
        delete.governed.push(begun.elapsed());
        if erased.erased.records != 1 {
            return Err(format!("{erased:?}").into());
        }
        let begun = Instant::now();
        bare.delete(next)?;
        delete.bare.push(begun.elapsed());
        next += 1;
    }
    done(create, "controller", "a record is placed");
    done(delete, "controller", "a record is erased");

    // Before persons restrict: a restriction keeps every record of its exchange from readers.
    let (mut one, mut page) = (Both::default(), Both::default());
    // What tools look for. Of mailboxes of which nobody says whose they are, they are given how many there are (`base.masked`).
    let indicators = |limit| {
        let types = vec![What::Machines.stix_type().to_owned()];
        Wanted { types, ..everything(&house.collection, limit) }
    };
    let ids = read(house, indicators(ROUNDS as u32), ROUNDS).await?;
    for id in &ids {
        person += 1;
        let object = house.gateway.tags().object(id);
        let wanted = Wanted { objects: vec![object], ..everything(&house.collection, 1) };
        let begun = Instant::now();
        read(house, wanted, 1).await?;
        one.governed.push(begun.elapsed());
        let begun = Instant::now();
        bare.read_one(person)?;
        one.bare.push(begun.elapsed());
        let begun = Instant::now();
        read(house, indicators(100), 100).await?;
        page.governed.push(begun.elapsed());
        let begun = Instant::now();
        bare.read_page(person)?;
        page.bare.push(begun.elapsed());
    }
    done(one, "processor", "a record by its key");
    done(page, "processor", "a page of 100");

    for (kind, what) in [
        (Kind::Access, "access: filed and decided"),
        (Kind::Restrict, "restriction: filed and decided"),
        (Kind::Erase, "erasure: filed, decided and done"),
    ] {
        let mut both = Both::default();
        for _ in 0..ROUNDS {
            person += 1;
            both.governed.push(ask(house, kind, person).await?);
            let begun = Instant::now();
            match kind {
                Kind::Access => bare.read_person(person)?,
                Kind::Restrict => bare.restrict_person(person)?,
                _ => bare.delete_person(person)?,
            }
            both.bare.push(begun.elapsed());
        }
        done(both, "customer", what);
    }

    let (mut log, mut gone) = (Both::default(), Both::default());
    let size = house.gateway.store().checkpoint().await?.lines().nth(1).ok_or("no size")?.parse::<u64>()?;
    for round in 0..ROUNDS as u64 {
        let begun = Instant::now();
        let entries = house.gateway.store().logged(LeafIndex(round), 100).await?;
        let open = |segment: &_| {
            house.gateway.with_keys(|keys| house.gateway.signatory().open_opening(segment, keys))
        };
        for opening in entries.iter().filter_map(|logged| logged.opening.as_ref()) {
            open(opening)?;
        }
        log.governed.push(begun.elapsed());
        let begun = Instant::now();
        bare.read_log(round as usize)?;
        log.bare.push(begun.elapsed());
        // That an entry tells of an erasure, proved as anybody can check it.
        let entry = house.gateway.store().logged(LeafIndex(size - 1 - round), 1).await?;
        let entry = entry.first().ok_or("no entry")?;
        let begun = Instant::now();
        let checkpoint = house.gateway.store().checkpoint().await?;
        let integrated = comity_exchange::ports::Integrated {
            index: entry.index,
            size: comity_tlog::TreeSize(size),
            checkpoint,
        };
        receipt(house.gateway.store(), entry.entry, &integrated).await?;
        gone.governed.push(begun.elapsed());
        let begun = Instant::now();
        bare.is_gone(next + round as usize)?;
        gone.bare.push(begun.elapsed());
    }
    done(log, "regulator", "100 entries of the log, opened");
    done(gone, "regulator", "an entry proved; is a record gone");
    let factor = spent[0].as_secs_f64() / spent[1].as_secs_f64();
    line(&format!("  all of these, each as often: {factor:.1} times"));
    Ok(())
}

/// Reads so many records, as an officer's tool; gives their ids.
async fn read(house: &House, wanted: Wanted, records: usize) -> Tested<Vec<String>> {
    let reader = Reader { training_valid_until: Timestamp::MAX, key: None };
    let read = collections::read(&house.gateway, &house.collection, &reader, wanted).await?;
    if read.records.len() != records {
        return Err(format!(
            "{} records, {} refused: {:?}",
            read.records.len(),
            read.refused,
            read.decisions
        )
        .into());
    }
    let id = |object: &[u8]| {
        let object: serde_json::Value = serde_json::from_slice(object).ok()?;
        Some(object["id"].as_str()?.to_owned())
    };
    let ids: Option<Vec<String>> = read.records.iter().map(|record| id(record.object.as_bytes())).collect();
    ids.ok_or_else(|| "a record without an id".into())
}

/// What person `number` asks: filed by them, decided by an officer; how long both take.
async fn ask(house: &House, kind: Kind, number: usize) -> Tested<Duration> {
    let claim = serde_json::json!({ "identifiers": [{ "kind": "email", "value": house::mailbox(number) }] });
    let claim = Claim::read(claim.to_string().as_bytes())?;
    let begun = Instant::now();
    let filed = subjects::file(&house.gateway, kind, &claim).await?;
    let decided = subjects::decide(&house.gateway, filed.row.id, OFFICER, &SeenByOfficer(true), &[]).await?;
    let took = begun.elapsed();
    // Whoever waits for nothing measures nothing.
    if decided.decided.record["held"].as_u64() == Some(0) {
        return Err(format!("{kind} found nothing: {}", decided.decided.record).into());
    }
    Ok(took)
}

/// Access and erasure of single persons, from `first` on: medians and the longest.
pub(super) async fn asked(house: &House, first: usize) -> Tested<(String, String)> {
    let mut told = Vec::new();
    for (kind, from) in [(Kind::Access, first), (Kind::Erase, first + ASKED)] {
        let mut times = Vec::new();
        for number in from..from + ASKED {
            times.push(ask(house, kind, number).await?);
        }
        let middle = median(&mut times);
        told.push(format!("p50 {:.1} ms, longest {:.1} ms", ms(middle), ms(times[ASKED - 1])));
    }
    let erasure = told.pop().unwrap_or_default();
    Ok((told.pop().unwrap_or_default(), erasure))
}
