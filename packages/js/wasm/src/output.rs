//! Values of core into those of JavaScript: what JSON would be, parsed.

use serde::Serialize;
use serde_wasm_bindgen::Serializer;
use vws_core::Rejection;
use vws_core::replica::Touched;
use wasm_bindgen::JsValue;

/// The value as `JSON.parse` would give it.
///
/// # Panics
/// Never for the values of this crate: their keys are strings, and their whole numbers are such as
/// JavaScript holds exactly.
pub(crate) fn value<T: Serialize + ?Sized>(value: &T) -> JsValue {
    value.serialize(&Serializer::json_compatible()).expect("wire values have string keys and safe integers")
}

/// A refusal as the problem that the server would answer.
pub(crate) fn refused(rejection: impl Into<Rejection>) -> JsValue {
    value(&rejection.into().to_problem())
}

/// What may look different than before.
#[derive(Debug, Serialize)]
pub(crate) struct Changed {
    all: bool,
    objects: Vec<String>,
    world: bool,
    name: bool,
}

impl Changed {
    /// What either of both changed.
    pub(crate) fn and(mut self, later: Self) -> Self {
        self.all |= later.all;
        self.world |= later.world;
        self.name |= later.name;
        self.objects.extend(later.objects);
        self.objects.sort_unstable();
        self.objects.dedup();
        self
    }
}

impl From<Touched> for Changed {
    fn from(touched: Touched) -> Self {
        let Touched { all_objects, objects, world, name } = touched;
        let objects = objects.iter().map(|name| name.as_str().to_owned()).collect();
        Self { all: all_objects, objects, world, name }
    }
}
