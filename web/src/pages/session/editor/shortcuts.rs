//! The list of shortcuts.

use yew::prelude::*;

use super::table::ALL;
use super::{Group, keys};
use crate::ui::dialog::Dialog;

/// What the pointer does in the view.
const POINTER: &[(&str, &[&str])] = &[
    ("Turn the view", &["Left"]),
    ("Move the view", &["Middle", "Shift+right"]),
    ("Nearer or further", &["Wheel"]),
    ("Look around and fly (W A S D E Q)", &["Right"]),
    ("One more or less", &["Ctrl+click"]),
    ("Select by a rectangle", &["Shift+drag"]),
    ("Handles in whole steps", &["Shift"]),
    ("Put back what is dragged", &["Esc"]),
];

/// Properties of [`Shortcuts`].
#[derive(Properties, PartialEq)]
pub(super) struct ShortcutsProps {
    pub(super) onclose: Callback<()>,
}

/// Every action that has keys, with all of them.
#[component]
pub(super) fn Shortcuts(props: &ShortcutsProps) -> Html {
    let mac = keys::is_mac();
    let groups = Group::ALL.iter().filter_map(|group| {
        let rows: Vec<Html> = ALL
            .iter()
            .filter(|action| action.group == *group && !action.keys.is_empty())
            .map(|action| {
                html! {
                    <div class="shortcut" key={action.id}>
                        <dt>{ action.label }</dt>
                        <dd>{ for action.keys.iter().map(|keys| html! { <kbd>{ keys.named(mac) }</kbd> }) }</dd>
                    </div>
                }
            })
            .collect();
        (!rows.is_empty()).then(|| {
            html! {
                <section class="shortcut-group">
                    <h3 class="section-title">{ group.label() }</h3>
                    <dl>{ for rows }</dl>
                </section>
            }
        })
    });
    let pointer = POINTER.iter().map(|(what, how)| {
        html! {
            <div class="shortcut" key={*what}>
                <dt>{ *what }</dt>
                <dd>{ for how.iter().map(|how| html! { <kbd>{ *how }</kbd> }) }</dd>
            </div>
        }
    });
    html! {
        <Dialog title="Keyboard shortcuts" onclose={props.onclose.clone()} testid="shortcuts" dismissible=true>
            <div class="shortcuts" tabindex="0">
                <div class="shortcut-columns">
                    { for groups }
                    <section class="shortcut-group">
                        <h3 class="section-title">{ "Pointer in the view" }</h3>
                        <dl>{ for pointer }</dl>
                    </section>
                </div>
            </div>
        </Dialog>
    }
}
