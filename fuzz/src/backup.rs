//! Files that are said to be backups.
//!
//! Input: a byte that chooses the form, then a file as it comes, an archive as it comes, or entries by their numbers. What
//! is made of those has sums that fit, which no input can guess, and is damaged afterwards as the input says.

use std::cell::Cell;
use std::collections::{BTreeMap, HashSet};
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use tokio::runtime::Runtime;
use vws_core::reduce::State;
use vws_core::wire::canonical_json;
use vws_core::{EventRecord, Seq, Session, SessionId};
use vws_server::assets::{AssetId, Kind};
use vws_server::auth::{Entry as Noted, Revocation};
use vws_server::backup::fuzzing::{self, Entry};
use vws_server::backup::{self, Epochs, Keep, KeepError, Manifest, Model, ReadError, Sheet};
use vws_server::log::disk::{DiskLog, Level, Options, doctor};
use vws_server::log::{Checkpoint, EventLog};

use crate::input::Input;
use crate::memory;
use crate::promises;

/// What is made of an input has at most so many entries.
const ENTRIES: usize = 24;
/// Bytes of an archive that are looked at: small ones unfold to many.
const MOST: u64 = 1 << 20;
/// What decoders and readers have for themselves: a vector of a decoder is made for a number of items that it was
/// told, up to a megabyte each.
const FIXED: usize = 8 << 20;
/// The contents of models, and how the last one begins that nobody has.
const MODELS: [&[u8]; 3] = [br#"{"asset":{"version":"2.0"}}"#, b"glTF\x02\0\0\0", b""];
/// What is also made a data directory of: that takes threads and files, so it is done seldom.
const RESTORED: u8 = 0xe0;

/// Does it all.
///
/// # Panics
/// Where a promise is broken.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    match input.byte() % 8 {
        0 => {
            let _ = judge(input.rest(), usize::MAX);
        }
        1 => {
            let _ = judge(&fuzzing::frame(input.rest()), usize::MAX);
        }
        _ => made(input),
    }
}

/// What was proved of a backup, and its manifest.
type Judged = Result<(Proved, Manifest), ReadError>;

/// Reads it, as a whole and in pieces.
fn judge(file: &[u8], at_once: usize) -> Judged {
    let unfolded = fuzzing::content(file, MOST).map_or(0, |content| content.len());
    // A few bytes unfold to any number of the same ones: what those cost is no matter of so small an input.
    if unfolded as u64 >= MOST {
        return Err(ReadError::NotABackup { path: Path::new("backup").to_owned() });
    }
    memory::bounded(file.len() + unfolded, FIXED, 128, || {
        let mut proved = Proved::default();
        let told = Cell::new(0);
        let source = Pieces { rest: file, at_once };
        let read = fuzzing::read(source, &mut proved, |at| {
            assert!(at >= told.get() && at <= file.len() as u64, "OPS7: {at} of {}", file.len());
            told.set(at);
        });
        let manifest = read.inspect_err(|error| refused(error, file.len()))?;
        proved.whole(&manifest);
        Ok((proved, manifest))
    })
}

/// What holds of what is wrong with a file of `bytes` bytes.
fn refused(error: &ReadError, bytes: usize) {
    let text = error.to_string();
    assert!(
        !text.is_empty() && text.len() <= 16 * 1024 + 8 * bytes,
        "OPS7: {} bytes for {bytes}",
        text.len()
    );
    if let ReadError::Damaged { damage, .. } = error {
        let (backup::Damage::CutShort { at, .. } | backup::Damage::Wrong { at, .. }) = damage;
        assert!(*at <= bytes as u64, "OPS7: at {at} of {bytes}");
    }
}

/// A reader that gives at most so many bytes at once.
struct Pieces<'a> {
    rest: &'a [u8],
    at_once: usize,
}

impl Read for Pieces<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let most = into.len().min(self.at_once.max(1));
        self.rest.read(&mut into[..most])
    }
}

/// What a reader has proved, checked as it comes.
#[derive(Default)]
struct Proved {
    open: Option<Open>,
    /// Each session that is whole: its state, and its models.
    sessions: BTreeMap<SessionId, (Vec<u8>, Vec<Model>)>,
    gone: HashSet<SessionId>,
    models: HashSet<(AssetId, Kind)>,
    events: u64,
    access: usize,
}

