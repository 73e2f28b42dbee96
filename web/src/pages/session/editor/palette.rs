//! Every action by its name.

use web_sys::{HtmlElement, HtmlInputElement, InputEvent, KeyboardEvent};
use yew::prelude::*;

use super::table::ALL;
use super::{Action, Desk, keys};
use crate::ui::dialog::Dialog;
use crate::ui::field::input_text;
use crate::words;

/// Properties of [`Palette`].
#[derive(Properties)]
pub(super) struct PaletteProps {
    pub(super) desk: Desk,
    pub(super) onclose: Callback<()>,
}

impl PartialEq for PaletteProps {
    /// What can be done may have changed with anything.
    fn eq(&self, _: &Self) -> bool {
        false
    }
}

/// Whether each word of a search is somewhere in an action's name or group.
fn matches(action: &Action, search: &str) -> bool {
    let text = words::lower(&format!("{} {}", action.label, action.group.label()));
    words::lower(search).split_whitespace().all(|word| text.contains(word))
}

/// Every action by its name, with its keys; one that cannot be done now says why.
#[component]
pub(super) fn Palette(props: &PaletteProps) -> Html {
    let search = use_state(String::new);
    let at = use_state_eq(|| 0_usize);
    let field = use_node_ref();
    let list = use_node_ref();
    use_effect_with((), {
        let field = field.clone();
        move |()| {
            if let Some(field) = field.cast::<HtmlInputElement>() {
                // Where focus is refused the user clicks.
                let _ = field.focus();
            }
        }
    });
    let mac = keys::is_mac();
    let found: Vec<&'static Action> = ALL.iter().filter(|action| matches(action, &search)).collect();
    let current = (*at).min(found.len().saturating_sub(1));
    use_effect_with(current, {
        let list = list.clone();
        move |current| {
            let row = list.cast::<HtmlElement>().and_then(|list| list.children().item(*current as u32));
            if let Some(row) = row {
                let options = web_sys::ScrollIntoViewOptions::new();
                options.set_block(web_sys::ScrollLogicalPosition::Nearest);
                row.scroll_into_view_with_scroll_into_view_options(&options);
            }
        }
    });
    let perform = {
        let (desk, onclose) = (props.desk.clone(), props.onclose.clone());
        Callback::from(move |action: &'static Action| {
            onclose.emit(());
            desk.perform(action);
        })
    };
    let oninput = {
        let (search, at) = (search.setter(), at.setter());
        Callback::from(move |event: InputEvent| {
            search.set(input_text(&event));
            at.set(0);
        })
    };
    let onkeydown = {
        let (at, perform, found) = (at.setter(), perform.clone(), found.clone());
        Callback::from(move |event: KeyboardEvent| {
            let last = found.len().saturating_sub(1);
            match event.key().as_str() {
                "ArrowDown" => at.set(if current == last { 0 } else { current + 1 }),
                "ArrowUp" => at.set(if current == 0 { last } else { current - 1 }),
                "Enter" => {
                    if let Some(action) = found.get(current) {
                        perform.emit(action);
                    }
                }
                _ => return,
            }
            event.prevent_default();
        })
    };
    let rows = found.iter().enumerate().map(|(index, action)| {
        let why = (action.unfit)(&props.desk);
        let (perform, action) = (perform.clone(), *action);
        let is_current = index == current;
        html! {
            <li key={action.id} id={format!("palette-{}", action.id)} role="option" aria-selected={is_current.to_string()}
                aria-disabled={why.is_some().then_some("true")} data-testid={format!("action-{}", action.id)}
                class={classes!("palette-row", is_current.then_some("palette-current"), why.is_some().then_some("palette-unfit"))}
                onclick={Callback::from(move |_: MouseEvent| perform.emit(action))}>
                <span class="palette-group">{ action.group.label() }</span>
                <span class="palette-label">{ action.label }
                    if let Some(why) = why { <span class="palette-why">{ why }</span> }
                </span>
                if let Some(keys) = action.keys.first() { <kbd>{ keys.named(mac) }</kbd> }
            </li>
        }
    });
    let active = found.get(current).map(|action| format!("palette-{}", action.id));
    html! {
        <Dialog title="All actions" onclose={props.onclose.clone()} testid="palette" dismissible=true>
            <input ref={field} class="input" type="search" placeholder="What would you like to do?" value={(*search).clone()} {oninput} {onkeydown}
                role="combobox" aria-expanded="true" aria-controls="palette-list" aria-activedescendant={active} aria-label="Search actions"
                autocomplete="off" spellcheck="false" data-testid="palette-search" />
            if found.is_empty() {
                <p class="nothing-found">{ "There is no action of this name." }</p>
            }
            <ul ref={list} id="palette-list" class="palette-list" role="listbox" aria-label="Actions">{ for rows }</ul>
        </Dialog>
    }
}
