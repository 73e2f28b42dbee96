//! `vws health`: whether a server takes requests.

use clap::Args;
use serde_json::Value;

use super::failure::Done;
use super::{Common, EXIT_CODES, print};

/// Ask a server whether it takes requests, for scripts and supervisors. It takes no token.
///
/// Exit code 0 where it does, 1 where it says that it does not, 3 where nobody answers.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Health {
    #[command(flatten)]
    pub(crate) common: Common,
}

impl Health {
    pub(crate) async fn run(self) -> Done {
        let ready: Value = self.common.remote()?.get("/readyz").await?;
        if self.common.form.json {
            return print::json(&ready);
        }
        print::line(&print::clean(ready["status"].as_str().unwrap_or("ready")))
    }
}
