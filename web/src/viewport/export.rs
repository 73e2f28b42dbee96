//! What the view hands out as files.

use js_sys::Array;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::Blob;

use super::scene::Scene;

impl Scene {
    /// The view as it is now, without the page's controls, as a PNG that is so many times as large in each
    /// direction.
    ///
    /// # Errors
    /// Why there is no picture, in words for the user.
    pub async fn picture(&self, times: f64) -> Result<Blob, String> {
        file(self.viewport.screenshot(times).await)
    }

    /// Width and height of that picture in pixels; `None` where the graphics card draws nothing so large.
    #[must_use]
    pub fn picture_size(&self, times: f64) -> Option<[f64; 2]> {
        self.viewport.picture_size(times)?.try_into().ok()
    }

    /// Every object that is shown, as a glTF file (.glb): see `glb` in `web/js/viewport.js`.
    ///
    /// # Errors
    /// Why there is no file, in words for the user.
    pub async fn glb(&self) -> Result<Blob, String> {
        let names = self.names_by_slot();
        file(self.viewport.glb(&names).await)
    }

    fn names_by_slot(&self) -> Array {
        let batcher = self.batcher.borrow();
        let names = Array::new();
        for name in batcher.slots().names() {
            if let Some(slot) = batcher.slots().get(name) {
                names.set(slot, JsValue::from_str(name.as_str()));
            }
        }
        names
    }
}

fn file(answer: Result<JsValue, JsValue>) -> Result<Blob, String> {
    let answer = answer.map_err(|error| {
        let message = error.dyn_ref::<js_sys::Error>().map(|error| String::from(error.message()));
        message.unwrap_or_else(|| "the view cannot be written".to_owned())
    })?;
    answer.dyn_into().map_err(|_| "the view gave no file".to_owned())
}
