use std::collections::BTreeSet;

use serde_json::json;
use vws_core::error::{
    CoordinateError, LimitError, NameFault, ObjectError, OutOfRange, RequestError, SessionError,
    TransferError, WorldError,
};
use vws_core::model::Role;
use vws_core::{Error, Rejection};

use super::given::{Given, batch, cube, patch, plain, session_id};

fn out(field: &str, value: f64) -> OutOfRange {
    OutOfRange { field: field.to_owned(), value, min: -12.0, max: 12.0, open_below: false, whole: false }
}

/// One of each kind.
fn samples() -> Vec<Error> {
    let name = || "a".to_owned();
    let digest = Given::nothing().session.digest();
    let invalid = |fault| ObjectError::NameInvalid { field: "name".to_owned(), value: name(), fault };
    vec![
        SessionError::NotFound { id: session_id() }.into(),
        SessionError::IdInvalid { value: name() }.into(),
        SessionError::ClientIdInvalid { value: name() }.into(),
        SessionError::NameInvalid { field: "name".to_owned(), value: name(), fault: NameFault::Empty }.into(),
        SessionError::NotReady.into(),
        SessionError::PresenceOutOfRange(out("pointer.x", 1e9)).into(),
        SessionError::Forbidden { role: Role::View, needed: Role::Edit }.into(),
        SessionError::VersionMismatch { target: "the world".to_owned(), expected: 1, actual: 2 }.into(),
        ObjectError::NotFound { name: name() }.into(),
        ObjectError::Exists { name: name() }.into(),
        invalid(NameFault::Empty).into(),
        invalid(NameFault::TooLong { length: 129, max: 128, unit: "bytes" }).into(),
        invalid(NameFault::Character('\u{202e}')).into(),
        invalid(NameFault::OuterSpace).into(),
        invalid(NameFault::Reserved).into(),
        ObjectError::TypeInvalid { value: String::new(), fault: NameFault::Empty }.into(),
        ObjectError::TextInvalid {
            field: "text".to_owned(),
            value: "\0".to_owned(),
            fault: NameFault::Character('\0'),
        }
        .into(),
        ObjectError::ColorInvalid { field: "color".to_owned(), value: "red".to_owned() }.into(),
        ObjectError::RotationOutOfRange(out("rotation.y", f64::NAN)).into(),
        ObjectError::ScaleOutOfRange(OutOfRange {
            min: 0.0,
            max: 1e3,
            open_below: true,
            ..out("scale", 0.0)
        })
        .into(),
        ObjectError::FractionOutOfRange(OutOfRange { min: 0.0, max: 1.0, ..out("opacity", 1.5) }).into(),
        ObjectError::PropertyInvalid { key: String::new(), fault: NameFault::Empty }.into(),
        ObjectError::TooManyProperties { count: 33, max: 32 }.into(),
        ObjectError::PropertiesTooLarge { bytes: 4097, max: 4096 }.into(),
        CoordinateError::OutOfBounds(out("x", 13.0)).into(),
        WorldError::SizeOutOfRange(OutOfRange { min: 1.0, max: 1e3, whole: true, ..out("size", 2.5) }).into(),
        WorldError::CameraOutOfBounds(OutOfRange { min: -1e2, max: 1e2, ..out("camera_x", 1e3) }).into(),
        WorldError::FovOutOfRange(OutOfRange { min: 10.0, max: 120.0, ..out("camera_fov", 9.0) }).into(),
        WorldError::OrbitOutOfRange(OutOfRange { min: -360.0, max: 360.0, ..out("speed", 361.0) }).into(),
        LimitError::TooManyObjects { count: 100_001, max: 100_000 }.into(),
        LimitError::TooManyCommands { count: 1_001, max: 1_000 }.into(),
        LimitError::SelectionTooLarge { count: 65, max: 64 }.into(),
        LimitError::TooManyPending { count: 4_096 }.into(),
        RequestError::Malformed { format: "JSON", detail: "EOF while parsing".to_owned() }.into(),
        RequestError::UnknownField { field: "q".to_owned(), expected: &["x", "y"] }.into(),
        RequestError::DuplicateKey { field: "x".to_owned() }.into(),
        RequestError::MissingField { field: "x".to_owned() }.into(),
        RequestError::FieldRequired { field: "x".to_owned() }.into(),
        RequestError::TypeMismatch { expected: "a number".to_owned(), found: "null".to_owned() }.into(),
        RequestError::UnknownType { value: "melt".to_owned(), expected: &["a", "b"] }.into(),
        RequestError::NumberNotFinite { value: "1e999".to_owned() }.into(),
        RequestError::TooDeep { max: 16 }.into(),
        RequestError::Invalid { detail: "not like this".to_owned() }.into(),
        RequestError::ProtocolUnknown { found: 2, spoken: 1 }.into(),
        RequestError::NestedBatch.into(),
        TransferError::FormatUnknown { found: "gltf".to_owned(), expected: "vws.log" }.into(),
        TransferError::VersionUnknown { found: 2, known: 1 }.into(),
        TransferError::DigestMismatch { told: digest, found: digest }.into(),
        TransferError::SumMismatch { told: 1, found: 2 }.into(),
        TransferError::SumMissing.into(),
        TransferError::CutShort { missing: "the line that ends it" }.into(),
        TransferError::ValueTooLarge { max: 1_048_576 }.into(),
        TransferError::OutOfOrder { expected: 1, found: 2 }.into(),
        TransferError::CountMismatch { field: "events", told: 1, found: 2 }.into(),
    ]
}

