//! What changed between two packs: rules, figures, dates, and the worked cases that come out otherwise.
//!
//! The direction of a change is told where it can be read off: a forbid more tightens, a permit more loosens. What
//! a changed condition does is for a proof to say, or for the cases.

mod words;

use crate::compile::Library;
use crate::finding::LoadError;
use crate::pack::{Pack, ParameterKind, Rule, RuleEffect};
use crate::person;
use crate::question::value_json;
use crate::try_case::try_case;
use comity_terms::{Article, PackSlug, RuleId};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

/// What changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diff {
    /// The rules that came, went or were changed, by id.
    pub rules: Vec<RuleChange>,
    /// The sentences for a person who is no lawyer that are there no more.
    pub gone: Vec<String>,
    /// Those that are there now.
    pub come: Vec<String>,
    /// Figures, status and whatever else of the manifest: what, as it was, as it is.
    pub figures: Vec<(String, String, String)>,
    /// The parameters among them that the treaty sets: a pack that says otherwise is not that treaty any more.
    pub treaty: Vec<String>,
    /// The cases of either pack that come out otherwise.
    pub cases: Vec<CaseChange>,
    /// How many cases were tried under both.
    pub tried: usize,
}

/// Where a change goes, as far as can be read off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// Less may go, or more is owed.
    Tightens,
    /// More may go, or less is owed.
    Loosens,
    /// Nothing that decides changed.
    Same,
    /// It must be proved, or tried.
    Open,
}

impl Direction {
    /// What it means for those who exchange.
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Tightens => "it tightens: less may go, or more is owed",
            Self::Loosens => "it loosens: more may go, or less is owed",
            Self::Same => "nothing that decides changed",
            Self::Open => "which way it goes is for a proof (`--prove`) or the cases to say",
        }
    }

    /// The word used in output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tightens => "tightens",
            Self::Loosens => "loosens",
            Self::Same => "same",
            Self::Open => "open",
        }
    }
}

/// One rule that is not as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleChange {
    /// The rule.
    pub rule: RuleId,
    /// Its article, as it is, or was.
    pub article: Article,
    /// `added`, `removed`, or what of it was changed.
    pub what: Vec<&'static str>,
    /// The same in sentences.
    pub words: Vec<String>,
    /// Where that goes.
    pub direction: Direction,
}

/// One case that comes out otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseChange {
    /// The case.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The outcome, the reasons and the types of duty under the old pack.
    pub old: (String, Vec<String>),
    /// The same under the new one.
    pub new: (String, Vec<String>),
}

/// What changed from the pack `slug` of `old` to that of `new`.
///
/// # Errors
/// [`LoadError`] when either does not load.
pub fn diff(
    (old, old_slug): (&mut Library<'_>, &PackSlug),
    (new, new_slug): (&mut Library<'_>, &PackSlug),
) -> Result<Diff, LoadError> {
    let (before, after) = (old.law(old_slug)?, new.law(new_slug)?);
    let sentences = |law, library: &Library<'_>| -> Vec<String> {
        person::for_person(law, library.vocabulary()).into_iter().flat_map(|told| told.lines).collect()
    };
    let (was, is) = (sentences(&before, old), sentences(&after, new));
    let mut out = Diff {
        gone: was.iter().filter(|line| !is.contains(line)).cloned().collect(),
        come: is.iter().filter(|line| !was.contains(line)).cloned().collect(),
        rules: rules(before.pack(), after.pack()),
        figures: figures(before.pack(), after.pack()),
        treaty: of_the_treaty(before.pack(), after.pack()),
        ..Diff::default()
    };
    let mut cases: BTreeMap<String, Json> = BTreeMap::new();
    for (library, slug) in [(&*old, old_slug), (&*new, new_slug)] {
        let text = library.file(slug, "scenarios.jsonl").map_or_else(String::new, |(_, text)| text);
        let read = text.lines().filter_map(|line| serde_json::from_str::<Json>(line).ok());
        cases.extend(read.filter_map(|case| Some((case["id"].as_str()?.to_owned(), case))));
    }
    for (id, mut case) in cases {
        let mut answer = |library: &mut Library<'_>, slug: &PackSlug| {
            case["instrument"] = slug.as_str().into();
            told(&try_case(library, &case))
        };
        let (was, is) = (answer(old, old_slug), answer(new, new_slug));
        out.tried += 1;
        if was != is {
            let title = case["title"].as_str().unwrap_or_default().to_owned();
            out.cases.push(CaseChange { id, title, old: was, new: is });
        }
    }
    Ok(out)
}

/// The outcome of an answer, then its reasons and duties in order.
fn told(answer: &Json) -> (String, Vec<String>) {
    let words = |key: &str, of: &dyn Fn(&Json) -> Option<String>| {
        answer[key].as_array().into_iter().flatten().filter_map(of).collect::<BTreeSet<String>>()
    };
    let reasons = words("reasons", &|reason| reason.as_str().map(str::to_owned));
    let owed = words("obligations", &|duty| Some(duty.to_string()));
    let outcome = answer["outcome"].as_str().or(answer["error"].as_str()).unwrap_or_default();
    (outcome.to_owned(), reasons.into_iter().chain(owed).collect())
}

