use serde_json::{Value, json};
use vws_core::reduce::State;

use super::given::{Given, batch, canonical, check, cube, patch, plain};

fn delete(name: &str) -> Value {
    json!({"type": "delete_object", "name": name})
}

#[test]
fn batch1_all_take_effect_in_order_or_none() {
    check(
        &[plain("a")],
        &batch(&[patch("a", json!({"x": 1})), patch("a", json!({"x": 2})), delete("a")]),
        Ok(json!([
            {"type": "object_updated", "name": "a", "patch": {"x": 1.0}},
            {"type": "object_updated", "name": "a", "patch": {"x": 2.0}},
            {"type": "object_deleted", "name": "a"},
        ])),
    );
    check(
        &[plain("a")],
        &batch(&[patch("a", json!({"x": 1})), plain("b"), patch("a", json!({"x": 13}))]),
        Err(&[("/commands/2/patch/x", "coordinate_out_of_bounds")]),
    );
}

#[test]
fn batch2_each_command_is_judged_against_what_those_before_it_leave() {
    let rename =
        |name: &str, new_name: &str| json!({"type": "rename_object", "name": name, "new_name": new_name});
    let mut given = Given::after(&[plain("a"), plain("b")]);
    // Two objects swap their names; a third is made, changed and moved under a freed name.
    given
        .run(&batch(&[
            rename("a", "tmp"),
            rename("b", "a"),
            rename("tmp", "b"),
            plain("c"),
            patch("c", json!({"x": 1})),
            delete("a"),
            rename("c", "a"),
        ]))
        .expect("is taken");
    assert_eq!(given.object("a").x.get(), 1.0);
    assert_eq!(given.object("b").version, 5);
    assert_eq!(given.session.object_count(), 2);
    check(&[], &batch(&[plain("a"), plain("a")]), Err(&[("/commands/1/object/name", "object_exists")]));
    check(
        &[plain("a")],
        &batch(&[json!({"type": "clear_objects"}), patch("a", json!({}))]),
        Err(&[("/commands/1/name", "object_not_found")]),
    );
    check(
        &[],
        &batch(&[
            json!({"type": "start_orbit"}),
            json!({"type": "stop_orbit"}),
            json!({"type": "stop_orbit"}),
        ]),
        Ok(json!([
            {"type": "camera_orbit_started",
             "orbit": {"radius": 25.0, "speed": 12.0, "elevation": 30.0, "started_at": Given::nothing().now}},
            {"type": "camera_orbit_stopped"},
        ])),
    );
}

#[test]
fn batch2_a_batch_and_its_commands_one_by_one_leave_the_same_objects() {
    let commands = [
        plain("a"),
        cube("b", json!({"x": 3})),
        patch("a", json!({"rotation": {"y": 9}})),
        json!({"type": "rename_session", "name": "s"}),
        json!({"type": "update_world", "patch": {"size": 5}}),
    ];
    let mut together = Given::nothing();
    together.run(&batch(&commands)).expect("is taken");
    let mut alone = Given::nothing();
    for command in &commands {
        alone.run(command).expect("is taken");
        alone.now -= 1;
    }
    assert_eq!(canonical(&together.session), canonical(&alone.session));
}

#[test]
fn batch3_a_batch_has_at_most_its_bound_of_commands() {
    let of = |count: usize| batch(&vec![json!({"type": "stop_orbit"}); count]);
    assert_eq!(vws_core::limits::ModelLimits::default().commands_per_batch, 1_000);
    check(&[], &of(1_000), Ok(json!([])));
    check(&[], &of(1_001), Err(&[("/commands", "too_many_commands")]));
    let mut given = Given::nothing();
    given.limits.commands_per_batch = 2;
    assert!(given.decide(&of(2)).is_ok());
    let told = given.decide(&of(3)).expect_err("is refused").to_string();
    assert_eq!(told, "the batch has 3 commands, more than 2");
}

#[test]
fn batch4_a_batch_holds_no_batch() {
    check(&[], &batch(&[plain("a"), batch(&[])]), Err(&[("/commands/1", "nested_batch")]));
}

#[test]
fn batch5_the_first_refused_command_names_the_refusal() {
    let bad = cube("b", json!({"x": 13, "y": 13}));
    check(
        &[],
        &batch(&[plain("a"), bad, plain("/")]),
        Err(&[
            ("/commands/1/object/x", "coordinate_out_of_bounds"),
            ("/commands/1/object/y", "coordinate_out_of_bounds"),
        ]),
    );
    // Faults of form come before any judgement.
    check(
        &[],
        &batch(&[plain("/"), json!({"type": "delete_object"})]),
        Err(&[("/commands/1/name", "missing_field")]),
    );
}

#[test]
fn law3_the_events_of_a_batch_have_consecutive_seqs() {
    let mut given = Given::after(&[plain("z")]);
    let records =
        given.run(&batch(&[plain("a"), patch("z", json!({})), plain("b"), plain("c")])).expect("is taken");
    let places: Vec<_> = records.iter().map(|record| (record.seq, record.more)).collect();
    assert_eq!(places, [(2, 2), (3, 1), (4, 0)], "what changes nothing takes no seq");
    let versions: Vec<_> = given.session.objects().map(|object| object.version).collect();
    assert_eq!(versions, [2, 3, 4, 1]);
}
