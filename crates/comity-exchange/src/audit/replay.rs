//! A recorded decision made again: the same question to the same laws, and whether the answer is the same.
//!
//! Compared are outcome, reasons, offices, rules and everything that is owed with its dates, class by class. A law
//! whose text is not here leaves a rest that is compared all the same: what the laws that are here said by themselves.
//! A law whose text is not what was signed is a difference, whatever it says.

use super::recorded::{RecordedQuestion, RecordedRuling, read_facts, reasons, recorded_obligation, rules};
use super::unread::Questions;
use crate::wire::Text;
use comity_agreement::facts::raise;
use comity_agreement::{
    Decision, Law, LawSet, Memo, Mode, Question, QuestionError, Setting, Vocabulary, decide,
};
use comity_terms::ids::{HoldId, OrderId};
use comity_terms::{Act, Digest, ExchangeId, LawName, PackSlug};
use serde::Deserialize;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// A law, with the words that it was written in.
pub type ArchivedLaw = (Arc<Law>, Arc<Vocabulary>);

/// The laws of the time, by the digests that were signed.
pub trait Archive: Sync {
    /// The law of that digest with its words; `None` when its text is not here.
    ///
    /// # Errors
    /// In words, when what is here is not what was signed.
    fn law(&self, pack: &PackSlug, digest: Digest) -> Result<Option<ArchivedLaw>, String>;
}

/// What an opening holds of a decision.
#[derive(Debug, Clone, Deserialize)]
pub struct RecordedDecision {
    /// The exchange.
    pub exchange: Text<ExchangeId>,
    /// The exchange that it replaces.
    #[serde(default)]
    pub supersedes: Option<Text<ExchangeId>>,
    /// The exchange of its chain that was accepted before: this one was not decided on then.
    #[serde(default)]
    pub accepted_before: Option<Text<ExchangeId>>,
    /// Whether an order about it came before it: nothing was decided then either.
    #[serde(default)]
    pub called_back: Option<bool>,
    /// The order that it let go out, or go on.
    #[serde(default)]
    pub order: Option<Text<OrderId>>,
    /// The hold that it is about.
    #[serde(default)]
    pub hold: Option<Text<HoldId>>,
    /// Whether it let that hold go.
    #[serde(default)]
    pub lifted: bool,
    /// Whether it is a look at records before their time that counts.
    #[serde(default)]
    pub reviewed: bool,
    /// The question. An opening of before decisions were kept whole has none.
    pub asked: Option<RecordedQuestion>,
    /// The answers, class by class.
    #[serde(default)]
    pub rulings: Vec<RecordedRuling>,
}

/// What making it again came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// The act is none that laws decided.
    NoDecision,
    /// Recorded by an earlier release, without all that it was made from.
    Earlier,
    /// The same, for so many classes.
    Identical(usize),
    /// Otherwise.
    Different(Vec<Difference>),
    /// A law is not here. What the others say is the same, or differs.
    NotAvailable(Vec<MissingLaw>, Vec<Difference>),
}

/// One thing that came out otherwise.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// The class, from 0; absent for what is of the whole decision.
    pub class: Option<usize>,
    /// `outcome`, `reasons`, `escalate_to`, `rules`, `obligations`; or `law`, `facts`, `question`, `opening`, `skeleton`.
    pub what: &'static str,
    /// As it was recorded.
    pub recorded: Json,
    /// As it comes out now.
    pub replayed: Json,
}

impl Difference {
    /// A difference of the whole decision.
    #[must_use]
    pub fn whole(what: &'static str, recorded: impl Into<Json>, replayed: impl Into<Json>) -> Self {
        Self { class: None, what, recorded: recorded.into(), replayed: replayed.into() }
    }
}

/// A law that was asked and whose text is not here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingLaw {
    /// In which role it was asked.
    pub law: LawName,
    /// The pack.
    pub pack: PackSlug,
    /// The digest that was signed.
    pub digest: Digest,
}

