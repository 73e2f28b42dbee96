use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};
use vws_core::limits::{IMPORT_FAULTS, IMPORT_VALUE_BYTES, ModelLimits};
use vws_core::reduce::State;
use vws_core::transfer::{Faults, Format, Imported, Importer, LogWriter, state_file};
use vws_core::{Event, EventRecord, Session, SessionId};

use super::generate;
use super::given::{Given, NOW, batch, canonical, cube, patch, plain};

fn import_with(format: Format, bytes: &[u8], limits: ModelLimits, step: usize) -> Result<Imported, Faults> {
    let mut importer = Importer::new(format, limits);
    for chunk in bytes.chunks(step) {
        importer.read(chunk);
    }
    importer.finish()
}

fn import(format: Format, bytes: impl AsRef<[u8]>) -> Result<Imported, Faults> {
    import_with(format, bytes.as_ref(), ModelLimits::default(), 1_024)
}

fn log_file(base: &Session, events: &[EventRecord]) -> Vec<u8> {
    let mut writer = LogWriter::new(base.clone());
    let mut file = Vec::new();
    while let Some(piece) = writer.opening() {
        file.extend(piece);
    }
    for event in events {
        writer.event(&Arc::new(event.clone()), &mut file).expect("is the next");
    }
    file.extend(writer.end());
    file
}

fn state_of(session: &Session) -> Vec<u8> {
    state_file(session.snapshot()).flatten().collect()
}

/// The states at the two ends of a history, and its events. The base is that after `before`.
fn history(before: &[Value], commands: &[Value]) -> (Session, Vec<EventRecord>, Given) {
    let mut given = Given::after(before);
    let base = given.session.clone();
    let mut events = Vec::new();
    for command in commands {
        events.extend(given.run(command).unwrap_or_else(|refused| panic!("{command}: {refused}")));
    }
    (base, events, given)
}

fn a_history() -> (Session, Vec<EventRecord>, Given) {
    let commands = [
        batch(&[plain("b"), patch("a", json!({"x": 1.5, "properties": {"k": "v"}}))]),
        json!({"type": "start_orbit"}),
        json!({"type": "rename_object", "name": "a", "new_name": "é"}),
        json!({"type": "rename_session", "name": "a name"}),
        json!({"type": "clear_objects"}),
    ];
    history(&[plain("a"), json!({"type": "update_world", "patch": {"size": 30}})], &commands)
}

/// Line, pointer and code of each fault.
fn told(faults: &Faults) -> Vec<(u64, String, String)> {
    let fields = faults.to_fields();
    fields.into_iter().map(|f| (f.line.expect("has a line"), f.pointer, f.code)).collect()
}

fn fault(line: u64, pointer: &str, code: &str) -> (u64, String, String) {
    (line, pointer.to_owned(), code.to_owned())
}

fn new_id() -> SessionId {
    "0190b5a0-0000-7000-8000-000000000009".parse().expect("is a UUID")
}

/// A log file whose line of that number `change` has changed, all sums made anew.
fn resealed(file: &[u8], number: usize, change: impl Fn(&str) -> String) -> Vec<u8> {
    let text = std::str::from_utf8(file).expect("is text");
    let mut before = 0;
    let lines = text.lines().enumerate().map(|(n, line)| {
        let (value, _) = line.rsplit_once(",\"sum\":\"").expect("has a sum");
        let value = if n + 1 == number { change(value) } else { value.to_owned() };
        before = xxhash(format!("{value}}}").as_bytes(), before);
        format!("{value},\"sum\":\"{before:016x}\"}}\n")
    });
    lines.collect::<String>().into_bytes()
}

fn xxhash(bytes: &[u8], seed: u64) -> u64 {
    xxhash_rust::xxh3::xxh3_64_with_seed(bytes, seed)
}

