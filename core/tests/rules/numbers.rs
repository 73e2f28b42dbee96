use serde_json::{Value, json};
use vws_core::command::{Change, ObjectDraft, ObjectPatch, WorldPatch};
use vws_core::model::Coordinate;
use vws_core::{Command, Event, EventRecord, Object};

use super::given::{Given, check, cube, faults, patch, plain};

/// A number of a command: the command with it, and where it is.
struct Field {
    pointer: &'static str,
    code: &'static str,
    command: fn(f64) -> Command,
}

fn draft(name: &str) -> ObjectDraft {
    ObjectDraft { name: name.to_owned(), kind: "cube".to_owned(), ..ObjectDraft::default() }
}

fn create(change: impl FnOnce(&mut ObjectDraft)) -> Command {
    let mut object = draft("new");
    change(&mut object);
    Command::CreateObject { object }
}

fn update(change: impl FnOnce(&mut ObjectPatch)) -> Command {
    let mut patch = ObjectPatch::default();
    change(&mut patch);
    Command::UpdateObject { name: "a".to_owned(), patch }
}

fn world(change: impl FnOnce(&mut WorldPatch)) -> Command {
    let mut patch = WorldPatch::default();
    change(&mut patch);
    Command::UpdateWorld { patch }
}

fn read(command: Value) -> Command {
    serde_json::from_value(command).expect("is a command")
}

/// The bounds of each number that a command can carry, with the least step outside.
#[rustfmt::skip]
fn fields() -> Vec<(Field, f64, f64)> {
    fn partial(axis: usize, v: f64) -> vws_core::model::Partial3<f64> {
        let one = |n: usize| (n == axis).then_some(v);
        vws_core::model::Partial3 { x: one(0), y: one(1), z: one(2) }
    }
    use vws_core::command::ScaleInput::{Axes, Uniform};
    let tiny = f64::from_bits(1);
    let field = |pointer, code, command, min: f64, max: f64| (Field { pointer, code, command }, min, max);
    vec![
        field("/object/x", "coordinate_out_of_bounds", |v| create(|o| o.x = v), -12.0, 12.0),
        field("/object/y", "coordinate_out_of_bounds", |v| create(|o| o.y = v), -12.0, 12.0),
        field("/object/z", "coordinate_out_of_bounds", |v| create(|o| o.z = v), -12.0, 12.0),
        field("/patch/x", "coordinate_out_of_bounds", |v| update(|p| p.x = v.into()), -12.0, 12.0),
        field("/patch/y", "coordinate_out_of_bounds", |v| update(|p| p.y = v.into()), -12.0, 12.0),
        field("/patch/z", "coordinate_out_of_bounds", |v| update(|p| p.z = v.into()), -12.0, 12.0),
        field("/object/rotation/x", "rotation_out_of_range", |v| create(|o| o.rotation = Some(partial(0, v))), -36_000.0, 36_000.0),
        field("/object/rotation/y", "rotation_out_of_range", |v| create(|o| o.rotation = Some(partial(1, v))), -36_000.0, 36_000.0),
        field("/patch/rotation/z", "rotation_out_of_range", |v| update(|p| p.rotation = Change::Set(partial(2, v))), -36_000.0, 36_000.0),
        field("/object/scale", "scale_out_of_range", |v| create(|o| o.scale = Some(Uniform(v))), tiny, 1_000.0),
        field("/object/scale/y", "scale_out_of_range", |v| create(|o| o.scale = Some(Axes(partial(1, v)))), tiny, 1_000.0),
        field("/patch/scale", "scale_out_of_range", |v| update(|p| p.scale = Change::Set(Uniform(v))), tiny, 1_000.0),
        field("/patch/scale/x", "scale_out_of_range", |v| update(|p| p.scale = Change::Set(Axes(partial(0, v)))), tiny, 1_000.0),
        field("/object/opacity", "fraction_out_of_range", |v| create(|o| o.opacity = Some(v)), 0.0, 1.0),
        field("/patch/opacity", "fraction_out_of_range", |v| update(|p| p.opacity = v.into()), 0.0, 1.0),
        field("/patch/transparency", "fraction_out_of_range", |v| world(|p| p.transparency = v.into()), 0.0, 1.0),
        field("/patch/camera_x", "camera_out_of_bounds", |v| world(|p| p.camera_x = v.into()), -100.0, 100.0),
        field("/patch/camera_y", "camera_out_of_bounds", |v| world(|p| p.camera_y = v.into()), -100.0, 100.0),
        field("/patch/camera_z", "camera_out_of_bounds", |v| world(|p| p.camera_z = v.into()), -100.0, 100.0),
        field("/patch/camera_target/x", "camera_out_of_bounds", |v| world(|p| p.camera_target = Change::Set(partial(0, v))), -100.0, 100.0),
        field("/patch/camera_fov", "fov_out_of_range", |v| world(|p| p.camera_fov = v.into()), 10.0, 120.0),
        field("/world/transparency", "fraction_out_of_range", |v| Command::InitializeWorld { world: vws_core::command::WorldDraft { transparency: Some(v), ..Default::default() } }, 0.0, 1.0),
        field("/world/camera_z", "camera_out_of_bounds", |v| Command::InitializeWorld { world: vws_core::command::WorldDraft { camera_z: Some(v), ..Default::default() } }, -100.0, 100.0),
        field("/camera/x", "camera_out_of_bounds", |v| Command::MoveCamera { camera: vws_core::command::CameraPatch { x: Some(v), ..Default::default() } }, -100.0, 100.0),
        field("/camera/target/z", "camera_out_of_bounds", |v| Command::MoveCamera { camera: vws_core::command::CameraPatch { target: Some(partial(2, v)), ..Default::default() } }, -100.0, 100.0),
        field("/camera/fov", "fov_out_of_range", |v| Command::MoveCamera { camera: vws_core::command::CameraPatch { fov: Some(v), ..Default::default() } }, 10.0, 120.0),
        field("/orbit/radius", "orbit_out_of_range", |v| Command::StartOrbit { orbit: vws_core::command::OrbitDraft { radius: Some(v), ..Default::default() } }, tiny, 200.0),
        field("/orbit/speed", "orbit_out_of_range", |v| Command::StartOrbit { orbit: vws_core::command::OrbitDraft { speed: Some(v), ..Default::default() } }, -360.0, 360.0),
        field("/orbit/elevation", "orbit_out_of_range", |v| Command::StartOrbit { orbit: vws_core::command::OrbitDraft { elevation: Some(v), ..Default::default() } }, -89.0, 89.0),
    ]
}

