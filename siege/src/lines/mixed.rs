//! Everything that clients do, at once and for long: memory does not follow.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use vws_load::http::Http;
use vws_load::{Crowd, Done, LoadError, Terms, Vws, fanout, joins};

use super::Form;
use crate::server::Server;
use crate::verdict::Verdict;
use crate::witness;

/// Sessions with followers, and events a second of each.
const CROWD: Crowd = Crowd { rooms: 4, subscribers: 10 };
const RATE: f64 = 100.0;
/// Clients a second that join and leave.
const JOINS: f64 = 20.0;
/// Pauses of who asks over HTTP, between two rounds.
const PAUSE: Duration = Duration::from_millis(50);
/// What the last third of the time may take more than the one before.
const KEPT: f64 = 4.0 * 1024.0 * 1024.0;
/// The same where it is so short that what sessions remember of recent commands, which is bounded, still becomes more.
const KEPT_AT_FIRST: f64 = 16.0 * 1024.0 * 1024.0;
/// By when all bounds are reached.
const FILLED: Duration = Duration::from_secs(900);
/// Between two looks at memory.
const LOOK: Duration = Duration::from_millis(250);

/// How long it lasts.
pub(super) fn minutes(form: &Form) -> f64 {
    form.minutes.unwrap_or(form.of(60.0, 0.5))
}

pub(super) fn prove(form: &Form) -> Result<Verdict, String> {
    let span = Duration::from_secs_f64(minutes(form) * 60.0);
    // What a session keeps for those who follow it is bounded, and in the short form so low that it is soon reached.
    let feed: &[&str] = if span < FILLED { &["--feed-events", "512"] } else { &[] };
    let server = Server::start(feed)?;
    let prepare = |rooms| Vws::prepare(&server.target(), rooms, 500).map_err(|error| error.to_string());
    let (followed, visited) = (prepare(CROWD.rooms)?.one_by_one(), prepare(1)?);
    let before = server.left()?;
    let over = AtomicBool::new(false);
    let terms = Terms { warm_up: Duration::from_secs(1), span, ..Terms::default() };
    let (told, seen) = std::thread::scope(|scope| {
        let beside = [
            scope.spawn(|| joins(&visited, 1, Some(JOINS), &terms).map(drop)),
            scope.spawn(|| ask(&server, &visited, &over)),
        ];
        let look = scope.spawn(|| watch(&server, &over));
        let told = fanout::steady(&followed, CROWD, RATE, &terms);
        over.store(true, Ordering::Relaxed);
        if told.is_err() {
            terms.stop.now();
        }
        let told = told.map_err(|error| error.to_string())?;
        for one in beside {
            let ended = |_| Err(LoadError::Refused("one of the load ended".to_owned()));
            one.join().unwrap_or_else(ended).map_err(|error| error.to_string())?;
        }
        let seen = look.join().unwrap_or_else(|_| Err("who looks on ended".to_owned()))?;
        Ok::<_, String>((told, seen))
    })?;
    let mut verdict = Verdict::default();
    let third = seen.len() / 3;
    let [middle, last] = [&seen[third..2 * third], &seen[2 * third..]].map(typical);
    verdict.bytes(
        "the last third takes more than the one before by",
        last - middle,
        if span < FILLED { KEPT_AT_FIRST } else { KEPT },
    );
    verdict.millis("deliveries' p99", witness::p99(&witness::latency(&told)?), form.others_wait());
    server.settle(&before)?.compare(&before, &mut verdict);
    server.is_up(&mut verdict);
    Ok(verdict)
}

/// Makes, changes, reads and deletes over HTTP, a mistake now and then.
fn ask(server: &Server, vws: &Vws, over: &AtomicBool) -> Done {
    let mut http = Http::connect(&server.target())?;
    let visited = format!("/api/sessions/{}", vws.sessions()[0]);
    for n in 0_u64.. {
        if over.load(Ordering::Relaxed) {
            break;
        }
        let made = http.json("POST", "/api/sessions", Some(r#"{"name":"mixed"}"#))?;
        let path = format!("/api/sessions/{}", made["session_id"].as_str().unwrap_or_default());
        http.json("POST", &format!("{path}/objects"), Some(&vws_load::object(n)))?;
        http.send(
            "POST",
            &format!("{path}/objects"),
            Some(r#"{"name":"far","type":"cube","x":99,"y":0,"z":0}"#),
        )?;
        let change = format!(r#"{{"x":{:.2}}}"#, (n % 200) as f64 / 10.0 - 9.95);
        http.json("PATCH", &format!("{visited}/objects/o00007"), Some(&change))?;
        http.json("GET", &format!("{visited}/objects?limit=100"), None)?;
        vws.snapshot_compressed(0, "zstd")?;
        http.json("GET", &format!("{path}/events"), None)?;
        http.json("DELETE", &path, None)?;
        std::thread::sleep(PAUSE);
    }
    Ok(())
}

/// Memory, look by look.
fn watch(server: &Server, over: &AtomicBool) -> Result<Vec<f64>, String> {
    let (begun, mut seen) = (Instant::now(), Vec::new());
    while !over.load(Ordering::Relaxed) {
        std::thread::sleep(
            (begun + LOOK * (seen.len() as u32 + 1)).saturating_duration_since(Instant::now()),
        );
        seen.push(server.resident()?);
    }
    Ok(seen)
}

/// The median: what is taken for a moment does not count.
fn typical(seen: &[f64]) -> f64 {
    let mut sorted = seen.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}
