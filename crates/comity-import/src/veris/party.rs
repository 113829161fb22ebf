//! Who it happened to, and who did it.

use super::incident::{object, take, texts};
use super::said::Said;
use super::shape::is_country;
use super::story::Story;
use serde_json::{Map, Value, json};

/// Sectors of STIX (section 10.9) by the start of a NAICS code, the longer first.
const SECTORS: [(&str, &str); 31] = [
    ("92811", "defense"),
    ("813", "non-profit"),
    ("517", "telecommunications"),
    ("518", "technology"),
    ("519", "technology"),
    ("524", "insurance"),
    ("11", "agriculture"),
    ("21", "mining"),
    ("22", "utilities"),
    ("23", "construction"),
    ("31", "manufacturing"),
    ("32", "manufacturing"),
    ("33", "manufacturing"),
    ("42", "commercial"),
    ("44", "retail"),
    ("45", "retail"),
    ("48", "transportation"),
    ("49", "transportation"),
    ("51", "communications"),
    ("52", "financial-services"),
    ("53", "commercial"),
    ("54", "commercial"),
    ("55", "commercial"),
    ("56", "commercial"),
    ("61", "education"),
    ("62", "healthcare"),
    ("71", "entertainment"),
    ("72", "hospitality-leisure"),
    ("81", "commercial"),
    ("92", "government"),
    ("99", "government"),
];

const ACTOR_TYPES: [(&str, &str); 6] = [
    ("Activist", "activist"),
    ("Competitor", "competitor"),
    ("Nation-state", "nation-state"),
    ("Organized crime", "crime-syndicate"),
    ("State-affiliated", "nation-state"),
    ("Terrorist", "terrorist"),
];

const MOTIVATIONS: [(&str, &str); 6] = [
    ("Espionage", "organizational-gain"),
    ("Fear", "coercion"),
    ("Financial", "personal-gain"),
    ("Fun", "personal-satisfaction"),
    ("Grudge", "revenge"),
    ("Ideology", "ideology"),
];

