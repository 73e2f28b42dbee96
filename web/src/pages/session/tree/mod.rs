//! The list of the session's objects.
//!
//! # Layout
//! - this file: the panel.
//! - `search`: its search and the help for it; `row`: one object; `rename`: a new name in its place.
//! - [`keyboard`]: what keys do in it.

mod keyboard;
mod rename;
mod row;
mod search;

use std::rc::Rc;

use gloo_timers::callback::Timeout;
use vws_core::ObjectName;
use vws_core::reduce::State;
use web_sys::{Element, KeyboardEvent};
use yew::prelude::*;

use super::context::use_session;
use crate::browser;
use crate::client::progress::grouped;
use crate::list::VirtualList;
use crate::ui::{Button, Glyph, Icon, IconButton, Kind};
use keyboard::Cursor;
use row::{Row, row_id};
pub(super) use search::FILTER_ID;
use search::Search;

/// Height of a row; `--tree-row` of the style sheet.
const ROW: u32 = 30;
/// The id of the list.
const LIST_ID: &str = "tree-list";

/// Properties of [`Tree`].
#[derive(Properties, PartialEq)]
pub(super) struct TreeProps {
    /// Called when the user wants to add an object.
    pub(super) onadd: Callback<()>,
    /// The object that is being given another name in its row.
    pub(super) renaming: Option<ObjectName>,
    /// Called with the object that is to be given another name, or when that is over.
    pub(super) onrename: Callback<Option<ObjectName>>,
}

/// The list of the session's objects, with a search.
#[component]
pub(super) fn Tree(props: &TreeProps) -> Html {
    let session = use_session();
    let client = Rc::clone(&session.client);
    let cursor = use_mut_ref(Cursor::default);
    cursor.borrow_mut().follow(&client);
    // Drawn anew when only the cursor has moved.
    let moved = use_state(|| 0_u64);

    let onrename = {
        let onrename = props.onrename.clone();
        Callback::from(move |name: Option<ObjectName>| {
            let is_over = name.is_none();
            onrename.emit(name);
            if is_over {
                // Once the field is gone. By then the next one may be there, by a key right after.
                Timeout::new(0, || browser::focus_if_free(LIST_ID)).forget();
            }
        })
    };
    let render = {
        let (session, cursor, renaming) = (session.clone(), Rc::clone(&cursor), props.renaming.clone());
        let onrename = onrename.clone();
        Callback::from(move |index: usize| {
            let client = &session.client;
            let (name, count) = client.rows(|rows| (rows.names().get(index).cloned(), rows.names().len()));
            let Some((name, object)) = name.and_then(|name| client.object(name.as_str()).map(|o| (name, o)))
            else {
                // The rows are behind the state by less than a frame.
                return html! { <div class="tree-row" key={index}></div> };
            };
            let is_cursor = cursor.borrow().is_at(&name);
            let renaming = renaming.as_ref() == Some(&name);
            html! {
                <Row key={name.as_str()} session={session.clone()} {object} {index} {count} {is_cursor} {renaming} onrename={onrename.clone()} />
            }
        })
    };
    let onkey = {
        let (client, cursor, moved) = (Rc::clone(&client), Rc::clone(&cursor), moved.clone());
        Callback::from(move |(event, page): (KeyboardEvent, usize)| {
            if cursor.borrow_mut().key(&client, &event, page) {
                event.prevent_default();
                moved.set(*moved + 1);
            }
        })
    };
    let onpointer = {
        let cursor = Rc::clone(&cursor);
        Callback::from(move |_: PointerEvent| cursor.borrow_mut().pointed())
    };
    let onkeydown = {
        let cursor = Rc::clone(&cursor);
        Callback::from(move |event: KeyboardEvent| {
            // Whatever leads from here into the list is a key.
            let in_list = event.target_dyn_into::<Element>().is_some_and(|target| target.id() == LIST_ID);
            if !in_list || event.key() == "Tab" {
                cursor.borrow_mut().keyed();
            }
        })
    };

    let at = cursor.borrow().name().cloned();
    let (count, reveal) =
        client.rows(|rows| (rows.names().len(), at.as_ref().and_then(|name| rows.position(name))));
    let total = client.view(|view, _| view.object_count());
    let past = client.past_seq().is_some();
    let searching = client.rows(|rows| !rows.query().is_empty());
    let heading = match total {
        Some(total) if searching => format!("{} of {}", grouped(count as u64), grouped(total as u64)),
        Some(total) => grouped(total as u64),
        None => String::new(),
    };
    html! {
        <section class="panel tree-panel" aria-labelledby="tree-title" data-testid="tree-panel" onpointerdown={onpointer} {onkeydown}>
            <header class="panel-head">
                <h2 id="tree-title">{ "Objects" }</h2>
                <span class="count numbers" data-testid="tree-count" aria-live={searching.then_some("polite")}>{ heading }</span>
                <span class="bar-space"></span>
                { unlock_all(&client) }
                <IconButton icon={Icon::Plus} label="Add an object" onclick={props.onadd.reform(|_| ())} disabled={total.is_none() || past} testid="add-object" />
            </header>
            <Search />
            if total == Some(0) {
                <div class="notice notice-small" data-testid="no-objects">
                    <Glyph icon={Icon::Cube} size={32} />
                    if past {
                        <p>{ "This world was empty then." }</p>
                    } else {
                        <p>{ "This world is empty." }</p>
                        <Button label="Add the first object" icon={Icon::Plus} kind={Kind::Primary} onclick={props.onadd.reform(|_| ())} />
                    }
                </div>
            } else if count == 0 && total.is_some() {
                <p class="nothing-found" data-testid="nothing-found">{ "The search finds no object." }</p>
            } else {
                <VirtualList id={LIST_ID} {count} row={ROW} {render} revision={session.revision} {reveal} revealed={at.map(|name| AttrValue::from(name.to_string()))}
                    {onkey} role="tree" multiselectable=true label="Objects" active={reveal.map(|index| AttrValue::from(row_id(index)))} testid="tree" />
            }
        </section>
    }
}

/// A button that unlocks all that is locked here; nothing where nothing is.
fn unlock_all(client: &Rc<crate::client::SessionClient>) -> Html {
    let count = client.locked_count();
    if count == 0 {
        return html! {};
    }
    let label = format!("Unlock all: {} locked in this browser", grouped(count as u64));
    let onclick = {
        let client = Rc::clone(client);
        Callback::from(move |_: MouseEvent| client.unlock_all())
    };
    html! { <IconButton icon={Icon::Locked} {label} {onclick} testid="unlock-all-button" /> }
}
