//! CISA's catalogue of known exploited vulnerabilities (KEV) to STIX 2.1.
//!
//! | KEV | STIX 2.1 |
//! |---|---|
//! | the catalogue | `report` of that release, by CISA's `identity`, over everything in it |
//! | vulnerability | `vulnerability`, name the CVE id; CVE, CWEs and the notes' links as external references |
//! | `dateAdded` | `created`, and label `kev:date_added="…"` |
//! | `dueDate`, `knownRansomwareCampaignUse` | labels `kev:due_date="…"`, `kev:known_ransomware_campaign_use="…"` |
//! | `vendorProject`, `product` | `software`, `related-to` the vulnerability |
//! | `requiredAction` | `course-of-action`, one for each text, `mitigates` the vulnerability |
//!
//! The catalogue is public: everything in it bears TLP:CLEAR.

mod shape;

use crate::left::Reason;
use crate::shape::{Findings, read};
use crate::writer::Writer;
use crate::{ImportError, Imported, Limits, bundle, id, marking, new_object, relationship, time};
use serde_json::{Map, Value, json};
use std::collections::HashMap;

const CISA: &str = "Cybersecurity and Infrastructure Security Agency";
const SITE: &str = "https://www.cisa.gov/known-exploited-vulnerabilities-catalog";

/// The day of the first catalogue: what stands in it under an id of its content (its author, a required action) never
/// changes, and has no other date.
const BEGUN: &str = "2021-11-03T00:00:00.000Z";

/// The most characters of a name that is made of a text.
const NAME_MAX: usize = 120;

/// A STIX 2.1 bundle of a catalogue. The same catalogue gives the same bundle; a vulnerability keeps its id from release
/// to release.
///
/// # Errors
/// [`ImportError`], and nothing is converted.
pub fn to_stix(bytes: &[u8], limits: &Limits) -> Result<Imported, ImportError> {
    let value = crate::read::parse(bytes, limits, &[])?;
    if value.get("vulnerabilities").is_none() {
        return Err(ImportError::Other("no KEV catalogue: `vulnerabilities` is not there"));
    }
    let mut found = Findings::default();
    let catalogue = read(value, &shape::CATALOGUE, "", &mut found).unwrap_or_default();
    let entries = catalogue["vulnerabilities"].as_array().map_or(&[][..], Vec::as_slice);
    named_once(entries, &mut found);
    let (left, none) = (found.end()?, Vec::new());
    let entries = catalogue["vulnerabilities"].as_array().unwrap_or(&none);

    let mut release = Release::new(&catalogue);
    release.writer.left = left;
    for entry in entries {
        release.vulnerability(entry);
    }
    if catalogue["count"].as_u64() != u64::try_from(entries.len()).ok() {
        release.writer.left.add("/count", Reason::Unreadable);
    }
    let version = text(&catalogue, "catalogVersion");
    let seed = ["kev", "catalogue", version, release.released.as_str()].map(str::to_owned);
    release.report(&catalogue, &seed.each_ref().map(String::as_str));
    Ok(bundle(&seed.each_ref().map(String::as_str), release.writer, entries.len()))
}

/// A vulnerability stands in a catalogue once; two that say different things under one id would be one object.
fn named_once(entries: &[Value], found: &mut Findings) {
    let mut seen = HashMap::new();
    for (index, entry) in entries.iter().enumerate() {
        if let Some(name) = entry.get("cveID").and_then(Value::as_str)
            && seen.insert(name, index).is_some()
        {
            found.trouble(&format!("/vulnerabilities/{index}/cveID"), "was there before");
        }
    }
}

fn text<'a>(map: &'a Value, name: &str) -> &'a str {
    map.get(name).and_then(Value::as_str).unwrap_or_default()
}

struct Release {
    writer: Writer,
    author: String,
    mark: String,
    released: String,
    refs: Vec<String>,
}

impl Release {
    fn new(catalogue: &Value) -> Self {
        let mut writer = Writer::default();
        let mark = marking::tlp("tlp:clear").map(|clear| writer.put(clear)).unwrap_or_default();
        let author = format!("identity--{}", id::derived(&["kev", CISA]));
        let released = text(catalogue, "dateReleased").parse().map(time::stix).unwrap_or_default();
        let mut cisa = new_object(&author, BEGUN, BEGUN);
        cisa.insert("name".to_owned(), json!(CISA));
        cisa.insert("identity_class".to_owned(), json!("organization"));
        cisa.insert("sectors".to_owned(), json!(["government-national"]));
        cisa.insert("object_marking_refs".to_owned(), json!([mark]));
        writer.put(cisa);
        Self { writer, author, mark, released, refs: Vec::new() }
    }

    fn put(&mut self, mut object: Map<String, Value>) -> String {
        object.insert("object_marking_refs".to_owned(), json!([self.mark]));
        if object.contains_key("created") {
            object.insert("created_by_ref".to_owned(), json!(self.author));
        }
        let id = object.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        if !self.writer.has(&id) {
            self.refs.push(id);
        }
        self.writer.put(object)
    }

