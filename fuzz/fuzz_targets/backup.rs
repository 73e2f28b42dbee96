//! What is done with arbitrary files that are restored.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| vws_fuzz::backup::run(data));
