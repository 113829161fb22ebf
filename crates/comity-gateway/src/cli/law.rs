//! The commands about law: they need packs and no gateway.

use super::out::{Exit, Out};
use super::{Audience, LawCheck, LawExplain, LawShow, LawTry};
use crate::laws::{self, LawError};
use comity_agreement::explain::{Shown, show as shown};
use comity_agreement::{LawFiles, Level, Library, lint, shipped, try_case};
use comity_terms::PackSlug;
use serde_json::{Value as Json, json};
use std::io::Read as _;
use std::path::Path;

/// The longest file of cases: 100,000 cases of 1 KiB.
const CASES_BYTES_MAX: usize = 100_000 * 1_024;

/// `comity law try`: one result a line, in order.
pub fn try_cases(args: &LawTry, _json: bool, cwd: &Path, out: &mut Out<'_>) -> Exit {
    let text = match read_text(&args.file, cwd) {
        Ok(text) => text,
        Err(error) => return out.bad_input(error),
    };
    let mut files = shipped().clone();
    for (root, directory) in [("agreements", &args.agreements), ("jurisdictions", &args.jurisdictions)] {
        let Some(directory) = directory else { continue };
        match laws::read_directory(&cwd.join(directory)) {
            // Over the shipped ones: what a pack includes is there even if the folder holds that pack alone.
            Ok(own) => {
                files.0.extend(own.0.into_iter().map(|(path, bytes)| (format!("{root}/{path}"), bytes)))
            }
            Err(error) => return out.bad_input(error),
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
    let named: Result<Vec<(LawFiles, PackSlug)>, LawError> = if args.packs.is_empty() {
        match Library::open(shipped()) {
            Ok(library) => Ok(library.slugs().into_iter().map(|slug| (shipped().clone(), slug)).collect()),
            Err(error) => return out.bad_input(error),
        }
    } else {
        args.packs.iter().map(|name| laws::named(name, cwd)).collect()
    };
    let named = match named {
        Ok(named) => named,
        Err(error) => return out.bad_input(error),
    };
    let (mut packs, mut failed) = (Vec::new(), false);
    for (files, slug) in named {
        let findings = match Library::open(&files) {
            Ok(mut library) => lint::check(&mut library, &slug),
            Err(error) => error.0,
        };
        failed |= findings.iter().any(|finding| finding.level == Level::Error);
        let listed: Vec<Json> = findings
            .iter()
            .map(|f| json!({ "level": f.level.as_str(), "file": f.file, "line": f.line, "text": f.text }))
            .collect();
        if !json_out {
            out.line(&format!("{slug}: {} findings", findings.len()));
            findings.iter().for_each(|finding| out.line(&format!("  {finding}")));
        }
        packs.push(json!({ "pack": slug.to_string(), "findings": listed }));
    }
    if json_out {
        out.json(&json!({ "packs": packs }));
    }
    if failed { Exit::Refused } else { Exit::Done }
}

fn open(name: &str, cwd: &Path) -> Result<Shown, LawError> {
    let (files, slug) = laws::named(name, cwd)?;
    let law = Library::open(&files)?.law(&slug)?;
    Ok(shown(&law))
}

/// `comity law show`: a pack in words.
pub fn show(args: &LawShow, json_out: bool, cwd: &Path, out: &mut Out<'_>) -> Exit {
    let pack = match open(&args.pack, cwd) {
        Ok(pack) => pack,
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
            "includes": pack.includes.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "parameters": pack.parameters.iter().map(|p| json!({
                "name": p.name, "value": p.value, "set_by": p.set_by, "certainty": p.certainty, "note": p.note,
            })).collect::<Vec<_>>(),
            "articles": pack.articles.iter().map(|a| json!({
                "article": a.article.to_string(), "rule": a.rule.as_ref().map(ToString::to_string), "does": a.does,
                "summary": a.summary, "enforce": a.enforce, "lifted_by": a.lifted_by, "owes": a.owes,
            })).collect::<Vec<_>>(),
        }));
        return Exit::Done;
    }
    out.line(&format!("{}\n{}", pack.title, pack.citation));
    pack.scope.iter().chain(&pack.status).for_each(|line| out.line(&format!("  {line}")));
    let expert = args.audience == Audience::Expert;
    if expert {
        for p in &pack.parameters {
            let note = p.note.as_deref().unwrap_or_default();
            out.line(&format!("  {} = {} ({}, {}) {note}", p.name, p.value, p.set_by, p.certainty));
        }
    }
    for a in &pack.articles {
        if expert {
            let rule = a.rule.as_ref().map_or("no rule", |rule| rule.as_str());
            out.line(&format!("  {} [{rule}, {}, {}] {}", a.article, a.does, a.enforce, a.summary));
        } else {
            out.line(&format!("  {}: {}", a.article, a.summary));
        }
    }
    Exit::Done
}

/// `comity law explain`: one question, answered as a case in which absent facts are not relevant.
pub fn explain(args: &LawExplain, json_out: bool, cwd: &Path, out: &mut Out<'_>) -> Exit {
    let (files, slug) = match laws::named(&args.under, cwd) {
        Ok(named) => named,
        Err(error) => return out.bad_input(error),
    };
    let mut library = match Library::open(&files) {
        Ok(library) => library,
        Err(error) => return out.bad_input(error),
    };
    let mut facts = serde_json::Map::new();
    for fact in &args.facts {
        // As JSON where it is JSON, else as a word: the vocabulary checks the type.
        let value = serde_json::from_str(&fact.value).unwrap_or_else(|_| Json::from(fact.value.as_str()));
        facts.insert(fact.key.to_string(), value);
    }
    let now = crate::clock::Clock::new(comity_terms::Timestamp::UNIX_EPOCH).now();
    let case = json!({
        "id": "explain", "instrument": slug.to_string(), "sending": args.from.to_string(),
        "receiving": args.to.to_string(), "action": args.action.to_string(), "at": now.to_string(),
        "setup": { "national": true }, "facts": facts,
    });
    let answer = try_case::try_case(&mut library, &case);
    if let Some(error) = answer.get("error").and_then(Json::as_str) {
        return out.bad_input(error);
    }
    if json_out {
        out.json(&answer);
    } else {
        out.line(&format!("{} ({})", text(&answer, "outcome"), text(&answer, "mode")));
        for key in ["reasons", "escalate_to", "laws"] {
            out.line(&format!("  {key}: {}", answer.get(key).map_or(String::new(), ToString::to_string)));
        }
        for citation in answer.get("citations").and_then(Json::as_array).into_iter().flatten() {
            out.line(&format!(
                "  {} {} {} {}: {}",
                text(citation, "law"),
                text(citation, "effect"),
                text(citation, "pack"),
                text(citation, "article"),
                text(citation, "summary")
            ));
        }
    }
    Exit::Done
}

fn text<'a>(json: &'a Json, key: &str) -> &'a str {
    json.get(key).and_then(Json::as_str).unwrap_or_default()
}
