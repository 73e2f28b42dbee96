//! The form of a new object.
//!
//! # Layout
//! - this file: the whole, and what becomes of it; `kinds`: the type; `fields`: the larger of the other fields.

mod fields;
mod kinds;

use std::rc::Rc;

use vws_core::ObjectName;
use vws_core::model::ObjectType;
use web_sys::SubmitEvent;
use yew::prelude::*;

use super::context::use_session;
use super::models::choose::{ChooseModel, Chosen};
use super::parts::Section;
use crate::browser;
use crate::client::SessionClient;
use crate::form::Refusals;
use crate::form::create::CreateForm;
use crate::form::draft::{Draft, has_one_scale, has_rotation};
use crate::form::object::Axis;
use crate::ui::{Button, ColorField, Field, Glyph, Icon, Kind, Switch, TextArea};
use fields::{Numbers, PropertyRows};
use kinds::Kinds;

const NAME_ID: &str = "create-name";
const TEXT_ID: &str = "create-text";
const TYPE_ID: &str = "create-type";
const SUBMIT_ID: &str = "create-submit";

/// An object that is to be changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Edit {
    pub(super) name: ObjectName,
    /// Whether a key asked for it: then keys go on in its fields.
    pub(super) by_key: bool,
}

/// Properties of [`Create`].
#[derive(Properties, PartialEq)]
pub(super) struct CreateProps {
    /// An object to begin with the fields of.
    pub(super) like: Option<ObjectName>,
    /// Called with the last object that was added, when it is to be changed.
    pub(super) onedit: Callback<Edit>,
}

/// The form that begins an object: with the fields of `like`, or those of a cube.
fn first(client: &SessionClient, like: Option<&ObjectName>) -> Draft {
    let like = like.and_then(|name| client.object(name.as_str()));
    let first = client.view(|view, _| match like {
        Some(object) => Draft::like(&object, view),
        None => Draft::fresh(ObjectType::Cube.as_str(), view),
    });
    first.unwrap_or_default()
}

/// What writes into the form.
#[derive(Clone)]
struct Pen {
    draft: UseStateHandle<Draft>,
    client: Rc<SessionClient>,
}

impl PartialEq for Pen {
    fn eq(&self, other: &Self) -> bool {
        self.draft == other.draft && Rc::ptr_eq(&self.client, &other.client)
    }
}

impl Pen {
    /// A callback that changes the form by what it is given.
    fn edit<T: 'static>(&self, change: impl Fn(&mut CreateForm, T) + 'static) -> Callback<T> {
        let pen = self.clone();
        Callback::from(move |value: T| {
            let mut form = pen.draft.form.clone();
            change(&mut form, value);
            pen.write(form);
        })
    }

    /// The form says this from now on. What a field does is small beside it, and there are many fields.
    fn write(&self, form: CreateForm) {
        if let Some(edited) = self.client.view(|view, _| self.draft.edited(view, form)) {
            self.draft.set(edited);
        }
    }

    /// The same for one axis of three.
    fn axis(&self, of: fn(&mut CreateForm) -> &mut [String; 3]) -> Callback<(Axis, String)> {
        self.edit(move |form, (axis, text): (Axis, String)| of(form)[axis as usize] = text)
    }
}

/// The form of a new object. All of it is judged while one types; nothing is sent while anything is refused.
#[component]
pub(super) fn Create(props: &CreateProps) -> Html {
    let client = use_session().client;
    let draft = use_state(|| first(&client, props.like.as_ref()));
    let added = use_state(|| None::<ObjectName>);
    // A file takes its time: what it fills in is the form as it is by then.
    let latest = use_mut_ref(|| draft.clone());
    latest.replace(draft.clone());
    let pen = Pen { draft: draft.clone(), client: Rc::clone(&client) };
    let form = &draft.form;
    let refusals = match client.view(|view, limits| form.command(view, limits)) {
        Some(Err(refusals)) => refusals,
        Some(Ok(_)) | None => Refusals::default(),
    };
    // Where keys go next, and how often that was said.
    let next_keys = use_state(|| (NAME_ID, 0_u32));
    use_effect_with(*next_keys, |(id, times)| {
        if *times > 0 {
            browser::focus_all_of(id);
        }
    });
    let onnext = {
        let next_keys = next_keys.clone();
        Callback::from(move |id| next_keys.set((id, next_keys.1 + 1)))
    };
    let onsubmit = submitting(&pen, &added, &next_keys);
    let onchosen = {
        let (client, latest) = (Rc::clone(&client), Rc::clone(&latest));
        Callback::from(move |chosen: Chosen| {
            let draft = latest.borrow().clone();
            if let Some(filled) = client.view(|view, _| draft.with_model(&chosen.name, &chosen.url, view)) {
                draft.set(filled);
            }
        })
    };
    // Somebody may have taken it away since.
    let added = (*added).clone().filter(|name| client.object(name.as_str()).is_some());
    let onkeydown = keys(&added, &props.onedit);
    let kind = ObjectType::new(&form.kind).ok();
    let at = |pointer: &str| refusals.at(pointer).cloned();
    html! {
        <form class="panel-body" {onsubmit} {onkeydown} data-testid="create-form">
            <Section title="Type">
                <Kinds draft={draft.clone()} refusal={at("/object/type")} {onnext} />
                if kind == Some(ObjectType::Model) { <ChooseModel {onchosen} /> }
            </Section>
            <Section title="Name and place">
                <Field id={NAME_ID} label="Name" value={form.name.clone()} oninput={pen.edit(|f, t| f.name = t)} refusal={at("/object/name")}
                    autofocus={!browser::is_coarse()} />
                if kind == Some(ObjectType::Text) { { says(&pen, &refusals, "What it says") } }
                <Numbers label="Position" id="create" pointer="/object" values={form.position.clone()} refusals={refusals.clone()}
                    onedit={pen.axis(|f| &mut f.position)} />
                if has_rotation(&form.kind) {
                    <Numbers label="Rotation" id="create-rotation" pointer="/object/rotation" values={form.rotation.clone()} refusals={refusals.clone()}
                        onedit={pen.axis(|f| &mut f.rotation)} />
                }
                if has_one_scale(&form.kind) {
                    <Field id="create-brightness" label="Brightness" number=true value={form.scale[0].clone()} refusal={at("/object/scale/x")}
                        oninput={pen.edit(|f, t: String| f.scale = std::array::from_fn(|_| t.clone()))} />
                } else {
                    <Numbers label="Scale" id="create-scale" pointer="/object/scale" values={form.scale.clone()} refusals={refusals.clone()}
                        onedit={pen.axis(|f| &mut f.scale)} />
                }
            </Section>
            <Section title="Look">
                <div class="with-swatch">
                    <Field id="create-color" label="Colour" value={form.color.clone()} oninput={pen.edit(|f, t| f.color = t)} refusal={at("/object/color")} />
                    <ColorField id="create-swatch" value={form.color.clone()} oninput={pen.edit(|f, t| f.color = t)} />
                </div>
                <Field id="create-opacity" label="Opacity" number=true value={form.opacity.clone()} oninput={pen.edit(|f, t| f.opacity = t)} refusal={at("/object/opacity")} />
                <Switch id="create-visible" label="Visible" on={form.visible} onchange={pen.edit(|f, on| f.visible = on)} />
                if kind != Some(ObjectType::Text) { { says(&pen, &refusals, "What a label says") } }
            </Section>
            <PropertyRows pen={pen.clone()} refusals={refusals.clone()} />
            <div class="panel-actions panel-actions-stick">
                <Added name={added} onedit={props.onedit.clone()} />
                <Button label="Add to the world" icon={Icon::Plus} kind={Kind::Primary} submit=true disabled={!refusals.is_empty()} id={SUBMIT_ID} testid={SUBMIT_ID} />
            </div>
        </form>
    }
}

