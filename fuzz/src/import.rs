//! Sessions as files.
//!
//! Input: a byte of flags (the format, whether sums are made to fit), a byte that says in what pieces the bytes come,
//! then the file.

use vws_core::limits::IMPORT_FAULTS;
use vws_core::reduce::State;
use vws_core::transfer::{Faults, Format, Imported, Importer, LogWriter, state_file};
use vws_core::wire::canonical_json;
use vws_core::{Session, SessionId};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::input::Input;
use crate::memory;
use crate::promises::{self, LIMITS};

const LOG: u8 = 1;
const SUMMED: u8 = 2;

/// Does it all.
///
/// # Panics
/// Where a promise is broken.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let flags = input.byte();
    let at_once = usize::from(input.byte()).max(1);
    let format = if flags & LOG == 0 { Format::State } else { Format::Log };
    let file =
        if flags & (LOG | SUMMED) == LOG | SUMMED { summed(input.rest()) } else { input.rest().to_vec() };
    let whole = memory::bounded(file.len(), 256 * 1024, 128, || read(format, &file, file.len(), false));
    let pieces = read(format, &file, at_once, false);
    let judged = read(format, &file, at_once, true);
    match (whole, pieces, judged) {
        (Ok(whole), Ok(pieces), Ok(judged)) => {
            assert_eq!(told(&whole), told(&pieces), "IMP2: it depends on where the bytes are cut");
            assert_eq!(summary(&whole), summary(&judged), "IMP1: a dry run says something else");
            taken(whole);
        }
        (Err(whole), Err(pieces), Err(judged)) => {
            assert_eq!(whole.to_fields(), pieces.to_fields(), "IMP2: it depends on where the bytes are cut");
            assert_eq!(whole.to_fields(), judged.to_fields(), "IMP1: a dry run says something else");
            refused(&whole, file.len());
        }
        (whole, pieces, judged) => panic!("IMP2: {whole:?}, in pieces {pieces:?}, judged {judged:?}"),
    }
}

fn read(format: Format, file: &[u8], at_once: usize, verify: bool) -> Result<Imported, Faults> {
    let mut importer =
        if verify { Importer::verifying(format, LIMITS) } else { Importer::new(format, LIMITS) };
    file.chunks(at_once.max(1)).for_each(|piece| importer.read(piece));
    importer.finish()
}

type Told = (Vec<u8>, Vec<u8>, Vec<u8>);

/// The beginning, the events and the end of a history.
fn told(file: &Imported) -> Told {
    let (base, events) = file.history();
    (canonical_json(&base.snapshot()), canonical_json(&events), canonical_json(&file.session().snapshot()))
}

fn summary(file: &Imported) -> (Vec<u8>, String, u64) {
    (canonical_json(&file.info()), file.digest().to_string(), file.events())
}

/// What holds of a file that is taken.
fn taken(file: Imported) {
    promises::state(file.session());
    let (base, events) = file.history();
    promises::state(base);
    let mut head = base.clone();
    for event in events {
        head.apply(event).expect("the events of a file follow one another");
    }
    assert_eq!(head.digest(), file.digest(), "LAW1");
    assert!(head.object_count() <= LIMITS.objects_per_session as usize, "IMP3");
    let again =
        read(file.format(), &exported(&file), 4_096, false).expect("what was exported is imported (EXP3)");
    assert_eq!(told(&again), told(&file), "EXP3");
    let (info, digest) = (file.info(), file.digest());
    let id = "0190b5a0-0000-7000-8000-00000000000f".parse::<SessionId>().expect("an id");
    let beginning = file.begin(id, promises::AT, 77);
    let mut session = beginning.base.restore().expect("a session begins as its digest says");
    for event in &beginning.events {
        session.apply(event).expect("the events of a file follow one another");
    }
    assert_eq!((session.digest(), session.seq(), session.epoch()), (digest, info.seq, 77), "IMP5");
    assert_eq!(canonical_json(&session.snapshot()), canonical_json(&beginning.head.snapshot()), "IMP5");
}

fn exported(file: &Imported) -> Vec<u8> {
    match file.format() {
        Format::State => state_file(file.session().snapshot()).flatten().collect(),
        Format::Log => {
            let (base, events) = file.history();
            log_file(base.clone(), events)
        }
    }
}

/// A whole log.
///
/// # Panics
/// Where an event does not follow.
#[must_use]
pub fn log_file(base: Session, events: &[std::sync::Arc<vws_core::EventRecord>]) -> Vec<u8> {
    let mut writer = LogWriter::new(base);
    let mut out = Vec::new();
    while let Some(piece) = writer.opening() {
        out.extend(piece);
    }
    for event in events {
        writer.event(event, &mut out).expect("follows");
    }
    out.extend(writer.end());
    out
}

/// What holds of what is wrong with a file of `bytes` bytes.
fn refused(faults: &Faults, bytes: usize) {
    assert!(!faults.is_empty() && faults.kept().len() <= IMPORT_FAULTS, "IMP3");
    let problem = faults.to_problem().expect("there are faults");
    let json = canonical_json(&problem);
    assert!(json.len() <= 32 * 1024 + 8 * bytes, "ERR3: {} bytes for {bytes}", json.len());
    for field in &problem.errors {
        assert!(field.line.is_some_and(|line| line > 0), "IMP3: {field:?}");
        assert!(field.pointer.is_empty() || field.pointer.starts_with('/'), "ERR1: {field:?}");
    }
}

/// The lines, each with a sum that fits: what an input cannot guess.
fn summed(lines: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut before = 0;
    for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        before = xxh3_64_with_seed(line, before);
        file.extend(line.strip_suffix(b"}").unwrap_or(line));
        file.extend(format!(",\"sum\":\"{before:016x}\"}}\n").into_bytes());
    }
    file
}
