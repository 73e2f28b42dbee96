//! Fields of a form that is sent as a whole. What is wrong with a field stands under it, tied to it
//! for screen readers.

use vws_core::model::Color;
use web_sys::{HtmlInputElement, HtmlSelectElement, HtmlTextAreaElement, InputEvent};
use yew::prelude::*;

use crate::form::Refusal;

/// What is wrong with a field. Its place is kept free only while there is something to say.
pub fn refusal_line(id: &str, refusal: Option<&Refusal>) -> Html {
    match refusal {
        Some(refusal) => html! {
            <p class="field-refusal" id={format!("{id}-refusal")} role="alert"
                data-testid={format!("{id}-refusal")} data-code={refusal.code}>
                { &refusal.words }
            </p>
        },
        None => html! {},
    }
}

/// The text of an input's event.
#[must_use]
pub fn input_text(event: &InputEvent) -> String {
    event.target_unchecked_into::<HtmlInputElement>().value()
}

/// Properties of [`Field`] and [`TextArea`].
#[derive(Properties, PartialEq)]
pub struct FieldProps {
    /// Unique in the page; also its name for browser tests.
    pub id: AttrValue,
    /// What it is called.
    pub label: AttrValue,
    /// What it says now.
    pub value: AttrValue,
    /// Called with what the user has typed.
    pub oninput: Callback<String>,
    /// What is wrong with it.
    #[prop_or_default]
    pub refusal: Option<Refusal>,
    /// Whether it takes a number.
    #[prop_or_default]
    pub number: bool,
    /// What it shows while it is empty.
    #[prop_or_default]
    pub placeholder: Option<AttrValue>,
    /// A letter before the input, in the place of a visible label.
    #[prop_or_default]
    pub prefix: Option<AttrValue>,
    /// Whether it gets the focus when it appears.
    #[prop_or_default]
    pub autofocus: bool,
}

/// A one-line field.
#[component]
pub fn Field(props: &FieldProps) -> Html {
    let node = use_node_ref();
    use_effect_with(props.autofocus, {
        let node = node.clone();
        move |autofocus| {
            if let Some(input) = node.cast::<HtmlInputElement>().filter(|_| *autofocus) {
                // Focus is a kindness: where it is refused the user clicks.
                let _ = input.focus();
                input.select();
            }
        }
    });
    let oninput = props.oninput.reform(|event: InputEvent| input_text(&event));
    let invalid = props.refusal.is_some();
    let input = html! {
        <input ref={node} id={props.id.clone()} class="input" type="text" value={props.value.clone()} {oninput}
            inputmode={props.number.then_some("decimal")} placeholder={props.placeholder.clone()}
            autocomplete="off" autocapitalize="off" spellcheck="false"
            aria-invalid={invalid.then_some("true")}
            aria-describedby={invalid.then(|| format!("{}-refusal", props.id))}
            data-testid={props.id.clone()} />
    };
    html! {
        <div class={classes!("field", invalid.then_some("field-invalid"))}>
            { labelled(&props.id, &props.label, props.prefix.as_ref(), input) }
            { refusal_line(&props.id, props.refusal.as_ref()) }
        </div>
    }
}

/// An input with its label above it, or with a letter inside it in the label's place.
pub fn labelled(id: &AttrValue, label: &AttrValue, prefix: Option<&AttrValue>, input: Html) -> Html {
    match prefix {
        Some(prefix) => {
            let letter = html! {
                <label class="field-prefix" for={id.clone()} aria-label={label.clone()} title={label.clone()}>{ prefix.clone() }</label>
            };
            lettered(letter, input)
        }
        None => html! {
            <>
                <label class="field-label" for={id.clone()}>{ label.clone() }</label>
                { input }
            </>
        },
    }
}

/// An input with a letter inside it, which is its label.
pub fn lettered(letter: Html, input: Html) -> Html {
    html! { <div class="field-control">{ letter }{ input }</div> }
}

