//! Assets on a disk that fails, ends, is full, and in memory.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bytes::Bytes;
use uuid::Uuid;
use vws_core::SessionId;

use super::keep::Assets;
use super::*;
use crate::log::disk::{Faults, FileOp, Level};
use crate::units::ByteSize;
use std::sync::Arc;

const BOUNDS: Bounds = Bounds { count: 4, session: ByteSize(1_000), all: ByteSize(2_000) };

/// A model of so many bytes, unlike that of any other number.
fn model(number: u8, bytes: usize) -> Bytes {
    let mut text = format!(r#"{{"asset":{{"version":"2.0"}},"extras":{number:3}}}"#).into_bytes();
    assert!(text.len() <= bytes, "{bytes} bytes are too few");
    text.resize(bytes, b' ');
    text.into()
}

fn session(number: u8) -> SessionId {
    SessionId::from_uuid(Uuid::from_bytes([number; 16]))
}

fn add(assets: &Assets, to: SessionId, content: &Bytes) -> Result<Added, AssetError> {
    assets.add(to, assets.draft(to, Kind::Gltf, content.clone())?)
}

/// The contents of a session's assets, in the order of their ids.
async fn contents(assets: &Assets, of: SessionId) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for asset in assets.list(of, None, usize::MAX) {
        let (found, mut content) = assets.read(of, asset.id).expect("is there");
        let mut whole = Vec::new();
        while let Some(piece) = content.next().await.expect("reads") {
            whole.extend_from_slice(&piece);
        }
        assert_eq!((AssetId::of(&whole), whole.len() as u64), (found.id, found.bytes));
        all.push(whole);
    }
    all
}

/// A disk that fails from some change on, until it is mended.
#[derive(Default)]
struct Sick {
    on: AtomicBool,
    left: AtomicU64,
    seen: AtomicU64,
    /// Only names that files are given fail.
    links: AtomicBool,
}

impl Faults for Sick {
    fn before(&self, op: FileOp, path: &Path) -> std::io::Result<()> {
        self.seen.fetch_add(1, Ordering::SeqCst);
        let named = op == FileOp::Create && path.extension().is_some();
        if !self.on.load(Ordering::SeqCst) || (self.links.load(Ordering::SeqCst) && !named) {
            return Ok(());
        }
        let left = self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        if left.is_ok() { Ok(()) } else { Err(std::io::Error::from_raw_os_error(28)) }
    }
}

struct World {
    folder: tempfile::TempDir,
    level: Level,
    disk: Arc<Sick>,
}

impl World {
    fn new(level: Level) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the test");
        Self { folder, level, disk: Arc::default() }
    }

    fn open(&self) -> Assets {
        let disk: Arc<dyn Faults> = Arc::clone(&self.disk) as _;
        Assets::open(self.folder.path(), self.level, BOUNDS, Some(disk)).expect("opens")
    }

    fn fail(&self, after: u64) {
        self.disk.left.store(after, Ordering::SeqCst);
        self.disk.on.store(true, Ordering::SeqCst);
    }

    fn mend(&self) {
        self.disk.on.store(false, Ordering::SeqCst);
    }

    fn files(&self) -> Vec<PathBuf> {
        fn walk(folder: &Path, into: &mut Vec<PathBuf>) {
            for entry in std::fs::read_dir(folder).into_iter().flatten() {
                let path = entry.expect("reads").path();
                if path.is_dir() { walk(&path, into) } else { into.push(path) }
            }
        }
        let mut files = Vec::new();
        walk(self.folder.path(), &mut files);
        files.sort();
        files
    }
}

