//! Backups that are whole, with sums that fit, and say what cannot be: whoever wrote them was no server.

use std::sync::Arc;

use vws_core::limits::ModelLimits;
use vws_core::wire::parse_json;
use vws_core::{Command, Context, EventRecord, Session, decide};

use super::fuzzing::{self, Entry};
use super::{Manifest, Model, Nothing};

/// A session of three events: the state before them, and after each.
struct Lived {
    states: Vec<Session>,
    events: Vec<Arc<EventRecord>>,
}

fn lived(n: u8) -> Lived {
    let id = format!("0190b5a0-0000-7000-8000-00000000000{n}").parse().expect("an id");
    let mut session = Session::new(id, None, 1, 1);
    let mut lived = Lived { states: vec![session.clone()], events: Vec::new() };
    for seq in 1..=3 {
        let command = format!(r#"{{"type":"rename_session","name":"{seq}"}}"#);
        let command: Command = parse_json(command.as_bytes()).expect("a command");
        let context = Context { at: 2, limits: &ModelLimits::default(), expect_version: None };
        let event = decide(&session, &command, &context).expect("is allowed").remove(0);
        let record = EventRecord { seq, at: 2, by: None, subject: None, more: 0, event };
        session.apply(&record).expect("follows");
        lived.states.push(session.clone());
        lived.events.push(Arc::new(record));
    }
    lived
}

impl Lived {
    fn base(&self) -> Entry {
        fuzzing::base(&self.states[0])
    }

    fn checkpoint(&self, seq: usize) -> Entry {
        fuzzing::checkpoint(&self.states[seq])
    }

    fn events(&self, to: usize) -> Entry {
        fuzzing::events(self.states[0].id(), &self.events[..to])
    }

    fn end(&self, seq: usize, models: &[&Model]) -> Entry {
        fuzzing::sheet(&self.states[seq], 0, models.iter().map(|model| (*model).clone()).collect())
    }

    fn left_out(&self) -> Entry {
        fuzzing::left_out(self.states[0].id())
    }
}

fn access() -> [Entry; 2] {
    [("revoked".to_owned(), Vec::new()), ("audit.jsonl".to_owned(), Vec::new())]
}

/// What is read of such a backup.
fn read(entries: &[Entry]) -> Result<Manifest, String> {
    let all = [&[fuzzing::head()][..], entries, &access()].concat();
    fuzzing::read(&fuzzing::archive(&all, Some)[..], &mut Nothing, |_| ()).map_err(|error| error.to_string())
}

#[test]
fn ops7_a_backup_says_once_who_came() {
    let all = [&[fuzzing::head()][..], &access(), &access()[1..]].concat();
    let told = fuzzing::read(&fuzzing::archive(&all, Some)[..], &mut Nothing, |_| ()).expect_err("who came?");
    assert!(told.to_string().contains("audit.jsonl"), "{told}");
}

#[test]
fn ops6_what_was_taken_of_a_session_before_it_was_found_damaged_is_no_part_of_the_backup() {
    let (whole, damaged) = (lived(1), lived(2));
    let manifest = read(&[
        damaged.base(),
        damaged.events(2),
        damaged.left_out(),
        whole.base(),
        whole.checkpoint(3),
        whole.events(3),
        whole.end(3, &[]),
    ]);
    let manifest = manifest.expect("the other session is whole");
    assert_eq!((manifest.sessions, manifest.events), (1, 3));
}

#[test]
fn ops7_a_state_that_no_event_leads_to_is_not_restored() {
    let one = lived(1);
    for (checkpoint, events) in [(3, 2), (0, 2)] {
        let told = read(&[one.base(), one.checkpoint(checkpoint), one.events(events), one.end(events, &[])]);
        let told = told.expect_err("it would be what is served");
        assert!(
            told.contains(&format!(
                "its checkpoint is of seq {checkpoint}, its events are those from 1 to 2"
            )),
            "{told}"
        );
    }
    read(&[one.base(), one.checkpoint(2), one.events(3), one.end(3, &[])]).expect("it is on the way");
}

#[test]
fn ops7_a_session_is_in_a_backup_once() {
    let one = lived(1);
    let whole = [one.base(), one.events(3), one.end(3, &[])];
    for twice in [
        [&whole[..], &whole].concat(),
        [&whole[..], &[one.left_out()]].concat(),
        [&[one.left_out()][..], &whole].concat(),
        vec![one.left_out(), one.left_out()],
    ] {
        let told = read(&twice).expect_err("which one is it?");
        assert!(told.contains("its session was there before"), "{told}");
    }
}

#[test]
fn ops7_a_session_has_models_that_are_there_each_once() {
    let one = lived(1);
    let (file, model) = fuzzing::model(br#"{"asset":{"version":"2.0"}}"#);
    let other = |extension: &str| Model { extension: extension.to_owned(), ..model.clone() };
    let of = |models: &[&Model]| read(&[one.base(), one.events(3), file.clone(), one.end(3, models)]);
    assert_eq!(of(&[&model]).expect("is whole").models, 1);
    assert!(of(&[&model, &model]).is_err_and(|told| told.contains("is there twice")));
    for extension in ["glb", "GLTF", "gltf/../../../x", ""] {
        assert!(of(&[&other(extension)]).is_err_and(|told| told.contains("is not there")), "{extension}");
    }
}
