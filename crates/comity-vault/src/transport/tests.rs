use super::*;
use crate::testing::{counting, hex, seeded};
use proptest::prelude::*;

const INFO: &[u8] = b"offer 1 from XA to XB";

fn recipient() -> TransportSecret {
    TransportSecret::draw(&mut seeded(1))
}

fn sealed(bodies: &[(&[u8], &[u8])]) -> SealedBodies {
    seal_offer(&recipient().public(), INFO, bodies, &mut seeded(2)).unwrap()
}

fn refused(index: usize, cause: Cause) -> Result<Cleartext, VaultError> {
    Err(VaultError::Body { index, cause })
}

/// The vector was computed from RFC 9180 and the drawing in the module header with Python's `cryptography`.
#[test]
fn the_format_is_as_drawn() {
    let secret = TransportSecret::draw(&mut |out: &mut [u8]| {
        out.iter_mut().zip(0..).for_each(|(byte, number)| *byte = number);
    });
    let public = "b1f1b840de7a3241b02748cf9b05b74dc8c5e8451298738817bd76aa8ebe8c2b";
    assert_eq!(hex(&secret.public().to_bytes()), public);
    let bodies: [(&[u8], &[u8]); 2] = [(b"class 0", b""), (b"class 1", b"a body")];
    let sealed = seal_offer(&secret.public(), INFO, &bodies, &mut counting()).unwrap();
    assert_eq!(hex(&sealed.encapsulated), "b259f6ee92dcba0111850b13b3f6dccc827726f9b08235ab62922b6b3f3f2a19");
    assert_eq!(
        hex(&sealed.ciphertexts[1]),
        "b49455adb63eac73990908e632853c99c4f8e5dc8f890fdff88755b2f1d9e146\
         01d91694c0f40853b52fe7e2fb19818f3d5bdee44e3d"
    );
}

#[test]
fn one_class_opens_and_the_others_stay_sealed() {
    let sealed = sealed(&[(b"class 0", b"zero"), (b"class 1", b"one"), (b"class 2", b"")]);
    assert_eq!(sealed.encapsulated.len(), 32);
    let offer = open_offer(&recipient(), &sealed.encapsulated, INFO).unwrap();
    // In any order, and without the ciphertexts of the others.
    assert_eq!(offer.open(2, b"class 2", &sealed.ciphertexts[2]).unwrap().as_bytes(), b"");
    assert_eq!(offer.open(0, b"class 0", &sealed.ciphertexts[0]).unwrap().as_bytes(), b"zero");
    assert_eq!(offer.open(0, b"class 0", &sealed.ciphertexts[1]), refused(0, Cause::Commitment));
    assert_eq!(offer.open(1, b"class 0", &sealed.ciphertexts[1]), refused(1, Cause::Commitment));
}

#[test]
fn every_flipped_byte_is_refused() {
    let sealed = sealed(&[(b"class", b"a body")]);
    let offer = open_offer(&recipient(), &sealed.encapsulated, INFO).unwrap();
    let body = &sealed.ciphertexts[0];
    for byte in 0..body.len() {
        let mut altered = body.clone();
        altered[byte] ^= 1 << (byte % 8);
        let cause = if byte < COMMITMENT_LENGTH { Cause::Commitment } else { Cause::Sealed };
        assert_eq!(offer.open(0, b"class", &altered), refused(0, cause), "byte {byte}");
    }
    for length in 0..body.len() {
        let cause = if length < COMMITMENT_LENGTH + TAG_LENGTH { Cause::Length } else { Cause::Sealed };
        assert_eq!(offer.open(0, b"class", &body[..length]), refused(0, cause), "{length} bytes");
    }
    for byte in 0..32 {
        // The top bit of an X25519 key is no part of it; flipped, another key is agreed all the same.
        let mut encapsulated = sealed.encapsulated.clone();
        encapsulated[byte] ^= 0x80;
        let offer = open_offer(&recipient(), &encapsulated, INFO).unwrap();
        assert_eq!(offer.open(0, b"class", body), refused(0, Cause::Commitment), "byte {byte}");
    }
}

