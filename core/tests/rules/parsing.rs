use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};
use vws_core::limits::SAFE_INTEGER;
use vws_core::wire::{ClientMessage, Encoding, Tree, canonical_json, parse_json, parse_msgpack};
use vws_core::{Command, Event, Rejection};

use super::generate;
use super::given::{faults, plain};

fn json_faults(text: &str) -> Vec<(String, &'static str)> {
    match parse_json::<Command>(text.as_bytes()) {
        Ok(command) => panic!("{text} is read as {command:?}"),
        Err(rejection) => faults(&rejection),
    }
}

fn fault(pointer: &str, code: &'static str) -> Vec<(String, &'static str)> {
    vec![(pointer.to_owned(), code)]
}

#[test]
fn parse1_unknown_fields_are_refused_with_those_there_are() {
    for (text, pointer) in [
        (r#"{"type":"stop_orbit","x":1}"#, "/x"),
        (r#"{"type":"delete_object","name":"a","force":true}"#, "/force"),
        (
            r#"{"type":"create_object","object":{"name":"a","type":"cube","x":0,"y":0,"z":0,"w":0}}"#,
            "/object/w",
        ),
        (r#"{"type":"update_object","name":"a","patch":{"name":"b"}}"#, "/patch/name"),
        (r#"{"type":"update_object","name":"a","patch":{"rotation":{"w":1}}}"#, "/patch/rotation/w"),
        (r#"{"type":"initialize_world","world":{"orbit":{}}}"#, "/world/orbit"),
        (r#"{"type":"move_camera","camera":{"camera_x":1}}"#, "/camera/camera_x"),
        (r#"{"type":"start_orbit","orbit":{"started_at":1}}"#, "/orbit/started_at"),
        (r#"{"type":"batch","commands":[{"type":"stop_orbit","a/b":1}]}"#, "/commands/0/a~1b"),
    ] {
        assert_eq!(json_faults(text), fault(pointer, "unknown_field"), "{text}");
    }
    let told = parse_json::<Command>(br#"{"type":"move_camera","camera":{"w":1}}"#).expect_err("is refused");
    assert_eq!(told.to_string(), "unknown field \"w\", expected one of x, y, z, target, fov");
    let bare = parse_json::<Command>(br#"{"type":"stop_orbit","x":1}"#).expect_err("is refused");
    assert_eq!(bare.to_string(), "unknown field \"x\", expected one of type");
}

#[test]
fn parse2_a_key_given_twice_is_refused() {
    for (text, pointer) in [
        (r#"{"type":"stop_orbit","type":"stop_orbit"}"#, "/type"),
        (r#"{"type":"update_object","name":"a","patch":{"x":1,"x":1}}"#, "/patch/x"),
        (
            r#"{"type":"update_object","name":"a","patch":{"properties":{"k":1,"k":2}}}"#,
            "/patch/properties/k",
        ),
        // Different spellings of one key.
        (r#"{"type":"update_object","name":"a","patch":{"x":1,"\u0078":1}}"#, "/patch/x"),
    ] {
        assert_eq!(json_faults(text), fault(pointer, "duplicate_key"), "{text}");
    }
    // Wherever the first of the two stands, up to and beyond the few keys that are compared one by one.
    for count in 1..40 {
        let keys: Vec<_> = (0..count).map(|n| format!("\"k{n}\":{n}")).collect();
        for n in 0..count {
            let text = format!(r#"{{{},"k{n}":1}}"#, keys.join(","));
            assert_eq!(json_faults(&text), fault(&format!("/k{n}"), "duplicate_key"), "of {count}");
        }
    }
}

#[test]
fn parse3_numbers_beyond_what_can_be_held_are_refused() {
    let with =
        |number: &str| format!(r#"{{"type":"update_object","name":"a","patch":{{"y":0,"x":{number}}}}}"#);
    for number in ["1e999", "-1e309", "1E400"] {
        assert_eq!(json_faults(&with(number)), fault("/patch/x", "number_not_finite"), "{number}");
    }
    let told = parse_json::<Command>(with("-1e999").as_bytes()).expect_err("is refused");
    assert_eq!(told.to_string(), "-1e999 is not a finite number");
    let told = parse_json::<Command>(with("\n\n 12e+999 ").as_bytes()).expect_err("is refused");
    assert_eq!(told.to_string(), "12e+999 is not a finite number", "on whatever line");
    for number in ["NaN", "Infinity", "-Infinity", "+1", "01", ".5", "0x10", "1."] {
        assert_eq!(json_faults(&with(number)), fault("", "malformed"), "{number}");
    }
    for number in ["1e-999", "0e999", "12.000000000000000000000000000000000000000000", "-0", "1E1"] {
        assert!(parse_json::<Command>(with(number).as_bytes()).is_ok(), "{number}");
    }
}

#[test]
fn parse3_messagepack_floats_are_finite_too() {
    let mut bytes = Encoding::MessagePack.encode_client(&ClientMessage::Ping { t: 1.5 });
    let at = bytes.len() - 8;
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        bytes[at..].copy_from_slice(&value.to_be_bytes());
        let refused = parse_msgpack::<ClientMessage>(&bytes).expect_err("is refused");
        assert_eq!(faults(&refused), fault("/t", "number_not_finite"));
    }
    bytes[at..].copy_from_slice(&2.5_f64.to_be_bytes());
    assert_eq!(parse_msgpack(&bytes), Ok(ClientMessage::Ping { t: 2.5 }));
}

#[test]
fn parse4_nesting_stops_at_its_bound() {
    // The command, its object and its properties are three deep.
    let nested = |depth: usize| {
        let inner = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        format!(r#"{{"type":"create_object","object":{{"name":{inner}}}}}"#)
    };
    assert_eq!(json_faults(&nested(14)), fault("/object/name", "type_mismatch"));
    let pointer = format!("/object/name{}", "/0".repeat(14));
    assert_eq!(json_faults(&nested(15)), fault(&pointer, "too_deep"));
    // Neither a deep body nor deep batches cost stack.
    for deep in ["[".repeat(1_000_000), "{\"type\":\"batch\",\"commands\":[".repeat(100_000)] {
        assert_eq!(json_faults(&deep)[0].1, "too_deep");
    }
    let mut bytes = vec![0x91; 1_000_000];
    bytes.push(0xc0);
    let refused = parse_msgpack::<Command>(&bytes).expect_err("is refused");
    assert_eq!(refused.code(), "too_deep");
}

#[test]
fn parse5_what_is_no_value_or_more_than_one_is_refused() {
    let whole = plain("a").to_string();
    for cut in 0..whole.len() {
        assert_eq!(json_faults(&whole[..cut]).len(), 1, "at {cut}");
    }
    for text in [
        "",
        " ",
        "\u{feff}{}",
        "{} {}",
        r#"{"type":"stop_orbit"}x"#,
        r#"{"type":"stop_orbit",}"#,
        "{'type':1}",
        "// a\n{}",
    ] {
        assert_eq!(json_faults(text), fault("", "malformed"), "{text:?}");
    }
    assert!(parse_json::<Command>(b" \n\t{\"type\":\"stop_orbit\"}\r\n ").is_ok(), "white space is nothing");
    let refused =
        parse_json::<Command>(b"{\"type\":\"delete_object\",\"name\":\"\xff\"}").expect_err("is refused");
    assert_eq!(refused.code(), "malformed");
    let told = parse_json::<Command>(b"{\n  \"type\" 1}").expect_err("is refused").to_string();
    assert!(told.starts_with("the JSON cannot be parsed") && told.contains("line 2 column 10"), "{told}");
    let bytes = rmp_serde::to_vec_named(&json!({"type": "stop_orbit"})).expect("encodes");
    for cut in 0..bytes.len() {
        assert!(parse_msgpack::<Command>(&bytes[..cut]).is_err(), "at {cut}");
    }
    let refused = parse_msgpack::<Command>(&[bytes, vec![0xc0]].concat()).expect_err("is refused");
    assert_eq!(refused.to_string(), "the MessagePack cannot be parsed: 1 bytes follow the value");
}

#[test]
fn parse6_missing_fields_other_types_and_unknown_tags_are_refused_in_place() {
    for (text, pointer, code) in [
        ("{}", "/type", "missing_field"),
        ("[]", "", "type_mismatch"),
        ("null", "", "type_mismatch"),
        ("\"stop_orbit\"", "", "type_mismatch"),
        (r#"{"type":5}"#, "/type", "type_mismatch"),
        (r#"{"type":"melt"}"#, "/type", "unknown_type"),
        (r#"{"type":"create_object"}"#, "/object", "missing_field"),
        (r#"{"type":"create_object","object":["a","cube",0,0,0]}"#, "/object", "type_mismatch"),
        (
            r#"{"type":"create_object","object":{"name":"a","type":"cube","x":"1","y":0,"z":0}}"#,
            "/object/x",
            "type_mismatch",
        ),
        (r#"{"type":"update_object","name":"a","patch":{"visible":1}}"#, "/patch/visible", "type_mismatch"),
        (
            r#"{"type":"update_object","name":"a","patch":{"rotation":90}}"#,
            "/patch/rotation",
            "type_mismatch",
        ),
        (
            r#"{"type":"update_object","name":"a","patch":{"rotation":[0,0,0]}}"#,
            "/patch/rotation",
            "type_mismatch",
        ),
        (r#"{"type":"update_object","name":"a","patch":null}"#, "/patch", "type_mismatch"),
        (r#"{"type":"batch","commands":{}}"#, "/commands", "type_mismatch"),
        (r#"{"type":"batch","commands":[{"type":"stop_orbit"},[]]}"#, "/commands/1", "type_mismatch"),
    ] {
        assert_eq!(json_faults(text), fault(pointer, code), "{text}");
    }
    let told = parse_json::<Command>(br#"{"type":"update_object","name":"a","patch":{"x":"1"}}"#);
    assert_eq!(told.expect_err("is refused").to_string(), "expected a number, found the string \"1\"");
}

#[test]
fn parse6_a_fault_of_a_form_says_what_its_refusal_says() {
    let tree: Tree = parse_json(br#"{"a":1,"b":"x"}"#).expect("is JSON");
    let error = tree.decode::<BTreeMap<String, u64>>().expect_err("is no number");
    let text = error.to_string();
    let refusal = Rejection::from(error);
    assert_eq!(faults(&refusal), fault("/b", "type_mismatch"));
    assert_eq!(refusal.to_problem().errors[0].detail, text);
}

#[test]
fn parse6_what_was_expected_instead_is_said() {
    let object = |fields: &str| {
        let text = format!(
            r#"{{"type":"create_object","object":{{"name":"a","type":"cube","x":0,"y":0,"z":0,{fields}}}}}"#
        );
        let refusal = parse_json::<Command>(text.as_bytes()).expect_err("is refused");
        let field = refusal.to_problem().errors.remove(0);
        (field.pointer, field.detail)
    };
    for (fields, pointer, wanted) in [
        (r#""scale":"x""#, "/object/scale", "a number or an object with x, y, z"),
        (r#""properties":{"k":[]}"#, "/object/properties/k", "a string, a number or a boolean"),
        (r#""rotation":90"#, "/object/rotation", "an object"),
    ] {
        let (at, detail) = object(fields);
        assert!(at == pointer && detail.contains(wanted), "{fields}: {detail} at {at}");
    }
    // A byte string, which JSON has no word for.
    let refusal = parse_msgpack::<Command>(&[0xc4, 1, 0]).expect_err("is refused");
    assert!(refusal.to_string().contains("expected a JSON value"), "{refusal}");
    let refusal = serde_json::from_str::<Event>("[]").expect_err("is refused");
    assert!(refusal.to_string().contains("expected an event"), "{refusal}");
}

#[test]
fn parse6_messages_of_the_socket_are_read_by_the_same_rules() {
    let read = |value: Value| parse_json::<ClientMessage>(value.to_string().as_bytes());
    let refused = |value: Value| faults(&read(value).expect_err("is refused"));
    let command = json!({"type": "stop_orbit"});
    assert!(read(json!({"type": "command", "id": 1, "command": command})).is_ok());
    assert!(read(json!({"type": "command", "id": 1, "expect_version": null, "command": command})).is_ok());
    assert_eq!(refused(json!({"type": "command", "command": command})), fault("/id", "missing_field"));
    for id in [json!(-1), json!(1.5), json!("1"), json!(null), json!(1e300)] {
        assert_eq!(
            refused(json!({"type": "command", "id": id, "command": command})),
            fault("/id", "type_mismatch")
        );
    }
    assert_eq!(
        refused(json!({"type": "command", "id": 1, "command": {"type": "x"}})),
        fault("/command/type", "unknown_type")
    );
    assert_eq!(
        refused(json!({"type": "command", "id": 1, "command": command, "by": "me"})),
        fault("/by", "unknown_field")
    );
    assert_eq!(refused(json!({"type": "event", "seq": 1})), fault("/type", "unknown_type"));
    assert_eq!(refused(json!({"type": "hello", "protocol": 1})), fault("/client_id", "missing_field"));
    assert_eq!(
        refused(json!({"type": "resume", "after": {"epoch": 1}})),
        fault("/after/seq", "missing_field")
    );
    assert!(
        read(json!({"type": "resume"})).is_ok() && read(json!({"type": "resume", "after": null})).is_ok()
    );
    assert_eq!(refused(json!({"type": "ping"})), fault("/t", "missing_field"));
    let selected = json!({"type": "presence", "selection": ["a", "b", 5]});
    assert_eq!(refused(selected), fault("/selection/2", "type_mismatch"));
}

#[test]
fn ws1_an_encoding_is_what_its_subprotocol_says() {
    for (name, encoding) in [("vws.v1.json", Encoding::Json), ("vws.v1.msgpack", Encoding::MessagePack)] {
        assert_eq!((encoding.subprotocol(), Encoding::from_subprotocol(name)), (name, Some(encoding)));
    }
    assert_eq!(Encoding::from_subprotocol("vws.v2.json"), None);
    assert!(Encoding::Json.is_text() && !Encoding::MessagePack.is_text());
}

#[test]
fn ws9_the_id_of_an_unreadable_command_is_found() {
    for encoding in Encoding::ALL {
        let bytes = |value: Value| match encoding {
            Encoding::Json => canonical_json(&value),
            Encoding::MessagePack => rmp_serde::to_vec_named(&value).expect("encodes"),
        };
        let id = |value: Value| encoding.command_id(&bytes(value));
        assert_eq!(id(json!({"type": "command", "id": 7, "command": {"type": "melt"}})), Some(7));
        assert_eq!(id(json!({"id": 7, "type": "command"})), Some(7));
        assert_eq!(id(json!({"type": "command", "id": 7.0})), Some(7));
        assert_eq!(id(json!({"type": "command", "id": -7})), None);
        assert_eq!(id(json!({"type": "command", "id": 0})), None);
        assert_eq!(id(json!({"type": "command", "id": SAFE_INTEGER + 1})), None);
        assert_eq!(id(json!({"type": "presence", "id": 7})), None);
        assert_eq!(id(json!(["command", 7])), None);
        assert_eq!(encoding.command_id(b"{"), None);
    }
    // Whatever is wrong with the rest, as long as it has an end.
    let deep = format!("{}{}", "[".repeat(20), "]".repeat(20));
    for wrong in ["1e999", r#"{"x":1,"x":2}"#, &deep] {
        let text = format!(r#"{{"type":"command","command":{wrong},"id":7}}"#);
        assert!(Encoding::Json.decode_client(text.as_bytes()).is_err(), "{text}");
        assert_eq!(Encoding::Json.command_id(text.as_bytes()), Some(7), "{text}");
    }
    let nan = [0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0];
    for wrong in [&nan[..], b"\x82\xa1x\x01\xa1x\x02", &[0x91; 20], b"\xd4\x05\x00", b"\xc4\x01a"] {
        let tail: &[u8] = if wrong.len() == 20 { b"\xc0" } else { b"" };
        let bytes = [b"\x83\xa4type\xa7command\xa7command", wrong, tail, b"\xa2id\x07"].concat();
        assert!(Encoding::MessagePack.decode_client(&bytes).is_err(), "{wrong:x?}");
        assert_eq!(Encoding::MessagePack.command_id(&bytes), Some(7), "{wrong:x?}");
    }
    for twice in [r#"{"type":"command","id":7,"id":8}"#, r#"{"type":"command","type":"command","id":7}"#] {
        assert_eq!(Encoding::Json.command_id(twice.as_bytes()), None, "{twice}");
    }
    // MessagePack has forms for signed numbers that positive ones may come in too.
    for signed in [&[0xd0, 7][..], &[0xd1, 0, 7], &[0xd2, 0, 0, 0, 7], &[0xd3, 0, 0, 0, 0, 0, 0, 0, 7]] {
        let bytes = [b"\x82\xa4type\xa7command\xa2id", signed].concat();
        assert_eq!(Encoding::MessagePack.command_id(&bytes), Some(7), "{signed:x?}");
    }
}

#[test]
fn ws9_commands_are_numbered_from_1_as_far_as_every_client_counts() {
    for (id, read) in
        [(0, false), (1, true), (SAFE_INTEGER, true), (SAFE_INTEGER + 1, false), (u64::MAX, false)]
    {
        let message = json!({"type": "command", "id": id, "command": {"type": "clear_objects"}});
        for (encoding, bytes) in
            [(Encoding::Json, canonical_json(&message)), (Encoding::MessagePack, as_msgpack(&message))]
        {
            let problem = encoding.decode_client(&bytes).map_err(|rejection| rejection.to_problem());
            assert_eq!(problem.is_ok(), read, "{id}");
            if let Err(problem) = problem {
                let told = format!("expected a whole number in [1, 9007199254740991], found the number {id}");
                assert_eq!((problem.detail, &*problem.errors[0].pointer), (told, "/id"));
            }
        }
    }
}

/// A JSON value as MessagePack.
fn as_msgpack(value: &Value) -> Vec<u8> {
    rmp_serde::to_vec_named(value).expect("encodes")
}

/// What is read of a value in both encodings, which must be the same.
fn read_both(value: &Value) -> Result<Command, Rejection> {
    let json = parse_json::<Command>(value.to_string().as_bytes());
    let packed = parse_msgpack::<Command>(&as_msgpack(value));
    assert_eq!(json, packed, "for {value}");
    json
}

proptest! {
    #![proptest_config(generate::cases(2_000))]

    #[test]
    fn parse7_both_encodings_are_read_alike(value in generate::nearly_a_command()) {
        let _ = read_both(&value);
    }

    #[test]
    fn parse7_what_is_written_is_read_alike(command in generate::command()) {
        let written = serde_json::to_value(&command).expect("encodes");
        prop_assert_eq!(read_both(&written), Ok(command));
    }

    #[test]
    fn parse8_no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        for encoding in Encoding::ALL {
            let _ = encoding.decode_client(&bytes);
            let _ = encoding.decode_server(&bytes);
            let _ = encoding.command_id(&bytes);
        }
    }

    #[test]
    fn parse8_no_damage_to_a_message_makes_the_reader_panic(
        message in generate::client_message(),
        damage in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..4),
    ) {
        for encoding in Encoding::ALL {
            let mut bytes = encoding.encode_client(&message);
            for (at, byte) in &damage {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
            if let Ok(read) = encoding.decode_client(&bytes) {
                // What is read can be written and read again.
                prop_assert_eq!(encoding.decode_client(&encoding.encode_client(&read)), Ok(read));
            }
        }
    }
}

#[test]
fn parse9_whole_numbers_are_whole_however_they_are_written() {
    let id = |id: &str| {
        let text = format!(r#"{{"type":"command","id":{id},"command":{{"type":"stop_orbit"}}}}"#);
        parse_json::<ClientMessage>(text.as_bytes())
    };
    for (text, value) in
        [("7", 7), ("7.0", 7), ("7e0", 7), ("0.7e1", 7), ("9007199254740991.0", 9_007_199_254_740_991)]
    {
        assert!(matches!(id(text), Ok(ClientMessage::Command(c)) if c.id == value), "{text}");
    }
    for text in ["7.5", "-7.0", "1e300", "9007199254740992.0"] {
        assert!(id(text).is_err(), "{text}");
    }
}

#[test]
fn err4_a_type_mismatch_speaks_no_language_of_its_own() {
    let cases = [
        (
            r#"{"type":"create_object","object":{"name":"a","type":"cube","x":"1","y":0,"z":0}}"#,
            "a number",
            "the string \"1\"",
        ),
        (
            r#"{"type":"create_object","object":{"name":"a","type":"cube","x":true,"y":0,"z":0}}"#,
            "a number",
            "the boolean true",
        ),
        (r#"{"type":"update_object","name":"a","patch":{"visible":1}}"#, "true or false", "the number 1"),
        (r#"{"type":"update_object","name":7,"patch":{}}"#, "a string", "the number 7"),
    ];
    for (text, expected, found) in cases {
        let refused = parse_json::<Command>(text.as_bytes()).expect_err("is refused");
        let detail = refused.to_string();
        assert_eq!(detail, format!("expected {expected}, found {found}"), "{text}");
    }
    let id = r#"{"type":"command","id":1.5,"command":{"type":"stop_orbit"}}"#;
    let refused = parse_json::<ClientMessage>(id.as_bytes()).expect_err("is refused");
    assert_eq!(refused.to_string(), "expected a whole number that is not negative, found the number 1.5");
}
