//! Files of a data directory: payloads, frames, and the directory as a whole.
//!
//! Input: a byte that chooses what is read, then its bytes. Sums, which no input can guess, are made to fit; what
//! is damaged afterwards is chosen by the input too.

use std::fs;
use std::path::Path;

use tokio::runtime::Runtime;
use vws_core::SessionId;
use vws_server::log::EventLog;
use vws_server::log::disk::fuzzing::{self, Found, Frame, HEAD_BYTES, MOST};
use vws_server::log::disk::{DiskLog, Level, Options, doctor};

use crate::input::Input;
use crate::memory;
use crate::promises;

/// What a payload has: a vector of a decoder is made for a number of items that it was told, up to a megabyte each.
const PAYLOAD: usize = 8 << 20;

/// Does it all.
///
/// # Panics
/// Where a promise is broken.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    match input.byte() % 8 {
        0 => events(input.rest()),
        1 => checkpoint(input.rest()),
        2 => catalogue(input.rest()),
        3 => raw(input.rest()),
        4 | 5 => frames(input),
        _ => directory(input),
    }
}

fn events(payload: &[u8]) {
    let read = memory::bounded(payload.len(), PAYLOAD, 128, || fuzzing::events(payload));
    let Some((events, written)) = read else { return };
    let (again, same) = fuzzing::events(&written).expect("what was written reads back");
    assert_eq!((&again, &same), (&events, &written), "LAW9");
    // Whatever a log tells, folding it has an outcome (LAW2), and one that is a state.
    let mut session = promises::small();
    for event in &events {
        let follows = event.seq == vws_core::reduce::State::seq(&session) + 1;
        assert_eq!(session.apply(event).is_ok(), follows, "EVT4");
    }
    promises::state(&session);
}

fn checkpoint(payload: &[u8]) {
    let read = memory::bounded(payload.len(), PAYLOAD, 128, || fuzzing::checkpoint(payload));
    let Some((checkpoint, written)) = read else { return };
    let (again, same) = fuzzing::checkpoint(&written).expect("what was written reads back");
    assert_eq!((&again, &same), (&checkpoint, &written), "LAW9");
    if let Ok(session) = checkpoint.snapshot.restore() {
        promises::state(&session);
    }
}

fn catalogue(payload: &[u8]) {
    for one in [false, true] {
        let read = memory::bounded(payload.len(), PAYLOAD, 128, || fuzzing::entry(payload, one));
        if let Some(written) = read {
            assert_eq!(fuzzing::entry(&written, one), Some(written), "LAW9");
        }
    }
}

/// A file that nobody has made.
fn raw(bytes: &[u8]) {
    let salt = fuzzing::head(bytes).map_or(0, |(salt, _)| salt);
    let at = HEAD_BYTES.min(bytes.len());
    let found = memory::bounded(bytes.len(), 4 * 1024, 16, || fuzzing::scan(bytes, salt, at));
    covered(&found, at, bytes);
}

/// What is found lies end to end, and what follows it is zeros.
fn covered(found: &[Found], mut at: usize, bytes: &[u8]) {
    for one in found {
        let (begins, len) = match one {
            Found::Frame(begins, frame) => (*begins, size(frame)),
            Found::Damage(begins, len) => (*begins, *len),
        };
        assert!(begins == at && len > 0, "DUR3: {one:?} at {at}");
        at += len;
    }
    assert!(at <= bytes.len() && bytes[at..].iter().all(|byte| *byte == 0), "DUR3: bytes were passed over");
}

fn size(frame: &Frame) -> usize {
    64 + frame.payload.len()
}

/// The next frame of an input: kind, whose, first, count, and its payload. Its numbers may be beyond what a log has.
fn frame(input: &mut Input<'_>) -> Frame {
    let kind = input.byte() % 9 + 1;
    let (life, first, count) = (input.number(), input.number(), input.number() as u32);
    let len = usize::from(input.short());
    Frame { kind, life, first, count, payload: input.take(len).to_vec() }
}

