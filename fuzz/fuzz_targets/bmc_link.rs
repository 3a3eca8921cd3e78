//! Breeds inputs for `fuzzcheck::controller::link`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzcheck::controller::link(data));
