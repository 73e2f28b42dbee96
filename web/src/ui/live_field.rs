//! A field of something that is there already: it shows what is there, and sends what is typed when
//! the user is done with it.

use vws_core::Command;
use web_sys::{HtmlElement, HtmlInputElement, HtmlTextAreaElement, InputEvent, KeyboardEvent};
use yew::prelude::*;

use super::field::{labelled, lettered, refusal_line};
use super::icon::{Glyph, Icon};
use super::scrub::{OnDrag, ScrubLabel};
use crate::form::{Refusal, text};
use crate::words;

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
    /// Whether several things that it is of have different values there: it is empty then, and what is typed is
    /// for all of them.
    #[prop_or_default]
    pub mixed: bool,
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
    /// Takes the drag of the letter of a number; without it the letter is only a label.
    #[prop_or_default]
    pub ondrag: Option<OnDrag>,
    /// Gives it its default back; `None` where it has that, or has none.
    #[prop_or_default]
    pub onreset: Option<Callback<()>>,
    /// Whether its label is for screen readers only.
    #[prop_or_default]
    pub bare: bool,
    /// Whether what it shows has no verdict of the server yet.
    #[prop_or_default]
    pub pending: bool,
}

/// What stands in a field of several different values.
const MIXED: &str = "mixed";
/// How far a pixel of a drag goes, as a part of what an arrow key does.
const PIXEL: f64 = 0.1;

/// A field that mirrors what is there until the user types. What is typed is judged at once; Enter or
/// leaving the field sends it if it is not refused, and keeps it in sight with its refusal if it is;
/// Escape gives it up. Numbers may be sums, and may go on from what is there (`+=1`).
#[component]
pub fn LiveField(props: &LiveFieldProps) -> Html {
    // What the user has typed and not yet sent.
    let draft = use_state(|| None::<String>);
    // Nothing typed over different values is nothing to set.
    let says = |text: &str| !(props.mixed && text.is_empty());
    // Whether it has the focus: it shows all digits then.
    let held = use_state_eq(|| false);
    let refusal =
        draft.as_ref().filter(|text| says(text)).and_then(|text| props.check.emit(text.clone()).err());
    let invalid = refusal.is_some();

    let oninput = {
        let draft = draft.setter();
        Callback::from(move |event: InputEvent| draft.set(Some(text_of(&event))))
    };
    let send = {
        let (draft, check, commit) = (draft.clone(), props.check.clone(), props.commit.clone());
        let (shown, mixed) = (props.shown.clone(), props.mixed);
        Callback::from(move |text: Option<String>| {
            let Some(text) = text.or_else(|| (*draft).clone()) else { return };
            if mixed && text.is_empty() {
                draft.set(None);
                return;
            }
            match check.emit(text.clone()) {
                Ok(command) => {
                    draft.set(None);
                    if mixed || text != *shown {
                        commit.emit(command);
                    }
                }
                Err(_) => draft.set(Some(text)),
            }
        })
    };
    let onblur = {
        let held = held.setter();
        send.reform(move |_: FocusEvent| {
            held.set(false);
            None
        })
    };
    let onkeydown = {
        let (draft, shape) = (draft.clone(), props.shape);
        let (shown, mixed) = (props.shown.clone(), props.mixed);
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
                let by = if key == "ArrowUp" { by } else { -by };
                if mixed && now.is_empty() {
                    send.emit(Some(format!("+={by}")));
                } else if let Some(next) = stepped(now, by) {
                    send.emit(Some(next));
                }
            }
            _ => {}
        })
    };

    let exact = if props.mixed { AttrValue::Static("") } else { props.shown.clone() };
    let short = match props.shape {
        Shape::Number(step) => rounded(&exact, step),
        Shape::Line | Shape::Lines => None,
    };
    let onfocus = {
        let (held, long) = (held.setter(), short.is_some().then(|| exact.clone()));
        Callback::from(move |event: FocusEvent| {
            // At once: what is selected of the short text would go with it.
            if let Some(long) = &long {
                let input = event.target_unchecked_into::<HtmlInputElement>();
                input.set_value(long);
                input.select();
            }
            held.set(true);
        })
    };
    let title = short.is_some().then(|| exact.clone());
    let shown = short.filter(|_| !*held).map_or(exact, AttrValue::from);
    let value = draft.as_ref().map_or(shown, |text| AttrValue::from(text.clone()));
    let placeholder = if props.mixed { Some(AttrValue::Static(MIXED)) } else { props.placeholder.clone() };
    let bare = props.bare.then(|| props.label.clone());
    let described = invalid.then(|| format!("{}-refusal", props.id));
    let input = if props.shape == Shape::Lines {
        html! {
            <textarea id={props.id.clone()} class="input" rows="2" {value} {oninput} {onblur} {onkeydown}
                {placeholder} disabled={props.disabled}
                aria-invalid={invalid.then_some("true")} aria-describedby={described}
                aria-label={bare.clone()} data-testid={props.id.clone()} />
        }
    } else {
        html! {
            <input id={props.id.clone()} class="input" type="text" {value} {title} {oninput} {onfocus} {onblur} {onkeydown}
                inputmode={matches!(props.shape, Shape::Number(_)).then_some("decimal")}
                {placeholder} disabled={props.disabled}
                autocomplete="off" autocapitalize="off" spellcheck="false"
                aria-invalid={invalid.then_some("true")} aria-describedby={described}
                aria-label={bare.clone()} data-testid={props.id.clone()} />
        }
    };
    let input = match (&props.ondrag, &props.prefix, props.shape) {
        (Some(ondrag), Some(prefix), Shape::Number(step)) if !props.disabled => {
            let letter = html! {
                <ScrubLabel id={props.id.clone()} label={props.label.clone()} {prefix} per_pixel={step * PIXEL} {ondrag} />
            };
            lettered(letter, input)
        }
        _ if props.bare => input,
        _ => labelled(&props.id, &props.label, props.prefix.as_ref(), input),
    };
    html! {
        <div class={classes!("field", invalid.then_some("field-invalid"), props.pending.then_some("field-pending"))}>
            { input }
            if let Some(onreset) = &props.onreset { { reset(&props.id, &props.label, onreset) } }
            { refusal_line(&props.id, refusal.as_ref()) }
        </div>
    }
}

