//! Warning lists: addresses and names that serve everybody, so that acting on one touches people whom nobody
//! targets: public resolvers, mail providers, private ranges.
//!
//! Owns the format and the looking up. Which lists there are is data: those in `data/warning-lists/`, and others that
//! the shell reads and hands over. What a hit means is for law to say.
//!
//! ```json
//! {"name":"…","description":"…","version":1,"type":"string|substring|hostname|cidr|regex","list":["…"],
//!  "matching_attributes":["ip-dst","domain","url","email-src","md5",…]}
//! ```
//! `string`: the value itself; `substring`: in it; `hostname`: it or a name above it; `cidr`: the range it lies in;
//! `regex`: `/…/flags`, of which `i` counts. Source: the format of MISP's warning lists.

use crate::bundle::{Bundle, Object};
use crate::graph::Subjects;
use crate::json::Node;
use crate::pattern::Operator;
use crate::table::PathTable;
use aho_corasick::AhoCorasick;
use regex::{Regex, RegexBuilder};
use serde::Deserialize;
use std::collections::HashSet;
use std::net::IpAddr;

/// Why a list was not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("warning list {list}: {text}")]
pub struct WarningListError {
    /// The list: its file, or its name.
    pub list: String,
    /// What is wrong with it.
    pub text: String,
}

/// What a value is, as lists know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listed {
    /// The address of a machine.
    Address,
    /// A domain or the name of a host.
    Host,
    /// A URL: its host is looked up, too.
    Url,
    /// An e-mail address: its domain is looked up, too.
    Mail,
    /// The digest of a file.
    Digest,
}

#[derive(Deserialize)]
struct File {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    list: Vec<String>,
    #[serde(default)]
    matching_attributes: Vec<String>,
}

/// One list.
struct List {
    name: String,
    matcher: Matcher,
    addresses: bool,
    hosts: bool,
    urls: bool,
    mails: bool,
    digests: bool,
}

enum Matcher {
    Exact(HashSet<String>),
    Within(AhoCorasick),
    Host(HashSet<String>),
    Range(Ranges),
    Pattern(Vec<Regex>),
}

/// Ranges of addresses by the length of their prefix: one look per length that occurs.
#[derive(Default)]
struct Ranges {
    four: Vec<(u32, HashSet<u32>)>,
    six: Vec<(u32, HashSet<u128>)>,
}

/// Every list that is looked at.
#[derive(Default)]
pub struct WarningLists {
    lists: Vec<List>,
}

impl std::fmt::Debug for WarningLists {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} warning lists", self.lists.len())
    }
}

/// The lists that ship with Comity.
const SHIPPED: [(&str, &str); 4] = [
    ("private-ranges", include_str!("../data/warning-lists/private-ranges.json")),
    ("public-resolvers", include_str!("../data/warning-lists/public-resolvers.json")),
    ("mail-providers", include_str!("../data/warning-lists/mail-providers.json")),
    ("shared-services", include_str!("../data/warning-lists/shared-services.json")),
];

impl WarningLists {
    /// The lists that ship with Comity.
    ///
    /// # Errors
    /// [`WarningListError`] only if a shipped file is broken, which a test excludes.
    pub fn shipped() -> Result<Self, WarningListError> {
        let mut lists = Self::default();
        for (name, text) in SHIPPED {
            lists.add(name, text.as_bytes())?;
        }
        Ok(lists)
    }

