//! Breeds inputs for `fuzzcheck::sealed::sealed`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzcheck::sealed::sealed(data));
