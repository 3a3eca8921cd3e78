//! Breeds inputs for `fuzzcheck::syslog::frames`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzcheck::syslog::frames(data));
