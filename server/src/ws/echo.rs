//! A WebSocket that says whatever it hears, for suites that test an implementation of RFC 6455 from outside. It is in
//! no server but one that is built with the feature `echo`.
//!
//! All that it has of its own is this loop and the standard's close codes, where the protocol of VWS has codes of its
//! own: handshake, reader, writer and socket are those of every other connection.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use vws_core::wire::Encoding;

use super::Ending;
use super::handshake::{Handshake, Upgrading};
use super::read::Fault;
use super::write::{Come, Wire};
use crate::feed::frame;
use crate::http::{App, Problem};

/// Opens one.
pub(super) async fn open(State(app): State<Arc<App>>, request: Request) -> Result<Response, Problem> {
    let (answer, upgrading) = Handshake::of(request)?.accept();
    let stop = app.stop().clone();
    stop.spawn(Box::pin(serve(upgrading, app)));
    Ok(answer)
}

async fn serve(upgrading: Upgrading, app: Arc<App>) {
    let Some((open, early)) = upgrading.done().await else { return };
    let limits = &app.config().limits;
    let mut wire =
        Wire::new(open.stream.into_split(), &early, Encoding::Json, None, limits, app.stop().clone());
    let member = Arc::clone(&wire.member);
    let fault = loop {
        match wire.come() {
            Ok(Some(Come::Message(opcode, bytes))) => member.tell(|own| frame::write(opcode, &bytes, own)),
            Ok(Some(Come::Control)) => {}
            Ok(Some(Come::Goodbye)) => break None,
            Ok(None) => {
                wire.rest();
                if wire.flush().await.is_err() || wire.more().await.is_err() {
                    return wire.end(Ending::Gone).await;
                }
                continue;
            }
            Err(fault) => break Some(fault),
        }
        if wire.is_full() && wire.flush().await.is_err() {
            return wire.end(Ending::Gone).await;
        }
    };
    if let Some(fault) = fault {
        let (code, name) = standard(fault);
        member.tell(|own| frame::write_close(code, name, own));
    }
    wire.end(Ending::Goodbye).await;
    member.leave();
    if fault.is_some() {
        wire.drain().await;
    }
}

/// The close code of RFC 6455 (section 7.4.1), and its name.
const fn standard(fault: Fault) -> (u16, &'static str) {
    match fault {
        Fault::Protocol(_) => (1002, "protocol_error"),
        Fault::NotUtf8 => (1007, "invalid_payload"),
        Fault::TooBig => (1009, "too_big"),
    }
}
