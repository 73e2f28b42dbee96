//! The root of the page.

use yew::prelude::*;

use crate::browser;
use crate::pages::not_found::NotFound;
use crate::pages::session::SessionPage;
use crate::pages::sessions::Sessions;
use crate::route::{Route, use_route};
use crate::theme::{Theme, use_theme_root};
use crate::ui::toast;

/// The whole page.
#[component]
pub fn App() -> Html {
    let theme = use_theme_root();
    let page = match use_route() {
        Route::Sessions => html! { <Sessions /> },
        // Keyed: another session is another page, with nothing of the one before.
        Route::Session(id) => html! { <SessionPage key={id.to_string()} {id} /> },
        Route::NotFound => html! { <NotFound /> },
    };
    let onskip = Callback::from(|event: MouseEvent| {
        // The fragment of an address is for what is shown: see `link`.
        event.prevent_default();
        browser::focus("main");
    });
    html! {
        <ContextProvider<Theme> context={theme}>
            <a class="skip-link button button-primary" href="#main" onclick={onskip} data-testid="skip-link">{ "Skip to the content" }</a>
            <toast::Provider>{ page }</toast::Provider>
        </ContextProvider<Theme>>
    }
}

/// The product's mark and name.
pub fn brand() -> Html {
    html! {
        <>
            <svg class="brand-mark" width="22" height="22" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
                <path class="brand-a" d="M12 2 20.700 7v10L12 22 3.300 17V7z" />
                <path class="brand-b" d="M12 12 3.300 7M12 12l8.700-5M12 12v10" />
            </svg>
            <span class="brand-name">{ "VWS" }</span>
        </>
    }
}
