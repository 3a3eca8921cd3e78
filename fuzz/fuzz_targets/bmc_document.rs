//! Breeds inputs for `fuzzcheck::controller::document`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzcheck::controller::document(data));
