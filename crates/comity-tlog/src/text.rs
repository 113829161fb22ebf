//! The few lexical rules that all C2SP texts share: plain decimals and standard base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::merkle::TreeSize;

/// A decimal of ASCII digits without leading zeroes, at most 2^63 - 1 (other implementations hold sizes as i64).
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    let value: u64 = if plain { text.parse().ok()? } else { return None };
    (value <= TreeSize::MAX.0).then_some(value)
}

/// Standard base64 with padding and zero spare bits: one spelling for each value.
pub(crate) fn base64_decode(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// The spelling that [`base64_decode`] accepts.
pub(crate) fn base64_encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}
