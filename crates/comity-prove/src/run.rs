//! Running a command: packs in, verdicts out. The shell of this room, which alone reads clock, environment and files: what is
//! proved is worked out by the library from what is handed to it.

mod check;
mod mutants;

use crate::cli::{Cli, Command, Exchange, Prove, Recognise, Two};
use comity_agreement::finding::did_you_mean;
use comity_agreement::pack::Kind;
use comity_agreement::{Law, Library, Vocabulary};
use comity_prove::cache::Cache;
use comity_prove::claim::{about, at_home, concerns};
use comity_prove::duties::{self, Duty};
use comity_prove::solver::Solver;
use comity_prove::{Proof, Prover, Side, Verdict, packs, report};
use comity_terms::{Action, Activity, JurisdictionCode, PackSlug};
use serde_json::{Map, Value as Json, json};
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

/// Why a command cannot be done, in a sentence for whoever gave it.
pub(crate) type Error = Box<dyn std::error::Error>;

/// Does it. Whether what was asked holds.
pub(crate) fn run(cli: &Cli) -> Result<bool, Error> {
    Solver::default().start()?;
    match &cli.command {
        Command::Prove(args) => prove(cli, args),
        Command::Compare(args) => compare(cli, args),
        Command::Amend(args) => amend(cli, args),
        Command::Recognise(args) => recognise(cli, args),
        Command::Exchange(args) => exchange(cli, args),
        Command::Check(args) => check::check(cli, &args.packs),
        Command::Mutants(args) => mutants::mutants(cli, args),
    }
}

fn cache(cli: &Cli) -> Cache {
    if cli.no_cache {
        return Cache::none();
    }
    let own = || {
        let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
        let folder = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(home)?;
        folder.is_absolute().then(|| folder.join("comity/proofs"))
    };
    cli.cache.clone().or_else(own).map_or_else(Cache::none, |folder| Cache::at(&folder))
}

/// A law with the words that it uses.
fn load(name: &str) -> Result<(Arc<Law>, Arc<Vocabulary>), Error> {
    let (files, slug) = packs::named(name)?;
    let mut library = Library::open(&files)?;
    let law = library.law(&slug)?;
    Ok((law, library.vocabulary().clone()))
}

/// Two laws of the same words, and what proves things of them.
fn two(cli: &Cli, a: &str, b: &str) -> Result<(Prover, Arc<Law>, Arc<Law>), Error> {
    let ((a, words), (b, others)) = (load(a)?, load(b)?);
    if words.digest() != others.digest() {
        return Err("the two packs do not use the same vocabulary".into());
    }
    Ok((Prover::new(words, cache(cli)), a, b))
}

/// A proof with the time that it took.
fn timed(prove: impl FnOnce() -> Proof) -> (Proof, f64) {
    let began = Instant::now();
    let proof = prove();
    (proof, began.elapsed().as_secs_f64())
}

fn prove(cli: &Cli, args: &Prove) -> Result<bool, Error> {
    let (prover, law, floor) = two(cli, &args.pack, &args.implies)?;
    let own = law.pack().kind == Kind::Jurisdiction && floor.pack().kind != Kind::Jurisdiction;
    let target = Side::Floor(floor.clone());
    // The law of a state is asked beside the agreement, never instead of it; by itself it is told below.
    let (side, given) = if own {
        (Side::Laws(vec![floor.clone(), law.clone()]), vec![concerns(law.pack().slug.as_str())])
    } else {
        (Side::law(&law), Vec::new())
    };
    let (proof, seconds) = timed(|| {
        let errs = law.pack().rules().iter().map(|rule| prover.never_errs(&law, &rule.id));
        let erring = errs.into_iter().find(|proof| !proof.holds());
        erring.unwrap_or_else(|| prover.implies(&side, &target, given.clone()))
    });
    let mut out = report::proof(&proof, seconds);
    out.insert("asked".into(), side.names().iter().map(PackSlug::as_str).collect());
    out.insert("floor".into(), floor.pack().slug.as_str().into());
    let mut alone = None;
    if own {
        let (proof, seconds) = timed(|| prover.implies(&Side::law(&law), &target, Vec::new()));
        out.insert("alone".into(), report::proof(&proof, seconds).into());
        alone = Some(proof);
    }
    out.insert("questions".into(), prover.asked.load(Ordering::Relaxed).into());
    if cli.json {
        print_json(out);
    } else {
        let (a, b) = (law.pack().slug.as_str(), floor.pack().slug.as_str());
        let asked: Vec<&str> =
            side.names().iter().map(|name| if name.as_str() == a { a } else { b }).collect();
        tell(
            &format!("{} permits nothing that the floor of {b} forbids", asked.join(" with ")),
            &proof,
            seconds,
            a,
            b,
        );
        if let Some(alone) = alone {
            tell(&format!("{a} by itself, were {b} not asked"), &alone, 0.0, a, b);
        }
    }
    Ok(proof.holds())
}

