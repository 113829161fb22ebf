//! What a client asks for by the query of a URL: filters and pages (TAXII 2.1 sections 3.4 and 3.5).

use super::refusal::Refusal;
use comity_exchange::collect::Tags;
use comity_exchange::ports::{Stream, VersionWanted, Wanted};
use comity_terms::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// The most alternatives in one filter.
const ALTERNATIVES_MAX: usize = 200;

/// What is asked for. What the standard does not name is left alone.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Query {
    added_after: Option<Timestamp>,
    limit: Option<u32>,
    next: Option<Timestamp>,
    ids: Vec<String>,
    types: Vec<String>,
    versions: Vec<VersionWanted>,
    /// Whether objects of STIX 2.1 are among those asked for.
    others_only: bool,
    dry_run: bool,
}

impl Query {
    /// The query of a URL.
    ///
    /// # Errors
    /// 400, naming the parameter that does not read, or stands twice.
    pub fn read(raw: Option<&str>) -> Result<Self, Refusal> {
        let mut query = Self::default();
        let mut seen: Vec<String> = Vec::new();
        for (key, value) in form_urlencoded::parse(raw.unwrap_or_default().as_bytes()) {
            let wrong = |what: &str| Refusal::malformed(format!("`{key}`: {what}"));
            if value.contains('\u{FFFD}') {
                return Err(wrong("not UTF-8"));
            }
            if !KNOWN.contains(&&*key) {
                continue;
            }
            if seen.iter().any(|seen| *seen == key) {
                return Err(wrong("stands twice; alternatives are one list with commas"));
            }
            let alternatives = || -> Result<Vec<String>, Refusal> {
                let all: Vec<String> = value.split(',').map(|one| one.trim().to_owned()).collect();
                if all.iter().any(String::is_empty) || all.len() > ALTERNATIVES_MAX {
                    return Err(wrong("expected 1 to 200 words with commas between them"));
                }
                Ok(all)
            };
            match &*key {
                "added_after" => query.added_after = Some(instant(&value).ok_or_else(|| wrong(INSTANT))?),
                "next" => query.next = Some(place(&value).ok_or_else(|| wrong("not one that was given"))?),
                "limit" => {
                    query.limit =
                        Some(limit(&value).ok_or_else(|| wrong("expected a whole number above 0"))?);
                }
                "match[id]" => query.ids = alternatives()?,
                "match[type]" => query.types = alternatives()?,
                DRY_RUN => query.dry_run = truth(&value).ok_or_else(|| wrong(TRUTH))?,
                "match[spec_version]" => {
                    query.others_only = !alternatives()?.iter().any(|version| version == "2.1");
                }
                _ => {
                    let read = alternatives()?.iter().map(|one| wanted(one)).collect::<Option<Vec<_>>>();
                    query.versions = read.ok_or_else(|| wrong("expected first, last, all or an instant"))?;
                }
            }
            seen.push(key.into_owned());
        }
        Ok(query)
    }

    /// What is asked of a stream, 1 to `most` objects of it; `None` when nothing there can be meant.
    #[must_use]
    pub fn wanted(&self, stream: Stream, tags: &Tags, most: u32) -> Option<Wanted> {
        (!self.others_only).then(|| Wanted {
            stream,
            added_after: self.added_after,
            after: self.next,
            objects: self.ids.iter().map(|id| tags.object(id)).collect(),
            types: self.types.clone(),
            versions: if self.versions.is_empty() {
                vec![VersionWanted::Last]
            } else {
                self.versions.clone()
            },
            limit: self.limit.unwrap_or(most).min(most),
        })
    }

    /// The same of one object.
    pub(super) fn of_object(self, id: &str) -> Self {
        Self { ids: vec![id.to_owned()], ..self }
    }

    /// The same, of every version.
    pub(super) fn of_all_versions(self) -> Self {
        Self { versions: vec![VersionWanted::All], ..self }
    }

    /// The versions that are asked for; none when the query says nothing of them.
    pub(super) fn versions(&self) -> &[VersionWanted] {
        &self.versions
    }

    /// Whether it is only to be told what would come of it. The standard does not name this one: it is ours.
    pub(super) fn dry_run(&self) -> bool {
        self.dry_run
    }

    /// Whether objects of STIX 2.1 are not among those asked for.
    pub(super) fn means_nothing_here(&self) -> bool {
        self.others_only
    }
}

