//! The state of a moment.

use vws_core::reduce::State;
use vws_core::wire::read_json;
use vws_core::{Session, Snapshot};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::{output, state};

/// The state of a moment, read only.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Past(Session);

#[wasm_bindgen]
impl Past {
    /// The state that a snapshot's JSON tells, found to have the digest that it tells.
    ///
    /// # Errors
    /// Why it cannot be taken.
    #[wasm_bindgen(constructor)]
    pub fn new(json: &[u8]) -> Result<Self, String> {
        let snapshot: Snapshot = read_json(json).map_err(|error| error.to_string())?;
        snapshot.restore().map(Self).map_err(|error| error.to_string())
    }

    /// The session's id.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn id(&self) -> String {
        self.0.id().to_string()
    }

    /// The seq of its last event.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn seq(&self) -> f64 {
        self.0.seq() as f64
    }

    /// The epoch of its history.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn epoch(&self) -> f64 {
        self.0.epoch() as f64
    }

    /// The digest of its content.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn digest(&self) -> String {
        self.0.digest().to_string()
    }

    /// The session's name.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn name(&self) -> Option<String> {
        self.0.name().map(|name| name.as_str().to_owned())
    }

    /// The world.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn world(&self) -> JsValue {
        output::value(self.0.world())
    }

    /// How many objects there are.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn size(&self) -> usize {
        self.0.object_count()
    }

    /// One object, or `undefined`.
    #[must_use]
    pub fn object(&self, name: &str) -> JsValue {
        state::object(&self.0, name)
    }

    /// The names of all objects, in the order of their bytes.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        state::names(self.0.objects())
    }

    /// The objects of these names as a JSON array, with null for one that is not there.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "wasm-bindgen hands vectors over")]
    pub fn objects(&self, names: Vec<String>) -> String {
        state::objects(&self.0, &names)
    }
}
