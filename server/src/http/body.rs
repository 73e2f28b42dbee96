//! The bodies of requests, bounded in size and time.

use axum::body::{Body, Bytes};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::time::timeout;

use super::refusal::Refusal;
use crate::units::{ByteSize, Span};

/// The whole body.
///
/// # Errors
/// [`Refusal::BodyTooLarge`] as soon as it exceeds `max`, [`Refusal::BodyTimeout`] when it is not
/// whole after `within`, [`Refusal::BodyBroken`] when the client breaks off.
pub(super) async fn read(body: Body, max: ByteSize, within: Span) -> Result<Bytes, Refusal> {
    let whole = Limited::new(body, max.as_usize()).collect();
    match timeout(within.get(), whole).await {
        Err(_) => Err(Refusal::BodyTimeout { within }),
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Refusal::BodyTooLarge { max }),
        Ok(Err(_)) => Err(Refusal::BodyBroken),
    }
}
