//! The commands about law: they need packs and no gateway, but for what an amendment would have done to one's record.

use super::out::{Exit, Out};
use super::prove;
use super::{Audience, LawCheck, LawDiff, LawExplain, LawShow, LawTry};
use crate::gateway::{Gateway, GatewayError};
use crate::laws::{self, LawError, Named};
use crate::work::audit;
use comity_agreement::diff::{self, Diff};
use comity_agreement::explain::{Shown, show as shown};
use comity_agreement::finding::did_you_mean;
use comity_agreement::hypothetical::{self, Explained};
use comity_agreement::person::{Paragraph, for_person};
use comity_agreement::question::value_json;
use comity_agreement::rights::{self, Conformance, Right};
use comity_agreement::{LawFiles, LawSet, Level, Library, Question, Setting, lint, shipped, try_case};
use comity_exchange::audit::amended::{Otherwise, Said};
use comity_terms::{Asserter, Citation, Facts, PackSlug};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

/// The longest file of cases: 100,000 cases of 1 KiB.
const CASES_BYTES_MAX: usize = 100_000 * 1_024;

/// `comity law try`: one result a line, in order.
pub fn try_cases(args: &LawTry, _json: bool, cwd: &Path, out: &mut Out<'_>) -> Exit {
    let text = match read_text(&args.file, cwd) {
        Ok(text) => text,
        Err(error) => return out.bad_input(error),
    };
    // Over the shipped ones: what a pack includes is there even if the folder holds that pack alone.
    let mut files = shipped().clone();
    let mut held: BTreeMap<PackSlug, String> = BTreeMap::new();
    for directory in [&args.agreements, &args.jurisdictions].into_iter().flatten() {
        let packs = match laws::packs(&directory.to_string_lossy(), cwd) {
            Ok(packs) => packs,
            Err(error) => return out.bad_input(error),
        };
        for pack in packs {
            let Named::Directory(pack) = pack else { continue };
            pack.lay_over(&mut files);
            if let Some(other) = held.insert(pack.slug.clone(), pack.given.clone()) {
                let (slug, given) = (&pack.slug, &pack.given);
                return out.bad_input(format!("`{slug}` lies in two folders, {other} and {given}"));
            }
        }
    }
    let mut library = match Library::open(&files) {
        Ok(library) => library,
        Err(error) => return out.bad_input(error),
    };
    let mut exit = Exit::Done;
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let answer = try_case::try_line(&mut library, line);
        if answer.get("error").is_some() {
            exit = Exit::BadInput;
        }
        out.json(&answer);
    }
    exit
}

fn read_text(file: &Path, cwd: &Path) -> Result<String, String> {
    let mut text = String::new();
    if file == Path::new("-") {
        std::io::stdin().take(CASES_BYTES_MAX as u64).read_to_string(&mut text).map_err(|e| e.to_string())?;
        return Ok(text);
    }
    match crate::files::read(&cwd.join(file), CASES_BYTES_MAX) {
        Ok(Some(bytes)) => String::from_utf8(bytes).map_err(|e| format!("{}: {e}", file.display())),
        Ok(None) => Err(format!("{}: there is no such file", file.display())),
        Err(error) => Err(error.to_string()),
    }
}

