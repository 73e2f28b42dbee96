//! Which keys stand for an action, and what they are called here.

use web_sys::{Element, HtmlElement, KeyboardEvent};

use crate::words;
use wasm_bindgen::JsCast;

/// A key with its modifiers, as it is written in the table of actions: `Ctrl+Shift+Z`, `F2`, `?`. `Ctrl` is Cmd
/// on a Mac.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Keys(pub(crate) &'static str);

/// What was pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pressed<'a> {
    pub(crate) key: &'a str,
    pub(crate) ctrl: bool,
    pub(crate) shift: bool,
    pub(crate) alt: bool,
}

impl Keys {
    /// The modifiers, and the key after them.
    fn parts(self) -> (bool, bool, bool, &'static str) {
        let (mut ctrl, mut shift, mut alt, mut rest) = (false, false, false, self.0);
        while let Some((modifier, after)) = rest.split_once('+').filter(|(_, after)| !after.is_empty()) {
            match modifier {
                "Ctrl" => ctrl = true,
                "Shift" => shift = true,
                "Alt" => alt = true,
                _ => break,
            }
            rest = after;
        }
        (ctrl, shift, alt, rest)
    }

    /// Whether this is what was pressed. Of a sign such as `?` the keyboard's layout knows whether it needs
    /// Shift; letters count as the same with and without it.
    pub(crate) fn is(self, pressed: Pressed<'_>) -> bool {
        let (ctrl, shift, alt, key) = self.parts();
        let is_sign = key.chars().count() == 1 && !key.chars().all(char::is_alphanumeric);
        let same = if key.chars().count() == 1 {
            words::lower(key) == words::lower(pressed.key)
        } else {
            key == pressed.key
        };
        same && ctrl == pressed.ctrl && alt == pressed.alt && (is_sign || shift == pressed.shift)
    }

    /// What the keys are called on this machine.
    pub(crate) fn named(self, mac: bool) -> String {
        let (ctrl, shift, alt, key) = self.parts();
        let key = match key {
            "ArrowUp" => "↑",
            "ArrowDown" => "↓",
            "ArrowLeft" => "←",
            "ArrowRight" => "→",
            "PageUp" => "Page ↑",
            "PageDown" => "Page ↓",
            "Escape" => "Esc",
            "Delete" => "Del",
            " " => "Space",
            other => other,
        };
        let names = [(ctrl, "Ctrl", "⌘"), (alt, "Alt", "⌥"), (shift, "Shift", "⇧")];
        let modifiers = names.iter().filter(|(on, ..)| *on);
        if mac {
            modifiers.map(|(_, _, sign)| *sign).chain([key]).collect()
        } else {
            modifiers.map(|(_, name, _)| *name).chain([key]).collect::<Vec<_>>().join("+")
        }
    }
}

/// What a key event says; Cmd counts as Ctrl.
pub(crate) fn with_pressed<T>(event: &KeyboardEvent, act: impl FnOnce(Pressed<'_>) -> T) -> T {
    let key = event.key();
    act(Pressed {
        key: &key,
        ctrl: event.ctrl_key() || event.meta_key(),
        shift: event.shift_key(),
        alt: event.alt_key(),
    })
}

/// Whether keys that are pressed here belong to where the focus is: a field that is typed in, a list of
/// choices, or anything in a dialog or a popover. Escape belongs to a popover that is open.
pub(crate) fn is_taken(event: &KeyboardEvent) -> bool {
    if event.default_prevented() || event.is_composing() {
        return true;
    }
    let Some(target) = event.target().and_then(|target| target.dyn_into::<Element>().ok()) else {
        return false;
    };
    // The browser closes what is open, wherever the focus is; an old one that has no popovers has none open.
    let open = || crate::browser::document().query_selector("[popover=auto]:popover-open").ok().flatten();
    if event.key() == "Escape" && open().is_some() {
        return true;
    }
    let is_editable = target.dyn_ref::<HtmlElement>().is_some_and(HtmlElement::is_content_editable);
    let inside = |selector: &str| target.closest(selector).ok().flatten().is_some();
    // These press what has the focus.
    if matches!(event.key().as_str(), " " | "Enter") && inside("button, a, summary, [role=slider]") {
        return true;
    }
    is_editable
        || inside("textarea, select, dialog, [popover], [role=menu]")
        || inside("input:not([type=checkbox]):not([type=button])")
}

/// Whether this is a Mac, where Cmd takes the place of Ctrl.
pub(crate) fn is_mac() -> bool {
    crate::browser::window().navigator().platform().is_ok_and(|platform| platform.starts_with("Mac"))
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const fn pressed(key: &str, ctrl: bool, shift: bool) -> Pressed<'_> {
        Pressed { key, ctrl, shift, alt: false }
    }

    #[test]
    fn web22_keys_are_told_apart_by_their_modifiers() {
        assert!(Keys("Ctrl+Z").is(pressed("z", true, false)));
        assert!(!Keys("Ctrl+Z").is(pressed("Z", true, true)), "that is redo");
        assert!(Keys("Ctrl+Shift+Z").is(pressed("Z", true, true)));
        assert!(!Keys("Delete").is(pressed("Delete", true, false)));
        assert!(Keys("Delete").is(pressed("Delete", false, false)));
        assert!(Keys("?").is(pressed("?", false, true)), "however the layout writes it");
        assert!(Keys("?").is(pressed("?", false, false)));
        assert!(!Keys("?").is(pressed("?", true, true)));
        assert!(Keys("Shift+ArrowUp").is(pressed("ArrowUp", false, true)));
        assert!(Keys("+").is(pressed("+", false, false)), "a plus is a key too");
        assert!(Keys("Ctrl++").is(pressed("+", true, true)));
    }

    #[test]
    fn web22_keys_have_names() {
        assert_eq!(Keys("Ctrl+Shift+Z").named(false), "Ctrl+Shift+Z");
        assert_eq!(Keys("Ctrl+Shift+Z").named(true), "⌘⇧Z");
        assert_eq!(Keys("Shift+ArrowUp").named(false), "Shift+↑");
    }
}