/// Makes decisions again.
pub struct Replayer<'a, A> {
    archive: &'a A,
    pub(super) memo: Option<Memo>,
    pub(super) questions: Questions,
    sets: HashMap<Named, Arc<Then>>,
}

type Named = (PackSlug, BTreeMap<Text<LawName>, Text<Digest>>);

/// The laws of a decision, as far as they are here.
pub(super) struct Then {
    laws: Option<LawSet>,
    missing: Vec<MissingLaw>,
    damaged: Vec<Difference>,
}

impl<'a, A: Archive> Replayer<'a, A> {
    /// One that asks every rule afresh for each class; with `memo`, that asks equal questions once.
    #[must_use]
    pub fn new(archive: &'a A, memo: Option<Memo>) -> Self {
        Self { archive, memo, questions: Questions::default(), sets: HashMap::new() }
    }

    /// Makes the decision again that an opening's content tells of.
    #[must_use]
    pub fn verdict(&mut self, content: &[u8]) -> Verdict {
        let opened = decided(content).and_then(|facts| {
            let Some(facts) = facts else { return Ok(Verdict::NoDecision) };
            if let Some(classes) = self.unread(facts) {
                return Ok(Verdict::Identical(classes));
            }
            Ok(read_decision(facts)?.map_or(Verdict::NoDecision, |decision| self.again(&decision)))
        });
        opened
            .unwrap_or_else(|error| Verdict::Different(vec![Difference::whole("opening", error, Json::Null)]))
    }

    fn again(&mut self, decision: &RecordedDecision) -> Verdict {
        let Some(asked) = &decision.asked else {
            // An order about which no law is asked: it restricts, or nothing of it is held.
            return if decision.order.is_some() { Verdict::NoDecision } else { Verdict::Earlier };
        };
        let then = self.then(asked);
        if !then.damaged.is_empty() {
            return Verdict::Different(then.damaged.clone());
        }
        let Some(laws) = &then.laws else { return Verdict::NotAvailable(then.missing.clone(), Vec::new()) };
        let mut differences = Vec::new();
        let rest = (!then.missing.is_empty()).then(|| packs_of(laws));
        for (class, ruling) in decision.rulings.iter().enumerate() {
            match self.decided(laws, asked, ruling) {
                Ok(again) => compare(ruling, &again, rest.as_ref(), class, &mut differences),
                Err((what, why)) => differences.push(Difference {
                    class: Some(class),
                    what,
                    recorded: Json::Null,
                    replayed: why.into(),
                }),
            }
        }
        match (then.missing.is_empty(), differences.is_empty()) {
            (true, true) => Verdict::Identical(decision.rulings.len()),
            (true, false) => Verdict::Different(differences),
            (false, _) => Verdict::NotAvailable(then.missing.clone(), differences),
        }
    }

    fn decided(
        &mut self,
        laws: &LawSet,
        asked: &RecordedQuestion,
        ruling: &RecordedRuling,
    ) -> Result<Decision, (&'static str, String)> {
        let (question, setting) = question(laws, asked, ruling).map_err(|error| ("facts", error))?;
        let decided = self.decide(laws, &question, &setting, &asked.case_state.0);
        decided.map_err(|error| ("question", error.to_string()))
    }

    pub(super) fn decide(
        &mut self,
        laws: &LawSet,
        question: &Question,
        setting: &Setting,
        case_state: &Digest,
    ) -> Result<Decision, QuestionError> {
        match &mut self.memo {
            Some(memo) => memo.decide(laws, question, setting, case_state),
            None => decide(laws, question, setting),
        }
    }

    pub(super) fn then(&mut self, asked: &RecordedQuestion) -> Arc<Then> {
        let named = (asked.agreement.0.clone(), asked.laws.clone());
        if let Some(then) = self.sets.get(&named) {
            return Arc::clone(then);
        }
        let then = Arc::new(Then::of(self.archive, asked));
        self.sets.insert(named, Arc::clone(&then));
        then
    }
}

