//! What operators and their tools ask a server.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::app::App;
use super::refusal::Refusal;

/// The process answers.
#[derive(Debug, Serialize)]
pub(super) struct Health {
    status: &'static str,
}

/// What is running.
#[derive(Debug, Serialize)]
pub(super) struct Version {
    name: &'static str,
    version: &'static str,
    durability: &'static str,
}

pub(super) async fn healthz() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// Not ready once it is ending, so that a balancer sends nothing new.
pub(super) async fn readyz(State(app): State<Arc<App>>) -> Result<Json<Health>, Refusal> {
    if app.stop().is_stopping() { Err(Refusal::Stopping) } else { Ok(Json(Health { status: "ready" })) }
}

pub(super) async fn version() -> Json<Version> {
    Json(Version { name: "vws", version: env!("CARGO_PKG_VERSION"), durability: "memory" })
}

pub(super) async fn metrics(State(app): State<Arc<App>>) -> Result<Response, Refusal> {
    let text = app.metrics().encode().map_err(|_| Refusal::Internal)?;
    Ok(([(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text).into_response())
}
