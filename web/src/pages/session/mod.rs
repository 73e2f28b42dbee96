//! One session: its objects, its world, and everybody's changes as they happen.

mod bar;
mod compare;
mod context;
mod create;
mod dock;
mod editor;
mod files;
mod foot;
mod fork;
mod inspector;
mod links;
mod models;
mod object_history;
mod parts;
mod people;
mod share;
mod sheet;
mod side;
mod standing;
mod timeline;
mod tree;
mod view;
mod view_files;
mod view_tools;
mod world;

use std::cell::{OnceCell, RefCell};
use std::rc::{Rc, Weak};

use gloo_events::{EventListener, EventListenerOptions};
use gloo_timers::callback::Timeout;
use vws_core::replica::Replica;
use vws_core::{ObjectName, SessionId};
use yew::prelude::*;

use crate::browser;
use crate::client::SessionClient;
use crate::client::notice::Notice;
use crate::debug;
use crate::ui::{Remedy, Toasts, use_toasts};
use crate::viewport::port::Port;
use bar::Bar;
use context::SessionHandle;
use dock::Dock;
use editor::{Ask, Editor};
use foot::Foot;
use links::use_place;
use sheet::Sheet;
use side::{Side, Tab};
use standing::the_end;
use timeline::{Time, Timeline, use_machine};
use tree::{FILTER_ID, Tree};
use view::View;

/// Properties of [`SessionPage`].
#[derive(Properties, PartialEq)]
pub struct SessionPageProps {
    /// The session.
    pub id: SessionId,
}

/// Which panels are shown beside the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Panels {
    tree: bool,
    side: bool,
}

impl Panels {
    /// Both beside the world where there is room; on a phone each covers the world, so neither.
    fn first() -> Self {
        let room = !is_narrow();
        Self { tree: room, side: room }
    }

    /// With the tree shown or hidden; on a phone only one of them is shown.
    fn with_tree(self, tree: bool) -> Self {
        Self { tree, side: self.side && !(tree && is_narrow()) }
    }

    /// With the side panel shown or hidden; on a phone only one of them is shown.
    fn with_side(self, side: bool) -> Self {
        Self { side, tree: self.tree && !(side && is_narrow()) }
    }
}

/// Whether panels cover the world; the style sheet has the same bound.
fn is_narrow() -> bool {
    let query = browser::window().match_media("(max-width: 860px)");
    query.ok().flatten().is_some_and(|query| query.matches())
}