/// Makes decisions again, shared among `replayers`, each on a thread of its own; in the order of `contents`.
#[must_use]
pub fn verdicts<A: Archive>(replayers: &mut [Replayer<'_, A>], contents: &[Vec<u8>]) -> Vec<Verdict> {
    let share = contents.len().div_ceil(replayers.len().max(1)).max(1);
    std::thread::scope(|scope| {
        let parts = contents.chunks(share).zip(replayers);
        let working: Vec<_> = parts
            .map(|(part, replayer)| {
                scope.spawn(move || part.iter().map(|content| replayer.verdict(content)).collect::<Vec<_>>())
            })
            .collect();
        // Unwrap safety: a thread that panics has met a mistake of ours, which is not to be hidden.
        working.into_iter().flat_map(|part| part.join().expect("replaying does not panic")).collect()
    })
}

/// The decision that an opening's content tells of; `None` when its act is none.
///
/// # Errors
/// In words, when it does not read.
pub fn read(content: &[u8]) -> Result<Option<RecordedDecision>, String> {
    decided(content)?.map_or(Ok(None), read_decision)
}

fn read_decision(facts: &str) -> Result<Option<RecordedDecision>, String> {
    let decision: RecordedDecision = serde_json::from_str(facts).map_err(|error| error.to_string())?;
    Ok(Some(decision).filter(|decision| decision.accepted_before.is_none() && decision.called_back.is_none()))
}

/// The facts of an opening whose act laws decided, as they are written.
fn decided(content: &[u8]) -> Result<Option<&str>, String> {
    #[derive(Deserialize)]
    struct Head<'a> {
        act: &'a str,
        #[serde(borrow)]
        facts: &'a serde_json::value::RawValue,
    }
    let head: Head<'_> = serde_json::from_slice(content).map_err(|error| error.to_string())?;
    let decided = DECIDED.iter().any(|act| act.as_str() == head.act);
    Ok(decided.then(|| head.facts.get()))
}

/// The acts that laws decided.
const DECIDED: [Act; 17] = [
    Act::ExchangeDecided,
    Act::ExchangeReceived,
    Act::ExchangeRefused,
    Act::ExchangeMismatched,
    Act::RecordsUsed,
    Act::RecordsUnmasked,
    Act::RecordsViewed,
    Act::RecallOrdered,
    Act::RecallTaken,
    Act::MatchAsked,
    Act::MatchOpened,
    Act::MatchAnswered,
    Act::ViewAsked,
    Act::ViewAnswered,
    Act::HoldPlaced,
    Act::HoldLifted,
    Act::RetentionReviewed,
];

/// The question about one class, as it was asked.
///
/// # Errors
/// In words, when a fact does not read by these laws' vocabulary.
pub fn question(
    laws: &LawSet,
    asked: &RecordedQuestion,
    ruling: &RecordedRuling,
) -> Result<(Question, Setting), String> {
    let vocabulary = &laws.vocabulary;
    let facts =
        raise(vocabulary, read_facts(&ruling.facts, vocabulary)?, read_facts(&asked.facts, vocabulary)?);
    let question = Question {
        action: asked.action.0.clone(),
        sending: asked.sender.0.clone(),
        receiving: asked.receiver.0.clone(),
        at: asked.at.0,
        knowledge_time: asked.knowledge_time.0,
        facts,
        approvals: ruling.approvals.iter().map(|office| office.0.clone()).collect(),
    };
    let setting = Setting {
        mode: Mode::Live,
        assume_in_force: asked.assumed_in_force,
        binding: asked.binding,
        national: true,
    };
    Ok((question, setting))
}

impl Then {
    /// The laws, where all of them are here, as they were signed.
    pub(super) fn whole(&self) -> Option<&LawSet> {
        self.laws.as_ref().filter(|_| self.missing.is_empty() && self.damaged.is_empty())
    }

