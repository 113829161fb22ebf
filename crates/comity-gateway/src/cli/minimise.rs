//! `comity minimise`: the least of a bundle that serves the purpose, without sending it.
//!
//! Asks closed-world, as `law try` does. Without `--dir` pseudonyms are made with a fixed preview key, which
//! everybody has: what it prints shows the form and protects nothing.
//!
//! ```text
//! given                               exit  standard output   standard error
//! something may go                    0     it                what stays home, and what does not read
//! nothing may go, or nothing is left  1     nothing           the reasons
//! nothing reads                       2     nothing           what is wrong, where
//! a bundle without objects            0     one without any   that nothing was given
//! ```
//! The report is written in each of these.

use super::Minimise;
use super::out::{Exit, Out};
use crate::clock::{Clock, OsEntropy};
use crate::keys::TokenSecrets;
use crate::laws;
use crate::warning;
use crate::work::share::{rejected_report, withholding_report};
use comity_agreement::finding::did_you_mean;
use comity_agreement::{LawSet, Library, Memo};
use comity_exchange::disclose::{Decided, Received, Told, Tools};
use comity_exchange::question::Request;
use comity_exchange::report::{
    DecisionReport, ObjectCounts, RejectedReport, Side, WarningReport, WithholdingReport,
};
use comity_minimise::{Limits, PathTable, Rejected, TokenKey, Withholding};
use comity_terms::{Action, Asserter, FactKey, Facts, PackSlug, Timestamp};
use serde::{Serialize, Serializer};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufWriter, Read as _, Write as _};
use std::path::Path;
use std::sync::Arc;

/// The documented preview key.
const PREVIEW_KEY: [u8; 32] = *b"comity preview key: not a secret";

/// The id of the bundle on standard output: the same for the same input would tell nothing more.
const PREVIEW_BUNDLE: &str = "bundle--00000000-0000-4000-8000-000000000001";

/// `comity minimise`
pub fn run(args: &Minimise, _json: bool, cwd: &Path, out: &mut Out<'_>) -> Exit {
    match minimised(args, cwd, out) {
        Ok(exit) => exit,
        Err(text) => out.bad_input(text),
    }
}

fn minimised(args: &Minimise, cwd: &Path, out: &mut Out<'_>) -> Result<Exit, String> {
    let limits = Limits::default();
    // On a thread of its own, with which the allocator gives back what all the others took: a large bundle needs the room.
    let asked = std::thread::scope(|scope| scope.spawn(|| asked(args, cwd)).join());
    let (laws, slug) = asked.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
    let bytes = read(&args.file, cwd, limits.bytes_max)?;
    let request = request(args, slug.clone(), &laws)?;
    let secret = match &args.dir {
        None => PREVIEW_KEY,
        Some(dir) => own_secret(&cwd.join(dir), args.keys.as_deref())?,
    };
    let period = comity_terms::Month::of(request.at).to_string();
    let token_key =
        TokenKey::derive(&secret, slug.as_str(), args.to.as_str(), &period).map_err(|e| e.to_string())?;
    let table = PathTable::shipped().map_err(|e| e.to_string())?;
    let warned = match &args.report {
        // They stand in the report alone: without one they are not looked up.
        None => Vec::new(),
        Some(_) => {
            let named = args.warning_lists.as_ref().map(|named| cwd.join(named));
            let lists = warning::lists(named.as_deref()).map_err(|e| e.to_string())?;
            warning::warned(&bytes, &limits, &table, &lists)
        }
    };
    let tools = Tools { laws: &laws, table: &table, token_key: &token_key, limits: &limits };
    let named = |error: comity_exchange::ExchangeError| format!("{}: {error}", args.file.display());
    let received = match Received::read(&bytes, &limits, request) {
        Ok(received) => received,
        Err(error) => {
            let (told, reasons) = (Told::default(), BTreeSet::from([NOT_READ.to_owned()]));
            report(args, cwd, &told, &reasons, ("deny", &warned))?;
            return Err(named(error));
        }
    };
    let decided = received.classify(&table).decide(&tools, &mut Memo::new(4_096), &mut OsEntropy);
    let (outcome, told, objects) = match decided.map_err(named)? {
        Decided::Permitted(permitted) => match permitted.minimise(&tools, &mut OsEntropy).map_err(named)? {
            Ok(minimised) => {
                if minimised.erase_by().is_none() {
                    out.note("no law asked says until when it may be kept: given away as it is, it is refused (no_retention_rule)");
                }
                let (told, objects) = minimised.told();
                ("permit", told, objects)
            }
            Err(refused) => ("deny", refused.told(), Vec::new()),
        },
        Decided::Escalated(escalated) => ("escalate", escalated.told(), Vec::new()),
        Decided::Refused(refused) => ("deny", refused.told(), Vec::new()),
    };
    drop(bytes);
    // No law is asked about nothing, and none keeps it: the least of nothing is nothing.
    let outcome = if told.counts.input == 0 { "permit" } else { outcome };
    let reasons = told.reasons_all();
    report(args, cwd, &told, &reasons, (outcome, &warned))?;
    for rejected in told.rejected.iter().take(NAMED_MAX) {
        out.note(&format!("not read: {rejected}"));
    }
    if told.rejected.len() > NAMED_MAX {
        out.note(&format!("not read: {} more; `--report` lists all", told.rejected.len() - NAMED_MAX));
    }
    let unread = told.rejected.len() as u64;
    if unread > 0 && unread == told.counts.input {
        return Err(format!("{}: no object of {unread} reads as STIX 2.1", args.file.display()));
    }
    if outcome == "permit" {
        for reason in &reasons {
            out.note(&format!("stays home: {reason}"));
        }
        print(&objects, out);
        return Ok(Exit::Done);
    }
    out.note(&format!("{outcome}: {}", reasons.into_iter().collect::<Vec<_>>().join(", ")));
    Ok(Exit::Refused)
}

