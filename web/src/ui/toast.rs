//! Short messages that come and go.

use std::rc::Rc;

use gloo_timers::callback::Timeout;
use yew::prelude::*;

use super::{Button, Glyph, Icon, IconButton};

/// How a message is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Something went as wished.
    Good,
    /// Something is told.
    Plain,
    /// Something was refused or failed.
    Bad,
}

impl Tone {
    /// How long it stays, in milliseconds: long enough to read a refusal twice.
    const fn stay_ms(self) -> u32 {
        match self {
            Self::Good => 4_000,
            Self::Plain => 6_000,
            Self::Bad => 12_000,
        }
    }

    const fn icon(self) -> Icon {
        match self {
            Self::Good => Icon::Check,
            Self::Plain => Icon::Info,
            Self::Bad => Icon::Alert,
        }
    }

    /// The word by which browser tests know it.
    const fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Plain => "plain",
            Self::Bad => "bad",
        }
    }

    const fn class(self) -> &'static str {
        match self {
            Self::Good => "toast-good",
            Self::Plain => "toast-plain",
            Self::Bad => "toast-bad",
        }
    }
}

/// What can be done about a message.
#[derive(Debug, Clone, PartialEq)]
pub struct Remedy {
    /// What the button says.
    pub label: AttrValue,
    /// Called on a press; the message is gone then.
    pub act: Callback<()>,
}

/// Messages that are shown at once. More push the oldest out.
const MOST: usize = 4;

#[derive(Debug, Clone, PartialEq)]
struct Toast {
    id: u64,
    tone: Tone,
    text: AttrValue,
    /// How often it was said in a row.
    times: u32,
    /// Of what was said last.
    remedy: Option<Remedy>,
}

/// The messages that are shown.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct List {
    shown: Vec<Toast>,
    next: u64,
}

/// What can happen to the messages.
#[derive(Debug)]
pub enum Act {
    /// Say something, with what can be done about it.
    Say(Tone, AttrValue, Option<Remedy>),
    /// Take one away.
    Dismiss(u64),
}

impl Reducible for List {
    type Action = Act;

    fn reduce(self: Rc<Self>, act: Act) -> Rc<Self> {
        let mut list = (*self).clone();
        match act {
            Act::Say(tone, text, remedy) => {
                list.next += 1;
                let times = match list.shown.last() {
                    Some(last) if last.tone == tone && last.text == text => last.times + 1,
                    _ => 1,
                };
                if times > 1 {
                    list.shown.pop();
                }
                list.shown.push(Toast { id: list.next, tone, text, times, remedy });
                let over = list.shown.len().saturating_sub(MOST);
                list.shown.drain(..over);
            }
            Act::Dismiss(id) => list.shown.retain(|toast| toast.id != id),
        }
        Rc::new(list)
    }
}

/// Says things to the user.
#[derive(Clone, PartialEq)]
pub struct Toasts(UseReducerDispatcher<List>);

impl Toasts {
    /// Says something.
    pub fn say(&self, tone: Tone, text: impl Into<AttrValue>) {
        self.0.dispatch(Act::Say(tone, text.into(), None));
    }

    /// Says something that something can be done about.
    pub fn offer(&self, tone: Tone, text: impl Into<AttrValue>, remedy: Remedy) {
        self.0.dispatch(Act::Say(tone, text.into(), Some(remedy)));
    }
}

/// Properties of [`Provider`].
#[derive(Properties, PartialEq)]
pub struct ProviderProps {
    /// What may say things.
    pub children: Html,
}

/// Shows what its children say.
#[component]
pub fn Provider(props: &ProviderProps) -> Html {
    let list = use_reducer_eq(List::default);
    let dispatcher = list.dispatcher();
    html! {
        <ContextProvider<Toasts> context={Toasts(dispatcher.clone())}>
            { props.children.clone() }
            <div class="toasts" role="log" aria-live="polite" aria-label="Messages" data-testid="toasts">
                { for list.shown.iter().map(|toast| {
                    let dispatcher = dispatcher.clone();
                    let id = toast.id;
                    let dismiss = Callback::from(move |()| dispatcher.dispatch(Act::Dismiss(id)));
                    html! { <Item key={id} toast={toast.clone()} {dismiss} /> }
                }) }
            </div>
        </ContextProvider<Toasts>>
    }
}

#[derive(Properties, PartialEq)]
struct ItemProps {
    toast: Toast,
    dismiss: Callback<()>,
}

#[component]
fn Item(props: &ItemProps) -> Html {
    let Toast { tone, text, times, remedy, .. } = props.toast.clone();
    // It stays for as long as somebody points at it or is in it: nobody has to be quick.
    let held = use_state_eq(|| false);
    use_effect_with(*held, {
        let dismiss = props.dismiss.clone();
        move |held| {
            let timer = (!held).then(|| Timeout::new(tone.stay_ms(), move || dismiss.emit(())));
            move || drop(timer)
        }
    });
    let (hold, release) = (held.setter(), held.setter());
    let (hold, release) = (move || hold.set(true), move || release.set(false));
    let (hold_focus, release_focus) = (hold.clone(), release.clone());
    html! {
        <div class={classes!("toast", tone.class())} data-testid="toast" data-tone={tone.word()}
            onmouseover={move |_| hold()} onmouseout={move |_| release()}
            onfocusin={move |_| hold_focus()} onfocusout={move |_| release_focus()}>
            <Glyph icon={tone.icon()} size={18} />
            <span class="toast-text">{ text }</span>
            if times > 1 { <span class="toast-times">{ format!("×{times}") }</span> }
            if let Some(Remedy { label, act }) = remedy {
                <Button {label} onclick={
                    let dismiss = props.dismiss.clone();
                    move |_| {
                        dismiss.emit(());
                        act.emit(());
                    }
                } testid="toast-remedy" />
            }
            <IconButton icon={Icon::Close} label="Dismiss" onclick={props.dismiss.reform(|_| ())} />
        </div>
    }
}

/// Says things to the user.
///
/// # Panics
/// Outside of a [`Provider`].
#[hook]
pub fn use_toasts() -> Toasts {
    use_context().expect("the root component shows messages")
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn said(texts: &[&'static str]) -> Vec<(String, u32)> {
        let mut list = Rc::new(List::default());
        for text in texts {
            list = list.reduce(Act::Say(Tone::Bad, (*text).into(), None));
        }
        list.shown.iter().map(|toast| (toast.text.to_string(), toast.times)).collect()
    }

    #[test]
    fn a_message_said_again_is_counted() {
        assert_eq!(said(&["a", "a", "b", "a"]), [("a".into(), 2), ("b".into(), 1), ("a".into(), 1)]);
    }

    #[test]
    fn never_more_than_a_few_are_shown() {
        let shown = said(&["a", "b", "c", "d", "e"]);
        assert_eq!(shown.len(), MOST);
        assert_eq!(shown[0].0, "b");
    }

    #[test]
    fn a_dismissed_message_is_gone() {
        let list = Rc::new(List::default()).reduce(Act::Say(Tone::Good, "a".into(), None));
        let id = list.shown[0].id;
        assert!(list.reduce(Act::Dismiss(id)).shown.is_empty());
    }
}
