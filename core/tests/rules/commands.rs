use serde_json::{Value, json};
use vws_core::Command;
use vws_core::reduce::State;
use vws_core::wire::parse_json;

use super::given::{Given, canonical, check, cube, faults, patch, plain};

fn rename(name: &str, new_name: &str) -> Value {
    json!({"type": "rename_object", "name": name, "new_name": new_name})
}

fn delete(name: &str) -> Value {
    json!({"type": "delete_object", "name": name})
}

#[test]
fn cmd1_a_command_with_one_wrong_field_changes_nothing_and_tells_every_fault() {
    let given = [cube("a", json!({"x": 1, "y": 2}))];
    check(&given, &patch("a", json!({"x": 5, "y": 99})), Err(&[("/patch/y", "coordinate_out_of_bounds")]));
    check(
        &given,
        &patch(
            "a",
            json!({
                "type": "", "x": 13, "y": 5, "z": null, "rotation": {"x": 1, "y": 1e9}, "scale": {"x": 0, "z": -1},
                "color": "red", "opacity": 2, "text": "\u{0}", "properties": {"": 1, "ok": 1},
            }),
        ),
        Err(&[
            ("/patch/type", "object_type_invalid"),
            ("/patch/x", "coordinate_out_of_bounds"),
            ("/patch/z", "field_required"),
            ("/patch/rotation/y", "rotation_out_of_range"),
            ("/patch/scale/x", "scale_out_of_range"),
            ("/patch/scale/z", "scale_out_of_range"),
            ("/patch/color", "color_invalid"),
            ("/patch/opacity", "fraction_out_of_range"),
            ("/patch/text", "text_invalid"),
            ("/patch/properties/", "property_invalid"),
        ]),
    );
    check(
        &[],
        &json!({"type": "initialize_world", "world": {"size": 0, "transparency": 9, "camera_x": 1, "camera_fov": 1}}),
        Err(&[
            ("/world/size", "world_size_out_of_range"),
            ("/world/transparency", "fraction_out_of_range"),
            ("/world/camera_fov", "fov_out_of_range"),
        ]),
    );
}

#[test]
fn cmd2_a_patch_changes_the_fields_that_it_names_and_no_other() {
    let fields = json!({
        "type": "cone", "x": 1, "y": 2, "z": 3, "rotation": {"x": 4}, "scale": 5, "color": "#123456",
        "opacity": 0.5, "visible": false, "text": "t", "properties": {"k": 1},
    });
    let given = Given::after(&[cube("a", fields)]);
    let before = json!(given.object("a"));
    for (field, value) in [
        ("type", json!("cube")),
        ("x", json!(9.0)),
        ("color", json!("#ffffff")),
        ("opacity", json!(1.0)),
        ("visible", json!(true)),
        ("text", json!("")),
        ("properties", json!({"k": 2})),
    ] {
        let mut changed = given.clone();
        changed.run(&patch("a", json!({field: value}))).expect(field);
        let mut expected = before.clone();
        expected[field] = value;
        expected["version"] = json!(2);
        expected["updated_at"] = json!(given.now);
        assert_eq!(json!(changed.object("a")), expected, "{field}");
    }
}

#[test]
fn cmd2_null_gives_a_field_its_default_where_it_has_one() {
    let fields = json!({
        "rotation": {"x": 4}, "scale": 5, "color": "#123456", "opacity": 0.5, "visible": false, "text": "t",
        "properties": {"k": 1},
    });
    let nulls = json!({
        "rotation": null, "scale": null, "color": null, "opacity": null, "visible": null, "text": null,
        "properties": null,
    });
    let mut given = Given::after(&[cube("a", fields)]);
    given.run(&patch("a", nulls)).expect("is taken");
    let mut expected = json!(Given::after(&[plain("a")]).object("a"));
    expected["version"] = json!(2);
    expected["updated_at"] = json!(given.now - 1);
    assert_eq!(json!(given.object("a")), expected);
    for field in ["type", "x", "y", "z"] {
        let pointer = format!("/patch/{field}");
        check(&[plain("a")], &patch("a", json!({field: null})), Err(&[(&pointer, "field_required")]));
    }
    let mut given = Given::after(&[json!({"type": "update_world", "patch": {
        "size": 3, "transparency": 1, "camera_x": 0, "camera_target": {"x": 1}, "camera_fov": 99,
    }})]);
    given
        .run(&json!({"type": "update_world", "patch": {
            "size": null, "transparency": null, "camera_x": null, "camera_target": null, "camera_fov": null,
        }}))
        .expect("is taken");
    let mut expected = json!(Given::nothing().world());
    expected["version"] = json!(2);
    assert_eq!(json!(given.world()), expected);
}

