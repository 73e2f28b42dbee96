//! The type of a new object.

use std::rc::Rc;

use vws_core::model::ObjectType;
use yew::prelude::*;

use super::super::context::use_session;
use super::{NAME_ID, TEXT_ID, TYPE_ID};
use crate::browser;
use crate::form::Refusal;
use crate::form::draft::Draft;
use crate::ui::{Field, Glyph, Icon};

/// Properties of [`Kinds`].
#[derive(Properties, PartialEq)]
pub(super) struct KindsProps {
    pub(super) draft: UseStateHandle<Draft>,
    pub(super) refusal: Option<Refusal>,
    /// Called with the field of what is typed next when a pointer has chosen.
    pub(super) onnext: Callback<&'static str>,
}

/// The types as buttons, and a field for any other.
#[component]
pub(super) fn Kinds(props: &KindsProps) -> Html {
    let draft = &props.draft;
    let client = use_session().client;
    let kind = draft.form.kind.as_str();
    let is_known = ObjectType::KNOWN.iter().any(|known| known.as_str() == kind);
    let choose = {
        let (draft, client) = (draft.clone(), Rc::clone(&client));
        move |kind: &str| {
            if let Some(chosen) = client.view(|view, _| draft.of_kind(kind, view)) {
                draft.set(chosen);
            }
        }
    };
    let button = |icon: Icon, label: &str, kind: &str, on: bool| {
        let (choose, kind, onnext) = (choose.clone(), kind.to_owned(), props.onnext.clone());
        let onclick = Callback::from(move |event: MouseEvent| {
            choose(&kind);
            // Who goes through the types by keys goes on from here, and a finger would have the keyboard come up over
            // the form.
            if event.detail() > 0 && !browser::is_coarse() {
                onnext.emit(match kind.as_str() {
                    // A text is nothing but what it says.
                    "text" => TEXT_ID,
                    "" => TYPE_ID,
                    _ => NAME_ID,
                });
            }
        });
        html! {
            <button type="button" class={classes!("kind", on.then_some("kind-on"))} aria-pressed={on.to_string()} {onclick}
                data-testid={format!("kind-{label}")}>
                <Glyph {icon} size={20} /><span>{ label.to_owned() }</span>
            </button>
        }
    };
    // Of a custom type the field is there from the press on "other" on, when it has no name yet.
    let onother = {
        let choose = choose.clone();
        Callback::from(move |kind: String| choose(&kind))
    };
    html! {
        <>
            <div class="kinds" role="group" aria-label="Type">
                { for ObjectType::KNOWN.iter().map(|known| button(Icon::of_type(known), known.as_str(), known.as_str(), kind == known.as_str())) }
                { button(Icon::Custom, "other", "", !is_known) }
            </div>
            if !is_known {
                <Field id={TYPE_ID} label="Name of the type" value={kind.to_owned()} refusal={props.refusal.clone()} placeholder="drone, door, sensor …"
                    oninput={onother} />
            }
        </>
    }
}
