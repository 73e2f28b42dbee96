//! The 3D view of one session, kept as the replica is.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use js_sys::{Array, Float32Array, Function};
use vws_core::reduce::State;
use vws_core::replica::View;
use vws_core::{ClientId, ObjectName, World};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::HtmlElement;

use super::batch::{Batcher, Caption};
use super::binding::{Callbacks, Grid, Hooks, Looks, Pose, Viewport, value};
use super::company::Company;
use super::handles::{Dragging, Phase};
use super::records::{model_url, resolved};
use super::tool::{Space, Tool};
use crate::api::assets::asset_of;
use crate::client::dirty::Dirty;
use crate::client::selection::Mode;
use crate::client::{Following, SessionClient};

/// What the view tells the page around it.
pub struct Told {
    /// The camera is the user's own now, or the shared one again.
    pub own_view: Box<dyn Fn(bool)>,
    /// The graphics card has taken the drawing away, or has given it back.
    pub lost: Box<dyn Fn(bool)>,
    /// Something is wrong, in words for the user.
    pub say: Box<dyn Fn(String)>,
    /// Something to know, in words for the user.
    pub tell: Box<dyn Fn(String)>,
}

/// The field of view, in degrees, of a page that has no world yet.
const DEFAULT_FOV: f64 = 60.0;

/// How the viewport tells of a model that is not there.
const NOT_FOUND: &str = "the server answered 404";

/// Computes a pose of the camera from the time.
type PoseSource = Closure<dyn Fn(f64) -> JsValue>;

/// Where the shared camera comes from, and stands.
#[derive(Debug, Clone, PartialEq)]
struct Shared {
    pose: Pose,
    fov: f64,
    orbit: Option<vws_core::model::Orbit>,
    /// Whether nobody has ever set it.
    untouched: bool,
}

impl Shared {
    fn of(world: &World) -> Self {
        let target = world.camera_target;
        let position = [world.camera_x, world.camera_y, world.camera_z].map(|v| v.get());
        let target = [target.x, target.y, target.z].map(|v| v.get());
        Self {
            pose: Pose { position, target },
            fov: world.camera_fov.get(),
            orbit: world.orbit,
            untouched: world.version == 0,
        }
    }
}

/// The 3D view of one session. Dropping it gives the graphics card back.
pub struct Scene {
    pub(super) viewport: Viewport,
    pub(super) client: Rc<SessionClient>,
    pub(super) batcher: RefCell<Batcher>,
    pub(super) company: RefCell<Company>,
    grid: Cell<Option<Grid>>,
    shared: RefCell<Option<Shared>>,
    /// Computes the orbit's pose; called by the viewport for each picture.
    orbit: RefCell<Option<PoseSource>>,
    own_view: Cell<bool>,
    /// Whether the session was empty, and the person has made nothing in it since.
    fresh: Cell<bool>,
    pub(super) tool: Cell<Tool>,
    pub(super) space: Cell<Space>,
    /// The tool that the viewport has: the chosen one while that can be used.
    pub(super) in_force: Cell<Tool>,
    pub(super) dragging: RefCell<Dragging>,
    /// Whether the viewport is being told what to draw. What it tells meanwhile waits.
    pub(super) drawing: Cell<bool>,
    pub(super) deferred: RefCell<Vec<(Phase, Vec<f64>)>>,
    /// Whether the next drag selects by a rectangle.
    pub(super) armed: Cell<bool>,
    /// The speed of a flight; 0 for none.
    pub(super) flying: Cell<f64>,
    pub(super) told: Told,
    _hooks: Hooks,
    following: RefCell<Option<Following>>,
}

