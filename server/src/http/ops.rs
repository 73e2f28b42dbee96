//! What operators and their tools ask a server.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::app::App;
use super::problem::Problem;
use super::refusal::Refusal;
use crate::log::disk::Recovered;

/// The process answers.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct Health {
    /// "ok".
    status: &'static str,
}

/// Whether the server takes everything that it is for.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(in crate::http) struct Readiness {
    /// "ready", or why not: "stopping", "log_unavailable", "memory_low".
    status: &'static str,
    /// What an acknowledged change survives: "memory", "buffered" or "sync"; "nats" where that is up to NATS.
    durability: &'static str,
    /// How the sessions of before were found at the start.
    recovery: Recovery,
    /// "ok", "refusing" where the last change was refused, not more than 30 s ago, or "unreachable" where the log is at
    /// other machines, which do not answer.
    log: &'static str,
    /// "ok", or "low" where nothing new is begun.
    memory: &'static str,
}

/// How the sessions of before were found at the start.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(in crate::http) struct Recovery {
    /// "none" where nothing is kept; "in_order" after an end in order, or of a new data directory; "recovered" after
    /// any other end; "may_have_lost" where acknowledged changes may be gone with the machine's power.
    outcome: &'static str,
    /// How many of them are damaged, and not served.
    damaged_sessions: u64,
}

impl Recovery {
    const fn of(found: Option<&Recovered>) -> Self {
        let outcome = match found {
            None => "none",
            Some(found) if found.may_have_lost => "may_have_lost",
            Some(found) if found.in_order => "in_order",
            Some(_) => "recovered",
        };
        Self { outcome, damaged_sessions: if let Some(found) = found { found.damaged } else { 0 } }
    }
}

impl Readiness {
    const READY: &str = "ready";

    fn of(app: &App) -> Self {
        let log = app.store().log_health();
        let is_low = app.store().memory().is_low();
        let is_within_reach = app.is_within_reach();
        let status = if app.stop().is_stopping() {
            "stopping"
        } else if log.is_refusing || !is_within_reach {
            "log_unavailable"
        } else if is_low {
            "memory_low"
        } else {
            Self::READY
        };
        Self {
            status,
            durability: app.config().durability(),
            recovery: Recovery::of(log.recovered.as_ref()),
            log: match is_within_reach {
                false => "unreachable",
                true if log.is_refusing => "refusing",
                true => "ok",
            },
            memory: if is_low { "low" } else { "ok" },
        }
    }

    fn words(&self) -> &'static str {
        match self.status {
            "stopping" => "the server is stopping",
            "log_unavailable" => "the server cannot keep changes now; reads go on",
            _ => "the server's memory is low: nothing new is begun; reads, changes and deletions go on",
        }
    }
}

/// What is running.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct Version {
    /// The program.
    name: &'static str,
    /// Its version.
    version: &'static str,
    /// What an acknowledged change survives: "memory", "buffered" or "sync"; "nats" where that is up to NATS.
    durability: &'static str,
}

/// Whether the process answers
#[utoipa::path(get, path = "/healthz", tag = "operation", operation_id = "get_health",
    responses((status = 200, description = "It does.", body = Health)))]
pub(super) async fn healthz() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// Whether the server takes everything that it is for
///
/// Not once it is ending, while its log refuses changes or is out of reach, or while its memory is low, so that a balancer sends nothing
/// new; it answers all the same, and what it can do goes on. Never a reason to restart it: that is `/healthz`. A refusal
/// has the same as `readiness`.
#[utoipa::path(get, path = "/readyz", tag = "operation", operation_id = "get_readiness",
    responses(
        (status = 200, description = "It does.", body = Readiness),
        (status = 503, description = "It does not: `stopping`, `log_unavailable` or `memory_low`."),
    ))]
pub(super) async fn readyz(State(app): State<Arc<App>>) -> Result<Json<Readiness>, Problem> {
    let readiness = Readiness::of(&app);
    if readiness.status == Readiness::READY {
        return Ok(Json(readiness));
    }
    let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, readiness.status, readiness.words());
    let problem = problem.with_header(RETRY_AFTER, HeaderValue::from_static("1"));
    Err(problem.with_readiness(serde_json::to_value(readiness).map_err(|_| Refusal::Internal)?))
}

/// What is running
#[utoipa::path(get, path = "/version", tag = "operation", operation_id = "get_version",
    responses((status = 200, description = "The program and its version.", body = Version)))]
pub(super) async fn version(State(app): State<Arc<App>>) -> Json<Version> {
    let durability = app.config().durability();
    Json(Version { name: "vws", version: env!("CARGO_PKG_VERSION"), durability })
}

/// Counters and gauges for Prometheus
#[utoipa::path(get, path = "/metrics", tag = "operation", operation_id = "get_metrics",
    responses((status = 200, description = "OpenMetrics text.", body = String,
        content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8")))]
pub(super) async fn metrics(State(app): State<Arc<App>>) -> Result<Response, Refusal> {
    let usages = app.store().usages();
    app.metrics().memory(app.store().memory());
    app.metrics().holds("feed", usages.iter().map(|usage| usage.feed_bytes));
    app.metrics().holds("snapshot", usages.iter().map(|usage| usage.snapshot_bytes));
    app.metrics().tasks(tokio::runtime::Handle::current().metrics().num_alive_tasks());
    let text = app.metrics().encode().map_err(|_| Refusal::Internal)?;
    Ok(([(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text).into_response())
}
