//! `vws diff`.

use std::str::FromStr;

use clap::Args;
use hyper::Method;
use hyper::header::IF_MATCH;
use serde::Deserialize;
use serde_json::{Value, json};
use vws_core::{Command, Seq, SessionId};

use super::failure::{Done, Failure};
use super::remote::{Payload, Remote};
use super::{Common, EXIT_CODES, Place, describe, path, print, query};

/// Commands that are applied at once: a server's own bound.
const BATCH: usize = 1_000;
/// Bytes of them: half of what a server takes.
const BATCH_BYTES: usize = 512 * 1024;

/// Compare two states: of one session at two moments, or of two sessions.
///
/// The difference is told as the commands that lead from the first state to the second: `+` for what is new,
/// `-` for what goes, `~` for what changes. Versions and times are not compared.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Diff {
    /// From here: SESSION, SESSION@SEQ or SESSION@TIME (RFC 3339).
    #[arg(value_name = "SESSION[@MOMENT]")]
    from: Place,
    /// To here: another session, now or at a moment, or @MOMENT of the same one.
    #[arg(value_name = "[SESSION][@MOMENT]")]
    to: Other,
    /// Make the first session, as it is now, like the second state. It is refused where the session changes
    /// meanwhile; more than 1,000 commands take effect in several batches.
    #[arg(long)]
    apply: bool,
    /// End with exit code 1 where there is a difference.
    #[arg(long)]
    exit_code: bool,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// A state of the same session or of another.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Other {
    session: Option<SessionId>,
    moment: Option<String>,
}

impl FromStr for Other {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(moment) = text.strip_prefix('@') {
            return Ok(Self { session: None, moment: Some(moment.to_owned()) });
        }
        let Place { session, moment } = text.parse()?;
        Ok(Self { session: Some(session), moment })
    }
}

#[derive(Deserialize)]
struct Answer {
    from: End,
    commands: Vec<Value>,
}

#[derive(Deserialize)]
struct End {
    seq: Seq,
}

impl Diff {
    pub(crate) async fn run(self) -> Done {
        if self.apply && self.from.moment.is_some() {
            let words = "only a session as it is now can be changed: leave the first @MOMENT out";
            return Err(Failure::Usage(words.to_owned()));
        }
        let mut remote = self.common.remote()?;
        let query = query(&[
            ("from", self.from.moment.clone()),
            ("with", self.to.session.map(|session| session.to_string())),
            ("to", self.to.moment.clone()),
        ]);
        let Answer { from, commands } =
            remote.get(&path(self.from.session, &format!("/diff{query}"))).await?;
        for command in &commands {
            if self.common.form.json {
                print::json(command)?;
            } else {
                print::line(&told(command)?)?;
            }
        }
        if self.apply {
            self.apply(&mut remote, from.seq, &commands).await?;
        }
        if self.exit_code && !commands.is_empty() { Err(Failure::Told) } else { Ok(()) }
    }

    async fn apply(&self, remote: &mut Remote, mut seq: Seq, commands: &[Value]) -> Done {
        let target = path(self.from.session, "/commands");
        let bar = print::progress(Some(commands.len() as u64), "commands", "applying");
        for batch in batches(commands) {
            let body = Payload::json(&json!({ "type": "batch", "commands": batch }));
            let condition = [(IF_MATCH, format!("\"{seq}\""))];
            let done: Value = remote.json(Method::POST, &target, Some(body), &condition).await?;
            seq = done["seq"].as_u64().unwrap_or(seq);
            bar.inc(batch.len() as u64);
        }
        bar.finish_and_clear();
        let s = if commands.len() == 1 { "" } else { "s" };
        print::note(&format!("applied {} command{s}; the session is at seq {seq}", commands.len()));
        Ok(())
    }
}

fn told(command: &Value) -> Done<String> {
    let command: Command = serde_json::from_value(command.clone())
        .map_err(|error| Failure::Failed(format!("the difference is not understood: {error}")))?;
    Ok(describe::command(&command))
}

/// The commands in batches that a server takes.
fn batches(commands: &[Value]) -> Vec<&[Value]> {
    let mut found = Vec::new();
    let mut rest = commands;
    while !rest.is_empty() {
        let mut bytes = 0;
        let fit = rest.iter().take(BATCH).take_while(|command| {
            bytes += command.to_string().len() + 1;
            bytes <= BATCH_BYTES
        });
        let (batch, more) = rest.split_at(fit.count().max(1));
        found.push(batch);
        rest = more;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cli11_batches_are_as_long_and_as_large_as_they_may_be() {
        let lengths = |commands: &[Value]| batches(commands).iter().map(|b| b.len()).collect::<Vec<_>>();
        let small = |n| vec![json!({"type": "stop_orbit"}); n];
        assert_eq!(lengths(&small(0)), [0; 0]);
        assert_eq!(lengths(&small(BATCH)), [BATCH]);
        assert_eq!(lengths(&small(BATCH + 1)), [BATCH, 1]);
        let large = vec![Value::from("x".repeat(BATCH_BYTES / 2 - 3)); 5];
        assert_eq!(lengths(&large), [2, 2, 1]);
    }

    #[test]
    fn cli11_places_are_read_strictly() {
        let id = "0190b5a0-0000-7000-8000-000000000001";
        let other = |text: &str| text.parse::<Other>().map(|o| (o.session.is_some(), o.moment)).ok();
        assert_eq!(other(id), Some((true, None)));
        assert_eq!(other(&format!("{id}@5")), Some((true, Some("5".to_owned()))));
        assert_eq!(other("@2026-01-01T00:00:00Z"), Some((false, Some("2026-01-01T00:00:00Z".to_owned()))));
        assert_eq!(other("5"), None);
        assert_eq!(other(&id.to_uppercase()), None);
    }
}