impl Scene {
    /// Draws `client`'s session inside `container` for as long as it is kept.
    ///
    /// # Errors
    /// Why there is no 3D view, in words for the user.
    pub fn new(
        container: &HtmlElement,
        client: &Rc<SessionClient>,
        dark: bool,
        told: Told,
    ) -> Result<Rc<Self>, String> {
        // The viewport calls back only after this function: at the earliest in the next frame.
        let slot: Rc<RefCell<Weak<Self>>> = Rc::default();
        let hooks = Hooks::new(callbacks(&slot));
        let viewport =
            Viewport::new(container, hooks.object(), &value(&Looks { dark })).map_err(|error| {
                let message = error.dyn_ref::<js_sys::Error>().map(|e| String::from(e.message()));
                message.unwrap_or_else(|| "the 3D view cannot be started".to_owned())
            })?;
        let scene = Rc::new(Self {
            viewport,
            client: Rc::clone(client),
            batcher: RefCell::default(),
            company: RefCell::default(),
            grid: Cell::default(),
            shared: RefCell::default(),
            orbit: RefCell::default(),
            own_view: Cell::default(),
            fresh: Cell::default(),
            tool: Cell::default(),
            space: Cell::default(),
            in_force: Cell::default(),
            dragging: RefCell::default(),
            drawing: Cell::default(),
            deferred: RefCell::default(),
            armed: Cell::default(),
            flying: Cell::default(),
            told,
            _hooks: hooks,
            following: RefCell::default(),
        });
        slot.replace(Rc::downgrade(&scene));
        scene.draw(&Dirty::everything());
        let weak = Rc::downgrade(&scene);
        scene.following.replace(Some(client.follow(move |dirty| {
            if let Some(scene) = weak.upgrade() {
                scene.draw(dirty);
            }
        })));
        Ok(scene)
    }

    /// Draws what has changed, then hears what the viewport had to tell meanwhile.
    fn draw(self: &Rc<Self>, dirty: &Dirty) {
        self.settle();
        self.drawing.set(true);
        // First: what the page shows from now on may end a drag of what it showed so far.
        self.refit();
        self.show(dirty);
        self.drawing.set(false);
        for (phase, told) in self.deferred.take() {
            self.transformed(phase, told);
        }
    }

    fn show(&self, dirty: &Dirty) {
        let objects = dirty.all_objects || !dirty.objects.is_empty();
        let shown = self.client.view(|view, _| {
            if objects {
                self.objects(dirty, Some(view));
            }
            if dirty.world {
                self.world(view.world());
            }
        });
        if shown.is_none() && objects {
            self.objects(dirty, None);
        }
        if dirty.selection || objects {
            self.selection();
        }
        self.approach();
        if dirty.peers || objects {
            self.company();
        }
        if dirty.peers {
            self.keep_following();
        }
    }

    fn objects(&self, dirty: &Dirty, view: Option<&View<'_>>) {
        let mut batcher = self.batcher.borrow_mut();
        let batch = batcher.batch(dirty, view);
        if !batch.records.is_empty() {
            let records = Float32Array::from(batch.records.as_slice());
            if let Err(error) = self.viewport.apply(&records) {
                // The layout is checked there; a fault in it is a fault of this page.
                web_sys::console::error_2(&"the viewport refused a batch".into(), &error);
            }
        }
        for caption in &batch.captions {
            match caption {
                Caption::Text(slot, text) => self.viewport.set_text(*slot, text.as_str()),
                Caption::Model(slot, url) => {
                    self.viewport.set_model(*slot, &resolved(url, self.client.id()));
                }
            }
        }
    }

    fn selection(&self) {
        let batcher = self.batcher.borrow();
        let slots = |names: &[ObjectName]| -> Vec<u32> {
            names.iter().filter_map(|name| batcher.slots().get(name)).collect()
        };
        self.viewport.select(&slots(&self.client.selection()), &slots(&self.movable()));
        self.viewport.set_locked(&slots(&self.client.locked()));
    }

    fn world(&self, world: &World) {
        let grid = Grid { size: world.size.get(), transparency: world.transparency.get() };
        if self.grid.replace(Some(grid)) != Some(grid)
            && let Err(error) = self.viewport.set_world(&value(&grid))
        {
            web_sys::console::error_2(&"the viewport refused a world".into(), &error);
        }
        let shared = Shared::of(world);
        if self.shared.borrow().as_ref() != Some(&shared) {
            let is_first = self.shared.replace(Some(shared)).is_none();
            self.fresh.set(is_first && self.batcher.borrow().slots().names().next().is_none());
            // Who goes along with somebody does so until they wish to look elsewhere.
            if self.client.follows().is_none() {
                self.show_shared_from(!is_first);
            }
        }
    }

