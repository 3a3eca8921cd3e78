//! Breeds inputs for `fuzzcheck::log::checkpoint`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzcheck::log::checkpoint(data));
