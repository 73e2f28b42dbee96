//! What leads from one state to another.

use super::restate::{object_patch, world_patch};
use crate::command::{Command, ObjectDraft, ObjectPatch, OrbitDraft, WorldPatch};
use crate::model::{Object, Orbit};
use crate::reduce::State;
use crate::session::Session;

/// The commands that give `from` the content of `to`: its name, world and objects. None where they are
/// alike already.
///
/// Objects are told apart by their names. Versions and times are not content, and neither is the moment
/// at which an orbit began: what is created or changed gets those of the change. In this order no command
/// meets a name or a bound that a later one clears, so that the commands may go out in batches.
#[must_use]
pub fn diff(from: &Session, to: &Session) -> Vec<Command> {
    let gone = from.objects().filter(|object| to.object(object.name.as_str()).is_none());
    let gone = gone.map(|object| Command::DeleteObject { name: object.name.as_str().to_owned() });
    let mut commands: Vec<_> = gone.collect();
    commands.extend(to.objects().filter_map(|object| match from.object(object.name.as_str()) {
        Some(now) => updated(now, object),
        None => Some(Command::CreateObject { object: ObjectDraft::from(&**object) }),
    }));
    commands.extend(world(from, to));
    if from.name() != to.name() {
        commands.push(Command::RenameSession { name: to.name().map(|name| name.as_str().to_owned()) });
    }
    commands
}

fn updated(from: &Object, to: &Object) -> Option<Command> {
    let patch = object_patch(from, to);
    let name = to.name.as_str().to_owned();
    (patch != ObjectPatch::default()).then_some(Command::UpdateObject { name, patch })
}

fn world(from: &Session, to: &Session) -> Vec<Command> {
    let (from, to) = (from.world(), to.world());
    let mut commands = Vec::new();
    let patch = world_patch(from, to);
    if patch != WorldPatch::default() {
        commands.push(Command::UpdateWorld { patch });
    }
    let like = |orbit: &Orbit| (orbit.radius, orbit.speed, orbit.elevation);
    match (&from.orbit, &to.orbit) {
        (Some(_), None) => commands.push(Command::StopOrbit),
        (now, Some(orbit)) if now.as_ref().map(like) != Some(like(orbit)) => {
            commands.push(Command::StartOrbit { orbit: OrbitDraft::from(orbit) });
        }
        _ => {}
    }
    commands
}
