//! The form in which a value is matched: both sides bring theirs into it, from a line of text or out of a STIX object.

use crate::bundle::{Bundle, Limits, Object};
use crate::json::Node;
use crate::pattern::Operator;
use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;
use zeroize::{Zeroize as _, Zeroizing};

/// The longest value: nothing that is looked for comes near 4 KiB, and RFC 9497 bounds inputs at 65,535 bytes.
pub const VALUE_LENGTH_MAX: usize = 4_096;

/// A value in its normal form. Wiped when it is dropped; `Debug` prints a length.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MatchValue {
    kind: &'static str,
    value: String,
}

impl MatchValue {
    /// The value that `text` is, of the kind that its form shows; `None` when nothing is in it, or more than
    /// [`VALUE_LENGTH_MAX`] bytes. Read as it is often written so that nobody follows it (`hxxp`, `[.]`), too.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.is_empty() || text.len() > VALUE_LENGTH_MAX {
            return None;
        }
        let text = Zeroizing::new(armed(text));
        let (kind, value) = network(&text)
            .map(|value| ("address", value))
            .or_else(|| url(&text).map(|value| ("url", value)))
            .or_else(|| email(&text).map(|value| ("email", value)))
            .or_else(|| hash(&text).map(|value| ("hash", value)))
            .or_else(|| domain(&text).map(|value| ("domain", value)))
            .unwrap_or_else(|| ("text", folded(&text)));
        // In small letters some texts are longer.
        Some(Self { kind, value }).filter(|whole| whole.value.len() <= VALUE_LENGTH_MAX)
    }

    /// What is hashed to the group: kind and value.
    pub(super) fn input(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new([DOMAIN, self.kind.as_bytes(), &[0], self.value.as_bytes()].concat())
    }

    /// Its normal form: what the asker shows to itself.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }

    /// What its form shows it to be: `address`, `url`, `email`, `hash`, `domain` or `text`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        self.kind
    }
}

/// Begins every input, so that no output stands for anything else under the same key.
const DOMAIN: &[u8] = b"comity match v1\0";

impl Drop for MatchValue {
    fn drop(&mut self) {
        self.value.zeroize();
    }
}

impl fmt::Debug for MatchValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} bytes", self.kind, self.value.len())
    }
}

/// As it would be followed.
fn armed(text: &str) -> String {
    let text = match text.get(..4) {
        Some(scheme) if scheme.eq_ignore_ascii_case("hxxp") => format!("http{}", &text[4..]),
        _ => text.to_owned(),
    };
    let mut text = text;
    // Brackets in brackets are written so too, and a normal form has none left.
    while ["[.]", "[:]", "[@]"].iter().any(|sign| text.contains(sign)) {
        text = text.replace("[.]", ".").replace("[:]", ":").replace("[@]", "@");
    }
    text
}

/// An address, or a network by its first one. The dot of a sentence that it ends is none of it, as of a name.
fn network(text: &str) -> Option<String> {
    let text = text.strip_suffix('.').unwrap_or(text);
    let (address, length) = text.split_once('/').map_or((text, None), |(a, length)| (a, Some(length)));
    let address: IpAddr = address.parse().ok()?;
    let whole = if address.is_ipv4() { 32 } else { 128 };
    let length: u32 = length.map_or(Some(whole), |length| length.parse().ok())?;
    if length > whole {
        return None;
    }
    if length == whole {
        return Some(address.to_string());
    }
    let first = match address {
        IpAddr::V4(address) => {
            IpAddr::V4((u32::from(address) & u32::MAX.checked_shl(32 - length).unwrap_or(0)).into())
        }
        IpAddr::V6(address) => {
            IpAddr::V6((u128::from(address) & u128::MAX.checked_shl(128 - length).unwrap_or(0)).into())
        }
    };
    Some(format!("{first}/{length}"))
}

/// Scheme and host in small letters, the rest as it stands: where letters count there.
fn url(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once("://")?;
    let named = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'.' | b'-');
    if scheme.is_empty() || !scheme.bytes().all(named) || text.contains(char::is_whitespace) {
        return None;
    }
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (host, path) = rest.split_at(end);
    let path = if path == "/" { "" } else { path };
    Some(format!("{}://{}{path}", scheme.to_ascii_lowercase(), host.to_lowercase()))
}

fn email(text: &str) -> Option<String> {
    let (local, host) = text.split_once('@')?;
    let whole = !local.is_empty() && !host.contains('@') && host.contains('.');
    (whole && !text.contains(char::is_whitespace)).then(|| text.to_lowercase())
}

/// Of the lengths that STIX 2.1 names hashes of, in hexadecimal.
fn hash(text: &str) -> Option<String> {
    let known = matches!(text.len(), 32 | 40 | 56 | 64 | 96 | 128);
    (known && text.bytes().all(|b| b.is_ascii_hexdigit())).then(|| text.to_ascii_lowercase())
}

fn domain(text: &str) -> Option<String> {
    let name = text.to_lowercase();
    let name = name.strip_suffix('.').unwrap_or(&name);
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'))
    };
    (name.len() <= 253 && name.contains('.') && name.split('.').all(label)).then(|| name.to_owned())
}

