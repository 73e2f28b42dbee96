//! The selected object's properties: user data that the page carries and shows.

use vws_core::Object;
use web_sys::SubmitEvent;
use yew::prelude::*;

use super::super::context::use_session;
use super::super::parts::Section;
use crate::form::object::set_property;
use crate::form::text;
use crate::ui::{Button, Field, Icon, IconButton, LiveField};

/// Properties of [`Properties`].
#[derive(Properties, PartialEq)]
pub(super) struct PropertiesProps {
    pub(super) object: Object,
}

/// Every property, and a form for one more.
#[component]
pub(super) fn Properties(props: &PropertiesProps) -> Html {
    let session = use_session();
    let object = &props.object;
    let rows = object.properties.iter().map(|(key, value)| {
        let (name, key) = (object.name.clone(), key.as_str().to_owned());
        let check = {
            let (name, key) = (name.clone(), key.clone());
            session.check(move |client, typed| {
                let value = Some(text::scalar(typed));
                client.check(|view, limits| set_property(view, name.as_str(), &key, value, limits))
            })
        };
        let onremove = {
            let (client, key) = (session.client.clone(), key.clone());
            Callback::from(move |_| {
                let removal = client.check(|view, limits| set_property(view, name.as_str(), &key, None, limits));
                if let Ok(command) = removal {
                    client.submit(command);
                }
            })
        };
        html! {
            <li class="property" key={key.clone()}>
                <LiveField id={format!("property-{key}")} label={key.clone()} shown={text::of_scalar(value)} {check} commit={session.commit()} />
                <IconButton icon={Icon::Close} label={format!("Remove the property {key}")} onclick={onremove} />
            </li>
        }
    });
    html! {
        <Section title="Properties">
            if object.properties.is_empty() {
                <p class="hint">{ "Data of your own, such as a price or a part number. A model's file goes into the property url." }</p>
            } else {
                <ul class="properties" data-testid="properties">{ for rows }</ul>
            }
            <AddProperty object={object.clone()} />
        </Section>
    }
}

/// A key and a value for one more property.
#[component]
fn AddProperty(props: &PropertiesProps) -> Html {
    let session = use_session();
    let key = use_state(String::new);
    let value = use_state(String::new);
    let name = props.object.name.clone();
    let started = !key.is_empty() || !value.is_empty();
    let checked = session
        .client
        .check(|view, limits| set_property(view, name.as_str(), &key, Some(text::scalar(&value)), limits));
    let taken = props.object.properties.get(key.as_str()).is_some();
    let refusal = checked.as_ref().err().filter(|_| started).cloned();
    let disabled = checked.is_err();
    let onsubmit = {
        let (key, value, client) = (key.setter(), value.setter(), session.client.clone());
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
    html! {
        <form class="add-property" {onsubmit}>
            <Field id="new-property-key" label="Key" value={(*key).clone()} oninput={set(&key)} {refusal} />
            <Field id="new-property-value" label="Value" value={(*value).clone()} oninput={set(&value)} />
            <Button label={if taken { "Set" } else { "Add" }} submit=true {disabled} testid="add-property" />
        </form>
    }
}
