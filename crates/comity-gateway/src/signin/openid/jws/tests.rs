use super::*;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};

/// RFC 7515 appendix A.2.
const RS256: (&str, &str) = (
    r#"{"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"}"#,
    "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
);

/// RFC 7515 appendix A.3.
const ES256: (&str, &str) = (
    r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#,
    "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
);

/// RFC 8037 appendix A.
const EDDSA: (&str, &str) = (
    r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
    "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
);

fn keys(all: &[&str]) -> Keys {
    Keys::read(format!(r#"{{"keys":[{}]}}"#, all.join(",")).as_bytes()).unwrap()
}

fn changed(key: &str, name: &str, value: Value) -> String {
    let mut key: Value = serde_json::from_str(key).unwrap();
    key[name] = value;
    key.to_string()
}

#[test]
fn vectors_of_the_rfcs_verify() {
    for (key, token) in [RS256, ES256, EDDSA] {
        let payload = keys(&[RS256.0, ES256.0, EDDSA.0]).verified(token).unwrap();
        assert_eq!(payload, decoded(token.split('.').nth(1).unwrap()).unwrap());
        assert!(keys(&[key]).verified(token).is_ok());
        for number in 0..3 {
            let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
            // Another first letter: in the header it is no JSON, in the others it is another signature.
            let first = if parts[number].starts_with('A') { "B" } else { "A" };
            parts[number].replace_range(0..1, first);
            assert!(keys(&[key]).verified(&parts.join(".")).is_err(), "{number}");
        }
    }
}

#[test]
fn only_a_key_of_the_algorithm_and_the_name_serves() {
    let token = ES256.1;
    assert_eq!(keys(&[RS256.0, EDDSA.0]).verified(token), Err(JwsError::Key));
    assert_eq!(keys(&[]).verified(token), Err(JwsError::Key));
    let unfit = [
        ("use", json!("enc")),
        ("alg", json!("ES384")),
        ("crv", json!("P-384")),
        ("x", json!("AA")),
        ("kty", json!("oct")),
    ];
    for (name, value) in unfit {
        assert_eq!(keys(&[&changed(ES256.0, name, value)]).verified(token), Err(JwsError::Key), "{name}");
    }
    for (name, value) in [("use", json!("sig")), ("alg", json!("ES256")), ("kid", json!("1"))] {
        assert!(keys(&[&changed(ES256.0, name, value)]).verified(token).is_ok(), "{name}");
    }
    // A key that is none of ours spoils none beside it.
    assert!(keys(&[r#"{"kty":"lattice"}"#, "7", r#"{"kid":7}"#, ES256.0]).verified(token).is_ok());
    for set in ["", "[]", "{}", r#"{"keys":{}}"#] {
        assert!(Keys::read(set.as_bytes()).is_none(), "{set}");
    }
}

/// A token with this header, signed by a key that the gateway knows as `1`, and one that it does not.
fn signed(header: Value, known: bool) -> Result<Vec<u8>, JwsError> {
    let random = SystemRandom::new();
    let draw = || {
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random).unwrap()
    };
    let (key, other) = (draw(), draw());
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let point = key.public_key().as_ref();
    let jwk = json!({ "kty": "EC", "crv": "P-256", "kid": "1", "x": encode(&point[1..33]), "y": encode(&point[33..]) });
    let token = format!("{}.{}", encode(header.to_string().as_bytes()), encode(b"{}"));
    let signature = if known { &key } else { &other }.sign(&random, token.as_bytes()).unwrap();
    keys(&[&jwk.to_string()]).verified(&format!("{token}.{}", encode(signature.as_ref())))
}

#[test]
fn nothing_in_a_header_chooses_more_than_a_key() {
    assert_eq!(signed(json!({ "alg": "ES256", "kid": "1" }), true), Ok(b"{}".to_vec()));
    assert_eq!(signed(json!({ "alg": "ES256" }), true), Ok(b"{}".to_vec()));
    assert_eq!(signed(json!({ "alg": "ES256", "kid": "1" }), false), Err(JwsError::Signature), "forged");
    assert_eq!(signed(json!({ "alg": "ES256", "kid": "2" }), true), Err(JwsError::Key));
    for alg in ["none", "None", "HS256", "ES384", "es256", ""] {
        assert_eq!(signed(json!({ "alg": alg, "kid": "1" }), true), Err(JwsError::Algorithm), "{alg}");
    }
    assert_eq!(signed(json!({ "alg": "RS256", "kid": "1" }), true), Err(JwsError::Key));
    assert_eq!(signed(json!({ "alg": "ES256", "crit": ["b64"], "b64": false }), true), Err(JwsError::Form));
    assert_eq!(signed(json!({ "kid": "1" }), true), Err(JwsError::Form));
    // Its own key in the header is not looked at.
    let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
    let own = Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap();
    let jwk =
        json!({ "kty": "OKP", "crv": "Ed25519", "x": URL_SAFE_NO_PAD.encode(own.public_key().as_ref()) });
    let header = json!({ "alg": "EdDSA", "jwk": jwk }).to_string();
    let token = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode("{}"));
    let token = format!("{token}.{}", URL_SAFE_NO_PAD.encode(own.sign(token.as_bytes()).as_ref()));
    assert_eq!(keys(&[ES256.0]).verified(&token), Err(JwsError::Key));
}

#[test]
fn what_has_not_the_form_is_no_token() {
    let (key, token) = ES256;
    let padded = format!("{token}=");
    let standard = BASE64.encode(r#"{"alg":"ES256","kid":"???"}"#);
    let long = format!("{token}{}", "A".repeat(TOKEN_BYTES_MAX));
    let four = format!("{token}.AA");
    for text in
        ["", "..", "a.b.c", "a.b", &padded, &format!("{standard}.AA.AA"), &long, &four, "\u{e9}.e30.AA"]
    {
        assert!(keys(&[key]).verified(text).is_err(), "{text}");
    }
}
