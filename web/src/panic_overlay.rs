//! What the user sees when the page has a fault of its own.

use std::panic::PanicHookInfo;

use web_sys::{Document, Element, console};

use crate::browser;

/// Shows the fault over the page, with its text and a way to load the page anew. The program is
/// stopped by a panic, so nothing of the overlay needs it: it is a plain link.
///
/// For [`yew::set_custom_panic_hook`]: yew would put its own in the place of any other.
pub fn show(info: &PanicHookInfo<'_>) {
    let text = info.to_string();
    console::error_1(&text.as_str().into());
    let document = browser::document();
    // A fault while drawing a fault: the console has it.
    let _ = draw(&document, &text);
}

fn draw(document: &Document, text: &str) -> Option<()> {
    let body = document.body()?;
    if document.get_element_by_id("panic").is_some() {
        return None;
    }
    let overlay = element(document, "div", "panic")?;
    overlay.set_id("panic");
    overlay.set_attribute("role", "alertdialog").ok()?;
    overlay.set_attribute("aria-labelledby", "panic-title").ok()?;
    overlay.set_attribute("data-testid", "panic").ok()?;
    let card = element(document, "div", "panic-card")?;
    let title = element(document, "h1", "panic-title")?;
    title.set_id("panic-title");
    title.set_text_content(Some("This page has stopped"));
    let told = element(document, "p", "panic-text")?;
    told.set_text_content(Some(
        "A fault in the page itself, not in your world: the server has everything that it acknowledged. \
         Load the page again to go on. If it happens again, please report the text below.",
    ));
    let fault = element(document, "pre", "panic-fault")?;
    fault.set_text_content(Some(text));
    fault.set_attribute("tabindex", "0").ok()?;
    let reload = element(document, "a", "button button-primary")?;
    reload.set_attribute("href", &browser::window().location().pathname().ok()?).ok()?;
    reload.set_text_content(Some("Load again"));
    for part in [&title, &told, &fault, &reload] {
        card.append_child(part).ok()?;
    }
    overlay.append_child(&card).ok()?;
    body.append_child(&overlay).ok()?;
    Some(())
}

fn element(document: &Document, tag: &str, class: &str) -> Option<Element> {
    let element = document.create_element(tag).ok()?;
    element.set_class_name(class);
    Some(element)
}
