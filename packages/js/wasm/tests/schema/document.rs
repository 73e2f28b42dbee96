//! The schemas of the values that JavaScript sees, as an OpenAPI document without paths.

use serde_json::Value;
use utoipa::OpenApi;
use vws_core::error::ProblemField;
use vws_core::limits::ModelLimits;
use vws_core::wire::{Peer, Presence, PresenceDraft};
use vws_core::{Command, EventRecord, Problem, SessionInfo, Snapshot};

#[derive(OpenApi)]
#[openapi(components(schemas(
    Command,
    EventRecord,
    ModelLimits,
    Peer,
    Presence,
    PresenceDraft,
    Problem,
    ProblemField,
    SessionInfo,
    Snapshot
)))]
struct Document;

/// serde's defaults of fields that may be left out say nothing of what leaving them out means.
fn without_null_defaults(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            if fields.get("default").is_some_and(Value::is_null) {
                fields.remove("default");
            }
            fields.values_mut().for_each(without_null_defaults);
        }
        Value::Array(items) => items.iter_mut().for_each(without_null_defaults),
        _ => {}
    }
}

/// The document, as the package keeps it.
pub(crate) fn text() -> String {
    let mut document = serde_json::to_value(Document::openapi()).expect("a document has string keys");
    without_null_defaults(&mut document);
    document["info"] = serde_json::json!({ "title": "VWS", "version": "1" });
    format!("{document:#}\n")
}
