//! Rules: the policies of a pack, one per article, with what their annotations say.
//!
//! Cedar's own validation is strict and its warnings are errors here. It leaves three gaps that are closed
//! here: an attribute that is named nowhere but in `has` is checked by nobody, so every attribute a rule names
//! must exist in every action it covers; arithmetic can overflow, so there is none; and a permit states scope
//! only, which Cedar has no word for.

use super::manifest::{known_office, known_reason};
use super::reach::Reach;
use super::sieve::Sieve;
use crate::document::Lines;
use crate::finding::{Finding, LoadError, did_you_mean};
use crate::source::LawSource;
use crate::vocabulary::{DECLARATIONS, Slot, Vocabulary, entity_type};
use cedar_policy::{Expression, Policy, PolicyId, PolicySet, ValidationMode};
use comity_terms::{Action, Article, FactKey, Office, ReasonCode, RuleId};
use miette::Diagnostic;
use serde_json::Value as Json;
use std::collections::BTreeSet;
use std::ops::Range;
use std::str::FromStr as _;
use std::sync::{Arc, OnceLock};

mod bounds;
mod condition;

use condition::{actions, attributes, find, known_attribute, lifted, matcher, named, word_lists};

/// What a rule does when it matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RuleEffect {
    /// It allows the act.
    Permit,
    /// It forbids the act.
    Forbid,
    /// It allows and forbids nothing; it lays down a duty.
    Obligation,
}

/// How far a gateway can enforce an article (C11).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Enforcement {
    /// It can stop the act.
    Suppress,
    /// It can make the act happen.
    Cause,
    /// It can only see that it happened.
    ObserveOnly,
    /// It can do none of these.
    NotEnforceable,
}

impl Enforcement {
    /// Every grade, with its word.
    pub const WORDS: [(&'static str, Self); 4] = [
        ("suppress", Self::Suppress),
        ("cause", Self::Cause),
        ("observe_only", Self::ObserveOnly),
        ("not_enforceable", Self::NotEnforceable),
    ];

    /// The word used in packs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::WORDS.iter().find(|(_, grade)| *grade == self).map_or("suppress", |(word, _)| word)
    }
}

/// Which floor a rule belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Floor {
    /// No law may go below it.
    Protection,
    /// No law may refuse what it grants on generic data-protection grounds.
    Cooperation,
}

/// One rule.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Its id, `@id`.
    pub id: RuleId,
    /// The article it encodes, `@article`.
    pub article: Article,
    /// The article in one sentence, `@summary`.
    pub summary: Arc<str>,
    /// What it does.
    pub effect: RuleEffect,
    /// The reason it gives, `@reason`.
    pub reason: Option<ReasonCode>,
    /// How far it can be enforced, `@enforce`.
    pub enforce: Enforcement,
    /// The office that can lift it, `@escalate_to`.
    pub escalate_to: Option<Office>,
    /// The floor it belongs to, `@floor`.
    pub floor: Option<Floor>,
    /// What kind of ground it is, `@kind`.
    pub kind: Option<String>,
    /// The file it stands in.
    pub file: Arc<str>,
    /// The line of its `@id`.
    pub line: usize,
    /// The actions that it covers.
    pub actions: BTreeSet<Action>,
    /// The attributes that it names.
    pub attributes: BTreeSet<FactKey>,
    /// The places of the facts among them.
    pub(crate) slots: Vec<Slot>,
    /// The words and parties that it names, each list literal together and each other word alone.
    pub(crate) lists: Vec<BTreeSet<String>>,
    /// The declarations that it names.
    pub declarations: BTreeSet<String>,
    /// What can be told of its condition without Cedar.
    pub(crate) sieve: Sieve,
    /// The text of its file, which the rules of it share, and where in it this one stands.
    written: (Arc<str>, Range<usize>),
    /// Its parties and conditions as one expression, once it was asked.
    matcher: OnceLock<Option<Box<Expression>>>,
}

impl Rule {
    /// The policy, with the `unless` of `@escalate_to` appended: what provers read. It is read anew each time: what Cedar
    /// makes of a rule weighs ten times its text.
    #[must_use]
    pub fn policy(&self) -> Policy {
        // Unwrap safety: the same text was read when the pack was loaded.
        self.read().unwrap_or_else(|error| unreachable!("rule `{}` was read before: {error}", self.id))
    }

    fn read(&self) -> Result<Policy, String> {
        let id = PolicyId::new(self.id.as_str());
        let text = &self.written.0[self.written.1.clone()];
        if self.escalate_to.is_none() {
            return Policy::parse(Some(id), text).map_err(|error| error.to_string());
        }
        let est = lifted(alone(text)?, self.escalate_to.as_ref())?;
        Policy::from_json(Some(id), est).map_err(|error| error.to_string())
    }

