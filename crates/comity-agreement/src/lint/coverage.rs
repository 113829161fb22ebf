//! What a pack leaves open: articles without a rule, rules without an article, permits that name no data.

use crate::compile::Law;
use crate::finding::Finding;
use crate::pack::{Kind, Pack, Rule, RuleEffect};
use crate::vocabulary::Vocabulary;
use comity_terms::Article;

/// Articles that the pack says it answers for and does not, and rules of articles that it does not name.
pub(super) fn articles(law: &Law) -> Vec<Finding> {
    let pack: &Pack = law.pack();
    let file = format!("{}/pack.toml", pack.dir);
    if pack.covers.is_empty() {
        // A jurisdiction is a country's whole law: nobody lists its articles.
        let silent = pack.kind != Kind::Jurisdiction;
        let text = "`covers` is missing: which articles does the pack answer for?";
        return silent.then(|| Finding::warning(&file, 0, text)).into_iter().collect();
    }
    let rules = pack.rules().iter().map(|rule| &rule.article);
    let told: Vec<&Article> = rules.chain(pack.articles.iter().map(|note| &note.article)).collect();
    let open =
        pack.covers.iter().filter(|article| !told.iter().any(|told| cites(told, article))).map(|article| {
            let text = format!("`{article}` has neither a rule nor an `[[article]]` that says why not");
            Finding::warning(&file, 0, text)
        });
    let strange = pack.rules().iter().filter(|rule| !pack.covers.iter().any(|a| cites(&rule.article, a)));
    let strange = strange.map(|rule| {
        let text = format!("rule `{}` encodes `{}`, which `covers` does not list", rule.id, rule.article);
        Finding::warning(&rule.file, rule.line, text)
    });
    open.chain(strange).collect()
}

/// Permits to hand data over that say nothing of which data (C02): what no article names would go with them.
pub(super) fn permits(law: &Law, vocabulary: &Vocabulary) -> Vec<Finding> {
    let pack = law.pack();
    let hands_over = |rule: &&Rule| {
        let kinds = rule.actions.iter().filter_map(|action| vocabulary.actions().get(action));
        rule.effect == RuleEffect::Permit && kinds.into_iter().any(|term| term.kind == "transfer")
    };
    let silent = |rule: &&Rule| !rule.attributes.contains("data_category");
    let permits = pack.rules().iter().filter(|_| pack.kind == Kind::Agreement);
    permits
        .filter(hands_over)
        .filter(silent)
        .map(|rule| {
            let text =
                format!("permit `{}` names no data category: any kind of record goes with it", rule.id);
            Finding::warning(&rule.file, rule.line, text)
        })
        .collect()
}

/// Whether a citation is of an article or of a part of it: `Art. 29(1)` is of `Art. 29`, `Art. 291` is not. Later parts
/// of a citation leave the word out (`Art. 7(1)-(2), 8(1)`), and a range names its ends (`Art. 36 to 38`).
fn cites(citation: &Article, article: &Article) -> bool {
    let mut word = "";
    citation.as_str().split([';', ',']).map(str::trim).any(|part| {
        let digits = part.find(|c: char| c.is_ascii_digit()).unwrap_or(part.len());
        let (own, rest) = part.split_at(digits);
        if !own.trim().is_empty() {
            word = own;
        }
        if let Some((first, last)) = range(rest) {
            return (first..=last).any(|number| article.as_str() == format!("{word}{number}"));
        }
        let full = format!("{word}{rest}");
        let beyond = full.strip_prefix(article.as_str());
        beyond.is_some_and(|rest| !rest.starts_with(|next: char| next.is_ascii_alphanumeric()))
    })
}

/// The numbers that `36 to 38`, or `36(2) to 38`, begins and ends with.
fn range(text: &str) -> Option<(u32, u32)> {
    let (first, last) = text.split_once(" to ")?;
    if !first.chars().all(|c| c.is_ascii_digit() || "()".contains(c)) {
        return None;
    }
    let number = |text: &str| {
        let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        text[..end].parse::<u32>().ok()
    };
    number(first).zip(number(last.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    // The forms in which packs cite; of which instrument is nothing to the reader of them.
    #[test]
    fn a_citation_is_of_each_article_that_it_names() {
        let cites =
            |citation: &str, article: &str| cites(&citation.parse().unwrap(), &article.parse().unwrap());
        for article in ["Art. 29", "Art. 29(1)", "Art. 2"] {
            assert!(cites("Art. 2(14); Art. 29(1)-(2)", article), "{article}");
        }
        assert!(cites("Art. 7(1)-(2), 8(1), 9(1)", "Art. 8"));
        assert!(cites("Art. 35(1)(d), 36 to 38", "Art. 37"));
        assert!(cites("Constitution Art. 2; RPD 34", "RPD 34"));
        assert!(cites("TLP:AMBER, need to know", "TLP:AMBER"));
        assert!(cites("s.20(1), 19(1)", "s.19"));
        assert!(cites("Regulation (EU) 2016/794 Art. 23 to 25", "Regulation (EU) 2016/794"));
        for article in ["Art. 29", "Art. 3", "Art. 39", "Art. 35(2)"] {
            assert!(!cites("Art. 291, 35(1)(d), 36 to 38", article), "{article}");
        }
    }
}
