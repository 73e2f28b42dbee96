//! The page: a Yew client that holds one replica of a session and draws it.
//!
//! # Layout
//! - [`app`], [`route`], [`pages`]: what is shown where. [`link`]: where in a session.
//! - [`client`]: one page's part in a session: replica, selection, what changed since the last frame.
//! - [`connection`]: sockets, greetings, pings and retries.
//! - [`api`]: the list of sessions, over REST and its event stream.
//! - [`past`]: a session's history: its timeline, and the way to each moment.
//! - [`form`]: what people type, into commands, judged by `vws-core`.
//! - [`viewport`], [`list`]: the 3D view and long lists.
//! - [`token`]: what lets this page in where a server asks.
//! - [`person`]: who the person at this browser is to others.
//! - [`ui`], [`theme`]: widgets and looks. [`words`]: letters and numbers, by the browser.
//! - [`debug`]: what browser tests read. [`panic_overlay`]: what a fault of the page looks like.
//!
//! Nothing here holds a second model of the state, and nothing here knows a rule of a valid world:
//! both are `vws-core`'s.

pub mod api;
pub mod app;
pub mod browser;
pub mod client;
pub mod connection;
pub mod debug;
pub mod form;
pub mod link;
pub mod list;
pub mod pages;
pub mod panic_overlay;
pub mod past;
pub mod person;
pub mod route;
pub mod theme;
pub mod token;
pub mod ui;
pub mod viewport;
pub mod words;

/// Puts the page into the document, in the place of what it shows while it loads.
pub fn run() {
    yew::set_custom_panic_hook(Box::new(panic_overlay::show));
    token::arrive();
    let root = browser::document().get_element_by_id("app");
    match root {
        Some(root) => yew::Renderer::<app::App>::with_root(root).render(),
        None => yew::Renderer::<app::App>::new().render(),
    };
}

#[cfg(all(test, target_arch = "wasm32"))]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);
