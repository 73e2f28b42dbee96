//! What a log says: whose each batch is, and what there was after each event.

use std::collections::{BTreeMap, HashMap};

use vws_core::model::Scalar;
use vws_core::reduce::State;
use vws_core::session::Digest;
use vws_core::{Event, EventRecord, Seq, Session};

use crate::record::{MARK, fingerprint_of};

/// Where a wish is in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Batch {
    /// Its last event.
    pub(super) last: Seq,
    /// How many it has.
    pub(super) events: u32,
    /// Whose it is, by the log.
    pub(super) client: Option<String>,
    /// The number that its client gave it.
    pub(super) command: Option<u64>,
}

/// The log, read.
#[derive(Debug)]
pub(super) struct Facts {
    folded: Session,
    base: Seq,
    /// The digest after each event, that of the base first.
    digests: Vec<Digest>,
    marks: HashMap<String, Vec<Batch>>,
    /// What there was of each name since when.
    objects: HashMap<String, BTreeMap<Seq, Option<u64>>>,
    /// The marks of the batch that is being read, and how many events it has so far.
    begun: (Vec<String>, u32),
    unmarked: Vec<Seq>,
}

impl Facts {
    pub(super) fn new(base: &Session) -> Self {
        let seq = base.seq();
        let seen = |object: &std::sync::Arc<vws_core::Object>| {
            (object.name.as_str().to_owned(), BTreeMap::from([(seq, Some(fingerprint_of(object)))]))
        };
        Self {
            base: seq,
            digests: vec![base.digest()],
            marks: HashMap::new(),
            objects: base.objects().map(seen).collect(),
            begun: (Vec::new(), 0),
            unmarked: Vec::new(),
            folded: base.clone(),
        }
    }

    /// Takes the next event in.
    pub(super) fn add(&mut self, record: &EventRecord) {
        let names = self.names(&record.event);
        self.folded.apply(record).expect("the caller has looked at its seq");
        self.digests.push(self.folded.digest());
        for name in names {
            let now = self.folded.object(&name).map(|object| fingerprint_of(object));
            self.objects.entry(name).or_default().insert(record.seq, now);
        }
        self.begun.0.extend(mark(&record.event).map(str::to_owned));
        self.begun.1 += 1;
        if record.more > 0 {
            return;
        }
        let (mut marks, events) = std::mem::take(&mut self.begun);
        marks.dedup();
        if marks.is_empty() {
            self.unmarked.push(record.seq);
        }
        let client = record.by.as_ref().map(|by| by.client_id.as_str().to_owned());
        let command = record.by.as_ref().map(|by| by.command_id);
        for mark in marks {
            let batch = Batch { last: record.seq, events, client: client.clone(), command };
            self.marks.entry(mark).or_default().push(batch);
        }
    }

    /// The objects that an event is about, before it is applied.
    fn names(&self, event: &Event) -> Vec<String> {
        let text = |name: &vws_core::ObjectName| name.as_str().to_owned();
        match event {
            Event::ObjectCreated { object } => vec![text(&object.name)],
            Event::ObjectUpdated { name, .. } | Event::ObjectDeleted { name } => vec![text(name)],
            Event::ObjectRenamed { name, new_name } => vec![text(name), text(new_name)],
            Event::ObjectsCleared => self.folded.objects().map(|object| text(&object.name)).collect(),
            Event::WorldInitialized { .. }
            | Event::WorldUpdated { .. }
            | Event::CameraMoved { .. }
            | Event::CameraOrbitStarted { .. }
            | Event::CameraOrbitStopped
            | Event::SessionRenamed { .. } => Vec::new(),
        }
    }

    /// Where a wish is.
    pub(super) fn places(&self, mark: &str) -> &[Batch] {
        self.marks.get(mark).map_or(&[], Vec::as_slice)
    }

    pub(super) fn marks(&self) -> impl Iterator<Item = (&str, &[Batch])> {
        self.marks.iter().map(|(mark, places)| (mark.as_str(), places.as_slice()))
    }

    /// The last events of batches without a mark.
    pub(super) fn unmarked(&self) -> &[Seq] {
        &self.unmarked
    }

    /// The state that all of it leads to.
    pub(super) const fn folded(&self) -> &Session {
        &self.folded
    }

    /// The digest right after an event.
    pub(super) fn digest(&self, seq: Seq) -> Option<Digest> {
        self.digests.get(usize::try_from(seq.checked_sub(self.base)?).ok()?).copied()
    }

    /// When the object of that name was as it was seen: the first event after which it was, and the last. The
    /// earliest such time that does not end before `floor`; none when it never was so since.
    pub(super) fn when(&self, name: &str, seen: Option<u64>, floor: Seq) -> Option<(Seq, Seq)> {
        let end = self.folded.seq();
        let Some(states) = self.objects.get(name) else {
            return seen.is_none().then_some((self.base, end));
        };
        let first = states.first_key_value().map_or(end, |(seq, _)| *seq);
        let before = (seen.is_none() && first > self.base && floor < first).then(|| (self.base, first - 1));
        before.or_else(|| {
            let from = states.range(..=floor).next_back().map_or(floor, |(seq, _)| *seq);
            let mut later = states.range(from..).peekable();
            while let Some((begin, state)) = later.next() {
                let last = later.peek().map_or(end, |(next, _)| **next - 1);
                if *state == seen && last >= floor {
                    return Some((*begin, last));
                }
            }
            None
        })
    }
}

/// The mark of an event's wish.
fn mark(event: &Event) -> Option<&str> {
    match event {
        Event::ObjectCreated { object } => {
            let found = object.properties.iter().find(|(key, _)| key.as_str() == MARK);
            found.and_then(|(_, value)| as_text(value))
        }
        Event::ObjectUpdated { patch, .. } => {
            let found = patch.properties.iter().find(|(key, _)| key.as_str() == MARK);
            found.and_then(|(_, value)| value.as_ref().and_then(as_text))
        }
        _ => None,
    }
}

fn as_text(value: &Scalar) -> Option<&str> {
    match value {
        Scalar::String(text) => Some(text),
        _ => None,
    }
}