    fn of(archive: &impl Archive, asked: &RecordedQuestion) -> Self {
        let mut then = Self { laws: None, missing: Vec::new(), damaged: Vec::new() };
        let mut agreement = None;
        let mut national = BTreeMap::new();
        for (Text(law), Text(digest)) in &asked.laws {
            let pack = match law {
                LawName::Agreement => Ok(asked.agreement.0.clone()),
                LawName::Jurisdiction(code) => code.as_str().parse::<PackSlug>(),
            };
            let Ok(pack) = pack else {
                then.damaged.push(Difference::whole("law", law.to_string(), "is no pack's name"));
                continue;
            };
            match (archive.law(&pack, *digest), law) {
                (Ok(Some(found)), LawName::Agreement) => agreement = Some(found),
                (Ok(Some((law, _))), LawName::Jurisdiction(code)) => _ = national.insert(code.clone(), law),
                (Ok(None), _) => {
                    then.missing.push(MissingLaw { law: law.clone(), pack, digest: *digest });
                }
                (Err(why), _) => then.damaged.push(Difference::whole("law", format!("{law} {digest}"), why)),
            }
        }
        then.laws = agreement.map(|(agreement, vocabulary)| LawSet { agreement, national, vocabulary });
        then
    }
}

/// The packs whose rules are here.
fn packs_of(laws: &LawSet) -> BTreeSet<PackSlug> {
    let laws = std::iter::once(&laws.agreement).chain(laws.national.values());
    laws.flat_map(|law| std::iter::once(law.pack()).chain(law.includes()))
        .map(|pack| pack.slug.clone())
        .collect()
}

/// What of a ruling comes out otherwise. With a law missing, `rest` names the packs that are here: what they said is
/// compared, and what they ask may have been refused or denied by the one that is not.
fn compare(
    ruling: &RecordedRuling,
    again: &Decision,
    rest: Option<&BTreeSet<PackSlug>>,
    class: usize,
    differences: &mut Vec<Difference>,
) {
    let mut differs = |what, recorded: Json, replayed: Json| {
        differences.push(Difference { class: Some(class), what, recorded, replayed });
    };
    let (reasons, rules) = (reasons(again), rules(again));
    let owed: Vec<Json> = again.obligations.iter().map(recorded_obligation).collect();
    let Some(rest) = rest else {
        let offices: Vec<_> = again.escalate_to.iter().cloned().map(Text).collect();
        if ruling.outcome != again.outcome.as_str() {
            differs("outcome", ruling.outcome.clone().into(), again.outcome.as_str().into());
        }
        if ruling.reasons != reasons {
            differs("reasons", json!(ruling.reasons), json!(reasons));
        }
        if ruling.escalate_to != offices {
            differs("escalate_to", json!(ruling.escalate_to), json!(offices));
        }
        if ruling.rules != rules {
            differs("rules", json!(ruling.rules), json!(rules));
        }
        if ruling.obligations != owed {
            differs("obligations", json!(ruling.obligations), json!(owed));
        }
        return;
    };
    let here = |rule: &str| {
        rule.split_once('/').is_some_and(|(pack, _)| rest.iter().any(|known| known.as_str() == pack))
    };
    let known: Vec<&String> = reasons.iter().filter(|reason| *reason != LAW_MISSING).collect();
    if !known.iter().all(|reason| ruling.reasons.contains(reason)) {
        differs("reasons", json!(ruling.reasons), json!(known));
    }
    // The law that is not here required a fact that was not stated: no rule was asked then.
    if ruling.reasons.iter().any(|reason| reason.starts_with(FACT) && !reasons.contains(reason)) {
        return;
    }
    let recorded: BTreeSet<&String> = ruling.rules.iter().filter(|rule| here(rule)).collect();
    if recorded != rules.iter().collect() {
        differs("rules", json!(recorded), json!(rules));
    }
    let of_rest = ruling.obligations.iter().filter(|duty| duty["rule"].as_str().is_some_and(here));
    let gone: Vec<&Json> = of_rest.filter(|duty| !owed.contains(duty)).collect();
    if !gone.is_empty() {
        differs("obligations", json!(gone), json!(owed));
    }
}

/// What the engine says where a law is not loaded.
const LAW_MISSING: &str = "law_not_loaded";

/// How the reasons begin for which no rule is asked.
const FACT: &str = "fact_";

#[cfg(test)]
mod tests;
