//! `comity law diff`: what changed between two packs, and what of a gateway's record would come out otherwise.

use crate::cli::out::{Exit, Out};
use crate::cli::{LawDiff, prove};
use crate::gateway::{Gateway, GatewayError};
use crate::laws::{self, LawError};
use crate::work::audit;
use comity_agreement::diff::{self, Diff};
use comity_agreement::{LawFiles, Library, draft};
use comity_exchange::audit::amended::{Otherwise, Said};
use comity_terms::PackSlug;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::path::Path;

/// `comity law diff`: what changed between two packs.
pub fn differ(args: &LawDiff, json_out: bool, cwd: &Path, out: &mut Out<'_>) -> Exit {
    let told = match Compared::named(args, cwd).and_then(|compared| compared.told(args, cwd)) {
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
    let new = match (&args.into, &args.new) {
        (Some(folder), _) => folder.display().to_string(),
        (None, Some(new)) if args.set.is_empty() => new.clone(),
        _ => return Err("a draft is proved where it lies: `--into FOLDER` writes it".to_owned()),
    };
    let mut words = vec!["amend".to_owned(), args.old.clone(), new];
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
    let compared = Compared::named(args, cwd)?;
    let told = compared.told(args, cwd)?;
    let proved = tokio::task::block_in_place(|| proved(args, cwd)).map_err(GatewayError::Input)?;
    let amendment = audit::amended(gateway, compared.new).await?;
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
            "words": change.words, "direction": change.direction.as_str(),
        })).collect::<Vec<_>>(),
        "sentences": json!({ "gone": told.gone, "come": told.come }),
        "treaty": told.treaty,
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
        lines.push(format!("{} ({}): {}", change.rule, change.article, change.direction.in_words()));
        lines.extend(change.words.iter().map(|sentence| format!("  {sentence}")));
    }
    let figure = |text: &str| match text.trim_matches('"') {
        "" | "-" => "none".to_owned(),
        text => text.to_owned(),
    };
    lines.extend(
        told.figures
            .iter()
            .map(|(what, was, is)| format!("{what} is {}, before {}", figure(is), figure(was))),
    );
    lines.extend(told.treaty.iter().map(|name| {
        format!("`{name}` is set by the treaty: with another value the pack is not that treaty any more")
    }));
    for (says, sentences) in [("no more", &told.gone), ("now", &told.come)] {
        lines.extend(sentences.iter().map(|sentence| format!("{says}: {sentence}")));
    }
    for case in &told.cases {
        let (was, is) = (&case.old, &case.new);
        lines.push(match was.0 == is.0 {
            true => {
                format!("case {} ({}): {} as before, otherwise reasoned or owed", case.id, case.title, is.0)
            }
            false => format!("case {} ({}): {}, before {}", case.id, case.title, is.0, was.0),
        });
        let beyond = |own: &[String], other: &[String]| -> Vec<String> {
            own.iter().filter(|word| !other.contains(word)).map(|word| duty(word)).collect()
        };
        for (says, words) in [("come", beyond(&is.1, &was.1)), ("gone", beyond(&was.1, &is.1))] {
            lines.extend(words.into_iter().map(|word| format!("  {says}: {word}")));
        }
    }
    if let Some(direction) = proved.and_then(|proved| proved["direction"].as_str()) {
        lines.push(format!("as proved over every question, the amendment: {direction}"));
    }
    let (changed, tried) = (told.cases.len(), told.tried);
    lines.push(format!("{} rules changed; {changed} of {tried} cases come out otherwise", told.rules.len()));
    lines
}

/// A reason as it is; of a duty its type, and what it says.
fn duty(word: &str) -> String {
    let Ok(Json::Object(fields)) = serde_json::from_str::<Json>(word) else { return word.to_owned() };
    let text = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let says = fields.iter().filter(|(key, value)| *key != "type" && !value.is_null());
    let says: Vec<String> = says.map(|(key, value)| format!("{key} {}", text(value))).collect();
    let kind = fields.get("type").map(text).unwrap_or_default();
    if says.is_empty() { kind } else { format!("{kind} ({})", says.join(", ")) }
}

/// The two packs to be compared.
struct Compared {
    old: (LawFiles, PackSlug),
    new: (LawFiles, PackSlug),
}

impl Compared {
    /// As they are named, the new one with the values that are set for it.
    fn named(args: &LawDiff, cwd: &Path) -> Result<Self, LawError> {
        let old = laws::named(&args.old, cwd)?;
        let (files, slug) = args.new.as_ref().map_or_else(|| Ok(old.clone()), |new| laws::named(new, cwd))?;
        let drafted = draft::with_values(&files, &slug, &args.set);
        let files = drafted.map_err(|error| LawError::Load(error.to_string()))?;
        Ok(Self { old, new: (files, slug) })
    }

    /// What changed; the new one is written then to where it is asked for.
    fn told(&self, args: &LawDiff, cwd: &Path) -> Result<Diff, LawError> {
        let ((old, old_slug), (files, slug)) = (&self.old, &self.new);
        let (mut old, mut new) = (Library::open(old)?, Library::open(files)?);
        let told = diff::diff((&mut old, old_slug), (&mut new, slug))?;
        if let Some(folder) = &args.into {
            laws::write_pack(files, slug, &cwd.join(folder))?;
        }
        Ok(told)
    }
}
