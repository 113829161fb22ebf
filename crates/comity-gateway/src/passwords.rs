//! Officers' passwords: kept as Argon2id hashes in PHC form, the parameters written in each.
//!
//! Source: RFC 9106; the parameters are those of the `argon2` crate (19 MiB, 2 passes, 1 lane), which OWASP lists
//! as the least to use.

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash};
use comity_terms::Entropy;
use zeroize::Zeroizing;

/// The longest password, bytes: a long sentence. Hashing reads all of it, so it is bounded.
pub const PASSWORD_BYTES_MAX: usize = 1_024;

/// The shortest password, characters. Source: NIST SP 800-63B-4, section 3.1.1.2, as a second factor.
pub const PASSWORD_CHARACTERS_MIN: usize = 8;

/// Why a password is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Nobody could type it again.
    #[error("the password is not UTF-8 text")]
    Encoding,
    /// Shorter than may be.
    #[error("the password is shorter than {PASSWORD_CHARACTERS_MIN} characters")]
    TooShort,
    /// Longer than may be.
    #[error("the password is longer than {PASSWORD_BYTES_MAX} bytes")]
    TooLong,
    /// The hash function failed.
    #[error("the password could not be hashed: {0}")]
    Hash(String),
}

/// The password in what was given on standard input: all of it but the line's end.
///
/// # Errors
/// [`PasswordError`]; callers ask for another.
pub fn from_input(input: &[u8]) -> Result<Zeroizing<String>, PasswordError> {
    let text = std::str::from_utf8(input).map_err(|_| PasswordError::Encoding)?;
    let text = text.strip_suffix('\n').unwrap_or(text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    match text.len() {
        length if length > PASSWORD_BYTES_MAX => Err(PasswordError::TooLong),
        _ if text.chars().count() < PASSWORD_CHARACTERS_MIN => Err(PasswordError::TooShort),
        _ => Ok(Zeroizing::new(text.to_owned())),
    }
}

/// The hash to keep, in PHC form, under a fresh salt. Takes tens of milliseconds on purpose.
///
/// # Errors
/// [`PasswordError::Hash`]; callers keep no officer.
pub fn hash(password: &str, entropy: &mut impl Entropy) -> Result<String, PasswordError> {
    let salt: [u8; 16] = entropy.bytes();
    Argon2::default()
        .hash_password_with_salt(password.as_bytes(), &salt)
        .map(|hash: PasswordHash| hash.to_string())
        .map_err(|error| PasswordError::Hash(error.to_string()))
}

/// Whether `password` is the one that was hashed; a hash that does not read matches none.
#[must_use]
pub fn matches(password: &str, hash: &str) -> bool {
    password.len() <= PASSWORD_BYTES_MAX
        && PasswordHash::new(hash)
            .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

/// As [`matches`], at the cost of one hash whatever `hash` is: `None`, or one that does not read, matches nothing.
#[must_use]
pub fn matches_in_constant_work(password: &str, hash: Option<&str>) -> bool {
    match hash.filter(|hash| PasswordHash::new(hash).is_ok()) {
        Some(hash) => matches(password, hash),
        None => {
            let mut out = Zeroizing::new([0_u8; 32]);
            // The work is all that is wanted of it.
            let _ = Argon2::default().hash_password_into(password.as_bytes(), &[0; 16], &mut *out);
            std::hint::black_box(&out);
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::OsEntropy;

    #[test]
    fn a_hash_matches_its_password_only() {
        let hash = hash("correct horse", &mut OsEntropy).unwrap();
        assert!(hash.starts_with("$argon2id$v=19$"), "{hash}");
        assert!(matches("correct horse", &hash));
        assert!(!matches("correct horsf", &hash));
        assert!(!matches("correct horse", "$argon2id$nonsense"));
        assert!(matches_in_constant_work("correct horse", Some(&hash)));
        for nothing in [None, Some(""), Some("$argon2id$nonsense")] {
            assert!(!matches_in_constant_work("correct horse", nothing));
        }
    }

    #[test]
    fn equal_passwords_have_unequal_hashes() {
        let once = hash("correct horse", &mut OsEntropy).unwrap();
        assert_ne!(once, hash("correct horse", &mut OsEntropy).unwrap());
    }

    #[test]
    fn one_line_end_is_not_part_of_it() {
        assert_eq!(*from_input(b"correct horse\n").unwrap(), "correct horse");
        assert_eq!(*from_input(b"correct horse\r\n").unwrap(), "correct horse");
        assert_eq!(*from_input(b" correct horse ").unwrap(), " correct horse ");
        assert_eq!(from_input(b"1234567\n"), Err(PasswordError::TooShort));
        assert_eq!(from_input(&[b'x'; PASSWORD_BYTES_MAX + 1]), Err(PasswordError::TooLong));
        assert_eq!(from_input(&[0xff; 9]), Err(PasswordError::Encoding));
    }
}
