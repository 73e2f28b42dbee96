//! What is on record.

use std::sync::Arc;

use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::app::App;
use super::super::problem::Problem;
use super::super::request::Query;
use super::paging;
use super::reply::json;
use crate::auth::Entry;

/// Some of what is on record, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct AuditPage {
    /// The entries.
    #[schema(value_type = Vec<Entry>)]
    entries: Vec<Arc<Entry>>,
    /// What to give as `before` for those that are older; null when there are none.
    #[schema(required)]
    next: Option<u64>,
}

/// See what is on record
///
/// Who came with a token, who was refused, and which sessions and tokens are gone or were made: the newest 10,000.
#[utoipa::path(
    get, path = "/api/audit", tag = "access", operation_id = "list_audit",
    params(
        ("before" = Option<u64>, Query, description = "Only those before this one: `next` of the page before.", maximum = 9007199254740991_u64),
        ("limit" = Option<u32>, Query, description = "At most so many.", minimum = 1, maximum = 10000),
    ),
    responses((status = 200, description = "A page of it.", body = AuditPage, headers(
        ("link" = Option<String>, description = "The next page, where there is one."),
    ))),
)]
pub(super) async fn audit(
    State(app): State<Arc<App>>,
    uri: Uri,
    mut query: Query,
) -> Result<Response, Problem> {
    let limit = paging::limit(&mut query)?;
    let before = query.parse("before", super::history::seq)?;
    query.finish()?;
    let mut entries = app.auth().audit().list(before, limit + 1);
    let more = paging::cut(&mut entries, limit);
    let next = entries.last().filter(|_| more).map(|entry| entry.seq);
    let mut response = json(&AuditPage { entries, next });
    paging::link_older(&mut response, &uri, next);
    Ok(response)
}