struct Open {
    id: SessionId,
    from: Seq,
    session: Session,
    newest: Option<Checkpoint>,
}

impl Proved {
    fn whole(&self, manifest: &Manifest) {
        assert!(self.open.is_none(), "OPS7: the last session has no end");
        let found = (self.sessions.len() as u64, self.events, self.models.len() as u64);
        assert_eq!(found, (manifest.sessions, manifest.events, manifest.models), "OPS7");
    }
}

impl PartialEq for Proved {
    fn eq(&self, other: &Self) -> bool {
        (&self.sessions, &self.models, self.events) == (&other.sessions, &other.models, other.events)
    }
}

impl Keep for Proved {
    fn begin(&mut self, base: &Checkpoint, newest: Option<&Checkpoint>) -> Result<(), KeepError> {
        assert!(self.open.is_none(), "OPS7: two sessions at once");
        let session = base.snapshot.clone().restore().expect("a begin has its digest");
        promises::state(&session);
        let (id, from) = (session.id(), session.seq());
        assert!(!self.sessions.contains_key(&id) && !self.gone.contains(&id), "LAW6: {id} is there twice");
        if let Some(newest) = newest {
            assert_eq!(newest.snapshot.session.session_id, id, "LAW6");
        }
        self.open = Some(Open { id, from, session, newest: newest.cloned() });
        Ok(())
    }

    fn events(
        &mut self,
        session: SessionId,
        after: Seq,
        events: &[Arc<EventRecord>],
    ) -> Result<(), KeepError> {
        let open = self.open.as_mut().expect("a session has begun");
        assert_eq!((open.id, open.session.seq()), (session, after), "LAW6");
        for event in events {
            open.session.apply(event).expect("each follows");
            if let Some(newest) = open.newest.take_if(|newest| newest.snapshot.session.seq == event.seq) {
                assert_eq!(newest.snapshot.digest, open.session.digest(), "LAW1");
            }
        }
        Ok(())
    }

    fn end(&mut self, sheet: &Sheet) -> Result<(), KeepError> {
        let Open { id, from, session, newest } = self.open.take().expect("a session has begun");
        assert!(newest.is_none(), "OPS2: a state that no event leads to");
        let told = (sheet.session.session_id, sheet.from, sheet.session.seq, sheet.digest);
        assert_eq!(told, (id, from, session.seq(), session.digest()), "OPS7");
        for Model { id, extension } in &sheet.assets {
            let kind = Kind::ALL.into_iter().find(|kind| kind.extension() == extension).expect("a kind");
            assert!(self.models.contains(&(id.parse().expect("an id"), kind)), "OPS5: {id}");
        }
        self.events += session.seq() - from;
        let state = promises::state(&session);
        self.sessions.insert(id, (state, sheet.assets.clone()));
        Ok(())
    }

    fn leave_out(&mut self, session: SessionId) -> Result<(), KeepError> {
        let open = self.open.take().expect("a session has begun");
        assert_eq!(open.id, session, "LAW6");
        self.gone.insert(session);
        Ok(())
    }

    fn model(&mut self, id: AssetId, kind: Kind, content: &mut dyn Read) -> Result<(), KeepError> {
        let mut bytes = Vec::new();
        if content.read_to_end(&mut bytes).is_ok() {
            let (_, named) = fuzzing::model(&bytes);
            if named.id == id.to_string() {
                self.models.insert((id, kind));
            }
        }
        Ok(())
    }

    fn access(&mut self, _: &[Revocation], _: &[Noted]) -> Result<(), KeepError> {
        assert!(self.open.is_none(), "OPS7: a session has no end");
        self.access += 1;
        assert_eq!(self.access, 1, "OPS7: who came is there twice");
        Ok(())
    }
}

/// Two sessions with the same past.
struct Sample {
    /// The state after each event, the first one before all.
    states: Vec<Session>,
    events: Vec<Arc<EventRecord>>,
}

impl Sample {
    fn of(which: u8) -> Self {
        thread_local!(static EVENTS: Vec<Arc<EventRecord>> = promises::history());
        let id = format!("0190b5a0-0000-7000-8000-00000000000{}", which % 2 + 1);
        let mut session = promises::before(id.parse().expect("an id"));
        let events = EVENTS.with(Clone::clone);
        let mut states = vec![session.clone()];
        for event in &events {
            session.apply(event).expect("follows");
            states.push(session.clone());
        }
        Self { states, events }
    }

