//! How the contenders are talked to that are not VWS.

use std::io::{Read, Write};

use serde_json::Value;
use vws_load::frame::{self, BINARY, CLOSE, Scanner, TEXT, Visitor};
use vws_load::http::Http;
use vws_load::socket::Socket;
use vws_load::{Counter, Dialect, Done, Even, Heard, LoadError, Opened, Target};

/// Bytes on a connection that begins with a role and a room: the raw ceilings.
pub(super) struct Raw {
    pub(super) target: Target,
    /// An event as a server's WebSocket frame, as long as one of VWS, and counted in the same way.
    event: Vec<u8>,
    /// Whether who speaks is told it.
    pub(super) is_echo: bool,
}

impl Raw {
    pub(super) fn new(target: Target, payload: usize, is_echo: bool) -> Self {
        let mut event = vec![0x81];
        match u8::try_from(payload) {
            Ok(short) if short < 126 => event.push(short),
            _ => {
                event.push(126);
                event.extend_from_slice(&(payload as u16).to_be_bytes());
            }
        }
        event.resize(event.len() + payload, b'x');
        Self { target, event, is_echo }
    }

    fn open(&self, role: u8, room: usize) -> Done<Opened> {
        let mut stream = self.target.connect()?;
        if !self.is_echo {
            let [a, b, c, d] = (room as u32).to_le_bytes();
            stream.write_all(&[role, a, b, c, d]).map_err(|error| LoadError::broke("raw", error))?;
            if role == b'S' {
                stream.read_exact(&mut [0]).map_err(|error| LoadError::broke("raw", error))?;
            }
        }
        Ok(Opened { stream, ahead: Vec::new(), counter: Box::new(Messages::default()) })
    }
}

impl Dialect for Raw {
    fn subscriber(&self, room: usize) -> Done<Opened> {
        self.open(b'S', room)
    }

    fn publisher(&self, room: usize) -> Done<Opened> {
        self.open(b'P', room)
    }

    fn publisher_hears(&self) -> bool {
        self.is_echo
    }

    fn say(&self, out: &mut Vec<u8>, _: usize, _: u64, count: usize) {
        (0..count).for_each(|_| out.extend_from_slice(&self.event));
    }
}

/// A WebSocket whose messages go to all in its room, who says them included.
pub(super) struct Plain {
    pub(super) target: Target,
    pub(super) payload: Vec<u8>,
    pub(super) is_echo: bool,
}

impl Plain {
    fn open(&self, room: usize) -> Done<Opened> {
        let path = if self.is_echo { "/echo".to_owned() } else { format!("/room/{room}") };
        let (stream, ahead) = Socket::open(&self.target, &path, "")?.into_parts();
        Ok(Opened { stream, ahead, counter: Box::new(Messages::default()) })
    }
}

impl Dialect for Plain {
    fn subscriber(&self, room: usize) -> Done<Opened> {
        self.open(room)
    }

    fn publisher(&self, room: usize) -> Done<Opened> {
        self.open(room)
    }

    fn publisher_hears(&self) -> bool {
        true
    }

    fn say(&self, out: &mut Vec<u8>, _: usize, _: u64, count: usize) {
        (0..count).for_each(|_| frame::write(out, TEXT, &self.payload));
    }
}

/// Counts the messages of a WebSocket: each is an event.
#[derive(Debug, Default)]
struct Messages {
    scanner: Scanner,
    heard: Counted,
}

#[derive(Debug, Default)]
struct Counted(Heard);

impl Counter for Messages {
    fn count(&mut self, bytes: &[u8]) -> Heard {
        self.scanner.scan(bytes, &mut self.heard);
        std::mem::take(&mut self.heard.0)
    }
}

impl Visitor for Counted {
    fn frame(&mut self, opcode: u8, _: u64, _: &[u8]) -> bool {
        match opcode {
            TEXT | BINARY => self.0.events += 1,
            CLOSE => self.0.fault = Some("the server ended a connection".to_owned()),
            _ => {}
        }
        false
    }

    fn part(&mut self, _: &[u8]) {}
}

/// Redis pub/sub: a channel a room.
pub(super) struct Redis {
    pub(super) target: Target,
    pub(super) payload: Vec<u8>,
}

impl Redis {
    fn channel(room: usize) -> String {
        format!("room{room:05}")
    }

    /// What a subscriber is sent of an event, but for the payload.
    fn around(&self, room: usize) -> String {
        let channel = Self::channel(room);
        format!("*3\r\n$7\r\nmessage\r\n${}\r\n{channel}\r\n${}\r\n\r\n", channel.len(), self.payload.len())
    }
}

impl Dialect for Redis {
    fn subscriber(&self, room: usize) -> Done<Opened> {
        let mut stream = self.target.connect()?;
        let channel = Self::channel(room);
        let ask = format!("*2\r\n$9\r\nSUBSCRIBE\r\n${}\r\n{channel}\r\n", channel.len());
        let told = format!("*3\r\n$9\r\nsubscribe\r\n${}\r\n{channel}\r\n:1\r\n", channel.len());
        let mut answer = vec![0; told.len()];
        let asked = stream.write_all(ask.as_bytes()).and_then(|()| stream.read_exact(&mut answer));
        asked.map_err(|error| LoadError::broke("Redis", error))?;
        let counter = Box::new(Even::of(self.around(room).len() + self.payload.len()));
        Ok(Opened { stream, ahead: Vec::new(), counter })
    }

    fn publisher(&self, _: usize) -> Done<Opened> {
        Ok(Opened {
            stream: self.target.connect()?,
            ahead: Vec::new(),
            counter: Box::new(Even::of(usize::MAX)),
        })
    }

