//! Whether a file is a glTF model that stands by itself (glTF 2.0, sections 3.2 and 4).
//!
//! Only the frame is judged: the container, that its JSON is one, of a version that is known, and that nothing of the
//! model lies in other files, which nobody else would have. Whether it can be drawn is for those who draw it.

use serde::{Deserialize, Deserializer};

use super::{AssetError, Kind};

/// What a binary file begins with.
pub(super) const MAGIC: &[u8] = b"glTF";
const HEADER: usize = 12;
const CHUNK_HEAD: usize = 8;
const JSON_CHUNK: u32 = 0x4e4f_534a;

/// What is looked at of a model. serde passes over the rest without keeping any of it.
#[derive(Deserialize)]
struct Model {
    asset: About,
    #[serde(default)]
    buffers: Vec<Part>,
    #[serde(default)]
    images: Vec<Part>,
}

#[derive(Deserialize)]
struct About {
    version: String,
}

/// What may lie in another file.
#[derive(Deserialize)]
struct Part {
    #[serde(default, deserialize_with = "text")]
    uri: Option<String>,
}

/// What may be left out, but is a text where it is there (the schemas of glTF 2.0 know no null).
fn text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    String::deserialize(from).map(Some)
}

/// Checks that `bytes` are a model of this kind, with all that belongs to it.
///
/// # Errors
/// [`AssetError::Invalid`], which tells what is wrong and where.
pub fn check(kind: Kind, bytes: &[u8]) -> Result<(), AssetError> {
    let checked = match kind {
        Kind::Glb => json_chunk(bytes).and_then(|(json, has_binary)| check_json(json, has_binary)),
        Kind::Gltf => check_json(bytes, false),
    };
    checked.map_err(AssetError::Invalid)
}

/// The JSON of a binary file, and whether it has binary data beside.
fn json_chunk(bytes: &[u8]) -> Result<(&[u8], bool), String> {
    if bytes.len() < HEADER || !bytes.starts_with(MAGIC) {
        return Err("it does not begin with the header of a GLB, the letters \"glTF\"".to_owned());
    }
    let version = word(bytes, 4);
    if version != 2 {
        return Err(format!("it is a GLB of version {version}, and version 2 is taken"));
    }
    let length = word(bytes, 8);
    if u64::from(length) != bytes.len() as u64 {
        return Err(format!("its header says {length} bytes, and it has {}", bytes.len()));
    }
    let (mut at, mut json, mut chunks) = (HEADER, None, 0);
    while at < bytes.len() {
        if bytes.len() - at < CHUNK_HEAD {
            return Err(format!("{} bytes at {at} are no chunk", bytes.len() - at));
        }
        let (length, kind, begin) = (word(bytes, at) as usize, word(bytes, at + 4), at + CHUNK_HEAD);
        if length > bytes.len() - begin {
            return Err(format!("its chunk at {at} says {length} bytes, and {} follow", bytes.len() - begin));
        }
        if !length.is_multiple_of(4) {
            return Err(format!("its chunk at {at} has {length} bytes, which is no multiple of 4"));
        }
        match (chunks, kind) {
            (0, JSON_CHUNK) => json = Some(&bytes[begin..begin + length]),
            (0, other) => return Err(format!("its first chunk is of type {other:#010x}, and not its JSON")),
            _ => {}
        }
        chunks += 1;
        at = begin + length;
    }
    let json = json.ok_or("it has no chunk of JSON")?;
    Ok((json, chunks > 1))
}

/// Four bytes, little-endian.
fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn check_json(json: &[u8], has_binary: bool) -> Result<(), String> {
    // serde would take a list for a struct.
    if json.trim_ascii_start().first() != Some(&b'{') {
        return Err("its JSON is no object".to_owned());
    }
    let model: Model =
        serde_json::from_slice(json).map_err(|error| format!("its JSON cannot be read: {error}"))?;
    let version = &model.asset.version;
    let minor = version.strip_prefix("2.").unwrap_or_default();
    if minor.is_empty() || !minor.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("it is glTF of version {:?}, and version 2 is taken", cut(version)));
    }
    for (field, parts) in [("buffers", &model.buffers), ("images", &model.images)] {
        for (place, part) in parts.iter().enumerate() {
            if let Some(uri) = part.uri.as_deref().filter(|uri| !is_inside(uri)) {
                return Err(format!(
                    "/{field}/{place}/uri is {:?}, and a model has all that belongs to it in its own file",
                    cut(uri)
                ));
            }
        }
    }
    // The first buffer without an address is the binary chunk; any other has nothing that it could be.
    let missing = model.buffers.iter().enumerate().find(|(n, b)| b.uri.is_none() && (*n > 0 || !has_binary));
    missing.map_or(Ok(()), |(place, _)| Err(format!("/buffers/{place} has no uri and no binary chunk")))
}

fn is_inside(uri: &str) -> bool {
    uri.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:"))
}

