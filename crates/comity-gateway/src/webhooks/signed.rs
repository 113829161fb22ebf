//! Secrets and signatures.
//!
//! ```text
//! secret       whsec_<base64 of 32 random bytes>: told once, kept in KEYS/webhooks
//! signature    v1,<base64 of HMAC-SHA-256 over "id.timestamp.body">, under the 32 bytes
//! headers      webhook-id, webhook-timestamp (seconds since 1970), webhook-signature
//! ```
//!
//! Source: Standard Webhooks 1.0.0, "Signature scheme", "Signing secret serialization", "Webhook headers".

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use comity_terms::Timestamp;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

/// The secret as its receiver is given it.
#[must_use]
pub fn secret_text(secret: &[u8]) -> Zeroizing<String> {
    let encoded = Zeroizing::new(BASE64.encode(secret));
    Zeroizing::new([PREFIX, &encoded].concat())
}

/// The value of `webhook-signature` for a message that is sent at `at`.
#[must_use]
pub fn signature(secret: &[u8], id: &str, at: Timestamp, body: &[u8]) -> String {
    // Unwrap safety: HMAC takes a key of any length.
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("any bytes are a key");
    mac.update(format!("{id}.{}.", at.as_second()).as_bytes());
    mac.update(body);
    format!("v1,{}", BASE64.encode(mac.finalize().into_bytes()))
}

const PREFIX: &str = "whsec_";

#[cfg(test)]
mod tests {
    use super::*;

    /// The example that the specification's own libraries are tested by.
    #[test]
    fn the_example_of_the_specification_comes_out() {
        let secret = BASE64.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let at = Timestamp::from_second(1_614_265_330).unwrap();
        let signed = signature(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", at, br#"{"test": 2432232314}"#);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert_eq!(*secret_text(&secret), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    }

    #[test]
    fn a_signature_is_over_id_instant_and_body() {
        let secret = [7; 32];
        let at: Timestamp = "2021-02-25T16:53:51.5Z".parse().unwrap();
        let one = signature(&secret, "msg_1", at, b"{}");
        assert!(one.starts_with("v1,") && one.len() == 3 + 44, "{one}");
        // The same within the second, another for anything else.
        assert_eq!(signature(&secret, "msg_1", "2021-02-25T16:53:51Z".parse().unwrap(), b"{}"), one);
        for other in [
            signature(&[8; 32], "msg_1", at, b"{}"),
            signature(&secret, "msg_2", at, b"{}"),
            signature(&secret, "msg_1", "2021-02-25T16:53:52Z".parse().unwrap(), b"{}"),
            signature(&secret, "msg_1", at, b"{ }"),
        ] {
            assert_ne!(other, one);
        }
        assert_eq!(secret_text(&secret).len(), PREFIX.len() + 44);
    }
}
