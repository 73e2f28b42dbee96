//! Links that lead into a session: to what is selected, to a view, to a moment. All of that stands in the
//! fragment, which browsers keep to themselves.
//!
//! `#select=cube%201&select=b&camera=15,15,15,0,0,0&at=42`

use vws_core::ObjectName;
use vws_core::limits::SAFE_INTEGER;
use vws_core::model::{CameraCoordinate, Seq};

use crate::viewport::binding::Pose;
use crate::words;

/// Objects that a link selects at most: an address has to stay one that people can send.
pub const MOST_SELECTED: usize = 50;

/// Where in a session a link leads.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Place {
    /// What it selects.
    pub select: Vec<ObjectName>,
    /// The view.
    pub camera: Option<Pose>,
    /// The moment, if it is not the present.
    pub at: Option<Seq>,
}

impl Place {
    /// Reads an address's fragment, with or without its `#`. What cannot be used is told in words, each part
    /// of it, and the rest is used.
    #[must_use]
    pub fn of_fragment(fragment: &str) -> (Self, Vec<String>) {
        let mut place = Self::default();
        let mut refused = Vec::new();
        let fragment = fragment.strip_prefix('#').unwrap_or(fragment);
        for part in fragment.split('&').filter(|part| !part.is_empty()) {
            if let Err(why) = place.read(part) {
                refused.push(why);
            }
        }
        (place, refused)
    }

    fn read(&mut self, part: &str) -> Result<(), String> {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        let value = decoded(value).ok_or_else(|| format!("{key}: it is not percent-encoded UTF-8"))?;
        match key {
            "select" if self.select.len() == MOST_SELECTED => {
                return Err(format!("select: a link selects {MOST_SELECTED} objects at most"));
            }
            "select" => {
                let name = ObjectName::new("select", &value).map_err(|error| error.to_string())?;
                if !self.select.contains(&name) {
                    self.select.push(name);
                }
            }
            "camera" if self.camera.is_some() => return Err("camera: it is there twice".to_owned()),
            "camera" => self.camera = Some(pose(&value)?),
            "at" if self.at.is_some() => return Err("at: it is there twice".to_owned()),
            "at" => {
                let seq = value.parse().ok().filter(|seq| *seq <= SAFE_INTEGER);
                let seq = seq.filter(|_| value.bytes().all(|byte| byte.is_ascii_digit()));
                self.at = Some(seq.ok_or_else(|| format!("at: {value:?} is not a seq"))?);
            }
            _ => return Err(format!("{key:?}: a link has select, camera and at")),
        }
        Ok(())
    }

    /// The fragment, with its `#`; empty where the link leads to the session alone.
    #[must_use]
    pub fn fragment(&self) -> String {
        let select = self.select.iter().take(MOST_SELECTED);
        let select = select.map(|name| format!("select={}", encoded(name.as_str())));
        let camera = self.camera.map(|Pose { position, target }| {
            let numbers: Vec<_> = position.into_iter().chain(target).map(rounded).collect();
            format!("camera={}", numbers.join(","))
        });
        let at = self.at.map(|at| format!("at={at}"));
        let parts: Vec<_> = select.chain(camera).chain(at).collect();
        if parts.is_empty() { String::new() } else { format!("#{}", parts.join("&")) }
    }
}

/// A view within the bounds of a camera.
fn pose(text: &str) -> Result<Pose, String> {
    let numbers: Vec<f64> = text.split(',').map_while(|number| words::number(number.trim())).collect();
    let whole = numbers.len() == text.split(',').count();
    let [px, py, pz, tx, ty, tz] = <[f64; 6]>::try_from(numbers).ok().filter(|_| whole).ok_or_else(|| {
        format!(
            "camera: {text:?} is not six numbers, three for where it stands and three for what it looks at"
        )
    })?;
    let names = ["camera_x", "camera_y", "camera_z", "camera_target.x", "camera_target.y", "camera_target.z"];
    for (name, value) in names.into_iter().zip([px, py, pz, tx, ty, tz]) {
        CameraCoordinate::new(name, value).map_err(|error| error.to_string())?;
    }
    if [px, py, pz] == [tx, ty, tz] {
        return Err("camera: it looks at where it stands".to_owned());
    }
    Ok(Pose { position: [px, py, pz], target: [tx, ty, tz] })
}

/// A number to the thousandth: finer than anybody sees.
fn rounded(number: f64) -> String {
    ((number * 1e3).round() / 1e3 + 0.0).to_string()
}

/// A text as it stands in an address: everything but RFC 3986's unreserved characters percent-encoded.
#[must_use]
pub fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// The text that was percent-encoded; `None` for what is none.
#[must_use]
pub fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        if *byte == b'%' {
            let digits = rest.get(..2).and_then(|digits| std::str::from_utf8(digits).ok())?;
            let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
            bytes.push(u8::from_str_radix(digits, 16).ok().filter(|_| is_hex)?);
            rest = &rest[2..];
        } else {
            bytes.push(*byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn name(name: &str) -> ObjectName {
        ObjectName::new("name", name).expect("a valid name")
    }

    #[test]
    fn web57_a_place_is_read_as_it_was_written() {
        let camera = Pose { position: [15.0, 7.25, -3.125], target: [0.0, 1.0, 0.5] };
        let select = vec![name("cube 1"), name("größe&x=1#%"), name("目")];
        let place = Place { select, camera: Some(camera), at: Some(42) };
        let fragment = place.fragment();
        assert!(fragment.is_ascii() && fragment.starts_with("#select=cube%201&"), "{fragment}");
        assert_eq!(Place::of_fragment(&fragment), (place, Vec::new()));
        assert_eq!(Place::default().fragment(), "");
        assert_eq!(Place::of_fragment("#"), (Place::default(), Vec::new()));
    }

    #[test]
    fn web57_what_cannot_be_used_is_told_and_the_rest_is_used() {
        let (place, refused) = Place::of_fragment(
            "#at=4x&camera=1,2,3&select=a&select=%zz&select=%20b&camera=1,2,300,0,0,0&what=1&at=7&camera=1,1,1,1,1,1",
        );
        assert_eq!((place.select, place.at, place.camera), (vec![name("a")], Some(7), None));
        let expected = [
            "at: \"4x\" is not a seq",
            "camera: \"1,2,3\" is not six numbers, three for where it stands and three for what it looks at",
            "select: it is not percent-encoded UTF-8",
            "select = \" b\" begins or ends with white space",
            "camera_z = 300 is outside [-100, 100]",
            "\"what\": a link has select, camera and at",
            "camera: it looks at where it stands",
        ];
        assert_eq!(refused, expected);
    }

    #[test]
    fn web57_texts_are_encoded_as_addresses_take_them() {
        assert_eq!(encoded("a b/ü~"), "a%20b%2F%C3%BC~");
        assert_eq!(decoded("a%20b%2F%C3%BC~").as_deref(), Some("a b/ü~"));
        for bad in ["%", "%2", "%+1", "%FF"] {
            assert_eq!(decoded(bad), None, "{bad}");
        }
    }
}
