//! The list of the session's objects.

use std::rc::Rc;

use vws_core::reduce::State;
use vws_core::{Command, ObjectName};
use web_sys::{InputEvent, KeyboardEvent};
use yew::prelude::*;

use super::context::use_session;
use super::people::marks;
use crate::client::SessionClient;
use crate::client::progress::grouped;
use crate::client::selection::Mode;
use crate::form::object::ObjectField;
use crate::list::VirtualList;
use crate::ui::field::input_text;
use crate::ui::{Button, Glyph, Icon, IconButton, Kind, Prompt};

/// Height of a row; `--tree-row` of the style sheet.
const ROW: u32 = 30;
/// The id of the search field.
pub(super) const FILTER_ID: &str = "tree-filter";

/// Properties of [`Tree`].
#[derive(Properties, PartialEq)]
pub(super) struct TreeProps {
    /// Called when the user wants to add an object.
    pub(super) onadd: Callback<()>,
}

/// The list of the session's objects, with a search.
#[component]
pub(super) fn Tree(props: &TreeProps) -> Html {
    let session = use_session();
    let client = Rc::clone(&session.client);
    let search = use_state(String::new);

    let oninput = {
        let (search, client) = (search.setter(), Rc::clone(&client));
        Callback::from(move |event: InputEvent| {
            let text = input_text(&event);
            client.search(&text);
            search.set(text);
        })
    };
    let render = {
        let client = Rc::clone(&client);
        Callback::from(move |index: usize| row(&client, index))
    };
    let onkey = {
        let client = Rc::clone(&client);
        Callback::from(move |(event, page): (KeyboardEvent, usize)| {
            if key(&client, &event, page) {
                event.prevent_default();
            }
        })
    };

    let selected = client.selected();
    let (count, reveal) =
        client.rows(|rows| (rows.names().len(), selected.as_ref().and_then(|name| rows.position(name))));
    let total = client.view(|view, _| view.object_count());
    let heading = match total {
        Some(total) if count < total => format!("{} of {}", grouped(count as u64), grouped(total as u64)),
        Some(total) => grouped(total as u64),
        None => String::new(),
    };
    html! {
        <section class="panel tree-panel" aria-labelledby="tree-title" data-testid="tree-panel">
            <header class="panel-head">
                <h2 id="tree-title">{ "Objects" }</h2>
                <span class="count numbers" data-testid="tree-count">{ heading }</span>
                <span class="bar-space"></span>
                <IconButton icon={Icon::Plus} label="Add an object" onclick={props.onadd.reform(|_| ())} disabled={total.is_none()} testid="add-object" />
            </header>
            <label class="search">
                <Glyph icon={Icon::Search} />
                <span class="visually-hidden">{ "Filter objects" }</span>
                <input id={FILTER_ID} class="input" type="search" placeholder="Filter by name or type" value={(*search).clone()} {oninput}
                    autocomplete="off" spellcheck="false" data-testid="filter" />
            </label>
            if total == Some(0) {
                <div class="notice notice-small" data-testid="no-objects">
                    <Glyph icon={Icon::Cube} size={32} />
                    <p>{ "This world is empty." }</p>
                    <Button label="Add the first object" icon={Icon::Plus} kind={Kind::Primary} onclick={props.onadd.reform(|_| ())} />
                </div>
            } else if count == 0 && total.is_some() {
                <p class="nothing-found">{ "No object has this in its name or type." }</p>
            } else {
                <VirtualList {count} row={ROW} {render} revision={session.revision} {reveal} {onkey} role="tree" multiselectable=true label="Objects"
                    active={reveal.map(|index| AttrValue::from(row_id(index)))} testid="tree" />
            }
        </section>
    }
}

fn row_id(index: usize) -> String {
    format!("object-{index}")
}

fn row(client: &Rc<SessionClient>, index: usize) -> Html {
    let (name, count) = client.rows(|rows| (rows.names().get(index).cloned(), rows.names().len()));
    let Some((name, object)) = name.and_then(|name| client.object(name.as_str()).map(|o| (name, o))) else {
        // The rows are behind the state by less than a frame.
        return html! { <div class="tree-row" key={index}></div> };
    };
    let is_selected = client.is_selected(&name);
    let onclick = {
        let (client, name) = (Rc::clone(client), name.clone());
        Callback::from(move |event: MouseEvent| {
            client.choose(&name, Mode::of(event.ctrl_key() || event.meta_key(), event.shift_key()));
        })
    };
    html! {
        <div class={classes!("tree-row", is_selected.then_some("tree-row-selected"), (!object.visible).then_some("tree-row-hidden"))}
            key={name.as_str()} id={row_id(index)} role="treeitem" aria-selected={is_selected.to_string()} aria-level="1"
            aria-setsize={count.to_string()} aria-posinset={(index + 1).to_string()} {onclick}
            data-testid="tree-row" data-name={name.to_string()}>
            <span class="tree-icon" title={object.kind.to_string()}>
                <Glyph icon={Icon::of_type(&object.kind)} />
            </span>
            <span class="tree-name">{ name.to_string() }</span>
            { marks(client, &name) }
            <span class="tree-dot" style={format!("background:{}", object.color)} aria-hidden="true"></span>
            if !object.visible {
                <span class="tree-mark" title="Hidden"><Glyph icon={Icon::EyeOff} size={14} /><span class="visually-hidden">{ "hidden" }</span></span>
            }
        </div>
    }
}

/// Does what a key asks for; answers whether it asked for anything.
fn key(client: &SessionClient, event: &KeyboardEvent, page: usize) -> bool {
    if event.ctrl_key() || event.meta_key() || event.alt_key() {
        return false;
    }
    let (at, count) = client
        .rows(|rows| (client.selected().as_ref().and_then(|name| rows.position(name)), rows.names().len()));
    let last = count.saturating_sub(1);
    let to = match (event.key().as_str(), at) {
        ("ArrowDown", None) | ("Home", _) => 0,
        ("ArrowDown", Some(at)) => at + 1,
        ("ArrowUp", None) | ("End", _) => last,
        ("ArrowUp", Some(at)) => at.saturating_sub(1),
        ("PageDown", at) => at.unwrap_or(0) + page,
        ("PageUp", at) => at.unwrap_or(0).saturating_sub(page),
        _ => return false,
    };
    if let Some(name) = client.rows(|rows| rows.names().get(to.min(last)).cloned()) {
        client.choose(&name, Mode::of(false, event.shift_key()));
    }
    true
}

/// Properties of [`RenameObject`].
#[derive(Properties, PartialEq)]
pub(super) struct RenameObjectProps {
    pub(super) name: ObjectName,
    pub(super) onclose: Callback<()>,
}

/// Asks for an object's new name.
#[component]
pub(super) fn RenameObject(props: &RenameObjectProps) -> Html {
    let client = use_session().client;
    let name = props.name.clone();
    let check = {
        let (client, name) = (Rc::clone(&client), name.clone());
        Callback::from(move |text: String| {
            client.check(|view, limits| ObjectField::Name.command(view, name.as_str(), &text, limits)).err()
        })
    };
    let onanswer = {
        let name = name.clone();
        Callback::from(move |new_name: String| {
            client.submit(Command::RenameObject { name: name.to_string(), new_name });
        })
    };
    html! {
        <Prompt title="Rename object" label="Name" action="Rename" value={name.to_string()} {check} {onanswer}
            onclose={props.onclose.clone()} />
    }
}
