//! Breeds inputs for `fuzzcheck::sealed::key`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzcheck::sealed::key(data));
