//! Models that are dropped on the world: each becomes an object where it lands.

use std::cell::Cell;
use std::rc::Rc;

use gloo_events::{EventListener, EventListenerOptions};
use wasm_bindgen::JsCast;
use web_sys::{DataTransferItem, DragEvent, Event, File, HtmlElement};
use yew::prelude::*;

use super::super::context::{SessionHandle, use_session};
use super::{Uploads, place, unfit, use_uploads};
use crate::api::assets;
use crate::pages::files::{has_files, is_ours};
use crate::ui::{Glyph, Icon, Tone, use_toasts};

/// How far several that are dropped at once stand from one another, and where the world ends.
const ASIDE: f64 = 2.0;
const BOUND: f64 = 12.0;

/// What the page says while something is over the world.
#[derive(Debug, Clone, PartialEq)]
enum Over {
    /// It would land here.
    At([f64; 3]),
    /// It cannot be added, and why.
    Unfit(String),
}

/// Whether what is dragged may be a model: its name is not told before it is dropped, and few systems know the type of
/// one. A session file may be among it; where it is nothing else it is not ours.
fn may_be_model(event: &DragEvent) -> bool {
    let Some(items) = event.data_transfer().filter(|_| has_files(event)).map(|data| data.items()) else {
        return false;
    };
    let is_file = |item: &DataTransferItem| item.kind() == "file";
    let types: Vec<_> = (0..items.length()).filter_map(|n| items.get(n)).filter(is_file).collect();
    // A browser that tells nothing may have anything.
    types.is_empty()
        || types.iter().any(|item| !item.type_().contains("json") || item.type_().contains("gltf"))
}

/// What is dropped on the world.
struct Target {
    session: SessionHandle,
    over: UseStateSetter<Option<Over>>,
    /// Each element that the pointer comes into and goes out of tells so.
    depth: Cell<i32>,
}

impl Target {
    /// Where the pointer is over the view, -1 to 1 in both directions.
    fn point(view: &HtmlElement, event: &DragEvent) -> (f64, f64) {
        let area = view.get_bounding_client_rect();
        let (x, y) = (f64::from(event.client_x()), f64::from(event.client_y()));
        (
            (x - area.left()) / area.width().max(1.0) * 2.0 - 1.0,
            1.0 - (y - area.top()) / area.height().max(1.0) * 2.0,
        )
    }

    /// Where it would land; in the middle of a page without 3D.
    fn landing(&self, view: &HtmlElement, event: &DragEvent) -> [f64; 3] {
        let (x, y) = Self::point(view, event);
        self.session.port.scene().map_or([0.0; 3], |scene| scene.landing(x, y))
    }

    fn show(&self, view: &HtmlElement, event: &DragEvent) {
        let why = unfit(&self.session.client);
        if let Some(data) = event.data_transfer() {
            data.set_drop_effect(if why.is_none() { "copy" } else { "none" });
        }
        self.over.set(Some(match why {
            None => Over::At(self.landing(view, event)),
            Some(why) => Over::Unfit(why),
        }));
    }

    fn end(&self) {
        self.depth.set(0);
        self.over.set(None);
        if let Some(scene) = self.session.port.scene() {
            scene.end_landing();
        }
    }
}

fn files_of(event: &DragEvent) -> Vec<File> {
    let files = event.data_transfer().and_then(|data| data.files());
    files.map_or_else(Vec::new, |files| (0..files.length()).filter_map(|n| files.get(n)).collect())
}

/// Sends each model, and makes an object of it where it was dropped.
fn take(session: &SessionHandle, uploads: &Uploads, models: Vec<File>, at: [f64; 3]) {
    for (place_in_row, file) in models.into_iter().enumerate() {
        let [x, y, z] = at;
        let x = (x + ASIDE * place_in_row as f64).min(BOUND);
        let (client, name) = (Rc::clone(&session.client), file.name());
        uploads.begin(file, Callback::from(move |asset| place(&client, &name, &asset, [x, y, z])));
    }
}

/// Properties of [`DropModels`].
#[derive(Properties, PartialEq)]
pub(in crate::pages::session) struct DropModelsProps {
    /// The view.
    pub(in crate::pages::session) view: NodeRef,
}

/// Takes models that are dropped on the view, and shows where one would land.
#[component]
pub(in crate::pages::session) fn DropModels(props: &DropModelsProps) -> Html {
    let session = use_session();
    let uploads = use_uploads();
    let toasts = use_toasts();
    let over = use_state_eq(|| None::<Over>);
    let shown = uploads.shown.clone();
    use_effect_with(props.view.clone(), {
        let over = over.setter();
        move |view: &NodeRef| {
            let view = view.cast::<HtmlElement>();
            let listeners = view.map(|view| {
                let target = Rc::new(Target { session: session.clone(), over, depth: Cell::default() });
                let dropped = move |event: &DragEvent, at| {
                    let (models, others): (Vec<_>, Vec<_>) =
                        files_of(event).into_iter().partition(|f| assets::media_type_of(&f.name()).is_some());
                    if !models.is_empty() {
                        event.stop_propagation();
                        return take(&session, &uploads, models, at);
                    }
                    if let Some(other) = others.into_iter().next().filter(|file| !is_ours(file)) {
                        let name = other.name();
                        toasts
                            .say(Tone::Bad, format!("{name} is no model (.glb, .gltf) and no session file."));
                    }
                };
                listen(&view, &target, dropped)
            });
            move || drop(listeners)
        }
    });
    html! {
        <>
            { shown }
            if let Some(over) = &*over {
                <div class={classes!("view-note", "landing-note", matches!(over, Over::Unfit(_)).then_some("view-note-bad"))}
                    role="status" data-testid="landing">
                    { match over {
                        Over::At([x, _, z]) => html! {
                            <>
                                <Glyph icon={Icon::Upload} size={14} />
                                { "Drop a model here: " }<span class="numbers">{ format!("x {x}, z {z}") }</span>
                            </>
                        },
                        Over::Unfit(why) => html! { <>{ "No model can be added: " }{ why }</> },
                    } }
                </div>
            }
        </>
    }
}

/// Listens on the view itself, so that the rest of the page does not hear of what is for the world.
fn listen(
    view: &HtmlElement,
    target: &Rc<Target>,
    dropped: impl Fn(&DragEvent, [f64; 3]) + 'static,
) -> [EventListener; 4] {
    let on = |name: &'static str, act: Box<dyn Fn(&DragEvent)>| {
        let options = EventListenerOptions::enable_prevent_default();
        EventListener::new_with_options(view, name, options, move |event: &Event| {
            if let Some(event) = event.dyn_ref::<DragEvent>().filter(|event| may_be_model(event)) {
                event.prevent_default();
                act(event);
            }
        })
    };
    let (enter, over, leave, drop) =
        (Rc::clone(target), Rc::clone(target), Rc::clone(target), Rc::clone(target));
    let (here, there) = (view.clone(), view.clone());
    [
        on(
            "dragenter",
            Box::new(move |event| {
                event.stop_propagation();
                enter.depth.set(enter.depth.get() + 1);
            }),
        ),
        on(
            "dragover",
            Box::new(move |event| {
                event.stop_propagation();
                over.show(&here, event);
            }),
        ),
        on(
            "dragleave",
            Box::new(move |event| {
                event.stop_propagation();
                leave.depth.set(leave.depth.get() - 1);
                if leave.depth.get() <= 0 {
                    leave.end();
                }
            }),
        ),
        on(
            "drop",
            Box::new(move |event| {
                let at = drop.landing(&there, event);
                drop.end();
                dropped(event, at);
            }),
        ),
    ]
}
