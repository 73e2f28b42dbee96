//! Events and commands as people say them.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use vws_core::command::Command;
use vws_core::event::{Event, ObjectChange};

/// What happened, in a few words.
#[must_use]
pub fn event(event: &Event) -> String {
    match event {
        Event::ObjectCreated { object } => format!("added {} ({})", object.name, object.kind),
        Event::ObjectUpdated { name, patch } => format!("{} {name}", updated(patch)),
        Event::ObjectRenamed { name, new_name } => format!("renamed {name} to {new_name}"),
        Event::ObjectDeleted { name } => format!("deleted {name}"),
        Event::ObjectsCleared => "deleted all objects".to_owned(),
        Event::WorldInitialized { .. } => "set the world anew".to_owned(),
        Event::WorldUpdated { patch } => format!("changed the world: {}", fields(patch)),
        Event::CameraMoved { .. } => "moved the shared camera".to_owned(),
        Event::CameraOrbitStarted { .. } => "started the camera's orbit".to_owned(),
        Event::CameraOrbitStopped => "stopped the camera's orbit".to_owned(),
        Event::SessionRenamed { name: Some(name) } => format!("named the session {name}"),
        Event::SessionRenamed { name: None } => "took the session's name away".to_owned(),
    }
}

/// The verb of a change: its own where only one thing changed.
fn updated(patch: &ObjectChange) -> String {
    let changed = flat(patch);
    let only =
        |keys: &[&str]| changed.keys().all(|key| keys.contains(&key.split('/').next().unwrap_or_default()));
    if let (Some(visible), 1) = (patch.visible, changed.len()) {
        return if visible { "showed" } else { "hid" }.to_owned();
    }
    let verb = [
        ("moved", &["x", "y", "z"][..]),
        ("turned", &["rotation"]),
        ("scaled", &["scale"]),
        ("recoloured", &["color"]),
        ("transformed", &["x", "y", "z", "rotation", "scale"]),
    ];
    match verb.into_iter().find(|(_, keys)| only(keys)) {
        Some((verb, _)) => verb.to_owned(),
        None => format!("changed {} of", fields(patch)),
    }
}

/// The fields that a patch names, the first few by name.
fn fields(patch: &impl Serialize) -> String {
    const NAMED: usize = 3;
    let changed = flat(patch);
    let mut names: Vec<&str> = changed.keys().map(|key| field(key)).collect();
    names.dedup();
    let more = names.len().saturating_sub(NAMED);
    let mut text = names[..names.len() - more].join(", ");
    if more > 0 {
        text.push_str(&format!(" and {more} more"));
    }
    text
}

/// What people call a field: `rotation/x` → `rotation x`.
fn field(key: &str) -> &str {
    key.split_once('/').map_or(key, |(group, rest)| if group == "properties" { rest } else { group })
}

/// Keys that are not content.
const NOT_CONTENT: [&str; 4] = ["name", "version", "created_at", "updated_at"];

/// A value's fields by their paths: `{"rotation":{"x":1}}` → `rotation/x = 1`.
#[must_use]
pub fn flat(value: &impl Serialize) -> BTreeMap<String, Value> {
    let mut flat = BTreeMap::new();
    // Values of the model have no keys that JSON cannot have.
    if let Ok(Value::Object(map)) = serde_json::to_value(value) {
        for (key, value) in map {
            match value {
                Value::Object(inner) => {
                    flat.extend(inner.into_iter().map(|(inner, value)| (format!("{key}/{inner}"), value)));
                }
                value if !NOT_CONTENT.contains(&key.as_str()) => drop(flat.insert(key, value)),
                _ => {}
            }
        }
    }
    flat
}

/// One field, before and after.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Which field, as people read it.
    pub field: String,
    /// What it was, where that is known.
    pub from: Option<String>,
    /// What it became.
    pub to: String,
}

/// What differs of two sets of fields: those of `after`, with what `before` has of them.
#[must_use]
pub fn changes(before: &BTreeMap<String, Value>, after: &BTreeMap<String, Value>) -> Vec<Change> {
    let changed = after.iter().filter(|(key, value)| before.get(*key) != Some(value));
    changed
        .map(|(key, value)| Change {
            field: key.strip_prefix("properties/").unwrap_or(key).replace('/', " "),
            from: before.get(key).map(shown),
            to: shown(value),
        })
        .collect()
}

