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

fn main() {
    yew::Renderer::<App>::new().render();
}