/// `comity law check`: load errors and lints.
pub fn check(args: &LawCheck, json_out: bool, cwd: &Path, out: &mut Out<'_>) -> Exit {
    let named: Result<Vec<Vec<Named>>, LawError> =
        args.packs.iter().map(|name| laws::packs(name, cwd)).collect();
    let named: Vec<Named> = match named {
        Ok(named) => named.into_iter().flatten().collect(),
        Err(error) => return out.bad_input(error),
    };
    // Those that are named are held against each other too; two of one name cannot be, and each has its own law then.
    let mut together = shipped().clone();
    let mut held = BTreeSet::new();
    let mut apart: BTreeMap<usize, LawFiles> = BTreeMap::new();
    for (place, pack) in named.iter().enumerate() {
        let Named::Directory(directory) = pack else { continue };
        if held.insert(&directory.slug) {
            directory.lay_over(&mut together);
        } else {
            let mut files = shipped().clone();
            directory.lay_over(&mut files);
            apart.insert(place, files);
        }
    }
    // What is loaded together is loaded once: every pack is held against all those that it may be asked beside.
    let mut library = match Library::open(&together) {
        Ok(library) => library,
        Err(error) => return out.bad_input(error),
    };
    let named =
        if args.packs.is_empty() { library.slugs().into_iter().map(Named::Shipped).collect() } else { named };
    let mut proofs: BTreeMap<String, Json> = BTreeMap::new();
    if args.prove {
        let mut words = vec!["check".to_owned()];
        // None named: all that are shipped.
        words.extend(named.iter().filter(|_| !args.packs.is_empty()).map(|pack| match pack {
            Named::Shipped(slug) => slug.to_string(),
            Named::Directory(directory) => directory.given.clone(),
        }));
        words.extend(args.kept.words());
        match prove::ask(&words, cwd) {
            Ok((_, json)) => {
                let told = json["packs"].as_array().cloned().unwrap_or_default();
                proofs.extend(
                    told.into_iter().map(|pack| (pack["pack"].as_str().unwrap_or_default().into(), pack)),
                );
            }
            Err(error) => return out.bad_input(error),
        }
    }
    let (mut packs, mut failed) = (Vec::new(), false);
    for (place, pack) in named.iter().enumerate() {
        let slug = pack.slug();
        let findings = match apart.get(&place).map(|files| Library::open(files)) {
            None => lint::check(&mut library, slug),
            Some(Ok(mut library)) => lint::check(&mut library, slug),
            Some(Err(error)) => error.0,
        };
        // By the path that was given, where it was.
        let directories = named.iter().filter_map(|pack| match pack {
            Named::Directory(directory) => Some(directory),
            Named::Shipped(_) => None,
        });
        let directories: Vec<_> = match pack {
            Named::Directory(own) => std::iter::once(own).chain(directories).collect(),
            Named::Shipped(_) => directories.collect(),
        };
        let file = |path: &str| {
            directories
                .iter()
                .find_map(|directory| directory.as_given(path))
                .unwrap_or_else(|| path.to_owned())
        };
        failed |= findings.iter().any(|finding| finding.level == Level::Error);
        let mut listed: Vec<Json> = findings
            .iter()
            .map(|f| json!({ "level": f.level.as_str(), "file": file(&f.file), "line": f.line, "text": f.text }))
            .collect();
        let proved = proofs.remove(slug.as_str());
        let found = proved.iter().flat_map(|pack| pack["findings"].as_array()).flatten();
        listed.extend(found.cloned().map(|mut found| {
            found["file"] = file(found["file"].as_str().unwrap_or_default()).into();
            found
        }));
        failed |= listed.iter().any(|finding| finding["level"] == Level::Error.as_str());
        if !json_out {
            out.line(&format!("{slug}: {} findings", listed.len()));
            for f in &listed {
                let word = |key: &str| f[key].as_str().unwrap_or_default();
                out.line(&format!("  {}:{}: {}: {}", word("file"), f["line"], word("level"), word("text")));
            }
        }
        let mut told = json!({ "pack": slug.to_string(), "findings": listed });
        if let Some(pack) = proved {
            told["floors"] = pack["floors"].clone();
        }
        packs.push(told);
    }
    if json_out {
        out.json(&json!({ "packs": packs }));
    }
    if failed { Exit::Refused } else { Exit::Done }
}

/// A pack as `law show` tells it: for experts, of the rights it keeps, for whoever is concerned.
struct Opened {
    pack: Shown,
    rights: Vec<Conformance>,
    paragraphs: Vec<Paragraph>,
}

fn open(name: &str, cwd: &Path) -> Result<Opened, LawError> {
    let (files, slug) = laws::named(name, cwd)?;
    let mut library = Library::open(&files)?;
    let law = library.law(&slug)?;
    let rights = rights::conformance(&rights::rights(&library)?, &law);
    Ok(Opened { pack: shown(&law), rights, paragraphs: for_person(&law, library.vocabulary()) })
}

