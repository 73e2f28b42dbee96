//! The form that makes a session.

use vws_core::{DisplayName, SessionInfo};
use web_sys::SubmitEvent;
use yew::prelude::*;

use crate::api::create_session;
use crate::form::Refusal;
use crate::route::{Route, navigate};
use crate::ui::{Button, Field, Icon, Kind, Tone, use_toasts};

/// What is wrong with a session's name; an empty one is none at all.
#[must_use]
pub(crate) fn name_refusal(name: &str) -> Option<Refusal> {
    if name.is_empty() { None } else { DisplayName::new("name", name).err().map(Refusal::from) }
}

/// Properties of [`CreateSession`].
#[derive(Properties, PartialEq)]
pub(super) struct CreateSessionProps {
    /// Called with a session that was made.
    pub(super) onmade: Callback<SessionInfo>,
}

/// Makes a session and opens it.
#[component]
pub(super) fn CreateSession(props: &CreateSessionProps) -> Html {
    let name = use_state(String::new);
    let busy = use_state(|| false);
    let toasts = use_toasts();
    let refusal = name_refusal(&name);
    let disabled = *busy || refusal.is_some();

    let oninput = {
        let name = name.setter();
        Callback::from(move |text| name.set(text))
    };
    let onsubmit = {
        let (name, busy, onmade) = (name.clone(), busy.setter(), props.onmade.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            if disabled {
                return;
            }
            busy.set(true);
            let (name, busy, onmade, toasts) =
                ((*name).clone(), busy.clone(), onmade.clone(), toasts.clone());
            wasm_bindgen_futures::spawn_local(async move {
                let name = (!name.is_empty()).then_some(name.as_str());
                match create_session(name).await {
                    Ok(info) => {
                        let id = info.session_id;
                        onmade.emit(info);
                        navigate(Route::Session(id));
                    }
                    Err(error) => {
                        busy.set(false);
                        toasts.say(Tone::Bad, format!("No session was made: {}", error.words()));
                    }
                }
            });
        })
    };
    html! {
        <form class="create-session" {onsubmit}>
            <Field id="session-name" label="Name of a new session (optional)" value={(*name).clone()} {oninput} {refusal}
                placeholder="Harbour, floor 2, robot arm …" />
            <Button label="Create session" icon={Icon::Plus} kind={Kind::Primary} submit=true {disabled} testid="create-session" />
        </form>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn no_name_is_fine_and_a_bad_one_is_told_in_the_words_of_the_server() {
        assert_eq!(name_refusal(""), None);
        assert_eq!(name_refusal("Harbour"), None);
        let refusal = name_refusal(" x").expect("refused");
        assert_eq!(refusal.code, "display_name_invalid");
        assert_eq!(refusal.words, "name = \" x\" begins or ends with white space");
        assert!(name_refusal(&"x".repeat(65)).is_some());
    }
}
