//! How a client is let in, or not.

use std::net::IpAddr;
use std::sync::Arc;

use tokio::time::timeout;
use vws_core::SessionId;
use vws_core::wire::{ClientMessage, CloseCode, Hello, Identity, Resume, Secret};

use super::Ending;
use super::write::{Said, Wire};
use crate::auth::{Denied, Entry, Grant, Happened, Operation, TokenFault};
use crate::http::App;

/// The id of a `rejected` that is about no command but about what the client said.
pub(super) const NO_COMMAND: u64 = 0;

/// A client that has said who it is, and may follow its session.
pub(super) struct Greeted {
    pub(super) identity: Identity,
    pub(super) after: Option<Resume>,
    pub(super) grant: Arc<Grant>,
}

/// Hears the client's hello, and lets in whom `session` is open to.
pub(super) async fn greet(
    wire: &mut Wire,
    app: &App,
    session: Option<SessionId>,
    address: IpAddr,
) -> Result<Greeted, Ending> {
    let limits = &app.config().limits;
    let (mut identity, hello) = tokio::select! {
        () = app.stop().stopping() => return Err(Ending::Close(CloseCode::GoingAway)),
        said = timeout(limits.hello_timeout.get(), hello(wire)) => {
            said.unwrap_or(Err(Ending::Close(CloseCode::BadHello)))?
        }
    };
    let token = hello.token.as_ref().map(|Secret(token)| token.as_str());
    let (auth, now) = (app.auth(), App::now());
    let refused = |denied: Denied, grant: Option<&Grant>| {
        let entry = Entry::refused(&denied, "hello".to_owned()).about(session).sent_from(address);
        auth.audit().note(grant.map_or(entry.clone(), |grant| entry.by(grant)), now);
        refuse(wire, &denied)
    };
    let grant = auth.grant(token, now).map_err(|denied| refused(denied, None))?;
    grant.check(Operation::Read, session).map_err(|denied| refused(denied, Some(&grant)))?;
    if grant.subject().is_some() {
        auth.audit().note(Entry::of(Happened::Login).by(&grant).about(session).sent_from(address), now);
    }
    // Who has a name by their token is called by it.
    identity.name = grant.name().cloned().or(identity.name);
    Ok(Greeted { identity, after: hello.after, grant })
}

/// Tells a client why it may not, and how the connection ends for that.
pub(super) fn refuse(wire: &Wire, denied: &Denied) -> Ending {
    wire.reject(NO_COMMAND, denied.to_problem());
    Ending::Close(match denied {
        Denied::Token(TokenFault::Revoked) => CloseCode::Forbidden,
        Denied::Token(_) | Denied::TokenNeeded { .. } => CloseCode::Unauthenticated,
        Denied::Role { .. } | Denied::OtherSession | Denied::OneSession { .. } | Denied::OtherClient => {
            CloseCode::Forbidden
        }
    })
}

/// Lets nobody know that there is no such session who may not follow it.
pub(super) async fn turn_away(
    wire: &mut Wire,
    app: &App,
    session: Option<SessionId>,
    address: IpAddr,
) -> Ending {
    match greet(wire, app, session, address).await {
        Ok(_) => Ending::Close(CloseCode::NoSuchSession),
        Err(ending) => ending,
    }
}

/// The first message, which must be a hello.
async fn hello(wire: &mut Wire) -> Result<(Identity, Hello), Ending> {
    loop {
        let Some(said) = wire.heard().map_err(bad_hello)? else {
            wire.flush().await?;
            wire.more().await?;
            continue;
        };
        let problem = match said {
            Said::Nothing => continue,
            Said::Goodbye => return Err(Ending::Goodbye),
            Said::Message(ClientMessage::Hello(hello)) => match hello.check() {
                Ok(identity) => return Ok((identity, hello)),
                Err(rejection) => rejection.to_problem(),
            },
            Said::Message(_) => return Err(Ending::Close(CloseCode::BadHello)),
            Said::Unreadable { problem, .. } => problem,
        };
        wire.reject(NO_COMMAND, problem);
        return Err(Ending::Close(CloseCode::BadHello));
    }
}

/// A first message in another encoding is no hello; what is against the standard is that.
const fn bad_hello(ending: Ending) -> Ending {
    match ending {
        Ending::Close(_) => Ending::Close(CloseCode::BadHello),
        other => other,
    }
}
