//! One field of the world or its camera, and the form of an orbit.

use vws_core::Command;
use vws_core::command::{CameraPatch, Change, OrbitDraft, WorldPatch};
use vws_core::limits::ModelLimits;
use vws_core::model::{Partial3, World};
use vws_core::reduce::State;

use super::object::Axis;
use super::{Refusal, Refusals, judge, judge_one, text, together};

/// A field of the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorldField {
    /// Grid positions per axis.
    Size,
    /// Of the grid.
    Transparency,
    /// Where the camera stands. Setting it ends an orbit, as every pose does.
    Camera(Axis),
    /// What the camera looks at.
    Target(Axis),
    /// The camera's field of view.
    Fov,
}

impl WorldField {
    /// The field's name in the page's own ids.
    #[must_use]
    pub fn id(self) -> String {
        match self {
            Self::Size => "size".to_owned(),
            Self::Transparency => "transparency".to_owned(),
            Self::Camera(axis) => format!("camera-{}", axis.as_str()),
            Self::Target(axis) => format!("target-{}", axis.as_str()),
            Self::Fov => "fov".to_owned(),
        }
    }

    /// What the field shows of the world.
    #[must_use]
    pub fn shown(self, world: &World) -> String {
        let target = world.camera_target;
        text::of_number(match self {
            Self::Size => world.size.get(),
            Self::Transparency => world.transparency.get(),
            Self::Camera(Axis::X) => world.camera_x.get(),
            Self::Camera(Axis::Y) => world.camera_y.get(),
            Self::Camera(Axis::Z) => world.camera_z.get(),
            Self::Target(Axis::X) => target.x.get(),
            Self::Target(Axis::Y) => target.y.get(),
            Self::Target(Axis::Z) => target.z.get(),
            Self::Fov => world.camera_fov.get(),
        })
    }

    /// The command that gives the world what the field's text says.
    ///
    /// # Errors
    /// The refusal of the server.
    pub fn command<S: State>(self, state: &S, text: &str, limits: &ModelLimits) -> Result<Command, Refusal> {
        let number = |field: &str| text::number(field, text);
        let world = |patch| Command::UpdateWorld { patch };
        let camera = |camera| Command::MoveCamera { camera };
        let command = match self {
            Self::Size => world(WorldPatch { size: Change::Set(number("size")?), ..WorldPatch::default() }),
            Self::Transparency => {
                let transparency = Change::Set(number("transparency")?);
                world(WorldPatch { transparency, ..WorldPatch::default() })
            }
            Self::Camera(axis) => {
                let Partial3 { x, y, z } = axis.partial(number(axis.as_str())?);
                camera(CameraPatch { x, y, z, ..CameraPatch::default() })
            }
            Self::Target(axis) => {
                let target = Some(axis.partial(number(axis.as_str())?));
                camera(CameraPatch { target, ..CameraPatch::default() })
            }
            Self::Fov => camera(CameraPatch { fov: Some(number("fov")?), ..CameraPatch::default() }),
        };
        judge_one(state, command, limits)
    }
}

/// What the form of an orbit says, right or wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrbitForm {
    /// World units from the target.
    pub radius: String,
    /// Degrees a second.
    pub speed: String,
    /// Degrees above the horizon.
    pub elevation: String,
}

impl Default for OrbitForm {
    fn default() -> Self {
        Self { radius: "25".to_owned(), speed: "12".to_owned(), elevation: "30".to_owned() }
    }
}

impl OrbitForm {
    /// The command that starts the orbit.
    ///
    /// # Errors
    /// Every refusal at its field. Pointers are those of the command: `/orbit/radius`.
    pub fn command<S: State>(&self, state: &S, limits: &ModelLimits) -> Result<Command, Refusals> {
        let mut refusals = Refusals::default();
        let mut number = |field: &str, text: &str| {
            Some(refusals.take(&format!("/orbit/{field}"), text::number(field, text), 1.0))
        };
        let orbit = OrbitDraft {
            radius: number("radius", &self.radius),
            speed: number("speed", &self.speed),
            elevation: number("elevation", &self.elevation),
        };
        let command = Command::StartOrbit { orbit };
        if let Err(rejection) = judge(state, &command, limits) {
            refusals.add_all(&rejection);
        }
        if refusals.is_empty() { Ok(command) } else { Err(refusals) }
    }
}

/// The command that gives the shared camera a pose of the viewport: `position` and `target` as
/// x, y, z. Rounded to hundredths and brought inside the world's bound, since nobody can see or type
/// the difference, and a view from further away is a wish to see it all.
#[must_use]
pub fn share_view(position: [f64; 3], target: [f64; 3]) -> Command {
    let bound = vws_core::limits::CAMERA_BOUND;
    let round = |v: f64| ((v * 100.0).round() / 100.0).clamp(-bound, bound);
    let ([x, y, z], [tx, ty, tz]) = (position.map(round), target.map(round));
    let target = Some(Partial3 { x: Some(tx), y: Some(ty), z: Some(tz) });
    Command::MoveCamera { camera: CameraPatch { x: Some(x), y: Some(y), z: Some(z), target, fov: None } }
}

