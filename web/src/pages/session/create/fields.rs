//! Fields of a new object that are more than one input.

use yew::prelude::*;

use super::super::parts::{Section, Triple};
use super::Pen;
use crate::form::Refusals;
use crate::form::create::CreateForm;
use crate::form::object::Axis;
use crate::ui::{Button, Field, Icon, IconButton, Kind};

/// Properties of [`Numbers`].
#[derive(Properties, PartialEq)]
pub(super) struct NumbersProps {
    pub(super) label: AttrValue,
    pub(super) id: AttrValue,
    /// Of the three in the command.
    pub(super) pointer: AttrValue,
    pub(super) values: [String; 3],
    pub(super) refusals: Refusals,
    pub(super) onedit: Callback<(Axis, String)>,
}

/// Three numbers of the form.
#[component]
pub(super) fn Numbers(props: &NumbersProps) -> Html {
    let NumbersProps { id, pointer, values, refusals, onedit, label } = props;
    let field = {
        let (id, pointer, values, refusals, onedit) =
            (id.clone(), pointer.clone(), values.clone(), refusals.clone(), onedit.clone());
        Callback::from(move |(axis, label, prefix): (Axis, AttrValue, AttrValue)| {
            let oninput = onedit.reform(move |text| (axis, text));
            html! {
                <Field id={format!("{id}-{}", axis.as_str())} {label} {prefix} number=true value={values[axis as usize].clone()} {oninput}
                    refusal={refusals.at(&format!("{pointer}/{}", axis.as_str())).cloned()} />
            }
        })
    };
    html! { <Triple label={label.clone()} {field} /> }
}

/// Properties of [`PropertyRows`].
#[derive(Properties, PartialEq)]
pub(super) struct PropertyRowsProps {
    pub(super) pen: Pen,
    pub(super) refusals: Refusals,
}

/// The properties of the new object.
#[component]
pub(super) fn PropertyRows(props: &PropertyRowsProps) -> Html {
    let pen = &props.pen;
    let rows = pen.draft.form.properties.iter().enumerate().map(|(index, (key, value))| {
        let onkey = pen.edit(move |form: &mut CreateForm, text| form.properties[index].0 = text);
        let onvalue = pen.edit(move |form: &mut CreateForm, text| form.properties[index].1 = text);
        let onremove = pen.edit(move |form: &mut CreateForm, _| drop(form.properties.remove(index)));
        html! {
            <li class="property property-new" key={index}>
                <Field id={format!("create-key-{index}")} label="Key" value={key.clone()} oninput={onkey} />
                <Field id={format!("create-value-{index}")} label="Value" value={value.clone()} oninput={onvalue} />
                <IconButton icon={Icon::Close} label="Remove the property" onclick={onremove} />
            </li>
        }
    });
    let onadd = pen.edit(|form: &mut CreateForm, _| form.properties.push(Default::default()));
    let refusal = props.refusals.within("/object/properties");
    html! {
        <Section title="Properties">
            <ul class="properties">{ for rows }</ul>
            { crate::ui::field::refusal_line("create-properties", refusal) }
            <Button label="Add a property" icon={Icon::Plus} kind={Kind::Quiet} onclick={onadd} />
        </Section>
    }
}
