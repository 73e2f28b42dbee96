//! What holds for every state and every command.

use proptest::prelude::*;
use proptest::sample::Index;
use vws_core::model::{Bounded, Coordinate, Degrees, Fraction};
use vws_core::reduce::{Overlay, State, apply};
use vws_core::wire::{Encoding, ServerMessage, canonical_json, parse_json};
use vws_core::{Command, Context, Event, EventRecord, Session, Snapshot, decide};

use super::generate;
use super::given::{ENCODINGS, Given, canonical, records};

/// The log that these commands leave, and the state.
fn history(commands: &[Command]) -> (Vec<EventRecord>, Given) {
    let mut given = Given::nothing();
    let mut log = Vec::new();
    for command in commands {
        let Ok(records) = given.decide_parsed(command, None) else { continue };
        for record in records {
            given.session.apply(&record).expect("is the next");
            log.push(record);
        }
        given.now += 1;
    }
    (log, given)
}

/// What a state shows, however it is held.
fn shown<S: State>(state: &S, names: &[&str]) -> String {
    let objects: Vec<_> = names.iter().filter_map(|name| state.object(name)).collect();
    format!("{} {} {:?} {:?} {:?}", state.seq(), state.object_count(), state.name(), state.world(), objects)
}

proptest! {
    #![proptest_config(generate::cases(1_500))]

    #[test]
    fn law1_a_log_and_any_snapshot_with_its_tail_fold_to_the_same_state(
        commands in generate::commands(),
        at in any::<Index>(),
        encoding in prop::sample::select(ENCODINGS.to_vec()),
    ) {
        let (log, given) = history(&commands);
        let at = at.index(log.len() + 1);
        let mut folded = Given::nothing().session;
        let mut resumed = None;
        for n in 0..=log.len() {
            if n == at {
                let json = canonical_json(&folded.snapshot());
                let snapshot: Snapshot = serde_json::from_slice(&json).expect("decodes");
                resumed = Some(snapshot.restore().expect("has its digest"));
            }
            if let Some(record) = log.get(n) {
                let message = encoding.encode_server(&ServerMessage::Event(record.clone()));
                let Ok(ServerMessage::Event(record)) = encoding.decode_server(&message) else {
                    panic!("is an event")
                };
                folded.apply(&record).expect("is the next");
                if let Some(resumed) = &mut resumed {
                    resumed.apply(&record).expect("is the next");
                }
            }
        }
        prop_assert_eq!(canonical(&folded), canonical(&given.session));
        let resumed = resumed.expect("was taken");
        prop_assert_eq!(canonical(&resumed), canonical(&given.session));
        prop_assert_eq!(resumed.digest(), given.session.digest());
    }

    #[test]
    fn law2_decide_changes_nothing_and_answers_the_same(
        commands in generate::commands(),
        command in generate::command(),
        expect_version in prop::option::of(0_u64..20),
    ) {
        let (_, given) = history(&commands);
        let before = canonical(&given.session);
        let context = Context { at: given.now, limits: &given.limits, expect_version };
        let first = decide(&given.session, &command, &context);
        prop_assert_eq!(&decide(&given.session, &command, &context), &first);
        prop_assert_eq!(canonical(&given.session), before);
        if let Err(rejection) = first {
            prop_assert!(rejection.errors().count() > 0);
        }
    }

    #[test]
    fn law2_what_decide_yields_applies_and_does_what_was_foreseen(
        commands in generate::commands(),
        command in generate::command(),
    ) {
        let (_, mut given) = history(&commands);
        let context = Context { at: given.now, limits: &given.limits, expect_version: None };
        let Ok(events) = decide(&given.session, &command, &context) else { return Ok(()) };
        let base = given.session.clone();
        let mut ahead = Overlay::new(&base);
        let mut previous = given.session.digest();
        for record in records(&given.session, events, given.now, None) {
            apply(&mut ahead, &record.event, record.seq, record.at);
            given.session.apply(&record).expect("is the next");
            // Every event changes something, be it a version.
            prop_assert_ne!(given.session.digest(), previous, "{:?}", record);
            previous = given.session.digest();
        }
        let objects: Vec<_> = base.objects().chain(given.session.objects()).cloned().collect();
        let names: Vec<_> = objects.iter().map(|object| object.name.as_str()).collect();
        prop_assert_eq!(shown(&ahead, &names), shown(&given.session, &names));
        let listed: Vec<_> = ahead.objects().cloned().collect();
        let expected: Vec<_> = given.session.objects().cloned().collect();
        prop_assert_eq!(listed, expected);
    }

    #[test]
    fn law2_apply_has_an_outcome_for_every_event_in_every_state(
        one in generate::commands(),
        other in generate::commands(),
    ) {
        // Events of one history are folded into the state of another, where few of them fit.
        let (log, _) = history(&one);
        let (_, mut given) = history(&other);
        let mut twin = given.session.clone();
        for record in &log {
            let record = EventRecord { seq: given.session.seq() + 1, ..record.clone() };
            given.session.apply(&record).expect("is the next");
            twin.apply(&record).expect("is the next");
        }
        prop_assert_eq!(canonical(&given.session), canonical(&twin));
        let restored = given.session.snapshot().restore().expect("the digest has kept up");
        prop_assert_eq!(restored.digest(), given.session.digest());
    }

    #[test]
    fn cmd4_what_took_effect_is_so_already(commands in generate::commands(), command in generate::single()) {
        // Asking twice for the same patch or camera changes something at most once.
        let (_, mut given) = history(&commands);
        let settles = match &command {
            Command::UpdateObject { .. }
            | Command::UpdateWorld { .. }
            | Command::MoveCamera { .. }
            | Command::RenameSession { .. }
            | Command::ClearObjects
            | Command::ExpectObject { .. }
            | Command::ExpectWorld { .. }
            | Command::StopOrbit => true,
            Command::CreateObject { .. }
            | Command::RenameObject { .. }
            | Command::DeleteObject { .. }
            | Command::InitializeWorld { .. }
            | Command::StartOrbit { .. }
            | Command::Batch { .. } => false,
        };
        if let (true, Ok(records)) = (settles, given.decide_parsed(&command, None)) {
            for record in records {
                given.session.apply(&record).expect("is the next");
            }
            prop_assert_eq!(given.decide_parsed(&command, None), Ok(Vec::new()));
        }
    }

    #[test]
    fn law9_commands_and_messages_read_back_as_written(message in generate::client_message()) {
        for encoding in Encoding::ALL {
            let back = encoding.decode_client(&encoding.encode_client(&message));
            prop_assert_eq!(back.as_ref(), Ok(&message));
        }
    }

    #[test]
    fn law9_events_and_snapshots_read_back_as_written(commands in generate::commands()) {
        let (log, given) = history(&commands);
        let snapshot = given.session.snapshot();
        let json = canonical_json(&snapshot);
        let back: Snapshot = serde_json::from_slice(&json).expect("decodes");
        prop_assert_eq!(canonical_json(&back), json);
        prop_assert_eq!(&back, &snapshot);
        let parts = snapshot.into_parts().into_iter().map(ServerMessage::Snapshot);
        for message in log.into_iter().map(ServerMessage::Event).chain(parts) {
            for encoding in Encoding::ALL {
                let bytes = encoding.encode_server(&message);
                let back = encoding.decode_server(&bytes).expect("decodes");
                prop_assert_eq!(&back, &message);
                prop_assert_eq!(&encoding.encode_server(&back), &bytes);
                if let ServerMessage::Event(record) = &message {
                    let mut written = b"before".to_vec();
                    encoding.write_event(record, &mut written);
                    prop_assert_eq!(written, [b"before", &bytes[..]].concat());
                }
            }
        }
    }
}

