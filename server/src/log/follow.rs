//! What a log tells of a session without folding its content.

use vws_core::{Event, EventRecord, SessionInfo};

/// Keeps what lists tell of a session in step with its events, without its content.
pub(super) fn follow(info: &mut SessionInfo, record: &EventRecord) {
    if record.seq <= info.seq {
        return;
    }
    info.seq = record.seq;
    match &record.event {
        Event::ObjectCreated { .. } => info.object_count = info.object_count.saturating_add(1),
        Event::ObjectDeleted { .. } => info.object_count = info.object_count.saturating_sub(1),
        Event::ObjectsCleared => info.object_count = 0,
        Event::SessionRenamed { name } => info.name.clone_from(name),
        Event::ObjectUpdated { .. }
        | Event::ObjectRenamed { .. }
        | Event::WorldInitialized { .. }
        | Event::WorldUpdated { .. }
        | Event::CameraMoved { .. }
        | Event::CameraOrbitStarted { .. }
        | Event::CameraOrbitStopped => {}
    }
}
