//! What operators and their tools ask a server.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::app::App;
use super::refusal::Refusal;

/// The process answers.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct Health {
    /// "ok".
    status: &'static str,
}

/// The server takes requests.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct Readiness {
    /// "ready".
    status: &'static str,
    /// What an acknowledged change survives: "memory", "buffered" or "sync".
    durability: &'static str,
}

/// What is running.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct Version {
    /// The program.
    name: &'static str,
    /// Its version.
    version: &'static str,
    /// What an acknowledged change survives: "memory", "buffered" or "sync".
    durability: &'static str,
}

/// Whether the process answers
#[utoipa::path(get, path = "/healthz", tag = "operation", operation_id = "get_health",
    responses((status = 200, description = "It does.", body = Health)))]
pub(super) async fn healthz() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// Whether the server takes requests
///
/// Not once it is ending, so that a balancer sends nothing new.
#[utoipa::path(get, path = "/readyz", tag = "operation", operation_id = "get_readiness",
    responses((status = 200, description = "It does.", body = Readiness)))]
pub(super) async fn readyz(State(app): State<Arc<App>>) -> Result<Json<Readiness>, Refusal> {
    if app.stop().is_stopping() {
        return Err(Refusal::Stopping);
    }
    Ok(Json(Readiness { status: "ready", durability: app.config().durability().name() }))
}

/// What is running
#[utoipa::path(get, path = "/version", tag = "operation", operation_id = "get_version",
    responses((status = 200, description = "The program and its version.", body = Version)))]
pub(super) async fn version(State(app): State<Arc<App>>) -> Json<Version> {
    let durability = app.config().durability().name();
    Json(Version { name: "vws", version: env!("CARGO_PKG_VERSION"), durability })
}

/// Counters and gauges for Prometheus
#[utoipa::path(get, path = "/metrics", tag = "operation", operation_id = "get_metrics",
    responses((status = 200, description = "OpenMetrics text.", body = String,
        content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8")))]
pub(super) async fn metrics(State(app): State<Arc<App>>) -> Result<Response, Refusal> {
    let usages = app.store().usages();
    app.metrics().holds("feed", usages.iter().map(|usage| usage.feed_bytes));
    app.metrics().holds("snapshot", usages.iter().map(|usage| usage.snapshot_bytes));
    let text = app.metrics().encode().map_err(|_| Refusal::Internal)?;
    Ok(([(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text).into_response())
}
