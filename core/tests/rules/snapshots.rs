use serde_json::json;
use vws_core::snapshot::{SnapshotAssembly, SnapshotPart};
use vws_core::{Snapshot, reduce::State};

use super::given::{Given, canonical, cube, patch, plain};

/// A session with so many objects, made by batches.
fn with_objects(count: usize) -> Given {
    let mut given = Given::nothing();
    let commands: Vec<_> = (0..count).map(|n| plain(&format!("o{n:05}"))).collect();
    for commands in commands.chunks(1_000) {
        given.run(&super::given::batch(commands)).expect("is taken");
    }
    given
}

#[test]
fn snap1_restoring_gives_the_state_that_it_was_taken_of() {
    let mut given = Given::after(&[
        json!({"type": "rename_session", "name": "s"}),
        cube("b", json!({"properties": {"k": 1}})),
        plain("a"),
        patch("a", json!({"x": 3})),
        json!({"type": "start_orbit"}),
    ]);
    let mut restored = given.session.snapshot().restore().expect("has its digest");
    assert_eq!(canonical(&restored), canonical(&given.session));
    assert_eq!((restored.id(), restored.epoch(), restored.seq()), (given.session.id(), 7, 5));
    for record in given.run(&patch("b", json!({"properties": {"k": null, "l": 2}}))).expect("is taken") {
        restored.apply(&record).expect("is the next");
    }
    assert_eq!(canonical(&restored), canonical(&given.session));
}

#[test]
fn snap2_objects_are_in_the_order_of_their_names_bytes() {
    let one = Given::after(&[plain("b"), plain("a"), plain("世"), plain("Z")]);
    let names: Vec<_> = one.session.snapshot().objects.iter().map(|object| object.name.to_string()).collect();
    assert_eq!(names, ["Z", "a", "b", "世"]);
}

#[test]
fn snap3_a_snapshot_that_is_not_what_its_digest_says_is_refused() {
    let given = Given::after(&[plain("a"), plain("b")]);
    let whole = given.session.snapshot();
    let refused = |snapshot: Snapshot| snapshot.restore().expect_err("is refused").to_string();
    let mut missing = whole.clone();
    missing.objects.pop();
    assert!(refused(missing).starts_with("the snapshot at seq 2 says digest"));
    let mut twice = whole.clone();
    twice.objects.push(whole.objects[0].clone());
    assert!(twice.restore().is_ok(), "of two objects of one name the later one stays, here the same");
    let mut other = whole.clone();
    let mut object = vws_core::Object::clone(&whole.objects[0]);
    object.visible = false;
    other.objects.push(object.into());
    refused(other);
    let mut renamed = whole;
    renamed.session.name = Some(vws_core::DisplayName::new("name", "s").expect("is one"));
    refused(renamed);
}

#[test]
fn snap4_parts_have_at_most_1000_objects_and_there_is_always_one() {
    for objects in [0, 1, 999, 2_500] {
        let whole = with_objects(objects).session.snapshot();
        let parts = whole.clone().into_parts();
        assert_eq!(parts.len() == 1, objects <= 1);
        for (n, part) in parts.iter().enumerate() {
            assert_eq!((part.part as usize, part.parts as usize), (n, parts.len()));
            assert_eq!(part.head.is_some(), n == 0);
            assert_eq!(part.seq, objects as u64);
            assert!(part.objects.len() <= 1_000);
        }
        let together: Vec<_> = parts.into_iter().flat_map(|part| part.objects).collect();
        assert_eq!(together, whole.objects);
    }
}

fn assemble(parts: impl IntoIterator<Item = SnapshotPart>) -> Option<Snapshot> {
    let mut assembly = SnapshotAssembly::default();
    parts.into_iter().find_map(|part| assembly.receive(part))
}

#[test]
fn snap4_parts_come_in_any_order_and_more_than_once() {
    let whole = with_objects(1_000).session.snapshot();
    let parts = whole.clone().into_parts();
    let count = parts.len();
    assert!(count > 2);
    let mut orders = vec![parts.clone(), parts.iter().rev().cloned().collect()];
    orders.extend((1..count).map(|n| [&parts[n..], &parts[..n]].concat()));
    for order in orders {
        let doubled = order.into_iter().flat_map(|part| [part.clone(), part]);
        assert_eq!(assemble(doubled).as_ref(), Some(&whole));
    }
    let mut assembly = SnapshotAssembly::default();
    assert_eq!(assembly.progress(), (0, 0));
    let (last, others) = parts.split_last().expect("are some");
    for (n, part) in (1..).zip(others) {
        assert_eq!(assembly.receive(part.clone()), None);
        assert_eq!(assembly.receive(part.clone()), None);
        assert_eq!(assembly.progress(), (n, count as u32));
    }
    assert_eq!(assembly.receive(last.clone()).as_ref(), Some(&whole));
    assert_eq!(assembly.progress(), (0, 0), "and it is ready for the next");
}

#[test]
fn snap4_a_part_of_another_snapshot_starts_over() {
    let mut given = with_objects(500);
    let old = given.session.snapshot().into_parts();
    given.run(&plain("new")).expect("is taken");
    let whole = given.session.snapshot();
    let new = whole.clone().into_parts();
    assert!(old.len() > 1 && new.len() > 1);
    let mixed = [&old[..1], &new[1..], &old[1..], &new[..]].concat();
    assert_eq!(assemble(mixed).as_ref(), Some(&whole));
    // What does not fit together makes no snapshot.
    let beyond = SnapshotPart { part: new.len() as u32, ..new[1].clone() };
    assert_eq!(assemble([&new[..1], &[beyond], &new[2..]].concat()), None);
    let headless = SnapshotPart { head: None, ..new[0].clone() };
    assert_eq!(assemble([&[headless], &new[1..]].concat()), None);
    assert_eq!(assemble([SnapshotPart { parts: 0, ..new[0].clone() }]), None);
    // Nor does it count as one of the parts.
    let mut assembly = SnapshotAssembly::default();
    let count = new.len() as u32;
    for odd in [
        SnapshotPart { head: None, ..new[0].clone() },
        SnapshotPart { head: new[0].head.clone(), ..new[1].clone() },
    ] {
        assert_eq!(assembly.receive(odd), None);
        assert_eq!(assembly.progress(), (0, count));
    }
    // The same seq in another number of parts is another snapshot, as of another server.
    assembly.receive(new[0].clone());
    assert_eq!(assembly.receive(SnapshotPart { parts: count + 1, ..new[1].clone() }), None);
    assert_eq!(assembly.progress(), (1, count + 1));
}
