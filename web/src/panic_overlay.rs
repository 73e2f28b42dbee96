//! What the user sees when the page has a fault of its own.

use std::panic::PanicHookInfo;

use wasm_bindgen::JsCast;
use web_sys::{Document, Element, HtmlElement, console};

use crate::browser;

/// Shows the fault over the page, with a text to report and a way to load the page anew. The program is
/// stopped by a panic, so nothing of the overlay needs it: it is a plain link, and a button that
/// `web/report.js` serves.
///
/// For [`yew::set_custom_panic_hook`]: yew would put its own in the place of any other.
pub fn show(info: &PanicHookInfo<'_>) {
    let fault = info.to_string();
    console::error_1(&fault.as_str().into());
    let document = browser::document();
    // A fault while drawing a fault: the console has it.
    let _ = draw(&document, &report(&fault));
}

/// What a report needs: the fault, and where it was.
fn report(fault: &str) -> String {
    let window = browser::window();
    let page = window.location().pathname().unwrap_or_default();
    let program = window.navigator().user_agent().unwrap_or_default();
    format!("VWS {}, page {page}\n{program}\n\n{fault}", env!("CARGO_PKG_VERSION"))
}

fn draw(document: &Document, report: &str) -> Option<()> {
    let body = document.body()?;
    if document.get_element_by_id("panic").is_some() {
        return None;
    }
    let overlay = element(document, "div", "panic")?;
    overlay.set_id("panic");
    for (name, value) in [
        ("role", "alertdialog"),
        ("aria-modal", "true"),
        ("aria-labelledby", "panic-title"),
        ("aria-describedby", "panic-text"),
        ("data-testid", "panic"),
    ] {
        overlay.set_attribute(name, value).ok()?;
    }
    let card = element(document, "div", "panic-card")?;
    let title = element(document, "h1", "panic-title")?;
    title.set_id("panic-title");
    title.set_text_content(Some("This page has stopped"));
    let told = element(document, "p", "panic-text")?;
    told.set_id("panic-text");
    told.set_text_content(Some(
        "A fault in the page itself, not in your world: the server has everything that it acknowledged. \
         Load the page again to go on. If it happens again, please report the text below.",
    ));
    let fault = element(document, "pre", "panic-fault")?;
    fault.set_id("panic-report");
    fault.set_text_content(Some(report));
    fault.set_attribute("tabindex", "0").ok()?;
    let actions = element(document, "div", "panic-actions")?;
    let copy = element(document, "button", "button button-plain")?;
    copy.set_attribute("type", "button").ok()?;
    copy.set_attribute("data-copies", "panic-report").ok()?;
    copy.set_text_content(Some("Copy the text"));
    let reload = element(document, "a", "button button-primary")?;
    reload.set_attribute("href", &browser::window().location().pathname().ok()?).ok()?;
    reload.set_text_content(Some("Load again"));
    for part in [&copy, &reload] {
        actions.append_child(part).ok()?;
    }
    for part in [&title, &told, &fault, &actions] {
        card.append_child(part).ok()?;
    }
    overlay.append_child(&card).ok()?;
    body.append_child(&overlay).ok()?;
    // What has stopped answers nobody any more.
    if let Some(app) = document.get_element_by_id("app") {
        app.set_attribute("inert", "").ok()?;
    }
    reload.dyn_ref::<HtmlElement>()?.focus().ok()
}

fn element(document: &Document, tag: &str, class: &str) -> Option<Element> {
    let element = document.create_element(tag).ok()?;
    element.set_class_name(class);
    Some(element)
}
