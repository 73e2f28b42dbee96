//! What is done with arbitrary files that are imported.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| vws_fuzz::import::run(data));
