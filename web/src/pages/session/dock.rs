//! What a thumb reaches on a narrow page: the panels, the timeline, and every action by its name.

use yew::prelude::*;

use super::Panels;
use super::context::use_session;
use super::editor::use_actions;
use super::timeline::use_time;
use crate::ui::{Glyph, Icon};
use crate::words;

/// Properties of [`Dock`].
#[derive(Properties, PartialEq)]
pub(super) struct DockProps {
    /// Which panels are shown.
    pub(super) panels: Panels,
    /// Called with those that are to be shown.
    pub(super) onpanels: Callback<Panels>,
}

/// The bar at the bottom of a narrow page.
#[component]
pub(super) fn Dock(props: &DockProps) -> Html {
    let session = use_session();
    let (time, actions) = (use_time(), use_actions());
    let Panels { tree, side } = props.panels;
    // One thing at a time: there is no room to see the world beside two. The past stays: to close its timeline is to
    // leave it.
    let past = session.client.past_seq().is_some();
    let show = |panels: Panels| {
        let (time, onpanels) = (time.clone(), props.onpanels.clone());
        Callback::from(move |()| {
            if !past {
                time.set_open(false);
            }
            onpanels.emit(panels);
        })
    };
    let timeline = time.is_open();
    let ontimeline = {
        let (time, onpanels) = (time.clone(), props.onpanels.clone());
        Callback::from(move |()| {
            time.set_open(!timeline);
            onpanels.emit(Panels { tree: false, side: false });
        })
    };
    let onactions = Callback::from(move |()| actions.perform("palette"));
    html! {
        <nav class="dock" aria-label="Panels">
            { button(Icon::Cube, "World", Some(!tree && !side && (past || !timeline)), show(Panels { tree: false, side: false })) }
            { button(Icon::List, "Objects", Some(tree), show(Panels { tree: !tree, side: false })) }
            { button(Icon::Sliders, "Inspector", Some(side), show(Panels { tree: false, side: !side })) }
            { button(Icon::Clock, "Timeline", Some(timeline), ontimeline) }
            { button(Icon::Command, "Actions", None, onactions) }
        </nav>
    }
}

fn button(icon: Icon, label: &'static str, on: Option<bool>, onclick: Callback<()>) -> Html {
    html! {
        <button type="button" class="dock-button" aria-pressed={on.map(|on| on.to_string())} onclick={onclick.reform(|_| ())}
            data-testid={format!("dock-{}", words::lower(label))}>
            <Glyph {icon} size={20} /><span>{ label }</span>
        </button>
    }
}