/// Random bits, the same in every run.
fn random_bits() -> impl Iterator<Item = u64> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    })
}

#[test]
fn law9_floats_read_back_to_the_last_bit() {
    fn check<R: vws_core::model::Range>(value: f64) {
        let Ok(number) = Bounded::<R>::new("x", value) else { return };
        let json = serde_json::to_vec(&number).expect("encodes");
        let back: Bounded<R> = serde_json::from_slice(&json).expect("decodes");
        assert_eq!(back.get().to_bits(), number.get().to_bits(), "{value:?}");
        let packed = rmp_serde::to_vec(&number).expect("encodes");
        let back: Bounded<R> = rmp_serde::from_slice(&packed).expect("decodes");
        assert_eq!(back.get().to_bits(), number.get().to_bits(), "{value:?}");
    }
    fn family<A, B, C>(value: f64, _: fn(Bounded<A>, Bounded<B>, Bounded<C>))
    where
        A: vws_core::model::Range,
        B: vws_core::model::Range,
        C: vws_core::model::Range,
    {
        check::<A>(value);
        check::<B>(value);
        check::<C>(value);
    }
    for bits in random_bits().take(60_000) {
        // Evenly over the range, and evenly over all floats.
        let even = (bits >> 11) as f64 / (1_u64 << 53) as f64 * 24.0 - 12.0;
        for value in [even, f64::from_bits(bits)] {
            family(value, |_: Coordinate, _: Degrees, _: Fraction| {});
        }
    }
}

#[test]
fn law9_a_command_s_numbers_read_back_to_the_last_bit() {
    for bits in random_bits().take(20_000) {
        let x = (bits >> 11) as f64 / (1_u64 << 53) as f64 * 24.0 - 12.0;
        let text = format!(r#"{{"type":"update_object","name":"a","patch":{{"x":{x:?}}}}}"#);
        let Ok(Command::UpdateObject { patch, .. }) = parse_json(text.as_bytes()) else {
            panic!("is an update")
        };
        assert_eq!(patch.x, x.into());
    }
}

#[test]
fn law1_a_full_session_folds_to_the_same_state() {
    let mut given = Given::nothing();
    let mut log: Vec<EventRecord> = Vec::new();
    for n in 0..2_500 {
        let fields = serde_json::json!({"x": f64::from(n) / 250.0, "properties": {"n": n}});
        log.extend(given.run(&super::given::cube(&format!("object {n}"), fields)).expect("is taken"));
    }
    let mut folded = Session::new(given.session.id(), None, given.session.created_at(), 7);
    for record in &log {
        folded.apply(record).expect("is the next");
    }
    assert_eq!(canonical(&folded), canonical(&given.session));
    assert!(matches!(log[0].event, Event::ObjectCreated { .. }));
}