#[test]
fn err2_every_refusal_has_a_code_and_a_message_that_stay() {
    let table: Vec<_> = samples().iter().map(|error| format!("{:<24} {error}", error.code())).collect();
    insta::assert_snapshot!("err2_codes_and_messages", table.join("\n"));
}

#[test]
fn err2_the_samples_are_all_there_are() {
    // The codes as `Error::code` writes them.
    let source = include_str!("../../src/error.rs");
    let from = source.find("fn code(&self)").expect("is there");
    let body = &source[from..source[from..].find("\n    }\n").expect("ends") + from];
    let written: BTreeSet<_> = body
        .split('"')
        .skip(1)
        .step_by(2)
        .filter(|code| code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'))
        .collect();
    let samples = samples();
    let sampled: BTreeSet<_> = samples.iter().map(Error::code).collect();
    assert_eq!(sampled, written);
    assert!(sampled.len() > 30);
}

#[test]
fn err1_pointers_lead_to_the_wrong_value() {
    let given = Given::after(&[plain("a")]);
    for command in [
        cube("b", json!({"x": 13})),
        cube("b", json!({"rotation": {"z": 1e9}})),
        cube("/", json!({})),
        cube("b", json!({"properties": {"a/b~c\n": 1}})),
        cube("b", json!({"properties": {"k": null}})),
        patch("a", json!({"x": 1, "unknown/field": 2})),
        batch(&[plain("b"), patch("a", json!({"y": -13}))]),
        batch(&[plain("b"), json!({"type": "rename_object", "name": "a", "new_name": ""})]),
        batch(&[plain("b"), json!({"type": "melt"})]),
        json!({"type": "update_world", "patch": {"camera_target": {"y": 101}}}),
        json!({"type": "move_camera", "camera": {"target": {"q": 1}}}),
        json!({"type": "rename_session", "name": " "}),
        json!({"type": "start_orbit", "orbit": {"radius": "wide"}}),
        json!({"type": "delete_object", "name": 5}),
    ] {
        for (pointer, code) in given.faults(&command) {
            assert!(command.pointer(&pointer).is_some(), "{code} at {pointer} of {command}");
            assert_ne!(pointer, "", "{command}");
        }
    }
}

#[test]
fn err1_a_route_whose_body_is_a_part_of_the_command_points_into_the_body() {
    let refused = Given::nothing().decide(&cube("b", json!({"x": 13}))).expect_err("is refused");
    let pointer = |rejection: Rejection| rejection.errors().next().map(|fault| fault.pointer.clone());
    assert_eq!(pointer(refused.clone().relative_to("/object")), Some("/x".to_owned()));
    assert_eq!(pointer(refused.clone().relative_to("/obj")), Some("/object/x".to_owned()));
    assert_eq!(pointer(refused.clone().relative_to("")), Some("/object/x".to_owned()));
    assert_eq!(pointer(refused.under("/commands/0")), Some("/commands/0/object/x".to_owned()));
}

#[test]
fn err3_a_refusal_is_small_however_large_what_it_refuses() {
    let given = Given::nothing();
    let huge = "\u{202e}".repeat(100_000);
    for command in [
        plain(&huge),
        cube("a", json!({"type": huge, "color": huge, "text": huge})),
        cube("a", json!({"properties": {huge.clone(): 1}})),
        cube("a", json!({huge.clone(): 1})),
        json!({"type": huge}),
        json!({"type": "delete_object", "name": huge}),
        json!({"type": "delete_object", "name": [huge]}),
        json!({"type": "update_object", "name": "a", "patch": huge}),
    ] {
        let problem = given.decide(&command).expect_err("is refused").to_problem();
        let json = serde_json::to_string(&problem).expect("encodes");
        assert!(json.len() < 8_192, "{} bytes: {}…", json.len(), &problem.detail[..200]);
        assert!(!problem.detail.contains('\u{202e}'), "{}", problem.detail);
    }
    let number = format!("{{\"type\":\"delete_object\",\"name\":{}}}", "9".repeat(100_000));
    let refused = vws_core::wire::parse_json::<vws_core::Command>(number.as_bytes()).expect_err("is refused");
    assert!(refused.to_string().len() < 200, "{refused}");
}

#[test]
fn err2_a_problem_names_its_first_fault_and_lists_all() {
    let refused =
        Given::nothing().decide(&cube("a", json!({"x": 13, "opacity": 2}))).expect_err("is refused");
    assert_eq!(
        json!(refused.to_problem()),
        json!({
            "code": "coordinate_out_of_bounds",
            "detail": "x = 13 is outside [-12, 12]; opacity = 2 is outside [0, 1]",
            "errors": [
                {"pointer": "/object/x", "code": "coordinate_out_of_bounds", "detail": "x = 13 is outside [-12, 12]"},
                {"pointer": "/object/opacity", "code": "fraction_out_of_range", "detail": "opacity = 2 is outside [0, 1]"},
            ],
        })
    );
}
