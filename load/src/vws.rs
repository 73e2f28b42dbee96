//! Sessions of a VWS server as rooms: made for a load, and deleted with it.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

use memchr::memmem::Finder;
use serde_json::Value;

use crate::dialect::{Counter, Dialect, Heard, Opened};
use crate::error::{Done, LoadError};
use crate::frame::{self, BINARY, CLOSE, PONG, Scanner, TEXT, Visitor};
use crate::http::{Http, Target};
use crate::socket::{Socket, closed};

/// Commands of one batch: what `--max-batch` allows at least.
const BATCH: usize = 100;
/// Objects that are made by one request.
const MADE_AT_ONCE: usize = 1_000;

/// How sessions are spoken to and listened to.
#[derive(Debug)]
pub struct Vws {
    target: Target,
    sessions: Sessions,
    /// Objects of each session; changes go round them.
    objects: usize,
    batch: usize,
}

impl Vws {
    /// Makes `rooms` sessions of `objects` objects each.
    ///
    /// # Errors
    /// [`LoadError`], with what was made deleted again.
    pub fn prepare(target: &Target, rooms: usize, objects: usize) -> Done<Self> {
        let mut sessions = Sessions { target: target.clone(), ids: Vec::new() };
        let mut http = Http::connect(target)?;
        for _ in 0..rooms {
            sessions.make(&mut http, objects)?;
        }
        Ok(Self { target: target.clone(), sessions, objects, batch: BATCH })
    }

    /// The same with each event said by a command of its own.
    #[must_use]
    pub fn one_by_one(mut self) -> Self {
        self.batch = 1;
        self
    }

    /// The ids of the sessions.
    #[must_use]
    pub fn sessions(&self) -> &[String] {
        &self.sessions.ids
    }

    /// The server.
    #[must_use]
    pub const fn target(&self) -> &Target {
        &self.target
    }

    /// A connection that was welcomed, with the state that it was given.
    ///
    /// # Errors
    /// [`LoadError`] where the server does not let it in.
    pub fn join(&self, room: usize, after: Option<&Value>) -> Done<Joined> {
        Joined::open(&self.target, &self.sessions.ids[room], after)
    }

    /// The bytes of a join in MessagePack, as browsers speak it.
    ///
    /// # Errors
    /// [`LoadError`]
    pub fn join_packed(&self, room: usize) -> Done<u64> {
        let path = format!("/api/sessions/{}/ws", self.sessions.ids[room]);
        let mut socket = Socket::open(&self.target, &path, "vws.v1.msgpack")?;
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

    /// Changes objects of a session over HTTP, in batches of 100 events.
    ///
    /// # Errors
    /// [`LoadError`]
    pub fn change(&self, room: usize, batches: u64) -> Done {
        let mut http = Http::connect(&self.target)?;
        let path = format!("/api/sessions/{}/commands", self.sessions.ids[room]);
        for batch in 0..batches {
            let command = self.command(batch * BATCH as u64, BATCH);
            http.json("POST", &path, Some(&command))?;
        }
        Ok(())
    }

    /// The changes from the n-th on as one command.
    fn command(&self, first: u64, count: usize) -> String {
        let (objects, mut text) = (self.objects as u64, String::with_capacity(128 * count));
        let change = |text: &mut String, n: u64| {
            // Two changes of one object that follow each other are never the same.
            let (object, x) = (n % objects, (n / objects % 200) as f64 / 10.0 - 9.95);
            let _ = write!(
                text,
                r#"{{"type":"update_object","name":"{}","patch":{{"x":{x:.2}}}}}"#,
                name(object)
            );
        };
        if count == 1 {
            change(&mut text, first);
            return text;
        }
        text += r#"{"type":"batch","commands":["#;
        for n in 0..count as u64 {
            if n > 0 {
                text.push(',');
            }
            change(&mut text, first + n);
        }
        text += "]}";
        text
    }

    fn enter(&self, room: usize) -> Done<Opened> {
        let (stream, ahead) = self.join(room, None)?.socket.into_parts();
        Ok(Opened { stream, ahead, counter: Box::new(Events::default()) })
    }
}

impl Dialect for Vws {
    fn subscriber(&self, room: usize) -> Done<Opened> {
        self.enter(room)
    }

