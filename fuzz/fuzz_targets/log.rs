//! What is done with arbitrary files of a data directory.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| vws_fuzz::log::run(data));
