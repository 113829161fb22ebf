//! A search for events or attributes: read, and asked of each event.

use super::{RequestError, VALUES_MAX, items};
use crate::time;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// What a search asks for.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Search {
    /// Only events of these uuids, where there are any.
    pub uuids: Vec<String>,
    /// Only what was last changed at or after.
    pub from: Option<Timestamp>,
    /// Only what was last changed at or before.
    pub to: Option<Timestamp>,
    /// Which page, counted from 1.
    pub page: usize,
    /// How many on a page; all where 0.
    pub limit: usize,
    published: Option<bool>,
    info: Option<String>,
    to_ids: Option<bool>,
    deleted: bool,
    metadata: bool,
    tags: Filter,
    values: Filter,
    types: Filter,
    categories: Filter,
    organisations: Filter,
    dates: (Option<String>, Option<String>),
}

/// Words of which one must be there, and words that must not.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Filter {
    some: Vec<String>,
    none: Vec<String>,
}

impl Filter {
    pub(super) fn read(name: &str, value: &Value) -> Result<Self, RequestError> {
        let mut found = Self::default();
        match value {
            Value::Object(map) => {
                for (how, words) in map {
                    match how.as_str() {
                        "OR" => found.some.extend(texts(name, words)?),
                        "NOT" => found.none.extend(texts(name, words)?),
                        _ => return Err(RequestError::Unreadable(format!("{name}.{how}"))),
                    }
                }
            }
            other => {
                for word in texts(name, other)? {
                    match word.strip_prefix('!') {
                        Some(word) => found.none.push(word.to_owned()),
                        None => found.some.push(word),
                    }
                }
            }
        }
        Ok(found)
    }

    pub(super) fn takes(&self, words: &[&str]) -> bool {
        let has = |list: &[String]| list.iter().any(|word| words.iter().any(|found| like(word, found)));
        (self.some.is_empty() || has(&self.some)) && !has(&self.none)
    }

    fn is_any(&self) -> bool {
        self.some.is_empty() && self.none.is_empty()
    }
}

/// Whether a text is like a word that may begin and end with `%`.
fn like(word: &str, text: &str) -> bool {
    let inner = word.trim_start_matches('%').trim_end_matches('%');
    match (word.starts_with('%'), word.len() > 1 && word.ends_with('%')) {
        (false, false) => text == word,
        (true, false) => text.ends_with(inner),
        (false, true) => text.starts_with(inner),
        (true, true) => text.contains(inner),
    }
}

pub(super) fn texts(name: &str, value: &Value) -> Result<Vec<String>, RequestError> {
    let items = match value {
        Value::Array(items) => items.as_slice(),
        one => std::slice::from_ref(one),
    };
    let found: Option<Vec<String>> = items.iter().take(VALUES_MAX + 1).map(crate::observe::scalar).collect();
    found.filter(|found| found.len() <= VALUES_MAX).ok_or_else(|| RequestError::Unreadable(name.to_owned()))
}

fn is_unset(value: &Value) -> bool {
    matches!(crate::observe::scalar(value).as_deref(), Some("0" | "false"))
}

pub(super) fn flag(value: &Value) -> bool {
    matches!(crate::observe::scalar(value).unwrap_or_default().as_str(), "1" | "true")
}

/// A time as a search writes it: seconds, a time, a day, or how long ago (`7d`, `12h`, `30m`).
pub(super) fn moment(text: &str, now: Timestamp) -> Option<Timestamp> {
    if let Some(at) =
        time::from_seconds(text).or_else(|| time::from_text(text)).or_else(|| time::from_date(text))
    {
        return Some(at);
    }
    if text == "0" {
        return Some(Timestamp::UNIX_EPOCH);
    }
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let number: i64 = number.parse().ok()?;
    let seconds = match unit {
        "d" => 86_400,
        "h" => 3_600,
        "m" => 60,
        "s" => 1,
        _ => return None,
    };
    now.checked_sub(SignedDuration::from_secs(number.checked_mul(seconds)?)).ok()
}

