//! The matrix of a pack: for every party, purpose and category of data, what may go, in one mark.
//!
//! A golden file lies in every pack (`matrix.txt`), so that an edit of the law shows up as a change that people
//! can read. Parties that the pack treats alike share their rows. Asked closed-world of the pack and what it
//! includes, about one act, as if in force, with training valid and nothing else known: what a mark cannot show (thresholds,
//! authorisations, dates) is what worked cases are for.

use crate::compile::{Law, Library};
use crate::decide::{Outcome, decide};
use crate::finding::LoadError;
use crate::pack::{Pack, RuleEffect};
use crate::question::{LawSet, Mode, Question, Setting};
use crate::vocabulary::Vocabulary;
use comity_terms::{Action, Asserter, FactKey, Facts, JurisdictionCode, PackSlug, Timestamp};
use jiff::tz::TimeZone;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// The text of `matrix.txt` for a pack.
///
/// # Errors
/// [`LoadError`] when the pack does not load.
pub fn matrix(library: &mut Library<'_>, slug: &PackSlug) -> Result<String, LoadError> {
    let law = library.law(slug)?;
    let vocabulary = library.vocabulary().clone();
    let categories = vocabulary.list("data_category").unwrap_or_default();
    let laws = LawSet { agreement: law.clone(), national: BTreeMap::new(), vocabulary: vocabulary.clone() };
    let Some(action) = act(law.pack(), &vocabulary) else {
        return Ok(format!("{LEGEND}# It permits nothing.\n"));
    };
    let mut out = format!("{LEGEND}# Asked of: {action}\n");
    for (index, category) in categories.iter().enumerate() {
        let _ = writeln!(out, "# {:>2} {category}", index + 1);
    }
    for (parties, told) in alike(&law, &vocabulary) {
        let Some(party) = parties.first() else { continue };
        let names: Vec<&str> = parties.iter().map(|party| party.as_str()).collect();
        let _ = write!(out, "\n{}\n{told}", names.join(" "));
        let mut marks = Marks::new(&laws, action.clone(), party);
        let mut alike: BTreeMap<char, Vec<&str>> = BTreeMap::new();
        for purpose in vocabulary.purposes().keys() {
            let row: Vec<char> =
                categories.iter().map(|category| marks.mark(purpose.as_str(), category)).collect();
            match row.first() {
                Some(first) if row.iter().all(|mark| mark == first) => {
                    alike.entry(*first).or_default().push(purpose.as_str());
                }
                _ => {
                    let _ = write!(out, "  {:<34}", purpose.as_str());
                    for mark in row {
                        let _ = write!(out, "  {mark}");
                    }
                    out.push('\n');
                }
            }
        }
        for (mark, purposes) in alike {
            let _ = writeln!(out, "  {mark} throughout: {}", purposes.join(" "));
        }
    }
    Ok(out)
}

const LEGEND: &str = "\
# What each party may do under this pack, by purpose and category of data: the best over its activities.
# Written by `UPDATE_GOLDEN=1 cargo test -p comity-agreement --test law matrix`; parties treated alike stand together.
# + may go   o only without personal data   ? an office decides   x an article refuses   - no article covers it
";

const NOT_COVERED: char = '-';

/// The parties of a law, those together that it treats alike, and what sets them apart.
fn alike(law: &Law, vocabulary: &Vocabulary) -> Vec<(Vec<JurisdictionCode>, String)> {
    let pack = law.pack();
    let mut parties: BTreeSet<&JurisdictionCode> =
        pack.status.iter().flat_map(|row| row.parties.iter().flatten()).collect();
    let own = pack.slug.as_str().parse::<JurisdictionCode>().ok();
    parties.extend(own.iter().filter(|code| vocabulary.places().contains_key(*code)));
    if parties.is_empty() {
        parties.extend(vocabulary.places().keys());
    }
    let rules = || law.compiled().flat_map(|compiled| compiled.pack.rules());
    let lists: Vec<&BTreeSet<String>> = rules().flat_map(|rule| &rule.lists).collect();
    let mut groups: BTreeMap<(String, Vec<bool>), Vec<JurisdictionCode>> = BTreeMap::new();
    for party in parties {
        let mut told = String::new();
        let named = |parties: &Option<BTreeSet<JurisdictionCode>>| {
            parties.as_ref().is_none_or(|parties| parties.contains(party))
        };
        for row in pack.status.iter().filter(|row| named(&row.parties)) {
            let until = row.until.map_or_else(String::new, |until| format!(" until {until}"));
            let _ = writeln!(told, "  {} from {}{until}", row.state.as_str(), row.from);
        }
        for declaration in &pack.declarations {
            if declaration.made.iter().any(|made| made.by.contains(party)) {
                let _ = writeln!(told, "  declared {}", declaration.name);
            }
        }
        // Rules cannot tell apart what stands in the same of their lists.
        let lists = lists.iter().map(|list| list.contains(party.as_str())).collect();
        groups.entry((told, lists)).or_default().push(party.clone());
    }
    groups.into_iter().map(|((told, _), parties)| (parties, told)).collect()
}

