//! One form for each identifier, whoever wrote it down: the person who asks, or the tool that made the record.
//!
//! | kind | form |
//! |---|---|
//! | `email` | lower case, without `mailto:` |
//! | `phone` | digits alone, without `+` or `00` before the country |
//! | `account` | lower case, without the domain of `DOMAIN\name` |
//! | `national_id` | letters and digits alone, upper case |
//! | `name` | words in lower case, in alphabetical order: `Kask, Mari` is `Mari Kask` |
//! | `pseudonym` | as it was written |
//!
//! All are brought to Unicode's form NFKC first.

use super::IdentifierKind;
use unicode_normalization::UnicodeNormalization as _;

/// The longest text that identifies anybody; a longer one is none.
const LENGTH_MAX: usize = 512;

pub(super) fn normalised(kind: IdentifierKind, text: &str) -> Option<String> {
    let text = text.trim();
    if text.is_empty() || text.len() > LENGTH_MAX {
        return None;
    }
    let text: String = text.nfkc().collect();
    match kind {
        IdentifierKind::Email => email(&text),
        IdentifierKind::Phone => phone(&text),
        IdentifierKind::Account => account(&text),
        IdentifierKind::NationalId => national_id(&text),
        IdentifierKind::Name => name(&text),
        IdentifierKind::Pseudonym => is_pseudonym(&text).then_some(text),
    }
}

fn email(text: &str) -> Option<String> {
    let lower = text.to_lowercase();
    let address = lower.strip_prefix("mailto:").unwrap_or(&lower);
    let (local, domain) = address.rsplit_once('@')?;
    let whole = !local.is_empty() && !domain.is_empty() && !address.contains(char::is_whitespace);
    // What stands for an address names nobody by itself: its pseudonym is found.
    (whole && !is_pseudonym(local)).then(|| address.to_owned())
}

/// Fewer digits are an extension; more than E.164 has are no number.
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 6..=15;

fn phone(text: &str) -> Option<String> {
    let shaped = text.chars().all(|c| c.is_ascii_digit() || " +-()./\u{2011}".contains(c));
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let digits = match digits.strip_prefix("00") {
        Some(rest) if !text.starts_with('+') => rest.to_owned(),
        _ => digits,
    };
    (shaped && PHONE_DIGITS.contains(&digits.len())).then_some(digits)
}

fn account(text: &str) -> Option<String> {
    let name = text.rsplit_once('\\').map_or(text, |(_, name)| name).trim();
    (!name.is_empty() && !is_pseudonym(name)).then(|| name.to_lowercase())
}

fn national_id(text: &str) -> Option<String> {
    if is_pseudonym(text) {
        return None;
    }
    let plain: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
    (plain.len() >= 4).then(|| plain.to_ascii_uppercase())
}

fn name(text: &str) -> Option<String> {
    if is_pseudonym(text) {
        return None;
    }
    let lower = text.to_lowercase();
    let mut words: Vec<&str> = lower
        .split(|c: char| c.is_whitespace() || matches!(c, ',' | ';'))
        .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()))
        .filter(|word| !word.is_empty())
        .collect();
    words.sort_unstable();
    let name = words.join(" ");
    (name.chars().count() >= 2).then_some(name)
}

/// Whether `text` has the form of a pseudonym: see [`token`](crate::token).
pub(super) fn is_pseudonym(text: &str) -> bool {
    let base32 = |b: u8| b.is_ascii_lowercase() || (b'2'..=b'7').contains(&b);
    text.strip_prefix("p-").is_some_and(|rest| rest.len() == 32 && rest.bytes().all(base32))
}
