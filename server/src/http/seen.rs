//! How far a client has seen a session, and how far an answer knows it.
//!
//! A client that moves between servers of one cluster must not be shown an older state than before. So each answer about
//! a session tells its place (`Vws-Seq`), a client sends the newest that it has been told (`Vws-Seen`), and is answered
//! of a state that is at least as new.

use std::sync::Arc;

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use vws_core::limits::SAFE_INTEGER;
use vws_core::wire::Resume;
use vws_core::{Session, SessionId};

use super::app::App;
use super::authorize::About;
use super::idempotency::idempotent;
use super::problem::Problem;
use super::refusal::Refusal;
use crate::store::StoreError;

/// How far the session was known when the answer was given: `EPOCH.SEQ`.
pub(super) const VWS_SEQ: HeaderName = HeaderName::from_static("vws-seq");
/// How far the client has seen it.
pub(super) const VWS_SEEN: HeaderName = HeaderName::from_static("vws-seen");
/// Why newer events may not be known.
pub(super) const VWS_STALE: HeaderName = HeaderName::from_static("vws-stale");

const LOG_UNREACHABLE: HeaderValue = HeaderValue::from_static("log_unreachable");

/// Answers a request, of a state that is at least as new as its sender has seen, and tells how new it is.
pub(super) async fn answer(app: &Arc<App>, about: About, request: Request, next: Next) -> Response {
    let mut response = match about {
        About::Else => return idempotent(app, request, next).await,
        About::All => idempotent(app, request, next).await,
        About::One(session) => match reach(app, session, request.headers()).await {
            Ok(()) => idempotent(app, request, next).await,
            Err(behind) => behind.into_response(),
        },
    };
    if let About::One(session) = about
        && let Some(place) = app.store().place_of(session)
    {
        tell(place, response.headers_mut());
    }
    if !app.store().is_log_within_reach() {
        response.headers_mut().insert(VWS_STALE, LOG_UNREACHABLE);
    }
    response
}

/// Says how far the session is known. Never less than the answer shows, and at times a little more.
pub(super) fn tell(place: Resume, headers: &mut HeaderMap) {
    let Resume { epoch, seq } = place;
    let value = HeaderValue::try_from(format!("{epoch}.{seq}")).expect("digits are plain ASCII");
    headers.insert(VWS_SEQ, value);
}

/// Has the session be known as far as the request says. Of a history that is not this one nothing is asked, and what
/// is not there the handler says.
async fn reach(app: &Arc<App>, session: SessionId, headers: &HeaderMap) -> Result<(), Problem> {
    let Some(seen) = seen(headers)? else { return Ok(()) };
    let is_far_enough = |place: Resume| place.epoch != seen.epoch || place.seq >= seen.seq;
    if !app.store().is_shared() || app.store().place_of(session).is_some_and(is_far_enough) {
        return Ok(());
    }
    let live = match app.store().get(session).await {
        Ok(live) => live,
        Err(StoreError::Rejected(_)) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    if live.read(Session::epoch) == seen.epoch {
        live.reach(seen.seq).await?;
    }
    Ok(())
}

/// What the request says that its sender has seen.
fn seen(headers: &HeaderMap) -> Result<Option<Resume>, Refusal> {
    let mut all = headers.get_all(VWS_SEEN).iter();
    let Some(value) = all.next() else { return Ok(None) };
    if all.next().is_some() {
        return Err(Refusal::header(&VWS_SEEN, "it is given twice"));
    }
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        text.parse().ok().filter(|number| digits && *number <= SAFE_INTEGER)
    };
    let read = || {
        let (epoch, seq) = value.to_str().ok()?.split_once('.')?;
        Some(Resume { epoch: number(epoch)?, seq: number(seq)? })
    };
    read().map(Some).ok_or_else(|| Refusal::header(&VWS_SEEN, "it must be EPOCH.SEQ, as Vws-Seq gives it"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clu15_what_was_seen_is_read_strictly() {
        let with =
            |value: &str| HeaderMap::from_iter([(VWS_SEEN, HeaderValue::try_from(value).expect("a value"))]);
        assert_eq!(seen(&HeaderMap::new()), Ok(None));
        assert_eq!(seen(&with("1763870000000.12")), Ok(Some(Resume { epoch: 1_763_870_000_000, seq: 12 })));
        for wrong in ["", ".", "1", "1.", ".1", "+1.1", "1.-1", "1.1.1", " 1.1", "1.9007199254740992"] {
            assert!(seen(&with(wrong)).is_err(), "{wrong:?}");
        }
        let mut twice = with("1.1");
        twice.append(VWS_SEEN, HeaderValue::from_static("1.2"));
        assert!(seen(&twice).is_err());
    }
}
