use super::*;

/// The verifier key of golang.org/x/mod/sumdb/note's documentation, and its seed.
pub(crate) const PETER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
pub(crate) const PETER_SEED: &str = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";

pub(crate) fn peter() -> SigningKey {
    let seed = base64_decode(PETER_SEED).unwrap();
    SigningKey::from_seed("PeterNeumann", seed[1..].try_into().unwrap()).unwrap()
}

#[test]
fn published_keys_parse_and_format() {
    let keys = [
        (PETER, SignatureType::Ed25519),
        // The same package's tests; transparency-dev/formats (a plus in the base64; a public witness of type 04).
        ("EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop", SignatureType::Ed25519),
        ("TEST+7997405c+AQcC+FTVKf0jlTdHDY3rbevmnKxxPjigCXlVtGe6RIr6", SignatureType::Ed25519),
        (
            "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2",
            SignatureType::CosignatureV1,
        ),
    ];
    for (vkey, signature_type) in keys {
        let key: VerifierKey = vkey.parse().unwrap();
        assert_eq!(key.signature_type(), signature_type);
        assert_eq!(key.to_string(), vkey);
    }
    assert_eq!(peter().verifier_key().to_string(), PETER);
}

#[test]
fn other_types_parse_and_never_claim_a_line() {
    for (byte, length) in [(0x06, 1312), (0x02, 91), (0xff, 40)] {
        let key = VerifierKey::new("w.example", SignatureType::Unsupported(byte), &vec![1; length]).unwrap();
        assert_eq!(key.to_string().parse(), Ok(key.clone()));
        assert!(!key.claims(&SignatureLine::new(&key, vec![0; 72])));
    }
}

#[test]
fn anything_else_is_refused() {
    let damaged = [
        "",
        "PeterNeumann",
        "PeterNeumann+c74f20a3",
        "+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "Peter\u{a0}Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10T",
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10T=",
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW\n",
        "PeterNeumann+c74f20a3+",
        "PeterNeumann+c74f20a3+AQ==",
        "PeterNeuman+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    ];
    for vkey in damaged {
        assert!(vkey.parse::<VerifierKey>().is_err(), "{vkey}");
    }
}

#[test]
fn a_key_that_anyone_can_sign_for_is_refused() {
    let mut identity = [0; 32];
    identity[0] = 1;
    assert!(VerifierKey::new("weak.example", SignatureType::Ed25519, &identity).is_err());
    assert!(VerifierKey::new("weak.example", SignatureType::CosignatureV1, &[0; 32]).is_err());
}

#[test]
fn debug_shows_no_secret() {
    assert_eq!(format!("{:?}", peter()), "SigningKey(PeterNeumann, 32 bytes)");
}
