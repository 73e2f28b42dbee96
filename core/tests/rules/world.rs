use serde_json::{Value, json};
use vws_core::model::Orbit;

use super::given::{Given, NOW, check};

fn defaults() -> Value {
    json!({
        "size": 25, "transparency": 0.2, "camera_x": 15.0, "camera_y": 15.0, "camera_z": 15.0,
        "camera_target": {"x": 0.0, "y": 0.0, "z": 0.0}, "camera_fov": 60.0, "version": 0,
    })
}

fn initialize(world: Value) -> Value {
    json!({"type": "initialize_world", "world": world})
}

fn update(patch: Value) -> Value {
    json!({"type": "update_world", "patch": patch})
}

fn camera(camera: Value) -> Value {
    json!({"type": "move_camera", "camera": camera})
}

fn orbit(orbit: Value) -> Value {
    json!({"type": "start_orbit", "orbit": orbit})
}

#[test]
fn world1_a_session_has_a_world_from_the_start() {
    assert_eq!(json!(Given::nothing().world()), defaults());
}

#[test]
fn world2_initialising_sets_the_world_anew_and_an_empty_one_gives_the_defaults() {
    let moved = [
        update(json!({"size": 7, "transparency": 1, "camera_target": {"y": 3}, "camera_fov": 90})),
        orbit(json!({})),
    ];
    let mut given = Given::after(&moved);
    given.run(&initialize(json!({}))).expect("is taken");
    let mut expected = defaults();
    expected["version"] = json!(3);
    assert_eq!(json!(given.world()), expected);
    given
        .run(&initialize(json!({"size": 1000, "camera_x": -100, "camera_target": {"z": 1}})))
        .expect("is taken");
    expected = defaults();
    expected["size"] = json!(1000);
    expected["camera_x"] = json!(-100.0);
    expected["camera_target"]["z"] = json!(1.0);
    expected["version"] = json!(4);
    assert_eq!(json!(given.world()), expected);
    // null is as if left out.
    assert!(given.decide(&initialize(json!({"size": null, "camera_target": null}))).is_ok());
}

#[test]
fn world3_size_is_a_whole_number_from_1_to_1000() {
    for good in [json!(1), json!(1000), json!(25.0)] {
        assert!(Given::nothing().decide(&update(json!({"size": good}))).is_ok(), "{good}");
    }
    for bad in [json!(0), json!(1001), json!(-1), json!(0.5), json!(999.5), json!(1e10)] {
        check(&[], &update(json!({"size": bad})), Err(&[("/patch/size", "world_size_out_of_range")]));
        check(&[], &initialize(json!({"size": bad})), Err(&[("/world/size", "world_size_out_of_range")]));
    }
    let mut given = Given::nothing();
    given.run(&update(json!({"size": 30.0}))).expect("is taken");
    assert!(serde_json::to_string(given.world()).expect("encodes").contains("\"size\":30,"), "written whole");
}

#[test]
fn world7_an_orbit_has_defaults_and_the_time_of_its_begin() {
    let started = |given: &Given| json!(given.world().orbit);
    let mut given = Given::nothing();
    given.run(&json!({"type": "start_orbit"})).expect("is taken");
    let expected = json!({"radius": 25.0, "speed": 12.0, "elevation": 30.0, "started_at": NOW});
    assert_eq!(started(&given), expected);
    given.run(&orbit(json!({"radius": 200, "speed": -360, "elevation": -89}))).expect("is taken");
    assert_eq!(
        started(&given),
        json!({"radius": 200.0, "speed": -360.0, "elevation": -89.0, "started_at": NOW + 1})
    );
}

#[test]
fn world8_moving_the_camera_ends_an_orbit_and_stopping_leaves_the_pose() {
    let mut given = Given::after(&[camera(json!({"x": 1})), orbit(json!({}))]);
    // The pose that is there already.
    given.run(&camera(json!({"x": 1}))).expect("is taken");
    assert_eq!(given.world().orbit, None);
    assert_eq!(given.decide(&camera(json!({"x": 1}))), Ok(Vec::new()), "and now it changes nothing");
    let mut given = Given::after(&[camera(json!({"x": 1, "target": {"y": 2}, "fov": 50})), orbit(json!({}))]);
    let before = json!(given.world());
    given.run(&json!({"type": "stop_orbit"})).expect("is taken");
    let after = json!(given.world());
    for field in ["camera_x", "camera_y", "camera_z", "camera_target", "camera_fov", "size"] {
        assert_eq!(after[field], before[field], "{field}");
    }
    assert_eq!(after.get("orbit"), None);
    check(&[], &json!({"type": "stop_orbit"}), Ok(json!([])));
    // The world's other settings leave the orbit.
    let mut given = Given::after(&[orbit(json!({}))]);
    given.run(&update(json!({"size": 9}))).expect("is taken");
    assert!(given.world().orbit.is_some());
}

#[test]
fn world8_the_camera_is_patched_by_component() {
    check(
        &[camera(json!({"x": 1, "y": 2, "z": 3, "target": {"x": 4}, "fov": 70}))],
        &camera(json!({"x": 1, "y": 5, "target": {"x": 4, "z": 6}})),
        Ok(json!([{"type": "camera_moved", "camera": {"y": 5.0, "target": {"z": 6.0}}}])),
    );
    check(
        &[camera(json!({"x": 1, "fov": 70}))],
        &camera(json!({"x": 1, "fov": 71})),
        Ok(json!([{"type": "camera_moved", "camera": {"fov": 71.0}}])),
    );
    check(&[camera(json!({"fov": 70}))], &camera(json!({"fov": 70})), Ok(json!([])));
}

#[test]
fn world9_the_pose_of_an_orbit_follows_from_the_time() {
    let given = Given::after(&[orbit(json!({"radius": 10, "speed": 90, "elevation": 0}))]);
    let world = given.world();
    let orbit: Orbit = world.orbit.expect("is there");
    let stands = |found: [f64; 3], expected: [f64; 3], at: u64| {
        let distance = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(distance < 1e-9, "at {at}: {found:?}");
    };
    let near = |at, expected| stands(orbit.position(world.camera_target, NOW + at), expected, at);
    near(0, [0.0, 0.0, 10.0]);
    near(1_000, [10.0, 0.0, 0.0]);
    near(2_000, [0.0, 0.0, -10.0]);
    near(4_000, [0.0, 0.0, 10.0]);
    // It goes around its target, and stands as high above it as its elevation says.
    let target = json!({"x": 1, "y": 2, "z": 3});
    let raised = json!({"radius": 10, "speed": 90, "elevation": 30});
    let start = json!({"type": "start_orbit", "orbit": raised});
    let given_raised = Given::after(&[camera(json!({"target": target})), start]);
    let (raised, target) =
        (given_raised.world().orbit.expect("is there"), given_raised.world().camera_target);
    let flat = 75.0_f64.sqrt();
    for (at, expected) in [(0, [1.0, 7.0, 3.0 + flat]), (1_000, [1.0 + flat, 7.0, 3.0])] {
        stands(raised.position(target, raised.started_at + at), expected, at);
    }
    // A clock that is behind sees the begin, and one that is years ahead sees a pose.
    assert_eq!(orbit.position(world.camera_target, 0), orbit.position(world.camera_target, NOW));
    assert!(orbit.position(world.camera_target, u64::MAX).iter().all(|v| v.abs() <= 10.0));
}
