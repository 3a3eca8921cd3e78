//! Breeds inputs for `fuzzcheck::firewall::log`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzcheck::firewall::log(data));
