//! Files that were cut or changed while nobody looked.

use super::crashes::{copy, newest, walk, written};
use super::*;
use crate::log::disk::frame::{FILE_HEAD, FileHead, Found, Scan};

/// Sessions of which some are in files, some in the journal and some in both, with snapshots.
async fn mixed() -> World {
    let mut world = World { segment: 8 << 10, ..World::new(Level::Buffered) };
    let log = world.open();
    let (a, b) = (world.begin(&log).await, world.begin(&log).await);
    for id in [a, b] {
        world.write(&log, id, 3).await;
        world.write(&log, id, 2).await;
    }
    world.save(&log, a).await;
    world.write(&log, a, 2).await;
    log.settle().await.expect("is moved");
    let c = world.begin(&log).await;
    for id in [a, c, b, a] {
        world.write(&log, id, 2).await;
    }
    world
}

/// Whatever was done to the files, each session is as it was, or shorter where that is allowed, or known to
/// be damaged; never anything else.
async fn check_after_harm(world: &World, path: &Path, what: &str, may_be_shorter: bool) -> usize {
    let log = match DiskLog::open(path, world.options()) {
        Ok(log) => log,
        Err(error) => {
            let told = error.to_string();
            assert!(told.contains("format") || told.contains("data directory"), "{what}: {told}");
            return world.sessions.len();
        }
    };
    let listed = log.list().await.expect("lists");
    let mut harmed = 0;
    for (id, session) in &world.sessions {
        let Some(listed) = listed.iter().find(|listed| listed.info.session_id == *id) else {
            // The very end of the journal was cut, where the session began.
            assert!(may_be_shorter, "{what}: {id} is not there");
            harmed += 1;
            continue;
        };
        match load(&log, *id).await {
            Ok(found) => {
                let (found, expected) = (found.snapshot(), session.snapshot());
                if found.session.seq < expected.session.seq {
                    assert!(may_be_shorter, "{what}: {id} ends at {}", found.session.seq);
                    assert_eq!(listed.damaged, None, "{what}");
                    let events = log.read(*id, 0, 100).await.expect("reads");
                    assert_eq!(events.len() as u64, found.session.seq, "{what}");
                    harmed += 1;
                } else {
                    assert_eq!((found.digest, found.objects), (expected.digest, expected.objects), "{what}");
                }
            }
            Err(LogError::Damaged { session, reason }) => {
                assert!(session == *id && !reason.is_empty(), "{what}");
                harmed += 1;
            }
            Err(error) => panic!("{what}: {error}"),
        }
    }
    harmed
}

/// The doctor finds one session damaged, and leaves a history of it that is whole.
async fn check_repair(world: &World, path: &Path, what: &str) {
    let contents = || {
        let files = walk(path).into_iter();
        files.map(|file| (std::fs::read(&file).expect("reads"), file)).collect::<Vec<_>>()
    };
    let (read, aside) = (contents(), path.join("damaged").exists());
    let found = doctor::examine(path, |_, _| {}).expect("is looked at");
    assert!(contents() == read, "{what}: looking changes nothing");
    assert_eq!(path.join("damaged").exists(), aside, "{what}: nor makes a folder");
    let sick: Vec<_> = found.sessions.iter().filter(|report| !report.is_sound()).collect();
    assert_eq!(sick.len(), 1, "{what}: {found:?}");
    let repaired = doctor::repair(path, |_, _| {}).expect("is repaired");
    assert_eq!(repaired.found, found, "{what}");
    let again = doctor::examine(path, |_, _| {}).expect("is looked at");
    assert!(again.is_sound(), "{what}: {again:?}");
    let log = DiskLog::open(path, world.options()).expect("opens");
    for listed in log.list().await.expect("lists") {
        let (id, expected) = (listed.info.session_id, &world.sessions[&listed.info.session_id]);
        assert_eq!(listed.damaged, None, "{what}");
        let session = load(&log, id).await.unwrap_or_else(|error| panic!("{what}: {error}"));
        if id == sick[0].session_id {
            assert_eq!(repaired.repaired, [id], "{what}");
            assert_eq!(session.seq(), sick[0].repair.expect("something is left").through, "{what}");
            assert!(session.epoch() > expected.epoch(), "{what}: no client takes it for what it knows");
        } else {
            assert_eq!(session.snapshot(), expected.snapshot(), "{what}");
        }
        // Its state is that of some moment of what it was.
        let (_, events) =
            World { sessions: [(id, Session::new(id, None, 1_000, 7))].into(), ..World::new(world.level) }
                .draft(id, session.seq());
        let mut then = Session::new(id, None, 1_000, 7);
        events.iter().for_each(|event| then.apply(event).expect("is the next"));
        assert_eq!(then.digest(), session.digest(), "{what}");
    }
    let lost = world.sessions.len() - log.list().await.expect("lists").len();
    assert_eq!(lost, repaired.lost.len(), "{what}");
}

