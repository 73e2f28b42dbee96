use serde_json::{Value, json};
use vws_core::session::Digest;
use vws_core::{Session, Snapshot};

use super::given::{Given, NOW, cube, patch, plain, session_id};

fn rich() -> Given {
    Given::after(&[
        json!({"type": "rename_session", "name": "Küche"}),
        cube(
            "a",
            json!({
                "x": 1.25, "y": -12, "z": 0.1, "rotation": {"x": 1, "y": 2, "z": 3}, "scale": {"x": 4, "y": 5, "z": 6},
                "color": "#102030", "opacity": 0.5, "visible": false, "text": "Hallo\n世界",
                "properties": {"b": true, "n": 5, "f": 5.0, "m": -7, "s": "x"},
            }),
        ),
        json!({"type": "update_world", "patch": {"size": 40, "transparency": 0.75, "camera_target": {"y": 2}}}),
        json!({"type": "start_orbit", "orbit": {"radius": 9, "speed": -3, "elevation": 10}}),
        cube("立方体", json!({"type": "my robot"})),
    ])
}

#[test]
fn dig1_every_field_counts() {
    let given = rich();
    let digest = given.session.digest();
    let base = json!(given.session.snapshot());
    let mut places = Vec::new();
    leaves(&base, String::new(), &mut places);
    let (mut counted, mut left_out) = (0, Vec::new());
    for place in places {
        let mut other = base.clone();
        let value = other.pointer_mut(&place).expect("is there");
        *value = match (&*value, place.as_str()) {
            (_, "/session/session_id") => json!("0190b5a0-0000-7000-8000-000000000002"),
            (_, "/session/object_count" | "/digest") => continue,
            (Value::Bool(v), _) => json!(!v),
            (Value::String(_), place) if place.ends_with("color") => json!("#102031"),
            (Value::String(v), _) => json!(format!("{v}x")),
            (Value::Number(v), _) if v.is_u64() => json!(v.as_u64().expect("is one") - 1),
            (Value::Number(v), _) => json!(v.as_f64().expect("is one") * 0.5 + 0.125),
            (other, place) => panic!("{place} is {other}"),
        };
        let snapshot: Snapshot = serde_json::from_value(other).unwrap_or_else(|e| panic!("{place}: {e}"));
        match snapshot.restore() {
            Err(_) => counted += 1,
            Ok(session) => {
                assert_eq!(session.digest(), digest);
                left_out.push(place);
            }
        }
    }
    assert_eq!(left_out, ["/session/created_at", "/session/epoch", "/session/seq", "/session/session_id"]);
    assert!(counted > 40, "{counted} fields");
}

fn leaves(value: &Value, at: String, places: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(key, _)| *key);
            fields.into_iter().for_each(|(key, value)| leaves(value, format!("{at}/{key}"), places));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(n, item)| leaves(item, format!("{at}/{n}"), places));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => places.push(at),
    }
}

#[test]
fn dig1_5_and_5_0_and_texts_that_run_together_are_told_apart() {
    let of =
        |properties: Value| Given::after(&[cube("a", json!({"properties": properties}))]).session.digest();
    let all = [
        of(json!({"k": 5})),
        of(json!({"k": 5.0})),
        of(json!({"k": "5"})),
        of(json!({"k5": true})),
        of(json!({"k": true})),
        of(json!({"k": 1})),
        of(json!({"ab": "c"})),
        of(json!({"a": "bc"})),
        of(json!({})),
    ];
    for (n, one) in all.iter().enumerate() {
        assert!(!all[..n].contains(one), "{n}");
    }
}

/// What is hashed of an object has a place of its own until it is longer: whatever lies across that end counts, and all
/// that follows it.
#[test]
fn dig1_the_last_of_an_object_of_any_length_counts() {
    let digest = |text: &str, last: u64| {
        let object = cube("a", json!({"text": text, "properties": {"k": last}}));
        Given::after(&[object]).session.digest()
    };
    for len in 0..=256 {
        let text = "x".repeat(len);
        assert_ne!(digest(&text, 1), digest(&text, 2), "after {len} bytes of text");
    }
}

#[test]
fn dig2_the_order_of_objects_is_no_matter() {
    // Two histories with the same content: versions and times are part of it, so they are kept equal.
    let mut one = Given::after(&[plain("a"), plain("b"), plain("c")]);
    let snapshot = one.session.snapshot();
    let mut turned = snapshot.clone();
    turned.objects.reverse();
    let other = turned.restore().expect("the digest is the same");
    assert_eq!(other.digest(), one.session.digest());
    assert_eq!(other.snapshot(), snapshot, "and objects come out in the order of their names");
    let before = one.session.digest();
    one.run(&plain("d")).expect("is taken");
    assert_ne!(one.session.digest(), before);
    one.run(&json!({"type": "delete_object", "name": "d"})).expect("is taken");
    assert_eq!(one.session.digest(), before, "what came and went leaves no trace");
}

#[test]
fn dig2_swapping_what_two_objects_have_is_seen() {
    let with = |a: f64, b: f64| {
        let mut given = Given::nothing();
        for (name, x) in [("a", a), ("b", b)] {
            given.now = NOW;
            given.run(&cube(name, json!({"x": x}))).expect("is taken");
        }
        given.session.digest()
    };
    assert_ne!(with(1.0, 2.0), with(2.0, 1.0));
    let mut given = Given::after(&[plain("a")]);
    let before = given.session.digest();
    given.run(&patch("a", json!({"x": 1}))).expect("is taken");
    given.run(&patch("a", json!({"x": 0}))).expect("is taken");
    assert_ne!(given.session.digest(), before, "the version has changed");
}

#[test]
fn dig3_a_digest_is_16_lower_case_digits() {
    let empty = Session::new(session_id(), None, NOW, 1).digest();
    let text = empty.to_string();
    assert_eq!(text.parse(), Ok(empty));
    assert_eq!(serde_json::to_string(&empty).expect("encodes"), format!("\"{text}\""));
    assert_eq!(
        "000000000000000f".parse::<Digest>().map(|d| d.to_string()),
        Ok("000000000000000f".to_owned())
    );
    for bad in [
        "",
        "f",
        "000000000000000F",
        "+00000000000000f",
        "0000000000000000f",
        " 00000000000000f",
        "000000000000000g",
    ] {
        assert!(bad.parse::<Digest>().is_err(), "{bad:?}");
    }
}
