//! What clients send, for the fuzz targets.

use super::read::{Fault, Reader, Received};

/// What a client says, or how its connection ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// UTF-8.
    Text(Vec<u8>),
    /// Bytes.
    Binary(Vec<u8>),
    /// To be answered with what it carries.
    Ping(Vec<u8>),
    /// Means nothing.
    Pong,
    /// The client ends the connection, with the code that it gives.
    Close(Option<u16>),
    /// It broke the standard, in these words.
    Broken(&'static str),
    /// A message is larger than allowed.
    TooBig,
}

/// All that the bytes of a client say, up to the fault that ends them, behind what `said` has. They come in pieces of `at_once`
/// bytes.
pub fn read(bytes: &[u8], at_once: usize, max_message: usize, said: &mut Vec<Message>) {
    let mut reader = Reader::new(max_message);
    for piece in bytes.chunks(at_once.max(1)) {
        reader.take(piece);
        loop {
            said.push(match reader.next() {
                Ok(None) => break,
                Ok(Some(Received::Text(text))) => Message::Text(text.into_owned()),
                Ok(Some(Received::Binary(bytes))) => Message::Binary(bytes.into_owned()),
                Ok(Some(Received::Ping(bytes))) => Message::Ping(bytes.to_vec()),
                Ok(Some(Received::Pong)) => Message::Pong,
                Ok(Some(Received::Close(code))) => Message::Close(code),
                Err(fault) => {
                    said.push(match fault {
                        Fault::Protocol(what) => Message::Broken(what),
                        Fault::NotUtf8 => Message::Broken("no UTF-8"),
                        Fault::TooBig => Message::TooBig,
                    });
                    return;
                }
            });
        }
        reader.rest();
    }
}
