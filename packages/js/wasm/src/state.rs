//! How a state is read, be it of now or of then.

use std::sync::Arc;

use vws_core::Object;
use vws_core::reduce::State;
use vws_core::wire::canonical_json;
use wasm_bindgen::JsValue;

use crate::output;

/// One object, or `undefined`.
pub(crate) fn object(state: &impl State, name: &str) -> JsValue {
    state.object(name).map_or(JsValue::UNDEFINED, |object| output::value(object.as_ref()))
}

/// The objects of these names as a JSON array, with null for one that is not there: for many objects the
/// browser's own parser is the fastest way over.
pub(crate) fn objects(state: &impl State, names: &[String]) -> String {
    let objects: Vec<_> = names.iter().map(|name| state.object(name)).collect();
    json(&objects)
}

/// The names of all objects.
pub(crate) fn names<'a>(objects: impl Iterator<Item = &'a Arc<Object>>) -> Vec<String> {
    objects.map(|object| object.name.as_str().to_owned()).collect()
}

pub(crate) fn json<T: serde::Serialize>(value: &T) -> String {
    String::from_utf8(canonical_json(value)).expect("JSON is UTF-8")
}
