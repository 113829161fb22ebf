//! What a pack leaves open: categories of data without a rule that ends their keeping, articles without a rule,
//! rules without an article.

use crate::compile::Law;
use crate::finding::Finding;
use crate::pack::{Kind, Pack, Rule, RuleEffect};
use crate::vocabulary::{Dimension, Vocabulary};
use comity_terms::{Article, Value};

/// Why an agreement does not activate (C11): a category of its data that no deletion rule reaches, its own or of
/// what it includes. What it covers, with whom and under whose supervision the manifest's reading has checked.
pub(crate) fn completeness(law: &Law, vocabulary: &Vocabulary) -> Vec<Finding> {
    let pack = law.pack();
    if pack.kind != Kind::Agreement {
        return Vec::new();
    }
    let erases = |kind| {
        vocabulary.obligations().get(kind).is_some_and(|term| term.safeguard == Some(Dimension::EraseBy))
    };
    let ending: Vec<_> = law
        .compiled()
        .flat_map(|compiled| compiled.pack.rules().iter().map(move |rule| (&compiled.pack, rule)))
        .filter(|(pack, rule)| pack.templates(&rule.id).iter().any(|template| erases(&template.kind)))
        .map(|(_, rule)| rule.reach())
        .collect();
    let slot = vocabulary.slot("data_category");
    let reached = |category: &str| {
        ending.iter().any(|reach| {
            let allowed = slot.and_then(|slot| reach.allowed(slot));
            allowed.is_none_or(|words| words.contains(&Value::from(category)))
        })
    };
    let file = format!("{}/pack.toml", pack.dir);
    pack.data_categories
        .iter()
        .filter(|category| !reached(category.as_str()))
        .map(|category| {
            let text = format!("no rule says when `{category}` is deleted: the agreement does not activate");
            Finding::error(&file, 0, text)
        })
        .collect()
}

/// Articles that the pack says it answers for and does not, and rules of articles that it does not name.
pub(super) fn articles(law: &Law) -> Vec<Finding> {
    let pack: &Pack = law.pack();
    if pack.covers.is_empty() {
        return Vec::new();
    }
    let file = format!("{}/pack.toml", pack.dir);
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

/// Whether a citation is of an article or of a part of it: `Art. 29(1)` is of `Art. 29`, `Art. 291` is not.
fn cites(citation: &Article, article: &Article) -> bool {
    citation.as_str().split([';', ',']).any(|part| {
        let rest = part.trim().strip_prefix(article.as_str());
        rest.is_some_and(|rest| !rest.starts_with(|next: char| next.is_ascii_alphanumeric()))
    })
}