/// A field of several lines.
#[component]
pub fn TextArea(props: &FieldProps) -> Html {
    let oninput = props
        .oninput
        .reform(|event: InputEvent| event.target_unchecked_into::<HtmlTextAreaElement>().value());
    let invalid = props.refusal.is_some();
    html! {
        <div class={classes!("field", invalid.then_some("field-invalid"))}>
            <label class="field-label" for={props.id.clone()}>{ props.label.clone() }</label>
            <textarea id={props.id.clone()} class="input" rows="2" value={props.value.clone()} {oninput}
                placeholder={props.placeholder.clone()} aria-invalid={invalid.then_some("true")}
                aria-describedby={invalid.then(|| format!("{}-refusal", props.id))}
                data-testid={props.id.clone()} />
            { refusal_line(&props.id, props.refusal.as_ref()) }
        </div>
    }
}

/// Properties of [`ColorField`].
#[derive(Properties, PartialEq)]
pub struct ColorFieldProps {
    /// Unique in the page.
    pub id: AttrValue,
    /// The colour now, as `#rrggbb`; while it is anything else the picker keeps the last one that was.
    pub value: AttrValue,
    /// Called with the colour that the picker shows, while the user tries.
    pub oninput: Callback<String>,
    /// Called with the colour that the user has settled on.
    #[prop_or_default]
    pub onchange: Callback<String>,
}

/// The browser's colour picker as a swatch. The colour's text is a field of its own beside it.
#[component]
pub fn ColorField(props: &ColorFieldProps) -> Html {
    // Browsers warn of each value that is none, and a text that is being typed is none until it is whole.
    let last = use_mut_ref(|| AttrValue::from(Color::DEFAULT.to_string()));
    if Color::new("color", &props.value).is_ok() {
        last.replace(props.value.clone());
    }
    let value = last.borrow().clone();
    let oninput = props.oninput.reform(|event: InputEvent| input_text(&event));
    let onchange =
        props.onchange.reform(|event: Event| event.target_unchecked_into::<HtmlInputElement>().value());
    html! {
        <input type="color" class="swatch" id={props.id.clone()} {value} {oninput} {onchange}
            aria-label="Pick a colour" title="Pick a colour" data-testid={props.id.clone()} />
    }
}

/// Properties of [`Select`].
#[derive(Properties, PartialEq)]
pub struct SelectProps {
    /// Unique in the page.
    pub id: AttrValue,
    /// What it is called.
    pub label: AttrValue,
    /// The value that is chosen.
    pub value: AttrValue,
    /// Every value with what it is called.
    pub options: Vec<(AttrValue, AttrValue)>,
    /// Called with the value that the user has chosen.
    pub onchange: Callback<String>,
}

/// A choice of one of several values.
#[component]
pub fn Select(props: &SelectProps) -> Html {
    let onchange =
        props.onchange.reform(|event: Event| event.target_unchecked_into::<HtmlSelectElement>().value());
    html! {
        <div class="field">
            <label class="field-label" for={props.id.clone()}>{ props.label.clone() }</label>
            <select id={props.id.clone()} class="input select" {onchange} data-testid={props.id.clone()}>
                { for props.options.iter().map(|(value, label)| html! {
                    <option value={value.clone()} selected={*value == props.value}>{ label.clone() }</option>
                }) }
            </select>
        </div>
    }
}

/// Properties of [`Switch`].
#[derive(Properties, PartialEq)]
pub struct SwitchProps {
    /// Unique in the page.
    pub id: AttrValue,
    /// What it is called.
    pub label: AttrValue,
    /// Whether it is on.
    pub on: bool,
    /// Called with what it is to be.
    pub onchange: Callback<bool>,
}

/// Something that is on or off.
#[component]
pub fn Switch(props: &SwitchProps) -> Html {
    let onchange =
        props.onchange.reform(|event: Event| event.target_unchecked_into::<HtmlInputElement>().checked());
    html! {
        <label class="switch" for={props.id.clone()}>
            <span class="field-label">{ props.label.clone() }</span>
            <input type="checkbox" role="switch" id={props.id.clone()} checked={props.on} {onchange}
                data-testid={props.id.clone()} />
            <span class="switch-track" aria-hidden="true"></span>
        </label>
    }
}
