//! The form of a new object.

use std::rc::Rc;

use vws_core::ObjectName;
use vws_core::model::ObjectType;
use web_sys::SubmitEvent;
use yew::prelude::*;

use super::context::use_session;
use super::models::choose::{ChooseModel, Chosen};
use super::parts::{Section, Triple};
use crate::client::SessionClient;
use crate::form::Refusals;
use crate::form::create::CreateForm;
use crate::form::object::Axis;
use crate::ui::{Button, ColorField, Field, Glyph, Icon, IconButton, Kind, Switch, TextArea};

/// Properties of [`Create`].
#[derive(Properties, PartialEq)]
pub(super) struct CreateProps {
    /// An object to begin with the fields of.
    pub(super) like: Option<ObjectName>,
}

/// The form that begins an object: with the fields of `like`, or those of a cube.
fn first(client: &SessionClient, like: Option<&ObjectName>) -> CreateForm {
    client
        .view(|view, _| match like.and_then(|name| client.object(name.as_str())) {
            Some(object) => CreateForm::from(&*object).next(view),
            None => CreateForm::fresh(ObjectType::Cube.as_str(), view),
        })
        .unwrap_or_default()
}

/// The form of a new object. All of it is judged while one types; nothing is sent while anything is
/// refused.
#[component]
pub(super) fn Create(props: &CreateProps) -> Html {
    let session = use_session();
    let client = Rc::clone(&session.client);
    let form = use_state(|| first(&client, props.like.as_ref()));
    // A file takes its time: what it fills in is the form as it is by then.
    let latest = use_mut_ref(|| form.clone());
    latest.replace(form.clone());
    let refusals = match client.view(|view, limits| form.command(view, limits)) {
        Some(Err(refusals)) => refusals,
        Some(Ok(_)) => Refusals::default(),
        None => return html! {},
    };

    let edit = {
        let form = form.clone();
        move |change: fn(&mut CreateForm, String)| {
            let form = form.clone();
            Callback::from(move |text: String| {
                let mut edited = (*form).clone();
                change(&mut edited, text);
                form.set(edited);
            })
        }
    };
    let onsubmit = {
        let (form, client) = (form.clone(), Rc::clone(&client));
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let Some(Ok(command)) = client.view(|view, limits| form.command(view, limits)) else { return };
            let Ok(name) = ObjectName::new("name", &form.name) else { return };
            if client.submit(command) {
                client.select_made(name);
                if let Some(next) = client.view(|view, _| form.next(view)) {
                    form.set(next);
                }
            }
        })
    };
    let onchosen = {
        let (client, latest) = (Rc::clone(&client), Rc::clone(&latest));
        Callback::from(move |chosen: Chosen| {
            let form = latest.borrow().clone();
            if let Some(filled) = client.view(|view, _| form.with_model(&chosen.name, &chosen.url, view)) {
                form.set(filled);
            }
        })
    };
    let is_model = form.kind == ObjectType::Model.as_str();
    let at = |pointer: &str| refusals.at(pointer).cloned();
    html! {
        <form class="panel-body" {onsubmit} data-testid="create-form">
            <Section title="Type">
                <Kinds form={form.clone()} refusal={at("/object/type")} />
                if is_model { <ChooseModel {onchosen} /> }
            </Section>
            <Section title="Name and place">
                <Field id="create-name" label="Name" value={form.name.clone()} oninput={edit(|f, t| f.name = t)} refusal={at("/object/name")} autofocus=true />
                <Numbers label="Position" id="create" pointer="/object" values={form.position.clone()} refusals={refusals.clone()}
                    onedit={edit_axis(&form, |f| &mut f.position)} />
                <Numbers label="Rotation" id="create-rotation" pointer="/object/rotation" values={form.rotation.clone()} refusals={refusals.clone()}
                    onedit={edit_axis(&form, |f| &mut f.rotation)} />
                <Numbers label="Scale" id="create-scale" pointer="/object/scale" values={form.scale.clone()} refusals={refusals.clone()}
                    onedit={edit_axis(&form, |f| &mut f.scale)} />
            </Section>
            <Section title="Look">
                <div class="with-swatch">
                    <Field id="create-color" label="Colour" value={form.color.clone()} oninput={edit(|f, t| f.color = t)} refusal={at("/object/color")} />
                    <ColorField id="create-swatch" value={form.color.clone()} oninput={edit(|f, t| f.color = t)} />
                </div>
                <Field id="create-opacity" label="Opacity" number=true value={form.opacity.clone()} oninput={edit(|f, t| f.opacity = t)} refusal={at("/object/opacity")} />
                <Switch id="create-visible" label="Visible" on={form.visible} onchange={{
                    let form = form.clone();
                    Callback::from(move |visible| form.set(CreateForm { visible, ..(*form).clone() }))
                }} />
                <TextArea id="create-text" label="Text" value={form.text.clone()} oninput={edit(|f, t| f.text = t)} refusal={at("/object/text")}
                    placeholder="What a label says" />
            </Section>
            <PropertyRows form={form.clone()} refusals={refusals.clone()} />
            <div class="panel-actions panel-actions-stick">
                <Button label="Add to the world" icon={Icon::Plus} kind={Kind::Primary} submit=true disabled={!refusals.is_empty()} testid="create-submit" />
            </div>
        </form>
    }
}