    fn at(&self, input: &mut Input<'_>) -> usize {
        usize::from(input.byte()) % self.states.len()
    }

    fn id(&self) -> SessionId {
        self.states[0].id()
    }

    /// All of it, as a server writes it.
    fn whole(&self, models: &[usize]) -> Vec<Entry> {
        let last = self.states.last().expect("there is the first");
        let (mut entries, mut named) = (Vec::new(), Vec::new());
        for model in models {
            let (entry, model) = fuzzing::model(MODELS[*model]);
            entries.push(entry);
            named.push(model);
        }
        let begin = [fuzzing::base(&self.states[0]), fuzzing::checkpoint(last)];
        let events = fuzzing::events(self.id(), &self.events);
        begin.into_iter().chain([events]).chain(entries).chain([fuzzing::sheet(last, 0, named)]).collect()
    }
}

/// A backup of the entries that the input says, then damaged: what is read of it is proved, and what is read of it
/// after that is what was read before, or nothing.
fn made(mut input: Input<'_>) {
    let flags = input.byte();
    let at_once = usize::from(input.byte()).max(1);
    let mut entries = vec![fuzzing::head()];
    for _ in 0..ENTRIES {
        if input.is_empty() || entries.len() >= ENTRIES {
            break;
        }
        let step = input.byte();
        if step & 0x0f == 0x0f {
            break;
        }
        some(step, &mut input, &mut entries);
    }
    let file = fuzzing::archive(&entries, |mut manifest| {
        manifest.events += u64::from(flags & 7 == 1);
        manifest.sessions += u64::from(flags & 7 == 2);
        (flags & 7 != 3).then_some(manifest)
    });
    let whole = judge(&file, at_once);
    if flags & RESTORED == RESTORED {
        restored(&file, &whole);
    }
    if input.is_empty() {
        return;
    }
    let mut damaged = file.clone();
    for _ in 0..=input.byte() % 3 {
        let place = usize::from(input.short()) % damaged.len();
        damaged[place] ^= input.byte();
    }
    if input.byte() & 1 == 1 {
        damaged.truncate(usize::from(input.short()));
    }
    match (whole, judge(&damaged, usize::MAX)) {
        // Bits that mean nothing may change; what is in it may not.
        (Ok(whole), Ok(damaged)) => assert!(whole == damaged, "OPS7: damage makes another backup"),
        (Err(_), Ok(_)) => panic!("OPS7: damage makes a backup"),
        // Where nothing was changed, it was read in other pieces.
        (Ok(_), Err(_)) => assert_ne!(damaged, file, "FUZZ6: it depends on where the bytes are cut"),
        (Err(_), Err(_)) => {}
    }
}

/// The next entries of an input.
fn some(step: u8, input: &mut Input<'_>, entries: &mut Vec<Entry>) {
    let sample = Sample::of(step >> 4);
    let entry = match step & 0x0f {
        0 => fuzzing::base(&sample.states[sample.at(input)]),
        1 => fuzzing::checkpoint(&sample.states[sample.at(input)]),
        2 => {
            let (from, to) = (sample.at(input), sample.at(input));
            fuzzing::events(sample.id(), &sample.events[from.min(to)..from.max(to)])
        }
        3 => {
            let (at, from) = (sample.at(input), sample.at(input));
            let which = input.byte();
            let models = (0..4).filter(|bit| which >> bit & 1 == 1).map(|bit| {
                let (_, mut model) = fuzzing::model(MODELS[bit % MODELS.len()]);
                if which & 0x80 != 0 {
                    model.extension = String::from_utf8_lossy(input.take(5)).into_owned();
                }
                model
            });
            let models = models.collect();
            fuzzing::sheet(&sample.states[at], from as Seq, models)
        }
        4 => fuzzing::left_out(sample.id()),
        5 => fuzzing::model(MODELS[usize::from(input.byte()) % MODELS.len()]).0,
        6 => ("revoked".to_owned(), text(input)),
        7 => ("audit.jsonl".to_owned(), text(input)),
        8 => fuzzing::head(),
        9 => (String::from_utf8_lossy(&text(input)).into_owned(), text(input)),
        10 => {
            // One that was there, with other content.
            let Some((path, mut content)) = entries.last().cloned() else { return };
            let place = usize::from(input.short());
            if let Some(byte) = content.get_mut(place) {
                *byte ^= input.byte();
            }
            entries.pop();
            (path, content)
        }
        11 => {
            let which = input.byte();
            let models: Vec<usize> = (0..MODELS.len()).filter(|bit| which >> bit & 1 == 1).collect();
            return entries.extend(sample.whole(&models));
        }
        12 => {
            entries.push(("revoked".to_owned(), b"gone-1 1900000000000\n".to_vec()));
            ("audit.jsonl".to_owned(), b"{\"seq\":1,\"at\":3,\"what\":\"login\"}\n".to_vec())
        }
        // The state as the input has it, at the path of one.
        13 => (fuzzing::base(&sample.states[0]).0, text(input)),
        _ => (fuzzing::events(sample.id(), &sample.events).0, text(input)),
    };
    entries.push(entry);
}

