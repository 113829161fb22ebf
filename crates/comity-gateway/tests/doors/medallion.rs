//! The collection that medallion, OASIS's own server of TAXII, ships for its tests: what it holds is taken here, and asked for by
//! every filter it comes back as a plain reading of the standard has it.

use crate::{envelope, fresh};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

/// An object's id and version.
type Version = (String, String);

fn version(object: &Json) -> Version {
    let text = |name: &str| object[name].as_str().map(str::to_owned);
    (text("id").unwrap(), text("modified").or_else(|| text("created")).unwrap())
}

/// Those of `all` that `match[version]` asks for.
fn of_versions(all: &BTreeSet<Version>, wanted: &str) -> BTreeSet<Version> {
    let mut versions: BTreeMap<&str, Vec<&Version>> = BTreeMap::new();
    for one in all {
        versions.entry(&one.0).or_default().push(one);
    }
    let mut found = BTreeSet::new();
    for of_one in versions.values() {
        for word in wanted.split(',') {
            found.extend(match word {
                "first" => of_one.first().copied().cloned(),
                "last" => of_one.last().copied().cloned(),
                at => of_one.iter().find(|one| at == "all" || one.1 == at).copied().cloned(),
            });
            if word == "all" {
                found.extend(of_one.iter().copied().cloned());
            }
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn what_medallion_ships_is_taken_and_found_by_every_filter() {
    let Some(file) = comity_beside::shared("data/taxii21/medallion-default_data.json") else { return };
    let whole: Json = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let collections = whole["trustgroup1"]["collections"].as_array().unwrap();
    let given = collections.iter().find(|one| one["objects"].as_array().is_some_and(|all| !all.is_empty()));
    let given = given.unwrap()["objects"].as_array().unwrap();
    let (_house, tool, path) = fresh().await;
    let objects = format!("{path}objects/");
    let told = tool.post(&objects, &envelope(given)).await.taxii(202);
    assert_eq!(
        (&told["total_count"], &told["success_count"]),
        (&given.len().into(), &given.len().into()),
        "{told}"
    );

    let all: BTreeSet<Version> = given.iter().map(version).collect();
    assert_eq!(all.len(), given.len(), "no version twice");
    let ids: BTreeSet<&str> = all.iter().map(|one| one.0.as_str()).collect();
    let kinds: BTreeSet<&str> = ids.iter().map(|id| id.split_once("--").unwrap().0).collect();
    let exact: BTreeSet<&str> = all.iter().map(|one| one.1.as_str()).collect();
    let words = ["first", "last", "all", "first,last"].into_iter().chain(exact);
    for word in words.map(str::to_owned).collect::<Vec<_>>() {
        for filter in ids.iter().map(|id| ("id", id)).chain(kinds.iter().map(|kind| ("type", kind))) {
            let of = |one: &&Version| match filter.0 {
                "id" => one.0 == **filter.1,
                _ => one.0.starts_with(&format!("{}--", filter.1)),
            };
            let expected: BTreeSet<Version> = of_versions(&all, &word).iter().filter(of).cloned().collect();
            let query = format!("match[{}]={}&match[version]={word}", filter.0, filter.1);
            let found = tool.get(&format!("{objects}?{query}")).await.taxii(200);
            let found: Vec<Version> =
                found["objects"].as_array().into_iter().flatten().map(version).collect();
            assert_eq!((found.len(), found.into_iter().collect()), (expected.len(), expected), "{query}");
        }
    }
    // By its manifest and its versions too.
    let manifest = tool.get(&format!("{path}manifest/?match[version]=all")).await.taxii(200);
    let manifest: BTreeSet<Version> = manifest["objects"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["id"].as_str().unwrap().to_owned(), row["version"].as_str().unwrap().to_owned()))
        .collect();
    assert_eq!(manifest, all);
    for id in ids {
        let found = tool.get(&format!("{objects}{id}/versions/")).await.taxii(200);
        let found: BTreeSet<&str> =
            found["versions"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
        let expected: BTreeSet<&str> =
            all.iter().filter(|one| one.0 == id).map(|one| one.1.as_str()).collect();
        assert_eq!(found, expected, "{id}");
    }
}
