//! Who the person at this browser is to others: a name and a colour, kept over visits.

use vws_core::model::Color;
use vws_core::wire::Peer;
use vws_core::{ClientId, DisplayName};
use web_sys::Storage;

use crate::browser;
use crate::words;

/// Where the name is kept.
const NAME_KEY: &str = "vws.person.name";
/// Where the colour that they have chosen is kept.
const COLOR_KEY: &str = "vws.person.color";
/// Where the colour that was drawn for them is kept.
const DRAWN_KEY: &str = "vws.person.drawn";

/// Colours of people who have not chosen one: apart from each other and from the amber of what is selected, and
/// visible in both themes.
const PALETTE: [[u8; 3]; 8] = [
    [0xe5, 0x48, 0x4d],
    [0x4a, 0x9e, 0x2f],
    [0x12, 0xa0, 0x7c],
    [0x0e, 0x9b, 0xb8],
    [0x2f, 0x86, 0xf0],
    [0x6b, 0x6b, 0xf2],
    [0xa8, 0x4c, 0xe0],
    [0xd6, 0x40, 0x9f],
];

/// What a person shows of themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// What they call themselves, if anything.
    pub name: Option<DisplayName>,
    /// The colour that others see them in.
    pub color: Color,
    /// Whether they have chosen the colour; otherwise it was drawn.
    pub chosen: bool,
}

impl Person {
    /// The person at this browser, as it was kept; a new one has no name and a colour drawn at random.
    #[must_use]
    pub fn here() -> Self {
        let storage = browser::local_storage();
        let stored = |key: &str| storage.as_ref().and_then(|s| s.get_item(key).ok().flatten());
        let [name, color, drawn] = [NAME_KEY, COLOR_KEY, DRAWN_KEY].map(stored);
        let person =
            Self::of_stored(name.as_deref(), [color.as_deref(), drawn.as_deref()], js_sys::Math::random());
        if color.or(drawn).is_none() {
            person.keep();
        }
        person
    }

    /// What was stored, as far as it is valid: others write there too.
    fn of_stored(name: Option<&str>, colors: [Option<&str>; 2], random: f64) -> Self {
        let name = name.and_then(|name| DisplayName::new("name", name).ok());
        let [chosen, kept] = colors.map(|color| color.and_then(|color| Color::new("color", color).ok()));
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "an index below 8, of a number in [0, 1)"
        )]
        let drawn = || of_palette((random * PALETTE.len() as f64) as usize);
        Self { name, color: chosen.or(kept).unwrap_or_else(drawn), chosen: chosen.is_some() }
    }

    /// The person in a colour that none of the others has, where they have not chosen theirs and one is free.
    #[must_use]
    pub fn apart_from(mut self, is_taken: &dyn Fn(Color) -> bool) -> Self {
        if !self.chosen
            && is_taken(self.color)
            && let Some(free) = (0..PALETTE.len()).map(of_palette).find(|color| !is_taken(*color))
        {
            self.color = free;
        }
        self
    }

    /// Keeps it for the next visit, where the browser keeps anything.
    pub fn keep(&self) {
        let Some(storage) = browser::local_storage() else { return };
        // Not kept: the next visit starts without, which costs a person a moment.
        let _ = match &self.name {
            Some(name) => storage.set_item(NAME_KEY, name.as_str()),
            None => Storage::remove_item(&storage, NAME_KEY),
        };
        let key = if self.chosen { COLOR_KEY } else { DRAWN_KEY };
        let _ = storage.set_item(key, &self.color.to_string());
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

/// Whether dark text is read better than light on a colour.
#[must_use]
pub fn takes_dark_text(color: Color) -> bool {
    // Where the contrast with black is that with white.
    luminance(color) > 0.179
}

/// Relative luminance (WCAG 2.2).
fn luminance(color: Color) -> f64 {
    let [red, green, blue] = color.rgb().map(|channel| {
        let value = f64::from(channel) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * red + 0.7152 * green + 0.0722 * blue
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
        let person = Person::of_stored(Some("Ada"), [Some("#123abc"), Some("#000000")], 0.0);
        assert_eq!(person.name.as_ref().map(DisplayName::as_str), Some("Ada"));
        assert_eq!(person.color.to_string(), "#123abc");
        assert!(person.chosen);
        let other = Person::of_stored(Some(" Ada"), [Some("red"), None], 0.999_999);
        assert_eq!((other.name, other.color, other.chosen), (None, of_palette(7), false));
        let again = Person::of_stored(None, [None, Some("#123abc")], 0.0);
        assert_eq!((again.color.to_string().as_str(), again.chosen), ("#123abc", false));
    }

    #[test]
    fn web96_who_joins_takes_a_colour_that_nobody_has_unless_they_chose_theirs() {
        let drawn = |random| Person::of_stored(None, [None, None], random);
        let mut taken = Vec::new();
        for _ in PALETTE {
            // Everybody is drawn the same.
            let color = drawn(0.5).apart_from(&|color| taken.contains(&color)).color;
            assert!(!taken.contains(&color), "{color} twice");
            taken.push(color);
        }
        let is_taken = |color| taken.contains(&color);
        assert_eq!(drawn(0.5).apart_from(&is_taken), drawn(0.5), "none is free");
        let chosen = Person::of_stored(None, [Some("#2f86f0"), None], 0.5);
        assert_eq!(chosen.clone().apart_from(&is_taken), chosen);
    }

    #[test]
    fn web96_colours_are_told_from_the_selections_and_seen_in_both_themes() {
        for color in (0..PALETTE.len()).map(of_palette) {
            let light = luminance(color);
            // Three to one against white and against the dark theme's ground.
            assert!((0.13..=0.3).contains(&light), "{color} has {light}");
            let [red, green, blue] = color.rgb();
            assert!(!(red > green && green > blue && green - blue > 30), "{color} is orange");
        }
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
