use serde_json::{Value, json};
use vws_core::reduce::State;
use vws_core::session::OutOfOrder;
use vws_core::{Event, EventRecord};

use super::given::{Given, NOW, canonical, check, cube, patch, plain};

fn record(seq: u64, event: Value) -> EventRecord {
    serde_json::from_value(json!({"seq": seq, "at": NOW, "event": event})).expect("is an event")
}

#[test]
fn evt2_what_is_new_travels_whole() {
    let given = Given::nothing();
    let created = &given.decide(&cube("a", json!({"scale": 2}))).expect("is taken")[0];
    let object = json!({
        "name": "a", "type": "cube", "x": 0.0, "y": 0.0, "z": 0.0,
        "rotation": {"x": 0.0, "y": 0.0, "z": 0.0}, "scale": {"x": 2.0, "y": 2.0, "z": 2.0},
        "color": "#5b8def", "opacity": 1.0, "visible": true, "text": "", "properties": {},
        "version": 1, "created_at": NOW, "updated_at": NOW,
    });
    assert_eq!(json!(created.event), json!({"type": "object_created", "object": object}));
    check(
        &[],
        &json!({"type": "initialize_world", "world": {"size": 9}}),
        Ok(json!([{"type": "world_initialized", "world": {
            "size": 9, "transparency": 0.2, "camera_x": 15.0, "camera_y": 15.0, "camera_z": 15.0,
            "camera_target": {"x": 0.0, "y": 0.0, "z": 0.0}, "camera_fov": 60.0, "version": 1,
        }}])),
    );
}

#[test]
fn evt2_an_update_carries_what_changed_with_its_new_value() {
    check(
        &[cube("a", json!({"x": 1, "text": "old"}))],
        &patch(
            "a",
            json!({
                "type": "cone", "x": 1, "y": 2, "rotation": {"x": 0, "y": 5}, "scale": 3, "color": "#000000",
                "opacity": 0, "visible": false, "text": "new", "properties": {"k": true},
            }),
        ),
        Ok(json!([{"type": "object_updated", "name": "a", "patch": {
            "type": "cone", "y": 2.0, "rotation": {"y": 5.0}, "scale": {"x": 3.0, "y": 3.0, "z": 3.0},
            "color": "#000000", "opacity": 0.0, "visible": false, "text": "new", "properties": {"k": true},
        }}])),
    );
}

#[test]
fn evt4_only_the_next_event_is_folded_in() {
    let mut given = Given::after(&[plain("a"), plain("b")]);
    let before = canonical(&given.session);
    for seq in [0, 1, 2, 4, u64::MAX] {
        let refused = given.session.apply(&record(seq, json!({"type": "objects_cleared"})));
        assert_eq!(refused, Err(OutOfOrder { expected: 3, found: seq }));
        assert_eq!(canonical(&given.session), before);
    }
    given.session.apply(&record(3, json!({"type": "objects_cleared"}))).expect("is the next");
    assert_eq!((given.session.seq(), given.session.object_count()), (3, 0));
}

#[test]
fn evt2_an_object_has_place_and_time_of_its_event_whatever_it_says_itself() {
    let right = json!({"version": 1, "created_at": NOW, "updated_at": NOW});
    for (field, wrong) in [("version", 9), ("created_at", NOW - 5), ("updated_at", NOW + 5)] {
        let mut given = Given::nothing();
        let created = given.decide(&plain("a")).expect("is taken").remove(0);
        let mut event = json!(created.event);
        event["object"][field] = json!(wrong);
        given.session.apply(&record(1, event)).expect("is the next");
        let object = json!(given.object("a"));
        for of in ["version", "created_at", "updated_at"] {
            assert_eq!(object[of], right[of], "{of}, where {field} was wrong");
        }
    }
}

#[test]
fn law2_an_event_that_fits_nothing_changes_nothing_but_the_seq() {
    let mut given = Given::after(&[plain("a")]);
    let digest = given.session.digest();
    for (n, event) in [
        json!({"type": "object_updated", "name": "x", "patch": {"x": 1}}),
        json!({"type": "object_deleted", "name": "x"}),
        json!({"type": "object_renamed", "name": "x", "new_name": "y"}),
    ]
    .into_iter()
    .enumerate()
    {
        given.session.apply(&record(n as u64 + 2, event)).expect("is the next");
        assert_eq!(given.session.digest(), digest);
    }
    assert_eq!(given.session.seq(), 4);
}

