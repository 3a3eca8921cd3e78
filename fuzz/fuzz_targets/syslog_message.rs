//! Breeds inputs for `fuzzcheck::syslog::message`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzcheck::syslog::message(data));
