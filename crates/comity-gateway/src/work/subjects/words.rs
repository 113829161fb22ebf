//! An answer to a person in words: made of the answer's own bytes, and of nothing else, so that equal answers read alike.

use crate::gateway::GatewayError;
use comity_notices::{
    AnswerFacts, Audience, DeclinedRecords, GivenRecords, Language, Message, Remedy, render_answer,
};
use comity_terms::Timestamp;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// What an audience reads of the answer in a request's status, in a language; `None` while there is no answer. Answers of
/// partners, which come with it, are read as texts of their own.
///
/// # Errors
/// [`GatewayError::Broken`] when the answer does not read, or a text is missing.
pub fn in_words(
    status: &Json,
    authority: &str,
    (audience, language): (Audience, Language),
) -> Result<Option<Vec<Message>>, GatewayError> {
    let answer = match &status["answer"] {
        Json::Null => return Ok(None),
        // What a person takes out has the answer in it.
        export if export["answer"].is_object() => &export["answer"],
        answer => answer,
    };
    let elsewhere = status["elsewhere"].as_array().into_iter().flatten();
    let all = std::iter::once((answer, Some(authority)));
    let all = all.chain(elsewhere.filter_map(|one| Some((one.get("answer")?, None))));
    let texts = all.map(|(answer, authority)| {
        let facts = facts(answer, authority).ok_or_else(|| broken(&"it does not read"))?;
        render_answer(&facts, audience, language, None).map_err(|error| broken(&error))
    });
    texts.collect::<Result<_, _>>().map(Some)
}

/// Texts as they are told: each with its subject, plain, and as a page.
#[must_use]
pub fn message_json(messages: &[Message]) -> Json {
    let told = messages.iter().map(|message| {
        json!({
            "language": message.language.as_str(),
            "subject": message.subject,
            "text": message.text(),
            "html": message.html(),
        })
    });
    told.collect()
}

fn broken(why: &dyn std::fmt::Display) -> GatewayError {
    GatewayError::Broken(format!("an answer in words: {why}"))
}

fn facts(answer: &Json, authority: Option<&str>) -> Option<AnswerFacts> {
    let text = |of: &Json, key: &str| of[key].as_str().map(ToOwned::to_owned);
    let instant = |of: &Json, key: &str| of[key].as_str()?.parse::<Timestamp>().ok();
    let list = |of: &Json, key: &str| of[key].as_array().cloned().unwrap_or_default();
    let codes = |of: &Json| {
        let reasons = list(of, "reasons");
        reasons.iter().filter_map(|reason| text(reason, "code")).collect::<Vec<_>>()
    };
    let refused = answer["outcome"] == "refused";
    let mut given: BTreeMap<(Option<String>, Option<String>, Timestamp), u64> = BTreeMap::new();
    for record in list(answer, "records") {
        let of = (text(&record, "from"), text(&record, "purpose"), instant(&record, "kept_until")?);
        *given.entry(of).or_default() += 1;
    }
    let given = given.into_iter().map(|((from, purpose, kept_until), records)| GivenRecords {
        from,
        purpose,
        kept_until,
        records,
    });
    let sent = list(answer, "sent");
    let sent = sent.iter().map(|one| Some((text(one, "to")?, instant(one, "at")?)));
    let done = list(answer, "done");
    let done = done.iter().map(|one| Some((text(one, "what")?, one["records"].as_u64()?)));
    let declined = list(answer, "declined");
    let declined = declined.iter().map(|one| {
        let records = one["records"].as_u64()?;
        Some(DeclinedRecords { records, reasons: codes(one), rules: rules(one, "forbid") })
    });
    let remedies = list(answer, "remedies");
    let remedies = remedies.iter().map(|way| {
        let options = match &way["options"] {
            Json::Array(all) => all.iter().filter_map(|one| one.as_str().map(ToOwned::to_owned)).collect(),
            one => one.as_str().map(ToOwned::to_owned).into_iter().collect(),
        };
        Remedy { options, until: instant(way, "until") }
    });
    Some(AnswerFacts {
        number: text(answer, "number")?,
        filed_at: instant(answer, "filed_at")?,
        at: instant(answer, "decided_at")?,
        party: text(answer, "party")?,
        authority: authority.map(ToOwned::to_owned),
        request: text(answer, "request")?,
        refused,
        reasons: if refused { codes(answer) } else { Vec::new() },
        rules: rules(answer, if refused { "forbid" } else { "permit" }),
        given: given.collect(),
        sent: sent.collect::<Option<_>>()?,
        done: done.collect::<Option<_>>()?,
        declined: declined.collect::<Option<_>>()?,
        remedies: remedies.collect(),
    })
}

/// The rules of an effect that were cited: a pack and its article, each once.
fn rules(of: &Json, effect: &str) -> Vec<(String, String)> {
    let mut rules = Vec::new();
    for cited in of["citations"].as_array().into_iter().flatten().filter(|cited| cited["effect"] == effect) {
        let text = |key: &str| cited[key].as_str().unwrap_or_default().to_owned();
        let rule = (text("pack"), text("article"));
        if !rules.contains(&rule) {
            rules.push(rule);
        }
    }
    rules
}
