//! What the server holds, by session.

use std::sync::Arc;

use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use vws_core::{SessionId, SessionInfo};

use super::super::app::App;
use super::super::problem::Problem;
use super::super::request::Query;
use super::paging;
use super::reply::json;
use crate::assets::Held;
use crate::store::{Known, Usage};
use crate::telemetry::resident_bytes;

/// What the server holds.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct Stats {
    /// Milliseconds since it began to serve.
    uptime_ms: u64,
    /// Open connections, WebSockets included.
    connections: u64,
    /// What an acknowledged change survives: "memory", "buffered" or "sync"; "nats" where that is up to NATS.
    durability: &'static str,
    /// How many sessions there are.
    session_count: usize,
    /// Bytes of the models of all sessions; what forks share counts once.
    asset_bytes: u64,
    /// Bytes of memory that the process has, where the system tells.
    #[schema(required)]
    resident_bytes: Option<u64>,
    /// Some of the sessions, in the order of their creation.
    sessions: Vec<SessionUsage>,
    /// What to give as `after` for those that follow; null when there are none.
    #[schema(required)]
    next: Option<SessionId>,
}

/// What one session holds.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct SessionUsage {
    /// What it is.
    session: SessionInfo,
    /// Whether it is in memory; one that is not holds nothing of what follows.
    loaded: bool,
    /// Why it is not served; absent when it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    damaged: Option<String>,
    /// Those who follow it, over WebSocket or as an event stream.
    subscribers: usize,
    /// Those who show themselves to others.
    peers: usize,
    /// Bytes of the recent events that subscribers read from, about.
    feed_bytes: usize,
    /// Bytes of the encoded snapshot that joiners share.
    snapshot_bytes: usize,
    /// How many models it has.
    assets: usize,
    /// Their bytes.
    asset_bytes: u64,
}

impl SessionUsage {
    fn of(known: &Known, held: Held) -> Self {
        let Held { count: assets, bytes: asset_bytes } = held;
        let damaged = known.damaged().map(str::to_owned);
        match known.usage() {
            Some(Usage { info, feed_bytes, snapshot_bytes, subscribers, peers }) => Self {
                session: info,
                loaded: true,
                damaged,
                subscribers,
                peers,
                feed_bytes,
                snapshot_bytes,
                assets,
                asset_bytes,
            },
            None => Self {
                session: known.info(),
                loaded: false,
                damaged,
                subscribers: 0,
                peers: 0,
                feed_bytes: 0,
                snapshot_bytes: 0,
                assets,
                asset_bytes,
            },
        }
    }
}

/// See what the server holds
#[utoipa::path(
    get, path = "/api/stats", tag = "operation", operation_id = "get_stats",
    params(
        ("limit" = Option<u32>, Query, description = "At most so many sessions.", minimum = 1, maximum = 10000),
        ("after" = Option<SessionId>, Query, description = "Only sessions made after this one: `next` of the page before."),
        ("loaded" = Option<bool>, Query, description = "Only those that are in memory."),
    ),
    responses((status = 200, description = "What it holds, in all and by session.", body = Stats, headers(
        ("link" = Option<String>, description = "The next page, where there is one."),
    ))),
)]
pub(super) async fn stats(
    State(app): State<Arc<App>>,
    uri: Uri,
    mut query: Query,
) -> Result<Response, Problem> {
    let limit = paging::limit(&mut query)?;
    let after = query.parse("after", |text| text.parse::<SessionId>().map_err(|error| error.to_string()))?;
    let loaded = query.parse("loaded", |text| match text {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err("expected true or false".to_owned()),
    })?;
    query.finish()?;
    let mut found = match loaded.unwrap_or(false) {
        true => app.store().list_loaded(after, limit + 1),
        false => app.store().list(after, limit + 1),
    };
    let more = paging::cut(&mut found, limit);
    let next = found.last().filter(|_| more).map(Known::id);
    let assets = app.store().assets();
    let usage = |known: &Known| SessionUsage::of(known, assets.held(known.id()));
    let mut response = json(&Stats {
        uptime_ms: u64::try_from(app.started().elapsed().as_millis()).unwrap_or(u64::MAX),
        connections: app.metrics().open_connections(),
        durability: app.config().durability(),
        session_count: app.store().count(),
        asset_bytes: assets.bytes(),
        resident_bytes: resident_bytes(),
        sessions: found.iter().map(usage).collect(),
        next,
    });
    paging::link_next(&mut response, &uri, next.map(|id| id.to_string()).as_deref());
    Ok(response)
}