/// What keeps a right, in a line.
fn keeps(row: &Conformance) -> String {
    let words = |items: Vec<String>| items.join("; ");
    match (&row.waiver, row.is_gap()) {
        (Some(waiver), true) => format!("not covered; {} waived it: {}", waiver.by, waiver.note),
        (None, true) => "not covered".to_owned(),
        _ if row.own.is_empty() => words(row.included.iter().map(ToString::to_string).collect()),
        _ => words(row.own.iter().map(ToString::to_string).collect()),
    }
}

/// `comity law show`: a pack in words.
pub fn show(args: &LawShow, json_out: bool, cwd: &Path, out: &mut Out<'_>) -> Exit {
    let Opened { pack, rights, paragraphs } = match open(&args.pack, cwd) {
        Ok(opened) => opened,
        Err(error) => return out.bad_input(error),
    };
    if json_out {
        out.json(&json!({
            "pack": pack.slug.to_string(),
            "title": pack.title,
            "citation": pack.citation,
            "certainty": pack.certainty,
            "scope": pack.scope,
            "status": pack.status,
            "audience": match args.audience { Audience::Person => "person", Audience::Expert => "expert" },
            "plain": paragraphs.iter().map(|paragraph| json!({
                "heading": paragraph.heading, "lines": paragraph.lines,
                "rules": paragraph.rules.iter().map(ToString::to_string).collect::<Vec<_>>(),
            })).collect::<Vec<_>>(),
            "includes": pack.includes.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "parameters": pack.parameters.iter().map(|p| json!({
                "name": p.name, "value": p.value, "set_by": p.set_by, "certainty": p.certainty, "note": p.note,
            })).collect::<Vec<_>>(),
            "articles": pack.articles.iter().map(|a| json!({
                "article": a.article.to_string(), "rule": a.rule.as_ref().map(ToString::to_string), "does": a.does,
                "summary": a.summary, "enforce": a.enforce, "lifted_by": a.lifted_by, "owes": a.owes,
            })).collect::<Vec<_>>(),
            "rights": rights.iter().map(|row| json!({
                "right": row.right.name, "summary": row.right.summary, "echr": row.right.echr, "iccpr": row.right.iccpr,
                "articles": row.own.iter().map(ToString::to_string).collect::<Vec<_>>(),
                "included": row.included.iter().map(ToString::to_string).collect::<Vec<_>>(),
                "waived": row.waiver.as_ref().map(|waiver| json!({ "by": waiver.by.to_string(), "note": waiver.note })),
            })).collect::<Vec<_>>(),
        }));
        return Exit::Done;
    }
    if args.audience == Audience::Person {
        out.line(&pack.title);
        for paragraph in &paragraphs {
            out.line(&format!("\n{}", paragraph.heading));
            paragraph.lines.iter().for_each(|line| out.line(&format!("  {line}")));
        }
        return Exit::Done;
    }
    out.line(&format!("{}\n{}", pack.title, pack.citation));
    pack.scope.iter().chain(&pack.status).for_each(|line| out.line(&format!("  {line}")));
    for p in &pack.parameters {
        let note = p.note.as_deref().unwrap_or_default();
        out.line(&format!("  {} = {} ({}, {}) {note}", p.name, p.value, p.set_by, p.certainty));
    }
    for a in &pack.articles {
        let rule = a.rule.as_ref().map_or("no rule", |rule| rule.as_str());
        let lifted = a.lifted_by.as_ref().map_or_else(String::new, |office| format!(", lifted by {office}"));
        let owes = if a.owes.is_empty() { String::new() } else { format!(" [{}]", a.owes.join(", ")) };
        out.line(&format!("  {} [{rule}, {}, {}{lifted}] {}{owes}", a.article, a.does, a.enforce, a.summary));
    }
    for row in &rights {
        let Right { summary, echr, iccpr, .. } = &row.right;
        out.line(&format!("  {summary} (ECHR {echr}; ICCPR {iccpr}): {}", keeps(row)));
    }
    Exit::Done
}