    fn publisher_hears(&self) -> bool {
        false
    }

    fn say(&self, out: &mut Vec<u8>, room: usize, _: u64, count: usize) {
        let channel = Self::channel(room);
        for _ in 0..count {
            let head = format!(
                "*3\r\n$7\r\nPUBLISH\r\n${}\r\n{channel}\r\n${}\r\n",
                channel.len(),
                self.payload.len()
            );
            out.extend_from_slice(head.as_bytes());
            out.extend_from_slice(&self.payload);
            out.extend_from_slice(b"\r\n");
        }
    }
}

/// Core NATS: a subject a room.
pub(super) struct Nats {
    pub(super) target: Target,
    pub(super) payload: Vec<u8>,
}

impl Nats {
    /// What a subscriber is sent of an event, but for the payload.
    fn around(&self, room: usize) -> String {
        format!("MSG room{room} 1 {}\r\n\r\n", self.payload.len())
    }

    fn open(&self, subscribe: &str) -> Done<std::net::TcpStream> {
        let mut stream = self.target.connect()?;
        let broke = |error: std::io::Error| LoadError::broke("NATS", error);
        let hello = format!("CONNECT {{\"verbose\":false,\"pedantic\":false}}\r\n{subscribe}PING\r\n");
        stream.write_all(hello.as_bytes()).map_err(broke)?;
        let (mut told, mut byte) = (Vec::new(), [0]);
        while !told.ends_with(b"PONG\r\n") {
            stream.read_exact(&mut byte).map_err(broke)?;
            told.push(byte[0]);
        }
        Ok(stream)
    }
}

impl Dialect for Nats {
    fn subscriber(&self, room: usize) -> Done<Opened> {
        let stream = self.open(&format!("SUB room{room} 1\r\n"))?;
        let counter = Box::new(Even::of(self.around(room).len() + self.payload.len()));
        Ok(Opened { stream, ahead: Vec::new(), counter })
    }

    fn publisher(&self, _: usize) -> Done<Opened> {
        Ok(Opened { stream: self.open("")?, ahead: Vec::new(), counter: Box::new(Even::of(usize::MAX)) })
    }

    fn publisher_hears(&self) -> bool {
        false
    }

    fn say(&self, out: &mut Vec<u8>, room: usize, _: u64, count: usize) {
        for _ in 0..count {
            out.extend_from_slice(format!("PUB room{room} {}\r\n", self.payload.len()).as_bytes());
            out.extend_from_slice(&self.payload);
            out.extend_from_slice(b"\r\n");
        }
    }
}

/// Colyseus: a seat is asked for over HTTP and taken over a WebSocket.
pub(super) struct Colyseus {
    pub(super) target: Target,
    pub(super) payload: Vec<u8>,
}

/// Codes of its protocol: a seat is taken, and a message.
const JOIN_ROOM: u8 = 10;
const ROOM_DATA: u8 = 13;

impl Colyseus {
    fn open(&self) -> Done<Opened> {
        let seat = Http::connect(&self.target)?.json("POST", "/matchmake/joinOrCreate/room", Some("{}"))?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        // The room is told in a value of its own by some versions, beside the seat by others.
        let room = if seat["room"].is_object() { &seat["room"] } else { &seat };
        let (process, id) = (text(&room["processId"]), text(&room["roomId"]));
        let path = format!("/{process}/{id}?sessionId={}", text(&seat["sessionId"]));
        let mut socket = Socket::open(&self.target, &path, "")?;
        loop {
            let (_, message) = socket.message()?;
            if message.first() == Some(&JOIN_ROOM) {
                break;
            }
        }
        let mut taken = Vec::new();
        frame::write(&mut taken, BINARY, &[JOIN_ROOM]);
        socket.write(&taken)?;
        let (stream, ahead) = socket.into_parts();
        Ok(Opened { stream, ahead, counter: Box::new(Messages::default()) })
    }
}

impl Dialect for Colyseus {
    fn subscriber(&self, _: usize) -> Done<Opened> {
        self.open()
    }

    fn publisher(&self, _: usize) -> Done<Opened> {
        self.open()
    }

    fn publisher_hears(&self) -> bool {
        true
    }

    fn say(&self, out: &mut Vec<u8>, _: usize, _: u64, count: usize) {
        // The type `e` and the payload as MessagePack texts.
        let mut message = vec![ROOM_DATA, 0xa1, b'e', 0xd9, self.payload.len() as u8];
        message.extend_from_slice(&self.payload);
        (0..count).for_each(|_| frame::write(out, BINARY, &message));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_peer_sends_is_as_long_as_it_is_counted() {
        let (target, payload) = (Target::local(1), b"hello".to_vec());
        let redis = "*3\r\n$7\r\nmessage\r\n$9\r\nroom00012\r\n$5\r\nhello\r\n";
        let told = Redis { target: target.clone(), payload: payload.clone() }.around(12);
        assert_eq!(told.len() + payload.len(), redis.len());
        let told = Nats { target, payload: payload.clone() }.around(12);
        assert_eq!(told.len() + payload.len(), "MSG room12 1 5\r\nhello\r\n".len());
    }

    #[test]
    fn raw_bytes_are_frames_as_long_as_those_of_a_server() {
        for payload in [5, 125, 126, 190] {
            let raw = Raw::new(Target::local(1), payload, false);
            let mut out = Vec::new();
            raw.say(&mut out, 0, 0, 3);
            assert_eq!(Messages::default().count(&out).events, 3, "{payload}");
        }
    }
}