fn rules(old: &Pack, new: &Pack) -> Vec<RuleChange> {
    let by_id = |pack: &'_ Pack| -> BTreeMap<RuleId, Rule> {
        pack.rules().iter().map(|rule| (rule.id.clone(), rule.clone())).collect()
    };
    let (before, after) = (by_id(old), by_id(new));
    let ids: BTreeSet<&RuleId> = before.keys().chain(after.keys()).collect();
    ids.into_iter()
        .filter_map(|id| {
            let (what, direction, words) = match (before.get(id), after.get(id)) {
                (None, Some(rule)) => (vec!["added"], come(rule), words::came(rule)),
                (Some(rule), None) => (vec!["removed"], gone(rule), words::went(rule)),
                (Some(was), Some(is)) => {
                    let (what, direction) = changed(was, is, (old, new))?;
                    (what, direction, words::changed(was, is, (old, new)))
                }
                (None, None) => return None,
            };
            let article = after.get(id).or_else(|| before.get(id))?.article.clone();
            Some(RuleChange { rule: id.clone(), article, what, words, direction })
        })
        .collect()
}

fn come(rule: &Rule) -> Direction {
    if rule.effect == RuleEffect::Permit { Direction::Loosens } else { Direction::Tightens }
}

fn gone(rule: &Rule) -> Direction {
    if rule.effect == RuleEffect::Permit { Direction::Tightens } else { Direction::Loosens }
}

fn changed(was: &Rule, is: &Rule, (old, new): (&Pack, &Pack)) -> Option<(Vec<&'static str>, Direction)> {
    // What is owed has no words of its own to compare: how a template prints holds every part of it.
    let owed = |pack: &Pack| format!("{:?}", pack.templates(&was.id));
    let parts = [
        ("effect", was.effect != is.effect, Direction::Open),
        (
            "condition",
            (&was.sieve, &was.actions, condition(was)) != (&is.sieve, &is.actions, condition(is)),
            Direction::Open,
        ),
        ("duties", owed(old) != owed(new), Direction::Open),
        ("reason", was.reason != is.reason, Direction::Open),
        ("office", was.escalate_to != is.escalate_to, lifted(was, is)),
        ("floor", was.floor != is.floor, Direction::Open),
        ("enforcement", was.enforce != is.enforce, Direction::Open),
        ("article", was.article != is.article, Direction::Same),
        ("summary", was.summary != is.summary, Direction::Same),
    ];
    let changed: Vec<_> = parts.into_iter().filter(|(_, changed, _)| *changed).collect();
    let mut directions: BTreeSet<Direction> = changed.iter().map(|(_, _, direction)| *direction).collect();
    if directions.len() > 1 {
        directions.remove(&Direction::Same);
    }
    let direction = if directions.len() == 1 { directions.first().copied()? } else { Direction::Open };
    (!changed.is_empty()).then(|| (changed.iter().map(|(what, ..)| *what).collect(), direction))
}

/// A forbid that an office can lift now loosens; one that none can lift any more tightens.
fn lifted(was: &Rule, is: &Rule) -> Direction {
    match (&was.escalate_to, &is.escalate_to) {
        (None, Some(_)) => Direction::Loosens,
        (Some(_), None) => Direction::Tightens,
        _ => Direction::Open,
    }
}

/// The condition as Cedar prints it: what the sieve leaves untold differs here.
fn condition(rule: &Rule) -> String {
    rule.matcher().map_or_else(String::new, ToString::to_string)
}

fn of_the_treaty(old: &Pack, new: &Pack) -> Vec<String> {
    let set_there = old.parameters.iter().filter(|(_, was)| was.kind == ParameterKind::Treaty);
    let changed =
        set_there.filter(|(name, was)| new.parameters.get(*name).is_none_or(|is| is.value != was.value));
    changed.map(|(name, _)| name.clone()).collect()
}

fn figures(old: &Pack, new: &Pack) -> Vec<(String, String, String)> {
    let mut out = Vec::new();
    let names: BTreeSet<&String> = old.parameters.keys().chain(new.parameters.keys()).collect();
    for name in names {
        let value = |pack: &Pack| {
            pack.parameters.get(name).map_or_else(|| "-".to_owned(), |p| value_json(&p.value).to_string())
        };
        out.push((format!("parameter `{name}`"), value(old), value(new)));
    }
    let listed = |words: &mut dyn Iterator<Item = String>| words.collect::<Vec<_>>().join(", ");
    let status = |pack: &Pack| {
        listed(&mut pack.status.iter().map(|row| {
            let parties = row.parties.as_ref().map_or_else(
                || "everyone".to_owned(),
                |parties| parties.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
            );
            let until = row.until.map_or_else(String::new, |until| format!(" until {until}"));
            format!("{} from {}{until}: {parties}", row.state.as_str(), row.from)
        }))
    };
    let treatments = |pack: &Pack| {
        listed(&mut pack.treatments.iter().map(|(class, rule)| format!("{class}: {}", rule.treatment)))
    };
    let declared = |pack: &Pack| {
        listed(&mut pack.declarations.iter().map(|declaration| {
            let by = declaration.made.iter().flat_map(|made| &made.by).map(ToString::to_string);
            format!("{} ({})", declaration.name, by.collect::<Vec<_>>().join(" "))
        }))
    };
    let words = |items: &[PackSlug]| listed(&mut items.iter().map(ToString::to_string));
    out.push(("status".into(), status(old), status(new)));
    out.push(("treatments".into(), treatments(old), treatments(new)));
    out.push(("declarations".into(), declared(old), declared(new)));
    out.push(("include".into(), words(&old.include), words(&new.include)));
    out.push((
        "displaces".into(),
        listed(&mut old.displaces.iter().map(ToString::to_string)),
        listed(&mut new.displaces.iter().map(ToString::to_string)),
    ));
    out.retain(|(_, was, is)| was != is);
    out
}
