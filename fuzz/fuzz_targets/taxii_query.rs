//! See `comity_fuzz::targets::doors::taxii_query`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| comity_fuzz::targets::doors::taxii_query(data));
