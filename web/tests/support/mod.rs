//! What tests in a browser do over and over.

use js_sys::{Function, Promise};
use vws_web::browser;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Event, EventInit, HtmlElement, HtmlInputElement, KeyboardEvent, KeyboardEventInit};
use yew::BaseComponent;

/// A component of its own in the document: the runner's own report is in the body too.
pub fn mount<C: BaseComponent>(props: C::Properties) -> HtmlElement {
    let root = browser::document().create_element("div").expect("`div` is an element's name");
    let body = browser::document().body().expect("a page has a body");
    body.append_child(&root).expect("a body takes an element");
    yew::Renderer::<C>::with_root_and_props(root.clone(), props).render();
    root.unchecked_into()
}

/// Lets renders, effects and the browser's own observers happen: an observer of sizes tells in one
/// frame what is drawn in the next.
pub async fn settle() {
    for _ in 0..3 {
        let mut ask = |resolve: Function, _| {
            browser::window().request_animation_frame(&resolve).expect("a page in view has frames");
        };
        JsFuture::from(Promise::new(&mut ask)).await.expect("a frame comes");
    }
}

/// The element that a selector names.
pub fn find<T: JsCast>(root: &HtmlElement, selector: &str) -> T {
    let found = root.query_selector(selector).expect("a valid selector");
    found.unwrap_or_else(|| panic!("no {selector}")).unchecked_into()
}

/// Types a text over what an input holds.
pub fn type_into(root: &HtmlElement, selector: &str, text: &str) {
    let input: HtmlInputElement = find(root, selector);
    input.set_value(text);
    let init = EventInit::new();
    init.set_bubbles(true);
    let event = Event::new_with_event_init_dict("input", &init).expect("an event can be made");
    input.dispatch_event(&event).expect("the event was made here");
}

/// Presses a key in an input.
pub fn key(root: &HtmlElement, selector: &str, key: &str) {
    let init = KeyboardEventInit::new();
    init.set_bubbles(true);
    init.set_cancelable(true);
    init.set_key(key);
    let event =
        KeyboardEvent::new_with_keyboard_event_init_dict("keydown", &init).expect("an event can be made");
    find::<HtmlElement>(root, selector).dispatch_event(&event).expect("the event was made here");
}
