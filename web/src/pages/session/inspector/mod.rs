//! The fields of what is selected: of one object, or of several at once.
//!
//! # Layout
//! - this file: the whole; [`targets`]: which objects, and what they have in common.
//! - [`live`]: one field; `look`, `properties`: sections of them.
//! - [`last_change`]: who was here before.

mod last_change;
mod live;
mod look;
mod properties;
mod targets;

use std::rc::Rc;

use vws_core::ObjectName;
use vws_core::command::{Change, ObjectPatch};
use yew::prelude::*;

use super::context::{SessionHandle, use_session};
use super::editor::use_actions;
use super::parts::{Section, Triple};
use crate::client::progress::grouped;
use crate::form::object::{Axis, ObjectField, set_visible};
use crate::form::together;
use crate::ui::live_field::reset as reset_button;
use crate::ui::{Button, Glyph, Icon, IconButton, Kind, Shape};
use crate::words;
use last_change::LastChange;
use live::{Live, reset};
use look::Look;
use properties::Properties;
use targets::Targets;

/// Properties of [`Inspector`].
#[derive(Properties, PartialEq)]
pub(super) struct InspectorProps {
    /// Called when the user wants to add an object.
    pub(super) onadd: Callback<()>,
    /// Called with an object that the user wants one more of.
    pub(super) onduplicate: Callback<ObjectName>,
}

/// The fields of what is selected, or what to do when nothing is.
#[component]
pub(super) fn Inspector(props: &InspectorProps) -> Html {
    let session = use_session();
    match Targets::of(&session.client) {
        Some(targets) => html! {
            // Keyed: what was typed for one object never shows at another.
            <Fields key={targets.key()} targets={targets.clone()} onduplicate={props.onduplicate.clone()} />
        },
        None => html! {
            <div class="notice notice-small" data-testid="nothing-selected">
                <Glyph icon={Icon::Focus} size={32} />
                <p>{ "Select an object in the world or in the list to see and change its fields." }</p>
                <Button label="Add an object" icon={Icon::Plus} onclick={props.onadd.reform(|_| ())} />
            </div>
        },
    }
}

#[derive(Properties, PartialEq)]
struct FieldsProps {
    targets: Targets,
    onduplicate: Callback<ObjectName>,
}

#[component]
fn Fields(props: &FieldsProps) -> Html {
    let session = use_session();
    let actions = use_actions();
    let targets = &props.targets;
    let ondelete = actions.performing("delete");
    let onduplicate = if targets.is_one() {
        let name = targets.object.name.clone();
        props.onduplicate.reform(move |_| name.clone())
    } else {
        actions.performing("duplicate")
    };
    html! {
        <div class="panel-body" data-testid="inspector" data-count={targets.names.len().to_string()}>
            <div class="inspector-top">
                { head(&session, targets) }
                <LastChange name={targets.newest.name.clone()} version={targets.newest.version} selection={targets.key()} named={!targets.is_one()} />
                { locked(&session, targets) }
            </div>
            <fieldset class="all-fields" disabled={targets.locked.is_some()}>
                <Section title="Transform">
                    { triple(&session, targets, "Position", ObjectField::Position, 0.5) }
                    if !targets.are_lights() { { triple(&session, targets, "Rotation", ObjectField::Rotation, 15.0) } }
                    if targets.are_lights() {
                        <Live targets={targets.clone()} field={ObjectField::Brightness} label="Brightness" shape={Shape::Number(0.1)} resets=true />
                    } else {
                        { triple(&session, targets, "Scale", ObjectField::Scale, 0.1) }
                    }
                </Section>
                <Look targets={targets.clone()} />
                <Properties targets={targets.clone()} />
                <div class="panel-actions">
                    <Button label="Duplicate" icon={Icon::Duplicate} onclick={onduplicate} testid="duplicate" />
                    <Button label="Delete" icon={Icon::Trash} kind={Kind::Danger} onclick={ondelete} testid="delete-object" />
                </div>
            </fieldset>
        </div>
    }
}

