//! What a person can do in a session, each thing once: keys, the palette, the list of shortcuts and the
//! buttons all take it from one table.
//!
//! # Layout
//! - this file: an action, and where it acts ([`Desk`]).
//! - `table`: every action. A feature adds its own list there.
//! - `edit`, `clipboard`, `nudge`: what those of editing do.
//! - `keys`: which keys stand for which.
//! - `palette`, `shortcuts`: the two ways to find them.

pub(super) mod clipboard;
mod edit;
pub(super) mod keys;
mod nudge;
mod palette;
mod shortcuts;
mod table;

use std::rc::Rc;

use gloo_events::{EventListener, EventListenerOptions};
use wasm_bindgen::JsCast;
use web_sys::KeyboardEvent;
use yew::prelude::*;

use super::context::SessionHandle;
use super::timeline::Time;
use crate::browser;
use crate::client::SessionClient;
use crate::past::TimeMachine;
use crate::theme::{Theme, use_theme};
use crate::ui::{Icon, IconButton, Toasts, Tone, use_toasts};
pub(super) use keys::Keys;
use palette::Palette;
use shortcuts::Shortcuts;

/// What belongs together in the palette and the list of shortcuts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Group {
    Edit,
    Select,
    Tools,
    Move,
    Add,
    View,
    People,
    Time,
    Session,
}

impl Group {
    pub(super) const ALL: [Self; 9] = [
        Self::Edit,
        Self::Select,
        Self::Tools,
        Self::Move,
        Self::Add,
        Self::View,
        Self::People,
        Self::Time,
        Self::Session,
    ];

    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Edit => "Edit",
            Self::Select => "Select",
            Self::Tools => "Tools",
            Self::Move => "Move",
            Self::Add => "Add",
            Self::View => "View",
            Self::People => "People",
            Self::Time => "Time",
            Self::Session => "Session",
        }
    }
}

/// One thing that a person can do.
pub(super) struct Action {
    /// Unique; also its name for browser tests.
    pub(super) id: &'static str,
    /// What it is called.
    pub(super) label: &'static str,
    pub(super) group: Group,
    /// The keys that do it; the first are shown.
    pub(super) keys: &'static [Keys],
    /// Why it cannot be done now; `None` where it can.
    pub(super) unfit: fn(&Desk) -> Option<&'static str>,
    /// Does it.
    pub(super) run: fn(&Desk),
}

/// What an action asks the page around it for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ask {
    /// The palette of all actions.
    Palette,
    /// The list of shortcuts.
    Shortcuts,
    /// The list of objects, shown or hidden.
    Tree,
    /// The panel at the side, shown or hidden.
    Side,
    /// The form of a new object.
    Add,
    /// The fields of the world.
    World,
    /// A new name for the selected object, in its row.
    Rename,
    /// A new name for the session.
    RenameSession,
    /// The search of the tree.
    Search,
}

/// Where actions act.
#[derive(Clone)]
pub(super) struct Desk {
    pub(super) session: SessionHandle,
    pub(super) time: Rc<TimeMachine>,
    pub(super) toasts: Toasts,
    pub(super) theme: Theme,
    pub(super) ask: Callback<Ask>,
}

impl Desk {
    pub(super) fn client(&self) -> &Rc<SessionClient> {
        &self.session.client
    }

    /// Says something that is not wrong.
    pub(super) fn say(&self, text: impl Into<AttrValue>) {
        self.toasts.say(Tone::Good, text);
    }

    /// Says why something is not done.
    pub(super) fn refuse(&self, text: impl Into<AttrValue>) {
        self.toasts.say(Tone::Bad, text);
    }

    /// Does an action if it can be done, and says why if not.
    pub(super) fn perform(&self, action: &Action) {
        match (action.unfit)(self) {
            None => (action.run)(self),
            Some(edit::PAST | edit::LOOKS_ONLY) => {
                self.client().tell_read_only();
            }
            Some(why) => self.refuse(format!("{}: {why}", action.label)),
        }
    }
}

/// The actions of the page, for those who show them as buttons.
#[derive(Clone)]
pub(super) struct Actions {
    desk: Rc<Desk>,
    revision: u64,
}

impl PartialEq for Actions {
    fn eq(&self, other: &Self) -> bool {
        self.revision == other.revision && Rc::ptr_eq(&self.desk.session.client, &other.desk.session.client)
    }
}

impl Actions {
    /// Does the action `id`, or says why it cannot be done now.
    ///
    /// # Panics
    /// Where there is no such action.
    pub(super) fn perform(&self, id: &'static str) {
        self.desk.perform(table::by_id(id));
    }

