//! See `comity_fuzz::targets::uses`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| comity_fuzz::targets::uses(data));
