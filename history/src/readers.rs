//! Those who look: at the state, at what it has, and at all that happens.

use std::sync::Arc;

use http_body_util::BodyExt;
use tokio::time::sleep;
use vws_core::session::Digest;
use vws_core::{EventRecord, SessionId, Snapshot};

use crate::http::{Http, Lost};
use crate::record::{Read, Seen, Stream, fingerprint};
use crate::run::Shared;
use crate::writers::{PAUSE, name, object};

/// Reads one thing after the other, until there is nothing more to do.
pub(crate) async fn read(shared: Arc<Shared>, mut http: Http, session: SessionId, seed: u64) -> Vec<Read> {
    let mut draws = fastrand::Rng::with_seed(seed);
    let mut reads = Vec::new();
    let base = format!("/api/sessions/{session}");
    while shared.take_one() {
        let before = reads.len();
        match draws.u8(..10) {
            0..6 => {
                let name = name(draws.usize(..));
                object(&shared, &mut http, &format!("{base}/objects/{name}"), name, &mut reads).await;
                continue;
            }
            6..8 => {
                look(&shared, &mut http, &base, &mut reads, |body| {
                    let head: serde_json::Value = serde_json::from_slice(body).ok()?;
                    Some(Seen::Head(head["seq"].as_u64()?))
                })
                .await
            }
            _ => look(&shared, &mut http, &format!("{base}/snapshot"), &mut reads, state).await,
        }
        if reads.len() == before {
            sleep(PAUSE).await;
        }
    }
    reads
}

/// A whole state: what it says of itself, and what it is.
fn state(body: &[u8]) -> Option<Seen> {
    let snapshot: Snapshot = serde_json::from_slice(body).ok()?;
    let (seq, told): (_, Digest) = (snapshot.session.seq, snapshot.digest);
    let found = snapshot.restore().expect("a state has the digest that it tells").digest();
    assert_eq!(found, told, "a state has the digest that it tells");
    Some(Seen::State(seq, told))
}

async fn look(
    shared: &Shared,
    http: &mut Http,
    path: &str,
    reads: &mut Vec<Read>,
    seen: impl FnOnce(&[u8]) -> Option<Seen>,
) {
    let invoked = shared.clock.tick();
    let Ok(answer) = http.send("GET", path, &[], None).await else { return };
    let returned = shared.clock.tick();
    if answer.status == 200 {
        let seen = seen(&answer.body).expect("what is answered can be read");
        reads.push(Read { invoked, returned, seen });
    }
}

/// Follows what happens as an event stream, over all connections that it takes, until it has the event that
/// the run ends with.
pub(crate) async fn stream(shared: Arc<Shared>, mut http: Http, session: SessionId, name: String) -> Stream {
    let mut stream = Stream { name, after: 0, events: Vec::new() };
    let path = format!("/api/sessions/{session}/events?after=0");
    let mut last = None;
    loop {
        let _ = follow(&mut http, &path, &mut last, &mut stream, &shared).await;
        if shared.is_over(stream.events.last().map_or(0, |(seq, _)| *seq)) {
            return stream;
        }
        sleep(PAUSE).await;
    }
}

/// One connection of a stream, to its end.
async fn follow(
    http: &mut Http,
    path: &str,
    last: &mut Option<String>,
    stream: &mut Stream,
    shared: &Shared,
) -> Result<(), Lost> {
    let mut headers = vec![("accept", "text/event-stream")];
    headers.extend(last.as_deref().map(|id| ("last-event-id", id)));
    let mut body = http.open("GET", path, &headers, None).await?.into_body();
    let mut bytes = Vec::new();
    let mut end = shared.end();
    while !shared.is_over(stream.events.last().map_or(0, |(seq, _)| *seq)) {
        let frame = tokio::select! {
            frame = body.frame() => frame.ok_or(Lost)?.map_err(|_| Lost)?,
            // It is known now with which event the run ends.
            _ = end.changed() => continue,
        };
        bytes.extend_from_slice(frame.data_ref().map_or(&[][..], |data| data));
        while let Some(at) = bytes.windows(2).position(|two| two == b"\n\n") {
            let message: Vec<u8> = bytes.drain(..at + 2).collect();
            take(&message, last, stream);
        }
    }
    Ok(())
}

/// One message: an event, or something about the stream itself.
fn take(message: &[u8], last: &mut Option<String>, stream: &mut Stream) {
    let text = String::from_utf8_lossy(message);
    let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name).map(str::trim));
    if let Some(id) = field("id:") {
        *last = Some(id.to_owned());
    }
    if let (None, Some(data)) = (field("event:"), field("data:")) {
        let record: EventRecord = serde_json::from_str(data).expect("an event is told");
        stream.events.push((record.seq, fingerprint(&record)));
    }
}