    fn vulnerability(&mut self, entry: &Value) {
        let name = text(entry, "cveID");
        let added = time::from_date(text(entry, "dateAdded")).map(time::stix).unwrap_or_default();
        // What is said of a vulnerability may change with every release.
        let changed = self.released.clone().max(added.clone());
        let vulnerability = format!("vulnerability--{}", id::derived(&["kev", name]));
        let mut object = new_object(&vulnerability, &added, &changed);
        object.insert("name".to_owned(), json!(name));
        let description =
            format!("{}: {}", text(entry, "vulnerabilityName"), text(entry, "shortDescription"));
        object.insert("description".to_owned(), json!(description));
        object.insert("labels".to_owned(), json!(labels(entry)));
        object.insert("external_references".to_owned(), json!(references(entry)));
        self.put(object);

        let software = self.software(entry);
        let affected = relationship("related-to", &software, &vulnerability, &added, &added);
        self.put(affected);
        let action = self.action(text(entry, "requiredAction"));
        let mitigates = relationship("mitigates", &action, &vulnerability, &added, &added);
        self.put(mitigates);
    }

    fn software(&mut self, entry: &Value) -> String {
        let mut object = Map::new();
        object.insert("type".to_owned(), json!("software"));
        object.insert("spec_version".to_owned(), json!("2.1"));
        object.insert("name".to_owned(), json!(text(entry, "product")));
        object.insert("vendor".to_owned(), json!(text(entry, "vendorProject")));
        let id = id::observable(&object, "");
        object.insert("id".to_owned(), json!(id));
        self.put(object)
    }

    fn action(&mut self, required: &str) -> String {
        let id = format!("course-of-action--{}", id::derived(&["kev", "requiredAction", required]));
        let mut object = new_object(&id, BEGUN, BEGUN);
        object.insert("name".to_owned(), json!(name_of(required)));
        object.insert("description".to_owned(), json!(required));
        self.put(object)
    }

    fn report(&mut self, catalogue: &Value, seed: &[&str]) {
        let version = text(catalogue, "catalogVersion");
        let title = Some(text(catalogue, "title")).filter(|title| !title.is_empty());
        let title = title.unwrap_or("Known exploited vulnerabilities");
        let id = format!("report--{}", id::derived(seed));
        let mut object = new_object(&id, &self.released, &self.released);
        object.insert("name".to_owned(), json!(format!("{title}, {version}")));
        object.insert("report_types".to_owned(), json!(["vulnerability"]));
        object.insert("published".to_owned(), json!(self.released));
        let reference = json!({ "source_name": "cisa-kev", "url": SITE, "external_id": version });
        object.insert("external_references".to_owned(), json!([reference]));
        let about =
            if self.refs.is_empty() { vec![self.author.clone()] } else { std::mem::take(&mut self.refs) };
        object.insert("object_refs".to_owned(), json!(about));
        self.put(object);
    }
}

fn labels(entry: &Value) -> Vec<String> {
    let keys = [
        ("date_added", "dateAdded"),
        ("due_date", "dueDate"),
        ("known_ransomware_campaign_use", "knownRansomwareCampaignUse"),
    ];
    let said = keys.into_iter().filter(|(_, name)| entry.get(*name).is_some());
    said.map(|(key, name)| format!("kev:{key}=\"{}\"", text(entry, name).trim())).collect()
}

/// The text, or as many whole words of it as a name may have.
fn name_of(text: &str) -> String {
    let Some((end, _)) = text.char_indices().nth(NAME_MAX) else { return text.to_owned() };
    let cut = &text[..end];
    let cut = cut.rsplit_once(' ').map_or(cut, |(whole, _)| whole);
    format!("{}…", cut.trim_end_matches([',', ';', ' ']))
}

fn references(entry: &Value) -> Vec<Value> {
    let mut found = vec![json!({ "source_name": "cve", "external_id": text(entry, "cveID") })];
    for weakness in entry.get("cwes").and_then(Value::as_array).into_iter().flatten() {
        let weakness = json!({ "source_name": "cwe", "external_id": weakness });
        if !found.contains(&weakness) {
            found.push(weakness);
        }
    }
    found.extend(text(entry, "notes").split(';').flat_map(note));
    found
}

/// A part of the notes: links alone each by itself; words with what they say, and the link that they end with.
fn note(part: &str) -> Vec<Value> {
    let part = part.trim();
    let is_link = |word: &str| word.starts_with("https://") || word.starts_with("http://");
    let link = |word: &str| is_link(word) && crate::value::is_valid("url", word);
    let mut words = part.split([' ', ',']).filter(|word| !word.is_empty());
    if part.is_empty() {
        Vec::new()
    } else if words.all(link) {
        let links = part.split([' ', ',']).filter(|word| !word.is_empty());
        links.map(|url| json!({ "source_name": "cisa-kev", "url": url })).collect()
    } else {
        match part.rsplit_once(' ').filter(|(_, last)| link(last)) {
            Some((said, url)) => {
                let said = said.trim();
                vec![json!({ "source_name": "cisa-kev", "description": said, "url": url })]
            }
            None => vec![json!({ "source_name": "cisa-kev", "description": part })],
        }
    }
}
