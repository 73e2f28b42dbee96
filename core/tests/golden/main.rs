//! The wire, byte by byte: every event, command and message has a golden file in both encodings, and
//! reads back from it. A change of the wire begins as a change of these files:
//! `INSTA_UPDATE=always cargo test -p vws-core --test golden` writes them anew, and within a protocol
//! version only new files and new fields may come of it (EVT1).
//!
//! # Layout
//! - this file: what a golden file is, and [`goldens`], which leaves no variant out.
//! - `events`, `commands`, `messages`, `problems`: the samples.

use std::collections::BTreeSet;
use std::fmt::{Debug, Write as _};
use std::path::Path;

use serde::Serialize;
use serde_json::Value;
use vws_core::wire::{ClientMessage, Encoding, ServerMessage, canonical_json, parse_json, parse_msgpack};
use vws_core::{Command, Event, Problem};

mod commands;
mod events;
mod messages;
mod problems;

/// Where the files are, from this one.
const FOLDER: &str = "wire";

/// A value that travels.
trait Wire: Serialize + PartialEq + Debug {
    /// Reads what travelled, as its receiver does.
    fn read(encoding: Encoding, bytes: &[u8]) -> Self;
}

impl Wire for Command {
    fn read(encoding: Encoding, bytes: &[u8]) -> Self {
        match encoding {
            Encoding::Json => parse_json(bytes),
            Encoding::MessagePack => parse_msgpack(bytes),
        }
        .expect("reads")
    }
}

impl Wire for ClientMessage {
    fn read(encoding: Encoding, bytes: &[u8]) -> Self {
        encoding.decode_client(bytes).expect("reads")
    }
}

impl Wire for ServerMessage {
    fn read(encoding: Encoding, bytes: &[u8]) -> Self {
        encoding.decode_server(bytes).expect("reads")
    }
}

macro_rules! read_by_serde {
    ($($type:ty),+) => {$(
        impl Wire for $type {
            fn read(encoding: Encoding, bytes: &[u8]) -> Self {
                match encoding {
                    Encoding::Json => serde_json::from_slice(bytes).expect("reads"),
                    Encoding::MessagePack => rmp_serde::from_slice(bytes).expect("reads"),
                }
            }
        }
    )+};
}

read_by_serde!(Event, vws_core::event::LobbyEvent, Problem);

/// Checks samples of every variant of an enum against their golden files. A variant that is not listed
/// does not compile; one that is listed with samples of another variant, or none, fails.
macro_rules! goldens {
    ($folder:literal, $type:ident { $($variant:ident => $samples:expr),+ $(,)? }) => {{
        let _every_variant_is_here = |value: &$type| match value { $($type::$variant { .. } => (),)+ };
        let mut names = std::collections::BTreeSet::new();
        $(
            let samples: &[(&str, serde_json::Value)] = &$samples;
            assert!(!samples.is_empty(), "{} has no sample", stringify!($variant));
            for (name, json) in samples {
                let name = format!("{}.{name}", $folder);
                let value: $type = crate::sample(json);
                assert!(matches!(value, $type::$variant { .. }), "{name} is {value:?}");
                crate::check(&name, &value);
                assert!(names.insert(name.clone()), "two samples are called {name}");
            }
        )+
        crate::no_others($folder, &names);
    }};
}
use goldens;

fn sample<T: Wire>(json: &Value) -> T {
    T::read(Encoding::Json, json.to_string().as_bytes())
}

/// Compares what `value` is in both encodings with its golden file, and reads that file's bytes back.
fn check<T: Wire>(name: &str, value: &T) {
    let json = String::from_utf8(canonical_json(value)).expect("JSON is UTF-8");
    let packed = rmp_serde::to_vec_named(value).expect("encodes");
    insta::with_settings!({ snapshot_path => FOLDER, prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!(name, format!("{json}\n\n{}", dump(&packed)));
    });
    let (json, packed) = golden(name);
    assert_eq!(T::read(Encoding::Json, &json), *value, "{name} in JSON");
    assert_eq!(T::read(Encoding::MessagePack, &packed), *value, "{name} in MessagePack");
}

/// Files without a sample would go stale unseen.
fn no_others(folder: &str, names: &BTreeSet<String>) {
    let files = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(FOLDER));
    let files = files.expect("is there").map(|file| file.expect("is listed").file_name());
    let found: BTreeSet<_> = files
        .filter_map(|file| file.to_str()?.strip_suffix(".snap").map(str::to_owned))
        .filter(|name| name.split('.').next() == Some(folder))
        .collect();
    assert_eq!(found, *names, "the golden files of {folder}, and its samples");
}

/// The bytes of a golden file: its JSON and its MessagePack.
fn golden(name: &str) -> (Vec<u8>, Vec<u8>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(FOLDER);
    let file = std::fs::read_to_string(path.join(format!("{name}.snap"))).expect("is there");
    let body = file.split("\n---\n").nth(1).expect("has a head and a body").trim_end();
    let (json, dump) = body.split_once("\n\n").expect("has both encodings");
    let hex = dump.lines().flat_map(|line| {
        let (_, line) = line.split_once("  ").expect("begins with its place");
        line.split("  ").next().expect("has bytes").split(' ')
    });
    let packed = hex.map(|byte| u8::from_str_radix(byte, 16).expect("is hexadecimal")).collect();
    (json.as_bytes().to_vec(), packed)
}

/// Bytes as `hexdump -C` shows them, so that a person can review them.
fn dump(bytes: &[u8]) -> String {
    let mut lines = Vec::new();
    for (at, row) in bytes.chunks(16).enumerate() {
        let hex: Vec<_> = row.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut line = String::new();
        let shown: String =
            row.iter().map(|&b| if b.is_ascii_graphic() { char::from(b) } else { '.' }).collect();
        write!(line, "{:04x}  {:<47}  {shown}", at * 16, hex.join(" ")).expect("a string takes it");
        lines.push(line);
    }
    lines.join("\n")
}