/// A small button that gives a field its default back.
pub fn reset(id: &str, label: &str, onreset: &Callback<()>) -> Html {
    let label = format!("Reset {}", words::lower(label));
    html! {
        <button type="button" class="field-reset" aria-label={label.clone()} title={label} onclick={onreset.reform(|_| ())}
            data-testid={format!("{id}-reset")}>
            <Glyph icon={Icon::Reset} size={12} />
        </button>
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

/// A number with as many decimals as are of use beside its step, where it has more; `None` where it is shown as it
/// is, as what would look like nothing.
fn rounded(exact: &str, step: f64) -> Option<String> {
    let unit = if step < 1.0 { 1e3 } else { 1e2 };
    let value = words::number(exact)?;
    let near = (value * unit).round() / unit;
    let short = text::of_number(near);
    (near.is_normal() && near != value && short.len() < exact.len()).then_some(short)
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

    #[test]
    fn web98_a_number_is_shown_with_the_decimals_that_are_of_use() {
        let shown = |text, step| rounded(text, step).unwrap_or_else(|| format!("={text}"));
        assert_eq!(shown("111.834567", 15.0), "111.83");
        assert_eq!(shown("1.5004", 0.1), "1.5");
        assert_eq!(shown("-2.99996", 0.1), "-3");
        assert_eq!(shown("100.001", 1.0), "100");
        for whole in ["1.25", "12", "0.0004", "-0.0000001", "abc", ""] {
            assert_eq!(shown(whole, 0.1), format!("={whole}"));
        }
    }
}
