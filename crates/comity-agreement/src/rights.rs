//! The rights that bind whoever shares, and the articles of a pack that keep them (C08).
//!
//! `vocabulary/rights.toml` says of each right where it stands in the European Convention on Human Rights and in the
//! International Covenant on Civil and Political Rights, and by what a rule is known to keep it: the reason that it gives, a
//! duty that it owes, a fact that it asks. Nothing is marked by hand, so the matrix is never older than the rules. What it
//! cannot tell is whether a rule keeps a right well: that is for people, and for proofs.

use crate::compile::{Law, Library};
use crate::document::{self, Table};
use crate::finding::{Finding, LoadError, did_you_mean};
use crate::pack::{Kind, Pack, Reach, Rule, RuleEffect, Waiver};
use comity_terms::{Article, PackSlug};
use std::collections::BTreeSet;

/// A right, and by what a rule is known to keep it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Right {
    /// Its name: `effective_remedy`.
    pub name: String,
    /// What it is, in a few words.
    pub summary: String,
    /// Where it stands in the European Convention on Human Rights and its protocols.
    pub echr: String,
    /// Where it stands in the International Covenant on Civil and Political Rights.
    pub iccpr: String,
    reasons: BTreeSet<String>,
    duties: BTreeSet<String>,
    facts: BTreeSet<String>,
    /// The fact without which it is nobody's right: what a rule does for data of which this is not true keeps it not.
    about: Option<usize>,
}

impl Right {
    /// Whether a rule of the pack keeps it. What a pack permits keeps no right, nor what it says of data about nobody.
    fn kept_by(&self, pack: &Pack, rule: &Rule) -> bool {
        if self.about.is_some_and(|fact| Reach::of(rule).never_where_true(fact)) {
            return false;
        }
        rule.effect != RuleEffect::Permit
            && (rule.reason.iter().any(|reason| self.reasons.contains(reason.as_str()))
                || rule.attributes.iter().any(|fact| self.facts.contains(fact.as_str()))
                || pack.templates(&rule.id).iter().any(|duty| self.duties.contains(duty.kind.as_str())))
    }
}

/// A right under one pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conformance {
    /// The right.
    pub right: Right,
    /// The pack's own articles that keep it.
    pub own: BTreeSet<Article>,
    /// The included packs that keep it.
    pub included: BTreeSet<PackSlug>,
    /// Why it may stay open, where the pack says so.
    pub waiver: Option<Waiver>,
}

impl Conformance {
    /// Whether nothing keeps it.
    #[must_use]
    pub fn is_gap(&self) -> bool {
        self.own.is_empty() && self.included.is_empty()
    }
}

const RIGHTS: &str = "vocabulary/rights.toml";

/// The rights of the vocabulary; none where it has no such file.
///
/// # Errors
/// [`LoadError`] when the file is not well formed, or names a reason, a duty or a fact that there is none of.
pub fn rights(library: &Library<'_>) -> Result<Vec<Right>, LoadError> {
    if library.source().read(RIGHTS).is_none() {
        return Ok(Vec::new());
    }
    let table = document::open(library.source(), RIGHTS)?;
    let mut read = Vec::new();
    for (name, node) in table.rest() {
        read.push(right(name, node.into_table()?, library)?);
    }
    Ok(read)
}

fn right(name: String, mut table: Table, library: &Library<'_>) -> Result<Right, Finding> {
    let vocabulary = library.vocabulary();
    let mut words = |key: &str, known: &[&str]| -> Result<BTreeSet<String>, Finding> {
        let Some(node) = table.take(key) else { return Ok(BTreeSet::new()) };
        let words: BTreeSet<String> = node.names()?.into_iter().collect();
        match words.iter().find(|word| !known.contains(&word.as_str())) {
            None => Ok(words),
            Some(strange) => {
                let hint = did_you_mean(strange, known.iter().copied());
                Err(node.wrong(format!("`{strange}` is not among the {key} of the vocabulary{hint}")))
            }
        }
    };
    let reasons: Vec<&str> = vocabulary.reasons().keys().map(|reason| reason.as_str()).collect();
    let duties: Vec<&str> = vocabulary.obligations().keys().map(|duty| duty.as_str()).collect();
    let facts: Vec<&str> = vocabulary.facts().keys().map(|fact| fact.as_str()).collect();
    let known = facts.clone();
    let (reasons, duties, facts) =
        (words("reasons", &reasons)?, words("duties", &duties)?, words("facts", &facts)?);
    let about = words("about", &known)?;
    let about = about.first().and_then(|fact| vocabulary.slot(fact));
    let right = Right {
        name,
        summary: table.text("summary")?,
        echr: table.text("echr")?,
        iccpr: table.text("iccpr")?,
        reasons,
        duties,
        facts,
        about,
    };
    table.done()?;
    Ok(right)
}

/// What keeps each right under a law.
#[must_use]
pub fn conformance(rights: &[Right], law: &Law) -> Vec<Conformance> {
    let pack = law.pack();
    let kept = |right: &Right, pack: &Pack| -> BTreeSet<Article> {
        let rules = pack.rules().iter().filter(|rule| right.kept_by(pack, rule));
        rules.map(|rule| rule.article.clone()).collect()
    };
    let of = |right: &Right| Conformance {
        right: right.clone(),
        own: kept(right, pack),
        included: law
            .includes()
            .filter(|included| !kept(right, included).is_empty())
            .map(|included| included.slug.clone())
            .collect(),
        waiver: pack.waivers.iter().find(|waiver| waiver.right == right.name).cloned(),
    };
    rights.iter().map(of).collect()
}

/// The rights that an agreement leaves open without a waiver, and waivers of what is not open. An agreement with such a gap
/// is not adopted.
///
/// # Errors
/// [`LoadError`] as [`rights`].
pub fn gaps(library: &Library<'_>, law: &Law) -> Result<Vec<Finding>, LoadError> {
    let pack = law.pack();
    let file = format!("{}/pack.toml", pack.dir);
    let rights = rights(library)?;
    let mut findings = Vec::new();
    for row in conformance(&rights, law) {
        let Conformance { right, waiver, .. } = &row;
        let named = format!("`{}` (ECHR {}, ICCPR {})", right.name, right.echr, right.iccpr);
        match (row.is_gap(), waiver) {
            (true, None) if pack.kind == Kind::Agreement => {
                let text =
                    format!("{named} is not covered: it is not adopted without a `[[waiver]]` of the right");
                findings.push(Finding::error(&file, 0, text));
            }
            (false, Some(waiver)) => {
                let text = format!("{named} is waived, and the pack keeps it");
                findings.push(Finding::warning(&file, waiver.line, text));
            }
            _ => {}
        }
    }
    let known = || rights.iter().map(|right| right.name.as_str());
    for waiver in pack.waivers.iter().filter(|waiver| !known().any(|right| right == waiver.right)) {
        let text = format!("no right `{}` is known{}", waiver.right, did_you_mean(&waiver.right, known()));
        findings.push(Finding::error(&file, waiver.line, text));
    }
    Ok(findings)
}