/// A callback that edits one axis of a vector of the form.
fn edit_axis(
    form: &UseStateHandle<CreateForm>,
    of: fn(&mut CreateForm) -> &mut [String; 3],
) -> Callback<(Axis, String)> {
    let form = form.clone();
    Callback::from(move |(axis, text): (Axis, String)| {
        let mut edited = (*form).clone();
        of(&mut edited)[axis as usize] = text;
        form.set(edited);
    })
}

#[derive(Properties, PartialEq)]
struct NumbersProps {
    label: AttrValue,
    id: AttrValue,
    pointer: AttrValue,
    values: [String; 3],
    refusals: Refusals,
    onedit: Callback<(Axis, String)>,
}

/// Three numbers of the form.
#[component]
fn Numbers(props: &NumbersProps) -> Html {
    let NumbersProps { id, pointer, values, refusals, onedit, label } = props;
    let field = {
        let (id, pointer, values, refusals, onedit) =
            (id.clone(), pointer.clone(), values.clone(), refusals.clone(), onedit.clone());
        Callback::from(move |(axis, label, prefix): (Axis, AttrValue, AttrValue)| {
            let oninput = onedit.reform(move |text| (axis, text));
            html! {
                <Field id={format!("{id}-{}", axis.as_str())} {label} {prefix} number=true value={values[axis as usize].clone()} {oninput}
                    refusal={refusals.at(&format!("{pointer}/{}", axis.as_str())).cloned()} />
            }
        })
    };
    html! { <Triple label={label.clone()} {field} /> }
}

#[derive(Properties, PartialEq)]
struct KindsProps {
    form: UseStateHandle<CreateForm>,
    refusal: Option<crate::form::Refusal>,
}

/// The types as buttons, and a field for any other.
#[component]
fn Kinds(props: &KindsProps) -> Html {
    let form = &props.form;
    let client = use_session().client;
    let is_known = ObjectType::KNOWN.iter().any(|kind| kind.as_str() == form.kind);
    let choose = |kind: String| {
        let (form, client) = (form.clone(), Rc::clone(&client));
        Callback::from(move |_: MouseEvent| {
            // A name that was made of the old type is made of the new one.
            let generated = client.view(|view, _| CreateForm::fresh(&form.kind, view).name);
            let name = if Some(&form.name) == generated.as_ref() && !kind.is_empty() {
                client.view(|view, _| CreateForm::fresh(&kind, view).name).unwrap_or_default()
            } else {
                form.name.clone()
            };
            form.set(CreateForm { kind: kind.clone(), name, ..(*form).clone() });
        })
    };
    let button = |icon: Icon, label: &str, kind: &str, on: bool| {
        html! {
            <button type="button" class={classes!("kind", on.then_some("kind-on"))} aria-pressed={on.to_string()} onclick={choose(kind.to_owned())}
                data-testid={format!("kind-{label}")}>
                <Glyph {icon} size={20} /><span>{ label.to_owned() }</span>
            </button>
        }
    };
    html! {
        <>
            <div class="kinds" role="group" aria-label="Type">
                { for ObjectType::KNOWN.iter().map(|kind| button(Icon::of_type(kind), kind.as_str(), kind.as_str(), form.kind == kind.as_str())) }
                { button(Icon::Custom, "other", "", !is_known) }
            </div>
            if !is_known {
                <Field id="create-type" label="Name of the type" value={form.kind.clone()} refusal={props.refusal.clone()} placeholder="drone, door, sensor …"
                    oninput={{
                        let form = form.clone();
                        Callback::from(move |kind: String| form.set(CreateForm { kind, ..(*form).clone() }))
                    }} />
            }
        </>
    }
}

#[derive(Properties, PartialEq)]
struct PropertyRowsProps {
    form: UseStateHandle<CreateForm>,
    refusals: Refusals,
}

/// Changes the rows of properties by what was typed.
type RowChange = Rc<dyn Fn(&mut Vec<(String, String)>, String)>;

/// The properties of the new object.
#[component]
fn PropertyRows(props: &PropertyRowsProps) -> Html {
    let form = &props.form;
    let with = |change: RowChange| {
        let form = form.clone();
        Callback::from(move |text: String| {
            let mut edited = (*form).clone();
            change(&mut edited.properties, text);
            form.set(edited);
        })
    };
    let rows = form.properties.iter().enumerate().map(|(index, (key, value))| {
        let onkey = with(Rc::new(move |rows, text| rows[index].0 = text));
        let onvalue = with(Rc::new(move |rows, text| rows[index].1 = text));
        let onremove = with(Rc::new(move |rows, _| drop(rows.remove(index))));
        html! {
            <li class="property property-new" key={index}>
                <Field id={format!("create-key-{index}")} label="Key" value={key.clone()} oninput={onkey} />
                <Field id={format!("create-value-{index}")} label="Value" value={value.clone()} oninput={onvalue} />
                <IconButton icon={Icon::Close} label="Remove the property" onclick={onremove.reform(|_| String::new())} />
            </li>
        }
    });
    let onadd = with(Rc::new(|rows, _| rows.push(Default::default())));
    let refusal = props.refusals.within("/object/properties");
    html! {
        <Section title="Properties">
            <ul class="properties">{ for rows }</ul>
            { crate::ui::field::refusal_line("create-properties", refusal) }
            <Button label="Add a property" icon={Icon::Plus} kind={Kind::Quiet} onclick={onadd.reform(|_| String::new())} />
        </Section>
    }
}
