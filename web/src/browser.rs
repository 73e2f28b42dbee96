//! The few things that the page asks of the browser itself. Each has an answer where the browser
//! refuses: a page that may not store anything works, it only remembers nothing.

use js_sys::Uint8Array;
use wasm_bindgen::JsCast;
use web_sys::{Document, HtmlElement, HtmlInputElement, Storage, Window};

/// The window.
///
/// # Panics
/// Outside of a page, where nothing of this crate runs.
#[must_use]
pub fn window() -> Window {
    web_sys::window().expect("the page runs in a window")
}

/// The document.
///
/// # Panics
/// Outside of a page, where nothing of this crate runs.
#[must_use]
pub fn document() -> Document {
    window().document().expect("a window has a document")
}

/// Milliseconds since the page was opened, never going back: for waits and round trips.
#[must_use]
pub fn monotonic_ms() -> f64 {
    window().performance().map_or_else(js_sys::Date::now, |clock| clock.now())
}

/// Milliseconds since the Unix epoch, by the clock of this machine.
#[must_use]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number after 1970")]
pub fn unix_ms() -> u64 {
    js_sys::Date::now().max(0.0) as u64
}

/// Whether the browser believes that it has a network.
#[must_use]
pub fn is_online() -> bool {
    window().navigator().on_line()
}

/// What outlives the tab; `None` where the browser keeps nothing for this page.
#[must_use]
pub fn local_storage() -> Option<Storage> {
    window().local_storage().ok().flatten()
}

/// What lives as long as the tab; `None` where the browser keeps nothing for this page.
#[must_use]
pub fn session_storage() -> Option<Storage> {
    window().session_storage().ok().flatten()
}

fn by_id<T: JsCast>(id: &str) -> Option<T> {
    document().get_element_by_id(id)?.dyn_into().ok()
}

/// Gives the focus to the element of this id, if there is one.
pub fn focus(id: &str) {
    if let Some(element) = by_id::<HtmlElement>(id) {
        // A kindness: where it is refused the user clicks.
        let _ = element.focus();
    }
}

/// Gives the focus to the input of this id, with all that it says selected: what is typed takes its place.
pub fn focus_all_of(id: &str) {
    focus(id);
    if let Some(input) = by_id::<HtmlInputElement>(id) {
        input.select();
    }
}

/// Presses the button of this id, unless it cannot be pressed.
pub fn press(id: &str) {
    if let Some(button) = by_id::<HtmlElement>(id) {
        button.click();
    }
}

/// Gives the focus to the element of this id where nothing else has taken it meanwhile.
pub fn focus_if_free(id: &str) {
    let held = document().active_element().filter(|element| element.tag_name() != "BODY");
    if held.is_none() {
        focus(id);
    }
}

/// Whether the browser has a clipboard for this page at all.
#[must_use]
pub fn has_clipboard() -> bool {
    let clipboard = js_sys::Reflect::get(&window().navigator(), &"clipboard".into());
    clipboard.is_ok_and(|clipboard| !clipboard.is_undefined())
}

/// Puts a text on the clipboard; answers whether the browser allowed it. It does not without a secure context
/// (plain http from another machine) or the user's leave.
pub async fn copy(text: &str) -> bool {
    if !has_clipboard() {
        return false;
    }
    wasm_bindgen_futures::JsFuture::from(window().navigator().clipboard().write_text(text)).await.is_ok()
}

/// Whether the user wishes for little motion.
#[must_use]
pub fn reduced_motion() -> bool {
    let query = window().match_media("(prefers-reduced-motion: reduce)");
    query.ok().flatten().is_some_and(|query| query.matches())
}

/// Whether what points here is a finger.
#[must_use]
pub fn is_coarse() -> bool {
    let query = window().match_media("(pointer: coarse)");
    query.ok().flatten().is_some_and(|query| query.matches())
}

/// A random UUID (version 4). `crypto.randomUUID` is missing on plain http, random bytes are not.
#[must_use]
pub fn random_uuid() -> String {
    let bytes = Uint8Array::new_with_length(16);
    let crypto = window().crypto().expect("every browser with WebAssembly has random bytes");
    crypto.get_random_values_with_array_buffer_view(&bytes).expect("16 bytes are within its bound");
    let mut random = [0; 16];
    bytes.copy_to(&mut random);
    uuid_v4(random)
}

/// RFC 9562 §5.4: the version and variant bits over 122 random ones.
fn uuid_v4(mut bytes: [u8; 16]) -> String {
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let mut text = String::with_capacity(36);
    for (index, byte) in bytes.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn a_uuid_has_version_4_and_its_variant() {
        assert_eq!(uuid_v4([0xff; 16]), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_eq!(uuid_v4([0; 16]), "00000000-0000-4000-8000-000000000000");
    }
}
