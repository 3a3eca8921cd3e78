//! Breeds inputs for `fuzzcheck::documents::question`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzcheck::documents::question(data));
