//! One object in the list.

use std::rc::Rc;
use std::sync::Arc;

use vws_core::{Object, ObjectName};
use yew::prelude::*;

use super::super::context::SessionHandle;
use super::super::people::marks;
use super::rename::Rename;
use crate::client::selection::Mode;
use crate::form::object::set_visible;
use crate::ui::{Glyph, Icon};

/// Properties of [`Row`].
#[derive(Properties, PartialEq)]
pub(super) struct RowProps {
    pub(super) session: SessionHandle,
    pub(super) object: Arc<Object>,
    /// Where it is in the list, and how many there are.
    pub(super) index: usize,
    pub(super) count: usize,
    /// Whether it has the keyboard's attention.
    pub(super) is_cursor: bool,
    /// Whether its name is being written.
    pub(super) renaming: bool,
    pub(super) onrename: Callback<Option<ObjectName>>,
}

pub(super) fn row_id(index: usize) -> String {
    format!("object-{index}")
}

/// One object: what it is, its name, who has selected it, its colour, and whether it is shown and locked.
#[component]
pub(super) fn Row(props: &RowProps) -> Html {
    let RowProps { session, object, index, count, onrename, .. } = props;
    let client = &session.client;
    let name = &object.name;
    let (is_selected, is_locked, is_pending) =
        (client.is_selected(name), client.is_locked(name), client.is_pending(name));
    let onclick = {
        let (client, name) = (Rc::clone(client), name.clone());
        Callback::from(move |event: MouseEvent| {
            client.choose(&name, Mode::of(event.ctrl_key() || event.meta_key(), event.shift_key()));
        })
    };
    let ondblclick = {
        let (client, name, onrename) = (Rc::clone(client), name.clone(), onrename.clone());
        Callback::from(move |event: MouseEvent| {
            if event.ctrl_key() || event.meta_key() || event.shift_key() {
                return;
            }
            if let Err(why) = client.can_rename(&name) {
                client.refuse(why);
            } else {
                onrename.emit(Some(name.clone()));
            }
        })
    };
    let oneye = {
        let (client, command) = (Rc::clone(client), set_visible(name.as_str(), !object.visible));
        Callback::from(move |_: MouseEvent| {
            client.submit(command.clone());
        })
    };
    let onlock = {
        let (client, name) = (Rc::clone(client), name.clone());
        Callback::from(move |_: MouseEvent| client.set_locked(std::slice::from_ref(&name), !is_locked))
    };
    let class = classes!(
        "tree-row",
        is_selected.then_some("tree-row-selected"),
        props.is_cursor.then_some("tree-row-cursor"),
        (!object.visible).then_some("tree-row-hidden"),
        is_pending.then_some("tree-row-pending"),
    );
    html! {
        <div {class} id={row_id(*index)} role="treeitem" aria-selected={is_selected.to_string()} aria-level="1"
            aria-setsize={count.to_string()} aria-posinset={(index + 1).to_string()} {onclick} {ondblclick}
            data-testid="tree-row" data-name={name.to_string()} data-pending={is_pending.then_some("true")} data-locked={is_locked.then_some("true")}>
            <span class="tree-icon" title={object.kind.to_string()}>
                <Glyph icon={Icon::of_type(&object.kind)} />
            </span>
            if props.renaming {
                <Rename name={name.clone()} above={index + 3 > *count && *index >= 2} onclose={onrename.reform(|()| None)} />
            } else {
                <span class="tree-name" title={name.to_string()}>{ name.to_string() }</span>
            }
            if is_pending {
                <span class="tree-pending" title="The server has not answered this change yet"><span class="visually-hidden">{ "unconfirmed" }</span></span>
            }
            { marks(client, name) }
            <span class="tree-dot" style={format!("background:{}", object.color)} aria-hidden="true"></span>
            { toggle(if is_locked { (Icon::Locked, "Unlock") } else { (Icon::Unlocked, "Lock in this browser") }, is_locked, name, onlock, "row-lock") }
            { toggle(if object.visible { (Icon::Eye, "Hide") } else { (Icon::EyeOff, "Show") }, !object.visible, name, oneye, "row-eye") }
        </div>
    }
}

/// A small button of a row, which stays in sight while what it stands for is so. The keyboard has actions for it:
/// the list is one stop of the tab key.
fn toggle(
    (icon, label): (Icon, &'static str),
    on: bool,
    name: &ObjectName,
    act: Callback<MouseEvent>,
    testid: &'static str,
) -> Html {
    let onclick = act.reform(|event: MouseEvent| {
        // The row is not chosen by it.
        event.stop_propagation();
        event
    });
    let ondblclick = Callback::from(|event: MouseEvent| event.stop_propagation());
    // The focus stays where it is: in the list, whose keys go on.
    let onmousedown = Callback::from(|event: MouseEvent| event.prevent_default());
    html! {
        <button type="button" tabindex="-1" class={classes!("tree-toggle", on.then_some("tree-toggle-on"))} title={label} aria-label={format!("{label}: {name}")} {onclick} {ondblclick} {onmousedown} data-testid={testid}>
            <Glyph {icon} size={14} />
        </button>
    }
}
