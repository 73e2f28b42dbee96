//! What one person can take back, and do again.

use std::collections::{BTreeMap, VecDeque};

use super::restate::earlier_wins;
use crate::command::Command;
use crate::event::{Event, EventRecord};
use crate::limits::{UNDO_COMMANDS, UNDO_STEPS};
use crate::model::{ObjectName, Seq};
use crate::reduce::State;
use crate::session::Session;

/// Which way to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Take the last step back.
    Undo,
    /// Do again what was taken back last.
    Redo,
}

/// What a submitted command is to the stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A change that can be taken back. Those that follow one another with the same gesture are one step.
    Change {
        /// Such as one drag of the mouse.
        gesture: Option<u64>,
    },
    /// What ends a gesture by putting everything back: there is no step of the gesture then.
    Cancel {
        /// Which.
        gesture: u64,
    },
    /// The command of [`UndoStack::next`].
    Back(Way),
}

/// The steps of one client that it can take back and do again, for as long as nobody else has changed what
/// they changed.
///
/// Whoever submits commands and receives events tells it of both; it yields the commands that take steps
/// back, which are submitted like any other. Each begins with what must still hold (`expect_object`,
/// `expect_world`), so the server and the client itself refuse it where somebody else has been there in the
/// meantime. Taking a step back does not count as that: older steps then wait for the version that it made.
///
/// At most [`UNDO_STEPS`] steps of [`UNDO_COMMANDS`] commands in all are kept; the oldest go first.
#[derive(Debug, Default)]
pub struct UndoStack {
    undo: VecDeque<Step>,
    redo: VecDeque<Step>,
    /// Commands without a verdict, by id.
    open: BTreeMap<u64, Open>,
}

#[derive(Debug)]
struct Open {
    purpose: Purpose,
    /// What is taken back, when it is that.
    of: Option<Step>,
    step: Step,
    events: u32,
}

/// What one or more commands of one client did.
#[derive(Debug, Default)]
struct Step {
    gesture: Option<u64>,
    /// What takes it back, the last first.
    back: Vec<Command>,
    /// The versions of what it changed: before it, where it was there, and after it, where it is there.
    objects: BTreeMap<ObjectName, Versions>,
    world: Option<Versions>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Versions {
    before: Option<Seq>,
    after: Option<Seq>,
}

impl UndoStack {
    /// Whether there is a step that way.
    #[must_use]
    pub fn has(&self, way: Way) -> bool {
        !self.stack(way).is_empty()
    }

    /// Whether commands wait for their verdict. What [`next`](Self::next) yields meanwhile does not know them.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        !self.open.is_empty()
    }

    /// The command that goes one step that way.
    #[must_use]
    pub fn next(&self, way: Way) -> Option<Command> {
        self.stack(way).back().map(Step::command)
    }

    /// Forgets the next step that way: it was refused.
    pub fn give_up(&mut self, way: Way) {
        self.stack_mut(way).pop_back();
    }

    /// The command `id` was submitted.
    pub fn submitted(&mut self, id: u64, purpose: Purpose) {
        let (of, gesture) = match purpose {
            Purpose::Change { gesture } => {
                // What was taken back belongs to a past that has now gone another way.
                self.redo.clear();
                (None, gesture)
            }
            Purpose::Cancel { gesture } => (None, Some(gesture)),
            Purpose::Back(way) => (self.stack_mut(way).pop_back(), None),
        };
        let step = Step { gesture, ..Step::default() };
        self.open.insert(id, Open { purpose, of, step, events: 0 });
    }

    /// An event of the command `id` comes, and is about to be applied to `before`.
    pub fn record(&mut self, id: u64, before: &Session, record: &EventRecord) {
        if let Some(open) = self.open.get_mut(&id) {
            open.events += 1;
            open.step.add(before, record);
        }
    }

    /// The command `id` took effect, with so many events. Where some of them were never seen, the step cannot
    /// be taken back. Answers the way of a step that there was nothing to do for, as of a drag that was given
    /// up: it is forgotten, and a person who went that way means the one before.
    pub fn done(&mut self, id: u64, events: u32) -> Option<Way> {
        let Open { purpose, of, step, events: seen } = self.open.remove(&id)?;
        match purpose {
            Purpose::Cancel { gesture } => self.forget(gesture, step),
            Purpose::Change { .. } | Purpose::Back(_) if seen != events => {}
            Purpose::Change { .. } if seen == 0 => {}
            Purpose::Back(way) if seen == 0 => {
                let of = of?;
                // All is as it was before `of`, under the versions that it left. Nothing of the world is in it: its
                // changes are taken back one by one, each by an event.
                let left = Step { objects: of.objects.clone(), ..Step::default() };
                self.follow(&of, &left);
                return Some(way);
            }
            Purpose::Change { gesture } => match self.undo.back_mut() {
                Some(last) if gesture.is_some() && last.gesture == gesture => last.go_on(step),
                _ => self.undo.push_back(step),
            },
            Purpose::Back(way) => {
                if let Some(of) = of {
                    self.follow(&of, &step);
                }
                match way {
                    Way::Undo => self.redo.push_back(step),
                    Way::Redo => self.undo.push_back(step),
                }
            }
        }
        self.keep_bounds();
        None
    }

