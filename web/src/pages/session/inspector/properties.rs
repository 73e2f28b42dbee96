//! The properties of what is selected: user data that the page carries and shows.

use std::rc::Rc;

use vws_core::model::Scalar;
use web_sys::{HtmlSelectElement, SubmitEvent};
use yew::prelude::*;

use super::super::context::use_session;
use super::super::parts::Section;
use super::targets::{MOST_PROPERTIES, Targets};
use crate::form::properties::{self, Row, Type, shown};
use crate::ui::field::refusal_line;
use crate::ui::{Button, Field, Icon, IconButton, LiveField, Shape};

/// What a list says of several different values.
const MIXED: &str = "mixed";

/// Properties of [`Properties`].
#[derive(Properties, PartialEq)]
pub(super) struct PropertiesProps {
    pub(super) targets: Targets,
}

/// Every property, and a form for one more.
#[component]
pub(super) fn Properties(props: &PropertiesProps) -> Html {
    let targets = &props.targets;
    let rows = targets.properties.iter().map(|row| {
        html! { <PropertyRow key={row.key.clone()} targets={targets.clone()} row={row.clone()} /> }
    });
    html! {
        <Section title="Properties">
            if targets.properties.is_empty() {
                <p class="hint">{ "Data of your own, such as a price or a part number. A model's file goes into the property url." }</p>
            } else {
                <ul class="properties" data-testid="properties">{ for rows }</ul>
            }
            if targets.properties.len() == MOST_PROPERTIES {
                <p class="hint">{ format!("The first {MOST_PROPERTIES} keys of them are listed.") }</p>
            }
            <AddProperty targets={targets.clone()} />
        </Section>
    }
}

/// A list of the types.
fn types(id: &str, label: String, kind: Option<Type>, onchange: Callback<Type>) -> Html {
    let onchange = onchange
        .reform(|event: Event| Type::named(&event.target_unchecked_into::<HtmlSelectElement>().value()));
    html! {
        <select id={id.to_owned()} class="input select select-small" aria-label={label} {onchange} data-testid={id.to_owned()}>
            if kind.is_none() { <option value="" selected=true disabled=true>{ MIXED }</option> }
            { for Type::ALL.map(|each| html! {
                <option value={each.as_str()} selected={kind == Some(each)}>{ each.as_str() }</option>
            }) }
        </select>
    }
}

/// A list of yes and no; `None` is neither.
fn yes_no(id: &str, label: String, value: Option<bool>, onchange: Callback<bool>) -> Html {
    let onchange =
        onchange.reform(|event: Event| event.target_unchecked_into::<HtmlSelectElement>().value() == "true");
    html! {
        <select id={id.to_owned()} class="input select select-small" aria-label={label} {onchange} data-testid={id.to_owned()}>
            if value.is_none() { <option value="" selected=true disabled=true>{ MIXED }</option> }
            <option value="true" selected={value == Some(true)}>{ "yes" }</option>
            <option value="false" selected={value == Some(false)}>{ "no" }</option>
        </select>
    }
}

#[derive(Properties, PartialEq)]
struct PropertyRowProps {
    targets: Targets,
    row: Row,
}

