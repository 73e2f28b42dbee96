use serde_json::json;
use vws_core::model::{ClientId, Role, SessionId, Subject};
use vws_core::wire::{Hello, PROTOCOL};

use super::given::faults;

#[test]
fn id2_session_ids_are_read_in_one_form_only() {
    let id = "0190b5a0-0000-7000-8000-0000000000ab";
    assert_eq!(id.parse::<SessionId>().map(|id| id.to_string()), Ok(id.to_owned()));
    for other in [
        "",
        "0190B5A0-0000-7000-8000-0000000000AB",
        "0190b5a0000070008000000000000000ab",
        "{0190b5a0-0000-7000-8000-0000000000ab}",
        "urn:uuid:0190b5a0-0000-7000-8000-0000000000ab",
        "0190b5a0-0000-7000-8000-0000000000a",
        " 0190b5a0-0000-7000-8000-0000000000ab",
        "0190b5a0-0000-7000-8000-0000000000ab\n",
        "0190b5a0-0000-7000-8000-0000000000ag",
    ] {
        let refused = other.parse::<SessionId>().expect_err(other);
        assert_eq!(vws_core::Error::from(refused).code(), "session_id_invalid");
    }
}

#[test]
fn id2_session_ids_sort_as_their_text_does() {
    let early: SessionId = "0190b5a0-0000-7000-8000-0000000000ab".parse().expect("is a UUID");
    let late: SessionId = "0190b5a1-0000-7000-8000-000000000000".parse().expect("is a UUID");
    assert!(early < late && early.to_string() < late.to_string());
}

#[test]
fn id3_client_ids_have_plain_characters_up_to_their_bound() {
    for good in ["a", "A-z_0.9:", &"c".repeat(64)] {
        assert_eq!(ClientId::new(good).map(|id| id.to_string()), Ok(good.to_owned()));
    }
    for bad in ["", " ", "a b", "a/b", "é", "a\n", "a\u{202e}", &"c".repeat(65)] {
        let refused = ClientId::new(bad).expect_err(bad);
        assert_eq!(vws_core::Error::from(refused).code(), "client_id_invalid");
    }
}

#[test]
fn ws3_a_hello_is_checked_at_every_field() {
    let hello = |protocol: u64, client_id: &str, name: &str, color: &str| -> Hello {
        let hello = json!({"protocol": protocol, "client_id": client_id, "name": name, "color": color});
        serde_json::from_value(hello).expect("has the form of a hello")
    };
    let spoken = u64::from(PROTOCOL);
    let identity = hello(spoken, "me", "Me", "#abcdef").check().expect("is valid");
    assert_eq!((identity.client_id.as_str(), identity.name.is_some()), ("me", true));
    let refused = hello(spoken + 1, "/", "", "red").check().expect_err("is not");
    let pointers: Vec<_> = faults(&refused).into_iter().map(|(pointer, _)| pointer).collect();
    assert_eq!(pointers, ["/protocol", "/client_id", "/name", "/color"]);
}

#[test]
fn auth3_roles_are_read_as_they_are_written() {
    let names = Role::ALL.map(|role| {
        assert_eq!((role.name().parse(), role.to_string().as_str()), (Ok(role), role.name()));
        role.name()
    });
    assert_eq!(names, ["view", "edit", "own", "admin"]);
    assert!(Role::ALL.is_sorted(), "each may what those before it may");
    let said = "\"View\" is no role; the roles are view, edit, own and admin";
    assert_eq!("View".parse::<Role>(), Err(said.to_owned()));
}

#[test]
fn auth2_a_subject_is_shown_as_it_is() {
    assert_eq!(Subject::new("ann@example").expect("is one").to_string(), "ann@example");
}
