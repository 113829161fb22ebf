use super::*;

#[test]
fn a_signature_counts_for_its_key_its_message_and_its_domain_only() {
    let key = PartyKey::from_seed(&[1; 32]);
    let signature = key.sign(Domain::Offer, b"header");
    assert_eq!(key.verifier().verify(Domain::Offer, b"header", &signature), Ok(()));

    let other = PartyKey::from_seed(&[2; 32]).verifier();
    assert_eq!(other.verify(Domain::Offer, b"header", &signature), Err(SignatureError::Forged));
    assert_eq!(key.verifier().verify(Domain::Offer, b"headeR", &signature), Err(SignatureError::Forged));
    assert_eq!(key.verifier().verify(Domain::Law, b"header", &signature), Err(SignatureError::Forged));
    for i in 0..64 {
        let mut bent = signature;
        bent.0[i] ^= 1;
        assert_eq!(key.verifier().verify(Domain::Offer, b"header", &bent), Err(SignatureError::Forged));
    }
}

#[test]
fn keys_and_signatures_read_back_what_they_write() {
    let key = PartyKey::from_seed(&[3; 32]);
    let signature = key.sign(Domain::Identity, b"");
    assert_eq!(PartyVerifier::parse(&key.verifier().to_string()), Ok(key.verifier()));
    assert_eq!(Signature::parse(&signature.to_string()), Ok(signature));
    assert_eq!(PartyVerifier::parse("c2hvcnQ="), Err(SignatureError::Key));
    assert_eq!(Signature::parse("c2hvcnQ="), Err(SignatureError::Form));
}

#[test]
fn debug_tells_no_secret() {
    let key = PartyKey::from_seed(&[7; 32]);
    assert_eq!(format!("{key:?}"), format!("PartyKey({})", key.verifier()));
}