/// In small letters, with one space where there was any.
fn folded(text: &str) -> String {
    text.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Every value in the JSON text of STIX objects that may be looked for: what observables are known by, hashes, and the
/// literals that patterns look for. None where it does not read.
#[must_use]
pub fn match_values(json: &[u8], limits: &Limits) -> BTreeSet<MatchValue> {
    let mut found = BTreeSet::new();
    let Ok(bundle) = Bundle::parse(json, limits) else { return found };
    for object in bundle.objects() {
        of_object(object, &mut found);
    }
    found
}

fn of_object(object: &Object<'_>, found: &mut BTreeSet<MatchValue>) {
    let Node::Object(properties) = object.tree() else { return };
    // What its author took back is looked for by nobody.
    let revoked = |(name, value): &(_, Node<'_>)| {
        *name == "revoked" && matches!(value, Node::Literal(l) if l == "true")
    };
    if properties.iter().any(revoked) {
        return;
    }
    let looked_for = object.literals().iter().filter(|literal| literal.operator == Operator::Is);
    found.extend(looked_for.filter_map(|literal| MatchValue::new(&literal.value)));
    for (name, value) in properties {
        if KNOWN_BY.contains(&(object.stix_type(), name)) {
            found.extend(value.as_text().and_then(MatchValue::new));
        }
        if name == "hashes"
            && let Node::Object(hashes) = value
        {
            found.extend(hashes.iter().filter_map(|(_, hash)| MatchValue::new(hash.as_text()?)));
        }
    }
}

/// What an observable is known by, beside its hashes: STIX 2.1, section 6.
const KNOWN_BY: [(&str, &str); 11] = [
    ("ipv4-addr", "value"),
    ("ipv6-addr", "value"),
    ("domain-name", "value"),
    ("url", "value"),
    ("email-addr", "value"),
    ("mac-addr", "value"),
    ("user-account", "user_id"),
    ("user-account", "account_login"),
    ("mutex", "name"),
    ("x509-certificate", "serial_number"),
    ("windows-registry-key", "key"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn same(one: &str, other: &str) {
        let read = |text| MatchValue::new(text).map(|value| value.input());
        assert_eq!(read(one), read(other), "{one} and {other}");
        assert!(read(one).is_some());
    }

    #[test]
    fn what_is_written_otherwise_and_means_the_same_meets() {
        same(" 203.0.113.7 ", "203.0.113[.]7");
        same("203[[.]]0.113.7", "203.0.113.7");
        same("203.0.113.7/32", "203.0.113.7");
        same("203.0.113.7.", "203.0.113.7");
        same("203.0.113.7/24", "203.0.113.0/24");
        same("0.0.0.0/0", "203.0.113.7/0");
        same("2001:DB8:0:0::1", "2001:db8::1");
        same("Evil.Example.", "evil.example");
        same("hxxps://Evil[.]Example/A?b", "https://evil.example/A?b");
        same("https://evil.example/", "https://evil.example");
        same("Mari@Example.EE", "mari@example.ee");
        same("D41D8CD98F00B204E9800998ECF8427E", "d41d8cd98f00b204e9800998ecf8427e");
        same("Global\\\\Some  Mutex", "global\\\\some mutex");
    }

    #[test]
    fn what_means_another_thing_does_not() {
        let read = |text| MatchValue::new(text).unwrap().input();
        assert_ne!(read("https://evil.example/A"), read("https://evil.example/a"), "a path has its letters");
        assert_ne!(read("203.0.113.7"), read("203.0.113.0/24"));
        assert_ne!(read("evil.example"), read("https://evil.example"));
        assert_eq!(MatchValue::new(" \t"), None);
        assert_eq!(MatchValue::new(&"a".repeat(VALUE_LENGTH_MAX + 1)), None);
        assert_eq!(MatchValue::new("203.0.113.7/33").unwrap().kind(), "text");
    }

    #[test]
    fn a_bundle_gives_what_its_observables_and_patterns_look_for() {
        let bundle = br#"{"type":"bundle","id":"bundle--0a4c1f4e-6b43-4d4f-8f8e-0a4c1f4e6b43","objects":[
            {"type":"indicator","spec_version":"2.1","id":"indicator--0a4c1f4e-6b43-4d4f-8f8e-0a4c1f4e6b44","created":"2026-01-01T00:00:00Z",
             "modified":"2026-01-01T00:00:00Z","pattern_type":"stix","valid_from":"2026-01-01T00:00:00Z",
             "pattern":"[ipv4-addr:value = '203.0.113.7' AND domain-name:value != 'good.example']"},
            {"type":"file","spec_version":"2.1","id":"file--5f1ed1ee-6b43-5d4f-8f8e-0a4c1f4e6b45","name":"a.exe",
             "hashes":{"MD5":"d41d8cd98f00b204e9800998ecf8427e"}},
            {"type":"domain-name","spec_version":"2.1","id":"domain-name--5f1ed1ee-6b43-5d4f-8f8e-0a4c1f4e6b46","value":"evil.example"}]}"#;
        let found = match_values(bundle, &Limits::default());
        let wanted = ["203.0.113.7", "d41d8cd98f00b204e9800998ecf8427e", "evil.example"];
        assert_eq!(found, wanted.into_iter().filter_map(MatchValue::new).collect());
        assert_eq!(match_values(b"no json", &Limits::default()), BTreeSet::new());
    }

    #[test]
    fn debug_shows_no_value() {
        assert_eq!(format!("{:?}", MatchValue::new("mari@example.ee").unwrap()), "email of 15 bytes");
    }
}
