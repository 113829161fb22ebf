//! How a value gets coarser, and which part of a text a token replaces.
//!
//! Every method is idempotent: what it returns it leaves alone. One that cannot read a value says so, and the
//! caller withholds the value rather than guess.

use crate::json::Node;
use crate::token::Tokens;
use regex::Regex;
use serde::Deserialize;
use std::borrow::Cow;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

/// A way to make a value coarser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Coarsening {
    /// An IPv4 address or network becomes its network of 24 bits.
    Net24,
    /// An IPv6 address or network becomes its network of 48 bits.
    Net48,
    /// An instant becomes the start of its day, UTC.
    Day,
    /// A count keeps its leading digit.
    Magnitude,
    /// A hardware address keeps its manufacturer.
    Oui,
    /// A person becomes the role in which they appear.
    Role,
}

impl Coarsening {
    /// The coarser value; `None` when the value is not of the kind that this method reads.
    pub(crate) fn apply(self, node: &Node<'_>) -> Option<Node<'static>> {
        let text = |coarse: String| Node::Text(Cow::Owned(coarse));
        match (self, node) {
            (Self::Net24, Node::Text(value)) => net24(value).map(text),
            (Self::Net48, Node::Text(value)) => net48(value).map(text),
            (Self::Day, Node::Text(value)) => day(value).map(text),
            (Self::Oui, Node::Text(value)) => oui(value).map(text),
            (Self::Role, Node::Text(_)) => Some(text("author".to_owned())),
            (Self::Magnitude, Node::Literal(value)) => {
                magnitude(value).map(|count| Node::Literal(Cow::Owned(count)))
            }
            _ => None,
        }
    }
}

fn network(value: &str, bits_max: u32) -> Option<(&str, u32)> {
    let (address, bits) = match value.split_once('/') {
        Some((address, bits)) => (address, bits.parse::<u32>().ok().filter(|bits| *bits <= bits_max)?),
        None => (value, bits_max),
    };
    Some((address, bits))
}

fn net24(value: &str) -> Option<String> {
    let (address, bits) = network(value, 32)?;
    let address = u32::from(address.parse::<Ipv4Addr>().ok()?);
    if bits <= 24 {
        return Some(value.to_owned());
    }
    Some(format!("{}/24", Ipv4Addr::from(address & 0xFFFF_FF00)))
}

fn net48(value: &str) -> Option<String> {
    let (address, bits) = network(value, 128)?;
    let address = u128::from(address.parse::<Ipv6Addr>().ok()?);
    if bits <= 48 {
        return Some(value.to_owned());
    }
    Some(format!("{}/48", Ipv6Addr::from(address >> 80 << 80)))
}

fn day(value: &str) -> Option<String> {
    static INSTANT: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"^([0-9]{4}-[0-9]{2}-[0-9]{2})T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?Z$").ok()
    });
    let date = INSTANT.as_ref()?.captures(value)?.get(1)?.as_str();
    Some(format!("{date}T00:00:00Z"))
}

fn magnitude(value: &str) -> Option<String> {
    if value.is_empty() || !value.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Some(format!("{}{}", &value[..1], "0".repeat(value.len() - 1)))
}

fn oui(value: &str) -> Option<String> {
    let octets: Vec<&str> = value.split(':').collect();
    let hex = |octet: &&str| octet.len() == 2 && octet.bytes().all(|b| b.is_ascii_hexdigit());
    if octets.len() != 6 || !octets.iter().all(hex) {
        return None;
    }
    Some(format!("{}:00:00:00", octets[..3].join(":")))
}

/// Which part of a text a token replaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Token {
    /// All of it.
    Token,
    /// The local part of an e-mail address; the domain stays.
    Email,
    /// The user's name in a path, and Windows security identifiers.
    UserSegment,
    /// Credentials are dropped from a URL; e-mail addresses in it get tokens.
    Url,
    /// A certificate's name, unless it is a domain.
    CertificateName,
    /// The personal literals of a STIX pattern, each as the property it speaks of.
    Pattern,
}

/// What a method did to the parts of a text: each value with what stands for it.
pub(crate) type Parts = Vec<(String, String)>;

impl Token {
    /// Whether it replaces parts, so that a text without such parts concerns nobody.
    #[must_use]
    pub fn is_partial(self) -> bool {
        !matches!(self, Self::Token | Self::Email)
    }

