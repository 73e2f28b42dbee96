//! `vws replay`.

use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use http_body_util::{BodyExt, Full};
use hyper::Method;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};
use vws_core::transfer::{Format, Imported, Importer, state_file};
use vws_core::{Command, EventRecord, Session, SessionId, SessionInfo};

use super::failure::{Done, Failure};
use super::files::{Source, UNBOUNDED};
use super::remote::{Payload, Remote};
use super::sessions::made;
use super::{Common, EXIT_CODES, describe, path, print};

/// Do a history again: a log file's or a session's, in a new session or on the screen, at its pace.
///
/// The history is done again as commands: what comes of them has the times and versions of now, and is
/// otherwise what it was. The id of the new session is printed first, so that it can be watched.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Replay {
    /// A log file (.vwslog), - for stdin, or a session of the server.
    #[arg(value_name = "FILE|SESSION")]
    source: String,
    /// How much faster than it was: 0.5 is half as fast, max is without any wait.
    #[arg(long, value_name = "N", default_value = "1")]
    speed: Speed,
    /// Only print the events, at their pace, and make no session.
    #[arg(long)]
    print: bool,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// How fast a history goes by.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Speed {
    Times(f64),
    Max,
}

impl FromStr for Speed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "max" {
            return Ok(Self::Max);
        }
        let times = text.parse::<f64>().ok().filter(|times| times.is_finite() && *times > 0.0);
        times.map(Self::Times).ok_or_else(|| "expected a number above 0, or max".to_owned())
    }
}

impl Speed {
    /// How long after the begin something is done that was done `millis` after the begin.
    fn after(self, millis: u64) -> Duration {
        match self {
            Self::Max => Duration::ZERO,
            Self::Times(times) => {
                // A wait of more than a thousand years is as good as that.
                const MOST: Duration = Duration::from_secs(1 << 35);
                let seconds = millis as f64 / 1_000.0 / times;
                Duration::try_from_secs_f64(seconds).map_or(MOST, |after| after.min(MOST))
            }
        }
    }
}

impl Replay {
    pub(crate) async fn run(self) -> Done {
        let mut remote = self.common.remote()?;
        let file = self.read(&mut remote).await?;
        let (base, events) = file.history();
        let mut pace = Pace::new(self.speed, events);
        if self.print {
            return tokio::select! {
                done = self.show(events, &mut pace) => done,
                gone = print::nobody_reads() => Err(gone),
            };
        }
        let session = begin(&mut remote, base).await?;
        made(&session, self.common.form.json)?;
        if !self.common.form.json {
            print::note(&format!("see it at {}/s/{}", remote.url(), session.session_id));
        }
        self.again(&mut remote, session.session_id, events, &mut pace).await
    }

    /// Prints the events, each when it is due.
    async fn show(&self, events: &[Arc<EventRecord>], pace: &mut Pace) -> Done {
        for event in events {
            pace.wait(event).await;
            if self.common.form.json {
                print::json(&**event)?;
            } else {
                print::line(&describe::record(event))?;
            }
        }
        Ok(())
    }

    /// The whole history, checked.
    async fn read(&self, remote: &mut Remote) -> Done<Imported> {
        let session = self.source.parse::<SessionId>().ok();
        let done = match session.filter(|_| !Path::new(&self.source).exists()) {
            None => {
                let source = Source::open(Path::new(&self.source))?;
                if source.format != Format::Log {
                    let words = format!("{} is no log: a state has no events to replay", self.source);
                    return Err(Failure::Failed(words));
                }
                source.read(Importer::new(Format::Log, UNBOUNDED), "reading")?
            }
            Some(session) => {
                let target = path(session, "/export?format=log");
                let mut response = remote.send(Method::GET, &target, None, &[]).await?;
                let mut importer = Importer::new(Format::Log, UNBOUNDED);
                let bar = print::progress(None, "bytes", "reading");
                while let Some(frame) = response.body_mut().frame().await {
                    let frame = frame.map_err(|error| remote.broke(error))?;
                    if let Some(bytes) = frame.data_ref() {
                        bar.inc(bytes.len() as u64);
                        importer.read(bytes);
                    }
                }
                bar.finish_and_clear();
                importer.finish()
            }
        };
        done.map_err(|faults| {
            let first = faults.kept().first().map(ToString::to_string).unwrap_or_default();
            Failure::Failed(format!("{} does not hold: {first}", self.source))
        })
    }

    /// Does the events again, each batch as one.
    async fn again(
        &self,
        remote: &mut Remote,
        session: SessionId,
        events: &[Arc<EventRecord>],
        pace: &mut Pace,
    ) -> Done {
        let bar = print::progress(Some(events.len() as u64), "events", "replaying");
        let target = path(session, "/commands");
        let mut seq = None;
        for batch in events.chunk_by(|event, _| event.more > 0) {
            pace.wait(&batch[0]).await;
            let done: Done<Value> = remote.post(&target, &json!(command(batch))).await;
            let done = done.map_err(|failure| match failure {
                Failure::Refused(mut problem) => {
                    problem.detail = format!("event {} is refused: {}", batch[0].seq, problem.detail);
                    Failure::Refused(problem)
                }
                other => other,
            })?;
            seq = done["seq"].as_u64();
            bar.inc(batch.len() as u64);
        }
        bar.finish_and_clear();
        if self.common.form.json {
            print::json(&json!({ "events": events.len(), "seq": seq }))?;
        }
        Ok(())
    }
}

/// A session that begins as the history did.
async fn begin(remote: &mut Remote, base: &Session) -> Done<SessionInfo> {
    let file: Vec<u8> = state_file(base.snapshot()).flatten().collect();
    let length = Some(file.len() as u64);
    let body = Full::new(file.into()).map_err(|never| match never {}).boxed_unsync();
    let payload = Payload::streamed(Format::State.media_type(), length, body);
    remote.json(Method::POST, "/api/sessions/import", Some(payload), &[]).await
}

/// The command that a batch of events came of, as good as.
fn command(batch: &[Arc<EventRecord>]) -> Command {
    match batch {
        [one] => one.event.wish(),
        many => Command::Batch { commands: many.iter().map(|record| record.event.wish()).collect() },
    }
}

/// When each event is due.
struct Pace {
    speed: Speed,
    first: u64,
    begun: Instant,
}

impl Pace {
    fn new(speed: Speed, events: &[Arc<EventRecord>]) -> Self {
        Self { speed, first: events.first().map_or(0, |event| event.at), begun: Instant::now() }
    }

    async fn wait(&mut self, event: &EventRecord) {
        let after = self.speed.after(event.at.saturating_sub(self.first));
        if !after.is_zero() {
            sleep_until(self.begun + after).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cli10_speeds_are_times_of_the_original() {
        let after = |text: &str, millis| text.parse::<Speed>().map(|speed| speed.after(millis).as_millis());
        assert_eq!(after("1", 1_500), Ok(1_500));
        assert_eq!(after("10", 1_500), Ok(150));
        assert_eq!(after("0.5", 1_500), Ok(3_000));
        assert_eq!(after("max", u64::MAX), Ok(0));
        assert!(after("1e-300", u64::MAX).is_ok_and(|after| after > 1_000_000));
        for text in ["", "0", "-1", "NaN", "inf", "fast"] {
            assert!(text.parse::<Speed>().is_err(), "{text}");
        }
    }
}
