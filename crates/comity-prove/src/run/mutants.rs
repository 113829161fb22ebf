//! `mutants`: how many changed laws would be noticed.

use super::check::{Named, listed};
use super::{Error, cache, print_json, print_line};
use crate::cli::{Cli, Mutants};
use comity_agreement::Library;
use comity_prove::Prover;
use comity_prove::mutants::{Bench, Score, sample};
use comity_prove::mutate::Mutant;
use comity_terms::PackSlug;
use serde_json::{Map, Value as Json, json};
use std::time::Instant;

pub(super) fn mutants(cli: &Cli, args: &Mutants) -> Result<bool, Error> {
    let Named { shipped, others } = listed(&args.packs)?;
    if let Some(folder) = &args.cases {
        std::fs::create_dir_all(folder).map_err(|error| format!("--cases {}: {error}", folder.display()))?;
    }
    let began = Instant::now();
    let (mut scores, mut total) = (Vec::new(), Score::default());
    let mut cache = cache(cli);
    if !cli.json {
        print_line("| pack | mutants | load | case | proof | nobody | no change | noticed % |");
        print_line("|---|--:|--:|--:|--:|--:|--:|--:|");
    }
    let one = shipped.iter().map(|slug| (comity_agreement::shipped(), slug));
    for (files, slug) in one.chain(others.iter().map(|(files, slug)| (files, slug))) {
        let mut library = Library::open(files)?;
        let mut prover = Prover::new(library.vocabulary().clone(), cache);
        // Mutants are shared out among the cores, not the acts of one.
        prover.workers = 1;
        let score = mutants_of(&prover, &mut library, slug, args)?;
        cache = prover.cache;
        if !cli.json {
            print_line(&row(slug.as_str(), &score));
        }
        total.add(&score);
        scores.push((slug.clone(), score));
    }
    let enough = scores.iter().all(|(_, score)| score.percent() >= SCORE_MIN);
    if cli.json {
        let seconds = (began.elapsed().as_secs_f64() * 1_000.0).round() / 1_000.0;
        let packs: Vec<Json> = scores.iter().map(|(slug, score)| told(slug, score).into()).collect();
        let mut out = figures(&total);
        out.extend([("seed".to_owned(), args.seed.into()), ("packs".to_owned(), packs.into())]);
        out.insert("seconds".to_owned(), seconds.into());
        print_json(out);
        return Ok(enough);
    }
    print_line(&row("all", &total));
    for (slug, score) in &scores {
        for mutant in &score.survived {
            let (file, place, kind, now) = (mutant.file, &mutant.place, mutant.kind.as_str(), &mutant.now);
            print_line(&format!("{slug}/{file} {place}: {kind}: {now}"));
        }
    }
    Ok(enough)
}

/// A line of the table in docs/proofs.md.
fn row(name: &str, score: &Score) -> String {
    let ([load, case, proof], of, percent) = (score.noticed, score.mutants(), score.percent());
    let (nobody, same) = (score.survived.len(), score.same);
    format!("| {name} | {of} | {load} | {case} | {proof} | {nobody} | {same} | {percent:.1} |")
}

fn figures(score: &Score) -> Map<String, Json> {
    let [load, case, proof] = score.noticed;
    let of = [
        ("mutants", score.mutants()),
        ("load", load),
        ("case", case),
        ("proof", proof),
        ("same", score.same),
    ];
    let mut out: Map<String, Json> =
        of.into_iter().map(|(name, figure)| (name.to_owned(), figure.into())).collect();
    out.insert("score".into(), score.percent().into());
    out
}

fn told(slug: &PackSlug, score: &Score) -> Map<String, Json> {
    let survived =
        |m: &Mutant| json!({ "file": m.file, "place": m.place, "kind": m.kind.as_str(), "now": m.now });
    let mut out = figures(score);
    out.insert("pack".into(), slug.as_str().into());
    out.insert("survived".into(), score.survived.iter().map(survived).collect());
    out
}

/// The share of a pack's mutants that must be noticed, in hundredths.
const SCORE_MIN: f64 = 95.0;

/// How many mutants are looked at at once.
fn workers() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Mutants of one pack. What a suggested case would notice asks for no other, so that few are; it is no part of the
/// score.
fn mutants_of(
    prover: &Prover,
    library: &mut Library<'_>,
    slug: &PackSlug,
    args: &Mutants,
) -> Result<Score, Error> {
    let bench = Bench::new(prover, library, slug)?;
    let every = bench.mutants();
    let count = if args.per_pack == 0 { every.len() } else { args.per_pack };
    let taken = sample(every, args.seed, count);
    let noticed = bench.notice_all(&taken, workers());
    let mut score = Score::default();
    taken.into_iter().zip(noticed).for_each(|(mutant, noticed)| score.take(mutant, noticed));
    if let Some(folder) = &args.cases {
        let mut cases: Vec<Json> = Vec::new();
        for mutant in &score.survived {
            if !cases.iter().any(|case| bench.noticed_by(case, mutant)) {
                cases.extend(bench.suggest(mutant, &format!("{slug}.edge.{}", cases.len() + 1)));
            }
        }
        let lines: String = cases.iter().map(|case| format!("{case}\n")).collect();
        let path = folder.join(format!("{slug}.jsonl"));
        std::fs::write(&path, lines).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(score)
}
