//! The menu of files and links: this session out, another one in.

use std::rc::Rc;

use vws_core::transfer::Format;
use web_sys::{File, HtmlElement};
use yew::prelude::*;

use super::context::{SessionHandle, use_session};
use super::links::{copy_link, copy_selecting_link};
use super::view_files::use_view_exports;
use crate::client::progress::grouped;
use crate::pages::files::export::use_exports;
use crate::pages::files::{ChooseFile, TakesFiles};
use crate::ui::{Glyph, Icon, Toasts, use_toasts};

/// The button and menu of files, and what they lead to.
#[component]
pub(super) fn Files() -> Html {
    let session = use_session();
    let client = Rc::clone(&session.client);
    let toasts = use_toasts();
    let menu = use_node_ref();
    let chosen = use_state(|| None::<File>);
    let exports = use_exports();
    let close = {
        let menu = menu.clone();
        move || {
            if let Some(menu) = menu.cast::<HtmlElement>() {
                // It throws only where the menu is closed already.
                let _ = menu.hide_popover();
            }
        }
    };
    let past = client.past_seq();
    let item = |icon: Icon, label: String, hint: &'static str, format: Format, testid: &'static str| {
        let (exports, id, close) = (exports.clone(), client.id(), close.clone());
        let at = past.filter(|_| format == Format::State);
        let onclick = Callback::from(move |_: MouseEvent| {
            close();
            exports.begin(id, format, at);
        });
        html! {
            <button type="button" class="menu-item" {onclick} data-testid={testid}>
                <Glyph {icon} /><span>{ label }<span class="menu-hint">{ hint }</span></span>
            </button>
        }
    };
    let (of_view, ontoggle) = use_view_exports(&session, &close);
    let state = match past {
        Some(seq) => format!("Export this moment (seq {})", grouped(seq)),
        None => "Export the state".to_owned(),
    };
    let onfile = {
        let (chosen, close) = (chosen.setter(), close.clone());
        Callback::from(move |file: File| {
            close();
            chosen.set(Some(file));
        })
    };
    let nothing_selected = client.selected_count() == 0;
    let linking = |copy: fn(&SessionHandle, &Toasts)| {
        let (close, session, toasts) = (close.clone(), session.clone(), toasts.clone());
        Callback::from(move |_: MouseEvent| {
            close();
            copy(&session, &toasts);
        })
    };
    let onclose = {
        let chosen = chosen.setter();
        Callback::from(move |()| chosen.set(None))
    };
    html! {
        <>
            <button type="button" class="icon-button" popovertarget="files" aria-label="Files and links" title="Files and links"
                data-testid="files-button">
                <Glyph icon={Icon::Download} size={18} />
            </button>
            <div ref={menu} id="files" popover="auto" class="menu" role="group" aria-label="Files and links" {ontoggle} data-testid="files-menu">
                { item(Icon::Download, state, "All objects and the world, as JSON", Format::State, "export-state") }
                { item(Icon::Clock, "Export the event log".to_owned(), "The whole history that is kept", Format::Log, "export-log") }
                { of_view }
                <div class="menu-line" role="separator"></div>
                <button type="button" class="menu-item" onclick={linking(copy_link)} data-testid="menu-copy-link">
                    <Glyph icon={Icon::Copy} /><span>{ "Copy link" }<span class="menu-hint">{ "To your view and the moment" }</span></span>
                </button>
                <button type="button" class="menu-item" onclick={linking(copy_selecting_link)} disabled={nothing_selected} data-testid="menu-copy-selecting-link">
                    <Glyph icon={Icon::Focus} /><span>{ "Copy link with the selection" }<span class="menu-hint">{ "Who opens it has selected what you have" }</span></span>
                </button>
                <div class="menu-line" role="separator"></div>
                <ChooseFile {onfile} class="menu-item" label="Import a file as a new session…" />
                <p class="menu-hint">{ "Or drop it anywhere on the page." }</p>
            </div>
            { exports.shown }
            <TakesFiles chosen={(*chosen).clone()} {onclose} />
        </>
    }
}
