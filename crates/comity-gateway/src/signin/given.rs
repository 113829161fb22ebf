//! What the headers of a request show: nothing, a name with its password, or a token.
//!
//! ```text
//! Authorization: Basic base64(name ":" password)      RFC 7617, UTF-8; the name has no colon, the password may
//! Authorization: Bearer token                         RFC 6750 section 2.1
//! ```
//! What does not read is said to be so and costs nothing. Padding of base64 may be missing, as some tools leave it out.

use super::Denied;
use crate::passwords::PASSWORD_BYTES_MAX;
use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

/// What was shown. Its text is wiped from memory when it is dropped.
pub enum Given {
    /// Nothing.
    Nothing,
    /// An officer's name and password.
    Password {
        /// 1 to 256 bytes without control characters.
        name: String,
        /// At most [`PASSWORD_BYTES_MAX`] bytes without control characters.
        password: Zeroizing<String>,
    },
    /// A token: 1 to 256 bytes of the characters of RFC 6750.
    Token(Zeroizing<String>),
}

/// Reads `Authorization`.
///
/// # Errors
/// [`Denied::Unreadable`], telling what is wrong.
pub fn read(headers: &HeaderMap) -> Result<Given, Denied> {
    let mut all = headers.get_all(header::AUTHORIZATION).iter();
    let Some(only) = all.next() else { return Ok(Given::Nothing) };
    if all.next().is_some() {
        return Err(Denied::Unreadable("there is more than one Authorization header"));
    }
    if only.len() > VALUE_BYTES_MAX {
        return Err(Denied::Unreadable("the Authorization header is too long"));
    }
    let value = only.to_str().map_err(|_| Denied::Unreadable("the Authorization header is not ASCII"))?;
    let (scheme, rest) = value.split_once(' ').unwrap_or((value, ""));
    let rest = rest.trim_matches(' ');
    if scheme.eq_ignore_ascii_case("basic") {
        password(rest)
    } else if scheme.eq_ignore_ascii_case("bearer") {
        token(rest)
    } else {
        Err(Denied::Unreadable("the Authorization header is neither Basic nor Bearer"))
    }
}

fn password(text: &str) -> Result<Given, Denied> {
    let bytes = LENIENT.decode(text).map(Zeroizing::new);
    let bytes = bytes.map_err(|_| Denied::Unreadable("what follows Basic is not base64"))?;
    let pair = std::str::from_utf8(&bytes)
        .map_err(|_| Denied::Unreadable("name and password are not UTF-8 text"))?;
    let (name, password) =
        pair.split_once(':').ok_or(Denied::Unreadable("there is no colon between name and password"))?;
    if name.is_empty() || name.len() > NAME_BYTES_MAX {
        return Err(Denied::Unreadable("the name is empty or too long"));
    }
    if password.len() > PASSWORD_BYTES_MAX {
        return Err(Denied::Unreadable("the password is too long"));
    }
    if pair.chars().any(char::is_control) {
        return Err(Denied::Unreadable("name or password has a control character"));
    }
    Ok(Given::Password { name: name.to_owned(), password: Zeroizing::new(password.to_owned()) })
}

fn token(text: &str) -> Result<Given, Denied> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
    if text.is_empty() || text.len() > TOKEN_BYTES_MAX || !text.bytes().all(fits) {
        return Err(Denied::Unreadable("what follows Bearer is not a token"));
    }
    Ok(Given::Token(Zeroizing::new(text.to_owned())))
}

/// The longest name of an officer that is looked up.
const NAME_BYTES_MAX: usize = 256;

/// The longest token.
const TOKEN_BYTES_MAX: usize = 256;