    /// A button for the action `id`, which can be pressed while that can be done.
    ///
    /// # Panics
    /// Where there is no such action.
    pub(super) fn button(&self, id: &'static str, icon: Icon, class: &'static str) -> Html {
        let action = table::by_id(id);
        let (label, onclick) = (label_of(action), self.press(action));
        let disabled = (action.unfit)(&self.desk).is_some();
        html! { <IconButton {icon} {label} {disabled} {onclick} {class} testid={id} /> }
    }

    /// The same for an action that switches something, which is `on`; its key stands on the button.
    ///
    /// # Panics
    /// Where there is no such action.
    pub(super) fn switch(&self, id: &'static str, icon: Icon, on: bool) -> Html {
        let action = table::by_id(id);
        let (label, onclick) = (label_of(action), self.press(action));
        let disabled = (action.unfit)(&self.desk).is_some();
        let key = action.keys.first().map(|keys| keys.named(keys::is_mac()));
        html! {
            <span class="tool">
                <IconButton {icon} {label} {disabled} pressed={on} {onclick} testid={id} />
                if let Some(key) = key { <span class="tool-key" aria-hidden="true">{ key }</span> }
            </span>
        }
    }

    /// A callback that does the action `id`, or says why it cannot be done.
    ///
    /// # Panics
    /// Where there is no such action.
    pub(super) fn performing(&self, id: &'static str) -> Callback<MouseEvent> {
        self.press(table::by_id(id))
    }

    fn press(&self, action: &'static Action) -> Callback<MouseEvent> {
        let desk = Rc::clone(&self.desk);
        Callback::from(move |_| desk.perform(action))
    }
}

/// What a button for an action is called, with its first key.
fn label_of(action: &Action) -> String {
    match action.keys.first() {
        Some(keys) => format!("{} ({})", action.label, keys.named(keys::is_mac())),
        None => action.label.to_owned(),
    }
}

/// The actions of the page.
///
/// # Panics
/// Outside of the session page.
#[hook]
pub(super) fn use_actions() -> Actions {
    use_context().expect("the session page provides its actions")
}

/// Properties of [`Editor`].
#[derive(Properties, PartialEq)]
pub(super) struct EditorProps {
    pub(super) session: SessionHandle,
    pub(super) time: Time,
    /// Called with what concerns the page around it.
    pub(super) ask: Callback<Ask>,
    pub(super) children: Html,
}

/// Listens to the keys for as long as it is there, and shows the palette and the shortcuts. The rest of the
/// page is inside it.
#[component]
pub(super) fn Editor(props: &EditorProps) -> Html {
    let (toasts, theme) = (use_toasts(), use_theme());
    let open = use_state_eq(|| None::<Ask>);
    let ask = {
        let (open, outer) = (open.setter(), props.ask.clone());
        Callback::from(move |wish: Ask| match wish {
            Ask::Palette | Ask::Shortcuts => open.set(Some(wish)),
            other => outer.emit(other),
        })
    };
    let desk =
        Rc::new(Desk { session: props.session.clone(), time: Rc::clone(&props.time.0), toasts, theme, ask });
    // The listener stays; what it acts on is that of the last drawing.
    let latest = use_mut_ref(|| None::<Rc<Desk>>);
    latest.replace(Some(Rc::clone(&desk)));
    use_effect_with((), move |()| {
        let options = EventListenerOptions::enable_prevent_default();
        let listener =
            EventListener::new_with_options(&browser::document(), "keydown", options, move |event| {
                let Some(event) = event.dyn_ref::<KeyboardEvent>() else { return };
                if let Some(desk) = latest.borrow().clone() {
                    dispatch(&desk, event);
                }
            });
        move || drop(listener)
    });
    let onclose = {
        let open = open.setter();
        Callback::from(move |()| open.set(None))
    };
    let actions = Actions { desk: Rc::clone(&desk), revision: props.session.revision };
    html! {
        <ContextProvider<Actions> context={actions}>
            { props.children.clone() }
            { match *open {
                Some(Ask::Palette) => html! { <Palette desk={(*desk).clone()} {onclose} /> },
                Some(Ask::Shortcuts) => html! { <Shortcuts {onclose} /> },
                _ => html! {},
            } }
        </ContextProvider<Actions>>
    }
}

/// Does what a key stands for, unless the key belongs to what has the focus.
fn dispatch(desk: &Desk, event: &KeyboardEvent) {
    if keys::is_taken(event) {
        return;
    }
    let action = keys::with_pressed(event, |pressed| table::by_keys(pressed, desk));
    if let Some(action) = action {
        let unfit = (action.unfit)(desk);
        if unfit.is_some_and(|why| why != table::SEVERAL) && desk.client().read_only().is_none() {
            // Nothing to do is nothing to tell.
            return;
        }
        event.prevent_default();
        // A key that is held down repeats what moves, and nothing else.
        if !event.repeat() || action.group == Group::Move {
            desk.perform(action);
        }
    }
}
