//! Tokens that stand for an officer: drawn once, shown once, kept as a digest.
//!
//! ```text
//! comity_<43 characters>      32 random bytes, base64url without padding
//! ```
//! The prefix lets scanners of code and logs know one that got where it should not. What has not this form is no token
//! and is not looked up. SHA-256 is enough for what nobody can guess: 256 bits need no slow hash.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use comity_terms::{Digest, Entropy};
use zeroize::Zeroizing;

/// A new token.
#[must_use]
pub fn draw(entropy: &mut impl Entropy) -> Zeroizing<String> {
    let secret = Zeroizing::new(entropy.bytes::<32>());
    let encoded = Zeroizing::new(URL_SAFE_NO_PAD.encode(*secret));
    Zeroizing::new([PREFIX, &encoded].concat())
}

/// What the store knows a token by; `None` where the text is no token.
#[must_use]
pub fn digest(token: &str) -> Option<Digest> {
    let secret = URL_SAFE_NO_PAD.decode(token.strip_prefix(PREFIX)?).map(Zeroizing::new).ok()?;
    (secret.len() == 32).then(|| Digest::of(token.as_bytes()))
}

/// How an operator names a token: the first 16 digits of its digest.
#[must_use]
pub fn id(digest: Digest) -> String {
    digest.hex()[..16].to_owned()
}

const PREFIX: &str = "comity_";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::OsEntropy;

    #[test]
    fn a_token_is_known_by_its_digest() {
        let (one, other) = (draw(&mut OsEntropy), draw(&mut OsEntropy));
        assert_eq!(one.len(), PREFIX.len() + 43);
        assert!(digest(&one).is_some() && digest(&one) != digest(&other));
        for text in [
            "",
            "comity_",
            &one[1..],
            &one[..one.len() - 1],
            &format!("{}A", *one),
            &one.replace("comity_", "Comity_"),
        ] {
            assert_eq!(digest(text), None, "{text}");
        }
    }
}
