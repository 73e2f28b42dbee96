//! The handshake, and the connection that is left of HTTP afterwards.

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::SEC_WEBSOCKET_PROTOCOL;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use bytes::Bytes;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tracing::warn;
use tungstenite::error::{Error, ProtocolError};
use tungstenite::handshake::server::create_response_with_body;
use vws_core::wire::Encoding;

use crate::http::Refusal;
use crate::net::{Open, Socket};

/// A handshake that has been found right: how it is answered, and what comes of the connection then.
#[derive(Debug)]
pub(super) struct Handshake {
    pub(super) encoding: Encoding,
    answer: Response,
    upgrade: OnUpgrade,
}

impl Handshake {
    /// Reads a request.
    ///
    /// # Errors
    /// [`Refusal::WebSocketExpected`].
    pub(super) fn of(mut request: Request) -> Result<Self, Refusal> {
        let answer = create_response_with_body(&request, Body::empty);
        let mut answer = answer.map_err(|wrong| Refusal::WebSocketExpected(in_words(&wrong)))?;
        let upgrade = hyper::upgrade::on(&mut request);
        let offered = offered(request.headers());
        if let Some(encoding) = offered {
            let name = HeaderValue::from_static(encoding.subprotocol());
            answer.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, name);
        }
        Ok(Self { encoding: offered.unwrap_or_default(), answer, upgrade })
    }

    /// The answer, and the connection that there is once it has been sent.
    pub(super) fn accept(self) -> (Response, Upgrading) {
        (self.answer, Upgrading(self.upgrade))
    }
}

/// A connection that is about to leave HTTP.
#[derive(Debug)]
pub(super) struct Upgrading(OnUpgrade);

impl Upgrading {
    /// The connection, and what its client has sent already; `None` where the client is gone.
    pub(super) async fn done(self) -> Option<(Open, Bytes)> {
        let upgraded: Upgraded = self.0.await.ok()?;
        match upgraded.downcast::<TokioIo<Socket>>() {
            Ok(parts) => Some((parts.io.into_inner().into_open(), parts.read_buf)),
            Err(_) => {
                warn!("a WebSocket over what is no connection of this server");
                None
            }
        }
    }
}

/// The first encoding that the client offers and this server speaks.
fn offered(headers: &HeaderMap) -> Option<Encoding> {
    let lists = headers.get_all(SEC_WEBSOCKET_PROTOCOL).into_iter().filter_map(|list| list.to_str().ok());
    let mut names = lists.flat_map(|list| list.split(','));
    names.find_map(|name| Encoding::from_subprotocol(name.trim()))
}

fn in_words(wrong: &Error) -> String {
    match wrong {
        Error::Protocol(ProtocolError::MissingConnectionUpgradeHeader) => {
            "`Connection` does not include `upgrade`".to_owned()
        }
        Error::Protocol(ProtocolError::MissingUpgradeWebSocketHeader) => {
            "`Upgrade` does not include `websocket`".to_owned()
        }
        Error::Protocol(ProtocolError::MissingSecWebSocketVersionHeader) => {
            "`Sec-WebSocket-Version` is not 13".to_owned()
        }
        Error::Protocol(ProtocolError::MissingSecWebSocketKey) => "`Sec-WebSocket-Key` is missing".to_owned(),
        other => other.to_string(),
    }
}
