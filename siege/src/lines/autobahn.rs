//! Autobahn's suite of cases for WebSocket, run against the echo route of a server that is built with it.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

use serde::Deserialize;

use crate::server::Server;
use crate::verdict::Verdict;

/// The suite's own program.
const SUITE: &str = include_str!("autobahn.py");
/// All but compression (12 and 13), which the server does not offer.
const CASES: [&str; 9] = ["1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "9.*", "10.*"];
/// How many those are.
const COUNT: u64 = 301;

/// What one case came to.
#[derive(Debug, Deserialize)]
struct Case {
    id: String,
    behavior: String,
    behavior_close: String,
    /// In the suite's words.
    result: String,
}

impl Case {
    fn failed(&self) -> bool {
        let fine = ["OK", "NON-STRICT", "INFORMATIONAL"];
        !fine.contains(&self.behavior.as_str())
            || !["OK", "INFORMATIONAL"].contains(&self.behavior_close.as_str())
    }
}

pub(super) fn prove() -> Result<Verdict, String> {
    let python = std::env::var_os("VWS_SUITE_PYTHON")
        .ok_or("VWS_SUITE_PYTHON does not say which Python has the suite")?;
    let server = Server::start_echo()?;
    let mut suite = Command::new(python);
    suite.args(["-c", SUITE, &format!("127.0.0.1:{}/echo", server.port())]).args(CASES);
    let output = suite.stdin(Stdio::null()).stderr(Stdio::piped()).output();
    let output = output.map_err(|error| format!("the suite does not start: {error}"))?;
    let mut verdict = Verdict::default();
    // A suite that has crashed says nothing about the server.
    if output.status.signal().is_some() {
        verdict.tool("the suite comes to its end", output.status.to_string(), false);
        return Ok(verdict);
    }
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
        return Err(format!("the suite ended with {}: {last}", output.status));
    }
    let cases: Vec<Case> =
        serde_json::from_slice(&output.stdout).map_err(|error| format!("the suite says: {error}"))?;
    verdict.exactly("cases", cases.len() as u64, COUNT);
    let failed: Vec<String> = cases
        .iter()
        .filter(|case| case.failed())
        .map(|case| format!("{} {} {} ({})", case.id, case.behavior, case.behavior_close, case.result))
        .collect();
    let mut told: BTreeMap<&str, u64> = BTreeMap::new();
    for case in &cases {
        *told.entry(case.behavior.as_str()).or_default() += 1;
    }
    let told: Vec<String> = told.iter().map(|(behavior, count)| format!("{count} {behavior}")).collect();
    let figure = if failed.is_empty() { told.join(", ") } else { failed.join("; ") };
    verdict.is_so("none failed", figure, failed.is_empty());
    server.is_up(&mut verdict);
    Ok(verdict)
}