#[test]
fn exp1_a_log_has_its_base_each_event_with_its_digest_and_an_end() {
    let (base, events, given) = a_history();
    let file = String::from_utf8(log_file(&base, &events)).expect("is text");
    let lines: Vec<Value> = file.lines().map(|line| serde_json::from_str(line).expect("is JSON")).collect();
    assert_eq!(lines.len(), 1 + 1 + events.len() + 1);
    assert_eq!((&lines[0]["format"], &lines[0]["version"]), (&json!("vws.log"), &json!(1)));
    assert_eq!((&lines[0]["session"], &lines[0]["digest"]), (&json!(base.info()), &json!(base.digest())));
    assert_eq!(lines[1]["object"]["name"], "a");
    let mut folded = base.clone();
    for (line, event) in lines[2..].iter().zip(&events) {
        folded.apply(event).expect("is the next");
        assert_eq!((&line["event"], &line["digest"]), (&json!(event), &json!(folded.digest())));
    }
    let end = json!({"seq": given.session.seq(), "events": events.len(), "digest": given.session.digest()});
    assert_eq!(lines.last().expect("is there")["end"], end);
    assert!(file.ends_with("\"}\n") && Format::sniff(file.as_bytes()) == Format::Log);
}

#[test]
fn exp1_files_are_called_what_they_are() {
    let told = [Format::State, Format::Log].map(|of| (of.name(), of.extension(), of.media_type()));
    assert_eq!(
        told,
        [("vws.state", "vws.json", "application/json"), ("vws.log", "vwslog", "application/x-ndjson")]
    );
}

#[test]
fn exp1_a_state_has_one_object_a_line() {
    let objects: Vec<Value> = (0..600).map(|n| plain(&format!("o{n}"))).collect();
    let session = Given::after(&objects).session;
    let file = String::from_utf8(state_of(&session)).expect("is text");
    let value: Value = serde_json::from_str(&file).expect("is JSON");
    let snapshot = json!(session.snapshot());
    assert_eq!((&value["format"], &value["version"]), (&json!("vws.state"), &json!(1)));
    for field in ["session", "world", "digest", "objects"] {
        assert_eq!(value[field], snapshot[field], "{field}");
    }
    assert_eq!(file.lines().count(), 602);
    assert_eq!(Format::sniff(file.as_bytes()), Format::State);
}

#[test]
fn exp2_every_damaged_byte_of_a_log_is_known() {
    let (base, events, _) = history(&[plain("a")], &[patch("a", json!({"x": 1})), plain("b")]);
    let file = log_file(&base, &events);
    import(Format::Log, &file).expect("is whole");
    for at in 0..file.len() {
        let flips = (0..8).map(|bit| file[at] ^ (1 << bit));
        let others = b"\n\r\t \"\\{}[]:,.+-0123456789abcdefABCDEFnrtu\0\x7f\xff".iter().copied();
        let mut damaged = file.clone();
        for byte in flips.chain(others).filter(|byte| *byte != file[at]) {
            damaged[at] = byte;
            let done = import(Format::Log, &damaged);
            assert!(done.is_err(), "{byte:#04x} for {:?} at {at} is not known", char::from(file[at]));
        }
    }
}

#[test]
fn exp2_a_log_that_lost_or_gained_bytes_or_lines_is_known() {
    let (base, events, _) = a_history();
    let file = log_file(&base, &events);
    for at in 0..file.len() {
        assert!(import(Format::Log, &file[..at]).is_err(), "cut at {at}");
        let mut without = file.clone();
        without.remove(at);
        assert!(import(Format::Log, &without).is_err(), "without the byte at {at}");
        let mut with = file.clone();
        with.insert(at, file[at]);
        assert!(import(Format::Log, &with).is_err(), "with the byte at {at} twice");
    }
    let lines: Vec<&[u8]> = file.split_inclusive(|b| *b == b'\n').collect();
    for at in 0..lines.len() {
        let mut without = lines.clone();
        without.remove(at);
        assert!(import(Format::Log, without.concat()).is_err(), "without line {}", at + 1);
        let mut twice = lines.clone();
        twice.insert(at, lines[at]);
        assert!(import(Format::Log, twice.concat()).is_err(), "with line {} twice", at + 1);
        if at > 0 {
            let mut swapped = lines.clone();
            swapped.swap(at - 1, at);
            assert!(import(Format::Log, swapped.concat()).is_err(), "lines {at} and {} swapped", at + 1);
        }
    }
    assert!(import(Format::Log, [&file[..], b"\n"].concat()).is_err());
}

