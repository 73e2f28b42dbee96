//! Handlers that parse the JSON of an object and answer it, and keep nothing.

use std::convert::Infallible;
use std::io;

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::net::TcpListener;

use super::{ANY, Ready};

/// An object, as a request brings it and as an answer has it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Object {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    x: f64,
    y: f64,
    z: f64,
    #[serde(default)]
    rotation: Angles,
    #[serde(default = "one")]
    scale: f64,
    color: String,
    #[serde(default)]
    properties: Map<String, Value>,
    #[serde(default)]
    version: u64,
    #[serde(default)]
    created_at: u64,
    #[serde(default)]
    updated_at: u64,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Angles {
    x: f64,
    y: f64,
    z: f64,
}

const fn one() -> f64 {
    1.0
}

impl Object {
    /// What `GET` answers.
    fn any() -> Self {
        serde_json::from_str(&vws_load::object(1)).expect("an object")
    }

    fn json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("what was JSON is JSON")
    }
}

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const ETAG: (HeaderName, HeaderValue) = (header::ETAG, HeaderValue::from_static("\"1\""));

pub(super) async fn hyper(ready: Ready<'_>) -> io::Result<()> {
    let listener = TcpListener::bind(std::net::SocketAddr::from(ANY)).await?;
    ready(listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(async move {
            // A connection that breaks concerns nobody else.
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service_fn(answer))
                .await;
        });
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let is_post = request.method() == Method::POST;
    let path = request.uri().path().to_owned();
    let body =
        request.into_body().collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let object = if is_post { serde_json::from_slice(&body).ok() } else { Some(Object::any()) };
    let mut response = Response::new(Full::default());
    let Some(object) = object else {
        // What sets a load up is answered as far as the load needs it.
        *response.status_mut() = StatusCode::CREATED;
        *response.body_mut() = Full::new(Bytes::from_static(br#"{"session_id":"bare"}"#));
        return Ok(response);
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, JSON);
    headers.insert(ETAG.0, ETAG.1);
    if is_post {
        let location = HeaderValue::try_from(format!("{path}/{}", object.name));
        headers.insert(header::LOCATION, location.unwrap_or(JSON));
        *response.status_mut() = StatusCode::CREATED;
    }
    *response.body_mut() = Full::new(object.json().into());
    Ok(response)
}

pub(super) async fn axum(ready: Ready<'_>) -> io::Result<()> {
    let listener = TcpListener::bind(std::net::SocketAddr::from(ANY)).await?;
    ready(listener.local_addr()?);
    let made = || async { (StatusCode::CREATED, [(header::CONTENT_TYPE, JSON)], r#"{"session_id":"bare"}"#) };
    let app = Router::new()
        .route("/api/sessions", axum::routing::post(made))
        .route("/api/sessions/{id}", axum::routing::delete(|| async { StatusCode::NO_CONTENT }))
        .route("/api/sessions/{id}/commands", axum::routing::post(|| async { "null" }))
        .route("/api/sessions/{id}/objects/{name}", get(one_object));
    axum::serve(listener, app).await
}

async fn one_object(Path((_, _)): Path<(String, String)>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, JSON), ETAG], Object::any().json())
}