/// The command that gives the shared camera back the pose that it had in `world`, and its circling.
#[must_use]
pub fn view_back(world: &World) -> Command {
    let [x, y, z] = [world.camera_x, world.camera_y, world.camera_z].map(|v| Some(v.get()));
    let target = world.camera_target;
    let target = Partial3 { x: Some(target.x.get()), y: Some(target.y.get()), z: Some(target.z.get()) };
    let camera = CameraPatch { x, y, z, target: Some(target), fov: None };
    let moved = Command::MoveCamera { camera };
    match &world.orbit {
        None => moved,
        Some(orbit) => together(vec![moved, Command::StartOrbit { orbit: OrbitDraft::from(orbit) }]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vws_core::{Session, SessionId};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn session() -> Session {
        let id: SessionId = "0197a2b4-0000-7000-8000-000000000001".parse().expect("a valid id");
        Session::new(id, None, 0, 0)
    }

    fn typed(field: WorldField, text: &str) -> Result<String, (&'static str, String)> {
        match field.command(&session(), text, &ModelLimits::default()) {
            Ok(command) => Ok(serde_json::to_string(&command).expect("a command has a JSON")),
            Err(refusal) => Err((refusal.code, refusal.words)),
        }
    }

    #[test]
    fn fields_of_the_grid_and_of_the_camera_send_their_own_commands() {
        assert_eq!(
            typed(WorldField::Size, "50"),
            Ok(r#"{"type":"update_world","patch":{"size":50.0}}"#.into())
        );
        let camera = |inside: &str| Ok(format!(r#"{{"type":"move_camera","camera":{{{inside}}}}}"#));
        assert_eq!(typed(WorldField::Camera(Axis::Z), "7"), camera(r#""z":7.0"#));
        assert_eq!(typed(WorldField::Target(Axis::X), "1"), camera(r#""target":{"x":1.0}"#));
        assert_eq!(typed(WorldField::Fov, "75"), camera(r#""fov":75.0"#));
    }

    #[test]
    fn fields_are_refused_in_the_words_of_the_server() {
        let refused = |field, text: &str| typed(field, text).expect_err("refused");
        assert_eq!(
            refused(WorldField::Size, "2.5"),
            ("world_size_out_of_range", "size = 2.5 is not a whole number in [1, 1000]".into())
        );
        assert_eq!(refused(WorldField::Transparency, "2").0, "fraction_out_of_range");
        assert_eq!(refused(WorldField::Camera(Axis::X), "101").0, "camera_out_of_bounds");
        assert_eq!(refused(WorldField::Fov, "5").0, "fov_out_of_range");
        assert_eq!(refused(WorldField::Size, "").0, "missing_field");
    }

    #[test]
    fn an_orbit_is_judged_field_by_field() {
        let form = OrbitForm { radius: "0".into(), speed: "x".into(), ..OrbitForm::default() };
        let refusals = form.command(&session(), &ModelLimits::default()).expect_err("refused");
        assert_eq!(refusals.at("/orbit/radius").map(|r| r.code), Some("orbit_out_of_range"));
        assert_eq!(refusals.at("/orbit/speed").map(|r| r.code), Some("type_mismatch"));
        assert_eq!(refusals.at("/orbit/elevation"), None);
        assert!(OrbitForm::default().command(&session(), &ModelLimits::default()).is_ok());
    }

    #[test]
    fn any_view_of_the_viewport_can_be_shared() {
        let command = share_view([1.234_567, 1e6, -3.0], [0.0, 0.005, -0.001]);
        assert!(judge(&session(), &command, &ModelLimits::default()).is_ok());
        let json = serde_json::to_string(&command).expect("a command has a JSON");
        assert!(json.contains(r#""x":1.23,"y":100.0,"z":-3.0"#), "{json}");
    }

    #[test]
    fn web97_a_view_that_was_shared_can_be_given_back() {
        let mut session = session();
        let limits = ModelLimits::default();
        let mut submit = |command: &Command| {
            let context = vws_core::Context { at: 0, limits: &limits, expect_version: None };
            for event in vws_core::decide(&session, command, &context).expect("a valid command") {
                let seq = session.seq() + 1;
                vws_core::apply(&mut session, &event, seq, 0);
            }
            session.world().clone()
        };
        let orbit = OrbitDraft { radius: Some(5.0), speed: Some(1.0), elevation: Some(30.0) };
        let before = submit(&Command::StartOrbit { orbit });
        let shared = submit(&share_view([1.0, 2.0, 3.0], [4.0, 5.0, 6.0]));
        assert!(shared.orbit.is_none() && shared.camera_x != before.camera_x);
        let back = submit(&view_back(&before));
        assert_eq!(World { version: before.version, ..back }, before);
    }
}
