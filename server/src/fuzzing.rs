//! The doors of the fuzz targets: what is private here, by plain values.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::header::{CONTENT_TYPE, ETAG, HOST};
use axum::http::{HeaderMap, HeaderName, Request};
use tokio::runtime::Runtime;
use tower::ServiceExt;

use crate::assets::{Assets, Bounds};
use crate::auth::{Auth, Claims, Keys, Revoked};
use crate::config::Config;
use crate::http::{self, App};
use crate::log::MemoryLog;
use crate::net::Stop;
use crate::ws::fuzzing as frames;

pub use frames::{Message, read};

/// A server without a socket: each request goes through all layers, as one from a loopback address would.
#[derive(Debug)]
pub struct Rest {
    runtime: Runtime,
    router: Router,
    routes: Vec<Route>,
    token: String,
}

/// A route of the API that takes a body.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Route {
    /// As in the description: `/api/sessions/{id}/objects`.
    pub path: String,
    /// In capitals.
    pub method: String,
}

/// What is answered.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its media type.
    pub content_type: String,
    /// Its tag.
    pub etag: Option<String>,
    /// All of it.
    pub body: Vec<u8>,
}

/// The address that it believes to listen on.
const ADDRESS: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);
/// It signs what nobody is ever shown.
const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";
/// The id of its token: none that an input revokes by chance.
const TOKEN: &str = "0190b5a0-7c1e-7000-8000-5eed0c0ffee0";
/// More than any answer here has.
const MOST: usize = 64 << 20;

impl Rest {
    /// A server with nothing in it, in memory.
    ///
    /// # Panics
    /// Where the system gives no runtime.
    #[must_use]
    pub fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("the system gives a runtime");
        let keys = Keys::default().with_secret(SECRET).expect("the secret is long enough");
        let token = keys.sign(&claims()).expect("there is a secret");
        let router = runtime.block_on(async {
            let config = Config { ephemeral: true, ..Config::default() };
            let auth = Auth::new(keys, None, Revoked::default());
            let assets = Arc::new(Assets::in_memory(Bounds::from(&config.limits)));
            let log = Arc::new(MemoryLog::default());
            let app = App::new(config, auth, log, assets, ADDRESS, Stop::default(), None).await;
            http::router(&app.expect("nothing has to be read"))
        });
        let mut rest = Self { runtime, router, routes: Vec::new(), token };
        rest.routes = rest.described();
        rest
    }

    /// Every route of the description that takes a body of JSON, in a fixed order.
    fn described(&self) -> Vec<Route> {
        let answer = self.send("GET", "/openapi.json", &[], &[]);
        let description: serde_json::Value =
            serde_json::from_slice(&answer.body).expect("the description is JSON");
        let paths = description["paths"].as_object().expect("a description has paths");
        let mut routes: Vec<Route> = paths
            .iter()
            .flat_map(|(path, operations)| operations.as_object().into_iter().map(move |all| (path, all)))
            .flat_map(|(path, all)| all.iter().map(move |(method, operation)| (path, method, operation)))
            .filter(|(_, _, operation)| operation["requestBody"]["content"]["application/json"].is_object())
            .map(|(path, method, _)| Route { path: path.clone(), method: method.to_uppercase() })
            .collect();
        routes.sort();
        routes
    }

    /// A token for everything.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Every route that takes a body of JSON.
    #[must_use]
    pub fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// What a request is answered.
    ///
    /// # Panics
    /// Where the request cannot be sent (a target or a header that HTTP has not), or the answer has no end.
    #[must_use]
    pub fn send(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut request = Request::builder().method(method).uri(target).header(HOST, ADDRESS.to_string());
        for (name, value) in headers {
            request = request.header(HeaderName::try_from(*name).expect("a header's name"), *value);
        }
        let request = request.body(Body::from(body.to_vec())).expect("a request");
        self.runtime.block_on(async {
            let Ok(response) = self.router.clone().oneshot(request).await;
            let (parts, body) = response.into_parts();
            let text = |headers: &HeaderMap, name| {
                headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
            };
            Answer {
                status: parts.status.as_u16(),
                content_type: text(&parts.headers, CONTENT_TYPE).unwrap_or_default(),
                etag: text(&parts.headers, ETAG),
                body: to_bytes(body, MOST).await.expect("an answer from memory ends").to_vec(),
            }
        })
    }
}

/// Those of an admin, for a day.
fn claims() -> Claims {
    let now = App::now() as f64 / 1_000.0;
    let text = |text: &str| text.to_owned();
    let (sub, session, role, jti) = (text("fuzz"), text("*"), text("admin"), text(TOKEN));
    Claims { sub, name: None, session, role, exp: now + 86_400.0, nbf: None, iat: None, jti }
}

impl Default for Rest {
    fn default() -> Self {
        Self::new()
    }
}