const DRY_RUN: &str = "dry_run";

const KNOWN: [&str; 8] = [
    "added_after",
    "limit",
    "next",
    "match[id]",
    "match[type]",
    "match[spec_version]",
    "match[version]",
    DRY_RUN,
];

const TRUTH: &str = "expected true or false";

const INSTANT: &str = "expected an instant: RFC 3339, UTC, `2026-11-26T08:00:00Z`";

/// An instant as TAXII and STIX write it: UTC with `Z`. Of the last day of 9999, which tools write for ever, the last that can
/// be told: nothing here is later.
fn instant(text: &str) -> Option<Timestamp> {
    let civil = text.strip_suffix('Z')?;
    let (_, time) = civil.split_at_checked(10)?;
    let plain = |byte: u8| byte.is_ascii_digit() || matches!(byte, b':' | b'.');
    let civil: DateTime =
        time.strip_prefix('T').filter(|time| time.bytes().all(plain)).and(civil.parse().ok())?;
    Some(TimeZone::UTC.to_timestamp(civil).unwrap_or(Timestamp::MAX))
}

fn truth(text: &str) -> Option<bool> {
    text.parse().ok()
}

/// A number above 0: one that is greater than any page is as good as the greatest.
fn limit(text: &str) -> Option<u32> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u32::MAX)).filter(|limit| *limit > 0)
}

fn wanted(text: &str) -> Option<VersionWanted> {
    Some(match text {
        "last" => VersionWanted::Last,
        "first" => VersionWanted::First,
        "all" => VersionWanted::All,
        at => VersionWanted::Exactly(instant(at)?),
    })
}

/// Where a page ended, as a client gives it back: 16 hexadecimal digits.
pub(super) fn next_of(place: Timestamp) -> String {
    format!("{:016x}", place.as_microsecond())
}

fn place(next: &str) -> Option<Timestamp> {
    let digits = next.len() == 16 && next.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let microseconds = digits.then(|| i64::from_str_radix(next, 16).ok()).flatten()?;
    Timestamp::from_microsecond(microseconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_read_is_named() {
        for raw in [
            "added_after=yesterday",
            "added_after=2026-11-26",
            "added_after=2026-11-26T08:00:00",
            "added_after=2026-11-26T08:00:00%2B02:00",
            "added_after=2026-11-26T08:00:00-02:00Z",
            "added_after=2026-11-26T24:61:00Z",
            "added_after=",
            "limit=0",
            "limit=-1",
            "limit=ten",
            "limit=",
            "limit=1.5",
            "limit=%2B1",
            "limit=1&limit=2",
            "next=1",
            "next=zzzzzzzzzzzzzzzz",
            "match[version]=newest",
            "match[version]=",
            "match[type]=indicator,,malware",
            "match%5Btype%5D=indicator&match[type]=malware",
            "match[id]=%ff",
        ] {
            assert!(Query::read(Some(raw)).is_err(), "{raw}");
        }
    }

    #[test]
    fn what_reads_is_asked() {
        let query = Query::read(Some(
            "match[type]=indicator,malware&match%5Bversion%5D=first,last&added_after=2026-11-26T08:00:00.5Z&limit=7&other=1",
        ));
        let query = query.unwrap();
        assert_eq!(query.types, ["indicator", "malware"]);
        assert_eq!(query.versions, [VersionWanted::First, VersionWanted::Last]);
        assert_eq!(query.limit, Some(7));
        assert_eq!(
            Query::read(Some("limit=99999999999")).unwrap().limit,
            Some(u32::MAX),
            "as many as a page has"
        );
        assert_eq!(query.added_after, Some("2026-11-26T08:00:00.5Z".parse().unwrap()));
        let ever = Query::read(Some("added_after=9999-12-31T23:59:59Z")).unwrap();
        assert_eq!(ever.added_after, Some(Timestamp::MAX));
        assert!(Query::read(Some("match[spec_version]=2.0")).unwrap().means_nothing_here());
        assert!(!Query::read(Some("match[spec_version]=2.0,2.1")).unwrap().means_nothing_here());
        let place: Timestamp = "2026-11-26T08:00:00.123456Z".parse().unwrap();
        assert_eq!(Query::read(Some(&format!("next={}", next_of(place)))).unwrap().next, Some(place));
    }
}