    /// Adds the list that `bytes` hold; `file` names it in errors.
    ///
    /// # Errors
    /// [`WarningListError`] says what is wrong; callers refuse to start with such a list.
    pub fn add(&mut self, file: &str, bytes: &[u8]) -> Result<(), WarningListError> {
        let fail = |text: String| WarningListError { list: file.to_owned(), text };
        let read: File = serde_json::from_slice(bytes).map_err(|e| fail(e.to_string()))?;
        let lower =
            || read.list.iter().map(|entry| entry.trim().to_lowercase()).filter(|entry| !entry.is_empty());
        let matcher = match read.kind.as_str() {
            "string" => Matcher::Exact(lower().collect()),
            "substring" => Matcher::Within(AhoCorasick::new(lower()).map_err(|e| fail(e.to_string()))?),
            "hostname" => {
                Matcher::Host(lower().map(|entry| entry.trim_start_matches('.').to_owned()).collect())
            }
            "cidr" => Matcher::Range(
                Ranges::read(lower()).map_err(|entry| fail(format!("`{entry}` is no range of addresses")))?,
            ),
            "regex" => Matcher::Pattern(
                read.list
                    .iter()
                    .map(|entry| pattern(entry).ok_or_else(|| fail(format!("`{entry}` is no pattern"))))
                    .collect::<Result<_, _>>()?,
            ),
            other => return Err(fail(format!("unknown type `{other}`"))),
        };
        let about = |words: &[&str]| {
            read.matching_attributes.is_empty()
                || read
                    .matching_attributes
                    .iter()
                    .any(|attribute| words.iter().any(|word| attribute.contains(word)))
        };
        self.lists.push(List {
            addresses: about(&["ip-", "ip|", "|ip"]) || matches!(matcher, Matcher::Range(_)),
            hosts: about(&["domain", "hostname"]),
            urls: about(&["url", "uri", "domain", "hostname", "link"]),
            mails: about(&["email", "domain", "target-"]),
            digests: about(&["md5", "sha1", "sha256", "sha512"]),
            name: read.name.clone(),
            matcher,
        });
        Ok(())
    }

    /// How many lists there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lists.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lists.is_empty()
    }

    /// The name of the first list that `value` is on.
    #[must_use]
    pub fn hit(&self, what: Listed, value: &str) -> Option<&str> {
        let value = value.trim().to_lowercase();
        let host = match what {
            Listed::Url => host_of(&value),
            Listed::Mail => value.rsplit_once('@').map(|(_, domain)| domain),
            Listed::Host => Some(value.trim_end_matches('.')),
            Listed::Address | Listed::Digest => None,
        };
        let on = |list: &&List| {
            let asked = match what {
                Listed::Address => list.addresses,
                Listed::Host => list.hosts,
                Listed::Url => list.urls,
                Listed::Mail => list.mails,
                Listed::Digest => list.digests,
            };
            asked && list.matcher.holds(&value, host)
        };
        self.lists.iter().find(on).map(|list| list.name.as_str())
    }
}

impl Matcher {
    fn holds(&self, value: &str, host: Option<&str>) -> bool {
        match self {
            Self::Exact(all) => all.contains(value) || host.is_some_and(|host| all.contains(host)),
            Self::Within(all) => all.is_match(value),
            Self::Host(all) => {
                let Some(mut name) = host else { return all.contains(value) };
                loop {
                    if all.contains(name) {
                        return true;
                    }
                    match name.split_once('.') {
                        Some((_, above)) => name = above,
                        None => return false,
                    }
                }
            }
            Self::Range(ranges) => ranges.holds(host.unwrap_or(value)),
            Self::Pattern(all) => all.iter().any(|pattern| pattern.is_match(value)),
        }
    }
}

impl Ranges {
    fn read(entries: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut ranges = Self::default();
        for entry in entries {
            let (address, length) =
                entry.split_once('/').map_or((entry.as_str(), None), |(a, l)| (a, Some(l)));
            let (Ok(address), Ok(length)) =
                (address.parse::<IpAddr>(), length.map(str::parse::<u32>).transpose())
            else {
                return Err(entry);
            };
            match address {
                IpAddr::V4(address) => {
                    let length = length.unwrap_or(32);
                    if length > 32 {
                        return Err(entry);
                    }
                    put(&mut ranges.four, length, cut4(address.to_bits(), length));
                }
                IpAddr::V6(address) => {
                    let length = length.unwrap_or(128);
                    if length > 128 {
                        return Err(entry);
                    }
                    put(&mut ranges.six, length, cut6(address.to_bits(), length));
                }
            }
        }
        Ok(ranges)
    }

    fn holds(&self, value: &str) -> bool {
        // A range is on the list when it lies in one that is.
        let (address, most) =
            value.split_once('/').map_or((value, None), |(a, l)| (a, l.parse::<u32>().ok()));
        match address.parse() {
            Ok(IpAddr::V4(address)) => self.four.iter().any(|(length, all)| {
                most.is_none_or(|most| *length <= most) && all.contains(&cut4(address.to_bits(), *length))
            }),
            Ok(IpAddr::V6(address)) => self.six.iter().any(|(length, all)| {
                most.is_none_or(|most| *length <= most) && all.contains(&cut6(address.to_bits(), *length))
            }),
            Err(_) => false,
        }
    }
}