    /// Goes near to the first object that the person has made, if they have not looked elsewhere.
    fn approach(&self) {
        if self.fresh.get()
            && self.client.is_selection_made()
            && self.batcher.borrow().slots().names().next().is_some()
        {
            self.fresh.set(false);
            let untouched = self.shared.borrow().as_ref().is_some_and(|shared| shared.untouched);
            if untouched && !self.own_view.get() && self.client.follows().is_none() {
                self.show_shared();
            }
        }
    }

    /// Shows what the shared camera sees, and follows it. One that nobody has set sees everything.
    pub fn show_shared(&self) {
        self.show_shared_from(true);
    }

    /// The same; `animate`: in a flight where nobody has set it.
    fn show_shared_from(&self, animate: bool) {
        let Some(Shared { pose, fov, orbit, untouched }) = self.shared.borrow().clone() else { return };
        self.forget_leader();
        let ([px, py, pz], [tx, ty, tz]) = (pose.position, pose.target);
        // Either also ends what was followed so far.
        if untouched {
            self.viewport.set_overview(px, py, pz, tx, ty, tz, fov, animate);
        } else {
            self.viewport.set_camera(px, py, pz, tx, ty, tz, fov);
        }
        self.orbit.replace(orbit.map(|_| {
            let client = Rc::downgrade(&self.client);
            PoseSource::new(move |now| orbit_pose(&client, now))
        }));
        if let Some(orbit) = self.orbit.borrow().as_ref() {
            self.viewport.follow(Some(orbit.as_ref().unchecked_ref::<Function>()));
        }
        self.set_own_view(false);
        self.present_camera(self.pose());
    }

    /// Shows the others where the person looks from.
    fn present_camera(&self, pose: Pose) {
        let shared = self.shared.borrow();
        let fov = shared.as_ref().map_or(DEFAULT_FOV, |shared| shared.fov);
        let circles = !self.own_view.get() && shared.as_ref().is_some_and(|shared| shared.orbit.is_some());
        drop(shared);
        self.client.present(|shown| shown.camera = (!circles).then_some((pose, fov)));
    }

    pub(super) fn set_own_view(&self, own: bool) {
        if self.own_view.replace(own) != own {
            (self.told.own_view)(own);
        }
    }

    /// Where the user looks from now.
    #[must_use]
    pub fn pose(&self) -> Pose {
        let pose = self.viewport.pose();
        let [px, py, pz, tx, ty, tz] = pose[..] else { return Pose::default() };
        Pose { position: [px, py, pz], target: [tx, ty, tz] }
    }

    /// Where the user looks from now, if that is not the shared view.
    #[must_use]
    pub fn own_pose(&self) -> Option<Pose> {
        self.own_view.get().then(|| self.pose())
    }

    /// Looks from somewhere; it is the user's own view from then on.
    pub fn look(&self, pose: Pose) {
        let fov = self.shared.borrow().as_ref().map_or(DEFAULT_FOV, |shared| shared.fov);
        let ([px, py, pz], [tx, ty, tz]) = (pose.position, pose.target);
        self.forget_leader();
        self.viewport.set_camera(px, py, pz, tx, ty, tz, fov);
        self.set_own_view(true);
        // Not only on the way: it may stand there already.
        self.present_camera(self.pose());
    }

    /// Flies to the selected object, or to everything.
    pub fn frame(&self) {
        self.viewport.frame();
    }

    /// Flies to everything.
    pub fn frame_all(&self) {
        self.viewport.frame_all();
    }

    /// Makes it dark or light.
    pub fn set_dark(&self, dark: bool) {
        self.viewport.set_theme(&value(&Looks { dark }));
    }