/// `comity law diff`: what changed between two packs.
pub fn differ(args: &LawDiff, json_out: bool, cwd: &Path, out: &mut Out<'_>) -> Exit {
    let told = match told(args, cwd) {
        Ok(told) => told,
        Err(error) => return out.bad_input(error),
    };
    let proved = match proved(args, cwd) {
        Ok(proved) => proved,
        Err(error) => return out.bad_input(error),
    };
    if json_out {
        out.json(&diff_json(&told, proved));
    } else {
        diff_lines(&told, proved.as_ref()).iter().for_each(|line| out.line(line));
    }
    Exit::Done
}

/// Which way the change goes, as it is proved, where that is asked.
fn proved(args: &LawDiff, cwd: &Path) -> Result<Option<Json>, String> {
    if !args.prove {
        return Ok(None);
    }
    let mut words = vec!["amend".to_owned(), args.old.clone(), args.new.clone()];
    words.extend(args.kept.words());
    prove::ask(&words, cwd).map(|(_, json)| Some(json)).map_err(|error| error.to_string())
}

/// `comity law diff --dir`: beside that, what the new pack would have made of the decisions that a gateway recorded.
///
/// # Errors
/// [`GatewayError`] when a pack does not load, or the record cannot be read.
pub async fn differ_at(
    gateway: &Gateway,
    args: &LawDiff,
    json_out: bool,
    cwd: &Path,
    out: &mut Out<'_>,
) -> Result<Exit, GatewayError> {
    let told = told(args, cwd)?;
    let proved = tokio::task::block_in_place(|| proved(args, cwd)).map_err(GatewayError::Input)?;
    let amendment = audit::amended(gateway, laws::named(&args.new, cwd)?).await?;
    if json_out {
        let mut json = diff_json(&told, proved);
        json["decisions"] = amendment.decisions.into();
        json["exchanges"] = amendment.otherwise.iter().map(otherwise_json).collect();
        json["not_available"] = amendment
            .not_available
            .iter()
            .map(|(place, why)| {
                let exchange = place.exchange.map(|id| id.to_string());
                json!({ "entry": place.entry.0, "exchange_id": exchange, "why": why })
            })
            .collect();
        out.json(&json);
        return Ok(Exit::Done);
    }
    diff_lines(&told, proved.as_ref()).iter().for_each(|line| out.line(line));
    for otherwise in &amendment.otherwise {
        let Otherwise { place, class, old, new, .. } = otherwise;
        let exchange = place.exchange.map_or_else(String::new, |id| id.to_string());
        let words = |mine: &Said, other: &Said| -> String {
            mine.1.difference(&other.1).cloned().collect::<Vec<_>>().join("; ")
        };
        out.line(&format!(
            "exchange {exchange}, class {class}: {} -> {}; gone: {}; come: {}",
            old.0,
            new.0,
            words(old, new),
            words(new, old)
        ));
    }
    let (changed, decisions) = (amendment.otherwise.len(), amendment.decisions);
    let apart = amendment.not_available.len();
    let exchanges: BTreeSet<_> = amendment.otherwise.iter().map(|o| o.place.entry.0).collect();
    out.line(&format!(
        "{} of {decisions} past decisions come out otherwise ({changed} classes); {apart} could not be made again",
        exchanges.len()
    ));
    Ok(Exit::Done)
}

fn otherwise_json(otherwise: &Otherwise) -> Json {
    let Otherwise { place, class, at, old, new } = otherwise;
    json!({
        "exchange_id": place.exchange.map(|id| id.to_string()),
        "entry": place.entry.0,
        "class": class,
        "at": at.to_string(),
        "old": old.0,
        "new": new.0,
        "gone": old.1.difference(&new.1).collect::<Vec<_>>(),
        "come": new.1.difference(&old.1).collect::<Vec<_>>(),
    })
}