    /// Its parties and conditions as one expression: what is asked. Made when it is asked the first time; `None`, for the
    /// caller to refuse, where that does not come out as it did when the pack was loaded.
    pub(crate) fn matcher(&self) -> Option<&Expression> {
        let make = || {
            let est = lifted(alone(&self.written.0[self.written.1.clone()])?, self.escalate_to.as_ref())?;
            matcher(&est).map(Box::new)
        };
        self.matcher.get_or_init(|| make().ok()).as_deref()
    }

    /// Its conditions as they are written, without the office's approval: for comparing.
    pub(crate) fn conditions(&self) -> Json {
        alone(&self.written.0[self.written.1.clone()]).map_or(Json::Null, |est| est["conditions"].clone())
    }

    #[cfg(test)]
    pub(crate) fn ask_instead(&mut self, matcher: Expression) {
        self.matcher = OnceLock::from(Some(Box::new(matcher)));
    }

    /// What it asks in a conjunction.
    pub(crate) fn reach(&self) -> Reach<'_> {
        Reach::of(self)
    }
}

/// What is kept of a rule beside its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Keep {
    /// Nothing: what is asked of Cedar is made anew when the rule is first asked. For laws of which few rules are asked.
    Text,
    /// What is asked of Cedar, ten times the weight of the text, made once when the rule is checked. For whoever asks every
    /// rule.
    Expressions,
}

/// The rules of one file; none when there is no such file.
pub(super) fn read(
    source: &dyn LawSource,
    path: &str,
    effect: RuleEffect,
    vocabulary: &Vocabulary,
    keep: Keep,
) -> Result<Vec<Rule>, LoadError> {
    read_text(path, &super::optional_file(source, path)?, effect, vocabulary, keep)
}

/// The rules in `text`, each by itself: what a pack asks of its rules together is not looked at.
///
/// # Errors
/// [`LoadError`] with what is wrong with each, as of the file `path`.
pub fn rules(
    path: &str,
    text: &str,
    effect: RuleEffect,
    vocabulary: &Vocabulary,
) -> Result<Vec<Rule>, LoadError> {
    read_text(path, text, effect, vocabulary, Keep::Text)
}

fn read_text(
    path: &str,
    text: &str,
    effect: RuleEffect,
    vocabulary: &Vocabulary,
    keep: Keep,
) -> Result<Vec<Rule>, LoadError> {
    bounds::within(path, text)?;
    let lines = Lines::of(path, text);
    let parsed = PolicySet::from_str(text)
        .map_err(|errors| LoadError(errors.iter().map(|error| diagnosed(&lines, error)).collect()))?;
    if let Some(template) = parsed.templates().next() {
        let id = template.annotation("id").unwrap_or_default();
        let named = text.find(&format!("@id({id:?})"));
        let slot = || ["?principal", "?resource"].into_iter().filter_map(|slot| text.find(slot)).min();
        let line = named.or_else(slot).map_or(0, |begin| lines.at(begin));
        let text = format!("rule `{id}` has a slot: write the rule out");
        return Err(Finding::error(path, line, text).into());
    }
    let mut policies: Vec<&Policy> = parsed.policies().collect();
    policies.sort_by_key(|policy| {
        let id: &str = policy.id().as_ref();
        id.trim_start_matches("policy").parse::<usize>().unwrap_or(usize::MAX)
    });
    let (path, text): (Arc<str>, Arc<str>) = (path.into(), text.into());
    let mut findings = Vec::new();
    let mut rules = Vec::new();
    for policy in policies {
        let place = Place::of(&path, &text, &lines, policy);
        match rule(policy, effect, &place, vocabulary, keep) {
            Ok(rule) => rules.push(rule),
            Err(finding) => findings.push(finding),
        }
    }
    let mut validation = Vec::new();
    let validated = vocabulary.validator.validate(&parsed, ValidationMode::Strict);
    // Cedar names a policy by its place in the file; who wrote it, by its `@id`.
    let named = |policy: &PolicyId, mut finding: Finding| {
        if let Some(id) = parsed.policy(policy).and_then(|policy| policy.annotation("id")) {
            finding.text = finding.text.replace(&format!("for policy `{policy}`"), &format!("rule `{id}`"));
        }
        finding
    };
    validation.extend(validated.validation_errors().map(|e| named(e.policy_id(), diagnosed(&lines, e))));
    validation.extend(validated.validation_warnings().map(|w| named(w.policy_id(), diagnosed(&lines, w))));
    // What we found ourselves names the attribute; Cedar's word on the same line adds nothing.
    validation.retain(|cedar| !findings.iter().any(|ours| ours.line == cedar.line));
    findings.extend(validation);
    findings.sort();
    if findings.is_empty() { Ok(rules) } else { Err(LoadError(findings)) }
}