/// Numbers that look drawn and are the same each time.
fn draws(seed: u64) -> impl FnMut(usize) -> usize {
    let mut state = seed;
    move |below| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap_or(0) % below
    }
}

#[tokio::test]
async fn dur3_dur8_a_flipped_bit_anywhere_is_found_harms_one_session_at_most_and_is_repaired() {
    let world = mixed().await;
    let mut draw = draws(1);
    let mut found = 0;
    for file in walk(&world.path()) {
        let name = file.strip_prefix(world.path()).expect("is inside").to_owned();
        let len = std::fs::metadata(&file).expect("is there").len() as usize;
        for _ in 0..40.min(len * 8) {
            let (byte, bit) = (draw(len), draw(8));
            let copy = copy(&world);
            let path = copy.path().join("data");
            let mut bytes = std::fs::read(path.join(&name)).expect("reads");
            bytes[byte] ^= 1 << bit;
            std::fs::write(path.join(&name), &bytes).expect("writes");
            let what = format!("bit {bit} of byte {byte} of {}", name.display());
            let harmed = check_after_harm(&world, &path, &what, false).await;
            let whole = ["FORMAT"].iter().any(|all| name == Path::new(all));
            assert!(harmed <= if whole { 3 } else { 1 }, "{what} harms {harmed} sessions");
            found += harmed;
            if harmed > 0 && !whole {
                check_repair(&world, &path, &what).await;
            }
        }
    }
    assert!(found > 100, "only {found} flips did harm");
}

#[tokio::test]
async fn dur3_a_file_that_is_cut_anywhere_is_cut_at_an_event_or_known_to_be_damaged() {
    let world = mixed().await;
    let journal = newest(&world.path().join("journal"));
    for file in walk(&world.path()) {
        let name = file.strip_prefix(world.path()).expect("is inside").to_owned();
        let len = std::fs::metadata(&file).expect("is there").len();
        for cut in (0..len).step_by(if file == journal { 7 } else { 61 }) {
            let copy = copy(&world);
            let path = copy.path().join("data");
            let open = std::fs::OpenOptions::new().write(true).open(path.join(&name)).expect("opens");
            open.set_len(cut).expect("is cut");
            let what = format!("{} cut to {cut} of {len} bytes", name.display());
            check_after_harm(&world, &path, &what, file == journal).await;
        }
    }
}

#[tokio::test]
async fn dur3_a_file_that_is_gone_is_known_to_be() {
    let world = mixed().await;
    for file in walk(&world.path()) {
        let name = file.strip_prefix(world.path()).expect("is inside").to_owned();
        if name.starts_with("journal") {
            // What was never written and what was removed look the same here, but for sessions that the
            // catalogue knows to be longer.
            continue;
        }
        let copy = copy(&world);
        let path = copy.path().join("data");
        std::fs::remove_file(path.join(&name)).expect("is removed");
        check_after_harm(&world, &path, &format!("without {}", name.display()), false).await;
    }
}

