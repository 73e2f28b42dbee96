//! The page: files read once, at start, so that no request ever reaches the file system.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::header::{
    ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use thiserror::Error;
use xxhash_rust::xxh3::xxh3_128;

use super::app::App;
use super::embedded;
use super::page_policy::policy;
use super::refusal::Refusal;

/// Bytes of all files of a page.
const MAX_PAGE_BYTES: u64 = 256 << 20;

/// Hexadecimal digits in a file's name from which on it counts as named after its content.
const HASH_DIGITS: usize = 16;

/// Where the page has views of its own, beside `/`. The page's router makes sense of the rest.
const VIEWS: [&str; 1] = ["/s/"];

const INDEX: &str = "index.html";

/// A page that cannot be served.
#[derive(Debug, Error)]
pub enum PageError {
    /// A file or folder cannot be read.
    #[error("cannot read the page at {}: {source}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The folder holds something else than a page.
    #[error("the page folder {} has no index.html", folder.display())]
    NoIndex {
        /// The folder.
        folder: PathBuf,
    },
    /// The folder is larger than a page can be.
    #[error("the page folder {} has more than {} MiB", folder.display(), MAX_PAGE_BYTES >> 20)]
    TooLarge {
        /// The folder.
        folder: PathBuf,
    },
}

/// The page's files by their path, without a leading slash.
#[derive(Debug)]
pub(super) struct Page {
    files: HashMap<String, File>,
    policy: HeaderValue,
}

#[derive(Debug)]
struct File {
    content_type: HeaderValue,
    /// Named after its content, so that it never changes.
    immutable: bool,
    etag: String,
    plain: Bytes,
    brotli: Option<Bytes>,
    gzip: Option<Bytes>,
}

impl Page {
    /// The page in `folder`; without one the page that is built in, or the one in `dist/` of the
    /// working directory or, for a debug build, of the source tree. There may be none.
    ///
    /// # Errors
    /// [`PageError`] when the folder cannot be read or holds no page.
    pub(super) fn load(folder: Option<&Path>) -> Result<Self, PageError> {
        let files = match folder {
            Some(folder) => read(folder)?,
            None if !embedded::PAGE.is_empty() => embedded::PAGE
                .iter()
                .map(|(name, bytes)| ((*name).to_owned(), Bytes::from_static(bytes)))
                .collect(),
            None => match default_folder() {
                Some(folder) => read(&folder)?,
                None => HashMap::new(),
            },
        };
        Ok(Self::new(files))
    }

    fn new(mut raw: HashMap<String, Bytes>) -> Self {
        let policy = policy(raw.get(INDEX).map_or(&[], |index| &index[..]));
        let is_copy = |name: &str, all: &HashMap<String, Bytes>| {
            let original = name.strip_suffix(".br").or_else(|| name.strip_suffix(".gz"));
            original.is_some_and(|original| all.contains_key(original))
        };
        let names: Vec<String> = raw.keys().filter(|name| !is_copy(name, &raw)).cloned().collect();
        let files = names
            .into_iter()
            .filter_map(|name| {
                let brotli = raw.remove(&format!("{name}.br"));
                let gzip = raw.remove(&format!("{name}.gz"));
                let plain = raw.remove(&name)?;
                let file = File {
                    content_type: content_type(&name),
                    immutable: is_named_by_content(&name),
                    etag: format!("{:032x}", xxh3_128(&plain)),
                    plain,
                    brotli,
                    gzip,
                };
                Some((name, file))
            })
            .collect();
        Self { files, policy }
    }

    /// The file that a path stands for: itself, or the page where the path is one of its views.
    fn find(&self, path: &str, headers: &HeaderMap) -> Option<&File> {
        let name = path.trim_start_matches('/');
        match self.files.get(if name.is_empty() { INDEX } else { name }) {
            Some(file) => Some(file),
            None if is_view(path) && takes_html(headers) => self.files.get(INDEX),
            None => None,
        }
    }

    fn answer(&self, file: &File, headers: &HeaderMap) -> Response {
        let (bytes, encoding) = match (&file.brotli, &file.gzip) {
            (Some(bytes), _) if accepts(headers, ACCEPT_ENCODING, "br") => (bytes, Some("br")),
            (_, Some(bytes)) if accepts(headers, ACCEPT_ENCODING, "gzip") => (bytes, Some("gzip")),
            _ => (&file.plain, None),
        };
        let etag = format!("\"{}-{}\"", file.etag, encoding.unwrap_or("plain"));
        let known =
            headers.get(IF_NONE_MATCH).and_then(|v| v.to_str().ok()).is_some_and(|v| v.contains(&etag));
        let mut response = if known {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            let mut response = Response::new(Body::from(bytes.clone()));
            set(&mut response, CONTENT_TYPE, file.content_type.clone());
            if let Some(encoding) = encoding {
                set(&mut response, CONTENT_ENCODING, HeaderValue::from_static(encoding));
            }
            response
        };
        let caching = if file.immutable { "public, max-age=31536000, immutable" } else { "no-cache" };
        set(&mut response, CACHE_CONTROL, HeaderValue::from_static(caching));
        set(&mut response, VARY, HeaderValue::from_static("accept-encoding"));
        set(&mut response, CONTENT_SECURITY_POLICY, self.policy.clone());
        set(&mut response, ETAG, HeaderValue::try_from(etag).expect("hexadecimal digits and a plain word"));
        response
    }
}

