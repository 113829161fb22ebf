//! Indicators of compromise: a value whose form says what it is becomes an indicator.

use super::said::Said;
use super::story::Story;
use crate::value::{address_type, equal, is_valid};
use serde_json::{Map, Value, json};

/// Hashes by their length in hexadecimal digits.
const HASHES: [(usize, &str); 4] = [(32, "MD5"), (40, "SHA-1"), (64, "SHA-256"), (128, "SHA-512")];

/// Endings of files that read like those of names of the DNS.
const FILES: [&str; 22] = [
    "bat", "bin", "cmd", "dat", "dll", "doc", "docx", "exe", "gz", "htm", "html", "jar", "js", "log", "pdf",
    "php", "ps1", "rar", "scr", "txt", "vbs", "xls",
];

/// Writes the indicators; what is none that is known becomes a note.
pub(super) fn convert(map: &mut Map<String, Value>, unread: &mut Said, story: &mut Story<'_>) {
    let Some(Value::Array(all)) = map.remove("ioc") else { return };
    for ioc in &all {
        let text = |name: &str| ioc.get(name).and_then(Value::as_str).unwrap_or_default();
        let (value, comment) = (text("indicator").trim(), text("comment"));
        let Some(comparison) = recognised(value) else {
            let told = if comment.is_empty() { value.to_owned() } else { format!("{value}\n\n{comment}") };
            unread.note("ioc", &told);
            continue;
        };
        let mut object = story.new_object("indicator", &[value]);
        object.insert("pattern".to_owned(), json!(format!("[{comparison}]")));
        object.insert("pattern_type".to_owned(), json!("stix"));
        object.insert("valid_from".to_owned(), json!(story.occurred));
        if !comment.is_empty() {
            object.insert("description".to_owned(), json!(comment));
        }
        let id = story.put(object, Said::default());
        let incident = story.incident.clone();
        story.relate("related-to", &id, &incident);
    }
}

/// The comparison that finds a value, however it was made harmless.
fn recognised(value: &str) -> Option<String> {
    let value = value.replace("[.]", ".").replace("(.)", ".").replace("[@]", "@");
    let value = match value.strip_prefix("hxxp") {
        Some(rest) => format!("http{rest}"),
        None => value,
    };
    if let Some(kind) = address_type(&value) {
        return Some(equal(&format!("{kind}:value"), &value));
    }
    if value.bytes().all(|byte| byte.is_ascii_hexdigit())
        && let Some((_, name)) = HASHES.iter().find(|(length, _)| *length == value.len())
    {
        return Some(equal(&format!("file:hashes.'{name}'"), &value.to_ascii_lowercase()));
    }
    let ending = value.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    let is_name = ending.is_some_and(|ending| {
        ending.len() >= 2
            && ending.chars().all(char::is_alphabetic)
            && !FILES.contains(&ending.as_str())
            && is_valid("domain-name", &value)
    });
    let kind = match () {
        () if is_valid("url", &value) => "url",
        () if value.contains('@') && is_valid("email-addr", &value) => "email-addr",
        () if is_name => "domain-name",
        () => return None,
    };
    Some(equal(&format!("{kind}:value"), &value))
}
