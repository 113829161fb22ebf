//! See `comity_fuzz::targets::view_answer`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| comity_fuzz::targets::view_answer(data));
