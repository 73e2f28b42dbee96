//! Files of sessions: taken in wherever a page is, and given out.
//!
//! # Layout
//! - this file: choosing and dropping. [`import`]: the check and its report. [`export`]: the way out.

pub(super) mod export;
pub(super) mod import;

use std::cell::Cell;
use std::rc::Rc;

use gloo_events::{EventListener, EventListenerOptions};
use wasm_bindgen::JsCast;
use web_sys::{DragEvent, Event, File, HtmlInputElement};
use yew::prelude::*;

use crate::browser;
use crate::ui::{Glyph, Icon};
use crate::words;
use import::Import;

/// What files of sessions are called; their content decides what they are.
const ENDINGS: [&str; 3] = [".vwslog", ".json", ".ndjson"];

/// Whether a file may be one of a session: others, such as models, are somebody else's.
pub(super) fn is_ours(file: &File) -> bool {
    let name = words::lower(&file.name());
    ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// The session file that is dropped.
fn dropped(event: &DragEvent) -> Option<File> {
    let files = event.data_transfer()?.files()?;
    (0..files.length()).filter_map(|index| files.get(index)).find(is_ours)
}

/// Whether files are dragged, rather than a text or a link.
pub(super) fn has_files(event: &DragEvent) -> bool {
    event.data_transfer().is_some_and(|data| data.types().includes(&"Files".into(), 0))
}

/// Takes session files that are dropped anywhere on the page; answers whether some are over it.
#[hook]
fn use_drop(onfile: Callback<File>) -> bool {
    let over = use_state_eq(|| false);
    use_effect_with((), {
        let over = over.setter();
        move |()| {
            // Each element that the pointer comes into and goes out of tells so.
            let depth = Rc::new(Cell::new(0_i32));
            let listen = |name: &'static str, act: Box<dyn Fn(&DragEvent)>| {
                let options = EventListenerOptions::enable_prevent_default();
                EventListener::new_with_options(&browser::window(), name, options, move |event: &Event| {
                    if let Some(event) = event.dyn_ref::<DragEvent>().filter(|event| has_files(event)) {
                        act(event);
                    }
                })
            };
            let change = |by: i32| {
                let (depth, over) = (Rc::clone(&depth), over.clone());
                move |_: &DragEvent| {
                    depth.set((depth.get() + by).max(0));
                    over.set(depth.get() > 0);
                }
            };
            let ended = {
                let (depth, over) = (Rc::clone(&depth), over.clone());
                move |event: &DragEvent| {
                    depth.set(0);
                    over.set(false);
                    if let Some(file) = dropped(event) {
                        event.prevent_default();
                        onfile.emit(file);
                    }
                }
            };
            let listeners = [
                listen("dragenter", Box::new(change(1))),
                listen("dragleave", Box::new(change(-1))),
                // Without it the browser opens the file in the page's place.
                listen("dragover", Box::new(|event| event.prevent_default())),
                listen("drop", Box::new(ended)),
            ];
            move || drop(listeners)
        }
    });
    *over
}

/// Properties of [`TakesFiles`].
#[derive(Properties, PartialEq)]
pub(super) struct TakesFilesProps {
    /// A file that was chosen elsewhere on the page.
    #[prop_or_default]
    pub(super) chosen: Option<File>,
    /// Called when that file is done with.
    #[prop_or_default]
    pub(super) onclose: Callback<()>,
}

/// Takes session files that are dropped on the page or were chosen, and leads through their import.
#[component]
pub(super) fn TakesFiles(props: &TakesFilesProps) -> Html {
    let taken = use_state(|| None::<File>);
    let over = use_drop({
        let taken = taken.setter();
        Callback::from(move |file| taken.set(Some(file)))
    });
    let file = props.chosen.clone().or_else(|| (*taken).clone());
    let onclose = {
        let (taken, onclose) = (taken.setter(), props.onclose.clone());
        Callback::from(move |()| {
            taken.set(None);
            onclose.emit(());
        })
    };
    html! {
        <>
            if over && file.is_none() {
                <div class="drop-cover" data-testid="drop-cover">
                    <div class="drop-card">
                        <Glyph icon={Icon::Upload} size={32} />
                        <p>{ "Drop a session file here: a state (.vws.json) or a log (.vwslog)" }</p>
                    </div>
                </div>
            }
            if let Some(file) = file {
                <Import {file} {onclose} />
            }
        </>
    }
}

/// Properties of [`ChooseFile`].
#[derive(Properties, PartialEq)]
pub(super) struct ChooseFileProps {
    /// Called with the file.
    pub(super) onfile: Callback<File>,
    /// CSS classes of the button.
    #[prop_or_default]
    pub(super) class: Classes,
    /// What it says.
    pub(super) label: AttrValue,
}

/// A hidden input of files and the button that opens it: the input's node, what a click of the button does, and
/// what a change of the input does.
#[hook]
pub(in crate::pages) fn use_file_input(
    onfile: Callback<File>,
) -> (NodeRef, Callback<MouseEvent>, Callback<Event>) {
    let node = use_node_ref();
    let onclick = {
        let node = node.clone();
        Callback::from(move |_: MouseEvent| {
            if let Some(input) = node.cast::<HtmlInputElement>() {
                input.click();
            }
        })
    };
    let onchange = Callback::from(move |event: Event| {
        let input = event.target_unchecked_into::<HtmlInputElement>();
        let file = input.files().and_then(|files| files.get(0));
        // The same file may be chosen again.
        input.set_value("");
        if let Some(file) = file {
            onfile.emit(file);
        }
    });
    (node, onclick, onchange)
}

/// A button that asks for a file.
#[component]
pub(super) fn ChooseFile(props: &ChooseFileProps) -> Html {
    let (node, onclick, onchange) = use_file_input(props.onfile.clone());
    html! {
        <>
            <button type="button" class={props.class.clone()} {onclick} data-testid="import-button">
                <Glyph icon={Icon::Upload} /><span>{ props.label.clone() }</span>
            </button>
            <input ref={node} type="file" hidden=true accept={ENDINGS.join(",")} {onchange} aria-label={props.label.clone()} data-testid="import-file" />
        </>
    }
}
