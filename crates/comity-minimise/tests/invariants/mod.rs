//! The invariants of minimising, as checks on one input.

use crate::support::minimise_all;
use comity_minimise::{Bundle, Limits, Minimised, Object, PathTable, Withholding, facts};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap, HashSet};

/// Minimises `bytes` and checks every invariant; the minimised bundle, or `None` when nothing can be read.
pub(crate) fn check(bytes: &[u8], table: &PathTable) -> Option<Vec<u8>> {
    let bundle = Bundle::parse(bytes, &Limits::default()).ok()?;
    let minimised = minimise_all(&bundle, table);
    let counts = minimised.counts;
    assert_eq!(counts.input, counts.kept + counts.changed + counts.withheld, "counts");
    let out = minimised.bytes();
    let after: Value = serde_json::from_slice(&out).expect("the output is JSON");
    let objects = after["objects"].as_array().cloned().unwrap_or_default();

    account(&bundle, &minimised, &objects);
    no_dangling(&bundle, &objects, table);
    selectors_resolve(&objects);

    let again_bundle = Bundle::parse(&out, &Limits::default()).expect("the output is read again");
    assert!(again_bundle.rejected().is_empty(), "rejected again: {}", again_bundle.rejected()[0]);
    let again = minimise_all(&again_bundle, table);
    if out != again.bytes() {
        let first = again.withholdings.first();
        panic!("minimising again changed {:?}", first.map(|w| (&w.object, &w.path, w.ground.to_string())));
    }
    assert_eq!(again.withholdings, Vec::new(), "minimising again reports nothing");
    reads_again_as_anew(bundle, &minimised, table);
    Some(out)
}

/// What was read before counts as what its bytes say: objects, places and facts are those of a reader who has the bytes alone.
fn reads_again_as_anew(bundle: Bundle<'_>, minimised: &Minimised<'_>, table: &PathTable) {
    let limits = Limits::default();
    let bytes = minimised.objects.iter().map(|object| object.bytes.as_ref());
    let anew = Bundle::of_objects(bytes, &limits).expect("the output is read");
    let again = minimised.read_again(bundle, &limits).expect("the output is read again");
    let told = |bundle: &Bundle<'_>| -> Vec<(usize, String, String)> {
        let tell = |object: &Object<'_>| (object.position(), object.id().to_owned(), object.raw().to_owned());
        bundle.objects().iter().map(tell).collect()
    };
    assert_eq!(told(&again), told(&anew));
    assert_eq!(facts(&again, table), facts(&anew, table));
    assert_eq!((again.rejected(), again.id(), again.unknown()), (anew.rejected(), anew.id(), anew.unknown()));
}

/// Every leaf of the input is in the output unchanged, or reported: itself, or with what it lies in.
fn account(bundle: &Bundle<'_>, minimised: &Minimised<'_>, objects: &[Value]) {
    let mut reported: HashMap<&str, HashSet<&str>> = HashMap::new();
    for Withholding { object, path, .. } in &minimised.withholdings {
        reported.entry(object).or_default().insert(path);
    }
    let mut output_of = HashMap::new();
    for (object, value) in minimised.objects.iter().zip(objects) {
        for source in &object.sources {
            output_of.insert(*source, value);
        }
    }
    let empty = HashSet::new();
    for (index, object) in bundle.objects().iter().enumerate() {
        let reported = reported.get(object.id()).unwrap_or(&empty);
        let input: Value = serde_json::from_str(object.raw()).expect("the input object is JSON");
        let Some(output) = output_of.get(&index) else {
            assert!(reported.contains(""), "{} vanished without a report", object.id());
            continue;
        };
        let mut leaves = BTreeMap::new();
        leaves_of(&input, String::new(), &mut leaves);
        let mut kept = BTreeMap::new();
        leaves_of(output, String::new(), &mut kept);
        // A list whose items moved holds the same values at other places.
        let values: HashSet<(String, String)> =
            kept.iter().map(|(path, value)| (without_indices(path), value.to_string())).collect();
        for (path, value) in leaves {
            let ancestors = path.match_indices('.').map(|(at, _)| &path[..at]).chain([path.as_str()]);
            let accounted = kept.get(&path) == Some(&value)
                || values.contains(&(without_indices(&path), value.to_string()))
                || ancestors.into_iter().any(|path| reported.contains(path));
            assert!(accounted, "{} lost `{path}` without a report", object.id());
        }
    }
}

fn leaves_of(value: &Value, path: String, leaves: &mut BTreeMap<String, Value>) {
    let below = |step: String| if path.is_empty() { step } else { format!("{path}.{step}") };
    match value {
        Value::Object(properties) if !properties.is_empty() => {
            for (name, value) in properties {
                leaves_of(value, below(name.clone()), leaves);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (index, value) in items.iter().enumerate() {
                leaves_of(value, below(format!("[{index}]")), leaves);
            }
        }
        leaf => {
            leaves.insert(path, leaf.clone());
        }
    }
}

fn without_indices(path: &str) -> String {
    path.split('.').filter(|step| !step.starts_with('[')).collect::<Vec<_>>().join(".")
}

/// No reference of the output names what was in the input and is not in the output.
fn no_dangling(bundle: &Bundle<'_>, objects: &[Value], table: &PathTable) {
    let ids: HashSet<&str> = objects.iter().filter_map(|object| object["id"].as_str()).collect();
    let before: HashSet<&str> = bundle.objects().iter().map(|object| object.id()).collect();
    for object in objects {
        let mut leaves = BTreeMap::new();
        leaves_of(object, String::new(), &mut leaves);
        for (path, value) in leaves {
            let name = path.split('.').rfind(|step| !step.starts_with('[')).unwrap_or_default().to_owned();
            let Some(id) = value.as_str().filter(|_| name.ends_with("_ref") || name.ends_with("_refs"))
            else {
                continue;
            };
            let standard = table.handling(id).is_some();
            assert!(
                ids.contains(id) || !before.contains(id) || standard,
                "{} dangles at `{path}`: {id}",
                object["id"]
            );
        }
    }
}

fn selectors_resolve(objects: &[Value]) {
    for object in objects {
        for marking in object["granular_markings"].as_array().into_iter().flatten() {
            for selector in marking["selectors"].as_array().into_iter().flatten() {
                let selector = selector.as_str().expect("a selector is text");
                let found = selector.split('.').try_fold(object, |value, step| {
                    match step.strip_prefix('[').and_then(|step| step.strip_suffix(']')) {
                        Some(index) => value.get(index.parse::<usize>().ok()?),
                        None => value.get(step),
                    }
                });
                assert!(found.is_some(), "{}: selector `{selector}` resolves to nothing", object["id"]);
            }
        }
    }
}
