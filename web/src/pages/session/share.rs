//! Links that let others into this session, where its server gives them out.

use vws_core::SessionId;
use vws_core::model::Role;
use web_sys::{FocusEvent, HtmlInputElement, MouseEvent};
use yew::prelude::*;

use super::context::use_session;
use super::timeline::clock;
use crate::api::tokens::{self, Made};
use crate::browser;
use crate::link::encoded;
use crate::route::Route;
use crate::ui::dialog::Dialog;
use crate::ui::{Button, Icon, Kind, Select, Tone, use_toasts};

/// How long a link may hold, in seconds, with what that is called.
const SPANS: [(&str, &str); 4] =
    [("3600", "An hour"), ("86400", "A day"), ("604800", "A week"), ("2592000", "30 days")];

/// What may be chosen.
const ROLES: [(Role, &str); 2] = [(Role::View, "Look"), (Role::Edit, "Look and change")];

fn options(all: &[(&'static str, &'static str)]) -> Vec<(AttrValue, AttrValue)> {
    all.iter().map(|(value, label)| ((*value).into(), (*label).into())).collect()
}

/// The address that carries a token. What stands behind `#` is sent to no server.
fn link(session: SessionId, token: &str) -> String {
    let origin = browser::window().location().origin().unwrap_or_default();
    format!("{origin}{}#token={}", Route::Session(session).path(), encoded(token))
}

/// The button that opens the dialog; nothing where the server gives no links out.
#[component]
pub(super) fn Share() -> Html {
    let client = use_session().client;
    let open = use_state(|| false);
    if !client.read(|replica| replica.access().is_some_and(|access| access.shares)) {
        return html! {};
    }
    let onopen = {
        let open = open.setter();
        Callback::from(move |_: MouseEvent| open.set(true))
    };
    let onclose = {
        let open = open.setter();
        Callback::from(move |()| open.set(false))
    };
    html! {
        <>
            <Button label="Share…" icon={Icon::People} onclick={onopen} testid="share" class="share-button" />
            if *open { <ShareDialog session={client.id()} {onclose} /> }
        </>
    }
}

#[derive(Properties, PartialEq)]
struct ShareProps {
    session: SessionId,
    onclose: Callback<()>,
}

#[component]
fn ShareDialog(props: &ShareProps) -> Html {
    let session = props.session;
    let role = use_state(|| Role::View);
    let span = use_state(|| SPANS[1].0.to_owned());
    let made = use_state(|| None::<Made>);
    let busy = use_state(|| false);
    let toasts = use_toasts();
    let onrole = {
        let role = role.setter();
        Callback::from(move |value: String| {
            if let Ok(chosen) = value.parse() {
                role.set(chosen);
            }
        })
    };
    let onspan = {
        let span = span.setter();
        Callback::from(move |value: String| span.set(value))
    };
    let onmake = {
        let (made, busy, toasts) = (made.setter(), busy.setter(), toasts.clone());
        let (role, seconds) = (*role, span.parse().unwrap_or(3_600));
        Callback::from(move |_: MouseEvent| {
            let (made, busy, toasts) = (made.clone(), busy.clone(), toasts.clone());
            busy.set(true);
            wasm_bindgen_futures::spawn_local(async move {
                match tokens::make(session, role, seconds).await {
                    Ok(link) => made.set(Some(link)),
                    Err(error) => toasts.say(Tone::Bad, format!("No link was made: {}", error.words())),
                }
                busy.set(false);
            });
        })
    };
    let onback = {
        let (made, toasts) = (made.setter(), toasts);
        Callback::from(move |id: String| {
            let (made, toasts) = (made.clone(), toasts.clone());
            wasm_bindgen_futures::spawn_local(async move {
                match tokens::take_back(session, &id).await {
                    Ok(()) => {
                        made.set(None);
                        toasts.say(Tone::Good, "The link lets nobody in any more.");
                    }
                    Err(error) => {
                        toasts.say(Tone::Bad, format!("The link was not taken back: {}", error.words()));
                    }
                }
            });
        })
    };
    let roles = ROLES.map(|(role, label)| (role.name(), label));
    html! {
        <Dialog title="Share this session" onclose={props.onclose.clone()} testid="share-dialog" dismissible=true>
            <p class="dialog-text">{ "Whoever opens the link is let in until it ends." }</p>
            <div class="share-choice">
                <Select id="share-role" label="They may" value={role.name()} options={options(&roles)} onchange={onrole} />
                <Select id="share-span" label="For" value={(*span).clone()} options={options(&SPANS)} onchange={onspan} />
            </div>
            if let Some(made) = &*made { <MadeLink {session} made={made.clone()} {onback} /> }
            <div class="dialog-actions">
                <Button label={if made.is_some() { "Make another link" } else { "Make a link" }}
                    kind={if made.is_some() { Kind::Plain } else { Kind::Primary }}
                    disabled={*busy} onclick={onmake} testid="make-link" />
            </div>
        </Dialog>
    }
}

#[derive(Properties, PartialEq)]
struct MadeLinkProps {
    session: SessionId,
    made: Made,
    /// Called with the token's id, when it is to be taken back.
    onback: Callback<String>,
}

/// A link that was made: to copy, or to take back.
#[component]
fn MadeLink(props: &MadeLinkProps) -> Html {
    let toasts = use_toasts();
    let address = link(props.session, &props.made.token);
    let ends = clock(props.made.expires_at);
    let oncopy = {
        let address = address.clone();
        Callback::from(move |_: MouseEvent| {
            let (address, toasts) = (address.clone(), toasts.clone());
            wasm_bindgen_futures::spawn_local(async move {
                if browser::copy(&address).await {
                    toasts.say(Tone::Good, "The link is on the clipboard.");
                } else {
                    // It stands in the field, to be copied by hand.
                    toasts.say(Tone::Bad, "The browser does not let this page use the clipboard.");
                }
            });
        })
    };
    let onback = {
        let id = props.made.token_id.clone();
        props.onback.reform(move |_: MouseEvent| id.clone())
    };
    let onfocus = Callback::from(|event: FocusEvent| {
        event.target_unchecked_into::<HtmlInputElement>().select();
    });
    html! {
        <div class="share-made" data-testid="made-link">
            <input class="input" readonly=true value={address} aria-label="The link" {onfocus} data-testid="share-link" />
            <div class="share-made-actions">
                <Button label="Copy" icon={Icon::Copy} kind={Kind::Primary} onclick={oncopy} testid="copy-made" />
                <Button label="Take it back" onclick={onback} testid="take-back" />
            </div>
            <p class="hint">{ format!("It ends {ends}, or when you take it back. It is shown this once.") }</p>
        </div>
    }
}
