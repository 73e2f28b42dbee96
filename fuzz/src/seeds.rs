//! The inputs to begin with: what the golden files, the data directories that are kept with the tests, and exports
//! of a small session have. `cargo run -p vws-fuzz --bin seeds` puts them where `cargo xtask fuzz` looks.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use vws_core::transfer::state_file;
use vws_server::log::disk::fuzzing::{self, Found, Frame, HEAD_BYTES};

use crate::{backup, import, promises, rest, websocket};

/// The inputs of a target.
///
/// # Panics
/// Where what they are made of is not there.
#[must_use]
pub fn of(target: &str) -> Vec<Vec<u8>> {
    match target {
        "rest" => bodies(),
        "websocket" => conversations(),
        "log" => files(),
        "import" => transfers(),
        "backup" => backup::seeds(),
        other => panic!("there is no target {other}"),
    }
}

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The golden files whose names begin so: JSON, and MessagePack.
fn golden(prefix: &str) -> Vec<(Vec<u8>, Vec<u8>)> {
    let folder = project().join("core/tests/golden/wire");
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder).expect("golden files").flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let wanted =
        |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(prefix));
    paths
        .into_iter()
        .filter(wanted)
        .map(|path| read_golden(&fs::read_to_string(path).expect("text")))
        .collect()
}

fn read_golden(text: &str) -> (Vec<u8>, Vec<u8>) {
    let content = text.splitn(3, "---\n").nth(2).expect("a snapshot has a head");
    let (json, dump) = content.trim_start().split_once("\n\n").expect("JSON, then a dump");
    let pairs = dump.lines().flat_map(|line| {
        let columns = line.get(6..54.min(line.len())).unwrap_or_default();
        columns.split_whitespace().filter_map(|pair| u8::from_str_radix(pair, 16).ok()).collect::<Vec<_>>()
    });
    (json.as_bytes().to_vec(), pairs.collect())
}

fn bodies() -> Vec<Vec<u8>> {
    let mut values: Vec<Value> = vec![
        json!({}),
        json!({"name": "Ada's", "client_id": "ada", "command_id": 1, "by": {"client_id": "ada", "command_id": 7}}),
        json!({"name": "x"}),
        json!({"role": "view", "for": "1h", "name": "Ada", "subject": "ada"}),
        json!({"seq": 3}),
        json!({"at": 2}),
        json!({"seqs": [1, 2]}),
        json!({"from": 1, "to": 6}),
        json!({"token": "a.b", "until": 1_900_000_000}),
        json!({"jti": "a", "exp": 1_900_000_000}),
    ];
    for (json, _) in golden("command.") {
        let command: Value = serde_json::from_slice(&json).expect("a command");
        for key in ["object", "patch", "world", "camera", "orbit"] {
            values.extend(command.get(key).cloned());
        }
        values.push(command);
    }
    let mut all = Vec::new();
    for route in 0..rest::routes().len() as u8 {
        all.push(vec![route, 0]);
        for value in &values {
            let body = value.to_string().replace("\"a\"", "\"cube1\"").into_bytes();
            let merge = u8::from(all.len().is_multiple_of(3)) * 5;
            all.push([&[route, merge][..], &body].concat());
        }
    }
    all
}

fn conversations() -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    let mut put = |json: &[u8], packed: &[u8]| {
        let framed = |opcode: u8, payload: &[u8]| {
            [&[opcode][..], &(payload.len() as u16).to_le_bytes(), payload].concat()
        };
        all.push([&[0, 0][..], &framed(0x81, json)].concat());
        all.push([&[1, 3][..], &framed(0x82, packed)].concat());
        let (begin, end) = json.split_at(json.len() / 2);
        all.push([&[0, 7][..], &framed(1, begin), &framed(0x89, b"ping"), &framed(0x80, end)].concat());
        let mut raw = vec![2, 5];
        websocket::frame(&mut raw, 0x81, json);
        all.push(raw);
    };
    for (json, packed) in golden("client.") {
        put(&json, &packed);
    }
    for (json, _) in golden("command.") {
        let command: Value = serde_json::from_slice(&json).expect("a command");
        let message = json!({"type": "command", "id": 1, "command": command}).to_string();
        let message = message.replace("\"a\"", "\"cube1\"");
        let value: Value = serde_json::from_str(&message).expect("JSON");
        put(message.as_bytes(), &rmp_serde::to_vec(&value).expect("MessagePack"));
    }
    all.push([&[0, 0][..], &[0x88, 2, 0, 3, 0xe8], &[0x8a, 0, 0]].concat());
    all
}