impl Search {
    /// Reads a search. `now` is what "seven days ago" counts from.
    ///
    /// # Errors
    /// [`RequestError`]; the caller answers 400 with it.
    pub fn read(request: &Value, now: Timestamp) -> Result<Self, RequestError> {
        let request = request.as_object().ok_or(RequestError::NotAnObject)?;
        let request = request.get("request").and_then(Value::as_object).unwrap_or(request);
        let mut search = Self { page: 1, ..Self::default() };
        for (name, value) in request.iter().filter(|(_, value)| !value.is_null() && **value != json!("")) {
            search.take(name, value, now)?;
        }
        Ok(search)
    }

    fn take(&mut self, name: &str, value: &Value, now: Timestamp) -> Result<(), RequestError> {
        let unreadable = || RequestError::Unreadable(name.to_owned());
        let number = || {
            crate::observe::scalar(value).and_then(|text| text.parse::<usize>().ok()).ok_or_else(unreadable)
        };
        match name {
            "returnFormat" if value == "json" => {}
            "page" => self.page = number()?.max(1),
            "limit" => self.limit = number()?,
            "uuid" | "eventid" | "event_id" | "uuids" => self.uuids.extend(texts(name, value)?),
            "timestamp" | "event_timestamp" | "attribute_timestamp" | "publish_timestamp" | "last" => {
                let times = texts(name, value)?;
                let mut times = times.iter().map(|text| moment(text, now).ok_or_else(unreadable));
                self.from = times.next().transpose()?;
                self.to = times.next().transpose()?;
            }
            "from" | "datefrom" => self.dates.0 = Some(texts(name, value)?.concat()),
            "until" | "dateuntil" => self.dates.1 = Some(texts(name, value)?.concat()),
            "published" => self.published = Some(flag(value)),
            "eventinfo" | "event_info" => self.info = Some(texts(name, value)?.concat()),
            "to_ids" => self.to_ids = Some(flag(value)),
            "deleted" => self.deleted = texts(name, value)?.iter().any(|word| word == "1" || word == "true"),
            "metadata" => self.metadata = flag(value),
            "tags" | "tag" | "event_tags" => self.tags = Filter::read(name, value)?,
            "value" | "values" | "attribute" => self.values = Filter::read(name, value)?,
            "type" | "type_attribute" => self.types = Filter::read(name, value)?,
            "category" => self.categories = Filter::read(name, value)?,
            "org" => self.organisations = Filter::read(name, value)?,
            // What says how much of each event is told, where nothing less is told here.
            "withAttachments"
            | "includeDecayScore"
            | "includeFullModel"
            | "includeContext"
            | "includeEventUuid"
            | "includeEventTags"
            | "includeSightings"
            | "includeCorrelations"
            | "includeProposals"
            | "minimal"
            | "enforceWarninglist"
            | "sgReferenceOnly"
            | "includeEventCorrelations"
            | "excludeGalaxy"
            | "includeAllTags"
            | "noEvents"
            | "sort"
            | "direction"
            | "desc" => {}
            // A flag that is not set asks for nothing.
            _ if !matches!(value, Value::Array(_) | Value::Object(_)) && is_unset(value) => {}
            _ => return Err(RequestError::Unknown(name.to_owned())),
        }
        Ok(())
    }

    /// Whether any of its filters is about attributes.
    fn is_of_attributes(&self) -> bool {
        let filters = [&self.values, &self.types, &self.categories];
        self.to_ids.is_some() || filters.into_iter().any(|filter| !filter.is_any())
    }

    /// The events that it asks for, of those there are, on its page.
    #[must_use]
    pub fn events(&self, events: Vec<Value>) -> Vec<Value> {
        let found = events.into_iter().filter_map(|event| self.event(event));
        self.paged(found)
    }