/// The longest value that is read: scheme and base64 of the longest name, a colon and the longest password.
const VALUE_BYTES_MAX: usize = 16 + (NAME_BYTES_MAX + 1 + PASSWORD_BYTES_MAX).div_ceil(3) * 4;

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;
    use base64::engine::general_purpose::STANDARD as BASE64;

    fn shown(values: &[&[u8]]) -> String {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::AUTHORIZATION, HeaderValue::from_bytes(value).unwrap());
        }
        match read(&headers) {
            Ok(Given::Nothing) => "nothing".to_owned(),
            Ok(Given::Password { name, password }) => format!("{name} with {}", *password),
            Ok(Given::Token(token)) => format!("token {}", *token),
            Err(Denied::Unreadable(why)) => why.to_owned(),
            Err(other) => panic!("{other:?}"),
        }
    }

    fn basic(pair: &[u8]) -> String {
        shown(&[format!("Basic {}", BASE64.encode(pair)).as_bytes()])
    }

    #[test]
    fn what_headers_show() {
        let table: &[(&[&[u8]], &str)] = &[
            (&[], "nothing"),
            (&[b""], "the Authorization header is neither Basic nor Bearer"),
            (&[b"Basic"], "there is no colon between name and password"),
            (&[b"Basic dGVzdDoxMjPCow=="], "test with 123\u{a3}"),
            (&[b"bAsIc   dGVzdDoxMjPCow== "], "test with 123\u{a3}"),
            (&[b"Basic dGVzdDoxMjPCow"], "test with 123\u{a3}"),
            (&[b"Basic dGVzdDoxMjPCow==="], "what follows Basic is not base64"),
            (&[b"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="], "Aladdin with open sesame"),
            (&[b"Basic a b"], "what follows Basic is not base64"),
            (&[b"Basic \xc3\xa9"], "the Authorization header is not ASCII"),
            (&[b"Basic ****"], "what follows Basic is not base64"),
            (&[b"Bearer comity_abc-DEF_123"], "token comity_abc-DEF_123"),
            (&[b"bearer x"], "token x"),
            (&[b"Bearer"], "what follows Bearer is not a token"),
            (&[b"Bearer a b"], "what follows Bearer is not a token"),
            (&[b"Bearer a,b"], "what follows Bearer is not a token"),
            (&[b"Digest username=x"], "the Authorization header is neither Basic nor Bearer"),
            (&[b"Bearer a", b"Bearer a"], "there is more than one Authorization header"),
            (&[b"Basic dGVzdDoxMjPCow==", b"Bearer a"], "there is more than one Authorization header"),
        ];
        for (values, expected) in table {
            assert_eq!(shown(values), *expected, "{values:?}");
        }
    }

    #[test]
    fn what_stands_in_basic() {
        assert_eq!(basic(b"a.tamm:with:colons:"), "a.tamm with with:colons:");
        assert_eq!(basic(b"a.tamm:"), "a.tamm with ");
        assert_eq!(basic(b":password"), "the name is empty or too long");
        assert_eq!(basic(b"no colon"), "there is no colon between name and password");
        assert_eq!(basic(b"a.tamm:\xff\xfe"), "name and password are not UTF-8 text");
        assert_eq!(basic("käsk:pässwörd".as_bytes()), "käsk with pässwörd");
        assert_eq!(basic(b"a.tamm:pass\nword"), "name or password has a control character");
        assert_eq!(basic(b"a\0:password"), "name or password has a control character");
    }

    #[test]
    fn what_is_too_long_is_not_read() {
        let longest = [b"n".repeat(NAME_BYTES_MAX), b"p".repeat(PASSWORD_BYTES_MAX)].join(&b':');
        assert!(basic(&longest).starts_with("nnn"));
        let name = [b"n".repeat(NAME_BYTES_MAX + 1), b"p".to_vec()].join(&b':');
        assert_eq!(basic(&name), "the name is empty or too long");
        let password = [b"n".to_vec(), b"p".repeat(PASSWORD_BYTES_MAX + 1)].join(&b':');
        assert_eq!(basic(&password), "the password is too long");
        let all = format!("Basic {}", "A".repeat(60_000));
        assert_eq!(shown(&[all.as_bytes()]), "the Authorization header is too long");
        let token = format!("Bearer {}", "A".repeat(TOKEN_BYTES_MAX + 1));
        assert_eq!(shown(&[token.as_bytes()]), "what follows Bearer is not a token");
    }
}
