//! See `comity_fuzz::targets::view_question`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| comity_fuzz::targets::view_question(data));
