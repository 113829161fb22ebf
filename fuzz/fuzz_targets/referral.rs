//! See `comity_fuzz::targets::referral`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| comity_fuzz::targets::referral(data));
