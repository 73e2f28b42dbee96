//! The search of the list, with what is wrong with it and what it can do.

use std::rc::Rc;

use web_sys::{InputEvent, KeyboardEvent};
use yew::prelude::*;

use super::super::context::use_session;
use super::LIST_ID;
use crate::browser;
use crate::client::search::FORMS;
use crate::ui::field::input_text;
use crate::ui::{Glyph, Icon};

/// The id of the search field.
pub(in crate::pages::session) const FILTER_ID: &str = "tree-filter";
/// Characters of a search: more is nothing that anybody looks for.
const LONGEST: usize = 500;
/// Faults that are told at once.
const TOLD: usize = 3;

/// A field for words and terms, what is wrong with them, and a list of their forms.
#[component]
pub(super) fn Search() -> Html {
    let client = use_session().client;
    let text = use_state(|| client.search_text());
    let oninput = {
        let (text, client) = (text.setter(), Rc::clone(&client));
        Callback::from(move |event: InputEvent| {
            let typed = input_text(&event);
            client.search(&typed);
            text.set(typed);
        })
    };
    let onkeydown = {
        let (text, client) = (text.clone(), Rc::clone(&client));
        Callback::from(move |event: KeyboardEvent| match event.key().as_str() {
            "Escape" if !text.is_empty() => {
                event.prevent_default();
                event.stop_propagation();
                client.search("");
                text.set(String::new());
            }
            "Escape" | "ArrowDown" => {
                event.prevent_default();
                browser::focus(LIST_ID);
            }
            _ => {}
        })
    };
    let faults = client.rows(|rows| rows.query().faults().to_vec());
    let is_wrong = !faults.is_empty();
    html! {
        <div class={classes!("tree-search", is_wrong.then_some("field-invalid"))}>
            <label class="search">
                <Glyph icon={Icon::Search} />
                <span class="visually-hidden">{ "Search objects" }</span>
                <input id={FILTER_ID} class="input" type="search" placeholder="Search, or x>5" value={(*text).clone()} {oninput} {onkeydown}
                    maxlength={LONGEST.to_string()} autocomplete="off" autocapitalize="off" spellcheck="false"
                    aria-invalid={is_wrong.then_some("true")} aria-describedby={is_wrong.then_some("tree-filter-refusal")} data-testid="filter" />
            </label>
            <button type="button" class="icon-button" popovertarget="search-help" aria-label="What can be searched for" title="What can be searched for"
                data-testid="search-help-button"><Glyph icon={Icon::Help} /></button>
            if is_wrong {
                <ul id="tree-filter-refusal" class="tree-faults field-refusal" role="alert" data-testid="filter-refusal">
                    { for faults.iter().take(TOLD).map(|fault| html! { <li>{ fault }</li> }) }
                    if faults.len() > TOLD { <li>{ format!("and {} more", faults.len() - TOLD) }</li> }
                </ul>
            }
            <div id="search-help" popover="auto" class="search-help" role="dialog" aria-labelledby="search-help-title" data-testid="search-help">
                <h2 id="search-help-title">{ "Search objects" }</h2>
                <dl>
                    { for FORMS.iter().map(|(form, finds)| html! { <><dt><code>{ *form }</code></dt><dd>{ *finds }</dd></> }) }
                </dl>
                <p class="hint">{ "Several terms: those for which all of them hold." }</p>
                <p class="hint">{ "In the list: arrows, Home, End, Page ↑ and ↓ go through it, Shift adds, Ctrl goes without choosing, Space chooses one more or one less, F2 renames. \
                    Where it was reached by the Tab key, letters lead to names." }</p>
            </div>
        </div>
    }
}
