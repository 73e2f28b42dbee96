use serde_json::{Map, Value, json};

use super::given::{ENCODINGS, Given, check, cube, patch};

fn many(count: usize) -> Value {
    (0..count).map(|n| (format!("k{n:02}"), json!(n))).collect::<Map<_, _>>().into()
}

fn with(properties: Value) -> Value {
    cube("a", json!({"properties": properties}))
}

#[test]
fn prop1_an_object_has_at_most_32_properties() {
    let given = Given::after(&[with(many(32))]);
    assert_eq!(given.object("a").properties.len(), 32);
    check(&[], &with(many(33)), Err(&[("/object/properties", "too_many_properties")]));
    let one_more = patch("a", json!({"properties": {"new": 1}}));
    check(&[with(many(32))], &one_more, Err(&[("/patch/properties", "too_many_properties")]));
    // One goes, one comes.
    let swap = patch("a", json!({"properties": {"k00": null, "new": 1}}));
    assert!(Given::after(&[with(many(32))]).decide(&swap).is_ok());
}

#[test]
fn prop2_keys_and_values_have_at_most_4096_bytes() {
    // The key has 1 byte, the quotes 2.
    let of = |bytes: usize| with(json!({"k": "x".repeat(bytes - 3)}));
    assert!(Given::nothing().decide(&of(4096)).is_ok());
    check(&[], &of(4097), Err(&[("/object/properties", "properties_too_large")]));
    // Bytes are counted as JSON writes them: an escaped control character has six.
    assert!(Given::nothing().decide(&with(json!({"k": "\u{1}".repeat(682)}))).is_ok());
    check(
        &[],
        &with(json!({"k": "\u{1}".repeat(683)})),
        Err(&[("/object/properties", "properties_too_large")]),
    );
    let grow = patch("a", json!({"properties": {"l": "yy"}}));
    check(&[of(4092)], &grow, Err(&[("/patch/properties", "properties_too_large")]));
    assert!(Given::after(&[of(4091)]).decide(&grow).is_ok());
}

#[test]
fn prop3_keys_have_1_to_128_bytes_and_no_control() {
    for good in ["a", " ", "世", "a/b", "~", &"k".repeat(128)] {
        assert!(Given::nothing().decide(&with(json!({good: 1}))).is_ok(), "{good:?}");
    }
    for (bad, pointer) in [
        ("", "/object/properties/"),
        ("a\nb", "/object/properties/a\nb"),
        ("/\u{7f}~", "/object/properties/~1\u{7f}~0"),
    ] {
        check(&[], &with(json!({bad: 1})), Err(&[(pointer, "property_invalid")]));
    }
    let long = "k".repeat(129);
    let pointer = format!("/object/properties/{long}");
    check(&[], &with(json!({long: 1})), Err(&[(&pointer, "property_invalid")]));
}

#[test]
fn prop4_values_are_scalars_and_stay_what_they_are() {
    let values = json!({
        "whole": 5, "fraction": 5.0, "minus": -5, "big": u64::MAX, "small": i64::MIN, "tiny": 5e-324,
        "huge": 1.797_693_134_862_315_7e308, "text": "\u{0}\u{202e}\"\\", "empty": "", "yes": true, "no": false,
    });
    let given = Given::after(&[with(values.clone())]);
    assert_eq!(json!(given.object("a").properties), values);
    assert_eq!(
        given.object("a").properties.get("fraction").map(|v| json!(v).to_string()),
        Some("5.0".to_owned())
    );
    for encoding in ENCODINGS {
        let record =
            &given.decide(&patch("a", json!({"properties": {"v": 5.0, "w": 5}}))).expect("is taken")[0];
        let message = vws_core::wire::ServerMessage::Event(record.clone());
        let back = encoding.decode_server(&encoding.encode_server(&message));
        assert_eq!(back, Ok(message), "{encoding:?}");
    }
    for bad in [json!(null), json!([1]), json!({"x": 1})] {
        check(&[], &with(json!({"k": bad})), Err(&[("/object/properties/k", "type_mismatch")]));
    }
    check(
        &[with(json!({"n": 0}))],
        &patch("a", json!({"properties": {"n": 0.0}})),
        Ok(json!([
            {"type": "object_updated", "name": "a", "patch": {"properties": {"n": 0.0}}},
        ])),
    );
}

#[test]
fn prop5_a_patch_sets_removes_and_leaves() {
    let base = with(json!({"a": 1, "b": 2, "c": 3}));
    let merge = |change: Value| {
        let mut given = Given::after(std::slice::from_ref(&base));
        given.run(&patch("a", json!({"properties": change}))).expect("is taken");
        json!(given.object("a").properties)
    };
    assert_eq!(merge(json!({"b": null, "c": 4, "d": 5})), json!({"a": 1, "c": 4, "d": 5}));
    assert_eq!(merge(json!({})), json!({"a": 1, "b": 2, "c": 3}));
    assert_eq!(merge(json!({"z": null})), json!({"a": 1, "b": 2, "c": 3}));
    assert_eq!(merge(json!(null)), json!({}));
    let mut given = Given::after(std::slice::from_ref(&base));
    assert!(!given.object("a").properties.is_empty());
    given.run(&patch("a", json!({"properties": {"a": null, "b": null, "c": null}}))).expect("is taken");
    assert!(given.object("a").properties.is_empty(), "as of an object that never had one");
    // The event names what changed, and only that.
    check(
        std::slice::from_ref(&base),
        &patch("a", json!({"properties": {"a": 1, "b": 7, "c": null, "z": null}})),
        Ok(json!([{"type": "object_updated", "name": "a", "patch": {"properties": {"b": 7, "c": null}}}])),
    );
    check(
        &[base],
        &patch("a", json!({"properties": null})),
        Ok(
            json!([{"type": "object_updated", "name": "a", "patch": {"properties": {"a": null, "b": null, "c": null}}}]),
        ),
    );
}

#[test]
fn prop5_properties_are_kept_in_the_order_of_their_keys_bytes() {
    let given = Given::after(&[with(json!({"b": 1, "a": 2, "Z": 3, "世": 4, "é": 5}))]);
    let keys: Vec<_> = given.object("a").properties.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(keys, ["Z", "a", "b", "é", "世"]);
}