#[test]
fn exp2_the_damaged_line_is_named_and_no_other() {
    let (base, events, _) = a_history();
    let file = log_file(&base, &events);
    let lines = file.split_inclusive(|b| *b == b'\n').count();
    let mut start = 0;
    for (n, line) in file.split_inclusive(|b| *b == b'\n').enumerate() {
        for sum in [false, true] {
            let mut damaged = file.clone();
            let at = if sum { start + line.len() - 5 } else { start + line.len() / 2 };
            damaged[at] = if damaged[at] == b'1' { b'2' } else { b'1' };
            let faults = import(Format::Log, &damaged).expect_err("is damaged");
            assert_eq!(faults.kept()[0].line, n as u64 + 1, "{}", faults.kept()[0]);
            let sums = told(&faults).into_iter().filter(|(_, _, code)| code == "checksum_mismatch");
            assert_eq!(sums.map(|(line, ..)| line).collect::<Vec<_>>(), [n as u64 + 1], "of {lines} lines");
        }
        start += line.len();
    }
}

#[test]
fn exp3_what_is_made_of_a_log_has_its_history() {
    let (base, events, given) = a_history();
    let imported = import(Format::Log, log_file(&base, &events)).expect("is whole");
    assert_eq!(imported.events(), events.len() as u64);
    let begun = imported.begin(new_id(), NOW + 99, 8);
    let origin = begun.base.session.origin.expect("is told");
    assert_eq!((origin.session_id, origin.epoch, origin.seq), (base.id(), base.epoch(), base.seq()));
    assert_eq!(begun.base.session.created_at, base.created_at(), "its events are from then on");
    let mut folded = begun.base.restore().expect("has its digest");
    for event in &begun.events {
        folded.apply(event).expect("is the next");
    }
    assert_eq!(canonical(&folded), canonical(&begun.head));
    assert_eq!((folded.id(), folded.epoch(), folded.seq()), (new_id(), 8, given.session.seq()));
    assert_eq!(folded.digest(), given.session.digest());
    assert_eq!(begun.events.iter().map(|e| (**e).clone()).collect::<Vec<_>>(), events);
}

#[test]
fn exp3_what_is_made_of_a_state_begins_with_it() {
    let given = a_history().2;
    let begun = import(Format::State, state_of(&given.session)).expect("is whole").begin(new_id(), NOW, 8);
    assert!(begun.events.is_empty());
    assert_eq!(begun.base.session.origin.map(|o| o.seq), Some(given.session.seq()));
    assert_eq!((begun.base.session.created_at, begun.base.session.seq), (NOW, given.session.seq()));
    let restored = begun.base.restore().expect("has its digest");
    assert_eq!(restored.digest(), given.session.digest());
    assert_eq!(canonical(&restored), canonical(&begun.head));
}

proptest! {
    #![proptest_config(generate::cases(300))]

    #[test]
    fn exp3_any_history_comes_back_as_it_was(
        commands in generate::commands(),
        from in any::<prop::sample::Index>(),
        step in 1_usize..300,
    ) {
        let mut given = Given::nothing();
        let mut states = vec![given.session.clone()];
        let mut events = Vec::new();
        for command in &commands {
            let Ok(records) = given.decide_parsed(command, None) else { continue };
            for record in records {
                given.session.apply(&record).expect("is the next");
                states.push(given.session.clone());
                events.push(record);
            }
            given.now += 1;
        }
        let from = from.index(states.len());
        let limits = ModelLimits::default();
        let file = log_file(&states[from], &events[from..]);
        let imported = import_with(Format::Log, &file, limits, step)
            .unwrap_or_else(|faults| panic!("{:?}", faults.to_problem()));
        let begun = imported.begin(new_id(), 1, 8);
        let again = begun.base.restore().expect("has its digest");
        let tail: Vec<EventRecord> = begun.events.iter().map(|e| (**e).clone()).collect();
        prop_assert_eq!(begun.head.digest(), given.session.digest());
        let second = log_file(&again, &tail);
        // All but what the sessions are is the same, byte for byte.
        let values = |file: &[u8]| {
            let text = String::from_utf8(file.to_vec()).expect("is text");
            text.lines().skip(1).map(|l| l.rsplit_once(",\"sum\"").expect("has one").0.to_owned()).collect::<Vec<_>>()
        };
        prop_assert_eq!(values(&second), values(&file));

        let file = state_of(&given.session);
        let imported = import_with(Format::State, &file, limits, step)
            .unwrap_or_else(|faults| panic!("{:?}", faults.to_problem()));
        prop_assert_eq!(canonical(imported.session()), canonical(&given.session));
        let begun = imported.begin(new_id(), 1, 8);
        prop_assert_eq!(begun.head.digest(), given.session.digest());
        let second = state_of(&begun.head);
        let objects = |file: &[u8]| String::from_utf8(file.to_vec()).expect("is text").split_once('\n').map(|(_, rest)| rest.to_owned());
        prop_assert_eq!(objects(&second), objects(&file));
    }

    #[test]
    fn hist6_what_was_done_can_be_done_again_elsewhere(commands in generate::commands()) {
        let mut given = Given::nothing();
        let mut again = Given::nothing();
        for command in &commands {
            let Ok(records) = given.decide_parsed(command, None) else { continue };
            for record in &records {
                given.session.apply(record).expect("is the next");
                let wish = record.event.wish();
                let redone = again.decide_parsed(&wish, None).unwrap_or_else(|r| panic!("{wish:?}: {r}"));
                prop_assert_eq!(redone.len(), 1, "{:?}", wish);
                again.session.apply(&redone[0]).expect("is the next");
            }
        }
        prop_assert!(vws_core::history::diff(&again.session, &given.session).is_empty());
    }

    #[test]
    fn imp3_no_bytes_make_the_readers_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), log in any::<bool>()) {
        let format = if log { Format::Log } else { Format::State };
        prop_assert!(import_with(format, &bytes, ModelLimits::default(), 7).is_err());
    }
}