/// The faults of each field of this code at `value`: refused there and nowhere else.
fn refused_everywhere(code: &str, outside: impl Fn(f64, f64) -> Vec<f64>) {
    let given = Given::after(&[plain("a")]);
    let mut fields_seen = 0;
    for (Field { pointer, code: of, command }, min, max) in fields() {
        if of != code {
            continue;
        }
        fields_seen += 1;
        for inside in [min, max] {
            assert!(given.decide_parsed(&command(inside), None).is_ok(), "{pointer} = {inside}");
        }
        for value in outside(min, max) {
            let refused = given.decide_parsed(&command(value), None).expect_err(pointer);
            assert_eq!(faults(&refused), [(pointer.to_owned(), code)], "{value}");
            assert_eq!(refused.errors().count(), 1);
        }
    }
    assert!(fields_seen > 0, "no field has the code {code}");
}

fn just_outside(min: f64, max: f64) -> Vec<f64> {
    vec![min.next_down(), max.next_up(), min - 1.0, max + 1.0, -1e300, f64::MAX]
}

#[test]
fn pos1_coordinates_lie_within_12_units_of_the_centre() {
    refused_everywhere("coordinate_out_of_bounds", just_outside);
}

#[test]
fn obj3_angles_lie_within_100_turns() {
    refused_everywhere("rotation_out_of_range", just_outside);
}

#[test]
fn obj4_scales_lie_above_0_and_up_to_1000() {
    refused_everywhere("scale_out_of_range", |min, max| {
        [just_outside(min, max), vec![0.0, -0.0, -1.0]].concat()
    });
}

#[test]
fn obj6_world4_opacity_and_transparency_lie_in_0_to_1() {
    refused_everywhere("fraction_out_of_range", just_outside);
}

#[test]
fn world5_the_camera_lies_within_100_units_of_the_centre() {
    refused_everywhere("camera_out_of_bounds", just_outside);
}

#[test]
fn world6_the_field_of_view_lies_in_10_to_120_degrees() {
    refused_everywhere("fov_out_of_range", just_outside);
}

#[test]
fn world7_orbits_have_bounds() {
    refused_everywhere("orbit_out_of_range", just_outside);
    let given = Given::nothing();
    let radius = |radius: f64| read(json!({"type": "start_orbit", "orbit": {"radius": radius}}));
    assert!(given.decide_parsed(&radius(0.0), None).is_err(), "a radius of nothing is none");
}

#[test]
fn pos2_no_number_is_nan_or_infinite() {
    let given = Given::after(&[plain("a")]);
    for (Field { pointer, code, command }, ..) in fields() {
        for value in [f64::NAN, -f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let refused = given.decide_parsed(&command(value), None).expect_err(pointer);
            assert_eq!(faults(&refused), [(pointer.to_owned(), code)], "{value}");
        }
    }
}