#[test]
fn cmd3_vectors_are_patched_by_component() {
    let given = [cube("a", json!({"rotation": {"x": 1, "y": 2, "z": 3}, "scale": {"x": 4, "y": 5, "z": 6}}))];
    check(
        &given,
        &patch("a", json!({"rotation": {"y": 20}, "scale": {"z": 60}})),
        Ok(json!([{"type": "object_updated", "name": "a",
            "patch": {"rotation": {"y": 20.0}, "scale": {"z": 60.0}}}])),
    );
    check(
        &given,
        &patch("a", json!({"scale": 5})),
        Ok(json!([{"type": "object_updated", "name": "a", "patch": {"scale": {"x": 5.0, "z": 5.0}}}])),
    );
    check(
        &[],
        &json!({"type": "update_world", "patch": {"camera_target": {"x": 0, "y": -7}}}),
        Ok(json!([{"type": "world_updated", "patch": {"camera_target": {"y": -7.0}}}])),
    );
}

#[test]
fn cmd4_what_is_so_already_yields_no_event() {
    let given = [cube("a", json!({"x": 1, "text": "t"}))];
    for command in [
        patch("a", json!({})),
        patch("a", json!({"x": 1, "text": "t", "scale": 1, "rotation": {}, "type": "cube", "visible": true})),
        rename("a", "a"),
        json!({"type": "update_world", "patch": {"size": 25}}),
        json!({"type": "update_world", "patch": {}}),
        json!({"type": "move_camera", "camera": {"x": 15}}),
        json!({"type": "stop_orbit"}),
        json!({"type": "rename_session", "name": null}),
        json!({"type": "batch", "commands": []}),
        json!({"type": "batch", "commands": [patch("a", json!({"x": 1})), {"type": "stop_orbit"}]}),
    ] {
        check(&given, &command, Ok(json!([])));
    }
    check(&[], &json!({"type": "clear_objects"}), Ok(json!([])));
    check(
        &given,
        &patch("a", json!({"x": 1, "y": 2, "text": "t"})),
        Ok(json!([{"type": "object_updated", "name": "a", "patch": {"y": 2.0}}])),
    );
}

#[test]
fn cmd5_a_taken_name_is_never_replaced() {
    let given = [cube("a", json!({"x": 1})), plain("b")];
    check(&given, &cube("a", json!({"x": 2})), Err(&[("/object/name", "object_exists")]));
    check(&given, &rename("b", "a"), Err(&[("/new_name", "object_exists")]));
    let message = Given::after(&given).decide(&plain("a")).expect_err("is refused").to_string();
    assert_eq!(message, "object \"a\" exists already");
    // A name is free again once its object has gone, or has another name.
    let mut given = Given::after(&given);
    given.run(&rename("a", "c")).expect("is taken");
    given.run(&plain("a")).expect("is taken");
    given.run(&delete("b")).expect("is taken");
    given.run(&rename("a", "b")).expect("is taken");
}

#[test]
fn cmd6_what_is_not_there_is_refused() {
    for command in [patch("b", json!({"x": 1})), patch("b", json!({})), delete("b"), rename("b", "c")] {
        check(&[plain("a")], &command, Err(&[("/name", "object_not_found")]));
    }
    for command in [patch("a/b", json!({})), delete(".."), rename("", "c")] {
        check(&[plain("a")], &command, Err(&[("/name", "name_invalid")]));
    }
    check(&[plain("a")], &rename("a", "x\u{0}"), Err(&[("/new_name", "name_invalid")]));
    // The new name is `new_name` in the message, too.
    let told = Given::after(&[plain("a")]).decide(&rename("a", "")).expect_err("is refused").to_string();
    assert_eq!(told, "new_name = \"\" is empty");
}

#[test]
fn cmd7_renaming_changes_the_name_and_nothing_else() {
    let mut given = Given::after(&[cube("a", json!({"x": 5, "properties": {"k": 1}})), plain("b")]);
    let mut expected = json!(given.object("a"));
    given.run(&rename("a", "z")).expect("is taken");
    expected["name"] = json!("z");
    expected["version"] = json!(3);
    expected["updated_at"] = json!(given.now - 1);
    assert_eq!(json!(given.object("z")), expected);
    assert!(given.session.object("a").is_none());
    assert_eq!(given.session.object_count(), 2);
}

#[test]
fn cmd8_clearing_removes_the_objects_and_nothing_else() {
    let name = json!({"type": "rename_session", "name": "s"});
    let size = json!({"type": "update_world", "patch": {"size": 3}});
    let mut given = Given::after(&[plain("a"), plain("b"), name, size]);
    let world = json!(given.world());
    let records = given.run(&json!({"type": "clear_objects"})).expect("is taken");
    assert_eq!(records.len(), 1);
    assert_eq!(given.session.object_count(), 0);
    assert_eq!(json!(given.world()), world);
    assert_eq!(given.session.name().map(ToString::to_string), Some("s".to_owned()));
}

