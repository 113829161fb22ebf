use super::*;
use crate::testing::{Log, plain_root};

/// Inputs and roots of Certificate Transparency's reference implementation (merkle_tree_test.cc).
pub(crate) const LEAVES: [&[u8]; 8] = [
    b"",
    b"\x00",
    b"\x10",
    b"\x20\x21",
    b"\x30\x31",
    b"\x40\x41\x42\x43",
    b"\x50\x51\x52\x53\x54\x55\x56\x57",
    b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
];

pub(crate) const ROOTS: [&str; 8] = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

pub(crate) fn hex(digits: &str) -> Hash {
    let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
    Hash(std::array::from_fn(|index| byte(index * 2)))
}

pub(crate) fn reference_log() -> Log {
    let mut log = Log::with(0);
    LEAVES.iter().for_each(|leaf| log.append(leaf.to_vec()));
    log
}

#[test]
fn the_empty_tree_is_the_hash_of_nothing() {
    assert_eq!(empty_root(), hex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
    assert_eq!(root_at(TreeSize(0), &HashMap::new()), Ok(empty_root()));
}

#[test]
fn every_size_has_the_published_root() {
    let log = reference_log();
    for (size, root) in (1..).zip(ROOTS) {
        assert_eq!(root_at(TreeSize(size), &log.nodes), Ok(hex(root)), "size {size}");
    }
}

#[test]
fn every_earlier_size_keeps_its_root() {
    let log = Log::with(300);
    for size in 0..=300 {
        let plain = plain_root(&log.entries[..size]);
        assert_eq!(root_at(TreeSize(size as u64), &log.nodes), Ok(plain), "size {size}");
    }
}

#[test]
fn a_store_that_is_behind_says_what_it_lacks() {
    let log = Log::with(5);
    assert_eq!(root_at(TreeSize(6), &log.nodes), Err(ReadError::Missing { level: 1, index: 2 }));
}

#[test]
fn a_hash_is_base64_of_32_bytes() {
    let hash = leaf_hash(b"x");
    assert_eq!(Hash::from_base64(&hash.to_string()), Some(hash));
    assert_eq!(Hash::from_base64(&hash.to_string()[..40]), None);
    assert_eq!(Hash::from_base64("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J="), None, "spare bits set");
}