#[test]
fn pos2_numbers_are_shown_as_they_are() {
    let coordinate = Coordinate::new("x", -1.5).expect("lies in its range");
    assert_eq!(
        (format!("{coordinate}"), format!("{coordinate:.2}")),
        ("-1.5".to_owned(), "-1.50".to_owned())
    );
}

#[test]
fn pos2_numbers_have_an_order() {
    let [low, high] = [-1.5, 2.5].map(|value| Coordinate::new("x", value).expect("lies within"));
    assert!(low < high && low.max(high) == high);
    assert_eq!(high.partial_cmp(&low), Some(std::cmp::Ordering::Greater));
}

#[test]
fn pos3_minus_zero_becomes_zero_in_every_number() {
    let mut given = Given::after(&[cube("a", json!({"x": 1, "y": 1, "z": 1}))]);
    for (Field { pointer, command, .. }, min, _) in fields() {
        if min > 0.0 {
            continue;
        }
        for record in given.decide_parsed(&command(-0.0), None).expect(pointer) {
            let json = serde_json::to_string(&record).expect("encodes");
            assert!(!json.contains("-0"), "{pointer}: {json}");
        }
    }
    given.run(&patch("a", json!({"x": -0.0}))).expect("is taken");
    assert_eq!(given.object("a").x.get().to_bits(), 0);
    // It is the same value, so a change to it is none.
    check(&[plain("a")], &patch("a", json!({"x": -0.0})), Ok(json!([])));
    // Properties are carried as they are, but for this.
    let zero = |n: f64| Given::after(&[cube("a", json!({"properties": {"k": n}}))]);
    assert_eq!(zero(-0.0).session.digest(), zero(0.0).session.digest());
    let json = serde_json::to_string(&zero(-0.0).object("a").properties).expect("encodes");
    assert_eq!(json, r#"{"k":0.0}"#);
}

#[test]
fn pos4_a_refusal_names_field_value_and_range() {
    let given = Given::after(&[plain("a")]);
    let told = |command: &Value| given.decide(command).expect_err("is refused").to_string();
    assert_eq!(told(&patch("a", json!({"x": 13}))), "x = 13 is outside [-12, 12]");
    assert_eq!(told(&patch("a", json!({"z": 12.0000001}))), "z = 12.0000001 is outside [-12, 12]");
    assert_eq!(told(&patch("a", json!({"scale": 0}))), "scale = 0 is outside (0, 1000]");
    assert_eq!(told(&patch("a", json!({"scale": {"y": 1001}}))), "scale.y = 1001 is outside (0, 1000]");
    assert_eq!(
        told(&json!({"type": "update_world", "patch": {"size": 2.5}})),
        "size = 2.5 is not a whole number in [1, 1000]"
    );
    assert_eq!(
        told(&json!({"type": "move_camera", "camera": {"target": {"x": -100.5}}})),
        "target.x = -100.5 is outside [-100, 100]"
    );
    let nan = given.decide_parsed(&update(|p| p.y = f64::NAN.into()), None).expect_err("is refused");
    assert_eq!(nan.to_string(), "y = NaN is outside [-12, 12]");
}

#[test]
fn pos1_no_event_log_or_snapshot_brings_in_a_position_outside() {
    let given = Given::after(&[plain("a")]);
    let mut object = json!(given.object("a"));
    assert!(serde_json::from_value::<Object>(object.clone()).is_ok());
    for bad in [json!(12.000_000_000_000_002), json!(-13), json!(null), json!("1")] {
        object["x"] = bad.clone();
        assert!(serde_json::from_value::<Object>(object.clone()).is_err(), "{bad}");
        let created = json!({"seq": 1, "at": 1, "event": {"type": "object_created", "object": object}});
        assert!(serde_json::from_value::<EventRecord>(created).is_err(), "{bad}");
        let mut snapshot = json!(given.session.snapshot());
        snapshot["objects"][0] = object.clone();
        assert!(serde_json::from_value::<vws_core::Snapshot>(snapshot).is_err(), "{bad}");
        if !bad.is_null() {
            let updated = json!({"type": "object_updated", "name": "a", "patch": {"x": bad}});
            assert!(serde_json::from_value::<Event>(updated).is_err(), "{bad}");
        }
    }
    // In MessagePack a NaN can be written down. It is read by the same rule.
    let mut bytes = rmp_of(&json!({"type": "object_updated", "name": "a", "patch": {"x": 1.5}}));
    let at = bytes.windows(9).position(|w| w == [0xcb, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0]).expect("is there");
    bytes[at + 1..at + 9].copy_from_slice(&f64::NAN.to_be_bytes());
    assert!(rmp_serde::from_slice::<Event>(&bytes).is_err());
}

fn rmp_of(value: &Value) -> Vec<u8> {
    rmp_serde::to_vec_named(value).expect("encodes")
}
