//! What is done with arbitrary bodies of requests.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| vws_fuzz::rest::run(data));
