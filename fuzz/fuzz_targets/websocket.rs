//! What is done with arbitrary bytes of a WebSocket.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| vws_fuzz::websocket::run(data));
