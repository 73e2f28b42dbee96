//! Questions that must be answered before anything else.

use gloo_events::EventListener;
use wasm_bindgen::JsCast;
use web_sys::{HtmlDialogElement, MouseEvent, SubmitEvent};
use yew::prelude::*;

use super::button::{Button, IconButton, Kind};
use super::field::Field;
use super::icon::Icon;
use crate::form::Refusal;

/// Properties of [`Dialog`].
#[derive(Properties, PartialEq)]
pub struct DialogProps {
    /// What it is about.
    pub title: AttrValue,
    /// Called when it is closed.
    pub onclose: Callback<()>,
    /// Name for browser tests.
    pub testid: AttrValue,
    /// Whether it has a button of its own that closes it, and a press beside it closes it too: for what asks
    /// nothing.
    #[prop_or_default]
    pub dismissible: bool,
    /// What it shows.
    pub children: Html,
}

/// Whether a press on a dialog is one beside it: the rest of the page is the dialog's too.
fn is_beside(event: &MouseEvent) -> bool {
    let dialog = event.target().and_then(|target| target.dyn_into::<HtmlDialogElement>().ok());
    dialog.is_some_and(|dialog| {
        let place = dialog.get_bounding_client_rect();
        let (x, y) = (f64::from(event.client_x()), f64::from(event.client_y()));
        x < place.left() || x > place.right() || y < place.top() || y > place.bottom()
    })
}

/// A modal dialog of the browser: it keeps the focus inside, Escape closes it, and the rest of the
/// page cannot be reached. It is open as long as it is there.
#[component]
pub fn Dialog(props: &DialogProps) -> Html {
    let node = use_node_ref();
    use_effect_with((), {
        let (node, onclose) = (node.clone(), props.onclose.clone());
        move |()| {
            let dialog = node.cast::<HtmlDialogElement>();
            let listener = dialog.as_ref().map(|dialog| {
                // It throws only for a dialog that is open or not in the page; this one is new.
                let _ = dialog.show_modal();
                EventListener::new(dialog, "close", move |_| onclose.emit(()))
            });
            move || {
                drop(listener);
                if let Some(dialog) = dialog {
                    dialog.close();
                }
            }
        }
    });
    let onclick = props.dismissible.then(|| {
        let onclose = props.onclose.clone();
        Callback::from(move |event: MouseEvent| {
            if is_beside(&event) {
                onclose.emit(());
            }
        })
    });
    html! {
        <dialog ref={node} {onclick} class="dialog" aria-labelledby="dialog-title" data-testid={props.testid.clone()}>
            <h2 id="dialog-title" class="dialog-title">{ props.title.clone() }</h2>
            { props.children.clone() }
            // The last one, so that what is asked for has the focus first.
            if props.dismissible {
                <IconButton icon={Icon::Close} label="Close" class="dialog-close" onclick={props.onclose.reform(|_| ())} testid="dialog-close" />
            }
        </dialog>
    }
}

/// Properties of [`Confirm`].
#[derive(Properties, PartialEq)]
pub struct ConfirmProps {
    /// The question.
    pub title: AttrValue,
    /// What follows from yes.
    pub text: AttrValue,
    /// What the button for yes says.
    pub action: AttrValue,
    /// Called on yes.
    pub onconfirm: Callback<()>,
    /// Called when the question is over, whatever the answer.
    pub onclose: Callback<()>,
}

/// Asks before something is taken away for good.
#[component]
pub fn Confirm(props: &ConfirmProps) -> Html {
    let confirm = {
        let (onconfirm, onclose) = (props.onconfirm.clone(), props.onclose.clone());
        Callback::from(move |_| {
            onconfirm.emit(());
            onclose.emit(());
        })
    };
    html! {
        <Dialog title={props.title.clone()} onclose={props.onclose.clone()} testid="confirm">
            <p class="dialog-text">{ props.text.clone() }</p>
            <div class="dialog-actions">
                <Button label="Cancel" onclick={props.onclose.reform(|_| ())} testid="confirm-cancel" />
                <Button label={props.action.clone()} kind={Kind::Danger} onclick={confirm} testid="confirm-yes" />
            </div>
        </Dialog>
    }
}

/// Properties of [`Prompt`].
#[derive(Properties, PartialEq)]
pub struct PromptProps {
    /// The question.
    pub title: AttrValue,
    /// What the field is called.
    pub label: AttrValue,
    /// What the field says first.
    pub value: AttrValue,
    /// What the button says.
    pub action: AttrValue,
    /// What is wrong with a text, if anything.
    pub check: Callback<String, Option<Refusal>>,
    /// Called with a text that nothing is wrong with.
    pub onanswer: Callback<String>,
    /// Called when the question is over, whatever the answer.
    pub onclose: Callback<()>,
}

/// Asks for a text.
#[component]
pub fn Prompt(props: &PromptProps) -> Html {
    let text = use_state(|| props.value.to_string());
    let refusal = props.check.emit((*text).clone());
    let disabled = refusal.is_some();
    let oninput = {
        let text = text.setter();
        Callback::from(move |typed| text.set(typed))
    };
    let onsubmit = {
        let (onanswer, onclose) = (props.onanswer.clone(), props.onclose.clone());
        let text = text.clone();
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            if !disabled {
                onanswer.emit((*text).clone());
                onclose.emit(());
            }
        })
    };
    html! {
        <Dialog title={props.title.clone()} onclose={props.onclose.clone()} testid="prompt">
            <form {onsubmit}>
                <Field id="prompt-text" label={props.label.clone()} value={(*text).clone()} {oninput} {refusal} autofocus=true />
                <div class="dialog-actions">
                    <Button label="Cancel" onclick={props.onclose.reform(|_| ())} />
                    <Button label={props.action.clone()} kind={Kind::Primary} submit=true {disabled} testid="prompt-ok" />
                </div>
            </form>
        </Dialog>
    }
}