/// Another party, for the other end: the first that is not this one, or this one where there is no other.
fn other_end(pack: &Pack, party: &JurisdictionCode, vocabulary: &Vocabulary) -> JurisdictionCode {
    let parties = pack.status.iter().flat_map(|row| row.parties.iter().flatten());
    parties.chain(vocabulary.places().keys()).find(|other| *other != party).unwrap_or(party).clone()
}

/// The act that a pack's matrix is about: the first that crosses a border and that a permit of its own covers,
/// `share` before all others. A pack that lets nothing cross is shown by the first act that it permits.
fn act(pack: &Pack, vocabulary: &Vocabulary) -> Option<Action> {
    let permits = || pack.rules().iter().filter(|rule| rule.effect == RuleEffect::Permit);
    let covered: BTreeSet<&Action> = permits().flat_map(|rule| &rule.actions).collect();
    let rank = |action: &&&Action| {
        let kind = vocabulary.actions().get(**action).map_or("", |term| term.kind.as_str());
        let place = CROSSING.iter().position(|crossing| *crossing == kind);
        (action.as_str() != "share", place.unwrap_or(CROSSING.len()))
    };
    covered.iter().min_by_key(rank).map(|action| (*action).clone())
}

/// Marks of one party, each worked out once for all purposes and categories that no rule tells apart.
struct Marks<'l> {
    laws: &'l LawSet,
    action: Action,
    party: &'l JurisdictionCode,
    other: JurisdictionCode,
    named: BTreeSet<&'l str>,
    held: BTreeMap<(Option<&'l str>, Option<&'l str>), char>,
}

impl<'l> Marks<'l> {
    fn new(laws: &'l LawSet, action: Action, party: &'l JurisdictionCode) -> Self {
        let rules = laws.agreement.compiled().flat_map(|compiled| compiled.pack.rules());
        let named =
            rules.filter(|rule| rule.actions.contains(&action)).flat_map(|rule| rule.lists.iter().flatten());
        let named = named.map(String::as_str).collect();
        let other = other_end(laws.agreement.pack(), party, &laws.vocabulary);
        Self { laws, action, party, other, named, held: BTreeMap::new() }
    }

    /// The best that can be had for a purpose and category over the activities that the pack covers.
    fn mark(&mut self, purpose: &'l str, category: &'l str) -> char {
        let told = |word: &'l str| self.named.contains(word).then_some(word);
        let key = (told(purpose), told(category));
        if let Some(mark) = self.held.get(&key) {
            return *mark;
        }
        let activities = &self.laws.agreement.pack().activities;
        let marks = activities.iter().map(|activity| {
            let words = [("activity", activity.as_str()), ("purpose", purpose), ("data_category", category)];
            match (self.ask(&words, true), self.ask(&words, false)) {
                (Some((Outcome::Permitted, _)), _) => '+',
                (_, Some((Outcome::Permitted, _))) => 'o',
                (Some((Outcome::Escalated, _)), _) | (_, Some((Outcome::Escalated, _))) => '?',
                (Some((_, true)), _) => 'x',
                _ => NOT_COVERED,
            }
        });
        let best = marks.min_by_key(|mark| RANKS.find(*mark)).unwrap_or(NOT_COVERED);
        self.held.insert(key, best);
        best
    }

    /// The answer, and whether a permit covers it.
    fn ask(&self, words: &[(&str, &str)], personal: bool) -> Option<(Outcome, bool)> {
        let mut facts = Facts::new();
        for (key, word) in words {
            facts.state(FactKey::new(key).ok()?, *word, Asserter::Officer);
        }
        facts.state(FactKey::new("personal_data").ok()?, personal, Asserter::Officer);
        facts.state(FactKey::new("training_valid").ok()?, true, Asserter::Gateway);
        let at = settled(self.laws.agreement.pack());
        let question = Question {
            action: self.action.clone(),
            sending: self.party.clone(),
            receiving: self.other.clone(),
            at,
            knowledge_time: at,
            facts,
            approvals: BTreeSet::new(),
        };
        let setting =
            Setting { mode: Mode::ClosedWorld, assume_in_force: true, binding: true, national: false };
        let decision = decide(self.laws, &question, &setting).ok()?;
        let covered = decision.reasons().iter().all(|reason| reason.as_str() != "no_governing_rule");
        Some((decision.outcome, covered))
    }
}

/// The marks, the best first.
const RANKS: &str = "+o?x-";

/// The kinds of act by which data crosses a border, the plainest first.
const CROSSING: [&str; 3] = ["transfer", "order", "request"];

/// A day on which every row of status and every declaration of a pack has begun.
fn settled(pack: &Pack) -> Timestamp {
    let rows = pack.status.iter().map(|row| row.from);
    let made = pack.declarations.iter().flat_map(|declaration| &declaration.made);
    let day = rows.chain(made.filter_map(|made| made.from)).max().unwrap_or(jiff::civil::Date::ZERO);
    TimeZone::UTC.to_timestamp(day.at(12, 0, 0, 0)).unwrap_or(Timestamp::UNIX_EPOCH)
}