/// As much of a text as a refusal repeats.
fn cut(text: &str) -> String {
    const MOST: usize = 64;
    let mut cut: String = text.chars().take(MOST).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: &str = r#"{"asset":{"version":"2.0"}}"#;

    /// A GLB of these chunks.
    fn glb(chunks: &[(u32, &[u8])]) -> Vec<u8> {
        let mut body = Vec::new();
        for (kind, content) in chunks {
            let padded = content.len().next_multiple_of(4);
            body.extend((padded as u32).to_le_bytes());
            body.extend(kind.to_le_bytes());
            body.extend_from_slice(content);
            body.resize(body.len() + padded - content.len(), b' ');
        }
        let mut file = MAGIC.to_vec();
        file.extend(2_u32.to_le_bytes());
        file.extend((HEADER as u32 + body.len() as u32).to_le_bytes());
        file.extend(body);
        file
    }

    fn why(kind: Kind, bytes: &[u8]) -> String {
        match check(kind, bytes).expect_err("is refused") {
            AssetError::Invalid(why) => why,
            other => panic!("{other}"),
        }
    }

    #[test]
    fn asset2_models_that_stand_by_themselves_are_taken() {
        let inside = r#"{"asset":{"version":"2.1"},"buffers":[{"uri":"data:;base64,AA=="}],"images":[{"bufferView":0}],"x":[]}"#;
        for json in [LEAST, inside] {
            check(Kind::Gltf, json.as_bytes()).expect("is a model");
            check(Kind::Glb, &glb(&[(JSON_CHUNK, json.as_bytes())])).expect("is a model");
        }
        let binary = br#"{"asset":{"version":"2.0"},"buffers":[{"byteLength":4}]}"#;
        check(Kind::Glb, &glb(&[(JSON_CHUNK, binary), (0x004e_4942, &[1, 2, 3])])).expect("is a model");
        let further = glb(&[(JSON_CHUNK, LEAST.as_bytes()), (7, b"what else there may be")]);
        check(Kind::Glb, &further).expect("chunks that nobody knows are passed over");
    }

    #[test]
    fn asset2_what_is_no_model_is_refused_with_its_place() {
        let good = glb(&[(JSON_CHUNK, LEAST.as_bytes())]);
        let with = |at: usize, byte: u8| {
            let mut bytes = good.clone();
            bytes[at] = byte;
            bytes
        };
        for (bytes, expected) in [
            (Vec::new(), "does not begin with the header"),
            (b"<svg/>".to_vec(), "does not begin with the header"),
            (with(0, b'G'), "does not begin with the header"),
            (with(4, 1), "a GLB of version 1"),
            (with(8, 41), "its header says 41 bytes, and it has 48"),
            (good[..47].to_vec(), "its header says 48 bytes, and it has 47"),
            (with(12, 32), "its chunk at 12 says 32 bytes, and 28 follow"),
            (with(12, 27), "27 bytes, which is no multiple of 4"),
            (with(12, 24), "4 bytes at 44 are no chunk"),
            (with(16, b'B'), "its first chunk is of type 0x4e4f5342"),
            (with(20, b'['), "its JSON is no object"),
            (with(21, b'['), "its JSON cannot be read"),
            (glb(&[]), "no chunk of JSON"),
        ] {
            let found = why(Kind::Glb, &bytes);
            assert!(found.contains(expected), "{found}");
        }
    }

    #[test]
    fn asset2_every_cut_and_every_byte_of_a_model_is_read_without_a_panic() {
        let good = glb(&[(JSON_CHUNK, LEAST.as_bytes()), (0x004e_4942, &[0; 8])]);
        for length in 0..good.len() {
            check(Kind::Glb, &good[..length]).expect_err("its length is another one");
            for byte in [0, 0x7f, 0xff] {
                let mut bytes = good.clone();
                bytes[length] = byte;
                let _ = check(Kind::Glb, &bytes);
            }
        }
    }

    #[test]
    fn asset2_models_that_need_other_files_are_refused() {
        for (json, expected) in [
            (r#"{"asset":{"version":"2.0"},"buffers":[{"uri":"a.bin"}]}"#, "/buffers/0/uri is \"a.bin\""),
            (
                r#"{"asset":{"version":"2.0"},"images":[{"uri":"data:,"},{"uri":"https://example.com/"}]}"#,
                "/images/1/uri is \"https://example.com/\"",
            ),
            (r#"{"asset":{"version":"2.0"},"buffers":[{}]}"#, "/buffers/0 has no uri and no binary chunk"),
            (r#"{"asset":{"version":"1.0"}}"#, "glTF of version \"1.0\""),
            (r#"{"asset":{"version":"2"}}"#, "glTF of version \"2\""),
            (r#"{"asset":{"version":"2.x"}}"#, "glTF of version \"2.x\""),
            (r#"{"asset":{"version":"2.0"},"images":[{"uri":null}]}"#, "invalid type: null"),
            (r#"{"asset":{}}"#, "missing field `version`"),
            (r#"[{"version":"2.0"},[],[]]"#, "its JSON is no object"),
            ("", "its JSON is no object"),
            ("{", "its JSON cannot be read"),
        ] {
            let found = why(Kind::Gltf, json.as_bytes());
            assert!(found.contains(expected), "{found}");
        }
        let deep = format!(r#"{{"asset":{{"version":"2.0"}},"x":{}}}"#, "[".repeat(100_000));
        assert!(why(Kind::Gltf, deep.as_bytes()).contains("cannot be read"));
        let long =
            format!(r#"{{"asset":{{"version":"2.0"}},"buffers":[{{"uri":"{}"}}]}}"#, "x".repeat(9_999));
        assert!(why(Kind::Gltf, long.as_bytes()).len() < 300, "a refusal is not as large as what it refuses");
    }
}
