//! `mutants`: how many changed laws would be noticed.

use super::check::{Named, listed};
use super::{Error, cache, print_line};
use crate::cli::{Cli, Mutants};
use comity_agreement::Library;
use comity_prove::Prover;
use comity_prove::mutants::{Bench, Noticed, Score, sample};
use comity_terms::PackSlug;
use serde_json::json;
use std::io::Write as _;
use std::time::Instant;

pub(super) fn mutants(cli: &Cli, args: &Mutants) -> Result<bool, Error> {
    let Named { shipped, others } = listed(&args.packs)?;
    let began = Instant::now();
    let (mut told, mut total) = (Vec::new(), Score::default());
    let mut cache = cache(cli);
    let one = shipped.iter().map(|slug| (comity_agreement::shipped(), slug));
    for (files, slug) in one.chain(others.iter().map(|(files, slug)| (files, slug))) {
        let mut library = Library::open(files)?;
        let prover = Prover::new(library.vocabulary().clone(), cache);
        let score = mutants_of(&prover, &mut library, slug, args)?;
        cache = prover.cache;
        let [load, case, proof] = score.noticed;
        if !cli.json {
            let (of, same, percent) = (score.mutants(), score.same, score.percent());
            print_line(&format!(
                "{slug}: {percent} % of {of} mutants: load {load}, case {case}, proof {proof}; {same} change nothing"
            ));
            for mutant in &score.survived {
                let (file, place, kind, now) =
                    (mutant.file, &mutant.place, mutant.kind.as_str(), &mutant.now);
                print_line(&format!("  {file} {place}: {kind}: {now}"));
            }
        }
        let survived = score
            .survived
            .iter()
            .map(|m| json!({ "file": m.file, "place": m.place, "kind": m.kind.as_str(), "now": m.now }));
        told.push(json!({
            "pack": slug.as_str(), "mutants": score.mutants(), "load": load, "case": case, "proof": proof,
            "same": score.same, "survived": survived.collect::<Vec<_>>(), "score": score.percent(),
        }));
        (0..3).for_each(|by| total.noticed[by] += score.noticed[by]);
        total.same += score.same;
        total.survived.extend(score.survived);
    }
    let seconds = (began.elapsed().as_secs_f64() * 1_000.0).round() / 1_000.0;
    let [load, case, proof] = total.noticed;
    if cli.json {
        print_line(&json!({
            "seed": args.seed, "packs": told, "mutants": total.mutants(), "load": load, "case": case, "proof": proof,
            "same": total.same, "score": total.percent(), "seconds": seconds,
        }).to_string());
    } else {
        let (of, same, percent) = (total.mutants(), total.same, total.percent());
        print_line(&format!(
            "{percent} % of {of} mutants: load {load}, case {case}, proof {proof}; {same} change nothing; {seconds:.1} s"
        ));
    }
    Ok(total.percent() >= SCORE_MIN)
}

/// The share of mutants that must be noticed, in hundredths.
const SCORE_MIN: f64 = 95.0;

/// Mutants of one pack. A case that is suggested counts for the mutants after it, so that few are.
fn mutants_of(
    prover: &Prover,
    library: &mut Library<'_>,
    slug: &PackSlug,
    args: &Mutants,
) -> Result<Score, Error> {
    let mut bench = Bench::new(prover, library, slug)?;
    let every = bench.mutants();
    let count = if args.per_pack == 0 { every.len() } else { args.per_pack };
    let (mut score, mut lines) = (Score::default(), Vec::new());
    for mutant in sample(every, args.seed, count) {
        let noticed = bench.notice(&mutant);
        if noticed == Noticed::Nobody
            && args.cases.is_some()
            && let Some(line) = bench.suggest(&mutant, &format!("{slug}.edge.{}", lines.len() + 1))
        {
            lines.push(format!("{line}\n"));
            bench.learn(line);
        }
        score.take(mutant, noticed);
    }
    if let Some(folder) = args.cases.as_ref().filter(|_| !lines.is_empty()) {
        std::fs::File::create(folder.join(format!("{slug}.jsonl")))?.write_all(lines.concat().as_bytes())?;
    }
    Ok(score)
}
