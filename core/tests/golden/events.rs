use serde_json::{Value, json};
use vws_core::Event;
use vws_core::event::LobbyEvent;

use super::goldens;

pub(crate) const ID: &str = "0190b5a0-0000-7000-8000-000000000001";

/// An object that has everything.
pub(crate) fn object() -> Value {
    json!({
        "name": "立方体 1", "type": "my robot", "x": 0.1, "y": -12, "z": 11.999_999_999_999_998,
        "rotation": {"x": 0, "y": 45.5, "z": -36000}, "scale": {"x": 1, "y": 0.001, "z": 1000},
        "color": "#0a1b2c", "opacity": 0.25, "visible": false, "text": "Grüße\n\"世界\"",
        "properties": {
            "bool": true, "float": 5.0, "int": 5, "large": u64::MAX, "negative": i64::MIN,
            "small": 5e-324, "text": "\u{1}é",
        },
        "version": 7, "created_at": 1_700_000_000_000_u64, "updated_at": 1_700_000_000_123_u64,
    })
}

pub(crate) fn world() -> Value {
    json!({
        "size": 40, "transparency": 0.75, "camera_x": 1, "camera_y": -2.5, "camera_z": 100,
        "camera_target": {"x": 0.5, "y": 0, "z": -100}, "camera_fov": 45,
        "orbit": {"radius": 9.5, "speed": -3, "elevation": 10, "started_at": 1_700_000_000_000_u64},
        "version": 3,
    })
}

#[test]
fn evt1_law9_every_event_travels_as_its_golden_file_says() {
    goldens!("event", Event {
        ObjectCreated => [("object_created", json!({"type": "object_created", "object": object()}))],
        ObjectUpdated => [
            ("object_updated.all", json!({"type": "object_updated", "name": "a", "patch": {
                "type": "cone", "x": 1, "y": 2, "z": 3, "rotation": {"x": 1, "y": 2, "z": 3},
                "scale": {"x": 1, "y": 2, "z": 3}, "color": "#ffffff", "opacity": 1, "visible": true,
                "text": "", "properties": {"gone": null, "set": "v"},
            }})),
            ("object_updated.one", json!({"type": "object_updated", "name": "a", "patch": {"rotation": {"y": 90}}})),
        ],
        ObjectRenamed => [("object_renamed", json!({"type": "object_renamed", "name": "a", "new_name": "b"}))],
        ObjectDeleted => [("object_deleted", json!({"type": "object_deleted", "name": "é"}))],
        ObjectsCleared => [("objects_cleared", json!({"type": "objects_cleared"}))],
        WorldInitialized => [("world_initialized", json!({"type": "world_initialized", "world": world()}))],
        WorldUpdated => [
            ("world_updated.all", json!({"type": "world_updated", "patch": {
                "size": 1, "transparency": 0, "camera_x": 1, "camera_y": 2, "camera_z": 3,
                "camera_target": {"x": 1, "y": 2, "z": 3}, "camera_fov": 120,
            }})),
            ("world_updated.one", json!({"type": "world_updated", "patch": {"camera_target": {"z": 5}}})),
        ],
        CameraMoved => [
            ("camera_moved.all", json!({"type": "camera_moved", "camera": {
                "x": 1, "y": 2, "z": 3, "target": {"x": 1, "y": 2, "z": 3}, "fov": 10,
            }})),
            ("camera_moved.none", json!({"type": "camera_moved", "camera": {}})),
        ],
        CameraOrbitStarted => [("camera_orbit_started", json!({
            "type": "camera_orbit_started", "orbit": world()["orbit"],
        }))],
        CameraOrbitStopped => [("camera_orbit_stopped", json!({"type": "camera_orbit_stopped"}))],
        SessionRenamed => [
            ("session_renamed.name", json!({"type": "session_renamed", "name": "Küche"})),
            ("session_renamed.none", json!({"type": "session_renamed", "name": null})),
        ],
    });
}

#[test]
fn evt1_every_event_of_the_lobby_travels_as_its_golden_file_says() {
    goldens!("lobby", LobbyEvent {
        SessionCreated => [
            ("session_created", json!({
                "type": "session_created", "session_id": ID, "name": "Küche", "created_at": 1_700_000_000_000_u64,
                "epoch": 7,
            })),
            ("session_created.fork", json!({
                "type": "session_created", "session_id": ID, "name": null, "created_at": 1_700_000_000_000_u64,
                "epoch": 7, "origin": {"session_id": ID, "epoch": 6, "seq": 5}, "object_count": 3,
            })),
        ],
        SessionRenamed => [
            ("session_renamed", json!({"type": "session_renamed", "session_id": ID, "name": null})),
        ],
        SessionDeleted => [("session_deleted", json!({"type": "session_deleted", "session_id": ID}))],
    });
}
