//! See `comity_fuzz::targets::doors::misp_request`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| comity_fuzz::targets::doors::misp_request(data));
