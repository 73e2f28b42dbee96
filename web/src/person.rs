//! Who the person at this browser is to others: a name and a colour, kept over visits.

use vws_core::model::Color;
use vws_core::wire::Peer;
use vws_core::{ClientId, DisplayName};
use web_sys::Storage;

use crate::browser;
use crate::words;

/// Where the name is kept.
const NAME_KEY: &str = "vws.person.name";
/// Where the colour is kept.
const COLOR_KEY: &str = "vws.person.color";

/// Colours of people who have not chosen one: apart from each other, and visible in both themes.
const PALETTE: [[u8; 3]; 8] = [
    [0xe5, 0x48, 0x4d],
    [0xf2, 0x8c, 0x28],
    [0xd9, 0xa4, 0x06],
    [0x30, 0xa4, 0x6c],
    [0x12, 0xa5, 0x94],
    [0x3e, 0x8e, 0xf7],
    [0x8e, 0x6c, 0xef],
    [0xd6, 0x40, 0x9f],
];

/// What a person shows of themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// What they call themselves, if anything.
    pub name: Option<DisplayName>,
    /// The colour that others see them in.
    pub color: Color,
}

impl Person {
    /// The person at this browser, as it was kept; a new one has no name and a colour drawn at random.
    #[must_use]
    pub fn here() -> Self {
        let storage = browser::local_storage();
        let stored = |key: &str| storage.as_ref().and_then(|s| s.get_item(key).ok().flatten());
        let color = stored(COLOR_KEY);
        let person = Self::of_stored(stored(NAME_KEY).as_deref(), color.as_deref(), js_sys::Math::random());
        if color.is_none() {
            person.keep();
        }
        person
    }

    /// What was stored, as far as it is valid: others write there too.
    fn of_stored(name: Option<&str>, color: Option<&str>, random: f64) -> Self {
        let name = name.and_then(|name| DisplayName::new("name", name).ok());
        let color = color.and_then(|color| Color::new("color", color).ok());
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "an index below 8, of a number in [0, 1)"
        )]
        let drawn = || of_palette((random * PALETTE.len() as f64) as usize);
        Self { name, color: color.unwrap_or_else(drawn) }
    }

    /// Keeps it for the next visit, where the browser keeps anything.
    pub fn keep(&self) {
        let Some(storage) = browser::local_storage() else { return };
        // Not kept: the next visit starts without, which costs a person a moment.
        let _ = match &self.name {
            Some(name) => storage.set_item(NAME_KEY, name.as_str()),
            None => Storage::remove_item(&storage, NAME_KEY),
        };
        let _ = storage.set_item(COLOR_KEY, &self.color.to_string());
    }
}

fn of_palette(index: usize) -> Color {
    let [red, green, blue] = PALETTE[index % PALETTE.len()];
    Color::new("color", &format!("#{red:02x}{green:02x}{blue:02x}")).expect("six hexadecimal digits")
}

/// The colour that a peer is shown in: its own, or one that everybody gives it by its id.
#[must_use]
pub fn color_of(peer: &Peer) -> Color {
    peer.color.unwrap_or_else(|| color_of_id(&peer.client_id))
}

/// The colour that everybody gives a client of which no other is known.
#[must_use]
pub fn color_of_id(id: &ClientId) -> Color {
    of_palette(id.as_str().bytes().map(usize::from).sum())
}

/// What a peer is called: its own name, or one that tells it from others.
#[must_use]
pub fn called(peer: &Peer) -> String {
    peer.name.as_ref().map_or_else(|| guest(&peer.client_id), ToString::to_string)
}

/// What somebody without a name is called.
#[must_use]
pub fn guest(id: &ClientId) -> String {
    let start: String = id.as_str().chars().take(4).collect();
    format!("Guest {start}")
}

/// The letter of a person's badge.
#[must_use]
pub fn initial(name: &DisplayName) -> String {
    name.as_str()
        .chars()
        .next()
        .map_or_else(String::new, |first| words::upper(first.encode_utf8(&mut [0; 4])))
}

/// Whether dark text is read better than light on a colour, by relative luminance (WCAG 2.2).
#[must_use]
pub fn takes_dark_text(color: Color) -> bool {
    let [red, green, blue] = color.rgb().map(|channel| {
        let value = f64::from(channel) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    });
    // Where the contrast with black is that with white.
    0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn peer(json: &str) -> Peer {
        serde_json::from_str(json).expect("a valid peer")
    }

    #[test]
    fn what_was_kept_comes_back_and_what_is_invalid_does_not() {
        let person = Person::of_stored(Some("Ada"), Some("#123abc"), 0.0);
        assert_eq!(person.name.as_ref().map(DisplayName::as_str), Some("Ada"));
        assert_eq!(person.color.to_string(), "#123abc");
        let other = Person::of_stored(Some(" Ada"), Some("red"), 0.999_999);
        assert_eq!((other.name, other.color), (None, of_palette(7)));
    }

    #[test]
    fn somebody_without_name_and_colour_is_the_same_to_everybody() {
        let nobody = peer(r#"{"client_id":"d08a14c2.1"}"#);
        assert_eq!(called(&nobody), "Guest d08a");
        assert_eq!(color_of(&nobody), color_of(&nobody.clone()));
        let ada = peer(r##"{"client_id":"d08a14c2.1","name":"Ada","color":"#123456"}"##);
        assert_eq!((called(&ada), color_of(&ada).to_string()), ("Ada".to_owned(), "#123456".to_owned()));
    }

    #[test]
    fn letters_on_a_badge_can_be_read() {
        let dark_text = |color: &str| takes_dark_text(Color::new("color", color).expect("a valid colour"));
        assert!(dark_text("#ffffff") && dark_text("#f2d94a"));
        assert!(!dark_text("#000000") && !dark_text("#2a62d4"));
        assert_eq!(initial(&DisplayName::new("name", "ägir").expect("a valid name")), "Ä");
    }
}
