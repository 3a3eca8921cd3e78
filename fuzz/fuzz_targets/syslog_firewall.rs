//! Breeds inputs for `fuzzcheck::syslog::firewall`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzcheck::syslog::firewall(data));