fn compare(cli: &Cli, args: &Two) -> Result<bool, Error> {
    let (prover, a, b) = two(cli, &args.a, &args.b)?;
    let sides = [Side::law(&a), Side::law(&b)];
    let (there, back) = (
        timed(|| prover.implies(&sides[0], &sides[1], Vec::new())),
        timed(|| prover.implies(&sides[1], &sides[0], Vec::new())),
    );
    let duties = duties::changes(&prover, &a, &b);
    let mut extra = told_duties(&duties);
    extra.insert("equivalent".into(), (there.0.holds() && back.0.holds()).into());
    let holds = both_ways(cli, [&a, &b], [there, back], extra)?;
    tell_duties(cli, &duties, b.pack().slug.as_str());
    Ok(holds)
}

fn amend(cli: &Cli, args: &Two) -> Result<bool, Error> {
    let (prover, old, new) = two(cli, &args.a, &args.b)?;
    let sides = [Side::law(&old), Side::law(&new)];
    let loosens = timed(|| prover.implies(&sides[1], &sides[0], Vec::new()));
    let tightens = timed(|| prover.implies(&sides[0], &sides[1], Vec::new()));
    let direction = match (&tightens.0.verdict, &loosens.0.verdict) {
        (Verdict::Unknown(_), _) | (_, Verdict::Unknown(_)) => "unknown",
        (Verdict::Holds, Verdict::Holds) => "neither",
        (Verdict::Fails(_), Verdict::Holds) => "tightens",
        (Verdict::Holds, Verdict::Fails(_)) => "loosens",
        (Verdict::Fails(_), Verdict::Fails(_)) => "both",
    };
    if !cli.json {
        print_line(&format!("the amendment: {direction}"));
    }
    let duties = duties::changes(&prover, &old, &new);
    let mut extra = told_duties(&duties);
    extra.insert("direction".into(), direction.into());
    both_ways(cli, [&old, &new], [tightens, loosens], extra)?;
    tell_duties(cli, &duties, "the new version");
    Ok(direction != "unknown")
}

/// What becomes of duties, as JSON.
fn told_duties(duties: &[Duty]) -> Map<String, Json> {
    let one = |duty: &Duty| {
        let case = duty.case.as_ref().map_or(Json::Null, |case| case.json().into());
        json!({ "type": duty.kind.as_str(), "change": duty.change.as_str(), "case": case })
    };
    let listed = duties.iter().map(one).collect::<Vec<_>>();
    Map::from_iter([
        ("duties".to_owned(), listed.into()),
        ("duties_direction".to_owned(), duties::direction(duties).into()),
    ])
}

/// What becomes of duties under the second law, for people.
fn tell_duties(cli: &Cli, duties: &[Duty], name: &str) {
    if cli.json {
        return;
    }
    print_line(&format!("what {name} owes: {}", duties::direction(duties)));
    for duty in duties {
        print_line(&format!("  {}: {}", duty.kind, duty.change.as_str()));
        duty.case.iter().flat_map(report::case_lines).for_each(|line| print_line(&format!("  {line}")));
    }
}

/// That the vocabulary has such a kind of cooperation.
fn known_activity(vocabulary: &Vocabulary, activity: &Activity) -> Result<(), Error> {
    let words = vocabulary.list("activity").unwrap_or_default();
    if words.iter().any(|known| known == activity.as_str()) {
        return Ok(());
    }
    let near = did_you_mean(activity.as_str(), words.iter().map(String::as_str));
    Err(format!("no activity `{activity}`{near}").into())
}

fn recognise(cli: &Cli, args: &Recognise) -> Result<bool, Error> {
    let (prover, a, b) = two(cli, &args.a, &args.b)?;
    if a.pack().kind != Kind::Jurisdiction || b.pack().kind != Kind::Jurisdiction {
        return Err("recognition is between the laws of two states".into());
    }
    known_activity(&prover.vocabulary, &args.activity)?;
    let code = |law: &Law| law.pack().slug.as_str().parse::<JurisdictionCode>();
    let codes = [code(&a)?, code(&b)?];
    let way = |own: &Arc<Law>, other: &Arc<Law>| {
        let given = vec![about(args.activity.as_str()), at_home(own.pack().slug.as_str())];
        timed(|| prover.implies(&Side::law(own), &Side::Mirror(other.clone(), codes.clone()), given))
    };
    let proofs = [way(&a, &b), way(&b, &a)];
    let mutual = proofs.iter().all(|(proof, _)| proof.holds());
    let extra = [("mutual", mutual.into()), ("activity", args.activity.as_str().into())];
    let extra = extra.into_iter().map(|(key, value): (_, Json)| (key.to_owned(), value)).collect();
    both_ways(cli, [&a, &b], proofs, extra)
}

