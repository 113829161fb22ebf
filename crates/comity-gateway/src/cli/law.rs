//! The commands about law: they need packs and no gateway, but for what an amendment would have done to one's record.

mod diff;
mod explain;

pub use diff::{differ, differ_at};
pub use explain::explain;

use super::out::{Exit, Out};
use super::progress::Progress;
use super::prove;
use super::{Audience, LawCheck, LawShow, LawTry};
use crate::laws::{self, LawError, Named};
use comity_agreement::explain::{Shown, show as shown};
use comity_agreement::person::{Paragraph, for_person};
use comity_agreement::rights::{self, Conformance, Right};
use comity_agreement::{Keep, LawFiles, Level, Library, lint, shipped, try_case};
use comity_terms::PackSlug;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
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
    for (number, line) in (1_usize..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
        let mut answer = try_case::try_line(&mut library, line);
        if answer.get("error").is_some() {
            answer["line"] = number.into();
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
    } else {
        text = match crate::files::read(&cwd.join(file), CASES_BYTES_MAX) {
            Ok(Some(bytes)) => String::from_utf8(bytes).map_err(|e| format!("{}: {e}", file.display()))?,
            Ok(None) => return Err(format!("{}: there is no such file", file.display())),
            Err(error) => return Err(error.to_string()),
        };
    }
    // Some editors begin a file with a mark of its byte order; it is no part of the first case.
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
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
        // Every rule is asked by a worked case, or it is a finding.
        Ok(library) => library.keeping(Keep::Expressions),
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
    let (mut packs, mut lines, mut failed) = (Vec::new(), Vec::new(), false);
    let progress = Progress::of(out, "packs", Some(named.len() as u64));
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
        lines.push(format!("{slug}: {} findings", listed.len()));
        lines.extend(listed.iter().map(|f| {
            let word = |key: &str| f[key].as_str().unwrap_or_default();
            format!("  {}:{}: {}: {}", word("file"), f["line"], word("level"), word("text"))
        }));
        let mut told = json!({ "pack": slug.to_string(), "findings": listed });
        if let Some(pack) = proved {
            told["floors"] = pack["floors"].clone();
        }
        packs.push(told);
        progress.one_more();
    }
    drop(progress);
    if json_out {
        out.json(&json!({ "packs": packs }));
    } else {
        lines.iter().for_each(|line| out.line(line));
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

#[cfg(test)]
mod tests {
    use super::read_text;
    use std::path::Path;

    #[test]
    fn a_mark_of_byte_order_is_no_part_of_the_first_case() {
        let dir = tempfile::tempdir().unwrap();
        for (name, bytes) in [("plain", "{}\n{}\n"), ("marked", "\u{feff}{}\n{}\n")] {
            std::fs::write(dir.path().join(name), bytes).unwrap();
            assert_eq!(read_text(Path::new(name), dir.path()).unwrap(), "{}\n{}\n", "{name}");
        }
    }
}
