//! Breeds inputs for `fuzzcheck::documents::site`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzcheck::documents::site(data));
