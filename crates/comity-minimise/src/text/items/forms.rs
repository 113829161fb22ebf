//! What a piece is by its form alone.

use super::Kind;
use std::net::{Ipv4Addr, Ipv6Addr};

pub(super) fn is_mac(piece: &str) -> bool {
    let pairs = |separator: char| {
        piece.len() == 17
            && piece.split(separator).count() == 6
            && piece.split(separator).all(|p| p.len() == 2 && p.bytes().all(|b| b.is_ascii_hexdigit()))
    };
    let dotted = || {
        piece.len() == 14
            && piece.split('.').count() == 3
            && piece.split('.').all(|p| p.len() == 4 && p.bytes().all(|b| b.is_ascii_hexdigit()))
    };
    let digits = || piece.bytes().filter(u8::is_ascii_hexdigit).map(|b| b.to_ascii_lowercase());
    (pairs(':') || pairs('-') || dotted()) && digits().any(|b| b != b'0') && digits().any(|b| b != b'f')
}

pub(super) fn ipv4(address: Ipv4Addr) -> Kind {
    let [a, b, ..] = address.octets();
    let shared = a == 100 && (64..128).contains(&b);
    if address.is_loopback()
        || address.is_unspecified()
        || address.is_broadcast()
        || address.is_multicast()
        || a == 0
        || a >= 240
        || (a == 255)
    {
        return Kind::Thing;
    }
    Kind::Address { private: address.is_private() || address.is_link_local() || shared }
}

pub(super) fn ipv6(piece: &str) -> Option<Kind> {
    let bare = piece.trim_start_matches('[').split(['%', ']']).next()?;
    let address: Ipv6Addr = bare.parse().ok()?;
    let figures = bare.bytes().filter(u8::is_ascii_hexdigit).count();
    if figures < 5 || address.is_loopback() || address.is_unspecified() || address.is_multicast() {
        return Some(Kind::Thing);
    }
    let first = address.segments()[0];
    Some(Kind::Address { private: first & 0xffc0 == 0xfe80 || first & 0xfe00 == 0xfc00 })
}

pub(super) fn is_uuid(piece: &str) -> bool {
    piece.len() == 36
        && piece.split('-').map(str::len).eq([8, 4, 4, 4, 12])
        && piece.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
}

/// An encoded text: letters of both cases and digits, mixed.
pub(super) fn is_blob(piece: &str) -> bool {
    let has = |test: fn(&u8) -> bool| piece.bytes().any(|b| test(&b));
    piece.is_ascii() && has(u8::is_ascii_digit) && has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase)
}

/// A number that a catalogue gives: `CVE-2024-1234`, `T1059.001`, `APT28`, `KB5005565`, `S-1-5-21-…`.
pub(super) fn is_numbered(piece: &str) -> bool {
    let letters = piece.bytes().take_while(u8::is_ascii_uppercase).count();
    let rest = &piece[letters..];
    if !(1..=6).contains(&letters) || !rest.bytes().all(|b| b.is_ascii_digit() || b"-.#".contains(&b)) {
        return false;
    }
    let known = [
        "CVE", "CWE", "CAPEC", "MS", "KB", "GHSA", "ZDI", "ICSA", "VU", "USN", "DSA", "RHSA", "S", "TA", "T",
        "APT", "FIN", "UNC", "UAC", "TEMP", "DEV", "TAG", "INC", "RFC", "ISO", "SR", "CS", "TICKET", "REQ",
        "CHG", "PRB",
    ];
    rest.bytes().any(|b| b.is_ascii_digit()) && known.contains(&&piece[..letters])
}
