//! Sessions of a VWS server as rooms: made for a load, and deleted with it.

mod events;
mod joined;

use std::fmt::Write as _;

use serde_json::Value;

use crate::dialect::{Dialect, Opened};
use crate::error::{Done, LoadError};
use crate::frame::{self, PONG, TEXT};
use crate::http::{Http, Target};
pub use events::Events;
pub use joined::Joined;

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
        joined::packed_bytes(&self.target, &self.sessions.ids[room])
    }

    /// The bytes of a snapshot over HTTP in a content coding, `zstd` or `br`.
    ///
    /// # Errors
    /// [`LoadError`]
    pub fn snapshot_compressed(&self, room: usize, coding: &str) -> Done<u64> {
        let path = format!("/api/sessions/{}/snapshot", self.sessions.ids[room]);
        Http::connect(&self.target)?.compressed(&path, coding)
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

#[cfg(test)]
mod tests {
    use super::*;

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
