//! Values of JavaScript into core's, by the rules of JSON and with the words of the server.

use js_sys::{Array, JsString, Object};
use vws_core::error::RequestError;
use vws_core::limits::{NESTING_DEPTH, SAFE_INTEGER};
use vws_core::wire::{FromTree, ParseError, Tree};
use vws_core::{Error, Rejection};
use wasm_bindgen::{JsCast, JsValue};

/// A request, read as the server reads the JSON that `JSON.stringify` makes of it; but what that makes null
/// of (NaN, infinities) or leaves out (functions) is refused.
pub(crate) fn read<T: FromTree>(value: &JsValue) -> Result<T, Rejection> {
    T::from_tree(tree(value, &mut Vec::new())?).map_err(Rejection::from)
}

/// A request of a type that serde reads.
pub(crate) struct Decoded<T>(pub(crate) T);

impl<T: serde::de::DeserializeOwned> FromTree for Decoded<T> {
    fn from_tree(tree: Tree) -> Result<Self, ParseError> {
        tree.decode().map(Self)
    }
}

fn tree(value: &JsValue, path: &mut Vec<String>) -> Result<Tree, Rejection> {
    if value.is_null() || value.is_undefined() {
        return Ok(Tree::Null);
    }
    if let Some(value) = value.as_bool() {
        return Ok(Tree::Bool(value));
    }
    if let Some(value) = value.as_f64() {
        return number(value).map_err(|error| at(path, error));
    }
    if let Some(value) = value.dyn_ref::<JsString>() {
        return text(value).map(Tree::String).map_err(|error| at(path, error));
    }
    if path.len() >= NESTING_DEPTH && value.is_object() {
        // Here ends a value that holds itself, too.
        return Err(at(path, RequestError::TooDeep { max: NESTING_DEPTH }));
    }
    if Array::is_array(value) {
        let items: &Array = value.unchecked_ref();
        let mut values = Vec::new();
        for (index, item) in items.iter().enumerate() {
            path.push(index.to_string());
            values.push(tree(&item, path)?);
            path.pop();
        }
        return Ok(Tree::Array(values));
    }
    // Not by `instanceof Object`: an object may be without a prototype, or of another realm.
    if value.is_object() && is_plain(value.unchecked_ref()) {
        return fields(value.unchecked_ref(), path).map(Tree::Object);
    }
    let found = value.js_typeof().as_string().unwrap_or_default();
    Err(at(path, RequestError::TypeMismatch { expected: "a value of JSON".to_owned(), found }))
}

fn fields(object: &Object, path: &mut Vec<String>) -> Result<Vec<(String, Tree)>, Rejection> {
    let mut fields = Vec::new();
    for entry in Object::entries(object) {
        let entry: Array = entry.unchecked_into();
        let value = entry.get(1);
        // As JSON has it, a field without a value is no field.
        if value.is_undefined() {
            continue;
        }
        let key: JsString = entry.get(0).unchecked_into();
        let key = text(&key).map_err(|error| at(path, error))?;
        path.push(key);
        let value = tree(&value, path)?;
        fields.extend(path.pop().map(|key| (key, value)));
    }
    Ok(fields)
}

/// Whether it is an object literal or the like: of no class of its own.
fn is_plain(object: &Object) -> bool {
    let prototype = Object::get_prototype_of(object);
    // One of another realm (a frame's) has another `Object.prototype`, above which there is nothing either.
    prototype.is_null() || Object::get_prototype_of(&prototype).is_null()
}

fn number(value: f64) -> Result<Tree, RequestError> {
    if !value.is_finite() {
        // As a command of this side has it that never was text.
        let value = value.to_string();
        return Err(RequestError::NumberNotFinite { value });
    }
    if value.fract() != 0.0 || value.abs() > SAFE_INTEGER as f64 {
        return Ok(Tree::Float(value));
    }
    #[expect(clippy::cast_possible_truncation, reason = "a whole number within 53 bits")]
    let whole = value as i64;
    Ok(u64::try_from(whole).map_or(Tree::Signed(whole), Tree::Unsigned))
}

fn text(value: &JsString) -> Result<String, RequestError> {
    if value.is_valid_utf16() {
        return Ok(String::from(value));
    }
    Err(RequestError::Invalid { detail: "the text has half of a surrogate pair".to_owned() })
}

fn at(path: &[String], error: RequestError) -> Rejection {
    // RFC 6901.
    let escaped = |token: &String| token.replace('~', "~0").replace('/', "~1");
    let pointer: String = path.iter().flat_map(|token| ["/".to_owned(), escaped(token)]).collect();
    Rejection::at(pointer, Error::from(error))
}
