use super::*;
use aes_gcm::aes::Aes256;
use aes_gcm::aes::cipher::BlockCipherEncrypt as _;

fn secret(byte: u8) -> Secret {
    Zeroizing::new([byte; KEY_LENGTH])
}

#[test]
fn a_text_opens_under_the_secret_and_the_associated_data_it_was_sealed_with() {
    let mut sealed = b"before".to_vec();
    let seal = Seal::new(&secret(1), b"place");
    let commitment = *seal.commitment();
    seal.seal(b"text", &mut sealed).unwrap();
    assert_eq!(sealed.len(), 6 + 4 + TAG_LENGTH);
    assert_eq!(&sealed[..6], b"before");

    let open =
        |byte, associated, commitment| Seal::new(&secret(byte), associated).open(commitment, &sealed[6..]);
    assert_eq!(open(1, b"place", &commitment).unwrap().as_bytes(), b"text");
    assert_eq!(open(2, b"place", &commitment), Err(Cause::Commitment));
    assert_eq!(open(1, b"plane", &commitment), Err(Cause::Commitment));
    // Not a prefix of the commitment, and not nothing.
    assert_eq!(Seal::new(&secret(1), b"place").open(&commitment[..31], &sealed[6..]), Err(Cause::Commitment));
    assert_eq!(Seal::new(&secret(1), b"place").open(&[], &sealed[6..]), Err(Cause::Commitment));
}

/// The attack that the commitment is for: one ciphertext that AES-GCM opens under two keys, to two texts.
#[test]
fn a_ciphertext_made_for_two_keys_opens_under_the_committed_one_alone() {
    let associated = b"the same place";
    let (mine, theirs) = (Seal::new(&secret(1), associated), Seal::new(&secret(2), associated));
    let sealed = two_faced(&mine.key, &theirs.key, associated);
    let (text, tag) = sealed.split_last_chunk::<TAG_LENGTH>().unwrap();

    // AES-GCM itself is content with both keys.
    let [mut one, mut two] = [text.to_vec(), text.to_vec()];
    decrypt(&mine.key, &ONE_USE, associated, &mut one, tag).unwrap();
    decrypt(&theirs.key, &ONE_USE, associated, &mut two, tag).unwrap();
    assert_ne!(one, two);

    let commitment = *mine.commitment();
    assert_eq!(mine.open(&commitment, &sealed).unwrap().as_bytes(), one);
    assert_eq!(theirs.open(&commitment, &sealed), Err(Cause::Commitment));
}

/// Two blocks and a tag that are right under both keys. The tag is a polynomial in the hash key H, so that
/// one free block, whose coefficient is H squared, can be chosen to make the two tags equal.
fn two_faced(one: &Secret, two: &Secret, associated: &[u8]) -> Vec<u8> {
    let block = |key: &Secret, input: [u8; 16]| {
        let mut block = input.into();
        Aes256::new(<&Key<Aes256Gcm>>::from(&**key)).encrypt_block(&mut block);
        u128::from_be_bytes(block.into())
    };
    let hash = |key| block(key, [0; 16]);
    // The first counter: the nonce, which is zero, and 1.
    let tag = |key, free: u128| {
        let lengths = (associated.len() as u128 * 8) << 64 | 256;
        let mut padded = associated.to_vec();
        padded.resize(associated.len().next_multiple_of(16), 0);
        let blocks = padded.chunks(16).map(|chunk| u128::from_be_bytes(chunk.try_into().unwrap()));
        let sum = blocks.chain([FIXED, free, lengths]).fold(0, |sum, block| multiply(sum ^ block, hash(key)));
        sum ^ block(key, 1_u128.to_be_bytes())
    };
    let square = |key| multiply(hash(key), hash(key));
    let free = multiply(tag(one, 0) ^ tag(two, 0), inverse(square(one) ^ square(two)));
    assert_eq!(tag(one, free), tag(two, free));
    [FIXED, free, tag(one, free)].iter().flat_map(|block| block.to_be_bytes()).collect()
}

const FIXED: u128 = 0x0123_4567_89ab_cdef_0123_4567_89ab_cdef;

/// The product in GF(2^128) as NIST SP 800-38D writes it: the leftmost bit is the coefficient of 1.
fn multiply(x: u128, mut y: u128) -> u128 {
    let mut product = 0;
    for bit in (0..128).rev() {
        if x >> bit & 1 == 1 {
            product ^= y;
        }
        y = y >> 1 ^ if y & 1 == 1 { 0xe1 << 120 } else { 0 };
    }
    product
}

/// `x` to the power 2^128 - 2.
fn inverse(x: u128) -> u128 {
    const ONE: u128 = 1 << 127;
    let (mut power, mut result) = (x, ONE);
    for _ in 1..128 {
        power = multiply(power, power);
        result = multiply(result, power);
    }
    assert_eq!(multiply(x, result), ONE);
    result
}
