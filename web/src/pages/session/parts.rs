//! Pieces that several panels are made of.

use yew::prelude::*;

use crate::form::object::Axis;
use crate::words;

/// Properties of [`Section`].
#[derive(Properties, PartialEq)]
pub(super) struct SectionProps {
    /// What it is called.
    pub(super) title: AttrValue,
    /// What it shows.
    pub(super) children: Html,
}

/// A part of a panel, with a heading.
#[component]
pub(super) fn Section(props: &SectionProps) -> Html {
    html! {
        <section class="section">
            <h3 class="section-title">{ props.title.clone() }</h3>
            { props.children.clone() }
        </section>
    }
}

/// Properties of [`Triple`].
#[derive(Properties, PartialEq)]
pub(super) struct TripleProps {
    /// What the three fields are together.
    pub(super) label: AttrValue,
    /// Draws the field of one axis; its label is that of the whole and the axis.
    pub(super) field: Callback<(Axis, AttrValue, AttrValue), Html>,
    /// What stands beside the label.
    #[prop_or_default]
    pub(super) aside: Html,
}

/// Fields for x, y and z side by side.
#[component]
pub(super) fn Triple(props: &TripleProps) -> Html {
    html! {
        <fieldset class="triple">
            <legend class="field-label">{ props.label.clone() }</legend>
            { props.aside.clone() }
            <div class="triple-fields">
                { for Axis::ALL.map(|axis| {
                    let label = AttrValue::from(format!("{} {}", props.label, axis.as_str()));
                    let prefix = AttrValue::from(words::upper(axis.as_str()));
                    html! { <div class={format!("axis axis-{}", axis.as_str())} key={axis.as_str()}>{ props.field.emit((axis, label, prefix)) }</div> }
                }) }
            </div>
        </fieldset>
    }
}