/// The page of one session.
#[component]
pub fn SessionPage(props: &SessionPageProps) -> Html {
    let session = use_client(props.id);
    let time = use_machine(&session.client);
    use_place(&session, &time);
    let panels = use_state(Panels::first);
    let tab = use_state(Tab::default);
    use_effect_with(session.client.choices(), {
        let (tab, client) = (tab.setter(), Rc::clone(&session.client));
        move |_| {
            if client.selected().is_some() && !client.is_selection_made() {
                tab.set(Tab::Object);
            }
        }
    });

    let ontab = {
        let (tab, panels) = (tab.setter(), panels.clone());
        Callback::from(move |chosen: Tab| {
            tab.set(chosen);
            panels.set(panels.with_side(true));
        })
    };
    let onadd = ontab.reform(|()| Tab::Add(None));
    let ontree = {
        let panels = panels.clone();
        Callback::from(move |()| panels.set(panels.with_tree(!panels.tree)))
    };
    let onside = {
        let panels = panels.clone();
        Callback::from(move |()| panels.set(panels.with_side(!panels.side)))
    };
    let renaming = use_state_eq(|| None::<ObjectName>);
    let renaming_session = use_state_eq(|| false);
    let onrenaming = {
        let renaming = renaming_session.setter();
        Callback::from(move |on| renaming.set(on))
    };
    let onask = {
        let (panels, ontab, renaming) = (panels.clone(), ontab.clone(), renaming.setter());
        let (client, onrenaming) = (Rc::clone(&session.client), onrenaming.clone());
        Callback::from(move |ask: Ask| match ask {
            Ask::Tree => panels.set(panels.with_tree(!panels.tree)),
            Ask::Side => panels.set(panels.with_side(!panels.side)),
            Ask::Add => ontab.emit(Tab::Add(None)),
            Ask::World => ontab.emit(Tab::World),
            Ask::Rename => {
                let Some(name) = client.selected() else { return };
                if let Err(why) = client.can_rename(&name) {
                    client.refuse(why);
                } else if client.is_listed(&name) {
                    panels.set(panels.with_tree(true));
                    renaming.set(Some(name));
                } else {
                    // The search hides its row: its name is in the inspector too.
                    ontab.emit(Tab::Object);
                    Timeout::new(0, || browser::focus("inspector-name")).forget();
                }
            }
            Ask::RenameSession => onrenaming.emit(true),
            Ask::Search => {
                panels.set(panels.with_tree(true));
                // Once the list is there.
                Timeout::new(0, || browser::focus(FILTER_ID)).forget();
            }
            Ask::Palette | Ask::Shortcuts => {}
        })
    };
    let onrename = {
        let renaming = renaming.setter();
        Callback::from(move |name| renaming.set(name))
    };
    let Panels { tree, side } = *panels;
    if let Some(end) = the_end(&session.client) {
        return html! {
            <ContextProvider<SessionHandle> context={session}>
            <ContextProvider<Time> context={time}>
                <div class="session-page">
                    <Bar {tree} {side} {ontree} {onside} renaming={*renaming_session} {onrenaming} />
                    { end }
                    <Foot />
                </div>
            </ContextProvider<Time>>
            </ContextProvider<SessionHandle>>
        };
    }
    let past = session.client.past_seq().is_some();
    let onpanels = {
        let panels = panels.setter();
        Callback::from(move |shown| panels.set(shown))
    };
    let onclose = onpanels.reform(|()| Panels { tree: false, side: false });
    html! {
        <ContextProvider<SessionHandle> context={session.clone()}>
        <ContextProvider<Time> context={time.clone()}>
        <Editor session={session.clone()} {time} ask={onask}>
            <div class="session-page">
                <Bar {tree} {side} {ontree} {onside} renaming={*renaming_session} {onrenaming} />
                <main id="main" tabindex="-1" class={classes!("workbench", tree.then_some("with-tree"), side.then_some("with-side"), past.then_some("in-past"))}>
                    if tree { <Sheet onclose={onclose.clone()}><Tree {onadd} renaming={(*renaming).clone()} {onrename} /></Sheet> }
                    <View />
                    if side { <Sheet {onclose}><Side tab={(*tab).clone()} {ontab} /></Sheet> }
                </main>
                <Timeline />
                <Foot />
                <Dock panels={*panels} {onpanels} />
            </div>
        </Editor>
        </ContextProvider<Time>>
        </ContextProvider<SessionHandle>>
    }
}

/// The page's part in a session, for as long as the page is there.
#[hook]
fn use_client(id: SessionId) -> SessionHandle {
    let toasts = use_toasts();
    let client = use_memo(id, |id| {
        let own = Rc::new(OnceCell::new());
        let client = SessionClient::open(*id, {
            let own = Rc::clone(&own);
            move |notice| tell(&toasts, &notice, &own)
        });
        // It is set nowhere else.
        let _ = own.set(Rc::downgrade(&client));
        client
    });
    let port = use_memo(id, |_| Port::default());
    let revision = use_state(|| 0);
    use_effect_with(id, {
        let (client, revision) = (Rc::clone(&client), revision.setter());
        move |_| {
            let count = RefCell::new(0);
            let following = client.follow(move |dirty| {
                // Where others look and point is many times a second, and only the view shows it.
                if !dirty.page {
                    return;
                }
                *count.borrow_mut() += 1;
                revision.set(*count.borrow());
            });
            let handle = debug::install(&client);
            let leaving = ask_before_leaving(&client);
            move || {
                drop(following);
                drop(handle);
                drop(leaving);
                client.close();
            }
        }
    });
    SessionHandle { client: Rc::clone(&client), revision: *revision, port }
}

/// Tells the user a notice, with the way to try again where that makes sense.
fn tell(toasts: &Toasts, notice: &Notice, own: &Rc<OnceCell<Weak<SessionClient>>>) {
    let (tone, words) = notice.told();
    let Some(command) = notice.worth_a_retry() else { return toasts.say(tone, words) };
    let (own, command) = (Rc::clone(own), command.clone());
    let act = Callback::from(move |()| {
        if let Some(client) = own.get().and_then(Weak::upgrade) {
            client.submit(command.clone());
        }
    });
    toasts.offer(tone, words, Remedy { label: "Try again".into(), act });
}

/// Makes the browser ask before the page is left while it has changes that the server has not answered.
fn ask_before_leaving(client: &Rc<SessionClient>) -> EventListener {
    let client = Rc::clone(client);
    let options = EventListenerOptions::enable_prevent_default();
    EventListener::new_with_options(&browser::window(), "beforeunload", options, move |event| {
        if client.read(Replica::pending) > 0 {
            event.prevent_default();
        }
    })
}
