//! Who one is oneself to the others.

use std::rc::Rc;

use vws_core::DisplayName;
use vws_core::model::Color;
use web_sys::SubmitEvent;
use yew::prelude::*;

use crate::pages::session::context::use_session;
use crate::pages::sessions::name_refusal;
use crate::person::Person;
use crate::ui::{ColorField, Field};

/// The fields in which a person says who they are.
#[component]
pub(super) fn You() -> Html {
    let client = use_session().client;
    // What the user has typed and not yet settled on.
    let draft = use_state(|| None::<String>);
    // As it is now: what the page shows otherwise may be a frame behind.
    let own = client.person();
    let kept = own.name.as_ref().map(ToString::to_string).unwrap_or_default();
    let shown = draft.as_deref().unwrap_or(&kept).to_owned();
    let refusal = name_refusal(&shown);

    let oninput = {
        let draft = draft.setter();
        Callback::from(move |text| draft.set(Some(text)))
    };
    let settle = {
        let (client, draft) = (Rc::clone(&client), draft.clone());
        Callback::from(move |()| {
            let Some(text) = draft.as_ref() else { return };
            let name = match DisplayName::new("name", text) {
                Ok(name) => Some(name),
                Err(_) if text.is_empty() => None,
                // It stands with its refusal until it is mended.
                Err(_) => return,
            };
            draft.set(None);
            client.introduce(Person { name, ..client.person() });
        })
    };
    let onsubmit = settle.reform(|event: SubmitEvent| event.prevent_default());
    let onfocusout = settle.reform(|_: FocusEvent| ());
    let onchange = Callback::from(move |text: String| {
        if let Ok(color) = Color::new("color", &text) {
            client.introduce(Person { color, chosen: true, ..client.person() });
        }
    });
    html! {
        <form class="people-you" {onsubmit} {onfocusout}>
            <Field id="your-name" label="Your name" value={shown} {oninput} {refusal} placeholder="Guest" />
            <ColorField id="your-color" value={own.color.to_string()} oninput={Callback::noop()} {onchange} />
        </form>
    }
}
