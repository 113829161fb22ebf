//! `check`: whether packs are admitted.

use super::{Error, cache, print_json, print_line};
use crate::cli::Cli;
use comity_agreement::{LawFiles, Level, Library};
use comity_prove::cache::Cache;
use comity_prove::{Prover, admission, packs};
use comity_terms::PackSlug;
use serde_json::{Map, Value as Json, json};
use std::sync::atomic::Ordering;
use std::time::Instant;

/// Packs that are checked: the shipped ones, loaded once together, and directories.
pub(super) struct Named {
    pub(super) shipped: Vec<PackSlug>,
    pub(super) others: Vec<(LawFiles, PackSlug)>,
}

/// The packs of those names; all that are shipped, where there are none.
pub(super) fn listed(names: &[String]) -> Result<Named, Error> {
    let (shipped, others) = if names.is_empty() {
        (Library::open(comity_agreement::shipped())?.slugs(), Vec::new())
    } else {
        let named = names.iter().map(|name| packs::named(name)).collect::<Result<Vec<_>, _>>()?;
        let (shipped, others): (Vec<_>, Vec<_>) =
            named.into_iter().partition(|(files, _)| files == comity_agreement::shipped());
        (shipped.into_iter().map(|(_, slug)| slug).collect(), others)
    };
    Ok(Named { shipped, others })
}

pub(super) fn check(cli: &Cli, names: &[String]) -> Result<bool, Error> {
    let Named { shipped, others } = listed(names)?;
    let (mut told, began) = (Checked::default(), Instant::now());
    let mut cache = cache(cli);
    if !shipped.is_empty() {
        cache = told.check(cli, comity_agreement::shipped(), &shipped, cache)?;
    }
    for (files, slug) in &others {
        cache = told.check(cli, files, std::slice::from_ref(slug), cache)?;
    }
    let Checked { listed, failed, asked } = told;
    let seconds = (began.elapsed().as_secs_f64() * 1_000.0).round() / 1_000.0;
    if cli.json {
        print_json(Map::from_iter([
            ("packs".to_owned(), Json::from(listed)),
            ("seconds".to_owned(), seconds.into()),
            ("questions".to_owned(), asked.into()),
        ]));
    } else {
        print_line(&format!("{} packs, {asked} questions, {seconds:.1} s", listed.len()));
    }
    Ok(!failed)
}

/// What checks of packs came to.
#[derive(Default)]
struct Checked {
    listed: Vec<Json>,
    failed: bool,
    asked: usize,
}

impl Checked {
    /// Checks packs of one set of files; gives the cache back.
    fn check(
        &mut self,
        cli: &Cli,
        files: &LawFiles,
        slugs: &[PackSlug],
        cache: Cache,
    ) -> Result<Cache, Error> {
        let mut library = Library::open(files)?;
        let prover = Prover::new(library.vocabulary().clone(), cache);
        for slug in slugs {
            let (since, before) = (Instant::now(), prover.asked.load(Ordering::Relaxed));
            let admitted = admission::admit(&prover, &mut library, slug)?;
            self.failed |= admitted.findings.iter().any(|finding| finding.level == Level::Error);
            let questions = prover.asked.load(Ordering::Relaxed) - before;
            self.asked += questions;
            let findings: Vec<Json> = admitted
                .findings
                .iter()
                .map(|f| json!({ "level": f.level.as_str(), "file": f.file, "line": f.line, "text": f.text }))
                .collect();
            let floors: Vec<&str> = admitted.floors.iter().map(PackSlug::as_str).collect();
            if !cli.json {
                let seconds = since.elapsed().as_secs_f64();
                let (found, above) = (findings.len(), floors.len());
                print_line(&format!(
                    "{slug}: {found} findings; above {above} floors; {questions} questions, {seconds:.1} s"
                ));
                admitted.findings.iter().for_each(|finding| print_line(&format!("  {finding}")));
            }
            let name = slug.as_str();
            self.listed.push(
                json!({ "pack": name, "findings": findings, "floors": floors, "questions": questions }),
            );
        }
        Ok(prover.cache)
    }
}
