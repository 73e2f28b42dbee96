//! `vws audit`: who came, who was refused, and what is gone.

use clap::Args;
use serde::Deserialize;
use vws_server::auth::{Entry, Happened};
use vws_server::units::rfc3339;

use super::failure::Done;
use super::print::{self, Table};
use super::{Common, EXIT_CODES, query};

/// Entries that are asked for at once.
const PAGE: u64 = 1_000;

/// Tell what is on record: who came with a token, who was refused, and which sessions and tokens are gone or were
/// made, the newest first.
///
/// It takes a token of the role admin for all sessions.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Audit {
    /// Tell at most so many.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    count: u64,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Deserialize)]
struct Page {
    entries: Vec<Entry>,
    next: Option<u64>,
}

const fn words(what: Happened) -> &'static str {
    match what {
        Happened::Login => "login",
        Happened::Refused => "refused",
        Happened::SessionDeleted => "session deleted",
        Happened::TokenMade => "token made",
        Happened::TokenRevoked => "token revoked",
        Happened::BackupTaken => "backup taken",
    }
}

impl Audit {
    pub(crate) async fn run(self) -> Done {
        let mut remote = self.common.remote()?;
        let mut table = Table::new(&["TIME", "WHAT", "SUBJECT", "ADDRESS", "TOKEN", "SESSION", "WHY"]);
        let (mut left, mut before) = (self.count, None);
        while left > 0 {
            let limit = left.min(PAGE);
            let query = query(&[
                ("limit", Some(limit.to_string())),
                ("before", before.map(|seq: u64| seq.to_string())),
            ]);
            let page: Page = remote.get(&format!("/api/audit{query}")).await?;
            left -= (page.entries.len() as u64).min(left);
            for entry in page.entries {
                if self.common.form.json {
                    print::json(&entry)?;
                    continue;
                }
                let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
                let why = [entry.code.clone(), entry.route.clone()].into_iter().flatten();
                let more = (entry.left_out > 0).then(|| format!("and {} before it", entry.left_out));
                table.row([
                    rfc3339(entry.at),
                    words(entry.what).to_owned(),
                    or_none(entry.subject),
                    or_none(entry.address.map(|address| address.to_string())),
                    or_none(entry.token_id),
                    or_none(entry.session_id.map(|id| id.to_string())),
                    why.chain(more).collect::<Vec<_>>().join(" "),
                ]);
            }
            before = page.next;
            if before.is_none() {
                break;
            }
        }
        if self.common.form.json { Ok(()) } else { table.print() }
    }
}
