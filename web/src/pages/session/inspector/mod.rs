//! The fields of the selected object.

mod look;
mod properties;

use std::rc::Rc;

use vws_core::{Command, Object, ObjectName};
use yew::prelude::*;

use super::context::{SessionHandle, use_session};
use super::parts::{Section, Triple};
use crate::form::object::{Axis, ObjectField};
use crate::ui::{Button, Glyph, Icon, IconButton, Kind, LiveField, Shape};
use look::Look;
use properties::Properties;

/// Properties of [`Inspector`].
#[derive(Properties, PartialEq)]
pub(super) struct InspectorProps {
    /// Called when the user wants to add an object.
    pub(super) onadd: Callback<()>,
    /// Called with an object that the user wants one more of.
    pub(super) onduplicate: Callback<ObjectName>,
}

/// The fields of the selected object, or what to do when there is none.
#[component]
pub(super) fn Inspector(props: &InspectorProps) -> Html {
    let session = use_session();
    let object = session.client.selected().and_then(|name| session.client.object(name.as_str()));
    match object {
        Some(object) => html! {
            // Keyed: what was typed for one object never shows at another.
            <Fields key={object.name.as_str()} name={object.name.clone()} onduplicate={props.onduplicate.clone()} />
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

/// A live field of the object `name`.
pub(super) fn live(
    session: &SessionHandle,
    object: &Object,
    field: ObjectField,
    label: AttrValue,
    prefix: Option<AttrValue>,
    shape: Shape,
) -> Html {
    let name = object.name.clone();
    let check = session.check(move |client, text| {
        client.check(|view, limits| field.command(view, name.as_str(), text, limits))
    });
    html! {
        <LiveField id={format!("inspector-{}", field.id())} {label} {prefix} {shape} shown={field.shown(object)} {check}
            commit={session.commit()} />
    }
}

#[derive(Properties, PartialEq)]
struct FieldsProps {
    name: ObjectName,
    onduplicate: Callback<ObjectName>,
}

#[component]
fn Fields(props: &FieldsProps) -> Html {
    let session = use_session();
    let name = props.name.clone();
    let Some(object) = session.client.object(name.as_str()) else { return html! {} };
    let ondelete = {
        let (client, name) = (Rc::clone(&session.client), name.clone());
        Callback::from(move |_| {
            client.submit(Command::DeleteObject { name: name.to_string() });
        })
    };
    let onduplicate = props.onduplicate.reform(move |_| name.clone());
    html! {
        <div class="panel-body" data-testid="inspector">
            <div class="inspector-head">
                <span class="tree-icon"><Glyph icon={Icon::of_type(&object.kind)} size={20} /></span>
                { live(&session, &object, ObjectField::Name, "Name".into(), None, Shape::Line) }
                { eye(&session, &object) }
            </div>
            <Section title="Transform">
                { triple(&session, &object, "Position", ObjectField::Position, 0.5) }
                { triple(&session, &object, "Rotation", ObjectField::Rotation, 15.0) }
                { triple(&session, &object, "Scale", ObjectField::Scale, 0.1) }
            </Section>
            <Look object={(*object).clone()} />
            <Properties object={(*object).clone()} />
            <div class="panel-actions">
                <Button label="Duplicate" icon={Icon::Duplicate} onclick={onduplicate} testid="duplicate" />
                <Button label="Delete" icon={Icon::Trash} kind={Kind::Danger} onclick={ondelete} testid="delete-object" />
            </div>
        </div>
    }
}

fn triple(
    session: &SessionHandle,
    object: &Object,
    label: &'static str,
    of: fn(Axis) -> ObjectField,
    step: f64,
) -> Html {
    let (session, object) = (session.clone(), object.clone());
    let field = Callback::from(move |(axis, label, prefix): (Axis, AttrValue, AttrValue)| {
        live(&session, &object, of(axis), label, Some(prefix), Shape::Number(step))
    });
    html! { <Triple {label} {field} /> }
}

/// A small eye that shows or hides the object.
fn eye(session: &SessionHandle, object: &Object) -> Html {
    let (icon, label) = if object.visible { (Icon::Eye, "Hide") } else { (Icon::EyeOff, "Show") };
    let command = crate::form::object::set_visible(object.name.as_str(), !object.visible);
    let onclick = session.commit().reform(move |_| command.clone());
    html! { <IconButton {icon} {label} {onclick} testid="inspector-visible" /> }
}
