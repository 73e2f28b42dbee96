//! Commands into events, or into a refusal.

use std::sync::Arc;

use super::check;
use super::{Overlay, State, apply};
use crate::command::{Command, ObjectDraft, ObjectPatch};
use crate::error::{Error, LimitError, ObjectError, Rejection, RequestError, SessionError, quoted};
use crate::event::Event;
use crate::limits::ModelLimits;
use crate::model::{DisplayName, Millis, Object, ObjectName, Seq};

/// What a decision depends on beside state and command.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The time of the decision; the events carry it.
    pub at: Millis,
    /// The bounds in force.
    pub limits: &'a ModelLimits,
    /// The version that the client has seen of what the command is about: the object's for a
    /// command about one object, the world's for one about world or camera, the session's seq for
    /// any other. A mismatch refuses the command. `None` asks for no check.
    pub expect_version: Option<Seq>,
}

/// The events that `command` leads to in `state`, or why it is refused. Pure: it reads its arguments
/// and nothing else, changes nothing and never panics. No events means that all is already as the
/// command wishes. Every event that it yields applies, in order, to `state`.
///
/// # Errors
/// Every rule that the command breaks, each with a JSON pointer from the root of the command.
pub fn decide<S: State>(
    state: &S,
    command: &Command,
    context: &Context<'_>,
) -> Result<Vec<Event>, Rejection> {
    match command {
        Command::Batch { commands } => decide_batch(state, commands, context),
        _ => Ok(decide_one(state, command, context)?.into_iter().collect()),
    }
}

/// All of the commands, each against the state that those before it leave, or none.
fn decide_batch<S: State>(
    state: &S,
    commands: &[Command],
    context: &Context<'_>,
) -> Result<Vec<Event>, Rejection> {
    let max = context.limits.commands_per_batch as usize;
    if commands.len() > max {
        return Err(Rejection::at("/commands", LimitError::TooManyCommands { count: commands.len(), max }));
    }
    expect(|| "the session".to_owned(), state.seq(), context)?;
    let each = Context { expect_version: None, ..*context };
    let mut ahead = Overlay::new(state);
    let mut events = Vec::with_capacity(commands.len());
    for (index, command) in commands.iter().enumerate() {
        let event = decide_one(&ahead, command, &each).map_err(|r| r.under(&format!("/commands/{index}")))?;
        if let Some(event) = event {
            let seq = ahead.seq() + 1;
            apply(&mut ahead, &event, seq, context.at);
            events.push(event);
        }
    }
    Ok(events)
}

/// The event that a command leads to which is no batch: what [`decide`] yields of it, without a list around it.
///
/// # Errors
/// As for [`decide`]; `nested_batch` for a batch.
pub fn decide_one<S: State>(
    state: &S,
    command: &Command,
    context: &Context<'_>,
) -> Result<Option<Event>, Rejection> {
    let expect_world = || expect(|| "the world".to_owned(), state.world().version, context);
    let expect_session = || expect(|| "the session".to_owned(), state.seq(), context);
    match command {
        Command::CreateObject { object } => create_object(state, object, context).map(Some),
        Command::UpdateObject { name, patch } => update_object(state, name, patch, context),
        Command::RenameObject { name, new_name } => rename_object(state, name, new_name, context),
        Command::DeleteObject { name } => {
            let object = existing(state, name, context)?;
            Ok(Some(Event::ObjectDeleted { name: object.name.clone() }))
        }
        Command::ClearObjects => {
            expect_session()?;
            Ok((state.object_count() > 0).then_some(Event::ObjectsCleared))
        }
        Command::InitializeWorld { world } => {
            let world = check::new_world(world, "/world", state.seq() + 1)?;
            expect_world()?;
            Ok(Some(Event::WorldInitialized { world: Box::new(world) }))
        }
        Command::UpdateWorld { patch } => {
            let patch = check::world_change(patch, "/patch", state.world())?;
            expect_world()?;
            Ok(patch.map(|patch| Event::WorldUpdated { patch: Box::new(patch) }))
        }
        Command::MoveCamera { camera } => {
            let change = check::camera_change(camera, "/camera", state.world())?;
            expect_world()?;
            // Asking for the pose that the camera has still ends an orbit.
            let still = state.world().orbit.is_some().then(Default::default);
            Ok(change.or(still).map(|camera| Event::CameraMoved { camera: Box::new(camera) }))
        }
        Command::StartOrbit { orbit } => {
            let orbit = check::new_orbit(orbit, "/orbit", context.at)?;
            expect_world()?;
            Ok(Some(Event::CameraOrbitStarted { orbit }))
        }
        Command::StopOrbit => {
            expect_world()?;
            Ok(state.world().orbit.map(|_| Event::CameraOrbitStopped))
        }
        Command::RenameSession { name } => {
            let name = name.as_deref().map(|n| DisplayName::new("name", n)).transpose();
            let name = name.map_err(|e| Rejection::at("/name", e))?;
            expect_session()?;
            Ok((state.name() != name.as_ref()).then_some(Event::SessionRenamed { name }))
        }
        Command::ExpectObject { name, version } => expect_object(state, name, *version, context),
        Command::ExpectWorld { version } => {
            expect_world()?;
            required("the world", state.world().version, *version)?;
            Ok(None)
        }
        Command::Batch { .. } => Err(RequestError::NestedBatch.into()),
    }
}