/// What keys do wherever the focus is in the form.
fn keys(added: &Option<ObjectName>, onedit: &Callback<Edit>) -> Callback<KeyboardEvent> {
    let (added, onedit) = (added.clone(), onedit.clone());
    Callback::from(move |event: KeyboardEvent| match event.key().as_str() {
        _ if event.is_composing() => {}
        "Escape" => {
            if let Some(name) = &added {
                event.prevent_default();
                onedit.emit(Edit { name: name.clone(), by_key: true });
            }
        }
        // In a text Enter by itself is a new line.
        "Enter" if event.ctrl_key() || event.meta_key() => {
            event.prevent_default();
            browser::press(SUBMIT_ID);
        }
        _ => {}
    })
}

/// The field of what an object says.
fn says(pen: &Pen, refusals: &Refusals, placeholder: &'static str) -> Html {
    html! {
        <TextArea id={TEXT_ID} label="Text" value={pen.draft.form.text.clone()} oninput={pen.edit(|f, t| f.text = t)}
            refusal={refusals.at("/object/text").cloned()} {placeholder} />
    }
}

/// Adds what the form says, selects it, and goes on with the next.
fn submitting(
    pen: &Pen,
    added: &UseStateHandle<Option<ObjectName>>,
    next_keys: &UseStateHandle<(&'static str, u32)>,
) -> Callback<SubmitEvent> {
    let (Pen { draft, client }, added, next_keys) = (pen.clone(), added.setter(), next_keys.clone());
    Callback::from(move |event: SubmitEvent| {
        event.prevent_default();
        let Some(Ok(command)) = client.view(|view, limits| draft.form.command(view, limits)) else { return };
        let Ok(name) = ObjectName::new("name", &draft.form.name) else { return };
        if !client.submit(command) {
            return;
        }
        client.select_made(name.clone());
        added.set(Some(name));
        if let Some(next) = client.view(|view, _| draft.next(view)) {
            draft.set(next);
        }
        // Who types goes on with the next one's name; who pressed the button may press it again.
        let held = browser::document().active_element();
        if held.is_some_and(|held| matches!(held.tag_name().as_str(), "INPUT" | "TEXTAREA")) {
            next_keys.set((NAME_ID, next_keys.1 + 1));
        }
    })
}

#[derive(Properties, PartialEq)]
struct AddedProps {
    name: Option<ObjectName>,
    onedit: Callback<Edit>,
}

/// Tells what was added last, and leads to its fields.
#[component]
fn Added(props: &AddedProps) -> Html {
    // The place is there before there is anything to say: only then is it read out.
    html! {
        <div class="added" role="status" data-testid="added">
            if let Some(name) = &props.name {
                <Glyph icon={Icon::Check} />
                <span class="added-name"><span class="added-word">{ "Added " }</span><strong>{ name.to_string() }</strong></span>
                <button type="button" class="added-edit" title="Its fields (Esc)" data-testid="added-edit" onclick={
                    let (name, onedit) = (name.clone(), props.onedit.clone());
                    move |event: MouseEvent| onedit.emit(Edit { name: name.clone(), by_key: event.detail() == 0 })
                }>{ "Edit" }<kbd aria-hidden="true">{ "Esc" }</kbd></button>
            }
        </div>
    }
}