#[tokio::test]
async fn asset3_each_bound_admits_n_and_refuses_n_and_one() {
    let world = World::new(Level::Buffered);
    for assets in [Assets::in_memory(BOUNDS), world.open()] {
        let (one, two, three) = (session(1), session(2), session(3));
        for number in 0..4 {
            assert!(add(&assets, one, &model(number, 100)).expect("has room").is_new);
        }
        assert_eq!(add(&assets, one, &model(4, 100)), Err(AssetError::TooMany { max: 4 }));
        assert!(!add(&assets, one, &model(3, 100)).expect("is there already").is_new);
        let whose = "the session";
        add(&assets, two, &model(5, 600)).expect("has room");
        let refused = add(&assets, two, &model(6, 401)).expect_err("is one byte too large");
        assert_eq!(refused, AssetError::TooLarge { more: 401, kept: 600, whose, max: ByteSize(1_000) });
        assert_eq!(
            refused.to_string(),
            "401 bytes beside the 600 that the assets of the session have are more than 1000B"
        );
        add(&assets, two, &model(6, 400)).expect("fits");
        let whose = "all sessions";
        let refused = add(&assets, three, &model(7, 601));
        assert_eq!(
            refused,
            Err(AssetError::TooLarge { more: 601, kept: 1_400, whose, max: ByteSize(2_000) })
        );
        add(&assets, three, &model(7, 600)).expect("fits");
        assert_eq!(assets.bytes(), 2_000);
        let id = assets.list(one, None, 1)[0].id;
        assets.remove(one, id).expect("is there");
        assert_eq!((assets.bytes(), assets.held(one)), (1_900, Held { count: 3, bytes: 300 }));
        assert_eq!(assets.remove(one, id), Err(AssetError::NotFound { session: one, asset: id }));
        add(&assets, one, &model(9, 100)).expect("there is room again");
    }
    // One draft was refused after it was written; nothing is left of it.
    assert_eq!(world.files().len(), 7);
}

#[tokio::test]
async fn asset8_a_fork_has_what_its_origin_has_and_neither_disturbs_the_other() {
    let world = World::new(Level::Sync);
    for (assets, links) in [(Assets::in_memory(BOUNDS), false), (world.open(), false), (world.open(), true)] {
        world.disk.links.store(links, Ordering::SeqCst);
        let (origin, fork, second) = (session(1), session(2), session(3));
        let (a, b, c) = (model(1, 100), model(2, 100), model(3, 100));
        add(&assets, origin, &a).expect("fits");
        add(&assets, origin, &b).expect("fits");
        world.disk.on.store(links, Ordering::SeqCst);
        assets.share(origin, fork).expect("is shared");
        assets.share(origin, second).expect("is shared");
        world.mend();
        let copies = if links { 3 } else { 1 };
        assert_eq!(assets.bytes(), 200 * copies, "what is shared counts once");
        assert_eq!(contents(&assets, fork).await, contents(&assets, origin).await);
        assets.remove(fork, AssetId::of(&a)).expect("is there");
        add(&assets, fork, &c).expect("fits");
        assert_eq!(contents(&assets, origin).await.len(), 2);
        assets.end(origin);
        assert!(assets.list(origin, None, 9).is_empty());
        let mut left = contents(&assets, fork).await;
        left.sort();
        assert_eq!(left, [b.to_vec(), c.to_vec()]);
        assert_eq!(contents(&assets, second).await.len(), 2);
        assets.end(second);
        assets.end(fork);
        assert_eq!(assets.bytes(), 0);
    }
    assert!(world.files().is_empty(), "{:?}", world.files());
}

#[tokio::test]
async fn asset6_asset8_what_is_shared_is_known_as_such_after_a_restart() {
    let world = World::new(Level::Buffered);
    let assets = world.open();
    add(&assets, session(1), &model(1, 300)).expect("fits");
    assets.share(session(1), session(2)).expect("is shared");
    add(&assets, session(2), &model(2, 200)).expect("fits");
    drop(assets);
    let assets = world.open();
    assert_eq!((assets.bytes(), assets.held(session(2)).bytes), (500, 500));
    assets.end(session(1));
    assert_eq!((assets.bytes(), contents(&assets, session(2)).await.len()), (500, 2));
    assets.keep_only(|id| id != session(2));
    assert_eq!((assets.bytes(), world.files().len()), (0, 0));
}

/// Does a bit of everything; what fails is not counted on. Answers what each session was told that it has.
fn busy(assets: &Assets) -> Vec<(SessionId, AssetId)> {
    let mut told = Vec::new();
    for number in 1..=2 {
        for to in [session(1), session(2)] {
            let content = model(number * 10 + to.as_uuid().as_bytes()[0], 100);
            if let Ok(added) = add(assets, to, &content) {
                told.push((to, added.asset.id));
            }
        }
    }
    if assets.share(session(1), session(3)).is_ok() {
        let shared: Vec<_> = told.iter().filter(|(of, _)| *of == session(1)).map(|(_, id)| *id).collect();
        told.extend(shared.into_iter().map(|id| (session(3), id)));
    }
    if let Some((of, id)) = told.first().copied() {
        // Of one that was being removed nothing is promised.
        let _ = assets.remove(of, id);
        told.remove(0);
    }
    assets.end(session(2));
    told.retain(|(of, _)| *of != session(2));
    told
}