/// The word that a table has for another.
pub(super) fn looked_up(table: &[(&str, &'static str)], word: &str) -> Option<&'static str> {
    table.iter().find(|(known, _)| *known == word).map(|(_, found)| *found)
}

/// Writes the victim and where it is; its id.
pub(super) fn victim(map: &mut Map<String, Value>, story: &mut Story<'_>) -> Option<String> {
    let mut victim = object(map, "victim");
    if victim.is_empty() {
        return None;
    }
    let name = take(&mut victim, "victim_id");
    let name = if name.is_empty() { format!("victim of {}", story.name) } else { name };
    let mut identity = story.new_object("identity", &["victim"]);
    identity.insert("name".to_owned(), json!(name));
    identity.insert("identity_class".to_owned(), json!("organization"));
    let industry = victim.get("industry").and_then(Value::as_str).unwrap_or_default();
    let government: Vec<&str> = victim
        .get("government")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let sectors = sectors(industry, &government);
    if !sectors.is_empty() {
        identity.insert("sectors".to_owned(), json!(sectors));
    }
    let others = match victim.get_mut("secondary") {
        Some(Value::Object(secondary)) => texts(secondary, "victim_id"),
        _ => Vec::new(),
    };
    let places = places(&mut victim, "victim.country", true, story);
    let mut said = Said::of(&victim, "victim");
    said.labels.extend(places.unknown);
    let id = story.put(identity, said);
    for place in places.known {
        story.relate("located-at", &id, &place);
    }
    let incident = story.incident.clone();
    story.relate("related-to", &incident, &id);
    for (index, other) in others.iter().enumerate() {
        secondary(other, index, story);
    }
    Some(id)
}

/// A victim behind the victim: `name`, `name;NAICS` or `;NAICS`.
fn secondary(said: &str, index: usize, story: &mut Story<'_>) {
    let is_code = |code: &str| code.len() <= 6 && code.bytes().all(|byte| byte.is_ascii_digit());
    let (name, code) = said.rsplit_once(';').filter(|(_, code)| is_code(code.trim())).unwrap_or((said, ""));
    let name = match name.trim() {
        "" => format!("victim {} behind that of {}", index + 1, story.name),
        name => name.to_owned(),
    };
    let mut identity = story.new_object("identity", &["secondary", &index.to_string()]);
    identity.insert("name".to_owned(), json!(name));
    identity.insert("identity_class".to_owned(), json!("organization"));
    let sectors = sectors(code.trim(), &[]);
    let mut labels = Said::default();
    if !sectors.is_empty() {
        identity.insert("sectors".to_owned(), json!(sectors));
    }
    if !code.trim().is_empty() {
        labels.label("victim.secondary.industry", code.trim());
    }
    let id = story.put(identity, labels);
    let incident = story.incident.clone();
    story.relate("related-to", &incident, &id);
}

fn sectors(industry: &str, government: &[&str]) -> Vec<&'static str> {
    let code: String = industry.chars().filter(char::is_ascii_digit).collect();
    let mut found: Vec<&'static str> = Vec::new();
    for level in government {
        let level = match *level {
            "Federal" => "government-national",
            "Regional" => "government-regional",
            "Local" => "government-local",
            _ => continue,
        };
        if !found.contains(&level) {
            found.push(level);
        }
    }
    let sector = SECTORS.iter().find(|(start, _)| code.starts_with(start)).map(|(_, sector)| *sector);
    // Its level of government says that it is of the government.
    if let Some(sector) = sector.filter(|sector| found.is_empty() || *sector != "government") {
        found.push(sector);
    }
    found
}

struct Places {
    /// Ids of locations.
    known: Vec<String>,
    /// Labels for what is said to be unknown.
    unknown: Vec<String>,
}

/// Takes the countries out of a party; with `state`, also the part of the one country.
fn places(party: &mut Map<String, Value>, place: &str, state: bool, story: &mut Story<'_>) -> Places {
    let countries = texts(party, "country");
    let countries = story.bounded(countries);
    let (countries, unknown): (Vec<_>, Vec<_>) = countries.into_iter().partition(|code| is_country(code));
    let mut said = Said::default();
    unknown.iter().for_each(|word| said.label(place, word));
    let part =
        party.get("state").and_then(Value::as_str).filter(|part| state && is_part(part)).map(str::to_owned);
    let part = part.filter(|_| countries.len() == 1);
    if part.is_some() {
        party.remove("state");
    }
    let known = countries.iter().map(|country| match &part {
        Some(part) => {
            let said = json!({ "country": country, "administrative_area": part });
            story.put_shared("location", &[country, part], said)
        }
        None => story.put_shared("location", &[country], json!({ "country": country })),
    });
    Places { known: known.collect(), unknown: said.labels }
}

/// A part of a country as ISO 3166-2 writes it, or the second half of that.
fn is_part(text: &str) -> bool {
    let part = text.split_once('-').filter(|(country, _)| is_country(country)).map_or(text, |(_, part)| part);
    let closed = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    (1..=3).contains(&part.len()) && part.bytes().all(closed)
}

/// Writes those who did it; their ids. Who is unknown is told of the incident.
pub(super) fn actors(
    map: &mut Map<String, Value>,
    victim: Option<&str>,
    story: &mut Story<'_>,
) -> Vec<String> {
    let only_erred = map.get("action").and_then(Value::as_object).is_some_and(|action| {
        action.keys().all(|name| matches!(name.as_str(), "error" | "environmental")) && !action.is_empty()
    });
    let Some(Value::Object(all)) = map.get_mut("actor") else { return Vec::new() };
    let mut written = Vec::new();
    for side in ["external", "internal", "partner"] {
        let Some(Value::Object(actor)) = all.remove(side) else { continue };
        written.extend(side_of(side, actor, only_erred, story));
    }
    for actor in &written {
        let incident = story.incident.clone();
        story.relate("attributed-to", &incident, actor);
        if let Some(victim) = victim {
            story.relate("targets", actor, victim);
        }
    }
    written
}

fn side_of(
    side: &str,
    mut actor: Map<String, Value>,
    only_erred: bool,
    story: &mut Story<'_>,
) -> Vec<String> {
    let place = format!("actor.{side}");
    let found = |name: &str, table: &[(&str, &'static str)]| {
        let mut found = Vec::new();
        let words = actor.get(name).and_then(Value::as_array).into_iter().flatten();
        for word in words.filter_map(Value::as_str).filter_map(|word| looked_up(table, word)) {
            if !found.contains(&word) {
                found.push(word);
            }
        }
        found
    };
    let mut types = found("variety", &ACTOR_TYPES);
    let motivations = found("motive", &MOTIVATIONS);
    if side == "internal" {
        types.extend(motivations.contains(&"revenge").then_some("insider-disgruntled"));
        types.extend(only_erred.then_some("insider-accidental"));
    }
    let names = texts(&mut actor, "name");
    let names = if names.is_empty() { vec![format!("{side} actor of {}", story.name)] } else { names };
    let names = story.bounded(names);
    let places = places(&mut actor, &format!("{place}.country"), false, story);
    let mut objects = Vec::new();
    for name in names {
        let mut object = story.new_object("threat-actor", &[side, &name]);
        object.insert("name".to_owned(), json!(name));
        if !types.is_empty() {
            object.insert("threat_actor_types".to_owned(), json!(types));
        }
        if let Some((first, rest)) = motivations.split_first() {
            object.insert("primary_motivation".to_owned(), json!(first));
            if !rest.is_empty() {
                object.insert("secondary_motivations".to_owned(), json!(rest));
            }
        }
        objects.push(object);
    }
    let mut said = Said::of(&actor, &place);
    said.labels.extend(places.unknown);
    let ids = story.put_all(objects, said);
    for id in &ids {
        for place in &places.known {
            story.relate("located-at", id, place);
        }
    }
    ids
}
