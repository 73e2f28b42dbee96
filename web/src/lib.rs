//! The page: a Yew client that holds one replica of a session and draws it.

use yew::prelude::*;

/// The whole page.
#[component]
fn App() -> Html {
    html! {
        <main>
            <h1>{ "VWS" }</h1>
            <p>{ "Virtual World Synthesizer" }</p>
        </main>
    }
}

/// Puts the page into the document's body.
pub fn run() {
    yew::Renderer::<App>::new().render();
}

#[cfg(all(test, target_arch = "wasm32"))]
mod tests {
    use std::time::Duration;

    use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
    use yew::platform::time::sleep;

    use super::App;

    wasm_bindgen_test_configure!(run_in_browser);

    #[wasm_bindgen_test]
    async fn the_page_shows_the_products_name() {
        // Not the body itself: the runner's own report is in there.
        let document = web_sys::window().and_then(|window| window.document()).expect("a page has a document");
        let root = document.create_element("div").expect("`div` is an element's name");
        yew::Renderer::<App>::with_root(root.clone()).render();
        sleep(Duration::ZERO).await;
        assert!(root.inner_html().contains("<h1>VWS</h1>"));
    }
}