/// Which objects these are, whether they are shown, and whether they can be changed.
fn head(session: &SessionHandle, targets: &Targets) -> Html {
    let client = &session.client;
    let count = targets.names.len();
    let is_held = targets.locked.as_ref().is_some_and(|(_, locked)| *locked == count);
    let (icon, label) = if targets.visible > 0 { (Icon::Eye, "Hide") } else { (Icon::EyeOff, "Show") };
    let oneye = {
        let (client, names, visible) = (Rc::clone(client), Rc::clone(&targets.names), targets.visible == 0);
        Callback::from(move |_: MouseEvent| {
            client.submit(together(names.iter().map(|name| set_visible(name.as_str(), visible)).collect()));
        })
    };
    let onlock = {
        let (client, names) = (Rc::clone(client), Rc::clone(&targets.names));
        Callback::from(move |_: MouseEvent| client.set_locked(&names, !is_held))
    };
    let lock = if is_held { Icon::Locked } else { Icon::Unlocked };
    html! {
        <div class={classes!("inspector-head", targets.is_pending.then_some("inspector-pending"))}
            title={targets.is_pending.then_some("The server has not answered the last changes yet")}
            data-pending={targets.is_pending.then_some("true")}>
            if targets.is_one() {
                <span class="tree-icon"><Glyph icon={Icon::of_type(&targets.object.kind)} size={20} /></span>
                <fieldset class="all-fields" disabled={is_held}>
                    <Live targets={targets.clone()} field={ObjectField::Name} label="Name" shape={Shape::Line} />
                </fieldset>
            } else {
                <span class="tree-icon"><Glyph icon={Icon::Layers} size={20} /></span>
                <div class="inspector-count">
                    <strong data-testid="inspector-count">{ format!("{} objects", grouped(count as u64)) }</strong>
                    <span>{ "Typing sets all of them" }</span>
                </div>
            }
            <IconButton {icon} {label} onclick={oneye} disabled={targets.locked.is_some()} testid="inspector-visible" />
            <IconButton icon={lock} label="Locked in this browser: not to be changed from here" onclick={onlock} pressed={is_held} testid="inspector-lock" />
        </div>
    }
}

/// Why nothing can be changed, where something is locked.
fn locked(session: &SessionHandle, targets: &Targets) -> Html {
    let Some((name, count)) = &targets.locked else { return html! {} };
    let words = match (targets.is_one(), *count) {
        (true, _) => "It is locked in this browser.".to_owned(),
        (false, 1) => format!("{name} is locked in this browser."),
        (false, count) => format!("{} of them are locked in this browser.", grouped(count as u64)),
    };
    let onclick = {
        let (client, names) = (Rc::clone(&session.client), Rc::clone(&targets.names));
        Callback::from(move |_: MouseEvent| client.set_locked(&names, false))
    };
    html! {
        <div class="inspector-locked" data-testid="inspector-locked">
            <Glyph icon={Icon::Locked} /><span>{ words }</span>
            <Button label="Unlock" kind={Kind::Quiet} {onclick} testid="inspector-unlock" />
        </div>
    }
}

fn triple(
    session: &SessionHandle,
    targets: &Targets,
    label: &'static str,
    of: fn(Axis) -> ObjectField,
    step: f64,
) -> Html {
    let can_change = session.client.read_only().is_none() && targets.locked.is_none();
    let patch = match of(Axis::X) {
        ObjectField::Rotation(_) => ObjectPatch { rotation: Change::Reset, ..ObjectPatch::default() },
        _ => ObjectPatch { scale: Change::Reset, ..ObjectPatch::default() },
    };
    let aside = if can_change && Axis::ALL.iter().any(|axis| targets.is_changed(of(*axis))) {
        let id = format!("inspector-{}", words::lower(label));
        reset_button(&id, label, &reset(session, targets, patch))
    } else {
        html! {}
    };
    let targets = targets.clone();
    let field = Callback::from(move |(axis, label, prefix): (Axis, AttrValue, AttrValue)| {
        html! { <Live targets={targets.clone()} field={of(axis)} {label} prefix={Some(prefix)} shape={Shape::Number(step)} /> }
    });
    html! { <Triple {label} {field} {aside} /> }
}
