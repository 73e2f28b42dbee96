//! A connection that was welcomed: who joins, and who comes back.

use std::net::TcpStream;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value;

use super::events::events_of;
use crate::error::{Done, LoadError};
use crate::frame::{self, BINARY};
use crate::http::Target;
use crate::socket::Socket;

/// Bytes of a message that its own numbers are looked for in.
const BEGIN: usize = 200;

/// A connection that has the state of its session.
#[derive(Debug)]
pub struct Joined {
    /// The connection, right behind the state.
    pub socket: Socket,
    /// The epoch that the server told.
    pub epoch: Value,
    /// The seq of the state.
    pub seq: u64,
    /// Whether only what was missing is sent, and no snapshot.
    pub is_tail: bool,
}

impl Joined {
    /// Says hello and reads until the state is there, looking at the begin of messages alone.
    ///
    /// # Errors
    /// [`LoadError`]
    pub fn open(target: &Target, session: &str, after: Option<&Value>) -> Done<Self> {
        Self::on(target.connect()?, target, session, after)
    }

    /// The same on a connection that somebody has opened.
    ///
    /// # Errors
    /// [`LoadError`]
    pub fn on(stream: TcpStream, target: &Target, session: &str, after: Option<&Value>) -> Done<Self> {
        static CLIENTS: AtomicU64 = AtomicU64::new(0);
        let client = CLIENTS.fetch_add(1, Ordering::Relaxed);
        let mut socket = Socket::on(stream, target, &format!("/api/sessions/{session}/ws"), "vws.v1.json")?;
        let after = after.map(|after| format!(r#","after":{after}"#)).unwrap_or_default();
        let token =
            target.token().map(|token| format!(r#","token":{}"#, Value::from(token))).unwrap_or_default();
        // As long as the ids that clients draw for themselves.
        let id = format!("load-{:010}-{client:020}", std::process::id());
        socket.say(&format!(r#"{{"type":"hello","protocol":1,"client_id":"{id}"{token}{after}}}"#))?;
        let (mut epoch, mut head) = (Value::Null, 0);
        loop {
            let (_, payload) = socket.message()?;
            if payload.starts_with(br#"{"type":"welcome""#) {
                let welcome: Value = serde_json::from_slice(&payload).unwrap_or_default();
                (epoch, head) = (welcome["epoch"].clone(), welcome["head_seq"].as_u64().unwrap_or(0));
                if welcome["mode"] == "tail" {
                    return Ok(Self { socket, epoch, seq: head, is_tail: true });
                }
            } else if payload.starts_with(br#"{"type":"snapshot""#) {
                let [part, parts] = ["part", "parts"].map(|key| number(&payload, key));
                head = number(&payload, "seq").unwrap_or(head);
                if part.map(|part| part + 1) == parts {
                    return Ok(Self { socket, epoch, seq: head, is_tail: false });
                }
            } else if payload.starts_with(br#"{"type":"rejected""#) {
                return Err(LoadError::Refused(String::from_utf8_lossy(&payload).into_owned()));
            }
        }
    }
}

impl Joined {
    /// Reads until so many events have come; returns the bytes that they took.
    ///
    /// # Errors
    /// [`LoadError`]
    pub fn events(&mut self, count: u64) -> Done<u64> {
        let (mut come, mut bytes) = (0, 0);
        while come < count {
            let before = self.socket.bytes;
            let (_, payload) = self.socket.message()?;
            let here = events_of(&payload);
            if here > 0 {
                (come, bytes) = (come + here, bytes + self.socket.bytes - before);
            }
        }
        Ok(bytes)
    }
}

/// Joins in MessagePack; returns the bytes until the state was there.
pub(super) fn packed_bytes(target: &Target, session: &str) -> Done<u64> {
    let path = format!("/api/sessions/{session}/ws");
    let mut socket = Socket::open(target, &path, "vws.v1.msgpack")?;
    let text = |out: &mut Vec<u8>, text: &str| {
        out.extend_from_slice(&[0xd9, text.len() as u8]);
        out.extend_from_slice(text.as_bytes());
    };
    let mut hello = vec![0x83];
    for (key, value) in [("type", "hello"), ("client_id", "load-packed")] {
        text(&mut hello, key);
        text(&mut hello, value);
    }
    text(&mut hello, "protocol");
    hello.push(1);
    let mut out = Vec::new();
    frame::write(&mut out, BINARY, &hello);
    socket.write(&out)?;
    loop {
        let (_, payload) = socket.message()?;
        let [part, parts] = ["part", "parts"].map(|key| packed(&payload, key));
        if part.is_some() && part.map(|part| part + 1) == parts {
            return Ok(socket.bytes);
        }
    }
}

/// The number behind a key near the begin of a message.
fn number(payload: &[u8], key: &str) -> Option<u64> {
    let begin = String::from_utf8_lossy(&payload[..payload.len().min(BEGIN)]);
    let rest = begin.split_once(&format!("\"{key}\":"))?.1;
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest[..end].parse().ok()
}

/// The whole number behind a key near the begin of a message in MessagePack.
fn packed(payload: &[u8], key: &str) -> Option<u64> {
    let begin = &payload[..payload.len().min(BEGIN)];
    let mut mark = vec![0xa0 | key.len() as u8];
    mark.extend_from_slice(key.as_bytes());
    let at = memchr::memmem::find(begin, &mark)? + mark.len();
    match begin.get(at..)? {
        [short @ 0..0x80, ..] => Some(u64::from(*short)),
        [0xcc, byte, ..] => Some(u64::from(*byte)),
        [0xcd, high, low, ..] => Some(u64::from(u16::from_be_bytes([*high, *low]))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_known_in_both_encodings() {
        let json = br#"{"type":"snapshot","seq":12,"part":3,"parts":400,"objects":[]}"#;
        assert_eq!(["seq", "part", "parts"].map(|key| number(json, key)), [Some(12), Some(3), Some(400)]);
        let message = b"\x83\xa4type\xa8snapshot\xa4part\x03\xa5parts\xcd\x01\x90";
        assert_eq!(["part", "parts", "seq"].map(|key| packed(message, key)), [Some(3), Some(400), None]);
        assert_eq!(packed(b"\xa4part\xcc\xc8", "part"), Some(200));
    }
}
