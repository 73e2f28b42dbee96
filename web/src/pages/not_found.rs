//! A path that names no page.

use yew::prelude::*;

use crate::route::{Link, Route};
use crate::ui::{Glyph, Icon, ThemeToggle};

/// Says so, and leads back.
#[component]
pub fn NotFound() -> Html {
    html! {
        <div class="page">
            <header class="page-bar">
                <Link to={Route::Sessions} class="brand">{ crate::app::brand() }</Link>
                <span class="bar-space"></span>
                <ThemeToggle />
            </header>
            <main id="main" tabindex="-1" class="notice" data-testid="not-found">
                <Glyph icon={Icon::Search} size={40} />
                <h1>{ "There is nothing here" }</h1>
                <p>{ "The address names no page. A link to a session looks like /s/ and the session's id." }</p>
                <Link to={Route::Sessions} class="button button-primary">{ "All sessions" }</Link>
            </main>
        </div>
    }
}
