//! What the process that loads is asked to do, and how it does it.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use vws_load::http::write_request;
use vws_load::{Crowd, Dialect, Done, Outcome, Target, Terms, Vws, echo, fanout, joins, object, requests};

use super::contender::Contender;
use super::dialects::{Colyseus, Nats, Plain, Raw, Redis};

/// Objects of a session that events are about.
const OBJECTS: usize = 100;

/// One run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Task {
    pub(crate) who: Contender,
    pub(crate) port: u16,
    /// The process that serves.
    pub(crate) server: u32,
    /// Bytes of an event, where the contender does not decide that itself.
    pub(crate) payload: usize,
    pub(crate) warm_up: f64,
    pub(crate) span: f64,
    pub(crate) work: Work,
}

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) enum Work {
    /// Events as fast as the slowest subscriber takes them.
    Saturate { subscribers: usize },
    /// Events at a rate, in each of some rooms.
    Steady { rooms: usize, subscribers: usize, rate: f64 },
    /// Commands whose event comes back to who sent it.
    Echo { connections: usize, in_flight: usize },
    /// `POST` of sessions, which stay: their server ends.
    Sessions { connections: usize },
    /// `POST` of objects.
    Create { connections: usize },
    /// `GET` of an object.
    Read { connections: usize },
    /// `PATCH` of objects, round all sessions.
    Patch { connections: usize, sessions: usize, objects: usize },
    /// Late joins of a session of so many objects, at a rate or as many as go.
    Join { objects: usize, at_once: usize, rate: Option<f64> },
    /// Followers of such a session, with so many late joins a second beside them.
    Follow { objects: usize, followers: usize, rate: f64, joins: f64 },
}

impl Work {
    /// Whether it is done as fast as it goes.
    pub(crate) const fn saturates(self) -> bool {
        !matches!(self, Self::Steady { .. } | Self::Follow { .. } | Self::Join { rate: Some(_), .. })
    }
}

impl Task {
    /// Does it in this process, and tells the outcome as JSON.
    pub(crate) fn run(text: &str) -> Result<(), String> {
        let task: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let outcome = task.go().map_err(|error| error.to_string())?;
        println!("{}", serde_json::to_string(&outcome).map_err(|error| error.to_string())?);
        Ok(())
    }

    fn go(&self) -> Done<Outcome> {
        let terms = Terms {
            warm_up: Duration::from_secs_f64(self.warm_up),
            span: Duration::from_secs_f64(self.span),
            server: Some(self.server),
            ..Terms::default()
        };
        match self.work {
            Work::Saturate { subscribers } => {
                fanout::saturate(&*self.dialect(1, OBJECTS, false)?, Crowd { rooms: 1, subscribers }, &terms)
            }
            Work::Steady { rooms, subscribers, rate } => {
                let dialect = self.dialect(rooms, OBJECTS, false)?;
                fanout::steady(&*dialect, Crowd { rooms, subscribers }, rate, &terms)
            }
            Work::Echo { connections, in_flight } => {
                echo(&*self.dialect(connections, 1, true)?, connections, in_flight, None, &terms)
            }
            Work::Sessions { connections } => {
                let target = Target::local(self.port);
                let write = |out: &mut Vec<u8>, _: usize, _: u64| {
                    write_request(out, &target, "POST", "/api/sessions", Some("{}"));
                };
                requests(&target, connections, None, &write, &terms)
            }
            Work::Create { connections } => self.create(connections, &terms),
            Work::Read { connections } => self.read(connections, &terms),
            Work::Patch { connections, sessions, objects } => {
                self.patch(connections, sessions, objects, &terms)
            }
            Work::Join { objects, at_once, rate } => {
                joins(&Vws::prepare(&Target::local(self.port), 1, objects)?, at_once, rate, &terms)
            }
            Work::Follow { objects, followers, rate, joins: joining } => {
                let vws = Vws::prepare(&Target::local(self.port), 1, objects)?.one_by_one();
                let crowd = Crowd { rooms: 1, subscribers: followers };
                std::thread::scope(|scope| {
                    let beside =
                        (joining > 0.0).then(|| scope.spawn(|| joins(&vws, 4, Some(joining), &terms)));
                    let followed = fanout::steady(&vws, crowd, rate, &terms);
                    let joined = beside.map_or(Ok(()), |beside| {
                        let ended = |_| Err(vws_load::LoadError::Refused("a joiner ended".to_owned()));
                        beside.join().unwrap_or_else(ended).map(drop)
                    });
                    joined.and(followed)
                })
            }
        }
    }

    fn dialect(&self, rooms: usize, objects: usize, is_echo: bool) -> Done<Box<dyn Dialect>> {
        let (target, payload) = (Target::local(self.port), vec![b'x'; self.payload]);
        Ok(match self.who {
            Contender::Vws(_) if is_echo => Box::new(Vws::prepare(&target, rooms, objects)?.one_by_one()),
            Contender::Vws(_) => Box::new(Vws::prepare(&target, rooms, objects)?),
            Contender::Raw => Box::new(Raw::new(target, self.payload, is_echo)),
            Contender::Redis => Box::new(Redis { target, payload }),
            Contender::Nats => Box::new(Nats { target, payload }),
            Contender::Colyseus => Box::new(Colyseus { target, payload }),
            Contender::Axum | Contender::Hyper | Contender::NodeWs | Contender::Bun => {
                Box::new(Plain { target, payload, is_echo })
            }
        })
    }

    fn create(&self, connections: usize, terms: &Terms) -> Done<Outcome> {
        let vws = Vws::prepare(&Target::local(self.port), 1, 0)?;
        let path = format!("/api/sessions/{}/objects", vws.sessions()[0]);
        let write = |out: &mut Vec<u8>, connection: usize, n: u64| {
            // No two connections make the same one.
            let body = object(n * connections as u64 + connection as u64);
            write_request(out, vws.target(), "POST", &path, Some(&body));
        };
        requests(vws.target(), connections, None, &write, terms)
    }

    fn patch(&self, connections: usize, sessions: usize, objects: usize, terms: &Terms) -> Done<Outcome> {
        let vws = Vws::prepare(&Target::local(self.port), sessions, objects)?;
        let write = |out: &mut Vec<u8>, connection: usize, n: u64| {
            let turn = n as usize * connections + connection;
            let (session, turn) = (&vws.sessions()[turn % sessions], turn / sessions);
            let path = format!("/api/sessions/{session}/objects/o{:05}", turn % objects);
            let body = format!(r#"{{"x":{:.2}}}"#, (turn / objects % 200) as f64 / 10.0 - 9.95);
            write_request(out, vws.target(), "PATCH", &path, Some(&body));
        };
        requests(vws.target(), connections, None, &write, terms)
    }

    fn read(&self, connections: usize, terms: &Terms) -> Done<Outcome> {
        let vws = Vws::prepare(&Target::local(self.port), 1, 1_000)?;
        let path = format!("/api/sessions/{}/objects/o", vws.sessions()[0]);
        let write = |out: &mut Vec<u8>, connection: usize, n: u64| {
            let number = (n * 7 + connection as u64 * 13) % 1_000;
            write_request(out, vws.target(), "GET", &format!("{path}{number:05}"), None);
        };
        requests(vws.target(), connections, None, &write, terms)
    }
}

#[cfg(test)]
#[path = "task_test.rs"]
mod tests;
