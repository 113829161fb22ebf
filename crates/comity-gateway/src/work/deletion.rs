//! What ends by which rule: each category of data under each agreement that is adopted here, each class of property, and
//! everything that the gateway keeps itself. What has no rule is told, and makes the report incomplete.
//!
//! Reads packs, the path table and the settings: no record, and nothing of a person.

mod state;

pub use state::{Ends, Lies, STATE, State};

use crate::gateway::Gateway;
use crate::laws::Loaded;
use comity_agreement::pack::Kind;
use comity_agreement::{Deletion, deletions};
use comity_exchange::shell::Shell as _;
use comity_terms::{DataCategory, DataClass};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};

/// What a live decision says of a category that an agreement does not name: nothing of it is ever received.
const OUTSIDE: &str = "refused: no_governing_rule";

/// What becomes of data that no law dates: it is neither sealed nor sent.
const UNDATED: &str = "refused: no law says until when it may be kept";

/// The report: see docs/DATA_LIFECYCLE.md.
#[must_use]
pub fn report(gateway: &Gateway) -> Json {
    let adopted = gateway.laws_adopted();
    let home = gateway.signatory().home();
    let own = adopted.iter().find(|loaded| loaded.law.pack().slug == home);
    let mut gaps: Vec<String> = Vec::new();
    let mut data = Vec::new();
    let carried = gateway.table().carried();
    let mut dated: BTreeSet<DataCategory> = BTreeSet::new();
    let agreements = adopted.iter().filter(|loaded| loaded.law.pack().kind == Kind::Agreement);
    for loaded in agreements {
        for (category, rules, without) in categories(loaded, own) {
            let pack = &loaded.law.pack().slug;
            match &without {
                None => dated.extend(category.parse()),
                Some(UNDATED) => gaps.push(format!("`{category}` under `{pack}`")),
                Some(_) => {}
            }
            data.push(json!({
                "pack": pack.to_string(),
                "category": category,
                "classes": carrying(&carried, &category),
                "rules": rules.iter().map(rule_json).collect::<Json>(),
                "without": without,
            }));
        }
    }
    let classes: Vec<Json> = carried
        .iter()
        .map(|(class, categories)| {
            let ends = categories.iter().any(|category| dated.contains(category));
            if categories.is_empty() {
                gaps.push(format!("class `{class}`: no record carries it"));
            } else if !ends && !data.is_empty() {
                gaps.push(format!(
                    "class `{class}`: under no agreement here is a record that carries it dated"
                ));
            }
            let categories: Vec<String> = categories.iter().map(ToString::to_string).collect();
            json!({ "class": class.to_string(), "categories": categories, "ends": ends })
        })
        .collect();
    let state: Vec<Json> = STATE.iter().map(|state| state.json(gateway.settings())).collect();
    json!({
        "complete": gaps.is_empty(),
        "gaps": gaps,
        "data": data,
        "classes": classes,
        "state": state,
    })
}

/// Every category of the vocabulary with the rules that date it under an agreement and this party's own law; where none
/// does, what happens instead.
fn categories(loaded: &Loaded, own: Option<&Loaded>) -> Vec<(String, Vec<Deletion>, Option<&'static str>)> {
    let named = &loaded.law.pack().data_categories;
    let all = loaded.vocabulary.list("data_category").unwrap_or_default();
    all.iter()
        .map(|category| {
            if !named.iter().any(|known| known.as_str() == category) {
                return (category.clone(), Vec::new(), Some(OUTSIDE));
            }
            let mut rules = deletions(&loaded.law, &loaded.vocabulary, category);
            let without = rules.is_empty().then_some(UNDATED);
            if let Some(own) = own {
                let known: BTreeSet<_> =
                    rules.iter().map(|rule| (rule.pack.clone(), rule.rule.clone())).collect();
                let theirs = deletions(&own.law, &own.vocabulary, category).into_iter();
                rules.extend(theirs.filter(|rule| !known.contains(&(rule.pack.clone(), rule.rule.clone()))));
            }
            (category.clone(), rules, without)
        })
        .collect()
}

fn carrying(carried: &BTreeMap<DataClass, BTreeSet<DataCategory>>, category: &str) -> Vec<String> {
    let carries = carried.iter().filter(|(_, all)| all.iter().any(|known| known.as_str() == category));
    carries.map(|(class, _)| class.to_string()).collect()
}

fn rule_json(rule: &Deletion) -> Json {
    let keys =
        |keys: &BTreeSet<comity_terms::FactKey>| keys.iter().map(ToString::to_string).collect::<Vec<_>>();
    json!({
        "rule": format!("{}/{}", rule.pack, rule.rule),
        "article": rule.article.to_string(),
        "type": rule.kind.to_string(),
        "days": rule.days,
        "moved_by": keys(&rule.moved_by),
        "asks": keys(&rule.asks),
    })
}
