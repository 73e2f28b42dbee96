//! `vws object ls|set|rm`.

use serde_json::json;

use super::support::Server;

#[test]
fn cli8_objects_are_made_changed_and_deleted() {
    let server = Server::start();
    let session = server.ok(&["session", "create"]);
    let set = |fields: &[&str]| {
        server.ok(&[&["object", "set", &session, "ä / b".replace('/', "+").as_str()][..], fields].concat())
    };
    assert_eq!(set(&[]), "set ä + b at version 1");
    assert_eq!(
        set(&["x=-3", "rotation.y=45", "color=#FF8800", "properties.a.b=1.5"]),
        "set ä + b at version 2"
    );
    assert_eq!(set(&["x=-3"]), "unchanged ä + b at version 2");
    let object = &server.json(&["object", "ls", &session])[0];
    assert_eq!(
        (&object["x"], &object["type"], &object["color"]),
        (&json!(-3.0), &json!("cube"), &json!("#ff8800"))
    );
    assert_eq!((&object["rotation"]["y"], &object["rotation"]["x"]), (&json!(45.0), &json!(0.0)));
    assert_eq!(object["properties"], json!({"a.b": 1.5}));
    set(&["color=null", "properties.a.b=null", "type=robot"]);
    let object = &server.json(&["object", "ls", &session])[0];
    assert_eq!((&object["color"], &object["properties"]), (&json!("#5b8def"), &json!({})));
    assert_eq!(server.ok(&["object", "rm", &session, "ä + b"]), "deleted ä + b");
    let refused = server.fails(&["object", "rm", &session, "ä + b"], 1);
    assert!(refused.ends_with("(object_not_found)"), "{refused}");
}

#[test]
fn cli8_a_condition_is_kept() {
    let server = Server::start();
    let session = server.lived();
    let refused = server.fails(&["object", "set", &session, "a", "x=2", "--if-version", "1"], 1);
    assert!(refused.ends_with("(version_mismatch)"), "{refused}");
    let refused = server.fails(&["object", "set", &session, "new", "x=2", "--if-version", "1"], 1);
    assert!(refused.ends_with("(object_not_found)"), "it is not made: {refused}");
    server.ok(&["object", "set", &session, "a", "x=2", "--if-version", "3"]);
}

#[test]
fn cli8_names_that_are_steps_in_a_path_are_names() {
    let server = Server::start();
    let session = server.ok(&["session", "create"]);
    for name in ["%2e%2e", "?a=b", "#", "a&b", "...", "~1"] {
        server.ok(&["object", "set", &session, name, "x=1"]);
        server.ok(&["object", "rm", &session, name]);
    }
    for name in ["..", "."] {
        let refused = server.fails(&["object", "set", &session, name], 1);
        assert!(refused.ends_with("(name_invalid)"), "{name}: {refused}");
    }
}

#[test]
fn cli7_objects_are_listed_as_asked() {
    let server = Server::start();
    let session = server.lived();
    let names = |more: &[&str]| {
        let found = server.json(&[&["object", "ls"][..], more].concat());
        found.iter().map(|o| o["name"].as_str().expect("a name").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&[&session]), ["a", "b"]);
    assert_eq!(names(&[&format!("{session}@1")]), ["a"]);
    assert_eq!(names(&[&session, "--type", "sphere"]), ["a"]);
    assert_eq!(names(&[&session, "--within", "-1,-3,-1,1,0,1"]), ["b"]);
    assert_eq!(names(&[&session, "--near", "0,-2,0", "--radius", "0.5"]), ["b"]);
    let table = server.ok(&["object", "ls", &session]);
    assert!(
        table.starts_with(
            "NAME  TYPE    X    Y   Z  COLOR    VERSION  UPDATED\na     sphere  1.5  0   0  #5b8def  3"
        ),
        "{table}"
    );
}
