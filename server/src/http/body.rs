//! The bodies of requests, bounded in size and time.

use axum::body::{Body, Bytes};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::time::timeout;

use super::refusal::Refusal;
use crate::units::{ByteSize, Span};

/// Gives `take` the body as it comes, in pieces of at most [`PIECE`] bytes between which other tasks have
/// their turn.
///
/// # Errors
/// As for [`read`]; `take` has seen what came before.
pub(super) async fn each(
    body: Body,
    max: ByteSize,
    within: Span,
    mut take: impl FnMut(&[u8]),
) -> Result<(), Refusal> {
    let whole = async {
        let mut body = Limited::new(body, max.as_usize());
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| match error.is::<LengthLimitError>() {
                true => Refusal::BodyTooLarge { max },
                false => Refusal::BodyBroken,
            })?;
            for piece in frame.data_ref().map_or(&[][..], |data| data).chunks(PIECE) {
                take(piece);
                tokio::task::yield_now().await;
            }
        }
        Ok(())
    };
    timeout(within.get(), whole).await.unwrap_or(Err(Refusal::BodyTimeout { within }))
}

/// Bytes of a body that are read at once: less than a millisecond's work.
const PIECE: usize = 16 * 1024;

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