#[test]
fn imp3_values_of_a_state_obey_the_rules_and_each_fault_has_its_place() {
    let session = Given::after(&[plain("a"), plain("b"), plain("c"), plain("d")]).session;
    let mut value: Value = serde_json::from_slice(&state_of(&session)).expect("is JSON");
    let objects = &mut value["objects"];
    objects[0]["x"] = json!(12.5);
    objects[0]["opacity"] = json!(-1);
    objects[1]["name"] = json!("a");
    objects[2]["weight"] = json!(1);
    objects[3]["version"] = json!(99);
    value["world"]["size"] = json!(0);
    value["session"]["object_count"] = json!(5);
    value["more"] = json!(true);
    let text = serde_json::to_string_pretty(&value).expect("encodes");
    let line = |key: &str, nth: usize| {
        let found = text.lines().enumerate().filter(|(_, line)| line.contains(key));
        found.map(|(n, _)| n as u64 + 1).nth(nth).expect("is there")
    };
    let faults = import(Format::State, &text).expect_err("is wrong");
    let object = |n: usize| line("\"name\": \"", n) - 3;
    let mut found = told(&faults);
    found.sort_by_key(|(_, pointer, _)| pointer.clone());
    let begins: Vec<u64> = (0..4)
        .map(|n| {
            let from = object(n);
            (from.saturating_sub(12)..=from + 3)
                .rev()
                .find(|l| text.lines().nth(*l as usize - 1).is_some_and(|t| t == "    {"))
                .expect("an object begins")
        })
        .collect();
    let expected = [
        fault(line("\"more\"", 0), "/more", "unknown_field"),
        fault(begins[0], "/objects/0/opacity", "fraction_out_of_range"),
        fault(begins[0], "/objects/0/x", "coordinate_out_of_bounds"),
        fault(begins[2], "/objects/2/weight", "unknown_field"),
        fault(begins[3], "/objects/3/version", "invalid_value"),
        fault(line("\"session\"", 0), "/session/object_count", "count_mismatch"),
        fault(line("\"world\"", 0), "/world/size", "world_size_out_of_range"),
    ];
    assert_eq!(found, expected);
    // Whoever has a name that is taken is told so, and only the first of the two is in the state.
    objects_named_twice();
}

fn objects_named_twice() {
    let session = Given::after(&[plain("a"), plain("b")]).session;
    let text = String::from_utf8(state_of(&session)).expect("is text").replace("\"b\"", "\"a\"");
    let faults = import(Format::State, text).expect_err("is wrong");
    assert_eq!(told(&faults)[0], fault(3, "/objects/1/name", "object_exists"));
}