#[test]
fn law2_an_event_that_would_replace_does_so_everywhere_alike() {
    // `decide` yields none of these; a state must still come of them, the same for all.
    let mut given = Given::after(&[cube("a", json!({"x": 1})), plain("b")]);
    given
        .session
        .apply(&record(3, json!({"type": "object_renamed", "name": "a", "new_name": "b"})))
        .expect("is next");
    assert_eq!((given.session.object_count(), given.object("b").x.get()), (1, 1.0));
    let restored = given.session.snapshot().restore().expect("the digest has kept up");
    assert_eq!(canonical(&restored), canonical(&given.session));
    // More properties than an object may have: what was there stays.
    let many: serde_json::Map<_, _> = (0..33).map(|n| (n.to_string(), json!(n))).collect();
    let event = json!({"type": "object_updated", "name": "b", "patch": {"x": 2, "properties": many}});
    given.session.apply(&record(4, event)).expect("is next");
    assert_eq!((given.object("b").x.get(), given.object("b").properties.len()), (2.0, 0));
}

#[test]
fn evt3_a_record_tells_place_time_author_and_what_follows() {
    let json = r#"{"seq":5,"at":6,"by":{"client_id":"c","command_id":7},"more":8,"event":{"type":"objects_cleared"}}"#;
    let whole: EventRecord = serde_json::from_str(json).expect("decodes");
    assert_eq!(serde_json::to_string(&whole).expect("encodes"), json);
    assert_eq!((whole.seq, whole.at, whole.more), (5, 6, 8));
    assert_eq!(whole.by.as_ref().map(|by| (by.client_id.as_str(), by.command_id)), Some(("c", 7)));
    // Without an author, and as the last of its batch, it is shorter.
    let short = EventRecord { by: None, more: 0, ..whole };
    assert_eq!(
        serde_json::to_string(&short).expect("encodes"),
        r#"{"seq":5,"at":6,"event":{"type":"objects_cleared"}}"#
    );
}

#[test]
fn evt1_the_tag_may_stand_anywhere() {
    let orders = [
        r#"{"type":"object_renamed","name":"a","new_name":"b"}"#,
        r#"{"name":"a","type":"object_renamed","new_name":"b"}"#,
        r#"{"name":"a","new_name":"b","type":"object_renamed"}"#,
    ];
    for json in orders {
        let event: Event = serde_json::from_str(json).expect("decodes");
        assert_eq!(serde_json::to_string(&event).expect("encodes"), orders[0]);
        let packed = rmp_serde::to_vec(&serde_json::from_str::<serde_json::Value>(json).expect("JSON"));
        let event: Event = rmp_serde::from_slice(&packed.expect("encodes")).expect("decodes");
        assert_eq!(serde_json::to_string(&event).expect("encodes"), orders[0]);
    }
    for wrong in
        [r#"{"name":"a","new_name":"b"}"#, r#"{"type":"object_renamed","name":"a"}"#, r#"{"type":7}"#, "[]"]
    {
        assert!(serde_json::from_str::<Event>(wrong).is_err(), "{wrong}");
    }
    for tag in Event::TYPES.iter().filter(|tag| **tag != "session_renamed") {
        let json = format!(r#"{{"type":"{tag}"}}"#);
        let is_bare = tag.ends_with("cleared") || tag.ends_with("stopped");
        assert_eq!(
            serde_json::from_str::<Event>(&json).is_ok(),
            is_bare,
            "{tag} has a content that is missing"
        );
    }
}

#[test]
fn evt1_what_a_later_version_adds_is_passed_over() {
    let newer = json!({"seq": 1, "at": 2, "weather": "fine", "event": {
        "type": "object_updated", "name": "a", "why": 1, "patch": {"x": 1, "mass": 3},
    }});
    let record: EventRecord = serde_json::from_value(newer).expect("decodes");
    assert!(matches!(record.event, Event::ObjectUpdated { .. }));
    for bare in ["objects_cleared", "camera_orbit_stopped"] {
        let newer = json!({"seq": 1, "at": 2, "event": {"type": bare, "why": {"a": [1]}, "how": 2}, "weather": "fine"});
        let packed = rmp_serde::to_vec_named(&newer).expect("encodes");
        // The tag first, as it is written, and last but one.
        let first = format!(
            r#"{{"seq":1,"at":2,"event":{{"type":"{bare}","why":{{"a":[1]}},"how":2}},"weather":"fine"}}"#
        );
        let read: [EventRecord; 3] = [
            serde_json::from_str(&first).expect("decodes"),
            serde_json::from_str(&newer.to_string()).expect("decodes"),
            rmp_serde::from_slice(&packed).expect("decodes"),
        ];
        assert!(read.iter().all(|record| json!(record.event) == json!({"type": bare})), "{read:?}");
    }
    let unknown = json!({"type": "object_melted", "name": "a"});
    assert!(
        serde_json::from_value::<Event>(unknown).is_err(),
        "an event that is not known cannot be applied"
    );
}
