//! What the selected object looks like.

use vws_core::command::{Change, ObjectPatch};
use vws_core::model::ObjectType;
use vws_core::{Command, Object};
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::super::context::use_session;
use super::super::parts::Section;
use super::live;
use crate::form::object::ObjectField;
use crate::ui::{ColorField, Select, Shape};

/// The choice of the type list that stands for any other type.
const OTHER: &str = "other…";

/// Properties of [`Look`].
#[derive(Properties, PartialEq)]
pub(super) struct LookProps {
    pub(super) object: Object,
}

/// Type, colour, opacity and text.
#[component]
pub(super) fn Look(props: &LookProps) -> Html {
    let session = use_session();
    let object = &props.object;
    // The user has asked for a type that is not in the list, and has not named it yet.
    let other = use_state(|| false);
    let custom = *other || matches!(object.kind, ObjectType::Custom(_));
    let name = object.name.to_string();
    let commit = session.commit();
    let update = move |patch: ObjectPatch| commit.emit(Command::UpdateObject { name: name.clone(), patch });

    let onkind = {
        let (other, update) = (other.setter(), update.clone());
        Callback::from(move |kind: String| {
            other.set(kind == OTHER);
            if kind != OTHER {
                update(ObjectPatch { kind: Change::Set(kind), ..ObjectPatch::default() });
            }
        })
    };
    let oncolor = {
        let update = update.clone();
        Callback::from(move |color: String| {
            update(ObjectPatch { color: Change::Set(color), ..ObjectPatch::default() })
        })
    };
    let onopacity = Callback::from(move |event: Event| {
        let value = event.target_unchecked_into::<HtmlInputElement>().value_as_number();
        update(ObjectPatch { opacity: Change::Set(value), ..ObjectPatch::default() });
    });

    let kinds = ObjectType::KNOWN.iter().map(ObjectType::to_string).chain([OTHER.to_owned()]);
    let options: Vec<_> = kinds.map(|kind| (AttrValue::from(kind.clone()), AttrValue::from(kind))).collect();
    let value = if custom { OTHER.to_owned() } else { object.kind.to_string() };
    html! {
        <Section title="Look">
            <Select id="inspector-kind" label="Type" {value} {options} onchange={onkind} />
            if custom {
                { live(&session, object, ObjectField::Kind, "Name of the type".into(), None, Shape::Line) }
            }
            <div class="with-swatch">
                { live(&session, object, ObjectField::Color, "Colour".into(), None, Shape::Line) }
                <ColorField id="inspector-swatch" value={object.color.to_string()} oninput={Callback::noop()} onchange={oncolor} />
            </div>
            <div class="with-slider">
                { live(&session, object, ObjectField::Opacity, "Opacity".into(), None, Shape::Number(0.05)) }
                <input type="range" class="slider" min="0" max="1" step="0.05" value={object.opacity.to_string()} onchange={onopacity}
                    aria-label="Opacity" data-testid="inspector-opacity-slider" />
            </div>
            { live(&session, object, ObjectField::Text, "Text".into(), None, Shape::Lines) }
        </Section>
    }
}