    /// The text with tokens in it. `cited` says which values an indicator cites: these are the attacker's.
    ///
    /// [`Token::Pattern`] is not done here: it needs the table (see `treat`).
    pub(crate) fn apply(
        self,
        text: &str,
        stand_in: &mut dyn FnMut(&str) -> String,
        cited: &dyn Fn(&str) -> bool,
        parts: &mut Parts,
    ) -> String {
        let mut replace = |value: &str, replacement: String| {
            parts.push((value.to_owned(), replacement.clone()));
            replacement
        };
        match self {
            Self::Token => {
                let token = stand_in(text);
                replace(text, token)
            }
            Self::Email => {
                let address = email(text, stand_in);
                replace(text, address)
            }
            Self::UserSegment => user_segment(text, stand_in, &mut replace),
            Self::Url => url(text, stand_in, cited, &mut replace),
            Self::CertificateName => certificate_name(text, stand_in, cited, &mut replace),
            Self::Pattern => text.to_owned(),
        }
    }
}

/// Applies a method with real tokens.
pub(crate) fn tokenise(
    method: Token,
    text: &str,
    tokens: &Tokens<'_>,
    cited: &dyn Fn(&str) -> bool,
    parts: &mut Parts,
) -> String {
    method.apply(text, &mut |value| tokens.of(value), cited, parts)
}

/// Whether a method finds a person in the text: for facts, which are told without a key.
pub(crate) fn finds(method: Token, text: &str, cited: &dyn Fn(&str) -> bool) -> bool {
    let mut parts = Parts::new();
    method.apply(text, &mut |_| String::from("p-"), cited, &mut parts);
    !parts.is_empty()
}

/// `local@domain` with a token for the local part, made from the whole address.
fn email(text: &str, stand_in: &mut dyn FnMut(&str) -> String) -> String {
    let Some((local, domain)) = text.rsplit_once('@').filter(|(local, _)| !local.is_empty()) else {
        return stand_in(text);
    };
    // A local part that is a token already stands for itself.
    if looks_like_token(local) {
        let same = stand_in(local);
        if same == local {
            return text.to_owned();
        }
    }
    format!("{}@{domain}", stand_in(text))
}

fn looks_like_token(text: &str) -> bool {
    text.len() == 34 && text.starts_with("p-")
}

/// Directories of a home folder's place that are nobody's.
const SHARED_FOLDERS: [&str; 5] = ["public", "default", "default user", "all users", "shared"];

fn user_segment(
    text: &str,
    stand_in: &mut dyn FnMut(&str) -> String,
    replace: &mut dyn FnMut(&str, String) -> String,
) -> String {
    static HOME: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r#"(?i)[\\/]+(?:users|home|documents and settings)[\\/]+([^\\/"'<>|:*?;\r\n]+)"#).ok()
    });
    static SID: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"\bS-1-5-21-[0-9]+-[0-9]+-[0-9]+(?:-[0-9]+)?\b").ok());
    let mut spans = Vec::new();
    for found in HOME.iter().flat_map(|home| home.captures_iter(text)) {
        let Some(name) = found.get(1) else { continue };
        let before_slash = text[name.end()..].starts_with(['\\', '/']);
        // Without a slash after it the name ends at the first space: the rest are arguments. With one, names of
        // two words exist (`Mari Kask`), but no word of a name begins with a dash or is empty.
        let words = name.as_str();
        let argument = |(at, _): &(usize, char)| {
            !before_slash
                || words[*at..].trim_start().is_empty()
                || words[*at..].trim_start().starts_with('-')
        };
        let length = words.char_indices().filter(|(_, letter)| letter.is_whitespace()).find(argument);
        let end = name.start() + length.map_or(words.len(), |(at, _)| at);
        let name = &text[name.start()..end];
        let placeholder = name.starts_with(['%', '$', '{', '[', '(', '.']);
        if !placeholder && !SHARED_FOLDERS.contains(&name.to_lowercase().as_str()) {
            spans.push((end - name.len(), end));
        }
    }
    let users: Vec<(usize, usize)> = spans.clone();
    for (start, end) in users.into_iter().filter(|(start, end)| end - start > 2) {
        spans.extend(said_again(text, &text[start..end]));
    }
    spans.extend(SID.iter().flat_map(|sid| sid.find_iter(text)).map(|sid| (sid.start(), sid.end())));
    spans.sort_unstable();
    splice(text, &spans, |name| {
        let token = stand_in(name);
        if token == name { token } else { replace(name, token) }
    })
}

