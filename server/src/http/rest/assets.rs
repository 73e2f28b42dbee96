//! The files that objects show: models, kept with their session under the hash of their content.

use std::io;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
};
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::response::Response;
use futures_util::stream;
use serde::Serialize;
use utoipa::ToSchema;
use vws_core::SessionId;

use super::super::app::App;
use super::super::body;
use super::super::conditional::{IfNoneMatch, etag};
use super::super::problem::Problem;
use super::super::refusal::Refusal;
use super::super::request::{AssetPath, Query, SessionPath, media_type};
use super::paging;
use super::reply::{json, locate};
use crate::assets::{Added, Asset, AssetId, Content, Kind};

/// What one address has is the same for ever. Only the browser of who may see it keeps it.
const FOR_EVER: HeaderValue = HeaderValue::from_static("private, max-age=31536000, immutable");

/// A model that is opened as a page may do nothing.
const POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; sandbox");

/// Whether this is the path that models are sent to, whose bodies may be larger.
pub(in crate::http) fn is_upload(path: &str) -> bool {
    let id = path.strip_prefix("/api/sessions/").and_then(|rest| rest.strip_suffix("/assets"));
    id.is_some_and(|id| !id.contains('/'))
}

/// A file that objects of a session show.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct AssetInfo {
    /// The SHA-256 of its bytes. An object shows it by its property `url`, as `asset:` and this.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    asset: String,
    /// How many bytes it has.
    bytes: u64,
    /// Its media type: `model/gltf-binary` or `model/gltf+json`.
    r#type: &'static str,
}

/// A glTF 2.0 model as JSON. Only what is judged is described; the rest is as the standard has it.
#[derive(ToSchema)]
#[schema(title = "glTF")]
#[expect(dead_code, reason = "it is described here and read in `assets::gltf`")]
pub(in crate::http) struct Gltf {
    /// About the model.
    asset: GltfAbout,
    /// Its binary data.
    #[schema(required = false)]
    buffers: Vec<GltfBuffer>,
    /// Its pictures.
    #[schema(required = false)]
    images: Vec<GltfImage>,
}

/// A glTF 2.0 model in one binary file.
#[derive(ToSchema)]
#[schema(title = "GLB", value_type = String, format = Binary)]
#[expect(dead_code, reason = "it is described here and read in `assets::gltf`")]
pub(in crate::http) struct Glb(Vec<u8>);

/// About a glTF model.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it is described here and read in `assets::gltf`")]
pub(in crate::http) struct GltfAbout {
    /// The version of glTF.
    #[schema(pattern = r"^2\.[0-9]+$")]
    version: String,
}

/// Binary data of a glTF model.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it is described here and read in `assets::gltf`")]
pub(in crate::http) struct GltfBuffer {
    /// The data itself: nothing lies in another file.
    #[schema(pattern = "^data:")]
    uri: String,
}

/// A picture of a glTF model.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it is described here and read in `assets::gltf`")]
pub(in crate::http) struct GltfImage {
    /// The picture itself, where it is in none of the buffers: nothing lies in another file.
    #[schema(pattern = "^data:", nullable = false)]
    uri: Option<String>,
}

/// Some of a session's assets, in the order of their ids.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct AssetPage {
    /// The assets.
    assets: Vec<AssetInfo>,
    /// What to give as `after` for those that follow; null when there are none.
    #[schema(required, pattern = "^[0-9a-f]{64}$")]
    next: Option<String>,
    /// Bytes of all assets of the session.
    bytes: u64,
    /// The most that they may have.
    max_bytes: u64,
    /// The most that one of them may have.
    max_asset_bytes: u64,
}

impl From<Asset> for AssetInfo {
    fn from(asset: Asset) -> Self {
        Self { asset: asset.id.to_string(), bytes: asset.bytes, r#type: asset.kind.media_type() }
    }
}

/// Add a model
///
/// A glTF 2.0 model that objects of the session can show: a `.glb`, or a `.gltf` with all that belongs to it inside.
/// It is kept under the hash of its bytes, so that the same file again changes nothing and is answered with 200. It
/// goes with the session, and forks have it too. An object of type `model` shows it by its property `url`:
/// `asset:` and the hash. A model that is sent with an `Idempotency-Key` may be as large as any other body.
#[utoipa::path(
    post, path = "/api/sessions/{id}/assets", tag = "assets", operation_id = "add_asset",
    params(("id" = SessionId, Path, description = "The session.")),
    request_body(content(
        (Glb = "model/gltf-binary"),
        (Gltf = "model/gltf+json"),
        (Gltf = "application/json", example = json!({ "asset": { "version": "2.0" } })),
    ), description = "The model. As `application/octet-stream` it may be of either kind."),
    responses(
        (status = 200, description = "The session has it already.", body = AssetInfo, headers(
            ("location" = String, description = "Where it is."),
        )),
        (status = 201, description = "It is kept.", body = AssetInfo, headers(
            ("location" = String, description = "Where it is."),
        )),
        (status = 429, description = "The session, or the server, has as many assets as it may have."),
    ),
)]
pub(super) async fn add(
    State(app): State<Arc<App>>,
    SessionPath(id): SessionPath,
    request: Request,
) -> Result<Response, Problem> {
    // What has no type of its own is told by its first bytes.
    let types = [
        (Kind::Glb.media_type(), Some(Kind::Glb)),
        (Kind::Gltf.media_type(), Some(Kind::Gltf)),
        ("application/json", Some(Kind::Gltf)),
        ("application/octet-stream", None),
    ];
    let known =
        |essence: &str| types.iter().find(|(of, _)| essence.eq_ignore_ascii_case(of)).map(|(_, kind)| *kind);
    let kind = media_type(request.headers(), known, |found| Refusal::NotAModel { found })?;
    app.store().info(id).await?;
    app.store().check_memory()?;
    let _permit = app.transfer()?;
    let limits = &app.config().limits;
    let content = body::read(request.into_body(), limits.max_asset, limits.import_timeout).await?;
    let kind = kind.unwrap_or_else(|| Kind::of(&content));
    let Added { asset, is_new } = app.store().add_asset(id, kind, content).await?;
    let mut response = json(&AssetInfo::from(asset));
    if is_new {
        *response.status_mut() = StatusCode::CREATED;
    }
    locate(&mut response, format!("/api/sessions/{id}/assets/{}", asset.id));
    Ok(response)
}