fn put<T: Eq + std::hash::Hash>(all: &mut Vec<(u32, HashSet<T>)>, length: u32, range: T) {
    match all.iter_mut().find(|(known, _)| *known == length) {
        Some((_, ranges)) => {
            ranges.insert(range);
        }
        None => all.push((length, HashSet::from([range]))),
    }
}

fn cut4(bits: u32, length: u32) -> u32 {
    bits.checked_shr(32 - length).unwrap_or(0)
}

fn cut6(bits: u128, length: u32) -> u128 {
    bits.checked_shr(128 - length).unwrap_or(0)
}

/// `/…/flags` as an expression; an expression without slashes as it is.
fn pattern(entry: &str) -> Option<Regex> {
    let (expression, flags) = match entry.strip_prefix('/').and_then(|rest| rest.rsplit_once('/')) {
        Some((expression, flags)) => (expression, flags),
        None => (entry, ""),
    };
    RegexBuilder::new(&expression.replace("\\@", "@").replace("\\/", "/"))
        .case_insensitive(flags.contains('i'))
        .size_limit(1 << 20)
        .build()
        .ok()
}

/// The host of a URL.
fn host_of(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    match host.strip_prefix('[') {
        Some(six) => six.split_once(']').map(|(address, _)| address),
        None => Some(host.split(':').next().unwrap_or(host)),
    }
}

/// A value of the attacker's side that is on a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// Its object's position in [`Bundle::objects`].
    pub index: usize,
    /// The property that holds it.
    pub path: &'static str,
    /// The list.
    pub list: String,
}

/// What an indicator looks for, and what lies on the attacker's side, as far as it is on one of `lists`; each
/// object and list once.
#[must_use]
pub fn warnings(bundle: &Bundle<'_>, table: &PathTable, lists: &WarningLists) -> Vec<Warning> {
    let subjects = Subjects::read(bundle, table, &|_| true);
    let objects = bundle.objects().iter().enumerate();
    objects.flat_map(|(index, object)| of_object(index, object, &subjects, lists)).collect()
}

/// The warnings about one object.
pub(crate) fn of_object(
    index: usize,
    object: &Object<'_>,
    subjects: &Subjects,
    lists: &WarningLists,
) -> Vec<Warning> {
    let mut found: Vec<Warning> = Vec::new();
    let mut look = |path: &'static str, stix_type: &str, value: &str| {
        let Some(what) = listed(stix_type, value) else { return };
        if let Some(list) = lists.hit(what, value)
            && !found.iter().any(|warning| warning.list == list)
        {
            found.push(Warning { index, path, list: list.to_owned() });
        }
    };
    let tree = object.tree();
    for literal in object.literals() {
        if literal.operator == Operator::Is {
            look("pattern", literal.stix_type(), &literal.value);
        }
    }
    if subjects.is_attacker(object.ident()) {
        if let Some(value) = tree.get("value").and_then(Node::as_text) {
            look("value", object.stix_type(), value);
        }
        if let Some(Node::Object(hashes)) = tree.get("hashes") {
            for (_, value) in hashes {
                look("hashes", object.stix_type(), value.as_text().unwrap_or_default());
            }
        }
    }
    found
}

/// What a value of this type is, as lists know it.
fn listed(stix_type: &str, value: &str) -> Option<Listed> {
    match stix_type {
        "ipv4-addr" | "ipv6-addr" => Some(Listed::Address),
        "domain-name" => Some(Listed::Host),
        "url" => Some(Listed::Url),
        "email-addr" | "email-message" => value.contains('@').then_some(Listed::Mail),
        "network-traffic" => value
            .split('/')
            .next()
            .is_some_and(|part| part.parse::<IpAddr>().is_ok())
            .then_some(Listed::Address),
        "file" | "artifact" => {
            (value.len() >= 32 && value.bytes().all(|b| b.is_ascii_hexdigit())).then_some(Listed::Digest)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