fn transfers() -> Vec<Vec<u8>> {
    let state: Vec<u8> = state_file(promises::small().snapshot()).flatten().collect();
    let log = import::log_file(promises::before(promises::small().id()), &promises::history());
    let lines: Vec<u8> = String::from_utf8(log.clone())
        .expect("a log is text")
        .lines()
        .flat_map(|line| format!("{}}}\n", &line[..line.rfind(",\"sum\"").expect("a sum")]).into_bytes())
        .collect();
    vec![
        [&[0, 0][..], &state].concat(),
        [&[0, 9][..], b"{\"format\":\"vws.state\",\"version\":1}"].concat(),
        [&[1, 0][..], &log].concat(),
        [&[3, 77][..], &lines].concat(),
    ]
}

/// The files of the data directory that is kept with the tests, and the frames in them.
fn files() -> Vec<Vec<u8>> {
    let root = project().join("server/tests/fixtures/data-1/data");
    let session = "sessions/01/01010101-0101-0101-0101-010101010101.0";
    let paths = [
        (1_u8, "catalogue".to_owned()),
        (2, format!("{session}.log")),
        (4, format!("{session}.8.snapshot")),
        (8, "journal/00000000000000000004.journal".to_owned()),
    ];
    let mut all = Vec::new();
    let mut directory = Vec::new();
    for (_, path) in &paths {
        let bytes = fs::read(root.join(path)).expect("a file of the data directory");
        let (salt, _) = fuzzing::head(&bytes).expect("its head");
        let found = fuzzing::scan(&bytes, salt, HEAD_BYTES);
        let frames: Vec<Frame> = found
            .into_iter()
            .filter_map(|one| if let Found::Frame(_, frame) = one { Some(frame) } else { None })
            .take(5)
            .collect();
        all.push([&[3][..], &bytes].concat());
        for frame in &frames {
            let reader = match frame.kind {
                2 => 0,
                1 | 3 => 1,
                _ => 2,
            };
            all.push([&[reader][..], &frame.payload].concat());
        }
        let content: Vec<u8> = frames.iter().flat_map(written).collect();
        let count = frames.len() as u8;
        all.push([&[4, count][..], &content, &[1, 70, 0, 3, 1, 99, 0]].concat());
        directory.extend([&[count][..], &content].concat());
    }
    all.push([&[6, 15][..], &directory].concat());
    for (wanted, path) in &paths {
        let bytes = fs::read(root.join(path)).expect("a file of the data directory");
        let (salt, _) = fuzzing::head(&bytes).expect("its head");
        let frames = fuzzing::scan(&bytes, salt, HEAD_BYTES);
        let frames =
            frames.iter().filter_map(|one| if let Found::Frame(_, f) = one { Some(f) } else { None });
        let frames: Vec<&Frame> = frames.take(5).collect();
        let content: Vec<u8> = frames.iter().copied().flat_map(written).collect();
        all.push([&[6, *wanted, frames.len() as u8][..], &content].concat());
    }
    all
}

/// A frame as an input has it. Its numbers are small ones.
fn written(frame: &Frame) -> Vec<u8> {
    let small = |number: u64| number.min(199) as u8;
    let head = [frame.kind - 1, small(frame.life), small(frame.first), small(frame.count.into())];
    let payload = &frame.payload[..frame.payload.len().min(usize::from(u16::MAX))];
    [&head[..], &(payload.len() as u16).to_le_bytes(), payload].concat()
}