/// A finding from what Cedar says, at the line that it points to.
fn diagnosed(lines: &Lines, diagnostic: &dyn Diagnostic) -> Finding {
    let label = diagnostic.labels().and_then(|mut labels| labels.next());
    let line = label.as_ref().map_or(0, |label| lines.at(label.offset()));
    let expected = label.as_ref().and_then(|label| label.label()).map(ToOwned::to_owned);
    let help = diagnostic.help().map(|help| help.to_string());
    let said: String = expected.into_iter().chain(help).map(|text| format!(" ({text})")).collect();
    Finding::error(&lines.file, line, format!("{diagnostic}{said}"))
}

/// Where a policy stands in its file.
struct Place<'t> {
    file: &'t Arc<str>,
    text: &'t Arc<str>,
    lines: &'t Lines,
    /// Where in the text the policy stands; nowhere where Cedar does not tell.
    span: Range<usize>,
}

impl<'t> Place<'t> {
    fn of(file: &'t Arc<str>, text: &'t Arc<str>, lines: &'t Lines, policy: &Policy) -> Self {
        let span = policy.as_ref().loc().map(|loc| loc.span.offset()..loc.span.offset() + loc.span.len());
        let span = span.filter(|span| text.get(span.clone()).is_some()).unwrap_or_default();
        Self { file, text, lines, span }
    }

    /// The line of its `@id`.
    fn line(&self) -> usize {
        let id = self.text[self.span.clone()].find("@id").unwrap_or(0);
        self.lines.at(self.span.start + id)
    }

    /// The line on which `word` first stands in the policy.
    fn line_of(&self, word: &str) -> usize {
        let own = &self.text[self.span.clone()];
        let boundary = |c: Option<char>| c.is_none_or(|c| !c.is_ascii_alphanumeric() && c != '_');
        own.match_indices(word)
            .find(|(at, _)| {
                boundary(own[..*at].chars().next_back()) && boundary(own[at + word.len()..].chars().next())
            })
            .map_or_else(|| self.line(), |(at, _)| self.lines.at(self.span.start + at))
    }

    fn wrong(&self, text: impl Into<String>) -> Finding {
        Finding::error(self.file, self.line(), text)
    }
}

const ANNOTATIONS: [&str; 8] =
    ["id", "article", "summary", "reason", "enforce", "escalate_to", "floor", "kind"];

