//! The models that objects of a session show: sent, found and carried to other sessions.

use gloo_net::http::Request;
use js_sys::Uint8Array;
use serde::Deserialize;
use vws_core::SessionId;
use web_sys::File;

use super::files::{Progress, Transfer, post};
use super::{ApiError, done, good, json};
use crate::token::shown;
use crate::words;

/// What the address of an asset begins with, in an object's property `url`.
const SCHEME: &str = "asset:";
/// Digits of its id.
const DIGITS: usize = 64;

/// The media types of models, by what files of them are called at their end.
const KINDS: [(&str, &str); 2] = [(".glb", "model/gltf-binary"), (".gltf", "model/gltf+json")];

/// What files of models are called at their end, as a field for files takes it.
pub const ENDINGS: &str = ".glb,.gltf";

/// The media type of a file that is a model by its name.
#[must_use]
pub fn media_type_of(name: &str) -> Option<&'static str> {
    let name = words::lower(name);
    KINDS.iter().find(|(ending, _)| name.ends_with(ending)).map(|(_, media_type)| *media_type)
}

/// The asset that an object's address names.
#[must_use]
pub fn asset_of(url: &str) -> Option<&str> {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    url.strip_prefix(SCHEME).filter(|id| id.len() == DIGITS && id.bytes().all(is_digit))
}

/// An object's address for an asset of its own session, whichever that is.
#[must_use]
pub fn address_of(asset: &str) -> String {
    format!("{SCHEME}{asset}")
}

/// Where a session has an asset.
#[must_use]
pub fn path_of(session: SessionId, asset: &str) -> String {
    format!("/api/sessions/{session}/assets/{asset}")
}

/// A model that a session has.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Asset {
    /// The hash of its content.
    pub asset: String,
    /// How many bytes it has.
    pub bytes: u64,
}

/// How much a session may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Room {
    /// The most bytes that one model may have.
    pub max_asset_bytes: u64,
}

/// How much the session may have.
///
/// # Errors
/// [`ApiError`].
pub async fn room(session: SessionId) -> Result<Room, ApiError> {
    json(shown(Request::get(&format!("/api/sessions/{session}/assets?limit=1"))).send().await?).await
}

/// Sends a file that is to be a model of a session.
///
/// # Errors
/// [`ApiError`] where the browser does not even begin.
pub fn upload(
    session: SessionId,
    file: &File,
    media_type: &str,
    progress: impl Fn(Progress) + 'static,
    ended: impl FnOnce(Result<Asset, ApiError>) + 'static,
) -> Result<Transfer, ApiError> {
    post(&format!("/api/sessions/{session}/assets"), file, media_type, progress, ended)
}

/// Whether a session has an asset.
///
/// # Errors
/// [`ApiError`] where that cannot be told.
pub async fn has(session: SessionId, asset: &str) -> Result<bool, ApiError> {
    // A refusal of a HEAD has no body that would say more, and a browser's console would be red of it.
    let list = format!("/api/sessions/{session}/assets?limit=1{}", after(asset));
    #[derive(Deserialize)]
    struct Page {
        assets: Vec<Asset>,
    }
    let page: Page = json(shown(Request::get(&list)).send().await?).await?;
    Ok(page.assets.first().is_some_and(|first| first.asset == asset))
}

/// A query for the list that begins with this asset, where it is there: with what comes after the one before it.
fn after(asset: &str) -> String {
    let mut digits = asset.as_bytes().to_vec();
    for digit in digits.iter_mut().rev() {
        match *digit {
            b'0' => *digit = b'f',
            b'a' => {
                *digit = b'9';
                return format!("&after={}", String::from_utf8_lossy(&digits));
            }
            _ => {
                *digit -= 1;
                return format!("&after={}", String::from_utf8_lossy(&digits));
            }
        }
    }
    // Nothing is before the first of all.
    String::new()
}

/// Has a session have an asset of another one.
///
/// # Errors
/// [`ApiError`]: the other session or its asset is not there, or this one does not take it.
pub async fn copy(from: SessionId, to: SessionId, asset: &str) -> Result<(), ApiError> {
    let found = good(shown(Request::get(&path_of(from, asset))).send().await?).await?;
    let media_type = found.headers().get("content-type").unwrap_or_default();
    let content = found.binary().await?;
    let body = Uint8Array::from(content.as_slice());
    let target = format!("/api/sessions/{to}/assets");
    done(shown(Request::post(&target)).header("content-type", &media_type).body(body)?.send().await?).await
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn web58_files_of_models_are_known_by_their_names() {
        assert_eq!(media_type_of("Ship.GLB"), Some("model/gltf-binary"));
        assert_eq!(media_type_of("a.b.gltf"), Some("model/gltf+json"));
        for name in ["glb", "ship.obj", "ship.glb.png", "a.vws.json", "a.vwslog", ""] {
            assert_eq!(media_type_of(name), None, "{name}");
        }
    }

    #[test]
    fn web58_an_address_names_an_asset_in_one_form() {
        let id = "0123456789abcdef".repeat(4);
        assert_eq!(asset_of(&address_of(&id)), Some(id.as_str()));
        for url in [
            id.clone(),
            format!("asset:{}", &id[1..]),
            format!("asset:{}", id.to_uppercase()),
            "asset:".into(),
        ] {
            assert_eq!(asset_of(&url), None, "{url}");
        }
    }

    #[test]
    fn web70_an_asset_is_looked_for_after_what_comes_before_it() {
        let with = |end: &str| format!("{}{end}", "0".repeat(DIGITS - end.len()));
        assert_eq!(after(&with("1")), format!("&after={}", with("0")));
        assert_eq!(after(&with("a")), format!("&after={}", with("9")));
        assert_eq!(after(&with("100")), format!("&after={}", with("0ff")));
        assert_eq!(after(&with("")), "");
    }
}
