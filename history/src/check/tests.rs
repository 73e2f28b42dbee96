//! The judge is judged: a history that is well, and one for each way in which it can be wrong.

use serde_json::json;
use vws_core::reduce::State;
use vws_core::wire::canonical_json;
use vws_core::{Author, ClientId, Event, EventRecord, Session, SessionId};

use super::check;
use crate::record::{History, Mirror, Outcome, Read, Seen, Stream, Write, fingerprint, fingerprint_of};

/// An event that makes `o`, or changes it, with a mark.
fn event(seq: u64, client: &str, mark: &str, more: u32) -> EventRecord {
    let event: Event = if seq == 1 {
        serde_json::from_value(json!({"type": "object_created", "object": {
            "name": "o", "type": "cube", "x": 0, "y": 0, "z": 0, "rotation": {"x": 0, "y": 0, "z": 0},
            "scale": {"x": 1, "y": 1, "z": 1}, "color": "#5b8def", "opacity": 1, "visible": true, "text": "",
            "properties": {"w": mark}, "version": 1, "created_at": 1, "updated_at": 1}}))
    } else {
        serde_json::from_value(
            json!({"type": "object_updated", "name": "o", "patch": {"properties": {"w": mark}}}),
        )
    }
    .expect("an event");
    let by = Author { client_id: ClientId::new(client).expect("an id"), command_id: seq };
    EventRecord { seq, at: seq, by: Some(by), subject: None, more, event }
}

/// The states after 0, 1, 2 … events.
fn states(log: &[EventRecord]) -> Vec<Session> {
    let mut all = vec![Session::new(SessionId::from_uuid(uuid::Uuid::nil()), None, 0, 1)];
    for record in log {
        let mut next = all.last().expect("there is one").clone();
        next.apply(record).expect("follows");
        all.push(next);
    }
    all
}

fn write(client: &str, seq: u64, (invoked, returned): (u64, u64)) -> Write {
    let outcome = Outcome::Done { returned, seq, events: 1, id: Some(seq) };
    Write { client: client.to_owned(), mark: format!("m{seq}"), invoked, outcome, tries: 1 }
}

fn object(state: &Session) -> Option<u64> {
    state.object("o").map(|object| fingerprint_of(object))
}

/// Five writes of two clients, one after the other but for the last two; reads between them.
fn good() -> History {
    let log: Vec<EventRecord> =
        (1..=5).map(|seq| event(seq, if seq % 2 == 0 { "b" } else { "a" }, &format!("m{seq}"), 0)).collect();
    let states = states(&log);
    let last = &states[5];
    let told = log.iter().map(|record| (record.seq, fingerprint(record))).collect();
    let at = |invoked, returned, seen| Read { invoked, returned, seen };
    let refused = Outcome::Refused("object_exists".to_owned());
    let maybe = |mark: &str, outcome| Write {
        client: "c".to_owned(),
        mark: mark.to_owned(),
        invoked: 1,
        outcome,
        tries: 1,
    };
    History {
        base: states[0].clone(),
        writes: vec![
            write("a", 1, (10, 15)),
            write("b", 2, (20, 25)),
            write("a", 3, (30, 35)),
            write("b", 4, (40, 55)),
            write("a", 5, (42, 50)),
            maybe("refused", refused),
            maybe("unknown", Outcome::Unknown),
        ],
        reads: vec![
            at(2, 3, Seen::Object("o".to_owned(), None)),
            at(16, 17, Seen::Head(1)),
            at(21, 29, Seen::Object("o".to_owned(), object(&states[1]))),
            at(36, 37, Seen::Object("o".to_owned(), object(&states[3]))),
            at(38, 39, Seen::State(3, states[3].digest())),
            at(43, 44, Seen::Object("o".to_owned(), object(&states[4]))),
            at(60, 61, Seen::Object("never".to_owned(), None)),
        ],
        streams: vec![Stream { name: "s".to_owned(), after: 0, events: told }],
        mirrors: vec![Mirror {
            name: "m".to_owned(),
            seq: 5,
            digest: last.digest(),
            json: canonical_json(&last.snapshot()),
        }],
        log,
        ends: Vec::new(),
    }
}

/// The rules that a history breaks which `change` has made of a good one.
fn broken(change: impl FnOnce(&mut History)) -> Vec<&'static str> {
    let mut history = good();
    change(&mut history);
    let mut rules: Vec<&str> = check(&history).into_iter().map(|violation| violation.rule).collect();
    rules.dedup();
    rules
}

/// The same log without, or with another, event: everything after it moves.
fn relog(history: &mut History, log: Vec<EventRecord>) {
    let numbered = (1..).zip(log);
    history.log = numbered.map(|(seq, record)| EventRecord { seq, ..record }).collect();
}

#[test]
fn lin1_a_good_history_is_found_good() {
    assert_eq!(check(&good()), Vec::new());
}

#[test]
fn lin1_a_lost_acknowledged_write_is_caught() {
    let rules = broken(|history| {
        let mut log = history.log.clone();
        log.pop();
        relog(history, log);
    });
    assert!(rules.contains(&"LIN1"), "{rules:?}");
}

#[test]
fn lin1_a_write_that_was_done_twice_is_caught() {
    let rules = broken(|history| {
        let mut log = history.log.clone();
        log.push(EventRecord { seq: 6, ..log[1].clone() });
        history.log = log;
    });
    assert!(rules.contains(&"LIN1"), "{rules:?}");
}

