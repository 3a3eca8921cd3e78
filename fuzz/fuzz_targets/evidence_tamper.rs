//! Breeds inputs for `fuzzcheck::log::tamper`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzcheck::log::tamper(data));