    /// The command `id` was refused, or nobody knows what became of it.
    pub fn refused(&mut self, id: u64) {
        self.open.remove(&id);
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    fn stack(&self, way: Way) -> &VecDeque<Step> {
        match way {
            Way::Undo => &self.undo,
            Way::Redo => &self.redo,
        }
    }

    fn stack_mut(&mut self, way: Way) -> &mut VecDeque<Step> {
        match way {
            Way::Undo => &mut self.undo,
            Way::Redo => &mut self.redo,
        }
    }

    /// Forgets the step of a gesture of which `last` has put everything back. Earlier steps count on what they
    /// left, which is there again under later versions.
    fn forget(&mut self, gesture: u64, last: Step) {
        if self.undo.back().is_none_or(|step| step.gesture != Some(gesture)) {
            return;
        }
        if let Some(mut step) = self.undo.pop_back() {
            step.go_on(last);
            self.follow(&step, &step);
        }
    }

    /// `step` has brought back what was there before `of`: whoever waits for the versions of that time now
    /// waits for those of `step`.
    fn follow(&mut self, of: &Step, step: &Step) {
        for other in self.undo.iter_mut().chain(&mut self.redo) {
            for (name, versions) in &mut other.objects {
                let old = of.objects.get(name).and_then(|v| v.before);
                if let (Some(new), Some(old)) = (step.objects.get(name).and_then(|v| v.after), old)
                    && versions.after == Some(old)
                {
                    versions.after = Some(new);
                }
            }
            if let (Some(versions), Some(old), Some(new)) = (&mut other.world, of.world, step.world)
                && versions.after == old.before
            {
                versions.after = new.after;
            }
        }
    }

    fn keep_bounds(&mut self) {
        let mut room = UNDO_COMMANDS;
        for stack in [&mut self.undo, &mut self.redo] {
            let fitting = stack.iter().rev().take(UNDO_STEPS).take_while(|step| {
                let fits = step.back.len() <= room;
                room = room.saturating_sub(step.back.len());
                fits
            });
            let fitting = fitting.count();
            stack.drain(..stack.len() - fitting);
        }
    }
}

impl Step {
    fn command(&self) -> Command {
        let objects = self.objects.iter().filter_map(|(name, versions)| {
            let version = Some(versions.after?);
            Some(Command::ExpectObject { name: name.as_str().to_owned(), version })
        });
        let world = self.world.and_then(|v| v.after).map(|version| Command::ExpectWorld { version });
        Command::Batch { commands: objects.chain(world).chain(self.back.iter().rev().cloned()).collect() }
    }

    fn add(&mut self, before: &Session, record: &EventRecord) {
        let version_of = |name: &ObjectName| before.object(name.as_str()).map(|object| object.version);
        let mut touch = |name: &ObjectName, after: Option<Seq>| {
            let before = version_of(name);
            self.objects.entry(name.clone()).or_insert(Versions { before, after: None }).after = after;
        };
        match &record.event {
            Event::ObjectCreated { object } => touch(&object.name, Some(record.seq)),
            Event::ObjectUpdated { name, .. } => touch(name, Some(record.seq)),
            Event::ObjectRenamed { name, new_name } => {
                touch(name, None);
                touch(new_name, Some(record.seq));
            }
            Event::ObjectDeleted { name } => touch(name, None),
            Event::ObjectsCleared => before.objects().for_each(|object| touch(&object.name, None)),
            Event::WorldInitialized { .. }
            | Event::WorldUpdated { .. }
            | Event::CameraMoved { .. }
            | Event::CameraOrbitStarted { .. }
            | Event::CameraOrbitStopped => {
                let before = Some(before.world().version);
                self.world.get_or_insert(Versions { before, after: None }).after = Some(record.seq);
            }
            Event::SessionRenamed { .. } => {}
        }
        // Of one event's commands the first comes first; the step's are kept the other way round.
        for command in record.event.inverse(before).into_iter().rev() {
            self.push(command);
        }
    }

    /// Adds what takes back one more thing. Of updates of one object, as a drag makes many, one is enough.
    fn push(&mut self, command: Command) {
        if let (
            Some(Command::UpdateObject { name, patch }),
            Command::UpdateObject { name: same, patch: later },
        ) = (self.last_about(&command), &command)
            && name == same
        {
            earlier_wins(patch, later);
            return;
        }
        self.back.push(command);
    }

    /// The last command about the object that `command` updates: one that updates it too, or one that takes its name away
    /// from it. Between what makes an object anew, or gives its name back, and an update of that name there is always one
    /// that takes it away.
    fn last_about(&mut self, command: &Command) -> Option<&mut Command> {
        let Command::UpdateObject { name: wanted, .. } = command else { return None };
        self.back.iter_mut().rev().find(|command| match command {
            Command::UpdateObject { name, .. }
            | Command::DeleteObject { name }
            | Command::RenameObject { name, .. } => name == wanted,
            _ => false,
        })
    }

    /// Goes on with what came after it in the same gesture.
    fn go_on(&mut self, later: Self) {
        for command in later.back {
            self.push(command);
        }
        for (name, versions) in later.objects {
            self.objects.entry(name).or_insert(versions).after = versions.after;
        }
        if let Some(versions) = later.world {
            self.world.get_or_insert(versions).after = versions.after;
        }
    }
}
