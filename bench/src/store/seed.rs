//! The design that VWS began from: one lock over a map of sessions, each a map of objects. It does the same work as
//! the store: the same rules, an event with a seq for each change, kept in order, and those who follow woken. Without
//! the lock around all of it the order of events would not be that of the changes.
//!
//! It has no digest, no receipts, no metrics and no log that may refuse.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::RwLock;
use tokio::sync::watch;
use uuid::Uuid;
use vws_core::limits::ModelLimits;
use vws_core::model::{DisplayName, Object, ObjectName, World};
use vws_core::reduce::{State, StateMut};
use vws_core::{Command, Context, EventRecord, Seq, apply, decide};

use super::work::{Contender, Hand, Work, create, name};

/// Sessions by their id, as text: the design has no type for it.
#[derive(Default)]
pub(super) struct Seed(Arc<RwLock<HashMap<String, Room>>>);

#[derive(Default)]
struct Room {
    objects: HashMap<ObjectName, Arc<Object>>,
    world: World,
    name: Option<DisplayName>,
    seq: Seq,
    events: Vec<Arc<EventRecord>>,
    head: watch::Sender<Seq>,
}

impl State for Room {
    fn seq(&self) -> Seq {
        self.seq
    }

    fn object(&self, name: &str) -> Option<&Arc<Object>> {
        self.objects.get(name)
    }

    fn object_count(&self) -> usize {
        self.objects.len()
    }

    fn world(&self) -> &World {
        &self.world
    }

    fn name(&self) -> Option<&DisplayName> {
        self.name.as_ref()
    }
}

impl StateMut for Room {
    fn set_seq(&mut self, seq: Seq) {
        self.seq = seq;
    }

    fn put_object(&mut self, object: Arc<Object>) {
        self.objects.insert(object.name.clone(), object);
    }

    fn change_object(&mut self, name: &ObjectName, change: impl FnOnce(&mut Object)) {
        if let Some(object) = self.objects.get_mut(name) {
            change(Arc::make_mut(object));
        }
    }

    fn take_object(&mut self, name: &ObjectName) -> Option<Arc<Object>> {
        self.objects.remove(name)
    }

    fn clear_objects(&mut self) {
        self.objects.clear();
    }

    fn change_world(&mut self, change: impl FnOnce(&mut World)) {
        change(&mut self.world);
    }

    fn set_name(&mut self, name: Option<DisplayName>) {
        self.name = name;
    }
}

impl Room {
    fn execute(&mut self, command: &Command) {
        let limits = ModelLimits::default();
        let at = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let at = at.map_or(0, |since| since.as_millis() as u64);
        let context = Context { at, limits: &limits, expect_version: None };
        let events = decide(self, command, &context).expect("the command obeys the rules");
        for event in events {
            let seq = self.seq + 1;
            apply(self, &event, seq, at);
            self.events.push(Arc::new(EventRecord { seq, at, by: None, subject: None, more: 0, event }));
        }
        self.head.send_replace(self.seq);
    }
}

impl Contender for Seed {
    fn hands(&self, work: Work, threads: usize) -> Vec<Box<dyn Hand>> {
        let sessions = if work == Work::Hot { 1 } else { threads };
        let names: Vec<String> = (0..work.objects() as u64).map(name).collect();
        let ids: Vec<String> = (0..sessions)
            .map(|_| {
                let mut room = Room::default();
                names.iter().for_each(|name| room.execute(&create(name)));
                let id = Uuid::now_v7().to_string();
                self.0.write().insert(id.clone(), room);
                id
            })
            .collect();
        let part = |hand: usize| {
            let (rooms, session) = (Arc::clone(&self.0), ids[hand % sessions].clone());
            Box::new(Part { rooms, session, names: names.clone(), work, hand }) as Box<dyn Hand>
        };
        (0..threads).map(part).collect()
    }
}

struct Part {
    rooms: Arc<RwLock<HashMap<String, Room>>>,
    session: String,
    names: Vec<String>,
    work: Work,
    hand: usize,
}

impl Hand for Part {
    fn go(&self, commands: u64) {
        for n in 0..commands {
            if self.work == Work::Get {
                let name = &self.names[n as usize % self.names.len()];
                let rooms = self.rooms.read();
                std::hint::black_box(rooms.get(&self.session).and_then(|room| room.object(name).cloned()));
                continue;
            }
            let command = self.work.command(&self.names, self.hand, n);
            let mut rooms = self.rooms.write();
            rooms.get_mut(&self.session).expect("the session is there").execute(&command);
        }
    }
}
