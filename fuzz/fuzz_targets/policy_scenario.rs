//! Breeds inputs for `fuzzcheck::documents::scenario`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzcheck::documents::scenario(data));
