//! What is asked of a store.

use vws_core::Command;
use vws_core::command::{Change, ObjectDraft, ObjectPatch};

/// Objects of a session whose objects are changed or read.
pub(super) const OBJECTS: usize = 1_000;

/// One kind of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Work {
    /// Each thread changes the objects of a session of its own, one after the other.
    Update,
    /// Each thread adds objects to a session of its own.
    Create,
    /// Each thread reads the objects of a session of its own.
    Get,
    /// All threads change the objects of one session.
    Hot,
    /// All threads make sessions.
    Sessions,
}

impl Work {
    /// Those that are compared.
    pub(super) const ALL: [Self; 4] = [Self::Update, Self::Create, Self::Get, Self::Hot];

    /// The one of that name, as a profiler's command line has it.
    pub(super) fn of(name: &str) -> Option<Self> {
        Some(match name {
            "update" => Self::Update,
            "create" => Self::Create,
            "get" => Self::Get,
            "hot" => Self::Hot,
            "sessions" => Self::Sessions,
            _ => return None,
        })
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Update => "update, a session each",
            Self::Create => "create, a session each",
            Self::Get => "get, a session each",
            Self::Hot => "update, all in one session",
            Self::Sessions => "sessions",
        }
    }

    /// How many times the seed's design.
    pub(super) const fn goal(self) -> f64 {
        match self {
            Self::Update => 4.0,
            Self::Create | Self::Hot => 3.0,
            Self::Get => 2.0,
            Self::Sessions => 0.0,
        }
    }

    /// Objects that a session has before the work begins.
    pub(super) const fn objects(self) -> usize {
        match self {
            Self::Update | Self::Get | Self::Hot => OBJECTS,
            Self::Create | Self::Sessions => 0,
        }
    }

    /// The `n`-th command of one hand, of `names` that are there.
    pub(super) fn command(self, names: &[String], hand: usize, n: u64) -> Command {
        match self {
            Self::Create => create(&name(n)),
            Self::Update | Self::Hot | Self::Get | Self::Sessions => update(names, hand, n),
        }
    }
}

/// A store, with the sessions of a run.
pub(super) trait Contender {
    /// Who does the work, one for each thread.
    fn hands(&self, work: Work, threads: usize) -> Vec<Box<dyn Hand>>;
}

/// One thread's part.
pub(super) trait Hand: Send + Sync {
    /// Does `commands` of them.
    fn go(&self, commands: u64);
}

pub(super) fn name(n: u64) -> String {
    format!("object-{n:06}")
}

/// Typical: a colour and a place of its own, the defaults for the rest.
pub(super) fn create(name: &str) -> Command {
    let object = ObjectDraft {
        name: name.to_owned(),
        kind: "cube".to_owned(),
        x: 1.5,
        y: -3.25,
        z: 7.0,
        color: Some("#ff8800".to_owned()),
        ..ObjectDraft::default()
    };
    Command::CreateObject { object }
}

/// Never one that changes nothing: the places that two hands give an object are never the same.
pub(super) fn update(names: &[String], hand: usize, n: u64) -> Command {
    let count = names.len() as u64;
    let (object, round) = (n % count, n / count);
    let x = Change::Set((round % 200) as f64 / 10.0 - 10.0 + hand as f64 / 100.0);
    let name = names[usize::try_from(object).unwrap_or(0)].clone();
    Command::UpdateObject { name, patch: ObjectPatch { x, ..ObjectPatch::default() } }
}