#[test]
fn imp3_the_form_of_a_state_is_read_strictly() {
    let session = Given::after(&[cube("a", json!({"x": 3.5}))]).session;
    let text = String::from_utf8(state_of(&session)).expect("is text");
    for (from, to, expected) in [
        ("\"x\":3.5", "\"x\":1e999", fault(2, "/objects/0/x", "number_not_finite")),
        ("\"x\":3.5", "\"x\":NaN", fault(2, "", "malformed")),
        ("\"x\":3.5", "\n\n\"x\":NaN", fault(4, "", "malformed")),
        ("\"x\":3.5", "\"x\":3.5,\"x\":1.0", fault(2, "/objects/0/x", "duplicate_key")),
        ("\"x\":3.5,", "", fault(2, "/objects/0/x", "missing_field")),
        ("\"visible\":true,", "", fault(2, "/objects/0/visible", "missing_field")),
        ("\"x\":3.5", "\"x\":\"0\"", fault(2, "/objects/0/x", "type_mismatch")),
        ("vws.state", "vws.log", fault(1, "/format", "format_unknown")),
        (
            "\"version\":1,\"session\"",
            "\"version\":2,\"session\"",
            fault(1, "/version", "format_version_unknown"),
        ),
        ("\"format\":\"vws.state\",", "", fault(1, "/format", "missing_field")),
        ("\"session\":{", "\"session\":{\"q\":1,", fault(1, "/session/q", "unknown_field")),
        ("\"seq\":1", "\"seq\":9007199254740991", fault(1, "/session/seq", "invalid_value")),
        ("0190b5a0", "0190B5A0", fault(1, "/session/session_id", "session_id_invalid")),
        ("\"name\":null", "\"name\":\" a\"", fault(1, "/session/name", "display_name_invalid")),
        ("\"objects\":[", "\"objects\":{\"a\":[", fault(1, "/objects", "type_mismatch")),
        ("\"session\":{", "\"more\":[1],\"session\":{", fault(1, "/more", "unknown_field")),
        ("]}", "]", fault(4, "", "cut_short")),
        ("]}", "],\"objects\":[]}", fault(3, "/objects", "duplicate_key")),
        ("]}", "]}}", fault(3, "", "malformed")),
    ] {
        assert!(text.contains(from), "{from}");
        let faults = import(Format::State, text.replacen(from, to, 1)).expect_err(to);
        let mut found = told(&faults)[0].clone();
        if found.2 == "malformed" {
            found.1.clear();
        }
        assert_eq!(found, expected, "for {to}: {:?}", faults.to_problem());
    }
    let reordered: Value = serde_json::from_str(&text).expect("is JSON");
    let sorted: std::collections::BTreeMap<String, Value> =
        serde_json::from_value(reordered).expect("is an object");
    let sorted = serde_json::to_string_pretty(&sorted).expect("encodes");
    assert!(sorted.find("\"objects\"") < sorted.find("\"session\""));
    import(Format::State, sorted).expect("the order of fields is no matter");
}

#[test]
fn imp4_a_wrong_digest_is_refused_with_both() {
    let session = Given::after(&[cube("a", json!({"x": 3.5}))]).session;
    let text = String::from_utf8(state_of(&session)).expect("is text").replace("\"x\":3.5", "\"x\":1.0");
    let faults = import(Format::State, text).expect_err("is wrong");
    let found = Given::after(&[cube("a", json!({"x": 1}))]).session.digest();
    let problem = faults.to_problem().expect("is one");
    assert_eq!(told(&faults), [fault(1, "/digest", "digest_mismatch")]);
    assert_eq!(
        problem.detail,
        format!("line 1 at /digest: the digest is {}, the content has {found}", session.digest())
    );

    let (base, events, _) = a_history();
    let file = log_file(&base, &events);
    // The first event of the history makes "b"; its line is the third.
    let wrong = resealed(&file, 3, |line| line.replace("\"x\":0.0", "\"x\":2.0"));
    let faults = import(Format::Log, wrong).expect_err("is wrong");
    assert_eq!(told(&faults), [fault(3, "/digest", "digest_mismatch")], "later lines are not judged by it");
    let wrong = resealed(&file, 2, |line| line.replace("\"x\":0.0", "\"x\":2.0"));
    let faults = import(Format::Log, wrong).expect_err("is wrong");
    assert_eq!(told(&faults)[0], fault(2, "", "digest_mismatch"));
}