fn text(input: &mut Input<'_>) -> Vec<u8> {
    let length = usize::from(input.byte());
    input.take(length).to_vec()
}

/// What was proved is restored as it is, and nothing else is restored.
fn restored(file: &[u8], judged: &Judged) {
    thread_local!(static RUNTIME: Runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("the system gives a runtime"));
    let folder = tempfile::Builder::new().tempdir_in(crate::log::place()).expect("a folder");
    let (path, data) = (folder.path().join("backup"), folder.path().join("data"));
    std::fs::write(&path, file).expect("is written");
    RUNTIME.with(|runtime| {
        let done = backup::restore(&path, &data, Epochs::Kept, runtime.handle(), |_| ());
        let Ok((proved, manifest)) = judged else {
            assert!(done.is_err() && !data.exists(), "OPS7: something is restored that was not proved");
            return;
        };
        assert_eq!(done.as_ref().expect("what was proved is restored"), manifest, "OPS2");
        assert!(doctor::examine(&data, |_, _| {}).expect("can be looked at").is_sound(), "OPS2");
        runtime.block_on(async {
            let log = DiskLog::open(&data, Options::new(Level::Buffered)).expect("opens");
            let listed = log.list().await.expect("a log lists what it has");
            assert_eq!(listed.len(), proved.sessions.len(), "OPS2");
            for (id, (state, _)) in &proved.sessions {
                let newest = log.checkpoint_at(*id, u64::MAX).await.expect("is there");
                let mut session = newest.snapshot.restore().expect("has its digest");
                for event in log.read(*id, session.seq(), 1_000).await.expect("is there") {
                    session.apply(&event).expect("follows");
                }
                assert_eq!(canonical_json(&session.snapshot()), *state, "OPS2: {id}");
            }
            log.close().await.expect("ends");
        });
    });
}

/// The inputs to begin with.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let whole = [&Sample::of(0).whole(&[0, 1])[..], &Sample::of(1).whole(&[])].concat();
    let entries = [&[fuzzing::head()][..], &whole].concat();
    let file = fuzzing::archive(&entries, Some);
    let content = fuzzing::content(&file, MOST).expect("was written");
    let last = u8::try_from(Sample::of(0).events.len()).expect("few");
    let flagged = |steps: &[u8]| [&[2, 0, 9][..], steps].concat();
    let opened = |steps: &[u8]| [&[2, RESTORED, 200][..], steps].concat();
    let by_steps = [0x00, 0, 0x01, last, 0x02, 0, 3, 0x02, 3, last, 0x05, 0, 0x03, last, 0, 1];
    let moved = [0x10, 2, 0x12, 2, last, 0x04];
    vec![
        [&[0][..], &file].concat(),
        [&[1][..], &content].concat(),
        flagged(&[0x0b, 3, 0x1b, 0, 0x0c]),
        opened(&[0x0b, 7, 0x1b, 0, 0x0c]),
        flagged(&by_steps),
        opened(&by_steps),
        opened(&[&by_steps[..], &moved, &[0x0c]].concat()),
        flagged(&[0x0b, 0, 0x0f, 1, 40, 1, 8, 90, 1, 1, 0]),
        flagged(&[0x04, 0x0c, 0x06, 3, b'a', b' ', b'1']),
        flagged(&[0x0b, 0, 0x0a, 9, 0, 1]),
    ]
}