#[test]
fn cmd9_an_expected_version_must_be_the_present_one() {
    let size = json!({"type": "update_world", "patch": {"size": 3}});
    // Seq 1 makes a, 2 changes the world, 3 makes b: the session is at 3.
    let given = Given::after(&[plain("a"), size, plain("b")]);
    for (command, version) in [
        (patch("a", json!({"x": 1})), 1),
        (patch("a", json!({})), 1),
        (rename("a", "c"), 1),
        (delete("b"), 3),
        (json!({"type": "update_world", "patch": {"size": 4}}), 2),
        (json!({"type": "initialize_world", "world": {}}), 2),
        (json!({"type": "move_camera", "camera": {"x": 1}}), 2),
        (json!({"type": "start_orbit"}), 2),
        (json!({"type": "stop_orbit"}), 2),
        (plain("c"), 3),
        (json!({"type": "clear_objects"}), 3),
        (json!({"type": "rename_session", "name": "s"}), 3),
        (json!({"type": "batch", "commands": [delete("a"), delete("b")]}), 3),
    ] {
        assert!(given.decide_expecting(&command, Some(version)).is_ok(), "{command}");
        for other in [0, version - 1, version + 1, u64::MAX] {
            let refused = given.decide_expecting(&command, Some(other)).expect_err("is refused");
            assert_eq!(faults(&refused), [(String::new(), "version_mismatch")], "{command}");
        }
    }
    let refused = given.decide_expecting(&delete("a"), Some(3)).expect_err("is refused");
    assert_eq!(refused.to_string(), "object \"a\" has version 1, not the expected 3");
}

#[test]
fn cmd9_what_is_wrong_is_told_before_what_is_stale() {
    let given = Given::after(&[plain("a")]);
    let refused = given.decide_expecting(&plain("a"), Some(9)).expect_err("is refused");
    assert_eq!(refused.code(), "object_exists");
    let refused = given.decide_expecting(&delete("b"), Some(9)).expect_err("is refused");
    assert_eq!(refused.code(), "object_not_found");
}

#[test]
fn cmd10_a_full_session_takes_no_more_objects_and_all_else() {
    let mut given = Given::nothing();
    given.limits.objects_per_session = 3;
    for name in ["a", "b", "c"] {
        given.run(&plain(name)).expect("is within the bound");
    }
    assert_eq!(given.faults(&plain("d")), [(String::new(), "too_many_objects")]);
    let told = given.decide(&plain("d")).expect_err("is refused").to_string();
    assert_eq!(told, "the session would have 4 objects, more than 3");
    given.run(&patch("a", json!({"x": 1}))).expect("is taken");
    given.run(&rename("a", "z")).expect("is taken");
    given.run(&json!({"type": "batch", "commands": [delete("z"), plain("d")]})).expect("one goes, one comes");
    let two = json!({"type": "batch", "commands": [delete("b"), plain("e"), plain("f")]});
    assert_eq!(given.faults(&two), [("/commands/2".to_owned(), "too_many_objects")]);
    let anew =
        json!({"type": "batch", "commands": [{"type": "clear_objects"}, plain("b"), plain("c"), plain("d")]});
    given.run(&anew).expect("is within the bound");
    assert_eq!(given.session.object_count(), 3);
    assert_eq!(vws_core::limits::ModelLimits::default().objects_per_session, 100_000);
}

#[test]
fn cmd11_a_session_is_renamed_and_unnamed() {
    let rename = |name: Value| json!({"type": "rename_session", "name": name});
    let mut given = Given::after(&[rename(json!("one"))]);
    assert_eq!(given.session.info().name.map(|name| name.to_string()), Some("one".to_owned()));
    given.run(&rename(json!(null))).expect("is taken");
    assert_eq!(given.session.info().name, None);
    assert!(canonical(&given.session).contains("\"name\":null"));
    check(&[], &json!({"type": "rename_session"}), Err(&[("/name", "missing_field")]));
}

#[test]
fn cmd1_a_command_is_called_what_its_client_calls_it() {
    let object = json!({"name": "a", "type": "cube", "x": 0, "y": 0, "z": 0});
    let commands = [
        json!({"type": "create_object", "object": object}),
        patch("a", json!({"x": 1})),
        rename("a", "b"),
        delete("a"),
        json!({"type": "clear_objects"}),
        json!({"type": "initialize_world", "world": {}}),
        json!({"type": "update_world", "patch": {}}),
        json!({"type": "move_camera", "camera": {}}),
        json!({"type": "start_orbit"}),
        json!({"type": "stop_orbit"}),
        json!({"type": "rename_session", "name": "s"}),
        json!({"type": "expect_object", "name": "a", "version": 0}),
        json!({"type": "expect_world", "version": 0}),
        json!({"type": "batch", "commands": []}),
    ];
    let names: Vec<_> = commands.iter().map(|command| command["type"].as_str().expect("a name")).collect();
    assert_eq!(names, Command::TYPES, "each of them");
    for (command, name) in commands.iter().zip(names) {
        let command: Command = parse_json(command.to_string().as_bytes()).expect("is a command");
        assert_eq!(command.type_name(), name);
    }
}
