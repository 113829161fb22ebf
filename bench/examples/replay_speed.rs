//! How fast recorded decisions are made again: every rule asked afresh, and equal questions asked once. See
//! `bench/README.md`. `cargo run --release -p comity-bench --example replay_speed`
//!
//! Each recorded decision is one class of objects of a shipped bundle at an instant of its own, under an agreement and
//! the laws of both parties, as its opening holds it. Reading the opening, deciding and comparing are in the time;
//! reading the database and unsealing are not. A number of decisions may be given.

use comity_agreement::{Law, LawSet, Library, Memo, Vocabulary, shipped};
use comity_exchange::audit::recorded::{RecordedRuling, owed};
use comity_exchange::audit::replay::{Archive, Replayer, Verdict, verdicts};
use comity_exchange::disclose::Received;
use comity_exchange::entry::Opening;
use comity_exchange::question::Request;
use comity_minimise::{Limits, PathTable};
use comity_terms::{Act, Asserter, Digest, ExchangeId, Facts, PackSlug, Timestamp};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// As in the shipped binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const BUNDLE: &[u8] = include_bytes!("../../examples/bundles/phishing-campaign.json");
const AGREEMENT: &str = "eu-nis2-2022-2555";
const PARTIES: [&str; 2] = ["EE", "FI"];
const DECISIONS: usize = 40_000;
const SAMPLE: usize = 1_000;

/// The shipped laws, loaded once.
struct Shipped(BTreeMap<(PackSlug, Digest), Arc<Law>>, Arc<Vocabulary>);

impl Archive for Shipped {
    fn law(&self, pack: &PackSlug, digest: Digest) -> Result<Option<(Arc<Law>, Arc<Vocabulary>)>, String> {
        Ok(self.0.get(&(pack.clone(), digest)).map(|law| (Arc::clone(law), Arc::clone(&self.1))))
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut library = Library::open(shipped())?;
    let agreement = library.law(&AGREEMENT.parse()?)?;
    let mut laws =
        LawSet { agreement, national: BTreeMap::new(), vocabulary: Arc::clone(library.vocabulary()) };
    for code in PARTIES {
        laws.national.insert(code.parse()?, library.law(&code.parse()?)?);
    }
    let all = std::iter::once(&laws.agreement).chain(laws.national.values());
    let named = all.map(|law| ((law.pack().slug.clone(), law.digest()), Arc::clone(law)));
    let archive = Shipped(named.collect(), Arc::clone(&laws.vocabulary));
    let decisions = std::env::args().nth(1).map_or(Ok(DECISIONS), |number| number.parse())?;
    let contents = recorded(&laws, decisions)?;
    let bytes: usize = contents.iter().map(Vec::len).sum();
    line(&format!("{decisions} recorded decisions of {} bytes each", bytes / contents.len()));

    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    line("                    one thread    all threads   processor time for one");
    let mut told = Vec::new();
    for (name, memo) in [("every rule asked", false), ("equal asked once", true)] {
        let one = || Replayer::new(&archive, memo.then(|| Memo::new(10_000)));
        let (mut rates, mut spent) = (Vec::new(), Vec::new());
        for many in [1, threads] {
            let mut replayers: Vec<_> = (0..many).map(|_| one()).collect();
            // The laws of the time are read, and the memo is as warm as an audit of a year has it.
            let _ = verdicts(&mut replayers, &contents[..SAMPLE.min(decisions)]);
            let (begun, before) = (Instant::now(), processor()?);
            let found = verdicts(&mut replayers, &contents);
            rates.push(decisions as f64 / begun.elapsed().as_secs_f64());
            spent.push((processor()? - before).as_secs_f64() / decisions as f64 * 1e6);
            if let Some(wrong) = found.iter().find(|verdict| **verdict != Verdict::Identical(1)) {
                return Err(format!("a decision did not come out the same: {wrong:?}").into());
            }
            told.push(found);
        }
        line(&format!(
            "{name}  {:10.0}/s   {:10.0}/s   {:.1} us, {:.1} us  ({threads} threads)",
            rates[0], rates[1], spent[0], spent[1]
        ));
    }
    let sample = (0..decisions).step_by((decisions / SAMPLE).max(1));
    let same = sample.clone().filter(|number| told.iter().all(|found| found[*number] == told[0][*number]));
    line(&format!("identical by both on a sample of {}: {}", sample.count(), same.count()));
    Ok(())
}

/// The processor time that this process has used: what a busy machine leaves as it is.
fn processor() -> Result<Duration, Box<dyn Error>> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields = stat.rsplit_once(')').ok_or("no stat")?.1.split_whitespace().skip(11).take(2);
    let ticks: u64 = fields.map(str::parse::<u64>).sum::<Result<u64, _>>()?;
    Ok(Duration::from_millis(10 * ticks))
}

/// The openings of as many decisions as are asked for, each at an instant of its own.
fn recorded(laws: &LawSet, decisions: usize) -> Result<Vec<Vec<u8>>, Box<dyn Error>> {
    let mut facts = Facts::new();
    facts.state("training_valid".parse()?, true, Asserter::Gateway);
    let begin: Timestamp = "2026-03-02T08:00:00Z".parse()?;
    let mut request = Request {
        facts,
        binding: true,
        ..Request::bare(
            (PARTIES[0].parse()?, PARTIES[1].parse()?),
            AGREEMENT.parse()?,
            ("share".parse()?, "threat_intel".parse()?, "cyber_defence".parse()?),
            begin,
        )
    };
    let (table, limits) = (PathTable::shipped()?, Limits::default());
    let classified = Received::read(BUNDLE, &limits, request.clone())?.classify(&table);
    let classes: Vec<&Facts> = classified.classes().iter().map(|class| &class.facts).collect();
    let mut memo = Memo::new(10_000);
    let mut number = 0_u64;
    let mut entropy = |out: &mut [u8]| {
        for byte in out {
            number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *byte = (number >> 56) as u8;
        }
    };
    let mut contents = Vec::with_capacity(decisions);
    for number in 0..decisions {
        request.at = begin.checked_add(Duration::from_secs(7 * number as u64))?;
        let detected = classes[number % classes.len()];
        let (question, setting) = (request.question(detected, laws), request.setting());
        let decision = memo.decide(laws, &question, &setting, &Digest::of(b""))?;
        let owed = owed(&decision, laws, &question, &setting, &mut memo)?;
        let ruling = RecordedRuling::of(
            &decision,
            &owed,
            1,
            (detected, &BTreeSet::new()),
            &BTreeSet::new(),
            &laws.vocabulary,
        );
        let facts = json!({
            "exchange": ExchangeId::draw(&mut entropy).to_string(),
            "asked": request.recorded(laws),
            "rulings": [ruling],
        });
        contents
            .push(Opening::draw(Act::ExchangeDecided, request.at, facts, &mut entropy).1.content().to_vec());
    }
    Ok(contents)
}

/// One line on standard output; a reader that has gone away is not our concern.
fn line(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}
