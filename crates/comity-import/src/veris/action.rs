//! What was done: malware, attack patterns, and the vulnerabilities that they used.

use super::incident::{take, texts};
use super::party::looked_up;
use super::said::Said;
use super::story::Story;
use crate::id::cve;
use serde_json::{Map, Value, json};

/// The kinds of action whose varieties are ways of attacking. Errors and the environment attack nobody: they are told of
/// the incident.
const ATTACKS: [&str; 4] = ["hacking", "social", "misuse", "physical"];

/// Types of malware of STIX (section 10.16) by VERIS's varieties.
const MALWARE_TYPES: [(&str, &str); 14] = [
    ("Adware", "adware"),
    ("Backdoor", "backdoor"),
    ("Backdoor or C2", "backdoor"),
    ("Click fraud and cryptocurrency mining", "resource-exploitation"),
    ("Cryptocurrency mining", "resource-exploitation"),
    ("Destroy data", "wiper"),
    ("DoS", "ddos"),
    ("Downloader", "downloader"),
    ("RAT", "remote-access-trojan"),
    ("Ransomware", "ransomware"),
    ("Rootkit", "rootkit"),
    ("Spyware/Keylogger", "spyware"),
    ("Trojan", "trojan"),
    ("Worm", "worm"),
];

/// Writes what was done. Who used what is said only where there is one actor: VERIS does not say it of several.
pub(super) fn convert(
    map: &mut Map<String, Value>,
    actors: &[String],
    victim: Option<&str>,
    story: &mut Story<'_>,
) {
    let Some(Value::Object(action)) = map.get_mut("action") else { return };
    let mut used = Vec::new();
    if let Some(Value::Object(malware)) = action.remove("malware") {
        used.extend(self::malware(malware, story));
    }
    for kind in ATTACKS {
        if let Some(Value::Object(attack)) = action.get_mut(kind) {
            used.extend(attack_patterns(kind, attack, story));
        }
    }
    let incident = story.incident.clone();
    for id in used {
        story.relate("related-to", &incident, &id);
        match (actors, victim) {
            ([actor], _) => story.relate("uses", actor, &id),
            // An attack pattern is of any incident; that it was aimed at this victim is the actor's or malware's to say.
            (_, Some(victim)) if id.starts_with("malware--") => story.relate("targets", &id, victim),
            _ => {}
        }
    }
}

fn malware(mut malware: Map<String, Value>, story: &mut Story<'_>) -> Vec<String> {
    let varieties = malware.get("variety").and_then(Value::as_array).into_iter().flatten();
    let mut types: Vec<&str> =
        varieties.filter_map(Value::as_str).filter_map(|word| looked_up(&MALWARE_TYPES, word)).collect();
    types.sort_unstable();
    types.dedup();
    let said = take(&mut malware, "name");
    let names = said.split([',', ';', '|', '\n']).map(str::trim).filter(|name| !name.is_empty());
    let mut names: Vec<Option<&str>> = names.map(Some).collect();
    if names.is_empty() {
        names.push(None);
    }
    let names = story.bounded(names);
    let vulnerabilities = vulnerabilities(&mut malware, story);
    let mut objects = Vec::new();
    for name in names {
        let mut object = story.new_object("malware", &[name.unwrap_or_default()]);
        object.insert("is_family".to_owned(), json!(name.is_some()));
        object.extend(name.map(|name| ("name".to_owned(), json!(name))));
        if !types.is_empty() {
            object.insert("malware_types".to_owned(), json!(types));
        }
        objects.push(object);
    }
    let ids = story.put_all(objects, Said::of(&malware, "action.malware"));
    for id in &ids {
        for vulnerability in &vulnerabilities {
            story.relate("exploits", id, vulnerability);
        }
    }
    ids
}

/// An attack pattern for each variety; what says nothing (`Unknown`, `Other`) stays a word of the incident.
fn attack_patterns(kind: &str, attack: &mut Map<String, Value>, story: &mut Story<'_>) -> Vec<String> {
    let place = format!("action.{kind}.variety");
    let (silent, telling): (Vec<String>, Vec<String>) = texts(attack, "variety")
        .into_iter()
        .partition(|word| matches!(word.as_str(), "Unknown" | "Other" | "NA"));
    if !silent.is_empty() {
        attack.insert("variety".to_owned(), json!(silent));
    }
    let vulnerabilities = vulnerabilities(attack, story);
    let mut ids = Vec::new();
    for word in &telling {
        let reference = json!({ "source_name": "veris", "external_id": format!("{place}.{word}") });
        let said = json!({ "name": word, "external_references": [reference] });
        ids.push(story.put_shared("attack-pattern", &[&place, word], said));
    }
    // Which of several used it is not said; without any, the incident has it.
    let incident = story.incident.clone();
    for vulnerability in &vulnerabilities {
        match ids.as_slice() {
            [one] => story.relate("targets", one, vulnerability),
            _ => story.relate("related-to", &incident, vulnerability),
        }
    }
    ids
}

/// Writes the vulnerabilities that `cve` names; where it says anything else, it stays to become a note.
fn vulnerabilities(action: &mut Map<String, Value>, story: &mut Story<'_>) -> Vec<String> {
    let said = take(action, "cve");
    let mut ids = Vec::new();
    let mut else_said = false;
    for word in said.split(|c: char| !(c.is_alphanumeric() || c == '-')).filter(|word| !word.is_empty()) {
        let Some(name) = cve(word) else {
            else_said = true;
            continue;
        };
        let reference = json!({ "source_name": "cve", "external_id": name });
        let object = json!({ "name": name, "external_references": [reference] });
        let id = story.put_shared("vulnerability", &[&name], object);
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    if else_said {
        action.insert("cve".to_owned(), json!(said));
    }
    story.bounded(ids)
}