/// A property: its key, its type and its value, each of which can be changed.
#[component]
fn PropertyRow(props: &PropertyRowProps) -> Html {
    let session = use_session();
    let Row { key, value, kind } = &props.row;
    let (client, names) = (&session.client, &props.targets.names);
    let onkey = {
        let (names, key) = (Rc::clone(names), key.clone());
        session.check(move |client, new_key| {
            client.check(|view, limits| properties::rename(view, &names, &key, new_key, limits))
        })
    };
    let typed = kind.unwrap_or(Type::Text);
    let onvalue = {
        let (names, key) = (Rc::clone(names), key.clone());
        session.check(move |client, text| {
            let value = |now: Option<&Scalar>| typed.read(text, now);
            client.check(|view, limits| properties::set(view, &names, &key, value, limits))
        })
    };
    let put = {
        let (client, names, key) = (Rc::clone(client), Rc::clone(names), key.clone());
        move |value: &dyn Fn(Option<&Scalar>) -> Scalar| {
            let set = |now: Option<&Scalar>| Ok(value(now));
            if let Ok(command) = client.check(|view, limits| properties::set(view, &names, &key, set, limits))
            {
                client.submit(command);
            }
        }
    };
    let ontype = {
        let put = put.clone();
        Callback::from(move |kind: Type| {
            put(&|now| now.map_or_else(|| kind.like(&Scalar::String("".into())), |now| kind.like(now)));
        })
    };
    let onbool = Callback::from(move |value: bool| put(&|_| Scalar::Bool(value)));
    let onremove = {
        let (client, names, key) = (Rc::clone(client), Rc::clone(names), key.clone());
        Callback::from(move |_: MouseEvent| {
            if let Ok(command) = client.check(|view, limits| properties::remove(view, &names, &key, limits)) {
                client.submit(command);
            }
        })
    };
    let shape = if typed == Type::Number { Shape::Number(1.0) } else { Shape::Line };
    html! {
        <li class="property" data-testid="property">
            <LiveField id={format!("property-key-{key}")} label={format!("Key {key}")} bare=true shown={key.clone()} check={onkey} commit={session.commit()} />
            { types(&format!("property-type-{key}"), format!("Type of {key}"), *kind, ontype) }
            if typed == Type::Boolean {
                { yes_no(&format!("property-{key}"), key.clone(), match value { Some(Scalar::Bool(value)) => Some(*value), _ => None }, onbool) }
            } else {
                <LiveField id={format!("property-{key}")} label={key.clone()} bare=true {shape} shown={value.as_ref().map(shown).unwrap_or_default()}
                    mixed={value.is_none()} check={onvalue} commit={session.commit()} />
            }
            <IconButton icon={Icon::Close} label={format!("Remove the property {key}")} onclick={onremove} testid={format!("property-remove-{key}")} />
        </li>
    }
}

/// A key, a type and a value for one more property.
#[component]
fn AddProperty(props: &PropertiesProps) -> Html {
    let session = use_session();
    let key = use_state(String::new);
    let kind = use_state(|| Type::Text);
    let value = use_state(String::new);
    let started = !key.is_empty() || !value.is_empty();
    let names = &props.targets.names;
    let typed = if *kind == Type::Boolean && value.is_empty() { "false" } else { value.as_str() };
    let read = |now: Option<&Scalar>| kind.read(typed, now);
    let checked = session.client.check(|view, limits| properties::set(view, names, &key, read, limits));
    let taken = props.targets.properties.iter().any(|row| row.key == *key);
    let refusal = checked.as_ref().err().filter(|_| started).cloned();
    let disabled = checked.is_err();
    let onsubmit = {
        let (key, value, client) = (key.setter(), value.setter(), Rc::clone(&session.client));
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            if let Ok(command) = &checked
                && client.submit(command.clone())
            {
                key.set(String::new());
                value.set(String::new());
            }
        })
    };
    let set = |state: &UseStateHandle<String>| {
        let setter = state.setter();
        Callback::from(move |text| setter.set(text))
    };
    let onkind = {
        let (kind, value) = (kind.setter(), value.setter());
        Callback::from(move |chosen| {
            kind.set(chosen);
            value.set(String::new());
        })
    };
    let onbool = {
        let value = value.setter();
        Callback::from(move |chosen: bool| value.set(chosen.to_string()))
    };
    html! {
        <form class="add-property" {onsubmit}>
            <Field id="new-property-key" label="Key" value={(*key).clone()} oninput={set(&key)} />
            <div class="field">
                <span class="field-label" aria-hidden="true">{ "Type" }</span>
                { types("new-property-type", "Type".to_owned(), Some(*kind), onkind) }
            </div>
            if *kind == Type::Boolean {
                <div class="field">
                    <span class="field-label" aria-hidden="true">{ "Value" }</span>
                    { yes_no("new-property-value", "Value".to_owned(), Some(typed == "true"), onbool) }
                </div>
            } else {
                <Field id="new-property-value" label="Value" number={*kind == Type::Number} value={(*value).clone()} oninput={set(&value)} />
            }
            <Button label={if taken { "Set" } else { "Add" }} submit=true {disabled} testid="add-property" />
            { refusal_line("new-property", refusal.as_ref()) }
        </form>
    }
}