    fn publisher(&self, room: usize) -> Done<Opened> {
        self.enter(room)
    }

    fn publisher_hears(&self) -> bool {
        true
    }

    fn say(&self, out: &mut Vec<u8>, _: usize, said: u64, count: usize) {
        let text =
            format!(r#"{{"type":"command","id":{},"command":{}}}"#, said + 1, self.command(said, count));
        frame::write(out, TEXT, text.as_bytes());
    }

    fn at_once(&self) -> usize {
        self.batch
    }

    fn sign_of_life(&self) -> &'static [u8] {
        // A pong that answers nothing, masked, empty.
        const SIGN: [u8; 6] = [0x80 | PONG, 0x80, 0, 0, 0, 0];
        &SIGN
    }
}

/// The name of the n-th object.
fn name(n: u64) -> String {
    format!("o{n:05}")
}

/// The n-th object of a load: one as people make them, with a size, a colour and a property.
#[must_use]
pub fn object(n: u64) -> String {
    const TYPES: [&str; 5] = ["cube", "sphere", "cylinder", "cone", "torus"];
    let kind = TYPES[(n % 5) as usize];
    let [x, y, z] = [n % 22, n / 22 % 22, n / 484 % 22].map(|place| place as f64 - 10.5);
    let color = 0x0030_6090 + n % 100_000;
    format!(
        r##"{{"name":"{}","type":"{kind}","x":{x},"y":{y},"z":{z},"rotation":{{"y":{}}},"scale":0.5,"color":"#{color:06x}","properties":{{"kind":"part","number":{n}}}}}"##,
        name(n),
        n % 360
    )
}

/// The sessions of a load. They end with it.
#[derive(Debug)]
struct Sessions {
    target: Target,
    ids: Vec<String>,
}

impl Sessions {
    fn make(&mut self, http: &mut Http, objects: usize) -> Done {
        let made = http.json("POST", "/api/sessions", Some(r#"{"name":"load"}"#))?;
        let id = made["session_id"].as_str();
        let id =
            id.ok_or_else(|| LoadError::Refused("the server tells no session id".to_owned()))?.to_owned();
        self.ids.push(id.clone());
        let numbers: Vec<u64> = (0..objects as u64).collect();
        for some in numbers.chunks(MADE_AT_ONCE) {
            let commands: Vec<String> = some
                .iter()
                .map(|&n| format!(r#"{{"type":"create_object","object":{}}}"#, object(n)))
                .collect();
            let batch = format!(r#"{{"type":"batch","commands":[{}]}}"#, commands.join(","));
            http.json("POST", &format!("/api/sessions/{id}/commands"), Some(&batch))?;
        }
        Ok(())
    }
}

impl Drop for Sessions {
    fn drop(&mut self) {
        // As far as the server is there: where it is gone, they are as well or will be seen.
        if let Ok(mut http) = Http::connect(&self.target) {
            for id in self.ids.drain(..) {
                if http.send("DELETE", &format!("/api/sessions/{id}"), None).is_err() {
                    return;
                }
            }
        }
    }
}

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
        static CLIENTS: AtomicU64 = AtomicU64::new(0);
        let client = CLIENTS.fetch_add(1, Ordering::Relaxed);
        let mut socket = Socket::open(target, &format!("/api/sessions/{session}/ws"), "vws.v1.json")?;
        let after = after.map(|after| format!(r#","after":{after}"#)).unwrap_or_default();
        // As long as the ids that clients draw for themselves.
        let id = format!("load-{:010}-{client:020}", std::process::id());
        socket.say(&format!(r#"{{"type":"hello","protocol":1,"client_id":"{id}"{after}}}"#))?;
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
            let several = payload.starts_with(br#"{"type":"events""#);
            let here = match several {
                true => memchr::memmem::find_iter(&payload, MARK).count() as u64,
                false => payload.starts_with(br#"{"type":"event""#).into(),
            };
            if here > 0 {
                (come, bytes) = (come + here, bytes + self.socket.bytes - before);
            }
        }
        Ok(bytes)
    }
}

/// The number behind a key near the begin of a message.
fn number(payload: &[u8], key: &str) -> Option<u64> {
    let begin = String::from_utf8_lossy(&payload[..payload.len().min(200)]);
    let rest = begin.split_once(&format!("\"{key}\":"))?.1;
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest[..end].parse().ok()
}

/// The whole number behind a key near the begin of a message in MessagePack.
fn packed(payload: &[u8], key: &str) -> Option<u64> {
    let begin = &payload[..payload.len().min(200)];
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

/// What each event has once, wherever several travel in one message.
const MARK: &[u8] = br#""seq":"#;

/// Counts the events of one connection, in JSON.
#[derive(Debug)]
pub struct Events {
    scanner: Scanner,
    told: Told,
}

impl Default for Events {
    fn default() -> Self {
        let told =
            Told { heard: Heard::default(), what: What::Other, tail: Vec::new(), mark: Finder::new(MARK) };
        Self { scanner: Scanner::default(), told }
    }
}

impl Counter for Events {
    fn count(&mut self, bytes: &[u8]) -> Heard {
        self.scanner.scan(bytes, &mut self.told);
        std::mem::take(&mut self.told.heard)
    }
}

#[derive(Debug)]
struct Told {
    heard: Heard,
    what: What,
    /// The end of the last part of a message that is looked through, or all of one that is kept.
    tail: Vec<u8>,
    mark: Finder<'static>,
}

/// What becomes of the message that comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Other,
    /// Several events: each has its mark.
    Many,
    /// What ends the load.
    Fault,
}

impl Visitor for Told {
    fn frame(&mut self, opcode: u8, length: u64, start: &[u8]) -> bool {
        self.what = What::Other;
        match start {
            _ if opcode == CLOSE => {
                self.heard.fault = Some(format!("the server ended a connection: {}", closed(start)));
            }
            [
                b'{',
                b'"',
                b't',
                b'y',
                b'p',
                b'e',
                b'"',
                b':',
                b'"',
                b'e',
                b'v',
                b'e',
                b'n',
                b't',
                b'"',
                ..,
            ] => {
                self.heard.events += 1;
            }
            _ if start.starts_with(br#"{"type":"events""#) => self.what = What::Many,
            _ if start.starts_with(br#"{"type":"resync""#) => {
                self.heard.fault = Some("a subscriber fell behind the feed".to_owned());
            }
            _ if start.starts_with(br#"{"type":"rejecte"#) => {
                self.what = What::Fault;
                self.heard.fault = Some(format!("a command was refused, in {length} bytes"));
            }
            _ => {}
        }
        self.tail.clear();
        self.what != What::Other
    }

    fn part(&mut self, bytes: &[u8]) {
        match self.what {
            What::Other => {}
            What::Fault => {
                self.tail.extend_from_slice(bytes);
                self.heard.fault = Some(format!("refused: {}", String::from_utf8_lossy(&self.tail)));
            }
            What::Many => {
                // A mark may lie on the border of two parts.
                let short = MARK.len() - 1;
                if !self.tail.is_empty() {
                    self.tail.extend_from_slice(&bytes[..short.min(bytes.len())]);
                    self.heard.events += self.mark.find_iter(&self.tail).count() as u64;
                }
                self.heard.events += self.mark.find_iter(bytes).count() as u64;
                let had = self.tail.len();
                if bytes.len() >= short {
                    self.tail.clear();
                    self.tail.extend_from_slice(&bytes[bytes.len() - short..]);
                } else if had == 0 {
                    self.tail.extend_from_slice(bytes);
                } else {
                    self.tail.drain(..had.saturating_sub(short));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn served(payload: &str) -> Vec<u8> {
        let mut out = vec![0x81];
        match payload.len() {
            0..126 => out.push(payload.len() as u8),
            _ => {
                out.push(126);
                out.extend_from_slice(&(payload.len() as u16).to_be_bytes());
            }
        }
        out.extend_from_slice(payload.as_bytes());
        out
    }

    fn event(seq: u64) -> String {
        format!(r#"{{"type":"event","seq":{seq},"at":1,"event":{{"type":"objects_cleared"}}}}"#)
    }

    #[test]
    fn events_are_counted_alone_and_together_wherever_they_are_cut() {
        let mut bytes = served(r#"{"type":"heartbeat","head_seq":3,"digest":"0000000000000000"}"#);
        bytes.extend(served(&event(4)));
        let some: Vec<String> = (5..9).map(event).collect();
        bytes.extend(served(&format!(r#"{{"type":"events","events":[{}]}}"#, some.join(","))));
        bytes.extend(served(r#"{"type":"presence","peers":[{"client_id":"a"}]}"#));
        bytes.extend(served(&event(9)));
        for step in 1..bytes.len() {
            let mut counter = Events::default();
            let heard: Vec<Heard> = bytes.chunks(step).map(|chunk| counter.count(chunk)).collect();
            assert_eq!(heard.iter().map(|heard| heard.events).sum::<u64>(), 6, "in steps of {step}");
            assert!(heard.iter().all(|heard| heard.fault.is_none()));
        }
    }

    #[test]
    fn parts_are_known_in_both_encodings() {
        let json = br#"{"type":"snapshot","seq":12,"part":3,"parts":400,"objects":[]}"#;
        assert_eq!(["seq", "part", "parts"].map(|key| number(json, key)), [Some(12), Some(3), Some(400)]);
        let message = b"\x83\xa4type\xa8snapshot\xa4part\x03\xa5parts\xcd\x01\x90";
        assert_eq!(["part", "parts", "seq"].map(|key| packed(message, key)), [Some(3), Some(400), None]);
        assert_eq!(packed(b"\xa4part\xcc\xc8", "part"), Some(200));
    }

    #[test]
    fn what_ends_a_load_is_told() {
        let mut counter = Events::default();
        let refused = r#"{"type":"rejected","id":1,"problem":{"code":"x"}}"#;
        assert!(counter.count(&served(refused)).fault.is_some_and(|words| words.contains(r#""code":"x""#)));
        let lost = served(r#"{"type":"resync","reason":"lagged"}"#);
        assert!(counter.count(&lost).fault.is_some_and(|words| words.contains("behind")));
        let close = [0x88, 6, 0x0f, 0xbd, b'r', b'a', b't', b'e'];
        assert!(counter.count(&close).fault.is_some_and(|words| words.ends_with("4029 rate")));
    }

    #[test]
    fn changes_of_one_object_that_follow_each_other_differ() {
        let target = Target::local(1);
        let sessions = Sessions { target: target.clone(), ids: Vec::new() };
        let dialect = Vws { target, sessions, objects: 1, batch: 1 };
        let said = |n| {
            let mut out = Vec::new();
            dialect.say(&mut out, 0, n, 1);
            out
        };
        let x = |bytes: &[u8]| bytes[bytes.len() - 10..].to_vec();
        for n in 0..500 {
            assert_ne!(x(&said(n)), x(&said(n + 1)), "{n}");
        }
    }

    #[test]
    fn objects_are_json() {
        for n in [0, 1, 484, 99_999] {
            let read: Value = serde_json::from_str(&object(n)).expect("JSON");
            assert_eq!(read["color"].as_str().map(str::len), Some(7));
            assert!(read["x"].as_f64().is_some_and(|x| x.abs() <= 12.0));
        }
    }
}
