//! The token that lets this page in: it comes in the fragment of a link, `#token=…`, which browsers send to no
//! server, and is taken out of the address at once, so that nobody copies it along unseen.
//!
//! It is kept for this tab alone, as long as that is open, and shown to no server but the page's own.

use std::cell::RefCell;

use gloo_events::EventListener;
use gloo_net::http::RequestBuilder;
use vws_core::wire::Secret;
use wasm_bindgen::JsValue;

use crate::api::seen;
use crate::browser;

/// Where the tab keeps it; `web/js/models.js` reads it there.
const KEY: &str = "vws.token";
/// The largest that a server takes.
const MAX_BYTES: usize = 4_096;

thread_local! {
    /// Where the browser keeps nothing for tabs, it lasts as long as the page.
    static HERE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Takes the token of the address, and that of each link that is opened in this tab from now on.
pub fn arrive() {
    take_from_address();
    EventListener::new(&browser::window(), "hashchange", |_| {
        if take_from_address() {
            // What was asked for without it, or with another one, is asked for anew.
            let _ = browser::window().location().reload();
        }
    })
    .forget();
}

/// Whether there was one.
fn take_from_address() -> bool {
    let window = browser::window();
    let fragment = window.location().hash().unwrap_or_default();
    let Some((token, rest)) = split(&fragment) else { return false };
    // The address loses it also where it is none.
    let location = window.location();
    let (path, query) = (location.pathname().unwrap_or_default(), location.search().unwrap_or_default());
    if let Ok(history) = window.history() {
        let state = history.state().unwrap_or(JsValue::NULL);
        let _ = history.replace_state_with_url(&state, "", Some(&format!("{path}{query}{rest}")));
    }
    match token {
        Some(token) => keep(token),
        None => return false,
    }
    true
}

/// What a fragment has in `token`, if it can be one, and the fragment without it; `None` where it has none.
fn split(fragment: &str) -> Option<(Option<String>, String)> {
    let parts = || fragment.strip_prefix('#').unwrap_or(fragment).split('&').filter(|part| !part.is_empty());
    let token = parts().find_map(|part| part.strip_prefix("token="))?;
    let fit = token.len() <= MAX_BYTES && !token.is_empty();
    // The letters of a token stand for themselves in an address.
    let fit = fit && token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte));
    let rest: Vec<&str> = parts().filter(|part| !part.starts_with("token=")).collect();
    let rest = if rest.is_empty() { String::new() } else { format!("#{}", rest.join("&")) };
    Some((fit.then(|| token.to_owned()), rest))
}

fn keep(token: String) {
    if let Some(storage) = browser::session_storage() {
        // Where it cannot be kept it lasts as long as the page.
        let _ = storage.set_item(KEY, &token);
    }
    HERE.set(Some(token));
}

/// The token that there is.
fn current() -> Option<String> {
    let stored = browser::session_storage().and_then(|storage| storage.get_item(KEY).ok().flatten());
    stored.or_else(|| HERE.with_borrow(Clone::clone))
}

/// Whether there is one.
#[must_use]
pub fn is_there() -> bool {
    current().is_some()
}

/// Goes on without one.
pub fn forget() {
    if let Some(storage) = browser::session_storage() {
        let _ = storage.remove_item(KEY);
    }
    HERE.take();
}

/// What a hello shows.
#[must_use]
pub fn secret() -> Option<Secret> {
    current().map(Secret)
}

/// What a request says in `Authorization`.
#[must_use]
pub fn authorization() -> Option<String> {
    current().map(|token| format!("Bearer {token}"))
}

/// A request to the page's own server that shows the token, and what the page has seen.
#[must_use]
pub fn shown(request: RequestBuilder) -> RequestBuilder {
    let request = seen::told(request);
    match authorization() {
        Some(value) => request.header("authorization", &value),
        None => request,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn auth15_a_token_is_taken_out_of_a_link_and_the_rest_stays() {
        let taken = |fragment: &str| split(fragment).map(|(token, rest)| (token.unwrap_or_default(), rest));
        let told = |token: &str, rest: &str| Some((token.to_owned(), rest.to_owned()));
        assert_eq!(taken("#token=a.b-c_d"), told("a.b-c_d", ""));
        assert_eq!(taken("#select=x&token=a.b.c&at=4"), told("a.b.c", "#select=x&at=4"));
        assert_eq!(taken("token=a&token=b"), told("a", ""));
        // What cannot be one is taken out, and not used.
        assert_eq!(taken("#token="), told("", ""));
        assert_eq!(taken("#token=a b&at=4"), told("", "#at=4"));
        assert_eq!(taken(&format!("#token={}", "a".repeat(4_097))), told("", ""));
        assert_eq!(taken("#select=token"), None);
        assert_eq!(taken(""), None);
    }
}