#[test]
fn lin1_an_acknowledgement_of_another_place_author_or_number_is_caught() {
    let outcome = |seq, events, id| Outcome::Done { returned: 25, seq, events, id };
    assert!(broken(|history| history.writes[1].outcome = outcome(2, 2, Some(2))).contains(&"LIN1"));
    assert!(broken(|history| history.writes[1].outcome = outcome(2, 1, Some(7))).contains(&"LIN1"));
    assert!(broken(|history| history.writes[1].client = "c".to_owned()).contains(&"LIN1"));
    assert!(broken(|history| history.writes[1].outcome = outcome(3, 1, Some(2))).contains(&"LIN1"));
}

#[test]
fn lin2_what_was_refused_and_what_nobody_asked_for_is_caught() {
    assert_eq!(broken(|history| history.writes[5].mark = "m2".to_owned()), ["LIN2"]);
    assert_eq!(broken(|history| _ = history.writes.remove(2)), ["LIN2"]);
    let rules = broken(|history| {
        let cleared = EventRecord { seq: 6, event: Event::ObjectsCleared, ..history.log[4].clone() };
        history.log.push(cleared);
    });
    assert!(rules.contains(&"LIN2"), "{rules:?}");
}

#[test]
fn lin3_what_has_no_verdict_is_there_once_at_most() {
    let unknown = |history: &mut History, times: u64, tries| {
        for n in 0..times {
            history.log.push(event(6 + n, "c", "unknown", 0));
        }
        history.writes[6].tries = tries;
    };
    assert!(!broken(|history| unknown(history, 1, 1)).contains(&"LIN3"));
    assert!(broken(|history| unknown(history, 2, 1)).contains(&"LIN3"));
    assert!(!broken(|history| unknown(history, 2, 2)).contains(&"LIN3"));
}

#[test]
fn lin4_gaps_and_halves_of_batches_are_caught() {
    assert!(broken(|history| _ = history.log.remove(2)).contains(&"LIN4"));
    assert!(broken(|history| history.log[2].more = 2).contains(&"LIN4"));
    assert!(broken(|history| history.log[4].more = 1).contains(&"LIN4"));
}

/// The commands 1 and 3 of a client in the order 3, 1, where the server has ended at those moments.
fn turned_round(ends: &[u64]) -> Vec<&'static str> {
    broken(|history| {
        for (index, seq, id) in [(0, 1, 3), (2, 3, 1)] {
            history.log[seq as usize - 1].by.as_mut().expect("an author").command_id = id;
            let Outcome::Done { id: told, .. } = &mut history.writes[index].outcome else { continue };
            *told = Some(id);
        }
        history.streams.clear();
        history.ends.extend(ends);
    })
}

#[test]
fn lin5_acknowledgements_out_of_order_are_caught() {
    assert_eq!(turned_round(&[]), ["LIN5"]);
    assert_eq!(turned_round(&[12, 36]), ["LIN5"], "command 1 was asked of one server alone");
}

#[test]
fn lin5_a_command_that_two_servers_were_asked_may_come_later() {
    assert_eq!(turned_round(&[32]), [""; 0]);
}

#[test]
fn lin6_a_write_before_one_that_was_acknowledged_when_it_was_asked_for_is_caught() {
    let rules = broken(|history| {
        history.writes[3].invoked = 51;
        history.reads.remove(5);
    });
    assert_eq!(rules, ["LIN6"], "event 4 was asked for after 5 was acknowledged");
}

#[test]
fn lin7_a_stale_read_is_caught() {
    let object = |n: usize| object(&states(&good().log)[n]);
    assert_eq!(broken(|history| history.reads[1].seen = Seen::Head(0)), ["LIN7"]);
    assert_eq!(broken(|history| history.reads[3].seen = Seen::Object("o".to_owned(), object(2))), ["LIN7"]);
    assert_eq!(broken(|history| history.reads[3].seen = Seen::Object("o".to_owned(), None)), ["LIN7"]);
    let digest = states(&good().log)[2].digest();
    assert_eq!(broken(|history| history.reads[4].seen = Seen::State(2, digest)), ["LIN7"]);
}

#[test]
fn lin7_a_read_of_what_a_former_read_is_ahead_of_is_caught() {
    let rules = broken(|history| {
        history.reads.push(Read { invoked: 45, returned: 46, seen: Seen::Head(3) });
    });
    assert_eq!(rules, ["LIN7"], "the read before it has seen event 4, which is not acknowledged yet");
}

#[test]
fn lin7_a_read_of_the_future_and_of_what_never_was_are_caught() {
    assert!(broken(|history| history.reads[1].seen = Seen::Head(2)).contains(&"LIN7"));
    assert_eq!(broken(|history| history.reads[4].seen = Seen::State(3, history.base.digest())), ["LIN7"]);
    assert_eq!(broken(|history| history.reads[3].seen = Seen::Object("o".to_owned(), Some(7))), ["LIN7"]);
}

#[test]
fn lin8_a_stream_with_a_gap_a_repetition_another_event_or_no_end_is_caught() {
    assert_eq!(broken(|history| _ = history.streams[0].events.remove(2)), ["LIN8"]);
    assert_eq!(broken(|history| history.streams[0].events.insert(2, (2, 0))), ["LIN8"]);
    assert_eq!(broken(|history| history.streams[0].events[3].1 ^= 1), ["LIN8"]);
    assert_eq!(broken(|history| _ = history.streams[0].events.pop()), ["LIN8"]);
}

#[test]
fn lin9_a_mirror_of_another_state_is_caught() {
    assert_eq!(broken(|history| history.mirrors[0].seq = 4), ["LIN9"]);
    assert_eq!(broken(|history| history.mirrors[0].digest = history.base.digest()), ["LIN9"]);
    assert_eq!(broken(|history| history.mirrors[0].json.push(b' ')), ["LIN9"]);
}
