use super::*;

/// A source that repeats itself nowhere within a test.
fn drawn(seed: u64) -> impl FnMut(&mut [u8]) {
    let mut count = 0_u64;
    move |out: &mut [u8]| {
        for part in out.chunks_mut(32) {
            count += 1;
            let digest = Digest::of_parts("test", &[&seed.to_be_bytes(), &count.to_be_bytes()]);
            part.copy_from_slice(&digest.0[..part.len()]);
        }
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    let hex: Vec<u8> = hex.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    hex.chunks(2).map(pair).collect()
}

/// RFC 9497, appendix A.1.2: ristretto255-SHA512 in VOPRF mode, key `test key` under the seed a3…
const PUBLIC: &str = "c803e2cc6b05fc15064549b5920659ca4a77b2cca6f04f6b357009335476ad4e";

/// Test vector 3, a batch of two: inputs, blinds, blinded elements, evaluated elements, proof, outputs.
const INPUTS: [&str; 2] = ["00", "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a"];
const BLINDS: [&str; 2] = [
    "64d37aed22a27f5191de1c1d69fadb899d8862b58eb4220029e036ec4c1f6706",
    "222a5e897cf59db8145db8d16e597e8facb80ae7d4e26d9881aa6f61d645fc0e",
];
const BLINDED: [&str; 2] = [
    "863f330cc1a1259ed5a5998a23acfd37fb4351a793a5b3c090b642ddc439b945",
    "90a0145ea9da29254c3a56be4fe185465ebb3bf2a1801f7124bbbadac751e654",
];
const EVALUATED: [&str; 2] = [
    "aa8fa048764d5623868679402ff6108d2521884fa138cd7f9c7669a9a014267e",
    "cc5ac221950a49ceaa73c8db41b82c20372a4c8d63e5dded2db920b7eee36a2a",
];
const PROOF: &str = "cc203910175d786927eeb44ea847328047892ddf8590e723c37205cb74600b0a5ab5337c8eb4ceae0494c2cf89529dcf94572ed267473d567aeed6ab873dee08";
const OUTPUTS: [&str; 2] = [
    "b58cfbe118e0cb94d79b5fd6a6dafb98764dff49c14e1770b566e42402da1a7da4d8527693914139caee5bd03903af43a491351d23b430948dd50cde10d32b3c",
    "8a9a2f3c7f085b65933594309041fc1898d42d0858e59f90814ae90571a6df60356f4610bf816f27afdd84f47719e480906d27ecd994985890e5f539e7ea74b6",
];

#[test]
fn the_voprf_is_that_of_rfc_9497() {
    let key = MatchKey(VoprfServer::new_from_seed(&[0xa3; 32], b"test key").unwrap());
    assert_eq!(key.public().to_vec(), bytes(PUBLIC));
    for (input, output) in INPUTS.iter().zip(OUTPUTS) {
        assert_eq!(
            key.0.evaluate(&bytes(input)).unwrap().to_vec(),
            bytes(output),
            "as the holder makes tags"
        );
    }
    // The holder's half: the RFC's blinded elements come to its evaluated ones.
    let blinded: Vec<_> =
        BLINDED.iter().map(|element| BlindedElement::deserialize(&bytes(element)).unwrap()).collect();
    let mut drawn = drawn(1);
    let answered = key.0.batch_blind_evaluate(&mut Drawing(&mut drawn), &blinded).unwrap();
    let evaluated: Vec<Vec<u8>> =
        answered.messages.iter().map(|element| element.serialize().to_vec()).collect();
    assert_eq!(evaluated, EVALUATED.map(bytes));
    // The asker's half: under its blinds, the RFC's proof holds, ours holds, and both give its outputs.
    let clients: Vec<VoprfClient<Ristretto255>> = BLINDS
        .iter()
        .zip(BLINDED)
        .map(|(blind, element)| VoprfClient::deserialize(&[bytes(blind), bytes(element)].concat()).unwrap())
        .collect();
    let public = <Ristretto255 as Group>::deserialize_elem(&bytes(PUBLIC)).unwrap();
    let inputs = INPUTS.map(bytes);
    let messages: Vec<_> =
        EVALUATED.iter().map(|element| EvaluationElement::deserialize(&bytes(element)).unwrap()).collect();
    for proof in [Proof::deserialize(&bytes(PROOF)).unwrap(), answered.proof] {
        let outputs = VoprfClient::batch_finalize(&inputs, &clients, &messages, &proof, public).unwrap();
        let outputs: Vec<Vec<u8>> = outputs.map(|output| output.unwrap().to_vec()).collect();
        assert_eq!(outputs, OUTPUTS.map(bytes));
    }
}

fn key(epoch: &str) -> MatchKey {
    MatchKey::derive(&[5; 32], &["pact", "FI", "threat_intel", "cyber_defence", epoch]).unwrap()
}

fn values(texts: &[&str]) -> Vec<MatchValue> {
    texts.iter().map(|text| MatchValue::new(text).unwrap()).collect()
}

#[test]
fn what_is_unblinded_is_the_holders_own_tag() {
    let key = key("2026-11-26");
    let asked = values(&["203.0.113.7", "evil.example", "mari@example.ee"]);
    let blinded = Blinded::draw(&asked.iter().collect::<Vec<_>>(), &mut drawn(2)).unwrap();
    assert_eq!(blinded.bytes().len(), BATCH * ELEMENT_LENGTH, "whatever is asked");
    let (evaluated, proof) = key.evaluate(&Elements::parse(blinded.bytes()).unwrap(), &mut drawn(3)).unwrap();
    let tags = blinded.finish(&key.public(), &evaluated, &proof).unwrap();
    let own: Vec<u64> = asked.iter().map(|value| key.tag(value).unwrap()).collect();
    assert_eq!(tags, own);
    let again = Blinded::draw(&asked.iter().collect::<Vec<_>>(), &mut drawn(4)).unwrap();
    let seen: std::collections::HashSet<&[u8]> =
        blinded.bytes().chunks(32).chain(again.bytes().chunks(32)).collect();
    assert_eq!(seen.len(), 2 * BATCH, "the holder sees nothing twice");
    assert_ne!(self::key("2026-11-27").tag(&asked[0]), Some(own[0]), "another epoch, another tag");
}

#[test]
fn an_evaluation_by_another_key_is_not_believed() {
    let (key, other) = (key("2026-11-26"), key("2026-11-27"));
    let asked = values(&["evil.example"]);
    let blinded = Blinded::draw(&[&asked[0]], &mut drawn(5)).unwrap();
    let elements = Elements::parse(blinded.bytes()).unwrap();
    let (evaluated, proof) = other.evaluate(&elements, &mut drawn(6)).unwrap();
    assert_eq!(blinded.finish(&key.public(), &evaluated, &proof), Err(BlindError::Unproven));
    let (mut evaluated, mut proof) = key.evaluate(&elements, &mut drawn(7)).unwrap();
    evaluated.rotate_left(ELEMENT_LENGTH);
    assert_eq!(
        blinded.finish(&key.public(), &evaluated, &proof),
        Err(BlindError::Unproven),
        "in another order"
    );
    evaluated.rotate_right(ELEMENT_LENGTH);
    proof[3] ^= 1;
    assert_eq!(blinded.finish(&key.public(), &evaluated, &proof), Err(BlindError::Unproven));
    assert_eq!(blinded.finish(&[0; 32], &evaluated, &proof), Err(BlindError::Key), "the identity is no key");
}

#[test]
fn what_is_no_batch_is_named() {
    let whole = Blinded::draw(&[], &mut drawn(8)).unwrap().bytes().to_vec();
    assert!(Elements::parse(&whole).is_ok(), "filling alone is a batch");
    assert_eq!(Elements::parse(&whole[32..]).err(), Some(BlindError::Length(BATCH * 32 - 32)));
    assert_eq!(Elements::parse(&[]).err(), Some(BlindError::Length(0)));
    let with = |element: [u8; 32]| {
        let mut bent = whole.clone();
        bent[7 * 32..8 * 32].copy_from_slice(&element);
        Elements::parse(&bent).err()
    };
    assert_eq!(with([0; 32]), Some(BlindError::Element(7)), "the identity");
    // The field's prime, and one above it: 0 and 1 in an encoding that is not theirs.
    let mut prime = [0xff; 32];
    (prime[0], prime[31]) = (0xed, 0x7f);
    assert_eq!(with(prime), Some(BlindError::Element(7)), "not canonical");
    assert_eq!(with([0xff; 32]), Some(BlindError::Element(7)));
    let mut negative = [0; 32];
    negative[0] = 1;
    assert_eq!(with(negative), Some(BlindError::Element(7)), "on no curve");
    let many = values(&["a.example"]);
    let many: Vec<_> = std::iter::repeat_n(&many[0], BATCH + 1).collect();
    assert_eq!(Blinded::draw(&many, &mut drawn(9)).err(), Some(BlindError::TooMany(BATCH + 1)));
}
