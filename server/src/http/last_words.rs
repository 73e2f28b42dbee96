//! Answers that end a connection and come from no handler: to a head that cannot be read, to a client for
//! whom there is no place.

use axum::http::header::{CONNECTION, DATE};
use axum::http::{HeaderMap, HeaderValue};

use super::observe::{X_REQUEST_ID, new_request_id};
use super::problem::Problem;
use super::refusal::Refusal;
use super::security;

/// The whole answer, after which the connection is closed. `date` is the value of that header.
pub(crate) fn last_words(refusal: Refusal, date: Option<&[u8]>) -> Vec<u8> {
    let problem = Problem::from(refusal);
    let id = new_request_id();
    let mut headers = HeaderMap::new();
    let body = problem.write(&mut headers, id.to_str().unwrap_or_default());
    headers.insert(X_REQUEST_ID, id);
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    if let Some(date) = date.and_then(|date| HeaderValue::from_bytes(date).ok()) {
        headers.insert(DATE, date);
    }
    security::complete(&mut headers);
    let status = problem.status();
    let reason = status.canonical_reason().unwrap_or("Error");
    let mut answer = format!("HTTP/1.1 {} {reason}\r\n", status.as_u16()).into_bytes();
    for (name, value) in &headers {
        answer.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    answer.extend(b"\r\n");
    answer.extend(body);
    answer
}
