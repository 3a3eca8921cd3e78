//! Breeds inputs for `fuzzcheck::sealed::stretch`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzcheck::sealed::stretch(data));