/// Prints two proofs, one each way.
fn both_ways(
    cli: &Cli,
    laws: [&Law; 2],
    proofs: [(Proof, f64); 2],
    extra: Map<String, Json>,
) -> Result<bool, Error> {
    let [a, b] = laws.map(|law| law.pack().slug.as_str());
    let [(there, long), (back, longer)] = &proofs;
    if cli.json {
        let mut out = extra;
        out.insert("a_implies_b".into(), report::proof(there, *long).into());
        out.insert("b_implies_a".into(), report::proof(back, *longer).into());
        print_json(out);
    } else {
        tell(&format!("what {a} permits, {b} permits"), there, *long, a, b);
        tell(&format!("what {b} permits, {a} permits"), back, *longer, b, a);
    }
    Ok(there.holds() && back.holds())
}

fn exchange(cli: &Cli, args: &Exchange) -> Result<bool, Error> {
    let (files, slug) = packs::named(&args.under)?;
    let mut library = Library::open(&files)?;
    let mut laws = vec![library.law(&slug)?];
    if let Some(action) =
        args.action.as_ref().filter(|act| !library.vocabulary().actions().contains_key(*act))
    {
        let known = library.vocabulary().actions().keys().map(Action::as_str);
        return Err(format!("no action `{action}`{}", did_you_mean(action.as_str(), known)).into());
    }
    if let Some(activity) = &args.activity {
        known_activity(library.vocabulary(), activity)?;
    }
    for party in [&args.from, &args.to] {
        if !library.vocabulary().places().contains_key(party) {
            return Err(format!("`{party}` is no party: vocabulary/calendars has no file for it").into());
        }
        let own: PackSlug = party.as_str().parse()?;
        if library.dir(&own).is_some() && laws.iter().all(|law| law.pack().slug != own) {
            laws.push(library.law(&own)?);
        }
    }
    let prover = Prover::new(library.vocabulary().clone(), cache(cli));
    let ends = [("principal", &args.to), ("resource", &args.from)];
    let mut given: Vec<Json> = ends
        .iter()
        .map(|(name, party)| {
            use comity_prove::expression::{end, entity, same};
            same(end(name), entity("Party", party.as_str()))
        })
        .collect();
    given.extend(args.activity.as_ref().map(|activity| about(activity.as_str())));
    let side = Side::Laws(laws);
    let began = Instant::now();
    let proof = prover.permits_something(&side, given, args.action.as_ref());
    let seconds = began.elapsed().as_secs_f64();
    let found = matches!(proof.verdict, Verdict::Fails(_));
    let mut out = Map::new();
    let exists = match proof.verdict {
        Verdict::Fails(_) => Json::Bool(true),
        Verdict::Holds => Json::Bool(false),
        Verdict::Unknown(_) => Json::Null,
    };
    out.insert("exists".into(), exists);
    out.insert("asked".into(), side.names().iter().map(PackSlug::as_str).collect());
    let told = report::proof(&proof, seconds);
    for (key, name) in
        [("seconds", "seconds"), ("environments", "environments"), ("counterexample", "exchange")]
    {
        out.insert(name.into(), told[key].clone());
    }
    if cli.json {
        print_json(out);
        return Ok(found);
    }
    match &proof.verdict {
        Verdict::Fails(case) => {
            print_line("there is an exchange that all of them permit:");
            report::lines(case, "they", "").iter().for_each(|line| print_line(line));
        }
        Verdict::Holds => print_line("proved: there is no exchange that all of them permit"),
        Verdict::Unknown(why) => print_line(&format!("not told: {why}")),
    }
    Ok(found)
}

/// One verdict for people.
fn tell(claim: &str, proof: &Proof, seconds: f64, a: &str, b: &str) {
    let (word, over) = (report::word(&proof.verdict), proof.environments);
    print_line(&format!("{claim}: {word}, as encoded, over {over} acts ({seconds:.1} s)"));
    match &proof.verdict {
        Verdict::Holds => {}
        Verdict::Fails(case) => report::lines(case, a, b).iter().for_each(|line| print_line(line)),
        Verdict::Unknown(why) => print_line(&format!("  {why}")),
    }
}

fn print_json(out: Map<String, Json>) {
    print_line(&Json::Object(out).to_string());
}

/// A line on standard output; a reader that has gone away ends it quietly.
pub(crate) fn print_line(text: &str) {
    let mut out = std::io::stdout();
    if let Err(error) = out.write_all(format!("{text}\n").as_bytes()).and_then(|()| out.flush()) {
        std::process::exit(if error.kind() == std::io::ErrorKind::BrokenPipe { 0 } else { 2 });
    }
}