/// List the models
///
/// Those that were added, whether an object shows them or not.
#[utoipa::path(
    get, path = "/api/sessions/{id}/assets", tag = "assets", operation_id = "list_assets",
    params(
        ("id" = SessionId, Path, description = "The session."),
        ("limit" = Option<u32>, Query, description = "At most so many.", minimum = 1, maximum = 10000),
        ("after" = Option<String>, Query, description = "Only those after this one: `next` of the page before.", pattern = "^[0-9a-f]{64}$"),
    ),
    responses((status = 200, description = "A page of them, in the order of their ids.", body = AssetPage, headers(
        ("link" = Option<String>, description = "The next page, where there is one."),
    ))),
)]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    SessionPath(id): SessionPath,
    uri: Uri,
    mut query: Query,
) -> Result<Response, Problem> {
    let limit = paging::limit(&mut query)?;
    let after = query.parse("after", |text| text.parse::<AssetId>().map_err(|error| error.to_string()))?;
    query.finish()?;
    let mut found = app.store().list_assets(id, after, limit + 1).await?;
    let more = paging::cut(&mut found, limit);
    let next = found.last().filter(|_| more).map(|asset| asset.id.to_string());
    let assets = app.store().assets();
    let mut response = json(&AssetPage {
        assets: found.into_iter().map(AssetInfo::from).collect(),
        next: next.clone(),
        bytes: assets.held(id).bytes,
        max_bytes: assets.bounds().session.0,
        max_asset_bytes: app.config().limits.max_asset.0,
    });
    paging::link_next(&mut response, &uri, next.as_deref());
    Ok(response)
}

/// Fetch a model
///
/// Its bytes, which are the same for ever under this address.
#[utoipa::path(
    get, path = "/api/sessions/{id}/assets/{asset}", tag = "assets", operation_id = "get_asset",
    params(
        ("id" = SessionId, Path, description = "The session."),
        ("asset" = String, Path, description = "The hash.", pattern = "^[0-9a-f]{64}$"),
    ),
    responses((status = 200, description = "The model.", content(
        (Glb = "model/gltf-binary"),
        (Gltf = "model/gltf+json"),
    ), headers(("etag" = String, description = "The hash.")))),
)]
pub(super) async fn get(
    State(app): State<Arc<App>>,
    AssetPath { session, asset }: AssetPath,
    known: IfNoneMatch,
) -> Result<Response, Problem> {
    let (asset, content) = app.store().asset(session, asset).await?;
    let mut response = known.answer(etag(asset.id), || {
        let mut response = Response::new(streamed(session, asset, content));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(asset.kind.media_type()));
        headers.insert(CONTENT_LENGTH, HeaderValue::from(asset.bytes));
        let name = format!("attachment; filename=\"{}.{}\"", asset.id, asset.kind.extension());
        headers.insert(CONTENT_DISPOSITION, HeaderValue::try_from(name).expect("digits are plain ASCII"));
        response
    });
    response.headers_mut().insert(CACHE_CONTROL, FOR_EVER);
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, POLICY);
    Ok(response)
}

/// The bytes as fast as the client takes them. What cannot be read to its end is cut off, which its length tells.
fn streamed(session: SessionId, asset: Asset, content: Content) -> Body {
    Body::from_stream(stream::try_unfold(content, move |mut content| async move {
        let piece = content.next().await.inspect_err(|error: &io::Error| {
            tracing::warn!(session.id = %session, asset = %asset.id, %error, "an asset is cut off");
        })?;
        Ok::<_, io::Error>(piece.map(|piece| (piece, content)))
    }))
}

/// Remove a model
///
/// Objects that show it show a placeholder from then on.
#[utoipa::path(
    delete, path = "/api/sessions/{id}/assets/{asset}", tag = "assets", operation_id = "delete_asset",
    params(
        ("id" = SessionId, Path, description = "The session."),
        ("asset" = String, Path, description = "The hash.", pattern = "^[0-9a-f]{64}$"),
    ),
    responses((status = 204, description = "It is gone.")),
)]
pub(super) async fn delete(
    State(app): State<Arc<App>>,
    AssetPath { session, asset }: AssetPath,
) -> Result<StatusCode, Problem> {
    app.store().remove_asset(session, asset).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asset1_only_the_path_of_models_takes_large_bodies() {
        assert!(is_upload("/api/sessions/0197a2b4-0000-7000-8000-000000000001/assets"));
        for path in
            ["/api/sessions/assets", "/api/sessions/a/objects/assets", "/api/sessions/a/assets/b", "/assets"]
        {
            assert!(!is_upload(path), "{path}");
        }
    }
}
