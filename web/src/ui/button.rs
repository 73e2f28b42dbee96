//! Buttons.

use web_sys::MouseEvent;
use yew::prelude::*;

use super::icon::{Glyph, Icon};

/// How much a button weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    /// The one that most people want here.
    Primary,
    /// One of several.
    #[default]
    Plain,
    /// One that stays in the background.
    Quiet,
    /// One that takes something away.
    Danger,
}

impl Kind {
    const fn class(self) -> &'static str {
        match self {
            Self::Primary => "button-primary",
            Self::Plain => "button-plain",
            Self::Quiet => "button-quiet",
            Self::Danger => "button-danger",
        }
    }
}

/// Properties of [`Button`].
#[derive(Properties, PartialEq)]
pub struct ButtonProps {
    /// What it says.
    pub label: AttrValue,
    /// What stands before the label.
    #[prop_or_default]
    pub icon: Option<Icon>,
    /// How much it weighs.
    #[prop_or_default]
    pub kind: Kind,
    /// Called on a press.
    #[prop_or_default]
    pub onclick: Callback<MouseEvent>,
    /// Whether it cannot be pressed now.
    #[prop_or_default]
    pub disabled: bool,
    /// Whether it sends the form that it is in.
    #[prop_or_default]
    pub submit: bool,
    /// More CSS classes.
    #[prop_or_default]
    pub class: Classes,
    /// Unique in the page, where the page has to find it.
    #[prop_or_default]
    pub id: Option<AttrValue>,
    /// Name for browser tests.
    #[prop_or_default]
    pub testid: Option<AttrValue>,
}

/// A button with a label.
#[component]
pub fn Button(props: &ButtonProps) -> Html {
    html! {
        <button type={if props.submit { "submit" } else { "button" }} id={props.id.clone()}
            class={classes!("button", props.kind.class(), props.class.clone())}
            disabled={props.disabled} onclick={props.onclick.clone()} data-testid={props.testid.clone()}>
            if let Some(icon) = props.icon { <Glyph {icon} /> }
            <span class="button-label">{ props.label.clone() }</span>
        </button>
    }
}

/// Properties of [`IconButton`].
#[derive(Properties, PartialEq)]
pub struct IconButtonProps {
    /// What it shows.
    pub icon: Icon,
    /// What it is called.
    pub label: AttrValue,
    /// Called on a press.
    #[prop_or_default]
    pub onclick: Callback<MouseEvent>,
    /// Whether it cannot be pressed now.
    #[prop_or_default]
    pub disabled: bool,
    /// For a button that switches something: whether that is on.
    #[prop_or_default]
    pub pressed: Option<bool>,
    /// Whether it takes something away.
    #[prop_or_default]
    pub danger: bool,
    /// More CSS classes.
    #[prop_or_default]
    pub class: Classes,
    /// Name for browser tests.
    #[prop_or_default]
    pub testid: Option<AttrValue>,
}

/// A button that shows an icon; its label is its tooltip and its name to a screen reader.
#[component]
pub fn IconButton(props: &IconButtonProps) -> Html {
    let pressed = props.pressed.map(|on| if on { "true" } else { "false" });
    html! {
        <button type="button" class={classes!("icon-button", props.danger.then_some("icon-button-danger"), props.class.clone())}
            aria-label={props.label.clone()} title={props.label.clone()} aria-pressed={pressed}
            disabled={props.disabled} onclick={props.onclick.clone()} data-testid={props.testid.clone()}>
            <Glyph icon={props.icon} size={18} />
        </button>
    }
}
