use serde_json::json;
use vws_core::Command;

use super::goldens;

#[test]
fn evt1_law9_every_command_travels_as_its_golden_file_says() {
    goldens!("command", Command {
        CreateObject => [
            ("create_object.least", json!({"type": "create_object", "object": {
                "name": "cube1", "type": "cube", "x": 0, "y": 0, "z": 0,
            }})),
            ("create_object.all", json!({"type": "create_object", "object": {
                "name": "立方体", "type": "robot", "x": 0.1, "y": -12, "z": 12, "rotation": {"y": 90},
                "scale": {"x": 1, "z": 3}, "color": "#AABBCC", "opacity": 0.5, "visible": false, "text": "Hallo\n",
                "properties": {"bool": false, "float": 5.0, "int": 5, "text": "x"},
            }})),
            ("create_object.one_scale", json!({"type": "create_object", "object": {
                "name": "a", "type": "cube", "x": 0, "y": 0, "z": 0, "scale": 2.5,
            }})),
        ],
        UpdateObject => [
            ("update_object.one", json!({"type": "update_object", "name": "a", "patch": {"x": 5}})),
            ("update_object.all", json!({"type": "update_object", "name": "a", "patch": {
                "type": "cone", "x": 1, "y": 2, "z": 3, "rotation": {"x": 1}, "scale": 2, "color": "#000000",
                "opacity": 0, "visible": true, "text": "", "properties": {"gone": null, "set": 1},
            }})),
            ("update_object.defaults", json!({"type": "update_object", "name": "a", "patch": {
                "rotation": null, "scale": null, "color": null, "opacity": null, "visible": null, "text": null,
                "properties": null,
            }})),
        ],
        RenameObject => [("rename_object", json!({"type": "rename_object", "name": "a", "new_name": "b"}))],
        DeleteObject => [("delete_object", json!({"type": "delete_object", "name": "a"}))],
        ClearObjects => [("clear_objects", json!({"type": "clear_objects"}))],
        InitializeWorld => [
            ("initialize_world.defaults", json!({"type": "initialize_world", "world": {}})),
            ("initialize_world.all", json!({"type": "initialize_world", "world": {
                "size": 25, "transparency": 0.2, "camera_x": 15, "camera_y": 15, "camera_z": 15,
                "camera_target": {"x": 1, "y": 2, "z": 3}, "camera_fov": 60,
            }})),
        ],
        UpdateWorld => [
            ("update_world", json!({"type": "update_world", "patch": {
                "size": 30, "transparency": null, "camera_x": 1, "camera_y": null, "camera_z": 3,
                "camera_target": {"y": 1}, "camera_fov": null,
            }})),
        ],
        MoveCamera => [
            ("move_camera", json!({"type": "move_camera", "camera": {
                "x": 1, "y": 2, "z": 3, "target": {"x": 0}, "fov": 60,
            }})),
        ],
        StartOrbit => [
            ("start_orbit.defaults", json!({"type": "start_orbit"})),
            ("start_orbit.all", json!({"type": "start_orbit", "orbit": {
                "radius": 9, "speed": -3.5, "elevation": 10,
            }})),
        ],
        StopOrbit => [("stop_orbit", json!({"type": "stop_orbit"}))],
        RenameSession => [
            ("rename_session.name", json!({"type": "rename_session", "name": "Küche"})),
            ("rename_session.none", json!({"type": "rename_session", "name": null})),
        ],
        ExpectObject => [
            ("expect_object.version", json!({"type": "expect_object", "name": "a", "version": 7})),
            ("expect_object.absent", json!({"type": "expect_object", "name": "a", "version": null})),
        ],
        ExpectWorld => [("expect_world", json!({"type": "expect_world", "version": 0}))],
        Batch => [
            ("batch.none", json!({"type": "batch", "commands": []})),
            ("batch.some", json!({"type": "batch", "commands": [
                {"type": "delete_object", "name": "a"}, {"type": "clear_objects"},
            ]})),
        ],
    });
}