#[test]
fn imp3_events_that_no_command_could_have_led_to_are_refused() {
    let commands = [plain("b"), patch("a", json!({"x": 1.5})), json!({"type": "delete_object", "name": "b"})];
    let (base, events, _) = history(&[plain("a")], &commands);
    let file = log_file(&base, &events);
    for (line, from, to, expected) in [
        (3, "\"name\":\"b\"", "\"name\":\"a\"", fault(3, "/event/event/object/name", "object_exists")),
        (3, "\"x\":0.0", "\"x\":-13.0", fault(3, "/event/event/object/x", "coordinate_out_of_bounds")),
        (3, "\"x\":0.0", "\"x\":0.0,\"w\":0.0", fault(3, "/event/event/object/w", "unknown_field")),
        (3, "object_created", "object_melted", fault(3, "/event/event/type", "unknown_type")),
        (4, "\"name\":\"a\"", "\"name\":\"c\"", fault(4, "/event/event/name", "object_not_found")),
        (4, "{\"x\":1.5}", "{\"x\":99}", fault(4, "/event/event/patch/x", "coordinate_out_of_bounds")),
        (4, "{\"x\":1.5}", "{\"x\":1.5,\"q\":1}", fault(4, "/event/event/patch/q", "unknown_field")),
        (4, "\"seq\":3", "\"seq\":4", fault(4, "/event/seq", "event_out_of_order")),
        (4, "\"at\":17", "\"at\":16", fault(4, "/event/at", "invalid_value")),
        (4, "\"event\":{\"seq\"", "\"event\":{\"q\":1,\"seq\"", fault(4, "/event/q", "unknown_field")),
        (5, "\"name\":\"b\"", "\"name\":\"c\"", fault(5, "/event/event/name", "object_not_found")),
        (5, "\"event\":{\"seq\"", "\"event\":{\"more\":1,\"seq\"", fault(6, "/end/events", "invalid_value")),
        (6, "\"events\":3", "\"events\":4", fault(6, "/end/events", "count_mismatch")),
        (6, "\"seq\":4", "\"seq\":5", fault(6, "/end/seq", "count_mismatch")),
        (1, "\"object_count\":1", "\"object_count\":2", fault(3, "/event", "unknown_field")),
        (1, "vws.log", "vws.state", fault(1, "/format", "format_unknown")),
    ] {
        let wrong = resealed(&file, line, |line| {
            assert!(line.contains(from), "{from} in {line}");
            line.replacen(from, to, 1)
        });
        let faults = import(Format::Log, wrong).expect_err(to);
        assert_eq!(told(&faults)[0], expected, "for {to}: {:?}", faults.to_problem());
    }
}

#[test]
fn imp3_batches_are_whole() {
    let (base, events, _) = history(&[], &[batch(&[plain("a"), plain("b"), plain("c")])]);
    assert_eq!(events.iter().map(|e| e.more).collect::<Vec<_>>(), [2, 1, 0]);
    let file = log_file(&base, &events);
    let wrong = resealed(&file, 3, |line| line.replace("\"more\":1", "\"more\":7"));
    let faults = import(Format::Log, wrong).expect_err("is wrong");
    assert_eq!(told(&faults)[0], fault(3, "/event/more", "invalid_value"));
    let torn = log_file(&base, &events[..2]);
    let faults = import(Format::Log, torn).expect_err("is wrong");
    assert_eq!(told(&faults), [fault(4, "/end/events", "invalid_value")]);
    // A history may begin in the midst of one, where what was before is no longer kept.
    let mut middle = base.clone();
    middle.apply(&events[0]).expect("is the next");
    import(Format::Log, log_file(&middle, &events[1..])).expect("is whole");
}

#[test]
fn imp3_the_bounds_in_force_hold() {
    let (base, events, given) = history(&[plain("a")], &[plain("b"), plain("c")]);
    let limits = |objects_per_session| ModelLimits { objects_per_session, ..ModelLimits::default() };
    let log = log_file(&base, &events);
    let state = state_of(&given.session);
    import_with(Format::Log, &log, limits(3), 99).expect("is within bounds");
    import_with(Format::State, &state, limits(3), 99).expect("is within bounds");
    let faults = import_with(Format::Log, &log, limits(2), 99).expect_err("is too much");
    assert_eq!(told(&faults), [fault(4, "/event/event", "too_many_objects")]);
    let faults = import_with(Format::State, &state, limits(1), 99).expect_err("is too much");
    assert_eq!(told(&faults), [fault(3, "/objects/1", "too_many_objects")], "told once");
}

