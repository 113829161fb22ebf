//! The question that measurements of deciding ask: EE gives an indicator to FI under the NIS 2 directive.

use comity_agreement::{LawSet, Library, Question};
use comity_terms::{FactKey, Facts, PackSlug};
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;

/// The agreement whose text all measurements are of.
pub(crate) const AGREEMENT: &str = "eu-nis2-2022-2555";

/// The three laws that it asks: an agreement, and those of both parties.
pub(crate) fn laws(library: &mut Library<'_>, agreement: &PackSlug) -> Result<LawSet, Box<dyn Error>> {
    let agreement = library.law(agreement)?;
    let mut national = BTreeMap::new();
    for code in ["EE", "FI"] {
        national.insert(code.parse()?, library.law(&code.parse()?)?);
    }
    Ok(LawSet { agreement, national, vocabulary: library.vocabulary().clone() })
}

/// One class of facts, each said by somebody who may.
pub(crate) fn question(laws: &LawSet) -> Result<Question, Box<dyn Error>> {
    let mut facts = Facts::new();
    for (key, value) in [
        ("training_valid", "true"),
        ("activity", "threat_intel"),
        ("purpose", "cyber_defence"),
        ("data_category", "indicator"),
        ("marking", "TLP:GREEN"),
        ("personal_data", "true"),
        ("subject_status", "victim"),
        ("arrangement_member", "true"),
        ("first_delete_by", "2026-12-01T00:00:00Z"),
    ] {
        let term = laws.vocabulary.fact(key).ok_or(key)?;
        let asserter = *term.asserted_by.first().ok_or(key)?;
        facts.state(FactKey::new(key)?, term.from_text(&laws.vocabulary, value)?, asserter);
    }
    let at = "2026-11-02T09:20:00Z".parse()?;
    Ok(Question {
        action: "share".parse()?,
        sending: "EE".parse()?,
        receiving: "FI".parse()?,
        at,
        knowledge_time: at,
        facts,
        approvals: BTreeSet::new(),
    })
}
