//! The incident itself, and in which order the rest of it is told.

use super::said::Said;
use super::story::{Story, seed_of};
use super::{action, ioc, party};
use crate::left::Reason;
use crate::writer::Writer;
use crate::{time, value};
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Map, Value, json};

/// Writes an incident that stands at `at`; its id.
pub(super) fn convert(mut map: Map<String, Value>, at: String, writer: &mut Writer) -> String {
    let seed = seed_of(&map);
    let number = take(&mut map, "incident_id");
    let (occurred, label) = occurred(&mut map, &at, writer);
    let mut plus = object(&mut map, "plus");
    let recorded = instant(&mut plus, "created", &at, writer);
    let changed = instant(&mut plus, "modified", &at, writer);
    let created = recorded.or(changed).unwrap_or(occurred);
    let mut story = Story {
        writer,
        at,
        incident: format!("incident--{seed}"),
        seed,
        name: format!("VERIS incident {number}"),
        created: time::stix(created),
        modified: time::stix(changed.unwrap_or(created).max(created)),
        occurred: time::stix(occurred),
    };
    let references = references(&mut map, &mut plus, &number);
    let mut incident = story.new_object("incident", &[]);
    incident.insert("id".to_owned(), json!(story.incident));
    incident.insert("name".to_owned(), json!(story.name));
    let summary = take(&mut map, "summary");
    if !summary.is_empty() {
        incident.insert("description".to_owned(), json!(summary));
    }
    incident.insert("external_references".to_owned(), json!(references));
    // STIX 2.1 appendix A: the middle of the scale None, Low, Med, High.
    let confidence = match take(&mut map, "confidence").as_str() {
        "High" => Some(85),
        "Medium" => Some(50),
        "Low" => Some(15),
        "None" => Some(0),
        _ => None,
    };
    incident.extend(confidence.map(|confidence| ("confidence".to_owned(), json!(confidence))));

    let campaign = take(&mut map, "campaign_id");
    let victim = party::victim(&mut map, &mut story);
    let actors = party::actors(&mut map, victim.as_deref(), &mut story);
    action::convert(&mut map, &actors, victim.as_deref(), &mut story);
    let mut unread = Said::default();
    ioc::convert(&mut map, &mut unread, &mut story);
    if map.remove("schema_name").is_some() {
        story.writer.left.add(&format!("{}/schema_name", story.at), Reason::NoPlace);
    }

    let mut said = Said::of_incident(&map);
    said.label("timeline.incident", &label);
    said.notes.extend(unread.notes);
    let id = story.put(incident, said);
    if !campaign.is_empty() {
        let said = json!({ "name": campaign });
        let campaign = story.put_shared("campaign", &[&campaign], said);
        story.relate("related-to", &id, &campaign);
    }
    id
}

/// A text of the incident, taken out of it.
pub(super) fn take(map: &mut Map<String, Value>, name: &str) -> String {
    match map.remove(name) {
        Some(Value::String(text)) => text,
        _ => String::new(),
    }
}

/// A part of the incident, taken out of it.
pub(super) fn object(map: &mut Map<String, Value>, name: &str) -> Map<String, Value> {
    match map.remove(name) {
        Some(Value::Object(map)) => map,
        _ => Map::new(),
    }
}

/// The texts of a list, taken out of it.
pub(super) fn texts(map: &mut Map<String, Value>, name: &str) -> Vec<String> {
    let items = map.remove(name);
    let items = items.as_ref().and_then(Value::as_array).into_iter().flatten();
    items.filter_map(Value::as_str).filter(|text| !text.trim().is_empty()).map(str::to_owned).collect()
}

fn instant(plus: &mut Map<String, Value>, name: &str, at: &str, writer: &mut Writer) -> Option<Timestamp> {
    let text = take(plus, name);
    let found = time::from_text(&text);
    if found.is_none() && !text.is_empty() {
        writer.left.add(&format!("{at}/plus/{name}"), Reason::Unreadable);
    }
    found
}

/// The first instant of the day, month or year of the incident, and that period as it is said. A day that its month does
/// not have is left.
fn occurred(map: &mut Map<String, Value>, at: &str, writer: &mut Writer) -> (Timestamp, String) {
    let mut when = match map.get_mut("timeline") {
        Some(Value::Object(timeline)) => object(timeline, "incident"),
        _ => Map::new(),
    };
    let number = |when: &Map<String, Value>, name: &str| when.get(name).and_then(Value::as_i64);
    let year = number(&when, "year").and_then(|year| i16::try_from(year).ok()).unwrap_or(1970);
    let month = number(&when, "month").and_then(|month| i8::try_from(month).ok());
    let day = number(&when, "day").and_then(|day| i8::try_from(day).ok());
    let date =
        |month: Option<i8>, day: Option<i8>| Date::new(year, month.unwrap_or(1), day.unwrap_or(1)).ok();
    let whole = month.and(day).and_then(|day| date(month, Some(day)));
    if day.is_some() && whole.is_none() {
        writer.left.add(&format!("{at}/timeline/incident/day"), Reason::Unreadable);
    }
    let clock = take(&mut when, "time");
    let label = match (month, whole) {
        (_, Some(date)) if !clock.is_empty() => format!("{date} {clock}"),
        (_, Some(date)) => date.to_string(),
        (Some(month), None) => format!("{year}-{month:02}"),
        (None, None) => year.to_string(),
    };
    if whole.is_none() && !clock.is_empty() {
        writer.left.add(&format!("{at}/timeline/incident/time"), Reason::Unreadable);
    }
    let first = whole.or_else(|| date(month, None)).and_then(time::midnight);
    (first.unwrap_or(Timestamp::UNIX_EPOCH), label)
}

/// The incident under its recorder's id, VERIS's master id, and what it was recorded from.
fn references(map: &mut Map<String, Value>, plus: &mut Map<String, Value>, number: &str) -> Vec<Value> {
    let source = Some(take(map, "source_id")).filter(|source| !source.is_empty());
    let source = source.unwrap_or_else(|| "veris".to_owned());
    let mut found = vec![json!({ "source_name": source, "external_id": number })];
    let master = take(plus, "master_id");
    if !master.is_empty() {
        found.push(json!({ "source_name": "veris:master_id", "external_id": master }));
    }
    let reference = take(map, "reference");
    let mut words = Vec::new();
    for word in reference.split([' ', ';', '\n', '\t']).filter(|word| !word.is_empty()) {
        if value::is_valid("url", word) {
            found.push(json!({ "source_name": "veris:reference", "url": word }));
        } else {
            words.push(word);
        }
    }
    if !words.is_empty() {
        found.push(json!({ "source_name": "veris:reference", "description": words.join(" ") }));
    }
    found
}