fn rule(
    policy: &Policy,
    effect: RuleEffect,
    place: &Place<'_>,
    vocabulary: &Vocabulary,
    keep: Keep,
) -> Result<Rule, Finding> {
    let annotation = |key: &str| policy.annotation(key).filter(|text| !text.is_empty());
    let id: RuleId = annotation("id")
        .ok_or_else(|| place.wrong("a rule without `@id`"))?
        .parse()
        .map_err(|error: comity_terms::NameError| place.wrong(error.to_string()))?;
    let wrong = |text: String| place.wrong(format!("rule `{id}`: {text}"));
    if let Some((unknown, _)) = policy.annotations().find(|(key, _)| !ANNOTATIONS.contains(key)) {
        return Err(wrong(format!(
            "no annotation `@{unknown}` is known{}",
            did_you_mean(unknown, ANNOTATIONS)
        )));
    }
    let need = |key: &str| annotation(key).ok_or_else(|| wrong(format!("`@{key}` is missing")));
    let article: Article =
        need("article")?.parse().map_err(|e: comity_terms::NameError| wrong(e.to_string()))?;
    let summary = need("summary")?.to_owned();
    let enforce = Enforcement::WORDS
        .iter()
        .find(|(word, _)| Some(*word) == annotation("enforce"))
        .map(|(_, grade)| *grade)
        .ok_or_else(|| wrong("`@enforce` must be suppress, cause, observe_only or not_enforceable".into()))?;
    let cedar_effect = match effect {
        RuleEffect::Forbid => cedar_policy::Effect::Forbid,
        RuleEffect::Permit | RuleEffect::Obligation => cedar_policy::Effect::Permit,
    };
    if policy.effect() != cedar_effect {
        return Err(wrong(format!("this file holds `{cedar_effect}` rules only")));
    }
    let reason: Option<ReasonCode> = annotation("reason")
        .map(str::parse)
        .transpose()
        .map_err(|error: comity_terms::NameError| wrong(error.to_string()))?;
    match (&reason, effect) {
        (Some(reason), _) => known_reason(vocabulary, reason).map_err(wrong)?,
        (None, RuleEffect::Forbid) => return Err(wrong("`@reason` is missing".into())),
        (None, _) => {}
    }
    let escalate_to: Option<Office> = annotation("escalate_to")
        .map(str::parse)
        .transpose()
        .map_err(|error: comity_terms::NameError| wrong(error.to_string()))?;
    if let Some(office) = &escalate_to {
        known_office(vocabulary, office.as_str()).map_err(wrong)?;
        if effect != RuleEffect::Forbid {
            return Err(wrong("only a forbid can be lifted: `@escalate_to` is out of place".into()));
        }
    }
    let floor = match annotation("floor") {
        None => None,
        Some("protection") => Some(Floor::Protection),
        Some("cooperation") => Some(Floor::Cooperation),
        Some(other) => return Err(wrong(format!("`@floor(\"{other}\")` is not protection or cooperation"))),
    };
    let est = est(policy).map_err(&wrong)?;
    let written = place.span.clone();
    if written.is_empty() {
        return Err(wrong("Cedar does not tell where it stands".into()));
    }
    // It is read by itself when it is first asked: that must be the rule that is checked here.
    if alone(&place.text[written.clone()]).map_err(&wrong)? != est {
        return Err(wrong("it reads otherwise by itself than in its file".into()));
    }
    let actions = actions(policy, vocabulary).map_err(|action| {
        let text = format!("rule `{id}`: no action `{action}`");
        let known = vocabulary.actions.keys().map(|known| known.as_str());
        Finding::error(place.file, place.line_of(&action), format!("{text}{}", did_you_mean(&action, known)))
    })?;
    let attributes = attributes(&est);
    for attribute in &attributes {
        known_attribute(attribute, &actions, vocabulary).map_err(|text| {
            Finding::error(place.file, place.line_of(attribute), format!("rule `{id}`: {text}"))
        })?;
    }
    let slots: Vec<Slot> = attributes.iter().filter_map(|attribute| vocabulary.slot(attribute)).collect();
    if let Some(operator) = find(&est, &|key, _| ["+", "-", "*", "neg"].contains(&key)) {
        return Err(wrong(format!(
            "`{operator}` can overflow, and a rule that errors is no rule: derive a fact"
        )));
    }
    if effect == RuleEffect::Permit {
        let beyond = attributes.iter().find(|attribute| !SCOPE.contains(&attribute.as_str()));
        if let Some(beyond) = beyond {
            let text = format!("rule `{id}`: a permit states scope only, not `{beyond}`: write a forbid");
            return Err(Finding::error(place.file, place.line_of(beyond), text));
        }
    }
    let declarations = named(&est["conditions"], &entity_type(DECLARATIONS));
    let mut lists = Vec::new();
    word_lists(&est, &mut lists);
    let est = lifted(est, escalate_to.as_ref()).map_err(&wrong)?;
    let sieve = Sieve::of(&est, vocabulary);
    let expression = matcher(&est).map_err(&wrong)?;
    let matcher = match keep {
        Keep::Expressions => OnceLock::from(Some(Box::new(expression))),
        Keep::Text => OnceLock::new(),
    };
    // As it is, Cedar has just read it; with the office's approval it must be read too.
    if escalate_to.is_some() {
        Policy::from_json(Some(PolicyId::new(id.as_str())), est).map_err(|error| wrong(error.to_string()))?;
    }
    let line = place.line();
    let kind = annotation("kind").map(str::to_owned);
    let file = Arc::clone(place.file);
    Ok(Rule {
        id,
        article,
        summary: summary.into(),
        effect,
        reason,
        enforce,
        escalate_to,
        floor,
        kind,
        file,
        line,
        actions,
        attributes: slots.iter().map(|slot| vocabulary.keys[*slot].clone()).collect(),
        slots,
        lists,
        declarations,
        sieve,
        written: (Arc::clone(place.text), written),
        matcher,
    })
}

/// A policy in Cedar's JSON form.
fn est(policy: &Policy) -> Result<Json, String> {
    // Made of what Cedar parsed already: asked of the policy itself, it would parse its text again.
    Policy::from(policy.as_ref().clone()).to_json().map_err(|error| error.to_string())
}

/// The one policy of a text, in Cedar's JSON form.
fn alone(text: &str) -> Result<Json, String> {
    est(&Policy::parse(None, text).map_err(|error| error.to_string())?)
}

/// What a permit's `when` may compare, beside the parties.
const SCOPE: [&str; 3] = ["activity", "purpose", "data_category"];

/// The attribute under which approvals reach rules.
pub(crate) const APPROVALS: &str = "approvals";
