//! Events and commands in a few words.

use serde_json::{Value, json};
use vws_core::{Command, Event, EventRecord};
use vws_server::units::rfc3339;

use super::print::clean;

/// An event at its place, as one line.
pub(crate) fn record(record: &EventRecord) -> String {
    let EventRecord { seq, at, by, subject, more: _, event } = record;
    let client = by.as_ref().map(|by| format!("{}:{}", by.client_id, by.command_id));
    let by = match (subject, client) {
        (None, None) => "-".to_owned(),
        (None, Some(client)) => client,
        (Some(subject), None) => subject.to_string(),
        (Some(subject), Some(client)) => format!("{subject} {client}"),
    };
    clean(&format!("{}  #{seq}  {by}  {}", rfc3339(*at), self::event(event)))
}

fn event(event: &Event) -> String {
    match event {
        Event::ObjectCreated { object } => {
            let (x, y, z) = (object.x, object.y, object.z);
            format!("created {} ({} at {x}, {y}, {z})", object.name.as_str(), object.kind.as_str())
        }
        Event::ObjectUpdated { name, patch } => {
            format!("updated {}: {}", name.as_str(), fields(&json!(patch)))
        }
        Event::ObjectRenamed { name, new_name } => {
            format!("renamed {} to {}", name.as_str(), new_name.as_str())
        }
        Event::ObjectDeleted { name } => format!("deleted {}", name.as_str()),
        Event::ObjectsCleared => "deleted all objects".to_owned(),
        Event::WorldInitialized { world } => format!("set the world: {}", fields(&json!(world))),
        Event::WorldUpdated { patch } => format!("updated the world: {}", fields(&json!(patch))),
        Event::CameraMoved { camera } => format!("moved the camera: {}", fields(&json!(camera))),
        Event::CameraOrbitStarted { orbit } => format!("started an orbit: {}", fields(&json!(orbit))),
        Event::CameraOrbitStopped => "stopped the orbit".to_owned(),
        Event::SessionRenamed { name: Some(name) } => format!("named the session {}", name.as_str()),
        Event::SessionRenamed { name: None } => "took the session's name away".to_owned(),
    }
}

/// A command of a difference, as one line: `+` for what is new, `-` for what goes, `~` for what changes.
pub(crate) fn command(command: &Command) -> String {
    clean(&match command {
        Command::CreateObject { object } => {
            format!("+ {} ({} at {}, {}, {})", object.name, object.kind, object.x, object.y, object.z)
        }
        Command::DeleteObject { name } => format!("- {name}"),
        Command::UpdateObject { name, patch } => format!("~ {name}: {}", fields(&json!(patch))),
        Command::RenameObject { name, new_name } => format!("~ {name}: name = {new_name}"),
        Command::InitializeWorld { world } => format!("~ the world: {}", fields(&json!(world))),
        Command::UpdateWorld { patch } => format!("~ the world: {}", fields(&json!(patch))),
        Command::MoveCamera { camera } => format!("~ the camera: {}", fields(&json!(camera))),
        Command::StartOrbit { orbit } => format!("+ an orbit: {}", fields(&json!(orbit))),
        Command::StopOrbit => "- the orbit".to_owned(),
        Command::RenameSession { name: Some(name) } => format!("~ the session: name = {name}"),
        Command::RenameSession { name: None } => "~ the session: no name".to_owned(),
        Command::ClearObjects => "- all objects".to_owned(),
        other @ (Command::ExpectObject { .. } | Command::ExpectWorld { .. } | Command::Batch { .. }) => {
            json!(other).to_string()
        }
    })
}

/// `x = 1, rotation.y = 45`.
fn fields(value: &Value) -> String {
    let mut found = Vec::new();
    gather(value, "", &mut found);
    if found.is_empty() { "nothing".to_owned() } else { found.join(", ") }
}

fn gather(value: &Value, path: &str, into: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                gather(value, &path, into);
            }
        }
        // Which event it was is in the line already.
        Value::Number(_) if path == "version" => {}
        other => into.push(format!("{path} = {other}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vws_core::wire::parse_json;

    #[test]
    fn cli9_events_are_told_in_a_line() {
        let told = |event: Value| {
            let by = json!({"client_id": "me", "command_id": 3});
            let value = json!({"seq": 7, "at": 0, "by": by, "event": event});
            record(&serde_json::from_value(value).expect("an event"))
        };
        let line = |words: &str| format!("1970-01-01T00:00:00.000Z  #7  me:3  {words}");
        assert_eq!(
            told(json!({"type": "object_updated", "name": "a", "patch": {"x": 1.5, "rotation": {"y": 45}}})),
            line("updated a: rotation.y = 45.0, x = 1.5")
        );
        assert_eq!(told(json!({"type": "object_deleted", "name": "é"})), line("deleted é"));
        assert_eq!(
            told(json!({"type": "session_renamed", "name": null})),
            line("took the session's name away")
        );
    }

    #[test]
    fn cli11_differences_are_told_in_lines() {
        let told = |value: Value| command(&parse_json(value.to_string().as_bytes()).expect("a command"));
        let object = json!({"name": "a", "type": "cube", "x": 1, "y": 2.5, "z": 3});
        assert_eq!(told(json!({"type": "create_object", "object": object})), "+ a (cube at 1, 2.5, 3)");
        assert_eq!(told(json!({"type": "delete_object", "name": "a\u{1b}"})), "- a\\u{1b}");
        assert_eq!(
            told(json!({"type": "update_object", "name": "a", "patch": {"properties": {"k": null}}})),
            "~ a: properties.k = null"
        );
    }
}
