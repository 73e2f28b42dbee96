//! The bar at the top: which session this is, and how the page stands with it.

use std::rc::Rc;

use vws_core::Command;
use vws_core::reduce::State;
use yew::prelude::*;

use super::context::use_session;
use super::editor::Actions;
use super::files::Files;
use super::links::copy_link;
use super::people::People;
use super::standing::{StandingPill, the_end};
use crate::app::brand;
use crate::browser;
use crate::pages::sessions::{name_refusal, untitled};
use crate::route::{Link, Route};
use crate::ui::{Icon, IconButton, Prompt, ThemeToggle, use_toasts};

/// Properties of [`Bar`].
#[derive(Properties, PartialEq)]
pub(super) struct BarProps {
    /// Whether the object tree is shown.
    pub(super) tree: bool,
    /// Whether the side panel is shown.
    pub(super) side: bool,
    /// Called to show or hide the object tree.
    pub(super) ontree: Callback<()>,
    /// Called to show or hide the side panel.
    pub(super) onside: Callback<()>,
    /// Whether a new name is asked for.
    pub(super) renaming: bool,
    /// Called with whether one is to be asked for.
    pub(super) onrenaming: Callback<bool>,
}

/// The bar at the top of the session page.
#[component]
pub(super) fn Bar(props: &BarProps) -> Html {
    let session = use_session();
    let toasts = use_toasts();
    let id = session.client.id();
    let name = session.client.view(|view, _| view.name().map(ToString::to_string)).flatten();
    let title = name.clone().unwrap_or_else(|| untitled(id));
    use_effect_with(title.clone(), |title| {
        browser::document().set_title(&format!("{title} · VWS"));
        || browser::document().set_title("VWS · Virtual World Synthesizer")
    });

    let onclose = props.onrenaming.reform(|()| false);
    let onrename = {
        let client = Rc::clone(&session.client);
        Callback::from(move |name: String| {
            let name = (!name.is_empty()).then_some(name);
            client.submit(Command::RenameSession { name });
        })
    };
    let onlink = {
        let session = session.clone();
        Callback::from(move |_| copy_link(&session, &toasts))
    };
    // Not where the session is no more.
    let actions = use_context::<Actions>();
    let ended = the_end(&session.client).is_some();
    let ready = !ended
        && session.client.read_only().is_none()
        && session.client.read(|replica| replica.confirmed().is_some());
    html! {
        <header class="session-bar">
            <Link to={Route::Sessions} class="brand" label="VWS: all sessions" testid="back">{ brand() }</Link>
            <span class="bar-divider" aria-hidden="true"></span>
            <h1 class={classes!("bar-title", name.is_none().then_some("session-untitled"))} data-testid="session-title">{ title }</h1>
            <IconButton icon={Icon::Pencil} label="Rename session" disabled={!ready} testid="rename-session"
                class="wide-only" onclick={props.onrenaming.reform(|_| true)} />
            <IconButton icon={Icon::Copy} label="Copy link: to your view and the moment" onclick={onlink} class="wide-only" testid="copy-link" />
            if !ended { <Files /> }
            if let Some(actions) = actions.filter(|_| !ended) {
                <span class="bar-divider wide-only" aria-hidden="true"></span>
                { actions.button("undo", Icon::Undo, "") }
                { actions.button("redo", Icon::Redo, "") }
                { actions.button("palette", Icon::Command, "wide-only") }
                { actions.button("shortcuts", Icon::Keyboard, "wide-only") }
            }
            <span class="bar-space"></span>
            <StandingPill />
            if !ended { <People /> }
            <span class="bar-divider wide-only" aria-hidden="true"></span>
            if !ended {
                <IconButton icon={Icon::List} label="Objects panel" pressed={props.tree} class="wide-only"
                    onclick={props.ontree.reform(|_| ())} testid="toggle-tree" />
                <IconButton icon={Icon::Sliders} label="Inspector panel" pressed={props.side} class="wide-only"
                    onclick={props.onside.reform(|_| ())} testid="toggle-side" />
            }
            <ThemeToggle class="wide-only" />
            if props.renaming {
                <Prompt title="Rename session" label="Name (empty for none)" action="Rename" value={name.unwrap_or_default()}
                    check={Callback::from(|text: String| name_refusal(&text))} onanswer={onrename} {onclose} />
            }
        </header>
    }
}
