//! `vws-core` for JavaScript. The npm package `@vws/client` puts connections, promises and events
//! around it; whatever is about what a world is, and how it changes, is here, and so in `core`.
//!
//! # Layout
//! - [`Mirror`]: a replica of a live session.
//! - [`Past`]: the state of a moment.
//! - `outcome`: what messages led to.
//! - `state`: how both are read.
//! - `input`, `output`: values of JavaScript into core's, and back.
//! - [`close_code`], [`session_id`]: what the protocol says of single values.
#![forbid(unsafe_code)]

mod input;
mod mirror;
mod outcome;
mod output;
mod past;
mod state;

use serde::Serialize;
use vws_core::SessionId;
use vws_core::wire::CloseCode;
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};

pub use mirror::Mirror;
pub use past::Past;

#[derive(Serialize)]
struct KnownClose {
    name: &'static str,
    retry: bool,
}

/// What the number in a close frame means: its name, and whether connecting again, as it was, can help.
/// `undefined` for a number that the protocol does not have.
#[wasm_bindgen(js_name = closeCode)]
#[must_use]
pub fn close_code(code: u16) -> JsValue {
    let known = CloseCode::from_code(code);
    known.map_or(JsValue::UNDEFINED, |known| {
        output::value(&KnownClose { name: known.name(), retry: known.is_worth_a_retry() })
    })
}

/// Checks that a text is a session's id.
///
/// # Errors
/// The problem, in the server's words.
#[wasm_bindgen(js_name = sessionId)]
pub fn session_id(text: &str) -> Result<(), JsValue> {
    text.parse::<SessionId>().map(|_| ()).map_err(output::refused)
}
