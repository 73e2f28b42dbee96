//! The list of shortcuts.

use yew::prelude::*;

use super::table::ALL;
use super::{Group, keys};
use crate::ui::dialog::Dialog;

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
    html! {
        <Dialog title="Keyboard shortcuts" onclose={props.onclose.clone()} testid="shortcuts">
            <div class="shortcuts">{ for groups }</div>
        </Dialog>
    }
}
