//! Breeds inputs for `fuzzcheck::log::record`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzcheck::log::record(data));
