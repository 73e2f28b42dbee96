//! Pages of lists. A cursor is the key of the last item seen, so that a list goes on where it was,
//! whatever has come or gone meanwhile.

use axum::http::header::LINK;
use axum::http::{HeaderValue, Uri};
use axum::response::Response;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use vws_core::model::Seq;

use super::super::refusal::Refusal;
use super::super::request::Query;

/// Items in a page where the request does not say.
pub(in crate::http) const LIMIT_DEFAULT: usize = 1_000;
/// The most items in a page.
pub(in crate::http) const LIMIT_MAX: usize = 10_000;

/// The query's `limit`.
pub(super) fn limit(query: &mut Query) -> Result<usize, Refusal> {
    let wanted = || format!("expected a whole number in [1, {LIMIT_MAX}]");
    let read = |text: &str| match text.parse() {
        Ok(limit) if (1..=LIMIT_MAX).contains(&limit) && !text.starts_with('+') => Ok(limit),
        _ => Err(wanted()),
    };
    Ok(query.parse("limit", read)?.unwrap_or(LIMIT_DEFAULT))
}

/// Cuts `items`, one more of which was asked for than fit, to the page, and tells whether more follow.
pub(super) fn cut<T>(items: &mut Vec<T>, limit: usize) -> bool {
    let more = items.len() > limit;
    items.truncate(limit);
    more
}

/// Adds the `Link` to the next page: the same request, going on after `cursor`.
pub(super) fn link_next(response: &mut Response, uri: &Uri, cursor: Option<&str>) {
    link(response, uri, "after", cursor);
}

/// Adds the `Link` to the next page of a list whose newest come first: what was before `cursor`.
pub(super) fn link_older(response: &mut Response, uri: &Uri, cursor: Option<Seq>) {
    link(response, uri, "before", cursor.map(|seq| seq.to_string()).as_deref());
}

fn link(response: &mut Response, uri: &Uri, key: &str, cursor: Option<&str>) {
    let Some(cursor) = cursor else { return };
    let others = uri.query().unwrap_or_default().split('&');
    let others = others.filter(|pair| !pair.is_empty() && pair.split('=').next() != Some(key));
    let cursor = utf8_percent_encode(cursor, NON_ALPHANUMERIC);
    let query = others.map(str::to_owned).chain([format!("{key}={cursor}")]).collect::<Vec<_>>().join("&");
    // A query is visible ASCII, but for what a lenient parser lets through; then there is no link.
    if let Ok(link) = HeaderValue::try_from(format!("<{}?{query}>; rel=\"next\"", uri.path())) {
        response.headers_mut().insert(LINK, link);
    }
}
