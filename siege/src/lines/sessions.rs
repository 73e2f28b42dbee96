//! Sessions that are made, used and deleted.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use vws_load::http::Http;

use super::Form;
use crate::server::Server;
use crate::verdict::Verdict;

/// Connections that make and delete.
const AT_ONCE: usize = 4;
/// What all of them may leave in memory.
const KEPT: f64 = 1024.0 * 1024.0;
/// How long memory may take to be given back.
const RESTS: Duration = Duration::from_secs(20);

pub(super) const fn sessions(form: &Form) -> u64 {
    form.of(100_000, 10_000)
}

pub(super) fn prove(form: &Form) -> Result<Verdict, String> {
    let server = Server::start(&[])?;
    let before = server.left()?;
    // A round that warms up: what a server takes once is not of a session.
    come_and_go(&server, sessions(form) / 4)?;
    server.settle(&before)?;
    let warm = server.rested(RESTS / 4, 0.0)?;
    come_and_go(&server, sessions(form))?;
    let after = server.settle(&before)?;
    let grown = (server.rested(RESTS, warm)? - warm).max(0.0);
    let mut verdict = Verdict::default();
    verdict.bytes("memory grown", grown, KEPT);
    verdict.exactly("sessions left", server.metric("vws_sessions", "")?, 0);
    after.compare(&before, &mut verdict);
    server.is_up(&mut verdict);
    Ok(verdict)
}

fn come_and_go(server: &Server, count: u64) -> Result<(), String> {
    let next = AtomicU64::new(0);
    let work = || {
        let mut http = Http::connect(&server.target())?;
        while next.fetch_add(1, Ordering::Relaxed) < count {
            let made = http.json("POST", "/api/sessions", Some(r#"{"name":"siege"}"#))?;
            let path = format!("/api/sessions/{}", made["session_id"].as_str().unwrap_or_default());
            http.json("POST", &format!("{path}/objects"), Some(&vws_load::object(0)))?;
            http.json("DELETE", &path, None)?;
        }
        Ok(())
    };
    let done: Vec<vws_load::Done> = std::thread::scope(|scope| {
        let all: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(work)).collect();
        let ended = |_| Err(vws_load::LoadError::Refused("who makes sessions ended".to_owned()));
        all.into_iter().map(|one| one.join().unwrap_or_else(ended)).collect()
    });
    done.into_iter().collect::<vws_load::Done<Vec<()>>>().map(drop).map_err(|error| error.to_string())
}
