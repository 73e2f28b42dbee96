use serde_json::{Value, json};

use super::given::{Given, NOW, check, cube, patch, plain};

#[test]
fn obj1_what_is_left_out_gets_its_default() {
    let given = Given::after(&[json!({
        "type": "create_object",
        "object": {"name": "a", "type": "cube", "x": 1, "y": 2.5, "z": -3},
    })]);
    let expected = json!({
        "name": "a", "type": "cube", "x": 1.0, "y": 2.5, "z": -3.0,
        "rotation": {"x": 0.0, "y": 0.0, "z": 0.0}, "scale": {"x": 1.0, "y": 1.0, "z": 1.0},
        "color": "#5b8def", "opacity": 1.0, "visible": true, "text": "", "properties": {},
        "version": 1, "created_at": NOW, "updated_at": NOW,
    });
    assert_eq!(json!(given.object("a")), expected);
}

#[test]
fn obj1_all_that_its_creator_says_is_kept() {
    let fields = json!({
        "type": "light", "x": 1.5, "y": -12.0, "z": 12.0,
        "rotation": {"x": 45.0, "y": -90.0, "z": 0.5}, "scale": {"x": 0.5, "y": 2.0, "z": 1000.0},
        "color": "#00ff7f", "opacity": 0.25, "visible": false, "text": "a\nb",
        "properties": {"mass": 2, "name": "x", "on": false},
    });
    let given = Given::after(&[cube("a", fields.clone())]);
    let found = json!(given.object("a"));
    for (field, value) in fields.as_object().expect("is an object") {
        assert_eq!(found[field], *value, "{field}");
    }
}

#[test]
fn obj1_name_type_and_position_must_be_there() {
    for field in ["name", "type", "x", "y", "z"] {
        let mut command = plain("a");
        command["object"].as_object_mut().expect("is an object").remove(field);
        let pointer = format!("/object/{field}");
        check(&[], &command, Err(&[(&pointer, "missing_field")]));
        command["object"][field] = Value::Null;
        check(&[], &command, Err(&[(&pointer, "type_mismatch")]));
    }
}

#[test]
fn obj2_a_type_is_a_known_one_or_a_custom_one() {
    let known = ["cube", "sphere", "cylinder", "cone", "plane", "torus", "light", "text", "model"];
    let names: Vec<_> = vws_core::ObjectType::KNOWN.iter().map(ToString::to_string).collect();
    assert_eq!(names, known);
    for kind in known.into_iter().chain(["Cube", "my robot", "世界", &"x".repeat(32)]) {
        let given = Given::after(&[cube("a", json!({"type": kind}))]);
        assert_eq!(json!(given.object("a").kind), json!(kind));
    }
    for bad in ["", " cube", "cube ", "a\tb", "a\u{202e}b", &"世".repeat(33)] {
        let faults: &[_] = &[("/object/type", "object_type_invalid")];
        check(&[], &cube("a", json!({"type": bad})), Err(faults));
        check(
            &[plain("a")],
            &patch("a", json!({"type": bad})),
            Err(&[("/patch/type", "object_type_invalid")]),
        );
    }
}

#[test]
fn obj4_one_number_stands_for_all_axes() {
    let scale = |scale: Value| json!(Given::after(&[cube("a", json!({"scale": scale}))]).object("a").scale);
    assert_eq!(scale(json!(2)), json!({"x": 2.0, "y": 2.0, "z": 2.0}));
    assert_eq!(scale(json!({"y": 3})), json!({"x": 1.0, "y": 3.0, "z": 1.0}));
    assert_eq!(scale(json!({})), json!({"x": 1.0, "y": 1.0, "z": 1.0}));
    for bad in [json!("2"), json!([1, 1, 1]), json!(true)] {
        check(&[], &cube("a", json!({"scale": bad})), Err(&[("/object/scale", "type_mismatch")]));
    }
    check(&[], &cube("a", json!({"scale": {"w": 1}})), Err(&[("/object/scale/w", "unknown_field")]));
}

#[test]
fn obj5_colours_are_six_hexadecimal_digits_kept_in_lower_case() {
    let given = Given::after(&[cube("a", json!({"color": "#AbCdEf"}))]);
    assert_eq!(given.object("a").color.to_string(), "#abcdef");
    assert_eq!(given.object("a").color.rgb(), [0xab, 0xcd, 0xef]);
    check(&[cube("a", json!({"color": "#abcdef"}))], &patch("a", json!({"color": "#ABCDEF"})), Ok(json!([])));
    for bad in [
        "",
        "#",
        "#abc",
        "abcdef",
        "#abcdeg",
        "#abcdef0",
        "#abcde\u{e9}",
        "#+12345",
        "# 12345",
        "red",
        "#ab cde",
    ] {
        check(&[], &cube("a", json!({"color": bad})), Err(&[("/object/color", "color_invalid")]));
    }
}

#[test]
fn obj7_version_and_times_tell_of_the_last_change() {
    let mut given = Given::after(&[plain("a"), plain("b")]);
    let stamps = |given: &Given, name: &str| {
        let object = given.object(name);
        (object.version, object.created_at - NOW, object.updated_at - NOW)
    };
    assert_eq!(stamps(&given, "a"), (1, 0, 0));
    assert_eq!(stamps(&given, "b"), (2, 1, 1));
    given.run(&patch("a", json!({"x": 1}))).expect("is taken");
    assert_eq!(stamps(&given, "a"), (3, 0, 2));
    given.run(&json!({"type": "rename_object", "name": "a", "new_name": "c"})).expect("is taken");
    assert_eq!(stamps(&given, "c"), (4, 0, 3));
    assert_eq!(stamps(&given, "b"), (2, 1, 1), "what is not named is not touched");
    given.run(&json!({"type": "delete_object", "name": "c"})).expect("is taken");
    given.run(&plain("c")).expect("is taken");
    assert_eq!(stamps(&given, "c"), (6, 5, 5), "a new object of an old name is new");
}