/// Every single bit of a journal of 64 KiB: the frame that it is in is known to be damaged, with whose it is,
/// and every other one is read as it was written.
#[tokio::test]
async fn dur3_every_flipped_bit_of_a_journal_is_found() {
    let mut world = World::new(Level::Buffered);
    let log = world.open();
    let ids = [world.begin(&log).await, world.begin(&log).await];
    let path = newest(&world.path().join("journal"));
    while written(&path) < 64 << 10 {
        for id in ids {
            world.write(&log, id, 9).await;
        }
    }
    drop(log);
    let mut sound = std::fs::read(&path).expect("reads");
    sound.truncate(written(&path) + 100);
    let salt = FileHead::decode(&sound).expect("is whole").salt;
    let ends: Vec<usize> = {
        let mut at = FILE_HEAD;
        let size = |found: Found<'_>| match found {
            Found::Frame(head, _) => head.size(),
            Found::Damage(_) => panic!("it is sound"),
        };
        Scan::new(&sound, salt, FILE_HEAD)
            .map(|found| {
                at += size(found);
                at
            })
            .collect()
    };
    let mut bytes = sound.clone();
    assert_eq!(ends.last(), Some(&written(&path)));
    for (place, end) in ends.iter().enumerate() {
        let start = place.checked_sub(1).map_or(FILE_HEAD, |before| ends[before]);
        let mark = match Scan::new(&sound, salt, start).next() {
            Some(Found::Frame(head, _)) => head.mark,
            _ => panic!("it is sound"),
        };
        // What follows is looked at once more only as far as it takes to be in step again.
        let to = ends.get(place + 1).copied().unwrap_or(sound.len());
        for bit in start * 8..end * 8 {
            bytes[bit / 8] ^= 1 << (bit % 8);
            let mut scan = Scan::new(&bytes[..to], salt, start);
            match scan.next() {
                Some(Found::Damage(damage)) => {
                    assert_eq!((damage.at, damage.at + damage.len), (start, *end), "bit {bit}");
                    assert_eq!((damage.whose, damage.unfinished), (Some(mark), false), "bit {bit}");
                }
                _ => panic!("bit {bit} is not found"),
            }
            assert!(scan.all(|found| matches!(found, Found::Frame(..))), "bit {bit}");
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
    }
    assert!(bytes == sound && sound.len() >= 64 << 10);
}

/// Every length that a journal of 64 KiB can be cut to: what was written whole before it is read as it was written,
/// and the frame that the cut is in is known to be unfinished. Where room follows that was set aside, a cut in the
/// last sum looks like damage of it, and is taken for that.
#[tokio::test]
async fn dur3_every_cut_of_a_journal_is_found() {
    let mut world = World::new(Level::Buffered);
    let log = world.open();
    let id = world.begin(&log).await;
    let path = newest(&world.path().join("journal"));
    while written(&path) < 64 << 10 {
        world.write(&log, id, 9).await;
    }
    drop(log);
    let sound = std::fs::read(&path).expect("reads");
    let sound = &sound[..written(&path)];
    let salt = FileHead::decode(sound).expect("is whole").salt;
    let (mut start, mut scan) = (FILE_HEAD, Scan::new(sound, salt, FILE_HEAD));
    while let Some(Found::Frame(head, _)) = scan.next() {
        let end = start + head.size();
        for cut in start + 1..end {
            for room in [0, 100] {
                let bytes = [&sound[start..cut], &vec![0; room][..]].concat();
                match Scan::new(&bytes, salt, 0).next() {
                    Some(Found::Damage(damage)) if damage.unfinished => assert_eq!(damage.at, 0),
                    Some(Found::Damage(damage)) => {
                        assert!(room > 0 && end - cut < 4, "cut at {cut} of {end}");
                        assert_eq!((damage.at, damage.whose), (0, Some(head.mark)), "cut at {cut}");
                    }
                    // All that is missing were zeros.
                    Some(Found::Frame(..)) => assert!(room > 0 && sound[cut..end].iter().all(|b| *b == 0)),
                    None => panic!("cut at {cut} is not found"),
                }
            }
        }
        start = end;
    }
    assert!(start == sound.len() && start >= 64 << 10);
}

