//! Answers. Those that can be large are encoded piece by piece while they are sent, so that a client
//! that reads slowly holds references to shared objects and not their text.

use std::fmt::Arguments;
use std::io::Write;
use std::marker::PhantomData;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_TYPE, ETAG, LOCATION};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Serialize;
use utoipa::openapi::schema::{AllOfBuilder, ObjectBuilder, Schema, Type};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};
use vws_core::model::Seq;
use vws_core::wire::canonical_json;
use vws_core::{Object, SessionInfo, World};

use super::super::conditional::etag;
use crate::store::Outcome;

/// Items that are encoded at once.
const PIECE: usize = 256;

/// Headers of an answer, those of every layer included.
const HEADERS: usize = 16;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// `value` as JSON.
pub(super) fn json<T: Serialize>(value: &T) -> Response {
    with_type(Body::from(canonical_json(value)))
}

pub(super) fn with_type(body: Body) -> Response {
    let mut response = Response::new(body);
    // Room for all that the layers add, so that none of it is moved.
    response.headers_mut().reserve(HEADERS);
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    response
}

/// Says where what was made is, by a path of plain ASCII.
pub(super) fn locate(response: &mut Response, path: String) {
    let location = HeaderValue::try_from(path);
    response.headers_mut().insert(LOCATION, location.expect("ids and percent-encoded names are plain ASCII"));
}

/// What a command left, with the place of its change: the fields of the thing itself, and `seq` and
/// `changed` beside them.
#[derive(Debug)]
pub(in crate::http) struct Changed<T> {
    status: StatusCode,
    json: Vec<u8>,
    version: Seq,
    of: PhantomData<T>,
}

/// The descriptions name these without arguments: utoipa's attributes would compose their own.
pub(super) type ChangedObject = Changed<Object>;
pub(super) type ChangedSession = Changed<SessionInfo>;
pub(super) type ChangedWorld = Changed<World>;

impl<T: Serialize> Changed<T> {
    /// `thing`, whose present version is `version`, after a command with this outcome.
    pub(super) fn new(thing: &T, version: Seq, outcome: &Outcome) -> Self {
        let changed = !outcome.seqs.is_empty();
        Self::with(thing, version, format_args!(r#""seq":{},"changed":{changed}"#, outcome.seq))
    }

    pub(super) const fn created(mut self) -> Self {
        self.status = StatusCode::CREATED;
        self
    }

    fn with(thing: &T, version: Seq, more: Arguments<'_>) -> Self {
        let mut json = canonical_json(thing);
        // What changes is an object on the wire and never an empty one.
        json.pop();
        write!(json, ",{more}}}").expect("writing to memory does not fail");
        Self { status: StatusCode::OK, json, version, of: PhantomData }
    }
}

impl Changed<SessionInfo> {
    /// A session, which has its seq among its own fields.
    pub(super) fn session(info: &SessionInfo, outcome: &Outcome) -> Self {
        let changed = !outcome.seqs.is_empty();
        Self::with(info, info.seq, format_args!(r#""changed":{changed}"#))
    }
}

impl<T> IntoResponse for Changed<T> {
    fn into_response(self) -> Response {
        let mut response = with_type(Body::from(self.json));
        *response.status_mut() = self.status;
        response.headers_mut().insert(ETAG, etag(self.version));
        response
    }
}

impl<T: ToSchema> PartialSchema for Changed<T> {
    fn schema() -> RefOr<Schema> {
        let place = ObjectBuilder::new()
            .property(
                "seq",
                ObjectBuilder::new()
                    .schema_type(Type::Integer)
                    .minimum(Some(0))
                    .description(Some("The session's last event right after the command.")),
            )
            .property(
                "changed",
                ObjectBuilder::new()
                    .schema_type(Type::Boolean)
                    .description(Some("False when all was already as the command wished.")),
            )
            .required("seq")
            .required("changed");
        AllOfBuilder::new().item(Ref::from_schema_name(T::name())).item(place).into()
    }
}

impl<T: ToSchema> ToSchema for Changed<T> {
    fn name() -> std::borrow::Cow<'static, str> {
        format!("Changed{}", T::name()).into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((T::name().into_owned(), T::schema()));
        T::schemas(schemas);
    }
}

/// What is left of a deleted object.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct Deleted {
    /// Its name.
    #[schema(value_type = vws_core::ObjectName)]
    pub(super) name: String,
    /// The event that removed it.
    pub(super) seq: Seq,
    /// Always true: a name that is not there is refused.
    pub(super) changed: bool,
}

/// JSON with one long array: `head`, the items with commas between them, `tail`.
pub(super) fn streamed<T>(head: Vec<u8>, items: Vec<Arc<T>>, tail: Vec<u8>) -> Response
where
    T: Serialize + Send + Sync + 'static,
{
    if items.len() <= PIECE {
        let mut whole = head;
        encode(&mut whole, &items, true);
        whole.extend(tail);
        return with_type(Body::from(whole));
    }
    let pieces = items.len().div_ceil(PIECE);
    let mut edges = (head, tail);
    let encoded = (0..pieces).map(move |n| {
        let mut piece = if n == 0 { std::mem::take(&mut edges.0) } else { Vec::new() };
        encode(&mut piece, &items[n * PIECE..items.len().min((n + 1) * PIECE)], n == 0);
        if n + 1 == pieces {
            piece.append(&mut edges.1);
        }
        Ok::<_, std::convert::Infallible>(Bytes::from(piece))
    });
    with_type(Body::from_stream(stream::iter(encoded)))
}

fn encode<T: Serialize>(into: &mut Vec<u8>, items: &[Arc<T>], first: bool) {
    for (n, item) in items.iter().enumerate() {
        if !(first && n == 0) {
            into.push(b',');
        }
        into.extend(canonical_json(&**item));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::to_bytes;

    #[tokio::test]
    async fn long_arrays_are_whole_at_every_length() {
        for length in [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE, 3 * PIECE + 7] {
            let items: Vec<Arc<usize>> = (0..length).map(Arc::new).collect();
            let answer = streamed(b"{\"items\":[".to_vec(), items.clone(), b"]}".to_vec());
            let bytes = to_bytes(answer.into_body(), usize::MAX).await.expect("a body");
            let back: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
            assert_eq!(back, serde_json::json!({ "items": items }), "{length}");
        }
    }
}
