//! The world and the camera that everybody shares.

use std::rc::Rc;

use vws_core::reduce::State;
use vws_core::{Command, World as WorldState};
use web_sys::{HtmlInputElement, SubmitEvent};
use yew::prelude::*;

use super::context::{SessionHandle, use_session};
use super::parts::{Section, Triple};
use crate::form::Refusals;
use crate::form::object::Axis;
use crate::form::world::{OrbitForm, WorldField};
use crate::ui::{Button, Confirm, Field, Icon, Kind, LiveField, Shape};

/// The fields of the world.
#[component]
pub(super) fn World() -> Html {
    let session = use_session();
    let Some(world) = session.client.world() else { return html! {} };
    let objects = session.client.view(|view, _| view.object_count()).unwrap_or_default();
    let clearing = use_state(|| false);
    let onclear = session.commit().reform(|()| Command::ClearObjects);
    let onreset = session.commit().reform(|_| Command::InitializeWorld { world: Default::default() });
    let ontransparency = {
        let (client, field) = (Rc::clone(&session.client), WorldField::Transparency);
        Callback::from(move |event: Event| {
            let text = event.target_unchecked_into::<HtmlInputElement>().value();
            if let Ok(command) = client.check(|view, limits| field.command(view, &text, limits)) {
                client.submit(command);
            }
        })
    };
    html! {
        <div class="panel-body" data-testid="world-form">
            <Section title="Grid">
                { live(&session, &world, WorldField::Size, "Positions per axis".into(), None, Shape::Number(1.0)) }
                <div class="with-slider">
                    { live(&session, &world, WorldField::Transparency, "Transparency".into(), None, Shape::Number(0.05)) }
                    <input type="range" class="slider" min="0" max="1" step="0.05" value={world.transparency.to_string()} onchange={ontransparency}
                        aria-label="Transparency" />
                </div>
            </Section>
            <Section title="Shared camera">
                { triple(&session, &world, "Camera", WorldField::Camera, 1.0) }
                { triple(&session, &world, "Target", WorldField::Target, 1.0) }
                { live(&session, &world, WorldField::Fov, "Field of view (degrees)".into(), None, Shape::Number(5.0)) }
                <p class="hint">{ "Everybody who opens this session begins with this view. The button \"Make my view the shared view\" over the world makes yours this one." }</p>
            </Section>
            <Orbit />
            <Section title="Start over">
                <div class="panel-actions">
                    <Button label="Default world" icon={Icon::Refresh} onclick={onreset} testid="reset-world" />
                    <Button label="Delete all objects" icon={Icon::Trash} kind={Kind::Danger} disabled={objects == 0} testid="clear-objects"
                        onclick={let clearing = clearing.setter(); move |_| clearing.set(true)} />
                </div>
            </Section>
            if *clearing {
                <Confirm title={format!("Delete {}?", if objects == 1 { "the object".to_owned() } else { format!("all {objects} objects") })}
                    text="They go for everybody in this session. This cannot be undone." action="Delete all" onconfirm={onclear}
                    onclose={let clearing = clearing.setter(); move |()| clearing.set(false)} />
            }
        </div>
    }
}

fn live(
    session: &SessionHandle,
    world: &WorldState,
    field: WorldField,
    label: AttrValue,
    prefix: Option<AttrValue>,
    shape: Shape,
) -> Html {
    let check =
        session.check(move |client, text| client.check(|view, limits| field.command(view, text, limits)));
    html! {
        <LiveField id={format!("world-{}", field.id())} {label} {prefix} {shape} shown={field.shown(world)} {check}
            commit={session.commit()} />
    }
}

fn triple(
    session: &SessionHandle,
    world: &WorldState,
    label: &'static str,
    of: fn(Axis) -> WorldField,
    step: f64,
) -> Html {
    let (session, world) = (session.clone(), world.clone());
    let field = Callback::from(move |(axis, label, prefix): (Axis, AttrValue, AttrValue)| {
        live(&session, &world, of(axis), label, Some(prefix), Shape::Number(step))
    });
    html! { <Triple {label} {field} /> }
}

/// Lets the shared camera circle its target, or stand still.
#[component]
fn Orbit() -> Html {
    let session = use_session();
    let form = use_state(OrbitForm::default);
    let client = &session.client;
    let orbiting = client.world().is_some_and(|world| world.orbit.is_some());
    let checked = client.view(|view, limits| form.command(view, limits));
    let refusals = match &checked {
        Some(Err(refusals)) => refusals.clone(),
        Some(Ok(_)) | None => Refusals::default(),
    };
    let disabled = !matches!(checked, Some(Ok(_)));
    let onsubmit = {
        let commit = session.commit();
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            if let Some(Ok(command)) = &checked {
                commit.emit(command.clone());
            }
        })
    };
    let onstop = session.commit().reform(|_| Command::StopOrbit);
    let edit = |change: fn(&mut OrbitForm, String)| {
        let form = form.clone();
        Callback::from(move |text: String| {
            let mut edited = (*form).clone();
            change(&mut edited, text);
            form.set(edited);
        })
    };
    let at = |pointer: &str| refusals.at(pointer).cloned();
    html! {
        <Section title="Orbit">
            <form {onsubmit} class="orbit">
                <div class="orbit-fields">
                    <Field id="orbit-radius" label="Radius" number=true value={form.radius.clone()} oninput={edit(|f, t| f.radius = t)} refusal={at("/orbit/radius")} />
                    <Field id="orbit-speed" label="Degrees/s" number=true value={form.speed.clone()} oninput={edit(|f, t| f.speed = t)} refusal={at("/orbit/speed")} />
                    <Field id="orbit-elevation" label="Elevation" number=true value={form.elevation.clone()} oninput={edit(|f, t| f.elevation = t)} refusal={at("/orbit/elevation")} />
                </div>
                <div class="panel-actions">
                    <Button label={if orbiting { "Start anew" } else { "Start orbit" }} icon={Icon::Orbit} submit=true {disabled} testid="start-orbit" />
                    if orbiting { <Button label="Stop orbit" icon={Icon::Stop} onclick={onstop} testid="stop-orbit" /> }
                </div>
            </form>
        </Section>
    }
}
