//! The JavaScript viewport as Rust calls it. What each call means is told in `web/js/viewport.js`.

use js_sys::{Array, Float32Array, Float64Array, Function, Object, Reflect, Uint32Array};
use serde::Serialize;
use wasm_bindgen::JsValue;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::HtmlElement;

#[wasm_bindgen(module = "/js/dist/viewport.js")]
extern "C" {
    /// One 3D view inside one element of the page.
    pub type Viewport;

    /// Throws where there is no WebGL.
    #[wasm_bindgen(constructor, catch)]
    pub fn new(container: &HtmlElement, callbacks: &JsValue, options: &JsValue) -> Result<Viewport, JsValue>;

    /// Takes records of objects in. The array is read within the call.
    #[wasm_bindgen(method, catch)]
    pub fn apply(this: &Viewport, records: &Float32Array) -> Result<(), JsValue>;

    /// The text of a slot.
    #[wasm_bindgen(method, js_name = setText)]
    pub fn set_text(this: &Viewport, slot: u32, text: &str);

    /// The address of a slot's model.
    #[wasm_bindgen(method, js_name = setModel)]
    pub fn set_model(this: &Viewport, slot: u32, url: &str);

    /// Removes every object.
    #[wasm_bindgen(method)]
    pub fn clear(this: &Viewport);

    /// The grid.
    #[wasm_bindgen(method, catch, js_name = setWorld)]
    pub fn set_world(this: &Viewport, world: &JsValue) -> Result<(), JsValue>;

    /// The camera's pose.
    #[wasm_bindgen(method, js_name = setCamera)]
    pub fn set_camera(this: &Viewport, px: f64, py: f64, pz: f64, tx: f64, ty: f64, tz: f64, fov: f64);

    /// The camera's pose, but as near as everything is in view.
    #[wasm_bindgen(method, js_name = setOverview)]
    pub fn set_overview(
        this: &Viewport,
        px: f64,
        py: f64,
        pz: f64,
        tx: f64,
        ty: f64,
        tz: f64,
        fov: f64,
        animate: bool,
    );

    /// Takes the camera's pose from a function, or no longer.
    #[wasm_bindgen(method)]
    pub fn follow(this: &Viewport, source: Option<&Function>);

    /// Where the camera is: position and target, six numbers.
    #[wasm_bindgen(method)]
    pub fn pose(this: &Viewport) -> Vec<f64>;

    /// Somebody else in the world; `null` when they have left.
    #[wasm_bindgen(method, js_name = setPeer)]
    pub fn set_peer(this: &Viewport, id: &str, face: &JsValue);

    /// What somebody else has selected.
    #[wasm_bindgen(method, js_name = setPeerSelection)]
    pub fn set_peer_selection(this: &Viewport, id: &str, slots: &[u32]);

    /// Goes along with somebody's camera.
    #[wasm_bindgen(method, js_name = followPeer)]
    pub fn follow_peer(this: &Viewport, id: &str);

    /// Flies to the selection, or to everything.
    #[wasm_bindgen(method)]
    pub fn frame(this: &Viewport);

    /// Flies to everything.
    #[wasm_bindgen(method, js_name = frameAll)]
    pub fn frame_all(this: &Viewport);

    /// Highlights exactly these slots, and gives handles to those of them that can be moved.
    #[wasm_bindgen(method)]
    pub fn select(this: &Viewport, slots: &[u32], movable: &[u32]);

    /// Lets presses, the pointer and rectangles go through exactly these slots.
    #[wasm_bindgen(method, js_name = setLocked)]
    pub fn set_locked(this: &Viewport, slots: &[u32]);

    /// What the pointer does to the selected objects: one of the viewport's words.
    #[wasm_bindgen(method, js_name = setTool)]
    pub fn set_tool(this: &Viewport, tool: &str);

    /// Whose axes the handles have: one of the viewport's words.
    #[wasm_bindgen(method, js_name = setSpace)]
    pub fn set_space(this: &Viewport, space: &str);

    /// Ends a drag of the handles as Esc does.
    #[wasm_bindgen(method, js_name = cancelTransform)]
    pub fn cancel_transform(this: &Viewport);

    /// The next drag selects by a rectangle, or no longer.
    #[wasm_bindgen(method, js_name = armBox)]
    pub fn arm_box(this: &Viewport, armed: bool);

    /// The theme.
    #[wasm_bindgen(method, js_name = setTheme)]
    pub fn set_theme(this: &Viewport, theme: &JsValue);

    /// The objects in view as a PNG, so many times as large in each direction.
    #[wasm_bindgen(method, catch)]
    pub async fn screenshot(this: &Viewport, times: f64) -> Result<JsValue, JsValue>;

    /// Width and height of that picture in pixels; null where there is none so large.
    #[wasm_bindgen(method, js_name = pictureSize)]
    pub fn picture_size(this: &Viewport, times: f64) -> Option<Vec<f64>>;

    /// Marks where something that is dragged over a point of the view would come to lie; answers that place.
    #[wasm_bindgen(method)]
    pub fn landing(this: &Viewport, x: f64, y: f64) -> Vec<f64>;

    /// Takes the mark away.
    #[wasm_bindgen(method, js_name = endLanding)]
    pub fn end_landing(this: &Viewport);

    /// What is shown as a glTF file, with the objects' names by their slots.
    #[wasm_bindgen(method, catch)]
    pub async fn glb(this: &Viewport, names: &Array) -> Result<JsValue, JsValue>;

    /// Gives everything back.
    #[wasm_bindgen(method)]
    pub fn dispose(this: &Viewport);
}

