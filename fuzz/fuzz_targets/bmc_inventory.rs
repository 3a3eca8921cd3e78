//! Breeds inputs for `fuzzcheck::controller::inventory`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzcheck::controller::inventory(data));
