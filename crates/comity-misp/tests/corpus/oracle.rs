//! Others as judges: OASIS's stix2-validator of our STIX, misp-stix as a reader of it and as a writer for us, PyMISP
//! as a reader of our MISP.
//!
//! Need Python with `stix2-validator`, `misp-stix`, `pymisp`. Skip aloud without.

use crate::support;

use comity_beside::asked;
use comity_misp::{Limits, to_misp, to_stix};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Our STIX of every MISP file, by the file it was written to.
fn our_stix(folder: &str) -> Option<BTreeMap<PathBuf, Value>> {
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join(folder);
    std::fs::create_dir_all(&out).expect("a folder");
    let mut found = BTreeMap::new();
    for (number, file) in support::shared("misp")?.into_iter().enumerate() {
        let bytes = std::fs::read(&file).expect("a readable file");
        let Ok(stix) = to_stix(&bytes, &Limits::default()) else { continue };
        let path = out.join(format!("{number}.json"));
        std::fs::write(&path, stix.document.to_string()).expect("a written file");
        found.insert(path, stix.document);
    }
    Some(found)
}

fn question(what: &str, file: &Path) -> String {
    json!({ "what": what, "file": file }).to_string()
}

#[test]
fn our_stix_is_valid() {
    let Some(files) = our_stix("valid") else { return };
    let names: Vec<String> = files.keys().map(|path| path.display().to_string()).collect();
    let Some(verdicts) = asked("stix/validate.py", "stix2validator", &names) else { return };
    for verdict in verdicts {
        assert_eq!(verdict["valid"], true, "{}: {}", verdict["file"], verdict["errors"]);
    }
}

/// Uuid, type, value and to_ids of every attribute in our MISP of a bundle.
fn ours(bundle: &Value) -> BTreeMap<String, (String, String, bool)> {
    let misp = to_misp(bundle.to_string().as_bytes(), &Limits::default()).expect("it reads").document;
    let mut found = BTreeMap::new();
    for event in support::events(&misp) {
        let inner = event["Object"].as_array().into_iter().flatten();
        let lists = inner.map(|object| &object["Attribute"]).chain([&event["Attribute"]]);
        for attribute in lists.filter_map(Value::as_array).flatten() {
            let text = |name: &str| attribute[name].as_str().unwrap_or_default().to_owned();
            let said = (text("type"), text("value"), attribute["to_ids"] == true);
            found.insert(text("uuid"), said);
        }
    }
    found
}

#[test]
fn misps_own_converter_reads_our_stix() {
    let Some(files) = our_stix("internal") else { return };
    let lines: Vec<String> = files.keys().map(|path| question("internal", path)).collect();
    let Some(answers) = asked("misp/oracle.py", "misp_stix_converter, pymisp", &lines) else { return };
    let (mut carried, mut same) = (0, 0);
    for (answer, bundle) in answers.iter().zip(files.values()) {
        let ours = ours(bundle);
        // What the standard has a place for, and not a plain text, whose meaning only we tell by its relation.
        let ids =
            bundle["objects"].as_array().into_iter().flatten().filter_map(|object| object["id"].as_str());
        let standard = ids.filter(|id| id.starts_with("indicator--") || id.starts_with("observed-data--"));
        let uuids: std::collections::BTreeSet<&str> =
            standard.filter_map(|id| id.split_once("--").map(|(_, uuid)| uuid)).collect();
        carried +=
            uuids.iter().filter(|uuid| ours.get(**uuid).is_some_and(|(kind, ..)| kind != "text")).count();
        for theirs in answer["attributes"].as_array().into_iter().flatten() {
            let uuid = theirs[0].as_str().unwrap_or_default();
            let Some((kind, value, to_ids)) = ours.get(uuid) else { continue };
            assert_eq!(theirs[1], **kind, "{uuid}");
            assert_eq!(theirs[2], **value, "{uuid}");
            assert_eq!(theirs[3], *to_ids, "{uuid}");
            same += 1;
        }
    }
    eprintln!(
        "misp-stix reads {same} of the {carried} attributes that standard objects carry, all as they are"
    );
    assert!(same * 100 >= carried * 95, "{same} of {carried}");
}

/// What misp-stix made of an event is read back as the event's own attributes, as far as it kept them: its objects lose
/// the uuids of their attributes.
#[test]
fn we_read_the_stix_of_misps_own_converter() {
    let Some(files) = support::shared("stix21/misp-export") else { return };
    let Some(originals) = support::shared("misp") else { return };
    let (mut wanted, mut same) = (0, 0);
    let mut lost = Vec::new();
    // Values that misp-stix itself left out, because they are not what their type says.
    let files = files.into_iter().filter(|file| !file.ends_with("event_with_escaped_values_v21.json"));
    for file in files {
        let Some(original) = originals.iter().find(|path| path.file_name() == file.file_name()) else {
            continue;
        };
        let original: Value =
            serde_json::from_slice(&std::fs::read(original).expect("a readable file")).expect("JSON");
        let bundle: Value =
            serde_json::from_slice(&std::fs::read(&file).expect("a readable file")).expect("JSON");
        if bundle.get("objects").is_none() {
            continue;
        }
        let ours = ours(&bundle);
        let twice = support::twice(&original);
        for event in support::events(&original) {
            for attribute in event["Attribute"].as_array().into_iter().flatten() {
                let text = |name: &str| attribute[name].as_str().unwrap_or_default();
                if text("uuid").is_empty() || twice.contains(text("uuid")) {
                    continue;
                }
                wanted += 1;
                let found = ours.get(text("uuid"));
                let is_same =
                    found.is_some_and(|(kind, value, _)| kind == text("type") && value == text("value"));
                same += usize::from(is_same);
                if !is_same {
                    let name = file.file_name().unwrap_or_default().display();
                    lost.push(format!(
                        "{name} {} {} {}: {found:?}",
                        text("uuid"),
                        text("type"),
                        text("value")
                    ));
                }
            }
        }
    }
    eprintln!("{same} of {wanted} attributes read from what misp-stix wrote; not: {lost:#?}");
    assert!(wanted > 0 && lost.is_empty(), "{same} of {wanted}");
}

#[test]
fn pymisp_loads_what_we_make_of_any_bundle() {
    let Some(mut files) = support::shared("stix21") else { return };
    files.extend(our_stix("load").into_iter().flat_map(BTreeMap::into_keys));
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("loaded");
    std::fs::create_dir_all(&out).expect("a folder");
    let mut lines = Vec::new();
    let mut counts = Vec::new();
    for (number, file) in files.iter().enumerate() {
        let bytes = std::fs::read(file).expect("a readable file");
        let Ok(misp) = to_misp(&bytes, &Limits::default()) else { continue };
        let path = out.join(format!("{number}.json"));
        std::fs::write(&path, misp.document.to_string()).expect("a written file");
        lines.push(question("load", &path));
        counts.push((file, ours(&serde_json::from_slice(&bytes).expect("JSON")).len()));
    }
    let Some(answers) = asked("misp/oracle.py", "misp_stix_converter, pymisp", &lines) else { return };
    let mut total = 0;
    for (answer, (file, count)) in answers.iter().zip(counts) {
        assert_eq!(answer["error"], Value::Null, "{}", file.display());
        let found = answer["attributes"].as_array().map_or(0, Vec::len);
        assert_eq!(found, count, "{}", file.display());
        total += found;
    }
    eprintln!("PyMISP loads {} documents with {total} attributes", lines.len());
}