/// A value as people read it.
fn shown(value: &Value) -> String {
    const LONGEST: usize = 40;
    let text = match value {
        Value::Null => "nothing".to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) if text.is_empty() => "empty".to_owned(),
        Value::String(text) => text.clone(),
        Value::Number(number) => number.as_f64().map_or_else(|| number.to_string(), round),
        other => other.to_string(),
    };
    if text.chars().count() <= LONGEST {
        return text;
    }
    text.chars().take(LONGEST - 1).chain(['…']).collect()
}

/// A number with as many digits as a person needs.
fn round(number: f64) -> String {
    ((number * 1e4).round() / 1e4).to_string()
}

/// What a command would do, and to which object.
#[must_use]
pub fn command(command: &Command) -> String {
    match command {
        Command::CreateObject { object } => {
            let [x, y, z] = [object.x, object.y, object.z].map(round);
            format!("add {} ({}) at {x}, {y}, {z}", object.name, object.kind)
        }
        Command::UpdateObject { name, .. } => format!("change {name}"),
        Command::RenameObject { name, new_name } => format!("rename {name} to {new_name}"),
        Command::DeleteObject { name } => format!("delete {name}"),
        Command::ClearObjects => "delete all objects".to_owned(),
        Command::InitializeWorld { .. } => "set the world anew".to_owned(),
        Command::UpdateWorld { .. } => "change the world".to_owned(),
        Command::MoveCamera { .. } => "move the shared camera".to_owned(),
        Command::StartOrbit { .. } => "start the camera's orbit".to_owned(),
        Command::StopOrbit => "stop the camera's orbit".to_owned(),
        Command::RenameSession { name: Some(name) } => format!("name the session {name}"),
        Command::RenameSession { name: None } => "take the session's name away".to_owned(),
        Command::ExpectObject { name, .. } => format!("expect {name} unchanged"),
        Command::ExpectWorld { .. } => "expect the world unchanged".to_owned(),
        Command::Batch { commands } => format!("do {} changes at once", commands.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn said(json: &str) -> String {
        event(&serde_json::from_str(json).expect("a valid event"))
    }

    #[test]
    fn web51_events_are_told_as_people_say_them() {
        let update =
            |patch: &str| said(&format!(r#"{{"type":"object_updated","name":"a","patch":{patch}}}"#));
        assert_eq!(update(r#"{"x":1,"z":2}"#), "moved a");
        assert_eq!(update(r#"{"rotation":{"y":90}}"#), "turned a");
        assert_eq!(update(r##"{"color":"#ff0000"}"##), "recoloured a");
        assert_eq!(update(r#"{"x":1,"scale":{"x":2}}"#), "transformed a");
        assert_eq!(update(r#"{"visible":false}"#), "hid a");
        assert_eq!(update(r#"{"text":"hi","opacity":0.5}"#), "changed opacity, text of a");
        assert_eq!(update(r#"{"properties":{"price":3}}"#), "changed price of a");
        assert_eq!(said(r#"{"type":"object_renamed","name":"a","new_name":"b"}"#), "renamed a to b");
        assert_eq!(said(r#"{"type":"session_renamed","name":null}"#), "took the session's name away");
        assert_eq!(said(r#"{"type":"world_updated","patch":{"size":3}}"#), "changed the world: size");
    }

    #[test]
    fn web53_changes_tell_from_and_to() {
        let of = |json: &str| flat(&serde_json::from_str::<Value>(json).expect("JSON"));
        let before =
            of(r#"{"name":"a","x":1,"rotation":{"x":0.30000000000000004,"y":0},"text":"","version":3}"#);
        let after =
            of(r#"{"name":"a","x":5,"rotation":{"x":0.30000000000000004,"y":90},"properties":{"k":true}}"#);
        let told: Vec<_> = changes(&before, &after)
            .into_iter()
            .map(|c| format!("{}: {} → {}", c.field, c.from.unwrap_or_else(|| "?".to_owned()), c.to))
            .collect();
        assert_eq!(told, ["k: ? → yes", "rotation y: 0 → 90", "x: 1 → 5"]);
    }
}