#[test]
fn another_recipient_another_info_or_other_associated_data_is_refused() {
    let sealed = sealed(&[(b"class", b"a body")]);
    let body = &sealed.ciphertexts[0];
    let other = TransportSecret::draw(&mut seeded(3));
    let offer = open_offer(&other, &sealed.encapsulated, INFO).unwrap();
    assert_eq!(offer.open(0, b"class", body), refused(0, Cause::Commitment));
    let offer = open_offer(&recipient(), &sealed.encapsulated, b"offer 2 from XA to XB").unwrap();
    assert_eq!(offer.open(0, b"class", body), refused(0, Cause::Commitment));
    let offer = open_offer(&recipient(), &sealed.encapsulated, INFO).unwrap();
    assert_eq!(offer.open(0, b"klass", body), refused(0, Cause::Commitment));
}

#[test]
fn what_is_no_key_is_refused() {
    for length in [0, 31, 33, 64] {
        let bytes = vec![9; length];
        assert_eq!(TransportPublic::from_bytes(&bytes), Err(VaultError::TransportKey));
        assert!(TransportSecret::from_bytes(&bytes).is_err());
        assert_eq!(open_offer(&recipient(), &bytes, INFO).unwrap_err(), VaultError::Encapsulation);
    }
    // A point of small order, with which everyone would agree the same key.
    let nobody = TransportPublic::from_bytes(&[0; 32]).unwrap();
    assert_eq!(seal_offer(&nobody, INFO, &[], &mut seeded(2)), Err(VaultError::Encapsulation));
    assert_eq!(open_offer(&recipient(), &[0; 32], INFO).unwrap_err(), VaultError::Encapsulation);
}

#[test]
fn keys_are_kept_and_published_as_bytes() {
    let secret = recipient();
    let kept = TransportSecret::from_bytes(&secret.dangerous_bytes()[..]).unwrap();
    assert_eq!(kept.public(), secret.public());
    assert_eq!(TransportPublic::from_bytes(&secret.public().to_bytes()).unwrap(), secret.public());
}

#[test]
fn offers_are_bounded() {
    let none: (&[u8], &[u8]) = (b"", b"");
    let sealed = seal_offer(&recipient().public(), INFO, &vec![none; BODIES_MAX], &mut seeded(2)).unwrap();
    assert_eq!(sealed.ciphertexts.len(), BODIES_MAX);
    let error =
        seal_offer(&recipient().public(), INFO, &vec![none; BODIES_MAX + 1], &mut seeded(2)).unwrap_err();
    assert_eq!(error.to_string(), "4097 bodies in one offer: at most 4096 are allowed");
}

#[test]
fn debug_tells_lengths() {
    let sealed = sealed(&[(b"class", b"ZQXJ")]);
    assert_eq!(format!("{sealed:?}"), "1 sealed bodies of 52 bytes");
    assert_eq!(format!("{:?}", recipient()), "transport secret of 32 bytes");
    assert_eq!(format!("{:?}", recipient().public()), "transport key of 32 bytes");
    let offer = open_offer(&recipient(), &sealed.encapsulated, INFO).unwrap();
    assert_eq!(format!("{offer:?}"), "offer with its key agreed");
}

proptest! {
    #[test]
    fn what_is_sealed_opens(
        bodies in proptest::collection::vec((proptest::collection::vec(any::<u8>(), 0..40), proptest::collection::vec(any::<u8>(), 0..200)), 0..6),
        info in proptest::collection::vec(any::<u8>(), 0..40), seed: u64,
    ) {
        let given: Vec<(&[u8], &[u8])> = bodies.iter().map(|(associated, text)| (&associated[..], &text[..])).collect();
        let sealed = seal_offer(&recipient().public(), &info, &given, &mut seeded(seed)).unwrap();
        let offer = open_offer(&recipient(), &sealed.encapsulated, &info).unwrap();
        for (index, (associated, text)) in given.iter().enumerate() {
            let opened = offer.open(index, associated, &sealed.ciphertexts[index]).unwrap();
            prop_assert_eq!(opened.as_bytes(), *text);
        }
    }

    #[test]
    fn nothing_a_peer_sends_breaks_the_opener(
        encapsulated in proptest::collection::vec(any::<u8>(), 30..34),
        body in proptest::collection::vec(any::<u8>(), 0..120), index: usize,
    ) {
        if let Ok(offer) = open_offer(&recipient(), &encapsulated, INFO) {
            prop_assert!(offer.open(index, b"class", &body).is_err());
        }
    }
}
