use super::*;
use proptest::prelude::*;

fn key() -> PartyKey {
    PartyKey::from_seed(&[9; 32])
}

fn sample() -> Vec<u8> {
    SignedHeader::sign(b"{\"v\":1}".to_vec(), Domain::Offer, &key()).frame(b"{}", b"sealed")
}

#[test]
fn a_frame_reads_back_and_keeps_its_digest_whatever_its_attachments() {
    let signed = SignedHeader::sign(b"{\"v\":1}".to_vec(), Domain::Offer, &key());
    for attachments in [&b"{}"[..], b"{\"proof\":\"x\"}"] {
        let bytes = signed.frame(attachments, b"sealed");
        let frame = Frame::parse(&bytes).unwrap();
        assert_eq!(frame.verified(Domain::Offer, &key().verifier()).unwrap(), b"{\"v\":1}");
        assert_eq!(frame.attachments, attachments);
        assert_eq!(frame.bodies, b"sealed");
        assert_eq!(frame.digest(), signed.digest());
    }
}

#[test]
fn a_signature_for_another_kind_of_message_does_not_count() {
    let bytes = sample();
    let frame = Frame::parse(&bytes).unwrap();
    assert_eq!(
        frame.verified(Domain::Acknowledgement, &key().verifier()),
        Err(FrameError::Signature(SignatureError::Forged))
    );
}

#[test]
fn every_cut_before_the_bodies_is_named() {
    let bytes = sample();
    let bodies_at = bytes.len() - b"sealed".len();
    for end in 0..bodies_at {
        let error = Frame::parse(&bytes[..end]).err().expect("a cut frame must not read");
        assert!(matches!(error, FrameError::Magic | FrameError::Cut { .. }), "{end}: {error}");
    }
}

#[test]
fn a_header_longer_than_the_bound_is_refused_before_it_is_there() {
    let mut bytes = MAGIC.to_vec();
    bytes.extend(u32::MAX.to_be_bytes());
    assert!(matches!(Frame::parse(&bytes), Err(FrameError::TooLong { part: "header", .. })));
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Frame::parse(&bytes);
        let _ = Frame::parse(&[MAGIC, &bytes].concat());
    }
}
