//! `comity minimise`: the least of a bundle that serves the purpose, without sending it.
//!
//! Asks closed-world, as `law try` does. Without `--dir` pseudonyms are made with a fixed preview key, which
//! everybody has: what it prints shows the form and protects nothing.

use super::Minimise;
use super::out::{Exit, Out};
use crate::clock::{Clock, OsEntropy};
use crate::keys::TokenSecrets;
use crate::laws;
use crate::warning;
use crate::work::share::{rejected_report, withholding_report};
use comity_agreement::{LawSet, Library, Memo};
use comity_exchange::disclose::{Decided, Received, Tools};
use comity_exchange::question::Request;
use comity_exchange::report::Side;
use comity_minimise::{Limits, PathTable, TokenKey, bundle_bytes};
use comity_terms::{Action, Asserter, Facts, PackSlug, Timestamp};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
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
    let bytes = read(&args.file, cwd, limits.bytes_max)?;
    let (files, slug) = laws::named(&args.under, cwd).map_err(|e| e.to_string())?;
    let mut library = Library::open(&files).map_err(|e| e.to_string())?;
    let agreement = library.law(&slug).map_err(|e| e.to_string())?;
    let mut national = BTreeMap::new();
    for party in [&args.from, &args.to] {
        let slug: PackSlug = party.as_str().parse().map_err(|e: comity_terms::NameError| e.to_string())?;
        if library.dir(&slug).is_some() {
            national.insert(party.clone(), library.law(&slug).map_err(|e| e.to_string())?);
        }
    }
    let laws = LawSet { agreement, national, vocabulary: Arc::clone(library.vocabulary()) };
    let mut facts = Facts::new();
    for fact in &args.facts {
        let term = laws
            .vocabulary
            .fact(fact.key.as_str())
            .ok_or_else(|| format!("no fact `{}` is known", fact.key))?;
        let value = term.from_text(&laws.vocabulary, &fact.value).map_err(|e| e.to_string())?;
        facts.state(fact.key.clone(), value, Asserter::Officer);
    }
    let at = Clock::new(Timestamp::UNIX_EPOCH).now();
    let request = Request {
        sender: args.from.clone(),
        receiver: args.to.clone(),
        agreement: slug.clone(),
        action: Action::new("share").map_err(|e| e.to_string())?,
        activity: args.activity.clone(),
        purpose: args.purpose.clone(),
        facts,
        attestations: Vec::new(),
        escalation: None,
        at,
        assume_in_force: args.assume_in_force,
        binding: true,
        live: false,
        supersedes: None,
        ordered: None,
    };
    let secret = match &args.dir {
        None => PREVIEW_KEY,
        Some(dir) => own_secret(&cwd.join(dir), args.keys.as_deref())?,
    };
    let period = comity_terms::Month::of(at).to_string();
    let token_key =
        TokenKey::derive(&secret, slug.as_str(), args.to.as_str(), &period).map_err(|e| e.to_string())?;
    let table = PathTable::shipped().map_err(|e| e.to_string())?;
    let named = args.warning_lists.as_ref().map(|named| cwd.join(named));
    let lists = warning::lists(named.as_deref()).map_err(|e| e.to_string())?;
    let warned = warning::warned(&bytes, &limits, &table, &lists);
    let tools = Tools { laws: &laws, table: &table, token_key: &token_key, limits: &limits };
    let mut memo = Memo::new(4_096);
    let decided = Received::read(&bytes, &limits, request)
        .and_then(|received| received.classify(&table).decide(&tools, &mut memo, &mut OsEntropy))
        .map_err(|e| format!("{}: {e}", args.file.display()))?;
    let (outcome, done) = match decided {
        Decided::Permitted(permitted) => {
            match permitted.minimise(&tools, &mut OsEntropy).map_err(|e| e.to_string())? {
                Ok(minimised) => ("permit", Ok(minimised)),
                Err(refused) => ("deny", Err(refused.told())),
            }
        }
        Decided::Escalated(escalated) => ("escalate", Err(escalated.told())),
        Decided::Refused(refused) => ("deny", Err(refused.told())),
    };
    let told = match &done {
        Ok(minimised) => minimised.told(),
        Err(told) => told.clone(),
    };
    let reasons: BTreeSet<String> =
        told.rulings.iter().filter(|r| !r.permits()).flat_map(|r| r.report(Side::Sender).reasons).collect();
    if let Some(path) = &args.report {
        let report = json!({
            "objects": told.counts,
            "withholdings": told.withholdings.iter().map(withholding_report).collect::<Vec<_>>(),
            "rejected": told.rejected.iter().map(rejected_report).collect::<Vec<_>>(),
            "decisions": told.rulings.iter().map(|r| r.report(Side::Sender)).collect::<Vec<_>>(),
            "warnings": warned,
            "outcome": outcome,
            "reasons": reasons,
            "mode": "closed-world",
        });
        let path = cwd.join(path);
        std::fs::write(&path, format!("{report}\n")).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    match done {
        Ok(minimised) => {
            out.raw(&bundle_bytes(PREVIEW_BUNDLE, minimised.objects()));
            out.raw(b"\n");
            for reason in &reasons {
                out.note(&format!("a class stays home: {reason}"));
            }
            Ok(Exit::Done)
        }
        Err(_) => {
            let reasons: Vec<&str> = reasons.iter().map(String::as_str).collect();
            out.note(&format!("{outcome}: {}", reasons.join(", ")));
            Ok(Exit::Refused)
        }
    }
}

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
