//! The 3D view and what floats over it.

use std::rc::Rc;

use web_sys::HtmlElement;
use yew::prelude::*;

use super::context::use_session;
use super::models::drop::DropModels;
use super::people::calls::Calls;
use super::people::follow::Following;
use super::standing::StandingCover;
use super::timeline::Banner;
use super::view_files::{What, export};
use super::view_tools::{ViewNote, ViewTools};
use crate::form::world::{share_view, view_back};
use crate::theme::use_theme;
use crate::ui::{Glyph, Icon, IconButton, Remedy, Tone, use_toasts};
use crate::viewport::scene::{Scene, Told};

/// Whether there is a picture.
#[derive(Debug, Clone, PartialEq)]
enum Picture {
    Fine,
    /// The graphics card has taken the drawing away for now.
    Lost,
    /// There is no 3D here, and why.
    Missing(String),
}

/// The 3D view of the session.
#[component]
pub(super) fn View() -> Html {
    let session = use_session();
    let (client, port) = (Rc::clone(&session.client), Rc::clone(&session.port));
    let dark = use_theme().dark;
    let toasts = use_toasts();
    let (view, container) = (use_node_ref(), use_node_ref());
    let say = toasts.clone();
    let scene = use_mut_ref(|| None::<Rc<Scene>>);
    let picture = use_state_eq(|| Picture::Fine);
    let own_view = use_state_eq(|| false);

    use_effect_with((), {
        let (container, scene, client) = (container.clone(), Rc::clone(&scene), Rc::clone(&client));
        let (picture, own_view) = (picture.setter(), own_view.setter());
        move |()| {
            let lost = picture.clone();
            let told = Told {
                own_view: Box::new(move |own| own_view.set(own)),
                lost: Box::new(move |is| lost.set(if is { Picture::Lost } else { Picture::Fine })),
                say: Box::new({
                    let say = say.clone();
                    move |text| say.say(Tone::Bad, text)
                }),
                tell: Box::new(move |text| say.say(Tone::Plain, text)),
            };
            if let Some(element) = container.cast::<HtmlElement>() {
                match Scene::new(&element, &client, dark, told) {
                    Ok(made) => {
                        port.set(&made);
                        scene.replace(Some(made));
                    }
                    Err(why) => picture.set(Picture::Missing(why)),
                }
            }
            move || drop(scene.take())
        }
    });
    use_effect_with(dark, {
        let scene = Rc::clone(&scene);
        move |dark| {
            if let Some(scene) = scene.borrow().as_ref() {
                scene.set_dark(*dark);
            }
        }
    });

    let with_scene = |act: fn(&Scene)| {
        let scene = Rc::clone(&scene);
        Callback::from(move |_: MouseEvent| {
            if let Some(scene) = scene.borrow().as_ref() {
                act(scene);
            }
        })
    };
    let onshare = {
        let (scene, client, toasts) = (Rc::clone(&scene), Rc::clone(&client), toasts.clone());
        Callback::from(move |_: MouseEvent| {
            let pose = scene.borrow().as_ref().map(|scene| scene.pose());
            let (Some(pose), Some(before)) = (pose, client.world()) else { return };
            if client.submit(share_view(pose.position, pose.target)) {
                let client = Rc::clone(&client);
                // Whatever was done since is not taken back with it.
                let act = Callback::from(move |()| {
                    client.submit(view_back(&before));
                });
                let undo = Remedy { label: "Undo".into(), act };
                toasts.offer(Tone::Plain, "Your view is everybody's shared view now.", undo);
            }
        })
    };
    let onpicture = Callback::from(move |_: MouseEvent| export(What::Picture(1.0), &session, &toasts));
    let fine = *picture == Picture::Fine;
    let orbiting = client.world().is_some_and(|world| world.orbit.is_some());
    html! {
        <section ref={view.clone()} class="view" aria-label="World" data-testid="view">
            <div ref={container} class="view-canvas" data-testid="viewport"></div>
            if fine {
                <div class="view-tools" role="toolbar" aria-label="View">
                    <IconButton icon={Icon::Focus} label="Look at the selection" onclick={with_scene(Scene::frame)} testid="frame" />
                    <IconButton icon={Icon::Expand} label="Look at everything" onclick={with_scene(Scene::frame_all)} testid="frame-all" />
                    <span class="tools-divider" aria-hidden="true"></span>
                    <IconButton icon={Icon::Globe} label="Back to the shared view" disabled={!*own_view}
                        onclick={with_scene(Scene::show_shared)} testid="shared-view" />
                    <IconButton icon={Icon::Share} label="Make my view the shared view, for everybody" onclick={onshare} testid="use-my-view" />
                    <span class="tools-divider" aria-hidden="true"></span>
                    <IconButton icon={Icon::Camera} label="Save a picture of the view (PNG)" onclick={onpicture} testid="save-picture" />
                </div>
            }
            if fine {
                <ViewTools />
                <ViewNote />
            }
            if orbiting && !*own_view && fine {
                <div class="view-note" data-testid="orbiting"><Glyph icon={Icon::Orbit} size={14} />{ "The shared camera circles. Drag to look by yourself." }</div>
            }
            if let Picture::Missing(why) = &*picture {
                <div class="notice" data-testid="no-webgl">
                    <Glyph icon={Icon::Alert} size={40} />
                    <h2>{ "There is no 3D view here" }</h2>
                    <p>{ why }</p>
                    <p>{ "Everything else works: the list of objects, the inspector and the live updates." }</p>
                </div>
            }
            if *picture == Picture::Lost {
                <div class="view-note view-note-bad" role="status">{ "The graphics card has paused the view. It comes back by itself." }</div>
            }
            <Following />
            <Calls />
            <DropModels {view} />
            <Banner />
            <StandingCover />
        </section>
    }
}
