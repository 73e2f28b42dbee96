//! The WebSocket of a session: `vws.v1.json` and `vws.v1.msgpack`.
//!
//! HTTP ends with the handshake: from there on the connection is ours, since what makes a feed fast is the bytes that
//! its connections share (`docs/adr/0007-frames-as-shared-bytes.md` says why).
//!
//! # Layout
//! - this file: the route, and a connection from its beginning to its end.
//! - `handshake`: how a connection leaves HTTP.
//! - `greet`: how a client is let in, or not.
//! - `read`: what a client sends, as RFC 6455 has it; `write`: the socket, in messages of the protocol.
//! - `conversation`: what is said; `commands`: what is changed; `rate`: how much a client may say.
//! - `deliver`: the task that writes what happens to all who follow a session.
//! - `echo`: for test suites; only with the feature `echo`.

mod commands;
mod conversation;
mod deliver;
#[cfg(feature = "echo")]
mod echo;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod greet;
mod handshake;
mod rate;
mod read;
mod write;

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use axum::routing::get;
use tracing::{Instrument, debug, debug_span};
use vws_core::SessionId;
use vws_core::wire::{CloseCode, Encoding};

use crate::auth::Operation;
use crate::http::{App, Forwarded, Problem, Refusal, source_of};
use crate::store::{Follower, StoreError};
use handshake::{Handshake, Upgrading};
use write::Wire;

/// The session's WebSocket, also under a path of its own: some development proxies cannot forward
/// requests and WebSockets that share a prefix.
pub(crate) fn routes() -> Router<Arc<App>> {
    let routes = Router::new().route("/api/sessions/{id}/ws", get(open)).route("/ws/{id}", get(open));
    #[cfg(feature = "echo")]
    let routes = routes.route("/echo", get(echo::open));
    routes
}

/// A session that is damaged, or cannot be loaded now, is told by the status of the handshake: a client tries
/// again later. A session that does not exist is told by the close code 4004 after the handshake, not by a status
/// of the handshake, since a page is shown nothing of a handshake that fails.
async fn open(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let source = source_of(request.extensions());
    app.access().check_origin(request.headers(), source.https)?;
    let place = request.extensions().get::<Forwarded>().cloned();
    let handshake = Handshake::of(request)?;
    if app.stop().is_stopping() {
        return Err(Refusal::Stopping.into());
    }
    let session = id.parse::<SessionId>().ok();
    let follower = match session {
        Some(id) => follower(&app, id).await?,
        None => None,
    };
    let encoding = handshake.encoding;
    let (answer, upgrading) = handshake.accept();
    let span = debug_span!("websocket", session.id = %id, client.address = %source.address);
    let stop = app.stop().clone();
    let served = serve(upgrading, (session, follower), encoding, app, source.address, place);
    stop.spawn(Box::pin(served).instrument(span));
    Ok(answer)
}

/// A place among those who follow the session; `None` where there is no such session.
async fn follower(app: &App, id: SessionId) -> Result<Option<Follower>, Problem> {
    let live = match app.store().get_to_follow(id).await {
        Ok(live) => live,
        Err(StoreError::Rejected(_)) => return Ok(None),
        Err(unavailable) => return Err(unavailable.into()),
    };
    Ok(Some(live.follow()?))
}

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// The server closes it.
    Close(CloseCode),
    /// The server closes it, and can make nothing of what else may come.
    Fault(CloseCode),
    /// The client closes it, and has been answered.
    Goodbye,
    /// The client is gone.
    Gone,
}

impl Ending {
    /// For who counts them.
    const fn name(self) -> &'static str {
        match self {
            Self::Close(code) | Self::Fault(code) => code.name(),
            Self::Goodbye => "goodbye",
            Self::Gone => "gone",
        }
    }
}

/// Serves a connection to its end. It keeps its place until then.
async fn serve(
    upgrading: Upgrading,
    (session, follower): (Option<SessionId>, Option<Follower>),
    encoding: Encoding,
    app: Arc<App>,
    address: IpAddr,
    _place: Option<Forwarded>,
) {
    let Some((open, early)) = upgrading.done().await else { return };
    let live = follower.as_ref().map(|follower| Arc::clone(follower));
    let limits = &app.config().limits;
    let mut wire = Wire::new(open.stream.into_split(), &early, encoding, live, limits, app.stop().clone());
    drop(early);
    let member = Arc::clone(&wire.member);
    let ending = match &follower {
        Some(live) => conversation::run(&mut wire, live, &app, address).await,
        None if app.auth().anonymous().check(Operation::Read, None).is_ok() => {
            Ending::Close(CloseCode::NoSuchSession)
        }
        None => greet::turn_away(&mut wire, &app, session, address).await,
    };
    debug!(?ending, "websocket ends");
    app.metrics().websocket_ended(ending.name());
    wire.end(ending).await;
    match &follower {
        Some(live) => live.feed().leave(&member),
        None => member.leave(),
    }
    if let Ending::Fault(_) = ending {
        drop(follower);
        wire.drain().await;
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use axum::body::Body;

    use super::*;
    use crate::assets::{Assets, Bounds};
    use crate::auth::{Auth, Keys, Revoked};
    use crate::config::{Config, Limits};
    use crate::log::MemoryLog;
    use crate::net::Stop;

    #[tokio::test]
    async fn ws18_the_task_of_a_connection_takes_less_than_a_page() {
        let log = Arc::new(MemoryLog::default());
        let assets = Arc::new(Assets::in_memory(Bounds::from(&Limits::DEFAULT)));
        let auth = Auth::new(Keys::default(), None, Revoked::default());
        let address = (Ipv4Addr::LOCALHOST, 0).into();
        let app = App::new(Config::default(), auth, log, assets, address, Stop::default(), None);
        let app = app.await.expect("a server without a page");
        let request = Request::get("/")
            .header("connection", "upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
            .body(Body::empty());
        let handshake = Handshake::of(request.expect("a request")).expect("a handshake");
        let (_, upgrading) = handshake.accept();
        // Where a task holds what it waits for twice, it is that much larger for as long as it lasts.
        let task = serve(upgrading, (None, None), Encoding::Json, app, Ipv4Addr::LOCALHOST.into(), None);
        assert!(size_of_val(&task) <= 3_584, "{} bytes", size_of_val(&task));
    }
}