/// What a repair puts away is all there afterwards, whatever its name, and what was put away before stays.
#[tokio::test]
async fn dur8_a_repair_keeps_all_that_it_takes_out() {
    let world = mixed().await;
    let (path, sessions) = (world.path(), world.path().join("sessions"));
    for (folder, words) in [("aa", "one"), ("bb", "two")] {
        std::fs::create_dir_all(sessions.join(folder)).expect("is made");
        std::fs::write(sessions.join(folder).join("note"), words).expect("writes");
    }
    std::fs::create_dir_all(sessions.join("aa/folder/inner")).expect("is made");
    std::fs::write(sessions.join("aa/folder/inner/deep"), "three").expect("writes");
    let logs = |path: &Path| {
        let all = walk(path).into_iter();
        all.filter(|file| file.extension().is_some_and(|kind| kind == "log")).collect::<Vec<_>>()
    };
    let snapshot = walk(&sessions).into_iter().find(|file| file.to_string_lossy().ends_with("snapshot"));
    let snapshot = snapshot.expect("one was kept");
    let log = logs(&sessions).into_iter().find(|log| log.parent() == snapshot.parent()).expect("has a file");
    let mut harmed = Vec::new();
    for round in 0..2_u8 {
        for file in [&log, &snapshot] {
            let mut bytes = std::fs::read(file).expect("reads");
            let last = bytes.len() - 40;
            bytes[last] ^= 1 << round;
            std::fs::write(file, &bytes).expect("writes");
            harmed.push(bytes);
            if round == 1 {
                break;
            }
        }
        let repaired = doctor::repair(&path, |_, _| {}).expect("is repaired");
        assert_eq!(repaired.repaired.len() + repaired.lost.len(), 1, "{repaired:?}");
        assert!(doctor::examine(&path, |_, _| {}).expect("is looked at").is_sound());
    }
    let aside: Vec<Vec<u8>> =
        walk(&path.join("damaged")).iter().map(|file| std::fs::read(file).expect("reads")).collect();
    for kept in ["one", "two", "three"].map(|words| words.as_bytes().to_vec()).iter().chain(&harmed) {
        assert!(aside.contains(kept), "{} bytes are gone", kept.len());
    }
}

/// A file whose name tells the life of a session and the id of another belongs to nobody, and a repair takes it out
/// at once: not only when there is a catalogue, which then does not list it.
#[tokio::test]
async fn dur8_a_file_of_another_id_with_the_life_of_a_session_is_taken_out() {
    let mut world = World::new(Level::Buffered);
    let log = world.open();
    let id = world.begin(&log).await;
    world.write(&log, id, 2).await;
    drop(log);
    for life in 0..3 {
        let name = format!("sessions/01/{}.{life}.log", uuid::Uuid::from_bytes([0x77; 16]));
        std::fs::create_dir_all(world.path().join("sessions/01")).expect("is made");
        std::fs::write(world.path().join(name), "nothing that a session has").expect("writes");
    }
    let found = doctor::examine(&world.path(), |_, _| {}).expect("is looked at");
    assert!(!found.strays.is_empty(), "{found:?}");
    doctor::repair(&world.path(), |_, _| {}).expect("is repaired");
    let again = doctor::examine(&world.path(), |_, _| {}).expect("is looked at");
    assert!(again.is_sound(), "{again:?}");
    world.check(&world.open()).await;
}

#[tokio::test]
async fn dur3_a_file_in_the_place_of_another_is_told_as_such() {
    let world = mixed().await;
    let files: Vec<_> = walk(&world.path().join("sessions"));
    let mut logs = files.iter().filter(|file| file.extension().is_some_and(|kind| kind == "log"));
    let (a, b) = (logs.next().expect("has some"), logs.next().expect("has some"));
    std::fs::copy(a, b).expect("is copied");
    let found = doctor::examine(&world.path(), |_, _| {}).expect("is looked at");
    let told: Vec<_> = found.sessions.iter().flat_map(|report| &report.problems).collect();
    assert!(told.contains(&&"its file is that of another session".to_owned()), "{told:?}");
}

#[tokio::test]
async fn dur3_damage_of_which_nobody_can_tell_whose_it_was_begins_new_epochs() {
    let mut world = World::new(Level::Buffered);
    let log = world.open();
    let (a, b) = (world.begin(&log).await, world.begin(&log).await);
    world.write(&log, a, 2).await;
    world.write(&log, b, 2).await;
    drop(log);
    let path = newest(&world.path().join("journal"));
    let mut bytes = std::fs::read(&path).expect("reads");
    // The last two batches are overwritten by something that was never a frame.
    let len = written(&path);
    bytes[len - 600..len].fill(0xa5);
    std::fs::write(&path, bytes).expect("writes");
    let log = world.open();
    let recovered = log.recovered();
    assert!(recovered.torn > 0 || recovered.journal_damages > 0);
    for listed in log.list().await.expect("lists") {
        let lost = listed.info.seq < 2;
        assert!(!lost || recovered.torn > 0 || recovered.may_have_lost || listed.damaged.is_some());
    }
}