/// Frames that were written, then damaged: those that no damage has touched are found, and no others.
fn frames(mut input: Input<'_>) {
    let salt = salt(input);
    let count = usize::from(input.byte() % 8);
    let possible = |mut frame: Frame| {
        (frame.life, frame.first) = (frame.life.min(MOST), frame.first.min(MOST));
        frame
    };
    let written: Vec<Frame> = (0..count).map(|_| possible(frame(&mut input))).collect();
    let mut bytes = fuzzing::file(salt, 1, &written);
    let mut at = HEAD_BYTES;
    let mut whole = Vec::new();
    for frame in &written {
        whole.push(Found::Frame(at, frame.clone()));
        at += size(frame);
    }
    assert_eq!(fuzzing::scan(&bytes, salt, HEAD_BYTES), whole, "DUR3");
    let mut touched = Vec::new();
    for _ in 0..input.byte() % 4 {
        let place = usize::from(input.short());
        let flip = input.byte();
        if let Some(byte) = bytes.get_mut(place)
            && flip != 0
            && place >= HEAD_BYTES
            && !touched.contains(&place)
        {
            *byte ^= flip;
            touched.push(place);
        }
    }
    if input.byte() & 1 == 1 {
        let len = usize::from(input.short()).clamp(HEAD_BYTES, bytes.len());
        bytes.truncate(len);
    }
    let found = fuzzing::scan(&bytes, salt, HEAD_BYTES);
    covered(&found, HEAD_BYTES, &bytes);
    let sound: Vec<&Found> = whole
        .iter()
        .filter(|one| {
            let Found::Frame(at, frame) = one else { return false };
            let place = *at..*at + size(frame);
            place.end <= bytes.len() && !touched.iter().any(|byte| place.contains(byte))
        })
        .collect();
    let frames: Vec<&Found> = found.iter().filter(|one| matches!(one, Found::Frame(..))).collect();
    assert_eq!(frames, sound, "DUR3: damage hides a frame, or makes one");
}

/// A number that no payload of the input can know.
fn salt(input: Input<'_>) -> u64 {
    xxhash_rust::xxh3::xxh3_64(input.rest())
}

/// The flags of a directory that a server opens, too: that takes threads and files, so it is done seldom.
const OPENED: u8 = 0xe0;

/// The id of the sessions in [`directory`].
const ID: &str = "01010101-0101-0101-0101-010101010101";

/// A directory that some program has made: everything in it has the right sums, and says anything. The doctor finds
/// what is wrong and changes nothing; what it leaves after a repair is sound.
fn directory(mut input: Input<'_>) {
    let salt = salt(input);
    let folder = tempfile::Builder::new().tempdir_in(place()).expect("a folder");
    let root = folder.path();
    fs::create_dir_all(root.join("journal")).expect("a folder");
    fs::create_dir_all(root.join("sessions/01")).expect("a folder");
    fs::write(root.join("FORMAT"), "vws-data 1\n").expect("is written");
    let flags = input.byte();
    let mut some = |number: u64| {
        let count = usize::from(input.byte() % 6);
        let frames: Vec<Frame> = (0..count).map(|_| frame(&mut input)).collect();
        fuzzing::file(salt, number, &frames)
    };
    let mut put = |wanted: u8, path: String, number| {
        if flags & wanted != 0 {
            fs::write(root.join(path), some(number)).expect("is written");
        }
    };
    put(1, "catalogue".to_owned(), 2);
    put(2, format!("sessions/01/{ID}.0.log"), 0);
    put(4, format!("sessions/01/{ID}.0.8.snapshot"), 0);
    put(8, "journal/00000000000000000001.journal".to_owned(), 1);
    put(16, "journal/00000000000000000002.journal".to_owned(), 2);
    debug_assert!(ID.parse::<SessionId>().is_ok());
    let before = contents(root);
    let found = doctor::examine(root, |_, _| {});
    assert_eq!(contents(root), before, "DUR8: the doctor has changed something");
    let found = found.ok();
    if flags & OPENED == OPENED {
        open(root);
    }
    if let Some(found) = found.filter(|found| !found.is_sound())
        && doctor::repair(root, |_, _| {}).is_ok()
    {
        let again = doctor::examine(root, |_, _| {}).expect("what was repaired can be looked at");
        assert!(again.is_sound(), "DUR8: a repair of {found:?} leaves {again:?}");
    }
}

/// What a server does with it: opens it and reads all that it serves.
fn open(root: &Path) {
    thread_local!(static RUNTIME: Runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("the system gives a runtime"));
    let Ok(log) = DiskLog::open(root, Options::new(Level::Buffered)) else { return };
    RUNTIME.with(|runtime| {
        runtime.block_on(async {
            for listed in log.list().await.expect("a log lists what it has") {
                let id = listed.info.session_id;
                // Served or damaged.
                let _ = log.read(id, 0, 100).await;
                if let Ok(state) = log.checkpoint_at(id, u64::MAX).await {
                    assert_eq!(state.snapshot.session.session_id, id, "LAW6");
                    let _ = log.read(id, state.snapshot.session.seq, 100).await;
                }
            }
            let _ = log.close().await;
        });
    });
}

/// Where folders are made: in memory where there is such a place.
pub(crate) fn place() -> &'static Path {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { memory } else { Path::new("/tmp") }
}

/// Every file but the lock, with its content.
fn contents(root: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(root).expect("can be listed").flatten() {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if path.is_dir() {
            all.extend(contents(&path).into_iter().map(|(inner, bytes)| (format!("{name}/{inner}"), bytes)));
        } else if name != "LOCK" {
            all.push((name, fs::read(&path).expect("can be read")));
        }
    }
    all.sort();
    all
}
