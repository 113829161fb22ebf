//! See `comity_fuzz::targets::misp`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| comity_fuzz::targets::misp(data));
