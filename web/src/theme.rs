//! Dark, light, or as the system has it.

use gloo_events::EventListener;
use wasm_bindgen::JsCast;
use web_sys::{MediaQueryList, StorageEvent};
use yew::prelude::*;

use crate::browser;

/// What the user chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Choice {
    /// As the system has it, and along with it.
    #[default]
    System,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

/// Where the choice is kept. `web/early.js` reads it too, before anything is drawn.
const STORAGE_KEY: &str = "vws.theme";

impl Choice {
    /// Every choice, in the order of the toggle.
    pub const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    /// The choice as it is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The choice that was stored; anything else means the system's.
    #[must_use]
    pub fn from_stored(text: Option<&str>) -> Self {
        Self::ALL.into_iter().find(|choice| Some(choice.as_str()) == text).unwrap_or_default()
    }

    /// Whether the page is dark.
    #[must_use]
    pub const fn is_dark(self, system_is_dark: bool) -> bool {
        match self {
            Self::System => system_is_dark,
            Self::Light => false,
            Self::Dark => true,
        }
    }

    /// The next one of the toggle: from the system's to the other one, then to what the system has, as a choice of
    /// one's own, and back. So each press but the last, which gives the choice back, changes what is seen.
    #[must_use]
    pub const fn next(self, system_is_dark: bool) -> Self {
        match (self, system_is_dark) {
            (Self::System, true) | (Self::Dark, false) => Self::Light,
            (Self::System, false) | (Self::Light, true) => Self::Dark,
            (Self::Light, false) | (Self::Dark, true) => Self::System,
        }
    }
}

/// The theme in force, and how to change it.
#[derive(Debug, Clone, PartialEq)]
pub struct Theme {
    /// What the user chose.
    pub choice: Choice,
    /// Whether the page is dark, by choice or by the system.
    pub dark: bool,
    /// Whether the system is.
    pub system_is_dark: bool,
    /// Makes another choice and keeps it.
    pub choose: Callback<Choice>,
}

/// Which systems the colour of the browser's own bars for a theme is for, once a choice is made.
const fn bars_media(of: Choice, choice: Choice) -> &'static str {
    match (choice, of) {
        (Choice::System, Choice::Dark) => "(prefers-color-scheme: dark)",
        (Choice::System, _) => "(prefers-color-scheme: light)",
        (Choice::Light, Choice::Light) | (Choice::Dark, Choice::Dark) => "all",
        (Choice::Light | Choice::Dark, _) => "not all",
    }
}

fn system_query() -> Option<MediaQueryList> {
    browser::window().match_media("(prefers-color-scheme: dark)").ok().flatten()
}

fn stored() -> Choice {
    let text = browser::local_storage().and_then(|s| s.get_item(STORAGE_KEY).ok().flatten());
    Choice::from_stored(text.as_deref())
}

/// Writes the choice where the style sheet sees it, where the browser's own bars take their colour from, and
/// where the next visit finds it.
fn put_into_force(choice: Choice) {
    let document = browser::document();
    // Setting attributes of these names cannot fail.
    if let Some(root) = document.document_element() {
        let _ = root.set_attribute("data-theme", choice.as_str());
    }
    for of in [Choice::Light, Choice::Dark] {
        let selector = format!("meta[name=theme-color][data-theme={}]", of.as_str());
        if let Ok(Some(meta)) = document.query_selector(&selector) {
            let _ = meta.set_attribute("media", bars_media(of, choice));
        }
    }
    if let Some(storage) = browser::local_storage() {
        // A full storage forgets the choice; nothing else depends on it.
        let _ = storage.set_item(STORAGE_KEY, choice.as_str());
    }
}

/// The theme of the page. For the root component: others get it from the context.
#[hook]
pub fn use_theme_root() -> Theme {
    let choice = use_state(stored);
    let system_is_dark = use_state(|| system_query().is_none_or(|q| q.matches()));
    let setter = system_is_dark.setter();
    use_effect_with((), move |()| {
        let listener = system_query().map(|query| {
            let matches = query.clone();
            EventListener::new(&query, "change", move |_| setter.set(matches.matches()))
        });
        move || drop(listener)
    });
    // Another window of this browser has made another choice.
    use_effect_with((), {
        let choice = choice.setter();
        move |()| {
            let listener = EventListener::new(&browser::window(), "storage", move |event| {
                let event = event.dyn_ref::<StorageEvent>();
                // No key: all that was stored is gone.
                if event.is_some_and(|event| event.key().is_none_or(|key| key == STORAGE_KEY)) {
                    choice.set(stored());
                }
            });
            move || drop(listener)
        }
    });
    use_effect_with(*choice, |choice| put_into_force(*choice));
    let choose = use_callback((), {
        let choice = choice.setter();
        move |chosen, ()| choice.set(chosen)
    });
    Theme { choice: *choice, dark: choice.is_dark(*system_is_dark), system_is_dark: *system_is_dark, choose }
}

/// The theme in force.
///
/// # Panics
/// Outside of the root component.
#[hook]
pub fn use_theme() -> Theme {
    use_context().expect("the root component provides the theme")
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn the_browsers_bars_are_of_the_theme_in_force() {
        let media = |choice| [Choice::Light, Choice::Dark].map(|of| bars_media(of, choice));
        assert_eq!(media(Choice::Light), ["all", "not all"]);
        assert_eq!(media(Choice::Dark), ["not all", "all"]);
        assert_eq!(media(Choice::System), ["(prefers-color-scheme: light)", "(prefers-color-scheme: dark)"]);
    }

    #[test]
    fn a_choice_survives_storage_and_anything_else_is_the_systems() {
        for choice in Choice::ALL {
            assert_eq!(Choice::from_stored(Some(choice.as_str())), choice);
        }
        assert_eq!(Choice::from_stored(Some("purple")), Choice::System);
        assert_eq!(Choice::from_stored(None), Choice::System);
    }

    #[test]
    fn only_the_systems_choice_follows_the_system() {
        assert_eq!(Choice::ALL.map(|c| c.is_dark(true)), [true, false, true]);
        assert_eq!(Choice::ALL.map(|c| c.is_dark(false)), [false, false, true]);
    }

    #[test]
    fn web81_each_press_of_the_toggle_but_the_return_changes_what_is_seen() {
        for system_is_dark in [true, false] {
            let mut choice = Choice::System;
            let seen: Vec<bool> = (0..3)
                .map(|_| {
                    choice = choice.next(system_is_dark);
                    choice.is_dark(system_is_dark)
                })
                .collect();
            assert_eq!(seen, [!system_is_dark, system_is_dark, system_is_dark]);
            assert_eq!(choice, Choice::System, "it goes round");
        }
    }
}