fn listed(assets: &Assets) -> Vec<(SessionId, AssetId)> {
    let of = |session| assets.list(session, None, 99).into_iter().map(move |asset| (session, asset.id));
    (1..=3).flat_map(|number| of(session(number))).collect()
}

#[tokio::test]
async fn asset6_asset9_every_change_of_a_file_may_fail_or_be_the_last() {
    for level in [Level::Buffered, Level::Sync] {
        let changes = {
            let world = World::new(level);
            assert_eq!(busy(&world.open()).len(), 3);
            world.disk.seen.load(Ordering::SeqCst)
        };
        assert!(changes > 20, "{changes}");
        // A disk that is forced to take each name takes its time: there every third change.
        let step = if level == Level::Sync { 3 } else { 1 };
        for after in (0..changes).step_by(step) {
            // The process ends there, or the disk is well again.
            for ends in [true, false] {
                let world = World::new(level);
                let assets = world.open();
                world.fail(after);
                let told = busy(&assets);
                if !ends {
                    world.mend();
                    let known = listed(&assets);
                    assert!(told.iter().all(|one| known.contains(one)), "after {after} changes");
                    for number in 1..=3 {
                        contents(&assets, session(number)).await;
                    }
                    add(&assets, session(4), &model(99, 100)).expect("is taken again");
                    assets.end(session(4));
                }
                drop(assets);
                world.mend();
                let again = world.open();
                let found = listed(&again);
                assert!(told.iter().all(|one| found.contains(one)), "after {after} changes");
                for number in 1..=3 {
                    contents(&again, session(number)).await;
                }
                let report = doctor::examine(world.folder.path()).expect("is looked at");
                assert!(report.damaged.is_empty() && report.strays.is_empty(), "{report:?}");
                again.keep_only(|_| false);
                assert_eq!((world.files(), again.bytes()), (Vec::new(), 0), "after {after} changes");
            }
        }
    }
}

#[tokio::test]
async fn asset9_a_full_disk_refuses_and_takes_again_when_there_is_room() {
    let world = World::new(Level::Buffered);
    let assets = world.open();
    world.fail(0);
    for _ in 0..2 {
        let refused = add(&assets, session(1), &model(1, 100)).expect_err("there is no room");
        assert!(
            matches!(&refused, AssetError::Unavailable(why) if why.contains("No space left")),
            "{refused}"
        );
    }
    assert_eq!((assets.bytes(), assets.list(session(1), None, 9)), (0, Vec::new()));
    world.mend();
    assert!(add(&assets, session(1), &model(1, 100)).expect("there is room").is_new);
    drop(assets);
    assert_eq!(contents(&world.open(), session(1)).await, [model(1, 100).to_vec()]);
}

#[tokio::test]
async fn asset4_who_reads_an_asset_that_is_deleted_reads_it_to_its_end() {
    let world = World::new(Level::Buffered);
    let bounds = Bounds { session: ByteSize::mib(1), all: ByteSize::mib(1), ..BOUNDS };
    let assets = Assets::open(world.folder.path(), Level::Buffered, bounds, None).expect("opens");
    let large = model(1, 200_001);
    let id = add(&assets, session(1), &large).expect("fits").asset.id;
    let (_, mut content) = assets.read(session(1), id).expect("is there");
    let mut whole = content.next().await.expect("reads").expect("a piece").to_vec();
    assert!(whole.len() < large.len());
    assets.end(session(1));
    while let Some(piece) = content.next().await.expect("reads") {
        whole.extend_from_slice(&piece);
    }
    assert_eq!(whole, large);
    assert!(matches!(assets.read(session(1), id), Err(AssetError::NotFound { .. })));
}

#[test]
fn asset1_an_id_has_one_form() {
    let id = AssetId::of(b"");
    // printf '' | sha256sum
    assert_eq!(id.to_string(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_eq!(id.to_string().parse(), Ok(id));
    let text = id.to_string();
    for wrong in ["", "e3b0", &text[1..], &text.to_uppercase(), &format!("{text}0"), &text.replace('e', "g")]
    {
        let error = wrong.parse::<AssetId>().expect_err("is none").to_string();
        assert!(error.contains("64 digits of 0-9 and a-f"), "{error}");
    }
    assert!("x".repeat(9_999).parse::<AssetId>().expect_err("is none").to_string().len() < 200);
}
