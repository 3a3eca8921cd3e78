//! Breeds inputs for `fuzzcheck::firewall::listing`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzcheck::firewall::listing(data));