    /// The attributes that it asks for, with the event that each is in.
    #[must_use]
    pub fn attributes(&self, events: Vec<Value>) -> Vec<Value> {
        let every = Self { limit: 0, page: 1, from: None, to: None, metadata: false, ..self.clone() };
        let mut found = Vec::new();
        for event in events.into_iter().filter_map(|event| every.event(event)) {
            let head =
                json!({ "uuid": event["uuid"], "info": event["info"], "timestamp": event["timestamp"] });
            let inner = items(&event, "Object").flat_map(|object| items(object, "Attribute"));
            for attribute in items(&event, "Attribute").chain(inner) {
                if self.takes_attribute(attribute)
                    && self.is_in_time(attribute)
                    && let Value::Object(mut attribute) = attribute.clone()
                {
                    attribute.insert("Event".to_owned(), head.clone());
                    found.push(Value::Object(attribute));
                }
            }
        }
        self.paged(found.into_iter())
    }

    fn paged(&self, found: impl Iterator<Item = Value>) -> Vec<Value> {
        match self.limit {
            0 => found.collect(),
            limit => found.skip(limit.saturating_mul(self.page - 1)).take(limit).collect(),
        }
    }

    fn is_in_time(&self, thing: &Value) -> bool {
        let at = thing["timestamp"].as_str().and_then(time::from_seconds).unwrap_or(Timestamp::UNIX_EPOCH);
        self.from.is_none_or(|from| at >= from) && self.to.is_none_or(|to| at <= to)
    }

    fn event(&self, mut event: Value) -> Option<Value> {
        let text = |name: &str| event[name].as_str().unwrap_or_default();
        let uuid = text("uuid");
        let date = text("date");
        let organisation = &event["Orgc"];
        let who: Vec<&str> =
            ["name", "uuid"].iter().filter_map(|name| organisation[*name].as_str()).collect();
        let takes = event.is_object()
            && (self.uuids.is_empty() || self.uuids.iter().any(|wanted| wanted == uuid))
            && self.is_in_time(&event)
            && self.published.is_none_or(|published| (event["published"] == true) == published)
            && self
                .info
                .as_deref()
                .is_none_or(|info| like(info, text("info")) || text("info").contains(info))
            && self.dates.0.as_deref().is_none_or(|from| date >= from)
            && self.dates.1.as_deref().is_none_or(|to| date <= to)
            && self.organisations.takes(&who)
            && self.has_tag(&event);
        if !takes {
            return None;
        }
        if self.is_of_attributes() {
            let inner = items(&event, "Object").flat_map(|object| items(object, "Attribute"));
            if !items(&event, "Attribute").chain(inner).any(|attribute| self.takes_attribute(attribute)) {
                return None;
            }
        }
        if self.metadata {
            event["Attribute"] = json!([]);
            event["Object"] = json!([]);
        } else if !self.deleted {
            undeleted(&mut event);
        }
        Some(event)
    }

    fn has_tag(&self, event: &Value) -> bool {
        if self.tags.is_any() {
            return true;
        }
        let inner = items(event, "Object").flat_map(|object| items(object, "Attribute"));
        let things = std::iter::once(event).chain(items(event, "Attribute")).chain(inner);
        let tags: Vec<&str> =
            things.flat_map(|thing| items(thing, "Tag")).filter_map(|tag| tag["name"].as_str()).collect();
        self.tags.takes(&tags)
    }

    fn takes_attribute(&self, attribute: &Value) -> bool {
        let text = |name: &str| attribute[name].as_str().unwrap_or_default();
        let parts: Vec<&str> = std::iter::once(text("value")).chain(text("value").split('|')).collect();
        self.to_ids.is_none_or(|to_ids| (attribute["to_ids"] == true) == to_ids)
            && (self.deleted || attribute["deleted"] != true)
            && self.values.takes(&parts)
            && self.types.takes(&[text("type")])
            && self.categories.takes(&[text("category")])
    }
}

/// Takes what is deleted out of an event.
fn undeleted(event: &mut Value) {
    let lives = |thing: &Value| thing["deleted"] != true;
    for list in ["Attribute", "Object"] {
        if let Some(list) = event[list].as_array_mut() {
            list.retain(lives);
        }
    }
    for object in event["Object"].as_array_mut().into_iter().flatten() {
        for list in ["Attribute", "ObjectReference"] {
            if let Some(list) = object.get_mut(list).and_then(Value::as_array_mut) {
                list.retain(lives);
            }
        }
    }
}

#[cfg(test)]
mod tests;