/// The grid, as the viewport takes it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Grid {
    /// Positions per axis.
    pub size: f64,
    /// 0 is opaque, 1 invisible.
    pub transparency: f64,
}

/// The looks, as the viewport takes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Looks {
    /// Whether it is dark.
    pub dark: bool,
}

/// A plain value as the viewport takes it.
///
/// # Panics
/// Never for the types of this module, which are plain structs.
#[must_use]
pub fn value(value: &impl Serialize) -> JsValue {
    serde_wasm_bindgen::to_value(value).expect("a plain struct becomes an object")
}

/// A pose of the camera.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Pose {
    /// Where it stands.
    pub position: [f64; 3],
    /// What it looks at.
    pub target: [f64; 3],
}

/// What the viewport tells.
pub struct Callbacks {
    /// A click on the object in a slot, or on nothing (-1); whether it adds to what is selected.
    pub select: Box<dyn Fn(i32, bool)>,
    /// The camera has moved; whether the user moved it.
    pub camera: Box<dyn Fn(Pose, bool)>,
    /// What the mouse points at, if that is in the world.
    pub point: Box<dyn Fn(Option<[f64; 3]>)>,
    /// The name at somebody's camera was pressed.
    pub peer: Box<dyn Fn(String)>,
    /// A model cannot be shown.
    pub model_error: Box<dyn Fn(u32, String)>,
    /// Whether the graphics card has taken the drawing away.
    pub lost: Box<dyn Fn(bool)>,
    /// The handles are dragged: the phase, and ten numbers for each object.
    pub transform: Box<dyn Fn(String, Float64Array)>,
    /// The slots within a rectangle; whether they come to what is selected.
    pub boxed: Box<dyn Fn(Uint32Array, bool)>,
    /// Whether the next drag selects by a rectangle.
    pub armed: Box<dyn Fn(bool)>,
    /// The speed of a flight in world units a second; 0 when it has ended.
    pub fly: Box<dyn Fn(f64)>,
}

type CameraClosure = Closure<dyn Fn(f64, f64, f64, f64, f64, f64, bool)>;

/// The callbacks as JavaScript calls them; they live as long as this.
pub struct Hooks {
    object: Object,
    _select: Closure<dyn Fn(i32, bool)>,
    _camera: CameraClosure,
    _point: Closure<dyn Fn(f64, f64, f64)>,
    _peer: Closure<dyn Fn(String)>,
    _model_error: Closure<dyn Fn(u32, String)>,
    _lost: Closure<dyn Fn()>,
    _restored: Closure<dyn Fn()>,
    _transform: Closure<dyn Fn(String, Float64Array)>,
    _boxed: Closure<dyn Fn(Uint32Array, bool)>,
    _armed: Closure<dyn Fn(bool)>,
    _fly: Closure<dyn Fn(f64)>,
}

impl Hooks {
    /// Makes them callable.
    #[must_use]
    pub fn new(callbacks: Callbacks) -> Self {
        let Callbacks { select, camera, point, peer, model_error, lost, transform, boxed, armed, fly } =
            callbacks;
        let lost = std::rc::Rc::new(lost);
        let restored = std::rc::Rc::clone(&lost);
        let select = Closure::<dyn Fn(i32, bool)>::new(select);
        let camera: CameraClosure = Closure::new(move |px, py, pz, tx, ty, tz, by_user| {
            camera(Pose { position: [px, py, pz], target: [tx, ty, tz] }, by_user);
        });
        let point = Closure::<dyn Fn(f64, f64, f64)>::new(move |x: f64, y: f64, z: f64| {
            point((!x.is_nan()).then_some([x, y, z]));
        });
        let peer = Closure::<dyn Fn(String)>::new(peer);
        let model_error = Closure::<dyn Fn(u32, String)>::new(model_error);
        let lost = Closure::<dyn Fn()>::new(move || lost(true));
        let restored = Closure::<dyn Fn()>::new(move || restored(false));
        let transform = Closure::<dyn Fn(String, Float64Array)>::new(transform);
        let boxed = Closure::<dyn Fn(Uint32Array, bool)>::new(boxed);
        let armed = Closure::<dyn Fn(bool)>::new(armed);
        let fly = Closure::<dyn Fn(f64)>::new(fly);
        let object = Object::new();
        let parts = [
            ("onSelect", select.as_ref()),
            ("onCamera", camera.as_ref()),
            ("onPoint", point.as_ref()),
            ("onPeer", peer.as_ref()),
            ("onModelError", model_error.as_ref()),
            ("onContextLost", lost.as_ref()),
            ("onContextRestored", restored.as_ref()),
            ("onTransform", transform.as_ref()),
            ("onBox", boxed.as_ref()),
            ("onBoxArmed", armed.as_ref()),
            ("onFly", fly.as_ref()),
        ];
        for (name, function) in parts {
            Reflect::set(&object, &name.into(), function).expect("a plain object takes any property");
        }
        Self {
            object,
            _select: select,
            _camera: camera,
            _point: point,
            _peer: peer,
            _model_error: model_error,
            _lost: lost,
            _restored: restored,
            _transform: transform,
            _boxed: boxed,
            _armed: armed,
            _fly: fly,
        }
    }

    /// The object to give to the viewport.
    #[must_use]
    pub fn object(&self) -> &JsValue {
        &self.object
    }
}
