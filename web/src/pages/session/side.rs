//! The panel at the side: the selected object, a new one, or the world.

use gloo_timers::callback::Timeout;
use vws_core::ObjectName;
use web_sys::KeyboardEvent;
use yew::prelude::*;

use super::context::use_session;
use super::create::{Create, Edit};
use super::inspector::Inspector;
use super::object_history::ObjectHistory;
use super::world::World;
use crate::browser;
use crate::ui::{Glyph, Icon};
use crate::words;

/// What the panel shows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) enum Tab {
    /// The selected object.
    #[default]
    Object,
    /// A new object, with the fields of another one to begin with.
    Add(Option<ObjectName>),
    /// The world and the shared camera.
    World,
}

impl Tab {
    const ALL: [(Self, &'static str, Icon); 3] = [
        (Self::Object, "Object", Icon::Sliders),
        (Self::Add(None), "Add", Icon::Plus),
        (Self::World, "World", Icon::Globe),
    ];

    /// Whether it is the same tab, whatever it shows.
    fn is(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }
}

/// Properties of [`Side`].
#[derive(Properties, PartialEq)]
pub(super) struct SideProps {
    /// What it shows.
    pub(super) tab: Tab,
    /// Called with what it is to show.
    pub(super) ontab: Callback<Tab>,
}

/// The panel at the side.
#[component]
pub(super) fn Side(props: &SideProps) -> Html {
    let session = use_session();
    let ready = session.client.read(|replica| replica.confirmed().is_some());
    let read_only = session.client.read_only();
    let current = Tab::ALL.iter().position(|(tab, ..)| tab.is(&props.tab)).unwrap_or_default();
    let onkeydown = {
        let ontab = props.ontab.clone();
        Callback::from(move |event: KeyboardEvent| {
            let count = Tab::ALL.len();
            let to = match event.key().as_str() {
                "ArrowRight" => (current + 1) % count,
                "ArrowLeft" => (current + count - 1) % count,
                _ => return,
            };
            event.prevent_default();
            ontab.emit(Tab::ALL[to].0.clone());
            focus_tab(to);
        })
    };
    let onadd = props.ontab.reform(|()| Tab::Add(None));
    let onedit = {
        let (client, ontab) = (std::rc::Rc::clone(&session.client), props.ontab.clone());
        Callback::from(move |Edit { name, by_key }: Edit| {
            client.select(Some(name));
            ontab.emit(Tab::Object);
            if by_key {
                Timeout::new(0, || browser::focus("inspector-x")).forget();
            }
        })
    };
    let onduplicate = props.ontab.reform(|name| Tab::Add(Some(name)));
    html! {
        <section class="panel side-panel" aria-label="Inspector" data-testid="side-panel">
            <div class="tabs" role="tablist" aria-label="Inspector" {onkeydown}>
                { for Tab::ALL.iter().enumerate().map(|(index, (tab, label, icon))| {
                    let is_current = index == current;
                    let (ontab, tab) = (props.ontab.clone(), tab.clone());
                    html! {
                        <button type="button" role="tab" class="tab" id={tab_id(index)} aria-selected={is_current.to_string()} aria-controls="side-body"
                            tabindex={if is_current { "0" } else { "-1" }} onclick={move |_| ontab.emit(tab.clone())}
                            data-testid={format!("tab-{}", words::lower(label))}>
                            <Glyph icon={*icon} />{ *label }
                        </button>
                    }
                }) }
            </div>
            // Keyed: each tab begins at its top, however far another was scrolled.
            <div key={tab_id(current)} class="side-body" id="side-body" role="tabpanel" aria-labelledby={tab_id(current)}>
                if ready {
                    // In the past every field shows what was, and none takes anything.
                    if let (Tab::Add(_), Some(why)) = (&props.tab, &read_only) {
                        <p class="add-refused" data-testid="add-refused"><Glyph icon={Icon::Info} size={14} />{ "Nothing can be added now: " }{ why }</p>
                    }
                    <fieldset class="all-fields" disabled={read_only.is_some()} title={read_only.clone()}>
                    { match &props.tab {
                        Tab::Object => html! { <Inspector {onadd} {onduplicate} /> },
                        Tab::Add(like) => html! {
                            <Create key={like.as_ref().map_or("", |name| name.as_str())} like={like.clone()} {onedit} />
                        },
                        Tab::World => html! { <World /> },
                    } }
                    </fieldset>
                    // Not among the fields: it leads from one moment of the past to another.
                    if let (Tab::Object, 1, Some(name)) = (&props.tab, session.client.selected_count(), session.client.selected()) {
                        <ObjectHistory key={name.as_str()} name={name.clone()} />
                    }
                } else {
                    <div class="panel-body" aria-busy="true">
                        { for (0..4).map(|_| html! { <div class="skeleton skeleton-field"></div> }) }
                    </div>
                }
            </div>
        </section>
    }
}

fn tab_id(index: usize) -> String {
    format!("tab-{index}")
}

fn focus_tab(index: usize) {
    use wasm_bindgen::JsCast;
    let tab = browser::document().get_element_by_id(&tab_id(index));
    if let Some(tab) = tab.and_then(|tab| tab.dyn_into::<web_sys::HtmlElement>().ok()) {
        // Focus is a kindness: where it is refused the user clicks.
        let _ = tab.focus();
    }
}
