//! The tools of the 3D view: which one is in force, and what it says of itself.

use yew::prelude::*;

use super::context::{SessionHandle, use_session};
use super::editor::use_actions;
use crate::ui::{Glyph, Icon};
use crate::viewport::tool::{Space, Tool};

/// What the pointer does, as buttons.
#[component]
pub(super) fn ViewTools() -> Html {
    let SessionHandle { port, .. } = use_session();
    let actions = use_actions();
    let Some(scene) = port.scene() else { return html! {} };
    // The rectangle takes the place of the tool for as long as one is waited for.
    let boxing = scene.is_box_armed();
    let tool = |id, icon, of: Tool| actions.switch(id, icon, !boxing && scene.tool() == of);
    html! {
        <div class="view-modes" role="toolbar" aria-label="Tools" aria-orientation="vertical" data-testid="tools">
            { tool("tool-select", Icon::Pointer, Tool::Select) }
            { tool("tool-move", Icon::Move, Tool::Move) }
            { tool("tool-rotate", Icon::Rotate, Tool::Rotate) }
            { tool("tool-scale", Icon::Scale, Tool::Scale) }
            <span class="tools-divider" aria-hidden="true"></span>
            { actions.switch("tool-space", Icon::Axes, scene.space() == Space::Local) }
            { actions.switch("tool-box", Icon::Marquee, boxing) }
        </div>
    }
}

/// What the pointer does now, where that is not to be seen, or why it does not do what was chosen.
#[component]
pub(super) fn ViewNote() -> Html {
    let SessionHandle { client, port, .. } = use_session();
    let Some(scene) = port.scene() else { return html! {} };
    let note = |icon, text: String, testid: &'static str| {
        html! { <div class="view-note" role="status" data-testid={testid}><Glyph {icon} size={14} />{ text }</div> }
    };
    if let Some(speed) = scene.flying() {
        let text = format!(
            "Flying at {speed} units/s. W A S D, E up, Q down; Shift for faster, wheel for the speed."
        );
        return note(Icon::Camera, text, "flying");
    }
    if scene.is_box_armed() {
        let text = "Drag a rectangle around what to select. Ctrl adds to the selection, Esc cancels.";
        return note(Icon::Marquee, text.to_owned(), "boxing");
    }
    // What says that the past is shown says of all that it cannot be changed.
    let why = scene.no_handles().filter(|_| client.past_seq().is_none());
    why.map_or_else(|| html! {}, |why| note(Icon::Info, why, "no-handles"))
}