fn set(response: &mut Response, name: HeaderName, value: HeaderValue) {
    response.headers_mut().insert(name, value);
}

/// Serves the page's files: what no route of the API has taken.
pub(super) async fn serve(State(app): State<Arc<App>>, request: Request) -> Response {
    let path = request.uri().path();
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Refusal::NotFound(path.to_owned()).into_response();
    }
    let page = app.page();
    match page.find(path, request.headers()) {
        Some(file) => page.answer(file, request.headers()),
        None if page.files.is_empty() && (path == "/" || is_view(path)) => NO_PAGE.into_response(),
        None => Refusal::NotFound(path.to_owned()).into_response(),
    }
}

const NO_PAGE: &str = "\
VWS is running, but this binary has no page built in and found none in ./dist.

Build the page with `cargo xtask run`, or name its folder with --page.
The API is at /api, its description at /openapi.json and a page to try it at /docs.
";

fn is_view(path: &str) -> bool {
    VIEWS.iter().any(|view| path.starts_with(view))
}

/// The folder to read the page from where none is named and none is built in.
fn default_folder() -> Option<PathBuf> {
    let source = cfg!(debug_assertions).then(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../dist"));
    [Some(PathBuf::from("dist")), source].into_iter().flatten().find(|folder| folder.join(INDEX).is_file())
}

/// All files under a folder by their path in it.
fn read(folder: &Path) -> Result<HashMap<String, Bytes>, PageError> {
    let mut files = HashMap::new();
    let mut folders = vec![folder.to_owned()];
    let mut total = 0;
    while let Some(next) = folders.pop() {
        let unreadable = |source| PageError::Unreadable { path: next.clone(), source };
        for entry in fs::read_dir(&next).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            let unreadable = |source| PageError::Unreadable { path: path.clone(), source };
            let metadata = fs::metadata(&path).map_err(unreadable)?;
            if metadata.is_dir() {
                folders.push(path);
                continue;
            }
            total += metadata.len();
            if total > MAX_PAGE_BYTES {
                return Err(PageError::TooLarge { folder: folder.to_owned() });
            }
            let bytes = fs::read(&path).map_err(unreadable)?;
            let name = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().into_owned();
            files.insert(name, Bytes::from(bytes));
        }
    }
    if files.contains_key(INDEX) { Ok(files) } else { Err(PageError::NoIndex { folder: folder.to_owned() }) }
}

/// Whether a file's name holds a hash of its content, as trunk writes it: `app-0123456789abcdef.js`.
/// The files under `snippets/` are named after other things.
fn is_named_by_content(name: &str) -> bool {
    !name.starts_with("snippets/")
        && name
            .split(|c: char| !c.is_ascii_alphanumeric())
            .any(|word| word.len() >= HASH_DIGITS && word.bytes().all(|b| b.is_ascii_hexdigit()))
}

fn content_type(name: &str) -> HeaderValue {
    HeaderValue::from_static(match name.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "wasm" => "application/wasm",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "glb" => "model/gltf-binary",
        "gltf" => "model/gltf+json",
        "txt" | "md" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    })
}

/// Whether HTML is welcome: named, covered by a wildcard, or nothing is said. A program that asks for JSON
/// alone has mistaken the path, and is told so.
fn takes_html(headers: &HeaderMap) -> bool {
    !headers.contains_key(ACCEPT)
        || ["text/html", "text/*", "*/*"].into_iter().any(|range| accepts(headers, ACCEPT, range))
}

/// Whether a list header names `wanted` and does not rule it out with q=0.
pub(super) fn accepts(headers: &HeaderMap, header: HeaderName, wanted: &str) -> bool {
    let lists = headers.get_all(header).into_iter().filter_map(|value| value.to_str().ok());
    lists.flat_map(|list| list.split(',')).any(|item| {
        let mut parts = item.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(wanted));
        let quality = parts.find_map(|part| part.strip_prefix("q=")).and_then(|q| q.parse::<f32>().ok());
        named && quality.is_none_or(|q| q > 0.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_with_a_hash_are_immutable() {
        for name in ["vws-web-0f1e2d3c4b5a6978.js", "vws-web-0f1e2d3c4b5a6978_bg.wasm"] {
            assert!(is_named_by_content(name), "{name}");
        }
        for name in
            ["index.html", "favicon.ico", "snippets/vws-web-0f1e2d3c4b5a6978/js/viewport.js", "app-1a2b.js"]
        {
            assert!(!is_named_by_content(name), "{name}");
        }
    }

    #[test]
    fn an_encoding_with_quality_0_is_not_accepted() {
        let accepts_br = |value: &'static str| {
            let headers = HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(value))]);
            accepts(&headers, ACCEPT_ENCODING, "br")
        };
        for value in ["br", "gzip, br", "gzip;q=0.5, BR;q=0.1"] {
            assert!(accepts_br(value), "{value}");
        }
        for value in ["", "gzip", "br;q=0", "gzip, br; q=0.0", "brotli"] {
            assert!(!accepts_br(value), "{value}");
        }
    }
}
