//! The API: each handler turns a request into a command or a look-up, and its outcome into an answer.
//! No rule about what a valid world is lives here.
//!
//! # Layout
//! - `sessions`, `objects`, `world`, `commands`, `history`, `time`, `transfer`, `assets`, `tokens`,
//!   `audit`, `stats`, `backup`: the handlers.
//! - `moment`: the present or a moment of the past, read in the same way.
//! - `filter`, `paging`: what lists are asked for.
//! - `reply`: answers, large ones made piece by piece.

pub(super) mod assets;
mod audit;
mod backup;
mod commands;
mod filter;
mod history;
mod moment;
mod objects;
mod paging;
mod reply;
mod sessions;
mod stats;
mod time;
mod tokens;
mod transfer;
mod world;

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use vws_core::model::Seq;
use vws_core::{Command, Session, SessionId};

pub(super) use transfer::IMPORT_PATH;

use super::app::App;
use super::ops;
use super::problem::Problem;
use crate::auth::Grant;
use crate::store::{Origin, Outcome, Request};

/// Every route of the API with its description.
pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(sessions::create, sessions::list))
        .routes(routes!(sessions::get, sessions::rename, sessions::delete))
        .routes(routes!(objects::create, objects::list))
        .routes(routes!(objects::get, objects::update, objects::replace, objects::delete))
        .routes(routes!(world::get, world::initialize, world::update))
        .routes(routes!(world::move_camera))
        .routes(routes!(world::start_orbit, world::stop_orbit))
        .routes(routes!(commands::execute))
        .routes(routes!(history::snapshot))
        .routes(routes!(history::events))
        .routes(routes!(history::lobby))
        .routes(routes!(time::fork))
        .routes(routes!(time::difference))
        .routes(routes!(time::object_history))
        .routes(routes!(time::undo))
        .routes(routes!(transfer::export))
        // Not in the description: no schema can tell which files hold together (digests, sums, versions), and
        // what it called valid would be refused all the same. docs/CLI.md has it.
        .route(IMPORT_PATH, axum::routing::post(transfer::import))
        .routes(routes!(assets::add, assets::list))
        .routes(routes!(assets::get, assets::delete))
        .routes(routes!(tokens::share))
        .routes(routes!(tokens::withdraw))
        .routes(routes!(tokens::revoke, tokens::revoked))
        .routes(routes!(audit::audit))
        .routes(routes!(stats::stats))
        .routes(routes!(backup::take))
        .routes(routes!(ops::healthz))
        .routes(routes!(ops::readyz))
        .routes(routes!(ops::version))
        .routes(routes!(ops::metrics))
}

/// Does one command and returns what `view` sees right after it. `expect_version` is asked for what the client
/// has seen of what the command is about, with the state right before. `base` is where in the command the
/// request's body lies: refusals point into the body.
async fn execute<T: Send + 'static>(
    app: &App,
    by: &Grant,
    session: SessionId,
    command: Command,
    expect_version: impl FnOnce(&Session) -> Option<Seq>,
    base: &str,
    view: impl FnOnce(&Session) -> T + Send + 'static,
) -> Result<(Outcome, T), Problem> {
    let live = app.store().get(session).await?;
    let expect_version = live.read(expect_version);
    let subject = by.subject().cloned();
    let request = Request { command, expect_version, author: None, subject, origin: Origin::Client };
    let refused = if expect_version.is_some() { Problem::of_conditional } else { Problem::of_body };
    let done = live.execute(request, view).await.map_err(|error| refused(error, base))?;
    if let Some(seq) = done.0.seqs.clone().last() {
        tracing::Span::current().record("seq", seq);
    }
    Ok(done)
}
