//! How far this page has been told of its session. It says so with what it asks over REST, so that whichever server of
//! a cluster answers, answers of nothing older than what is on the screen.

use std::cell::Cell;

use gloo_net::http::RequestBuilder;
use vws_core::wire::Resume;

thread_local! {
    static SEEN: Cell<Option<Resume>> = const { Cell::new(None) };
}

/// Takes in that the page shows its session as of this place.
pub fn note(place: Resume) {
    SEEN.set(Some(place));
}

/// A request that tells it. What is asked about another session is not held to it: that has another epoch.
#[must_use]
pub fn told(request: RequestBuilder) -> RequestBuilder {
    match SEEN.get() {
        Some(Resume { epoch, seq }) => request.header("vws-seen", &format!("{epoch}.{seq}")),
        None => request,
    }
}
