//! What the selected objects look like.

use std::rc::Rc;

use vws_core::command::{Change, ObjectPatch};
use vws_core::model::ObjectType;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::super::context::use_session;
use super::super::parts::Section;
use super::live::{Live, reset};
use super::targets::Targets;
use crate::form::object::ObjectField;
use crate::ui::{ColorField, Select, Shape};

/// The choice of the type list that stands for any other type.
const OTHER: &str = "other…";
/// The choice that stands for several types.
const MIXED: &str = "mixed";

/// Properties of [`Look`].
#[derive(Properties, PartialEq)]
pub(super) struct LookProps {
    pub(super) targets: Targets,
}

/// Type, colour, opacity and text.
#[component]
pub(super) fn Look(props: &LookProps) -> Html {
    let session = use_session();
    let targets = &props.targets;
    let object = &targets.object;
    // The user has asked for a type that is not in the list, and has not named it yet.
    let other = use_state(|| false);
    let mixed = targets.is_mixed(ObjectField::Kind);
    let custom = *other || (!mixed && matches!(object.kind, ObjectType::Custom(_)));
    let update = {
        let (session, targets) = (session.clone(), targets.clone());
        Rc::new(move |patch: ObjectPatch| reset(&session, &targets, patch).emit(()))
    };

    let onkind = {
        let (other, update) = (other.setter(), Rc::clone(&update));
        Callback::from(move |kind: String| {
            other.set(kind == OTHER);
            if kind != OTHER && kind != MIXED {
                update(ObjectPatch { kind: Change::Set(kind), ..ObjectPatch::default() });
            }
        })
    };
    let oncolor = {
        let update = Rc::clone(&update);
        Callback::from(move |color: String| {
            update(ObjectPatch { color: Change::Set(color), ..ObjectPatch::default() })
        })
    };
    let onopacity = Callback::from(move |event: Event| {
        let value = event.target_unchecked_into::<HtmlInputElement>().value_as_number();
        update(ObjectPatch { opacity: Change::Set(value), ..ObjectPatch::default() });
    });

    let kinds = ObjectType::KNOWN.iter().map(ObjectType::to_string).chain([OTHER.to_owned()]);
    let kinds = mixed.then(|| MIXED.to_owned()).into_iter().chain(kinds);
    let options: Vec<_> = kinds.map(|kind| (AttrValue::from(kind.clone()), AttrValue::from(kind))).collect();
    let value = match (custom, mixed) {
        (true, _) => OTHER.to_owned(),
        (false, true) => MIXED.to_owned(),
        (false, false) => object.kind.to_string(),
    };
    let color_mixed = targets.is_mixed(ObjectField::Color);
    html! {
        <Section title="Look">
            <Select id="inspector-kind" label="Type" {value} {options} onchange={onkind} />
            if custom {
                <Live targets={targets.clone()} field={ObjectField::Kind} label="Name of the type" shape={Shape::Line} />
            }
            <div class={classes!("with-swatch", color_mixed.then_some("swatch-mixed"))}>
                <Live targets={targets.clone()} field={ObjectField::Color} label="Colour" shape={Shape::Line} resets=true />
                <ColorField id="inspector-swatch" value={object.color.to_string()} oninput={Callback::noop()} onchange={oncolor} />
            </div>
            <div class="with-slider">
                <Live targets={targets.clone()} field={ObjectField::Opacity} label="Opacity" shape={Shape::Number(0.05)} resets=true />
                <input type="range" class="slider" min="0" max="1" step="0.05" value={object.opacity.to_string()} onchange={onopacity}
                    aria-label="Opacity" data-testid="inspector-opacity-slider" />
            </div>
            <Live targets={targets.clone()} field={ObjectField::Text} label="Text" shape={Shape::Lines} resets=true />
        </Section>
    }
}