fn diff_json(told: &Diff, proved: Option<Json>) -> Json {
    let mut json = json!({
        "rules": told.rules.iter().map(|change| json!({
            "rule": change.rule.to_string(), "article": change.article.to_string(), "what": change.what,
            "direction": change.direction.as_str(),
        })).collect::<Vec<_>>(),
        "figures": told.figures.iter().map(|(what, was, is)| json!({ "what": what, "old": was, "new": is }))
            .collect::<Vec<_>>(),
        "cases": told.cases.iter().map(|case| json!({
            "id": case.id, "title": case.title, "old": case.old.0, "new": case.new.0,
            "gone": case.old.1.iter().filter(|word| !case.new.1.contains(word)).collect::<Vec<_>>(),
            "come": case.new.1.iter().filter(|word| !case.old.1.contains(word)).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
        "tried": told.tried,
    });
    if let Some(proved) = proved {
        json["proved"] = proved;
    }
    json
}

fn diff_lines(told: &Diff, proved: Option<&Json>) -> Vec<String> {
    let mut lines = Vec::new();
    for change in &told.rules {
        let what = change.what.join(", ");
        lines.push(format!("{} ({}): {what}; {}", change.rule, change.article, change.direction.as_str()));
    }
    lines.extend(told.figures.iter().map(|(what, was, is)| format!("{what}: {was} -> {is}")));
    for case in &told.cases {
        lines.push(format!("case {} ({}): {} -> {}", case.id, case.title, case.old.0, case.new.0));
    }
    if let Some(direction) = proved.and_then(|proved| proved["direction"].as_str()) {
        lines.push(format!("as proved over every question, the amendment: {direction}"));
    }
    let (changed, tried) = (told.cases.len(), told.tried);
    lines.push(format!("{} rules changed; {changed} of {tried} cases come out otherwise", told.rules.len()));
    lines
}

fn told(args: &LawDiff, cwd: &Path) -> Result<Diff, LawError> {
    let ((old, old_slug), (new, new_slug)) = (laws::named(&args.old, cwd)?, laws::named(&args.new, cwd)?);
    let (mut old, mut new) = (Library::open(&old)?, Library::open(&new)?);
    Ok(diff::diff((&mut old, &old_slug), (&mut new, &new_slug))?)
}

/// `comity law explain`: one question, answered as a live one would be, and what would change the answer.
///
/// The one who asks stands for everybody who may state the facts, and both parties are taken to have signed.
pub fn explain(args: &LawExplain, json_out: bool, cwd: &Path, out: &mut Out<'_>) -> Exit {
    let explained = match explained(args, cwd) {
        Ok(explained) => explained,
        Err(text) => return out.bad_input(text),
    };
    if json_out {
        out.json(&explained_json(&explained));
    } else {
        explained_lines(&explained).iter().for_each(|line| out.line(line));
    }
    Exit::Done
}

fn explained(args: &LawExplain, cwd: &Path) -> Result<Explained, String> {
    let (files, slug) = laws::named(&args.under, cwd).map_err(|error| error.to_string())?;
    let mut library = Library::open(&files).map_err(|error| error.to_string())?;
    let agreement = library.law(&slug).map_err(|error| error.to_string())?;
    let mut national = BTreeMap::new();
    for party in [&args.from, &args.to] {
        let slug: PackSlug = party.as_str().parse().map_err(|e: comity_terms::NameError| e.to_string())?;
        if library.dir(&slug).is_some() {
            national.insert(party.clone(), library.law(&slug).map_err(|error| error.to_string())?);
        }
    }
    let vocabulary = Arc::clone(library.vocabulary());
    let mut facts = Facts::new();
    for fact in &args.facts {
        let known = vocabulary.facts().keys().map(|key| key.as_str());
        let term = vocabulary
            .fact(fact.key.as_str())
            .ok_or_else(|| format!("no fact `{}`{}", fact.key, did_you_mean(fact.key.as_str(), known)))?;
        let value = term.from_text(&vocabulary, &fact.value).map_err(|error| error.to_string())?;
        // Whoever may say it: the hypothesis is that they did.
        let named = term.alias_of.as_ref().and_then(|key| vocabulary.fact(key.as_str())).unwrap_or(term);
        let giver = named.asserted_by.first().copied().unwrap_or(Asserter::Officer);
        facts.state(fact.key.clone(), value, giver);
    }
    let at = crate::clock::Clock::new(comity_terms::Timestamp::UNIX_EPOCH).now();
    let question = Question {
        action: args.action.clone(),
        sending: args.from.clone(),
        receiving: args.to.clone(),
        at,
        knowledge_time: at,
        facts,
        approvals: Default::default(),
    };
    let laws = LawSet { agreement, national, vocabulary };
    hypothetical::explain(&laws, &question, &Setting::live(true)).map_err(|error| error.to_string())
}

fn explained_json(explained: &Explained) -> Json {
    let mut json = try_case::decision_json(&explained.decision);
    let givers = |givers: &BTreeSet<Asserter>| givers.iter().map(|giver| giver.as_str()).collect::<Vec<_>>();
    json.insert("hypothetical".into(), true.into());
    json.insert("decisive".into(), explained.decisive.iter().map(try_case::citation_json).collect());
    let missing = explained.missing.iter().map(|missing| {
        let how: Vec<&str> = missing.givers.iter().map(|giver| how(*giver)).collect();
        json!({
            "fact": missing.fact.to_string(), "summary": missing.summary, "givers": givers(&missing.givers),
            "how": how,
        })
    });
    json.insert("missing".into(), missing.collect());
    let changes = explained.changes.iter().map(|change| {
        json!({
            "fact": change.fact.to_string(), "from": change.from.as_ref().map(value_json),
            "to": value_json(&change.to), "outcome": change.outcome.as_str(),
            "reasons": change.reasons.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "givers": givers(&change.givers),
        })
    });
    json.insert("changes".into(), changes.collect());
    Json::Object(json)
}

fn explained_lines(explained: &Explained) -> Vec<String> {
    let decision = &explained.decision;
    let reasons: Vec<String> = decision.reasons().into_iter().map(ToString::to_string).collect();
    let laws: Vec<String> = decision.laws.iter().map(ToString::to_string).collect();
    let mut lines = vec![
        format!("{} (hypothetical, {})", decision.outcome.as_str(), decision.mode.as_str()),
        format!("  laws asked: {}", laws.join(", ")),
        format!("  reasons: {}", reasons.join(", ")),
    ];
    if !decision.escalate_to.is_empty() {
        let offices: Vec<&str> = decision.escalate_to.iter().map(|office| office.as_str()).collect();
        lines.push(format!("  decided by: {}", offices.join(", ")));
    }
    let cite = |c: &Citation| format!("    {} {} {} {}: {}", c.law, c.effect, c.pack, c.article, c.summary);
    if !explained.decisive.is_empty() {
        lines.push("  decisive:".into());
        lines.extend(explained.decisive.iter().map(cite));
    }
    if !explained.missing.is_empty() {
        lines.push("  not stated:".into());
        lines.extend(explained.missing.iter().map(|missing| {
            let how: Vec<&str> = missing.givers.iter().map(|giver| how(*giver)).collect();
            format!("    {} ({}): {}", missing.fact, missing.summary, how.join("; or "))
        }));
    }
    if !explained.changes.is_empty() {
        lines.push("  what would change it:".into());
        lines.extend(explained.changes.iter().map(|change| {
            let left: Vec<&str> = change.reasons.iter().map(|reason| reason.as_str()).collect();
            let left = if left.is_empty() { String::new() } else { format!(" ({})", left.join(", ")) };
            let from =
                change.from.as_ref().map_or("not stated".into(), |value| value_json(value).to_string());
            let to = value_json(&change.to);
            format!("    {}: {from} -> {to}: {}{left}", change.fact, change.outcome.as_str())
        }));
    }
    lines
}

/// How a fact is given by those who may.
fn how(giver: Asserter) -> &'static str {
    match giver {
        Asserter::Gateway => "the gateway works it out, and nobody can give it",
        Asserter::Detected => "it is found in the data",
        Asserter::Officer => "an officer states it: --fact KEY=VALUE",
        Asserter::Office => "an office attests it: --attest KEY=FILE",
        Asserter::Partner => "it comes with the partner's offer",
    }
}