fn create_object<S: State>(
    state: &S,
    draft: &ObjectDraft,
    context: &Context<'_>,
) -> Result<Event, Rejection> {
    let object = check::new_object(draft, "/object", state.seq() + 1, context.at)?;
    if state.object(object.name.as_str()).is_some() {
        return Err(Rejection::at("/object/name", ObjectError::Exists { name: draft.name.clone() }));
    }
    expect(|| "the session".to_owned(), state.seq(), context)?;
    let (count, max) = (state.object_count() as u64 + 1, u64::from(context.limits.objects_per_session));
    if count > max {
        return Err(LimitError::TooManyObjects { count, max }.into());
    }
    Ok(Event::ObjectCreated { object: Arc::new(object) })
}

fn update_object<S: State>(
    state: &S,
    name: &str,
    patch: &ObjectPatch,
    context: &Context<'_>,
) -> Result<Option<Event>, Rejection> {
    let object = existing(state, name, context)?;
    let patch = check::object_change(patch, "/patch", object)?;
    Ok(patch.map(|patch| Event::ObjectUpdated { name: object.name.clone(), patch: Box::new(patch) }))
}

fn rename_object<S: State>(
    state: &S,
    name: &str,
    new_name: &str,
    context: &Context<'_>,
) -> Result<Option<Event>, Rejection> {
    let object = existing(state, name, context)?;
    let new_name = ObjectName::new("new_name", new_name).map_err(|e| Rejection::at("/new_name", e))?;
    if new_name == object.name {
        return Ok(None);
    }
    if state.object(new_name.as_str()).is_some() {
        let taken = ObjectError::Exists { name: new_name.as_str().to_owned() };
        return Err(Rejection::at("/new_name", taken));
    }
    Ok(Some(Event::ObjectRenamed { name: object.name.clone(), new_name }))
}

/// No event, or a refusal unless the object has that version; none is for an object that is not there.
fn expect_object<S: State>(
    state: &S,
    name: &str,
    version: Option<Seq>,
    context: &Context<'_>,
) -> Result<Option<Event>, Rejection> {
    if let Some(version) = version {
        let object = existing(state, name, context)?;
        required(&format!("object {}", quoted(name)), object.version, version)?;
    } else {
        ObjectName::new("name", name).map_err(|e| Rejection::at("/name", e))?;
        if state.object(name).is_some() {
            return Err(Rejection::at("/name", ObjectError::Exists { name: name.to_owned() }));
        }
    }
    Ok(None)
}

fn required(target: &str, actual: Seq, expected: Seq) -> Result<(), Rejection> {
    if expected == actual {
        return Ok(());
    }
    let changed = SessionError::VersionMismatch { target: target.to_owned(), expected, actual };
    Err(Rejection::at("/version", changed))
}

/// The object of that name, at the version that the client expects.
fn existing<'s, S: State>(state: &'s S, name: &str, context: &Context<'_>) -> Result<&'s Object, Rejection> {
    let Some(object) = state.object(name) else {
        // A name that no object can have is told as such.
        let error = ObjectName::new("name", name)
            .map_or_else(|invalid| invalid, |_| ObjectError::NotFound { name: name.to_owned() });
        return Err(Rejection::at("/name", error));
    };
    expect(|| format!("object {}", quoted(name)), object.version, context)?;
    Ok(object)
}

/// Refuses when the client has not seen the version that is there.
fn expect(target: impl FnOnce() -> String, actual: Seq, context: &Context<'_>) -> Result<(), Error> {
    match context.expect_version {
        Some(expected) if expected != actual => {
            Err(SessionError::VersionMismatch { target: target(), expected, actual }.into())
        }
        _ => Ok(()),
    }
}
