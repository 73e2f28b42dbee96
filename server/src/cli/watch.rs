//! `vws watch`.

use std::time::Duration;

use clap::Args;
use http_body_util::BodyExt;
use hyper::Method;
use hyper::header::{ACCEPT, HeaderName};
use serde::Deserialize;
use tokio::time::{sleep, timeout};
use vws_core::{EventRecord, Seq, SessionId};

use super::failure::{Done, Failure};
use super::remote::Remote;
use super::sse::{Message, Messages};
use super::{Common, EXIT_CODES, describe, path, print, query};

/// A stream that says nothing for so long is connected to anew; servers say something every 15 s.
const SILENT: Duration = Duration::from_secs(60);
/// The first and the longest wait before a lost stream is connected to anew; it doubles in between.
const WAIT: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(10));

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Follow a session: each event as it happens.
///
/// A connection that is lost is made anew, and goes on where it was. Ends when the session is deleted.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Watch {
    /// Which session.
    session: SessionId,
    /// Begin after this event; left out, with what happens from now on. 0 for all that is kept.
    #[arg(long, value_name = "SEQ")]
    after: Option<Seq>,
    /// End after so many events.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// Where a stream is.
struct Place {
    id: Option<String>,
    left: Option<u64>,
    /// Whether it has told anything since it was connected to.
    alive: bool,
}

enum Next {
    /// The stream is over for good.
    Over,
    /// It broke off and goes on anew.
    Lost,
}

#[derive(Deserialize)]
struct End {
    reason: String,
}

/// Whether what is so now may be otherwise in a moment: the server is not there, has no room, or somebody
/// between says so.
fn may_pass(failure: &Failure, remote: &Remote) -> bool {
    match failure {
        Failure::Unreachable(_) => true,
        Failure::Refused(problem) => remote.is_busy() && problem.code != "session_damaged",
        Failure::Failed(_) => remote.is_busy(),
        _ => false,
    }
}

impl Watch {
    pub(crate) async fn run(self) -> Done {
        tokio::select! {
            done = self.go() => done,
            gone = print::nobody_reads() => Err(gone),
        }
    }

    async fn go(&self) -> Done {
        let mut place = Place { id: None, left: self.count, alive: false };
        let mut wait = WAIT.0;
        loop {
            let mut remote = self.common.remote()?;
            let known = place.id.is_some();
            match self.follow(&mut remote, &mut place).await {
                Ok(Next::Over) => return Ok(()),
                Ok(Next::Lost) => {}
                // A server that was there comes back; one that never was is not waited for.
                Err(failure) if known && may_pass(&failure, &remote) => {}
                Err(failure) => return Err(failure),
            }
            if std::mem::take(&mut place.alive) {
                wait = WAIT.0;
                print::note("vws: the connection is lost; connecting again");
            }
            sleep(wait).await;
            wait = (wait * 2).min(WAIT.1);
        }
    }

    /// Follows one connection to its end.
    async fn follow(&self, remote: &mut Remote, place: &mut Place) -> Done<Next> {
        let mut headers = vec![(ACCEPT, "text/event-stream".to_owned())];
        headers.extend(place.id.clone().map(|id| (LAST_EVENT_ID, id)));
        let query = query(&[("after", self.after.map(|seq| seq.to_string()))]);
        let target = path(self.session, &format!("/events{query}"));
        let mut response = remote.send(Method::GET, &target, None, &headers).await?;
        let mut messages = Messages::default();
        loop {
            let frame = match timeout(SILENT, response.body_mut().frame()).await {
                Ok(Some(Ok(frame))) => frame,
                Ok(Some(Err(_)) | None) | Err(_) => return Ok(Next::Lost),
            };
            let Some(bytes) = frame.data_ref() else { continue };
            for message in messages.read(bytes).map_err(Failure::Failed)? {
                place.alive = true;
                if self.tell(&message, place)? {
                    return Ok(Next::Over);
                }
            }
        }
    }

    /// Tells a message, and whether it was the last.
    fn tell(&self, message: &Message, place: &mut Place) -> Done<bool> {
        if let Some(id) = &message.id {
            place.id = Some(id.clone());
        }
        let wrong = |error| Failure::Failed(format!("the stream is not understood: {error}"));
        match &*message.event {
            "" => {
                let record: EventRecord = serde_json::from_str(&message.data).map_err(wrong)?;
                if self.common.form.json {
                    print::json(&record)?;
                } else {
                    print::line(&describe::record(&record))?;
                }
                place.left = place.left.map(|left| left - 1);
                Ok(place.left == Some(0))
            }
            "resync" => {
                print::note(
                    "vws: some events are no longer kept, or their history is another one; going on from now",
                );
                Ok(false)
            }
            "end" => {
                let End { reason } = serde_json::from_str(&message.data).map_err(wrong)?;
                let over = reason == "no_such_session";
                if over {
                    print::note("vws: the session is deleted");
                }
                Ok(over)
            }
            _ => Ok(false),
        }
    }
}
