//! One session of the list.

use vws_core::{Millis, SessionId, SessionInfo};
use yew::prelude::*;

use super::ago::ago;
use super::create::name_refusal;
use crate::api::{delete_session, rename_session};
use crate::route::{Link, Route};
use crate::ui::{Confirm, Glyph, Icon, IconButton, Prompt, Tone, use_toasts};

/// Properties of [`Row`].
#[derive(Properties, PartialEq)]
pub(super) struct RowProps {
    /// The session.
    pub(super) info: SessionInfo,
    /// The time now.
    pub(super) now: Millis,
    /// Called when the session is found to be gone.
    pub(super) ongone: Callback<SessionId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asking {
    Nothing,
    ToDelete,
    ToRename,
}

/// What a session is called: its name, or a word and the part of its id that tells it from others.
#[must_use]
pub(super) fn title(info: &SessionInfo) -> String {
    info.name.as_ref().map_or_else(|| untitled(info.session_id), ToString::to_string)
}

/// What a session without a name is called.
#[must_use]
pub(crate) fn untitled(id: SessionId) -> String {
    // The end of a UUIDv7 is random; its beginning is the time.
    let id = id.to_string();
    format!("Untitled {}", &id[id.len() - 6..])
}

/// A session: a link to it, what it holds, and what can be done with it.
#[component]
pub(super) fn Row(props: &RowProps) -> Html {
    let info = &props.info;
    let id = info.session_id;
    let asking = use_state(|| Asking::Nothing);
    let toasts = use_toasts();
    let ask = |what: Asking| {
        let asking = asking.setter();
        Callback::from(move |_| asking.set(what))
    };
    let onclose = {
        let asking = asking.setter();
        Callback::from(move |()| asking.set(Asking::Nothing))
    };
    let ondelete = {
        let (ongone, toasts, title) = (props.ongone.clone(), toasts.clone(), title(info));
        Callback::from(move |()| {
            let (ongone, toasts, title) = (ongone.clone(), toasts.clone(), title.clone());
            wasm_bindgen_futures::spawn_local(async move {
                match delete_session(id).await {
                    Ok(()) => toasts.say(Tone::Good, format!("{title} is deleted.")),
                    Err(error) if error.is_not_found() => {
                        toasts.say(Tone::Plain, format!("{title} was deleted already."));
                    }
                    Err(error) => {
                        return toasts.say(Tone::Bad, format!("{title} was not deleted: {}", error.words()));
                    }
                }
                ongone.emit(id);
            });
        })
    };
    let onrename = Callback::from(move |name: String| {
        let toasts = toasts.clone();
        wasm_bindgen_futures::spawn_local(async move {
            let name = (!name.is_empty()).then_some(name.as_str());
            // The new name comes through the lobby, as it does for everybody.
            if let Err(error) = rename_session(id, name).await {
                toasts.say(Tone::Bad, format!("The session was not renamed: {}", error.words()));
            }
        });
    });
    let objects = info.object_count;
    html! {
        <li class="session-row" data-testid="session-row" data-session={id.to_string()}>
            <Link to={Route::Session(id)} class="session-link" testid="session-open">
                <span class="session-mark" aria-hidden="true"><Glyph icon={Icon::Globe} size={20} /></span>
                <span class="session-names">
                    <span class={classes!("session-title", info.name.is_none().then_some("session-untitled"))}>{ title(info) }</span>
                    <span class="session-id">{ id.to_string() }</span>
                </span>
            </Link>
            <span class="session-facts">
                <span class="session-fact">{ format!("{objects} object{}", if objects == 1 { "" } else { "s" }) }</span>
                <span class="session-fact session-time">{ format!("created {}", ago(info.created_at, props.now)) }</span>
            </span>
            <span class="session-actions">
                <IconButton icon={Icon::Pencil} label={format!("Rename {}", title(info))} onclick={ask(Asking::ToRename)} testid="session-rename" />
                <IconButton icon={Icon::Trash} label={format!("Delete {}", title(info))} danger=true onclick={ask(Asking::ToDelete)} testid="session-delete" />
            </span>
            if *asking == Asking::ToDelete {
                <Confirm title={format!("Delete {}?", title(info))} action="Delete session" onconfirm={ondelete} onclose={onclose.clone()}
                    text="Its objects, its world and its history go with it, for everybody. This cannot be undone." />
            }
            if *asking == Asking::ToRename {
                <Prompt title="Rename session" label="Name (empty for none)" action="Rename" onanswer={onrename} {onclose}
                    value={info.name.as_ref().map(ToString::to_string).unwrap_or_default()}
                    check={Callback::from(|text: String| name_refusal(&text))} />
            }
        </li>
    }
}
