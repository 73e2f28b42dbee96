//! A new name for an object, written in its row.

use std::rc::Rc;

use vws_core::ObjectName;
use web_sys::{Element, HtmlInputElement, InputEvent, KeyboardEvent};
use yew::prelude::*;

use super::super::context::use_session;
use crate::form::object::ObjectField;
use crate::ui::field::{input_text, refusal_line};

/// Properties of [`Rename`].
#[derive(Properties, PartialEq)]
pub(super) struct RenameProps {
    /// The object.
    pub(super) name: ObjectName,
    /// Whether what is wrong with a name stands over the row: under the last ones there is no room.
    pub(super) above: bool,
    /// Called when it is over.
    pub(super) onclose: Callback<()>,
}

/// A field in the place of an object's name. What is typed is judged at once: Enter, or leaving the field, gives
/// the object that name unless it is refused; Escape leaves it as it was.
#[component]
pub(super) fn Rename(props: &RenameProps) -> Html {
    let client = use_session().client;
    let text = use_state(|| props.name.to_string());
    let node = use_node_ref();
    let line = use_node_ref();
    // Escape takes the focus away, too.
    let given_up = use_mut_ref(|| false);
    let name = &props.name;
    let checked = client.check(|view, limits| ObjectField::Name.command(view, name.as_str(), &text, limits));
    let refusal = checked.as_ref().err().cloned();

    use_effect_with((), {
        let node = node.clone();
        move |()| {
            if let Some(input) = node.cast::<HtmlInputElement>() {
                // Focus is a kindness: where it is refused the user clicks.
                let _ = input.focus();
                input.select();
            }
        }
    });
    use_effect_with(refusal.is_some(), {
        let line = line.clone();
        move |is_refused| {
            if let Some(line) = line.cast::<Element>().filter(|_| *is_refused) {
                let options = web_sys::ScrollIntoViewOptions::new();
                options.set_block(web_sys::ScrollLogicalPosition::Nearest);
                line.scroll_into_view_with_scroll_into_view_options(&options);
            }
        }
    });
    let oninput = {
        let text = text.setter();
        Callback::from(move |event: InputEvent| text.set(input_text(&event)))
    };
    // Answers whether there is nothing more to do.
    let settle: Rc<dyn Fn() -> bool> = {
        let (client, is_same) = (Rc::clone(&client), *text == name.as_str());
        Rc::new(move || match &checked {
            _ if is_same => true,
            Ok(command) => {
                client.submit(command.clone());
                true
            }
            Err(_) => false,
        })
    };
    let onkeydown = {
        let (settle, onclose, given_up) = (Rc::clone(&settle), props.onclose.clone(), Rc::clone(&given_up));
        Callback::from(move |event: KeyboardEvent| {
            // Keys in here are for the text, not for the list or the page.
            event.stop_propagation();
            match event.key().as_str() {
                "Enter" if !event.is_composing() => {
                    event.prevent_default();
                    if settle() {
                        given_up.replace(true);
                        onclose.emit(());
                    }
                }
                "Escape" => {
                    event.prevent_default();
                    given_up.replace(true);
                    onclose.emit(());
                }
                _ => {}
            }
        })
    };
    let onblur = {
        let onclose = props.onclose.clone();
        Callback::from(move |_: FocusEvent| {
            if !given_up.replace(true) {
                settle();
                onclose.emit(());
            }
        })
    };
    let quiet = Callback::from(|event: MouseEvent| event.stop_propagation());
    html! {
        <span class={classes!("tree-rename", refusal.is_some().then_some("field-invalid"))} onclick={quiet.clone()} ondblclick={quiet}>
            <input ref={node} class="input" type="text" value={(*text).clone()} {oninput} {onkeydown} {onblur}
                aria-label={format!("New name of {name}")} autocomplete="off" autocapitalize="off" spellcheck="false"
                aria-invalid={refusal.is_some().then_some("true")} aria-describedby={refusal.is_some().then_some("tree-rename-refusal")}
                data-testid="tree-rename" />
            <span ref={line} class={classes!("tree-refusal", props.above.then_some("tree-refusal-above"))}>
                { refusal_line("tree-rename", refusal.as_ref()) }
            </span>
        </span>
    }
}
