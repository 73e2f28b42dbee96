//! About how much memory an event takes.

use vws_core::model::{PropertyKey, Scalar};
use vws_core::{Event, EventRecord};

/// About how many bytes a record holds, without its encodings.
pub(crate) fn weight(record: &EventRecord) -> usize {
    const FIXED: usize = 512;
    let texts = match &record.event {
        Event::ObjectCreated { object } => {
            let properties = object.properties.iter();
            let properties = properties.map(|(key, value)| entry_weight(key, Some(value))).sum::<usize>();
            object.name.as_str().len() + object.text.as_str().len() + properties
        }
        Event::ObjectUpdated { name, patch } => {
            let text = patch.text.as_ref().map_or(0, |text| text.as_str().len());
            let properties = patch.properties.iter();
            let properties = properties.map(|(key, value)| entry_weight(key, value.as_ref())).sum::<usize>();
            name.as_str().len() + text + properties
        }
        Event::ObjectRenamed { name, new_name } => name.as_str().len() + new_name.as_str().len(),
        Event::ObjectDeleted { name } => name.as_str().len(),
        Event::ObjectsCleared
        | Event::WorldInitialized { .. }
        | Event::WorldUpdated { .. }
        | Event::CameraMoved { .. }
        | Event::CameraOrbitStarted { .. }
        | Event::CameraOrbitStopped
        | Event::SessionRenamed { .. } => 0,
    };
    FIXED + texts
}

/// About how many bytes a property holds.
fn entry_weight(key: &PropertyKey, value: Option<&Scalar>) -> usize {
    const FIXED: usize = 64;
    let text = match value {
        Some(Scalar::String(text)) => text.len(),
        Some(Scalar::Bool(_) | Scalar::Number(_)) | None => 0,
    };
    FIXED + key.as_str().len() + text
}
