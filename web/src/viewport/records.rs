//! Objects as the floats that the viewport draws from. The layout is told at the top of
//! `web/js/viewport.js`.

use std::borrow::Cow;

use vws_core::{Object, ObjectType, SessionId};

use crate::api::assets;

/// Floats in a record.
pub const STRIDE: usize = 16;

/// The kind that takes a slot's object away.
const REMOVE: f32 = -1.0;

const fn kind_number(kind: &ObjectType) -> f32 {
    match kind {
        ObjectType::Cube => 0.0,
        ObjectType::Sphere => 1.0,
        ObjectType::Cylinder => 2.0,
        ObjectType::Cone => 3.0,
        ObjectType::Plane => 4.0,
        ObjectType::Torus => 5.0,
        ObjectType::Light => 6.0,
        ObjectType::Text => 7.0,
        ObjectType::Model => 8.0,
        ObjectType::Custom(_) => 9.0,
    }
}

/// Appends the record of an object in a slot.
#[expect(clippy::cast_possible_truncation, reason = "the screen needs no more than 32 bits")]
pub fn put(batch: &mut Vec<f32>, slot: u32, object: &Object) {
    let [red, green, blue] = object.color.rgb().map(|channel| f32::from(channel) / 255.0);
    let (rotation, scale) = (object.rotation, object.scale);
    batch.extend_from_slice(&[slot as f32, kind_number(&object.kind)]);
    batch.extend([object.x, object.y, object.z].map(|v| v.get() as f32));
    batch.extend([rotation.x, rotation.y, rotation.z].map(|v| v.get() as f32));
    // A factor that 32 bits round to zero is still drawn: the viewport takes none that is not above it.
    batch.extend([scale.x, scale.y, scale.z].map(|v| (v.get() as f32).max(f32::MIN_POSITIVE)));
    batch.extend([red, green, blue, object.opacity.get() as f32, f32::from(u8::from(object.visible))]);
}

/// Appends the record that empties a slot.
pub fn remove(batch: &mut Vec<f32>, slot: u32) {
    let start = batch.len();
    batch.extend_from_slice(&[slot as f32, REMOVE]);
    batch.resize(start + STRIDE, 0.0);
}

/// The address of an object's model: the property `url` of an object of type model.
#[must_use]
pub fn model_url(object: &Object) -> Option<&str> {
    match (&object.kind, object.properties.get("url")?) {
        (ObjectType::Model, vws_core::model::Scalar::String(url)) => Some(url),
        _ => None,
    }
}

/// The address that the browser fetches a model from: what a session keeps is found in that session.
#[must_use]
pub fn resolved(url: &str, session: SessionId) -> Cow<'_, str> {
    match assets::asset_of(url) {
        Some(asset) => assets::path_of(session, asset).into(),
        None => url.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn object(json: &str) -> Object {
        serde_json::from_str(json).expect("a valid object")
    }

    const MODEL: &str = r##"{"name":"m","type":"model","x":1.5,"y":-2,"z":12,
        "rotation":{"x":90,"y":0,"z":-45},"scale":{"x":1,"y":1e-300,"z":2},"color":"#ff0080","opacity":0.5,
        "visible":false,"text":"","properties":{"url":"/m.glb"},"version":1,"created_at":0,"updated_at":0}"##;

    #[test]
    fn a_record_has_the_layout_of_the_viewport() {
        let mut batch = Vec::new();
        put(&mut batch, 7, &object(MODEL));
        let (third, tiny) = (128.0 / 255.0, f32::MIN_POSITIVE);
        assert_eq!(
            batch,
            [7.0, 8.0, 1.5, -2.0, 12.0, 90.0, 0.0, -45.0, 1.0, tiny, 2.0, 1.0, 0.0, third, 0.5, 0.0]
        );
    }

    #[test]
    fn a_removal_is_one_record() {
        let mut batch = Vec::new();
        remove(&mut batch, 3);
        assert_eq!((batch.len(), batch[0], batch[1]), (STRIDE, 3.0, -1.0));
    }

    #[test]
    fn web58_what_a_session_keeps_is_found_in_that_session() {
        let session: SessionId = "0197a2b4-0000-7000-8000-000000000001".parse().expect("a valid id");
        let id = "ab".repeat(32);
        assert_eq!(resolved(&format!("asset:{id}"), session), format!("/api/sessions/{session}/assets/{id}"));
        for url in ["/m.glb", "https://example.com/m.glb", "asset:abc", "data:,x"] {
            assert_eq!(resolved(url, session), url);
        }
    }

    #[test]
    fn only_a_model_has_an_address() {
        assert_eq!(model_url(&object(MODEL)), Some("/m.glb"));
        assert_eq!(model_url(&object(&MODEL.replace("\"model\"", "\"cube\""))), None);
        assert_eq!(model_url(&object(&MODEL.replace("\"/m.glb\"", "5"))), None);
    }
}
