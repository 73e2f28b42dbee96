//! The one shape of everything that is refused (RFC 9457).

use std::sync::Arc;

use axum::body::Body;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;
use vws_core::error::ProblemField;
use vws_core::transfer::Faults;

use super::refusal::Refusal;

/// The media type of a refusal.
pub(super) const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");

/// A refusal as it is answered. Nothing that was asked for took effect.
#[derive(Debug, Clone)]
pub struct Problem(Box<Parts>);

#[derive(Debug, Clone)]
struct Parts {
    status: StatusCode,
    problem: vws_core::Problem,
    headers: HeaderMap,
    /// How the server is, where that is what was asked.
    readiness: Option<Value>,
}

#[derive(Serialize)]
struct Body9457<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    code: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [ProblemField],
    request_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    readiness: Option<&'a Value>,
}

impl Problem {
    /// A refusal without a field that it is about.
    pub(super) fn new(status: StatusCode, code: impl Into<String>, detail: impl Into<String>) -> Self {
        let problem = vws_core::Problem { code: code.into(), detail: detail.into(), errors: Vec::new() };
        Self::from_core(status, problem)
    }

    /// A refusal that core has worded.
    pub(super) fn from_core(status: StatusCode, problem: vws_core::Problem) -> Self {
        Self(Box::new(Parts { status, problem, headers: HeaderMap::new(), readiness: None }))
    }

    /// The same with another status.
    pub(super) fn with_status(mut self, status: StatusCode) -> Self {
        self.0.status = status;
        self
    }

    /// The refusal of a file, with each fault at its line: the file could be read, and is not right.
    pub(super) fn of_file(faults: &Faults) -> Self {
        match faults.to_problem() {
            Some(problem) => Self::from_core(StatusCode::UNPROCESSABLE_ENTITY, problem),
            None => Refusal::Internal.into(),
        }
    }

    pub(super) fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.insert(name, value);
        self
    }

    /// The same with how the server is.
    pub(super) fn with_readiness(mut self, readiness: Value) -> Self {
        self.0.readiness = Some(readiness);
        self
    }

    /// Its stable name.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.0.problem.code
    }

    /// The status of its answer.
    pub(super) const fn status(&self) -> StatusCode {
        self.0.status
    }

    /// About what it takes in memory.
    pub(super) fn bytes(&self) -> usize {
        let vws_core::Problem { code, detail, errors } = &self.0.problem;
        let fields: usize = errors
            .iter()
            .map(|e| e.pointer.len() + e.code.len() + e.detail.len() + size_of::<ProblemField>())
            .sum();
        size_of::<Parts>() + code.len() + detail.len() + fields
    }

    /// Writes the refusal into the answer that carries it.
    pub(super) fn render(&self, response: &mut Response, request_id: &str) {
        *response.status_mut() = self.0.status;
        let bytes = self.write(response.headers_mut(), request_id);
        *response.body_mut() = Body::from(bytes);
    }

    /// Its body, with the headers that go with it.
    pub(super) fn write(&self, headers: &mut HeaderMap, request_id: &str) -> Vec<u8> {
        let Parts { status, problem, headers: more, readiness } = &*self.0;
        let vws_core::Problem { code, detail, errors } = problem;
        let body = Body9457 {
            r#type: format!("urn:vws:problem:{code}"),
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail,
            code,
            errors,
            request_id,
            readiness: readiness.as_ref(),
        };
        let bytes = serde_json::to_vec(&body).expect("texts and numbers always encode");
        headers.extend(more.clone());
        headers.insert(CONTENT_TYPE, PROBLEM_JSON);
        headers.insert(CONTENT_LENGTH, HeaderValue::from(bytes.len()));
        bytes
    }
}

/// The answer carries the refusal as an extension; the outermost layer, which knows the request's
/// id, writes it out.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.0.status.into_response();
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}
