//! Breeds inputs for `fuzzcheck::firewall::request`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzcheck::firewall::request(data));
