//! A field of something that is there already: it shows what is there, and sends what is typed when
//! the user is done with it.

use vws_core::Command;
use web_sys::{HtmlElement, HtmlInputElement, HtmlTextAreaElement, InputEvent, KeyboardEvent};
use yew::prelude::*;

use super::field::{labelled, refusal_line};
use crate::form::{Refusal, text};

/// What a live field takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shape {
    /// A number; the arrow keys change it by this much, and with Shift by ten times as much.
    Number(f64),
    /// One line.
    Line,
    /// Several lines.
    Lines,
}

/// Properties of [`LiveField`].
#[derive(Properties, PartialEq)]
pub struct LiveFieldProps {
    /// Unique in the page; also its name for browser tests.
    pub id: AttrValue,
    /// What it is called.
    pub label: AttrValue,
    /// A letter before the input, in the place of a visible label.
    #[prop_or_default]
    pub prefix: Option<AttrValue>,
    /// What is there now.
    pub shown: AttrValue,
    /// What it takes.
    #[prop_or(Shape::Line)]
    pub shape: Shape,
    /// The command that a text stands for, or why it is none.
    pub check: Callback<String, Result<Command, Refusal>>,
    /// Called with the command of a text that the user has settled on. Never with a refused one.
    pub commit: Callback<Command>,
    /// What it shows while it is empty.
    #[prop_or_default]
    pub placeholder: Option<AttrValue>,
    /// Whether it can only be read now.
    #[prop_or_default]
    pub disabled: bool,
}

/// A field that mirrors what is there until the user types. What is typed is judged at once; Enter or
/// leaving the field sends it if it is not refused, and keeps it in sight with its refusal if it is;
/// Escape gives it up.
#[component]
pub fn LiveField(props: &LiveFieldProps) -> Html {
    // What the user has typed and not yet sent.
    let draft = use_state(|| None::<String>);
    let refusal = draft.as_ref().and_then(|text| props.check.emit(text.clone()).err());
    let invalid = refusal.is_some();

    let oninput = {
        let draft = draft.setter();
        Callback::from(move |event: InputEvent| draft.set(Some(text_of(&event))))
    };
    let send = {
        let (draft, check, commit) = (draft.clone(), props.check.clone(), props.commit.clone());
        let shown = props.shown.clone();
        Callback::from(move |text: Option<String>| {
            let Some(text) = text.or_else(|| (*draft).clone()) else { return };
            match check.emit(text.clone()) {
                Ok(command) => {
                    draft.set(None);
                    if text != *shown {
                        commit.emit(command);
                    }
                }
                Err(_) => draft.set(Some(text)),
            }
        })
    };
    let onblur = send.reform(|_: FocusEvent| None);
    let onkeydown = {
        let (draft, shape) = (draft.clone(), props.shape);
        let shown = props.shown.clone();
        Callback::from(move |event: KeyboardEvent| match (event.key().as_str(), shape) {
            ("Enter", Shape::Lines) => {}
            ("Enter", _) => {
                event.prevent_default();
                send.emit(None);
            }
            ("Escape", _) if draft.is_some() => {
                event.stop_propagation();
                draft.set(None);
            }
            (key @ ("ArrowUp" | "ArrowDown"), Shape::Number(step)) => {
                event.prevent_default();
                let now = draft.as_deref().unwrap_or(&shown);
                let by = if event.shift_key() { step * 10.0 } else { step };
                if let Some(next) = stepped(now, if key == "ArrowUp" { by } else { -by }) {
                    send.emit(Some(next));
                }
            }
            _ => {}
        })
    };

    let value = draft.as_ref().map_or_else(|| props.shown.clone(), |text| AttrValue::from(text.clone()));
    let described = invalid.then(|| format!("{}-refusal", props.id));
    let input = if props.shape == Shape::Lines {
        html! {
            <textarea id={props.id.clone()} class="input" rows="2" {value} {oninput} {onblur} {onkeydown}
                placeholder={props.placeholder.clone()} disabled={props.disabled}
                aria-invalid={invalid.then_some("true")} aria-describedby={described} data-testid={props.id.clone()} />
        }
    } else {
        html! {
            <input id={props.id.clone()} class="input" type="text" {value} {oninput} {onblur} {onkeydown}
                inputmode={matches!(props.shape, Shape::Number(_)).then_some("decimal")}
                placeholder={props.placeholder.clone()} disabled={props.disabled}
                autocomplete="off" autocapitalize="off" spellcheck="false"
                aria-invalid={invalid.then_some("true")} aria-describedby={described} data-testid={props.id.clone()} />
        }
    };
    html! {
        <div class={classes!("field", invalid.then_some("field-invalid"))}>
            { labelled(&props.id, &props.label, props.prefix.as_ref(), input) }
            { refusal_line(&props.id, refusal.as_ref()) }
        </div>
    }
}

/// The text of an input or a text area.
fn text_of(event: &InputEvent) -> String {
    let target = event.target_unchecked_into::<HtmlElement>();
    if target.tag_name() == "TEXTAREA" {
        event.target_unchecked_into::<HtmlTextAreaElement>().value()
    } else {
        event.target_unchecked_into::<HtmlInputElement>().value()
    }
}

/// The number of a text, `by` further; `None` for what is no number. A step of 0.1 from 0.2 leads to
/// 0.3, not to 0.30000000000000004.
fn stepped(text: &str, by: f64) -> Option<String> {
    let value = text::number("value", text).ok()?;
    Some(text::of_number(((value + by) * 1e9).round() / 1e9))
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn steps_are_as_people_count() {
        assert_eq!(stepped("0.2", 0.1).as_deref(), Some("0.3"));
        assert_eq!(stepped("-12", -1.0).as_deref(), Some("-13"), "the field says that it is too far");
        assert_eq!(stepped("x", 1.0), None);
    }
}