/// Where the user of a home folder is named again as the account of a domain or of an option: `CORP\anna`,
/// `/user:anna`, `-u anna`. Elsewhere the same word may be anything.
fn said_again<'t>(text: &'t str, user: &'t str) -> impl Iterator<Item = (usize, usize)> + 't {
    let found = text.match_indices(user).filter(move |(at, _)| {
        let before = &text[..*at];
        let option = ["-u ", "-U ", "--user ", "-user ", "-username "];
        let announced =
            before.ends_with(['\\', '=', ':']) || option.iter().any(|option| before.ends_with(*option));
        let next = text[at + user.len()..].chars().next();
        announced
            && next
                .is_none_or(|next| !next.is_alphanumeric() && !matches!(next, '.' | '-' | '_' | '\\' | '/'))
    });
    found.take(16).map(move |(at, _)| (at, at + user.len()))
}

/// Mailboxes that run into each other are one: where the first ends nobody can say, and a token in its middle would be
/// read as another mailbox.
static ADDRESS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?:[A-Za-z0-9._+-]+(?:@|%40))+[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}").ok()
});

fn url(
    text: &str,
    stand_in: &mut dyn FnMut(&str) -> String,
    cited: &dyn Fn(&str) -> bool,
    replace: &mut dyn FnMut(&str, String) -> String,
) -> String {
    let start = text.find("://").map_or(0, |at| at + 3);
    let (mut out, rest) = (text[..start].to_owned(), &text[start..]);
    let end = if start == 0 { 0 } else { rest.find(['/', '?', '#']).unwrap_or(rest.len()) };
    let (authority, rest) = rest.split_at(end);
    match authority.rsplit_once('@') {
        Some((credentials, host)) => {
            replace(credentials, String::new());
            out.push_str(host);
        }
        None => out.push_str(authority),
    }
    out.push_str(&addresses(rest, stand_in, cited, replace));
    out
}

/// Replaces every e-mail address that no indicator cites.
fn addresses(
    text: &str,
    stand_in: &mut dyn FnMut(&str) -> String,
    cited: &dyn Fn(&str) -> bool,
    replace: &mut dyn FnMut(&str, String) -> String,
) -> String {
    let spans: Vec<_> = ADDRESS
        .iter()
        .flat_map(|address| address.find_iter(text))
        .map(|found| (found.start(), found.end()))
        .collect();
    splice(text, &spans, |found| {
        let plain = found.replace("%40", "@");
        if cited(&plain) {
            return found.to_owned();
        }
        let token = email(&plain, stand_in);
        if token == plain {
            return found.to_owned();
        }
        let token = replace(&plain, token);
        if found.contains("%40") { token.replace('@', "%40") } else { token }
    })
}

fn certificate_name(
    text: &str,
    stand_in: &mut dyn FnMut(&str) -> String,
    cited: &dyn Fn(&str) -> bool,
    replace: &mut dyn FnMut(&str, String) -> String,
) -> String {
    static PERSON: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:CN|UID|SN|GN|givenName|surname|serialNumber|pseudonym)\s*=\s*([^,/+=]+)").ok()
    });
    if !text.contains(['=', ':', '@']) {
        if is_domain(text) {
            return text.to_owned();
        }
        let token = stand_in(text);
        return if token == text { token } else { replace(text, token) };
    }
    let spans: Vec<_> = PERSON
        .iter()
        .flat_map(|person| person.captures_iter(text))
        .filter_map(|found| found.get(1))
        .map(|name| (name.start(), name.start() + name.as_str().trim_end().len()))
        .filter(|(start, end)| !is_domain(&text[*start..*end]) && !text[*start..*end].contains('@'))
        .collect();
    let named = splice(text, &spans, |name| {
        let token = stand_in(name);
        if token == name { token } else { replace(name, token) }
    });
    addresses(&named, stand_in, cited, replace)
}

fn is_domain(text: &str) -> bool {
    let text = text.strip_prefix("*.").unwrap_or(text);
    text.contains('.')
        && text.split('.').all(|label| {
            !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        })
}

/// `text` with each span, in order and apart, replaced.
fn splice(text: &str, spans: &[(usize, usize)], mut replace: impl FnMut(&str) -> String) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for &(start, end) in spans {
        if start < at {
            continue;
        }
        out.push_str(&text[at..start]);
        out.push_str(&replace(&text[start..end]));
        at = end;
    }
    out.push_str(&text[at..]);
    out
}

#[cfg(test)]
mod tests;
