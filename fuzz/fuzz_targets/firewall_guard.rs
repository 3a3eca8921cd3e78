//! Breeds inputs for `fuzzcheck::firewall::guard`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzcheck::firewall::guard(data));