    fn clicked(&self, slot: i32, additive: bool) {
        let name =
            u32::try_from(slot).ok().and_then(|slot| self.batcher.borrow().slots().name(slot).cloned());
        match name {
            Some(name) if additive => self.client.choose(&name, Mode::Toggle),
            // A click beside everything is no reason to lose what was gathered.
            None if additive => {}
            name => self.client.select(name),
        }
    }

    fn model_failed(&self, slot: u32, why: &str) {
        if let Some(name) = self.batcher.borrow().slots().name(slot) {
            let object = self.client.object(name.as_str());
            let is_asset =
                object.as_ref().and_then(|o| model_url(o)).is_some_and(|url| asset_of(url).is_some());
            // The address that the browser has asked tells nobody anything.
            let why =
                if is_asset && why.ends_with(NOT_FOUND) { "this session has no such file" } else { why };
            (self.told.say)(format!("The model of {name} cannot be shown: {why}"));
        }
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        self.following.replace(None);
        self.client.present(|shown| (shown.camera, shown.pointer, shown.follows) = (None, None, None));
        self.viewport.dispose();
    }
}

/// Where the shared orbit has the camera at `now`, as the viewport takes it.
fn orbit_pose(client: &Weak<SessionClient>, now: f64) -> JsValue {
    let world = client.upgrade().and_then(|client| client.world());
    let Some((world, orbit)) = world.and_then(|world| world.orbit.map(|orbit| (world, orbit))) else {
        return JsValue::NULL;
    };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number after 1970")]
    let position = orbit.position(world.camera_target, now.max(0.0) as u64);
    let target = world.camera_target;
    let target = [target.x, target.y, target.z].map(|v| v.get());
    position.into_iter().chain(target).map(JsValue::from_f64).collect::<Array>().into()
}

fn callbacks(scene: &Rc<RefCell<Weak<Scene>>>) -> Callbacks {
    let with = |scene: &Rc<RefCell<Weak<Scene>>>| {
        let scene = Rc::clone(scene);
        move || scene.borrow().upgrade()
    };
    let (select, camera, point, peer) = (with(scene), with(scene), with(scene), with(scene));
    let (model_error, lost) = (with(scene), with(scene));
    let (transform, boxed, armed, fly) = (with(scene), with(scene), with(scene), with(scene));
    Callbacks {
        select: Box::new(move |slot, additive| {
            if let Some(scene) = select() {
                scene.clicked(slot, additive);
            }
        }),
        camera: Box::new(move |pose, by_user| {
            if let Some(scene) = camera() {
                if by_user {
                    scene.forget_leader();
                    scene.set_own_view(true);
                }
                scene.present_camera(pose);
            }
        }),
        point: Box::new(move |at| {
            if let Some(scene) = point() {
                scene.client.present(|shown| shown.pointer = at);
            }
        }),
        peer: Box::new(move |id| {
            let id = ClientId::new(&id).ok();
            if let Some((scene, id)) = peer().zip(id)
                && let Err(why) = scene.follow_peer(&id)
            {
                (scene.told.say)(format!("Not followed: {why}."));
            }
        }),
        model_error: Box::new(move |slot, why| {
            if let Some(scene) = model_error() {
                scene.model_failed(slot, &why);
            }
        }),
        lost: Box::new(move |is_lost| {
            if let Some(scene) = lost() {
                (scene.told.lost)(is_lost);
            }
        }),
        transform: Box::new(move |phase, told| {
            if let Some(scene) = transform() {
                scene.transformed(Phase::of(&phase), told.to_vec());
            }
        }),
        boxed: Box::new(move |slots, additive| {
            if let Some(scene) = boxed() {
                scene.boxed(&slots.to_vec(), additive);
            }
        }),
        armed: Box::new(move |is_armed| {
            if let Some(scene) = armed() {
                scene.set_armed(is_armed);
            }
        }),
        fly: Box::new(move |speed| {
            if let Some(scene) = fly() {
                scene.set_flying(speed);
            }
        }),
    }
}