#[test]
fn imp2_a_value_is_as_large_as_it_may_be_and_no_larger() {
    let session = Given::after(&[cube("a", json!({"x": 3.5}))]).session;
    let text = String::from_utf8(state_of(&session)).expect("is text");
    let object = text.lines().nth(1).expect("is there");
    let padded = |bytes: usize| {
        let space = " ".repeat(bytes - object.len());
        text.replace("\"x\":3.5", &format!("\"x\":{space}3.5"))
    };
    assert_eq!(IMPORT_VALUE_BYTES, 1 << 20, "as the documentation says");
    import(Format::State, padded(IMPORT_VALUE_BYTES)).expect("is within bounds");
    let faults = import(Format::State, padded(IMPORT_VALUE_BYTES + 1)).expect_err("is too much");
    assert_eq!(told(&faults), [fault(2, "", "value_too_large")]);
    let line = "x".repeat(IMPORT_VALUE_BYTES + 1);
    let faults = import(Format::Log, &line).expect_err("is too much");
    assert_eq!(told(&faults), [fault(1, "", "value_too_large")]);
    let line = "x".repeat(IMPORT_VALUE_BYTES);
    let faults = import(Format::Log, line + "\n").expect_err("is no log");
    assert_eq!(told(&faults)[0], fault(1, "", "checksum_mismatch"), "it is read to its end");
}

#[test]
fn imp3_what_follows_a_line_that_cannot_be_read_is_not_judged_by_it() {
    let commands = [plain("b"), patch("a", json!({"x": 1.5})), json!({"type": "delete_object", "name": "b"})];
    let (base, events, _) = history(&[plain("a")], &commands);
    let text = String::from_utf8(log_file(&base, &events)).expect("is text");
    let without_the_sum_of = |number: usize| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let (value, _) = lines[number - 1].rsplit_once(",\"sum\"").expect("has a sum");
        lines[number - 1] = format!("{value}}}");
        told(&import(Format::Log, lines.join("\n") + "\n").expect_err("is wrong"))
    };
    // The third line makes "b", which the fifth deletes.
    let about_what_is_missing = [
        fault(3, "", "checksum_mismatch"),
        fault(4, "/sum", "checksum_mismatch"),
        fault(4, "/event/seq", "event_out_of_order"),
        fault(6, "/end/events", "count_mismatch"),
    ];
    assert_eq!(without_the_sum_of(3), about_what_is_missing, "and not that there is no b");
    // Nor is what follows a head that cannot be read taken for a head.
    let expected = [fault(1, "", "checksum_mismatch"), fault(2, "/sum", "checksum_mismatch")];
    assert_eq!(without_the_sum_of(1), expected);
}

#[test]
fn imp3_of_objects_that_are_too_new_alike_the_first_is_told() {
    let session = Given::after(&[plain("a"), plain("b"), plain("c")]).session;
    let text = String::from_utf8(state_of(&session)).expect("is text");
    let wrong =
        text.replace("\"version\":2,", "\"version\":99,").replace("\"version\":3,", "\"version\":99,");
    let faults = import(Format::State, wrong).expect_err("is wrong");
    assert_eq!(told(&faults), [fault(3, "/objects/1/version", "invalid_value")]);
}

#[test]
fn imp3_so_many_faults_are_told_and_the_rest_counted() {
    for (more, wrong) in [(0, IMPORT_FAULTS), (1, IMPORT_FAULTS + 1)] {
        let objects: Vec<Value> = (0..wrong).map(|n| plain(&format!("o{n}"))).collect();
        let session = Given::after(&objects).session;
        let text = String::from_utf8(state_of(&session)).expect("is text").replace("\"x\":0.0", "\"x\":77.0");
        let faults = import(Format::State, text).expect_err("is wrong");
        assert_eq!((faults.kept().len(), faults.more()), (IMPORT_FAULTS, more));
        let problem = faults.to_problem().expect("is one");
        assert_eq!(problem.errors.len(), IMPORT_FAULTS);
        assert!(problem.detail.ends_with(&format!("; {} more", wrong - 1)), "{}", problem.detail);
    }
}

#[test]
fn exp3_a_verified_log_gives_its_state_and_keeps_no_event() {
    let (base, events, given) = a_history();
    let mut importer = Importer::verifying(Format::Log, ModelLimits::default());
    importer.read(&log_file(&base, &events));
    let imported = importer.finish().expect("is whole");
    assert_eq!((imported.events(), imported.digest()), (events.len() as u64, given.session.digest()));
    assert!(imported.history().1.is_empty());
    assert!(matches!(events.last().map(|e| &e.event), Some(Event::ObjectsCleared)));
}