/// The laws to ask. All others that were looked through for them, and their texts, are gone before a bundle is read.
fn asked(args: &Minimise, cwd: &Path) -> Result<(LawSet, PackSlug), String> {
    let (files, slug) = laws::named(&args.under, cwd).map_err(|e| e.to_string())?;
    let mut library = Library::open(&files).map_err(|e| e.to_string())?;
    let agreement = library.law(&slug).map_err(|e| e.to_string())?;
    let mut national = BTreeMap::new();
    for party in [&args.from, &args.to] {
        let own = library.own_law(party).map_err(|e| e.to_string())?;
        national.extend(own.map(|law| (party.clone(), law)));
    }
    Ok((LawSet { agreement, national, vocabulary: Arc::clone(library.vocabulary()) }, slug))
}

/// What is asked: closed-world, as of now.
fn request(args: &Minimise, slug: PackSlug, laws: &LawSet) -> Result<Request, String> {
    let mut facts = Facts::new();
    for fact in &args.facts {
        let term = laws.vocabulary.fact(fact.key.as_str()).ok_or_else(|| {
            let known = laws.vocabulary.facts().keys().map(FactKey::as_str);
            format!("no fact `{}` is known{}", fact.key, did_you_mean(fact.key.as_str(), known))
        })?;
        let value = term.from_text(&laws.vocabulary, &fact.value).map_err(|e| e.to_string())?;
        facts.state(fact.key.clone(), value, Asserter::Officer);
    }
    let action = Action::new("share").map_err(|e| e.to_string())?;
    let what = (action, args.activity.clone(), args.purpose.clone());
    let at = Clock::new(Timestamp::UNIX_EPOCH).now();
    Ok(Request {
        facts,
        assume_in_force: args.assume_in_force,
        binding: true,
        live: false,
        ..Request::bare((args.from.clone(), args.to.clone()), slug, what, at)
    })
}

/// Prints the bundle, object by object: in one piece it would take its size once more.
fn print(objects: &[Vec<u8>], out: &mut Out<'_>) {
    let head = format!(r#"{{"type":"bundle","id":"{PREVIEW_BUNDLE}""#);
    // A list in STIX is never empty: a bundle of nothing has none.
    let (open, close): (&[u8], &[u8]) =
        if objects.is_empty() { (b"", b"}\n") } else { (b",\"objects\":[", b"]}\n") };
    let separated = objects.iter().enumerate().flat_map(|(index, object)| {
        let before: &[u8] = if index == 0 { b"" } else { b"," };
        [before, object]
    });
    out.pieces([head.as_bytes(), open].into_iter().chain(separated).chain([close]));
}

/// Writes the report, where one was asked for.
fn report(
    args: &Minimise,
    cwd: &Path,
    told: &Told,
    reasons: &BTreeSet<String>,
    (outcome, warnings): (&'static str, &[WarningReport]),
) -> Result<(), String> {
    let Some(path) = &args.report else { return Ok(()) };
    let path = cwd.join(path);
    let wrong = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let mut file = BufWriter::new(File::create(&path).map_err(|e| wrong(&e))?);
    let report = Report {
        objects: told.counts,
        withholdings: Each(&told.withholdings, withholding_report),
        rejected: Each(&told.rejected, rejected_report),
        decisions: told.rulings.iter().map(|ruling| ruling.report(Side::Sender)).collect(),
        warnings,
        outcome,
        reasons,
        mode: "closed-world",
    };
    serde_json::to_writer(&mut file, &report).map_err(|e| wrong(&e))?;
    file.write_all(b"\n").and_then(|()| file.flush()).map_err(|e| wrong(&e))
}

/// The report of `--report`.
#[derive(Serialize)]
struct Report<'r> {
    objects: ObjectCounts,
    withholdings: Each<'r, Withholding, WithholdingReport>,
    rejected: Each<'r, Rejected, RejectedReport>,
    decisions: Vec<DecisionReport>,
    warnings: &'r [WarningReport],
    outcome: &'static str,
    reasons: &'r BTreeSet<String>,
    mode: &'static str,
}

/// A list that is written element by element: of the largest bundles it is as long as they are.
struct Each<'r, T, R>(&'r [T], fn(&T) -> R);

impl<T, R: Serialize> Serialize for Each<'_, T, R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(self.1))
    }
}

/// The reason code of what does not read.
const NOT_READ: &str = "not_read";

/// How many objects that do not read are named on standard error.
const NAMED_MAX: usize = 100;

fn read(file: &Path, cwd: &Path, most: usize) -> Result<Vec<u8>, String> {
    if file == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().take(most as u64 + 1).read_to_end(&mut bytes).map_err(|e| e.to_string())?;
        return Ok(bytes);
    }
    crate::files::read(&cwd.join(file), most)
        .map_err(|e| e.to_string())?
        .ok_or_else(|| format!("{}: there is no such file", file.display()))
}

fn own_secret(dir: &Path, keys: Option<&Path>) -> Result<[u8; 32], String> {
    let directory = crate::dirs::Directory::open(dir, keys).map_err(|e| e.to_string())?;
    let now = Clock::new(Timestamp::UNIX_EPOCH).now();
    let secrets = TokenSecrets::open(directory.token_secrets(), now).map_err(|e| e.to_string())?;
    secrets.of(now, now).map(|secret| *secret).map_err(|e| e.to_string())
}
