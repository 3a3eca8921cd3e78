//! Breeds inputs for `fuzzcheck::controller::claim`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzcheck::controller::claim(data));
