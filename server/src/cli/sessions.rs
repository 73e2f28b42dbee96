//! `vws session ls|create|rm|fork`.

use clap::Args;
use hyper::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use vws_core::{SessionId, SessionInfo};
use vws_server::units::rfc3339;

use super::failure::{Done, Failure};
use super::print::{self, Table};
use super::{Common, EXIT_CODES, Place, path, query};

/// Sessions that are asked for at once.
const PAGE: usize = 1_000;

/// List the sessions, in the order of their creation.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Ls {
    #[command(flatten)]
    pub(crate) common: Common,
}

/// Make a session, and print its id.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Create {
    /// What to call it.
    name: Option<String>,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// Delete sessions with their objects, world and history.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Rm {
    /// Which ones. Where one cannot be deleted, those after it are left.
    #[arg(required = true, value_name = "SESSION")]
    sessions: Vec<SessionId>,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// Make a session that begins as another one is, or was, and print its id.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Fork {
    /// Which one, and as of when: SESSION, SESSION@SEQ or SESSION@TIME (RFC 3339).
    #[arg(value_name = "SESSION[@MOMENT]")]
    origin: Place,
    /// What to call it. Left out, it has the name that the session had then.
    #[arg(long, conflicts_with = "no_name")]
    name: Option<String>,
    /// Give it no name.
    #[arg(long)]
    no_name: bool,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Deserialize)]
struct Page {
    sessions: Vec<Value>,
    next: Option<String>,
}

impl Ls {
    pub(crate) async fn run(self) -> Done {
        let mut remote = self.common.remote()?;
        let (mut rows, mut any_damaged, mut after) = (Vec::new(), false, None);
        loop {
            let query = query(&[("limit", Some(PAGE.to_string())), ("after", after)]);
            let page: Page = remote.get(&format!("/api/sessions{query}")).await?;
            for listed in page.sessions {
                if self.common.form.json {
                    print::json(&listed)?;
                    continue;
                }
                let damaged = listed["damaged"].as_str().unwrap_or_default().to_owned();
                any_damaged |= !damaged.is_empty();
                let info: SessionInfo = serde_json::from_value(listed)
                    .map_err(|error| Failure::Failed(format!("the list is not understood: {error}")))?;
                let name = info.name.as_ref().map_or("-", |name| name.as_str()).to_owned();
                let origin =
                    info.origin.map_or_else(|| "-".to_owned(), |o| format!("{}@{}", o.session_id, o.seq));
                rows.push([
                    info.session_id.to_string(),
                    name,
                    info.seq.to_string(),
                    info.object_count.to_string(),
                    rfc3339(info.created_at),
                    origin,
                    damaged,
                ]);
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let heads = ["SESSION", "NAME", "SEQ", "OBJECTS", "CREATED", "COPY OF", "DAMAGED"];
        let columns = if any_damaged { heads.len() } else { heads.len() - 1 };
        let mut table = Table::new(&heads[..columns]);
        rows.into_iter().for_each(|row| table.row(row.into_iter().take(columns)));
        table.print()
    }
}

/// Tells of a session that was made: its id alone, as a script takes it.
pub(crate) fn made(info: &SessionInfo, as_json: bool) -> Done {
    if as_json { print::json(info) } else { print::line(&info.session_id.to_string()) }
}

impl Create {
    pub(crate) async fn run(self) -> Done {
        let info: SessionInfo =
            self.common.remote()?.post("/api/sessions", &json!({ "name": self.name })).await?;
        made(&info, self.common.form.json)
    }
}

impl Rm {
    pub(crate) async fn run(self) -> Done {
        let mut remote = self.common.remote()?;
        for session in self.sessions {
            let _: Value = remote.json(Method::DELETE, &path(session, ""), None, &[]).await?;
            if self.common.form.json {
                print::json(&json!({ "session_id": session, "deleted": true }))?;
            } else {
                print::line(&format!("deleted {session}"))?;
            }
        }
        Ok(())
    }
}

impl Fork {
    pub(crate) async fn run(self) -> Done {
        let mut wish = json!({});
        if let Some(at) = self.origin.moment {
            wish["at"] = at.into();
        }
        if self.no_name || self.name.is_some() {
            wish["name"] = self.name.into();
        }
        let info: SessionInfo =
            self.common.remote()?.post(&path(self.origin.session, "/fork"), &wish).await?;
        made(&info, self.common.form.json)
    }
}
