//! `comity law explain`: a question that nobody has asked in earnest, answered, and what would change the answer.

use crate::cli::LawExplain;
use crate::cli::out::{Exit, Out};
use crate::laws;
use comity_agreement::finding::did_you_mean;
use comity_agreement::hypothetical::{self, Explained};
use comity_agreement::question::value_json;
use comity_agreement::{LawSet, Library, Question, Setting, try_case};
use comity_terms::{Asserter, Citation, Facts};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

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
        let own = library.own_law(party).map_err(|error| error.to_string())?;
        national.extend(own.map(|law| (party.clone(), law)));
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
